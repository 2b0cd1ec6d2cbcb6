//! What keeps an account its owner's, as JSON: proofs, devices, forgotten passwords, the end.

use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

use super::instant;
use crate::app::challenges::{self, Answer as Answered};
use crate::app::sessions::{self, Which};
use crate::app::{accounts, credentials};
use crate::domain::Refusal;
use crate::domain::challenge::Action;
use crate::domain::two_factor::Method;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    action: Action,
}

/// `POST /api/account/step-up/challenge`: 200 `{challengeToken, expiresAt, methods}`.
pub async fn ask(visit: Visit) -> Result<Answer, Failure> {
    let Ask { action } = visit.json().await?;
    if matches!(action, Action::SignIn | Action::AdminAccess) {
        return Err(Refusal::field("action", "This action is proved elsewhere.").into());
    }
    let asked = challenges::ask(&visit.site.app, visit.member()?.id, action, None).await?;
    let data = json!({
        "challengeToken": asked.token,
        "expiresAt": instant(asked.expires_at),
        "methods": if visit.member()?.two_factor.is_some() { Method::ALL.map(Method::word).to_vec() } else { vec!["password"] },
    });
    Ok(reply::json(StatusCode::OK, &data))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Verify {
    challenge_token: String,
    method: String,
    code: String,
}

/// `POST /api/account/step-up/verify`: 200 `{verified, action, method, verifiedAt, stepUpChallengeToken}`.
pub async fn verify(visit: Visit) -> Result<Answer, Failure> {
    let Verify { challenge_token, method, code } = visit.json().await?;
    let me = visit.member()?;
    let code_method = Method::ALL.into_iter().find(|known| known.word() == method);
    let answer = match (code_method, me.two_factor.is_some()) {
        (Some(method), true) => Answered::Code(method, &code),
        (None, false) if method == "password" => Answered::Password(&code),
        _ => return Err(Refusal::field("method", "Use one of the methods the challenge named.").into()),
    };
    let challenge = challenges::answer(&visit.site.app, me, &challenge_token, answer, &visit.client()).await?;
    let data = json!({
        "verified": true,
        "action": challenge.action,
        "method": method,
        "verifiedAt": challenge.verified_at.map(instant),
        "stepUpChallengeToken": challenge_token,
    });
    Ok(reply::json(StatusCode::OK, &data))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Delete {
    step_up_challenge_token: String,
}

/// `POST /api/account/delete-request`: 200 `{ok:true}`; the account is gone.
pub async fn delete(visit: Visit) -> Result<Answer, Failure> {
    let Delete { step_up_challenge_token } = visit.json().await?;
    accounts::delete(&visit.site.app, visit.member()?, &step_up_challenge_token).await?;
    Ok(visit.site.cookie.signs_out(reply::json(StatusCode::OK, &json!({ "ok": true }))))
}

/// `GET /api/account/sessions`: 200 `{sessions:[…]}`, the one used last first.
pub async fn devices(visit: Visit) -> Result<Answer, Failure> {
    let devices = sessions::devices(&visit.site.app, visit.signed_in()?)?;
    let devices = devices.into_iter().map(|device| {
        json!({
            "id": device.id,
            "createdAt": instant(device.session.created_at),
            "lastActiveAt": instant(device.session.used_at),
            "expiresAt": instant(device.session.expires_at()),
            "ipAddress": device.session.client.address,
            "userAgent": device.session.client.agent,
            "isCurrent": device.is_current,
        })
    });
    Ok(reply::json(StatusCode::OK, &json!({ "sessions": devices.collect::<Vec<Value>>() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    scope: String,
}

/// `DELETE /api/account/sessions`: 200 `{revokedCount, scope, signedOutCurrent}`.
pub async fn end_many(visit: Visit) -> Result<Answer, Failure> {
    let End { scope } = visit.json().await?;
    let which = match scope.as_str() {
        "others" => Which::Others,
        "all" => Which::All,
        _ => return Err(Refusal::field("scope", "The scope is others or all.").into()),
    };
    let (count, is_out) = sessions::end(&visit.site.app, visit.signed_in()?, which, &visit.client()).await?;
    let data = json!({ "revokedCount": count, "scope": scope, "signedOutCurrent": is_out });
    Ok(signed_out(&visit, reply::json(StatusCode::OK, &data), is_out))
}

/// `DELETE /api/account/sessions/{id}`: 200 `{revoked, signedOutCurrent}`.
pub async fn end_one(visit: Visit) -> Result<Answer, Failure> {
    let which = Which::One(visit.part("id")?);
    let (_, is_out) = sessions::end(&visit.site.app, visit.signed_in()?, which, &visit.client()).await?;
    let data = json!({ "revoked": true, "signedOutCurrent": is_out });
    Ok(signed_out(&visit, reply::json(StatusCode::OK, &data), is_out))
}

fn signed_out(visit: &Visit, answer: Answer, is_out: bool) -> Answer {
    if is_out { visit.site.cookie.signs_out(answer) } else { answer }
}

#[derive(Deserialize)]
struct Forgot {
    email: String,
}

/// `POST /api/auth/forgot-password`: 200 `{status:"sent"}`, whoever the address belongs to.
pub async fn forgot(visit: Visit) -> Result<Answer, Failure> {
    let Forgot { email } = visit.json().await?;
    credentials::ask_reset(&visit.site.app, &email, &visit.client()).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "status": "sent" })))
}

#[derive(Deserialize)]
struct Reset {
    token: String,
    password: String,
}

/// `POST /api/auth/reset-password`: 200 `{ok:true}`; every session has ended, and nobody is signed in by it.
pub async fn reset(visit: Visit) -> Result<Answer, Failure> {
    let Reset { token, password } = visit.json().await?;
    credentials::reset(&visit.site.app, &token, password, None, &visit.client()).await?;
    Ok(visit.site.cookie.signs_out(reply::json(StatusCode::OK, &json!({ "ok": true }))))
}
