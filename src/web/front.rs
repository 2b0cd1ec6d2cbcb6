//! The front door: what every request and every answer go through, whatever the route.
//!
//! Gives each request a number, checks the host, turns a panic into an answer, puts the security headers on, writes the one
//! log line, and reports what broke.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use data_encoding::HEXLOWER;
use hyper::body::Incoming;
use tower_service::Service;
use warp::Reply;
use warp::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, REFERER,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
};
use warp::http::{HeaderMap, Request};
use warp::reply::Response as WarpResponse;

use super::face::Face;
use super::failure::Failure;
use super::reply::Code;
use super::routes::{BadTable, Routes, table};
use super::site::Site;
use super::visit::{Asked, Trace};
use super::{dispatch, operator, tunnel};
use crate::app::random;
use crate::observe::activity::Entry;
use crate::observe::panics;

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
    Ok(door_to(Arc::clone(&site), warp::service(dispatch::filter(site, Arc::new(routes)))))
}

/// The same front door before anything else that answers.
pub fn door_to<S: Handler>(site: Arc<Site>, inner: S) -> Front<S> {
    let numbers = random().map_or(0, u64::from_be_bytes);
    Front { site, inner, peer: None, numbers: Arc::new(AtomicU64::new(numbers)) }
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
        let site = Arc::clone(&self.site);
        let told = self.peer.filter(|peer| site.proxies.trust(*peer)).and_then(|_| told_number(request.headers()));
        let id = told.unwrap_or_else(|| HEXLOWER.encode(&self.numbers.fetch_add(1, Ordering::Relaxed).to_be_bytes()));
        let asked = Arc::new(Asked {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: std::mem::take(request.headers_mut()),
            trace: Trace { id, ..Trace::default() },
            peer: self.peer,
        });
        request.extensions_mut().insert(Arc::clone(&asked));
        let mut inner = self.inner.clone();
        Box::pin(async move { Ok(answer(&site, &mut inner, request, &asked).await) })
    }
}

/// The number that a trusted proxy has given the request, when it is one that can stand in a log and in a header.
fn told_number(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all("x-request-id").iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let number = line.to_str().ok()?;
    ((8..=64).contains(&number.len()) && number.as_bytes().iter().all(fits)).then(|| number.to_owned())
}

async fn answer<S: Handler>(
    site: &Site,
    inner: &mut S,
    request: Request<Incoming>,
    asked: &Arc<Asked>,
) -> WarpResponse {
    let began = Instant::now();
    let mut panicked = false;
    let response = match sound(site, asked) {
        Ok(()) => {
            let known = Arc::clone(asked);
            let route = move || known.trace.route();
            let answering = site.reporter.around(&asked.trace.id, route, async { inner.call(request).await });
            match panics::caught(answering).await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(place) => {
                    panicked = true;
                    refuse(site, Failure::Broken(format!("a handler panicked at {place}")), asked)
                }
            }
        }
        Err(failure) => refuse(site, failure, asked),
    };
    // A panic was reported where it happened.
    if response.status().is_server_error() && !panicked {
        report(site, &response, &asked.trace);
    }
    finish(site, response, asked, began)
}

/// SECURITY: what the tunnel to Sentry answers is not told to Sentry, or a Sentry that is down would be told so for ever.
fn report(site: &Site, response: &WarpResponse, trace: &Trace) {
    if !tunnel::PATHS.contains(&trace.route()) {
        site.reporter.failure(trace.route(), &trace.id, response.status().as_u16(), site.app.clock.now());
    }
}

fn refuse(site: &Site, failure: Failure, asked: &Asked) -> WarpResponse {
    failure.answer(Face::of(asked.path()), &site.frame(None), &asked.trace.id).into_response()
}

/// Whether the request is meant for us. Framing that two servers could read differently is hyper's to refuse: lengths
/// that differ get 400, and a request with a length beside chunks is the last on its connection.
fn sound(site: &Site, asked: &Asked) -> Result<(), Failure> {
    // CONNECT and the like name no path, so nothing here can answer them.
    if asked.uri.path_and_query().is_none() {
        return Err(Failure::Malformed("The request names no path.".to_owned()));
    }
    if let Some(name) = doubled(&asked.headers) {
        return Err(Failure::Malformed(format!("The request has more than one {name} header.")));
    }
    let host = host(asked)?;
    // A probe may reach the server by its address; everything else must use the public name.
    if site.answers_to(host) || asked.path() == "/api/health" { Ok(()) } else { Err(Failure::Misdirected) }
}

/// Headers that decide who asks, from where, and as what a body is read. Cookies may come in several lines.
static SAID_ONCE: [HeaderName; 7] = [
    AUTHORIZATION,
    CONTENT_ENCODING,
    CONTENT_TYPE,
    ORIGIN,
    REFERER,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static(operator::HEADER),
];

/// SECURITY: of two lines a proxy could have gone by the one and Atlas by the other.
fn doubled(headers: &HeaderMap) -> Option<&'static HeaderName> {
    if headers.len() == headers.keys_len() {
        return None;
    }
    SAID_ONCE.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some())
}

fn host(asked: &Asked) -> Result<&str, Failure> {
    let mut hosts = asked.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let host = host.ok_or_else(|| Failure::Malformed("The request needs one Host header.".to_owned()))?;
    match asked.uri.authority() {
        Some(authority) if !authority.as_str().eq_ignore_ascii_case(host) => Err(Failure::Misdirected),
        _ => Ok(host),
    }
}

const CONTENT_SECURITY_POLICY: (HeaderName, &str) = (
    HeaderName::from_static("content-security-policy"),
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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

/// What every answer of a site says, unless a handler chose otherwise. Made once; each answer begins with a copy.
pub(super) fn headers(is_https: bool, is_marked: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2 * HEADERS.len());
    headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
    if is_marked {
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    }
    headers
}

fn finish(site: &Site, mut response: WarpResponse, asked: &Asked, began: Instant) -> WarpResponse {
    let own = std::mem::replace(response.headers_mut(), site.headers.clone());
    response.headers_mut().extend(own);
    if let Ok(number) = HeaderValue::from_str(&asked.trace.id) {
        response.headers_mut().insert(REQUEST_ID, number);
    }
    let code = response.extensions().get::<Code>().map(|code| code.0);
    note(site, asked, response.status().as_u16(), code, began);
    response
}

/// Answers that say nothing about what people do: they would push everything else out of what admins look at.
const NOISE: [&str; 8] = [
    "/assets/{name}",
    "/favicon.ico",
    "/api/health",
    "/sw.js",
    "/manifest.webmanifest",
    "/monitoring",
    "/_obs",
    "/api/operator/verify",
];

/// The one line of the log, and what admins look at.
///
/// SECURITY: the route by its template, never a path or a query; the person under a name that only this file's key can make.
fn note(site: &Site, asked: &Asked, status: u16, code: Option<&'static str>, began: Instant) {
    let took = began.elapsed();
    let Asked { method, trace, .. } = asked;
    let (route, millis) = (trace.route(), took.as_secs_f64() * 1_000.0);
    if let Some(requests) = &site.requests {
        requests.note(route, method.as_str(), status, took);
    }
    // A method can be as long as a header; what is kept is not.
    let method = method.as_str().get(..16).unwrap_or(method.as_str());
    if tracing::enabled!(tracing::Level::INFO) {
        let person = trace.person.get().map(|id| site.app.keys.pseudonym(*id));
        tracing::info!(request = trace.id, method, route, status, millis, person, code, "request");
    }
    if status >= 400 || !NOISE.contains(&route) {
        let (at, request, method) = (site.app.clock.now(), trace.id.clone(), method.to_owned());
        site.activity.note(Entry { at, request, method, route, status, millis, code });
    }
}
