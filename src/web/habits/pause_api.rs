//! The JSON of pauses: those of a habit if the path has its id, and otherwise those of all habits.

use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use crate::app::habits::habit;
use crate::app::habits::pauses::{self, PauseChange, PauseScope};
use crate::domain::{HabitId, Pause};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /api/pauses` and `GET /api/habits/{id}/pauses`: `{pauses:[{first,last}]}`. A pause without an end has no `last`.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let pauses = pauses::list_pauses(&request.state.app, request.account()?, scope(&request)?)?;
    Ok(response::json(StatusCode::OK, &json!({ "pauses": pauses })))
}

#[derive(Deserialize)]
struct PauseInput {
    first: String,
    last: Option<String>,
}

/// `POST /api/pauses` and `POST /api/habits/{id}/pauses`: pauses the days from `first` to `last`, or without end.
/// `{result:{status},pauses}`. Idempotent.
pub async fn add(request: Request) -> Result<Response, HttpError> {
    let scope = scope(&request)?;
    let input: PauseInput = request.json().await?;
    let pause = Pause::parse(&input.first, input.last.as_deref().unwrap_or_default())?;
    change(&request, scope, PauseChange::Add(pause)).await
}

/// `DELETE /api/pauses?first=&last=` and `DELETE /api/habits/{id}/pauses?first=&last=`: ends the pause on these days, or on all from
/// `first` on. `{result:{status},pauses}`. Idempotent.
pub async fn remove(request: Request) -> Result<Response, HttpError> {
    let scope = scope(&request)?;
    let query = request.query();
    let pause = Pause::parse(query.get("first"), query.get("last"))?;
    change(&request, scope, PauseChange::Remove(pause)).await
}

async fn change(request: &Request, scope: PauseScope, change: PauseChange) -> Result<Response, HttpError> {
    let (outcome, pauses) = pauses::change_pauses(&request.state.app, request.account()?, scope, change).await?;
    let body = json!({ "result": { "status": outcome.as_str() }, "pauses": pauses });
    Ok(response::json(StatusCode::OK, &body))
}

/// The habit in the path, which is one of the account's active ones, or all habits.
///
/// # Errors
/// [`Refusal::HabitNotFound`](crate::domain::Refusal::HabitNotFound). It comes before errors in the fields of the request.
pub(super) fn scope(request: &Request) -> Result<PauseScope, HttpError> {
    if !request.has_path_param("id") {
        return Ok(PauseScope::AllHabits);
    }
    let id = request.path_param::<HabitId>("id")?;
    habit::require_habit(&request.state.app, request.account()?.id, id)?;
    Ok(PauseScope::Habit(id))
}
