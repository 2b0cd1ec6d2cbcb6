//! Where errors are reported.

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::settings::Dsn;

impl Resolver<'_> {
    /// A DSN and the flag that turns it on or off. If the flag is on, the DSN is required; if it is not set, the environment's
    /// kind decides whether the DSN is.
    pub(super) fn dsn(&mut self, flag: &'static str, key: &'static str) -> Option<Dsn> {
        let is_enabled = self.flag(flag);
        match (is_enabled, self.text(key)) {
            (Some(false), _) => {
                if self.is_required() {
                    self.report_warning(
                        flag,
                        format!("{flag} is false: errors in {} are not reported", self.environment),
                    );
                }
                None
            }
            (is_enabled, None) => {
                if is_enabled == Some(true) || self.is_required() {
                    self.report_missing(key);
                }
                None
            }
            (_, Some(text)) => {
                if text.parse::<sentry::types::Dsn>().is_err() {
                    self.report_invalid(key, "is not a Sentry DSN, such as https://key@host/project");
                    return None;
                }
                Some(Dsn(text.to_owned()))
            }
        }
    }

    /// Events always carry the environment in the data file's stamp. A different name was set for another environment.
    pub(super) fn check_sentry_environment(&mut self) {
        let Some(text) = self.text(keys::SENTRY_ENVIRONMENT) else { return };
        let expected = self.environment.to_string();
        if text != expected && text != self.environment.label() {
            self.report_invalid(
                keys::SENTRY_ENVIRONMENT,
                format!("is “{text}”, expected “{expected}”: errors would be filed under another environment. Leave it unset; Atlas sends the environment of the data file"),
            );
        }
    }
}
