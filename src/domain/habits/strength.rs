//! Strength: how firmly a habit is established, from 0 to 1. It is the score of Loop Habit Tracker, to the digit.
//!
//! Each day moves the strength a little toward how well the days before it went, so one missed day costs little after a good
//! year. After 13 days, or 13/√f days at a frequency of f times a day, half of the difference is left. A skipped day changes
//! nothing. Other than streaks, the strength has no grace for today: it falls a little until today is done.

use std::collections::VecDeque;

use crate::domain::habits::frequency::{FrequencyRatio, MAX_COUNT};

/// The days after which the strength of a daily habit has halved.
const HALF_LIFE_DAYS: f64 = 13.0;

/// The longest window of days that a rule looks at: twice the longest frequency.
const MAX_WINDOW: usize = 2 * MAX_COUNT as usize;

/// How firmly a habit is established, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Strength(f64);

impl Strength {
    /// From 0 to 1.
    pub fn value(self) -> f64 {
        self.0
    }

    /// In percent, rounded.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 100")]
    pub fn percent(self) -> u32 {
        (self.0 * 100.0).round() as u32
    }
}

/// What was recorded on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DayValue {
    #[default]
    Nothing,
    Done,
    /// In thousandths of the unit.
    Amount(u64),
    Skipped,
}

/// What makes a day good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrengthGoal {
    /// Done as often as the frequency says.
    Done,
    /// A sum of at least this many thousandths in the days of the frequency.
    AtLeast(u64),
    /// A sum of at most this many thousandths in the days of the frequency.
    AtMost(u64),
}

/// How the days of a habit are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrengthRule {
    pub ratio: FrequencyRatio,
    pub goal: StrengthGoal,
}

impl StrengthRule {
    /// What is left of the strength after a day on which nothing was done.
    fn decay(self) -> f64 {
        0.5_f64.powf(self.ratio.per_day().sqrt() / HALF_LIFE_DAYS)
    }

    /// The strength before the first day: a limit is kept until something was recorded.
    fn initial(self) -> f64 {
        if matches!(self.goal, StrengthGoal::AtMost(_)) { 1.0 } else { 0.0 }
    }

    /// Twice the frequency's times and days if the habit isn't daily, so that irregular days can still reach 100 percent.
    fn doubled(self) -> (u32, usize) {
        let FrequencyRatio { times, days } = self.ratio;
        let factor = if times < days { 2 } else { 1 };
        (u32::from(times) * factor, usize::from(days) * factor as usize)
    }

    /// The number of days that are summed up, the last one included.
    fn window(self) -> usize {
        match self.goal {
            StrengthGoal::Done => self.doubled().1,
            StrengthGoal::AtLeast(_) | StrengthGoal::AtMost(_) => usize::from(self.ratio.days),
        }
    }

    fn count(self, value: DayValue) -> u128 {
        match (self.goal, value) {
            (StrengthGoal::Done, DayValue::Done) => 1,
            (StrengthGoal::Done, DayValue::Amount(amount)) => u128::from(amount > 0),
            (StrengthGoal::AtLeast(_) | StrengthGoal::AtMost(_), DayValue::Amount(amount)) => u128::from(amount),
            _ => 0,
        }
    }

    /// How good the window is, from 0 to 1.
    fn completion(self, sum: u128) -> f64 {
        match self.goal {
            StrengthGoal::Done => (to_f64(sum) / f64::from(self.doubled().0)).min(1.0),
            StrengthGoal::AtLeast(0) => 1.0,
            StrengthGoal::AtLeast(target) => (to_f64(sum) / to_f64(target.into())).min(1.0),
            StrengthGoal::AtMost(0) => f64::from(u8::from(sum == 0)),
            StrengthGoal::AtMost(target) => (2.0 - to_f64(sum) / to_f64(target.into())).clamp(0.0, 1.0),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of two sums needs no more than 53 bits")]
fn to_f64(sum: u128) -> f64 {
    sum as f64
}

/// Computes the strength day by day.
#[derive(Debug, Clone)]
pub struct StrengthMeter {
    rule: StrengthRule,
    decay: f64,
    strength: f64,
    /// The last days, oldest first: as many as the longest window has.
    recent: VecDeque<DayValue>,
    /// Of the rule's window.
    sum: u128,
}

impl StrengthMeter {
    pub fn new(rule: StrengthRule) -> Self {
        Self {
            rule,
            decay: rule.decay(),
            strength: rule.initial(),
            recent: VecDeque::with_capacity(MAX_WINDOW + 1),
            sum: 0,
        }
    }

    /// Judges the following days by another rule. Strength and days are kept.
    pub fn change_rule(&mut self, rule: StrengthRule) {
        (self.rule, self.decay) = (rule, rule.decay());
        self.sum = self.recent.iter().rev().take(rule.window()).map(|value| rule.count(*value)).sum();
    }

    /// Adds the next day, and returns the strength at its end.
    pub fn add(&mut self, value: DayValue) -> Strength {
        self.recent.push_back(value);
        let leaving = self.recent.len().checked_sub(self.rule.window() + 1).and_then(|at| self.recent.get(at));
        let leaving = leaving.map_or(0, |value| self.rule.count(*value));
        self.sum = (self.sum + self.rule.count(value)).saturating_sub(leaving);
        if self.recent.len() > MAX_WINDOW {
            self.recent.pop_front();
        }
        if value != DayValue::Skipped {
            self.strength = self.decay * self.strength + (1.0 - self.decay) * self.rule.completion(self.sum);
        }
        Strength(self.strength)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::habits::loop_vectors::{Case, load_vectors};

    fn rule_of(case: &Case) -> StrengthRule {
        let goal = match case.target_type.as_deref() {
            None => StrengthGoal::Done,
            Some("AT_LEAST") => StrengthGoal::AtLeast(case.target()),
            Some(_) => StrengthGoal::AtMost(case.target()),
        };
        StrengthRule { ratio: case.ratio(), goal }
    }

    /// From the oldest day with a mark to today, oldest first.
    fn values_of(case: &Case) -> Vec<DayValue> {
        let marks = case.marks();
        let oldest = marks.keys().next_back().copied().unwrap_or(0).max(0);
        let value = |days_ago| match (marks.get(&days_ago).copied(), &case.target_type) {
            (Some(3), _) => DayValue::Skipped,
            (Some(2), None) => DayValue::Done,
            (Some(amount), Some(_)) => u64::try_from(amount).map_or(DayValue::Nothing, DayValue::Amount),
            _ => DayValue::Nothing,
        };
        (0..=oldest).rev().map(value).collect()
    }

    #[test]
    fn strength_is_the_score_of_loop_habit_tracker() {
        let mut checked = 0;
        for case in load_vectors("score_series").iter().filter(|case| case.quirks.is_empty()) {
            let mut meter = StrengthMeter::new(rule_of(case));
            let strengths: Vec<f64> = values_of(case).into_iter().map(|value| meter.add(value).value()).collect();
            let strengths: Vec<f64> = strengths.into_iter().rev().collect();
            let at = |days_ago: &String| strengths.get(days_ago.parse::<usize>().unwrap()).copied().unwrap_or(0.0);
            for (days_ago, expected) in &case.expected_score_by_day_ago {
                let found = at(days_ago);
                assert!((found - expected).abs() <= case.tolerance, "{}, {days_ago} days ago: {found}", case.name);
                checked += 1;
            }
            for (days_ago, min) in &case.expected_score_min_by_day_ago {
                assert!(at(days_ago) >= *min, "{}, {days_ago} days ago", case.name);
                checked += 1;
            }
            assert!(strengths.iter().all(|strength| (0.0..=1.0).contains(strength)), "{}", case.name);
        }
        assert!(checked > 100, "{checked}");
    }

    #[test]
    fn one_day_moves_the_strength_as_in_loop_habit_tracker() {
        for case in load_vectors("score_step") {
            let mut meter = StrengthMeter::new(rule_of(&case));
            meter.strength = case.previous_score;
            let value = if case.completion > 0.0 { DayValue::Done } else { DayValue::Nothing };
            meter.fill_window(value);
            let found = meter.add(value);
            assert!((found.value() - case.expected_score).abs() <= case.tolerance, "{}: {found:?}", case.name);
        }
    }

    impl StrengthMeter {
        /// Records the same on all days before, without a change of the strength.
        fn fill_window(&mut self, value: DayValue) {
            let strength = self.strength;
            for _ in 0..self.rule.window() {
                self.add(value);
            }
            self.strength = strength;
        }
    }

    #[test]
    fn a_skipped_day_leaves_the_strength_as_it_is() {
        let rule = StrengthRule { ratio: FrequencyRatio::new(1, 1), goal: StrengthGoal::Done };
        let mut meter = StrengthMeter::new(rule);
        let done = meter.add(DayValue::Done);
        assert_eq!(meter.add(DayValue::Skipped), done);
        assert!(meter.add(DayValue::Nothing) < done);
        assert_eq!((0..200).map(|_| meter.add(DayValue::Done)).last().map(Strength::percent), Some(100));
    }

    #[test]
    fn a_new_rule_keeps_the_strength_and_judges_the_days_before_it_by_its_own_window() {
        let daily = StrengthRule { ratio: FrequencyRatio::new(1, 1), goal: StrengthGoal::Done };
        let weekly = StrengthRule { ratio: FrequencyRatio::new(1, 7), goal: StrengthGoal::Done };
        let mut changed = StrengthMeter::new(daily);
        let before = (0..50).map(|_| changed.add(DayValue::Done)).last().unwrap();
        changed.change_rule(weekly);
        assert!(changed.add(DayValue::Nothing) > before, "two of the last 14 days are enough");
        changed.change_rule(daily);
        assert!(changed.add(DayValue::Nothing) < before);
    }

    /// The same rule stated plainly: every window is summed up from its days.
    #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
    fn reference_strengths(rule: StrengthRule, values: &[DayValue]) -> Vec<f64> {
        let (times, days) = (f64::from(rule.ratio.times), usize::from(rule.ratio.days));
        let kept = 2.0_f64.powf(-(times / f64::from(rule.ratio.days)).sqrt() / 13.0);
        let amount =
            |value: &DayValue| if let DayValue::Amount(amount) = value { *amount as f64 / 1000.0 } else { 0.0 };
        let mut strength = if matches!(rule.goal, StrengthGoal::AtMost(_)) { 1.0 } else { 0.0 };
        let mut strengths = Vec::new();
        for day in 0..values.len() {
            let last = |days: usize| &values[(day + 1).saturating_sub(days)..=day];
            let completion = match rule.goal {
                StrengthGoal::Done => {
                    let double = if times < days as f64 { 2 } else { 1 };
                    let is_done = |value: &&DayValue| matches!(value, DayValue::Done) || amount(value) > 0.0;
                    let done = last(days * double).iter().filter(is_done).count();
                    f64::min(1.0, done as f64 / (times * double as f64))
                }
                StrengthGoal::AtLeast(target) => match target as f64 / 1000.0 {
                    0.0 => 1.0,
                    target => f64::min(1.0, last(days).iter().map(amount).sum::<f64>() / target),
                },
                StrengthGoal::AtMost(target) => {
                    let sum = last(days).iter().map(amount).sum::<f64>();
                    match target as f64 / 1000.0 {
                        0.0 => {
                            if sum == 0.0 {
                                1.0
                            } else {
                                0.0
                            }
                        }
                        target => f64::clamp(1.0 - (sum - target) / target, 0.0, 1.0),
                    }
                }
            };
            if values[day] != DayValue::Skipped {
                strength = kept * strength + (1.0 - kept) * completion;
            }
            strengths.push(strength);
        }
        strengths
    }

    fn any_value() -> impl Strategy<Value = DayValue> {
        prop_oneof![
            3 => Just(DayValue::Nothing),
            3 => Just(DayValue::Done),
            3 => (0_u64..9_000).prop_map(DayValue::Amount),
            1 => Just(DayValue::Skipped),
        ]
    }

    fn any_goal() -> impl Strategy<Value = StrengthGoal> {
        prop_oneof![
            Just(StrengthGoal::Done),
            (0_u64..9_000).prop_map(StrengthGoal::AtLeast),
            (0_u64..9_000).prop_map(StrengthGoal::AtMost),
        ]
    }

    proptest! {
        #[test]
        fn strength_computed_day_by_day_is_that_of_whole_windows(
            values in prop::collection::vec(any_value(), 0..900),
            times in 1_u16..40,
            days in prop_oneof![1_u16..40, 300_u16..=366],
            goal in any_goal(),
        ) {
            let rule = StrengthRule { ratio: FrequencyRatio::new(times, days), goal };
            let mut meter = StrengthMeter::new(rule);
            for (value, expected) in values.iter().zip(reference_strengths(rule, &values)) {
                let found = meter.add(*value).value();
                prop_assert!((found - expected).abs() <= 1e-9, "{} instead of {}", found, expected);
            }
        }

        #[test]
        fn no_amount_is_too_large(values in prop::collection::vec(any::<u64>(), 1..20), target in any::<u64>()) {
            for goal in [StrengthGoal::AtLeast(target), StrengthGoal::AtMost(target)] {
                let mut meter = StrengthMeter::new(StrengthRule { ratio: FrequencyRatio::new(1, 7), goal });
                for value in &values {
                    prop_assert!((0.0..=1.0).contains(&meter.add(DayValue::Amount(*value)).value()));
                }
            }
        }
    }
}
