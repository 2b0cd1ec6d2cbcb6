//! The rules for each kind of environment, as one table. Every difference between the kinds is decided here.

use crate::domain::EnvironmentKind;

/// Whether the settings without a default may be missing: secret, URL, mail, Sentry and the admin owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredSettings {
    Optional,
    Required,
}

/// What happens to email.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailRule {
    /// It is shown in the captured mailbox and never sent.
    Capture,
    /// It is sent to allowed recipients and captured for all others.
    SendToAllowed,
    /// It is sent to everyone.
    SendToEveryone,
}

/// Whether the endpoints for browser tests exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestEndpointRule {
    /// The setting decides.
    Configurable { default: bool },
    /// They never exist; turning them on is an error.
    Never,
}

/// Whether basic authentication is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasicAuthRule {
    Optional,
    /// Its absence is a warning.
    Expected,
}

/// Whether demo users may be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeedRule {
    /// Yes; there is a default password.
    Allowed,
    /// Yes, with a configured password.
    PasswordRequired,
    Refused,
}

/// Whether the data file may be emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetRule {
    Allowed,
    /// Yes, if the environment's name is given as confirmation.
    ConfirmationRequired,
    Refused,
}

/// The rules for one kind of environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub settings: RequiredSettings,
    pub mail: MailRule,
    pub test_endpoints: TestEndpointRule,
    pub basic_auth: BasicAuthRule,
    /// Whether pages, email and responses say that this is not production, and ask robots to stay away.
    pub is_labeled: bool,
    pub seed: SeedRule,
    pub reset: ResetRule,
    /// Whether the public URL must be https. For rehearsals, http://localhost is accepted with a warning.
    pub https: bool,
    /// Whether admins must use two-factor authentication. No setting turns this off.
    pub admins_need_two_factor: bool,
    /// Whether users may import files that the environment did not export, unless a setting says otherwise. Where people's data
    /// must not arrive by accident, they may not.
    pub foreign_imports: bool,
    /// Whether `require_verified` can be set. It cannot where binaries are verified, because they run there unverified.
    pub can_require_verified: bool,
}

/// The rules for `kind`.
pub const fn for_kind(kind: EnvironmentKind) -> Policy {
    match kind {
        EnvironmentKind::Development => Policy {
            settings: RequiredSettings::Optional,
            mail: MailRule::Capture,
            test_endpoints: TestEndpointRule::Configurable { default: true },
            basic_auth: BasicAuthRule::Optional,
            is_labeled: true,
            seed: SeedRule::Allowed,
            reset: ResetRule::Allowed,
            https: false,
            admins_need_two_factor: false,
            foreign_imports: true,
            can_require_verified: false,
        },
        EnvironmentKind::Preview => Policy {
            settings: RequiredSettings::Optional,
            mail: MailRule::Capture,
            test_endpoints: TestEndpointRule::Configurable { default: false },
            basic_auth: BasicAuthRule::Expected,
            is_labeled: true,
            seed: SeedRule::Allowed,
            reset: ResetRule::Allowed,
            https: false,
            admins_need_two_factor: false,
            foreign_imports: false,
            can_require_verified: false,
        },
        EnvironmentKind::Staging => Policy {
            settings: RequiredSettings::Required,
            mail: MailRule::SendToAllowed,
            test_endpoints: TestEndpointRule::Never,
            basic_auth: BasicAuthRule::Expected,
            is_labeled: true,
            seed: SeedRule::PasswordRequired,
            reset: ResetRule::ConfirmationRequired,
            https: true,
            admins_need_two_factor: true,
            foreign_imports: false,
            can_require_verified: false,
        },
        EnvironmentKind::Production => Policy {
            settings: RequiredSettings::Required,
            mail: MailRule::SendToEveryone,
            test_endpoints: TestEndpointRule::Never,
            basic_auth: BasicAuthRule::Optional,
            is_labeled: false,
            seed: SeedRule::Refused,
            reset: ResetRule::Refused,
            https: true,
            admins_need_two_factor: true,
            foreign_imports: true,
            can_require_verified: true,
        },
    }
}
