//! The landing page.

use warp::http::StatusCode;

use super::view;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /`: redirects members to the daily page, and visitors to the landing page.
pub async fn start(request: Request) -> Result<Response, HttpError> {
    Ok(response::temporary_redirect(if request.maybe_account().is_some() { "/today" } else { "/landing" }))
}

/// `GET /landing`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    Ok(response::page(StatusCode::OK, view::page(&request.frame())))
}
