//! What a checklist runs against.

use super::http_client::Endpoint;
use crate::config::Settings;

/// A deployment and what is expected of it.
pub struct Target<'a> {
    /// The expected configuration.
    pub settings: &'a Settings,
    /// The schema that this binary writes.
    pub newest_schema: u32,
    /// Where the deployment is reached.
    pub endpoint: Endpoint,
    /// The beginning of the digest of the binary that must run.
    pub expected_release: Option<String>,
    /// The security headers of every page, by name.
    pub security_headers: Vec<(String, String)>,
    /// Every page and file that basic authentication protects.
    pub protected_routes: Vec<RouteProbe>,
    /// Every route that only admins may use.
    pub admin_routes: Vec<RouteProbe>,
    /// Every route that only exists for tests.
    pub test_routes: Vec<RouteProbe>,
    /// Whether checks may sign up an account and send events, or only read.
    pub may_change_data: bool,
    /// Whether the server runs on another machine, so that local files say nothing about it.
    pub is_remote: bool,
}

/// A route that must be closed.
#[derive(Debug, Clone)]
pub struct RouteProbe {
    pub method: String,
    /// The path, with `{name}` for a variable part.
    pub path: String,
}

impl RouteProbe {
    /// The path with the id of nothing in every variable part.
    pub(super) fn concrete_path(&self) -> String {
        const UNUSED_ID: &str = "00000000-0000-7000-8000-000000000000";
        let parts = self.path.split('/').map(|part| if part.starts_with('{') { UNUSED_ID } else { part });
        parts.collect::<Vec<_>>().join("/")
    }
}
