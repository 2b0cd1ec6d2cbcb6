//! Whether a write comes from our own pages.

use warp::http::{HeaderMap, Method};

use super::face::Face;

/// Whether a request that may change something is let through. Reading is always.
///
/// SECURITY: browsers say where a request comes from, and scripts cannot make them lie. `Sec-Fetch-Site` must be
/// `same-origin`; without it `Origin`, else `Referer`, must be ours. Who sends none of them is no browser: that is
/// let through only to the API, with a method or content type that no foreign page could send unasked. None of them is there
/// twice: the front door refuses that.
pub fn may_write(method: &Method, headers: &HeaderMap, face: Face, origins: &[String]) -> bool {
    if method.is_safe() {
        return true;
    }
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let ours = |text: &str| origins.iter().any(|origin| origin == text);
    match (header("sec-fetch-site"), header("origin"), header("referer")) {
        (Some(site), origin, _) => site == "same-origin" && origin.is_none_or(ours),
        (None, Some(origin), _) => ours(origin),
        (None, None, Some(referer)) => {
            url::Url::parse(referer).is_ok_and(|url| ours(&url.origin().ascii_serialization()))
        }
        (None, None, None) => {
            let json = header("content-type").is_some_and(|media| media.trim_start().starts_with("application/json"));
            // Without a cookie there is nobody in whose name something could be done.
            face == Face::Api && (json || *method != Method::POST || !headers.contains_key("cookie"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Lines<'a> = &'a [(&'static str, &'a str)];

    fn decide(method: &Method, face: Face, lines: Lines<'_>) -> bool {
        let headers = lines.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
        may_write(method, &headers, face, &["https://atlas.example.com".to_owned()])
    }

    #[test]
    fn only_our_own_pages_may_write() {
        use Face::{Api, Page};
        let ours = "https://atlas.example.com";
        let table: [(bool, Face, Lines<'_>); 19] = [
            (true, Page, &[("sec-fetch-site", "same-origin"), ("origin", ours)]),
            (false, Page, &[("sec-fetch-site", "same-origin"), ("origin", "null")]),
            (false, Page, &[("sec-fetch-site", "cross-site"), ("origin", ours)]),
            (false, Page, &[("sec-fetch-site", "same-site"), ("origin", "https://evil.example.com")]),
            (false, Page, &[("sec-fetch-site", "none")]),
            (false, Page, &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example.com")]),
            (true, Page, &[("origin", ours)]),
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
        for (expected, face, lines) in table {
            assert_eq!(decide(&Method::POST, face, lines), expected, "{lines:?}");
        }
        assert!(decide(&Method::DELETE, Api, &[]));
        assert!(decide(&Method::GET, Page, &[("sec-fetch-site", "cross-site")]));
    }
}
