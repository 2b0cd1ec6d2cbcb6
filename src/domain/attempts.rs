//! Counting what goes wrong, and pausing when it is too much.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How much is too much: `most` within `window` block for `block`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// How many are free.
    pub most: u32,
    /// Counted from the first one on, for this long.
    pub window: SignedDuration,
    /// How long the next ones are refused.
    pub block: SignedDuration,
}

/// Whether `at` was less than `span` before `now`. Nothing is recent that lies ahead, as after a clock was set back: or else
/// whoever waits for the end of it would wait for as long as the clock was wrong.
pub fn is_recent(at: Timestamp, now: Timestamp, span: SignedDuration) -> bool {
    let age = now.duration_since(at);
    !age.is_negative() && age < span
}

impl Rule {
    /// `most` in so many minutes, then a pause of so many minutes.
    pub const fn minutes(most: u32, window: i64, block: i64) -> Self {
        Self { most, window: SignedDuration::from_mins(window), block: SignedDuration::from_mins(block) }
    }
}

/// A count under a [`Rule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    since: Timestamp,
    count: u32,
    #[serde(default)]
    blocked_until: Option<Timestamp>,
}

impl Attempts {
    /// Nothing counted yet, at `now`.
    pub fn none(now: Timestamp) -> Self {
        Self { since: now, count: 0, blocked_until: None }
    }

    /// How much longer the next one is refused; `None` when it is not, and when the clock was set back to before the first.
    pub fn blocked_for(&self, now: Timestamp) -> Option<SignedDuration> {
        self.blocked_until
            .filter(|_| now >= self.since)
            .map(|end| end.duration_since(now))
            .filter(SignedDuration::is_positive)
    }

    /// Counts one at `now`. The one that goes beyond the rule blocks, itself included.
    ///
    /// A clock that was set back begins a new window rather than blocking for longer.
    pub fn count(&mut self, now: Timestamp, rule: Rule) {
        let age = now.duration_since(self.since);
        if age >= rule.window || age.is_negative() {
            *self = Self { since: now, count: 0, blocked_until: None };
        }
        self.count = self.count.saturating_add(1);
        if self.count > rule.most {
            self.blocked_until = now.checked_add(rule.block).ok();
        }
    }

    /// Takes one back that came to nothing, with the pause it may have begun.
    pub fn uncount(&mut self, rule: Rule) {
        self.count = self.count.saturating_sub(1);
        if self.count <= rule.most {
            self.blocked_until = None;
        }
    }

    /// How many more are free at `now`.
    pub fn left(&self, now: Timestamp, rule: Rule) -> u32 {
        if now.duration_since(self.since) >= rule.window { rule.most } else { rule.most.saturating_sub(self.count) }
    }

    /// When everything is free again: at the end of the pause, else of the window.
    pub fn resets_at(&self, rule: Rule) -> Timestamp {
        self.blocked_until.unwrap_or_else(|| self.since.checked_add(rule.window).unwrap_or(Timestamp::MAX))
    }

    /// Whether it says nothing any more at `now`, so that it may be forgotten.
    pub fn is_over(&self, now: Timestamp, rule: Rule) -> bool {
        now.duration_since(self.since) >= rule.window && self.blocked_for(now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_beyond_the_rule_blocks_and_time_heals_it() {
        let rule = Rule::minutes(3, 5, 10);
        let start: Timestamp = "2026-02-12T12:00:00Z".parse().unwrap();
        let at = |minutes| start + SignedDuration::from_mins(minutes);
        let mut attempts = Attempts::none(start);
        for n in 1..=3 {
            attempts.count(at(0), rule);
            assert_eq!((attempts.blocked_for(at(0)), attempts.left(at(0), rule)), (None, 3 - n));
        }
        attempts.count(at(1), rule);
        assert_eq!(attempts.blocked_for(at(1)), Some(SignedDuration::from_mins(10)));
        assert_eq!(attempts.blocked_for(at(10)), Some(SignedDuration::from_mins(1)));
        assert_eq!(attempts.blocked_for(at(11)), None);
        assert!(!attempts.is_over(at(6), rule) && attempts.is_over(at(11), rule));
        let mut taken_back = attempts;
        taken_back.uncount(rule);
        assert_eq!((taken_back.blocked_for(at(1)), taken_back.left(at(1), rule)), (None, 0));
        attempts.count(at(11), rule);
        assert_eq!(attempts.left(at(11), rule), 2);
        assert_eq!(taken_back.blocked_for(at(-60)), None);
        attempts.count(at(11), rule);
        attempts.count(at(11), rule);
        attempts.count(at(11), rule);
        assert!(attempts.blocked_for(at(11)).is_some());
        assert_eq!(attempts.blocked_for(at(-60)), None, "nor before anything more is counted");
        attempts.count(at(-60), rule);
        assert_eq!(attempts.blocked_for(at(-60)), None, "a clock set back blocks nobody");
    }
}
