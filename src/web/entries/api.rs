//! The JSON of entries: amounts recorded for a day of a habit.

use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::habits::completions::CompletionOutcome;
use crate::app::habits::entries::{self, HabitDay, NewEntry};
use crate::domain::habits::completion::{check_list_of_today, completed_at};
use crate::domain::habits::day_log::AmountEntry;
use crate::domain::{Day, EntryId, HabitId, Refusal};
use crate::web::habits::goal_input::AmountInput;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response, format_timestamp};
use crate::web::today::api::test_clock;

/// `GET /api/entries?date=`: `{entries:[{id,habitId,date,amount,recordedAt}]}`, archived habits included.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let day = Day::parse(request.query().get("date")).map_err(Refusal::from)?;
    let entries = entries::list_entries_on(&request.state.app, request.account()?.id, day)?;
    let entries: Vec<Value> = entries.iter().map(|(habit, entry)| entry_json(*habit, day, entry)).collect();
    Ok(response::json(StatusCode::OK, &json!({ "entries": entries })))
}

fn entry_json(habit: HabitId, day: Day, entry: &AmountEntry) -> Value {
    json!({
        "id": entry.id,
        "habitId": habit,
        "date": day,
        "amount": entry.amount.to_json(),
        "recordedAt": format_timestamp(entry.recorded_at),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryInput {
    habit_id: String,
    date: String,
    amount: AmountInput,
    /// Chosen by the device, so that an entry that is sent twice counts once.
    id: Option<String>,
    /// When the amount was reached, as hours and minutes of the day.
    time: Option<String>,
    /// The day that the user saw as today, if the entry was made in the list of today.
    today: Option<String>,
    /// For an entry that was made offline: how long ago.
    #[serde(default)]
    seconds_ago: u32,
    /// The user who made it. Another user may have signed in since.
    user_id: Option<String>,
}

impl EntryInput {
    fn on(&self) -> Result<HabitDay, Refusal> {
        parse_habit_day(&self.habit_id, &self.date)
    }
}

fn parse_habit_day(habit: &str, date: &str) -> Result<HabitDay, Refusal> {
    Ok(HabitDay { habit: habit.parse().map_err(|_| Refusal::HabitNotFound)?, day: Day::parse(date)? })
}

/// `POST /api/entries`: adds an entry. `{result:{status,id,habitId,date}}`. Idempotent if the body has an `id`. An entry that was
/// made offline applies to the time when it was made (`secondsAgo`), and only to the user who made it (`userId`).
pub async fn add(request: Request) -> Result<Response, HttpError> {
    let now = test_clock(&request)?.unwrap_or_else(|| request.state.app.clock.now());
    let input: EntryInput = request.json().await?;
    let account = request.account()?;
    if input.user_id.as_ref().is_some_and(|user| account.id.to_string() != *user) {
        return Err(HttpError::OtherAccount);
    }
    let made_at = completed_at(now, input.seconds_ago)?;
    if let Some(today) = &input.today {
        check_list_of_today(Day::parse(today).map_err(Refusal::from)?, made_at, account.zone())?;
    }
    let on = input.on()?;
    let id = input.id.as_ref().map(|id| id.parse().map_err(|_| Refusal::field("id", "An id is a UUID in lower case.")));
    let unit = entries::find_unit(&request.state.app, account.id, on.habit)?;
    let amount = input.amount.parse("amount", unit.as_ref()).map_err(Refusal::from)?;
    let new = NewEntry { on, id: id.transpose()?, amount, made_at, time: input.time };
    let (outcome, id) = entries::add_entry(&request.state.app, account, new).await?;
    Ok(outcome_response(outcome, id, on))
}

/// `PUT /api/entries/{id}`: changes the amount and, if the body has a `time`, the time. `{result:{status,id,habitId,date}}`.
pub async fn change(request: Request) -> Result<Response, HttpError> {
    let id: EntryId = request.path_param("id")?;
    let input: EntryInput = request.json().await?;
    let (app, account) = (&request.state.app, request.account()?);
    let on = input.on()?;
    let unit = entries::find_unit(app, account.id, on.habit)?;
    let amount = input.amount.parse("amount", unit.as_ref()).map_err(Refusal::from)?;
    let outcome = entries::change_entry(app, account, on, id, amount, input.time).await?;
    Ok(outcome_response(outcome, id, on))
}

/// `DELETE /api/entries/{id}?habitId=&date=`: `{result:{status,id,habitId,date}}`. Idempotent.
pub async fn remove(request: Request) -> Result<Response, HttpError> {
    let id: EntryId = request.path_param("id")?;
    let query = request.query();
    let on = parse_habit_day(query.get("habitId"), query.get("date"))?;
    let outcome = entries::remove_entry(&request.state.app, request.account()?, on, id).await?;
    Ok(outcome_response(outcome, id, on))
}

fn outcome_response(outcome: CompletionOutcome, id: EntryId, on: HabitDay) -> Response {
    let result = json!({ "status": outcome.as_str(), "id": id, "habitId": on.habit, "date": on.day });
    response::json(StatusCode::OK, &json!({ "result": result }))
}
