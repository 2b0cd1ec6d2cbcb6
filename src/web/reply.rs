//! Answers: pages, redirects, and the JSON envelope of the API.

use bytes::Bytes;
use jiff::SignedDuration;
use maud::Markup;
use serde::Serialize;
use serde_json::json;
use warp::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use warp::http::{Response, StatusCode};

use crate::domain::Fault;

/// What is sent back.
pub type Answer = Response<Bytes>;

/// The word of the error, carried by the answer for the log.
#[derive(Debug, Clone, Copy)]
pub struct Code(pub &'static str);

/// The words of `error.code`.
pub mod code {
    /// What was sent cannot be accepted.
    pub const INVALID_REQUEST: &str = "invalid_request";
    /// Address or password is wrong.
    pub const INVALID_CREDENTIALS: &str = "invalid_credentials";
    /// The address is not confirmed.
    pub const EMAIL_NOT_VERIFIED: &str = "email_not_verified";
    /// The link is none.
    pub const TOKEN_INVALID: &str = "token_invalid";
    /// The link is too old.
    pub const TOKEN_EXPIRED: &str = "token_expired";
    /// It was tried too often.
    pub const RATE_LIMITED: &str = "rate_limited";
    /// There is no such thing.
    pub const NOT_FOUND: &str = "not_found";
    /// Nobody is signed in.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// Somebody is, and may not.
    pub const FORBIDDEN: &str = "forbidden";
    /// Something is broken or busy.
    pub const INTERNAL_ERROR: &str = "internal_error";
}

/// A page.
pub fn page(status: StatusCode, page: Markup) -> Answer {
    with(status, Bytes::from(page.into_string()), CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))
}

/// Leads on to `to` with a GET, after something was posted.
pub fn see_other(to: &str) -> Answer {
    redirect(StatusCode::SEE_OTHER, to)
}

/// Leads on to `to` with the same method.
pub fn elsewhere(to: &str) -> Answer {
    redirect(StatusCode::TEMPORARY_REDIRECT, to)
}

fn redirect(status: StatusCode, to: &str) -> Answer {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    with(status, Bytes::new(), LOCATION, to)
}

/// `{"ok":true,"data":…}`.
pub fn json(status: StatusCode, data: &impl Serialize) -> Answer {
    #[derive(Serialize)]
    struct Envelope<'a, T> {
        ok: bool,
        data: &'a T,
    }
    bare(status, &Envelope { ok: true, data })
}

/// `{"ok":false,"error":{…}}`; `fields` names the fields at fault, where there are any.
pub fn failure(status: StatusCode, code: &str, message: &str, faults: &[Fault]) -> Answer {
    let mut error = json!({ "code": code, "message": message, "recovery": recovery(status, code) });
    if let (false, Some(error)) = (faults.is_empty(), error.as_object_mut()) {
        let fields = faults.iter().map(|fault| json!({ "field": fault.field, "message": fault.message }));
        error.insert("fields".to_owned(), fields.collect());
    }
    bare(status, &json!({ "ok": false, "error": error }))
}

/// Room for most answers in JSON, in bytes: those that are larger are moved as they grow.
const USUAL_JSON: usize = 512;

/// JSON without the envelope.
pub fn bare(status: StatusCode, value: &impl Serialize) -> Answer {
    // Our answers always serialize: no maps with odd keys, no failing types.
    let mut body = Vec::with_capacity(USUAL_JSON);
    if serde_json::to_writer(&mut body, value).is_err() {
        body.clear();
    }
    with(status, Bytes::from(body), CONTENT_TYPE, HeaderValue::from_static("application/json"))
}

fn with(status: StatusCode, body: Bytes, name: HeaderName, value: HeaderValue) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(name, value);
    answer
}

/// How long to wait, rounded up likewise.
pub fn retry_after(left: SignedDuration) -> HeaderValue {
    HeaderValue::from((left.as_secs() + i64::from(left.subsec_nanos() > 0)).max(1))
}

/// What a program should do about it; the first rule that fits counts.
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
