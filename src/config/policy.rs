//! The rules by kind of environment, as one table. What Atlas does differently in staging stands here and nowhere else.

use crate::domain::Kind;

/// What may be left unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settings {
    /// Everything has a default.
    Optional,
    /// Secret, address, mail, Sentry and the admin owner must be given.
    Required,
}

/// Where mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailRule {
    /// Kept for reading, never sent.
    Captured,
    /// Sent to allowed addresses; the rest is kept for reading.
    ToAllowed,
    /// Sent.
    ToEverybody,
}

/// Whether the endpoints for browser tests exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestEndpoints {
    /// The flag decides; this is its default.
    Flag(bool),
    /// Never; asking for them is an error.
    Never,
}

/// Whether strangers are kept out by a shared name and password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateRule {
    /// When it is configured.
    Optional,
    /// Expected; being without is a warning.
    Expected,
}

/// Whether `atlas seed` may fill the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeedRule {
    /// Yes, and there is a default password.
    Freely,
    /// Yes, with a password of its own.
    WithOwnPassword,
    /// No.
    Refused,
}

/// Whether the data file may be emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetRule {
    /// Yes.
    Freely,
    /// Yes, when the environment's name is typed.
    Named,
    /// No.
    Refused,
}

/// The rules of one kind of environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What may be left unset.
    pub settings: Settings,
    /// Where mail goes.
    pub mail: MailRule,
    /// Whether the endpoints for browser tests exist.
    pub test_endpoints: TestEndpoints,
    /// Whether strangers are kept out.
    pub gate: GateRule,
    /// Whether pages, mails and answers say that this is not production, and ask robots to stay away.
    pub marked: bool,
    /// Whether it may be seeded.
    pub seed: SeedRule,
    /// Whether it may be emptied.
    pub reset: ResetRule,
    /// Whether people must reach it over https (http://localhost is let through with a warning, for rehearsals).
    pub https: bool,
    /// Whether admins must have a second factor. No setting switches it off.
    pub admins_need_two_factor: bool,
    /// Whether it can ask for binaries that passed in staging. Whatever binaries pass in cannot.
    pub asks_for_verified: bool,
}

/// The rules of `kind`.
pub const fn of(kind: Kind) -> Policy {
    match kind {
        Kind::Development => Policy {
            settings: Settings::Optional,
            mail: MailRule::Captured,
            test_endpoints: TestEndpoints::Flag(true),
            gate: GateRule::Optional,
            marked: true,
            seed: SeedRule::Freely,
            reset: ResetRule::Freely,
            https: false,
            admins_need_two_factor: false,
            asks_for_verified: false,
        },
        Kind::Preview => Policy {
            settings: Settings::Optional,
            mail: MailRule::Captured,
            test_endpoints: TestEndpoints::Flag(false),
            gate: GateRule::Expected,
            marked: true,
            seed: SeedRule::Freely,
            reset: ResetRule::Freely,
            https: false,
            admins_need_two_factor: false,
            asks_for_verified: false,
        },
        Kind::Staging => Policy {
            settings: Settings::Required,
            mail: MailRule::ToAllowed,
            test_endpoints: TestEndpoints::Never,
            gate: GateRule::Expected,
            marked: true,
            seed: SeedRule::WithOwnPassword,
            reset: ResetRule::Named,
            https: true,
            admins_need_two_factor: true,
            asks_for_verified: false,
        },
        Kind::Production => Policy {
            settings: Settings::Required,
            mail: MailRule::ToEverybody,
            test_endpoints: TestEndpoints::Never,
            gate: GateRule::Optional,
            marked: false,
            seed: SeedRule::Refused,
            reset: ResetRule::Refused,
            https: true,
            admins_need_two_factor: true,
            asks_for_verified: true,
        },
    }
}
