//! The media type of a request's body.

use warp::http::HeaderMap;
use warp::http::header::CONTENT_TYPE;

/// The types of a file of JSON, plain or compressed.
pub const JSON_FILE_TYPES: [&str; 3] = ["application/json", "application/gzip", "application/x-gzip"];

/// The content type without its parameters.
pub fn media_type(headers: &HeaderMap) -> Option<&str> {
    let media = content_type(headers).split(';').next().unwrap_or("").trim();
    (!media.is_empty()).then_some(media)
}

/// The content type as it was sent, or an empty text.
pub fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("")
}
