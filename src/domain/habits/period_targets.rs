//! How much of the current week, month, quarter, and year is done, against what is planned for the whole of each.
//!
//! A yes/no habit is measured by its planned days, those to come included. A habit with an amount as its goal is measured by the sum
//! of its amounts. A target for a day applies to each planned day. A target for a week or month is shared evenly by its days, so a
//! month of 30 days has 30/7 of a weekly target; a week or month that was skipped as a whole has none.

use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::day::inclusive_range;
use crate::domain::habits::amount::Amount;
use crate::domain::habits::day_ranges::DayRange;
use crate::domain::habits::frequency::Frequency;
use crate::domain::habits::goal::{Goal, GoalPeriod};
use crate::domain::habits::history::History;
use crate::domain::habits::period_rates::Period;
use crate::domain::habits::rule::Rule;
use crate::domain::habits::schedule::Schedule;

/// The current period of one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodTarget {
    pub period: Period,
    /// The whole period, of which the last days may still be to come.
    pub days: DayRange,
    pub progress: TargetProgress,
}

/// What was done so far, and what is planned for the whole period. `before` is what was done in as many days of the period before,
/// if the habit had begun by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetProgress {
    /// Planned days.
    Days { done: u32, planned: u32, before: Option<u32> },
    /// The sum of amounts, to reach the target.
    AtLeast { sum: Amount, target: Amount, before: Option<Amount> },
    /// The sum of amounts, to stay within the target.
    AtMost { sum: Amount, target: Amount, before: Option<Amount> },
}

/// The last day of the current periods. A history must be planned until then: see
/// [`plan_windows_in`](crate::domain::habits::window_plan::plan_windows_in).
pub fn last_target_day(today: Day, week_start: WeekStart) -> Day {
    let last_days = Period::ALL.map(|period| period.days_around(today, week_start).last);
    last_days.into_iter().max().unwrap_or(today)
}

/// The current periods that are long enough for the rule of `today`, without those in which nothing is planned and nothing was
/// done. An archived habit has none.
pub fn compute_targets(schedule: &Schedule, history: &History, today: Day, week_start: WeekStart) -> Vec<PeriodTarget> {
    let Some(rule) = schedule.rule_on(today) else { return Vec::new() };
    let measure = Measure { schedule, history, today, week_start };
    let periods = Period::ALL.into_iter().filter(|period| period.min_days() >= shortest_span(rule));
    periods.filter_map(|period| measure.target(period, rule.goal)).collect()
}

/// The days that a period must have at least to be measured by the rule.
fn shortest_span(rule: Rule) -> u16 {
    let of_frequency = match rule.frequency {
        Frequency::Weekdays => 1,
        Frequency::Times { window, .. } => window.days(),
        Frequency::EveryDays { days, .. } => days,
    };
    let of_goal = match rule.goal.target() {
        None | Some((_, GoalPeriod::Day)) => 1,
        Some((_, GoalPeriod::Week)) => Period::Week.min_days(),
        Some((_, GoalPeriod::Month)) => Period::Month.min_days(),
    };
    match of_frequency.max(of_goal) {
        // About a month.
        28..=31 => Period::Month.min_days(),
        days => days.min(Period::Year.min_days()),
    }
}

struct Measure<'a> {
    schedule: &'a Schedule,
    history: &'a History,
    today: Day,
    week_start: WeekStart,
}

impl Measure<'_> {
    fn target(&self, period: Period, goal: Goal) -> Option<PeriodTarget> {
        let days = period.days_around(self.today, self.week_start);
        let so_far = DayRange { last: self.today, ..days };
        let before = self.same_days_before(period, days);
        let progress = match goal {
            Goal::YesNo => {
                let (done, planned) = (self.count_done(so_far), self.count_planned(days));
                (planned > 0).then(|| TargetProgress::Days {
                    done,
                    planned,
                    before: before.map(|days| self.count_done(days)),
                })
            }
            Goal::AtLeast { .. } => {
                let (sum, target, before) =
                    (self.sum(so_far), self.sum_targets(days), before.map(|days| self.sum(days)));
                (!target.is_zero() || !sum.is_zero()).then_some(TargetProgress::AtLeast { sum, target, before })
            }
            Goal::AtMost { .. } => {
                let (sum, target, before) =
                    (self.sum(so_far), self.sum_targets(days), before.map(|days| self.sum(days)));
                Some(TargetProgress::AtMost { sum, target, before })
            }
        };
        progress.map(|progress| PeriodTarget { period, days, progress })
    }

    /// As many days of the period before as have begun of `current`; `None` if the habit began after its first day.
    fn same_days_before(&self, period: Period, current: DayRange) -> Option<DayRange> {
        let before = period.days_around(current.first.yesterday(), self.week_start);
        let passed = i32::try_from(self.today.days_since(current.first)).ok()?;
        let is_comparable = self.schedule.start() <= before.first && before.last < current.first;
        is_comparable.then(|| DayRange { last: before.first.add_days(passed).min(before.last), ..before })
    }

    fn is_planned(&self, day: Day) -> bool {
        self.schedule.is_scheduled(day) && self.history.counts(day)
    }

    fn count_planned(&self, days: DayRange) -> u32 {
        count(inclusive_range(days.first, days.last).filter(|day| self.is_planned(*day)))
    }

    fn count_done(&self, days: DayRange) -> u32 {
        let is_done = |day: &Day| self.history.is_done(*day) && self.is_planned(*day);
        count(inclusive_range(days.first, days.last).filter(is_done))
    }

    fn sum(&self, days: DayRange) -> Amount {
        self.history.summaries_in(days).filter_map(|(_, summary)| summary.amount).sum()
    }

    /// Each day's share of its target, day by day: those of one week or month that have the same target are taken together.
    fn sum_targets(&self, days: DayRange) -> Amount {
        let target_on = |day: Day| self.schedule.rule_on(day).and_then(|rule| rule.goal.target());
        let (mut sum, mut days) = (Amount::ZERO, inclusive_range(days.first, days.last).peekable());
        while let Some(day) = days.next() {
            let Some((target, per)) = target_on(day) else { continue };
            let window = per.days_around(day, self.week_start);
            let mut share = 1;
            while days.next_if(|next| window.contains(*next) && target_on(*next) == Some((target, per))).is_some() {
                share += 1;
            }
            if self.wants_anything(window, per) {
                sum = sum.saturating_add(target.share(share, window.last.days_since(window.first) + 1));
            }
        }
        sum
    }

    fn wants_anything(&self, window: DayRange, per: GoalPeriod) -> bool {
        if per == GoalPeriod::Day {
            return self.is_planned(window.first);
        }
        let wants = |day: Day| self.schedule.is_scheduled(day) && !self.history.skipped().contains(day);
        inclusive_range(window.first, window.last).any(wants)
    }
}

fn count(days: impl Iterator<Item = Day>) -> u32 {
    u32::try_from(days.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::habits::window_plan::plan_windows_in;
    use crate::domain::{Weekdays, Window};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn amount(thousandths: u64) -> Amount {
        Amount::from_thousandths(thousandths).unwrap()
    }

    fn planned(schedule: &Schedule, history: History, today: Day) -> History {
        let days = DayRange { first: schedule.start(), last: last_target_day(today, WeekStart::Monday) };
        plan_windows_in(days, schedule, history, today, WeekStart::Monday)
    }

    fn days_of(schedule: &Schedule, history: History, today: &str) -> Vec<(Period, u32, u32, Option<u32>)> {
        let today = day(today);
        let history = planned(schedule, history, today);
        let targets = compute_targets(schedule, &history, today, WeekStart::Monday).into_iter();
        let figures = targets.map(|target| match target.progress {
            TargetProgress::Days { done, planned, before } => (target.period, done, planned, before),
            other => panic!("{other:?}"),
        });
        figures.collect()
    }

    #[test]
    fn the_days_to_come_are_planned_and_the_period_before_ends_with_the_same_day() {
        // February 12, 2026 is a Thursday.
        let schedule = Schedule::new(day("2026-01-01"), Weekdays::parse([1, 4]).unwrap());
        let done = ["2026-01-01", "2026-01-05", "2026-01-15", "2026-02-02", "2026-02-09"].map(day);
        assert_eq!(
            days_of(&schedule, History::of_days(done), "2026-02-12"),
            [
                (Period::Week, 1, 2, Some(1)),
                (Period::Month, 2, 8, Some(2)),
                (Period::Quarter, 5, 26, None),
                (Period::Year, 5, 105, None),
            ]
        );
    }

    #[test]
    fn times_a_month_have_no_week_and_plan_the_months_to_come() {
        let rule = Rule { frequency: Frequency::Times { times: 2, window: Window::CalendarMonth }, ..Rule::default() };
        let schedule = Schedule::new(day("2026-01-01"), rule);
        let done = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-02-10"].map(day);
        assert_eq!(
            days_of(&schedule, History::of_days(done), "2026-02-12"),
            [(Period::Month, 1, 2, Some(2)), (Period::Quarter, 3, 6, None), (Period::Year, 3, 24, None)]
        );
    }

    #[test]
    fn a_weekly_target_is_shared_by_the_days_of_its_week_and_left_out_of_a_skipped_one() {
        let goal = Goal::AtLeast { target: amount(7_000), per: GoalPeriod::Week };
        let schedule = Schedule::new(day("2026-01-01"), Rule { goal, ..Rule::default() });
        let amounts = [("2026-02-02", 4_000), ("2026-02-10", 2_500)];
        let mut history = History::default().with_amounts(amounts.map(|(at, sum)| (day(at), amount(sum))));
        let today = day("2026-02-12");
        let targets = |history: &History| {
            let targets = compute_targets(&schedule, history, today, WeekStart::Monday).into_iter();
            let figures = targets.map(|target| match target.progress {
                TargetProgress::AtLeast { sum, target, before } => [Some(sum), Some(target), before],
                other => panic!("{other:?}"),
            });
            figures.map(|amounts| amounts.map(|amount| amount.map(Amount::thousandths))).collect::<Vec<_>>()
        };
        assert_eq!(
            targets(&history),
            [
                [Some(2_500), Some(7_000), Some(4_000)],
                [Some(6_500), Some(28_000), Some(0)],
                [Some(6_500), Some(90_000), None],
                [Some(6_500), Some(365_000), None],
            ]
        );
        history.skip(day("2026-02-02"), day("2026-02-08"));
        assert_eq!(targets(&history)[1][1], Some(21_000));
    }

    #[test]
    fn an_archived_habit_has_no_targets() {
        let mut schedule = Schedule::new(day("2026-01-01"), Weekdays::ALL);
        schedule.pause_from(day("2026-02-12"));
        assert!(days_of(&schedule, History::default(), "2026-02-12").is_empty());
    }

    /// Divisible by the length of every week and month.
    const DENOMINATOR: u64 = 4 * 7 * 3 * 5 * 29 * 31;

    proptest! {
        #[test]
        fn days_are_counted_one_by_one_and_never_exceed_what_is_planned(
            done in prop::collection::btree_set(0_i32..400, 0..200),
            skipped in prop::collection::btree_set(0_i32..420, 0..40),
            weekdays in prop::collection::vec(1_i64..=7, 1..7),
            times in prop::option::of(1_u16..=7),
            start in 0_i32..380,
        ) {
            let (first, today) = (day("2025-06-01"), day("2026-06-20"));
            let frequency = times.map_or(Frequency::Weekdays, |times| Frequency::Times { times, window: Window::CalendarWeek });
            let rule = Rule { frequency, ..Weekdays::parse(weekdays).unwrap().into() };
            let schedule = Schedule::new(first.add_days(start), rule);
            let mut history = History::of_days(done.into_iter().map(|days| first.add_days(days)).filter(|day| *day <= today));
            for days in skipped {
                history.skip(first.add_days(days), first.add_days(days));
            }
            let history = planned(&schedule, history, today);
            for target in compute_targets(&schedule, &history, today, WeekStart::Monday) {
                // The same rule: every day, looked up by the first day of its period.
                let same = |at: &Day| target.period.first_day(*at, WeekStart::Monday) == target.days.first;
                let wants = |at: &Day| schedule.start() <= *at && schedule.is_scheduled(*at) && history.counts(*at);
                let days: Vec<Day> = inclusive_range(first, day("2027-12-31")).filter(same).filter(wants).collect();
                let finished = days.iter().filter(|day| history.is_done(**day)).count();
                let TargetProgress::Days { done, planned, .. } = target.progress else { panic!("{target:?}") };
                prop_assert_eq!((done as usize, planned as usize), (finished, days.len()));
                prop_assert!(done <= planned);
            }
        }

        #[test]
        fn targets_add_up_day_by_day(
            first_target in (1_u64..90, 0_usize..3),
            change in prop::option::of((0_i32..400, 1_u64..90, 0_usize..3)),
            skipped in prop::collection::vec((0_i32..400, 0_i32..40), 0..4),
            start in 0_i32..380,
        ) {
            let (first, today) = (day("2025-06-01"), day("2026-06-20"));
            let goal = |target: u64, per: usize| Goal::AtLeast {
                target: amount(target * 1_000),
                per: [GoalPeriod::Day, GoalPeriod::Week, GoalPeriod::Month][per],
            };
            let rule = |goal| Rule { goal, ..Rule::default() };
            let mut schedule = Schedule::new(first.add_days(start), rule(goal(first_target.0, first_target.1)));
            if let Some((at, target, per)) = change {
                schedule.change_from(first.add_days(at), rule(goal(target, per)));
            }
            let mut history = History::default();
            for (at, length) in skipped {
                history.skip(first.add_days(at), first.add_days(at + length));
            }
            let measure = Measure { schedule: &schedule, history: &history, today, week_start: WeekStart::Monday };
            for period in Period::ALL {
                let days = period.days_around(today, WeekStart::Monday);
                let share = |at: Day| {
                    let (target, per) = schedule.rule_on(at).unwrap().goal.target().unwrap();
                    let window = per.days_around(at, WeekStart::Monday);
                    let window: Vec<Day> = inclusive_range(window.first, window.last).collect();
                    let wants = window.iter().any(|day| schedule.start() <= *day && !history.skipped().contains(*day));
                    if wants { target.thousandths() * DENOMINATOR / u64::try_from(window.len()).unwrap() } else { 0 }
                };
                let expected: u64 = inclusive_range(days.first, days.last).map(share).sum();
                let found = measure.sum_targets(days).thousandths() * DENOMINATOR;
                prop_assert!(found.abs_diff(expected) <= 3 * DENOMINATOR, "{:?}: {} instead of {}", period, found, expected);
            }
        }
    }
}
