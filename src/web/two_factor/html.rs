//! Two-factor authentication: its settings, and the second step of signing in.

use warp::http::StatusCode;
use warp::http::header::{HeaderValue, RETRY_AFTER};

use crate::app;
use crate::app::identity::sessions::Member;
use crate::app::identity::two_factor;
use crate::domain::accounts::step_up::ProtectedAction;
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::domain::{FieldError, Refusal};
use crate::web::auth::view as sign_in_page;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::step_up;
use crate::web::two_factor::view as pages;
use crate::web::two_factor::view::{ADDRESS as TWO_FACTOR_PAGE, SecondStep, TwoFactorNotice};

const WRONG_CODE: &str = "That code is wrong or was already used. Wait for the next one and try again.";
const WRONG_RECOVERY: &str = "That recovery code isn't valid.";
const WRONG_EITHER: &str = "Wrong password or code, or the code was already used.";

/// The page that asks for a code after the right password.
pub fn second_step(request: &Request, challenge: &str, from: &str) -> Response {
    let step = SecondStep { challenge, from, method: SecondFactorMethod::Totp };
    response::page(StatusCode::OK, pages::second_step(&request.frame(), step, None))
}

/// `POST /sign-in/verify`: signs in with a code. With `switch`, shows the form for the other kind of code.
pub async fn sign_in(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let (challenge, from) = (form.get("challenge"), redirect::after_sign_in(form.get("from")));
    let method = SecondFactorMethod::ALL.into_iter().find(|method| method.as_str() == form.get("method"));
    let method = method.unwrap_or(SecondFactorMethod::Totp);
    let step = SecondStep { challenge, from, method };
    if form.maybe("switch").is_some() {
        return Ok(response::page(StatusCode::OK, pages::second_step(&request.frame(), step, None)));
    }
    let (app, session, device) = (&request.state.app, request.session_token(), request.device_token());
    let (code, client) = (form.get("code"), request.client());
    let refusal = match two_factor::complete_sign_in(app, challenge, method, code, session, device, client).await {
        Ok(signed_in) => {
            return Ok(response::succeeded(request.with_session(response::see_other(from), &signed_in)));
        }
        Err(app::Error::Refused(refusal)) => refusal,
        Err(error) => return Err(error.into()),
    };
    if matches!(refusal, Refusal::StepUpRequired | Refusal::ChallengeExpired) {
        let alert = "Your sign-in timed out. Enter your password again.";
        let page = sign_in_page::sign_in(&request.frame(), "", from, Some(alert), false);
        return Ok(response::page(StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    let alert = match (&refusal, method) {
        (Refusal::StepUpFailed, SecondFactorMethod::Totp) => WRONG_CODE.to_owned(),
        (Refusal::StepUpFailed, SecondFactorMethod::RecoveryCode) => WRONG_RECOVERY.to_owned(),
        _ => refusal.to_string(),
    };
    Ok(refused_page(&refusal, pages::second_step(&request.frame(), step, Some(&alert))))
}

/// A page with an error. After too many attempts, 429 with `Retry-After`.
fn refused_page(refusal: &Refusal, page: maud::Markup) -> Response {
    let Refusal::TooManyAttempts(left) = refusal else { return response::page(StatusCode::UNPROCESSABLE_ENTITY, page) };
    let mut response = response::page(StatusCode::TOO_MANY_REQUESTS, page);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1).unsigned_abs()));
    response
}

/// `GET /account/two-factor`: the status, and what can be changed. Changes nothing itself.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let member = request.member()?;
    Ok(response::page(StatusCode::OK, page(&request, member, TwoFactorNotice::None)))
}

fn page(request: &Request, member: &Member, notice: TwoFactorNotice<'_>) -> maud::Markup {
    let (app, account) = (&request.state.app, &member.account);
    if account.two_factor.is_some() {
        return pages::manage(
            &request.frame(),
            two_factor::two_factor_status(app, account),
            two_factor::is_enforced(app, account),
            notice,
        );
    }
    match two_factor::pending_enrollment(app, member) {
        Some(enrollment) => pages::enroll(&request.frame(), &enrollment.secret, &enrollment.uri, &[]),
        None => pages::start(&request.frame(), two_factor::must_enroll(app, account)),
    }
}

/// `POST /account/two-factor`: the action of the button that was pressed.
pub async fn change(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    match form.get("what") {
        "set-up" => set_up(&request).await,
        "enable" => enable(&request, &form).await,
        "disable" => disable(&request, &form).await,
        "rotate" => rotate(&request, &form).await,
        _ => Err(HttpError::Malformed("Something's missing from the form. Go back and try again.".to_owned())),
    }
}

async fn set_up(request: &Request) -> Result<Response, HttpError> {
    match two_factor::start_enrollment(&request.state.app, request.member()?, None).await {
        Err(app::Error::Refused(Refusal::StepUpRequired)) => {
            step_up::html::start(request, ProtectedAction::AccountTwoFactor, None).await
        }
        // If it is already on, the page says so.
        Ok(_) | Err(app::Error::Refused(_)) => Ok(response::see_other(TWO_FACTOR_PAGE)),
        Err(error) => Err(error.into()),
    }
}

async fn enable(request: &Request, form: &FormFields) -> Result<Response, HttpError> {
    let (app, account) = (&request.state.app, request.member()?);
    match two_factor::enable(app, account, form.get("code"), &request.client()).await {
        Ok(codes) => Ok(codes_page(request, &codes, true)),
        Err(app::Error::Refused(refusal)) => match two_factor::pending_enrollment(app, account) {
            Some(enrollment) => {
                let message = "That code is wrong. Check your phone's clock and enter the current code.";
                let errors = [FieldError::new("code", error_message(&refusal, message))];
                let page = pages::enroll(&request.frame(), &enrollment.secret, &enrollment.uri, &errors);
                Ok(refused_page(&refusal, page))
            }
            None => Ok(response::see_other(TWO_FACTOR_PAGE)),
        },
        Err(error) => Err(error.into()),
    }
}

async fn disable(request: &Request, form: &FormFields) -> Result<Response, HttpError> {
    let account = request.account()?;
    let (password, code) = (form.get("currentPassword"), form.get("code"));
    match two_factor::disable(&request.state.app, account, password, detect_method(code), code, &request.client()).await
    {
        Ok(()) => Ok(response::see_other("/account/security?two-factor=off")),
        Err(app::Error::Refused(refusal)) => {
            let errors = [FieldError::new("code", error_message(&refusal, WRONG_EITHER))];
            Ok(refused_page(&refusal, page(request, request.member()?, TwoFactorNotice::DisableErrors(&errors))))
        }
        Err(error) => Err(error.into()),
    }
}

async fn rotate(request: &Request, form: &FormFields) -> Result<Response, HttpError> {
    let account = request.account()?;
    let code = form.get("code");
    match two_factor::rotate_recovery_codes(&request.state.app, account, detect_method(code), code, &request.client())
        .await
    {
        Ok(codes) => Ok(codes_page(request, &codes, false)),
        Err(app::Error::Refused(refusal)) => {
            let errors = [FieldError::new("code", error_message(&refusal, "That code is wrong or was already used."))];
            Ok(refused_page(&refusal, page(request, request.member()?, TwoFactorNotice::RotateErrors(&errors))))
        }
        Err(error) => Err(error.into()),
    }
}

fn codes_page(request: &Request, codes: &[String], enabled_now: bool) -> Response {
    response::page(StatusCode::OK, pages::recovery_codes(&request.frame(), codes, enabled_now))
}

fn error_message(refusal: &Refusal, if_wrong: &str) -> String {
    if *refusal == Refusal::StepUpFailed { if_wrong.to_owned() } else { refusal.to_string() }
}

/// The kind of code in a field that accepts both: codes of the app are shorter than recovery codes.
fn detect_method(code: &str) -> SecondFactorMethod {
    let length = code.chars().filter(char::is_ascii_alphanumeric).count();
    if length <= 8 { SecondFactorMethod::Totp } else { SecondFactorMethod::RecoveryCode }
}
