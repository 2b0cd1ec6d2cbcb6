//! Endpoints for browser tests. They exist only where the setting and the kind of environment allow them.

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use crate::app::habits::habit;
use crate::app::mail::outbox;
use crate::domain::{Day, Email, Refusal};
use crate::web::habits::api::{HabitSummary, NewHabit};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /api/auth/debug/verification-token?email=`: 200 `{token}`, the newest one that was mailed to
/// the address, after a sign-up or an email change.
pub async fn verification_token(request: Request) -> Result<Response, HttpError> {
    let email = Email::parse(request.query().get("email")).map_err(|error| Refusal::InvalidFields(vec![error]))?;
    let token = outbox::find_verification_token(&request.state.app, &email)?.ok_or(HttpError::NotFound)?;
    Ok(response::json(StatusCode::OK, &json!({ "token": token })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DatedHabit {
    #[serde(flatten)]
    habit: NewHabit,
    created_at: String,
}

/// `POST /api/habits/debug/create`: 200 `{habit}`, created at midnight UTC of `createdAt`.
pub async fn create_habit(request: Request) -> Result<Response, HttpError> {
    let input: DatedHabit = request.json().await?;
    let day = Day::parse(&input.created_at).map_err(|error| Refusal::InvalidFields(vec![error]))?;
    let since = day.date().to_zoned(TimeZone::UTC).map_err(HttpError::internal)?.timestamp();
    let habit =
        habit::create_habit(&request.state.app, request.account()?, input.habit.parse(day)?, Some((day, since)))
            .await?;
    Ok(response::json(StatusCode::OK, &json!({ "habit": HabitSummary::new(&habit, habit.schedule.start()) })))
}
