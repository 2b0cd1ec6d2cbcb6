//! What all requests share: the use cases, and what this environment's responses have in common.

use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;
use warp::http::HeaderMap;

use crate::app::App;
use crate::config::report::SettingReport;
use crate::config::{BasicAuth, Dsn, Settings};
use crate::domain::accounts::client::TrustedProxies;
use crate::domain::accounts::preferences::Theme;
use crate::domain::{Account, EnvironmentKind};
use crate::observe::activity::Activity;
use crate::observe::metrics::RequestDurations;
use crate::observe::sentry::{RELEASE, Reporter};
use crate::observe::tunnel::Tunnel;
use crate::web::http::cookie::{DeviceCookie, SessionCookie, SignUpCookie, ThemeCookie};
use crate::web::http::host::is_same_authority;
use crate::web::http::kept_uploads::KeptUploads;
use crate::web::http::operator_token::Operator;
use crate::web::http::page_cache::PageCache;
use crate::web::http::rate_limit::RateLimiter;
use crate::web::http::security_headers::security_headers;
use crate::web::ui::layout::{BrowserReporting, Frame};

/// The state of the server of one environment.
pub struct WebState {
    pub app: Arc<App>,
    pub started_at: Instant,
    /// The whole body of a request must arrive within this time.
    pub body_timeout: Duration,
    pub reporter: Reporter,
    /// Forwards the error reports of browsers to Sentry.
    pub tunnel: Option<Arc<Tunnel>>,
    /// The DSN that browsers report errors to, and the environment that they name.
    browser_sentry: Option<(Dsn, String)>,
    /// Durations of requests, if metrics are on.
    pub request_durations: Option<RequestDurations>,
    pub activity: Activity,
    pub page_cache: PageCache,
    /// Held during an export. One export at a time, so that concurrent exports don't multiply their memory.
    pub export_lock: tokio::sync::Mutex<()>,
    /// Held while a large file to import arrives, so that concurrent uploads don't multiply their memory.
    pub large_upload_lock: tokio::sync::Mutex<()>,
    /// Held while a file to import is read, which may take memory and time out of proportion to its compressed size.
    pub import_lock: tokio::sync::Mutex<()>,
    pub kept_uploads: KeptUploads,
    pub settings_report: Vec<SettingReport>,
    pub session_cookie: SessionCookie,
    pub device_cookie: DeviceCookie,
    pub sign_up_cookie: SignUpCookie,
    pub theme_cookie: ThemeCookie,
    pub proxies: TrustedProxies,
    /// `None` with test endpoints: all browser tests are one client.
    pub rate_limiter: Option<RateLimiter>,
    pub basic_auth: Option<BasicAuth>,
    /// Answers the checklist of an operator on another machine, if a token is configured.
    pub operator: Option<Operator>,
    /// The name of the environment, if pages must show that it is not production.
    pub label: Option<String>,
    /// `scheme://host[:port]` of every address that users may use.
    pub origins: Vec<String>,
    pub is_https: bool,
    /// The headers that every response starts with.
    pub security_headers: HeaderMap,
    pub has_captured_mail: bool,
    pub has_test_endpoints: bool,
}

impl WebState {
    /// Where the stamp of the data file and the configuration disagree, the stamp decides what may be shown.
    pub fn new(app: impl Into<Arc<App>>, settings: &Settings) -> Self {
        let app = app.into();
        let kind = app.store.stamp().kind;
        let policy = crate::config::policy::for_kind(kind);
        let has_test_endpoints = settings.test_endpoints
            && matches!(policy.test_endpoints, crate::config::policy::TestEndpointRule::Configurable { .. });
        let has_captured_mail = kind == EnvironmentKind::Development;
        let is_https = app.app_url.scheme() == "https";
        let environment = &app.store.stamp().environment;
        let authorities = &settings.sentry_authorities;
        Self {
            session_cookie: SessionCookie::new(environment, is_https),
            device_cookie: DeviceCookie::new(environment, is_https),
            sign_up_cookie: SignUpCookie::new(environment, is_https),
            theme_cookie: ThemeCookie::new(environment, is_https),
            proxies: settings.proxies.clone(),
            rate_limiter: (!has_test_endpoints).then(RateLimiter::default),
            reporter: Reporter::start(settings.sentry.as_ref(), authorities, environment),
            tunnel: settings.browser_sentry.as_ref().and_then(|dsn| Tunnel::from_dsn(dsn, authorities)).map(Arc::new),
            browser_sentry: settings.browser_sentry.clone().map(|dsn| (dsn, environment.to_string())),
            request_durations: settings.metrics.map(|_| RequestDurations::default()),
            activity: Activity::default(),
            page_cache: PageCache::default(),
            export_lock: tokio::sync::Mutex::default(),
            large_upload_lock: tokio::sync::Mutex::default(),
            import_lock: tokio::sync::Mutex::default(),
            kept_uploads: KeptUploads::default(),
            settings_report: settings.report.clone(),
            basic_auth: settings.basic_auth.clone(),
            operator: None,
            label: policy.is_labeled.then(|| environment.to_string()),
            origins: origins(&app.app_url, kind),
            is_https,
            security_headers: security_headers(is_https.then_some(settings.hsts), policy.is_labeled),
            has_captured_mail,
            has_test_endpoints,
            started_at: Instant::now(),
            body_timeout: Duration::from_secs(30),
            app,
        }
    }

    /// How many clients and accounts the rate limit of that name tracks: at most [`MAX_CALLERS`](crate::web::MAX_CALLERS).
    pub fn tracked_callers(&self, limit: &str) -> usize {
        self.rate_limiter.as_ref().map_or(0, |limiter| limiter.tracked_callers(limit))
    }

    /// How many users' pages are cached, and their size: at most [`MAX_CACHE_BYTES`](crate::web::MAX_CACHE_BYTES).
    pub fn page_cache_size(&self) -> (usize, usize) {
        self.page_cache.size()
    }

    /// Whether a `Host` header names this environment.
    pub fn is_own_host(&self, host: &str) -> bool {
        // The default port may be omitted.
        let host = host.strip_suffix(if self.is_https { ":443" } else { ":80" }).unwrap_or(host);
        let scheme = if self.is_https { "https://" } else { "http://" };
        let is_host = |origin: &String| origin.strip_prefix(scheme).is_some_and(|own| is_same_authority(own, host));
        self.origins.iter().any(is_host)
    }

    /// What pages show around their content, without a path and a route.
    pub fn frame<'a>(&'a self, member: Option<&'a Account>) -> Frame<'a> {
        Frame {
            path: "",
            label: self.label.as_deref(),
            member,
            visitor_theme: Theme::System,
            announcement: None,
            is_admin: member.is_some_and(|member| self.app.is_admin(member)),
            has_captured_mail: self.has_captured_mail,
            error_reporting: self.browser_reporting("(none)"),
        }
    }

    /// What a browser sends with an error report about a page of `route`, if browsers report errors.
    pub fn browser_reporting(&self, route: &'static str) -> Option<BrowserReporting<'_>> {
        let (dsn, environment) = self.browser_sentry.as_ref()?;
        Some(BrowserReporting { dsn: &dsn.0, route, release: RELEASE, environment })
    }
}

/// SECURITY: only these are accepted in `Host` and `Origin`. In development, every name of the developer's machine is accepted.
fn origins(app_url: &Url, kind: EnvironmentKind) -> Vec<String> {
    let mut origins = vec![app_url.origin().ascii_serialization()];
    let is_local = app_url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    if kind == EnvironmentKind::Development && is_local {
        let port = app_url.port().map(|port| format!(":{port}")).unwrap_or_default();
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            origins.push(format!("{}://{host}{port}", app_url.scheme()));
        }
    }
    origins
}
