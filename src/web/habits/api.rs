//! The JSON of habits.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::habits::completions::{self, RecentHabit};
use crate::app::habits::habit::{self, HabitChange};
use crate::domain::field_error::FieldErrors;
use crate::domain::habits::agenda::{DayState, PAST_DAYS, past_days};
use crate::domain::habits::completion::CompletionWindow;
use crate::domain::habits::edit_preview::EditPreview;
use crate::domain::habits::habit::HabitPlan;
use crate::domain::habits::schedule_change::ScheduleChange;
use crate::domain::{
    Amount, Day, Description, Emoji, Frequency, GroupName, Habit, HabitColor, HabitId, Pauses, Refusal, ReminderTimes,
    Tags, TimeOfDay, Title, Unit, Weekdays,
};
use crate::web::habits::form_parser::parse_change;
use crate::web::habits::frequency_input::{DayInput, FrequencyInput};
use crate::web::habits::goal_input::{AmountInput, GoalInput, goal_json};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::format_timestamp;
use crate::web::http::response::{self, Response};

/// What the JSON of a habit has in common for users and admins.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HabitSummary<'a> {
    id: HabitId,
    title: &'a Title,
    description: Option<&'a Description>,
    archived_at: Option<String>,
    created_at: String,
    weekdays: Weekdays,
}

impl<'a> HabitSummary<'a> {
    /// The habit as of `today`.
    pub fn new(habit: &'a Habit, today: Day) -> Self {
        Self {
            id: habit.id,
            title: &habit.title,
            description: habit.description.as_ref(),
            archived_at: habit.archived_at.map(format_timestamp),
            created_at: format_timestamp(habit.created_at),
            weekdays: habit.schedule.rule_as_of(today).weekdays,
        }
    }
}

/// A habit as its owner gets it. What is optional is there only if the habit has it, so that scripts written for the predecessor
/// get the fields they know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HabitDetail<'a> {
    #[serde(flatten)]
    summary: HabitSummary<'a>,
    reminder_times: &'a ReminderTimes,
    #[serde(skip_serializing_if = "Frequency::is_weekdays")]
    frequency: Frequency,
    #[serde(skip_serializing_if = "Option::is_none")]
    goal: Option<Value>,
    /// Its first day while that is still to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_on: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_on: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a Unit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<HabitColor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<&'a Emoji>,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: &'a Tags,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a GroupName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_of_day: Option<TimeOfDay>,
    #[serde(skip_serializing_if = "Pauses::is_empty")]
    pauses: &'a Pauses,
    #[serde(skip_serializing_if = "Option::is_none")]
    recent_days: Option<BTreeMap<Day, &'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    streak: Option<u32>,
}

impl<'a> HabitDetail<'a> {
    /// The habit as of `today`.
    fn new(habit: &'a Habit, today: Day) -> Self {
        let rule = habit.schedule.rule_as_of(today);
        Self {
            summary: HabitSummary::new(habit, today),
            reminder_times: &habit.reminder_times,
            frequency: rule.frequency,
            goal: goal_json(rule.goal),
            starts_on: Some(habit.schedule.start()).filter(|start| today < *start),
            ends_on: habit.ends_on(),
            unit: habit.unit.as_ref(),
            step: habit.step.map(Amount::to_json),
            color: habit.color,
            emoji: habit.emoji.as_ref(),
            tags: &habit.tags,
            group: habit.group.as_ref(),
            time_of_day: habit.time_of_day,
            pauses: &habit.pauses,
            recent_days: None,
            streak: None,
        }
    }

    /// With the days up to `today` on which the habit was due, done, skipped or paused, and with the streak.
    fn with_recent_days(recent: &'a RecentHabit, today: Day) -> Self {
        let days = past_days::<{ PAST_DAYS + 1 }>(today.add_days(1)).into_iter().zip(recent.states);
        let recent_days = days.filter_map(|(day, state)| match state {
            DayState::Done => Some((day, "done")),
            DayState::Open => Some((day, "open")),
            DayState::Skipped => Some((day, "skipped")),
            DayState::Paused => Some((day, "paused")),
            DayState::NotScheduled => None,
        });
        Self {
            recent_days: Some(recent_days.collect()),
            streak: Some(recent.streak),
            ..Self::new(&recent.habit, today)
        }
    }
}

/// `GET /api/habits`: the active habits in the user's order; with `?recentDays=true`, also on which of the last days they were
/// due or done, and the current streak.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    if request.query().get("recentDays") == "true" {
        return list_with_recent_days(&request);
    }
    let (app, account) = (&request.state.app, request.account()?);
    let (habits, today) = (habit::list_active(app, account.id)?, app.today(account));
    let habits: Vec<HabitDetail<'_>> = habits.iter().map(|habit| HabitDetail::new(habit, today)).collect();
    Ok(response::json(StatusCode::OK, &json!({ "habits": habits })))
}

fn list_with_recent_days(request: &Request) -> Result<Response, HttpError> {
    let account = request.account()?;
    let app = &request.state.app;
    let window = CompletionWindow::at(app.clock.now(), account.zone());
    let habits = completions::list_recent(app, account, window)?;
    let with_days: Vec<_> = habits.iter().map(|recent| HabitDetail::with_recent_days(recent, window.today)).collect();
    Ok(response::json(StatusCode::OK, &json!({ "habits": with_days })))
}

/// A new habit.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewHabit {
    title: String,
    #[serde(default, deserialize_with = "text")]
    description: Option<String>,
    /// Required unless the frequency goes by something else.
    weekdays: Option<Vec<i64>>,
    frequency: Option<FrequencyInput>,
    goal: Option<GoalInput>,
    starts_on: Option<DayInput>,
    ends_on: Option<DayInput>,
    unit: Option<String>,
    step: Option<AmountInput>,
    #[serde(default)]
    reminder_times: Vec<i64>,
    color: Option<String>,
    emoji: Option<String>,
    tags: Option<Vec<String>>,
    group: Option<String>,
    time_of_day: Option<String>,
}

/// A string that may be absent, but not null.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

impl NewHabit {
    /// A habit that is created on `today`.
    ///
    /// # Errors
    /// [`Refusal::InvalidFields`] with every invalid field.
    pub fn parse(&self, today: Day) -> Result<HabitPlan, Refusal> {
        let mut errors = FieldErrors::default();
        let title = errors.record(Title::parse(&self.title));
        let description = errors.record(Description::parse(self.description.as_deref().unwrap_or("")));
        let starts_on = self.starts_on.as_ref().and_then(|day| errors.record(day.parse("startsOn")));
        let ends_on = self.ends_on.as_ref().and_then(|day| errors.record(day.parse("endsOn")));
        let first = starts_on.unwrap_or(today);
        let frequency = self.frequency.as_ref().map_or(Ok(Frequency::default()), |input| input.parse(first));
        let is_any_day = self.weekdays.is_none() && self.frequency.as_ref().is_some_and(|input| !input.is_weekdays());
        let weekdays = self.weekdays.as_deref().unwrap_or_default().iter().copied();
        let weekdays = errors.record(if is_any_day { Ok(Weekdays::ALL) } else { Weekdays::parse(weekdays) });
        let frequency = errors.record(frequency);
        let unit = errors.record(Unit::parse(self.unit.as_deref().unwrap_or_default())).flatten();
        let goal = self.goal.as_ref().and_then(|goal| errors.record(goal.parse(unit.as_ref())));
        let step = self.step.as_ref().and_then(|step| errors.record(step.parse_step(unit.as_ref())));
        let reminder_times = errors.record(ReminderTimes::parse(&self.reminder_times));
        let color = errors.record(HabitColor::parse(self.color.as_deref().unwrap_or_default()));
        let emoji = errors.record(Emoji::parse(self.emoji.as_deref().unwrap_or_default()));
        let tags = errors.record(Tags::parse(self.tags.iter().flatten()));
        let group = errors.record(GroupName::parse(self.group.as_deref().unwrap_or_default()));
        let time_of_day = errors.record(TimeOfDay::parse(self.time_of_day.as_deref().unwrap_or_default()));
        let (Some(title), Some(weekdays)) = (title, weekdays) else { return Err(errors.into_refusal()) };
        errors.check()?;
        Ok(HabitPlan {
            title,
            description: description.flatten(),
            weekdays,
            frequency: frequency.unwrap_or_default(),
            goal: goal.unwrap_or_default(),
            starts_on,
            ends_on,
            unit,
            step,
            reminder_times: reminder_times.unwrap_or_default(),
            color: color.flatten(),
            emoji: emoji.flatten(),
            tags: tags.unwrap_or_default(),
            group: group.flatten(),
            time_of_day: time_of_day.flatten(),
        })
    }
}

/// `POST /api/habits`: 201 `{habit}`.
pub async fn create(request: Request) -> Result<Response, HttpError> {
    let input: NewHabit = request.json().await?;
    let account = request.account()?;
    let today = request.state.app.today(account);
    let habit = habit::create_habit(&request.state.app, account, input.parse(today)?, None).await?;
    Ok(response::json(StatusCode::CREATED, &json!({ "habit": HabitDetail::new(&habit, today) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HabitPatch {
    title: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    description: Option<Option<String>>,
    weekdays: Option<Vec<i64>>,
    frequency: Option<FrequencyInput>,
    goal: Option<GoalInput>,
    effective_from: Option<DayInput>,
    starts_on: Option<DayInput>,
    #[serde(default, deserialize_with = "nullable")]
    ends_on: Option<Option<DayInput>>,
    #[serde(default, deserialize_with = "nullable")]
    unit: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    step: Option<Option<AmountInput>>,
    reminder_times: Option<Vec<i64>>,
    #[serde(default, deserialize_with = "nullable")]
    color: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    emoji: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    tags: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "nullable")]
    group: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    time_of_day: Option<Option<String>>,
}

/// Distinguishes an absent field from null.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl HabitPatch {
    fn parse(self, today: Day) -> Result<HabitChange, Refusal> {
        let mut errors = FieldErrors::default();
        let title = self.title.and_then(|title| errors.record(Title::parse(&title)));
        let description = self.description.map(Option::unwrap_or_default);
        let description = description.and_then(|text| errors.record(Description::parse(&text)));
        let effective_from = self.effective_from.and_then(|day| errors.record(day.parse("effectiveFrom")));
        let starts_on = self.starts_on.and_then(|day| errors.record(day.parse("startsOn")));
        let ends_on = self.ends_on.map(|day| day.and_then(|day| errors.record(day.parse("endsOn"))));
        let weekdays = self.weekdays.and_then(|days| errors.record(Weekdays::parse(days)));
        let first = effective_from.unwrap_or(today);
        let frequency = self.frequency.and_then(|input| errors.record(input.parse(first)));
        let unit = self.unit.map(Option::unwrap_or_default).and_then(|text| errors.record(Unit::parse(&text)));
        let known_unit = unit.as_ref().and_then(Option::as_ref);
        let goal = self.goal.and_then(|goal| errors.record(goal.parse(known_unit)));
        let step = self.step.map(|step| step.and_then(|step| errors.record(step.parse_step(known_unit))));
        let reminder_times = self.reminder_times.and_then(|times| errors.record(ReminderTimes::parse(&times)));
        let color = self.color.map(Option::unwrap_or_default);
        let color = color.and_then(|name| errors.record(HabitColor::parse(&name)));
        let emoji = self.emoji.map(Option::unwrap_or_default);
        let emoji = emoji.and_then(|text| errors.record(Emoji::parse(&text)));
        let tags = self.tags.map(Option::unwrap_or_default).and_then(|list| errors.record(Tags::parse(list)));
        let group = self.group.map(Option::unwrap_or_default);
        let group = group.and_then(|name| errors.record(GroupName::parse(&name)));
        let time_of_day = self.time_of_day.map(Option::unwrap_or_default);
        let time_of_day = time_of_day.and_then(|name| errors.record(TimeOfDay::parse(&name)));
        let change = HabitChange {
            title,
            description,
            schedule: ScheduleChange { weekdays, frequency, goal, effective_from, starts_on, ends_on },
            unit,
            step,
            reminder_times,
            color,
            emoji,
            tags,
            group,
            time_of_day,
        };
        if change.is_empty() {
            errors.add("title", "Include at least one field to change.");
        }
        errors.check()?;
        Ok(change)
    }
}

/// `PUT /api/habits/{id}`: 200 `{habit}`. Absent fields don't change; null clears what is optional.
pub async fn update(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    let input: HabitPatch = request.json().await?;
    let account = request.account()?;
    let today = request.state.app.today(account);
    let habit = habit::update_habit(&request.state.app, account, id, input.parse(today)?).await?;
    Ok(response::json(StatusCode::OK, &json!({ "habit": HabitDetail::new(&habit, today) })))
}

/// `POST /api/habits/{id}/preview`: 200 `{preview}`. Takes what [`update`] takes, or the fields of the form, and saves nothing.
pub async fn preview(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    let account = request.account()?;
    let today = request.state.app.today(account);
    let change = if request.has_form() {
        parse_change(&request.form().await?, today)?
    } else {
        request.json::<HabitPatch>().await?.parse(today)?
    };
    let preview = habit::preview_change(&request.state.app, account, id, &change.schedule)?;
    let EditPreview { before, after } = preview;
    Ok(response::json(
        StatusCode::OK,
        &json!({ "preview": {
            "streak": { "before": before.streak, "after": after.streak },
            "streakUnit": { "before": before.streak_unit.as_str(), "after": after.streak_unit.as_str() },
            "strengthPercent": { "before": before.strength_percent, "after": after.strength_percent },
            "sentence": preview.sentence(),
        } }),
    ))
}

/// `DELETE /api/habits/{id}`: archives the habit; `?permanent=true` deletes an archived one for good. 200 `{habitId}`.
pub async fn archive(request: Request) -> Result<Response, HttpError> {
    let id: HabitId = request.path_param("id")?;
    let account = request.account()?;
    if request.query().get("permanent") == "true" {
        habit::delete_habit(&request.state.app, account.id, id, &request.client()).await?;
    } else {
        habit::archive_habit(&request.state.app, account, id).await?;
    }
    Ok(response::json(StatusCode::OK, &json!({ "habitId": id })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HabitOrder {
    habit_ids: Vec<String>,
}

/// `PUT /api/habits/order`: 200 `{habitIds}`.
pub async fn reorder(request: Request) -> Result<Response, HttpError> {
    let input: HabitOrder = request.json().await?;
    let ids: Result<Vec<HabitId>, _> = input.habit_ids.iter().map(|id| id.parse()).collect();
    let ids = ids.map_err(|_| Refusal::HabitNotFound)?;
    habit::reorder_habits(&request.state.app, request.account()?.id, ids).await?;
    Ok(response::json(StatusCode::OK, &json!({ "habitIds": input.habit_ids })))
}
