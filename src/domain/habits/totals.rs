//! What was done of a habit over all time.

use crate::domain::habits::amount::Amount;
use crate::domain::habits::judgment::is_active_day;
use crate::domain::{Day, History, Schedule};

/// The totals of a habit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HabitTotals {
    /// The days on which something was done, also those that weren't scheduled.
    pub days: u32,
    /// The first of them.
    pub first: Option<Day>,
    /// The sum of all amounts; `None` when none was recorded.
    pub amount: Option<Amount>,
}

/// The totals as of `today`.
pub fn compute_totals(schedule: &Schedule, history: &History, today: Day) -> HabitTotals {
    let mut days = active_days(schedule, history, today);
    let first = days.next();
    let amounts = history.summaries().take_while(|(day, _)| *day <= today).filter_map(|(_, summary)| summary.amount);
    HabitTotals {
        days: u32::try_from(days.count()).unwrap_or(u32::MAX).saturating_add(first.is_some().into()),
        first,
        amount: amounts.fold(None, |sum, amount| Some(sum.unwrap_or(Amount::ZERO).saturating_add(amount))),
    }
}

/// The days up to `today` on which something was done, in order.
pub(super) fn active_days<'a>(
    schedule: &'a Schedule,
    history: &'a History,
    today: Day,
) -> impl Iterator<Item = Day> + use<'a> {
    let mut days: Vec<Day> = history.days().chain(history.summaries().map(|(day, _)| day)).collect();
    days.sort_unstable();
    days.dedup();
    days.into_iter().take_while(move |day| *day <= today).filter(|day| is_active_day(schedule, history, *day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Weekdays;
    use crate::domain::habits::goal::{Goal, GoalPeriod};
    use crate::domain::habits::rule::Rule;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn amount(thousandths: u64) -> Amount {
        Amount::from_thousandths(thousandths).unwrap()
    }

    #[test]
    fn days_are_those_that_are_done_and_with_a_weekly_target_those_with_an_amount() {
        let mut schedule = Schedule::new(day("2026-02-02"), Weekdays::parse([1]).unwrap());
        let goal = Goal::AtLeast { target: amount(10_000), per: GoalPeriod::Week };
        schedule.change_from(day("2026-02-09"), Rule { goal, ..Rule::default() });
        // Judged, the week's target was reached on Thursday.
        let done = ["2026-02-02", "2026-02-03", "2026-02-12", "2026-02-13", "2026-02-14"].map(day);
        let amounts = [("2026-02-03", 500), ("2026-02-10", 4_000), ("2026-02-12", 6_000), ("2026-02-20", 9_000)];
        let history = History::of_days(done).with_amounts(amounts.map(|(at, sum)| (day(at), amount(sum))));
        let expected = HabitTotals { days: 4, first: Some(day("2026-02-02")), amount: Some(amount(10_500)) };
        assert_eq!(compute_totals(&schedule, &history, day("2026-02-15")), expected);
        let nothing = HabitTotals { days: 0, first: None, amount: None };
        assert_eq!(compute_totals(&schedule, &history, day("2026-02-01")), nothing);
    }
}
