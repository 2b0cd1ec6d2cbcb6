//! Captured mail, in development.

use warp::http::StatusCode;

use super::view;
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
