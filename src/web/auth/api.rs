//! The JSON of signing up, confirming an email address, signing in and out.

use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use crate::app::identity::code_confirmation;
use crate::app::identity::email_confirmation;
use crate::app::identity::sessions::SignedIn;
use crate::app::identity::sign_in;
use crate::app::identity::sign_in::SignInOutcome;
use crate::app::identity::sign_up_browser::BrowserCookies;
use crate::app::identity::verification_email;
use crate::app::identity::{accounts, sessions, two_factor};
use crate::domain::Refusal;
use crate::domain::accounts::link::LinkStatus;
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::format_timestamp;
use crate::web::http::response::{self, Response};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignUp {
    email: String,
    password: String,
    display_name: String,
    time_zone: Option<String>,
}

/// `POST /api/auth/signup`: 201 `{userId}`, even if the address is taken. Only the owner of the address learns that, by email.
pub async fn sign_up(request: Request) -> Result<Response, HttpError> {
    let SignUp { email, password, display_name: name, time_zone: zone } = request.json().await?;
    let input = accounts::SignUpInput { email, name, password, confirmation: None, zone };
    let sign_up = accounts::sign_up(&request.state.app, input, None, &request.client()).await?;
    Ok(response::json(StatusCode::CREATED, &json!({ "userId": sign_up.id })))
}

#[derive(Deserialize)]
struct SignIn {
    email: String,
    password: String,
}

/// `POST /api/auth/sign-in`: 200 `{ok:true}` with the session cookie; with two-factor authentication
/// `{ok:true, requiresTwoFactor:true, challengeToken, methods}` without the cookie.
pub async fn sign_in(request: Request) -> Result<Response, HttpError> {
    let input: SignIn = request.json().await?;
    let (app, session, device) = (&request.state.app, request.session_token(), request.device_token());
    match sign_in::sign_in(app, &input.email, &input.password, session, device, request.client()).await? {
        SignInOutcome::Session(session) => signed_in_response(&request, &session),
        SignInOutcome::SecondStep(challenge) => {
            let methods = SecondFactorMethod::ALL.map(SecondFactorMethod::as_str);
            let body =
                json!({ "ok": true, "requiresTwoFactor": true, "challengeToken": challenge, "methods": methods });
            Ok(response::succeeded(response::json(StatusCode::OK, &body)))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SecondStep {
    challenge_token: String,
    method: SecondFactorMethod,
    code: String,
}

/// `POST /api/auth/sign-in/2fa/verify`: 200 `{ok:true}` with the session cookie.
pub async fn verify_sign_in(request: Request) -> Result<Response, HttpError> {
    let SecondStep { challenge_token, method, code } = request.json().await?;
    crate::web::two_factor::api::check_code_len(&code, 64)?;
    let (app, session, device) = (&request.state.app, request.session_token(), request.device_token());
    let signed_in =
        two_factor::complete_sign_in(app, &challenge_token, method, &code, session, device, request.client()).await?;
    signed_in_response(&request, &signed_in)
}

/// The response says if an admin must set up two-factor authentication first.
fn signed_in_response(request: &Request, signed_in: &SignedIn) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let member = sessions::find_member(app, &signed_in.token)?;
    let body = if member.is_some_and(|member| two_factor::must_enroll(app, &member.account)) {
        json!({ "ok": true, "requiresAdminTwoFactorEnrollment": true })
    } else {
        json!({ "ok": true })
    };
    Ok(response::succeeded(request.with_session(response::json(StatusCode::OK, &body), signed_in)))
}

/// `POST /api/auth/logout`: 200 `{"ok":true}`, even without a session.
pub async fn log_out(request: Request) -> Result<Response, HttpError> {
    if let Some(token) = request.session_token() {
        sessions::sign_out(&request.state.app, token, &request.client()).await?;
    }
    Ok(request.without_session(response::bare_json(StatusCode::OK, &json!({ "ok": true }))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerifyEmail {
    #[serde(default)]
    token: String,
    /// With `code`, in place of the token.
    #[serde(default)]
    email: String,
    code: Option<String>,
    /// Required if several sign-ups used the same address.
    #[serde(default)]
    password: String,
    /// With `token`: `password` is a new one, and these replace what was entered at sign-up.
    display_name: Option<String>,
    time_zone: Option<String>,
}

/// `POST /api/auth/verify-email`: 200 `{userId}`. The predecessor used GET, which mail scanners send as well.
pub async fn verify_email(request: Request) -> Result<Response, HttpError> {
    let input: VerifyEmail = request.json().await?;
    let (app, client) = (&request.state.app, request.client());
    // A script gets no session, even with the cookies of a browser.
    let no_cookies = BrowserCookies::default();
    let confirmed = match &input.code {
        Some(code) => {
            let (email, password) = (&input.email, &input.password);
            code_confirmation::confirm_email_by_code(app, email, code, password, no_cookies, &client).await?
        }
        None if input.token.is_empty() => return Err(Refusal::field("token", "The token is missing.").into()),
        None => match input.display_name {
            Some(name) => {
                let (password, zone) = (input.password, input.time_zone);
                let sign_up = accounts::SignUpInput { name, password, zone, ..accounts::SignUpInput::default() };
                email_confirmation::confirm_with_new_sign_up(app, &input.token, sign_up, &client).await?
            }
            None => email_confirmation::confirm_email(app, &input.token, &input.password, no_cookies, &client).await?,
        },
    };
    match confirmed.status {
        LinkStatus::Open => {
            Ok(response::succeeded(response::json(StatusCode::OK, &json!({ "userId": confirmed.account }))))
        }
        LinkStatus::Used => Err(Refusal::LinkInvalid.into()),
    }
}

#[derive(Deserialize)]
struct Resend {
    email: String,
}

/// `POST /api/auth/resend-verification`: 200 `{status:"sent"}` for every address.
pub async fn resend(request: Request) -> Result<Response, HttpError> {
    let input: Resend = request.json().await?;
    verification_email::resend_verification(&request.state.app, &input.email, &request.client()).await?;
    Ok(response::json(StatusCode::OK, &json!({ "status": "sent" })))
}

/// `GET /api/auth/session`: `{}` or `{user, expires}`, without the envelope, as in the predecessor's library.
pub async fn session(request: Request) -> Result<Response, HttpError> {
    let body = match &request.member {
        None => json!({}),
        Some(member) => json!({
            "user": {
                "id": member.account.id,
                "name": member.account.name(),
                "email": member.account.email,
                "emailVerifiedAt": member.account.verified_at.map(format_timestamp),
                "twoFactorEnabled": member.account.two_factor.is_some(),
                "isAdmin": request.state.app.is_admin(&member.account),
            },
            "expires": format_timestamp(member.session.expires_at()),
        }),
    };
    Ok(response::bare_json(StatusCode::OK, &body))
}
