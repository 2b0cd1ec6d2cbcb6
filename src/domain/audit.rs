//! The audit trail: who did what to whom, when, from where.
//!
//! A line holds ids and addresses of clients, never names, mail addresses or secrets. It is written in the transaction of
//! what it tells, so there is no deed without its line, and only [`KEPT_FOR`] removes it.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AccountId, AuditId};

/// How long lines are kept.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Somebody who is signed in, or proved to be this person.
    Person(AccountId),
    /// Somebody who is not signed in.
    Stranger,
    /// An operator in a terminal.
    Operator,
}

macro_rules! deeds {
    ($($(#[$doc:meta])* $name:ident $word:literal;)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Deed {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Deed {
            /// Every deed.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it is stored and filtered by.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The deed of that word.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|deed| deed.word() == word)
            }
        }
    };
}

deeds! {
    /// Somebody signed up; nobody has confirmed the address yet.
    SignedUp "account.signed_up";
    /// The mail that confirms an address was asked for again.
    ConfirmationAsked "address.confirmation_asked";
    /// An address was confirmed.
    AddressConfirmed "address.confirmed";
    /// Somebody signed in.
    SignedIn "session.started";
    /// A password or code was wrong.
    SignInFailed "session.refused";
    /// The last of too many wrong passwords, codes or answers: for a while none counts any more.
    GuessesPaused "guesses.paused";
    /// Somebody signed out, here or elsewhere.
    SignedOut "session.ended";
    /// Another password.
    PasswordChanged "password.changed";
    /// A link for a forgotten password was asked for.
    ResetAsked "password.reset_asked";
    /// A forgotten password was replaced.
    PasswordReset "password.reset";
    /// Another address was asked for.
    EmailChangeAsked "email.change_asked";
    /// Another address.
    EmailChanged "email.changed";
    /// The second factor was switched on.
    TwoFactorEnabled "two_factor.enabled";
    /// The second factor was switched off.
    TwoFactorDisabled "two_factor.disabled";
    /// New recovery codes.
    RecoveryRotated "two_factor.recovery_rotated";
    /// A recovery code was used.
    RecoveryUsed "two_factor.recovery_used";
    /// Somebody took their data along.
    Exported "data.exported";
    /// Somebody brought data.
    Imported "data.imported";
    /// An account and everything of it was deleted.
    AccountDeleted "account.deleted";
    /// An account was switched off.
    AccountDisabled "account.disabled";
    /// An account was switched on again.
    AccountEnabled "account.enabled";
    /// An admin or operator ended every session of somebody.
    SessionsEnded "admin.sessions_ended";
    /// An admin had a confirmation mailed again.
    VerificationResent "admin.verification_resent";
    /// An operator took somebody's second factor away.
    TwoFactorReset "admin.two_factor_reset";
    /// An admin or operator had a mail tried again.
    MailRetried "mail.retried";
    /// An admin took a list of people or habits along.
    ListExported "admin.list_exported";
    /// An operator or admin had a snapshot taken.
    SnapshotTaken "snapshot.taken";
    /// An operator had snapshots removed.
    SnapshotRemoved "snapshot.removed";
    /// An operator went back to a snapshot or release.
    RolledBack "data.rolled_back";
    /// An operator began the checklist.
    ChecklistBegun "checklist.begun";
    /// The checklist's report was attached to the release.
    ChecklistReported "checklist.reported";
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its id; lines sort by it as they were written.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub deed: Deed,
    /// To whom.
    #[serde(default)]
    pub whom: Option<AccountId>,
    /// From where.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// In answer to which request, by its number in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

impl Line {
    /// Whom the line is about: who did it and to whom it was done, each once.
    pub fn people(&self) -> impl Iterator<Item = AccountId> + use<> {
        let actor = match self.actor {
            Actor::Person(account) => Some(account),
            Actor::Stranger | Actor::Operator => None,
        };
        actor.into_iter().chain(self.whom.filter(|whom| Some(*whom) != actor))
    }
}
