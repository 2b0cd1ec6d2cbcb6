//! What every request and response passes through on every route.
//!
//! The service gives the request an id, checks it, turns a panic into a response, adds the security headers, logs the request and
//! reports failures to Sentry.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use data_encoding::HEXLOWER;
use hyper::body::Incoming;
use warp::Reply;
use warp::http::header::{CONNECTION, EXPECT, HeaderName, HeaderValue};
use warp::http::{HeaderMap, Request};
use warp::reply::Response as WarpResponse;

use crate::app::random_bytes;
use crate::observe::panics;
use crate::web::http::error::HttpError;
use crate::web::http::format::Format;
use crate::web::http::request::{RequestContext, RequestHead};
use crate::web::http::request_body::RequestBody;
use crate::web::http::state::WebState;
use crate::web::sentry_tunnel;
use crate::web::server::connection_state::ConnectionState;
use crate::web::server::routes::{InvalidRouteTable, Routes, route_table};
use crate::web::server::{dispatch, request_check, request_log};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The server of one environment, for one connection. Cheap to clone.
#[derive(Clone)]
pub struct Service<S> {
    state: Arc<WebState>,
    inner: S,
    /// The address at the other end of the connection.
    peer: Option<IpAddr>,
    connection: Option<Arc<ConnectionState>>,
    /// The next request id. Counts from a random start, so that ids do not repeat after a restart.
    next_id: Arc<AtomicU64>,
}

/// The service of all routes.
///
/// # Errors
/// [`InvalidRouteTable`], a bug in the table.
pub fn service(state: Arc<WebState>) -> Result<Service<impl Handler>, InvalidRouteTable> {
    let routes = Routes::new(route_table(state.has_captured_mail, state.has_test_endpoints))?;
    Ok(service_with(Arc::clone(&state), warp::service(dispatch::filter(state, Arc::new(routes)))))
}

/// A service with another handler than the routes.
pub fn service_with<S: Handler>(state: Arc<WebState>, inner: S) -> Service<S> {
    let first_id = random_bytes().map_or(0, u64::from_be_bytes);
    Service { state, inner, peer: None, connection: None, next_id: Arc::new(AtomicU64::new(first_id)) }
}

impl<S> Service<S> {
    /// The same service for a connection from `peer`.
    pub fn with_peer(self, peer: IpAddr, connection: Arc<ConnectionState>) -> Self {
        Self { peer: Some(peer), connection: Some(connection), ..self }
    }

    /// Whether connections from `peer` may belong to many users: it is this machine or a trusted proxy.
    pub fn is_proxy(&self, peer: IpAddr) -> bool {
        peer.to_canonical().is_loopback() || self.state.proxies.trusts(peer)
    }
}

/// What a [`Service`] passes requests to.
pub trait Handler:
    tower_service::Service<Request<RequestBody>, Response = WarpResponse, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}
impl<S> Handler for S where
    S: tower_service::Service<Request<RequestBody>, Response = WarpResponse, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

impl<S: Handler> tower_service::Service<Request<Incoming>> for Service<S> {
    type Response = WarpResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<WarpResponse, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let state = Arc::clone(&self.state);
        let proxy = self.peer.filter(|peer| state.proxies.trusts(*peer));
        let id = proxy.and_then(|_| forwarded_id(request.headers()));
        let id = id.unwrap_or_else(|| HEXLOWER.encode(&self.next_id.fetch_add(1, Ordering::Relaxed).to_be_bytes()));
        let head = Arc::new(RequestHead {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: std::mem::take(request.headers_mut()),
            context: RequestContext { id, ..RequestContext::default() },
            peer: self.peer,
        });
        request.extensions_mut().insert(Arc::clone(&head));
        let expects_continue = head.headers.contains_key(EXPECT);
        let request = request.map(|incoming| RequestBody::new(incoming, expects_continue));
        let (mut inner, mut body) = (self.inner.clone(), request.body().clone());
        let connection = self.connection.clone();
        Box::pin(async move {
            if let Some(connection) = &connection {
                connection.request_started();
            }
            let response = respond(&state, &mut inner, request, &head).await;
            Ok(finish_request(response, &mut body, connection.as_deref()).await)
        })
    }
}

/// Discards what is unread of the body. If it is too much, or if the server stops, the response closes the connection.
async fn finish_request(
    mut response: WarpResponse,
    body: &mut RequestBody,
    connection: Option<&ConnectionState>,
) -> WarpResponse {
    let read_whole = body.discard_rest().await;
    if let Some(connection) = connection {
        connection.request_finished(read_whole);
    }
    if !read_whole || connection.is_some_and(ConnectionState::is_stopping) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The request id from a trusted proxy, if it is safe in a log and in a header.
fn forwarded_id(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all(REQUEST_ID).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let id = line.to_str().ok()?;
    ((8..=64).contains(&id.len()) && id.as_bytes().iter().all(is_safe)).then(|| id.to_owned())
}

async fn respond<S: Handler>(
    state: &WebState,
    inner: &mut S,
    request: Request<RequestBody>,
    head: &Arc<RequestHead>,
) -> WarpResponse {
    let started_at = Instant::now();
    let mut panicked = false;
    let response = match request_check::check(state, head) {
        Ok(()) => {
            let shared = Arc::clone(head);
            let route = move || shared.context.route();
            let handling = state.reporter.bind_request(&head.context.id, route, async { inner.call(request).await });
            match panics::catch_panic(handling).await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(panic) => {
                    panicked = true;
                    error_response(state, HttpError::internal(panic), head)
                }
            }
        }
        Err(error) => error_response(state, error, head),
    };
    // Sentry got the panic when it happened.
    if response.status().is_server_error() && !panicked {
        report_failure(state, &response, &head.context);
    }
    let response = with_common_headers(state, response, &head.context.id);
    request_log::record(state, head, &response, started_at.elapsed());
    response
}

/// Failures of the Sentry tunnel are not reported: while Sentry is unreachable, each report would cause the next one.
fn report_failure(state: &WebState, response: &WarpResponse, context: &RequestContext) {
    if !sentry_tunnel::PATHS.contains(&context.route()) {
        let now = state.app.clock.now();
        state.reporter.report_failure(context.route(), &context.id, response.status().as_u16(), now);
    }
}

fn error_response(state: &WebState, error: HttpError, head: &RequestHead) -> WarpResponse {
    error.into_response(Format::from_path(head.path()), &state.frame(None), &head.context.id).into_response()
}

/// Adds the security headers and the request id. Headers of the response override security headers.
fn with_common_headers(state: &WebState, mut response: WarpResponse, request_id: &str) -> WarpResponse {
    let own = std::mem::replace(response.headers_mut(), state.security_headers.clone());
    response.headers_mut().extend(own);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
