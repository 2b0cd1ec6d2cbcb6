//! The day, and ticking without a script.

use warp::http::StatusCode;

use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app::{self, completions, habits};
use crate::domain::Day;
use crate::pages::today::{self, Refused};

/// `GET /today`.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    day(&visit, StatusCode::OK, None)
}

/// `POST /today`: one tick or untick.
pub async fn tick(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let me = visit.member()?;
    let habit = form.get("habitId").parse().ok();
    let refused = match (habit, Day::parse(form.get("date"))) {
        (Some(habit), Ok(date)) => {
            let done = form.get("completed") == "true";
            match completions::set(&visit.site.app, me, habit, date, done, None).await {
                Ok(_) => return Ok(reply::see_other("/today")),
                Err(app::Error::Refused(refusal)) => refusal.to_string(),
                Err(error) => return Err(error.into()),
            }
        }
        (None, _) => crate::domain::Refusal::NoSuchHabit.to_string(),
        (_, Err(fault)) => fault.message,
    };
    day(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(&Refused { habit, why: refused }))
}

fn day(visit: &Visit, status: StatusCode, refused: Option<&Refused>) -> Result<Answer, Failure> {
    let me = visit.member()?;
    let agenda = completions::today(&visit.site.app, me)?;
    let has_habits = !agenda.items.is_empty() || !habits::active(&visit.site.app, me.id)?.is_empty();
    Ok(reply::page(status, today::page(&visit.frame(), &agenda, has_habits, refused)))
}
