//! The page with a person's data, and the form that deletes the account.

use warp::http::StatusCode;

use super::view::{self, DataNotice};
use crate::domain::FieldError;
use crate::domain::accounts::step_up::ProtectedAction;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::step_up;

/// `GET /account/data`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    Ok(page(&request, StatusCode::OK, DataNotice::None))
}

/// `POST /account/delete`: asks the user to confirm their identity.
pub async fn delete(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let typed = form.get("confirm");
    if !typed.trim().eq_ignore_ascii_case("delete") {
        let error = FieldError::new("confirm", "Type “delete” to confirm.");
        let notice = DataNotice::DeletionNotConfirmed { typed, error: &error };
        return Ok(page(&request, StatusCode::UNPROCESSABLE_ENTITY, notice));
    }
    step_up::html::start(&request, ProtectedAction::AccountDelete, None).await
}

/// The page with the outcome of a form.
pub fn page(request: &Request, status: StatusCode, notice: DataNotice<'_>) -> Response {
    response::page(status, view::page(&request.frame(), request.state.app.admins_see_habits, notice))
}
