//! Checks every request before routing: its host, and headers that may occur only once.
//!
//! hyper refuses framing that two servers could read differently: different lengths get a 400, and a request with both a length and
//! chunks is the last one on its connection.

use warp::http::HeaderMap;
use warp::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, ORIGIN, REFERER};

use crate::web::http::error::HttpError;
use crate::web::http::operator_token::OPERATOR_HEADER;
use crate::web::http::request::RequestHead;
use crate::web::http::state::WebState;

/// Headers that identify the client, its origin, or the format of the body. Cookies may be split over several headers.
static SINGLE_HEADERS: [HeaderName; 7] = [
    AUTHORIZATION,
    CONTENT_ENCODING,
    CONTENT_TYPE,
    ORIGIN,
    REFERER,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static(OPERATOR_HEADER),
];

/// Refuses a request without a path, with an ambiguous header, or for another host.
pub fn check(state: &WebState, head: &RequestHead) -> Result<(), HttpError> {
    // CONNECT and similar methods name no path, and nothing here handles them.
    if head.uri.path_and_query().is_none() {
        return Err(HttpError::Malformed("The request has no path.".to_owned()));
    }
    if let Some(name) = find_duplicate(&head.headers) {
        return Err(HttpError::Malformed(format!("The request has more than one {name} header.")));
    }
    let host = host(head)?;
    // Load balancers may request health by the server's address; everything else must use the public name.
    if state.is_own_host(host) || head.path() == "/api/health" { Ok(()) } else { Err(HttpError::UnknownHost) }
}

/// SECURITY: with two headers of the same name, a proxy could act on one and Atlas on the other.
fn find_duplicate(headers: &HeaderMap) -> Option<&'static HeaderName> {
    if headers.len() == headers.keys_len() {
        return None;
    }
    SINGLE_HEADERS.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some())
}

fn host(head: &RequestHead) -> Result<&str, HttpError> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let host = host.ok_or_else(|| HttpError::Malformed("The request needs exactly one Host header.".to_owned()))?;
    match head.uri.authority() {
        Some(authority) if !authority.as_str().eq_ignore_ascii_case(host) => Err(HttpError::UnknownHost),
        _ => Ok(host),
    }
}
