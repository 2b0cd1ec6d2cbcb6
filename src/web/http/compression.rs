//! Content codings: which of them a client accepts, and gzip for rendered responses.
//!
//! [`Route::gzip`](crate::web::Route::gzip) says which responses may be compressed, and why not all of them.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};
use warp::http::HeaderMap;
use warp::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, VARY};

use crate::web::http::response::Response;

/// A smaller response fits into one packet without compression.
const MIN_BYTES: usize = 1_024;

/// The fastest level. The default level, 6, makes a daily page smaller by another fifth and takes three times as long.
const LEVEL: u32 = 1;

/// The base-2 logarithm of the window in bytes; the maximum.
const WINDOW_BITS: u8 = 15;

thread_local! {
    /// Each thread's encoder, about 300 KB. It is created when first needed, and reused.
    static ENCODER: RefCell<Compress> = RefCell::new(Compress::new_gzip(Compression::new(LEVEL), WINDOW_BITS));
}

/// Whether `Accept-Encoding` names `encoding` with a weight above zero.
pub fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        is_named && parts.all(|part| weight(part) > 0.0)
    })
}

/// The weight in a parameter: 1 if it is another parameter, 0 if it cannot be parsed.
fn weight(parameter: &str) -> f32 {
    match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => value.trim().parse().unwrap_or(0.0),
        _ => 1.0,
    }
}

/// Compresses a response that is large enough, if gzip is accepted and makes it smaller.
pub fn compress(mut response: Response, accepts_gzip: bool) -> Response {
    if response.body().len() < MIN_BYTES {
        return response;
    }
    // Uncompressed responses vary as well: a cache must not serve one form to every client.
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    if accepts_gzip && let Some(compressed) = gzip(response.body()) {
        *response.body_mut() = compressed;
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// The bytes compressed with gzip, if that makes them shorter.
fn gzip(plain: &[u8]) -> Option<Bytes> {
    // The buffer is as large as the plain form, so that compression fails if the result would be larger.
    let mut compressed = Vec::with_capacity(plain.len());
    let status = ENCODER.with_borrow_mut(|encoder| {
        // Before compressing rather than after: the previous response may have failed halfway.
        encoder.reset();
        encoder.compress_vec(plain, &mut compressed, FlushCompress::Finish)
    });
    matches!(status, Ok(Status::StreamEnd)).then(|| Bytes::from(compressed))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::web::http::response;

    #[test]
    fn an_encoding_is_accepted_if_it_is_named_with_a_weight_above_zero() {
        let accepts =
            |line: &'static str| accepts(&[(ACCEPT_ENCODING, line.parse().unwrap())].into_iter().collect(), "br");
        for line in ["br", "gzip, deflate, br", "BR;q=0.5", "gzip;q=0, br", "br ; Q=1.0", "br;q=0.001"] {
            assert!(accepts(line), "{line}");
        }
        for line in ["", "gzip", "brr", "identity", "br;q=0, gzip", "br;q=0.000", "br; Q = 0.0", "br;q=", "br;q=much"] {
            assert!(!accepts(line), "{line}");
        }
    }

    fn plain_response(body: &[u8]) -> Response {
        Response::new(Bytes::copy_from_slice(body))
    }

    fn decompressed(response: &Response) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(response.body().as_ref()).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn consecutive_responses_are_compressed_and_decompress_to_themselves() {
        for length in [MIN_BYTES, 4_000, 400_000, 2_000] {
            let body: Vec<u8> = (0..length).flat_map(|n| format!("<li>{n}</li>").into_bytes()).collect();
            let compressed = compress(plain_response(&body), true);
            assert_eq!(compressed.headers()[CONTENT_ENCODING], "gzip");
            assert_eq!(compressed.headers()[VARY], "Accept-Encoding");
            assert!(compressed.body().len() < body.len() / 2);
            assert_eq!(decompressed(&compressed), body);
        }
    }

    #[test]
    fn small_unaccepted_and_incompressible_responses_are_sent_uncompressed() {
        let small = compress(plain_response(&[b'a'; MIN_BYTES - 1]), true);
        assert_eq!((small.body().len(), small.headers().len()), (MIN_BYTES - 1, 0));

        let refused = compress(plain_response(&[b'a'; MIN_BYTES]), false);
        assert_eq!(refused.body().as_ref(), [b'a'; MIN_BYTES]);
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
        let dense = compress(plain_response(&noise), true);
        assert_eq!((dense.body().as_ref(), dense.headers().get(CONTENT_ENCODING)), (noise.as_slice(), None));
        let next = compress(response::bare_json(warp::http::StatusCode::OK, &"a".repeat(MIN_BYTES)), true);
        assert_eq!(decompressed(&next).len(), MIN_BYTES + 2);
    }
}
