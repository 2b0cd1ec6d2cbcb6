//! Pages that a browser fetches ahead of a click (Speculation Rules), so that those of the navigation open at once.
//!
//! A page that was fetched ahead must not be shown once something has changed, or to whoever signs in next. Therefore, the
//! response to every change makes the browser drop these pages.

use warp::http::header::{HeaderName, HeaderValue};
use warp::http::{HeaderMap, Method, StatusCode};

use crate::web::http::format::Format;
use crate::web::http::response::Response;

/// Where the rules are, which name the pages.
pub const RULES_PATH: &str = "/speculation-rules.json";

const RULES: (HeaderName, HeaderValue) =
    (HeaderName::from_static("speculation-rules"), HeaderValue::from_static("\"/speculation-rules.json\""));
const DROP_PAGES: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"prefetchCache\""));

/// Adds the header with which a user's page is followed by pages fetched ahead, and a change by none.
pub fn add_header(response: &mut Response, method: &Method, format: Format, is_signed_in: bool) {
    let (name, value) = match format {
        _ if !method.is_safe() => DROP_PAGES,
        Format::Page if is_signed_in && response.status() == StatusCode::OK => RULES,
        _ => return,
    };
    // Signing out has other data to clear as well.
    response.headers_mut().append(name, value);
}

/// Whether a browser fetches a page ahead, which the user may never open.
pub fn is_prefetch(headers: &HeaderMap) -> bool {
    headers.get("sec-purpose").is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"))
}
