//! Completions as JSON.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::completions::{self, Outcome};
use crate::domain::{Day, HabitId, Refusal, completion};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /api/completions?date=`: `{completions:[{habitId,date}]}`, archived habits included.
pub async fn list(visit: Visit) -> Result<Answer, Failure> {
    let day = Day::parse(visit.query().get("date")).map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let done = completions::on_day(&visit.site.app, visit.member()?.id, day)?;
    let done: Vec<Value> = done.iter().map(|habit| json!({ "habitId": habit, "date": day })).collect();
    Ok(reply::json(StatusCode::OK, &json!({ "completions": done })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tick {
    habit_id: String,
    date: String,
    completed: bool,
    /// How long ago it was ticked, for a tick that waited on a device.
    #[serde(default)]
    seconds_ago: u32,
    /// Whose tick it is, where somebody else may have signed in since.
    user_id: Option<String>,
}

/// `POST /api/completions`: `{result:{status,habitId,date}}`. Asking again changes nothing and says so. A tick that waited
/// for a connection counts for the time it was made (`secondsAgo`), and for nobody but who made it (`userId`).
pub async fn set(visit: Visit) -> Result<Answer, Failure> {
    let now = test_clock(&visit)?.unwrap_or_else(|| visit.site.app.clock.now());
    let typed: Tick = visit.json().await?;
    if typed.user_id.is_some_and(|maker| visit.member().is_ok_and(|me| me.id.to_string() != maker)) {
        return Err(Failure::OtherPerson);
    }
    let when = completion::made_at(now, typed.seconds_ago)?;
    let day = Day::parse(&typed.date).map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let habit: HabitId = typed.habit_id.parse().map_err(|_| Refusal::NoSuchHabit)?;
    let outcome = completions::set(&visit.site.app, visit.member()?, habit, day, typed.completed, when).await?;
    let status = match outcome {
        Outcome::Created => "created",
        Outcome::Deleted => "deleted",
        Outcome::Noop => "noop",
    };
    Ok(reply::json(StatusCode::OK, &json!({ "result": { "status": status, "habitId": habit, "date": day } })))
}

/// The instant a browser test wants it to be. Where test endpoints do not exist, the header means nothing.
fn test_clock(visit: &Visit) -> Result<Option<Timestamp>, Failure> {
    if !visit.site.has_test_endpoints {
        return Ok(None);
    }
    let Some(value) = visit.headers.get("x-atlas-test-now") else { return Ok(None) };
    let now = value.to_str().ok().and_then(|text| text.parse().ok());
    now.map(Some).ok_or_else(|| {
        Failure::Malformed("x-atlas-test-now must be an instant, as in 2026-02-12T01:59:00Z.".to_owned())
    })
}
