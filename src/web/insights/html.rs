//! Insights, and one habit's year.

use warp::http::StatusCode;

use crate::app::habits::insights;
use crate::domain::calendar::day::YEARS;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /insights`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let account = request.account()?;
    let overview = insights::load_overview(&request.state.app, account)?;
    let page = crate::web::insights::view::page(&request.frame(), &overview, account.preferences.week_start);
    Ok(response::page(StatusCode::OK, page))
}

/// `GET /habits/{id}`, with `?year=`. An invalid year is ignored.
pub async fn habit(request: Request) -> Result<Response, HttpError> {
    let id = request.path_param("id")?;
    let account = request.account()?;
    let year = request.query().get("year").parse().ok().filter(|year| YEARS.contains(year));
    let review = insights::load_review(&request.state.app, account, id, year)?;
    let page = crate::web::insights::habit_view::page(&request.frame(), &review, account.preferences.week_start);
    Ok(response::page(StatusCode::OK, page))
}
