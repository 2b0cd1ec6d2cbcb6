//! Forms for signing up, confirming an address, signing in and out.

use warp::http::StatusCode;
use warp::http::header::{HeaderValue, REFERRER_POLICY};

use super::failure::Failure;
use super::reply::{self, Answer};
use super::target;
use super::visit::Visit;
use crate::app::{self, accounts, sessions};
use crate::domain::link::Standing;
use crate::domain::{Fault, Refusal};
use crate::pages::accounts as pages;

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
const BUSY: &str = "Too much is going on just now; nothing was changed. Try again in a few seconds.";

/// `GET /sign-up`; with `?sent` what follows a sign-up.
pub async fn sign_up_form(visit: Visit) -> Result<Answer, Failure> {
    let page = match visit.query().maybe("sent") {
        Some(_) => pages::signed_up(&visit.frame()),
        None => pages::sign_up(&visit.frame(), pages::SignUp::default(), &[], None),
    };
    Ok(reply::page(StatusCode::OK, page))
}

/// `POST /sign-up`.
pub async fn sign_up(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let typed = accounts::SignUp {
        email: form.get("email").to_owned(),
        name: form.get("displayName").to_owned(),
        password: form.get("password").to_owned(),
        again: Some(form.get("confirmPassword").to_owned()),
        zone: form.get("timeZone").to_owned(),
    };
    let again = |faults: &[Fault], status, busy| {
        let kept =
            pages::SignUp { name: form.get("displayName"), email: form.get("email"), zone: form.get("timeZone") };
        Ok(reply::page(status, pages::sign_up(&visit.frame(), kept, faults, busy)))
    };
    match accounts::sign_up(&visit.site.app, typed).await {
        Ok(_) => Ok(reply::see_other("/sign-up?sent")),
        Err(app::Error::Refused(refusal)) => again(refusal.faults(), UNPROCESSABLE, None),
        Err(app::Error::Busy) => again(&[], StatusCode::SERVICE_UNAVAILABLE, Some(BUSY)),
        Err(error) => Err(error.into()),
    }
}

/// `GET /verify-email`: with a token, the page whose button confirms; without, how to get one. Changes nothing.
pub async fn open_link(visit: Visit) -> Result<Answer, Failure> {
    let query = visit.query();
    let frame = visit.frame();
    let (status, page) = match query.get("token") {
        "" => {
            (StatusCode::OK, pages::link_wanted(&frame, None, query.get("email"), &[], query.maybe("sent").is_some()))
        }
        token => match accounts::open_link(&visit.site.app, token) {
            Ok(link) if link.standing == Standing::Used => (StatusCode::OK, pages::confirmed(&frame, true)),
            Ok(link) => (StatusCode::OK, pages::confirm(&frame, token, link.email.as_str(), link.name.as_str())),
            Err(app::Error::Refused(why)) => (UNPROCESSABLE, dead_link(&visit, &why)),
            Err(error) => return Err(error.into()),
        },
    };
    Ok(with_token(reply::page(status, page)))
}

/// `POST /verify-email`: the button of that page.
pub async fn confirm(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let (status, page) = match accounts::confirm(&visit.site.app, form.get("token")).await {
        Ok((_, standing)) => (StatusCode::OK, pages::confirmed(&visit.frame(), standing == Standing::Used)),
        Err(app::Error::Refused(why)) => (UNPROCESSABLE, dead_link(&visit, &why)),
        Err(error) => return Err(error.into()),
    };
    Ok(with_token(reply::page(status, page)))
}

fn dead_link(visit: &Visit, why: &Refusal) -> maud::Markup {
    pages::link_wanted(&visit.frame(), Some(&why.to_string()), "", &[], false)
}

/// SECURITY: the address of a page with a token in it is told to nobody.
fn with_token(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

/// `POST /verify-email/resend`.
pub async fn resend(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    match accounts::resend(&visit.site.app, form.get("email")).await {
        Ok(()) => Ok(reply::see_other("/verify-email?sent")),
        Err(app::Error::Refused(refusal)) => {
            let page = pages::link_wanted(&visit.frame(), None, form.get("email"), refusal.faults(), false);
            Ok(reply::page(UNPROCESSABLE, page))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /sign-in`.
pub async fn sign_in_form(visit: Visit) -> Result<Answer, Failure> {
    let query = visit.query();
    let page = pages::sign_in(&visit.frame(), "", target::after_sign_in(query.get("from")), None, false);
    Ok(reply::page(StatusCode::OK, page))
}

/// `POST /sign-in`.
pub async fn sign_in(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let from = target::after_sign_in(form.get("from"));
    let signed_in = sessions::sign_in(&visit.site.app, form.get("email"), form.get("password"), visit.token()).await;
    let (status, why, unverified) = match signed_in {
        Ok(token) => return Ok(visit.site.cookie.signs_in(reply::see_other(from), &token)),
        Err(app::Error::Refused(refusal)) => (UNPROCESSABLE, refusal.to_string(), refusal == Refusal::Unverified),
        Err(app::Error::Busy) => (StatusCode::SERVICE_UNAVAILABLE, BUSY.to_owned(), false),
        Err(error) => return Err(error.into()),
    };
    Ok(reply::page(status, pages::sign_in(&visit.frame(), form.get("email"), from, Some(&why), unverified)))
}

/// `POST /sign-out`.
pub async fn sign_out(visit: Visit) -> Result<Answer, Failure> {
    if let Some(token) = visit.token() {
        sessions::sign_out(&visit.site.app, token).await?;
    }
    Ok(visit.site.cookie.signs_out(reply::see_other("/sign-in")))
}
