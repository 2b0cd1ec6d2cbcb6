//! A request on its way through the server: what was sent, which route it matched and who sent it.

use std::net::IpAddr;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use warp::http::header::USER_AGENT;
use warp::http::{HeaderMap, Method, Uri};

use crate::app::identity::sessions::{Member, SignedIn};
use crate::app::initiator::Initiator;
use crate::app::{self, App};
use crate::domain::accounts::audit::Actor;
use crate::domain::accounts::client::SeenClient;
use crate::domain::accounts::preferences::Theme;
use crate::domain::{Account, AccountId, Client};
use crate::web::http::body::{self, Body, BodyLimit, FormFields, MAX_BODY_BYTES, Upload};
use crate::web::http::error::{HttpError, TaskError};
use crate::web::http::response::Response;
use crate::web::http::state::WebState;
use crate::web::ui::announcement::{self, Announcement};
use crate::web::ui::layout::Frame;

/// What the log says about a request. Filled in while the request is handled.
#[derive(Debug, Default)]
pub struct RequestContext {
    /// The id in the log, on error pages and in `X-Request-Id`.
    pub id: String,
    /// The template of the matched route. It contains no ids.
    pub route: OnceLock<&'static str>,
    /// The signed-in user.
    pub account: OnceLock<AccountId>,
}

impl RequestContext {
    /// The template of the route, or `(none)` if no route matched.
    pub fn route(&self) -> &'static str {
        self.route.get().copied().unwrap_or("(none)")
    }
}

/// A request without its body, shared by the service and the handler.
#[derive(Debug)]
pub struct RequestHead {
    /// The method as it was sent; dispatch treats HEAD as GET.
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub context: RequestContext,
    /// The address at the other end of the connection.
    pub peer: Option<IpAddr>,
}

impl RequestHead {
    /// The path as it was sent, not decoded.
    pub fn path(&self) -> &str {
        self.uri.path()
    }
}

/// The parameters of a path by name, as they were sent.
pub type PathParams = Vec<(String, String)>;

/// A request as its handler gets it.
pub struct Request {
    pub state: Arc<WebState>,
    pub head: Arc<RequestHead>,
    pub path_params: PathParams,
    pub member: Option<Member>,
    /// Taken once. The lock makes a request `Sync`, so that it can be borrowed across an await.
    pub body: Mutex<Option<Body>>,
}

impl Deref for Request {
    type Target = RequestHead;

    fn deref(&self) -> &RequestHead {
        &self.head
    }
}

impl Request {
    /// The signed-in user. Routes with [`Access::Member`](crate::web::Access::Member) always have one.
    pub fn account(&self) -> Result<&Account, HttpError> {
        self.maybe_account().ok_or(HttpError::NotSignedIn)
    }

    /// The signed-in user with the session.
    pub fn member(&self) -> Result<&Member, HttpError> {
        self.member.as_ref().ok_or(HttpError::NotSignedIn)
    }

    /// The signed-in user, if any.
    pub fn maybe_account(&self) -> Option<&Account> {
        self.member.as_ref().map(|member| &*member.account)
    }

    /// The session token that the browser presented, valid or not.
    pub fn session_token(&self) -> Option<&str> {
        self.state.session_cookie.read(&self.headers)
    }

    /// The token of the device cookie that the browser presented, valid or not.
    pub fn device_token(&self) -> Option<&str> {
        self.state.device_cookie.read(&self.headers)
    }

    /// The cookie of a sign-up in this browser, valid or not.
    pub fn sign_up_token(&self) -> Option<&str> {
        self.state.sign_up_cookie.read(&self.headers)
    }

    /// Adds the cookies that sign this browser in and make its device known. A sign-up in it is over.
    pub fn with_session(&self, response: Response, signed_in: &SignedIn) -> Response {
        let response = self.state.session_cookie.set(response, &signed_in.token);
        self.without_sign_up(self.state.device_cookie.set(response, &signed_in.device))
    }

    fn without_sign_up(&self, response: Response) -> Response {
        if self.sign_up_token().is_some() { self.state.sign_up_cookie.clear(response) } else { response }
    }

    /// Signs this browser out. It keeps the theme, and nothing of a sign-up.
    pub fn without_session(&self, response: Response) -> Response {
        let theme = self.maybe_account().map_or(Theme::System, |account| account.preferences.theme);
        let response = self.without_sign_up(self.state.session_cookie.clear(response));
        let is_known = self.state.theme_cookie.read(&self.headers) == theme;
        if is_known { response } else { self.state.theme_cookie.set(response, theme) }
    }

    /// The client, for the audit trail and the list of sessions.
    pub fn client(&self) -> Client {
        let agent = self.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Client::new(self.client_address(), agent.unwrap_or_default()).with_request_id(&self.context.id)
    }

    /// The signed-in user as the initiator of an admin's action.
    pub fn initiator(&self) -> Result<Initiator, HttpError> {
        Ok(Initiator { actor: Actor::User(self.account()?.id), client: self.client() })
    }

    /// The client's address as the nearest trusted proxy reports it. Only `X-Forwarded-For` is read.
    pub fn client_address(&self) -> Option<IpAddr> {
        self.peer.map(|peer| self.state.proxies.client_address(peer, self.forwarded_entries().into_iter()))
    }

    /// How the request arrived, for an operator who checks the proxies.
    pub fn seen_client(&self) -> Option<SeenClient> {
        let forwarded = self.forwarded_entries().into_iter().map(|entry| entry.trim().to_owned()).collect();
        Some(SeenClient { peer: self.peer?.to_canonical(), forwarded, address: self.client_address()? })
    }

    fn forwarded_entries(&self) -> Vec<&str> {
        // A line that is not text is an unreadable entry, not a missing one.
        let lines = self.headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?"));
        lines.flat_map(|line| line.split(',')).collect()
    }

    /// A path parameter, decoded and parsed. A value that does not parse names nothing that exists.
    pub fn path_param<T: FromStr>(&self, name: &str) -> Result<T, HttpError> {
        let raw = self.path_params.iter().find(|(param, _)| param == name).map_or("", |(_, value)| value);
        let text = percent_decode_str(raw).decode_utf8().map_err(|_| HttpError::NotFound)?;
        text.parse().map_err(|_| HttpError::NotFound)
    }

    /// Whether the path of the route has this parameter.
    pub fn has_path_param(&self, name: &str) -> bool {
        self.path_params.iter().any(|(param, _)| param == name)
    }

    /// The fields of the query.
    pub fn query(&self) -> FormFields {
        FormFields::parse(self.uri.query().unwrap_or_default().as_bytes())
    }

    /// The fields of a posted form.
    pub async fn form(&self) -> Result<FormFields, HttpError> {
        body::read_form(&self.headers, self.take_body(), self.body_limit(MAX_BODY_BYTES)).await
    }

    /// Whether the body is a form, not JSON.
    pub fn has_form(&self) -> bool {
        body::is_form(&self.headers)
    }

    /// A JSON body.
    pub async fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        body::read_json(&self.headers, self.take_body(), self.body_limit(MAX_BODY_BYTES)).await
    }

    /// A JSON body, or the default if the body is empty.
    pub async fn maybe_json<T: DeserializeOwned + Default>(&self) -> Result<T, HttpError> {
        body::read_maybe_json(&self.headers, self.take_body(), self.body_limit(MAX_BODY_BYTES)).await
    }

    /// A JSON body of at most `max_bytes`, not parsed.
    pub async fn json_bytes(&self, max_bytes: usize) -> Result<Bytes, HttpError> {
        body::read_json_bytes(&self.headers, self.take_body(), self.body_limit(max_bytes)).await
    }

    /// A file of JSON as the body, which may be compressed, of at most `max_bytes` as it is sent.
    pub async fn json_file(&self, max_bytes: usize) -> Result<Bytes, HttpError> {
        body::read_json_file(&self.headers, self.take_body(), self.body_limit(max_bytes)).await
    }

    /// A body of any type, of at most `max_bytes`, which must arrive within `timeout`.
    pub async fn body_bytes(&self, max_bytes: usize, timeout: Duration) -> Result<Bytes, HttpError> {
        let limit = BodyLimit { max_bytes, timeout: timeout.min(self.state.body_timeout) };
        body::read_bytes(&self.headers, self.take_body(), limit).await
    }

    /// A form with a file of at most `max_bytes`.
    pub async fn upload(&self, max_bytes: usize) -> Result<Upload, HttpError> {
        body::read_upload(&self.headers, self.take_body(), self.body_limit(max_bytes)).await
    }

    fn body_limit(&self, max_bytes: usize) -> BodyLimit {
        BodyLimit { max_bytes, timeout: self.state.body_timeout }
    }

    fn take_body(&self) -> Option<Body> {
        self.body.lock().take()
    }

    /// Runs a read that may take long, such as a search over all users, on a thread where no other request waits for it.
    pub async fn read_blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&App) -> Result<T, app::Error> + Send + 'static,
    ) -> Result<T, HttpError> {
        let state = Arc::clone(&self.state);
        let result = tokio::task::spawn_blocking(move || read(&state.app)).await;
        Ok(result.map_err(|error| TaskError::new("reading the data file", &error))??)
    }

    /// What pages show around their content, for this user.
    pub fn frame(&self) -> Frame<'_> {
        let error_reporting = self.state.browser_reporting(self.context.route());
        let announcement = self.uri.query().and_then(|_| {
            let query = self.query();
            Announcement::parse(query.get(announcement::FIELD), query.get(announcement::HABIT_FIELD))
        });
        let visitor_theme = self.state.theme_cookie.read(&self.headers);
        let frame = self.state.frame(self.maybe_account());
        Frame { path: self.path(), error_reporting, announcement, visitor_theme, ..frame }
    }
}
