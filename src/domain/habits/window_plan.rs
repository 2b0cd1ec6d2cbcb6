//! Windows of days in which a habit is to be done a number of times, or in which its amounts add up.
//!
//! Each window is judged by one version of the schedule: a week in which the rule changed has two parts, each judged by its own
//! rule. A part, or a window with skipped days, wants its share of the times, rounded up.
//!
//! Figures that go by days need days that were planned. A window has as many of them as it wants times: the first days on which the
//! habit was done and, for what is missing, the last days on which it could still have been done. So a week with two of three
//! has two completed days and one missed day, and a day is missed once nothing can make up for it.

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::day::inclusive_range;
use crate::domain::calendar::month::{Month, week_of};
use crate::domain::habits::day_ranges::DayRange;
use crate::domain::habits::goal::{Goal, GoalPeriod};
use crate::domain::habits::rule::Rule;
use crate::domain::habits::schedule::ScheduleVersion;
use crate::domain::{Day, Frequency, History, Schedule, Window};

/// What a rule wants in each of its windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowRule {
    pub window: Window,
    pub wanted: WindowGoal,
}

/// What is wanted in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowGoal {
    /// To be done on so many days.
    Times(u16),
    /// To reach a sum, from which day on all days of the window count as done.
    Reach,
    /// To stay within a sum, so that the last day of the window counts as done.
    Limit,
}

impl WindowRule {
    /// `None` for a rule that goes by days.
    pub fn of_rule(rule: Rule) -> Option<Self> {
        let period = |per| match per {
            GoalPeriod::Day => None,
            GoalPeriod::Week => Some(Window::CalendarWeek),
            GoalPeriod::Month => Some(Window::CalendarMonth),
        };
        let of_goal = match rule.goal {
            Goal::YesNo => None,
            Goal::AtLeast { per, .. } => period(per).map(|window| Self { window, wanted: WindowGoal::Reach }),
            Goal::AtMost { per, .. } => period(per).map(|window| Self { window, wanted: WindowGoal::Limit }),
        };
        of_goal.or(match rule.frequency {
            Frequency::Times { times, window } => Some(Self { window, wanted: WindowGoal::Times(times) }),
            Frequency::Weekdays | Frequency::EveryDays { .. } => None,
        })
    }

    /// The whole window around `day`. Rolling windows follow each other from `from` on.
    fn around(self, day: Day, from: Day, week_start: WeekStart) -> DayRange {
        match self.window {
            Window::CalendarWeek => {
                let [first, .., last] = week_of(day, week_start);
                DayRange { first, last }
            }
            Window::CalendarMonth => {
                let month = Month::containing(day);
                DayRange { first: month.first(), last: month.last() }
            }
            Window::RollingDays(days) => {
                let into = day.days_since(from) % usize::from(days.max(1));
                let first = day.add_days(-i32::try_from(into).unwrap_or(0));
                DayRange { first, last: first.add_days(i32::from(days) - 1) }
            }
        }
    }
}

/// A window, or the part of it that one version of the schedule judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HabitWindow {
    pub rule: WindowRule,
    /// The days that are judged.
    pub days: DayRange,
    /// The last day of the whole window.
    pub last: Day,
    /// On how many days the habit is to be done.
    pub wanted: u32,
    /// On how many days it was done, up to and including today; 1 or 0 for a sum that was reached or is within its limit so far.
    pub done: u32,
}

impl HabitWindow {
    fn new(rule: WindowRule, whole: DayRange, version: DayRange, history: &History, today: Day) -> Self {
        let days = DayRange { first: whole.first.max(version.first), last: whole.last.min(version.last) };
        let counted = || inclusive_range(days.first, days.last).filter(|day| !history.skipped().contains(*day));
        let count = |days: usize| u32::try_from(days).unwrap_or(0);
        let available = count(counted().count());
        let length = count(whole.last.days_since(whole.first) + 1);
        let (wanted, done) = match rule.wanted {
            WindowGoal::Times(times) => {
                let done = counted().take_while(|day| *day <= today).filter(|day| history.is_done(*day)).count();
                ((u32::from(times) * available).div_ceil(length).min(available), count(done))
            }
            WindowGoal::Reach => (available.min(1), history.is_done(days.last.min(today)).into()),
            WindowGoal::Limit => {
                let last = days.last.min(today.yesterday());
                (available.min(1), (last < days.first || history.is_done(last)).into())
            }
        };
        Self { rule, days, last: whole.last, wanted, done }
    }

    /// Whether enough was done, or not too much. A limit can still be exceeded until its window is over.
    pub fn is_met(&self) -> bool {
        self.done >= self.wanted
    }

    /// The days that count for figures that go by days.
    fn planned_days(&self, history: &History, today: Day) -> Vec<Day> {
        let counted =
            || inclusive_range(self.days.first, self.days.last).filter(|day| !history.skipped().contains(*day));
        let wanted = usize::try_from(self.wanted).unwrap_or(0);
        if self.rule.wanted == WindowGoal::Limit {
            return counted().next_back().into_iter().collect();
        }
        let is_done = |day: &Day| *day <= today && history.is_done(*day);
        let mut planned: Vec<Day> = counted().filter(is_done).take(wanted).collect();
        let missing = wanted - planned.len();
        planned.extend(counted().rev().filter(|day| !is_done(day)).take(missing));
        planned
    }
}

/// Whether a version of the schedule ever had windows.
pub fn has_windows(schedule: &Schedule) -> bool {
    schedule.versions().filter_map(ScheduleVersion::rule).any(|rule| WindowRule::of_rule(rule).is_some())
}

/// Every window up to the one that contains `today`, the newest first. `version` are the days of the version with this rule.
pub fn windows_of(
    rule: WindowRule,
    version: DayRange,
    history: &History,
    today: Day,
    week_start: WeekStart,
) -> impl Iterator<Item = HabitWindow> {
    windows_until(rule, version, history, today, today, week_start)
}

/// Every window up to the one that contains `last`, the newest first.
fn windows_until(
    rule: WindowRule,
    version: DayRange,
    history: &History,
    today: Day,
    last: Day,
    week_start: WeekStart,
) -> impl Iterator<Item = HabitWindow> {
    let mut next = Some(version.last.min(last)).filter(|day| version.first <= *day);
    std::iter::from_fn(move || {
        let day = next?;
        let whole = rule.around(day, version.first, week_start);
        next = Some(whole.first.yesterday()).filter(|day| version.first <= *day && *day < whole.first);
        Some(HabitWindow::new(rule, whole, version, history, today))
    })
}

/// The days of each version with its rule, the newest first. The first version also applies to the days before it. Archived
/// versions are left out.
pub fn rules_backward(schedule: &Schedule, first: Day) -> impl Iterator<Item = (DayRange, Rule)> {
    let mut versions: Vec<_> = schedule.versions().collect();
    let mut last = Day::LAST;
    std::iter::from_fn(move || {
        let version = versions.pop()?;
        let from = if versions.is_empty() { version.from.min(first) } else { version.from };
        let days = DayRange { first: from, last };
        last = version.from.yesterday();
        Some(version.rule().map(|rule| (days, rule)))
    })
    .flatten()
}

/// The window of `day`, if its version has windows and the habit had begun.
pub fn window_on(
    schedule: &Schedule,
    history: &History,
    day: Day,
    today: Day,
    week_start: WeekStart,
) -> Option<HabitWindow> {
    let (version, rule) = rules_backward(schedule, schedule.start()).find(|(days, _)| days.contains(day))?;
    let rule = WindowRule::of_rule(rule)?;
    let whole = rule.around(day, version.first, week_start);
    Some(HabitWindow::new(rule, whole, version, history, today))
}

/// The window that had what it wants before `day`, so that the habit may rest. It doesn't on the day on which the window
/// got that, and when it goes by days.
pub fn resting_window(schedule: &Schedule, history: &History, day: Day, week_start: WeekStart) -> Option<Window> {
    let window = window_on(schedule, history, day, day, week_start).filter(|_| !history.is_done(day))?;
    (window.rule.wanted != WindowGoal::Limit && window.is_met()).then_some(window.rule.window)
}

/// Marks the days that need not be planned days: see the description of this module. The history of a habit that always went by
/// days stays as it is.
#[must_use]
pub fn plan_windows(schedule: &Schedule, history: History, today: Day, week_start: WeekStart) -> History {
    let days = DayRange { first: schedule.start(), last: today };
    plan_windows_in(days, schedule, history, today, week_start)
}

/// [`plan_windows`] of the windows that have one of these days, also windows to come.
#[must_use]
pub fn plan_windows_in(
    days: DayRange,
    schedule: &Schedule,
    mut history: History,
    today: Day,
    week_start: WeekStart,
) -> History {
    let mut unplanned = Vec::new();
    let versions = rules_backward(schedule, schedule.start()).take_while(|(version, _)| days.first <= version.last);
    for (version, rule) in versions {
        let Some(rule) = WindowRule::of_rule(rule) else { continue };
        let windows = windows_until(rule, version, &history, today, days.last, week_start);
        for window in windows.take_while(|window| days.first <= window.days.last) {
            let planned = window.planned_days(&history, today);
            unplanned.extend(inclusive_range(window.days.first, window.days.last).filter(|day| !planned.contains(day)));
        }
    }
    unplanned.sort_unstable();
    for day in unplanned {
        history.mark_unplanned(day);
    }
    history
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn times(times: u16, window: Window) -> Rule {
        Rule { frequency: Frequency::Times { times, window }, ..Rule::default() }
    }

    fn plan(schedule: &Schedule, history: History, today: &str) -> History {
        plan_windows(schedule, history, day(today), WeekStart::Monday)
    }

    #[test]
    fn a_week_with_two_of_three_has_one_missed_day() {
        // February 2, 2026 is a Monday.
        let schedule = Schedule::new(day("2026-02-02"), times(3, Window::CalendarWeek));
        let history = plan(&schedule, History::of_days(["2026-02-02", "2026-02-04"].map(day)), "2026-02-09");
        let counted = |first, last| {
            let days = inclusive_range(day(first), day(last)).filter(|day| history.counts(*day));
            days.map(|day| day.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(counted("2026-02-02", "2026-02-08"), ["2026-02-02", "2026-02-04", "2026-02-08"]);
        assert_eq!(counted("2026-02-09", "2026-02-15"), ["2026-02-13", "2026-02-14", "2026-02-15"]);
    }

    #[test]
    fn a_habit_rests_once_its_week_has_what_it_wants() {
        let schedule = Schedule::new(day("2026-02-02"), times(2, Window::CalendarWeek));
        let history = History::of_days(["2026-02-02", "2026-02-04"].map(day));
        let resting = inclusive_range(day("2026-02-02"), day("2026-02-09"))
            .map(|day| resting_window(&schedule, &history, day, WeekStart::Monday).is_some());
        assert_eq!(resting.collect::<Vec<_>>(), [false, false, false, true, true, true, true, false]);
    }

    #[test]
    fn part_of_a_week_wants_its_share_rounded_up() {
        let wanted = |schedule: &Schedule, skipped: &[&str], at: &str| {
            let mut history = History::default();
            for text in skipped {
                history.skip(day(text), day(text));
            }
            window_on(schedule, &history, day(at), day("2026-03-01"), WeekStart::Monday).map(|window| window.wanted)
        };
        let friday = Schedule::new(day("2026-02-06"), times(3, Window::CalendarWeek));
        assert_eq!(wanted(&friday, &[], "2026-02-06"), Some(2), "three of seven days are left");
        assert_eq!(wanted(&friday, &[], "2026-02-09"), Some(3));
        assert_eq!(wanted(&friday, &["2026-02-09", "2026-02-10"], "2026-02-09"), Some(3));
        assert_eq!(wanted(&friday, &["2026-02-06", "2026-02-07", "2026-02-08"], "2026-02-06"), Some(0));
        let mut changed = friday.clone();
        changed.change_from(day("2026-02-11"), times(7, Window::CalendarWeek));
        assert_eq!([wanted(&changed, &[], "2026-02-10"), wanted(&changed, &[], "2026-02-11")], [Some(1), Some(5)]);
        changed.change_from(day("2026-02-18"), Rule::default());
        assert_eq!(wanted(&changed, &[], "2026-02-18"), None, "every day has no windows");
    }

    /// The first day of the window that contains `day`, which names it, and how many days it has.
    fn name_of(window: Window, start: Day, day: Day) -> (Day, u32) {
        match window {
            Window::CalendarWeek => (day.add_days(-i32::from(day.weekday().to_monday_zero_offset())), 7),
            Window::CalendarMonth => {
                let month = Month::containing(day);
                (month.first(), u32::from(month.last().date().day().unsigned_abs()))
            }
            Window::RollingDays(days) => {
                let block = day.days_since(start) / usize::from(days);
                (start.add_days(i32::try_from(block).unwrap() * i32::from(days)), u32::from(days))
            }
        }
    }

    fn any_window() -> impl Strategy<Value = Window> {
        prop_oneof![Just(Window::CalendarWeek), Just(Window::CalendarMonth), (1_u16..20).prop_map(Window::RollingDays),]
    }

    proptest! {
        #[test]
        fn a_window_has_as_many_planned_days_as_it_wants_and_the_missed_ones_come_last(
            window in any_window(),
            times_wanted in 1_u16..8,
            done in prop::collection::btree_set(0_i32..120, 0..80),
            skipped in prop::collection::btree_set(0_i32..120, 0..20),
            start in 0_i32..20,
            today in 20_i32..120,
        ) {
            let first = day("2025-12-01");
            let (start, today) = (first.add_days(start), first.add_days(today));
            let done: BTreeSet<Day> = done.into_iter().map(|days| first.add_days(days)).collect();
            let mut history = History::of_days(done.iter().copied());
            for days in &skipped {
                history.skip(first.add_days(*days), first.add_days(*days));
            }
            let schedule = Schedule::new(start, times(times_wanted, window));
            let history = plan_windows(&schedule, history, today, WeekStart::Monday);
            // The same rule: each day, looked up by the window that contains it.
            let mut windows: BTreeMap<(Day, u32), Vec<Day>> = BTreeMap::new();
            for day in inclusive_range(start, today.add_days(40)) {
                windows.entry(name_of(window, start, day)).or_default().push(day);
            }
            for ((first_day, length), days) in windows.into_iter().filter(|((first, _), _)| *first <= today) {
                let days: Vec<Day> = days.into_iter().filter(|day| !history.skipped().contains(*day)).collect();
                let available = u32::try_from(days.len()).unwrap();
                let wanted = (u32::from(times_wanted) * available).div_ceil(length).min(available) as usize;
                let is_done = |day: &&Day| **day <= today && done.contains(*day);
                let done_count = days.iter().filter(is_done).count();
                let planned: Vec<Day> = days.iter().copied().filter(|day| history.counts(*day)).collect();
                prop_assert_eq!(planned.len(), wanted, "{}", first_day);
                prop_assert_eq!(planned.iter().filter(is_done).count(), done_count.min(wanted));
                let missing = wanted.saturating_sub(done_count);
                let open: Vec<&Day> = days.iter().filter(|day| !is_done(day)).collect();
                let last: Vec<&Day> = open[open.len() - missing..].to_vec();
                prop_assert_eq!(planned.iter().filter(|day| !is_done(day)).collect::<Vec<_>>(), last);
            }
        }
    }
}
