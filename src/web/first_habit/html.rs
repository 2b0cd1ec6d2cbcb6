//! Handlers of the page on which a new user picks a first habit.

use warp::http::StatusCode;

use crate::app;
use crate::app::habits::habit;
use crate::domain::habits::habit::HabitPlan;
use crate::domain::habits::preset::Preset;
use crate::domain::{FieldError, Refusal, Title, Weekdays};
use crate::web::first_habit::view::{self, PRESET_FIELD};
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::ui::announcement::Announcement;

/// `GET /first-habit`. For users with habits it redirects to their day.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let has_habits = !habit::list_active(&request.state.app, request.account()?.id)?.is_empty();
    if has_habits {
        return Ok(response::temporary_redirect("/today"));
    }
    Ok(response::page(StatusCode::OK, view::page(&request.frame(), "", &[], None)))
}

/// `POST /first-habit`: creates the habit of a preset, or one for every day with a title.
pub async fn create(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let created = match parse_plan(&form) {
        Ok(plan) => habit::create_habit_once(&request.state.app, request.account()?, plan).await,
        Err(error) => Err(Refusal::InvalidFields(vec![error]).into()),
    };
    let show_form = |status, errors: &[FieldError], alert: Option<&str>| {
        Ok(response::page(status, view::page(&request.frame(), form.get("title"), errors, alert)))
    };
    match created {
        Ok(_) => Ok(response::see_other(&Announcement::HabitCreated.on_page("/today", "page-title"))),
        Err(app::Error::Refused(Refusal::InvalidFields(errors))) => {
            show_form(StatusCode::UNPROCESSABLE_ENTITY, &errors, None)
        }
        Err(app::Error::Busy) => show_form(StatusCode::SERVICE_UNAVAILABLE, &[], Some(&HttpError::Busy.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn parse_plan(form: &FormFields) -> Result<HabitPlan, FieldError> {
    match form.maybe(PRESET_FIELD).and_then(Preset::find) {
        Some(preset) => preset.plan(),
        None => Ok(HabitPlan::new(Title::parse(form.get("title"))?, Weekdays::ALL)),
    }
}
