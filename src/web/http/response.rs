//! Responses: pages, redirects, and the JSON envelope of the API.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use maud::Markup;
use serde::Serialize;
use serde_json::json;
use warp::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY};
use warp::http::{self, StatusCode};

use crate::domain::FieldError;

/// A response with its whole body.
pub type Response = http::Response<Bytes>;

/// The error code of a response, in its extensions, for the log.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCode(pub &'static str);

/// In the extensions of a response: the call is given back to its rate limit.
#[derive(Debug, Clone, Copy)]
pub struct Succeeded;

/// Marks the response to a call with a right password, code, or link, each of which counts as a guess otherwise.
pub fn succeeded(mut response: Response) -> Response {
    response.extensions_mut().insert(Succeeded);
    response
}

/// SECURITY: browsers send the URL of this page, which contains a token, to no other site. With `no-referrer`, they would send
/// `Origin: null` with the form of the page, and the form would be refused.
pub fn with_token(mut response: Response) -> Response {
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// The setting that would let a refused request pass, in the extensions of its response, for the log. Clients don't learn it.
#[derive(Debug, Clone, Copy)]
pub struct DecidingSetting(pub &'static str);

/// The values of `error.code`.
pub mod code {
    /// The input is not acceptable.
    pub const INVALID_REQUEST: &str = "invalid_request";
    /// Email or password is wrong.
    pub const INVALID_CREDENTIALS: &str = "invalid_credentials";
    pub const EMAIL_NOT_VERIFIED: &str = "email_not_verified";
    /// The link or challenge does not exist.
    pub const TOKEN_INVALID: &str = "token_invalid";
    pub const TOKEN_EXPIRED: &str = "token_expired";
    pub const RATE_LIMITED: &str = "rate_limited";
    pub const NOT_FOUND: &str = "not_found";
    /// Not signed in, or identity not confirmed.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// Signed in, but not allowed.
    pub const FORBIDDEN: &str = "forbidden";
    /// The server is broken or busy.
    pub const INTERNAL_ERROR: &str = "internal_error";
}

/// An HTML page.
pub fn page(status: StatusCode, page: Markup) -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    with_header(status, Bytes::from(page.into_string()), CONTENT_TYPE, html)
}

/// 303: redirects to `location` with GET, after a form was posted.
pub fn see_other(location: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, location)
}

/// 307: redirects to `location` with the same method.
pub fn temporary_redirect(location: &str) -> Response {
    redirect(StatusCode::TEMPORARY_REDIRECT, location)
}

fn redirect(status: StatusCode, location: &str) -> Response {
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
    with_header(status, Bytes::new(), LOCATION, location)
}

/// `{"ok":true,"data":…}`.
pub fn json(status: StatusCode, data: &impl Serialize) -> Response {
    #[derive(Serialize)]
    struct Envelope<'a, T> {
        ok: bool,
        data: &'a T,
    }
    bare_json(status, &Envelope { ok: true, data })
}

/// `{"ok":false,"error":{…}}`, with `fields` if there are errors of fields.
pub fn json_error(status: StatusCode, code: &str, message: &str, errors: &[FieldError]) -> Response {
    let mut error = json!({ "code": code, "message": message, "recovery": recovery(status, code) });
    if let (false, Some(error)) = (errors.is_empty(), error.as_object_mut()) {
        let fields = errors.iter().map(|error| json!({ "field": error.field, "message": error.message }));
        error.insert("fields".to_owned(), fields.collect());
    }
    bare_json(status, &json!({ "ok": false, "error": error }))
}

/// The initial capacity of a JSON body, which most bodies fit into.
const JSON_CAPACITY_BYTES: usize = 512;

/// JSON without the envelope.
pub fn bare_json(status: StatusCode, value: &impl Serialize) -> Response {
    // Serialization cannot fail: every type that is sent has string keys and infallible fields.
    let mut body = Vec::with_capacity(JSON_CAPACITY_BYTES);
    if serde_json::to_writer(&mut body, value).is_err() {
        body.clear();
    }
    with_header(status, Bytes::from(body), CONTENT_TYPE, HeaderValue::from_static("application/json"))
}

fn with_header(status: StatusCode, body: Bytes, name: HeaderName, value: HeaderValue) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(name, value);
    response
}

/// A `Retry-After` header: whole seconds, rounded up, at least one.
pub fn retry_after(left: SignedDuration) -> HeaderValue {
    HeaderValue::from((left.as_secs() + i64::from(left.subsec_nanos() > 0)).max(1))
}

/// `error.recovery`: what a program should do about the error. The first rule that matches applies.
fn recovery(status: StatusCode, code: &str) -> &'static str {
    match code {
        _ if status == StatusCode::TOO_MANY_REQUESTS => "retry_later",
        _ if status == StatusCode::UNAUTHORIZED => "reauth",
        code::FORBIDDEN => "none",
        code::INVALID_REQUEST => "update_input",
        code::TOKEN_INVALID | code::TOKEN_EXPIRED => "resend",
        _ if status.is_server_error() => "retry",
        _ => "none",
    }
}

/// A time in the JSON of the API: UTC with milliseconds.
pub fn format_timestamp(at: Timestamp) -> String {
    format!("{at:.3}")
}
