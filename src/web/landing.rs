//! The first page.

use warp::http::StatusCode;

use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::pages::landing;

/// `GET /`: the day for members, the landing page for everybody else.
pub async fn start(visit: Visit) -> Result<Answer, Failure> {
    Ok(reply::elsewhere(if visit.maybe_member().is_some() { "/today" } else { "/landing" }))
}

/// `GET /landing`.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    Ok(reply::page(StatusCode::OK, landing::page(&visit.frame())))
}
