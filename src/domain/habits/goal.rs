//! What a habit asks for on a day it is scheduled: to be done, or an amount to reach or to stay within.

use serde::{Deserialize, Serialize};

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::month::{Month, week_of};
use crate::domain::habits::amount::Amount;
use crate::domain::habits::day_ranges::DayRange;
use crate::domain::{Day, FieldError};

/// A habit's goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Goal {
    /// The day is done or not.
    #[default]
    YesNo,
    /// The amounts of a period reach the target.
    AtLeast { target: Amount, per: GoalPeriod },
    /// The amounts of a period stay within the target. To quit is to stay within zero.
    AtMost { target: Amount, per: GoalPeriod },
}

/// The period whose amounts count toward a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GoalPeriod {
    #[default]
    Day,
    Week,
    Month,
}

impl GoalPeriod {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// As forms and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// Parses what [`Self::as_str`] returns; nothing is a day.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `per`.
    pub fn parse(name: &str) -> Result<Self, FieldError> {
        if name.is_empty() {
            return Ok(Self::Day);
        }
        let known = Self::ALL.into_iter().find(|period| period.as_str() == name);
        known.ok_or_else(|| FieldError::new("per", "Choose day, week, or month."))
    }

    /// The period that contains `day`.
    pub fn days_around(self, day: Day, week_start: WeekStart) -> DayRange {
        match self {
            Self::Day => DayRange { first: day, last: day },
            Self::Week => {
                let [first, .., last] = week_of(day, week_start);
                DayRange { first, last }
            }
            Self::Month => {
                let month = Month::containing(day);
                DayRange { first: month.first(), last: month.last() }
            }
        }
    }
}

impl Goal {
    /// A goal to reach.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `target` for zero, which every day reaches.
    pub fn at_least(target: Amount, per: GoalPeriod) -> Result<Self, FieldError> {
        Ok(Self::AtLeast { target: target.require_positive("target")?, per })
    }

    /// A limit of zero: each day without an entry is kept.
    pub fn quit() -> Self {
        Self::AtMost { target: Amount::ZERO, per: GoalPeriod::Day }
    }

    /// Whether it's a limit, which a day keeps by itself and exceeds by its entries.
    pub fn is_limit(self) -> bool {
        matches!(self, Self::AtMost { .. })
    }

    /// The goal for `#[serde(skip_serializing_if)]`: rows of yes/no habits say nothing about it.
    pub fn is_yes_no(&self) -> bool {
        *self == Self::YesNo
    }

    /// Whether an amount belongs to the goal.
    pub fn has_amounts(self) -> bool {
        self != Self::YesNo
    }

    /// The target and its period; `None` for a yes/no habit.
    pub fn target(self) -> Option<(Amount, GoalPeriod)> {
        match self {
            Self::YesNo => None,
            Self::AtLeast { target, per } | Self::AtMost { target, per } => Some((target, per)),
        }
    }

    /// Whether the amounts of one period meet the goal; a yes/no habit has none.
    pub fn is_met_by(self, amount: Amount) -> bool {
        match self {
            Self::YesNo => false,
            Self::AtLeast { target, .. } => amount >= target,
            Self::AtMost { target, .. } => amount <= target,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_kept_up_to_its_target_and_a_target_is_reached_from_it_on() {
        let amount = |thousandths| Amount::from_thousandths(thousandths).unwrap();
        let (target, per) = (amount(2_000), GoalPeriod::Day);
        let met = |goal: Goal| [1_999, 2_000, 2_001].map(|thousandths| goal.is_met_by(amount(thousandths)));
        assert_eq!(met(Goal::AtLeast { target, per }), [false, true, true]);
        assert_eq!(met(Goal::AtMost { target, per }), [true, true, false]);
        assert_eq!(met(Goal::YesNo), [false; 3]);
    }

    #[test]
    fn the_stored_spelling_is_fixed() {
        let goal = Goal::AtMost { target: Amount::from_thousandths(1_500).unwrap(), per: GoalPeriod::Week };
        let stored = serde_json::to_string(&goal).unwrap();
        assert_eq!(stored, r#"{"kind":"atMost","target":1500,"per":"week"}"#);
        assert_eq!(serde_json::from_str::<Goal>(&stored).unwrap(), goal);
    }
}
