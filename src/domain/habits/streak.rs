//! Streaks: how many scheduled days in a row were completed, or how many weeks or months in which a habit was done often enough.
//!
//! Days without a schedule neither break nor extend a streak, and neither do skipped days. Today does not break it as long as it
//! can still be completed, and the current week or month doesn't until it's over.

use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::habits::history::History;
use crate::domain::habits::schedule::Schedule;
use crate::domain::habits::streak_runs::{StreakUnit, current_run, find_runs};
use crate::domain::habits::window_plan::has_windows;

/// The lengths of a habit's streaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Streak {
    /// The streak that ends today, or yesterday while today is due.
    pub current: u32,
    /// The longest one that is counted in `unit`.
    pub longest: u32,
    pub unit: StreakUnit,
}

/// The current and the longest streak as of `today`. Later completions are ignored.
pub fn compute_streak(schedule: &Schedule, history: &History, today: Day, week_start: WeekStart) -> Streak {
    if !has_windows(schedule) {
        return compute_day_streak(schedule, history, today);
    }
    let unit = StreakUnit::of_rule(schedule.rule_as_of(today));
    let runs = find_runs(schedule, history, today, week_start);
    let longest = runs.iter().filter(|run| run.unit == unit).map(|run| run.length).max().unwrap_or(0);
    let current = runs.first().filter(|run| run.is_current).map_or(0, |run| run.length);
    Streak { current, longest, unit }
}

fn compute_day_streak(schedule: &Schedule, history: &History, today: Day) -> Streak {
    let (mut run, mut longest, mut current) = (0, 0, None);
    for (days_ago, is_done) in scheduled_days(schedule, history, today) {
        if is_done {
            run += 1;
            longest = longest.max(run);
        } else if days_ago > 0 {
            current.get_or_insert(run);
            run = 0;
        }
    }
    Streak { current: current.unwrap_or(run), longest, unit: StreakUnit::Day }
}

/// Only the current streak. It stops at the first missed day, so its cost is the length of the streak.
pub fn current_streak(schedule: &Schedule, history: &History, today: Day, week_start: WeekStart) -> u32 {
    if has_windows(schedule) {
        return current_run(schedule, history, today, week_start);
    }
    let mut length = 0;
    for (days_ago, is_done) in scheduled_days(schedule, history, today) {
        match is_done {
            true => length += 1,
            false if days_ago > 0 => break,
            false => {}
        }
    }
    length
}

/// The scheduled days up to `today`, latest first: how many days ago each is, and whether it was completed. Days are counted
/// instead of turned into dates, which takes a microsecond for a year of one habit.
pub(super) fn scheduled_days(
    schedule: &Schedule,
    history: &History,
    today: Day,
) -> impl Iterator<Item = (usize, bool)> {
    let days = history.backward_from(today).zip(schedule.backward_from(today)).enumerate();
    let scheduled = days.filter(|(_, (_, is_scheduled))| *is_scheduled);
    let counting = scheduled.filter(move |(days_ago, _)| !history.is_skipped(today, *days_ago));
    counting.map(|(days_ago, (is_done, _))| (days_ago, is_done))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::calendar::day::inclusive_range;
    use crate::domain::{Weekdays, Zone};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn lengths(schedule: &Schedule, done: &[&str], today: &str) -> (u32, u32) {
        let history = History::of_days(done.iter().map(|text| day(text)));
        let found = compute_streak(schedule, &history, day(today), WeekStart::Monday);
        assert_eq!(
            current_streak(schedule, &history, day(today), WeekStart::Monday),
            found.current,
            "{done:?} as of {today}"
        );
        (found.current, found.longest)
    }

    fn on(weekdays: &[i64]) -> Schedule {
        Schedule::new(day("2024-01-01"), Weekdays::parse(weekdays.iter().copied()).unwrap())
    }

    #[test]
    fn streaks_of_typical_histories() {
        let daily = on(&[1, 2, 3, 4, 5, 6, 7]);
        let mwf = on(&[1, 3, 5]);
        // 2026-02-09 is a Monday.
        assert_eq!(lengths(&daily, &[], "2026-02-12"), (0, 0));
        assert_eq!(lengths(&mwf, &["2026-02-09", "2026-02-11"], "2026-02-13"), (2, 2), "a due Friday breaks nothing");
        assert_eq!(
            lengths(&mwf, &["2026-02-09", "2026-02-11"], "2026-02-14"),
            (0, 2),
            "on Saturday the Friday was missed"
        );
        assert_eq!(
            lengths(&mwf, &["2026-02-09", "2026-02-10", "2026-02-11"], "2026-02-12"),
            (2, 2),
            "a Tuesday does not count"
        );
        assert_eq!(lengths(&daily, &["2026-02-12"], "2026-02-12"), (1, 1));
        assert_eq!(lengths(&daily, &["2026-02-11"], "2026-02-12"), (1, 1));
        assert_eq!(lengths(&daily, &["2026-02-10"], "2026-02-12"), (0, 1));
        assert_eq!(lengths(&daily, &["2026-02-13"], "2026-02-12"), (0, 0), "tomorrow does not count");
        assert_eq!(
            lengths(&daily, &["2026-02-01", "2026-02-02", "2026-02-03", "2026-02-11", "2026-02-12"], "2026-02-12"),
            (2, 3)
        );
        // A leap day is a day like any other, and so is New Year's.
        assert_eq!(lengths(&daily, &["2024-02-28", "2024-02-29", "2024-03-01"], "2024-03-01"), (3, 3));
        assert_eq!(lengths(&daily, &["2025-12-31", "2026-01-01"], "2026-01-01"), (2, 2));
        // Days are civil dates, so the nights that clocks change are days like any other.
        assert_eq!(lengths(&daily, &["2026-03-07", "2026-03-08", "2026-03-09"], "2026-03-09"), (3, 3));
        assert_eq!(lengths(&daily, &["2026-10-31", "2026-11-01", "2026-11-02"], "2026-11-02"), (3, 3));
        // A streak continues from Sunday to Monday, no matter on which day the week begins.
        assert_eq!(lengths(&on(&[7, 1]), &["2026-02-08", "2026-02-09"], "2026-02-09"), (2, 2));
    }

    #[test]
    fn a_new_schedule_neither_breaks_nor_repairs_past_streaks() {
        let mut schedule = on(&[1]);
        schedule.change_from(day("2026-02-11"), Weekdays::ALL);
        // Two Mondays under the old schedule, then every day.
        let done = ["2026-02-02", "2026-02-09", "2026-02-11", "2026-02-12"];
        assert_eq!(lengths(&schedule, &done, "2026-02-12"), (4, 4));
        let mut narrower = on(&[1, 2, 3, 4, 5, 6, 7]);
        narrower.change_from(day("2026-02-11"), Weekdays::parse([1]).unwrap());
        assert_eq!(
            lengths(&narrower, &["2026-02-08", "2026-02-10"], "2026-02-12"),
            (1, 1),
            "the missed Monday stays missed"
        );
    }

    #[test]
    fn a_pause_does_not_break_a_streak() {
        let mut schedule = on(&[1, 2, 3, 4, 5, 6, 7]);
        schedule.pause_from(day("2026-02-05"));
        schedule.resume_from(day("2026-02-11"));
        assert_eq!(lengths(&schedule, &["2026-02-03", "2026-02-04", "2026-02-11", "2026-02-12"], "2026-02-12"), (4, 4));
    }

    #[test]
    fn another_time_zone_changes_today_and_not_the_past() {
        let daily = on(&[1, 2, 3, 4, 5, 6, 7]);
        let done = ["2026-02-10", "2026-02-11"];
        let now: Timestamp = "2026-02-12T10:30:00Z".parse().unwrap();
        for (zone, expected) in [("Pacific/Kiritimati", 0), ("UTC", 2), ("Pacific/Pago_Pago", 2)] {
            let today = Day::at(now, &Zone::parse(zone).unwrap());
            assert_eq!(lengths(&daily, &done, &today.to_string()).0, expected, "{zone}, where it is {today}");
        }
    }

    /// The same rule, computed forward and by dates.
    fn reference_streak(schedule: &Schedule, history: &History, today: Day) -> Streak {
        let Some(first) = history.first().filter(|first| *first <= today) else { return Streak::default() };
        let mut streak = Streak::default();
        for day in inclusive_range(first, today).filter(|day| schedule.matches_day(*day) && history.counts(*day)) {
            if history.is_done(day) {
                streak.current += 1;
                streak.longest = streak.longest.max(streak.current);
            } else if day != today {
                streak.current = 0;
            }
        }
        streak
    }

    proptest! {
        #[test]
        fn counting_days_agrees_with_walking_dates(
            done in prop::collection::btree_set(0_i32..900, 0..700),
            skipped in prop::collection::btree_set(0_i32..900, 0..40),
            first in 0_i32..20_000,
            changes in prop::collection::vec((0_i32..900, prop::option::of(1_i64..=7)), 0..5),
            today in -5_i32..905,
        ) {
            let first = day("1971-03-01").add_days(first);
            let mut schedule = Schedule::new(first.add_days(30), Weekdays::parse([1, 2, 4, 5, 6]).unwrap());
            for (at, weekday) in changes {
                match weekday {
                    Some(weekday) => schedule.change_from(first.add_days(at), Weekdays::parse([weekday, 3]).unwrap()),
                    None => schedule.pause_from(first.add_days(at)),
                }
            }
            let mut history = History::of_days(done.into_iter().map(|offset| first.add_days(offset)));
            for offset in skipped {
                history.skip(first.add_days(offset), first.add_days(offset));
            }
            let today = first.add_days(today);
            let expected = reference_streak(&schedule, &history, today);
            prop_assert_eq!(compute_streak(&schedule, &history, today, WeekStart::Monday), expected);
            prop_assert_eq!(current_streak(&schedule, &history, today, WeekStart::Monday), expected.current);
        }

        #[test]
        fn the_current_streak_agrees_with_the_full_computation(
            done in prop::collection::btree_set(0_i32..120, 0..120),
            weekdays in prop::collection::vec(1_i64..=7, 1..7),
            change in prop::option::of((1_i32..119, 1_i64..=7)),
            today in 0_i32..120,
        ) {
            let first = day("2025-11-15");
            let mut schedule = Schedule::new(first, Weekdays::parse(weekdays).unwrap());
            if let Some((at, weekday)) = change {
                schedule.change_from(first.add_days(at), Weekdays::parse([weekday]).unwrap());
            }
            let days: Vec<Day> = done.into_iter().map(|offset| first.add_days(offset)).collect();
            let history = History::of_days(days.iter().copied());
            let today = first.add_days(today);
            let whole = compute_streak(&schedule, &history, today, WeekStart::Monday);
            prop_assert_eq!(current_streak(&schedule, &history, today, WeekStart::Monday), whole.current);
            prop_assert!(whole.longest >= whole.current);
        }
    }
}
