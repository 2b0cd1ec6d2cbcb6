//! Atlas as an installed app: offline page, manifest and service worker.

use bytes::Bytes;
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

use super::view;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::ui::layout::Frame;

/// `GET /offline`: cached by the service worker, so it is the same for every user.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    Ok(response::page(StatusCode::OK, view::page(&Frame { path: request.path(), ..request.state.frame(None) })))
}

/// How long browsers use the manifest without asking for a newer one. They look for it on every page.
const MANIFEST_CACHING: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// `GET /manifest.webmanifest`.
pub async fn manifest(request: Request) -> Result<Response, HttpError> {
    let mut response = response::bare_json(StatusCode::OK, &view::manifest(request.state.label.as_deref()));
    let media = HeaderValue::from_static("application/manifest+json");
    response.headers_mut().insert(CONTENT_TYPE, media);
    response.headers_mut().insert(CACHE_CONTROL, MANIFEST_CACHING);
    Ok(response)
}

/// `GET /sw.js`: at the root, because a service worker controls only pages below its own path.
pub async fn service_worker(_: Request) -> Result<Response, HttpError> {
    let script = view::service_worker().ok_or(HttpError::NotFound)?;
    let mut response = Response::new(Bytes::from(script));
    let media = HeaderValue::from_static("text/javascript; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
