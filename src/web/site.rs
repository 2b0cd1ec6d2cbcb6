//! What every request is answered with: the app, and what this environment's answers have in common.

use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;
use warp::http::HeaderMap;

use super::cache::PageCache;
use super::cookie::{DeviceCookie, SessionCookie};
use super::front;
use super::limits::Limits;
use super::operator::Operator;
use crate::app::App;
use crate::config::report::Shown;
use crate::config::{Dsn, Gate, Settings};
use crate::domain::client::Proxies;
use crate::domain::{Account, Kind};
use crate::observe::activity::Activity;
use crate::observe::metrics::Requests;
use crate::observe::sentry::{RELEASE, Reporter};
use crate::observe::tunnel::Tunnel;
use crate::pages::Frame;
use crate::pages::layout::Report;

/// An environment as it is served.
pub struct Site {
    /// The use cases.
    pub app: Arc<App>,
    /// When it began to serve.
    pub since: Instant,
    /// Longest time a body may take to arrive.
    pub patience: Duration,
    /// Where failures are reported, if anywhere.
    pub reporter: Reporter,
    /// The way of browsers to Sentry, where their errors are reported.
    pub(super) tunnel: Option<Arc<Tunnel>>,
    /// The address that browsers name in their reports, and as which environment.
    browsers: Option<(Dsn, String)>,
    /// How long requests took, where that is measured.
    pub(super) requests: Option<Requests>,
    pub(super) activity: Activity,
    pub(super) pages: PageCache,
    /// Held by whoever takes a list along: one at a time, so that their number costs no memory.
    pub(super) exports: tokio::sync::Mutex<()>,
    pub(super) report: Vec<Shown>,
    pub(super) cookie: SessionCookie,
    pub(super) device: DeviceCookie,
    pub(super) proxies: Proxies,
    /// How often whom was answered, where that is bounded; `None` where browser tests run, which are one client.
    pub(super) limits: Option<Limits>,
    pub(super) gate: Option<Gate>,
    /// Who answers an operator's checklist from another machine, if anybody does.
    pub operator: Option<Operator>,
    /// The name to show, where pages must say that they are not production.
    pub(super) marked: Option<String>,
    /// `scheme://host[:port]` of every address people may use.
    pub(super) origins: Vec<String>,
    pub(super) is_https: bool,
    /// What every answer says.
    pub(super) headers: HeaderMap,
    pub(super) reads_mail: bool,
    pub(super) has_test_endpoints: bool,
}

impl Site {
    /// Builds the site of an app. What it may show follows the stamp first and the configuration second.
    pub fn new(app: impl Into<Arc<App>>, settings: &Settings) -> Self {
        let app = app.into();
        let kind = app.store.stamp().kind;
        let policy = crate::config::policy::of(kind);
        let has_test_endpoints =
            settings.test_endpoints && matches!(policy.test_endpoints, crate::config::policy::TestEndpoints::Flag(_));
        let reads_mail = kind == Kind::Development;
        let is_https = app.app_url.scheme() == "https";
        let environment = &app.store.stamp().environment;
        Self {
            cookie: SessionCookie::of(environment, is_https),
            device: DeviceCookie::of(environment, is_https),
            proxies: settings.proxies.clone(),
            limits: (!has_test_endpoints).then(Limits::default),
            reporter: Reporter::start(settings.sentry.as_ref(), environment),
            tunnel: settings.browser_sentry.as_ref().and_then(Tunnel::to).map(Arc::new),
            browsers: settings.browser_sentry.clone().map(|dsn| (dsn, environment.to_string())),
            requests: settings.metrics.map(|_| Requests::default()),
            activity: Activity::default(),
            pages: PageCache::new(),
            exports: tokio::sync::Mutex::default(),
            report: settings.report.clone(),
            gate: settings.gate.clone(),
            operator: None,
            marked: policy.marked.then(|| environment.to_string()),
            origins: origins(&app.app_url, kind),
            is_https,
            headers: front::headers(is_https, policy.marked),
            reads_mail,
            has_test_endpoints,
            since: Instant::now(),
            patience: Duration::from_secs(30),
            app,
        }
    }

    /// How many callers the limit of that name remembers: at most [`super::MOST_CALLERS`], however many there were.
    pub fn callers(&self, limit: &str) -> usize {
        self.limits.as_ref().map_or(0, |limits| limits.remembered(limit))
    }

    /// How many people's rendered pages are kept, and how many bytes those take: at most [`super::MOST_BYTES`].
    pub fn cached(&self) -> (usize, usize) {
        self.pages.size()
    }

    /// Whether a `Host` header names this site.
    pub(super) fn answers_to(&self, host: &str) -> bool {
        // The usual port may be left out or written.
        let host = host.strip_suffix(if self.is_https { ":443" } else { ":80" }).unwrap_or(host);
        let scheme = if self.is_https { "https://" } else { "http://" };
        let ours = |origin: &String| origin.strip_prefix(scheme).is_some_and(|ours| ours.eq_ignore_ascii_case(host));
        self.origins.iter().any(ours)
    }

    /// What pages say around themselves.
    pub(super) fn frame<'a>(&'a self, member: Option<&'a Account>) -> Frame<'a> {
        let is_admin = member.is_some_and(|member| self.app.is_admin(member));
        let report = self.report("(none)");
        Frame { marked: self.marked.as_deref(), member, is_admin, reads_mail: self.reads_mail, report }
    }

    /// What the browser says of a page of that route when it reports an error, where it does.
    pub(super) fn report(&self, page: &'static str) -> Option<Report<'_>> {
        let (dsn, environment) = self.browsers.as_ref()?;
        Some(Report { dsn: &dsn.0, page, release: RELEASE, environment })
    }
}

/// SECURITY: only these may stand in `Host` and `Origin`. A developer may use any name of the own machine.
fn origins(app_url: &Url, kind: Kind) -> Vec<String> {
    let mut origins = vec![app_url.origin().ascii_serialization()];
    let local = app_url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    if kind == Kind::Development && local {
        let port = app_url.port().map(|port| format!(":{port}")).unwrap_or_default();
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            origins.push(format!("{}://{host}{port}", app_url.scheme()));
        }
    }
    origins
}
