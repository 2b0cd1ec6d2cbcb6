//! Secrets: keys are derived from them, so they must be hard to guess and different from each other.

use std::collections::BTreeSet;

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::policy::SeedRule;
use crate::config::secret::Secret;

const MIN_SECRET_CHARS: usize = 32;

/// Random secrets have more different characters than this; ones that were typed to fill the field have fewer.
const MIN_DISTINCT_SECRET_CHARS: usize = 10;

impl Resolver<'_> {
    pub(super) fn secret(&mut self) -> Option<Secret> {
        match self.text(keys::SECRET) {
            None => {
                if self.is_required() {
                    self.report_missing(keys::SECRET);
                }
                None
            }
            Some(text) => self.check_strength(keys::SECRET, text).then(|| Secret::new(text)),
        }
    }

    pub(super) fn previous_secret(&mut self) -> Option<Secret> {
        let previous = self.text(keys::SECRET_PREVIOUS)?;
        if Some(previous) == self.text(keys::SECRET) {
            self.report_warning(
                keys::SECRET_PREVIOUS,
                "secret_previous is the same as secret; leave it unset until you change the secret",
            );
        }
        Some(Secret::new(previous))
    }

    pub(super) fn seed_password(&mut self) -> Option<Secret> {
        let text = self.text(keys::SEED_PASSWORD)?;
        if self.policy.seed == SeedRule::Refused {
            self.report_warning(keys::SEED_PASSWORD, "SEED_PASSWORD is set, but production is never seeded; unset it");
        }
        Some(Secret::new(text))
    }

    /// The operator token. It differs from the other secrets so that its holder learns none of them.
    pub(super) fn operator_token(&mut self) -> Option<Secret> {
        let others = [keys::SECRET, keys::VERIFICATION_KEY, keys::GATE_PASSWORD];
        let token = self.strong_secret(keys::OPERATOR_TOKEN, &others)?;
        // It is sent in an HTTP header.
        if !token.reveal().bytes().all(|byte| byte.is_ascii_graphic()) {
            self.report_invalid(
                keys::OPERATOR_TOKEN,
                "must consist of ASCII letters, digits, and punctuation, without spaces",
            );
            return None;
        }
        Some(token)
    }

    /// A secret that is hard to guess and differs from `others`.
    pub(super) fn strong_secret(&mut self, key: &'static str, others: &[&'static str]) -> Option<Secret> {
        let text = self.text(key)?;
        if !self.check_strength(key, text) {
            return None;
        }
        if let Some(other) = others.iter().find(|other| Some(text) == self.text(other)) {
            self.report_invalid(key, format!("is the same as {other}; expected a different secret"));
            return None;
        }
        Some(Secret::new(text))
    }

    /// Whether a secret is hard to guess. If not, that is reported.
    fn check_strength(&mut self, key: &'static str, text: &str) -> bool {
        let reason = if text.chars().count() < MIN_SECRET_CHARS {
            format!("needs at least {MIN_SECRET_CHARS} characters")
        } else if text.chars().collect::<BTreeSet<_>>().len() < MIN_DISTINCT_SECRET_CHARS {
            format!("needs at least {MIN_DISTINCT_SECRET_CHARS} different characters")
        } else {
            return true;
        };
        self.report_invalid(key, format!("{reason}; run `openssl rand -base64 32` to generate one"));
        false
    }
}
