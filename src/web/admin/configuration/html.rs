//! The settings this server runs with.

use warp::http::StatusCode;

use super::view;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /admin/configuration`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let page = view::configuration_page(&request.frame(), &request.state.settings_report);
    Ok(response::page(StatusCode::OK, page))
}
