//! Records a finished request: one log line, the metrics, and the list of recent requests for admins.

use std::time::Duration;

use warp::http::{Response, StatusCode};

use crate::config::keys;
use crate::observe::activity::RequestRecord;
use crate::web::http::prefetch;
use crate::web::http::request::RequestHead;
use crate::web::http::response::{DecidingSetting, ErrorCode};
use crate::web::http::state::WebState;

/// Routes that say nothing about users. Admins see only their errors, so that they do not push other requests out of the list.
const QUIET_ROUTES: [&str; 9] = [
    "/assets/{name}",
    "/favicon.ico",
    "/api/health",
    "/sw.js",
    "/manifest.webmanifest",
    prefetch::RULES_PATH,
    "/monitoring",
    "/_obs",
    "/api/operator/verify",
];

/// A method can be as long as a header, so it is cut.
const MAX_METHOD_LEN: usize = 16;

/// SECURITY: the log names the route by its template, never by a path or query, and the user by a pseudonym that only the key of
/// this data file can produce.
pub fn record<B>(state: &WebState, head: &RequestHead, response: &Response<B>, duration: Duration) {
    let RequestHead { method, context, .. } = head;
    let status = response.status().as_u16();
    let code = response.extensions().get::<ErrorCode>().map(|code| code.0);
    let (route, millis) = (context.route(), duration.as_secs_f64() * 1_000.0);
    if let Some(durations) = &state.request_durations {
        durations.record(route, method.as_str(), status, duration);
    }
    let method = method.as_str().get(..MAX_METHOD_LEN).unwrap_or(method.as_str());
    if tracing::enabled!(tracing::Level::INFO) {
        let person = context.account.get().map(|id| state.app.keys.pseudonym(*id));
        let setting = deciding_setting(state, head, response);
        tracing::info!(request = context.id, method, route, status, millis, person, code, setting, "request");
    }
    if status >= 400 || !QUIET_ROUTES.contains(&route) {
        let (at, request, method) = (state.app.clock.now(), context.id.clone(), method.to_owned());
        state.activity.record(RequestRecord { at, request, method, route, status, millis, code });
    }
}

/// The setting that would let a refused request pass.
fn deciding_setting<B>(state: &WebState, head: &RequestHead, response: &Response<B>) -> Option<&'static str> {
    let is_missing = response.status() == StatusCode::NOT_FOUND;
    let is_limited = response.status() == StatusCode::TOO_MANY_REQUESTS;
    let is_trusted = head.peer.is_some_and(|peer| state.proxies.trusts(peer));
    match head.context.route() {
        // These routes exist only with their setting.
        "/api/operator/verify" if is_missing => Some(keys::OPERATOR_TOKEN),
        "/monitoring" | "/_obs" if is_missing => Some(keys::BROWSER_SENTRY_DSN),
        // All clients of a proxy that is not trusted share one limit.
        _ if is_limited && !is_trusted && head.headers.contains_key("x-forwarded-for") => Some(keys::TRUSTED_PROXIES),
        _ => response.extensions().get::<DecidingSetting>().map(|setting| setting.0),
    }
}
