//! What the configuration means: one settled value, passed in wherever it is needed.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

use super::policy::Policy;
use super::report::Shown;
use super::traits::Surroundings;
use crate::domain::client::Proxies;
use crate::domain::snapshot::Keep;
use crate::domain::{Email, Environment};

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself; name the reason where it is called.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whom mail comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name shown.
    pub name: String,
    /// The address.
    pub email: Email,
}

/// How the connection to a relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte.
    Implicit,
    /// After STARTTLS, which is demanded.
    StartTls,
    /// Not at all; only to a relay on this machine.
    None,
}

/// A mail relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// User and password, if it wants them.
    pub credentials: Option<(String, Secret)>,
}

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// It does not: it is kept for reading.
    Capture,
    /// Through a relay.
    Smtp(Smtp),
}

/// Mail settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whom it comes from.
    pub from: Sender,
    /// How it leaves.
    pub transport: Transport,
    /// Certificates, as DER, of authorities that a relay's may be from, besides the Web's.
    pub authorities: Vec<Vec<u8>>,
    /// Addresses, and domains as `@example.com`, that an environment other than production may write to.
    pub allow: Vec<String>,
}

/// A Sentry address.
#[derive(Clone, PartialEq, Eq)]
pub struct Dsn(pub String);

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dsn(…)")
    }
}

/// The shared name and password in front of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// When snapshots are taken, and how many are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshots {
    /// How often while the server runs; `None` for never.
    pub every: Option<Duration>,
    /// How many of those are kept.
    pub keep: Keep,
    /// A second folder that they are copied to.
    pub copy_to: Option<PathBuf>,
    /// How the copies there are encrypted, if they are.
    pub encryption: Option<Encryption>,
    /// What opens copies that were encrypted with a passphrase.
    pub passphrase: Option<Secret>,
}

/// How copies of snapshots are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// To public keys: this machine can write them and not read them.
    Keys(Vec<age::x25519::Recipient>),
    /// With a passphrase.
    Passphrase(Secret),
}

/// What is asked of a binary before it serves production, and how staging's word on it is known to be staging's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whether only a binary that passed in staging is served.
    pub required: bool,
    /// How old staging's report may be.
    pub within: SignedDuration,
    /// Signs reports in staging, and tells in production that they are staging's.
    pub key: Option<Secret>,
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, for programs elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// The configuration of one environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name.
    pub environment: Environment,
    /// The rules of its kind.
    pub policy: Policy,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The proxies in front, whose word on who asks is taken.
    pub proxies: Proxies,
    /// Where people reach it. `None` in development: it follows the address that was bound.
    pub app_url: Option<Url>,
    /// The data file.
    pub data_file: PathBuf,
    /// What keys are derived from, besides the file's own key.
    pub secret: Option<Secret>,
    /// The secret before it, which still opens what was sealed with it.
    pub previous_secret: Option<Secret>,
    /// Mail.
    pub mail: Mail,
    /// Where server errors are reported, unless that is off.
    pub sentry: Option<Dsn>,
    /// Where browser errors are reported, unless that is off.
    pub browser_sentry: Option<Dsn>,
    /// Addresses that may open the admin dashboard, the owner first.
    pub admins: Vec<Email>,
    /// Whether the endpoints for browser tests exist.
    pub test_endpoints: bool,
    /// Password of seeded people.
    pub seed_password: Option<Secret>,
    /// The shared name and password, if there are any.
    pub gate: Option<Gate>,
    /// Snapshots.
    pub snapshots: Snapshots,
    /// What is asked of a binary before it serves.
    pub verified: Verified,
    /// What lets an operator's checklist ask over HTTPS, if anything does.
    pub operator_token: Option<Secret>,
    /// What is logged.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// Where metrics can be read, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// What must differ between this environment and the others.
    pub surroundings: Surroundings,
    /// Every setting with its origin, for admins to read.
    pub report: Vec<Shown>,
}
