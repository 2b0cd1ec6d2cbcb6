//! Accounts: sign-up and sign-in, sessions, passwords, two-factor authentication and lockout.
//!
//! | module | subject |
//! |---|---|
//! | [`accounts`] | creating and deleting an account |
//! | `pending_sign_up`, `recipient_limit`, `address_key` | what anyone can request for an address, with an account or not |
//! | [`verification_email`], [`email_confirmation`], [`code_confirmation`] | confirming the address of a sign-up |
//! | [`sign_up_browser`] | signing in the browser that signed up once its address is confirmed |
//! | [`sign_in`], [`sessions`], `device_cookie` | signing in, and the sessions and devices of a user |
//! | [`lockout`], [`login_attempt`] | limits on wrong passwords |
//! | [`password_hasher`], [`password_change`], [`email_change`], [`preferences`] | changing an account |
//! | [`step_up`] | asking for the password or a code before sensitive actions |
//! | [`two_factor`] | two-factor authentication |
//! | [`keys`], [`encryption`] | tokens, hashes and encryption under derived keys |
//! | [`probe`] | the disposable account of `atlas verify` |

pub mod accounts;
pub(super) mod active_account;
mod address_key;
pub mod code_confirmation;
pub(super) mod device_cookie;
pub mod email_change;
pub mod email_confirmation;
pub mod encryption;
pub mod keys;
pub mod lockout;
pub mod login_attempt;
pub mod password_change;
pub mod password_hasher;
mod pending_sign_up;
pub mod preferences;
pub mod probe;
mod recipient_limit;
pub mod sessions;
pub mod sign_in;
pub mod sign_up_browser;
pub mod step_up;
pub mod two_factor;
pub mod verification_email;
