//! Cross-site request forgery: only our own pages may send requests that change something.

use warp::http::header::COOKIE;
use warp::http::{HeaderMap, Method};

use crate::web::http::error::HttpError;
use crate::web::http::host::is_same_origin;
use crate::web::http::media_type::{JSON_FILE_TYPES, media_type};

/// Which programs that are no browsers may send requests to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedPrograms {
    /// None: it is a page's form.
    None,
    /// Those that send JSON, or no cookie.
    Json,
    /// All: the address changes nothing of any user.
    All,
}

/// Checks whether a request may be handled. Safe methods always may.
///
/// SECURITY: browsers state the origin of a request, and scripts cannot forge it. `Sec-Fetch-Site` must be `same-origin`; without
/// that header, `Origin`, else `Referer`, must be ours. A request without any of them does not come from a browser; the API takes
/// it only with a method or content type that a page of another site cannot send without our consent. Duplicates of these headers
/// have been refused before, by the service.
///
/// # Errors
/// [`HttpError::CrossSite`]; [`HttpError::UnsupportedMediaType`] if JSON would be taken.
pub fn check(
    method: &Method,
    headers: &HeaderMap,
    programs: AllowedPrograms,
    origins: &[String],
) -> Result<(), HttpError> {
    if method.is_safe() {
        return Ok(());
    }
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let is_ours = |text: &str| origins.iter().any(|origin| is_same_origin(origin, text));
    let is_from_our_page = match (header("sec-fetch-site"), header("origin"), header("referer")) {
        (Some(site), origin, _) => site == "same-origin" && origin.is_none_or(is_ours),
        (None, Some(origin), _) => is_ours(origin),
        (None, None, Some(referer)) => {
            url::Url::parse(referer).is_ok_and(|url| is_ours(&url.origin().ascii_serialization()))
        }
        (None, None, None) => return check_program(method, headers, programs),
    };
    if is_from_our_page { Ok(()) } else { Err(HttpError::CrossSite) }
}

fn check_program(method: &Method, headers: &HeaderMap, programs: AllowedPrograms) -> Result<(), HttpError> {
    // Types that a page of another site cannot send without a preflight.
    let is_preflighted = media_type(headers).is_some_and(|sent| JSON_FILE_TYPES.contains(&sent));
    match programs {
        AllowedPrograms::None => Err(HttpError::CrossSite),
        AllowedPrograms::All => Ok(()),
        // Without a cookie, no user's session can be abused.
        AllowedPrograms::Json if is_preflighted || *method != Method::POST || !headers.contains_key(COOKIE) => Ok(()),
        AllowedPrograms::Json => Err(HttpError::unsupported_media_type(headers, "application/json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    fn decide(method: &Method, programs: AllowedPrograms, headers: Headers<'_>) -> bool {
        let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
        check(method, &headers, programs, &["https://atlas.example.com".to_owned()]).is_ok()
    }

    #[test]
    fn only_our_own_pages_may_change_something() {
        use AllowedPrograms::{All, Json as Api, None as Page};
        let own_origin = "https://atlas.example.com";
        let table: [(bool, AllowedPrograms, Headers<'_>); 22] = [
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
            (true, Api, &[("content-type", "application/gzip"), ("cookie", "a=b")]),
            (false, Api, &[("content-type", "text/plain"), ("cookie", "a=b")]),
            (true, Api, &[]),
            (true, All, &[("content-type", "text/plain"), ("cookie", "a=b")]),
            (false, All, &[("origin", "https://evil.example.com")]),
            (false, Api, &[("content-type", "application/json"), ("origin", "https://evil.example.com")]),
        ];
        for (expected, programs, headers) in table {
            assert_eq!(decide(&Method::POST, programs, headers), expected, "{programs:?} {headers:?}");
        }
        assert!(decide(&Method::DELETE, Api, &[]));
        assert!(decide(&Method::GET, Page, &[("sec-fetch-site", "cross-site")]));
    }
}
