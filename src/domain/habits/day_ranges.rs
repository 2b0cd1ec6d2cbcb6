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

    pub fn contains(&self, day: Day) -> bool {
        let at = self.0.partition_point(|range| range.last < day);
        self.0.get(at).is_some_and(|range| range.contains(day))
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
        fn ranges_are_the_set_of_their_days(inserts in prop::collection::vec((0_i32..80, -3_i32..12), 0..20)) {
            let start = Day::parse("2026-02-01").unwrap();
            let (mut ranges, mut model) = (DayRanges::default(), BTreeSet::new());
            for (first, length) in inserts {
                ranges.insert(start.add_days(first), start.add_days(first + length));
                model.extend(first..=first + length);
            }
            for offset in -2..100 {
                prop_assert_eq!(ranges.contains(start.add_days(offset)), model.contains(&offset));
            }
            let apart = |pair: &[DayRange]| pair[0].last.add_days(1) < pair[1].first;
            prop_assert!(ranges.ranges().windows(2).all(apart));
        }
    }
}
