//! Handlers of the sign-in page, and signing out.

use warp::http::StatusCode;

use crate::app;
use crate::app::identity::sessions;
use crate::app::identity::sign_in;
use crate::app::identity::sign_in::SignInOutcome;
use crate::domain::Refusal;
use crate::web::auth::view as pages;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::two_factor;

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

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
