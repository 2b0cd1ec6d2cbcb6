//! Verification links, which prove that an address belongs to its user.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::accounts::attempts::{AttemptLimit, is_recent};
use crate::domain::accounts::credentials::Credentials;
use crate::domain::{AccountId, Refusal};

/// How long a verification link works.
pub const VERIFICATION_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How long a link for a forgotten password works.
pub const RESET_LIFETIME: SignedDuration = SignedDuration::from_mins(30);
/// The wrong codes after which only the link of a mail works, not its code.
pub const MAX_WRONG_CODES: u8 = 5;
/// The limit on wrong codes for one account, over all its mails.
pub const ACCOUNT_CODE_LIMIT: AttemptLimit = AttemptLimit::from_minutes(10, 24 * 60, 24 * 60);
/// How long the password of a sign-up is answered with "confirm your email first".
///
/// That answer depends on sign-ups alone: the password of the newest sign-up with an address gets it, whether or not an account
/// has the address. So it reveals no account, and a user who has just signed up is told what to do.
pub const PENDING_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long the browser that signed up is signed in by confirming the address; afterwards it needs the password.
pub const SIGN_UP_BROWSER_LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// For this long, the browser shows what was entered.
pub const SIGN_UP_DRAFT_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// The shortest time between two links for the same account.
pub const RESEND_INTERVAL: SignedDuration = SignedDuration::from_mins(5);

/// A verification link. It is stored under a keyed hash of its token; the token itself is only in the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailLink {
    pub account: AccountId,
    /// SECURITY: the credentials of the sign-up that created this link. Confirmation applies them, or, when there are several
    /// sign-ups for the address, those whose password is entered. So a stranger who signed up with the address has no password
    /// to the confirmed account.
    pub credentials: Credentials,
    /// The code in the same mail, for a user who reads it on another device.
    #[serde(default)]
    pub code: Option<VerificationCode>,
    /// The browser that signed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<SignUpBrowser>,
    pub created_at: Timestamp,
    /// A used link confirms nothing more.
    pub used_at: Option<Timestamp>,
}

/// A 6-digit code that does the same as the link in its mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationCode {
    /// A keyed hash of the account and the code.
    pub hash: [u8; 32],
    #[serde(rename = "wrong")]
    pub wrong_attempts: u8,
}

/// The browser in which a sign-up was made. Confirming the address in it signs it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUpBrowser {
    /// A keyed hash of the token in its cookie.
    pub hash: [u8; 32],
    pub signed_up_at: Timestamp,
}

/// The status of an opened link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkStatus {
    /// It can confirm the address.
    Open,
    /// It was used before, so the address is already confirmed.
    Used,
}

impl EmailLink {
    /// Whether `hash` is that of its code and the code is still accepted.
    pub fn accepts_code(&self, hash: &[u8; 32]) -> bool {
        self.code.as_ref().is_some_and(|code| code.wrong_attempts < MAX_WRONG_CODES && code.hash == *hash)
    }

    /// Whether a browser signed up for it, not too long ago. `hash` is that of the browser's token.
    pub fn is_from_browser(&self, hash: &[u8; 32], now: Timestamp) -> bool {
        let browser = self.browser.as_ref().filter(|browser| browser.hash == *hash);
        browser.is_some_and(|browser| is_recent(browser.signed_up_at, now, SIGN_UP_BROWSER_LIFETIME))
    }

    /// The first instant at which the link has expired.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.checked_add(VERIFICATION_LIFETIME).unwrap_or(Timestamp::MAX)
    }

    /// The status at `now`.
    ///
    /// # Errors
    /// [`Refusal::LinkExpired`] when it was never used and is too old.
    pub fn status(&self, now: Timestamp) -> Result<LinkStatus, Refusal> {
        match self.used_at {
            Some(_) => Ok(LinkStatus::Used),
            None if self.expires_at() <= now => Err(Refusal::LinkExpired),
            None => Ok(LinkStatus::Open),
        }
    }
}
