//! The `tls` check: the certificate is trusted and not about to expire, and browsers are told to use HTTPS only.

use jiff::SignedDuration;

use super::certificate::{CertificateError, expiry, fetch_certificate};
use super::check::{CheckError, CheckResult, header_or_missing};
use super::context::CheckContext;
use super::http_client::RequestError;
use crate::app::clock::Clock;
use crate::domain::calendar::format::format_utc;
use crate::ops::protocol::report::SkipReason;

/// A certificate must be valid for longer than this.
const MIN_VALIDITY: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The shortest HSTS `max-age`: half a year.
const MIN_HSTS_SECONDS: u64 = 15_768_000;

pub(super) fn check_tls(context: &mut CheckContext<'_>) -> CheckResult {
    let endpoint = &context.target.endpoint;
    if endpoint.base.scheme() != "https" {
        return Err(without_tls(context));
    }
    let certificate = match fetch_certificate(endpoint) {
        Ok(certificate) => certificate,
        // This says nothing about the certificate.
        Err(CertificateError::NoAddress | CertificateError::Connect(_)) => return Err(CheckError::Blocked("health")),
        Err(error) => {
            context.is_reachable = false;
            let found = error.to_string();
            return Err(CheckError::failed("a certificate that browsers accept", found, error.remedy()));
        }
    };
    let Some(expires) = expiry(&certificate) else {
        let remedy = "renew the certificate at the proxy";
        return Err(CheckError::failed("a certificate with a readable expiry date", "none", remedy));
    };
    let left = expires.duration_since(Clock::System.now());
    if left <= MIN_VALIDITY {
        return Err(CheckError::failed(
            "a certificate that is valid for more than 14 days",
            format!("it expires at {}", format_utc(expires)),
            "renew the certificate at the proxy",
        ));
    }
    let response = match context.anonymous_client().get("/landing") {
        Ok(response) if (502..=504).contains(&response.status) => return Err(CheckError::Blocked("health")),
        Err(RequestError::Transport { .. }) => return Err(CheckError::Blocked("health")),
        other => other?,
    };
    let header = response.header("strict-transport-security");
    if !is_long_enough(header) {
        return Err(CheckError::failed(
            format!("Strict-Transport-Security with max-age={MIN_HSTS_SECONDS} or more"),
            header_or_missing(header),
            "set app_url to the https address, and let the proxy forward the header",
        ));
    }
    Ok(format!("the certificate is valid for {} more days", left.as_hours() / 24))
}

/// What a deployment without HTTPS comes to, which depends on its kind and on whether it is only reached locally.
fn without_tls(context: &CheckContext<'_>) -> CheckError {
    let endpoint = &context.target.endpoint;
    if !context.target.settings.policy.https {
        return CheckError::not_applicable("the address is not https");
    }
    if endpoint.is_local() {
        let why = "this is a rehearsal without TLS; run it at the public address";
        return CheckError::Skipped(SkipReason::Rehearsal, why.to_owned());
    }
    CheckError::failed(
        "an address that begins with https",
        endpoint.base.to_string(),
        "put a proxy with TLS in front, and set app_url to its address",
    )
}

fn is_long_enough(header: &str) -> bool {
    let age = header.split(';').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u64>().ok());
    age.is_some_and(|age| age >= MIN_HSTS_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hsts_must_last_half_a_year() {
        assert!(is_long_enough("max-age=63072000; includeSubDomains"));
        assert!(is_long_enough("includeSubDomains; max-age=15768000"));
        assert!(!is_long_enough("") && !is_long_enough("max-age=0") && !is_long_enough("max-age=86400"));
    }
}
