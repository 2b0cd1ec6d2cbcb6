//! What browser tests need and people must not have. The routes exist only where flag and kind both allow.

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use super::habits::{NewHabit, shown};
use crate::app::{habits, outbox};
use crate::domain::{Day, Email, Refusal};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /api/auth/debug/verification-token?email=`: 200 `{token}`, the newest that was mailed to that address.
pub async fn verification_token(visit: Visit) -> Result<Answer, Failure> {
    let email = Email::parse(visit.query().get("email")).map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let token = outbox::newest_verification_token(&visit.site.app, &email)?.ok_or(Failure::NotFound)?;
    Ok(reply::json(StatusCode::OK, &json!({ "token": token })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DatedHabit {
    #[serde(flatten)]
    habit: NewHabit,
    created_at: String,
}

/// `POST /api/habits/debug/create`: 200 `{habit}`, begun at midnight UTC of `createdAt`.
pub async fn create_habit(visit: Visit) -> Result<Answer, Failure> {
    let typed: DatedHabit = visit.json().await?;
    let day = Day::parse(&typed.created_at).map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let since = day.date().to_zoned(TimeZone::UTC).map_err(|error| Failure::Broken(error.to_string()))?.timestamp();
    let habit = habits::create(&visit.site.app, visit.member()?, typed.habit.plan()?, Some((day, since))).await?;
    let mut shown = shown(&habit);
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("reminderTimes");
    }
    Ok(reply::json(StatusCode::OK, &json!({ "habit": shown })))
}
