//! Signing up, confirming, signing in and out, as JSON.

use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use super::instant;
use crate::app::{accounts, links, sessions};
use crate::domain::Refusal;
use crate::domain::link::Standing;
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
    let id = accounts::sign_up(&visit.site.app, accounts::SignUp { email, name, password, again: None, zone }).await?;
    Ok(reply::json(StatusCode::CREATED, &json!({ "userId": id })))
}

#[derive(Deserialize)]
struct SignIn {
    email: String,
    password: String,
}

/// `POST /api/auth/sign-in`: 200 `{ok:true}` with the session cookie.
pub async fn sign_in(visit: Visit) -> Result<Answer, Failure> {
    let typed: SignIn = visit.json().await?;
    let (app, session, device) = (&visit.site.app, visit.token(), visit.device());
    let signed_in = sessions::sign_in(app, &typed.email, &typed.password, session, device, visit.client()).await?;
    Ok(visit.signs_in(reply::json(StatusCode::OK, &json!({ "ok": true })), &signed_in))
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
    links::resend(&visit.site.app, &typed.email).await?;
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
                "twoFactorEnabled": false,
                "isAdmin": false,
            },
            "expires": instant(member.session.expires_at()),
        }),
    };
    Ok(reply::bare(StatusCode::OK, &body))
}
