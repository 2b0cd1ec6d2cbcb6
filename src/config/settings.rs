//! The resolved configuration of one environment, passed in wherever it is needed.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

use super::peers::Peers;
use super::policy::Policy;
use super::report::SettingReport;
use super::secret::Secret;
use super::smtp::Smtp;
use crate::domain::accounts::client::TrustedProxies;
use crate::domain::accounts::preferences::Backfill;
use crate::domain::backup::retention::SnapshotRetention;
use crate::domain::{Email, Environment};

/// The sender of email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub name: String,
    pub email: Email,
}

/// How email is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// It is not sent but shown in the captured mailbox.
    Capture,
    /// It is sent through a relay.
    Smtp(Smtp),
}

/// Settings of email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    pub from: Sender,
    pub transport: Transport,
    /// DER certificates of authorities to trust for the relay, besides the public ones.
    pub authorities: Vec<Vec<u8>>,
    /// Addresses, and domains such as `@example.com`, that staging may send to.
    pub allow: Vec<String>,
}

/// A Sentry DSN. Its debug output is redacted because it contains a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Dsn(pub String);

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dsn(…)")
    }
}

/// What `Strict-Transport-Security` covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hsts {
    /// The host of the public URL.
    Host,
    /// That host and all hosts below it.
    Subdomains,
    /// The same, with consent to the lists that browsers are built with.
    Preload,
}

/// Credentials for basic authentication (`gate.user` and `gate.password`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicAuth {
    pub user: String,
    pub password: Secret,
}

/// When snapshots are taken, how many are kept, and where they are copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotSettings {
    /// The time between scheduled snapshots; `None` when they are off.
    pub interval: Option<Duration>,
    pub retention: SnapshotRetention,
    /// The off-site folder.
    pub copy_to: Option<PathBuf>,
    /// How off-site copies are encrypted, if they are.
    pub encryption: Option<Encryption>,
    /// Decrypts copies that were encrypted with a passphrase, even when new ones are encrypted to keys.
    pub passphrase: Option<Secret>,
}

/// How off-site copies are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// To public keys: this machine can write the copies and cannot read them.
    Keys(Vec<age::x25519::Recipient>),
    Passphrase(Secret),
}

/// What production requires of a binary, and the key that proves that a report is staging's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedBinaryRule {
    /// Whether only a binary that was verified in staging may serve.
    pub required: bool,
    /// Maximum age of staging's report.
    pub max_age: SignedDuration,
    /// Signs reports in staging and authenticates them in production.
    pub key: Option<Secret>,
}

/// The format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `Pretty` on a terminal, else `Json`.
    Auto,
    Pretty,
    /// One JSON object per line.
    Json,
}

/// The configuration of one environment.
#[derive(Debug, Clone)]
pub struct Settings {
    pub environment: Environment,
    pub policy: Policy,
    pub listen: SocketAddr,
    /// Proxies whose `X-Forwarded-For` header is trusted.
    pub proxies: TrustedProxies,
    pub hsts: Hsts,
    /// The public URL. `None` in development, where it follows the bound address.
    pub app_url: Option<Url>,
    pub data_file: PathBuf,
    /// Keys are derived from it together with the data file's own key.
    pub secret: Option<Secret>,
    /// The previous secret, which still decrypts what was encrypted with it.
    pub previous_secret: Option<Secret>,
    pub mail: MailSettings,
    /// Where server errors are reported; `None` when that is off.
    pub sentry: Option<Dsn>,
    /// Where browser errors are reported; `None` when that is off.
    pub browser_sentry: Option<Dsn>,
    /// DER certificates of the only authorities to trust for Sentry. If empty, the public ones are trusted.
    pub sentry_authorities: Vec<Vec<u8>>,
    /// Email addresses of admins, the owner first.
    pub admins: Vec<Email>,
    /// Whether admins see what users wrote in their habits.
    pub admins_see_habits: bool,
    /// Which past days a new user may change.
    pub new_user_backfill: Backfill,
    /// Whether the endpoints for browser tests exist.
    pub test_endpoints: bool,
    pub seed_password: Option<Secret>,
    pub basic_auth: Option<BasicAuth>,
    pub snapshots: SnapshotSettings,
    /// Whether users may import files that this environment did not export.
    pub foreign_imports: bool,
    pub verified: VerifiedBinaryRule,
    /// Lets `atlas verify` query the server from another machine.
    pub operator_token: Option<Secret>,
    /// The log filter.
    pub log: String,
    pub log_format: LogFormat,
    /// Where `/metrics` is served; `None` when it is off.
    pub metrics: Option<SocketAddr>,
    pub peers: Peers,
    /// Every setting with its origin, for the admin pages.
    pub report: Vec<SettingReport>,
}
