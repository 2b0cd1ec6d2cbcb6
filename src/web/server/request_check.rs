//! Checks every request before routing: its host, and headers that may occur only once.
//!
//! hyper refuses framing that two servers could read differently: different lengths get a 400, and a request with both a length and
//! chunks is the last one on its connection.

use warp::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, ORIGIN, REFERER};
use warp::http::{HeaderMap, Method};

use crate::web::health;
use crate::web::http::error::HttpError;
use crate::web::http::host::is_same_authority;
use crate::web::http::operator_token::OPERATOR_HEADER;
use crate::web::http::request::RequestHead;
use crate::web::http::state::WebState;

/// Headers that identify the server, the client, its origin, or the format of the body. Cookies may be split over several headers.
static SINGLE_HEADERS: [HeaderName; 8] = [
    HOST,
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
    if is_probe(head) || state.is_own_host(host(head)?) { Ok(()) } else { Err(HttpError::UnknownHost) }
}

/// Whether a load balancer asks if the server works: it requests health, or sends `OPTIONS /` or `OPTIONS *` without credentials
/// (HAProxy's default). Such requests may use the server's address as the host or, over HTTP/1.0, no host at all. The answers say
/// nothing that depends on the host.
fn is_probe(head: &RequestHead) -> bool {
    head.path() == health::PATH || is_server_options(head)
}

/// Whether a request asks for the options of the server rather than of one address.
pub fn is_server_options(head: &RequestHead) -> bool {
    head.method == Method::OPTIONS && matches!(head.path(), "/" | "*")
}

/// SECURITY: with two headers of the same name, a proxy could act on one and Atlas on the other.
fn find_duplicate(headers: &HeaderMap) -> Option<&'static HeaderName> {
    if headers.len() == headers.keys_len() {
        return None;
    }
    SINGLE_HEADERS.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some())
}

fn host(head: &RequestHead) -> Result<&str, HttpError> {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.ok_or_else(|| HttpError::Malformed("The request needs a Host header.".to_owned()))?;
    match head.uri.authority() {
        Some(authority) if !is_same_authority(authority.as_str(), host) => Err(HttpError::UnknownHost),
        _ => Ok(host),
    }
}
