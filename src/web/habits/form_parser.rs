//! Reading the form of a habit.

use crate::app::habits::habit::HabitChange;
use crate::domain::field_error::FieldErrors;
use crate::domain::habits::habit::HabitPlan;
use crate::domain::habits::schedule_change::ScheduleChange;
use crate::domain::{Day, Description, Emoji, GroupName, HabitColor, Refusal, Tags, TimeOfDay, Title, Weekdays};
use crate::web::habits::date_fields::DateFields;
use crate::web::habits::form_input::HabitFormInput;
use crate::web::habits::frequency_fields::FrequencyFields;
use crate::web::habits::goal_fields::GoalFields;
use crate::web::http::body::FormFields;

/// The fields as they were sent.
pub fn parse_form(form: &FormFields) -> HabitFormInput {
    HabitFormInput {
        title: form.get("title").to_owned(),
        description: form.get("description").to_owned(),
        // 0 is not a day of the week, so it is refused.
        weekdays: form.all("weekdays").map(|number| number.parse().unwrap_or(0)).collect(),
        frequency: FrequencyFields {
            choice: form.get("frequency").to_owned(),
            times: form.get("times").to_owned(),
            days: form.get("days").to_owned(),
            anchor: form.get("anchor").to_owned(),
        },
        dates: DateFields {
            effective_from: form.get("effectiveFrom").to_owned(),
            starts_on: form.get("startsOn").to_owned(),
            ends_on: form.get("endsOn").to_owned(),
        },
        goal: GoalFields {
            choice: form.get("goal").to_owned(),
            target: form.get("target").to_owned(),
            unit: form.get("unit").to_owned(),
            per: form.get("per").to_owned(),
            step: form.get("step").to_owned(),
        },
        color: form.get("color").to_owned(),
        emoji: form.get("emoji").to_owned(),
        tags: form.get("tags").to_owned(),
        group: form.get("group").to_owned(),
        time_of_day: form.get("timeOfDay").to_owned(),
    }
}

/// The form as it was sent on `today`. Without days of the week, they are those of every day, if the frequency needs none.
///
/// # Errors
/// [`Refusal::InvalidFields`] with every invalid field.
pub fn parse_plan(input: &HabitFormInput, today: Day) -> Result<HabitPlan, Refusal> {
    let mut errors = FieldErrors::default();
    let dates = input.dates.parse(&mut errors);
    let title = errors.record(Title::parse(&input.title));
    let description = errors.record(Description::parse(&input.description));
    let is_any_day = input.weekdays.is_empty() && !input.frequency.is_weekdays();
    let weekdays = if is_any_day { Ok(Weekdays::ALL) } else { Weekdays::parse(input.weekdays.iter().copied()) };
    let weekdays = errors.record(weekdays);
    let frequency = errors.record(input.frequency.parse(dates.effective_from.or(dates.starts_on).unwrap_or(today)));
    let goal = input.goal.parse(&mut errors);
    let color = errors.record(HabitColor::parse(&input.color));
    let emoji = errors.record(Emoji::parse(&input.emoji));
    let tags = errors.record(Tags::parse_text(&input.tags));
    let group = errors.record(GroupName::parse(&input.group));
    let time_of_day = errors.record(TimeOfDay::parse(&input.time_of_day));
    let (Some(title), Some(weekdays)) = (title, weekdays) else { return Err(errors.into_refusal()) };
    errors.check()?;
    Ok(HabitPlan {
        description: description.flatten(),
        frequency: frequency.unwrap_or_default(),
        goal: goal.goal,
        starts_on: dates.starts_on,
        ends_on: dates.ends_on,
        unit: goal.unit,
        step: goal.step,
        color: color.flatten(),
        emoji: emoji.flatten(),
        tags: tags.unwrap_or_default(),
        group: group.flatten(),
        time_of_day: time_of_day.flatten(),
        ..HabitPlan::new(title, weekdays)
    })
}

/// The changes that the form of an existing habit makes. A form without some of the fields doesn't change them.
///
/// # Errors
/// [`Refusal::InvalidFields`] with every invalid field.
pub fn parse_change(form: &FormFields, today: Day) -> Result<HabitChange, Refusal> {
    let input = parse_form(form);
    let plan = parse_plan(&input, today)?;
    let is_sent = |field| form.maybe(field).is_some();
    let sends_goal = is_sent("goal");
    let sends_amounts = sends_goal && plan.goal.has_amounts();
    let schedule = ScheduleChange {
        weekdays: Some(plan.weekdays),
        frequency: is_sent("frequency").then_some(plan.frequency),
        goal: sends_goal.then_some(plan.goal),
        effective_from: input.dates.parse(&mut FieldErrors::default()).effective_from,
        starts_on: plan.starts_on,
        ends_on: is_sent("endsOn").then_some(plan.ends_on),
    };
    Ok(HabitChange {
        title: Some(plan.title),
        description: Some(plan.description),
        schedule,
        unit: sends_amounts.then_some(plan.unit),
        step: sends_amounts.then_some(plan.step),
        color: is_sent("color").then_some(plan.color),
        emoji: is_sent("emoji").then_some(plan.emoji),
        tags: is_sent("tags").then_some(plan.tags),
        group: is_sent("group").then_some(plan.group),
        time_of_day: is_sent("timeOfDay").then_some(plan.time_of_day),
        reminder_times: None,
    })
}
