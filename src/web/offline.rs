//! Atlas installed, and without a connection.

use bytes::Bytes;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::http::{Response, StatusCode};

use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::pages::offline;

/// `GET /offline`: kept by the service worker, so it is the same for everybody.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    Ok(reply::page(StatusCode::OK, offline::page(&visit.site.frame(None))))
}

/// `GET /manifest.webmanifest`.
pub async fn manifest(visit: Visit) -> Result<Answer, Failure> {
    let mut answer = reply::bare(StatusCode::OK, &offline::manifest(visit.site.marked.as_deref()));
    let media = HeaderValue::from_static("application/manifest+json");
    answer.headers_mut().insert(CONTENT_TYPE, media);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(answer)
}

/// `GET /sw.js`: stands at the root, because a service worker may only serve what lies below it.
pub async fn worker(_: Visit) -> Result<Answer, Failure> {
    let script = offline::worker().ok_or(Failure::NotFound)?;
    let mut answer = Response::new(Bytes::from(script));
    let media = HeaderValue::from_static("text/javascript; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, media);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(answer)
}
