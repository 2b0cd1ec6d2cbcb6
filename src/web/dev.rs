//! Captured mail, on somebody's own machine.

use warp::http::StatusCode;

use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app::outbox;
use crate::pages::dev;

/// Mails shown on one page.
const MOST: usize = 50;

/// `GET /dev/mail`.
pub async fn mail(visit: Visit) -> Result<Answer, Failure> {
    let mails = outbox::newest(&visit.site.app, MOST)?;
    Ok(reply::page(StatusCode::OK, dev::mail(&visit.frame(), &mails)))
}
