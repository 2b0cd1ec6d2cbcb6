//! Whether production serves only binaries that were verified in staging.

use jiff::{SignedDuration, Span, SpanRelativeTo};

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::settings::VerifiedBinaryRule;

const DEFAULT_MAX_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Resolver<'_> {
    pub(super) fn verified(&mut self) -> VerifiedBinaryRule {
        let required = self.flag(keys::REQUIRE_VERIFIED) == Some(true);
        // Two environments share this key, so it must not be the secret of either.
        let key = self.strong_secret(keys::VERIFICATION_KEY, &[keys::SECRET]);
        if required && !self.policy.can_require_verified {
            let kind = self.environment.kind();
            self.report_invalid(
                keys::REQUIRE_VERIFIED,
                format!("is only for production: in {kind}, a binary must run before it can be verified. Leave it unset, or set it only in [environment.production]"),
            );
        } else if required && key.is_none() && self.text(keys::VERIFICATION_KEY).is_none() {
            self.report_error(
                keys::VERIFICATION_KEY,
                "verification_key is required when require_verified is true; set ATLAS_VERIFICATION_KEY to the same value in staging and here. Run `openssl rand -base64 32` to generate one",
            );
        }
        VerifiedBinaryRule { required, max_age: self.max_age(), key }
    }

    fn max_age(&mut self) -> SignedDuration {
        let Some(text) = self.text(keys::VERIFIED_WITHIN) else { return DEFAULT_MAX_AGE };
        let to_duration = |span: Span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok();
        let max_age = text.parse::<Span>().ok().and_then(to_duration).filter(SignedDuration::is_positive);
        max_age.unwrap_or_else(|| {
            self.report_invalid(keys::VERIFIED_WITHIN, "must be a time, such as 7d or 36h");
            DEFAULT_MAX_AGE
        })
    }
}
