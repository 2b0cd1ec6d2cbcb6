//! Where errors are reported.

use super::resolver::{Resolver, parse_flag};
use crate::config::keys;
use crate::config::settings::Dsn;
use crate::config::url::parse_url;

impl Resolver<'_> {
    /// Where server errors are reported.
    pub(super) fn server_dsn(&mut self) -> Option<Dsn> {
        self.dsn(keys::SENTRY_ENABLED, keys::SENTRY_DSN)
    }

    /// Where browser errors are reported: nowhere if `sentry.enabled` is false.
    pub(super) fn browser_dsn(&mut self) -> Option<Dsn> {
        let is_off = self.text(keys::SENTRY_ENABLED).and_then(parse_flag) == Some(false);
        if !is_off {
            return self.dsn(keys::BROWSER_SENTRY_ENABLED, keys::BROWSER_SENTRY_DSN);
        }
        if self.flag(keys::BROWSER_SENTRY_ENABLED) == Some(true) {
            self.report_warning(
                keys::BROWSER_SENTRY_ENABLED,
                "sentry.browser_enabled is true, but sentry.enabled is false, which turns off all of Sentry: browser errors are not reported",
            );
        }
        None
    }

    /// A DSN and the flag that turns it on or off. If the flag is on, the DSN is required; if it is not set, the environment's
    /// kind decides whether the DSN is.
    fn dsn(&mut self, flag: &'static str, key: &'static str) -> Option<Dsn> {
        match (self.flag(flag), self.text(key)) {
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
                let expected = "is not a Sentry DSN, such as https://key@host/project";
                let dsn = match parse_url(text) {
                    Ok(url) => url.to_string(),
                    Err(invalid) => {
                        self.report_invalid(key, format!("{expected}: {invalid}"));
                        return None;
                    }
                };
                if let Err(invalid) = dsn.parse::<sentry::types::Dsn>() {
                    self.report_invalid(key, format!("{expected}: {invalid}"));
                    return None;
                }
                Some(Dsn(dsn))
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
