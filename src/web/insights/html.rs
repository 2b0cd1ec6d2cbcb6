//! Insights, and one habit's year.

use warp::http::StatusCode;

use crate::app::habits::{entries, insights};
use crate::domain::Day;
use crate::domain::calendar::day::YEARS;
use crate::domain::habits::period_rates::Period;
use crate::web::entries::view::{EntriesPart, RefusedEntry};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::insights::by_habit_view::HabitSort;
use crate::web::insights::habit_view::{self, PageSelection};

/// `GET /insights`, with `?sort=`, which chooses the order of the habits. Invalid values are ignored.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let account = request.account()?;
    let mut overview = insights::load_overview(&request.state.app, account)?;
    let order = HabitSort::parse(request.query().get("sort")).unwrap_or_default();
    order.sort(&mut overview.habits);
    let page = crate::web::insights::view::page(&request.frame(), &overview, order, account.preferences.week_start);
    Ok(response::page(StatusCode::OK, page))
}

/// `GET /habits/{id}`, with `?year=`, `?by=`, which chooses the periods of the history, and `?day=`, which chooses the day whose
/// entries are shown. Invalid values are ignored.
pub async fn habit(request: Request) -> Result<Response, HttpError> {
    habit_page(&request, StatusCode::OK, request.query().get("day"), None)
}

/// The page of a habit, with the form for an entry as it was sent, if it was refused.
pub fn habit_page(
    request: &Request,
    status: StatusCode,
    day: &str,
    refused: Option<&RefusedEntry<'_>>,
) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    let account = request.account()?;
    let query = request.query();
    let year = query.get("year").parse().ok().filter(|year| YEARS.contains(year));
    let period = Period::parse(query.get("by")).unwrap_or_default();
    let figures = insights::load_figures(&request.state.app, account, id, year, period)?;
    let selection = PageSelection { year, period, week_start: account.preferences.week_start };
    let entries = entries::load_day(&request.state.app, account, id, Day::parse(day).ok())?;
    let entries = entries.as_ref().map(|day| EntriesPart { day, zone: account.zone(), refused });
    let page = habit_view::page(&request.frame(), &figures, &selection, entries.as_ref());
    Ok(response::page(status, page))
}
