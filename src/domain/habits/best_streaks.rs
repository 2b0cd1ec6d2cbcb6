//! The longest streaks of a habit, with their dates.

use std::cmp::Reverse;

use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::habits::history::History;
use crate::domain::habits::schedule::Schedule;
use crate::domain::habits::streak_runs::{StreakRun, find_runs};

/// The most streaks that are listed.
pub const MAX_LISTED: usize = 10;

/// The longest streaks as of `today`, longest first and of equal ones the newest first. The current streak comes last when it
/// isn't among them.
pub fn find_best_streaks(schedule: &Schedule, history: &History, today: Day, week_start: WeekStart) -> Vec<StreakRun> {
    let mut runs = find_runs(schedule, history, today, week_start);
    runs.sort_by_key(|run| Reverse(run.length * run.unit.days()));
    let current = runs.iter().skip(MAX_LISTED).find(|run| run.is_current).copied();
    runs.truncate(MAX_LISTED);
    runs.extend(current);
    runs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Weekdays;
    use crate::domain::calendar::day::inclusive_range;
    use crate::domain::habits::streak::compute_streak;
    use crate::domain::habits::streak_runs::StreakUnit;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn the_ten_longest_streaks_come_with_their_dates_and_the_current_one_is_never_missing() {
        let daily = Schedule::new(day("2026-01-01"), Weekdays::ALL);
        // Eleven streaks of two days, a pair every third day, then yesterday alone.
        let pairs = (0..11).flat_map(|pair| [3 * pair, 3 * pair + 1]).map(|days| day("2026-01-01").add_days(days));
        let history = History::of_days(pairs.chain([day("2026-02-11")]));
        let best = find_best_streaks(&daily, &history, day("2026-02-12"), WeekStart::Monday);
        assert_eq!(best.len(), 11);
        let newest = StreakRun {
            first: day("2026-01-31"),
            last: day("2026-02-01"),
            length: 2,
            is_current: false,
            unit: StreakUnit::Day,
        };
        assert_eq!(best[0], newest);
        assert_eq!(best[9].first, day("2026-01-04"), "the oldest of the equal ones is left out");
        let yesterday = day("2026-02-11");
        assert_eq!(
            best[10],
            StreakRun { first: yesterday, last: yesterday, length: 1, is_current: true, unit: StreakUnit::Day }
        );
        assert!(find_best_streaks(&daily, &History::default(), yesterday, WeekStart::Monday).is_empty());
    }

    /// The same rule, computed forward and by dates.
    fn reference_runs(schedule: &Schedule, history: &History, today: Day) -> Vec<StreakRun> {
        let Some(first) = history.first().filter(|first| *first <= today) else { return Vec::new() };
        let (mut runs, mut days) = (Vec::new(), Vec::new());
        for day in inclusive_range(first, today).filter(|day| schedule.matches_day(*day)) {
            if history.is_done(day) {
                days.push(day);
            } else if day != today {
                runs.push(std::mem::take(&mut days));
            }
        }
        let last = runs.len();
        runs.push(days);
        let run = |(index, days): (usize, Vec<Day>)| {
            let (first, last_day) = (*days.first()?, *days.last()?);
            let length = u32::try_from(days.len()).unwrap();
            Some(StreakRun { first, last: last_day, length, is_current: index == last, unit: StreakUnit::Day })
        };
        runs.into_iter().enumerate().filter_map(run).rev().collect()
    }

    proptest! {
        #[test]
        fn streaks_found_backward_are_those_found_forward(
            done in prop::collection::btree_set(0_i32..400, 0..380),
            changes in prop::collection::vec((0_i32..400, prop::option::of(1_i64..=7)), 0..4),
            today in 0_i32..405,
        ) {
            let first = day("2025-03-01");
            let mut schedule = Schedule::new(first.add_days(20), Weekdays::parse([1, 2, 4, 5, 6]).unwrap());
            for (at, weekday) in changes {
                match weekday {
                    Some(weekday) => schedule.change_from(first.add_days(at), Weekdays::parse([weekday, 3]).unwrap()),
                    None => schedule.pause_from(first.add_days(at)),
                }
            }
            let (history, today) = (History::of_days(done.into_iter().map(|days| first.add_days(days))), first.add_days(today));
            let runs = find_runs(&schedule, &history, today, WeekStart::Monday);
            prop_assert_eq!(&runs, &reference_runs(&schedule, &history, today));
            let best = find_best_streaks(&schedule, &history, today, WeekStart::Monday);
            let streak = compute_streak(&schedule, &history, today, WeekStart::Monday);
            prop_assert_eq!(best.first().map_or(0, |run| run.length), streak.longest);
            let current = best.iter().find(|run| run.is_current);
            prop_assert_eq!(current.map_or(0, |run| run.length), streak.current);
            prop_assert!(best.len() <= MAX_LISTED + 1);
        }
    }
}
