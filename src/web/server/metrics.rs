//! `GET /metrics` for Prometheus, on a separate listener that serves nothing else.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use warp::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::http::{Method, Request, Response, StatusCode};

use crate::app::mail::backlog;
use crate::observe::metrics::{self, Scrape};
use crate::store::BATCH_BOUNDS;
use crate::store::file::disk::free_bytes;
use crate::store::tables::schema;
use crate::web::http::state::WebState;

const MAX_CONNECTIONS: usize = 16;
/// The longest wait for the headers of a request. The whole exchange may take twice as long.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves metrics until it is dropped.
pub async fn serve(state: Arc<WebState>, listener: Arc<TcpListener>) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Probably out of file descriptors. Wait until some are closed rather than spin.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let _permit = permit;
            let service = service_fn(|request| {
                let response = respond(&state, &request);
                async move { Ok::<_, Infallible>(response) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).keep_alive(false);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            // Prometheus scrapes again, so errors are ignored.
            let _ = tokio::time::timeout(HEADER_TIMEOUT * 2, connection).await;
        });
    }
}

fn respond(state: &WebState, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, text) = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => (StatusCode::OK, render(state)),
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        _ => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// Every metric. A value that cannot be read at the moment is omitted.
fn render(state: &WebState) -> String {
    let mut scrape = Scrape::default();
    let store = &state.app.store;
    let environment = store.stamp().environment.to_string();
    let build = [("version", env!("CARGO_PKG_VERSION")), ("environment", environment.as_str())];
    scrape.info("atlas_build_info", "What is running, and as which environment", &build);
    scrape.gauge("atlas_uptime_seconds", "Time since the server started", state.started_at.elapsed().as_secs());
    scrape.gauge("atlas_schema", "Schema of the data file", schema::VERSION);
    if let Some(requests) = &state.request_durations {
        scrape.request_durations(requests);
    }
    add_store(state, &mut scrape);
    if let Ok(backlog) = backlog::measure_backlog(&state.app) {
        scrape.gauge("atlas_outbox_mails", "Mail waiting to be sent", backlog.mails);
        let oldest = backlog.oldest.as_secs();
        scrape.gauge("atlas_outbox_oldest_seconds", "Age of the oldest waiting mail; 0 when none waits", oldest);
    }
    let now = state.app.clock.now();
    if let Some(age) = state.app.snapshot_ages.created(now) {
        scrape.gauge("atlas_snapshot_created_age_seconds", "Time since the newest snapshot was created", age);
    }
    if let Some(age) = state.app.snapshot_ages.verified(now) {
        scrape.gauge("atlas_snapshot_verified_age_seconds", "Time since a snapshot was last verified", age);
    }
    if let Some(offsite) = &state.app.offsite {
        let is_complete = u32::from(offsite.problem().is_none());
        scrape.gauge("atlas_snapshot_offsite_complete", "1 if no snapshot lacks its off-site copy", is_complete);
    }
    scrape.into_text()
}

fn add_store(state: &WebState, scrape: &mut Scrape) {
    let store = &state.app.store;
    let stats = store.stats();
    scrape.counter("atlas_store_commits", "Commits that reached the disk", stats.commits);
    scrape.histogram(
        "atlas_store_batch_writes",
        "Writes that shared a commit",
        &BATCH_BOUNDS,
        &stats.batches,
        stats.commits,
        stats.writes,
    );
    scrape.gauge("atlas_store_queue_writes", "Writes waiting for the writer", stats.waiting);
    let writable = u32::from(store.can_commit());
    scrape.gauge("atlas_store_writable", "1 while the data file takes writes, 0 after a failed commit", writable);
    if let Ok(file) = std::fs::metadata(store.path()) {
        scrape.gauge("atlas_data_file_bytes", "Size of the data file", file.len());
    }
    if let Ok(free) = free_bytes(store.path()) {
        scrape.gauge("atlas_disk_free_bytes", "Free space on the disk of the data file", free);
    }
}
