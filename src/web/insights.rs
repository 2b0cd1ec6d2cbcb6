//! Looking back: the insights, and one habit's year.

use warp::http::StatusCode;

use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app::insights;
use crate::domain::day::YEARS;
use crate::pages;

/// `GET /insights`.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let overview = insights::overview(&visit.site.app, visit.member()?)?;
    let page = pages::insights::page(&visit.frame(), &overview.insights, &overview.habits);
    Ok(reply::page(StatusCode::OK, page))
}

/// `GET /habits/{id}`, with `?year=`. A year that is none is not asked for.
pub async fn habit(visit: Visit) -> Result<Answer, Failure> {
    let id = visit.part("id")?;
    let me = visit.member()?;
    let year = visit.query().get("year").parse().ok().filter(|year| YEARS.contains(year));
    let review = insights::review(&visit.site.app, me, id, year)?;
    Ok(reply::page(StatusCode::OK, pages::habit::page(&visit.frame(), &review, me.preferences.week_start)))
}
