//! What happened: the last requests and the audit trail.

use warp::http::StatusCode;

use super::{ROWS, asked, below, ways};
use crate::app::{self, admin};
use crate::domain::audit::{Actor, Deed, Line};
use crate::domain::{AccountId, Refusal};
use crate::observe::activity::MOST;
use crate::pages::admin::activity::{self as pages, Request, Told, Who};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `GET /admin/activity`.
pub async fn requests(visit: Visit) -> Result<Answer, Failure> {
    Ok(reply::page(StatusCode::OK, pages::requests(&visit.frame(), &newest(&visit, MOST))))
}

/// The last requests, newest first.
pub(super) fn newest(visit: &Visit, most: usize) -> Vec<Request> {
    let entries = visit.site.activity.newest(most);
    let shown = entries.into_iter().map(|entry| Request {
        at: entry.at,
        number: entry.request,
        method: entry.method,
        route: entry.route,
        status: entry.status,
        millis: entry.millis,
        code: entry.code,
    });
    shown.collect()
}

/// `GET /admin/audit`; `?deed=` and `?person=` narrow it, `?before=` goes on.
pub async fn trail(visit: Visit) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    let query = visit.query();
    let (deed, person) = (Deed::of(query.get("deed")), asked(&query, "person"));
    let (whom, trouble) = match person.as_str() {
        "" => (None, None),
        // Somebody who is gone can still be looked for by id.
        text => match (text.parse(), admin::find(app, text)) {
            (Ok(id), _) | (_, Ok(id)) => (Some(id), None),
            (_, Err(app::Error::Refused(refusal @ Refusal::NoSuchPerson))) => (None, Some(refusal.to_string())),
            (_, Err(error)) => return Err(error.into()),
        },
    };
    if let Some(trouble) = trouble {
        let page =
            pages::trail(&visit.frame(), (deed, &person), Some(&trouble), &[], &ways("", &query, &[], None::<u8>));
        return Ok(reply::page(StatusCode::OK, page));
    }
    let place = below(&query);
    let page = visit.looks_at(move |app| admin::trail(app, whom, deed, place, ROWS)).await?;
    let names = admin::names(app, page.rows.iter().flat_map(Line::people))?;
    let name = |id: AccountId| names.get(&id).map_or("", String::as_str);
    let lines: Vec<Told<'_>> = page
        .rows
        .iter()
        .map(|line| Told {
            line,
            actor: match line.actor {
                Actor::Person(id) => Who::Person(id, name(id)),
                Actor::Stranger => Who::Stranger,
                Actor::Operator => Who::Operator,
            },
            whom: line.whom.map(|id| (id, name(id))),
        })
        .collect();
    let kept = [("deed", deed.map_or("", Deed::word)), ("person", person.as_str())];
    let way = ways("/admin/audit", &query, &kept, page.next);
    Ok(reply::page(StatusCode::OK, pages::trail(&visit.frame(), (deed, &person), None, &lines, &way)))
}
