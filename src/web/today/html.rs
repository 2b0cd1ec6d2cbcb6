//! The daily page, and completing habits without JavaScript, from there or from the calendar.

use warp::http::StatusCode;

use super::view;
use crate::app;
use crate::app::habits::{completions, habit};
use crate::domain::habits::completion::check_list_of_today;
use crate::domain::{Account, Day, Refusal};
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
    let from = redirect::after_sign_in(form.get("from"));
    let message = match complete_from(&request, request.account()?, &form).await {
        Ok(()) => return Ok(response::see_other(from)),
        Err(app::Error::Refused(refusal)) => refusal.to_string(),
        Err(error) => return Err(error.into()),
    };
    let habit = form.get("habitId").parse().ok();
    let (status, refused) = (StatusCode::UNPROCESSABLE_ENTITY, RefusedCompletion { habit, message });
    match from.strip_prefix("/calendar?") {
        Some(query) => {
            calendar::html::calendar_page(&request, &FormFields::parse(query.as_bytes()), status, Some(&refused))
        }
        None => today_page(&request, status, TodayNotice::Refused(&refused)),
    }
}

async fn complete_from(request: &Request, account: &Account, form: &FormFields) -> Result<(), app::Error> {
    let app = &request.state.app;
    let now = app.clock.now();
    if let Some(today) = form.maybe("today") {
        check_list_of_today(Day::parse(today).map_err(Refusal::from)?, now, account.zone())?;
    }
    let habit = form.get("habitId").parse().map_err(|_| Refusal::HabitNotFound)?;
    let day = Day::parse(form.get("date")).map_err(Refusal::from)?;
    let done = match form.get("completed") {
        "true" => true,
        "false" => false,
        _ => return Err(Refusal::field("completed", "Choose whether the habit is done or not done.").into()),
    };
    completions::set_completed(app, account, habit, day, done, now).await.map(drop)
}

fn today_page(request: &Request, status: StatusCode, notice: TodayNotice<'_>) -> Result<Response, HttpError> {
    let account = request.account()?;
    let agenda = completions::load_agenda(&request.state.app, account, request.state.app.today(account))?;
    let has_habits = !agenda.items.is_empty() || !habit::list_active(&request.state.app, account.id)?.is_empty();
    Ok(response::page(status, view::page(&request.frame(), &agenda, has_habits, notice)))
}
