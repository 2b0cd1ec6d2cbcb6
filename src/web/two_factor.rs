//! Pages about the second factor, and the second step of signing in.

use warp::http::StatusCode;
use warp::http::header::{HeaderValue, RETRY_AFTER};

use super::body::Fields;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::security;
use super::target;
use super::visit::Visit;
use crate::app::sessions::Member;
use crate::app::{self, two_factor};
use crate::domain::challenge::Action;
use crate::domain::two_factor::Method;
use crate::domain::{Account, Fault, Refusal};
use crate::pages::accounts as sign_in_page;
use crate::pages::two_factor::{self as pages, ADDRESS, News, Standing, Step};

const WRONG_CODE: &str = "That code is not right, or was used already. Wait for the next one and try again.";
const WRONG_RECOVERY: &str = "That is none of the recovery codes you have left.";
const WRONG_EITHER: &str = "The password or the code is not right, or the code was used already.";

/// The page that asks for the second factor, when the password was right.
pub fn second_step(visit: &Visit, challenge: &str, from: &str) -> Answer {
    let step = Step { challenge, from, method: Method::Totp };
    reply::page(StatusCode::OK, pages::second_step(&visit.frame(), step, None))
}

/// `POST /sign-in/verify`: signs in with a code, or with `switch` asks for the other kind.
pub async fn sign_in(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let (challenge, from) = (form.get("challenge"), target::after_sign_in(form.get("from")));
    let method = Method::ALL.into_iter().find(|method| method.word() == form.get("method")).unwrap_or(Method::Totp);
    let step = Step { challenge, from, method };
    if form.maybe("switch").is_some() {
        return Ok(reply::page(StatusCode::OK, pages::second_step(&visit.frame(), step, None)));
    }
    let (app, session, device) = (&visit.site.app, visit.token(), visit.device());
    let refusal =
        match two_factor::sign_in(app, challenge, method, form.get("code"), session, device, visit.client()).await {
            Ok(given) => return Ok(visit.signs_in(reply::see_other(from), &given)),
            Err(app::Error::Refused(refusal)) => refusal,
            Err(error) => return Err(error.into()),
        };
    if matches!(refusal, Refusal::ProofWanted | Refusal::ChallengeOver) {
        let why = "That sign-in is over. Type your password again.";
        let page = sign_in_page::sign_in(&visit.frame(), "", from, Some(why), false);
        return Ok(reply::page(StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    let why = match (&refusal, method) {
        (Refusal::WrongProof, Method::Totp) => WRONG_CODE.to_owned(),
        (Refusal::WrongProof, Method::RecoveryCode) => WRONG_RECOVERY.to_owned(),
        _ => refusal.to_string(),
    };
    Ok(refused(&refusal, pages::second_step(&visit.frame(), step, Some(&why))))
}

/// A page that says no. It says when to come back where that helps.
fn refused(refusal: &Refusal, page: maud::Markup) -> Answer {
    let Refusal::TooMany(left) = refusal else { return reply::page(StatusCode::UNPROCESSABLE_ENTITY, page) };
    let mut answer = reply::page(StatusCode::TOO_MANY_REQUESTS, page);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1).unsigned_abs()));
    answer
}

/// How the second factor stands, as pages tell it.
pub fn standing(visit: &Visit, me: &Account) -> Standing {
    let two_factor::Standing { enabled, readable, recovery_left, .. } = two_factor::standing(&visit.site.app, me);
    Standing { enabled, readable, recovery_left }
}

/// `GET /account/two-factor`: how it stands, and what may be done about it. Changes nothing.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let member = visit.signed_in()?;
    Ok(reply::page(StatusCode::OK, page(&visit, member, News::Nothing)))
}

fn page(visit: &Visit, member: &Member, news: News<'_>) -> maud::Markup {
    let (app, me) = (&visit.site.app, &member.account);
    if me.two_factor.is_some() {
        return pages::manage(&visit.frame(), standing(visit, me), two_factor::is_enforced(app, me), news);
    }
    match two_factor::waiting(app, member) {
        Some(shown) => pages::enrol(&visit.frame(), &shown.secret, &shown.uri, &[]),
        None => pages::start(&visit.frame(), two_factor::must_enrol(app, me)),
    }
}

/// `POST /account/two-factor`: what the pressed button says.
pub async fn change(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    match form.get("what") {
        "set-up" => set_up(&visit).await,
        "enable" => enable(&visit, &form).await,
        "disable" => disable(&visit, &form).await,
        "rotate" => rotate(&visit, &form).await,
        _ => Err(Failure::Malformed("The form does not say what to do.".to_owned())),
    }
}

async fn set_up(visit: &Visit) -> Result<Answer, Failure> {
    match two_factor::set_up(&visit.site.app, visit.signed_in()?, None).await {
        Err(app::Error::Refused(Refusal::ProofWanted)) => security::ask(visit, Action::AccountTwoFactor, None).await,
        // Where it is on already, the page says so.
        Ok(_) | Err(app::Error::Refused(_)) => Ok(reply::see_other(ADDRESS)),
        Err(error) => Err(error.into()),
    }
}

async fn enable(visit: &Visit, form: &Fields) -> Result<Answer, Failure> {
    let (app, me) = (&visit.site.app, visit.member.as_ref().ok_or(Failure::SignedOut)?);
    match two_factor::enable(app, me, form.get("code"), &visit.client()).await {
        Ok(codes) => Ok(codes_page(visit, &codes, true)),
        Err(app::Error::Refused(refusal)) => match two_factor::waiting(app, me) {
            Some(shown) => {
                let why = "That code is not right. Check the clock of your phone, and type the code that shows now.";
                let faults = [Fault::new("code", why)];
                let page = pages::enrol(&visit.frame(), &shown.secret, &shown.uri, &faults);
                Ok(refused(&refusal, page))
            }
            None => Ok(reply::see_other(ADDRESS)),
        },
        Err(error) => Err(error.into()),
    }
}

async fn disable(visit: &Visit, form: &Fields) -> Result<Answer, Failure> {
    let me = visit.member()?;
    let (password, code) = (form.get("currentPassword"), form.get("code"));
    match two_factor::disable(&visit.site.app, me, password, method(code), code, &visit.client()).await {
        Ok(()) => Ok(reply::see_other("/account?two-factor=off#two-factor")),
        Err(app::Error::Refused(refusal)) => {
            let faults = [Fault::new("code", words(&refusal, WRONG_EITHER))];
            Ok(refused(&refusal, page(visit, visit.signed_in()?, News::Disable(&faults))))
        }
        Err(error) => Err(error.into()),
    }
}

async fn rotate(visit: &Visit, form: &Fields) -> Result<Answer, Failure> {
    let me = visit.member()?;
    let code = form.get("code");
    match two_factor::rotate(&visit.site.app, me, method(code), code, &visit.client()).await {
        Ok(codes) => Ok(codes_page(visit, &codes, false)),
        Err(app::Error::Refused(refusal)) => {
            let faults = [Fault::new("code", words(&refusal, "That code is not right, or was used already."))];
            Ok(refused(&refusal, page(visit, visit.signed_in()?, News::Rotate(&faults))))
        }
        Err(error) => Err(error.into()),
    }
}

fn codes_page(visit: &Visit, codes: &[String], enabled_now: bool) -> Answer {
    reply::page(StatusCode::OK, pages::recovery_codes(&visit.frame(), codes, enabled_now))
}

fn words(refusal: &Refusal, wrong: &str) -> String {
    if *refusal == Refusal::WrongProof { wrong.to_owned() } else { refusal.to_string() }
}

/// What was typed where either may be: codes of the app are short, and recovery codes are not.
fn method(code: &str) -> Method {
    let length = code.chars().filter(char::is_ascii_alphanumeric).count();
    if length <= 8 { Method::Totp } else { Method::RecoveryCode }
}
