//! From a request to its handler: basic authentication, route, origin, session, access, rate limit. In that order, for every route.
//! And back: responses of routes that allow it are compressed, and pages cached.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use parking_lot::Mutex;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::{Filter, Reply};

use crate::app::admin;
use crate::app::identity::sessions;
use crate::domain::{Account, AccountId, Refusal};
use crate::web::account::view::AccountPart;
use crate::web::admin::api as admin_api;
use crate::web::http::body::Body;
use crate::web::http::csrf::{self, AllowedPrograms};
use crate::web::http::error::HttpError;
use crate::web::http::format::Format;
use crate::web::http::page_cache::CacheKey;
use crate::web::http::rate_limit::{LimitStatus, RateLimit};
use crate::web::http::request::{PathParams, Request, RequestHead};
use crate::web::http::response::{self, Response, Succeeded, code};
use crate::web::http::state::WebState;
use crate::web::http::{basic_auth, compression, prefetch, redirect};
use crate::web::server::request_check;
use crate::web::server::routes::{Access, Route, Routes, allowed_methods};
use crate::web::today;
use crate::web::two_factor::view::ADDRESS as TWO_FACTOR_PAGE;
use crate::web::{health, operator, sentry_tunnel};

/// The only warp filter. The service passes the head of the request in an extension; warp handles only the body, and rejects
/// nothing.
pub fn filter(state: Arc<WebState>, routes: Arc<Routes>) -> BoxedFilter<(warp::reply::Response,)> {
    warp::ext::optional::<Arc<RequestHead>>()
        .and(warp::body::stream())
        .then(move |head: Option<Arc<RequestHead>>, body| {
            let body = Mutex::new(Some(into_body(body)));
            let request = head.map(|head| {
                let state = Arc::clone(&state);
                Request { state, head, path_params: Vec::new(), member: None, body }
            });
            let routes = Arc::clone(&routes);
            async move {
                match request {
                    Some(request) => Ok::<_, Infallible>(respond(&routes, request).await),
                    // Only if a request bypassed the service.
                    None => Ok(response::json_error(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL_ERROR, "", &[])),
                }
            }
        })
        .map(|response: Result<Response, Infallible>| match response {
            Ok(response) => response.into_response(),
            Err(never) => match never {},
        })
        .boxed()
}

fn into_body(body: impl Stream<Item = Result<impl Buf, warp::Error>> + Send + 'static) -> Body {
    Box::pin(body.map(|chunk| chunk.map(|mut chunk| -> Bytes { chunk.copy_to_bytes(chunk.remaining()) })))
}

async fn respond(routes: &Routes, mut request: Request) -> Response {
    let (state, head) = (Arc::clone(&request.state), Arc::clone(&request.head));
    // Before anything is read for the response, so that a concurrent commit invalidates the page.
    let since = state.app.store.commit_seq();
    let (mut accepts_gzip, mut limit, mut cache_key) = (None, None, None);
    let (mut account, mut call) = (None, None);

    let result = match find_route(&request, routes) {
        Ok((route, path_params)) => {
            let _ = head.context.route.set(route.path);
            accepts_gzip = route.gzip.then(|| compression::accepts(&head.headers, "gzip"));
            request.path_params = path_params;
            let authorized = authorize(&mut request, &route);
            account = signed_in_account(&request);
            let authorized = authorized.and_then(|()| {
                call = route.limit.map(|limit| LimitedCall::new(limit, &request));
                limit = count_call(&state, call);
                limit.as_ref().map_or(Ok(()), |limit| Ok(limit.check()?))
            });
            match (authorized, route.on_limit) {
                (Ok(()), _) => {
                    cache_key = request.maybe_account().filter(|_| route.cached).and_then(|account| {
                        let now = state.app.clock.now();
                        CacheKey::new(account, &head.uri, &head.headers, accepts_gzip == Some(true), since, now)
                    });
                    if let Some(page) = cache_key.as_ref().and_then(|key| state.page_cache.find(&state.app, key)) {
                        return page;
                    }
                    (route.handler)(request).await
                }
                (Err(HttpError::Refused(refusal @ Refusal::TooManyAttempts(_))), Some(on_limit)) => {
                    on_limit(request, refusal).await
                }
                (Err(error), _) => Err(error),
            }
        }
        Err(error) => {
            // Errors before basic authentication or from another site must not depend on who is signed in.
            if matches!(error, HttpError::NotFound | HttpError::MethodNotAllowed(_))
                && find_member(&mut request).is_ok()
            {
                account = signed_in_account(&request);
            }
            Err(error)
        }
    };
    let mut response = result.unwrap_or_else(|error| error_response(&state, routes, &head, account.as_deref(), error));
    prefetch::add_header(&mut response, &head.method, Format::from_path(head.path()), account.is_some());
    if response.extensions().get::<Succeeded>().is_some() {
        limit = give_back(&state, call).or(limit);
    }
    if let Some(limit) = limit {
        limit.set_headers(&mut response);
    }
    if let Some(accepts_gzip) = accepts_gzip {
        response = compression::compress(response, accepts_gzip);
    }
    match cache_key {
        Some(key) => state.page_cache.insert(&state.app, &key, response),
        None => response,
    }
}

/// The response to an error. On a page, a user who must sign in, set up two-factor authentication, or is not an admin is
/// redirected.
fn error_response(
    state: &WebState,
    routes: &Routes,
    head: &RequestHead,
    account: Option<&Account>,
    error: HttpError,
) -> Response {
    let (path, is_safe) = (head.path(), head.method.is_safe());
    // Downloads are links and forms on pages, which a response of JSON would replace.
    let is_download = Format::from_path(path) == Format::Api && is_navigation(&head.headers);
    let (path, query) = if is_download { (download_page(path), None) } else { (path, head.uri.query()) };
    match (error, Format::from_path(path)) {
        (HttpError::NotSignedIn, Format::Page) if is_safe => {
            response::temporary_redirect(&redirect::sign_in_from(path, query.unwrap_or_default()))
        }
        (HttpError::NotSignedIn, Format::Page) => {
            response::see_other(&redirect::sign_in_from(nearest_page(routes, path), ""))
        }
        (HttpError::Refused(Refusal::StepUpRequired), Format::Page) if path.starts_with(ADMIN_PAGE) => {
            response::see_other(&redirect::confirm_from(nearest_page(routes, path)))
        }
        (HttpError::Refused(Refusal::TwoFactorRequired), Format::Page) => response::see_other(TWO_FACTOR_PAGE),
        (HttpError::Refused(Refusal::AdminRequired), Format::Page) if is_safe => {
            response::temporary_redirect(today::html::ADMIN_REQUIRED)
        }
        (HttpError::Refused(Refusal::AdminRequired), Format::Page) => response::see_other(today::html::ADMIN_REQUIRED),
        (error, format) => error.into_response(format, &state.frame(account), &head.context.id),
    }
}

const ADMIN_PAGE: &str = "/admin";

/// The page that offers the download at a path below `/api/`.
fn download_page(path: &str) -> &'static str {
    if path.starts_with(admin_api::EXPORTS) { ADMIN_PAGE } else { AccountPart::Data.path() }
}

/// Whether a browser is opening a page, as it says itself (Fetch Metadata).
fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}

/// A call of a route with a limit.
#[derive(Clone, Copy)]
struct LimitedCall {
    limit: RateLimit,
    address: Option<IpAddr>,
    account: Option<AccountId>,
}

impl LimitedCall {
    fn new(limit: RateLimit, request: &Request) -> Self {
        let account = request.maybe_account().map(|account| account.id);
        Self { limit, address: request.client_address(), account }
    }
}

fn count_call(state: &WebState, call: Option<LimitedCall>) -> Option<LimitStatus> {
    let (limiter, LimitedCall { limit, address, account }) = state.rate_limiter.as_ref().zip(call)?;
    Some(limiter.count(&limit, address, account, state.app.clock.now()))
}

/// Gives a call back that succeeded.
fn give_back(state: &WebState, call: Option<LimitedCall>) -> Option<LimitStatus> {
    let (limiter, LimitedCall { limit, address, account }) = state.rate_limiter.as_ref().zip(call)?;
    limiter.give_back(&limit, address, account, state.app.clock.now())
}

/// The page from which `path` was probably posted: the path itself or the nearest one above it that can be opened.
fn nearest_page<'a>(routes: &Routes, mut path: &'a str) -> &'a str {
    let is_page =
        |path| routes.find(path).is_some_and(|(routes, _)| routes.iter().any(|route| route.method == Method::GET));
    while !path.is_empty() && !is_page(path) {
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
    if path.is_empty() { "/" } else { path }
}

/// The route of a request that passes every check that needs no session.
fn find_route(request: &Request, routes: &Routes) -> Result<(Route, PathParams), HttpError> {
    let (state, head) = (&request.state, &request.head);
    // The options of the server are of no interest, but whether it works. hyper sends no body in response to HEAD.
    let path = if request_check::is_server_options(head) { health::PATH } else { head.path() };
    let is_health_check = head.method == Method::OPTIONS && path == health::PATH;
    let method = if head.method == Method::HEAD || is_health_check { &Method::GET } else { &head.method };
    let matched = routes.find(path);
    let is_probe = matched.as_ref().is_some_and(|(routes, _)| routes.iter().all(|route| route.access == Access::Probe));
    if !is_probe {
        basic_auth::authorize(state, request.client_address(), &head.headers)?;
    }
    let (routes, path_params) = matched.ok_or(HttpError::NotFound)?;
    if let Some(route) = routes.iter().find(|route| route.access == Access::Operator) {
        // The client gets no hint that the route exists, but the log names it.
        let _ = head.context.route.set(route.path);
        operator::authorize(request)?;
    }
    let route = routes.iter().find(|route| route.method == method);
    let route = route.ok_or_else(|| HttpError::MethodNotAllowed(allowed_methods(routes)))?;
    csrf::check(method, &head.headers, allowed_programs(route), &state.origins)?;
    Ok((*route, path_params))
}

/// Finds the user whose session the browser presented.
fn find_member(request: &mut Request) -> Result<(), HttpError> {
    if let Some(token) = request.session_token() {
        request.member = sessions::find_member(&request.state.app, token)?;
    }
    if let Some(member) = &request.member {
        let _ = request.context.account.set(member.account.id);
    }
    Ok(())
}

fn signed_in_account(request: &Request) -> Option<Arc<Account>> {
    request.member.as_ref().map(|member| Arc::clone(&member.account))
}

fn allowed_programs(route: &Route) -> AllowedPrograms {
    match route.format() {
        _ if sentry_tunnel::PATHS.contains(&route.path) => AllowedPrograms::All,
        Format::Api => AllowedPrograms::Json,
        Format::Page => AllowedPrograms::None,
    }
}

/// Finds the signed-in user, and refuses users without the required access.
fn authorize(request: &mut Request, route: &Route) -> Result<(), HttpError> {
    let access = route.access;
    match access {
        // The operator token has been checked already.
        Access::Probe | Access::Operator => return Ok(()),
        Access::Anyone | Access::Member | Access::Admin => {}
    }
    find_member(request)?;
    match (&request.member, access) {
        (None, Access::Member | Access::Admin) => Err(HttpError::NotSignedIn),
        (Some(member), _) => {
            if access == Access::Admin {
                admin::access::require_admin(&request.state.app, &member.account)?;
            }
            if route.needs_recent_proof() {
                admin::access::require_recent_proof(&request.state.app, member)?;
            }
            let is_used = !prefetch::is_prefetch(&request.headers);
            if is_used && member.session.needs_touch(request.state.app.clock.now()) {
                let (state, hash) = (Arc::clone(&request.state), member.hash);
                // The response does not wait for this write. Losing it does no harm.
                tokio::spawn(async move { sessions::record_use(&state.app, hash).await });
            }
            Ok(())
        }
        (None, _) => Ok(()),
    }
}
