//! When the days of a habit were last changed, so that a change which arrives late does not undo a newer one.
//!
//! A change counts by the time it was made, not by the time it arrived: a completion that waited on an offline device is older
//! than an undo that was sent from another one in the meantime. A completed day has the minute of its completion in
//! [`HabitYear`](super::habit_year::HabitYear); [`RecentChanges`] has the rest: days that were undone, and days completed so long
//! afterwards that the year has no time for them. Only changes of the last [`MAX_OFFLINE_AGE`] are kept, because no older change is
//! accepted anymore.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::Day;

/// How long a completion may wait on a device that is offline.
pub const MAX_OFFLINE_AGE: SignedDuration = SignedDuration::from_hours(31 * 24);

/// The most days of one habit that are kept. The oldest changes are dropped first.
const MAX_CHANGES: usize = 400;

/// The last changes of a habit's days that left no time of completion.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecentChanges(BTreeMap<Day, Timestamp>);

impl RecentChanges {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When `day` was last changed, if that is known here.
    pub fn last_change(&self, day: Day) -> Option<Timestamp> {
        self.0.get(&day).copied()
    }

    /// Records a change of `day` that was made at `made_at` and arrived at `now`.
    pub fn record(&mut self, day: Day, made_at: Timestamp, now: Timestamp) {
        self.0.insert(day, made_at);
        self.0.retain(|_, change| now.duration_since(*change) <= MAX_OFFLINE_AGE);
        while self.0.len() > MAX_CHANGES {
            let oldest = self.0.iter().min_by_key(|(_, change)| **change).map(|(day, _)| *day);
            oldest.and_then(|day| self.0.remove(&day));
        }
    }
}

/// Whether a change that was made at `made_at` and arrives at `now` is older than the last change of the same habit and day.
///
/// A change that is made now is never older, even if the server's clock was set back after the last one. Of two changes made at
/// the same time, the one that arrives later applies. A completion's time is known to the minute.
pub fn is_superseded(made_at: Timestamp, now: Timestamp, last_change: Option<Timestamp>) -> bool {
    last_change.is_some_and(|last| made_at < last.min(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_change_made_before_the_last_one_is_superseded() {
        let now = at("2026-02-12T12:00:00Z");
        for (made_at, last_change, expected) in [
            ("2026-02-12T11:00:00Z", None, false),
            ("2026-02-12T11:00:00Z", Some("2026-02-12T11:00:01Z"), true),
            ("2026-02-12T11:00:00Z", Some("2026-02-12T11:00:00Z"), false),
            ("2026-02-12T11:00:00Z", Some("2026-02-12T10:59:59Z"), false),
            // The server's clock was two hours ahead when the last change arrived.
            ("2026-02-12T12:00:00Z", Some("2026-02-12T14:00:00Z"), false),
            ("2026-02-12T11:59:59Z", Some("2026-02-12T14:00:00Z"), true),
        ] {
            assert_eq!(
                is_superseded(at(made_at), now, last_change.map(at)),
                expected,
                "{made_at} after {last_change:?}"
            );
        }
    }

    #[test]
    fn changes_are_kept_as_long_as_an_older_one_can_arrive() {
        let mut changes = RecentChanges::default();
        let first = at("2026-02-12T12:00:00Z");
        changes.record(day("2026-02-12"), first, first);
        changes.record(day("2026-02-13"), first, first + MAX_OFFLINE_AGE);
        assert_eq!(changes.last_change(day("2026-02-12")), Some(first));
        let later = first + MAX_OFFLINE_AGE + SignedDuration::from_secs(1);
        changes.record(day("2026-03-15"), later, later);
        assert_eq!(changes.last_change(day("2026-02-12")), None);
        assert_eq!(serde_json::to_string(&changes).unwrap(), r#"{"2026-03-15":"2026-03-15T12:00:01Z"}"#);
    }

    #[test]
    fn the_number_of_changes_is_bounded_and_the_newest_stay() {
        let mut changes = RecentChanges::default();
        let start = at("2026-02-12T12:00:00Z");
        for number in 0..1_000 {
            let now = start + SignedDuration::from_secs(number.into());
            changes.record(day("2020-01-01").add_days(number), now, now);
        }
        assert_eq!(changes.0.len(), MAX_CHANGES);
        assert!(changes.last_change(day("2020-01-01").add_days(999)).is_some());
        assert!(changes.last_change(day("2020-01-01").add_days(599)).is_none());
    }
}
