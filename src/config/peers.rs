//! What must differ between the environments of one atlas.toml: this environment and its peers, as configured.
//!
//! The variables of another environment's process are not visible from here. What it resolved them to is in the
//! `identity.json` beside its data file, which `ops::isolation` compares.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use url::Url;

use super::gather::{add_defaults, gather_file};
use super::keys;
use super::previews::previews_folder;
use super::raw::{Origin, RawConfig};
use super::secret::Secret;
use super::smtp::{SeparateCredentials, Smtp};
use super::url::parse_url;
use crate::domain::{Email, Environment};

/// A secret of an environment, by its key.
#[derive(Debug, Clone)]
pub struct NamedSecret {
    pub key: &'static str,
    pub value: Secret,
}

/// Secrets that no other environment may use, not even for another purpose. The mail key is added to them.
const SEPARATE_SECRETS: [&str; 7] = [
    keys::SECRET,
    keys::SECRET_PREVIOUS,
    keys::OPERATOR_TOKEN,
    keys::VERIFICATION_KEY,
    keys::GATE_PASSWORD,
    keys::SEED_PASSWORD,
    keys::SNAPSHOTS_PASSPHRASE,
];

/// Settings of one environment that no other one may share.
#[derive(Debug, Clone)]
pub struct PeerConfig {
    pub environment: Environment,
    pub data_file: PathBuf,
    pub app_url: Option<Url>,
    /// The sender of its email.
    pub sender: Option<Email>,
    pub secrets: Vec<NamedSecret>,
    /// Where it listens.
    pub listen: Option<SocketAddr>,
    /// Whether `listen` is set, rather than the built-in default of an environment that may not be used.
    pub is_listen_set: bool,
    /// The off-site folder, which environments may share.
    pub copy_to: Option<PathBuf>,
}

impl PeerConfig {
    /// Malformed values are left out; [`resolve`](super::resolve) reports them.
    fn from_raw(environment: &Environment, raw: &RawConfig) -> Self {
        let text = |key| raw.get(key).map(|entry| entry.value.as_str());
        Self {
            environment: environment.clone(),
            data_file: data_file_path(&raw.folder, text(keys::DATA_FILE).unwrap_or_default()),
            app_url: text(keys::APP_URL).and_then(|text| parse_url(text).ok()),
            sender: text(keys::MAIL_FROM).and_then(|text| Email::parse(address_in(text)).ok()),
            secrets: secrets(environment, raw),
            listen: text(keys::LISTEN).and_then(|text| text.parse().ok()),
            is_listen_set: raw.get(keys::LISTEN).is_some_and(|entry| entry.origin != Origin::BuiltIn),
            copy_to: text(keys::SNAPSHOTS_COPY_TO).map(|path| raw.folder.join(path)),
        }
    }

    /// The folder of the data file, which holds every file of the environment.
    pub fn home(&self) -> &Path {
        self.data_file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }
}

/// The secrets of an environment; the API key of Resend stands for the password in `SMTP_URL`, too. The password of a preview
/// is left out: it is generated.
fn secrets(environment: &Environment, raw: &RawConfig) -> Vec<NamedSecret> {
    let text = |key| raw.get(key).map(|entry| entry.value.as_str());
    let beside = SeparateCredentials { user: text(keys::SMTP_USER), password: text(keys::SMTP_PASSWORD) };
    let password = |url| Smtp::parse(url, beside).ok().and_then(|smtp| smtp.credentials).map(|(_, password)| password);
    let mail_key = text(keys::RESEND_API_KEY).map(Secret::new).or_else(|| text(keys::SMTP_URL).and_then(password));
    let is_generated = |key: &&str| *key == keys::GATE_PASSWORD && environment.preview_name().is_some();
    let separate = SEPARATE_SECRETS.into_iter().filter(|key| !is_generated(key));
    let separate = separate.filter_map(|key| Some(NamedSecret { key, value: Secret::new(text(key)?) }));
    separate.chain(mail_key.map(|value| NamedSecret { key: keys::RESEND_API_KEY, value })).collect()
}

/// An environment and the others of its atlas.toml.
#[derive(Debug, Clone)]
pub struct Peers {
    pub own: PeerConfig,
    pub others: Vec<PeerConfig>,
    /// The folder of all previews.
    pub previews: PathBuf,
}

impl Peers {
    pub(super) fn from_raw(environment: &Environment, raw: &RawConfig) -> Self {
        Self {
            own: PeerConfig::from_raw(environment, raw),
            others: other_environments(environment, raw),
            previews: previews_folder(&raw.folder),
        }
    }
}

/// The path in a value of `data_file`.
pub(super) fn data_file_path(folder: &Path, text: &str) -> PathBuf {
    let path = text.strip_prefix("redb://").or(text.strip_prefix("redb:")).unwrap_or(text);
    let path = folder.join(path);
    // Without a leading `./`, so that messages show the path in its usual spelling.
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}

/// The address in `Name <address>`, or the text itself.
fn address_in(text: &str) -> &str {
    text.split_once('<').map_or(text, |(_, rest)| rest.trim_end().trim_end_matches('>'))
}

/// The other environments as the configuration file and the defaults describe them, and every preview that has a folder.
fn other_environments(environment: &Environment, raw: &RawConfig) -> Vec<PeerConfig> {
    let previews = std::fs::read_dir(previews_folder(&raw.folder)).into_iter().flatten().flatten();
    let previews = previews.filter_map(|entry| Some(format!("preview/{}", entry.file_name().to_str()?)));
    let names = ["production", "staging", "development"].map(str::to_owned).into_iter().chain(previews);
    let others = names.filter_map(|name| name.parse::<Environment>().ok()).filter(|other| other != environment);
    let peers = others.filter_map(|other| {
        // A file that cannot be read was reported when this environment's values were gathered.
        let (mut peer, _) = gather_file(&other, &raw.file, false).ok()?;
        add_defaults(&other, &mut peer);
        Some(PeerConfig::from_raw(&other, &peer))
    });
    peers.collect()
}
