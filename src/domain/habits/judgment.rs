//! Which days of a habit count as done, judged by the rule that was in force on each.
//!
//! A yes/no day is done when it was completed. With an amount to reach, a day is done from the one on at which the sum of its period
//! reaches the target, until the period ends. A limit is kept on every day before today on which the sum of its period is still
//! within it. Amounts count from the beginning of a period, even if the rule changed within it.

use std::collections::BTreeMap;

use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::habits::amount::Amount;
use crate::domain::habits::day_ranges::DayRange;
use crate::domain::habits::goal::{Goal, GoalPeriod};
use crate::domain::habits::habit_year::HabitYear;
use crate::domain::habits::history::History;
use crate::domain::habits::schedule::Schedule;

/// Replaces the completions of a history by what its days count as. The history of a habit that never had an amount as its goal
/// stays as it is. Takes time for the days with a log, not for those between them.
#[must_use]
pub fn judge(schedule: &Schedule, history: History, today: Day, week_start: WeekStart) -> History {
    if !schedule.has_amounts() {
        return history;
    }
    let mut done = DoneDays::default();
    let mut versions = schedule.versions().peekable();
    // The first version also applies to the days before it.
    let first_known = history.first().into_iter().chain(history.summaries().next().map(|(day, _)| day)).min();
    let mut begin = first_known.map_or(schedule.start(), |first| first.min(schedule.start()));
    while let Some(version) = versions.next() {
        let next = versions.peek().map(|next| next.from);
        let last = next.map_or(today, |next| next.yesterday().min(today));
        let days = DayRange { first: begin, last };
        begin = next.unwrap_or(begin);
        let Some(rule) = version.rule().filter(|_| days.first <= days.last) else { continue };
        match rule.goal {
            Goal::YesNo => done.copy(&history, days),
            Goal::AtLeast { per, .. } => {
                let reached = crossings(&history, days, per, week_start, |sum| rule.goal.is_met_by(sum));
                for days in reached {
                    done.add(days);
                }
            }
            Goal::AtMost { per, .. } => {
                let first = days.first.max(schedule.start());
                done.add(DayRange { first, last: days.last.min(today.yesterday()) });
                let exceeded = crossings(&history, days, per, week_start, |sum| !rule.goal.is_met_by(sum));
                for days in exceeded {
                    done.remove(days);
                }
            }
        }
    }
    history.with_completions(done.0)
}

/// The sum of the amounts of the period that contains `day`, up to `day`.
pub fn sum_up_to(history: &History, per: GoalPeriod, week_start: WeekStart, day: Day) -> Amount {
    let days = DayRange { first: per.days_around(day, week_start).first, last: day };
    history.summaries_in(days).filter_map(|(_, summary)| summary.amount).sum()
}

/// Whether something was done on the day: it counts as done or, with an amount for a week or month to reach, something was recorded.
pub(super) fn is_active_day(schedule: &Schedule, history: &History, day: Day) -> bool {
    match schedule.rule_on(day).map(|rule| rule.goal) {
        Some(Goal::AtLeast { per: GoalPeriod::Week | GoalPeriod::Month, .. }) => {
            history.summary(day).amount.is_some_and(|amount| !amount.is_zero())
        }
        _ => history.is_done(day),
    }
}

/// Within `days`, for each period in which the sum comes to cross a threshold: the days from then until the period ends.
fn crossings(
    history: &History,
    days: DayRange,
    per: GoalPeriod,
    week_start: WeekStart,
    crosses: impl Fn(Amount) -> bool,
) -> Vec<DayRange> {
    let mut found = Vec::new();
    let (mut period, mut sum) = (per.days_around(days.first, week_start), Amount::ZERO);
    let mut has_crossed = false;
    for (day, summary) in history.summaries_in(DayRange { first: period.first, last: days.last }) {
        let Some(amount) = summary.amount else { continue };
        if day > period.last {
            (period, sum, has_crossed) = (per.days_around(day, week_start), Amount::ZERO, false);
        }
        sum = sum.saturating_add(amount);
        if !has_crossed && crosses(sum) {
            has_crossed = true;
            let range = DayRange { first: day.max(days.first), last: period.last.min(days.last) };
            if range.first <= range.last {
                found.push(range);
            }
        }
    }
    found
}

/// The days that count as done, by year.
#[derive(Default)]
struct DoneDays(BTreeMap<i16, HabitYear>);

impl DoneDays {
    fn add(&mut self, days: DayRange) {
        self.for_each_year(days, |_, year, first, last| year.complete_range(first, last));
    }

    fn remove(&mut self, days: DayRange) {
        self.for_each_year(days, |_, year, first, last| year.undo_range(first, last));
    }

    fn copy(&mut self, history: &History, days: DayRange) {
        self.for_each_year(days, |number, year, first, last| {
            if let Some(completions) = history.year(number) {
                year.copy_range(completions, first, last);
            }
        });
    }

    /// Calls `change` with each year of the range, and the first and last index in it.
    fn for_each_year(&mut self, days: DayRange, mut change: impl FnMut(i16, &mut HabitYear, usize, usize)) {
        if days.first > days.last {
            return;
        }
        for year in days.first.year()..=days.last.year() {
            let first = if year == days.first.year() { days.first.index_in_year() } else { 0 };
            let last = if year == days.last.year() { days.last.index_in_year() } else { Day::last_index(year) };
            change(year, self.0.entry(year).or_default(), first, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::calendar::day::inclusive_range;
    use crate::domain::habits::rule::Rule;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn amount(thousandths: u64) -> Amount {
        Amount::from_thousandths(thousandths).unwrap()
    }

    fn rule(goal: Goal) -> Rule {
        Rule { goal, ..Rule::default() }
    }

    fn done_days(schedule: &Schedule, history: History, today: Day) -> Vec<String> {
        judge(schedule, history, today, WeekStart::Monday).days().map(|day| day.to_string()).collect()
    }

    #[test]
    fn a_limit_is_kept_on_days_without_an_entry_and_today_is_still_open() {
        let goal = Goal::AtMost { target: amount(2_000), per: GoalPeriod::Day };
        let schedule = Schedule::new(day("2026-03-01"), rule(goal));
        let history =
            History::default().with_amounts([(day("2026-03-02"), amount(3_000)), (day("2026-03-03"), amount(2_000))]);
        assert_eq!(done_days(&schedule, history, day("2026-03-05")), ["2026-03-01", "2026-03-03", "2026-03-04"]);
    }

    #[test]
    fn a_target_for_a_week_is_reached_for_the_rest_of_it() {
        let goal = Goal::AtLeast { target: amount(10_000), per: GoalPeriod::Week };
        let schedule = Schedule::new(day("2026-03-02"), rule(goal));
        let amounts = [
            (day("2026-03-03"), amount(6_000)),
            (day("2026-03-06"), amount(4_000)),
            (day("2026-03-09"), amount(9_999)),
        ];
        let history = History::default().with_amounts(amounts);
        assert_eq!(done_days(&schedule, history, day("2026-03-20")), ["2026-03-06", "2026-03-07", "2026-03-08"]);
    }

    #[test]
    fn days_before_a_change_are_judged_by_what_was_planned_then() {
        let mut schedule = Schedule::new(day("2026-03-02"), Rule::default());
        schedule.change_from(day("2026-03-04"), rule(Goal::AtLeast { target: amount(5_000), per: GoalPeriod::Day }));
        let completed = ["2026-02-28", "2026-03-02", "2026-03-04", "2026-03-05"].map(day);
        let amounts = [(day("2026-03-03"), amount(9_000)), (day("2026-03-05"), amount(5_000))];
        let history = History::of_days(completed).with_amounts(amounts);
        assert_eq!(done_days(&schedule, history, day("2026-03-08")), ["2026-02-28", "2026-03-02", "2026-03-05"]);
    }

    /// The same rules, asked of each day.
    fn is_done(schedule: &Schedule, history: &History, today: Day, at: Day) -> bool {
        let Some(rule) = schedule.rule_on(at) else { return false };
        let sum = |per: GoalPeriod| {
            let begin = per.days_around(at, WeekStart::Sunday).first;
            inclusive_range(begin, at).filter_map(|day| history.summary(day).amount).sum::<Amount>()
        };
        match rule.goal {
            Goal::YesNo => history.is_done(at),
            Goal::AtLeast { target, per } => sum(per) >= target,
            Goal::AtMost { target, per } => schedule.start() <= at && at < today && sum(per) <= target,
        }
    }

    fn goals() -> impl Strategy<Value = Goal> {
        let target = (1_u64..6, prop::sample::select(vec![GoalPeriod::Day, GoalPeriod::Week, GoalPeriod::Month]));
        (0_u8..3, target).prop_map(|(kind, (target, per))| match (kind, amount(target * 1_000)) {
            (0, _) => Goal::YesNo,
            (1, target) => Goal::AtLeast { target, per },
            (_, target) => Goal::AtMost { target, per },
        })
    }

    proptest! {
        #[test]
        fn judging_ranges_agrees_with_asking_each_day(
            first in goals(),
            changes in prop::collection::vec((0_i32..90, prop::option::of(goals())), 0..4),
            amounts in prop::collection::btree_map(-10_i32..90, 0_u64..4, 0..40),
            completed in prop::collection::btree_set(-10_i32..90, 0..40),
            today in -5_i32..95,
        ) {
            let start = day("2025-12-01");
            let mut schedule = Schedule::new(start, rule(first));
            for (at, goal) in changes {
                match goal {
                    Some(goal) => schedule.change_from(start.add_days(at), rule(goal)),
                    None => schedule.pause_from(start.add_days(at)),
                }
            }
            let completed = completed.into_iter().map(|offset| start.add_days(offset));
            let amounts = amounts.into_iter().map(|(offset, number)| (start.add_days(offset), amount(number * 1_000)));
            let history = History::of_days(completed).with_amounts(amounts);
            let today = start.add_days(today);
            let judged = judge(&schedule, history.clone(), today, WeekStart::Sunday);
            let has_amounts = schedule.has_amounts();
            for at in inclusive_range(start.add_days(-10), today) {
                let expected = if has_amounts { is_done(&schedule, &history, today, at) } else { history.is_done(at) };
                prop_assert_eq!(judged.is_done(at), expected, "{} of {:?}", at, schedule);
            }
            prop_assert_eq!(judged.summaries().count(), history.summaries().count());
        }

        #[test]
        fn the_time_of_a_completion_survives(minute in 1_i64..1_000_000) {
            let mut schedule = Schedule::new(day("2026-03-02"), Rule::default());
            schedule.change_from(day("2026-03-10"), rule(Goal::AtLeast { target: amount(1), per: GoalPeriod::Day }));
            let when = Timestamp::from_second(1_772_409_600 + minute % 2_000 * 60).unwrap();
            let mut year = HabitYear::default();
            year.complete(day("2026-03-02"), when);
            let history = History::from_iter([(2026, year)]);
            let judged = judge(&schedule, history, day("2026-03-20"), WeekStart::Monday);
            prop_assert_eq!(judged.completed_at(day("2026-03-02")), Some(when));
        }
    }
}
