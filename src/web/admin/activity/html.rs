//! Recent requests and the audit trail.

use warp::http::StatusCode;

use super::view::{self, ActorView, AuditEntryView};
use crate::app::{self, admin};
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::{AccountId, Recorded, Refusal};
use crate::observe::activity::MAX_RECORDS;
use crate::web::admin::list_query::{ROWS_PER_PAGE, cursor, filter, page_links};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /admin/activity`.
pub async fn requests(request: Request) -> Result<Response, HttpError> {
    let requests = request.state.activity.newest(MAX_RECORDS);
    Ok(response::page(StatusCode::OK, view::activity_page(&request.frame(), &requests)))
}

/// `GET /admin/audit`, filtered by `?deed=` and `?person=`, from the cursor `?before=`.
pub async fn audit_trail(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let query = request.query();
    let (action, person) = (AuditAction::parse(query.get("deed")), filter(&query, "person"));
    let subject = match person.as_str() {
        "" => None,
        // The entries of a deleted account can be found by its id.
        person => match (person.parse(), admin::queries::find_user(app, person)) {
            (Ok(id), _) | (_, Ok(id)) => Some(id),
            (_, Err(app::Error::Refused(refusal @ Refusal::UserNotFound))) => {
                let (error, links) = (refusal.to_string(), page_links("", &query, &[], None::<u8>));
                let page = view::audit_page(&request.frame(), (action, person), Some(&error), &[], &links);
                return Ok(response::page(StatusCode::OK, page));
            }
            (_, Err(error)) => return Err(error.into()),
        },
    };
    let cursor = cursor(&query);
    let list = move |app: &app::App| admin::queries::list_audit_entries(app, subject, action, cursor, ROWS_PER_PAGE);
    let page = request.read_blocking(list).await?;
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
    let filters = [("deed", action.map_or("", AuditAction::as_str)), ("person", person.as_str())];
    let links = page_links("/admin/audit", &query, &filters, page.next);
    let page = view::audit_page(&request.frame(), (action, &person), None, &entries, &links);
    Ok(response::page(StatusCode::OK, page))
}
