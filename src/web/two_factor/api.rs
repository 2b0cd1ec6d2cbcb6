//! The JSON of two-factor authentication.

use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use crate::app;
use crate::app::identity::step_up;
use crate::app::identity::step_up::StepUpAnswer;
use crate::app::identity::two_factor;
use crate::domain::Refusal;
use crate::domain::accounts::step_up::ProtectedAction;
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::format_timestamp;
use crate::web::http::response::{self, Response};
use crate::web::ui::qr;

/// The confirmation that turning two-factor authentication off requires.
const DISABLE_PHRASE: &str = "DISABLE 2FA";

/// Refuses an empty code, and one longer than any code.
pub fn check_code_len(code: &str, max: usize) -> Result<(), Refusal> {
    if (1..=max).contains(&code.chars().count()) {
        return Ok(());
    }
    Err(Refusal::field("code", format!("A code has 1 to {max} characters.")))
}

/// `GET /api/account/2fa`: 200 `{enabled, hasTotpSecret, recoveryCodesRemaining, isAdmin, adminEnrollmentRequired}`.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let (app, account) = (&request.state.app, request.account()?);
    let status = two_factor::two_factor_status(app, account);
    let body = json!({
        "enabled": status.enabled,
        "hasTotpSecret": status.enabled || two_factor::pending_enrollment(app, request.member()?).is_some(),
        "recoveryCodesRemaining": status.recovery_left,
        "isAdmin": app.is_admin(account),
        "adminEnrollmentRequired": two_factor::must_enroll(app, account),
    });
    Ok(response::json(StatusCode::OK, &body))
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SetUp {
    step_up_challenge_token: Option<String>,
}

/// `POST /api/account/2fa/setup`: 200 `{secret, otpauthUri, qrDataUrl}`; each call replaces the pending secret. From ten
/// minutes after signing in, it requires a `stepUpChallengeToken` for `account_two_factor`; before, no body.
pub async fn set_up(request: Request) -> Result<Response, HttpError> {
    let SetUp { step_up_challenge_token: token } = request.maybe_json().await?;
    let enrollment = two_factor::start_enrollment(&request.state.app, request.member()?, token.as_deref()).await?;
    let body = json!({ "secret": enrollment.secret, "otpauthUri": enrollment.uri, "qrDataUrl": qr::data_url(&enrollment.uri) });
    Ok(response::json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enable {
    code: String,
}

/// `POST /api/account/2fa/enable`: 200 `{enabled:true, recoveryCodes}`. The codes are shown only once.
pub async fn enable(request: Request) -> Result<Response, HttpError> {
    let Enable { code } = request.json().await?;
    check_code_len(&code, 16)?;
    let account = request.member()?;
    let codes = two_factor::enable(&request.state.app, account, &code, &request.client()).await?;
    Ok(response::json(StatusCode::OK, &json!({ "enabled": true, "recoveryCodes": codes })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Disable {
    confirmation: String,
    method: SecondFactorMethod,
    code: String,
    #[serde(default)]
    current_password: String,
}

/// `POST /api/account/2fa/disable`: 200 `{enabled:false}`.
pub async fn disable(request: Request) -> Result<Response, HttpError> {
    let input: Disable = request.json().await?;
    check_code_len(&input.code, 64)?;
    if !input.confirmation.trim().eq_ignore_ascii_case(DISABLE_PHRASE) {
        return Err(Refusal::field("confirmation", format!("Enter {DISABLE_PHRASE} to confirm.")).into());
    }
    if input.current_password.is_empty() {
        return Err(Refusal::field("currentPassword", "The current password is missing.").into());
    }
    let (app, account) = (&request.state.app, request.account()?);
    two_factor::disable(app, account, &input.current_password, input.method, &input.code, &request.client()).await?;
    Ok(response::json(StatusCode::OK, &json!({ "enabled": false })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    method: SecondFactorMethod,
    code: String,
}

/// `POST /api/account/2fa/recovery/rotate`: 200 `{recoveryCodes}`; the old ones stop working.
pub async fn rotate(request: Request) -> Result<Response, HttpError> {
    let Rotate { method, code } = request.json().await?;
    check_code_len(&code, 64)?;
    let codes =
        two_factor::rotate_recovery_codes(&request.state.app, request.account()?, method, &code, &request.client())
            .await?;
    Ok(response::json(StatusCode::OK, &json!({ "recoveryCodes": codes })))
}

#[derive(Deserialize)]
struct StartChallenge {
    action: ProtectedAction,
}

/// `POST /api/auth/2fa/challenge`: 200 `{challengeToken, expiresAt}`. A verified challenge is as good as one of
/// `/api/account/step-up/challenge`; like every other, one for
/// `admin_access` lets the session carry out an admin's actions for a while.
pub async fn start_challenge(request: Request) -> Result<Response, HttpError> {
    let StartChallenge { action } = request.json().await?;
    if matches!(action, ProtectedAction::SignIn | ProtectedAction::AccountTwoFactor) {
        return Err(Refusal::field("action", "This action doesn't use this challenge.").into());
    }
    let challenge = step_up::start_with_code(&request.state.app, request.account()?, action).await?;
    let body = json!({ "challengeToken": challenge.token, "expiresAt": format_timestamp(challenge.expires_at) });
    Ok(response::json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VerifyChallenge {
    challenge_token: String,
    method: SecondFactorMethod,
    code: String,
}

/// `POST /api/auth/2fa/challenge/verify`: 200 `{verified:true, method, action, verifiedAt}`.
pub async fn verify_challenge(request: Request) -> Result<Response, HttpError> {
    let VerifyChallenge { challenge_token: token, method, code } = request.json().await?;
    check_code_len(&code, 64)?;
    let (app, member) = (&request.state.app, request.member()?);
    let verified = step_up::verify(app, member, &token, StepUpAnswer::Code(method, &code), &request.client()).await;
    let challenge = verified.map_err(|error| match error {
        app::Error::Refused(refusal) => step_up::as_challenge_refusal(refusal).into(),
        other => HttpError::from(other),
    })?;
    let body = json!({
        "verified": true,
        "method": method.as_str(),
        "action": challenge.action,
        "verifiedAt": challenge.verified_at.map(format_timestamp),
    });
    Ok(response::json(StatusCode::OK, &body))
}
