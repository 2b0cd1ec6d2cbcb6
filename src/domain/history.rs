//! Everything that was done for one habit, over all its years.

use jiff::Timestamp;

use super::Day;
use super::year::HabitYear;

/// The years of one habit, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History(Vec<(i16, HabitYear)>);

impl History {
    /// Adds a year in place of what was known of it.
    pub fn insert(&mut self, year: i16, days: HabitYear) {
        let at = self.0.partition_point(|(known, _)| *known < year);
        match self.0.get_mut(at) {
            Some((known, before)) if *known == year => *before = days,
            _ => self.0.insert(at, (year, days)),
        }
    }

    /// Whether the day was done.
    pub fn is_done(&self, day: Day) -> bool {
        self.year(day.year()).is_some_and(|year| year.is_done(day))
    }

    /// When the day was ticked, to the minute, if that was kept.
    pub fn ticked_at(&self, day: Day) -> Option<Timestamp> {
        self.year(day.year()).and_then(|year| year.ticked_at(day))
    }

    /// Every day done, in order.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        self.0.iter().flat_map(|(year, days)| days.days(*year))
    }

    /// Whether `day`, the day before it and so on were done, back to the beginning of the first year in which anything was.
    pub fn back_from(&self, day: Day) -> impl Iterator<Item = bool> + '_ {
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

    fn year(&self, wanted: i16) -> Option<&HabitYear> {
        // People have a handful of years, and mostly the last one is asked for.
        self.0.iter().rev().find(|(year, _)| *year == wanted).map(|(_, days)| days)
    }

    /// The first day done.
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
