//! What mailed links lead to, but for signing up: a forgotten password, a new address.

use warp::http::StatusCode;

use super::accounts::with_token;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app::{self, credentials};
use crate::domain::{Fault, Refusal};
use crate::pages::mailed as pages;

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `GET /forgot-password`.
pub async fn forgot_form(visit: Visit) -> Result<Answer, Failure> {
    let sent = visit.query().maybe("sent").is_some();
    Ok(reply::page(StatusCode::OK, pages::forgot(&visit.frame(), "", None, &[], sent)))
}

/// `POST /forgot-password`: the same answer for every address.
pub async fn forgot(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    match credentials::ask_reset(&visit.site.app, form.get("email"), &visit.client()).await {
        Ok(()) => Ok(reply::see_other("/forgot-password?sent")),
        Err(app::Error::Refused(refusal)) => {
            let page = pages::forgot(&visit.frame(), form.get("email"), None, refusal.faults(), false);
            Ok(reply::page(UNPROCESSABLE, page))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /reset-password?token=`: asks for the new password. Changes nothing.
pub async fn reset_form(visit: Visit) -> Result<Answer, Failure> {
    reset_page(&visit, visit.query().get("token"), StatusCode::OK, &[])
}

/// `POST /reset-password`.
pub async fn reset(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let (token, typed, again) = (form.get("token"), form.get("password").to_owned(), form.get("confirmPassword"));
    match credentials::reset(&visit.site.app, token, typed, Some(again), &visit.client()).await {
        Ok(()) => {
            // Nobody is signed in by it, and whoever was is not any more.
            let answer = reply::page(StatusCode::OK, pages::is_reset(&visit.site.frame(None)));
            Ok(visit.site.cookie.signs_out(with_token(answer)))
        }
        Err(app::Error::Refused(refusal)) => reset_page(&visit, token, UNPROCESSABLE, refusal.faults()),
        Err(error) => Err(error.into()),
    }
}

/// The page behind a link, as the link stands now.
fn reset_page(visit: &Visit, token: &str, status: StatusCode, faults: &[Fault]) -> Result<Answer, Failure> {
    let (status, page) = match credentials::open_reset(&visit.site.app, token) {
        Ok(account) => (status, pages::reset(&visit.site.frame(None), token, account.email.as_str(), faults)),
        Err(app::Error::Refused(why)) => {
            (UNPROCESSABLE, pages::forgot(&visit.frame(), "", Some(&explained(&why)), &[], false))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(with_token(reply::page(status, page)))
}

/// `GET /new-address?token=`: the page whose button confirms. Changes nothing.
pub async fn new_address_form(visit: Visit) -> Result<Answer, Failure> {
    let query = visit.query();
    let token = query.get("token");
    let (status, page) = match credentials::open_new_address(&visit.site.app, token) {
        Ok((_, email)) => (StatusCode::OK, pages::new_address(&visit.frame(), token, email.as_str())),
        Err(app::Error::Refused(why)) => (UNPROCESSABLE, pages::address_link_dead(&visit.frame(), &explained(&why))),
        Err(error) => return Err(error.into()),
    };
    Ok(with_token(reply::page(status, page)))
}

/// `POST /new-address`.
pub async fn new_address(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let confirmed = credentials::confirm_new_address(&visit.site.app, form.get("token"), &visit.client()).await;
    let (status, page) = match confirmed {
        Ok(_) => (StatusCode::OK, pages::address_confirmed(&visit.frame())),
        Err(app::Error::Refused(why)) => (UNPROCESSABLE, pages::address_link_dead(&visit.frame(), &explained(&why))),
        Err(error) => return Err(error.into()),
    };
    Ok(with_token(reply::page(status, page)))
}

fn explained(why: &Refusal) -> String {
    match why {
        Refusal::LinkInvalid => {
            "This link does not work: it was used, was replaced by a newer one, or is incomplete.".to_owned()
        }
        other => other.to_string(),
    }
}
