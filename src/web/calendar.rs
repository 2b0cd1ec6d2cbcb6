//! The calendar: which month, which day.

use warp::http::StatusCode;

use super::body::Fields;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app::calendar;
use crate::domain::Day;
use crate::domain::month::Month;
use crate::pages::calendar as pages;
use crate::pages::today::Refused;

/// `GET /calendar?month=&date=`.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    page(&visit, &visit.query(), StatusCode::OK, None)
}

/// `GET /calendar/{date}`: a short way to a day.
pub async fn show_day(visit: Visit) -> Result<Answer, Failure> {
    let day = Day::parse(&visit.part::<String>("date")?).map_err(|_| Failure::NotFound)?;
    Ok(reply::elsewhere(&pages::address(Month::of(day), Some(day))))
}

/// The page that `query` asks for. A day that was ticked in vain says why.
pub fn page(visit: &Visit, query: &Fields, status: StatusCode, refused: Option<&Refused>) -> Result<Answer, Failure> {
    let me = visit.member()?;
    let asked = asked(query, visit.site.app.today(me));
    let shown = calendar::look(&visit.site.app, me, asked.month, asked.day)?;
    Ok(reply::page(status, pages::page(&visit.frame(), &shown, asked.by_date, refused)))
}

/// What an address asks for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    month: Month,
    day: Option<Day>,
    /// Whether the address itself names the day.
    by_date: bool,
}

/// What cannot be read is as if it were not there, except that a bad date opens no day.
fn asked(query: &Fields, today: Day) -> Asked {
    let date = Day::parse(query.get("date")).ok();
    let month = Month::parse(query.get("month")).unwrap_or_else(|| Month::of(date.unwrap_or(today)));
    let is_today = query.maybe("date").is_none() && month == Month::of(today);
    Asked { month, day: date.or_else(|| is_today.then_some(today)), by_date: date.is_some() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_month_and_a_day() {
        let today = Day::parse("2026-02-12").unwrap();
        for (query, month, day, by_date) in [
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
            let asked = asked(&Fields::parse(query.as_bytes()), today);
            let expected =
                Asked { month: Month::parse(month).unwrap(), day: day.map(|day| Day::parse(day).unwrap()), by_date };
            assert_eq!(asked, expected, "{query}");
        }
    }
}
