//! A challenge: the question "is it really you?", asked before something that matters, and what waits for its answer.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::attempts::{Attempts, Rule};
use super::password::PasswordHash;
use super::{AccountId, Email, Refusal};

/// How long a challenge, and the proof it becomes, is worth something.
pub const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// Wrong answers to one challenge before it pauses.
pub const WRONG_ANSWERS: Rule = Rule::minutes(4, 10, 5);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Signing in, the password being right: the second factor is wanted.
    SignIn,
    /// Another address.
    AccountEmailChange,
    /// Another password.
    AccountPasswordChange,
    /// The end of the account.
    AccountDelete,
    /// A second factor where there is none.
    AccountTwoFactor,
    /// Being an admin. Nothing here is done with the proof: a program that acts for an admin asks whether the admin is there.
    AdminAccess,
}

/// What was typed before the question, kept here so that it need not be typed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prepared {
    /// The new address.
    Email(Email),
    /// The new password, hashed.
    Password(PasswordHash),
}

/// One challenge. It is found by a keyed hash of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Who is asked.
    pub account: AccountId,
    /// What for. A proof of one action is none of another.
    pub action: Action,
    /// What the answer lets happen, when a page asked; a program says it with the proof.
    #[serde(default)]
    pub prepared: Option<Prepared>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When it was answered; from then on it is a proof, good for one use.
    #[serde(default)]
    pub verified_at: Option<Timestamp>,
    /// Wrong answers so far.
    pub wrong: Attempts,
}

impl Challenge {
    /// A new one.
    pub fn new(account: AccountId, action: Action, prepared: Option<Prepared>, now: Timestamp) -> Self {
        Self { account, action, prepared, created_at: now, verified_at: None, wrong: Attempts::none(now) }
    }

    /// When it stops being worth anything.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.checked_add(LIFE).unwrap_or(Timestamp::MAX)
    }

    /// Whether `account` may answer it at `now` for `action`.
    ///
    /// # Errors
    /// [`Refusal::LinkInvalid`] for somebody else's, another action's or an answered one, [`Refusal::LinkExpired`],
    /// [`Refusal::TooMany`] while it pauses.
    pub fn may_answer(&self, account: AccountId, action: Action, now: Timestamp) -> Result<(), Refusal> {
        if self.account != account || self.action != action || self.verified_at.is_some() {
            return Err(Refusal::LinkInvalid);
        }
        if self.expires_at() <= now {
            return Err(Refusal::LinkExpired);
        }
        match self.wrong.blocked_for(now) {
            Some(left) => Err(Refusal::TooMany(left)),
            None => Ok(()),
        }
    }

    /// Whether it proves at `now` that `account` may carry out `action`.
    ///
    /// # Errors
    /// [`Refusal::ProofWanted`] when it does not, [`Refusal::LinkExpired`] when it no longer does.
    pub fn proves(&self, account: AccountId, action: Action, now: Timestamp) -> Result<(), Refusal> {
        if self.account != account || self.action != action || self.verified_at.is_none() {
            return Err(Refusal::ProofWanted);
        }
        if self.expires_at() <= now { Err(Refusal::LinkExpired) } else { Ok(()) }
    }
}
