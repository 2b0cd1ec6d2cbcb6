//! The JSON of step-up challenges, sessions, password resets and account deletion.

use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::identity::accounts;
use crate::app::identity::password_change;
use crate::app::identity::sessions;
use crate::app::identity::sessions::SessionSelection;
use crate::app::identity::step_up;
use crate::app::identity::step_up::StepUpAnswer;
use crate::domain::Refusal;
use crate::domain::accounts::step_up::ProtectedAction;
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::format_timestamp;
use crate::web::http::response::{self, Response};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StartStepUp {
    action: ProtectedAction,
}

/// `POST /api/account/step-up/challenge`: 200 `{challengeToken, expiresAt, methods}`.
pub async fn start_step_up(request: Request) -> Result<Response, HttpError> {
    let StartStepUp { action } = request.json().await?;
    if matches!(action, ProtectedAction::SignIn | ProtectedAction::AdminAccess) {
        return Err(Refusal::field("action", "This action doesn't use this challenge.").into());
    }
    let challenge = step_up::start(&request.state.app, request.account()?.id, action, None).await?;
    let methods = match request.account()?.two_factor {
        Some(_) => SecondFactorMethod::ALL.map(SecondFactorMethod::as_str).to_vec(),
        None => vec!["password"],
    };
    let data = json!({
        "challengeToken": challenge.token,
        "expiresAt": format_timestamp(challenge.expires_at),
        "methods": methods,
    });
    Ok(response::json(StatusCode::OK, &data))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct VerifyStepUp {
    challenge_token: String,
    method: String,
    code: String,
}

/// `POST /api/account/step-up/verify`: 200 `{verified, action, method, verifiedAt, stepUpChallengeToken}`.
pub async fn verify_step_up(request: Request) -> Result<Response, HttpError> {
    let VerifyStepUp { challenge_token, method, code } = request.json().await?;
    let account = request.account()?;
    let code_method = SecondFactorMethod::ALL.into_iter().find(|known| known.as_str() == method);
    let answer = match (code_method, account.two_factor.is_some()) {
        (Some(method), true) => StepUpAnswer::Code(method, &code),
        (None, false) if method == "password" => StepUpAnswer::Password(&code),
        _ => return Err(Refusal::field("method", "Use one of the methods that the challenge lists.").into()),
    };
    let challenge =
        step_up::verify(&request.state.app, request.member()?, &challenge_token, answer, &request.client()).await?;
    let data = json!({
        "verified": true,
        "action": challenge.action,
        "method": method,
        "verifiedAt": challenge.verified_at.map(format_timestamp),
        "stepUpChallengeToken": challenge_token,
    });
    Ok(response::json(StatusCode::OK, &data))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Delete {
    step_up_challenge_token: String,
}

/// `POST /api/account/delete-request`: 200 `{ok:true}`; the account has been deleted.
pub async fn delete(request: Request) -> Result<Response, HttpError> {
    let Delete { step_up_challenge_token } = request.json().await?;
    accounts::delete_account(&request.state.app, request.account()?, &step_up_challenge_token).await?;
    Ok(request.state.session_cookie.clear(response::json(StatusCode::OK, &json!({ "ok": true }))))
}

/// `GET /api/account/sessions`: 200 `{sessions:[…]}`, most recently used first.
pub async fn list_sessions(request: Request) -> Result<Response, HttpError> {
    let devices = sessions::list_devices(&request.state.app, request.member()?)?;
    let devices = devices.into_iter().map(|device| {
        json!({
            "id": device.id,
            "createdAt": format_timestamp(device.session.created_at),
            "lastActiveAt": format_timestamp(device.session.used_at),
            "expiresAt": format_timestamp(device.session.expires_at()),
            "ipAddress": device.session.client.address,
            "userAgent": device.session.client.user_agent,
            "isCurrent": device.is_current,
        })
    });
    Ok(response::json(StatusCode::OK, &json!({ "sessions": devices.collect::<Vec<Value>>() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndSessions {
    scope: String,
}

/// `DELETE /api/account/sessions`: 200 `{revokedCount, scope, signedOutCurrent}`.
pub async fn end_sessions(request: Request) -> Result<Response, HttpError> {
    let EndSessions { scope } = request.json().await?;
    let selection = match scope.as_str() {
        "others" => SessionSelection::Others,
        "all" => SessionSelection::All,
        _ => return Err(Refusal::field("scope", "The scope must be “others” or “all”.").into()),
    };
    let (count, ended_current) =
        sessions::end_sessions(&request.state.app, request.member()?, selection, &request.client()).await?;
    let data = json!({ "revokedCount": count, "scope": scope, "signedOutCurrent": ended_current });
    Ok(clear_cookie_if(ended_current, &request, response::json(StatusCode::OK, &data)))
}

/// `DELETE /api/account/sessions/{id}`: 200 `{revoked, signedOutCurrent}`.
pub async fn end_session(request: Request) -> Result<Response, HttpError> {
    let selection = SessionSelection::One(request.path_param("id")?);
    let (_, ended_current) =
        sessions::end_sessions(&request.state.app, request.member()?, selection, &request.client()).await?;
    let data = json!({ "revoked": true, "signedOutCurrent": ended_current });
    Ok(clear_cookie_if(ended_current, &request, response::json(StatusCode::OK, &data)))
}

fn clear_cookie_if(ended_current: bool, request: &Request, response: Response) -> Response {
    if ended_current { request.state.session_cookie.clear(response) } else { response }
}

#[derive(Deserialize)]
struct Forgot {
    email: String,
}

/// `POST /api/auth/forgot-password`: 200 `{status:"sent"}` for every address.
pub async fn forgot(request: Request) -> Result<Response, HttpError> {
    let Forgot { email } = request.json().await?;
    password_change::request_reset(&request.state.app, &email, &request.client()).await?;
    Ok(response::json(StatusCode::OK, &json!({ "status": "sent" })))
}

#[derive(Deserialize)]
struct Reset {
    token: String,
    password: String,
}

/// `POST /api/auth/reset-password`: 200 `{ok:true}`. Every session ends, and no new one begins.
pub async fn reset(request: Request) -> Result<Response, HttpError> {
    let Reset { token, password } = request.json().await?;
    password_change::reset_password(&request.state.app, &token, password, None, &request.client()).await?;
    let response = response::json(StatusCode::OK, &json!({ "ok": true }));
    Ok(response::succeeded(request.state.session_cookie.clear(response)))
}
