//! How many days lie between two completions of a habit, how many the user wants, and for how long the habit has been overdue.
//!
//! Skipped days and days in the archive are left out. A habit is overdue since the first planned day that was missed after the last
//! completion, so a habit for Mondays and Thursdays isn't overdue on a Tuesday.

use crate::domain::calendar::day::inclusive_range;
use crate::domain::habits::goal::{Goal, GoalPeriod};
use crate::domain::habits::review::{DayStatus, status_of};
use crate::domain::habits::rule::Rule;
use crate::domain::habits::totals::active_days;
use crate::domain::{Day, History, Schedule};

/// The interval of a habit that is to be done now and then: not of a limit, and not of an amount for a week or month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompletionInterval {
    /// In days, since the frequency last changed; `None` before the second completion.
    pub average: Option<f64>,
    /// In days: 3.5 for twice a week.
    pub wanted: f64,
    /// For how many days a planned day has been missed without a completion since.
    pub overdue: Option<u32>,
}

/// The interval as of `today`; `None` for an archived habit.
pub fn compute_interval(schedule: &Schedule, history: &History, today: Day) -> Option<CompletionInterval> {
    let rule = schedule.rule_on(today).filter(|rule| has_interval(*rule))?;
    let counts = |day: &Day| !history.skipped().contains(*day) && schedule.rule_on(*day).is_some();
    let count = |first: Day, last: Day| u32::try_from(inclusive_range(first, last).filter(counts).count()).unwrap_or(0);
    let since = frequency_since(schedule, rule, today);
    let active: Vec<Day> = active_days(schedule, history, today).filter(counts).collect();
    let recent =
        active.get(active.partition_point(|day| since.is_some_and(|since| *day < since))..).unwrap_or_default();
    let average = match recent {
        [first, .., last] => {
            let intervals = u32::try_from(recent.len() - 1).unwrap_or(u32::MAX);
            Some(f64::from(count(first.add_days(1), *last)) / f64::from(intervals))
        }
        _ => None,
    };
    let first_open = active.last().map_or(schedule.start(), |last| last.add_days(1));
    let is_missed = |day: &Day| status_of(schedule, history, *day, today) == DayStatus::Missed;
    let missed = inclusive_range(first_open, today).find(is_missed);
    Some(CompletionInterval {
        average,
        wanted: 1.0 / rule.frequency.ratio(rule.weekdays).per_day(),
        overdue: missed.map(|missed| count(missed.add_days(1), today)).filter(|days| *days > 0),
    })
}

fn has_interval(rule: Rule) -> bool {
    matches!(rule.goal, Goal::YesNo | Goal::AtLeast { per: GoalPeriod::Day, .. })
}

/// The day from which the frequency of `rule` has been wanted; `None` if it always was.
fn frequency_since(schedule: &Schedule, rule: Rule, today: Day) -> Option<Day> {
    let ratio = |rule: Rule| rule.frequency.ratio(rule.weekdays);
    let versions: Vec<_> = schedule.versions().filter(|version| version.from <= today).collect();
    let is_same = |other: Option<Rule>| other.is_none_or(|other| has_interval(other) && ratio(other) == ratio(rule));
    let other = versions.iter().rposition(|version| !is_same(version.rule()))?;
    versions.get(other + 1).map(|version| version.from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::accounts::preferences::WeekStart;
    use crate::domain::habits::amount::Amount;
    use crate::domain::habits::window_plan::plan_windows;
    use crate::domain::{Frequency, Weekdays, Window};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn interval(schedule: &Schedule, done: &[&str], today: &str) -> (Option<f64>, f64, Option<u32>) {
        let history = History::of_days(done.iter().map(|text| day(text)));
        let history = plan_windows(schedule, history, day(today), WeekStart::Monday);
        let found = compute_interval(schedule, &history, day(today)).unwrap();
        (found.average, found.wanted, found.overdue)
    }

    #[test]
    fn a_habit_is_overdue_since_the_first_planned_day_that_was_missed() {
        // February 2, 2026 is a Monday.
        let schedule = Schedule::new(day("2026-02-02"), Weekdays::parse([1, 4]).unwrap());
        let done = ["2026-02-02"];
        for (today, overdue) in
            [("2026-02-03", None), ("2026-02-05", None), ("2026-02-06", Some(1)), ("2026-02-09", Some(4))]
        {
            assert_eq!(interval(&schedule, &done, today), (None, 3.5, overdue), "{today}");
        }
        let again = ["2026-02-02", "2026-02-05", "2026-02-07"];
        assert_eq!(interval(&schedule, &again, "2026-02-08"), (Some(2.5), 3.5, None));
        assert_eq!(interval(&schedule, &[], "2026-02-03").2, Some(1), "never done");
    }

    #[test]
    fn three_times_a_week_are_overdue_once_the_week_cannot_have_them_all() {
        let rule = Rule { frequency: Frequency::Times { times: 3, window: Window::CalendarWeek }, ..Rule::default() };
        let schedule = Schedule::new(day("2026-02-02"), rule);
        let done = ["2026-02-02", "2026-02-03", "2026-02-04"];
        for (today, overdue) in [("2026-02-13", None), ("2026-02-14", Some(1)), ("2026-02-16", Some(3))] {
            assert_eq!(interval(&schedule, &done, today), (Some(1.0), 7.0 / 3.0, overdue), "{today}");
        }
    }

    #[test]
    fn only_completions_since_the_frequency_changed_have_an_average_and_the_archive_is_left_out() {
        let mut schedule = Schedule::new(day("2026-01-01"), Weekdays::ALL);
        let every_other_day =
            Rule { frequency: Frequency::EveryDays { days: 2, anchor: day("2026-02-01") }, ..Rule::default() };
        schedule.change_from(day("2026-02-01"), every_other_day);
        let done = ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-03", "2026-02-21"];
        assert_eq!(interval(&schedule, &done, "2026-02-21").0, Some(10.0));
        schedule.pause_from(day("2026-02-05"));
        assert_eq!(compute_interval(&schedule, &History::default(), day("2026-02-05")), None);
        schedule.resume_from(day("2026-02-19"));
        assert_eq!(interval(&schedule, &done, "2026-02-21").0, Some(3.0));
    }

    #[test]
    fn a_limit_has_no_interval() {
        let goal = Goal::AtMost { target: Amount::ONE, per: GoalPeriod::Day };
        let schedule = Schedule::new(day("2026-01-01"), Rule { goal, ..Rule::default() });
        assert_eq!(compute_interval(&schedule, &History::default(), day("2026-02-01")), None);
    }

    proptest! {
        #[test]
        fn the_average_is_the_mean_of_the_intervals_without_skipped_days(
            done in prop::collection::btree_set(0_i32..120, 2..60),
            skipped in prop::collection::btree_set(0_i32..120, 0..30),
            weekdays in prop::collection::vec(1_i64..=7, 1..7),
        ) {
            let first = day("2026-01-01");
            let schedule = Schedule::new(first, Weekdays::parse(weekdays).unwrap());
            let mut history = History::of_days(done.iter().map(|days| first.add_days(*days)));
            for days in &skipped {
                history.skip(first.add_days(*days), first.add_days(*days));
            }
            let found = compute_interval(&schedule, &history, first.add_days(125)).unwrap();
            // The same rule: number the days that aren't skipped, and average the differences.
            let counted: Vec<i32> = (0..=125).filter(|day| !skipped.contains(day)).collect();
            let numbers: Vec<usize> = counted.iter().enumerate().filter(|(_, day)| done.contains(day)).map(|(at, _)| at).collect();
            let gaps: Vec<f64> = numbers.windows(2).map(|pair| f64::from(u32::try_from(pair[1] - pair[0]).unwrap())).collect();
            match found.average {
                None => prop_assert!(gaps.is_empty()),
                Some(average) => {
                    let mean = gaps.iter().sum::<f64>() / f64::from(u32::try_from(gaps.len()).unwrap());
                    prop_assert!((average - mean).abs() < 1e-9, "{} instead of {}", average, mean);
                }
            }
            let missed = counted.iter().copied().find(|at| {
                let day = first.add_days(*at);
                *at < 125 && numbers.last().is_none_or(|last| *at > counted[*last]) && schedule.is_scheduled(day) && !done.contains(at)
            });
            let overdue = missed.map(|missed| u32::try_from(counted.iter().filter(|at| **at > missed).count()).unwrap());
            prop_assert_eq!(found.overdue, overdue);
        }
    }
}
