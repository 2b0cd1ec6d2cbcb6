//! The timeline of notes, and the form that saves one.

use warp::http::StatusCode;

use crate::app;
use crate::app::habits::notes::{self, NoteFilter, NoteKey};
use crate::domain::text_search::TextSearch;
use crate::domain::{HabitId, Refusal};
use crate::web::calendar::html::calendar_page;
use crate::web::calendar::view::RefusedInput;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::insights::html::{RefusedForms, habit_page};
use crate::web::notes::input::NoteFormInput;
use crate::web::notes::timeline_view::{self, TimelineQuery};

const NOTES_PER_PAGE: usize = 30;
const MAX_SEARCH_CHARS: usize = 200;

/// `GET /notes`, with `?q=`, `?habit=` and `?cursor=`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let (app, me, query) = (&request.state.app, request.account()?.id, request.query());
    let id = query.maybe("habit").map(|id| id.parse::<HabitId>().map_err(|_| Refusal::HabitNotFound)).transpose()?;
    let text: String = query.get("q").trim().chars().take(MAX_SEARCH_CHARS).collect();
    let search = TextSearch::parse(&text);
    let cursor: Option<NoteKey> = query.get("cursor").parse().ok();
    let filter = NoteFilter { habit: id, day: None, search: search.clone() };
    let page = notes::list_notes(app, me, &filter, cursor, NOTES_PER_PAGE)?;
    let query = TimelineQuery { text, search, is_continued: cursor.is_some() };
    Ok(response::page(StatusCode::OK, timeline_view::page(&request.frame(), &query, &page)))
}

/// `POST /notes`: saves a note, or deletes it, then returns to the page in `from`.
pub async fn save(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let from = redirect::after_sign_in(form.get("from"));
    let mut input = NoteFormInput::from_form(&form);
    match apply(&request, &input).await {
        Ok(()) => Ok(response::see_other(&format!("{from}#notes"))),
        Err(app::Error::Refused(Refusal::InvalidFields(errors))) => {
            input.errors = errors;
            error_page(&request, from, &input)
        }
        Err(error) => Err(error.into()),
    }
}

async fn apply(request: &Request, input: &NoteFormInput) -> Result<(), app::Error> {
    let app = &request.state.app;
    let account = request.account().map_err(|_| Refusal::HabitNotFound)?;
    notes::set_note(app, account, input.parse()?, app.clock.now()).await.map(drop)
}

/// The page with the form, as it was sent.
fn error_page(request: &Request, from: &str, input: &NoteFormInput) -> Result<Response, HttpError> {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    if let Some(query) = from.strip_prefix("/calendar?") {
        let refused = RefusedInput { note: Some(input), ..RefusedInput::default() };
        return calendar_page(request, &FormFields::parse(query.as_bytes()), status, refused);
    }
    let habit = input.habit.parse().map_err(|_| Refusal::HabitNotFound)?;
    let refused = RefusedForms { note: Some(input), ..RefusedForms::default() };
    habit_page(request, habit, status, "", refused)
}
