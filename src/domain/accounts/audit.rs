//! The audit trail: who did what to which account, when, and from which address.
//!
//! An entry holds ids and IP addresses, never names, mail addresses or secrets. It is written in the transaction of the action
//! that it records, so no action is without its entry. Entries are removed only when they are older than [`RETENTION`].

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::{AccountId, AuditId, Recorded};

/// How long entries are kept.
pub const RETENTION: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Who carried out an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A user who is signed in or proved to own the account.
    #[serde(rename = "person")]
    User(AccountId),
    /// A client that is not signed in.
    #[serde(rename = "stranger")]
    Anonymous,
    /// An operator in a terminal.
    Operator,
}

macro_rules! audit_actions {
    ($($(#[$doc:meta])* $name:ident $stored:literal;)*) => {
        /// An action that the audit trail records.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum AuditAction {
            $($(#[$doc])* #[serde(rename = $stored)] $name,)*
        }

        impl AuditAction {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name by which entries are stored and filtered.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $stored,)* }
            }

            /// The action with this stored name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|action| action.as_str() == name)
            }
        }
    };
}

audit_actions! {
    /// A new account, whose address is not confirmed yet.
    SignedUp "account.signed_up";
    /// The confirmation mail was requested again.
    ConfirmationRequested "address.confirmation_asked";
    AddressConfirmed "address.confirmed";
    SignedIn "session.started";
    /// A password or code was wrong.
    SignInFailed "session.refused";
    /// The last of too many wrong passwords or codes: for a while no more are accepted.
    LockedOut "guesses.paused";
    /// A session was ended by its owner, on this device or another.
    SignedOut "session.ended";
    PasswordChanged "password.changed";
    /// A link for a forgotten password was requested.
    PasswordResetRequested "password.reset_asked";
    /// A forgotten password was replaced.
    PasswordReset "password.reset";
    EmailChangeRequested "email.change_asked";
    EmailChanged "email.changed";
    TwoFactorEnabled "two_factor.enabled";
    TwoFactorDisabled "two_factor.disabled";
    /// New recovery codes replaced the old ones.
    RecoveryCodesRotated "two_factor.recovery_rotated";
    RecoveryCodeUsed "two_factor.recovery_used";
    /// A user downloaded their data.
    DataExported "data.exported";
    /// A user imported a data export.
    DataImported "data.imported";
    /// A user undid an import.
    ImportUndone "data.import_undone";
    /// A user permanently deleted an archived habit with its history.
    HabitDeleted "habit.deleted";
    /// An account was deleted with all its data.
    AccountDeleted "account.deleted";
    AccountDisabled "account.disabled";
    AccountEnabled "account.enabled";
    /// An admin or operator ended all sessions of an account.
    SessionsEnded "admin.sessions_ended";
    /// An admin resent a confirmation mail.
    VerificationResent "admin.verification_resent";
    /// An operator turned off a user's two-factor authentication.
    TwoFactorReset "admin.two_factor_reset";
    /// An admin or operator retried a mail.
    MailRetried "mail.retried";
    /// An admin downloaded the list of users or habits.
    ListExported "admin.list_exported";
    /// An admin or operator took a snapshot.
    SnapshotTaken "snapshot.taken";
    /// An operator removed snapshots.
    SnapshotRemoved "snapshot.removed";
    /// An operator rolled back to a snapshot or release.
    RolledBack "data.rolled_back";
    /// An operator started the checklist.
    ChecklistStarted "checklist.begun";
    /// The checklist's report was attached to its release.
    ChecklistReported "checklist.reported";
    /// An operator served a binary that staging had not approved although that is required.
    UnverifiedServed "release.served_unverified";
}

/// An entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Entries sort by id in the order in which they were written.
    pub id: AuditId,
    pub at: Timestamp,
    pub actor: Recorded<Actor>,
    #[serde(rename = "deed")]
    pub action: Recorded<AuditAction>,
    /// The account that was acted on, unless it is the actor's.
    #[serde(rename = "whom", default)]
    pub subject: Option<AccountId>,
    /// The client's address.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// The id of the request, which also appears in the log.
    #[serde(rename = "request", default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl AuditEntry {
    /// The accounts that the entry is about: the actor's and the subject's, each once.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        let actor = match self.actor {
            Recorded::Known(Actor::User(account)) => Some(account),
            Recorded::Known(Actor::Anonymous | Actor::Operator) | Recorded::Unknown(_) => None,
        };
        actor.into_iter().chain(self.subject.filter(|subject| Some(*subject) != actor))
    }
}
