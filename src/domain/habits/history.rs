//! All that is known of the days of one habit.

use jiff::Timestamp;

#[cfg(test)]
use crate::domain::habits::amount::Amount;
use crate::domain::habits::day_ranges::{DayRange, DayRanges};
use crate::domain::habits::goal::Goal;
use crate::domain::habits::habit_year::HabitYear;
use crate::domain::habits::summary_year::{DaySummary, SummaryYear};
use crate::domain::{Day, Pauses, Schedule};

/// The completions of one habit, by year, the summaries of its day logs, and the days that count neither way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    completions: Vec<(i16, HabitYear)>,
    summaries: Vec<(i16, SummaryYear)>,
    skipped: DayRanges,
    paused: DayRanges,
    unplanned: DayRanges,
}

impl History {
    /// Adds a year of completions, or replaces it.
    pub fn insert(&mut self, year: i16, days: HabitYear) {
        insert_year(&mut self.completions, year, days);
    }

    /// Adds a year of summaries, or replaces it. Its skipped days count neither way.
    pub fn insert_summaries(&mut self, year: i16, summaries: SummaryYear) {
        for (day, summary) in summaries.days(year) {
            if summary.is_skipped {
                self.skip(day, day);
            }
        }
        insert_year(&mut self.summaries, year, summaries);
    }

    /// Lets the days from `first` to `last` count neither way.
    pub fn skip(&mut self, first: Day, last: Day) {
        self.skipped.insert(first, last);
    }

    /// Lets the days of pauses count neither way, except those on which the habit was done anyway. A limit is kept without doing
    /// anything, so all paused days of a limit count neither way.
    #[must_use]
    pub fn paused_on(mut self, pauses: &Pauses, schedule: &Schedule) -> Self {
        for days in pauses.iter().map(DayRange::from) {
            self.paused.insert(days.first, days.last);
        }
        let is_done = |day: &Day| self.paused.contains(*day) && self.is_recorded(schedule, *day);
        let done: Vec<Day> = self.days().filter(is_done).collect();
        let mut neutral = self.paused.clone();
        for day in done {
            neutral.remove(day, day);
        }
        for days in neutral.ranges() {
            self.skipped.insert(days.first, days.last);
        }
        self
    }

    /// Whether a day that is done is so because of what was recorded on it.
    fn is_recorded(&self, schedule: &Schedule, day: Day) -> bool {
        match schedule.rule_on(day).map(|rule| rule.goal) {
            Some(Goal::YesNo) | None => true,
            Some(Goal::AtLeast { .. }) => self.summary(day).amount.is_some(),
            Some(Goal::AtMost { .. }) => false,
        }
    }

    /// Whether the day is paused, and the habit wasn't done on it.
    pub fn is_paused(&self, day: Day) -> bool {
        !self.paused.is_empty() && self.paused.contains(day) && self.skipped.contains(day)
    }

    /// Whether the day is within a pause, even if the habit was done on it.
    pub(super) fn is_in_pause(&self, day: Day) -> bool {
        self.paused.contains(day)
    }

    /// Leaves a day out of figures that go by days: its window has enough planned days without it.
    pub(super) fn mark_unplanned(&mut self, day: Day) {
        self.unplanned.insert(day, day);
    }

    /// Whether figures that go by days count the day, if it's scheduled.
    pub fn counts(&self, day: Day) -> bool {
        !self.skipped.contains(day) && !self.unplanned.contains(day)
    }

    /// Whether the day `days_ago` before `today` counts neither way. Most habits have no such days, which costs nothing.
    pub(super) fn is_skipped(&self, today: Day, days_ago: usize) -> bool {
        !self.skipped.is_empty() && self.skipped.contains(today.add_days(-i32::try_from(days_ago).unwrap_or(i32::MAX)))
    }

    /// The days that count neither way: skipped and paused ones.
    pub fn skipped(&self) -> &DayRanges {
        &self.skipped
    }

    /// The summary of a day's log.
    pub fn summary(&self, day: Day) -> DaySummary {
        find_year(&self.summaries, day.year()).map_or_else(DaySummary::default, |year| year.get(day))
    }

    /// The days with a log, in order.
    pub fn summaries(&self) -> impl DoubleEndedIterator<Item = (Day, DaySummary)> + '_ {
        self.summaries.iter().flat_map(|(year, days)| days.days(*year))
    }

    /// The days of a range that have a log, in order.
    pub fn summaries_in(&self, days: DayRange) -> impl Iterator<Item = (Day, DaySummary)> + '_ {
        let years =
            self.summaries.iter().filter(move |(year, _)| (days.first.year()..=days.last.year()).contains(year));
        years.flat_map(|(year, summaries)| summaries.days(*year)).filter(move |(day, _)| days.contains(*day))
    }

    /// The same history with other completions.
    #[must_use]
    pub(super) fn with_completions(self, completions: impl IntoIterator<Item = (i16, HabitYear)>) -> Self {
        Self { completions: completions.into_iter().filter(|(_, year)| !year.is_empty()).collect(), ..self }
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
        self.completions.iter().flat_map(|(year, days)| days.days(*year))
    }

    /// Whether `day`, the day before, and so on were completed, back to the start of the first year with a completion.
    pub fn backward_from(&self, day: Day) -> impl Iterator<Item = bool> + '_ {
        let first = self.completions.first().map_or(i16::MAX, |(year, _)| *year);
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

    pub(super) fn year(&self, number: i16) -> Option<&HabitYear> {
        find_year(&self.completions, number)
    }

    /// The first completed day.
    pub fn first(&self) -> Option<Day> {
        self.days().next()
    }
}

fn insert_year<T>(years: &mut Vec<(i16, T)>, year: i16, days: T) {
    let at = years.partition_point(|(known, _)| *known < year);
    match years.get_mut(at) {
        Some((known, before)) if *known == year => *before = days,
        _ => years.insert(at, (year, days)),
    }
}

fn find_year<T>(years: &[(i16, T)], number: i16) -> Option<&T> {
    // Users have a handful of years, and most lookups are of the last one.
    years.iter().rev().find(|(year, _)| *year == number).map(|(_, days)| days)
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

    /// This history with the sum of the amounts of some days.
    #[must_use]
    pub fn with_amounts(mut self, amounts: impl IntoIterator<Item = (Day, Amount)>) -> Self {
        for (day, amount) in amounts {
            let mut year = find_year(&self.summaries, day.year()).cloned().unwrap_or_default();
            year.set(day, DaySummary { amount: Some(amount), ..year.get(day) });
            self.insert_summaries(day.year(), year);
        }
        self
    }
}
