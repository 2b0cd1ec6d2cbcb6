//! Serves assets: cacheable forever under their hashed names, precompressed, and with 304 for unchanged ones.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::Bytes;
use headers::HeaderMapExt;
use serde_json::json;
use warp::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use warp::http::{HeaderMap, StatusCode};

use super::embedded;
use crate::web::assets::embedded::Asset;
use crate::web::http::compression::accepts;
use crate::web::http::conditional;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::ui::{layout, navigation};

/// Every asset by its public name. A name with the hash of another build does not exist.
static ASSETS: LazyLock<HashMap<&'static str, Vec<Encoded>>> = LazyLock::new(|| {
    let pairs = embedded::addresses()
        .iter()
        .filter_map(|(name, address)| Some((address.strip_prefix("/assets/")?, encode(embedded::find(name)?))));
    pairs.collect()
});

/// An asset in one content coding, with its headers.
struct Encoded {
    encoding: Option<&'static str>,
    body: Bytes,
    headers: HeaderMap,
}

/// `GET /assets/{name}`.
pub async fn serve(request: Request) -> Result<Response, HttpError> {
    let name: String = request.path_param("name")?;
    let encodings = ASSETS.get(name.as_str()).ok_or(HttpError::NotFound)?;
    negotiate(encodings, &request.headers).ok_or(HttpError::NotFound)
}

/// `GET /favicon.ico`, which browsers request by default.
pub async fn favicon(request: Request) -> Result<Response, HttpError> {
    let icon = embedded::address(layout::favicon_name(request.state.label.as_deref()));
    Ok(response::temporary_redirect(icon))
}

/// `GET /speculation-rules.json`: the pages that browsers fetch when the pointer rests on their link or a finger touches it. They
/// are not rendered ahead, because scripts would run in pages that nobody has opened.
pub async fn speculation_rules(_: Request) -> Result<Response, HttpError> {
    let rules = json!({ "prefetch": [{ "urls": navigation::main_paths(), "eagerness": "moderate" }] });
    let mut response = response::bare_json(StatusCode::OK, &rules);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/speculationrules+json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    Ok(response)
}

/// The asset in each content coding, the smallest first and the plain one last.
fn encode(asset: Asset) -> Vec<Encoded> {
    let Asset { plain, brotli, gzip, media_type, hash } = asset;
    let encodings = [(brotli, Some("br")), (gzip, Some("gzip")), (Some(plain), None)];
    let with_headers = |(body, encoding): (Option<Cow<'static, [u8]>>, Option<&'static str>)| {
        let tag = format!("\"{hash}{}\"", encoding.map(|name| format!("-{name}")).unwrap_or_default());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        headers.insert(ETAG, HeaderValue::from_str(&tag).ok()?);
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        Some(Encoded { encoding, body: into_bytes(body?), headers })
    };
    encodings.into_iter().filter_map(with_headers).collect()
}

/// The first encoding that the client accepts, or 304 if the client has it.
fn negotiate(encodings: &[Encoded], request: &HeaderMap) -> Option<Response> {
    let encoded =
        encodings.iter().find(|encoded| encoded.encoding.is_none_or(|encoding| accepts(request, encoding)))?;
    let is_known = conditional::is_not_modified(request.typed_get().as_ref(), &encoded.headers);
    let mut response = Response::new(if is_known { Bytes::new() } else { encoded.body.clone() });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response.headers_mut().clone_from(&encoded.headers);
    Some(response)
}

/// Embedded bytes are sent without being copied.
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

    fn compressed_asset() -> Asset {
        Asset {
            plain: Cow::Borrowed(b"plain"),
            brotli: Some(Cow::Borrowed(b"br")),
            gzip: Some(Cow::Borrowed(b"gz")),
            media_type: "text/css; charset=utf-8",
            hash: "abc".to_owned(),
        }
    }

    #[test]
    fn each_client_gets_an_encoding_that_it_accepts_and_each_encoding_has_its_own_tag() {
        let mut tags = Vec::new();
        for (accepted, body, encoding) in
            [("br, gzip", "br", Some("br")), ("gzip", "gz", Some("gzip")), ("", "plain", None)]
        {
            let headers = [(ACCEPT_ENCODING, accepted.parse().unwrap())].into_iter().collect();
            let response = negotiate(&encode(compressed_asset()), &headers).unwrap();
            assert_eq!(response.body(), body);
            assert_eq!(response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap()), encoding);
            assert_eq!(response.headers()[VARY], "Accept-Encoding");
            tags.push(response.headers()[ETAG].clone());
        }
        tags.dedup();
        assert_eq!(tags.len(), 3);
    }
}
