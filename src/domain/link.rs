//! Links that are mailed to a person to prove that the address is theirs.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::attempts::Rule;
use super::credentials::Credentials;
use super::{AccountId, Refusal};

/// How long a verification link works.
pub const VERIFICATION_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long a link for a forgotten password works.
pub const RESET_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// Wrong guesses at the digits of one mail, after which only its link works.
pub const CODE_GUESSES: u8 = 5;
/// Wrong guesses at the digits of any mail to one account.
pub const CODE_RULE: Rule = Rule::minutes(10, 24 * 60, 24 * 60);
/// A new link for the same account is mailed at most this often.
pub const RESEND_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// A verification link. It is found by a keyed hash of its token; the token itself is only in the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The account it confirms.
    pub account: AccountId,
    /// SECURITY: what was typed at the sign-up that caused this link. Confirming puts these in force, or, when several
    /// sign-ups wait for the address, those whose password is typed; so nobody who signed up with somebody else's
    /// address has a password to the confirmed account.
    pub credentials: Credentials,
    /// The six digits in the same mail, for whoever reads it on another device.
    #[serde(default)]
    pub code: Option<Code>,
    /// When it was mailed.
    pub created_at: Timestamp,
    /// When it was used; a used link confirms nothing more.
    pub used_at: Option<Timestamp>,
}

/// Six digits that do what the link in the same mail does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// A keyed hash of the account and the digits.
    pub hash: [u8; 32],
    /// Wrong guesses so far.
    pub wrong: u8,
}

/// What a link that was opened is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its button confirms the address.
    Open,
    /// It was used before: the address is confirmed already.
    Used,
}

impl Link {
    /// Whether `hash` is that of its digits and they still count.
    pub fn has_code(&self, hash: &[u8; 32]) -> bool {
        self.code.as_ref().is_some_and(|code| code.wrong < CODE_GUESSES && code.hash == *hash)
    }

    /// When it stops working. At this instant it has expired.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.checked_add(VERIFICATION_LIFE).unwrap_or(Timestamp::MAX)
    }

    /// What it is good for at `now`.
    ///
    /// # Errors
    /// [`Refusal::LinkExpired`] when it is too old and was never used.
    pub fn standing(&self, now: Timestamp) -> Result<Standing, Refusal> {
        match self.used_at {
            Some(_) => Ok(Standing::Used),
            None if self.expires_at() <= now => Err(Refusal::LinkExpired),
            None => Ok(Standing::Open),
        }
    }
}
