//! Who may use the server beyond signing in, and for what: admins, basic authentication, imports of other environments' files,
//! the past days that new users may change, and the endpoints for browser tests.

use std::collections::BTreeSet;

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::policy::{BasicAuthRule, TestEndpointRule};
use crate::config::secret::Secret;
use crate::config::settings::BasicAuth;
use crate::domain::Email;
use crate::domain::accounts::preferences::Backfill;

/// It is typed by people, so it may be shorter than other secrets.
const MIN_GATE_PASSWORD_CHARS: usize = 10;
const MIN_DISTINCT_GATE_CHARS: usize = 6;

impl Resolver<'_> {
    pub(super) fn admins(&mut self) -> Vec<Email> {
        let mut admins = Vec::new();
        match self.text(keys::ADMIN_OWNER).map(Email::parse) {
            Some(Ok(email)) => admins.push(email),
            Some(Err(_)) => self.report_invalid(keys::ADMIN_OWNER, "must be an email address"),
            None if self.is_required() => self.report_missing(keys::ADMIN_OWNER),
            None => {}
        }
        for item in self.list(keys::ADMIN_ALLOWLIST) {
            match Email::parse(item) {
                Ok(email) => admins.push(email),
                Err(_) => {
                    self.report_invalid(keys::ADMIN_ALLOWLIST, format!("has “{item}”, which is not an email address"));
                }
            }
        }
        admins
    }

    pub(super) fn basic_auth(&mut self) -> Option<BasicAuth> {
        match (self.text(keys::GATE_USER), self.text(keys::GATE_PASSWORD)) {
            (Some(user), Some(password)) => {
                self.check_gate_password(password);
                Some(BasicAuth { user: user.to_owned(), password: Secret::new(password) })
            }
            (None, None) => {
                // A preview gets its credentials when it is created, and is not served before.
                if self.policy.basic_auth == BasicAuthRule::Expected && self.environment.preview_name().is_none() {
                    self.report_warning(
                        keys::GATE_USER,
                        format!(
                            "anyone can open {}; set ATLAS_GATE_USER and ATLAS_GATE_PASSWORD to require basic authentication",
                            self.environment
                        ),
                    );
                }
                None
            }
            _ => {
                self.report_error(
                    keys::GATE_USER,
                    "only one of ATLAS_GATE_USER and ATLAS_GATE_PASSWORD is set; set both or neither",
                );
                None
            }
        }
    }

    pub(super) fn admins_see_habits(&mut self) -> bool {
        self.flag(keys::ADMIN_SEES_HABITS).unwrap_or(false)
    }

    pub(super) fn foreign_imports(&mut self) -> bool {
        self.flag(keys::IMPORTS_FOREIGN).unwrap_or(self.policy.foreign_imports)
    }

    pub(super) fn new_user_backfill(&mut self) -> Backfill {
        match self.text(keys::HABITS_BACKFILL).map(Backfill::parse) {
            Some(Ok(backfill)) => backfill,
            Some(Err(_)) => {
                self.report_invalid(keys::HABITS_BACKFILL, "must be week, grace, or always");
                Backfill::Week
            }
            None => Backfill::Week,
        }
    }

    /// SECURITY: strangers can try passwords; in staging, nothing else keeps them out.
    fn check_gate_password(&mut self, password: &str) {
        let distinct = password.chars().collect::<BTreeSet<_>>().len();
        let is_weak = password.chars().count() < MIN_GATE_PASSWORD_CHARS || distinct < MIN_DISTINCT_GATE_CHARS;
        if is_weak && self.is_required() {
            self.report_invalid(
                keys::GATE_PASSWORD,
                format!("needs at least {MIN_GATE_PASSWORD_CHARS} characters, {MIN_DISTINCT_GATE_CHARS} of them different; run `openssl rand -base64 12` to generate one"),
            );
        }
    }

    pub(super) fn test_endpoints(&mut self) -> bool {
        let is_enabled = self.flag(keys::TEST_ENDPOINTS) == Some(true);
        match self.policy.test_endpoints {
            TestEndpointRule::Configurable { .. } => is_enabled,
            TestEndpointRule::Never => {
                if is_enabled {
                    let kind = self.environment.kind();
                    self.report_invalid(
                        keys::TEST_ENDPOINTS,
                        format!("must be false in {kind}: these endpoints show tokens to anyone"),
                    );
                }
                false
            }
        }
    }
}
