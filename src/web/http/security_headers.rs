//! The security headers of every response (OWASP Secure Headers).

use warp::http::HeaderMap;
use warp::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY};

use crate::config::Hsts;

const CONTENT_SECURITY_POLICY: (HeaderName, &str) = (
    HeaderName::from_static("content-security-policy"),
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
);

const HEADERS: [(HeaderName, &str); 9] = [
    CONTENT_SECURITY_POLICY,
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-dns-prefetch-control"), "off"),
    (REFERRER_POLICY, "strict-origin-when-cross-origin"),
    // Pages show what a user did, so no shared cache may store them.
    (CACHE_CONTROL, "no-store"),
];

/// The headers that every response starts with; a handler may override them. `hsts` is `None` without HTTPS. Built once and cloned for every response. Search
/// engines are kept out of environments other than production.
pub fn security_headers(hsts: Option<Hsts>, is_labeled: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2 * HEADERS.len());
    headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    // One year. Other hosts of the domain may have no TLS, and nobody can take this header back, so the operator decides.
    let hsts = hsts.map(|hsts| match hsts {
        Hsts::Host => "max-age=31536000",
        Hsts::Subdomains => "max-age=31536000; includeSubDomains",
        Hsts::Preload => "max-age=31536000; includeSubDomains; preload",
    });
    if let Some(hsts) = hsts {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(hsts));
    }
    if is_labeled {
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_setting_includes_subdomains_and_preload_lists() {
        let header = |hsts| security_headers(hsts, false).get(STRICT_TRANSPORT_SECURITY).cloned();
        assert_eq!(header(None), None);
        assert_eq!(header(Some(Hsts::Host)).unwrap(), "max-age=31536000");
        assert_eq!(header(Some(Hsts::Subdomains)).unwrap(), "max-age=31536000; includeSubDomains");
        assert_eq!(header(Some(Hsts::Preload)).unwrap(), "max-age=31536000; includeSubDomains; preload");
    }
}
