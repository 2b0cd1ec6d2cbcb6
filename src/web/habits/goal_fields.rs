//! The fields for what a habit asks for, unless a day is simply done or not: an amount to reach or to stay within.
//!
//! They are folded, because most habits are done or not. The style sheet hides the fields that the choice doesn't need.

use maud::{Markup, html};

use crate::domain::field_error::FieldErrors;
use crate::domain::habits::goal::GoalPeriod;
use crate::domain::{Amount, FieldError, Goal, Habit, Unit};
use crate::web::habits::short_field::{ShortField, short_field};
use crate::web::ui::form::{find_error, options};

/// The choices, each with its label.
const CHOICES: [(&str, &str); 4] = [
    ("yesNo", "Nothing: a day is done or not"),
    ("atLeast", "At least an amount"),
    ("atMost", "At most an amount"),
    ("quit", "None at all"),
];

/// The periods, each with its label.
const PERIODS: [(&str, &str); 3] = [("day", "A day"), ("week", "A week"), ("month", "A month")];

/// What the fields contain, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct GoalFields {
    /// One of the choices; empty is a day that is done or not.
    pub choice: String,
    pub target: String,
    pub unit: String,
    pub per: String,
    /// The amount that one tap adds; empty is one.
    pub step: String,
}

impl From<&Habit> for GoalFields {
    fn from(habit: &Habit) -> Self {
        let goal = habit.schedule.rule().goal;
        let (target, per) = goal.target().unwrap_or_default();
        let choice = match goal {
            Goal::YesNo => "yesNo",
            Goal::AtLeast { .. } => "atLeast",
            _ if goal == Goal::quit() => "quit",
            Goal::AtMost { .. } => "atMost",
        };
        Self {
            choice: choice.to_owned(),
            target: if target.is_zero() { String::new() } else { target.to_string() },
            unit: habit.unit.as_ref().map(|unit| unit.as_str().to_owned()).unwrap_or_default(),
            per: per.as_str().to_owned(),
            step: habit.step.map(|step| step.to_string()).unwrap_or_default(),
        }
    }
}

/// The fields, parsed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParsedGoal {
    pub goal: Goal,
    pub unit: Option<Unit>,
    pub step: Option<Amount>,
}

impl GoalFields {
    /// Whether a day is done or not. Other fields don't matter then.
    pub fn is_yes_no(&self) -> bool {
        !CHOICES.iter().skip(1).any(|(choice, _)| *choice == self.choice)
    }

    /// Parses the fields that the choice needs, and records errors of the fields `target`, `unit`, `per`, and `step`.
    pub fn parse(&self, errors: &mut FieldErrors) -> ParsedGoal {
        if self.is_yes_no() {
            return ParsedGoal::default();
        }
        let unit = errors.record(Unit::parse(&self.unit)).flatten();
        let step = if self.step.trim().is_empty() { None } else { Some(self.parse_step(unit.as_ref())) };
        let step = step.and_then(|step| errors.record(step));
        let goal = errors.record(self.parse_goal(unit.as_ref()));
        ParsedGoal { goal: goal.unwrap_or_default(), unit, step }
    }

    fn parse_step(&self, unit: Option<&Unit>) -> Result<Amount, FieldError> {
        Amount::parse("step", &self.step, unit)?.require_positive("step")
    }

    fn parse_goal(&self, unit: Option<&Unit>) -> Result<Goal, FieldError> {
        if self.choice == "quit" {
            return Ok(Goal::quit());
        }
        let target = Amount::parse("target", &self.target, unit)?;
        let per = GoalPeriod::parse(&self.per)?;
        if self.choice == "atMost" { Ok(Goal::AtMost { target, per }) } else { Goal::at_least(target, per) }
    }
}

/// The fields, folded unless they are in use or one has an error. Ids begin with `prefix`, as in
/// [`field`](crate::web::ui::form::field).
pub fn goal_fields(prefix: &str, fields: &GoalFields, errors: &[FieldError]) -> Markup {
    let has_error = ["target", "unit", "per", "step"].iter().any(|name| find_error(name, errors).is_some());
    let short = |name, label, value| {
        short_field(prefix, &ShortField { name, label, keyboard: Some("decimal"), input_type: "text", value }, errors)
    };
    let unit = ShortField {
        name: "unit",
        label: "Unit (such as pages, km, or min)",
        keyboard: None,
        input_type: "text",
        value: &fields.unit,
    };
    html! {
        details.more-options.goal open[has_error || !fields.is_yes_no()] {
            summary { "Count an amount" }
            div.more-fields {
                div.field {
                    label for={ (prefix) "goal" } { "What to count" }
                    select id={ (prefix) "goal" } name="goal" autocomplete="off" { (options(CHOICES, &fields.choice)) }
                }
                (short("target", "Amount", &fields.target))
                (short_field(prefix, &unit, errors))
                div.field data-field="per" {
                    label for={ (prefix) "per" } { "Within" }
                    select id={ (prefix) "per" } name="per" autocomplete="off" { (options(PERIODS, &fields.per)) }
                }
                (short("step", "One tap adds (1 if empty)", &fields.step))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(fields: &GoalFields) -> (ParsedGoal, Vec<&'static str>) {
        let mut errors = FieldErrors::default();
        let parsed = fields.parse(&mut errors);
        let fields = errors.into_refusal().field_errors().iter().map(|error| error.field).collect();
        (parsed, fields)
    }

    #[test]
    fn fields_that_the_choice_does_not_need_are_ignored() {
        let typed = GoalFields { target: "x".into(), step: "0".into(), ..GoalFields::default() };
        assert_eq!(parse(&typed), (ParsedGoal::default(), Vec::new()));
        let quit = GoalFields { choice: "quit".into(), target: "x".into(), ..GoalFields::default() };
        assert_eq!(parse(&quit).0.goal, Goal::quit());
    }

    #[test]
    fn amounts_are_read_in_the_unit_of_the_habit() {
        let fields = |target: &str, step: &str| GoalFields {
            choice: "atLeast".into(),
            target: target.into(),
            unit: "min".into(),
            per: "week".into(),
            step: step.into(),
        };
        let (parsed, errors) = parse(&fields("1h 30m", "15"));
        assert_eq!((parsed.goal.target().unwrap().0.to_string(), errors), ("90".to_owned(), Vec::new()));
        assert_eq!(parse(&fields("0", "")).1, ["target"]);
        assert_eq!(parse(&fields("", "0")).1, ["step", "target"]);
    }
}
