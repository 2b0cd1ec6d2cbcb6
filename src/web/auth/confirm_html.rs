//! Handlers that confirm the address of a sign-up and request another email.

use warp::http::StatusCode;

use crate::app;
use crate::app::identity::code_confirmation;
use crate::app::identity::email_confirmation;
use crate::app::identity::email_confirmation::Confirmation;
use crate::app::identity::sessions::{self, SignedIn};
use crate::app::identity::sign_up_browser::BrowserCookies;
use crate::app::identity::{two_factor, verification_email};
use crate::domain::accounts::code::normalize_digits;
use crate::domain::accounts::link::LinkStatus;
use crate::domain::{Email, FieldError, Refusal};
use crate::web::auth::confirm_view as pages;
use crate::web::auth::confirm_view::{CODE_FIELD, CodeForm, NewSignUpForm};
use crate::web::auth::sign_up_html::{SENT_AGAIN, find_draft, sign_up_input};
use crate::web::auth::sign_up_view::{CodeNotice, enter_code};
use crate::web::first_habit::view::ADDRESS as FIRST_HABIT_PAGE;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response, with_token};
use crate::web::two_factor::view::ADDRESS as TWO_FACTOR_PAGE;

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `GET /verify-email`. With a token, the page whose button confirms the address; without one, the form that requests a link.
/// Changes nothing, because mail scanners open links.
pub async fn verify_email_form(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    match query.get("token") {
        "" => {
            let sent = query.maybe("sent").is_some();
            let form = CodeForm { email: query.get("email"), ..CodeForm::default() };
            let page = pages::request_link(&request.frame(), None, form, &[], sent);
            Ok(with_token(response::page(StatusCode::OK, page)))
        }
        token => link_page(&request, token, StatusCode::OK, LinkFailure::default()),
    }
}

/// `POST /verify-email`: confirms an address with the token of a link, with or without a new sign-up, or with the code from
/// the email.
pub async fn verify_email(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    if form.maybe(CODE_FIELD).is_some() {
        return verify_email_by_code(&request, &form).await;
    }
    let (token, password, client) = (form.get("token"), form.get("password"), request.client());
    let app = &request.state.app;
    let confirmed = match form.maybe("displayName") {
        Some(_) => email_confirmation::confirm_with_new_sign_up(app, token, sign_up_input(&form), &client).await,
        None => email_confirmation::confirm_email(app, token, password, browser_cookies(&request), &client).await,
    };
    match confirmed {
        Ok(confirmation) => confirmed_response(&request, confirmation),
        Err(app::Error::Refused(refusal @ Refusal::PasswordRequired)) => {
            link_page(&request, token, UNPROCESSABLE, LinkFailure { refusal: Some(&refusal), ..LinkFailure::default() })
        }
        Err(app::Error::Refused(Refusal::InvalidFields(errors))) => {
            let entered = NewSignUpForm { name: form.get("displayName"), zone: form.get("timeZone") };
            let failure = LinkFailure { new_sign_up: Some((entered, &errors)), ..LinkFailure::default() };
            link_page(&request, token, UNPROCESSABLE, failure)
        }
        Err(app::Error::Refused(refusal)) => {
            Ok(with_token(response::page(UNPROCESSABLE, invalid_link(&request, &refusal))))
        }
        Err(error) => Err(error.into()),
    }
}

fn browser_cookies(request: &Request) -> BrowserCookies<'_> {
    BrowserCookies {
        sign_up: request.sign_up_token(),
        session: request.session_token(),
        device: request.device_token(),
    }
}

async fn verify_email_by_code(request: &Request, form: &FormFields) -> Result<Response, HttpError> {
    let (email, code, password) = (form.get("email"), form.get(CODE_FIELD), form.get("password"));
    // After the back button, the page still shows the form.
    if Email::parse(email).is_ok_and(|email| request.maybe_account().is_some_and(|me| me.email == email)) {
        return Ok(response::see_other("/today"));
    }
    let input = CodeForm { email, code, contested: false };
    if normalize_digits(code).is_empty() {
        let error = FieldError::new(CODE_FIELD, "Enter the 6-digit code from the email.");
        return Ok(code_page(request, UNPROCESSABLE, input, None, &[error]));
    }
    let (app, cookies) = (&request.state.app, browser_cookies(request));
    match code_confirmation::confirm_email_by_code(app, email, code, password, cookies, &request.client()).await {
        Ok(confirmation) => confirmed_response(request, confirmation),
        Err(app::Error::Refused(Refusal::InvalidFields(errors))) => {
            Ok(code_page(request, UNPROCESSABLE, input, None, &errors))
        }
        Err(app::Error::Refused(refusal @ Refusal::WrongCode)) => {
            let error = FieldError::new(CODE_FIELD, refusal.to_string());
            Ok(code_page(request, UNPROCESSABLE, input, None, &[error]))
        }
        Err(app::Error::Refused(refusal)) => {
            let input = CodeForm { contested: refusal == Refusal::PasswordRequired, ..input };
            Ok(code_page(request, UNPROCESSABLE, input, Some(&refusal.to_string()), &[]))
        }
        Err(error) => Err(error.into()),
    }
}

/// The form that takes a code, with its input: in the browser that signed up without the address.
fn code_page(
    request: &Request,
    status: StatusCode,
    form: CodeForm<'_>,
    alert: Option<&str>,
    errors: &[FieldError],
) -> Response {
    let page = if is_own_address(request, form.email) {
        enter_code(&request.frame(), form, alert.map_or(CodeNotice::None, CodeNotice::Alert), errors)
    } else {
        pages::request_link(&request.frame(), alert, form, errors, false)
    };
    with_token(response::page(status, page))
}

/// Whether this browser signed up with that address.
fn is_own_address(request: &Request, email: &str) -> bool {
    find_draft(request).is_some_and(|draft| Email::parse(email).is_ok_and(|email| email == draft.email))
}

/// `POST /verify-email` above the limit.
pub async fn verify_email_over_limit(request: Request, refusal: Refusal) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let Some(code) = form.maybe(CODE_FIELD) else { return Err(refusal.into()) };
    let input = CodeForm { email: form.get("email"), code, contested: false };
    Ok(code_page(&request, StatusCode::TOO_MANY_REQUESTS, input, Some(&refusal.to_string()), &[]))
}

/// In the browser that signed up, the next page; in others, the sign-in form.
fn confirmed_response(request: &Request, confirmation: Confirmation) -> Result<Response, HttpError> {
    let Confirmation { account, email, status, signed_in } = confirmation;
    if let Some(signed_in) = signed_in {
        let response = request.with_session(response::see_other(next_page(request, &signed_in)?), &signed_in);
        return Ok(response::succeeded(response));
    }
    if request.maybe_account().is_some_and(|me| me.id == account) {
        return Ok(response::see_other("/today"));
    }
    let page = match status {
        LinkStatus::Open => pages::confirmed(&request.frame(), email.as_str()),
        LinkStatus::Used => pages::already_confirmed(&request.frame()),
    };
    let page = with_token(response::page(StatusCode::OK, page));
    // SECURITY: a used link can be opened again and again, so it gives nothing back.
    Ok(if status == LinkStatus::Open { response::succeeded(page) } else { page })
}

/// Where a new user begins. Admins begin with two-factor authentication where they need it.
fn next_page(request: &Request, signed_in: &SignedIn) -> Result<&'static str, HttpError> {
    let app = &request.state.app;
    let member = sessions::find_member(app, &signed_in.token)?;
    let must_enroll = member.is_some_and(|member| two_factor::must_enroll(app, &member.account));
    Ok(if must_enroll { TWO_FACTOR_PAGE } else { FIRST_HABIT_PAGE })
}

/// What failed on the page that a link leads to.
#[derive(Default, Clone, Copy)]
struct LinkFailure<'a> {
    refusal: Option<&'a Refusal>,
    /// A new sign-up with its errors.
    new_sign_up: Option<(NewSignUpForm<'a>, &'a [FieldError])>,
}

/// The page that a link leads to.
fn link_page(
    request: &Request,
    token: &str,
    status: StatusCode,
    failure: LinkFailure<'_>,
) -> Result<Response, HttpError> {
    let (status, page) = match email_confirmation::open_link(&request.state.app, token, request.sign_up_token()) {
        Ok(link) if link.status == LinkStatus::Used => (StatusCode::OK, pages::already_confirmed(&request.frame())),
        Ok(link) => {
            let form = pages::ConfirmForm {
                token,
                email: link.email.as_str(),
                name: link.name.as_str(),
                contested: link.contested || failure.new_sign_up.is_some(),
                new_sign_up: failure.new_sign_up,
            };
            let alert = failure.refusal.map(ToString::to_string);
            (status, pages::confirm(&request.frame(), form, alert.as_deref()))
        }
        Err(app::Error::Refused(refusal)) => (UNPROCESSABLE, invalid_link(request, &refusal)),
        Err(error) => return Err(error.into()),
    };
    Ok(with_token(response::page(status, page)))
}

fn invalid_link(request: &Request, refusal: &Refusal) -> maud::Markup {
    pages::request_link(&request.frame(), Some(&refusal.to_string()), CodeForm::default(), &[], false)
}

/// `POST /verify-email/resend`.
pub async fn resend(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let email = form.get("email");
    match verification_email::resend_verification(&request.state.app, email, &request.client()).await {
        Ok(()) if is_own_address(&request, email) => Ok(response::see_other(SENT_AGAIN)),
        Ok(()) => Ok(response::see_other("/verify-email?sent")),
        Err(app::Error::Refused(refusal)) => {
            Ok(resend_page(&request, UNPROCESSABLE, email, None, refusal.field_errors()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /verify-email/resend` above the limit.
pub async fn resend_over_limit(request: Request, refusal: Refusal) -> Result<Response, HttpError> {
    let form = request.form().await?;
    Ok(resend_page(&request, StatusCode::TOO_MANY_REQUESTS, form.get("email"), Some(&refusal.to_string()), &[]))
}

fn resend_page(
    request: &Request,
    status: StatusCode,
    email: &str,
    alert: Option<&str>,
    errors: &[FieldError],
) -> Response {
    code_page(request, status, CodeForm { email, ..CodeForm::default() }, alert, errors)
}
