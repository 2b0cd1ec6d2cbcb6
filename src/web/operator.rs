//! `POST /api/operator/verify`: commands of an operator's checklist on another machine.
//!
//! This module only checks the token; [`Operator`](crate::web::Operator) responds. Without the token the path does not exist,
//! regardless of the method.

use warp::http::{HeaderMap, HeaderValue};

use crate::domain::accounts::attempts::AttemptLimit;
use crate::web::http::basic_auth::constant_time_eq;
use crate::web::http::error::HttpError;
use crate::web::http::operator_token::OPERATOR_HEADER;
use crate::web::http::rate_limit::{LimitScope, RateLimit};
use crate::web::http::request::Request;
use crate::web::http::response::Response;

/// The largest command in bytes. Reports are the largest.
const MAX_COMMAND_BYTES: usize = 256 << 10;
/// Wrong tokens from one address.
const WRONG_TOKEN: RateLimit = RateLimit {
    name: "operator-token",
    rule: AttemptLimit::from_minutes(5, 5, 10),
    scope: LimitScope::Client,
    given_back: &[],
};

/// Refuses requests without the token.
///
/// SECURITY: the token is compared in constant time, and not at all after too many wrong ones from the address. It is sent in a
/// header, which is never logged. A refused request gets the same response as one for an unknown path, so that nothing reveals the
/// route.
///
/// # Errors
/// [`HttpError::NotFound`].
pub fn authorize(request: &Request) -> Result<(), HttpError> {
    let state = &request.state;
    let operator = state.operator.as_ref().ok_or(HttpError::NotFound)?;
    let sent = token(&request.headers).ok_or(HttpError::NotFound)?;
    let (address, now) = (request.client_address(), state.app.clock.now());
    let is_blocked =
        state.rate_limiter.as_ref().is_some_and(|limiter| limiter.check(&WRONG_TOKEN, address, now).is_err());
    if is_blocked {
        return Err(HttpError::NotFound);
    }
    if constant_time_eq(sent, operator.token.reveal().as_bytes()) {
        return Ok(());
    }
    if let Some(limiter) = &state.rate_limiter {
        limiter.count(&WRONG_TOKEN, address, None, now);
    }
    Err(HttpError::NotFound)
}

fn token(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(OPERATOR_HEADER).map(HeaderValue::as_bytes).filter(|value| !value.is_empty())
}

/// Responds with 200 and the answer to the command.
pub async fn verify(request: Request) -> Result<Response, HttpError> {
    let operator = request.state.operator.clone().ok_or(HttpError::NotFound)?;
    operator.respond(request.json_bytes(MAX_COMMAND_BYTES).await?).await
}
