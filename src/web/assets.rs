//! Sending assets: hashed names for ever, compressed ahead, unchanged ones not at all.

use std::borrow::Cow;

use bytes::Bytes;
use warp::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use warp::http::{HeaderMap, Response, StatusCode};

use super::conditional;
use super::encoding::accepts;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::pages::assets::{self, Asset};
use crate::pages::layout;

/// `GET /assets/{name}`.
pub async fn send(visit: Visit) -> Result<Answer, Failure> {
    let public: String = visit.part("name")?;
    let (name, hash) = assets::unhashed(&public).ok_or(Failure::NotFound)?;
    let asset = assets::find(&name).ok_or(Failure::NotFound)?;
    if hash == asset.hash { Ok(answer(asset, &visit.headers)) } else { Err(Failure::NotFound) }
}

/// `GET /favicon.ico`, which browsers ask for unasked.
pub async fn favicon(visit: Visit) -> Result<Answer, Failure> {
    Ok(reply::elsewhere(assets::address(layout::favicon(visit.site.marked.as_deref()))))
}

fn answer(asset: Asset, headers: &HeaderMap) -> Answer {
    let (body, encoding) = match (asset.brotli, asset.gzip) {
        (Some(brotli), _) if accepts(headers, "br") => (brotli, Some("br")),
        (_, Some(gzip)) if accepts(headers, "gzip") => (gzip, Some("gzip")),
        _ => (asset.plain, None),
    };
    let tag = format!("\"{}{}\"", asset.hash, encoding.map(|name| format!("-{name}")).unwrap_or_default());
    let tag = HeaderValue::from_str(&tag).ok();
    let known = tag.as_ref().is_some_and(|tag| conditional::names(headers, tag));
    let mut answer = Response::new(if known { Bytes::new() } else { into_bytes(body) });
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    answer
}

/// Embedded bytes are sent from where they are.
fn into_bytes(body: Cow<'static, [u8]>) -> Bytes {
    match body {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

#[cfg(test)]
mod tests {
    use warp::http::header::ACCEPT_ENCODING;

    use super::*;

    fn packed() -> Asset {
        Asset {
            plain: Cow::Borrowed(b"plain"),
            brotli: Some(Cow::Borrowed(b"br")),
            gzip: Some(Cow::Borrowed(b"gz")),
            media: "text/css; charset=utf-8",
            hash: "abc".to_owned(),
        }
    }

    #[test]
    fn what_was_prepared_ahead_is_sent_to_whom_it_suits_and_each_form_has_its_tag() {
        let mut tags = Vec::new();
        for (accepted, body, encoding) in
            [("br, gzip", "br", Some("br")), ("gzip", "gz", Some("gzip")), ("", "plain", None)]
        {
            let headers = [(ACCEPT_ENCODING, accepted.parse().unwrap())].into_iter().collect();
            let sent = answer(packed(), &headers);
            assert_eq!(sent.body(), body);
            assert_eq!(sent.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap()), encoding);
            assert_eq!(sent.headers()[VARY], "Accept-Encoding");
            tags.push(sent.headers()[ETAG].clone());
        }
        tags.dedup();
        assert_eq!(tags.len(), 3);
    }
}
