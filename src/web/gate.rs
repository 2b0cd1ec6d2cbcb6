//! The gate: a shared name and password in front of environments that are not for strangers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;

use crate::config::Gate;

/// Whether a request may pass. Compared in constant time.
pub fn lets_through(gate: Option<&Gate>, headers: &HeaderMap) -> bool {
    let Some(gate) = gate else { return true };
    let sent = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
        .unwrap_or_default();
    let expected = format!("{}:{}", gate.user, gate.password.reveal());
    sent.ct_eq(expected.as_bytes()).into()
}
