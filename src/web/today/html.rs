//! The daily page, and completing habits without JavaScript, from there or from the calendar.

use warp::http::StatusCode;

use super::view;
use crate::app;
use crate::app::habits::{completions, habit};
use crate::domain::{Day, Refusal};
use crate::web::calendar;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::today::view::{RefusedCompletion, TodayNotice};

/// Where a user who is not an admin is sent from an admin page. Today explains why.
pub const ADMIN_REQUIRED: &str = "/today?refused=admin";

/// `GET /today`, with a notice if the user was sent here from an admin page.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let is_from_admin_page = request.query().maybe("refused") == Some("admin");
    let notice = if is_from_admin_page { TodayNotice::AdminRequired } else { TodayNotice::None };
    today_page(&request, StatusCode::OK, notice)
}

/// `POST /today`: completes a habit or reverts that, then returns to the page in `from`.
pub async fn complete(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let (app, account) = (&request.state.app, request.account()?);
    let from = redirect::after_sign_in(form.get("from"));
    let habit = form.get("habitId").parse().ok();
    let completed = match form.get("completed") {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let message = match (habit, Day::parse(form.get("date")), completed) {
        (Some(habit), Ok(date), Some(completed)) => {
            match completions::set_completed(app, account, habit, date, completed, app.clock.now()).await {
                Ok(_) => return Ok(response::see_other(from)),
                Err(app::Error::Refused(refusal)) => refusal.to_string(),
                Err(error) => return Err(error.into()),
            }
        }
        (None, ..) => Refusal::HabitNotFound.to_string(),
        (_, Err(error), _) => error.message,
        (.., None) => "Choose whether the habit is done or not done.".to_owned(),
    };
    let (status, refused) = (StatusCode::UNPROCESSABLE_ENTITY, RefusedCompletion { habit, message });
    match from.strip_prefix("/calendar?") {
        Some(query) => {
            calendar::html::calendar_page(&request, &FormFields::parse(query.as_bytes()), status, Some(&refused))
        }
        None => today_page(&request, status, TodayNotice::Refused(&refused)),
    }
}

fn today_page(request: &Request, status: StatusCode, notice: TodayNotice<'_>) -> Result<Response, HttpError> {
    let account = request.account()?;
    let agenda = completions::load_agenda(&request.state.app, account, request.state.app.today(account))?;
    let has_habits = !agenda.items.is_empty() || !habit::list_active(&request.state.app, account.id)?.is_empty();
    Ok(response::page(status, view::page(&request.frame(), &agenda, has_habits, notice)))
}
