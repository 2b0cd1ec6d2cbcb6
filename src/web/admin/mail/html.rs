//! The outbox: a list, one message, and retrying it.

use warp::http::StatusCode;

use super::view;
use crate::app;
use crate::app::mail::outbox;
use crate::domain::MailId;
use crate::domain::mail::DeliveryStatus;
use crate::web::admin::list_query::{ROWS_PER_PAGE, cursor, page_links};
use crate::web::admin::view::AdminNotice;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /admin/mail`, filtered by `?standing=`, from the cursor `?before=`.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let status = DeliveryStatus::NAMES.into_iter().find(|status| *status == query.get("standing")).unwrap_or("");
    let filter = Some(status).filter(|status| !status.is_empty());
    let page = outbox::list_mail(&request.state.app, None, filter, cursor(&query), ROWS_PER_PAGE)?;
    let links = page_links("/admin/mail", &query, &[("standing", status)], page.next);
    Ok(response::page(StatusCode::OK, view::outbox_page(&request.frame(), status, &page.rows, &links)))
}

/// `GET /admin/mail/{id}`, with a notice about the action in `?done=`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let notice = match request.query().get("done") {
        "retry" => AdminNotice::Done("Sending the email now."),
        _ => AdminNotice::None,
    };
    message_page(&request, StatusCode::OK, request.path_param("id")?, notice)
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

/// `POST /admin/mail/{id}/retry`.
pub async fn retry(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let id: MailId = request.path_param("id")?;
    outbox::find_mail(app, id)?.ok_or(HttpError::NotFound)?;
    match outbox::retry_mail(app, &request.initiator()?, id).await {
        Ok(_) => Ok(response::see_other(&format!("/admin/mail/{id}?done=retry"))),
        Err(app::Error::Refused(refusal)) => {
            let (status, why) = (StatusCode::UNPROCESSABLE_ENTITY, refusal.to_string());
            message_page(&request, status, id, AdminNotice::Refused(&why))
        }
        Err(error) => Err(error.into()),
    }
}
