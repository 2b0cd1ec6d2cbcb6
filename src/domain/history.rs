//! Everything that was done for one habit, over all its years.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Day;
use super::year::HabitYear;

/// The years of one habit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History(BTreeMap<i16, HabitYear>);

impl History {
    /// Adds a year in place of what was known of it.
    pub fn insert(&mut self, year: i16, days: HabitYear) {
        self.0.insert(year, days);
    }

    /// Whether the day was done.
    pub fn is_done(&self, day: Day) -> bool {
        self.0.get(&day.year()).is_some_and(|year| year.is_done(day))
    }

    /// When the day was ticked, to the minute, if that was kept.
    pub fn ticked_at(&self, day: Day) -> Option<Timestamp> {
        self.0.get(&day.year()).and_then(|year| year.ticked_at(day))
    }

    /// Every day done, in order.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        self.0.iter().flat_map(|(year, days)| days.days(*year))
    }

    /// Whether `day`, the day before it and so on were done, back to the beginning of the first year in which anything was.
    pub fn back_from(&self, day: Day) -> impl Iterator<Item = bool> + '_ {
        let first = self.0.keys().next().copied().unwrap_or(i16::MAX);
        (first..=day.year()).rev().flat_map(move |year| {
            let last = if year == day.year() { day.index_in_year() } else { Day::last_index(year) };
            let days = self.0.get(&year);
            (0..=last).rev().map(move |index| days.is_some_and(|days| days.is_done_at(index)))
        })
    }

    /// The first day done.
    pub fn first(&self) -> Option<Day> {
        self.days().next()
    }
}

impl FromIterator<(i16, HabitYear)> for History {
    fn from_iter<I: IntoIterator<Item = (i16, HabitYear)>>(years: I) -> Self {
        Self(years.into_iter().collect())
    }
}
