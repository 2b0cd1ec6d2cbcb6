//! Forms of what keeps an account its owner's. What matters is asked for twice: once what, once who.

use warp::http::StatusCode;

use super::account;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app::challenges::{self, Answer as Answered};
use crate::app::preferences::{self, Change};
use crate::app::sessions::{self, Which};
use crate::app::{self, accounts, credentials, two_factor};
use crate::domain::challenge::{Action, Prepared};
use crate::domain::two_factor::Method;
use crate::domain::{DisplayName, Email, Fault, Refusal};
use crate::pages::account::News;
use crate::pages::security as pages;
use crate::pages::two_factor::ADDRESS;

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `POST /account/name`.
pub async fn rename(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    match DisplayName::parse(form.get("displayName")) {
        Ok(name) => {
            let change = Change { name: Some(name), ..Change::default() };
            preferences::change(&visit.site.app, visit.member()?.id, change).await?;
            Ok(reply::see_other("/account?saved"))
        }
        Err(fault) => at_fault(&visit, &[fault], None),
    }
}

/// `POST /account/email`: asks who wants that.
pub async fn change_email(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    match Email::parse(form.get("email")) {
        Ok(email) if email == visit.member()?.email => {
            at_fault(&visit, &[Fault::new("email", "That is your address already.")], Some(form.get("email")))
        }
        Ok(email) => ask(&visit, Action::AccountEmailChange, Some(Prepared::Email(email))).await,
        Err(fault) => at_fault(&visit, &[fault], Some(form.get("email"))),
    }
}

/// `POST /account/password`: judges the new one, then asks who wants that.
pub async fn change_password(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let (typed, again) = (form.get("password").to_owned(), form.get("confirmPassword"));
    match credentials::prepare_password(&visit.site.app, visit.member()?, typed, Some(again)).await {
        Ok(hash) => ask(&visit, Action::AccountPasswordChange, Some(Prepared::Password(hash))).await,
        Err(app::Error::Refused(refusal)) => at_fault(&visit, refusal.faults(), None),
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/delete`: asks who wants that.
pub async fn delete(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    if !form.get("confirm").trim().eq_ignore_ascii_case("delete") {
        return at_fault(&visit, &[Fault::new("confirm", "Type the word delete to go on.")], None);
    }
    ask(&visit, Action::AccountDelete, None).await
}

/// `POST /account/verify`: the answer to the question, and then what was asked for.
pub async fn verify(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let token = form.get("challengeToken");
    let code_method = Method::ALL.into_iter().find(|known| known.word() == form.get("method"));
    let answer = match code_method {
        Some(method) => Answered::Code(method, form.get("code")),
        None => Answered::Password(form.get("code")),
    };
    let challenge = match challenges::answer(&visit.site.app, visit.member()?, token, answer, &visit.client()).await {
        Ok(challenge) => challenge,
        Err(app::Error::Refused(why @ (Refusal::WrongProof | Refusal::TooMany(_) | Refusal::FactorUnreadable))) => {
            let what = "Nothing was changed so far.";
            let page = pages::challenge(&visit.frame(), token, what, Some(&why.to_string()));
            return Ok(reply::page(UNPROCESSABLE, page));
        }
        Err(app::Error::Refused(_)) => return account::page(&visit, UNPROCESSABLE, News::TooLate),
        Err(error) => return Err(error.into()),
    };
    carry_out(&visit, token, challenge.action).await
}

/// Does what the proof is for.
async fn carry_out(visit: &Visit, proof: &str, action: Action) -> Result<Answer, Failure> {
    let (app, member, client) = (&visit.site.app, visit.signed_in()?, visit.client());
    match action {
        Action::AccountEmailChange => {
            credentials::ask_new_address(app, member, proof, None, &client).await?;
            Ok(reply::page(StatusCode::OK, pages::address_asked(&visit.frame())))
        }
        Action::AccountPasswordChange => {
            credentials::change_password(app, member, proof, None, &client).await?;
            Ok(reply::see_other("/account?saved"))
        }
        Action::AccountDelete => {
            accounts::delete(app, &member.account, proof).await?;
            let page = reply::page(StatusCode::OK, pages::deleted(&visit.site.frame(None)));
            Ok(visit.site.cookie.signs_out(page))
        }
        Action::AccountTwoFactor => {
            two_factor::set_up(app, member, Some(proof)).await?;
            Ok(reply::see_other(ADDRESS))
        }
        Action::SignIn | Action::AdminAccess => Err(Refusal::LinkInvalid.into()),
    }
}

/// `POST /account/sessions`: `which` is an id, `others` or `all`.
pub async fn end_sessions(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let which = match form.get("which") {
        "others" => Which::Others,
        "all" => Which::All,
        id => Which::One(id.to_owned()),
    };
    let (_, ended_current) = sessions::end(&visit.site.app, visit.signed_in()?, which, &visit.client()).await?;
    if ended_current {
        return Ok(visit.site.cookie.signs_out(reply::see_other("/sign-in")));
    }
    Ok(reply::see_other("/account#devices"))
}

/// The page that asks who it is.
pub(super) async fn ask(visit: &Visit, action: Action, prepared: Option<Prepared>) -> Result<Answer, Failure> {
    let asked = challenges::ask(&visit.site.app, visit.member()?.id, action, prepared).await?;
    let what = match action {
        Action::AccountEmailChange => "Before your address changes, show that it is you.",
        Action::AccountPasswordChange => "Before your password changes, show that it is you.",
        Action::AccountDelete => {
            "Before your account is deleted, show that it is you. After that there is no way back."
        }
        Action::AccountTwoFactor => "Before two-factor sign-in is set up, show that it is you.",
        Action::SignIn | Action::AdminAccess => "Show that it is you.",
    };
    Ok(reply::page(StatusCode::OK, pages::challenge(&visit.frame(), &asked.token, what, None)))
}

fn at_fault(visit: &Visit, faults: &[Fault], email: Option<&str>) -> Result<Answer, Failure> {
    account::page(visit, UNPROCESSABLE, News::Credentials { faults, email })
}
