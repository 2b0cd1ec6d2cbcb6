//! Changes of email and password, deletion, and sessions. A protected change needs two requests: the change itself, and a
//! confirmation of the user's identity.

use warp::http::StatusCode;

use crate::app;
use crate::app::identity::email_change;
use crate::app::identity::password_change;
use crate::app::identity::preferences;
use crate::app::identity::preferences::PreferencesChange;
use crate::app::identity::sessions;
use crate::app::identity::sessions::SessionSelection;
use crate::app::identity::step_up;
use crate::app::identity::step_up::StepUpAnswer;
use crate::app::identity::{accounts, two_factor};
use crate::domain::accounts::step_up::{PendingChange, ProtectedAction};
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::domain::{DisplayName, Email, FieldError, Refusal};
use crate::web::account;
use crate::web::account::view::AccountNotice;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::security::view as pages;
use crate::web::two_factor::view::ADDRESS as TWO_FACTOR_PAGE;
use crate::web::ui::announcement::Announcement;

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `POST /account/name`.
pub async fn rename(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    match DisplayName::parse(form.get("displayName")) {
        Ok(name) => {
            let change = PreferencesChange { name: Some(name), ..PreferencesChange::default() };
            preferences::update_preferences(&request.state.app, request.account()?.id, change).await?;
            Ok(response::see_other("/account?saved"))
        }
        Err(error) => show_errors(&request, &[error], None),
    }
}

/// `POST /account/email`: asks the user to confirm their identity.
pub async fn change_email(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    match Email::parse(form.get("email")) {
        Ok(email) if email == request.account()?.email => {
            show_errors(&request, &[FieldError::new("email", "That's already your email.")], Some(form.get("email")))
        }
        Ok(email) => {
            start_step_up(&request, ProtectedAction::AccountEmailChange, Some(PendingChange::Email(email))).await
        }
        Err(error) => show_errors(&request, &[error], Some(form.get("email"))),
    }
}

/// `POST /account/password`: checks the new password, then asks the user to confirm their identity.
pub async fn change_password(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let (password, confirmation) = (form.get("password").to_owned(), form.get("confirmPassword"));
    match password_change::prepare_password(&request.state.app, request.account()?, password, Some(confirmation)).await
    {
        Ok(hash) => {
            start_step_up(&request, ProtectedAction::AccountPasswordChange, Some(PendingChange::Password(hash))).await
        }
        Err(app::Error::Refused(refusal)) => show_errors(&request, refusal.field_errors(), None),
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/delete`: asks the user to confirm their identity.
pub async fn delete(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    if !form.get("confirm").trim().eq_ignore_ascii_case("delete") {
        return show_errors(&request, &[FieldError::new("confirm", "Type “delete” to confirm.")], None);
    }
    start_step_up(&request, ProtectedAction::AccountDelete, None).await
}

/// `POST /account/verify`: checks the user's password or code, then carries the change out.
pub async fn verify(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let (token, from) = (form.get("challengeToken"), redirect::after_sign_in(form.get("from")));
    let code_method = SecondFactorMethod::ALL.into_iter().find(|known| known.as_str() == form.get("method"));
    let answer = match code_method {
        Some(method) => StepUpAnswer::Code(method, form.get("code")),
        None => StepUpAnswer::Password(form.get("code")),
    };
    let challenge = match step_up::verify(&request.state.app, request.member()?, token, answer, &request.client()).await
    {
        Ok(challenge) => challenge,
        Err(app::Error::Refused(
            refusal @ (Refusal::StepUpFailed | Refusal::TooManyAttempts(_) | Refusal::TwoFactorUnreadable),
        )) => {
            let page = pages::step_up(&request.frame(), token, from, Err(&refusal));
            return Ok(response::page(UNPROCESSABLE, page));
        }
        Err(app::Error::Refused(_)) => {
            return account::html::page(&request, UNPROCESSABLE, AccountNotice::ChallengeExpired);
        }
        Err(error) => return Err(error.into()),
    };
    match challenge.action {
        ProtectedAction::AdminAccess => Ok(response::see_other(from)),
        action => perform_action(&request, token, action).await,
    }
}

/// Carries out the change that a verified challenge is for.
async fn perform_action(request: &Request, token: &str, action: ProtectedAction) -> Result<Response, HttpError> {
    let (app, member, client) = (&request.state.app, request.member()?, request.client());
    match action {
        ProtectedAction::AccountEmailChange => {
            email_change::request_email_change(app, member, token, None, &client).await?;
            Ok(response::page(StatusCode::OK, pages::email_change_requested(&request.frame())))
        }
        ProtectedAction::AccountPasswordChange => {
            password_change::change_password(app, member, token, None, &client).await?;
            Ok(response::see_other("/account?saved"))
        }
        ProtectedAction::AccountDelete => {
            accounts::delete_account(app, &member.account, token).await?;
            let page = response::page(StatusCode::OK, pages::deleted(&request.state.frame(None)));
            Ok(request.state.session_cookie.clear(page))
        }
        ProtectedAction::AccountTwoFactor => {
            two_factor::start_enrollment(app, member, Some(token)).await?;
            Ok(response::see_other(TWO_FACTOR_PAGE))
        }
        ProtectedAction::SignIn | ProtectedAction::AdminAccess => Err(Refusal::LinkInvalid.into()),
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
    Ok(response::see_other(&Announcement::DeviceSignedOut.on_page("/account", "devices")))
}

/// Starts a challenge, and shows the page that asks for the password or a code.
pub async fn start_step_up(
    request: &Request,
    action: ProtectedAction,
    change: Option<PendingChange>,
) -> Result<Response, HttpError> {
    let challenge = step_up::start(&request.state.app, request.account()?.id, action, change).await?;
    Ok(response::page(StatusCode::OK, pages::step_up(&request.frame(), &challenge.token, "/account", Ok(action))))
}

fn show_errors(request: &Request, errors: &[FieldError], email: Option<&str>) -> Result<Response, HttpError> {
    account::html::page(request, UNPROCESSABLE, AccountNotice::CredentialErrors { errors, email })
}
