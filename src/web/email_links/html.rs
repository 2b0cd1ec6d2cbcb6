//! Pages that links in email lead to, except for signing up: password reset and new address.

use warp::http::StatusCode;

use crate::app;
use crate::app::identity::email_change;
use crate::app::identity::password_change;
use crate::domain::{FieldError, Refusal};
use crate::web::email_links::view as pages;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response, with_token};

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `GET /forgot-password`.
pub async fn forgot_form(request: Request) -> Result<Response, HttpError> {
    let sent = request.query().maybe("sent").is_some();
    Ok(response::page(StatusCode::OK, pages::forgot_password(&request.frame(), "", None, &[], sent)))
}

/// `POST /forgot-password`: the same response for every address.
pub async fn forgot(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    match password_change::request_reset(&request.state.app, form.get("email"), &request.client()).await {
        Ok(()) => Ok(response::see_other("/forgot-password?sent")),
        Err(app::Error::Refused(refusal)) => {
            let page = pages::forgot_password(&request.frame(), form.get("email"), None, refusal.field_errors(), false);
            Ok(response::page(UNPROCESSABLE, page))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /reset-password?token=`: the form for the new password. Changes nothing.
pub async fn reset_form(request: Request) -> Result<Response, HttpError> {
    reset_page(&request, request.query().get("token"), StatusCode::OK, &[])
}

/// `POST /reset-password`.
pub async fn reset(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let (token, password, confirmation) =
        (form.get("token"), form.get("password").to_owned(), form.get("confirmPassword"));
    match password_change::reset_password(&request.state.app, token, password, Some(confirmation), &request.client())
        .await
    {
        Ok(()) => {
            // The reset signs nobody in, and ends this browser's session.
            let response = response::page(StatusCode::OK, pages::password_reset(&request.state.frame(None)));
            Ok(response::succeeded(request.state.session_cookie.clear(with_token(response))))
        }
        Err(app::Error::Refused(refusal)) => reset_page(&request, token, UNPROCESSABLE, refusal.field_errors()),
        Err(error) => Err(error.into()),
    }
}

/// The page that a reset link leads to.
fn reset_page(
    request: &Request,
    token: &str,
    status: StatusCode,
    errors: &[FieldError],
) -> Result<Response, HttpError> {
    let (status, page) = match password_change::find_reset(&request.state.app, token) {
        Ok(account) => {
            (status, pages::reset_password(&request.state.frame(None), token, account.email.as_str(), errors))
        }
        Err(app::Error::Refused(refusal)) => {
            (UNPROCESSABLE, pages::forgot_password(&request.frame(), "", Some(&explain(&refusal)), &[], false))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(with_token(response::page(status, page)))
}

/// `GET /new-address?token=`: the page whose button confirms the address. Changes nothing.
pub async fn new_address_form(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let token = query.get("token");
    let (status, page) = match email_change::find_email_change(&request.state.app, token) {
        Ok((_, email)) => (StatusCode::OK, pages::confirm_new_address(&request.frame(), token, email.as_str())),
        Err(app::Error::Refused(refusal)) => {
            (UNPROCESSABLE, pages::invalid_new_address_link(&request.frame(), &explain(&refusal)))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(with_token(response::page(status, page)))
}

/// `POST /new-address`.
pub async fn new_address(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let result = email_change::confirm_email_change(&request.state.app, form.get("token"), &request.client()).await;
    let (status, page) = match result {
        Ok(_) => {
            let page = pages::new_address_confirmed(&request.frame());
            return Ok(response::succeeded(with_token(response::page(StatusCode::OK, page))));
        }
        Err(app::Error::Refused(refusal)) => {
            (UNPROCESSABLE, pages::invalid_new_address_link(&request.frame(), &explain(&refusal)))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(with_token(response::page(status, page)))
}

fn explain(refusal: &Refusal) -> String {
    match refusal {
        Refusal::LinkInvalid => {
            "This link doesn't work. It was already used, is incomplete, or a newer link has replaced it.".to_owned()
        }
        other => other.to_string(),
    }
}
