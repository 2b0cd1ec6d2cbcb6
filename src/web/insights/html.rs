//! Insights, and one habit's year.

use warp::http::StatusCode;

use crate::app::habits::notes::NotesPage;
use crate::app::habits::{entries, insights};
use crate::domain::calendar::day::YEARS;
use crate::domain::habits::period_rates::Period;
use crate::domain::{Day, HabitId};
use crate::web::entries::view::{EntriesPart, RefusedEntry};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::insights::by_habit_view::HabitSort;
use crate::web::insights::habit_view::{self, PageSelection};
use crate::web::notes::input::NoteFormInput;

/// `GET /insights`, with `?sort=`, which chooses the order of the habits. Invalid values are ignored.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let account = request.account()?;
    let mut overview = insights::load_overview(&request.state.app, account)?;
    let order = HabitSort::parse(request.query().get("sort")).unwrap_or_default();
    order.sort(&mut overview.habits);
    let page = crate::web::insights::view::page(&request.frame(), &overview, order, account.preferences.week_start);
    Ok(response::page(StatusCode::OK, page))
}

/// `GET /habits/{id}`, with `?year=`, `?by=`, which chooses the periods of the history, `?day=`, which chooses the day whose entries
/// are shown, and `?note=`, the day whose note the form shows. Invalid values are ignored.
pub async fn habit(request: Request) -> Result<Response, HttpError> {
    let (id, query) = (request.path_param("id")?, request.query());
    habit_page(&request, id, StatusCode::OK, query.get("day"), RefusedForms::default())
}

/// The forms of the page as they were sent, if one was refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct RefusedForms<'a> {
    pub entry: Option<&'a RefusedEntry<'a>>,
    pub note: Option<&'a NoteFormInput>,
}

/// The page of a habit, with the entries of `day`.
pub fn habit_page(
    request: &Request,
    id: HabitId,
    status: StatusCode,
    day: &str,
    refused: RefusedForms<'_>,
) -> Result<Response, HttpError> {
    let query = request.query();
    let account = request.account()?;
    let year = query.get("year").parse().ok().filter(|year| YEARS.contains(year));
    let period = Period::parse(query.get("by")).unwrap_or_default();
    let figures = insights::load_figures(&request.state.app, account, id, year, period)?;
    let selection = PageSelection { year, period, week_start: account.preferences.week_start };
    let entries = entries::load_day(&request.state.app, account, id, Day::parse(day).ok())?;
    let entries = entries.as_ref().map(|day| EntriesPart { day, zone: account.zone(), refused: refused.entry });
    let opened = Day::parse(query.get("note")).ok().map(|day| open_note(&figures.notes, day));
    let note = refused.note.or(opened.as_ref());
    let page = habit_view::page(&request.frame(), &figures, &selection, entries.as_ref(), note);
    Ok(response::page(status, page))
}

/// The form of a day: its note, or a new one.
fn open_note(page: &NotesPage, day: Day) -> NoteFormInput {
    let note = page.notes.iter().find(|note| note.day == day);
    note.map_or_else(|| NoteFormInput::new(Some(day)), NoteFormInput::edit)
}
