//! What is answered while the data file is led to another schema: every address says 503 and when to come back.
//!
//! No app is there yet, so nothing of [`super::front`] can be: no sessions, no pages with a frame, no assets.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use warp::http::Response;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};

use crate::pages::errors;

/// Most connections at a time.
const MOST: usize = 256;
/// Longest wait for a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers on `listener` for ever. Dropping it closes what is open.
pub async fn answer(listener: &TcpListener) {
    let permits = Arc::new(Semaphore::new(MOST));
    let mut tasks = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        tokio::select! {
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(async move {
                        connection(stream).await;
                        drop(permit);
                    });
                }
                // Out of descriptors, most likely.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

async fn connection(stream: TcpStream) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
    let serving = builder.serve_connection(
        TokioIo::new(stream),
        service_fn(|request| async move { Ok::<_, Infallible>(wait(&request)) }),
    );
    // A client that breaks off, or never asks, is its own business.
    let _ = tokio::time::timeout(PATIENCE, serving).await;
}

fn wait(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (kind, body) = if request.uri().path().starts_with("/api/") {
        let body =
            serde_json::json!({ "ok": false, "error": { "code": "maintenance", "message": errors::MAINTENANCE } });
        ("application/json", body.to_string())
    } else {
        ("text/html; charset=utf-8", errors::maintenance().into_string())
    };
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = warp::http::StatusCode::SERVICE_UNAVAILABLE;
    let headers = answer.headers_mut();
    for (name, value) in [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store"), (RETRY_AFTER, "5")] {
        headers.insert(name, warp::http::HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex"),
    ] {
        headers.insert(name, warp::http::HeaderValue::from_static(value));
    }
    answer
}
