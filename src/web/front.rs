//! The front door: what every request and every answer go through, whatever the route.
//!
//! Gives each request a number, checks the host, turns HEAD into GET, turns a panic into an answer, puts the
//! security headers on, and writes the one log line.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures_util::FutureExt;
use hyper::body::Incoming;
use tower_service::Service;
use warp::Reply;
use warp::http::header::{CACHE_CONTROL, HOST, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY};
use warp::http::{HeaderMap, Method, Request};
use warp::reply::Response as WarpResponse;

use super::dispatch;
use super::face::Face;
use super::failure::Failure;
use super::reply::{Code, Template};
use super::routes::{BadTable, Routes, table};
use super::site::Site;
use super::visit::{Peer, RequestNumber};
use crate::app::random;
use crate::observe::{self, activity::Entry};

/// The front door of a site. Cheap to clone: one per connection.
#[derive(Clone)]
pub struct Front<S> {
    site: Arc<Site>,
    inner: S,
    /// Who is at the other end of this connection.
    peer: Option<IpAddr>,
    /// Numbers of requests: a random beginning, so that restarts do not repeat them, then one after the other.
    numbers: Arc<AtomicU64>,
}

/// A front door before all routes of a site.
///
/// # Errors
/// [`BadTable`], a fault of the build.
pub fn door(site: Arc<Site>) -> Result<Front<impl Handler>, BadTable> {
    let routes = Routes::of(table(site.reads_mail, site.has_test_endpoints))?;
    let inner = warp::service(dispatch::filter(Arc::clone(&site), Arc::new(routes)));
    let numbers = random().map_or(0, u64::from_be_bytes);
    Ok(Front { site, inner, peer: None, numbers: Arc::new(AtomicU64::new(numbers)) })
}

impl<S> Front<S> {
    /// The same door for a connection from `peer`.
    pub fn facing(self, peer: IpAddr) -> Self {
        Self { peer: Some(peer), ..self }
    }

    /// Whether connections from `peer` may be many people's: it is this machine or a trusted proxy.
    pub fn is_proxy(&self, peer: IpAddr) -> bool {
        peer.to_canonical().is_loopback() || self.site.proxies.trust(peer)
    }
}

/// What stands behind the door.
pub trait Handler:
    Service<Request<Incoming>, Response = WarpResponse, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}
impl<S> Handler for S where
    S: Service<Request<Incoming>, Response = WarpResponse, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S: Handler> Service<Request<Incoming>> for Front<S> {
    type Response = WarpResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<WarpResponse, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(Peer(peer));
        }
        let site = Arc::clone(&self.site);
        let mut inner = self.inner.clone();
        let number = format!("{:016x}", self.numbers.fetch_add(1, Ordering::Relaxed));
        Box::pin(async move { Ok(answer(&site, &mut inner, request, number).await) })
    }
}

async fn answer<S: Handler>(
    site: &Site,
    inner: &mut S,
    mut request: Request<Incoming>,
    number: String,
) -> WarpResponse {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = match sound(site, &request) {
        Ok(()) => {
            if method == Method::HEAD {
                // hyper knows that HEAD was asked and sends no body.
                *request.method_mut() = Method::GET;
            }
            request.extensions_mut().insert(RequestNumber(number.clone()));
            match AssertUnwindSafe(inner.call(request)).catch_unwind().await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(_) => refuse(site, Failure::Broken("a handler panicked".to_owned()), &path, &number),
            }
        }
        Err(failure) => refuse(site, failure, &path, &number),
    };
    finish(site, response, &method, &number, began)
}

fn refuse(site: &Site, failure: Failure, path: &str, number: &str) -> WarpResponse {
    failure.answer(Face::of(path), &site.frame(None), number).into_response()
}

/// Whether the request is meant for us. Framing that two servers could read differently is hyper's to refuse: lengths
/// that differ get 400, and a request with a length beside chunks is the last on its connection.
fn sound(site: &Site, request: &Request<Incoming>) -> Result<(), Failure> {
    let headers = request.headers();
    // CONNECT and the like name no path, so nothing here can answer them.
    if request.uri().path_and_query().is_none() {
        return Err(Failure::Malformed("The request names no path.".to_owned()));
    }
    let host = host(headers, request)?;
    // A probe may reach the server by its address; everything else must use the public name.
    if site.answers_to(host) || request.uri().path() == "/api/health" { Ok(()) } else { Err(Failure::Misdirected) }
}

fn host<'a>(headers: &'a HeaderMap, request: &'a Request<Incoming>) -> Result<&'a str, Failure> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let host = host.ok_or_else(|| Failure::Malformed("The request needs one Host header.".to_owned()))?;
    match request.uri().authority() {
        Some(authority) if !authority.as_str().eq_ignore_ascii_case(host) => Err(Failure::Misdirected),
        _ => Ok(host),
    }
}

const CONTENT_SECURITY_POLICY: (HeaderName, &str) = (
    HeaderName::from_static("content-security-policy"),
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
);

/// On every answer, unless a handler chose otherwise.
const HEADERS: [(HeaderName, &str); 9] = [
    CONTENT_SECURITY_POLICY,
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-dns-prefetch-control"), "off"),
    (REFERRER_POLICY, "strict-origin-when-cross-origin"),
    // Pages show what a person did; no cache on the way may keep them.
    (CACHE_CONTROL, "no-store"),
];

fn finish(site: &Site, mut response: WarpResponse, method: &Method, number: &str, began: Instant) -> WarpResponse {
    let route = response.extensions().get::<Template>().map_or("(none)", |template| template.0);
    let code = response.extensions().get::<Code>().map(|code| code.0);
    let status = response.status();
    let headers = response.headers_mut();
    headers.reserve(HEADERS.len() + 4);
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if site.is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
    if site.marked.is_some() {
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    }
    if let Ok(number) = HeaderValue::from_str(number) {
        headers.insert("x-request-id", number);
    }
    let millis = began.elapsed().as_secs_f64() * 1_000.0;
    // What stands beside a page, and a probe that finds all well, would push everything else out.
    if status.as_u16() >= 400
        || !matches!(route, "/assets/{name}" | "/favicon.ico" | "/api/health" | "/sw.js" | "/manifest.webmanifest")
    {
        // A method can be as long as a header; what is kept is not.
        let (at, method) = (site.app.clock.now(), method.as_str().chars().take(16).collect());
        site.activity.note(Entry {
            at,
            request: number.to_owned(),
            method,
            route,
            status: status.as_u16(),
            millis,
            code,
        });
    }
    tracing::info!(request = number, method = %method, route, status = status.as_u16(), millis, "request");
    if status.is_server_error() && status != warp::http::StatusCode::SERVICE_UNAVAILABLE {
        observe::sentry::report_failure(route, number, status.as_u16());
    }
    response
}
