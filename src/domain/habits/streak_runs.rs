//! Every streak of a habit, with its dates, each day and each window judged by the version of the schedule in force on it.
//!
//! A habit that goes by days has one step for each scheduled day, and a habit that is to be done a number of times a week or month
//! one for each week or month. In rolling windows, the steps are days, and those days are good that a window with enough
//! completions covers. A change from one unit to another begins a new streak.

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::day::inclusive_range;
use crate::domain::habits::day_ranges::{DayRange, DayRanges};
use crate::domain::habits::rolling_window::covered_ranges;
use crate::domain::habits::rule::Rule;
use crate::domain::habits::window_plan::{HabitWindow, WindowGoal, WindowRule, rules_backward, windows_of};
use crate::domain::{Day, History, Schedule, Window};

/// What streaks are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreakUnit {
    #[default]
    Day,
    Week,
    Month,
}

impl StreakUnit {
    pub fn of_rule(rule: Rule) -> Self {
        match WindowRule::of_rule(rule) {
            Some(WindowRule { window: Window::CalendarWeek, .. }) => Self::Week,
            Some(WindowRule { window: Window::CalendarMonth, .. }) => Self::Month,
            Some(WindowRule { window: Window::RollingDays(_), .. }) | None => Self::Day,
        }
    }

    /// The word for one of them.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// About how long one is, to compare streaks.
    pub fn days(self) -> u32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
        }
    }
}

/// One streak: scheduled days in a row that were completed, or windows in a row that got what they want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreakRun {
    /// The first completed day, or the first day of the first window.
    pub first: Day,
    /// The last completed day, or the last day of the last window, but not after today.
    pub last: Day,
    /// In `unit`; days are scheduled days.
    pub length: u32,
    pub unit: StreakUnit,
    /// Whether it can still be extended.
    pub is_current: bool,
}

/// A day or a window, and what it does to a streak.
struct StreakStep {
    days: DayRange,
    unit: StreakUnit,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Extends,
    Breaks,
    /// Not done yet, but it can still be.
    IsOpen,
}

/// Every streak, newest first.
pub fn find_runs(schedule: &Schedule, history: &History, today: Day, week_start: WeekStart) -> Vec<StreakRun> {
    let (mut runs, mut run, mut is_current) = (Vec::new(), None::<StreakRun>, true);
    for StreakStep { days, unit, outcome } in find_steps(schedule, history, today, week_start) {
        if run.is_some_and(|run| run.unit != unit) || outcome == Outcome::Breaks {
            runs.extend(run.take());
            is_current = false;
        }
        if outcome == Outcome::Extends {
            let begun = run.unwrap_or(StreakRun { first: days.first, last: days.last, length: 0, unit, is_current });
            run = Some(StreakRun { first: days.first, length: begun.length + 1, ..begun });
        }
    }
    runs.extend(run);
    runs
}

/// The length of the streak that can still be extended. Looks no further back than to where it begins.
pub fn current_run(schedule: &Schedule, history: &History, today: Day, week_start: WeekStart) -> u32 {
    let (mut length, mut counted_in) = (0, None);
    for StreakStep { unit, outcome, .. } in find_steps(schedule, history, today, week_start) {
        if outcome == Outcome::Breaks || counted_in.is_some_and(|counted_in| counted_in != unit) {
            break;
        }
        if outcome == Outcome::Extends {
            (length, counted_in) = (length + 1, Some(unit));
        }
    }
    length
}

/// The days or windows of each version, the newest first.
fn find_steps(
    schedule: &Schedule,
    history: &History,
    today: Day,
    week_start: WeekStart,
) -> impl Iterator<Item = StreakStep> {
    let first = history.first().map_or(schedule.start(), |first| first.min(schedule.start()));
    rules_backward(schedule, first).flat_map(move |(version, rule)| -> Box<dyn Iterator<Item = StreakStep>> {
        let days = DayRange { last: version.last.min(today), ..version };
        match WindowRule::of_rule(rule) {
            None => {
                let is_good = |day| history.is_done(day);
                Box::new(judge_days(days, move |day| rule.matches(day), is_good, history, today))
            }
            Some(WindowRule { window: Window::RollingDays(_), wanted: WindowGoal::Times(_) }) => {
                let covered = covered_days(rule, days, history);
                let is_covered = move |day| covered.contains(day);
                // Doing something once during a pause is no promise to do it often enough.
                let is_planned = |day| is_covered(day) || !history.is_in_pause(day);
                let steps: Vec<StreakStep> = judge_days(days, is_planned, &is_covered, history, today).collect();
                Box::new(steps.into_iter())
            }
            Some(window) => {
                let windows = windows_of(window, version, history, today, week_start);
                Box::new(windows.filter_map(move |window| judge_window(&window, StreakUnit::of_rule(rule), today)))
            }
        }
    })
}

/// A step for each planned day that wasn't skipped, the newest first.
fn judge_days(
    days: DayRange,
    is_planned: impl Fn(Day) -> bool,
    is_good: impl Fn(Day) -> bool,
    history: &History,
    today: Day,
) -> impl Iterator<Item = StreakStep> {
    let planned = inclusive_range(days.first, days.last).rev().filter(move |day| is_planned(*day));
    planned.filter(|day| !history.skipped().contains(*day)).map(move |day| StreakStep {
        days: DayRange { first: day, last: day },
        unit: StreakUnit::Day,
        outcome: match is_good(day) {
            true => Outcome::Extends,
            false if day == today => Outcome::IsOpen,
            false => Outcome::Breaks,
        },
    })
}

fn covered_days(rule: Rule, days: DayRange, history: &History) -> DayRanges {
    let done: Vec<Day> = history.days().filter(|day| days.contains(*day)).collect();
    let mut covered = DayRanges::default();
    for range in covered_ranges(&done, rule.frequency.ratio(rule.weekdays)) {
        covered.insert(range.first.max(days.first), range.last.min(days.last));
    }
    covered
}

/// `None` for a window that wants nothing, and for one that ended early because the rule changed, but was good until then.
fn judge_window(window: &HabitWindow, unit: StreakUnit, today: Day) -> Option<StreakStep> {
    let HabitWindow { rule, days, last, wanted, .. } = *window;
    let is_over = days.last < today;
    let is_limit = matches!(rule.wanted, WindowGoal::Limit);
    let outcome = match window.is_met() {
        // A limit can still be exceeded, and a target still be reached.
        is_met if !is_over && is_met == is_limit => Outcome::IsOpen,
        true if is_over && days.last < last => return None,
        true => Outcome::Extends,
        false => Outcome::Breaks,
    };
    let days = DayRange { last: days.last.min(today), ..days };
    (wanted > 0).then_some(StreakStep { days, unit, outcome })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::Frequency;
    use crate::domain::calendar::month::Month;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn times(times: u16, window: Window) -> Rule {
        Rule { frequency: Frequency::Times { times, window }, ..Rule::default() }
    }

    fn runs(schedule: &Schedule, history: &History, today: &str) -> Vec<(String, String, u32, bool)> {
        let runs = find_runs(schedule, history, day(today), WeekStart::Monday);
        runs.iter().map(|run| (run.first.to_string(), run.last.to_string(), run.length, run.is_current)).collect()
    }

    fn run(first: &str, last: &str, length: u32, is_current: bool) -> (String, String, u32, bool) {
        (first.to_owned(), last.to_owned(), length, is_current)
    }

    #[test]
    fn a_streak_of_weeks_goes_on_while_the_current_week_can_still_be_done() {
        let schedule = Schedule::new(day("2026-02-02"), times(2, Window::CalendarWeek));
        let mut history = History::of_days(["2026-02-02", "2026-02-08", "2026-02-12", "2026-02-13"].map(day));
        assert_eq!(runs(&schedule, &history, "2026-02-22"), [run("2026-02-02", "2026-02-15", 2, true)]);
        assert_eq!(runs(&schedule, &history, "2026-02-23"), [run("2026-02-02", "2026-02-15", 2, false)]);
        assert_eq!(runs(&schedule, &history, "2026-02-13"), [run("2026-02-02", "2026-02-13", 2, true)]);
        history.skip(day("2026-02-16"), day("2026-02-22"));
        assert_eq!(runs(&schedule, &history, "2026-02-23"), [run("2026-02-02", "2026-02-15", 2, true)], "skipped");
    }

    #[test]
    fn a_change_within_a_unit_goes_on_with_the_streak_and_a_change_of_the_unit_begins_another() {
        let mut schedule = Schedule::new(day("2026-02-02"), times(2, Window::CalendarWeek));
        schedule.change_from(day("2026-02-09"), times(1, Window::CalendarWeek));
        schedule.change_from(day("2026-02-16"), Rule::default());
        let history = History::of_days(["2026-02-02", "2026-02-03", "2026-02-10", "2026-02-16", "2026-02-17"].map(day));
        let expected = [run("2026-02-16", "2026-02-17", 2, true), run("2026-02-02", "2026-02-15", 2, false)];
        assert_eq!(runs(&schedule, &history, "2026-02-18"), expected);
    }

    #[test]
    fn a_rolling_week_is_covered_as_in_loop_habit_tracker_and_ends_today() {
        // The example of Loop's own streaks, whose last one ends in six days there.
        let schedule = Schedule::new(day("2015-01-01"), times(1, Window::RollingDays(7)));
        let history = History::of_days([0, 9, 13, 22].map(|days_ago| day("2015-01-25").add_days(-days_ago)));
        let expected = [run("2015-01-25", "2015-01-25", 1, true), run("2015-01-02", "2015-01-22", 21, false)];
        assert_eq!(runs(&schedule, &history, "2015-01-25"), expected);
        let history = History::of_days([day("2015-01-10")]);
        assert_eq!(runs(&schedule, &history, "2015-01-17"), [run("2015-01-10", "2015-01-16", 7, true)]);
        assert_eq!(runs(&schedule, &history, "2015-01-18"), [run("2015-01-10", "2015-01-16", 7, false)]);
    }

    #[test]
    fn every_third_day_is_a_step() {
        let frequency = Frequency::EveryDays { days: 3, anchor: day("2026-02-02") };
        let schedule = Schedule::new(day("2026-02-02"), Rule { frequency, ..Rule::default() });
        let history = History::of_days(["2026-02-02", "2026-02-05", "2026-02-06", "2026-02-11"].map(day));
        let expected = [run("2026-02-11", "2026-02-11", 1, true), run("2026-02-02", "2026-02-05", 2, false)];
        assert_eq!(runs(&schedule, &history, "2026-02-14"), expected);
    }

    proptest! {
        #[test]
        fn streaks_of_weeks_and_months_are_those_counted_by_the_calendar(
            done in prop::collection::btree_set(0_i32..300, 0..200),
            skipped in prop::collection::vec((0_i32..300, 0_i32..12), 0..4),
            wanted in 1_u16..5,
            by_month in any::<bool>(),
            start in 0_i32..30,
            today in 30_i32..300,
        ) {
            let first = day("2025-08-01");
            let (start, today) = (first.add_days(start), first.add_days(today));
            let window = if by_month { Window::CalendarMonth } else { Window::CalendarWeek };
            let schedule = Schedule::new(start, times(wanted, window));
            let mut history = History::of_days(done.into_iter().map(|days| first.add_days(days)));
            for (from, days) in skipped {
                history.skip(first.add_days(from), first.add_days(from + days));
            }
            let begin = history.first().map_or(start, |first| first.min(start));
            // The same rule: days gathered by the week or month in which they lie, oldest first.
            let mut windows: BTreeMap<Day, Vec<Day>> = BTreeMap::new();
            let last = if by_month { Month::containing(today).last() } else { today.add_days(6 - i32::from(today.weekday().to_monday_zero_offset())) };
            for day in inclusive_range(begin, last) {
                let monday = day.add_days(-i32::from(day.weekday().to_monday_zero_offset()));
                windows.entry(if by_month { Month::containing(day).first() } else { monday }).or_default().push(day);
            }
            let mut lengths = vec![0];
            for (first_day, all) in windows {
                let month = Month::containing(first_day);
                let (length, last) = if by_month { (all.len().max(usize::try_from(month.last().date().day()).unwrap()), month.last()) } else { (7, first_day.add_days(6)) };
                let days: Vec<Day> = all.into_iter().filter(|day| !history.skipped().contains(*day)).collect();
                let wanted = (usize::from(wanted) * days.len()).div_ceil(length).min(days.len());
                let done = days.iter().filter(|day| **day <= today && history.is_done(**day)).count();
                if wanted > 0 && done >= wanted {
                    *lengths.last_mut().unwrap() += 1;
                } else if wanted > 0 && last < today {
                    lengths.push(0);
                }
            }
            let current = *lengths.last().unwrap();
            let expected: Vec<u32> = lengths.into_iter().filter(|length| *length > 0).rev().collect();
            let runs = find_runs(&schedule, &history, today, WeekStart::Monday);
            prop_assert_eq!(runs.iter().map(|run| run.length).collect::<Vec<_>>(), expected);
            prop_assert_eq!(runs.first().filter(|run| run.is_current).map_or(0, |run| run.length), current);
        }
    }
}
