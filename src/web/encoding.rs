//! Content codings: which of them a client takes, and gzip for answers that were just made.
//!
//! Knows nothing of routes. Which answers may be compressed at all, [`super::routes`] says, and why not all of them.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};
use warp::http::HeaderMap;
use warp::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, VARY};

use super::reply::Answer;

/// Fewest bytes that are compressed. A smaller answer fits into one packet as it is.
const WORTH_IT: usize = 1_024;

/// The quickest level. The usual one, 6, would save another fifth of a day's page and take three times as long.
const LEVEL: u32 = 1;

/// How far back repetitions are found: two to this power bytes, the most there is.
const WINDOW_BITS: u8 = 15;

thread_local! {
    /// Each thread's encoder, about 300 KB, made when it is first needed and used for ever after.
    static ENCODER: RefCell<Compress> = RefCell::new(Compress::new_gzip(Compression::new(LEVEL), WINDOW_BITS));
}

/// Whether `Accept-Encoding` names `wanted` and does not give it the weight zero.
pub fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        named && parts.all(|part| weight(part) > 0.0)
    })
}

/// The weight that a parameter gives; 1 when it gives none, 0 when it cannot be read.
fn weight(parameter: &str) -> f32 {
    match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => value.trim().parse().unwrap_or(0.0),
        _ => 1.0,
    }
}

/// Compresses an answer that is large enough, if gzip is `accepted` and makes it smaller.
pub fn pack(mut answer: Answer, accepted: bool) -> Answer {
    if answer.body().len() < WORTH_IT {
        return answer;
    }
    // Also with the plain form: a cache must not hand it to everybody either.
    answer.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    if accepted && let Some(packed) = gzip(answer.body()) {
        *answer.body_mut() = packed;
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// The gzip form of some bytes, when it is shorter.
fn gzip(plain: &[u8]) -> Option<Bytes> {
    // Only as much room as the plain form takes, so what gets longer is not finished.
    let mut packed = Vec::with_capacity(plain.len());
    let status = ENCODER.with_borrow_mut(|encoder| {
        // Before and not after: whatever became of the last answer, this one begins anew.
        encoder.reset();
        encoder.compress_vec(plain, &mut packed, FlushCompress::Finish)
    });
    matches!(status, Ok(Status::StreamEnd)).then(|| Bytes::from(packed))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::web::reply;

    #[test]
    fn an_encoding_counts_when_it_is_named_and_not_refused() {
        let accepts =
            |line: &'static str| accepts(&[(ACCEPT_ENCODING, line.parse().unwrap())].into_iter().collect(), "br");
        for line in ["br", "gzip, deflate, br", "BR;q=0.5", "gzip;q=0, br", "br ; Q=1.0", "br;q=0.001"] {
            assert!(accepts(line), "{line}");
        }
        for line in ["", "gzip", "brr", "identity", "br;q=0, gzip", "br;q=0.000", "br; Q = 0.0", "br;q=", "br;q=much"] {
            assert!(!accepts(line), "{line}");
        }
    }

    fn answer(body: &[u8]) -> Answer {
        Answer::new(Bytes::copy_from_slice(body))
    }

    fn unpacked(answer: &Answer) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(answer.body().as_ref()).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn one_answer_after_the_other_is_packed_and_unpacks_to_itself() {
        for length in [WORTH_IT, 4_000, 400_000, 2_000] {
            let body: Vec<u8> = (0..length).flat_map(|n| format!("<li>{n}</li>").into_bytes()).collect();
            let packed = pack(answer(&body), true);
            assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
            assert_eq!(packed.headers()[VARY], "Accept-Encoding");
            assert!(packed.body().len() < body.len() / 2);
            assert_eq!(unpacked(&packed), body);
        }
    }

    #[test]
    fn what_is_small_or_refused_or_does_not_shrink_is_sent_as_it_is() {
        let small = pack(answer(&[b'a'; WORTH_IT - 1]), true);
        assert_eq!((small.body().len(), small.headers().len()), (WORTH_IT - 1, 0));

        let refused = pack(answer(&[b'a'; WORTH_IT]), false);
        assert_eq!(refused.body().as_ref(), [b'a'; WORTH_IT]);
        assert_eq!(
            (refused.headers().get(CONTENT_ENCODING), &refused.headers()[VARY]),
            (None, &"Accept-Encoding".parse().unwrap())
        );

        let mut seed = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        })
        .take(5_000)
        .collect();
        let dense = pack(answer(&noise), true);
        assert_eq!((dense.body().as_ref(), dense.headers().get(CONTENT_ENCODING)), (noise.as_slice(), None));
        let next = pack(reply::bare(warp::http::StatusCode::OK, &"a".repeat(WORTH_IT)), true);
        assert_eq!(unpacked(&next).len(), WORTH_IT + 2);
    }
}
