//! What the settings of verified binaries mean, and of verifying from another machine.

use jiff::{SignedDuration, Span, SpanRelativeTo};

use super::Settling;
use crate::config::keys;
use crate::config::settings::{Secret, Verified};

/// How old a report may be where nobody says it.
const USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Settling<'_> {
    /// Whether a report of staging is asked for, how old it may be, and what it is signed with.
    pub(super) fn verified(&mut self) -> Verified {
        let required = self.flag(keys::REQUIRE_VERIFIED) == Some(true);
        let key = self.verification_key();
        if required && !self.policy.asks_for_verified {
            let kind = self.environment.kind();
            self.wrong(
                keys::REQUIRE_VERIFIED,
                &format!("is for production alone: in {kind} a binary has to be served before anything can be found out about it. Leave it unset, or set it in [environment.production] only"),
            );
        } else if required && key.is_none() && self.text(keys::VERIFICATION_KEY).is_none() {
            self.error(
                keys::VERIFICATION_KEY,
                "verification_key is required where require_verified is true: set ATLAS_VERIFICATION_KEY to the same in staging and here; `openssl rand -base64 32` makes one",
            );
        }
        Verified { required, within: self.within(), key }
    }

    fn within(&mut self) -> SignedDuration {
        let Some(text) = self.text(keys::VERIFIED_WITHIN) else { return USUAL };
        let whole = |span: Span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok();
        let within = text.parse::<Span>().ok().and_then(whole).filter(SignedDuration::is_positive);
        within.unwrap_or_else(|| {
            self.wrong(keys::VERIFIED_WITHIN, "must be a time, as in 7d or 36h");
            USUAL
        })
    }

    /// Two environments hold it, and each must have a secret of its own.
    fn verification_key(&mut self) -> Option<Secret> {
        self.apart(keys::VERIFICATION_KEY, &[keys::SECRET])
    }

    /// Whoever holds it need not know any other secret.
    pub(super) fn operator_token(&mut self) -> Option<Secret> {
        let token = self.apart(keys::OPERATOR_TOKEN, &[keys::SECRET, keys::VERIFICATION_KEY, keys::GATE_PASSWORD])?;
        // It goes into a header.
        if !token.reveal().bytes().all(|byte| byte.is_ascii_graphic()) {
            self.wrong(keys::OPERATOR_TOKEN, "must be ASCII letters, digits and signs without blanks");
            return None;
        }
        Some(token)
    }

    /// A long secret that is none of the others.
    fn apart(&mut self, key: &'static str, others: &[&'static str]) -> Option<Secret> {
        let text = self.text(key)?;
        if !self.hard_to_guess(key, text) {
            return None;
        }
        if let Some(other) = others.iter().find(|other| Some(text) == self.text(other)) {
            self.wrong(key, &format!("is the same as {other}; one of its own was expected"));
            return None;
        }
        Some(Secret::new(text))
    }
}
