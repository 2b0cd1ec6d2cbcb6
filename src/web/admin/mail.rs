//! The outbox.

use warp::http::StatusCode;

use super::{ROWS, below, ways};
use crate::app::{admin, outbox};
use crate::domain::mail::Standing;
use crate::pages::admin::mail as pages;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /admin/mail`; `?standing=` narrows it, `?before=` goes on.
pub async fn list(visit: Visit) -> Result<Answer, Failure> {
    let query = visit.query();
    let standing = Standing::WORDS.into_iter().find(|word| *word == query.get("standing")).unwrap_or("");
    let place = below(&query);
    let page = visit.looks_at(move |app| admin::mail(app, standing, place, ROWS)).await?;
    let way = ways("/admin/mail", &query, &[("standing", standing)], page.next);
    Ok(reply::page(StatusCode::OK, pages::all(&visit.frame(), standing, &page.rows, &way)))
}

/// `GET /admin/mail/{id}`.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let mail = outbox::get(&visit.site.app, visit.part("id")?)?.ok_or(Failure::NotFound)?;
    Ok(reply::page(StatusCode::OK, pages::one(&visit.frame(), &mail)))
}
