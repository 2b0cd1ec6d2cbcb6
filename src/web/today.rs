//! The day, and ticking without a script, from here or from the calendar.

use warp::http::StatusCode;

use super::body::Fields;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use super::{calendar, target};
use crate::app::{self, completions, habits};
use crate::domain::Day;
use crate::pages::today::{self, Refused};

/// `GET /today`.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    day(&visit, StatusCode::OK, None)
}

/// `POST /today`: one tick or untick, and back to the page that `from` names.
pub async fn tick(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let me = visit.member()?;
    let from = target::after_sign_in(form.get("from"));
    let habit = form.get("habitId").parse().ok();
    let done = match form.get("completed") {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let refused = match (habit, Day::parse(form.get("date")), done) {
        (Some(habit), Ok(date), Some(done)) => {
            match completions::set(&visit.site.app, me, habit, date, done, visit.site.app.clock.now()).await {
                Ok(_) => return Ok(reply::see_other(from)),
                Err(app::Error::Refused(refusal)) => refusal.to_string(),
                Err(error) => return Err(error.into()),
            }
        }
        (None, ..) => crate::domain::Refusal::NoSuchHabit.to_string(),
        (_, Err(fault), _) => fault.message,
        (.., None) => "A day is ticked or unticked, nothing else.".to_owned(),
    };
    let (status, refused) = (StatusCode::UNPROCESSABLE_ENTITY, Refused { habit, why: refused });
    match from.strip_prefix("/calendar?") {
        Some(query) => calendar::page(&visit, &Fields::parse(query.as_bytes()), status, Some(&refused)),
        None => day(&visit, status, Some(&refused)),
    }
}

fn day(visit: &Visit, status: StatusCode, refused: Option<&Refused>) -> Result<Answer, Failure> {
    let me = visit.member()?;
    let agenda = completions::agenda(&visit.site.app, me, visit.site.app.today(me))?;
    let has_habits = !agenda.items.is_empty() || !habits::active(&visit.site.app, me.id)?.is_empty();
    Ok(reply::page(status, today::page(&visit.frame(), &agenda, has_habits, refused)))
}
