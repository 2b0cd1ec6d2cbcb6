//! A signed-in device.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AccountId, Client};

/// A session ends this long after it was last used.
pub const IDLE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A session ends this long after sign-in, however much it is used (NIST SP 800-63B-4, AAL1: 30 days at most).
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// On so many devices one person may be signed in; past that, the one used longest ago is signed out.
pub const MOST: usize = 50;
/// For this long after a sign-in it needs no other proof of who it is to set a second factor up.
pub const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// Last use is written down at most this often.
pub const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// One session. It is found by a keyed hash of its token; the token itself is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who is signed in.
    pub account: AccountId,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it was last used, to about [`TOUCH_EVERY`].
    pub used_at: Timestamp,
    /// Where the person signed in from, and with what.
    #[serde(default)]
    pub client: Client,
}

impl Session {
    /// A new one.
    pub fn new(account: AccountId, client: Client, now: Timestamp) -> Self {
        Self { account, created_at: now, used_at: now, client }
    }

    /// When it ends if it is not used again.
    pub fn expires_at(&self) -> Timestamp {
        let later = |from: Timestamp, by| from.checked_add(by).unwrap_or(Timestamp::MAX);
        later(self.used_at, IDLE).min(later(self.created_at, LONGEST))
    }

    /// Whether it still counts at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at()
    }

    /// Whether the sign-in was just now. A clock that was set back makes none fresh.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.created_at);
        !age.is_negative() && age < FRESH
    }

    /// Whether its last use is old enough to be written down again.
    pub fn wants_touch(&self, now: Timestamp) -> bool {
        now.duration_since(self.used_at) >= TOUCH_EVERY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_keeps_a_session_alive_but_not_for_ever() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let day = |n: i64| start + SignedDuration::from_hours(24 * n);
        let account = AccountId::mint(start, [0; 10]);
        let session = |used| Session { used_at: used, ..Session::new(account, Client::default(), start) };
        assert!(session(start).is_live(day(13)));
        assert!(!session(start).is_live(day(14)));
        assert!(session(day(13)).is_live(day(26)));
        assert!(!session(day(13)).is_live(day(27)));
        assert!(session(day(29)).is_live(day(29)));
        assert!(!session(day(29)).is_live(day(30)));
    }

    #[test]
    fn a_sign_in_is_fresh_for_ten_minutes_whatever_the_session_did_since() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let second = |n: i64| start + SignedDuration::from_secs(n);
        let mut session = Session::new(AccountId::mint(start, [0; 10]), Client::default(), start);
        session.used_at = second(600);
        for (at, fresh) in [(-1, false), (0, true), (599, true), (600, false)] {
            assert_eq!(session.is_fresh(second(at)), fresh, "{at}");
        }
    }
}
