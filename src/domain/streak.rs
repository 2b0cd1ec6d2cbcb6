//! Streaks: how many planned days in a row were done.
//!
//! Days that were not planned neither break a streak nor lengthen it; an open today does not break it either.

use super::Day;
use super::history::History;
use super::schedule::Schedule;

/// Planned days in a row that were done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Streak {
    /// Up to today; up to yesterday while today is planned and open.
    pub current: u32,
    /// The most there ever were.
    pub longest: u32,
}

/// Current and longest streak as of `today`. Ticks after `today` do not count.
pub fn streak(schedule: &Schedule, history: &History, today: Day) -> Streak {
    let (mut run, mut longest, mut current) = (0, 0, None);
    for (back, done) in planned(schedule, history, today) {
        if done {
            run += 1;
            longest = longest.max(run);
        } else if back > 0 {
            current.get_or_insert(run);
            run = 0;
        }
    }
    Streak { current: current.unwrap_or(run), longest }
}

/// The current streak alone. Looks back only as far as the first miss, so it costs what it is long.
pub fn current(schedule: &Schedule, history: &History, today: Day) -> u32 {
    let mut length = 0;
    for (back, done) in planned(schedule, history, today) {
        match done {
            true => length += 1,
            false if back > 0 => break,
            false => {}
        }
    }
    length
}

/// The planned days up to `today`, the latest first: how many days back, and whether it was done. Days are counted and not
/// made into dates: a year of one habit takes a microsecond.
fn planned(schedule: &Schedule, history: &History, today: Day) -> impl Iterator<Item = (usize, bool)> {
    let days = history.back_from(today).zip(schedule.back_from(today)).enumerate();
    days.filter(|(_, (_, planned))| *planned).map(|(back, (done, _))| (back, done))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::day::from_to;
    use super::super::year::HabitYear;
    use super::super::{Weekdays, Zone};
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn history(days: &[Day]) -> History {
        let mut history = History::default();
        for year in 1970..2030 {
            let mut ticked = HabitYear::default();
            for day in days.iter().filter(|day| day.year() == year) {
                ticked.tick(*day, Timestamp::UNIX_EPOCH);
            }
            if !ticked.is_empty() {
                history.insert(year, ticked);
            }
        }
        history
    }

    fn of(schedule: &Schedule, done: &[&str], today: &str) -> (u32, u32) {
        let done: Vec<Day> = done.iter().map(|text| day(text)).collect();
        let found = streak(schedule, &history(&done), day(today));
        assert_eq!(current(schedule, &history(&done), day(today)), found.current, "{done:?} as of {today}");
        (found.current, found.longest)
    }

    fn on(weekdays: &[i64]) -> Schedule {
        Schedule::starting(day("2024-01-01"), Weekdays::parse(weekdays.iter().copied()).unwrap())
    }

    #[test]
    fn the_table_of_streaks() {
        let daily = on(&[1, 2, 3, 4, 5, 6, 7]);
        let mwf = on(&[1, 3, 5]);
        // 2026-02-09 is a Monday.
        assert_eq!(of(&daily, &[], "2026-02-12"), (0, 0));
        assert_eq!(of(&mwf, &["2026-02-09", "2026-02-11"], "2026-02-13"), (2, 2), "an open Friday breaks nothing");
        assert_eq!(of(&mwf, &["2026-02-09", "2026-02-11"], "2026-02-14"), (0, 2), "on Saturday the Friday was missed");
        assert_eq!(
            of(&mwf, &["2026-02-09", "2026-02-10", "2026-02-11"], "2026-02-12"),
            (2, 2),
            "a Tuesday does not count"
        );
        assert_eq!(of(&daily, &["2026-02-12"], "2026-02-12"), (1, 1));
        assert_eq!(of(&daily, &["2026-02-11"], "2026-02-12"), (1, 1));
        assert_eq!(of(&daily, &["2026-02-10"], "2026-02-12"), (0, 1));
        assert_eq!(of(&daily, &["2026-02-13"], "2026-02-12"), (0, 0), "tomorrow does not count");
        assert_eq!(
            of(&daily, &["2026-02-01", "2026-02-02", "2026-02-03", "2026-02-11", "2026-02-12"], "2026-02-12"),
            (2, 3)
        );
        // A leap day is a day like any other, and so is New Year's.
        assert_eq!(of(&daily, &["2024-02-28", "2024-02-29", "2024-03-01"], "2024-03-01"), (3, 3));
        assert_eq!(of(&daily, &["2025-12-31", "2026-01-01"], "2026-01-01"), (2, 2));
        // Days are civil dates, so the nights that clocks change are days like any other.
        assert_eq!(of(&daily, &["2026-03-07", "2026-03-08", "2026-03-09"], "2026-03-09"), (3, 3));
        assert_eq!(of(&daily, &["2026-10-31", "2026-11-01", "2026-11-02"], "2026-11-02"), (3, 3));
        // A week is not a unit of streaks: Sunday to Monday goes on, whichever begins the week.
        assert_eq!(of(&on(&[7, 1]), &["2026-02-08", "2026-02-09"], "2026-02-09"), (2, 2));
    }

    #[test]
    fn a_new_schedule_does_not_break_or_mend_what_was() {
        let mut schedule = on(&[1]);
        schedule.change(day("2026-02-11"), Weekdays::ALL);
        // Two Mondays under the old plan, then every day.
        let done = ["2026-02-02", "2026-02-09", "2026-02-11", "2026-02-12"];
        assert_eq!(of(&schedule, &done, "2026-02-12"), (4, 4));
        let mut narrower = on(&[1, 2, 3, 4, 5, 6, 7]);
        narrower.change(day("2026-02-11"), Weekdays::parse([1]).unwrap());
        assert_eq!(
            of(&narrower, &["2026-02-08", "2026-02-10"], "2026-02-12"),
            (1, 1),
            "the missed Monday stays missed"
        );
    }

    #[test]
    fn a_time_put_away_is_a_time_without_plans() {
        let mut schedule = on(&[1, 2, 3, 4, 5, 6, 7]);
        schedule.pause(day("2026-02-05"));
        schedule.resume(day("2026-02-11"));
        assert_eq!(of(&schedule, &["2026-02-03", "2026-02-04", "2026-02-11", "2026-02-12"], "2026-02-12"), (4, 4));
    }

    #[test]
    fn moving_to_another_zone_moves_today_and_not_the_past() {
        let daily = on(&[1, 2, 3, 4, 5, 6, 7]);
        let done = ["2026-02-10", "2026-02-11"];
        let now: Timestamp = "2026-02-12T10:30:00Z".parse().unwrap();
        for (zone, expected) in [("Pacific/Kiritimati", 0), ("UTC", 2), ("Pacific/Pago_Pago", 2)] {
            let today = Day::at(now, &Zone::parse(zone).unwrap());
            assert_eq!(of(&daily, &done, &today.to_string()).0, expected, "{zone}, where it is {today}");
        }
    }

    /// The rule once more, forwards and by dates.
    fn told_slowly(schedule: &Schedule, history: &History, today: Day) -> Streak {
        let Some(first) = history.first().filter(|first| *first <= today) else { return Streak::default() };
        let mut streak = Streak::default();
        for day in from_to(first, today).filter(|day| schedule.fits(*day)) {
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
        fn counting_days_finds_what_walking_dates_finds(
            done in prop::collection::btree_set(0_i32..900, 0..700),
            first in 0_i32..20_000,
            changes in prop::collection::vec((0_i32..900, prop::option::of(1_i64..=7)), 0..5),
            today in -5_i32..905,
        ) {
            let first = day("1971-03-01").plus(first);
            let mut schedule = Schedule::starting(first.plus(30), Weekdays::parse([1, 2, 4, 5, 6]).unwrap());
            for (at, weekday) in changes {
                match weekday {
                    Some(weekday) => schedule.change(first.plus(at), Weekdays::parse([weekday, 3]).unwrap()),
                    None => schedule.pause(first.plus(at)),
                }
            }
            let history = history(&done.into_iter().map(|offset| first.plus(offset)).collect::<Vec<_>>());
            let today = first.plus(today);
            let slowly = told_slowly(&schedule, &history, today);
            prop_assert_eq!(streak(&schedule, &history, today), slowly);
            prop_assert_eq!(current(&schedule, &history, today), slowly.current);
        }

        #[test]
        fn looking_back_finds_what_walking_forward_finds(
            done in prop::collection::btree_set(0_i32..120, 0..120),
            weekdays in prop::collection::vec(1_i64..=7, 1..7),
            change in prop::option::of((1_i32..119, 1_i64..=7)),
            today in 0_i32..120,
        ) {
            let first = day("2025-11-15");
            let mut schedule = Schedule::starting(first, Weekdays::parse(weekdays).unwrap());
            if let Some((at, weekday)) = change {
                schedule.change(first.plus(at), Weekdays::parse([weekday]).unwrap());
            }
            let days: Vec<Day> = done.into_iter().map(|offset| first.plus(offset)).collect();
            let history = history(&days);
            let today = first.plus(today);
            let whole = streak(&schedule, &history, today);
            prop_assert_eq!(current(&schedule, &history, today), whole.current);
            prop_assert!(whole.longest >= whole.current);
        }
    }
}
