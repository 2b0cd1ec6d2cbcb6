//! Signing up, confirming, signing in and out, as JSON.

use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use super::instant;
use crate::app::sessions::{Entry, SignedIn};
use crate::app::{accounts, links, sessions, two_factor};
use crate::domain::Refusal;
use crate::domain::link::Standing;
use crate::domain::two_factor::Method;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignUp {
    email: String,
    password: String,
    display_name: String,
    time_zone: Option<String>,
}

/// `POST /api/auth/signup`: 201 `{userId}`, also for an address that is taken; only its owner is told.
pub async fn sign_up(visit: Visit) -> Result<Answer, Failure> {
    let SignUp { email, password, display_name: name, time_zone: zone } = visit.json().await?;
    let typed = accounts::SignUp { email, name, password, again: None, zone };
    let id = accounts::sign_up(&visit.site.app, typed, &visit.client()).await?;
    Ok(reply::json(StatusCode::CREATED, &json!({ "userId": id })))
}

#[derive(Deserialize)]
struct SignIn {
    email: String,
    password: String,
}

/// `POST /api/auth/sign-in`: 200 `{ok:true}` with the session cookie; or, where there is a second factor,
/// `{ok:true, requiresTwoFactor:true, challengeToken, methods}` without.
pub async fn sign_in(visit: Visit) -> Result<Answer, Failure> {
    let typed: SignIn = visit.json().await?;
    let (app, session, device) = (&visit.site.app, visit.token(), visit.device());
    match sessions::sign_in(app, &typed.email, &typed.password, session, device, visit.client()).await? {
        Entry::Session(given) => signed_in(&visit, &given),
        Entry::SecondStep(challenge) => {
            let methods = Method::ALL.map(Method::word);
            let body =
                json!({ "ok": true, "requiresTwoFactor": true, "challengeToken": challenge, "methods": methods });
            Ok(reply::json(StatusCode::OK, &body))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SecondStep {
    challenge_token: String,
    method: Method,
    code: String,
}

/// `POST /api/auth/sign-in/2fa/verify`: 200 `{ok:true}` with the session cookie.
pub async fn verify_sign_in(visit: Visit) -> Result<Answer, Failure> {
    let SecondStep { challenge_token, method, code } = visit.json().await?;
    super::two_factor::demand_code(&code, 64)?;
    let (app, session, device) = (&visit.site.app, visit.token(), visit.device());
    let given = two_factor::sign_in(app, &challenge_token, method, &code, session, device, visit.client()).await?;
    signed_in(&visit, &given)
}

/// An admin who must set up a second factor first is told so.
fn signed_in(visit: &Visit, given: &SignedIn) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    let member = sessions::member(app, &given.token)?;
    let body = if member.is_some_and(|member| two_factor::must_enrol(app, &member.account)) {
        json!({ "ok": true, "requiresAdminTwoFactorEnrollment": true })
    } else {
        json!({ "ok": true })
    };
    Ok(visit.signs_in(reply::json(StatusCode::OK, &body), given))
}

/// `POST /api/auth/logout`: 200 `{"ok":true}`, also for somebody who is not signed in.
pub async fn log_out(visit: Visit) -> Result<Answer, Failure> {
    if let Some(token) = visit.token() {
        sessions::sign_out(&visit.site.app, token, &visit.client()).await?;
    }
    Ok(visit.site.cookie.signs_out(reply::bare(StatusCode::OK, &json!({ "ok": true }))))
}

#[derive(Deserialize)]
struct VerifyEmail {
    #[serde(default)]
    token: String,
    /// The digits of the mail instead of the token, and whose they are.
    #[serde(default)]
    email: String,
    code: Option<String>,
    /// Asked for when several sign-ups wait for the same address.
    #[serde(default)]
    password: String,
}

/// `POST /api/auth/verify-email`: 200 `{userId}`. The predecessor did this with GET, which mail scanners press too.
pub async fn verify_email(visit: Visit) -> Result<Answer, Failure> {
    let typed: VerifyEmail = visit.json().await?;
    let (app, client) = (&visit.site.app, visit.client());
    let confirmed = match &typed.code {
        Some(digits) => links::confirm_by_code(app, &typed.email, digits, &typed.password, &client).await?,
        None if typed.token.is_empty() => return Err(Refusal::field("token", "The token is missing.").into()),
        None => links::confirm(app, &typed.token, &typed.password, &client).await?,
    };
    match confirmed {
        (id, Standing::Open) => Ok(reply::json(StatusCode::OK, &json!({ "userId": id }))),
        (_, Standing::Used) => Err(Refusal::LinkInvalid.into()),
    }
}

#[derive(Deserialize)]
struct Resend {
    email: String,
}

/// `POST /api/auth/resend-verification`: 200 `{status:"sent"}`, whoever the address belongs to.
pub async fn resend(visit: Visit) -> Result<Answer, Failure> {
    let typed: Resend = visit.json().await?;
    links::resend(&visit.site.app, &typed.email, &visit.client()).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "status": "sent" })))
}

/// `GET /api/auth/session`: `{}` or `{user, expires}`, without the envelope, as the predecessor's library had it.
pub async fn session(visit: Visit) -> Result<Answer, Failure> {
    let body = match &visit.member {
        None => json!({}),
        Some(member) => json!({
            "user": {
                "id": member.account.id,
                "name": member.account.name(),
                "email": member.account.email,
                "emailVerifiedAt": member.account.verified_at.map(instant),
                "twoFactorEnabled": member.account.two_factor.is_some(),
                "isAdmin": visit.site.app.is_admin(&member.account),
            },
            "expires": instant(member.session.expires_at()),
        }),
    };
    Ok(reply::bare(StatusCode::OK, &body))
}
