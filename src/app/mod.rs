//! Use cases. One decision is one transaction, whether it comes from a page, the JSON API, a command or the seeds.
//!
//! A use case takes the [`App`] first and its input after it, and returns what is true now or an [`Error`]. A parameter
//! named `me` is the signed-in user's account.
//!
//! | module | subject |
//! |---|---|
//! | [`identity`] | sign-up, sign-in, sessions, passwords, two-factor authentication, lockout |
//! | [`habits`] | habits, completions, calendar, insights, import and export |
//! | [`mail`] | the outbox, delivery, and the health of the relay |
//! | [`backup`] | snapshots, off-site copies, releases |
//! | [`admin`] | what admins and operators do about other people's accounts |
//! | [`audit`] | writing the audit trail |
//! | [`client_echo`] | how a checklist's request arrived through the proxies |
//! | [`disk_recovery`], [`erasure`], [`expiry`] | background work on the data file |

pub mod admin;
pub mod audit;
pub mod backup;
pub mod client_echo;
pub mod clock;
pub mod context;
pub mod disk_recovery;
pub mod erasure;
pub mod error;
pub mod expiry;
pub mod habits;
pub mod id_generator;
pub mod identity;
pub mod initiator;
pub mod list_request;
pub mod mail;
pub mod progress;
pub mod random;

pub use context::App;
pub use error::Error;
pub use random::new_file_identity;
pub(crate) use random::random_bytes;
