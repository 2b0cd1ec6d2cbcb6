//! Protected changes need two requests: the change itself, and a confirmation of the user's identity, after which it is carried out.

use warp::http::StatusCode;

use super::view;
use crate::app;
use crate::app::identity::step_up::StepUpAnswer;
use crate::app::identity::{accounts, email_change, password_change, step_up, two_factor};
use crate::domain::Refusal;
use crate::domain::accounts::step_up::{PendingChange, ProtectedAction};
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::web::account::view::AccountPart;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::two_factor::view::ADDRESS as TWO_FACTOR_PAGE;

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// Starts a challenge, and shows the page that asks for the password or a code.
pub async fn start(
    request: &Request,
    action: ProtectedAction,
    change: Option<PendingChange>,
) -> Result<Response, HttpError> {
    let challenge = step_up::start(&request.state.app, request.account()?.id, action, change).await?;
    Ok(response::page(StatusCode::OK, view::confirm(&request.frame(), &challenge.token, page_of(action), Ok(action))))
}

/// The page that has the form of a protected change.
fn page_of(action: ProtectedAction) -> &'static str {
    match action {
        ProtectedAction::AccountEmailChange | ProtectedAction::SignIn | ProtectedAction::Unknown => {
            AccountPart::Profile.path()
        }
        ProtectedAction::AccountPasswordChange | ProtectedAction::AccountTwoFactor => AccountPart::Security.path(),
        ProtectedAction::AccountDelete => AccountPart::Data.path(),
        ProtectedAction::AdminAccess => "/admin",
    }
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
            let page = view::confirm(&request.frame(), token, from, Err(&refusal));
            return Ok(response::page(UNPROCESSABLE, page));
        }
        Err(app::Error::Refused(_)) => {
            return Ok(response::page(UNPROCESSABLE, view::expired(&request.frame(), from)));
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
            Ok(response::page(StatusCode::OK, view::email_change_requested(&request.frame())))
        }
        ProtectedAction::AccountPasswordChange => {
            password_change::change_password(app, member, token, None, &client).await?;
            Ok(response::see_other("/account/security?saved"))
        }
        ProtectedAction::AccountDelete => {
            accounts::delete_account(app, &member.account, token).await?;
            let page = response::page(StatusCode::OK, view::deleted(&request.state.frame(None)));
            Ok(request.state.session_cookie.clear(page))
        }
        ProtectedAction::AccountTwoFactor => {
            two_factor::start_enrollment(app, member, Some(token)).await?;
            Ok(response::see_other(TWO_FACTOR_PAGE))
        }
        ProtectedAction::SignIn | ProtectedAction::AdminAccess | ProtectedAction::Unknown => {
            Err(Refusal::LinkInvalid.into())
        }
    }
}
