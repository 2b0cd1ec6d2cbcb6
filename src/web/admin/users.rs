//! People: the list, one of them, and what an admin may do about them.

use warp::http::StatusCode;

use super::{ROWS, asked, below, ways};
use crate::app::{self, admin};
use crate::domain::{AccountId, Refusal};
use crate::pages::admin::users::{self as pages, News, One};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /admin/users`; `?search=` narrows it, `?before=` goes on.
pub async fn list(visit: Visit) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    let query = visit.query();
    let search = asked(&query, "search");
    let (words, place) = (search.clone(), below(&query));
    let page = visit.looks_at(move |app| admin::people(app, &words, place, ROWS)).await?;
    let way = ways("/admin/users", &query, &[("search", &search)], page.next);
    let total = admin::count_people(app)?.total;
    Ok(reply::page(StatusCode::OK, pages::all(&visit.frame(), &search, &page.rows, total, &way)))
}

/// `GET /admin/users/{id}`; `?done=` says what was done.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let done = match visit.query().get("done") {
        "disable" => "The account is switched off, and every session has ended.",
        "enable" => "The account is switched on again.",
        "sign-out" => "Every session has ended.",
        "resend" => "The confirmation is on its way again.",
        "nothing" => "No mail was sent: the address is confirmed, or had its mails of the hour.",
        _ => return one(&visit, StatusCode::OK, News::Nothing),
    };
    one(&visit, StatusCode::OK, News::Done(done))
}

fn one(visit: &Visit, status: StatusCode, news: News<'_>) -> Result<Answer, Failure> {
    let found = admin::facts(&visit.site.app, visit.part("id")?)?;
    let one = One {
        account: &found.account,
        is_admin: found.is_admin,
        is_me: visit.member()?.id == found.account.id,
        sessions: found.sessions,
        seen_at: found.seen_at,
        habits: (found.active, found.archived),
    };
    Ok(reply::page(status, pages::one(&visit.frame(), &one, news)))
}

fn done(id: AccountId, what: &str) -> Answer {
    reply::see_other(&format!("/admin/users/{id}?done={what}"))
}

/// `POST /admin/users/{id}/disable`.
pub async fn disable(visit: Visit) -> Result<Answer, Failure> {
    let id = visit.part("id")?;
    match admin::disable(&visit.site.app, &visit.by()?, id).await {
        Ok(_) => Ok(done(id, "disable")),
        Err(app::Error::Refused(refusal @ Refusal::OwnAccount)) => {
            one(&visit, StatusCode::UNPROCESSABLE_ENTITY, News::Refused(&refusal.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/users/{id}/enable`.
pub async fn enable(visit: Visit) -> Result<Answer, Failure> {
    let id = visit.part("id")?;
    admin::enable(&visit.site.app, &visit.by()?, id).await?;
    Ok(done(id, "enable"))
}

/// `POST /admin/users/{id}/sign-out`. Somebody who does this to the own account has to sign in again, too.
pub async fn sign_out(visit: Visit) -> Result<Answer, Failure> {
    let id = visit.part("id")?;
    admin::sign_out(&visit.site.app, &visit.by()?, id).await?;
    Ok(done(id, "sign-out"))
}

/// `POST /admin/users/{id}/resend`.
pub async fn resend(visit: Visit) -> Result<Answer, Failure> {
    let id = visit.part("id")?;
    let mailed = admin::resend(&visit.site.app, &visit.by()?, id).await?;
    Ok(done(id, if mailed { "resend" } else { "nothing" }))
}
