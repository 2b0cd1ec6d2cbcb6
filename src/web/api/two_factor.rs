//! The second factor of an account as JSON.

use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use super::instant;
use crate::app::challenges::{self, Answer as Answered};
use crate::app::{self, two_factor};
use crate::domain::Refusal;
use crate::domain::challenge::Action;
use crate::domain::two_factor::Method;
use crate::pages::qr;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// What is typed to switch it off, so that no slip of a script does.
const PHRASE: &str = "DISABLE 2FA";

/// Refuses a code that is blank or longer than any code.
pub(super) fn demand_code(code: &str, most: usize) -> Result<(), Refusal> {
    if (1..=most).contains(&code.chars().count()) {
        return Ok(());
    }
    Err(Refusal::field("code", format!("A code has 1 to {most} characters.")))
}

/// `GET /api/account/2fa`: 200 `{enabled, hasTotpSecret, recoveryCodesRemaining, isAdmin, adminEnrollmentRequired}`.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let (app, me) = (&visit.site.app, visit.member()?);
    let standing = two_factor::standing(app, me);
    let body = json!({
        "enabled": standing.enabled,
        "hasTotpSecret": standing.enabled || two_factor::waiting(app, visit.signed_in()?).is_some(),
        "recoveryCodesRemaining": standing.recovery_left,
        "isAdmin": app.is_admin(me),
        "adminEnrollmentRequired": two_factor::must_enrol(app, me),
    });
    Ok(reply::json(StatusCode::OK, &body))
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SetUp {
    step_up_challenge_token: Option<String>,
}

/// `POST /api/account/2fa/setup`: 200 `{secret, otpauthUri, qrDataUrl}`; each call replaces the secret that waits. Ten
/// minutes after signing in it wants a `stepUpChallengeToken` of `account_two_factor`; before that it needs no body.
pub async fn set_up(visit: Visit) -> Result<Answer, Failure> {
    let SetUp { step_up_challenge_token: proof } = visit.maybe_json().await?;
    let shown = two_factor::set_up(&visit.site.app, visit.signed_in()?, proof.as_deref()).await?;
    let body = json!({ "secret": shown.secret, "otpauthUri": shown.uri, "qrDataUrl": qr::data_url(&shown.uri) });
    Ok(reply::json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enable {
    code: String,
}

/// `POST /api/account/2fa/enable`: 200 `{enabled:true, recoveryCodes}`, the only time they are told.
pub async fn enable(visit: Visit) -> Result<Answer, Failure> {
    let Enable { code } = visit.json().await?;
    demand_code(&code, 16)?;
    let me = visit.member.as_ref().ok_or(Failure::SignedOut)?;
    let codes = two_factor::enable(&visit.site.app, me, &code, &visit.client()).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "enabled": true, "recoveryCodes": codes })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Disable {
    confirmation: String,
    method: Method,
    code: String,
    #[serde(default)]
    current_password: String,
}

/// `POST /api/account/2fa/disable`: 200 `{enabled:false}`.
pub async fn disable(visit: Visit) -> Result<Answer, Failure> {
    let typed: Disable = visit.json().await?;
    demand_code(&typed.code, 64)?;
    if !typed.confirmation.trim().eq_ignore_ascii_case(PHRASE) {
        return Err(Refusal::field("confirmation", format!("Type {PHRASE} to confirm.")).into());
    }
    if typed.current_password.is_empty() {
        return Err(Refusal::field("currentPassword", "The current password is missing.").into());
    }
    let (app, me) = (&visit.site.app, visit.member()?);
    two_factor::disable(app, me, &typed.current_password, typed.method, &typed.code, &visit.client()).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "enabled": false })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    method: Method,
    code: String,
}

/// `POST /api/account/2fa/recovery/rotate`: 200 `{recoveryCodes}`; the old ones stop working.
pub async fn rotate(visit: Visit) -> Result<Answer, Failure> {
    let Rotate { method, code } = visit.json().await?;
    demand_code(&code, 64)?;
    let codes = two_factor::rotate(&visit.site.app, visit.member()?, method, &code, &visit.client()).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "recoveryCodes": codes })))
}

#[derive(Deserialize)]
struct Ask {
    action: Action,
}

/// `POST /api/auth/2fa/challenge`: 200 `{challengeToken, expiresAt}`. The answer is a proof as from
/// `/api/account/step-up/challenge`; that of `admin_access` says only that the admin is there.
pub async fn ask(visit: Visit) -> Result<Answer, Failure> {
    let Ask { action } = visit.json().await?;
    if matches!(action, Action::SignIn | Action::AccountTwoFactor) {
        return Err(Refusal::field("action", "This action is proved elsewhere.").into());
    }
    let asked = challenges::ask_code(&visit.site.app, visit.member()?, action).await?;
    let body = json!({ "challengeToken": asked.token, "expiresAt": instant(asked.expires_at) });
    Ok(reply::json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Verify {
    challenge_token: String,
    method: Method,
    code: String,
}

/// `POST /api/auth/2fa/challenge/verify`: 200 `{verified:true, method, action, verifiedAt}`.
pub async fn verify(visit: Visit) -> Result<Answer, Failure> {
    let Verify { challenge_token: token, method, code } = visit.json().await?;
    demand_code(&code, 64)?;
    let (app, me) = (&visit.site.app, visit.member()?);
    let answered = challenges::answer(app, me, &token, Answered::Code(method, &code), &visit.client()).await;
    let challenge = answered.map_err(|error| match error {
        app::Error::Refused(refusal) => challenges::without_link(refusal).into(),
        other => Failure::from(other),
    })?;
    let body = json!({
        "verified": true,
        "method": method.word(),
        "action": challenge.action,
        "verifiedAt": challenge.verified_at.map(instant),
    });
    Ok(reply::json(StatusCode::OK, &body))
}
