//! The outbox.

use warp::http::StatusCode;

use super::{ROWS, below, ways};
use crate::app::{self, outbox};
use crate::domain::MailId;
use crate::domain::mail::Standing;
use crate::pages::admin::mail as pages;
use crate::pages::admin::users::News;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /admin/mail`; `?standing=` narrows it, `?before=` goes on.
pub async fn list(visit: Visit) -> Result<Answer, Failure> {
    let query = visit.query();
    let standing = Standing::WORDS.into_iter().find(|word| *word == query.get("standing")).unwrap_or("");
    let wanted = Some(standing).filter(|word| !word.is_empty());
    let page = outbox::list(&visit.site.app, None, wanted, below(&query), ROWS)?;
    let way = ways("/admin/mail", &query, &[("standing", standing)], page.next);
    Ok(reply::page(StatusCode::OK, pages::all(&visit.frame(), standing, &page.rows, &way)))
}

/// `GET /admin/mail/{id}`; `?done=` says what was done.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let news = match visit.query().get("done") {
        "retry" => News::Done("The mail is tried again now."),
        _ => News::Nothing,
    };
    one(&visit, StatusCode::OK, visit.part("id")?, news)
}

fn one(visit: &Visit, status: StatusCode, id: MailId, news: News<'_>) -> Result<Answer, Failure> {
    let mail = outbox::get(&visit.site.app, id)?.ok_or(Failure::NotFound)?;
    let may_retry = outbox::may_retry(&visit.site.app, &mail)?;
    Ok(reply::page(status, pages::one(&visit.frame(), &mail, may_retry, news)))
}

/// `POST /admin/mail/{id}/retry`.
pub async fn retry(visit: Visit) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    let id: MailId = visit.part("id")?;
    outbox::get(app, id)?.ok_or(Failure::NotFound)?;
    match outbox::retry(app, &visit.by()?, id).await {
        Ok(_) => Ok(reply::see_other(&format!("/admin/mail/{id}?done=retry"))),
        Err(app::Error::Refused(refusal)) => {
            one(&visit, StatusCode::UNPROCESSABLE_ENTITY, id, News::Refused(&refusal.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}
