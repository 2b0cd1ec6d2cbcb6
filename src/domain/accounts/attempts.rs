//! Counts attempts, such as wrong passwords or requests, and blocks when there are too many.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A limit: more than `max` attempts within `window` block further ones for `block`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimit {
    pub max: u32,
    /// Counted from the first attempt.
    pub window: SignedDuration,
    pub block: SignedDuration,
}

/// Whether `at` is less than `span` before `now`. An instant in the future, which exists after the clock was set back, is not
/// recent: otherwise a user would have to wait for as long as the clock had been wrong.
pub fn is_recent(at: Timestamp, now: Timestamp, span: SignedDuration) -> bool {
    let age = now.duration_since(at);
    !age.is_negative() && age < span
}

impl AttemptLimit {
    /// A limit of `max` attempts, with window and block in minutes.
    pub const fn from_minutes(max: u32, window: i64, block: i64) -> Self {
        Self { max, window: SignedDuration::from_mins(window), block: SignedDuration::from_mins(block) }
    }
}

/// A number of attempts, counted under an [`AttemptLimit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    since: Timestamp,
    count: u32,
    #[serde(default)]
    blocked_until: Option<Timestamp>,
}

impl Attempts {
    /// No attempts yet; the window begins at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, count: 0, blocked_until: None }
    }

    /// How much longer attempts are blocked; `None` when they are not, or when the clock was set back to before the first one.
    pub fn blocked_for(&self, now: Timestamp) -> Option<SignedDuration> {
        self.blocked_until
            .filter(|_| now >= self.since)
            .map(|end| end.duration_since(now))
            .filter(SignedDuration::is_positive)
    }

    /// Whether the first attempt was less than `span` before `now`.
    pub fn began_within(&self, now: Timestamp, span: SignedDuration) -> bool {
        is_recent(self.since, now, span)
    }

    /// Records an attempt at `now`. The attempt that exceeds the limit begins the block and is itself blocked.
    ///
    /// When the clock was set back, a new window begins: nobody is blocked for longer.
    pub fn record(&mut self, now: Timestamp, limit: AttemptLimit) {
        let age = now.duration_since(self.since);
        if age >= limit.window || age.is_negative() {
            *self = Self { since: now, count: 0, blocked_until: None };
        }
        self.count = self.count.saturating_add(1);
        if self.count > limit.max {
            self.blocked_until = now.checked_add(limit.block).ok();
        }
    }

    /// Takes back an attempt, and the block if that attempt began it.
    pub fn undo(&mut self, limit: AttemptLimit) {
        self.count = self.count.saturating_sub(1);
        if self.count <= limit.max {
            self.blocked_until = None;
        }
    }

    /// How many more attempts are allowed at `now`.
    pub fn remaining(&self, now: Timestamp, limit: AttemptLimit) -> u32 {
        if self.began_within(now, limit.window) { limit.max.saturating_sub(self.count) } else { limit.max }
    }

    /// When all attempts are allowed again: at the end of the block, otherwise of the window.
    pub fn resets_at(&self, limit: AttemptLimit) -> Timestamp {
        self.blocked_until.unwrap_or_else(|| self.since.checked_add(limit.window).unwrap_or(Timestamp::MAX))
    }

    /// Whether window and block have both ended at `now`, so that the count can be removed.
    pub fn is_expired(&self, now: Timestamp, limit: AttemptLimit) -> bool {
        now.duration_since(self.since) >= limit.window && self.blocked_for(now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceeding_the_limit_blocks_for_a_while() {
        let limit = AttemptLimit::from_minutes(3, 5, 10);
        let start: Timestamp = "2026-02-12T12:00:00Z".parse().unwrap();
        let at = |minutes| start + SignedDuration::from_mins(minutes);
        let mut attempts = Attempts::new(start);
        for n in 1..=3 {
            attempts.record(at(0), limit);
            assert_eq!((attempts.blocked_for(at(0)), attempts.remaining(at(0), limit)), (None, 3 - n));
        }
        attempts.record(at(1), limit);
        assert_eq!(attempts.blocked_for(at(1)), Some(SignedDuration::from_mins(10)));
        assert_eq!(attempts.blocked_for(at(10)), Some(SignedDuration::from_mins(1)));
        assert_eq!(attempts.blocked_for(at(11)), None);
        assert!(!attempts.is_expired(at(6), limit) && attempts.is_expired(at(11), limit));
        let mut undone = attempts;
        undone.undo(limit);
        assert_eq!((undone.blocked_for(at(1)), undone.remaining(at(1), limit)), (None, 0));
        attempts.record(at(11), limit);
        assert_eq!(attempts.remaining(at(11), limit), 2);
        assert_eq!(undone.blocked_for(at(-60)), None);
        attempts.record(at(11), limit);
        attempts.record(at(11), limit);
        attempts.record(at(11), limit);
        assert!(attempts.blocked_for(at(11)).is_some());
        assert_eq!(attempts.blocked_for(at(-60)), None, "a clock set back lifts the block at once");
        attempts.record(at(-60), limit);
        assert_eq!(attempts.blocked_for(at(-60)), None, "nor does the next attempt block");
    }
}
