//! One year of a habit: which days were completed, and at which minute.
//!
//! A year is one small value, so one short range of rows holds a user's day, month or year. Two bytes per day hold both the
//! completion and its time to the minute.

use jiff::Timestamp;

use crate::domain::Day;

/// The completions of one habit in one calendar year.
///
/// Each day has a code: 0 means not completed; 1 means completed at an unknown time; n ≥ 2 means completed n − 2 minutes after
/// 00:00 UTC of the day before. That covers the day in every time zone, which begins up to 14 hours before the UTC day, and
/// 44 days after it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HabitYear(Vec<u16>);

const DONE_AT_UNKNOWN_TIME: u16 = 1;
const FIRST_MINUTE: i64 = 2;

impl HabitYear {
    pub fn is_done(&self, day: Day) -> bool {
        self.code(day) != 0
    }

    /// Whether the day with this index in the year was completed.
    pub(super) fn is_done_at(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(|code| *code != 0)
    }

    /// When the day was completed, to the minute, if the time was stored.
    pub fn completed_at(&self, day: Day) -> Option<Timestamp> {
        let minutes = i64::from(self.code(day)) - FIRST_MINUTE;
        if minutes < 0 {
            return None;
        }
        Timestamp::from_second(minute_zero(day) + minutes * 60).ok()
    }

    /// Marks the day as completed at `when`. Returns false, and keeps the first time, when it was completed before.
    pub fn complete(&mut self, day: Day, when: Timestamp) -> bool {
        if self.is_done(day) {
            return false;
        }
        let index = day.index_in_year();
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        let minutes = (when.as_second() - minute_zero(day)).div_euclid(60) + FIRST_MINUTE;
        let code = u16::try_from(minutes).ok().filter(|code| *code > DONE_AT_UNKNOWN_TIME);
        if let Some(slot) = self.0.get_mut(index) {
            *slot = code.unwrap_or(DONE_AT_UNKNOWN_TIME);
        }
        true
    }

    /// Removes the completion of the day. Returns false when there was none.
    pub fn undo(&mut self, day: Day) -> bool {
        let was_done = self.is_done(day);
        if let Some(slot) = self.0.get_mut(day.index_in_year()) {
            *slot = 0;
        }
        self.trim();
        was_done
    }

    /// Marks the days with these indices, both included, as completed at an unknown time, unless they are completed.
    pub(super) fn complete_range(&mut self, first: usize, last: usize) {
        if self.0.len() <= last {
            self.0.resize(last + 1, 0);
        }
        let days = self.0.get_mut(first..=last).unwrap_or_default();
        days.iter_mut().filter(|code| **code == 0).for_each(|code| *code = DONE_AT_UNKNOWN_TIME);
        self.trim();
    }

    /// Removes the completions of the days with these indices, both included.
    pub(super) fn undo_range(&mut self, first: usize, last: usize) {
        self.0.iter_mut().take(last + 1).skip(first).for_each(|code| *code = 0);
        self.trim();
    }

    /// Copies the completions of the days with these indices, both included.
    pub(super) fn copy_range(&mut self, from: &Self, first: usize, last: usize) {
        if self.0.len() <= last {
            self.0.resize(last + 1, 0);
        }
        let codes = from.0.iter().copied().chain(std::iter::repeat(0));
        let days = self.0.iter_mut().zip(codes).take(last + 1).skip(first);
        days.for_each(|(day, code)| *day = code);
        self.trim();
    }

    /// Drops the days after the last completed one.
    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// The completed days, in order; `year` is the year of this value.
    pub fn days(&self, year: i16) -> impl Iterator<Item = Day> + '_ {
        let done = self.0.iter().enumerate().filter(|(_, code)| **code != 0);
        done.filter_map(move |(index, _)| Day::from_index(year, index))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stored form: two little-endian bytes a day, up to the last completed day.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|code| code.to_le_bytes()).collect()
    }

    /// Reads the stored form; `None` for bytes that [`Self::to_bytes`] never writes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let codes: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        (rest.is_empty() && codes.len() <= 366 && codes.last() != Some(&0)).then_some(Self(codes))
    }

    fn code(&self, day: Day) -> u16 {
        self.0.get(day.index_in_year()).copied().unwrap_or(0)
    }
}

/// Seconds from the Unix epoch to 00:00 UTC of the day before `day`.
fn minute_zero(day: Day) -> i64 {
    let midnight = day.date().to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second());
    midnight - 86_400
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_completion_keeps_its_first_minute_and_can_be_undone() {
        let mut year = HabitYear::default();
        let when: Timestamp = "2026-02-12T09:30:42Z".parse().unwrap();
        assert!(year.complete(day("2026-02-12"), when));
        assert!(!year.complete(day("2026-02-12"), "2026-02-12T20:00:00Z".parse().unwrap()));
        assert_eq!(year.completed_at(day("2026-02-12")).unwrap().to_string(), "2026-02-12T09:30:00Z");
        assert!(year.undo(day("2026-02-12")));
        assert!(!year.undo(day("2026-02-12")));
        assert_eq!(year, HabitYear::default());
    }

    #[test]
    fn a_completion_long_after_the_day_is_stored_without_its_time() {
        let mut year = HabitYear::default();
        year.complete(day("2020-01-01"), "2026-01-01T00:00:00Z".parse().unwrap());
        year.complete(day("2020-06-01"), "1970-01-01T00:00:00Z".parse().unwrap());
        assert!(year.is_done(day("2020-01-01")) && year.is_done(day("2020-06-01")));
        assert_eq!(year.completed_at(day("2020-01-01")), None);
    }

    proptest! {
        #[test]
        fn a_year_is_the_set_of_its_completed_days(changes in prop::collection::vec((0_usize..366, any::<bool>()), 0..80)) {
            let mut year = HabitYear::default();
            let mut model = BTreeSet::new();
            for (index, is_done) in changes {
                let day = Day::from_index(2024, index).unwrap();
                let changed = if is_done { year.complete(day, Timestamp::UNIX_EPOCH) } else { year.undo(day) };
                prop_assert_eq!(changed, if is_done { model.insert(day) } else { model.remove(&day) });
            }
            prop_assert_eq!(year.days(2024).collect::<Vec<_>>(), model.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(HabitYear::from_bytes(&year.to_bytes()), Some(year));
        }
    }
}
