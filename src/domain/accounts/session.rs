//! Sessions: one for each device on which a user is signed in.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::accounts::attempts::is_recent;
use crate::domain::{AccountId, Client};

/// A session ends this long after its last use.
pub const IDLE_TIMEOUT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A session ends this long after sign-in, even if it is used (NIST SP 800-63B-4, AAL1: 30 days at most).
pub const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The most sessions of one user. Beyond it, the least recently used one is ended.
pub const MAX_SESSIONS: usize = 50;
/// For this long after sign-in, a user can set up 2FA without a step-up verification.
pub const FRESH_SIGN_IN_PERIOD: SignedDuration = SignedDuration::from_mins(10);
/// For this long after signing in or a step-up verification, an admin can change accounts and export lists.
pub const ADMIN_PROOF_PERIOD: SignedDuration = SignedDuration::from_mins(20);
/// The last use is stored at most this often.
pub const TOUCH_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// A session. It is stored under a keyed hash of its token; the token itself is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub account: AccountId,
    /// The time of the sign-in.
    pub created_at: Timestamp,
    /// The last use, accurate to [`TOUCH_INTERVAL`].
    pub used_at: Timestamp,
    /// The last step-up verification in this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// The client that signed in.
    #[serde(default)]
    pub client: Client,
}

impl Session {
    pub fn new(account: AccountId, client: Client, now: Timestamp) -> Self {
        Self { account, created_at: now, used_at: now, verified_at: None, client }
    }

    /// When the session ends if it is not used again.
    pub fn expires_at(&self) -> Timestamp {
        let later = |from: Timestamp, by| from.checked_add(by).unwrap_or(Timestamp::MAX);
        later(self.used_at, IDLE_TIMEOUT).min(later(self.created_at, MAX_LIFETIME))
    }

    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at()
    }

    /// Whether the sign-in is recent. A sign-in in the future, after the clock was set back, is not.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        is_recent(self.created_at, now, FRESH_SIGN_IN_PERIOD)
    }

    /// Whether the user has proven who they are recently enough for an admin's actions.
    pub fn has_admin_proof(&self, now: Timestamp) -> bool {
        [Some(self.created_at), self.verified_at].into_iter().flatten().any(|at| is_recent(at, now, ADMIN_PROOF_PERIOD))
    }

    /// Whether the stored last use is old enough to be updated, or lies in the future because the clock was set back.
    pub fn needs_touch(&self, now: Timestamp) -> bool {
        !is_recent(self.used_at, now, TOUCH_INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_extends_a_session_up_to_its_maximum_lifetime() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let day = |n: i64| start + SignedDuration::from_hours(24 * n);
        let account = AccountId::generate(start, [0; 10]);
        let session = |used| Session { used_at: used, ..Session::new(account, Client::default(), start) };
        assert!(session(start).is_live(day(13)));
        assert!(!session(start).is_live(day(14)));
        assert!(session(day(13)).is_live(day(26)));
        assert!(!session(day(13)).is_live(day(27)));
        assert!(session(day(29)).is_live(day(29)));
        assert!(!session(day(29)).is_live(day(30)));
    }

    #[test]
    fn an_admins_proof_is_the_sign_in_or_the_last_step_up_and_lasts_twenty_minutes() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let minute = |n: i64| start + SignedDuration::from_mins(n);
        let mut session = Session::new(AccountId::generate(start, [0; 10]), Client::default(), start);
        session.used_at = minute(500);
        assert!(session.has_admin_proof(minute(19)) && !session.has_admin_proof(minute(20)));
        session.verified_at = Some(minute(100));
        for (at, is_proven) in [(99, false), (100, true), (119, true), (120, false)] {
            assert_eq!(session.has_admin_proof(minute(at)), is_proven, "{at}");
        }
    }

    #[test]
    fn a_sign_in_is_fresh_for_ten_minutes_no_matter_when_the_session_was_used() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let second = |n: i64| start + SignedDuration::from_secs(n);
        let mut session = Session::new(AccountId::generate(start, [0; 10]), Client::default(), start);
        session.used_at = second(600);
        for (at, fresh) in [(-1, false), (0, true), (599, true), (600, false)] {
            assert_eq!(session.is_fresh(second(at)), fresh, "{at}");
        }
    }
}
