//! Basic authentication: a shared user name and password for environments that are not public.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;

use crate::app::identity::sessions;
use crate::domain::accounts::attempts::AttemptLimit;
use crate::web::http::error::HttpError;
use crate::web::http::rate_limit::{LimitScope, RateLimit};
use crate::web::http::state::WebState;

/// Wrong credentials from one address. A request without credentials is not counted.
const WRONG_CREDENTIALS: RateLimit = RateLimit {
    name: "basic-auth",
    rule: AttemptLimit::from_minutes(20, 5, 5),
    scope: LimitScope::Client,
    given_back: &[],
};

/// Refuses requests without the shared credentials, if the environment has any.
///
/// SECURITY: after too many wrong attempts from an address, right credentials are refused as well, so that guessing learns
/// nothing. Signed-in users behind that address are not affected: nobody can be signed in without the credentials.
///
/// # Errors
/// [`HttpError::BasicAuthRequired`]; [`crate::domain::Refusal::TooManyAttempts`].
pub fn authorize(state: &WebState, address: Option<IpAddr>, headers: &HeaderMap) -> Result<(), HttpError> {
    let Some(basic_auth) = &state.basic_auth else { return Ok(()) };
    let Some(header) = headers.get(AUTHORIZATION) else { return Err(HttpError::BasicAuthRequired) };
    let sent = header.to_str().ok().and_then(|value| value.split_once(' '));
    let sent = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let sent = sent.and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok()).unwrap_or_default();
    let expected = format!("{}:{}", basic_auth.user, basic_auth.password.reveal());
    let is_right = constant_time_eq(&sent, expected.as_bytes());
    let Some(limiter) = &state.rate_limiter else {
        return if is_right { Ok(()) } else { Err(HttpError::BasicAuthRequired) };
    };
    let now = state.app.clock.now();
    match limiter.check(&WRONG_CREDENTIALS, address, now) {
        Err(_) if is_right && is_signed_in(state, headers) => Ok(()),
        Err(refusal) => Err(refusal.into()),
        Ok(()) if is_right => Ok(()),
        Ok(()) => {
            limiter.count(&WRONG_CREDENTIALS, address, None, now).check()?;
            Err(HttpError::BasicAuthRequired)
        }
    }
}

fn is_signed_in(state: &WebState, headers: &HeaderMap) -> bool {
    let member = state.session_cookie.read(headers).map(|token| sessions::find_member(&state.app, token));
    matches!(member, Some(Ok(Some(_))))
}

/// Compares in constant time, even if the lengths differ.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a).ct_eq(&Sha256::digest(b)).into()
}
