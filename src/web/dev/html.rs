//! Captured mail and the style page, in development.

use warp::http::StatusCode;

use super::{styles, view};
use crate::app::mail::outbox;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

const MAX_MESSAGES: usize = 50;

/// `GET /dev/mail`.
pub async fn mail(request: Request) -> Result<Response, HttpError> {
    let mails = outbox::list_newest(&request.state.app, MAX_MESSAGES)?;
    Ok(response::page(StatusCode::OK, view::captured_mail(&request.frame(), &mails)))
}

/// `GET /dev/styles`.
pub async fn show_styles(request: Request) -> Result<Response, HttpError> {
    Ok(response::page(StatusCode::OK, styles::style_page(&request.frame())))
}
