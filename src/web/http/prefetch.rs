//! Prefetching (Speculation Rules): the browser loads the pages of the navigation before they are clicked.
//!
//! Browsers keep prefetched pages for minutes. The response to every change tells them to discard those pages, so that nobody sees
//! an outdated page or one of the user who was signed in before.

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

/// Adds the header that allows prefetching to pages of a signed-in user, and the one that discards prefetched pages to responses to
/// changes.
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
