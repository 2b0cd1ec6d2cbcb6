//! The security page, changes of the password, and sessions.

use warp::http::StatusCode;

use super::view::{self, SecurityNotice};
use crate::app;
use crate::app::identity::sessions::SessionSelection;
use crate::app::identity::{password_change, sessions, two_factor};
use crate::domain::accounts::step_up::{PendingChange, ProtectedAction};
use crate::web::account::view::AccountPart;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::step_up;
use crate::web::ui::announcement::Announcement;

/// `GET /account/security`. It confirms a new password (`?saved`) and that 2FA was turned off (`?two-factor=off`).
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let notice = match (query.maybe("saved"), query.maybe("two-factor")) {
        (Some(_), _) => SecurityNotice::PasswordChanged,
        (None, Some("off")) if request.account()?.two_factor.is_none() => SecurityNotice::TwoFactorDisabled,
        _ => SecurityNotice::None,
    };
    page(&request, StatusCode::OK, notice)
}

/// `POST /account/password`: checks the new password, then asks the user to confirm their identity.
pub async fn change_password(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let (password, confirmation) = (form.get("password").to_owned(), form.get("confirmPassword"));
    match password_change::prepare_password(&request.state.app, request.account()?, password, Some(confirmation)).await
    {
        Ok(hash) => {
            let change = Some(PendingChange::Password(hash));
            step_up::html::start(&request, ProtectedAction::AccountPasswordChange, change).await
        }
        Err(app::Error::Refused(refusal)) => {
            let notice = SecurityNotice::PasswordErrors(refusal.field_errors());
            page(&request, StatusCode::UNPROCESSABLE_ENTITY, notice)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/sessions`: ends the session with the id in `which`, or `others`, or `all`.
pub async fn end_sessions(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let selection = match form.get("which") {
        "others" => SessionSelection::Others,
        "all" => SessionSelection::All,
        id => SessionSelection::One(id.to_owned()),
    };
    let (_, ended_current) =
        sessions::end_sessions(&request.state.app, request.member()?, selection, &request.client()).await?;
    if ended_current {
        return Ok(request.without_session(response::see_other("/sign-in")));
    }
    Ok(response::see_other(&Announcement::DeviceSignedOut.on_page(AccountPart::Security.path(), "devices")))
}

fn page(request: &Request, status: StatusCode, notice: SecurityNotice<'_>) -> Result<Response, HttpError> {
    let (app, member) = (&request.state.app, request.member()?);
    let devices = sessions::list_devices(app, member)?;
    let two_factor = two_factor::two_factor_status(app, &member.account);
    Ok(response::page(status, view::page(&request.frame(), &member.account, two_factor, &devices, notice)))
}
