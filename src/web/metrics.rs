//! `GET /metrics`, on a listener of its own: numbers for Prometheus, and nothing else.

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

use super::site::Site;
use crate::app::figures;
use crate::observe::metrics::Exposition;
use crate::store::snapshots::free_bytes;
use crate::store::{BATCH_BOUNDS, schema};

/// Most scrapers at a time.
const CONNECTIONS: usize = 16;
/// Longest wait for a scraper to ask, and to have read.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers on `listener` for as long as it is polled.
pub async fn serve(site: Arc<Site>, listener: Arc<TcpListener>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: wait for some to come back instead of spinning.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            let _permit = permit;
            let service = service_fn(|request| {
                let answer = answer(&site, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            // A scraper that is cut off or goes away asks again.
            let _ = tokio::time::timeout(PATIENCE * 2, connection).await;
        });
    }
}

fn answer(site: &Site, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, text) = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => (StatusCode::OK, page(site)),
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        _ => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    answer
}

/// Every number. What cannot be found out just now is left out.
fn page(site: &Site) -> String {
    let mut page = Exposition::default();
    let store = &site.app.store;
    let environment = store.stamp().environment.to_string();
    page.family("atlas_build_info", "gauge", "What is running, and as which environment.");
    page.sample("atlas_build_info", &[("version", env!("CARGO_PKG_VERSION")), ("environment", &environment)], 1);
    page.gauge("atlas_uptime_seconds", "Time since it began to serve.", site.since.elapsed().as_secs());
    page.gauge("atlas_schema", "Schema of the data file.", schema::VERSION);
    if let Some(requests) = &site.requests {
        requests.write(&mut page);
    }
    of_the_store(site, &mut page);
    if let Ok(backlog) = figures::backlog(&site.app) {
        page.gauge("atlas_outbox_mails", "Mails that wait to be sent.", backlog.mails);
        let oldest = backlog.oldest.as_secs();
        page.gauge("atlas_outbox_oldest_seconds", "Age of the mail that waits longest; 0 when none does.", oldest);
    }
    let now = site.app.clock.now();
    if let Some(age) = site.app.snapshot_ages.created(now) {
        page.gauge("atlas_snapshot_created_age_seconds", "Time since a snapshot was made.", age);
    }
    if let Some(age) = site.app.snapshot_ages.verified(now) {
        page.gauge("atlas_snapshot_verified_age_seconds", "Time since a snapshot was found whole.", age);
    }
    page.into_text()
}

fn of_the_store(site: &Site, page: &mut Exposition) {
    let store = &site.app.store;
    let stats = store.stats();
    page.counter("atlas_store_commits_total", "Commits that reached the disk.", stats.commits);
    let family = "atlas_store_batch_writes";
    page.family(family, "histogram", "Writes that shared a commit.");
    page.histogram(family, &[], &BATCH_BOUNDS, &stats.batches, stats.commits, stats.writes);
    page.gauge("atlas_store_queue_writes", "Writes that wait for the writer.", stats.waiting);
    let works = u8::from(store.can_commit());
    page.gauge("atlas_store_writable", "1 while the data file takes writes, 0 after a commit has failed.", works);
    if let Ok(file) = std::fs::metadata(store.path()) {
        page.gauge("atlas_data_file_bytes", "Size of the data file.", file.len());
    }
    if let Ok(free) = free_bytes(store.path()) {
        page.gauge("atlas_disk_free_bytes", "Room left on the data file's disk.", free);
    }
}
