//! The JSON of completions and skipped days.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::habits::completions::{self, CompletionChange, CompletionOutcome};
use crate::app::habits::skips;
use crate::domain::habits::completion::{check_list_of_today, completed_at};
use crate::domain::{Day, HabitId, Refusal};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /api/completions?date=`: `{completions:[{habitId,date}]}`, archived habits included.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let day = Day::parse(request.query().get("date")).map_err(Refusal::from)?;
    let completed = completions::list_completed_on(&request.state.app, request.account()?, day)?;
    let completed: Vec<Value> = completed.iter().map(|habit| json!({ "habitId": habit, "date": day })).collect();
    Ok(response::json(StatusCode::OK, &json!({ "completions": completed })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompletionInput {
    habit_id: String,
    date: String,
    completed: bool,
    /// The day that the user saw as today, if the change was made in the list of today.
    today: Option<String>,
    /// For a completion that was made offline: how long ago.
    #[serde(default)]
    seconds_ago: u32,
    /// The user who made it. Another user may have signed in since.
    user_id: Option<String>,
}

/// `POST /api/completions`: `{result:{status,habitId,date}}`. Idempotent. A completion that was made
/// offline applies to the time when it was made (`secondsAgo`), and only to the user who made it (`userId`). It is a `noop`
/// if the habit was changed for that day after it was made.
pub async fn set_completed(request: Request) -> Result<Response, HttpError> {
    let now = test_clock(&request)?.unwrap_or_else(|| request.state.app.clock.now());
    let input: CompletionInput = request.json().await?;
    if input.user_id.is_some_and(|user| request.account().is_ok_and(|account| account.id.to_string() != user)) {
        return Err(HttpError::OtherAccount);
    }
    let made_at = completed_at(now, input.seconds_ago)?;
    let day = Day::parse(&input.date).map_err(Refusal::from)?;
    if let Some(today) = &input.today {
        check_list_of_today(Day::parse(today).map_err(Refusal::from)?, made_at, request.account()?.zone())?;
    }
    let habit: HabitId = input.habit_id.parse().map_err(|_| Refusal::HabitNotFound)?;
    let change = CompletionChange { habit, day, done: input.completed, made_at, now };
    let outcome = completions::apply_change(&request.state.app, request.account()?, change).await?;
    Ok(outcome_response(outcome, habit, day))
}

/// `GET /api/skips?date=`: `{skips:[{habitId,date}]}`, archived habits included.
pub async fn list_skips(request: Request) -> Result<Response, HttpError> {
    let day = Day::parse(request.query().get("date")).map_err(Refusal::from)?;
    let skipped = skips::list_skipped_on(&request.state.app, request.account()?.id, day)?;
    let skipped: Vec<Value> = skipped.iter().map(|habit| json!({ "habitId": habit, "date": day })).collect();
    Ok(response::json(StatusCode::OK, &json!({ "skips": skipped })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SkipInput {
    habit_id: String,
    date: String,
    skipped: bool,
}

/// `POST /api/skips`: `{result:{status,habitId,date}}`. Idempotent.
pub async fn set_skipped(request: Request) -> Result<Response, HttpError> {
    let now = test_clock(&request)?.unwrap_or_else(|| request.state.app.clock.now());
    let input: SkipInput = request.json().await?;
    let day = Day::parse(&input.date).map_err(Refusal::from)?;
    let habit: HabitId = input.habit_id.parse().map_err(|_| Refusal::HabitNotFound)?;
    let outcome = skips::set_skipped(&request.state.app, request.account()?, habit, day, input.skipped, now).await?;
    Ok(outcome_response(outcome, habit, day))
}

fn outcome_response(outcome: CompletionOutcome, habit: HabitId, day: Day) -> Response {
    let result = json!({ "status": outcome.as_str(), "habitId": habit, "date": day });
    response::json(StatusCode::OK, &json!({ "result": result }))
}

/// The time in a browser test's header. Without test endpoints, the header is ignored.
pub fn test_clock(request: &Request) -> Result<Option<Timestamp>, HttpError> {
    if !request.state.has_test_endpoints {
        return Ok(None);
    }
    let Some(value) = request.headers.get("x-atlas-test-now") else { return Ok(None) };
    let now = value.to_str().ok().and_then(|text| text.parse().ok());
    now.map(Some)
        .ok_or_else(|| HttpError::Malformed("x-atlas-test-now must be a time like 2026-02-12T01:59:00Z.".to_owned()))
}
