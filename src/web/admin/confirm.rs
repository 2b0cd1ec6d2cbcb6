//! Confirming an admin's identity before changes and exports.

use warp::http::StatusCode;

use crate::app::identity::step_up;
use crate::domain::accounts::step_up::ProtectedAction;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::step_up::view;

/// `GET /admin/confirm`: asks for the password or a code. `?from=` is the page to return to.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let from = redirect::after_sign_in(query.get("from"));
    let action = ProtectedAction::AdminAccess;
    let challenge = step_up::start(&request.state.app, request.account()?.id, action, None).await?;
    Ok(response::page(StatusCode::OK, view::confirm(&request.frame(), &challenge.token, from, Ok(action))))
}
