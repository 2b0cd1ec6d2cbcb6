//! Conditional requests: whether the client already has what it asks for (RFC 9110, 13.1.2).

use headers::{ETag, HeaderMapExt, IfNoneMatch};
use warp::http::HeaderMap;

/// Whether the client has the response with these headers already.
pub fn is_not_modified(known: Option<&IfNoneMatch>, response: &HeaderMap) -> bool {
    let (Some(known), Some(tag)) = (known, response.typed_get::<ETag>()) else { return false };
    !known.precondition_passes(&tag)
}

#[cfg(test)]
mod tests {
    use warp::http::header::{ETAG, HeaderValue, IF_NONE_MATCH};

    use super::*;

    #[test]
    fn a_response_is_not_modified_when_one_of_the_sent_tags_is_its_tag() {
        let response: HeaderMap = [(ETAG, HeaderValue::from_static("\"abc\""))].into_iter().collect();
        let is_known = |lines: &[&'static str]| {
            let request: HeaderMap = lines.iter().map(|line| (IF_NONE_MATCH, HeaderValue::from_static(line))).collect();
            is_not_modified(request.typed_get().as_ref(), &response)
        };
        for lines in [&["\"abc\""][..], &["W/\"abc\""], &["\"x\", \"abc\""], &["*"]] {
            assert!(is_known(lines), "{lines:?}");
        }
        for lines in [&[][..], &[""], &["abc"], &["\"abcd\""], &["\"ABC\""], &["w/\"abc\""]] {
            assert!(!is_known(lines), "{lines:?}");
        }
    }
}
