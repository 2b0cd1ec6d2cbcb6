//! One environment held against the others: what is written of them, and what they tell of themselves.

use super::fingerprint::Fingerprint;
use super::{identity, neighbour, place};
use crate::config::{Problem, Severity, Surroundings, Traits, keys};
use crate::domain::Kind;

/// Everything in which an environment is not apart from the others.
pub fn crossings(around: &Surroundings) -> Vec<Problem> {
    let mut problems = Vec::new();
    for other in &around.others {
        let mut crossing = Crossing { own: &around.own, other, found: Vec::new() };
        crossing.places();
        crossing.written();
        crossing.told();
        problems.extend(crossing.found);
    }
    problems
}

/// One environment held against another.
struct Crossing<'a> {
    own: &'a Traits,
    other: &'a Traits,
    found: Vec<Problem>,
}

impl Crossing<'_> {
    fn error(&mut self, key: &'static str, message: String) {
        // What is written and told alike needs to be said once.
        if !self.found.iter().any(|problem| problem.key == key) {
            self.found.push(Problem { severity: Severity::Error, key, message });
        }
    }

    /// Whether this is production and a rehearsal of it, in either order.
    fn is_rehearsal(&self) -> bool {
        let rehearses = |kind| matches!(kind, Kind::Staging | Kind::Preview);
        let (one, other) = (self.own.environment.kind(), self.other.environment.kind());
        one == Kind::Production && rehearses(other) || other == Kind::Production && rehearses(one)
    }

    fn places(&mut self) {
        let (own, other) = (self.own, self.other);
        let (name, theirs) = (&own.environment, &other.environment);
        let (path, their_path) = (own.data_file.display(), other.data_file.display());
        if place::is_one(&own.data_file, &other.data_file) {
            self.error(
                keys::DATA_FILE,
                format!("data_file of “{name}” is {path}, which is {their_path} and belongs to environment “{theirs}”; a file of its own was expected. Nothing was changed. Unset DATABASE_URL and leave data_file out, and it is data/{name}/atlas.redb; to work on “{theirs}”, say --env {theirs}"),
            );
        } else if place::is_one(own.home(), other.home()) {
            self.error(
                keys::DATA_FILE,
                format!("data_file of “{name}” is {path}, in the same folder as {their_path} of “{theirs}”; a folder of its own was expected, for what is kept beside the file. Move one of the files, as to data/{name}/atlas.redb, and set data_file to it"),
            );
        }
    }

    fn written(&mut self) {
        if let Some(url) = &self.other.app_url {
            self.address(&url.origin().ascii_serialization(), "atlas.toml");
        }
        if let Some(sender) = &self.other.sender {
            self.sender(sender.as_str(), "atlas.toml");
        }
    }

    fn told(&mut self) {
        if place::is_one(self.own.home(), self.other.home()) {
            return;
        }
        let Some(known) = neighbour(self.other) else { return };
        let path = identity::path_in(self.other.home());
        let (name, theirs, from) = (&self.own.environment, &self.other.environment, path.display());
        if let Some(url) = &known.app_url {
            self.address(url, &from.to_string());
        }
        if let Some(sender) = &known.sender {
            self.sender(sender, &from.to_string());
        }
        let same = |own: &Option<_>, known: &Option<Fingerprint>| match (own, known) {
            (Some(own), Some(known)) => known.is_of(own),
            _ => false,
        };
        if same(&self.own.secret, &known.secret) {
            self.error(
                keys::SECRET,
                format!("NEXTAUTH_SECRET of “{name}” is the secret of “{theirs}” (its fingerprint stands in {from}); another one was expected in every environment. `openssl rand -base64 32` makes one. If “{theirs}” has changed its own since, start it once"),
            );
        }
        if same(&self.own.operator_token, &known.operator_token) {
            self.error(
                keys::OPERATOR_TOKEN,
                format!("ATLAS_OPERATOR_TOKEN of “{name}” is the token of “{theirs}” (its fingerprint stands in {from}); another one was expected in every environment. `openssl rand -base64 32` makes one. If “{theirs}” has changed its own since, start it once"),
            );
        }
        if self.is_rehearsal() && same(&self.own.mail_key, &known.mail_key) {
            self.error(
                keys::RESEND_API_KEY,
                format!("the key with which “{name}” sends mail (RESEND_API_KEY, or the password in SMTP_URL) is that of “{theirs}” (its fingerprint stands in {from}); a key of its own was expected. Make another one for “{name}”. If “{theirs}” has changed its own since, start it once"),
            );
        }
    }

    fn address(&mut self, theirs: &str, from: &str) {
        let own = self.own.app_url.as_ref().map(|url| url.origin().ascii_serialization());
        if own.as_deref() == Some(theirs) {
            let (name, other) = (&self.own.environment, &self.other.environment);
            self.error(
                keys::APP_URL,
                format!("app_url of “{name}” is {theirs}, which is that of “{other}” ({from}); an address of its own was expected, for links and cookies lead there. Set APP_URL, or app_url in [environment.{}]", name.kind()),
            );
        }
    }

    fn sender(&mut self, theirs: &str, from: &str) {
        if self.is_rehearsal() && self.own.sender.as_ref().is_some_and(|own| own.as_str() == theirs) {
            let (name, other) = (&self.own.environment, &self.other.environment);
            self.error(
                keys::MAIL_FROM,
                format!("mail.from of “{name}” is {theirs}, the sender of “{other}” ({from}); a sender of its own was expected, or people take a rehearsal for the real thing. Set RESEND_FROM_EMAIL, or mail.from in [environment.{}]", name.kind()),
            );
        }
    }
}
