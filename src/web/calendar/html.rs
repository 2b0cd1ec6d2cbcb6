//! The calendar: the month and day in the URL.

use warp::http::StatusCode;

use crate::app::habits::calendar;
use crate::domain::Day;
use crate::domain::calendar::month::Month;
use crate::web::calendar::view::{self as pages, RefusedInput};
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::notes::input::NoteFormInput;

/// `GET /calendar?month=&date=`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    calendar_page(&request, &request.query(), StatusCode::OK, RefusedInput::default())
}

/// `GET /calendar/{date}`: a short link to a day.
pub async fn show_day(request: Request) -> Result<Response, HttpError> {
    let day = Day::parse(&request.path_param::<String>("date")?).map_err(|_| HttpError::NotFound)?;
    Ok(response::temporary_redirect(&pages::address(Month::containing(day), Some(day))))
}

/// The page for a query, with what was refused. `?note=` names the habit whose note the form shows.
pub fn calendar_page(
    request: &Request,
    query: &FormFields,
    status: StatusCode,
    refused: RefusedInput<'_>,
) -> Result<Response, HttpError> {
    let account = request.account()?;
    let selection = parse_selection(query, request.state.app.today(account));
    let month = calendar::load_month(&request.state.app, account, selection.month, selection.day)?;
    let noted = month.day.iter().flat_map(|day| &day.notes);
    let opened = noted.into_iter().find(|note| note.habit.id.to_string() == query.get("note")).map(NoteFormInput::edit);
    let refused = RefusedInput { note: refused.note.or(opened.as_ref()), ..refused };
    Ok(response::page(status, pages::page(&request.frame(), &month, selection.is_day_in_url, refused)))
}

/// The month and day that a query selects.
#[derive(Debug, PartialEq, Eq)]
struct CalendarSelection {
    month: Month,
    day: Option<Day>,
    /// False if the day is today by default.
    is_day_in_url: bool,
}

/// Ignores an invalid month. With an invalid date, no day is selected.
fn parse_selection(query: &FormFields, today: Day) -> CalendarSelection {
    let date = Day::parse(query.get("date")).ok();
    let month = Month::parse(query.get("month")).unwrap_or_else(|| Month::containing(date.unwrap_or(today)));
    let is_today = query.maybe("date").is_none() && month == Month::containing(today);
    CalendarSelection { month, day: date.or_else(|| is_today.then_some(today)), is_day_in_url: date.is_some() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_selects_a_month_and_a_day() {
        let today = Day::parse("2026-02-12").unwrap();
        for (query, month, day, is_day_in_url) in [
            ("", "2026-02", Some("2026-02-12"), false),
            ("month=2026-02", "2026-02", Some("2026-02-12"), false),
            ("month=2026-01", "2026-01", None, false),
            ("month=2026-01&date=2026-01-05", "2026-01", Some("2026-01-05"), true),
            ("date=2025-12-24", "2025-12", Some("2025-12-24"), true),
            ("month=2026-03&date=2026-01-05", "2026-03", Some("2026-01-05"), true),
            ("month=nonsense", "2026-02", Some("2026-02-12"), false),
            ("month=2026-13&date=2026-01-05", "2026-01", Some("2026-01-05"), true),
            ("date=2026-02-30", "2026-02", None, false),
            ("date=", "2026-02", None, false),
            ("month=2026-04&date=soon", "2026-04", None, false),
        ] {
            let selection = parse_selection(&FormFields::parse(query.as_bytes()), today);
            let expected = CalendarSelection {
                month: Month::parse(month).unwrap(),
                day: day.map(|day| Day::parse(day).unwrap()),
                is_day_in_url,
            };
            assert_eq!(selection, expected, "{query}");
        }
    }
}
