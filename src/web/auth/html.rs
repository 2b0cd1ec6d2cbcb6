//! Pages for signing up, confirming an email address, signing in and out.

use warp::http::StatusCode;
use warp::http::header::{HeaderValue, REFERRER_POLICY};

use crate::app;
use crate::app::identity::code_confirmation;
use crate::app::identity::email_confirmation;
use crate::app::identity::sign_in;
use crate::app::identity::sign_in::SignInOutcome;
use crate::app::identity::verification_email;
use crate::app::identity::{accounts, sessions};
use crate::domain::accounts::link::LinkStatus;
use crate::domain::{FieldError, Refusal};
use crate::web::auth::view as pages;
use crate::web::auth::view::CodeForm;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::two_factor;

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `GET /sign-up`. With `?sent`, the page after signing up.
pub async fn sign_up_form(request: Request) -> Result<Response, HttpError> {
    let page = match request.query().maybe("sent") {
        Some(_) => pages::signed_up(&request.frame()),
        None => pages::sign_up(&request.frame(), pages::SignUpForm::default(), &[], None),
    };
    Ok(response::page(StatusCode::OK, page))
}

/// `POST /sign-up`.
pub async fn sign_up(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let input = sign_up_input(&form);
    let show_form = |status, errors: &[FieldError], alert| Ok(sign_up_page(&request, &form, status, errors, alert));
    match accounts::sign_up(&request.state.app, input, &request.client()).await {
        Ok(_) => Ok(response::see_other("/sign-up?sent")),
        Err(app::Error::Refused(refusal)) => show_form(UNPROCESSABLE, refusal.field_errors(), None),
        Err(app::Error::Busy) => show_form(StatusCode::SERVICE_UNAVAILABLE, &[], Some(&HttpError::Busy.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn sign_up_input(form: &FormFields) -> accounts::SignUpInput {
    accounts::SignUpInput {
        email: form.get("email").to_owned(),
        name: form.get("displayName").to_owned(),
        password: form.get("password").to_owned(),
        confirmation: Some(form.get("confirmPassword").to_owned()),
        zone: form.maybe("timeZone").map(str::to_owned),
    }
}

/// What was entered in the sign-up form, except for the passwords.
fn entered_sign_up(form: &FormFields) -> pages::SignUpForm<'_> {
    pages::SignUpForm { name: form.get("displayName"), email: form.get("email"), zone: form.get("timeZone") }
}

/// The form with its input, except for the passwords.
fn sign_up_page(
    request: &Request,
    form: &FormFields,
    status: StatusCode,
    errors: &[FieldError],
    alert: Option<&str>,
) -> Response {
    response::page(status, pages::sign_up(&request.frame(), entered_sign_up(form), errors, alert))
}

/// `POST /sign-up` above the limit.
pub async fn sign_up_over_limit(request: Request, refusal: Refusal) -> Result<Response, HttpError> {
    let (form, alert) = (request.form().await?, refusal.to_string());
    Ok(sign_up_page(&request, &form, StatusCode::TOO_MANY_REQUESTS, &[], Some(&alert)))
}

/// `GET /verify-email`. With a token, the page whose button confirms the address; without one, the form that requests a link.
/// Changes nothing, because mail scanners open links.
pub async fn verify_email_form(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    match query.get("token") {
        "" => {
            let sent = query.maybe("sent").is_some();
            let page = pages::request_link(&request.frame(), None, code_form(query.get("email")), &[], sent);
            Ok(with_token(response::page(StatusCode::OK, page)))
        }
        token => link_page(&request, token, StatusCode::OK, LinkFailure::default()),
    }
}

/// `POST /verify-email`: confirms an address with the token of a link, with or without a new sign-up, or with the code from
/// the email.
pub async fn verify_email(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let (token, password, client) = (form.get("token"), form.get("password"), request.client());
    if let Some(code) = form.maybe("digits") {
        return verify_email_by_code(&request, form.get("email"), code, password).await;
    }
    let app = &request.state.app;
    let confirmed = match form.maybe("displayName") {
        Some(_) => email_confirmation::confirm_with_new_sign_up(app, token, sign_up_input(&form), &client).await,
        None => email_confirmation::confirm_email(app, token, password, &client).await,
    };
    match confirmed {
        Ok((_, status)) => Ok(confirmed_page(&request, status)),
        Err(app::Error::Refused(refusal @ Refusal::PasswordRequired)) => {
            link_page(&request, token, UNPROCESSABLE, LinkFailure { refusal: Some(&refusal), ..LinkFailure::default() })
        }
        Err(app::Error::Refused(Refusal::InvalidFields(errors))) => link_page(
            &request,
            token,
            UNPROCESSABLE,
            LinkFailure { new_sign_up: Some((entered_sign_up(&form), &errors)), ..LinkFailure::default() },
        ),
        Err(app::Error::Refused(refusal)) => {
            Ok(with_token(response::page(UNPROCESSABLE, invalid_link(&request, &refusal))))
        }
        Err(error) => Err(error.into()),
    }
}

async fn verify_email_by_code(
    request: &Request,
    email: &str,
    code: &str,
    password: &str,
) -> Result<Response, HttpError> {
    match code_confirmation::confirm_email_by_code(&request.state.app, email, code, password, &request.client()).await {
        Ok((_, status)) => Ok(confirmed_page(request, status)),
        Err(app::Error::Refused(refusal)) => {
            let input = CodeForm { email, code, contested: refusal == Refusal::PasswordRequired };
            let (alert, errors) = (refusal.to_string(), refusal.field_errors());
            let page = pages::request_link(&request.frame(), Some(&alert), input, errors, false);
            Ok(with_token(response::page(UNPROCESSABLE, page)))
        }
        Err(error) => Err(error.into()),
    }
}

fn confirmed_page(request: &Request, status: LinkStatus) -> Response {
    let page = response::page(StatusCode::OK, pages::confirmed(&request.frame(), status == LinkStatus::Used));
    // SECURITY: a used link can be opened again and again, so it gives nothing back.
    with_token(if status == LinkStatus::Open { response::succeeded(page) } else { page })
}

fn code_form(email: &str) -> CodeForm<'_> {
    CodeForm { email, ..CodeForm::default() }
}

/// What failed on the page that a link leads to.
#[derive(Default, Clone, Copy)]
struct LinkFailure<'a> {
    refusal: Option<&'a Refusal>,
    /// A new sign-up with its errors.
    new_sign_up: Option<(pages::SignUpForm<'a>, &'a [FieldError])>,
}

/// The page that a link leads to.
fn link_page(
    request: &Request,
    token: &str,
    status: StatusCode,
    failure: LinkFailure<'_>,
) -> Result<Response, HttpError> {
    let (status, page) = match email_confirmation::open_link(&request.state.app, token) {
        Ok(link) if link.status == LinkStatus::Used => (StatusCode::OK, pages::confirmed(&request.frame(), true)),
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

/// SECURITY: browsers send the URL of this page, which contains a token, to no other site. With `no-referrer`, they would send
/// `Origin: null` with the form of the page, and the form would be refused.
pub fn with_token(mut response: Response) -> Response {
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// `POST /verify-email/resend`.
pub async fn resend(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    match verification_email::resend_verification(&request.state.app, form.get("email"), &request.client()).await {
        Ok(()) => Ok(response::see_other("/verify-email?sent")),
        Err(app::Error::Refused(refusal)) => {
            let page = pages::request_link(
                &request.frame(),
                None,
                code_form(form.get("email")),
                refusal.field_errors(),
                false,
            );
            Ok(response::page(UNPROCESSABLE, page))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /verify-email/resend` above the limit.
pub async fn resend_over_limit(request: Request, refusal: Refusal) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let page =
        pages::request_link(&request.frame(), Some(&refusal.to_string()), code_form(form.get("email")), &[], false);
    Ok(response::page(StatusCode::TOO_MANY_REQUESTS, page))
}

/// `GET /sign-in`.
pub async fn sign_in_form(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let page = pages::sign_in(&request.frame(), "", redirect::after_sign_in(query.get("from")), None, false);
    Ok(response::page(StatusCode::OK, page))
}

/// `POST /sign-in`.
pub async fn sign_in(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let from = redirect::after_sign_in(form.get("from"));
    let (email, password) = (form.get("email"), form.get("password"));
    let (session, device) = (request.session_token(), request.device_token());
    let result = sign_in::sign_in(&request.state.app, email, password, session, device, request.client()).await;
    let (status, alert, is_unverified) = match result {
        Ok(SignInOutcome::Session(signed_in)) => {
            return Ok(response::succeeded(request.with_session(response::see_other(from), &signed_in)));
        }
        Ok(SignInOutcome::SecondStep(challenge)) => {
            return Ok(response::succeeded(two_factor::html::second_step(&request, &challenge, from)));
        }
        Err(app::Error::Refused(refusal)) => (UNPROCESSABLE, refusal.to_string(), refusal == Refusal::EmailNotVerified),
        Err(app::Error::Busy) => (StatusCode::SERVICE_UNAVAILABLE, HttpError::Busy.to_string(), false),
        Err(error) => return Err(error.into()),
    };
    Ok(response::page(status, pages::sign_in(&request.frame(), email, from, Some(&alert), is_unverified)))
}

/// `POST /sign-in` above the limit.
pub async fn sign_in_over_limit(request: Request, refusal: Refusal) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let (email, from) = (form.get("email"), redirect::after_sign_in(form.get("from")));
    let page = pages::sign_in(&request.frame(), email, from, Some(&refusal.to_string()), false);
    Ok(response::page(StatusCode::TOO_MANY_REQUESTS, page))
}

/// `POST /sign-out`.
pub async fn sign_out(request: Request) -> Result<Response, HttpError> {
    if let Some(token) = request.session_token() {
        sessions::sign_out(&request.state.app, token, &request.client()).await?;
    }
    Ok(request.without_session(response::see_other("/sign-in")))
}
