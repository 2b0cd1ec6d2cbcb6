//! All completions of one habit.

use jiff::Timestamp;

use crate::domain::Day;
use crate::domain::habits::habit_year::HabitYear;

/// The completions of one habit, by year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History(Vec<(i16, HabitYear)>);

impl History {
    /// Adds a year, or replaces it.
    pub fn insert(&mut self, year: i16, days: HabitYear) {
        let at = self.0.partition_point(|(known, _)| *known < year);
        match self.0.get_mut(at) {
            Some((known, before)) if *known == year => *before = days,
            _ => self.0.insert(at, (year, days)),
        }
    }

    pub fn is_done(&self, day: Day) -> bool {
        self.year(day.year()).is_some_and(|year| year.is_done(day))
    }

    /// When the day was completed, to the minute, if the time was stored.
    pub fn completed_at(&self, day: Day) -> Option<Timestamp> {
        self.year(day.year()).and_then(|year| year.completed_at(day))
    }

    /// The completed days, in order.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        self.0.iter().flat_map(|(year, days)| days.days(*year))
    }

    /// Whether `day`, the day before, and so on were completed, back to the start of the first year with a completion.
    pub fn backward_from(&self, day: Day) -> impl Iterator<Item = bool> + '_ {
        let first = self.0.first().map_or(i16::MAX, |(year, _)| *year);
        let (mut year, mut days, mut left) = (day.year(), self.year(day.year()), day.index_in_year() + 1);
        std::iter::from_fn(move || {
            if left == 0 {
                year -= 1;
                (days, left) = (self.year(year), Day::last_index(year) + 1);
            }
            if year < first {
                return None;
            }
            left -= 1;
            Some(days.is_some_and(|days| days.is_done_at(left)))
        })
    }

    fn year(&self, number: i16) -> Option<&HabitYear> {
        // Users have a handful of years, and most lookups are of the last one.
        self.0.iter().rev().find(|(year, _)| *year == number).map(|(_, days)| days)
    }

    /// The first completed day.
    pub fn first(&self) -> Option<Day> {
        self.days().next()
    }
}

impl FromIterator<(i16, HabitYear)> for History {
    fn from_iter<I: IntoIterator<Item = (i16, HabitYear)>>(years: I) -> Self {
        let mut history = Self::default();
        for (year, days) in years {
            history.insert(year, days);
        }
        history
    }
}

/// For tests.
#[cfg(test)]
impl History {
    /// A history of which only the days are known.
    pub fn of_days(days: impl IntoIterator<Item = Day>) -> Self {
        let mut history = Self::default();
        for day in days {
            let mut year = history.year(day.year()).cloned().unwrap_or_default();
            year.complete(day, Timestamp::UNIX_EPOCH);
            history.insert(day.year(), year);
        }
        history
    }
}
