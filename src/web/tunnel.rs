//! `POST /monitoring` and `POST /_obs`: what browsers report goes on to Sentry through our own origin.
//!
//! Only what is for the configured address; [`crate::observe::tunnel`] looks and sends. What goes wrong here is never
//! reported to Sentry itself, and never answered as our own breakdown.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::observe::panics::why;
use crate::observe::tunnel::{Refused, Said};

/// The routes of the tunnel.
pub const PATHS: [&str; 2] = ["/monitoring", "/_obs"];

/// Largest envelope in bytes.
const LARGEST: usize = 1 << 20;
/// Longest time an envelope may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);
/// Passes an envelope on. 404 where browser errors are not reported.
pub async fn forward(visit: Visit) -> Result<Answer, Failure> {
    let tunnel = visit.site.tunnel.as_ref().map(Arc::clone).ok_or(Failure::NotFound)?;
    // SDKs wait for as long as they are told, and drop the rest; nobody is kept waiting for a place.
    let Some(place) = tunnel.place() else { return Ok(later()) };
    let body = visit.bytes(LARGEST, ARRIVAL).await?;
    let media = header(&visit.headers, &CONTENT_TYPE).unwrap_or_else(|| "application/x-sentry-envelope".to_owned());
    let encoding = header(&visit.headers, &CONTENT_ENCODING);
    let sending = tokio::task::spawn_blocking(move || {
        // It goes on when the browser has gone, and keeps its place until it is done.
        let _place = place;
        tunnel.check(&body, encoding.as_deref()).map_err(explain)?;
        Ok::<_, Failure>(tunnel.forward(&body, &media, encoding.as_deref()))
    });
    match sending.await.map_err(|ended| Failure::Broken(why(&ended).to_owned()))?? {
        Ok(said) => Ok(pass_back(&said)),
        Err(why) => {
            tracing::warn!(request = visit.trace.id, why, "a browser's report could not be passed on");
            Ok(reply::bare(StatusCode::BAD_GATEWAY, &json!({})))
        }
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn explain(refused: Refused) -> Failure {
    match refused {
        Refused::NotAnEnvelope => Failure::Malformed("This is not a Sentry envelope with an address.".to_owned()),
        Refused::Encoding => Failure::UnsupportedMedia,
        Refused::Foreign => Failure::Elsewhere,
    }
}

/// Status and limits as Sentry said them; nothing else of its answer, cookies least of all.
fn pass_back(said: &Said) -> Answer {
    let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut answer = reply::bare(status, &json!({}));
    let limits = HeaderName::from_static("x-sentry-rate-limits");
    for (name, value) in [(RETRY_AFTER, &said.retry_after), (limits, &said.rate_limits)] {
        if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn later() -> Answer {
    let mut answer = reply::bare(StatusCode::TOO_MANY_REQUESTS, &json!({}));
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("30"));
    answer
}
