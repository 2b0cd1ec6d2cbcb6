//! The goal of a habit and its amounts as JSON sends and gets them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::habits::goal::GoalPeriod;
use crate::domain::{Amount, FieldError, Goal, Unit};

/// An amount: a number, or text as people type it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum AmountInput {
    Number(f64),
    Text(String),
}

impl AmountInput {
    /// # Errors
    /// A [`FieldError`] of `field`.
    pub fn parse(&self, field: &'static str, unit: Option<&Unit>) -> Result<Amount, FieldError> {
        match self {
            Self::Number(number) => Amount::from_json(*number).ok_or_else(|| {
                FieldError::new(field, "Enter a number from 0 to 999,999,999.999 with at most three decimals.")
            }),
            Self::Text(text) => Amount::parse(field, text, unit),
        }
    }

    /// The amount that one tap adds.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `step`, for zero as well.
    pub fn parse_step(&self, unit: Option<&Unit>) -> Result<Amount, FieldError> {
        self.parse("step", unit)?.require_positive("step")
    }
}

/// `{"kind":"yesNo"}`, `{"kind":"atLeast","target":8,"per":"day"}`, or `{"kind":"atMost",…}`.
#[derive(Debug, Deserialize)]
pub struct GoalInput {
    kind: String,
    target: Option<AmountInput>,
    per: Option<String>,
}

impl GoalInput {
    /// # Errors
    /// A [`FieldError`] of the field `goal`, `target`, or `per`.
    pub fn parse(&self, unit: Option<&Unit>) -> Result<Goal, FieldError> {
        let target = || match &self.target {
            Some(target) => target.parse("target", unit),
            None => Err(FieldError::new("target", "Enter a number.")),
        };
        let per = || GoalPeriod::parse(self.per.as_deref().unwrap_or_default());
        match self.kind.as_str() {
            "yesNo" => Ok(Goal::YesNo),
            "atLeast" => Goal::at_least(target()?, per()?),
            "atMost" => Ok(Goal::AtMost { target: target()?, per: per()? }),
            _ => Err(FieldError::new("goal", "The kind of a goal is yesNo, atLeast, or atMost.")),
        }
    }
}

/// The goal as the API returns it; `None` for a habit that is done or not.
pub fn goal_json(goal: Goal) -> Option<Value> {
    let (target, per) = goal.target()?;
    let kind = if goal.is_limit() { "atMost" } else { "atLeast" };
    Some(json!({ "kind": kind, "target": target.to_json(), "per": per.as_str() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Goal, FieldError> {
        serde_json::from_str::<GoalInput>(body).unwrap().parse(None)
    }

    #[test]
    fn a_goal_reads_back_from_what_the_api_returns() {
        for goal in [r#"{"kind":"atLeast","per":"day","target":8}"#, r#"{"kind":"atMost","per":"month","target":2.5}"#]
        {
            assert_eq!(goal_json(parse(goal).unwrap()).unwrap().to_string(), goal);
        }
        assert_eq!((parse(r#"{"kind":"yesNo"}"#), goal_json(Goal::YesNo)), (Ok(Goal::YesNo), None));
    }

    #[test]
    fn what_is_no_goal_is_refused_beside_its_field() {
        for (body, field) in [
            (r#"{"kind":"often"}"#, "goal"),
            (r#"{"kind":"atLeast"}"#, "target"),
            (r#"{"kind":"atLeast","target":0}"#, "target"),
            (r#"{"kind":"atLeast","target":-1}"#, "target"),
            (r#"{"kind":"atLeast","target":1e99}"#, "target"),
            (r#"{"kind":"atLeast","target":"NaN"}"#, "target"),
            (r#"{"kind":"atMost","target":"2,5","per":"year"}"#, "per"),
        ] {
            assert_eq!(parse(body).unwrap_err().field, field, "{body}");
        }
    }
}
