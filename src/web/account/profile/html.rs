//! The profile page and its two forms.

use warp::http::StatusCode;

use super::view::{self, ProfileForms};
use crate::app::identity::preferences;
use crate::app::identity::preferences::PreferencesChange;
use crate::domain::accounts::step_up::{PendingChange, ProtectedAction};
use crate::domain::{DisplayName, Email, FieldError};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::step_up;

/// `GET /account`. `?saved` confirms a new name. `?admin2fa` is how the predecessor sent admins here who need 2FA.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    if let Some(reason) = query.maybe("admin2fa").filter(|reason| *reason == "required") {
        return Ok(response::see_other(&format!("/account/security?admin2fa={reason}#two-factor")));
    }
    let forms = ProfileForms { is_name_saved: query.maybe("saved").is_some(), ..stored(&request)? };
    page(&request, StatusCode::OK, forms)
}

/// `POST /account/name`.
pub async fn rename(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    match DisplayName::parse(form.get("displayName")) {
        Ok(name) => {
            let change = PreferencesChange { name: Some(name), ..PreferencesChange::default() };
            preferences::update_preferences(&request.state.app, request.account()?.id, change).await?;
            Ok(response::see_other("/account?saved"))
        }
        Err(error) => {
            let forms = ProfileForms { name: form.get("displayName"), errors: &[error], ..stored(&request)? };
            page(&request, StatusCode::UNPROCESSABLE_ENTITY, forms)
        }
    }
}

/// `POST /account/email`: asks the user to confirm their identity.
pub async fn change_email(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let error = match Email::parse(form.get("email")) {
        Ok(email) if email == request.account()?.email => FieldError::new("email", "That's already your email."),
        Ok(email) => {
            let change = Some(PendingChange::Email(email));
            return step_up::html::start(&request, ProtectedAction::AccountEmailChange, change).await;
        }
        Err(error) => error,
    };
    let forms = ProfileForms { email: form.get("email"), errors: &[error], ..stored(&request)? };
    page(&request, StatusCode::UNPROCESSABLE_ENTITY, forms)
}

/// The forms before anything is typed.
fn stored(request: &Request) -> Result<ProfileForms<'_>, HttpError> {
    Ok(ProfileForms { name: request.account()?.name(), email: "", errors: &[], is_name_saved: false })
}

fn page(request: &Request, status: StatusCode, forms: ProfileForms<'_>) -> Result<Response, HttpError> {
    let me = request.account()?;
    let waiting_email = me.waiting_email(request.state.app.clock.now());
    Ok(response::page(status, view::page(&request.frame(), me, waiting_email, forms)))
}
