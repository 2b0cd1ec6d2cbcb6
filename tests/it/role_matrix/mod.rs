//! Every route of the table, requested by every role: correctly, with a wrong method and from another site.
//!
//! The table's `Access` decides which roles have access; `expected_statuses.txt` holds what they get, one line per
//! route. It repeats the access level, so that changing one word of the table cannot open a route unnoticed. No
//! response may contain another user's data or a secret.

mod roles;

use std::collections::BTreeMap;

use atlas::web::{Access, Format, Route, route_table};
use serde_json::json;

use crate::routes::assert_security_headers;
use crate::test_user::TestResponse;
use crate::world::World;
use roles::{Cast, Role};

const EXPECTED_STATUSES: &str = include_str!("expected_statuses.txt");

/// The statuses with which a route responds to authorized roles.
struct ExpectedStatuses {
    access: &'static str,
    default: u16,
    by_role: BTreeMap<&'static str, u16>,
}

impl ExpectedStatuses {
    fn for_role(&self, role: Role) -> u16 {
        self.by_role.get(role.name()).copied().unwrap_or(self.default)
    }
}

/// Parses `expected_statuses.txt`: method, path, access level and status, then `role=status` for exceptions; `#` starts
/// a comment.
fn parse_expected_statuses() -> BTreeMap<(&'static str, &'static str), ExpectedStatuses> {
    let lines =
        EXPECTED_STATUSES.lines().map(|line| line.split('#').next().unwrap()).filter(|line| !line.trim().is_empty());
    let mut known = BTreeMap::new();
    for line in lines {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [method, path, access, default, exceptions @ ..] = fields.as_slice() else {
            panic!("expected_statuses.txt: {line}")
        };
        let exceptions = exceptions.iter().map(|field| field.split_once('=').unwrap());
        let by_role = exceptions.map(|(role, status)| (Role::parse(role).name(), status.parse().unwrap())).collect();
        let statuses = ExpectedStatuses { access, default: default.parse().unwrap(), by_role };
        assert!(
            known.insert((*method, *path), statuses).is_none(),
            "{method} {path} is in expected_statuses.txt twice"
        );
    }
    known
}

/// The response to a role without access: the status and, for a page, the redirect target. `None` if the role has
/// access.
fn denied_response(route: &Route, role: Role) -> Option<(u16, Option<&'static str>)> {
    let redirect = if route.method == "GET" { 307 } else { 303 };
    match (route.access, role, route.format()) {
        (Access::Member | Access::Admin, Role::Nobody | Role::Unverified | Role::Disabled, Format::Page) => {
            Some((redirect, Some("/sign-in?from=")))
        }
        // A session, even an admin's, does not replace the operator token.
        (Access::Operator, ..) => Some((404, None)),
        (Access::Member | Access::Admin, Role::Nobody | Role::Unverified | Role::Disabled, Format::Api) => {
            Some((401, None))
        }
        (Access::Admin, Role::Owner | Role::Other, Format::Page) => Some((redirect, Some("/today?refused=admin"))),
        (Access::Admin, Role::Unenrolled, Format::Page) => Some((303, Some("/account/two-factor"))),
        (Access::Admin, Role::Owner | Role::Other | Role::Unenrolled, Format::Api) => Some((403, None)),
        (Access::Probe | Access::Anyone | Access::Member, ..) | (Access::Admin, Role::Admin, _) => None,
    }
}

/// Sends a request as our own pages do, or as another site's pages do.
async fn send_request(cast: &Cast, role: Role, route: &Route, method: &str, site: &str) -> TestResponse {
    let media = match (route.path, route.format()) {
        ("/account/import", _) => "multipart/form-data; boundary=seam",
        (_, Format::Api) => "application/json",
        (_, Format::Page) => "application/x-www-form-urlencoded",
    };
    let user = cast.user(role);
    let own_origin = format!("http://{}", user.host);
    let origin = if site == "cross-site" { "https://evil.example" } else { own_origin.as_str() };
    let headers = [("content-type", media), ("sec-fetch-site", site), ("origin", origin)];
    // Enough to create and change a habit; an invalid body for other routes.
    let title = format!("Habit of {}", role.name());
    let body = match (method, route.format()) {
        ("GET", _) => String::new(),
        (_, Format::Api) => json!({ "title": title, "weekdays": [1] }).to_string(),
        (_, Format::Page) => format!("title={}&weekdays=1&direction=up", title.replace(' ', "+")),
    };
    user.request(method, &cast.path(route).await, &headers, body.as_bytes()).await
}

/// Requests every route as every role and returns the violations, one line each.
async fn check_routes(world: &World, routes: &[Route], environment: &str) -> Vec<String> {
    let expected_by_route = parse_expected_statuses();
    let cast = Cast::sign_up(world).await;
    let mut violations = Vec::new();
    for route in routes {
        let name = format!("{:6} {}", route.method, route.path);
        let Some(expected) = expected_by_route.get(&(route.method.as_str(), route.path)) else {
            violations.push(format!("{name} has no line in expected_statuses.txt"));
            continue;
        };
        if !expected.access.eq_ignore_ascii_case(&format!("{:?}", route.access)) {
            violations
                .push(format!("{name} is for {:?}, and expected_statuses.txt says {}", route.access, expected.access));
        }
        cast.reset_sessions(world).await;
        for role in Role::ALL {
            let mut check = |what: &str, response: &TestResponse, status: u16, target: Option<&str>| {
                assert_security_headers(response, &format!("{name} {role:?} {what}"));
                let redirects =
                    target.is_none_or(|target| response.header("location").is_some_and(|to| to.starts_with(target)));
                if response.status != status || !redirects {
                    let to = response.header("location").unwrap_or("-");
                    violations.push(format!(
                        "{name} {what} {role:?} in {environment}: {} to {to}, not {status}",
                        response.status
                    ));
                }
                for leak in cast.find_leaks(route, role, response) {
                    violations.push(format!("{name} tells {role:?} {leak}"));
                }
            };
            let response = send_request(&cast, role, route, "PATCH", "same-origin").await;
            // Without the operator token, the path looks nonexistent.
            let is_hidden = route.access == Access::Operator;
            check("with a wrong method", &response, if is_hidden { 404 } else { 405 }, None);
            let denied = denied_response(route, role);
            let (status, target) = denied.unwrap_or_else(|| (expected.for_role(role), None));
            if !route.method.is_safe() {
                check(
                    "from another site",
                    &send_request(&cast, role, route, route.method.as_str(), "cross-site").await,
                    if is_hidden { 404 } else { 403 },
                    None,
                );
            }
            let response = send_request(&cast, role, route, route.method.as_str(), "same-origin").await;
            check("correctly", &response, status, target);
        }
    }
    violations
}

#[tokio::test]
async fn every_route_responds_to_every_role_as_expected_and_leaks_nothing() {
    let common = route_table(false, false);
    let staging = World::with_options(roles::staging()).await;
    let mut violations = check_routes(&staging, &common, "staging").await;
    // The remaining routes exist only in development, where admins need no second factor; none of them is for admins.
    let development_routes: Vec<Route> = route_table(true, true)
        .into_iter()
        .filter(|route| !common.iter().any(|other| (other.method, other.path) == (route.method, route.path)))
        .collect();
    assert!(!development_routes.is_empty() && development_routes.iter().all(|route| route.access != Access::Admin));
    let development = World::with_options(roles::development()).await;
    violations.extend(check_routes(&development, &development_routes, "development").await);
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
    for (method, path) in parse_expected_statuses().keys() {
        let is_known =
            route_table(true, true).iter().any(|route| (route.method.as_str(), route.path) == (*method, *path));
        assert!(is_known, "expected_statuses.txt names {method} {path}, which no longer exists");
    }
}
