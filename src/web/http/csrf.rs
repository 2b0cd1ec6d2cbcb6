//! Cross-site request forgery: only our own pages may send requests that change something.

use warp::http::{HeaderMap, Method};

use crate::web::http::format::Format;

/// Whether a request may be handled. Safe methods always may.
///
/// SECURITY: browsers state the origin of a request, and scripts cannot forge it. `Sec-Fetch-Site` must be `same-origin`; without
/// that header, `Origin`, else `Referer`, must be ours. A request without any of them does not come from a browser and is handled
/// only by the API, and only with a method or content type that a page of another site cannot send without our consent. Duplicates
/// of these headers have been refused before, by the service.
pub fn is_allowed(method: &Method, headers: &HeaderMap, format: Format, origins: &[String]) -> bool {
    if method.is_safe() {
        return true;
    }
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let is_ours = |text: &str| origins.iter().any(|origin| origin == text);
    match (header("sec-fetch-site"), header("origin"), header("referer")) {
        (Some(site), origin, _) => site == "same-origin" && origin.is_none_or(is_ours),
        (None, Some(origin), _) => is_ours(origin),
        (None, None, Some(referer)) => {
            url::Url::parse(referer).is_ok_and(|url| is_ours(&url.origin().ascii_serialization()))
        }
        (None, None, None) => {
            let is_json =
                header("content-type").is_some_and(|media| media.trim_start().starts_with("application/json"));
            // Without a cookie, no user's session can be abused.
            format == Format::Api && (is_json || *method != Method::POST || !headers.contains_key("cookie"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    fn decide(method: &Method, format: Format, headers: Headers<'_>) -> bool {
        let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
        is_allowed(method, &headers, format, &["https://atlas.example.com".to_owned()])
    }

    #[test]
    fn only_our_own_pages_may_change_something() {
        use Format::{Api, Page};
        let own_origin = "https://atlas.example.com";
        let table: [(bool, Format, Headers<'_>); 19] = [
            (true, Page, &[("sec-fetch-site", "same-origin"), ("origin", own_origin)]),
            (false, Page, &[("sec-fetch-site", "same-origin"), ("origin", "null")]),
            (false, Page, &[("sec-fetch-site", "cross-site"), ("origin", own_origin)]),
            (false, Page, &[("sec-fetch-site", "same-site"), ("origin", "https://evil.example.com")]),
            (false, Page, &[("sec-fetch-site", "none")]),
            (false, Page, &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example.com")]),
            (true, Page, &[("origin", own_origin)]),
            (false, Page, &[("origin", "null")]),
            (false, Page, &[("origin", "https://atlas.example.com.evil.com")]),
            (false, Page, &[("origin", "https://atlas.example.com:8443")]),
            (false, Page, &[("origin", "http://atlas.example.com")]),
            (true, Page, &[("referer", "https://atlas.example.com/today")]),
            (false, Page, &[("referer", "https://evil.example.com/?https://atlas.example.com")]),
            (false, Page, &[]),
            (false, Page, &[("content-type", "application/json")]),
            (true, Api, &[("content-type", "application/json")]),
            (false, Api, &[("content-type", "text/plain"), ("cookie", "a=b")]),
            (true, Api, &[]),
            (false, Api, &[("content-type", "application/json"), ("origin", "https://evil.example.com")]),
        ];
        for (expected, format, headers) in table {
            assert_eq!(decide(&Method::POST, format, headers), expected, "{headers:?}");
        }
        assert!(decide(&Method::DELETE, Api, &[]));
        assert!(decide(&Method::GET, Page, &[("sec-fetch-site", "cross-site")]));
    }
}
