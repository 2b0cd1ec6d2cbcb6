//! Sets of days, as ranges: the days that a habit was skipped or paused.

use serde::{Deserialize, Serialize};

use crate::domain::Day;

/// The days from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRange {
    pub first: Day,
    pub last: Day,
}

impl DayRange {
    pub fn contains(self, day: Day) -> bool {
        self.first <= day && day <= self.last
    }
}

/// Ranges that neither overlap nor touch, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayRanges(Vec<DayRange>);

impl DayRanges {
    /// Adds the days from `first` to `last`; none when `last` is earlier.
    pub fn insert(&mut self, first: Day, last: Day) {
        if last < first {
            return;
        }
        let begin = self.0.partition_point(|range| range.last < first.yesterday());
        let end = self.0.partition_point(|range| range.first <= last.add_days(1));
        let joined = self.0.get(begin..end).unwrap_or_default();
        let first = joined.first().map_or(first, |range| range.first.min(first));
        let last = joined.last().map_or(last, |range| range.last.max(last));
        self.0.splice(begin..end.max(begin), [DayRange { first, last }]);
    }

    /// Removes the days from `first` to `last`; none when `last` is earlier.
    pub fn remove(&mut self, first: Day, last: Day) {
        if last < first {
            return;
        }
        let begin = self.0.partition_point(|range| range.last < first);
        let end = self.0.partition_point(|range| range.first <= last);
        let touched = self.0.get(begin..end).unwrap_or_default();
        let before = touched.first().filter(|range| range.first < first);
        let before = before.map(|range| DayRange { first: range.first, last: first.yesterday() });
        let after = touched.last().filter(|range| last < range.last);
        let after = after.map(|range| DayRange { first: last.add_days(1), last: range.last });
        self.0.splice(begin..end.max(begin), before.into_iter().chain(after));
    }

    /// The range that contains `day`.
    pub fn find(&self, day: Day) -> Option<DayRange> {
        let at = self.0.partition_point(|range| range.last < day);
        self.0.get(at).copied().filter(|range| range.contains(day))
    }

    pub fn contains(&self, day: Day) -> bool {
        self.find(day).is_some()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges, in order.
    pub fn ranges(&self) -> &[DayRange] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_the_set_of_their_days(
            changes in prop::collection::vec((any::<bool>(), 0_i32..80, -3_i32..12), 0..20),
        ) {
            let start = Day::parse("2026-02-01").unwrap();
            let (mut ranges, mut model) = (DayRanges::default(), BTreeSet::new());
            for (is_added, first, length) in changes {
                let (begin, end) = (start.add_days(first), start.add_days(first + length));
                if is_added {
                    ranges.insert(begin, end);
                    model.extend(first..=first + length);
                } else {
                    ranges.remove(begin, end);
                    model.retain(|day| !(first..=first + length).contains(day));
                }
            }
            for offset in -2..100 {
                prop_assert_eq!(ranges.contains(start.add_days(offset)), model.contains(&offset));
            }
            let apart = |pair: &[DayRange]| pair[0].last.add_days(1) < pair[1].first;
            prop_assert!(ranges.ranges().windows(2).all(apart));
        }
    }
}
