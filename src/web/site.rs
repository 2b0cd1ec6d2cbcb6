//! What every request is answered with: the app, the routes, and what this environment's answers have in common.

use std::time::Instant;

use matchit::Router;
use url::Url;
use warp::http::Method;

use super::cookie::SessionCookie;
use super::routes::{self, Route};
use super::visit::Parts;
use crate::app::App;
use crate::config::{Gate, Settings};
use crate::domain::Kind;
use crate::pages::Frame;

/// An environment as it is served.
pub struct Site {
    /// The use cases.
    pub app: App,
    /// When it began to serve.
    pub since: Instant,
    pub(super) cookie: SessionCookie,
    pub(super) gate: Option<Gate>,
    /// The name to show, where pages must say that they are not production.
    pub(super) marked: Option<String>,
    /// `scheme://host[:port]` of every address people may use.
    pub(super) origins: Vec<String>,
    pub(super) is_https: bool,
    pub(super) reads_mail: bool,
    pub(super) has_test_endpoints: bool,
    router: Router<Vec<Route>>,
}

/// Two routes of the table contradict each other.
#[derive(Debug, thiserror::Error)]
#[error("route table: {0}")]
pub struct BadTable(#[from] matchit::InsertError);

impl Site {
    /// Builds the site of an app. Which routes exist follows the stamp first and the configuration second.
    ///
    /// # Errors
    /// [`BadTable`], a fault of the build.
    pub fn new(app: App, settings: &Settings) -> Result<Self, BadTable> {
        let kind = app.store.stamp().kind;
        let policy = crate::config::policy::of(kind);
        let has_test_endpoints =
            settings.test_endpoints && matches!(policy.test_endpoints, crate::config::policy::TestEndpoints::Flag(_));
        let reads_mail = kind == Kind::Development;
        let is_https = app.app_url.scheme() == "https";
        let environment = &app.store.stamp().environment;
        Ok(Self {
            cookie: SessionCookie::of(environment, is_https),
            gate: settings.gate.clone(),
            marked: policy.marked.then(|| environment.to_string()),
            origins: origins(&app.app_url, kind),
            is_https,
            reads_mail,
            has_test_endpoints,
            router: router(routes::table(reads_mail, has_test_endpoints))?,
            since: Instant::now(),
            app,
        })
    }

    /// The routes of a path, one per method, and what the path's varying parts are.
    pub(super) fn routes_of<'a>(&'a self, path: &'a str) -> Option<(&'a [Route], Parts)> {
        let found = self.router.at(path).ok()?;
        let parts = found.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some((found.value, parts))
    }

    /// Whether a `Host` header names this site.
    pub(super) fn answers_to(&self, host: &str) -> bool {
        self.origins
            .iter()
            .any(|origin| origin.split_once("://").is_some_and(|(_, ours)| ours.eq_ignore_ascii_case(host)))
    }

    /// What pages say around themselves.
    pub(super) fn frame<'a>(&'a self, member: Option<&'a str>) -> Frame<'a> {
        Frame { marked: self.marked.as_deref(), member, reads_mail: self.reads_mail }
    }
}

fn router(table: Vec<Route>) -> Result<Router<Vec<Route>>, BadTable> {
    let mut by_path: Vec<(&'static str, Vec<Route>)> = Vec::new();
    for route in table {
        match by_path.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => by_path.push((route.path, vec![route])),
        }
    }
    let mut router = Router::new();
    for (path, routes) in by_path {
        router.insert(path, routes)?;
    }
    Ok(router)
}

/// The methods of a path for an `Allow` header, HEAD beside GET.
pub(super) fn allowed(routes: &[Route]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    if routes.iter().any(|route| route.method == Method::GET) {
        methods.push("HEAD");
    }
    methods.join(", ")
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
