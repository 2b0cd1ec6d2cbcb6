//! Recent requests and the audit trail.

use warp::http::StatusCode;

use super::view::{self, ActorView, AuditEntryView, AuditFilters};
use crate::app::{self, admin};
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::{AccountId, Recorded, Refusal};
use crate::observe::activity::MAX_RECORDS;
use crate::store::SortDirection::{Ascending, Descending};
use crate::web::admin::list_query::{ListQuery, PageLinks, SortKey, filter};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// The requests are in memory.
const REQUEST_SORT_KEYS: &[SortKey] = &[
    (view::BY_TIME, Descending),
    (view::BY_ROUTE, Ascending),
    (view::BY_STATUS, Descending),
    (view::BY_DURATION, Descending),
];
const AUDIT_SORT_KEYS: &[SortKey] = &[(view::BY_TIME, Descending)];

/// `GET /admin/activity`.
pub async fn requests(request: Request) -> Result<Response, HttpError> {
    let list = ListQuery::new("/admin/activity", &request.query(), REQUEST_SORT_KEYS, &[]);
    let mut requests = request.state.activity.newest(MAX_RECORDS);
    list.sort_rows(&mut requests, |left, right| match list.sort_name() {
        view::BY_ROUTE => (left.route, &left.method).cmp(&(right.route, &right.method)),
        view::BY_STATUS => left.status.cmp(&right.status),
        view::BY_DURATION => left.millis.total_cmp(&right.millis),
        _ => left.at.cmp(&right.at),
    });
    Ok(response::page(StatusCode::OK, view::activity_page(&request.frame(), &list, &requests)))
}

/// `GET /admin/audit`, filtered by `?deed=` and `?person=`.
pub async fn audit_trail(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let query = request.query();
    let (action, person) = (AuditAction::parse(query.get("deed")), filter(&query, "person"));
    let filters = [("deed", action.map_or("", AuditAction::as_str)), ("person", person.as_str())];
    let list = ListQuery::new("/admin/audit", &query, AUDIT_SORT_KEYS, &filters);
    let subject = match person.as_str() {
        "" => None,
        // The entries of a deleted account can be found by its id.
        person => match (person.parse(), admin::queries::find_user(app, person)) {
            (Ok(id), _) | (_, Ok(id)) => Some(id),
            (_, Err(app::Error::Refused(refusal @ Refusal::UserNotFound))) => {
                let (error, links) = (refusal.to_string(), PageLinks::default());
                let filters = AuditFilters { action, person, error: Some(&error) };
                let page = view::audit_page(&request.frame(), &list, &filters, &[], &links);
                return Ok(response::page(StatusCode::OK, page));
            }
            (_, Err(error)) => return Err(error.into()),
        },
    };
    let page_request = list.request();
    let read = move |app: &app::App| admin::queries::list_audit_entries(app, subject, action, page_request);
    let page = request.read_blocking(read).await?;
    let names = admin::queries::load_names(app, page.rows.iter().flat_map(AuditEntry::accounts))?;
    let name = |id: AccountId| names.get(&id).map_or("", String::as_str);
    let entries: Vec<AuditEntryView<'_>> = page
        .rows
        .iter()
        .map(|entry| AuditEntryView {
            entry,
            actor: match entry.actor {
                Recorded::Known(Actor::User(id)) => ActorView::Person(id, name(id)),
                Recorded::Known(Actor::Anonymous) => ActorView::Anonymous,
                Recorded::Known(Actor::Operator) => ActorView::Operator,
                Recorded::Unknown(_) => ActorView::Unknown,
            },
            subject: entry.subject.map(|id| (id, name(id))),
        })
        .collect();
    let filters = AuditFilters { action, person: &person, error: None };
    let page = view::audit_page(&request.frame(), &list, &filters, &entries, &list.links(page.next));
    Ok(response::page(StatusCode::OK, page))
}
