//! The gate: a shared name and password in front of environments that are not for strangers.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;

use super::failure::Failure;
use super::limits::{By, Limit};
use super::site::Site;
use crate::app::sessions;
use crate::domain::attempts::Rule;

/// Wrong credentials from one address. Whoever sends none is asked for them, and is not counted.
const WRONG: Limit = Limit { name: "gate", rule: Rule::minutes(20, 5, 5), by: By::Client };

/// Whether a request may pass.
///
/// SECURITY: whoever was wrong too often is not told any more what is right. Neighbours behind the same address who are
/// signed in go on: no stranger can be.
///
/// # Errors
/// [`Failure::Gate`]; [`crate::domain::Refusal::TooMany`].
pub fn admit(site: &Site, address: Option<IpAddr>, headers: &HeaderMap) -> Result<(), Failure> {
    let Some(gate) = &site.gate else { return Ok(()) };
    let Some(sent) = headers.get(AUTHORIZATION) else { return Err(Failure::Gate) };
    let sent = sent.to_str().ok().and_then(|value| value.split_once(' '));
    let sent = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let sent = sent.and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok()).unwrap_or_default();
    let expected = format!("{}:{}", gate.user, gate.password.reveal());
    let is_right = is_same(&sent, expected.as_bytes());
    let Some(limits) = &site.limits else { return if is_right { Ok(()) } else { Err(Failure::Gate) } };
    let now = site.app.clock.now();
    match limits.check(&WRONG, address, now) {
        Err(_) if is_right && is_signed_in(site, headers) => Ok(()),
        Err(why) => Err(why.into()),
        Ok(()) if is_right => Ok(()),
        Ok(()) => {
            limits.count(&WRONG, address, None, now).check()?;
            Err(Failure::Gate)
        }
    }
}

fn is_signed_in(site: &Site, headers: &HeaderMap) -> bool {
    let member = site.cookie.read(headers).map(|token| sessions::member(&site.app, token));
    matches!(member, Some(Ok(Some(_))))
}

/// Compares in constant time, whatever the lengths.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    Sha256::digest(one).ct_eq(&Sha256::digest(other)).into()
}
