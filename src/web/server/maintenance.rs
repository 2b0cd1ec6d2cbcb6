//! Answers every request with 503 and `Retry-After` while the data file is migrated.
//!
//! The use cases are not available yet, so neither is [`crate::web::server::service`]: no sessions, no page frame, no assets.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use warp::http::Response;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};

use crate::web::server::client_stream::{ClientStream, StreamTimeouts};
use crate::web::server::connection_state::{ConnectionState, ServerStage};
use crate::web::ui::errors;

const MAX_CONNECTIONS: usize = 256;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long responses may take when the work is done.
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);

/// Serves until the work is done, and then finishes the responses that are under way.
pub async fn serve_during<T>(listener: &TcpListener, work: impl Future<Output = T>) -> T {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (mut tasks, mut work) = (JoinSet::new(), pin!(work));
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            Some(_) = tasks.join_next() => {}
            accepted = accept(listener, &permits) => match accepted {
                Ok((stream, permit)) => {
                    tasks.spawn(async move {
                        serve_connection(stream).await;
                        drop(permit);
                    });
                }
                // Probably out of file descriptors.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    };
    let finished = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(FINISH_TIMEOUT, finished).await;
    result
}

async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

async fn serve_connection(stream: TcpStream) {
    // Its stage never changes, so the stream closes as that of a connection whose request is still arriving.
    let state = Arc::new(ConnectionState::new(watch::channel(ServerStage::Serving).1));
    let timeouts = StreamTimeouts { header: REQUEST_TIMEOUT, write: REQUEST_TIMEOUT };
    let stream = ClientStream::new(stream, Arc::clone(&state), timeouts);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(REQUEST_TIMEOUT).keep_alive(false);
    let serving = builder.serve_connection(
        TokioIo::new(stream),
        service_fn(|request| async move { Ok::<_, Infallible>(respond(&request)) }),
    );
    // A client may break its connection off or send nothing, so errors are ignored.
    let _ = tokio::time::timeout(REQUEST_TIMEOUT, serving).await;
}

fn respond(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (content_type, body) = if request.uri().path().starts_with("/api/") {
        let body =
            serde_json::json!({ "ok": false, "error": { "code": "maintenance", "message": errors::MAINTENANCE } });
        ("application/json", body.to_string())
    } else {
        ("text/html; charset=utf-8", errors::maintenance().into_string())
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = warp::http::StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    for (name, value) in [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store"), (RETRY_AFTER, "5")] {
        headers.insert(name, warp::http::HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex"),
    ] {
        headers.insert(name, warp::http::HeaderValue::from_static(value));
    }
    response
}
