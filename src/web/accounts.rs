//! Forms for signing up, confirming an address, signing in and out.

use warp::http::StatusCode;
use warp::http::header::{HeaderValue, REFERRER_POLICY};

use super::body::Fields;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use super::{target, two_factor};
use crate::app::sessions::Entry;
use crate::app::{self, accounts, links, sessions};
use crate::domain::link::Standing;
use crate::domain::{Fault, Refusal};
use crate::pages::accounts::{self as pages, Digits};

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
        zone: form.maybe("timeZone").map(str::to_owned),
    };
    let again = |faults: &[Fault], status, busy| Ok(sign_up_again(&visit, &form, status, faults, busy));
    match accounts::sign_up(&visit.site.app, typed, &visit.client()).await {
        Ok(_) => Ok(reply::see_other("/sign-up?sent")),
        Err(app::Error::Refused(refusal)) => again(refusal.faults(), UNPROCESSABLE, None),
        Err(app::Error::Busy) => again(&[], StatusCode::SERVICE_UNAVAILABLE, Some(BUSY)),
        Err(error) => Err(error.into()),
    }
}

/// The form as it was sent, without the passwords.
fn sign_up_again(visit: &Visit, form: &Fields, status: StatusCode, faults: &[Fault], why: Option<&str>) -> Answer {
    let kept = pages::SignUp { name: form.get("displayName"), email: form.get("email"), zone: form.get("timeZone") };
    reply::page(status, pages::sign_up(&visit.frame(), kept, faults, why))
}

/// `POST /sign-up`, too often.
pub async fn sign_up_later(visit: Visit, why: Refusal) -> Result<Answer, Failure> {
    Ok(sign_up_again(&visit, &visit.form().await?, StatusCode::TOO_MANY_REQUESTS, &[], Some(&why.to_string())))
}

/// `GET /verify-email`: with a token, the page whose button confirms; without, how to get one. Changes nothing.
pub async fn open_link(visit: Visit) -> Result<Answer, Failure> {
    let query = visit.query();
    match query.get("token") {
        "" => {
            let sent = query.maybe("sent").is_some();
            let page = pages::link_wanted(&visit.frame(), None, of(query.get("email")), &[], sent);
            Ok(with_token(reply::page(StatusCode::OK, page)))
        }
        token => link(&visit, token, StatusCode::OK, None),
    }
}

/// `POST /verify-email`: the button of that page, or the digits of the mail.
pub async fn confirm(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let (token, password, client) = (form.get("token"), form.get("password"), visit.client());
    if let Some(digits) = form.maybe("digits") {
        return confirm_by_digits(&visit, form.get("email"), digits, password).await;
    }
    match links::confirm(&visit.site.app, token, password, &client).await {
        Ok((_, standing)) => Ok(confirmed(&visit, standing)),
        Err(app::Error::Refused(why @ Refusal::PasswordWanted)) => link(&visit, token, UNPROCESSABLE, Some(&why)),
        Err(app::Error::Refused(why)) => Ok(with_token(reply::page(UNPROCESSABLE, dead_link(&visit, &why)))),
        Err(error) => Err(error.into()),
    }
}

async fn confirm_by_digits(visit: &Visit, email: &str, typed: &str, password: &str) -> Result<Answer, Failure> {
    match links::confirm_by_code(&visit.site.app, email, typed, password, &visit.client()).await {
        Ok((_, standing)) => Ok(confirmed(visit, standing)),
        Err(app::Error::Refused(why)) => {
            let digits = Digits { email, typed, contested: why == Refusal::PasswordWanted };
            let page = pages::link_wanted(&visit.frame(), Some(&why.to_string()), digits, why.faults(), false);
            Ok(with_token(reply::page(UNPROCESSABLE, page)))
        }
        Err(error) => Err(error.into()),
    }
}

fn confirmed(visit: &Visit, standing: Standing) -> Answer {
    with_token(reply::page(StatusCode::OK, pages::confirmed(&visit.frame(), standing == Standing::Used)))
}

fn of(email: &str) -> Digits<'_> {
    Digits { email, ..Digits::default() }
}

/// The page behind a link, as the link stands now.
fn link(visit: &Visit, token: &str, status: StatusCode, refused: Option<&Refusal>) -> Result<Answer, Failure> {
    let (status, page) = match links::open_link(&visit.site.app, token) {
        Ok(link) if link.standing == Standing::Used => (StatusCode::OK, pages::confirmed(&visit.frame(), true)),
        Ok(link) => {
            let shown =
                pages::Link { token, email: link.email.as_str(), name: link.name.as_str(), contested: link.contested };
            let refused = refused.map(ToString::to_string);
            (status, pages::confirm(&visit.frame(), shown, refused.as_deref()))
        }
        Err(app::Error::Refused(why)) => (UNPROCESSABLE, dead_link(visit, &why)),
        Err(error) => return Err(error.into()),
    };
    Ok(with_token(reply::page(status, page)))
}

fn dead_link(visit: &Visit, why: &Refusal) -> maud::Markup {
    pages::link_wanted(&visit.frame(), Some(&why.to_string()), Digits::default(), &[], false)
}

/// SECURITY: the address of a page with a token in it is told to nobody else. (`no-referrer` would make browsers send the
/// origin "null" with the button of that very page, which is refused.)
pub(super) fn with_token(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    answer
}

/// `POST /verify-email/resend`.
pub async fn resend(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    match links::resend(&visit.site.app, form.get("email"), &visit.client()).await {
        Ok(()) => Ok(reply::see_other("/verify-email?sent")),
        Err(app::Error::Refused(refusal)) => {
            let page = pages::link_wanted(&visit.frame(), None, of(form.get("email")), refusal.faults(), false);
            Ok(reply::page(UNPROCESSABLE, page))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /verify-email/resend`, too often.
pub async fn resend_later(visit: Visit, why: Refusal) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let page = pages::link_wanted(&visit.frame(), Some(&why.to_string()), of(form.get("email")), &[], false);
    Ok(reply::page(StatusCode::TOO_MANY_REQUESTS, page))
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
    let (email, password) = (form.get("email"), form.get("password"));
    let signed_in =
        sessions::sign_in(&visit.site.app, email, password, visit.token(), visit.device(), visit.client()).await;
    let (status, why, unverified) = match signed_in {
        Ok(Entry::Session(signed_in)) => return Ok(visit.signs_in(reply::see_other(from), &signed_in)),
        Ok(Entry::SecondStep(challenge)) => return Ok(two_factor::second_step(&visit, &challenge, from)),
        Err(app::Error::Refused(refusal)) => (UNPROCESSABLE, refusal.to_string(), refusal == Refusal::Unverified),
        Err(app::Error::Busy) => (StatusCode::SERVICE_UNAVAILABLE, BUSY.to_owned(), false),
        Err(error) => return Err(error.into()),
    };
    Ok(reply::page(status, pages::sign_in(&visit.frame(), form.get("email"), from, Some(&why), unverified)))
}

/// `POST /sign-in`, too often.
pub async fn sign_in_later(visit: Visit, why: Refusal) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let (email, from) = (form.get("email"), target::after_sign_in(form.get("from")));
    let page = pages::sign_in(&visit.frame(), email, from, Some(&why.to_string()), false);
    Ok(reply::page(StatusCode::TOO_MANY_REQUESTS, page))
}

/// `POST /sign-out`.
pub async fn sign_out(visit: Visit) -> Result<Answer, Failure> {
    if let Some(token) = visit.token() {
        sessions::sign_out(&visit.site.app, token, &visit.client()).await?;
    }
    Ok(visit.site.cookie.signs_out(reply::see_other("/sign-in")))
}
