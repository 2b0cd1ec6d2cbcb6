//! The configuration: where values come from, what they mean, and everything that is wrong with them.
//!
//! [`check()`] runs both steps: [`gather`] collects every value as text with its origin, and [`resolve`] turns them into
//! [`Settings`] or into every problem at once. No other layer reads the process environment, and nothing here opens a data file.

mod check;
mod file;
mod flags;
mod gather;
pub mod keys;
mod locate;
mod peers;
pub mod policy;
pub mod previews;
mod problem;
mod process;
mod raw;
pub mod report;
mod resolve;
mod secret;
mod settings;
mod smtp;
mod url;
mod variables;

pub use check::{CheckedConfig, check};
pub use flags::Flags;
pub use peers::{NamedSecret, PeerConfig, Peers};
pub use problem::{ConfigError, Problem, Severity};
pub use process::{ServiceManager, process_variables, service_manager};
pub use raw::{Origin, RawConfig, RawEntry};
pub use secret::Secret;
pub use settings::{
    BasicAuth, Dsn, Encryption, Hsts, LogFormat, MailSettings, Sender, Settings, SnapshotSettings, Transport,
    VerifiedBinaryRule,
};
pub use smtp::{Smtp, Tls};
pub use url::{InvalidUrl, parse_url};
