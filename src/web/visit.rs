//! One request on its way through the house.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use warp::http::header::USER_AGENT;
use warp::http::{HeaderMap, Method, Uri};

use super::body::{self, Allowance, Body, Fields, Upload};
use super::failure::Failure;
use super::reply::Answer;
use super::site::Site;
use crate::app::sessions::{Member, SignedIn};
use crate::app::{self, App};
use crate::domain::{Account, AccountId, Client};
use crate::observe::panics::why;
use crate::pages::Frame;

/// What the log will say of a request, filled in on its way.
#[derive(Debug, Default)]
pub struct Trace {
    /// Its number, as it stands in the log and on error pages.
    pub id: String,
    /// The template of its route, once that is found; it holds no ids.
    pub route: OnceLock<&'static str>,
    /// Whoever turned out to be signed in.
    pub person: OnceLock<AccountId>,
}

impl Trace {
    /// The template of the route, or that there was none.
    pub fn route(&self) -> &'static str {
        self.route.get().copied().unwrap_or("(none)")
    }
}

/// What was asked, but for the body. Made once for every request and shared by whoever has to do with it.
#[derive(Debug)]
pub struct Asked {
    /// The method as it was sent; a visit takes HEAD for GET.
    pub method: Method,
    /// Path and query as they were sent.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// What the log will say of it.
    pub trace: Trace,
    /// The other end of the connection.
    pub(super) peer: Option<IpAddr>,
}

impl Asked {
    /// The path as it was sent.
    pub fn path(&self) -> &str {
        self.uri.path()
    }
}

/// The varying parts of a path, by name, as they were sent.
pub type Parts = Vec<(String, String)>;

/// One request: who asks for what.
pub struct Visit {
    /// What it is answered with.
    pub site: Arc<Site>,
    pub(super) asked: Arc<Asked>,
    pub(super) parts: Parts,
    pub(super) member: Option<Member>,
    // Behind a lock only so that a visit can be shared across awaits; it is taken once.
    pub(super) body: Mutex<Option<Body>>,
}

impl Deref for Visit {
    type Target = Asked;

    fn deref(&self) -> &Asked {
        &self.asked
    }
}

impl Visit {
    /// Whoever is signed in. Routes that are for members only get here with one.
    pub fn member(&self) -> Result<&Account, Failure> {
        self.maybe_member().ok_or(Failure::SignedOut)
    }

    /// Whoever is signed in, with the session that says so.
    pub fn signed_in(&self) -> Result<&Member, Failure> {
        self.member.as_ref().ok_or(Failure::SignedOut)
    }

    /// Whoever is signed in, on routes that are for anybody.
    pub fn maybe_member(&self) -> Option<&Account> {
        self.member.as_ref().map(|member| &*member.account)
    }

    /// The session token the browser presented, valid or not.
    pub fn token(&self) -> Option<&str> {
        self.site.cookie.read(&self.headers)
    }

    /// The cookie that says with whom this browser has signed in before, true or not.
    pub fn device(&self) -> Option<&str> {
        self.site.device.read(&self.headers)
    }

    /// An answer that signs this browser in, and by which it is known from then on.
    pub fn signs_in(&self, answer: Answer, signed_in: &SignedIn) -> Answer {
        self.site.device.remembers(self.site.cookie.signs_in(answer, &signed_in.token), &signed_in.device)
    }

    /// Who is at the other end, as far as can be told.
    pub fn client(&self) -> Client {
        let agent = self.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Client::new(self.address(), agent.unwrap_or_default()).asking(&self.trace.id)
    }

    /// The client's address, as the nearest trusted proxy tells it. No other header than X-Forwarded-For is looked at.
    pub(super) fn address(&self) -> Option<IpAddr> {
        // A line that is no text is an entry nobody can read.
        let lines = self.headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?"));
        let entries: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        self.peer.map(|peer| self.site.proxies.client(peer, entries.into_iter()))
    }

    /// A part of the path, decoded and parsed. What does not parse names nothing that exists.
    pub fn part<T: std::str::FromStr>(&self, name: &str) -> Result<T, Failure> {
        let raw = self.parts.iter().find(|(part, _)| part == name).map_or("", |(_, value)| value);
        let text = percent_decode_str(raw).decode_utf8().map_err(|_| Failure::NotFound)?;
        text.parse().map_err(|_| Failure::NotFound)
    }

    /// The fields of the query.
    pub fn query(&self) -> Fields {
        Fields::parse(self.uri.query().unwrap_or_default().as_bytes())
    }

    /// The fields of a form that was posted.
    pub async fn form(&self) -> Result<Fields, Failure> {
        body::form(&self.headers, self.take_body(), self.allowance(body::USUAL)).await
    }

    /// A JSON body.
    pub async fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        self.json_up_to(body::USUAL).await
    }

    /// A JSON body, or none where nothing in it is demanded.
    pub async fn maybe_json<T: DeserializeOwned + Default>(&self) -> Result<T, Failure> {
        body::maybe_json(&self.headers, self.take_body(), self.allowance(body::USUAL)).await
    }

    /// A JSON body that may have this many bytes.
    pub async fn json_up_to<T: DeserializeOwned>(&self, bytes: usize) -> Result<T, Failure> {
        body::json(&self.headers, self.take_body(), self.allowance(bytes)).await
    }

    /// A body as it was sent, of at most this many bytes, within this time.
    pub async fn bytes(&self, bytes: usize, patience: Duration) -> Result<Bytes, Failure> {
        body::raw(&self.headers, self.take_body(), Allowance { bytes, patience: patience.min(self.site.patience) })
            .await
    }

    /// A file that was posted with a form, of at most this many bytes.
    pub async fn upload(&self, bytes: usize) -> Result<Upload, Failure> {
        body::upload(&self.headers, self.take_body(), self.allowance(bytes)).await
    }

    fn allowance(&self, bytes: usize) -> Allowance {
        Allowance { bytes, patience: self.site.patience }
    }

    fn take_body(&self) -> Option<Body> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Looks at what may be long, as a search among very many people is, on a thread where nobody else's answer waits for it.
    pub async fn looks_at<T: Send + 'static>(
        &self,
        look: impl FnOnce(&App) -> Result<T, app::Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let site = Arc::clone(&self.site);
        let looked = tokio::task::spawn_blocking(move || look(&site.app)).await;
        Ok(looked
            .map_err(|ended| Failure::Broken(format!("a look at the data file did not end: {}", why(&ended))))??)
    }

    /// What pages say around themselves, for this visitor.
    pub fn frame(&self) -> Frame<'_> {
        Frame { report: self.site.report(self.trace.route()), ..self.site.frame(self.maybe_member()) }
    }
}
