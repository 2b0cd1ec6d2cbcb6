//! Handlers of the sign-up page, and of the page after it.

use warp::http::StatusCode;

use crate::app;
use crate::app::identity::accounts;
use crate::app::identity::sign_up_browser::{SignUpDraft, read_draft};
use crate::domain::{FieldError, Refusal};
use crate::web::auth::confirm_view::{CodeForm, RESENT};
use crate::web::auth::sign_up_view as pages;
use crate::web::auth::sign_up_view::CodeNotice;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// The page after signing up.
pub const SENT: &str = "/sign-up?sent";
/// The page after requesting another email.
pub const SENT_AGAIN: &str = "/sign-up?sent=again";

/// `GET /sign-up`. With `?sent`, the page after signing up; with `?edit`, the form as it was submitted in this browser.
pub async fn sign_up_form(request: Request) -> Result<Response, HttpError> {
    let (query, draft) = (request.query(), find_draft(&request));
    let page = match (query.maybe("sent"), query.maybe("edit"), &draft) {
        (Some(_), ..) if is_done(&request, draft.as_ref()) => return Ok(response::see_other("/today")),
        (Some(sent), _, Some(draft)) => {
            let notice = if sent.is_empty() { CodeNotice::None } else { CodeNotice::Resent(RESENT) };
            let form = CodeForm { email: draft.email.as_str(), ..CodeForm::default() };
            pages::enter_code(&request.frame(), form, notice, &[])
        }
        (Some(_), _, None) => pages::signed_up(&request.frame()),
        (None, Some(_), Some(draft)) => pages::sign_up(&request.frame(), draft_form(draft), &[], None),
        (None, ..) => pages::sign_up(&request.frame(), pages::SignUpForm::default(), &[], None),
    };
    Ok(response::page(StatusCode::OK, page))
}

/// The sign-up in this browser that waits for its address to be confirmed.
pub fn find_draft(request: &Request) -> Option<SignUpDraft> {
    read_draft(&request.state.app, request.sign_up_token()?)
}

/// Whether the browser is signed in, and not as someone else while a sign-up waits: the user went back.
fn is_done(request: &Request, draft: Option<&SignUpDraft>) -> bool {
    request.maybe_account().is_some_and(|me| draft.is_none_or(|draft| draft.email == me.email))
}

fn draft_form(draft: &SignUpDraft) -> pages::SignUpForm<'_> {
    pages::SignUpForm { name: draft.name.as_str(), email: draft.email.as_str(), zone: draft.zone.name() }
}

/// `POST /sign-up`.
pub async fn sign_up(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let input = sign_up_input(&form);
    let show_form = |status, errors: &[FieldError], alert| Ok(sign_up_page(&request, &form, status, errors, alert));
    match accounts::sign_up(&request.state.app, input, request.sign_up_token(), &request.client()).await {
        Ok(sign_up) => Ok(request.state.sign_up_cookie.set(response::see_other(SENT), &sign_up.cookie)),
        Err(app::Error::Refused(refusal)) => show_form(StatusCode::UNPROCESSABLE_ENTITY, refusal.field_errors(), None),
        Err(app::Error::Busy) => show_form(StatusCode::SERVICE_UNAVAILABLE, &[], Some(&HttpError::Busy.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// What the sign-up form contains.
pub fn sign_up_input(form: &FormFields) -> accounts::SignUpInput {
    accounts::SignUpInput {
        email: form.get("email").to_owned(),
        name: form.get("displayName").to_owned(),
        password: form.get("password").to_owned(),
        confirmation: Some(form.get("confirmPassword").to_owned()),
        zone: form.maybe("timeZone").map(str::to_owned),
    }
}

/// The form with its input, except for the passwords.
fn sign_up_page(
    request: &Request,
    form: &FormFields,
    status: StatusCode,
    errors: &[FieldError],
    alert: Option<&str>,
) -> Response {
    let entered =
        pages::SignUpForm { name: form.get("displayName"), email: form.get("email"), zone: form.get("timeZone") };
    response::page(status, pages::sign_up(&request.frame(), entered, errors, alert))
}

/// `POST /sign-up` above the limit.
pub async fn sign_up_over_limit(request: Request, refusal: Refusal) -> Result<Response, HttpError> {
    let (form, alert) = (request.form().await?, refusal.to_string());
    Ok(sign_up_page(&request, &form, StatusCode::TOO_MANY_REQUESTS, &[], Some(&alert)))
}
