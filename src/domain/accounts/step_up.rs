//! Step-up verification: a challenge that a user answers with a password or code before a protected action.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::accounts::attempts::{AttemptLimit, Attempts};
use crate::domain::accounts::password::PasswordHash;
use crate::domain::recorded::known_or_default;
use crate::domain::{AccountId, Email, Refusal};

/// How long a challenge is valid, before and after it was answered.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// The limit on wrong answers to one challenge.
pub const ANSWER_LIMIT: AttemptLimit = AttemptLimit::from_minutes(4, 10, 5);

/// An action that needs a step-up verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProtectedAction {
    /// A sign-in whose password was right and which still needs a 2FA code.
    SignIn,
    AccountEmailChange,
    AccountPasswordChange,
    AccountDelete,
    /// Turning on 2FA.
    AccountTwoFactor,
    /// An admin's changes and exports, for a while. It needs no proof of its own: every verification renews the session's.
    AdminAccess,
    /// An action of a newer version, which no answer allows.
    #[default]
    #[serde(skip_deserializing)]
    Unknown,
}

/// The input of a protected action, kept with the challenge so that the user need not enter it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingChange {
    Email(Email),
    Password(PasswordHash),
}

/// A challenge. It is stored under a keyed hash of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    pub account: AccountId,
    /// Answering a challenge allows this action only.
    #[serde(deserialize_with = "known_or_default")]
    pub action: ProtectedAction,
    /// The change that the answer allows. Set by pages only: an API client sends the change after the answer.
    #[serde(rename = "prepared", default, deserialize_with = "known_or_default")]
    pub pending_change: Option<PendingChange>,
    pub created_at: Timestamp,
    /// When it was answered. From then on it is a proof that can be used once.
    #[serde(default)]
    pub verified_at: Option<Timestamp>,
    /// The wrong answers so far.
    #[serde(rename = "wrong")]
    pub attempts: Attempts,
}

impl Challenge {
    /// A challenge that is not answered yet.
    pub fn new(
        account: AccountId,
        action: ProtectedAction,
        pending_change: Option<PendingChange>,
        now: Timestamp,
    ) -> Self {
        Self { account, action, pending_change, created_at: now, verified_at: None, attempts: Attempts::new(now) }
    }

    /// When the challenge, answered or not, stops being valid.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.checked_add(LIFETIME).unwrap_or(Timestamp::MAX)
    }

    /// Succeeds when `account` may answer the challenge for `action` at `now`.
    ///
    /// # Errors
    /// [`Refusal::LinkInvalid`] for a challenge of another account or action and for an answered one,
    /// [`Refusal::LinkExpired`], and [`Refusal::TooManyAttempts`] while answers are blocked.
    pub fn check_answerable(&self, account: AccountId, action: ProtectedAction, now: Timestamp) -> Result<(), Refusal> {
        let is_for_action = self.action == action && action != ProtectedAction::Unknown;
        if self.account != account || !is_for_action || self.verified_at.is_some() {
            return Err(Refusal::LinkInvalid);
        }
        if self.expires_at() <= now {
            return Err(Refusal::LinkExpired);
        }
        match self.attempts.blocked_for(now) {
            Some(remaining) => Err(Refusal::TooManyAttempts(remaining)),
            None => Ok(()),
        }
    }

    /// Succeeds when the answered challenge allows `account` to carry out `action` at `now`.
    ///
    /// # Errors
    /// [`Refusal::StepUpRequired`] when it does not, [`Refusal::LinkExpired`] when it no longer does.
    pub fn check_proof(&self, account: AccountId, action: ProtectedAction, now: Timestamp) -> Result<(), Refusal> {
        if self.account != account || self.action != action || self.verified_at.is_none() {
            return Err(Refusal::StepUpRequired);
        }
        if self.expires_at() <= now { Err(Refusal::LinkExpired) } else { Ok(()) }
    }
}
