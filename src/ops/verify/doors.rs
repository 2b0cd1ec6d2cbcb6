//! What must be closed: the gate, the admin's pages, what is for tests; and the headers that keep browsers safe.

use super::visitor::{Reply, Visitor};
use super::{Knock, Looked, Run, Short};
use crate::config::policy::{GateRule, TestEndpoints};

/// Places of every sort that the gate is in front of.
const GATED: [&str; 6] = ["/", "/landing", "/sign-in", "/api/habits", "/sw.js", "/manifest.webmanifest"];

/// Without the shared credentials nothing but health answers, and robots are told to stay away.
pub(super) fn gate(run: &mut Run<'_>) -> Looked {
    let settings = run.subject.settings;
    let mut stranger = Visitor::without_credentials(&run.subject.way);
    let expected = settings.gate.is_some() || settings.policy.gate == GateRule::Expected;
    if expected {
        let remedy = "set ATLAS_GATE_USER and ATLAS_GATE_PASSWORD, and let the proxy pass Authorization on";
        for path in GATED {
            let reply = stranger.get(path)?;
            if reply.status != 401 {
                return Err(Short::failed(format!("401 for {path} without credentials"), reply.seen(), remedy));
            }
        }
    }
    let health = stranger.get("/api/health")?;
    if health.status != 200 {
        return Err(Short::failed("/api/health for everybody", health.seen(), "let the proxy pass /api/health on"));
    }
    if settings.policy.marked {
        for reply in [health, run.stranger().get("/landing")?] {
            let header = reply.header("x-robots-tag");
            if !header.contains("noindex") {
                return Err(Short::failed(
                    "X-Robots-Tag with noindex on every answer",
                    if header.is_empty() { "no such header" } else { header },
                    "let the proxy pass X-Robots-Tag on",
                ));
            }
        }
    }
    Ok(if expected { String::new() } else { "no gate is set up here, and none is expected".to_owned() })
}

/// Headers, and what must stand in them.
const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", "default-src 'none'"),
    ("content-security-policy", "frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("permissions-policy", "camera=()"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// The security headers arrive, through whatever is in front.
pub(super) fn headers(run: &mut Run<'_>) -> Looked {
    let mut visitor = run.stranger();
    for path in ["/landing", "/sign-in"] {
        let reply = visitor.get(path)?;
        for (name, words) in HEADERS {
            let header = reply.header(name);
            if !header.contains(words) {
                return Err(Short::failed(
                    format!("{name} with {words} on {path}"),
                    if header.is_empty() { "no such header" } else { header },
                    "let the proxy pass the headers on as they are",
                ));
            }
        }
    }
    Ok(String::new())
}

/// The flag is off, and none of the routes exists.
pub(super) fn test_endpoints(run: &mut Run<'_>) -> Looked {
    let settings = run.subject.settings;
    let may = matches!(settings.policy.test_endpoints, TestEndpoints::Flag(_));
    let flag = run.facts().map_or(settings.test_endpoints, |facts| facts["testEndpoints"] == true);
    let remedy = "unset ENABLE_TEST_ENDPOINTS and start the server anew";
    if flag {
        if may {
            return Err(Short::not_asked("they are on, as this kind of environment may have them"));
        }
        return Err(Short::failed("the flag is false", "it is true", remedy));
    }
    let mut visitor = run.stranger();
    for route in &run.subject.test_routes {
        let reply = knock(&mut visitor, route)?;
        if reply.status != 404 {
            return Err(Short::failed(format!("404 for {} {}", route.method, route.path), reply.seen(), remedy));
        }
    }
    // Without the server's word, that the routes are not there is only half of it.
    run.facts()?;
    Ok(format!("{} routes answer 404", run.subject.test_routes.len()))
}

/// Neither somebody who is signed in nor a stranger gets past any route of admins.
pub(super) fn admin(run: &mut Run<'_>) -> Looked {
    let mut stranger = run.stranger();
    let Some(person) = run.person.as_mut() else {
        return Err(Short::no_answer("nobody is signed in"));
    };
    for route in &run.subject.admin_routes {
        for (who, visitor) in [("a stranger", &mut stranger), ("an ordinary person", &mut person.visitor)] {
            let reply = knock(visitor, route)?;
            if !is_shut(&reply) {
                return Err(Short::failed(
                    format!("{} {} is closed to {who}", route.method, route.path),
                    reply.seen(),
                    "stop serving this; see admin.owner and admin.allowlist, and what the proxy answers by itself",
                ));
            }
        }
    }
    Ok(format!("{} routes are closed", run.subject.admin_routes.len()))
}

fn knock(visitor: &mut Visitor, route: &Knock) -> Result<Reply, Short> {
    let media = match route.method.as_str() {
        "GET" => None,
        _ if route.path.starts_with("/api/") => Some("application/json"),
        _ => Some("application/x-www-form-urlencoded"),
    };
    visitor.ask(&route.method, &route.address(), media, if route.path.starts_with("/api/") { "{}" } else { "" })
}

/// 401, 403, or sent elsewhere than to the admin's pages.
fn is_shut(reply: &Reply) -> bool {
    match reply.status {
        401 | 403 => true,
        300..=399 => !reply.header("location").contains("/admin") || reply.header("location").starts_with("/sign-in"),
        _ => false,
    }
}
