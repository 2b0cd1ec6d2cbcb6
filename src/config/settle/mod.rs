//! What it means: turns the written values into [`Settings`] and reports every problem at once.

mod mail;
mod snapshots;
mod verified;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use crate::config::keys;
use crate::config::policy::{self, GateRule, Policy, SeedRule, TestEndpoints};
use crate::config::relay::is_loopback;
use crate::config::report::report;
use crate::config::settings::{Dsn, Gate, LogFormat, Secret, Settings};
use crate::config::traits::{Surroundings, path_of};
use crate::config::written::{Entry, Origin, Written, error};
use crate::config::{Problem, Severity};
use crate::domain::client::Proxies;
use crate::domain::{Email, Environment, Kind};

/// How many characters a secret has at least.
const SHORTEST_SECRET: usize = 32;

/// How many different characters a secret has at least. Random ones have more; what was typed to fill the field has fewer.
const PLAINEST_SECRET: usize = 10;

/// How the settings were asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Whether the server is another machine's.
    pub(super) elsewhere: bool,
    /// Whether nobody named the environment.
    pub(super) assumed: bool,
}

/// Settles what was written. The settings are `None` when a value they need is unusable.
pub(super) fn settle(
    environment: &Environment,
    written: &Written,
    surroundings: &Surroundings,
    asked: Asked,
) -> (Option<Settings>, Vec<Problem>) {
    let policy = policy::of(environment.kind());
    let mut settling = Settling { environment, policy, written, asked, problems: Vec::new() };
    let listen = settling.listen();
    let app_url = settling.app_url();
    let proxies = settling.proxies(app_url.as_ref());
    let data_file = settling.data_file();
    let secret = settling.secret();
    let previous_secret = settling.previous_secret();
    let mail = settling.mail();
    let sentry = settling.dsn(keys::SENTRY_ENABLED, keys::SENTRY_DSN);
    let browser_sentry = settling.dsn(keys::BROWSER_SENTRY_ENABLED, keys::BROWSER_SENTRY_DSN);
    settling.sentry_environment();
    let admins = settling.admins();
    let test_endpoints = settling.test_endpoints();
    let seed_password = settling.seed_password();
    let gate = settling.gate();
    let snapshots = settling.snapshots();
    let verified = settling.verified();
    let operator_token = settling.operator_token();
    let log = settling.log();
    let log_format = settling.log_format();
    let metrics = settling.metrics();
    let problems = std::mem::take(&mut settling.problems);
    let settings = (|| {
        Some(Settings {
            environment: environment.clone(),
            policy: policy::of(environment.kind()),
            listen: listen?,
            proxies,
            app_url,
            data_file: data_file?,
            secret,
            previous_secret,
            mail: mail?,
            sentry,
            browser_sentry,
            admins,
            test_endpoints,
            seed_password,
            gate,
            snapshots,
            verified,
            operator_token,
            log,
            log_format,
            metrics,
            surroundings: surroundings.clone(),
            report: report(written),
        })
    })();
    (settings, problems)
}

/// Where values are read and problems noted.
struct Settling<'a> {
    environment: &'a Environment,
    policy: Policy,
    written: &'a Written,
    asked: Asked,
    problems: Vec<Problem>,
}

impl<'a> Settling<'a> {
    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.written.get(key)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.entry(key).map(|entry| entry.value.as_str())
    }

    fn list(&self, key: &str) -> Vec<&'a str> {
        let items = self.text(key).unwrap_or("").split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).collect()
    }

    fn error(&mut self, key: &'static str, message: impl Into<String>) {
        self.problems.push(error(key, message.into()));
    }

    fn warn(&mut self, key: &'static str, message: impl Into<String>) {
        self.problems.push(Problem { severity: Severity::Warning, key, message: message.into() });
    }

    /// A value that is there and wrong.
    fn wrong(&mut self, key: &'static str, why: &str) {
        let origin = self.entry(key).map(|entry| entry.origin.to_string()).unwrap_or_default();
        self.error(key, format!("{key} {why} (from {origin})"));
    }

    /// A value that must be there and is not.
    fn missing(&mut self, key: &'static str) {
        let kind = self.environment.kind();
        let from = keys::find(key).map(|key| key.variables.join(" or ")).unwrap_or_default();
        let about = keys::find(key).map_or("", |key| key.about);
        self.error(key, format!("{key} is required in {kind}: set {from}. {about}"));
    }

    fn is_required(&self) -> bool {
        self.policy.settings == policy::Settings::Required && !self.asked.elsewhere
    }

    fn flag(&mut self, key: &'static str) -> Option<bool> {
        match self.text(key)?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => {
                self.wrong(key, "must be true or false");
                None
            }
        }
    }

    fn log(&mut self) -> String {
        let text = self.text(keys::LOG).unwrap_or_default().to_owned();
        if let Err(why) = text.parse::<tracing_subscriber::filter::Targets>() {
            self.wrong(keys::LOG, &format!("must be a log filter, as in info or atlas=debug: {why}"));
        }
        text
    }

    fn log_format(&mut self) -> LogFormat {
        match self.text(keys::LOG_FORMAT) {
            None | Some("auto") => LogFormat::Auto,
            Some("pretty") => LogFormat::Pretty,
            Some("json") => LogFormat::Json,
            Some(_) => {
                self.wrong(keys::LOG_FORMAT, "must be auto, pretty or json");
                LogFormat::Auto
            }
        }
    }

    fn metrics(&mut self) -> Option<SocketAddr> {
        let Ok(address) = self.text(keys::METRICS_LISTEN)?.parse::<SocketAddr>() else {
            self.wrong(keys::METRICS_LISTEN, "must be an address and a port, as in 127.0.0.1:9464");
            return None;
        };
        if !address.ip().is_loopback() {
            self.warn(
                keys::METRICS_LISTEN,
                format!("metrics at {address} can be read by whoever reaches it; 127.0.0.1 keeps them on this machine"),
            );
        }
        Some(address)
    }

    fn listen(&mut self) -> Option<SocketAddr> {
        let Ok(address) = self.text(keys::LISTEN)?.parse::<SocketAddr>() else {
            self.wrong(keys::LISTEN, "must be an address and a port, as in 127.0.0.1:3000 or [::]:8080");
            return None;
        };
        if self.environment.kind() == Kind::Development && !address.ip().is_loopback() && !self.asked.elsewhere {
            self.open_development(address);
        }
        Some(address)
    }

    /// SECURITY: development shows everybody everybody's mail, links to new passwords included, so whoever is let in from other
    /// machines is let into every account. It may be meant, as for a look from a phone. A server that was started without
    /// being told what it serves was not.
    fn open_development(&mut self, address: SocketAddr) {
        if self.asked.assumed {
            self.wrong(
                keys::LISTEN,
                &format!("is {address}, which other machines may reach, and no environment was named: development shows captured mail to everybody. Name the environment that is meant with --env or ATLAS_ENV, development included, or listen on 127.0.0.1"),
            );
        } else if self.text(keys::GATE_PASSWORD).is_none() {
            self.warn(
                keys::LISTEN,
                format!("whoever reaches {address} reads the captured mail of development, with links into every account. Listen on 127.0.0.1, or set ATLAS_GATE_USER and ATLAS_GATE_PASSWORD"),
            );
        }
    }

    fn app_url(&mut self) -> Option<Url> {
        let Some(text) = self.text(keys::APP_URL) else {
            if self.is_required() {
                self.missing(keys::APP_URL);
            }
            return None;
        };
        let bare = |url: &Url| {
            url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
        };
        let url = match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && bare(&url) => url,
            _ => {
                self.wrong(keys::APP_URL, "must be scheme and host without a path, as in https://atlas.example.com");
                return None;
            }
        };
        if self.policy.https && url.scheme() != "https" {
            if is_loopback(url.host().as_ref()) {
                self.warn(
                    keys::APP_URL,
                    format!("{url} is not https: good for a rehearsal on this machine, not for people"),
                );
            } else {
                self.wrong(keys::APP_URL, "must be https here, or sessions could be read on the way");
            }
        }
        Some(url)
    }

    fn proxies(&mut self, app_url: Option<&Url>) -> Proxies {
        let mut networks = Vec::new();
        for item in self.list(keys::TRUSTED_PROXIES) {
            match Proxies::network(item) {
                Ok(network) => networks.push(network),
                Err(why) => self.wrong(keys::TRUSTED_PROXIES, &format!("has “{item}”, which {why}")),
            }
        }
        // Atlas itself speaks no TLS, so over https there is a proxy in front.
        if networks.is_empty() && self.is_required() && app_url.is_some_and(|url| url.scheme() == "https") {
            self.warn(
                keys::TRUSTED_PROXIES,
                "trusted_proxies is empty: limits count everybody behind the proxy as one client. Name the proxy, as in 127.0.0.1",
            );
        }
        Proxies::new(networks)
    }

    fn data_file(&mut self) -> Option<PathBuf> {
        let text = self.text(keys::DATA_FILE)?;
        let path = text.strip_prefix("redb://").or(text.strip_prefix("redb:")).unwrap_or(text);
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        let foreign = ["postgres", "postgresql", "mysql", "sqlite", "file"].contains(&scheme.as_str());
        if foreign || path.contains("://") {
            self.wrong(
                keys::DATA_FILE,
                "points at another database. Atlas keeps everything in one file of its own: give a path, as in data/production/atlas.redb, or leave it unset",
            );
            return None;
        }
        if path.is_empty() || path.ends_with('/') {
            self.wrong(keys::DATA_FILE, "must name a file, as in data/production/atlas.redb");
            return None;
        }
        let from_file = matches!(self.entry(keys::DATA_FILE), Some(Entry { origin: Origin::File(..), .. }));
        if from_file && self.environment.kind() == Kind::Preview {
            self.wrong(
                keys::DATA_FILE,
                "cannot be shared by all previews; leave it unset and each gets data/preview/<name>/atlas.redb",
            );
            return None;
        }
        Some(path_of(&self.written.folder, text))
    }

    fn secret(&mut self) -> Option<Secret> {
        match self.text(keys::SECRET) {
            None => {
                if self.is_required() {
                    self.missing(keys::SECRET);
                }
                None
            }
            Some(text) => self.hard_to_guess(keys::SECRET, text).then(|| Secret::new(text)),
        }
    }

    /// Whether a secret is long and mixed enough; if not, how to make one that is has been said.
    fn hard_to_guess(&mut self, key: &'static str, text: &str) -> bool {
        let found = if text.chars().count() < SHORTEST_SECRET {
            "needs at least 32 characters"
        } else if text.chars().collect::<BTreeSet<_>>().len() < PLAINEST_SECRET {
            "needs at least 10 different characters"
        } else {
            return true;
        };
        self.wrong(key, &format!("{found}; `openssl rand -base64 32` makes one"));
        false
    }

    fn previous_secret(&mut self) -> Option<Secret> {
        let previous = self.text(keys::SECRET_PREVIOUS)?;
        if Some(previous) == self.text(keys::SECRET) {
            self.warn(
                keys::SECRET_PREVIOUS,
                "secret_previous is the present secret; leave it unset until that changes",
            );
        }
        Some(Secret::new(previous))
    }

    /// A Sentry address. Off is off; on without an address is an error; unset follows the rules of the kind.
    fn dsn(&mut self, switch: &'static str, key: &'static str) -> Option<Dsn> {
        let on = self.flag(switch);
        match (on, self.text(key)) {
            (Some(false), _) => {
                if self.is_required() {
                    self.warn(switch, format!("{switch} is false: errors of {} go unseen", self.environment));
                }
                None
            }
            (on, None) => {
                if on == Some(true) || self.is_required() {
                    self.missing(key);
                }
                None
            }
            (_, Some(text)) => {
                if text.parse::<sentry::types::Dsn>().is_err() {
                    self.wrong(key, "is not a Sentry address, as in https://key@host/project");
                    return None;
                }
                Some(Dsn(text.to_owned()))
            }
        }
    }

    /// Reports always carry the name in the data file's stamp. A name that says otherwise was set for another environment.
    fn sentry_environment(&mut self) {
        let own = self.environment.to_string();
        if self.text(keys::SENTRY_ENVIRONMENT).is_some_and(|text| text != own && text != self.environment.label()) {
            let found = self.text(keys::SENTRY_ENVIRONMENT).unwrap_or_default().to_owned();
            self.wrong(
                keys::SENTRY_ENVIRONMENT,
                &format!("is “{found}” where “{own}” was expected: errors would be filed under another environment. Leave it unset; Sentry is told the environment of the data file"),
            );
        }
    }

    fn admins(&mut self) -> Vec<Email> {
        let mut admins = Vec::new();
        match self.text(keys::ADMIN_OWNER).map(Email::parse) {
            Some(Ok(email)) => admins.push(email),
            Some(Err(_)) => self.wrong(keys::ADMIN_OWNER, "must be an email address"),
            None if self.is_required() => self.missing(keys::ADMIN_OWNER),
            None => {}
        }
        for item in self.list(keys::ADMIN_ALLOWLIST) {
            match Email::parse(item) {
                Ok(email) => admins.push(email),
                Err(_) => self.wrong(keys::ADMIN_ALLOWLIST, &format!("has “{item}”, which is not an email address")),
            }
        }
        admins
    }

    fn test_endpoints(&mut self) -> bool {
        let asked = self.flag(keys::TEST_ENDPOINTS);
        match self.policy.test_endpoints {
            TestEndpoints::Flag(_) => asked == Some(true),
            TestEndpoints::Never => {
                if asked == Some(true) {
                    let kind = self.environment.kind();
                    self.wrong(
                        keys::TEST_ENDPOINTS,
                        &format!("must be false in {kind}: it would let strangers read tokens"),
                    );
                }
                false
            }
        }
    }

    fn seed_password(&mut self) -> Option<Secret> {
        let text = self.text(keys::SEED_PASSWORD)?;
        if self.policy.seed == SeedRule::Refused {
            self.warn(keys::SEED_PASSWORD, "SEED_PASSWORD is set, but production is never seeded");
        }
        Some(Secret::new(text))
    }

    fn gate(&mut self) -> Option<Gate> {
        match (self.text(keys::GATE_USER), self.text(keys::GATE_PASSWORD)) {
            (Some(user), Some(password)) => Some(Gate { user: user.to_owned(), password: Secret::new(password) }),
            (None, None) => {
                if self.policy.gate == GateRule::Expected {
                    self.warn(
                        keys::GATE_USER,
                        format!(
                            "{} is open to strangers: set ATLAS_GATE_USER and ATLAS_GATE_PASSWORD",
                            self.environment
                        ),
                    );
                }
                None
            }
            _ => {
                self.error(keys::GATE_USER, "ATLAS_GATE_USER and ATLAS_GATE_PASSWORD go together; set both or neither");
                None
            }
        }
    }
}
