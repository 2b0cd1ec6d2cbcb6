//! The last days compared with as many days before.
//!
//! Only habits that had begun by the first of all these days are compared, so that a new habit makes neither period look worse, and
//! rates rather than numbers, so that days off and a today that isn't over don't either.

use crate::domain::calendar::day::inclusive_range;
use crate::domain::habits::insights::{CompletionRate, rate_on};
use crate::domain::{Day, History, Schedule};

/// Two periods of the same length, one right after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodComparison {
    /// The length of each in days.
    pub days: i32,
    /// The period that ends today, without what is still open.
    pub current: CompletionRate,
    pub previous: CompletionRate,
}

impl PeriodComparison {
    /// How much more was done than before, in percent of what was done then; negative for less. `None` when nothing was done before
    /// or nothing was scheduled in one of the periods.
    #[expect(clippy::cast_possible_truncation, reason = "from -100 to 100 times the number of scheduled days")]
    pub fn change_percent(&self) -> Option<i32> {
        let is_comparable = self.current.scheduled > 0 && self.previous.completed > 0;
        is_comparable.then(|| ((self.current.rate() / self.previous.rate() - 1.0) * 100.0).round() as i32)
    }
}

/// Compares the last `days` days with as many days before.
pub fn compare_periods(habits: &[(&Schedule, &History)], today: Day, days: i32) -> PeriodComparison {
    let (first, begin) = (today.add_days(1 - days), today.add_days(1 - 2 * days));
    let old: Vec<(&Schedule, &History)> =
        habits.iter().copied().filter(|(schedule, _)| schedule.start() <= begin).collect();
    let rate = |first: Day, last: Day| {
        inclusive_range(first, last).fold(CompletionRate::default(), |mut sum, day| {
            sum.add(rate_on(&old, day).so_far(day, today));
            sum
        })
    };
    PeriodComparison { days, current: rate(first, today), previous: rate(begin, first.yesterday()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Weekdays;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn the_change_is_relative_to_what_was_done_before() {
        let rate = |scheduled, completed| CompletionRate { scheduled, completed };
        let change = |current, previous| PeriodComparison { days: 7, current, previous }.change_percent();
        assert_eq!(change(rate(7, 7), rate(7, 5)), Some(40));
        assert_eq!(change(rate(6, 3), rate(7, 7)), Some(-50));
        assert_eq!(change(rate(7, 5), rate(7, 5)), Some(0));
        assert_eq!([change(rate(7, 5), rate(7, 0)), change(rate(0, 0), rate(7, 5))], [None; 2]);
    }

    #[test]
    fn a_habit_that_began_later_is_not_compared() {
        let today = day("2026-02-28");
        let old = Schedule::new(day("2026-02-15"), Weekdays::ALL);
        let new = Schedule::new(day("2026-02-16"), Weekdays::ALL);
        let done = History::of_days(inclusive_range(day("2026-02-17"), today));
        let nothing = History::default();
        let found = compare_periods(&[(&old, &done), (&new, &nothing)], today, 7);
        let rate = |scheduled, completed| CompletionRate { scheduled, completed };
        assert_eq!(found, PeriodComparison { days: 7, current: rate(7, 7), previous: rate(7, 5) });
    }

    proptest! {
        #[test]
        fn both_periods_are_counted_day_by_day_and_neither_exceeds_what_was_scheduled(
            habits in prop::collection::vec(
                (0_i32..60, prop::collection::btree_set(0_i32..60, 0..60), prop::collection::btree_set(0_i32..60, 0..10)),
                0..4,
            ),
            days in 1_i32..30,
        ) {
            let (first, today) = (day("2026-01-01"), day("2026-01-01").add_days(59));
            let histories: Vec<(Schedule, History)> = habits.iter().map(|(start, done, skipped)| {
                let mut history = History::of_days(done.iter().map(|days| first.add_days(*days)));
                for days in skipped {
                    history.skip(first.add_days(*days), first.add_days(*days));
                }
                (Schedule::new(first.add_days(*start), Weekdays::ALL), history)
            }).collect();
            let plans: Vec<(&Schedule, &History)> = histories.iter().map(|(schedule, history)| (schedule, history)).collect();
            let found = compare_periods(&plans, today, days);
            let (mut current, mut previous) = (CompletionRate::default(), CompletionRate::default());
            for (start, done, skipped) in habits.iter().filter(|(start, ..)| *start <= 60 - 2 * days) {
                for at in (*start).max(60 - 2 * days)..60 {
                    let sum = if at < 60 - days { &mut previous } else { &mut current };
                    if !skipped.contains(&at) && (at < 59 || done.contains(&at)) {
                        sum.add(CompletionRate { scheduled: 1, completed: done.contains(&at).into() });
                    }
                }
            }
            prop_assert_eq!(found, PeriodComparison { days, current, previous });
            prop_assert!(found.current.completed <= found.current.scheduled && found.previous.completed <= found.previous.scheduled);
        }
    }
}
