//! Habits as JSON.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use warp::http::StatusCode;

use super::instant;
use crate::app::habits::{self, Change};
use crate::domain::habit::Plan;
use crate::domain::refusal::Faults;
use crate::domain::{Description, Habit, HabitId, Refusal, ReminderTimes, Title, Weekdays};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// A habit as the API shows it.
pub fn shown(habit: &Habit) -> Value {
    json!({
        "id": habit.id,
        "title": habit.title,
        "description": habit.description,
        "archivedAt": habit.archived_at.map(instant),
        "createdAt": instant(habit.created_at),
        "weekdays": habit.schedule.weekdays(),
        "reminderTimes": habit.reminder_times,
    })
}

/// `GET /api/habits`: the active ones in the person's own order.
pub async fn list(visit: Visit) -> Result<Answer, Failure> {
    let habits = habits::active(&visit.site.app, visit.member()?.id)?;
    let habits: Vec<Value> = habits.iter().map(shown).collect();
    Ok(reply::json(StatusCode::OK, &json!({ "habits": habits })))
}

/// What a new habit is made of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewHabit {
    title: String,
    #[serde(default, deserialize_with = "text")]
    description: Option<String>,
    weekdays: Vec<i64>,
    #[serde(default)]
    reminder_times: Vec<i64>,
}

/// A string that may be absent, but not null.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

impl NewHabit {
    /// Parses the fields, all faults at once.
    pub fn plan(&self) -> Result<Plan, Refusal> {
        let mut faults = Faults::default();
        let title = faults.take(Title::parse(&self.title));
        let description = faults.take(Description::parse(self.description.as_deref().unwrap_or("")));
        let weekdays = faults.take(Weekdays::parse(self.weekdays.iter().copied()));
        let reminder_times = faults.take(ReminderTimes::parse(&self.reminder_times));
        match (title, description, weekdays, reminder_times) {
            (Some(title), Some(description), Some(weekdays), Some(reminder_times)) => {
                Ok(Plan { title, description, weekdays, reminder_times })
            }
            _ => Err(faults.refusal()),
        }
    }
}

/// `POST /api/habits`: 201 `{habit}`.
pub async fn create(visit: Visit) -> Result<Answer, Failure> {
    let typed: NewHabit = visit.json().await?;
    let habit = habits::create(&visit.site.app, visit.member()?, typed.plan()?, None).await?;
    Ok(reply::json(StatusCode::CREATED, &json!({ "habit": shown(&habit) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HabitChange {
    title: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    description: Option<Option<String>>,
    weekdays: Option<Vec<i64>>,
    reminder_times: Option<Vec<i64>>,
}

/// Tells "absent" from "null".
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl HabitChange {
    fn parse(self) -> Result<Change, Refusal> {
        let mut faults = Faults::default();
        let title = self.title.and_then(|title| faults.take(Title::parse(&title)));
        let description = self.description.map(Option::unwrap_or_default);
        let description = description.and_then(|text| faults.take(Description::parse(&text)));
        let weekdays = self.weekdays.and_then(|days| faults.take(Weekdays::parse(days)));
        let reminder_times = self.reminder_times.and_then(|times| faults.take(ReminderTimes::parse(&times)));
        if title.is_none() && description.is_none() && weekdays.is_none() && reminder_times.is_none() {
            faults.add("title", "Name at least one field to change.");
        }
        faults.check()?;
        Ok(Change { title, description, weekdays, reminder_times })
    }
}

/// `PUT /api/habits/{id}`: 200 `{habit}`. What is absent stays; `description: null` clears it.
pub async fn change(visit: Visit) -> Result<Answer, Failure> {
    let id = visit.part("id")?;
    let typed: HabitChange = visit.json().await?;
    let habit = habits::change(&visit.site.app, visit.member()?, id, typed.parse()?).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "habit": shown(&habit) })))
}

/// `DELETE /api/habits/{id}`: puts the habit away; 200 `{habitId}`.
pub async fn archive(visit: Visit) -> Result<Answer, Failure> {
    let id: HabitId = visit.part("id")?;
    habits::archive(&visit.site.app, visit.member()?, id).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "habitId": id })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    habit_ids: Vec<String>,
}

/// `PUT /api/habits/order`: 200 `{habitIds}`.
pub async fn reorder(visit: Visit) -> Result<Answer, Failure> {
    let typed: Order = visit.json().await?;
    let ids: Result<Vec<HabitId>, _> = typed.habit_ids.iter().map(|id| id.parse()).collect();
    let ids = ids.map_err(|_| Refusal::NoSuchHabit)?;
    habits::reorder(&visit.site.app, visit.member()?.id, ids).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "habitIds": typed.habit_ids })))
}
