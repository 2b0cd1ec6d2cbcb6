//! Accounts: credentials, sessions, step-up verification, two-factor authentication, preferences and the audit trail.

pub mod account;
pub mod attempt_counter;
pub mod attempts;
pub mod audit;
pub mod client;
pub mod code;
pub mod common_passwords;
pub mod credentials;
pub mod email;
pub mod link;
pub mod password;
pub mod preferences;
pub mod requested_mail;
pub mod session;
pub mod step_up;
pub mod totp;
pub mod two_factor;
