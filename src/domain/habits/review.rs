//! The review of one habit: a calendar year day by day, with the statistics of that year.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::day;
use crate::domain::calendar::month::Month;
use crate::domain::habits::insights::CompletionRate;
use crate::domain::habits::judgment::is_active_day;
use crate::domain::habits::streak::{Streak, compute_streak};
use crate::domain::{Day, Habit, History, Schedule};

/// The status of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayStatus {
    /// Neither scheduled nor completed.
    NotScheduled,
    /// Scheduled and completed.
    Completed,
    /// Scheduled and not completed.
    Missed,
    /// Scheduled, but left out by the user. Not part of any rate.
    Skipped,
    /// Scheduled, but paused by the user. Not part of any rate.
    Paused,
    /// Completed although not scheduled. Not part of any rate.
    Unplanned,
    /// Today: scheduled and not completed yet. Not part of any rate.
    Due,
    /// After today.
    Future,
}

/// One calendar year of one habit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Active or archived.
    pub habit: Habit,
    pub today: Day,
    pub today_status: DayStatus,
    /// Over all years, as of today.
    pub streak: Streak,
    pub year: i16,
    /// The nearest earlier year with something to show.
    pub earlier: Option<i16>,
    /// The nearest later year with something to show.
    pub later: Option<i16>,
    /// The rate of the year up to today, without today while it is open.
    pub total: CompletionRate,
    /// The rates by ISO day number, Monday first.
    pub weekdays: [(i8, CompletionRate); 7],
    pub months: Vec<(Month, CompletionRate)>,
    /// For each month and day of the week, Monday first: on how many of the days something was done.
    frequencies: Vec<[CompletionRate; 7]>,
    statuses: Vec<DayStatus>,
    /// The days of the year with a note.
    noted: BTreeSet<Day>,
}

impl Review {
    /// Reviews `year`. Without one, the current year, or for an archived habit the last year with something to show.
    pub fn new(habit: Habit, history: &History, year: Option<i16>, today: Day, week_start: WeekStart) -> Self {
        let years = years(&habit, history, today);
        let newest = if habit.is_active() { None } else { years.last().copied() };
        let year = year.or(newest).unwrap_or_else(|| today.year());
        let mut review = Self {
            today,
            today_status: status_of(&habit.schedule, history, today, today),
            streak: compute_streak(&habit.schedule, history, today, week_start),
            year,
            earlier: years.iter().rev().find(|other| **other < year).copied(),
            later: years.iter().find(|other| **other > year).copied(),
            total: CompletionRate::default(),
            weekdays: [1, 2, 3, 4, 5, 6, 7].map(|weekday| (weekday, CompletionRate::default())),
            months: Vec::new(),
            frequencies: Vec::new(),
            statuses: Vec::new(),
            noted: noted_days(history, year, today),
            habit,
        };
        for day in days_of(year) {
            let schedule = &review.habit.schedule;
            let status = status_of(schedule, history, day, today);
            review.add(day, status, frequency_on(schedule, history, day, today));
        }
        review
    }

    fn add(&mut self, day: Day, status: DayStatus, frequency: CompletionRate) {
        self.statuses.push(status);
        let rate = rate_of_status(status);
        self.total.add(rate);
        if self.months.last().is_none_or(|(month, _)| *month != Month::containing(day)) {
            self.months.push((Month::containing(day), CompletionRate::default()));
            self.frequencies.push([CompletionRate::default(); 7]);
        }
        if let Some((_, sum)) = self.months.last_mut() {
            sum.add(rate);
        }
        let column = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        if let Some((_, sum)) = self.weekdays.get_mut(column) {
            sum.add(rate);
        }
        if let Some(sum) = self.frequencies.last_mut().and_then(|weekdays| weekdays.get_mut(column)) {
            sum.add(frequency);
        }
    }

    /// The status of a day of the year; days of other years are [`DayStatus::NotScheduled`].
    pub fn status(&self, day: Day) -> DayStatus {
        let known = self.statuses.get(day.index_in_year()).filter(|_| day.year() == self.year);
        known.copied().unwrap_or(DayStatus::NotScheduled)
    }

    /// Whether a day of the year, up to today, has a note.
    pub fn has_note(&self, day: Day) -> bool {
        self.noted.contains(&day)
    }

    /// The months from the first to the last with something to show.
    pub fn visible_months(&self) -> &[(Month, CompletionRate)] {
        self.months.get(self.visible_range()).unwrap_or_default()
    }

    /// For each visible month and day of the week, Monday first: on how many of the days something was done, whether it was planned
    /// for them or not. Days that were neither scheduled nor used don't count.
    pub fn visible_frequencies(&self) -> impl Iterator<Item = (Month, &[CompletionRate; 7])> {
        let range = self.visible_range();
        let months = self.months.iter().map(|(month, _)| *month).zip(&self.frequencies);
        months.skip(range.start).take(range.len())
    }

    fn visible_range(&self) -> Range<usize> {
        let is_visible = |(month, _): &(Month, CompletionRate)| {
            month.days().any(|day| {
                self.has_note(day) || !matches!(self.status(day), DayStatus::NotScheduled | DayStatus::Future)
            })
        };
        let first = self.months.iter().position(is_visible).unwrap_or(self.months.len());
        let end = self.months.iter().rposition(is_visible).map_or(first, |last| last + 1);
        first..end
    }
}

fn noted_days(history: &History, year: i16, today: Day) -> BTreeSet<Day> {
    let noted = history.summaries().filter(|(day, summary)| summary.has_note && day.year() == year && *day <= today);
    noted.map(|(day, _)| day).collect()
}

/// What a day adds to a rate.
pub(super) fn rate_of_status(status: DayStatus) -> CompletionRate {
    match status {
        DayStatus::Completed => CompletionRate { scheduled: 1, completed: 1 },
        DayStatus::Missed => CompletionRate { scheduled: 1, completed: 0 },
        DayStatus::NotScheduled
        | DayStatus::Skipped
        | DayStatus::Paused
        | DayStatus::Unplanned
        | DayStatus::Due
        | DayStatus::Future => CompletionRate::default(),
    }
}

/// Whether something was done on a day on which it could have been done.
fn frequency_on(schedule: &Schedule, history: &History, day: Day, today: Day) -> CompletionRate {
    if day > today || history.skipped().contains(day) {
        return CompletionRate::default();
    }
    let is_active = is_active_day(schedule, history, day);
    let was_possible = is_active || (day < today && schedule.is_scheduled(day));
    CompletionRate { scheduled: was_possible.into(), completed: is_active.into() }
}

/// The years with something to show: a scheduled day up to today, or a completed one. While the habit is active, the
/// current year is always among them.
fn years(habit: &Habit, history: &History, today: Day) -> Vec<i16> {
    let first = history.first().map_or(habit.schedule.start(), |day| day.min(habit.schedule.start()));
    let is_visible = |year: &i16| {
        (habit.is_active() && *year == today.year())
            || days_of(*year).any(|day| {
                !matches!(status_of(&habit.schedule, history, day, today), DayStatus::NotScheduled | DayStatus::Future)
            })
    };
    (first.year()..=today.year()).filter(is_visible).collect()
}

/// The status of a day as of `today`.
pub(super) fn status_of(schedule: &Schedule, history: &History, day: Day, today: Day) -> DayStatus {
    let is_skipped = history.skipped().contains(day);
    match (schedule.is_scheduled(day) && (is_skipped || history.counts(day)), history.is_done(day)) {
        _ if day > today => DayStatus::Future,
        (true, _) if history.is_paused(day) => DayStatus::Paused,
        (true, _) if is_skipped => DayStatus::Skipped,
        (true, true) => DayStatus::Completed,
        (false, true) => DayStatus::Unplanned,
        (true, false) if day == today => DayStatus::Due,
        (true, false) => DayStatus::Missed,
        (false, false) => DayStatus::NotScheduled,
    }
}

fn days_of(year: i16) -> impl Iterator<Item = Day> {
    let bounds = Day::from_index(year, 0).and_then(|first| Some((first, last_day_of_year(first)?)));
    bounds.into_iter().flat_map(|(first, last)| day::inclusive_range(first, last))
}

fn last_day_of_year(day: Day) -> Option<Day> {
    Day::from_date(day.date().last_of_year())
}

#[cfg(test)]
mod tests {
    use super::DayStatus::{Completed, Due, Future, Missed, NotScheduled, Unplanned};
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::habits::habit::HabitPlan;
    use crate::domain::{HabitId, Title, Weekdays};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn habit(from: &str, weekdays: &[i64]) -> Habit {
        let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::parse(weekdays.iter().copied()).unwrap());
        let id: HabitId = "0190c7a0-0000-7000-8000-000000000000".parse().unwrap();
        Habit::new(id, plan, 0, day(from), Timestamp::UNIX_EPOCH)
    }

    fn rate(scheduled: u32, completed: u32) -> CompletionRate {
        CompletionRate { scheduled, completed }
    }

    #[test]
    fn every_day_of_the_year_has_a_status_and_only_scheduled_days_count() {
        // Mondays and Wednesdays from Monday 5 January; today is Wednesday the 14th.
        let done = History::of_days(["2026-01-04", "2026-01-05", "2026-01-08", "2026-01-19"].map(day));
        let review = Review::new(habit("2026-01-05", &[1, 3]), &done, None, day("2026-01-14"), WeekStart::Monday);
        let statuses =
            ["2026-01-03", "2026-01-04", "2026-01-05", "2026-01-07", "2026-01-08", "2026-01-14", "2026-01-19"]
                .map(|text| review.status(day(text)));
        assert_eq!(statuses, [NotScheduled, Unplanned, Completed, Missed, Unplanned, Due, Future]);
        assert_eq!(review.total, rate(3, 1));
        assert_eq!(review.weekdays[0], (1, rate(2, 1)));
        assert_eq!(review.weekdays[2], (3, rate(1, 0)));
        assert_eq!((review.months.len(), review.months[0].1), (12, rate(3, 1)));
        assert_eq!(review.visible_months().len(), 1, "February is still to come");
        assert_eq!((review.earlier, review.later), (None, None));
    }

    #[test]
    fn earlier_and_later_are_the_nearest_years_with_something_to_show() {
        let mut habit = habit("2023-12-28", &[1]);
        habit.schedule.pause_from(day("2024-06-01"));
        habit.schedule.resume_from(day("2026-01-05"));
        let years = |year| {
            let review = Review::new(habit.clone(), &History::default(), year, day("2027-01-01"), WeekStart::Monday);
            (review.year, review.earlier, review.later)
        };
        // From Thursday 28 December 2023 no Monday is left in that year, and 2025 was paused.
        assert_eq!(years(None), (2027, Some(2026), None));
        assert_eq!(years(Some(2026)), (2026, Some(2024), Some(2027)));
        assert_eq!(years(Some(2024)), (2024, None, Some(2026)));
        assert_eq!(years(Some(2025)), (2025, Some(2024), Some(2026)));
        assert_eq!(years(Some(1999)), (1999, None, Some(2024)));
    }

    #[test]
    fn the_review_of_an_archived_habit_shows_its_last_year() {
        let mut habit = habit("2024-02-01", &[1, 2, 3, 4, 5, 6, 7]);
        habit.schedule.pause_from(day("2024-03-02"));
        habit.archived_at = Some(Timestamp::UNIX_EPOCH);
        let review = Review::new(
            habit,
            &History::of_days(["2024-02-29", "2024-03-01"].map(day)),
            None,
            day("2026-02-12"),
            WeekStart::Monday,
        );
        assert_eq!((review.year, review.earlier, review.later), (2024, None, None));
        assert_eq!(review.total, rate(30, 2));
        assert_eq!(
            review.visible_months().iter().map(|(_, rate)| *rate).collect::<Vec<_>>(),
            [rate(29, 1), rate(1, 1)]
        );
        assert_eq!(review.streak, Streak { current: 2, longest: 2, ..Streak::default() });
    }

    proptest! {
        #[test]
        fn months_and_frequencies_add_up_to_the_days(
            done in prop::collection::btree_set(0_i32..365, 0..300),
            weekdays in prop::collection::vec(1_i64..=7, 1..7),
            today in 0_i32..400,
        ) {
            let first = day("2026-01-01");
            let done = History::of_days(done.into_iter().map(|days| first.add_days(days)));
            let habit = habit("2026-01-20", &weekdays);
            let review = Review::new(habit, &done, Some(2026), first.add_days(today), WeekStart::Monday);
            for (month, rates) in review.visible_frequencies() {
                // The same rule, counted by the statuses of the month's days.
                for (weekday, rate) in (1_i8..).zip(rates) {
                    let days = || month.days().filter(|day| day.weekday().to_monday_one_offset() == weekday);
                    let count = |status| days().filter(|day| review.status(*day) == status).count();
                    prop_assert_eq!(rate.completed as usize, count(Completed) + count(Unplanned));
                    prop_assert_eq!(rate.scheduled as usize, count(Completed) + count(Unplanned) + count(Missed));
                }
            }
            for (month, rate) in review.visible_months() {
                let count = |status| month.days().filter(|day| review.status(*day) == status).count();
                prop_assert_eq!(rate.completed as usize, count(Completed));
                prop_assert_eq!(rate.scheduled as usize, count(Completed) + count(Missed));
            }
        }
    }

    #[test]
    fn years_outside_the_range_are_empty() {
        for year in [1970, 2199, i16::MAX, i16::MIN, 0] {
            let review = Review::new(
                habit("2026-01-05", &[1]),
                &History::default(),
                Some(year),
                day("2026-01-14"),
                WeekStart::Monday,
            );
            assert!(review.visible_months().is_empty() && review.total == CompletionRate::default(), "{year}");
        }
    }
}
