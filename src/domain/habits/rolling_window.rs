//! Rolling windows: the days on which a habit "3 times in any 7 days" is on track, as Loop Habit Tracker computes them.
//!
//! Each group of as many completed days as the frequency wants, close enough together, covers a window of days from its first
//! one on. Windows that overlap move back as far as they still contain their last completed day, so that doing more than
//! planned covers more days.

use crate::domain::Day;
use crate::domain::calendar::month::Month;
use crate::domain::habits::frequency::FrequencyRatio;

/// Days in a row on which a habit is on track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoveredRange {
    pub first: Day,
    /// May be later than today.
    pub last: Day,
    /// The last completed day of the group.
    last_done: Day,
}

/// The ranges that `done` covers, newest first. They may overlap. `done` are the completed days, oldest first.
pub fn covered_ranges(done: &[Day], ratio: FrequencyRatio) -> Vec<CoveredRange> {
    let groups = done.windows(usize::from(ratio.times).max(1)).rev();
    let mut ranges: Vec<CoveredRange> = Vec::new();
    for range in groups.filter_map(|group| CoveredRange::new(*group.first()?, *group.last()?, ratio)) {
        ranges.push(ranges.last().map_or(range, |newer| range.move_before(newer.first)));
    }
    ranges
}

impl CoveredRange {
    /// `None` when the group needs more days than the window has.
    fn new(first: Day, last_done: Day, ratio: FrequencyRatio) -> Option<Self> {
        let length = window_length(first, ratio.days);
        let last = first.add_days(length - 1);
        (last_done.days_since(first) < usize::try_from(length).unwrap_or(0)).then_some(Self { first, last, last_done })
    }

    /// Moves the range back so that it ends before `newer`, but not so far that it ends before its last completed day.
    fn move_before(self, newer: Day) -> Self {
        if self.last < newer {
            return self;
        }
        let days = self.last.days_since(self.last_done).min(self.last.days_since(newer) + 1);
        let days = -i32::try_from(days).unwrap_or(0);
        Self { first: self.first.add_days(days), last: self.last.add_days(days), ..self }
    }
}

/// A window of 30 or 31 days is as long as the month in which it begins, or the next month from a month's last day on.
fn window_length(first: Day, days: u16) -> i32 {
    if !(30..=31).contains(&days) {
        return i32::from(days);
    }
    let month = Month::containing(first);
    let month = if month.last() == first { month.next() } else { month };
    i32::from(month.last().date().day())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::calendar::day::inclusive_range;
    use crate::domain::habits::loop_vectors::{Case, load_vectors};

    /// What Loop stores for a day: 2 done, 1 covered, 0 not done, 3 skipped.
    fn computed_entries(case: &Case) -> BTreeMap<Day, i64> {
        let day = |days_ago: i32| case.today().add_days(-days_ago);
        let marks: BTreeMap<Day, i64> = case.marks().into_iter().map(|(ago, value)| (day(ago), value)).collect();
        let done: Vec<Day> = marks.iter().filter(|(_, value)| **value == 2).map(|(day, _)| *day).collect();
        let mut entries = marks;
        for range in covered_ranges(&done, case.ratio()) {
            for day in inclusive_range(range.first, range.last) {
                entries.entry(day).and_modify(|value| *value = (*value).max(1)).or_insert(1);
            }
        }
        entries.retain(|_, value| *value >= 0);
        entries
    }

    #[test]
    fn covered_days_are_those_of_loop_habit_tracker() {
        let cases = load_vectors("computed_entries");
        assert!(!cases.is_empty());
        for case in cases {
            let expected: BTreeMap<Day, i64> = case
                .expected_entries
                .iter()
                .map(|(days_ago, value, _)| (case.today().add_days(-days_ago), *value))
                .collect();
            assert_eq!(computed_entries(&case), expected, "{}", case.name);
        }
    }

    #[test]
    fn runs_of_covered_days_are_the_streaks_of_loop_habit_tracker() {
        let cases = load_vectors("best_streaks");
        for case in cases.iter().filter(|case| case.target_type.is_none()) {
            let good = computed_entries(case).into_iter().filter(|(_, value)| *value > 0).map(|(day, _)| day);
            let mut runs: Vec<(Day, Day)> = Vec::new();
            for day in good {
                match runs.last_mut() {
                    Some((_, last)) if last.add_days(1) == day => *last = day,
                    _ => runs.push((day, day)),
                }
            }
            runs.reverse();
            let day = |days_ago: i32| case.today().add_days(-days_ago);
            let expected: Vec<(Day, Day)> =
                case.expected_ranges_days_ago_begin_end.iter().map(|(first, last)| (day(*first), day(*last))).collect();
            assert_eq!(runs, expected, "{}", case.name);
        }
    }
}
