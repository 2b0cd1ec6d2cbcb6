//! Conflicts: settings that an environment shares with another one and must not.

use std::collections::BTreeMap;
use std::path::Path;

use url::Url;

use super::fingerprint::{Fingerprint, Salt};
use super::identity::IdentityFile;
use super::peer::{PeerIdentity, find_peer};
use super::same_path::is_same_path;
use crate::config::{PeerConfig, Peers, Problem, Severity, keys, parse_url};
use crate::domain::EnvironmentKind;

/// Every conflict of an environment with the others, as configured and as their identity files say.
pub fn conflicts(peers: &Peers) -> Vec<Problem> {
    let mut problems = Vec::new();
    for peer in &peers.others {
        let mut comparison = Comparison { own: &peers.own, peer, problems: Vec::new() };
        comparison.compare_paths();
        comparison.compare_configuration();
        comparison.compare_identity();
        problems.extend(comparison.problems);
    }
    problems
}

/// One environment compared with another.
struct Comparison<'a> {
    own: &'a PeerConfig,
    peer: &'a PeerConfig,
    problems: Vec<Problem>,
}

impl Comparison<'_> {
    fn report(&mut self, key: &'static str, message: String) {
        // A setting can conflict both in atlas.toml and in the identity file; it is reported once.
        if !self.problems.iter().any(|problem| problem.key == key) {
            self.problems.push(Problem { severity: Severity::Error, key, message });
        }
    }

    /// Whether one is production and the other one a rehearsal of it.
    fn is_rehearsal(&self) -> bool {
        let is_rehearsing = |kind| matches!(kind, EnvironmentKind::Staging | EnvironmentKind::Preview);
        let (own, peer) = (self.own.environment.kind(), self.peer.environment.kind());
        own == EnvironmentKind::Production && is_rehearsing(peer)
            || peer == EnvironmentKind::Production && is_rehearsing(own)
    }

    fn compare_paths(&mut self) {
        let (own, peer) = (self.own, self.peer);
        let (name, other) = (&own.environment, &peer.environment);
        let (path, other_path) = (own.data_file.display(), peer.data_file.display());
        if is_same_path(&own.data_file, &peer.data_file) {
            self.report(
                keys::DATA_FILE,
                format!("data_file of “{name}” is {path}, the same file as {other_path}, which belongs to environment “{other}”; expected a separate file. Nothing was changed. Unset DATABASE_URL and remove data_file to use data/{name}/atlas.redb, or add --env {other} to work on “{other}”"),
            );
        } else if is_same_path(own.home(), peer.home()) {
            self.report(
                keys::DATA_FILE,
                format!("data_file of “{name}” is {path}, in the same folder as {other_path} of “{other}”; expected a separate folder, because other files are kept beside the data file. Move one of the files, for example to data/{name}/atlas.redb, and set data_file to it"),
            );
        }
    }

    fn compare_configuration(&mut self) {
        if let Some(url) = &self.peer.app_url {
            self.compare_address(&url.origin().ascii_serialization(), Path::new("atlas.toml"));
        }
        if let Some(sender) = &self.peer.sender {
            self.compare_sender(sender.as_str(), Path::new("atlas.toml"));
        }
    }

    fn compare_identity(&mut self) {
        if is_same_path(self.own.home(), self.peer.home()) {
            return;
        }
        let PeerIdentity::Known { identity, path, .. } = find_peer(self.own, self.peer) else { return };
        if let Some(url) = &identity.app_url {
            self.compare_address(url, &path);
        }
        if let Some(sender) = &identity.sender {
            self.compare_sender(sender, &path);
        }
        self.compare_secrets(&identity, &path);
    }

    /// Compares each secret with each of the other environment: the secret of one may have become the password of the other.
    fn compare_secrets(&mut self, identity: &IdentityFile, path: &Path) {
        let mut own: BTreeMap<Salt, Vec<(&'static str, Option<Fingerprint>)>> = BTreeMap::new();
        for (theirs, published) in identity.fingerprints() {
            let secrets = self.own.secrets.iter();
            let own = own.entry(published.salt()).or_insert_with_key(|salt| {
                secrets.map(|secret| (secret.key, Fingerprint::new(&secret.value, salt))).collect()
            });
            let shared = own.iter().filter(|(_, fingerprint)| fingerprint.as_ref() == Some(published));
            for (key, _) in shared {
                self.report_shared_secret(key, theirs, path);
            }
        }
    }

    fn report_shared_secret(&mut self, key: &'static str, theirs: &str, path: &Path) {
        let (name, other, from) = (&self.own.environment, &self.peer.environment, path.display());
        let restart = format!("If “{other}” uses a new one by now, start it once");
        let message = match key {
            _ if key != theirs => format!(
                "{} of “{name}” is also {} of “{other}” (fingerprint in {from}); expected a different secret for every purpose. Create a new one. {restart}",
                label(key),
                label(theirs)
            ),
            keys::SECRET => format!(
                "NEXTAUTH_SECRET of “{name}” is also the secret of “{other}” (fingerprint in {from}); expected a different secret in each environment. Run `openssl rand -base64 32` to generate one. {restart}"
            ),
            keys::OPERATOR_TOKEN => format!(
                "ATLAS_OPERATOR_TOKEN of “{name}” is also the token of “{other}” (fingerprint in {from}); expected a different token in each environment. Run `openssl rand -base64 32` to generate one. {restart}"
            ),
            keys::RESEND_API_KEY if self.is_rehearsal() => format!(
                "the mail key of “{name}” (RESEND_API_KEY, or the password in SMTP_URL) is also that of “{other}” (fingerprint in {from}); expected a different key. Create a new key for “{name}”. {restart}"
            ),
            // The verification key must be the same in both, and the others may be.
            _ => return,
        };
        self.report(key, message);
    }

    fn compare_address(&mut self, address: &str, from: &Path) {
        let own = self.own.app_url.as_ref().map(Url::origin);
        if own.is_some() && own == parse_url(address).ok().as_ref().map(Url::origin) {
            let (name, other, from) = (&self.own.environment, &self.peer.environment, from.display());
            self.report(
                keys::APP_URL,
                format!("app_url of “{name}” is {address}, which is also that of “{other}” ({from}); expected a different address, because links and cookies depend on it. Set APP_URL, or app_url in [environment.{}]", name.kind()),
            );
        }
    }

    fn compare_sender(&mut self, sender: &str, from: &Path) {
        if self.is_rehearsal() && self.own.sender.as_ref().is_some_and(|own| own.as_str() == sender) {
            let (name, other, from) = (&self.own.environment, &self.peer.environment, from.display());
            self.report(
                keys::MAIL_FROM,
                format!("mail.from of “{name}” is {sender}, which is also the sender of “{other}” ({from}); expected a different sender, so that nobody mistakes test mail for real mail. Set RESEND_FROM_EMAIL, or mail.from in [environment.{}]", name.kind()),
            );
        }
    }
}

/// What people call the secret of a key.
fn label(key: &str) -> &'static str {
    match keys::find(key) {
        Some(setting) if setting.name == keys::RESEND_API_KEY => "the mail key",
        Some(setting) => setting.variables.first().copied().unwrap_or(setting.name),
        None => "a secret",
    }
}
