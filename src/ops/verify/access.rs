//! Checks of what must be closed: `gate`, `test-endpoints` and `admin`.

use super::check::{CheckError, CheckResult, header_or_missing};
use super::context::CheckContext;
use super::http_client::{HttpClient, HttpResponse, RequestError};
use super::target::RouteProbe;
use crate::config::policy::{BasicAuthRule, TestEndpointRule};

/// Where Atlas serves metrics, on a port of their own.
const METRICS_PATH: &str = "/metrics";

/// Without the shared credentials only health answers, crawlers are told not to index, and nobody sees the metrics.
pub(super) fn check_basic_auth(context: &mut CheckContext<'_>) -> CheckResult {
    let settings = context.target.settings;
    let is_expected = settings.basic_auth.is_some() || settings.policy.basic_auth == BasicAuthRule::Expected;
    if is_expected {
        check_protected_routes(context)?;
    }
    let health = HttpClient::without_credentials(&context.target.endpoint).get("/api/health")?;
    if health.status != 200 {
        let remedy = "let the proxy forward /api/health";
        return Err(CheckError::failed("/api/health without credentials", health.summary(), remedy));
    }
    let mut client = context.anonymous_client();
    if settings.policy.is_labeled {
        check_crawlers_header(&health)?;
        check_crawlers_header(&client.get("/landing")?)?;
    }
    let metrics = client.get(METRICS_PATH)?;
    if (200..300).contains(&metrics.status) {
        let remedy = "remove /metrics from the proxy; let Prometheus read metrics.listen directly";
        return Err(CheckError::failed("no metrics at the public address", metrics.summary(), remedy));
    }
    let remark = if is_expected { "" } else { "basic authentication is not set up and not required here" };
    Ok(remark.to_owned())
}

fn check_protected_routes(context: &CheckContext<'_>) -> Result<(), CheckError> {
    let mut client = HttpClient::without_credentials(&context.target.endpoint);
    for route in &context.target.protected_routes {
        let response = request_route(&mut client, route)?;
        if !is_gated(&response) {
            let expected = format!("a request for credentials at {}", route.path);
            let remedy =
                "set ATLAS_GATE_USER and ATLAS_GATE_PASSWORD, and let the proxy forward Authorization unchanged";
            return Err(CheckError::failed(expected, response.summary(), remedy));
        }
    }
    Ok(())
}

/// Whether a response asks for the shared credentials, or comes from a proxy that refuses the path altogether. Atlas itself
/// answers 401 to visitors of its JSON routes, but asks for no credentials then.
fn is_gated(response: &HttpResponse) -> bool {
    match response.status {
        401 => response.header("www-authenticate").to_ascii_lowercase().starts_with("basic"),
        status => status == 403 || status >= 500,
    }
}

fn check_crawlers_header(response: &HttpResponse) -> Result<(), CheckError> {
    let header = response.header("x-robots-tag");
    if header.contains("noindex") {
        return Ok(());
    }
    let expected = "X-Robots-Tag with noindex on every response";
    Err(CheckError::failed(expected, header_or_missing(header), "let the proxy forward X-Robots-Tag"))
}

/// The setting is off, and none of the test routes exists.
pub(super) fn check_test_endpoints(context: &mut CheckContext<'_>) -> CheckResult {
    let settings = context.target.settings;
    let is_allowed = matches!(settings.policy.test_endpoints, TestEndpointRule::Configurable { .. });
    let is_on = context.facts().map_or(settings.test_endpoints, |facts| facts.test_endpoints);
    let remedy = "unset ENABLE_TEST_ENDPOINTS and restart the server";
    if is_on && is_allowed {
        return Err(CheckError::not_applicable("test endpoints are on, which this kind of environment allows"));
    }
    if is_on {
        return Err(CheckError::failed("test_endpoints is false", "it is true", remedy));
    }
    let mut client = context.anonymous_client();
    for route in &context.target.test_routes {
        let response = request_route(&mut client, route)?;
        if response.status != 404 {
            let expected = format!("404 for {} {}", route.method, route.path);
            return Err(CheckError::failed(expected, response.summary(), remedy));
        }
    }
    // Missing routes alone are no proof: only the server knows its setting.
    context.facts()?;
    Ok(format!("{} routes answer 404", context.target.test_routes.len()))
}

/// Neither visitors nor ordinary users get a response from an admin route.
pub(super) fn check_admin(context: &mut CheckContext<'_>) -> CheckResult {
    let mut visitor = context.anonymous_client();
    let Some(account) = context.account.as_mut() else {
        return Err(CheckError::no_answer("nobody is signed in"));
    };
    for route in &context.target.admin_routes {
        for (who, client) in [("visitors", &mut visitor), ("ordinary users", &mut account.client)] {
            let response = request_route(client, route)?;
            if !is_denied(&response) {
                return Err(CheckError::failed(
                    format!("{} {} is closed to {who}", route.method, route.path),
                    response.summary(),
                    "stop the server; check admin.owner, admin.allowlist, and what the proxy answers itself",
                ));
            }
        }
    }
    Ok(format!("{} routes are closed", context.target.admin_routes.len()))
}

fn request_route(client: &mut HttpClient, route: &RouteProbe) -> Result<HttpResponse, RequestError> {
    let is_api = route.path.starts_with("/api/");
    let content_type = match route.method.as_str() {
        "GET" => None,
        _ if is_api => Some("application/json"),
        _ => Some("application/x-www-form-urlencoded"),
    };
    client.request(&route.method, &route.concrete_path(), content_type, if is_api { "{}" } else { "" })
}

/// 401, 403, or a redirect that does not lead to an admin page.
fn is_denied(response: &HttpResponse) -> bool {
    match response.status {
        401 | 403 => true,
        300..=399 => {
            !response.header("location").contains("/admin") || response.header("location").starts_with("/sign-in")
        }
        _ => false,
    }
}
