//! `POST /monitoring` and `POST /_obs`: forwards error reports of browsers and other SDKs to Sentry through our own origin.
//!
//! [`crate::observe::tunnel`] checks that a report is for the configured project, and sends it. Failures here are never reported to
//! Sentry, and Sentry's errors are not our 500s.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use crate::observe::tunnel::{AUTH_HEADER, SentryEnvelope, TunnelError, TunnelReply};
use crate::web::http::error::{HttpError, TaskError};
use crate::web::http::request::Request;
use crate::web::http::response;
use crate::web::http::response::Response;

/// The routes of the tunnel.
pub const PATHS: [&str; 2] = ["/monitoring", "/_obs"];

const MAX_ENVELOPE_BYTES: usize = 1 << 20;
/// The whole envelope must arrive within this time.
const ENVELOPE_TIMEOUT: Duration = Duration::from_secs(10);
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("30");

/// Forwards an envelope. 404 if browser errors are not reported.
pub async fn forward(request: Request) -> Result<Response, HttpError> {
    let tunnel = request.state.tunnel.as_ref().map(Arc::clone).ok_or(HttpError::NotFound)?;
    // An SDK waits as long as it is told, and drops the rest. Requests don't queue for a slot.
    let Some(slot) = tunnel.acquire_slot() else { return Ok(busy()) };
    let body = request.body_bytes(MAX_ENVELOPE_BYTES, ENVELOPE_TIMEOUT).await?;
    let content_type =
        header(&request.headers, &CONTENT_TYPE).unwrap_or_else(|| "application/x-sentry-envelope".to_owned());
    let encoding = header(&request.headers, &CONTENT_ENCODING);
    let auth = header(&request.headers, &HeaderName::from_static(AUTH_HEADER));
    let sending = tokio::task::spawn_blocking(move || {
        // Sending continues if the browser disconnects, and keeps its slot until it is done.
        let _slot = slot;
        let envelope = SentryEnvelope { body: &body, encoding: encoding.as_deref(), auth: auth.as_deref() };
        tunnel.check(envelope).map_err(into_http_error)?;
        Ok::<_, HttpError>(tunnel.forward(envelope, &content_type))
    });
    match sending.await.map_err(|error| TaskError::new("forwarding an error report", &error))?? {
        Ok(reply) => Ok(respond(&reply)),
        Err(error) => {
            tracing::warn!(request = request.context.id, %error, "could not forward a browser's error report");
            Ok(response::bare_json(StatusCode::BAD_GATEWAY, &json!({})))
        }
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn into_http_error(error: TunnelError) -> HttpError {
    match error {
        TunnelError::NotAnEnvelope => HttpError::Malformed("This isn't a Sentry envelope with a DSN.".to_owned()),
        TunnelError::UnsupportedEncoding => HttpError::UnsupportedEncoding,
        TunnelError::ForeignDsn => HttpError::ForeignReport,
    }
}

/// Passes on the status and the rate limits of Sentry's response, and no other header. SECURITY: cookies above all.
fn respond(reply: &TunnelReply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = response::bare_json(status, &json!({}));
    let rate_limits = HeaderName::from_static("x-sentry-rate-limits");
    for (name, value) in [(RETRY_AFTER, &reply.retry_after), (rate_limits, &reply.rate_limits)] {
        if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn busy() -> Response {
    let mut response = response::bare_json(StatusCode::TOO_MANY_REQUESTS, &json!({}));
    response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    response
}
