//! The longest streaks of a habit, with their dates.

use std::cmp::Reverse;

use crate::domain::Day;
use crate::domain::habits::history::History;
use crate::domain::habits::schedule::Schedule;
use crate::domain::habits::streak::scheduled_days;

/// The most streaks that are listed.
pub const MAX_LISTED: usize = 10;

/// One streak: scheduled days in a row that were completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreakRun {
    /// The first completed day.
    pub first: Day,
    /// The last completed day.
    pub last: Day,
    /// In scheduled days.
    pub length: u32,
    /// Whether it can still be extended.
    pub is_current: bool,
}

/// The longest streaks as of `today`, longest first and of equal ones the newest first. The current streak comes last when it
/// isn't among them.
pub fn find_best_streaks(schedule: &Schedule, history: &History, today: Day) -> Vec<StreakRun> {
    let mut runs = find_runs(schedule, history, today);
    runs.sort_by_key(|run| Reverse(run.length));
    let current = runs.iter().skip(MAX_LISTED).find(|run| run.is_current).copied();
    runs.truncate(MAX_LISTED);
    runs.extend(current);
    runs
}

/// Every streak, newest first.
fn find_runs(schedule: &Schedule, history: &History, today: Day) -> Vec<StreakRun> {
    let (mut runs, mut run, mut is_current) = (Vec::new(), None::<StreakRun>, true);
    for (days_ago, is_done) in scheduled_days(schedule, history, today) {
        if is_done {
            let day = today.add_days(-i32::try_from(days_ago).unwrap_or(0));
            let begun = run.unwrap_or(StreakRun { first: day, last: day, length: 0, is_current });
            run = Some(StreakRun { first: day, length: begun.length + 1, ..begun });
        } else if days_ago > 0 {
            runs.extend(run.take());
            is_current = false;
        }
    }
    runs.extend(run);
    runs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Weekdays;
    use crate::domain::calendar::day::inclusive_range;
    use crate::domain::habits::streak::compute_streak;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn the_ten_longest_streaks_come_with_their_dates_and_the_current_one_is_never_missing() {
        let daily = Schedule::new(day("2026-01-01"), Weekdays::ALL);
        // Eleven streaks of two days, a pair every third day, then yesterday alone.
        let pairs = (0..11).flat_map(|pair| [3 * pair, 3 * pair + 1]).map(|days| day("2026-01-01").add_days(days));
        let history = History::of_days(pairs.chain([day("2026-02-11")]));
        let best = find_best_streaks(&daily, &history, day("2026-02-12"));
        assert_eq!(best.len(), 11);
        let newest = StreakRun { first: day("2026-01-31"), last: day("2026-02-01"), length: 2, is_current: false };
        assert_eq!(best[0], newest);
        assert_eq!(best[9].first, day("2026-01-04"), "the oldest of the equal ones is left out");
        let yesterday = day("2026-02-11");
        assert_eq!(best[10], StreakRun { first: yesterday, last: yesterday, length: 1, is_current: true });
        assert!(find_best_streaks(&daily, &History::default(), yesterday).is_empty());
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
            Some(StreakRun { first, last: last_day, length, is_current: index == last })
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
            let runs = find_runs(&schedule, &history, today);
            prop_assert_eq!(&runs, &reference_runs(&schedule, &history, today));
            let best = find_best_streaks(&schedule, &history, today);
            let streak = compute_streak(&schedule, &history, today);
            prop_assert_eq!(best.first().map_or(0, |run| run.length), streak.longest);
            let current = best.iter().find(|run| run.is_current);
            prop_assert_eq!(current.map_or(0, |run| run.length), streak.current);
            prop_assert!(best.len() <= MAX_LISTED + 1);
        }
    }
}
