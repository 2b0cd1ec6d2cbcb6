//! How far the amounts of a habit have come on the listed day.

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::habits::goal::GoalPeriod;
use crate::domain::habits::judgment::sum_up_to;
use crate::domain::{Amount, Day, Goal, Habit, History};

/// The amounts of a habit on one day, for a habit that has any then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountProgress {
    pub goal: Goal,
    /// The sum of the goal's period up to the day.
    pub sum: Amount,
    pub target: Amount,
    pub per: GoalPeriod,
    /// The days since the last entry, or since the habit began if there is none. 0 when the day has one.
    pub days_since: usize,
}

impl AmountProgress {
    /// The progress on `day`; `None` when the day is done or not.
    pub fn new(habit: &Habit, history: &History, day: Day, week_start: WeekStart) -> Option<Self> {
        if !habit.schedule.has_amounts() {
            return None;
        }
        let goal = habit.schedule.rule_on(day)?.goal;
        let (target, per) = goal.target()?;
        let last = history.summaries().rev().find(|(known, log)| *known <= day && log.amount.is_some());
        let last = last.map_or(habit.schedule.start(), |(day, _)| day);
        let sum = sum_up_to(history, per, week_start, day);
        Some(Self { goal, sum, target, per, days_since: day.days_since(last) })
    }

    /// The share of the target that is reached, in percent up to 100. A limit of zero is used up by anything.
    pub fn percent(&self) -> u64 {
        let (sum, target) = (self.sum.thousandths(), self.target.thousandths());
        let share = (100 * sum).checked_div(target).unwrap_or(if sum == 0 { 0 } else { 100 });
        share.min(100)
    }

    /// Whether it's a limit that is kept so far.
    pub fn is_kept_limit(&self) -> bool {
        self.goal.is_limit() && !self.is_exceeded()
    }

    /// Whether it's a limit that is exceeded.
    pub fn is_exceeded(&self) -> bool {
        self.goal.is_limit() && !self.goal.is_met_by(self.sum)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::habits::habit::{HabitPlan, Title};
    use crate::domain::habits::summary_year::{DaySummary, SummaryYear};
    use crate::domain::{HabitId, Weekdays};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn amount(thousandths: u64) -> Amount {
        Amount::from_thousandths(thousandths).unwrap()
    }

    fn progress(goal: Goal, entries: &[(&str, u64)], on: &str) -> Option<AmountProgress> {
        let plan = HabitPlan { goal, ..HabitPlan::new(Title::parse("Water").unwrap(), Weekdays::ALL) };
        let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
        let habit = Habit::new(id, plan, 0, day("2026-02-01"), Timestamp::UNIX_EPOCH);
        let mut year = SummaryYear::default();
        for (on, thousandths) in entries {
            year.set(day(on), DaySummary { amount: Some(amount(*thousandths)), ..DaySummary::default() });
        }
        let mut history = History::default();
        history.insert_summaries(2026, year);
        AmountProgress::new(&habit, &history, day(on), WeekStart::Monday)
    }

    #[test]
    fn the_period_of_the_goal_adds_up_until_the_day() {
        let goal = Goal::at_least(amount(4_000), GoalPeriod::Week).unwrap();
        let entries = [("2026-02-08", 9_000), ("2026-02-09", 1_000), ("2026-02-11", 2_000), ("2026-02-12", 5_000)];
        let found = progress(goal, &entries, "2026-02-11").unwrap();
        assert_eq!((found.sum, found.percent(), found.days_since), (amount(3_000), 75, 0));
        assert_eq!(progress(goal, &entries, "2026-02-14").unwrap().percent(), 100);
        assert_eq!(progress(Goal::YesNo, &entries, "2026-02-11"), None);
    }

    #[test]
    fn the_days_since_a_slip_count_from_the_last_one_or_from_the_first_day() {
        let found = progress(Goal::quit(), &[("2026-02-10", 1_000)], "2026-02-12").unwrap();
        assert_eq!((found.days_since, found.percent(), found.is_exceeded()), (2, 0, false));
        assert_eq!(progress(Goal::quit(), &[], "2026-02-12").unwrap().days_since, 11);
        let slipped = progress(Goal::quit(), &[("2026-02-12", 1_000)], "2026-02-12").unwrap();
        assert_eq!((slipped.days_since, slipped.percent(), slipped.is_exceeded()), (0, 100, true));
    }
}
