//! Sending assets: hashed names for ever, compressed ahead, unchanged ones not at all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

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

/// Every asset by its public name, with the hash of this build in it: another hash names nothing.
static SENT: LazyLock<HashMap<&'static str, Vec<Form>>> = LazyLock::new(|| {
    let named = assets::addresses()
        .iter()
        .filter_map(|(name, address)| Some((address.strip_prefix("/assets/")?, forms(assets::find(name)?))));
    named.collect()
});

/// A form in which an asset can be sent, with the headers that go with it.
struct Form {
    encoding: Option<&'static str>,
    body: Bytes,
    headers: HeaderMap,
}

/// `GET /assets/{name}`.
pub async fn send(visit: Visit) -> Result<Answer, Failure> {
    let name: String = visit.part("name")?;
    let forms = SENT.get(name.as_str()).ok_or(Failure::NotFound)?;
    answer(forms, &visit.headers).ok_or(Failure::NotFound)
}

/// `GET /favicon.ico`, which browsers ask for unasked.
pub async fn favicon(visit: Visit) -> Result<Answer, Failure> {
    Ok(reply::elsewhere(assets::address(layout::favicon(visit.site.marked.as_deref()))))
}

/// The forms of an asset, the shortest first and the plain one last.
fn forms(asset: Asset) -> Vec<Form> {
    let Asset { plain, brotli, gzip, media, hash } = asset;
    let forms = [(brotli, Some("br")), (gzip, Some("gzip")), (Some(plain), None)];
    let form = |(body, encoding): (Option<Cow<'static, [u8]>>, Option<&'static str>)| {
        let tag = format!("\"{hash}{}\"", encoding.map(|name| format!("-{name}")).unwrap_or_default());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        headers.insert(ETAG, HeaderValue::from_str(&tag).ok()?);
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        Some(Form { encoding, body: into_bytes(body?), headers })
    };
    forms.into_iter().filter_map(form).collect()
}

/// The first form that the client takes, or that it has it.
fn answer(forms: &[Form], asked: &HeaderMap) -> Option<Answer> {
    let form = forms.iter().find(|form| form.encoding.is_none_or(|encoding| accepts(asked, encoding)))?;
    let known = form.headers.get(ETAG).is_some_and(|tag| conditional::names(asked, tag));
    let mut answer = Response::new(if known { Bytes::new() } else { form.body.clone() });
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }
    answer.headers_mut().clone_from(&form.headers);
    Some(answer)
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
            let sent = answer(&forms(packed()), &headers).unwrap();
            assert_eq!(sent.body(), body);
            assert_eq!(sent.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap()), encoding);
            assert_eq!(sent.headers()[VARY], "Accept-Encoding");
            tags.push(sent.headers()[ETAG].clone());
        }
        tags.dedup();
        assert_eq!(tags.len(), 3);
    }
}
