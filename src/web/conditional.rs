//! Conditional requests: whether a client has what it asks for already (RFC 9110, 13.1.2).

use warp::http::HeaderMap;
use warp::http::header::{HeaderValue, IF_NONE_MATCH};

/// Whether `If-None-Match` names this tag, or any. Tags of ours hold no comma.
pub(super) fn names(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    known.map(<[u8]>::trim_ascii).any(|item| item == b"*" || item.strip_prefix(b"W/").unwrap_or(item) == tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_when_one_of_those_that_were_sent_is_the_same() {
        let tag = HeaderValue::from_static("\"abc\"");
        let names = |lines: &[&'static str]| {
            let lines = lines.iter().map(|line| (IF_NONE_MATCH, HeaderValue::from_static(line)));
            super::names(&lines.collect(), &tag)
        };
        for lines in [&["\"abc\""][..], &["W/\"abc\""], &["\"x\", \"abc\""], &["\"x\"", "\"abc\""], &["*"]] {
            assert!(names(lines), "{lines:?}");
        }
        for lines in [&[][..], &[""], &["abc"], &["\"abcd\""], &["\"ABC\""], &["w/\"abc\""]] {
            assert!(!names(lines), "{lines:?}");
        }
    }
}
