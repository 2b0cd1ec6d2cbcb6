//! The outbox: a list, one message, and retrying it.

use warp::http::StatusCode;

use super::view;
use crate::app;
use crate::app::mail::outbox;
use crate::domain::MailId;
use crate::domain::mail::{DeliveryStatus, Mail};
use crate::store::SortDirection::Descending;
use crate::web::admin::list_query::{ListQuery, SortKey, return_address};
use crate::web::admin::view::AdminNotice;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::ui::menu::menu_button_id;

const LIST: &str = "/admin/mail";
const SORT_KEYS: &[SortKey] = &[(view::BY_CREATED, Descending)];

/// `GET /admin/mail`, filtered by `?standing=`, with a notice about the action in `?done=`.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let status = DeliveryStatus::NAMES.into_iter().find(|status| *status == query.get("standing")).unwrap_or("");
    let filter = Some(status).filter(|status| !status.is_empty());
    let list = ListQuery::new(LIST, &query, SORT_KEYS, &[("standing", status)]);
    let page = outbox::list_mail(&request.state.app, None, filter, list.request())?;
    let can_retry = |mail: Mail| Ok((outbox::can_retry(&request.state.app, &mail)?, mail));
    let mails: Vec<(bool, Mail)> = page.rows.into_iter().map(can_retry).collect::<Result<_, app::Error>>()?;
    let links = list.links(page.next);
    Ok(response::page(
        StatusCode::OK,
        view::outbox_page(&request.frame(), &list, status, &mails, notice(&query), &links),
    ))
}

fn notice(query: &FormFields) -> AdminNotice<'static> {
    match query.get("done") {
        "retry" => AdminNotice::Done("Sending the email now."),
        _ => AdminNotice::None,
    }
}

/// `GET /admin/mail/{id}`, with a notice about the action in `?done=`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    message_page(&request, StatusCode::OK, request.path_param("id")?, notice(&request.query()))
}

fn message_page(
    request: &Request,
    status: StatusCode,
    id: MailId,
    notice: AdminNotice<'_>,
) -> Result<Response, HttpError> {
    let mail = outbox::find_mail(&request.state.app, id)?.ok_or(HttpError::NotFound)?;
    let can_retry = outbox::can_retry(&request.state.app, &mail)?;
    Ok(response::page(status, view::message_page(&request.frame(), &mail, can_retry, notice)))
}

/// `POST /admin/mail/{id}/retry`. Leads back to the list that the form is on, or to the page of the message.
pub async fn retry(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let id: MailId = request.path_param("id")?;
    outbox::find_mail(app, id)?.ok_or(HttpError::NotFound)?;
    match outbox::retry_mail(app, &request.initiator()?, id).await {
        Ok(_) => {
            let list = return_address(&request.query(), LIST, &[("done", "retry")]);
            let list = list.map(|list| format!("{list}#{}", menu_button_id(&id.to_string())));
            Ok(response::see_other(&list.unwrap_or_else(|| format!("{LIST}/{id}?done=retry"))))
        }
        Err(app::Error::Refused(refusal)) => {
            let (status, why) = (StatusCode::UNPROCESSABLE_ENTITY, refusal.to_string());
            message_page(&request, status, id, AdminNotice::Refused(&why))
        }
        Err(error) => Err(error.into()),
    }
}
