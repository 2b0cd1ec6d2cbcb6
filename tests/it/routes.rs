//! Tests over the whole route table: access, allowed methods and the headers of every response.

use atlas::web::{Access, Format, Route, route_table};
use serde_json::json;

use crate::test_user::{TestResponse, TestUser};
use crate::world::{World, WorldOptions};

fn concrete_path(route: &Route) -> String {
    route
        .path
        .replace("{id}", "0190c7a0-0000-7000-8000-000000000000")
        .replace("{name}", "app.css")
        .replace("{topic}", "deploy")
}

/// Sends a same-origin request with the content type that the route expects.
async fn send_request(user: &TestUser, route: &Route, method: &str) -> TestResponse {
    let media = match route.format() {
        Format::Api => "application/json",
        Format::Page => "application/x-www-form-urlencoded",
    };
    let headers = [("content-type", media), ("sec-fetch-site", "same-origin")];
    let body: &[u8] = if method == "GET" || method == "HEAD" { b"" } else { b"{}" };
    user.request(method, &concrete_path(route), &headers, body).await
}

#[track_caller]
pub fn assert_security_headers(response: &TestResponse, context: &str) {
    let csp = response.header("content-security-policy").unwrap_or_else(|| panic!("{context} has no policy"));
    assert!(csp.contains("default-src 'none'") && !csp.contains("unsafe"), "{context}: {csp}");
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{context}");
    assert_eq!(response.header("x-frame-options"), Some("DENY"), "{context}");
    assert_eq!(response.header("cross-origin-opener-policy"), Some("same-origin"), "{context}");
    assert_eq!(response.header("cross-origin-resource-policy"), Some("same-origin"), "{context}");
    assert!(response.header("referrer-policy").is_some(), "{context}");
    assert!(response.header("x-request-id").is_some_and(|id| id.len() == 16), "{context}");
    assert!(response.header("server").is_none(), "{context}");
    assert!(response.header("access-control-allow-origin").is_none(), "{context}");
}

#[tokio::test]
async fn every_route_admits_exactly_the_users_its_table_row_names() {
    let owner = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with_options(WorldOptions { variables: owner, ..WorldOptions::default() }).await;
    let visitor = world.visitor();
    let ada = world.signed_in_user("ada").await;
    let olga = world.signed_in_user("olga").await;
    for route in route_table(true, true) {
        let context = format!("{} {}", route.method, route.path);
        let anonymous = send_request(&visitor, &route, route.method.as_str()).await;
        assert_security_headers(&anonymous, &context);
        match (route.access, route.format()) {
            (Access::Member | Access::Admin, Format::Page) if route.method == "GET" => {
                assert_eq!(anonymous.status, 307, "{context}");
            }
            (Access::Member | Access::Admin, Format::Page) => assert_eq!(anonymous.status, 303, "{context}"),
            (Access::Member | Access::Admin, Format::Api) => drop(anonymous.assert_refused(401, "unauthorized")),
            (Access::Operator, _) => {
                // Without a configured token, operator routes do not exist.
                anonymous.assert_refused(404, "not_found");
                send_request(&olga, &route, route.method.as_str()).await.assert_refused(404, "not_found");
                continue;
            }
            (Access::Anyone | Access::Probe, _) => {
                assert!(!anonymous.header("location").is_some_and(|to| to.starts_with("/sign-in?")), "{context}");
            }
        }
        let response = send_request(&ada, &route, route.method.as_str()).await;
        let response = match (route.access, route.format()) {
            (Access::Admin, Format::Api) => {
                response.assert_refused(403, "forbidden");
                send_request(&olga, &route, route.method.as_str()).await
            }
            (Access::Admin, Format::Page) => {
                let redirect = if route.method == "GET" { 307 } else { 303 };
                assert_security_headers(
                    &response.assert_status(redirect).assert_redirects_to("/today?refused=admin"),
                    &context,
                );
                send_request(&olga, &route, route.method.as_str()).await
            }
            _ => response,
        };
        assert!(
            response.status < 500 && response.status != 401 && response.status != 403,
            "{context}: {}",
            response.status
        );
        // One of the routes is the sign-out.
        if ada.cookie("atlas-development").is_none() {
            ada.sign_in().await;
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_answered_with_the_allowed_methods() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let routes = route_table(true, true);
    // Operator routes are hidden from everyone else; the tests of the operator token cover them.
    for route in routes.iter().filter(|route| route.access != Access::Operator) {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            let is_allowed =
                |method: &str| routes.iter().any(|other| other.path == route.path && other.method == method);
            // Load balancers check health by OPTIONS, some at `/`.
            let is_probe = method == "OPTIONS" && ["/", "/api/health"].contains(&route.path);
            if is_allowed(method) || is_probe || (method == "HEAD" && is_allowed("GET")) {
                continue;
            }
            let response = send_request(&ada, route, method).await.assert_status(405);
            let allow = response.header("allow").unwrap();
            assert!(allow.contains(route.method.as_str()) && !allow.split(", ").any(|name| name == method), "{allow}");
            assert_security_headers(&response, route.path);
            match route.format() {
                Format::Api if method != "HEAD" => drop(response.assert_refused(405, "invalid_request")),
                _ => assert!(response.header("content-type").is_some()),
            }
        }
    }
}

#[tokio::test]
async fn method_override_headers_and_fields_are_ignored() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let id = ada.create_habit("Read").await;
    let (page, api) = (format!("/habits/{id}"), format!("/api/habits/{id}"));
    let form = ("content-type", "application/x-www-form-urlencoded");
    let json = ("content-type", "application/json");
    for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
        for method in ["DELETE", "PUT"] {
            let headers = [json, (name, method), ("sec-fetch-site", "same-origin")];
            ada.request("POST", &api, &headers, b"{\"title\":\"Other\"}").await.assert_refused(405, "invalid_request");
            ada.request("GET", &api, &[(name, method)], b"").await.assert_status(405);
        }
        ada.request("GET", &format!("{page}/archive"), &[(name, "POST")], b"").await.assert_status(405);
        ada.request("GET", "/sign-out", &[(name, "POST")], b"").await.assert_status(405);
    }
    let headers = [form, ("sec-fetch-site", "same-origin")];
    for body in ["_method=DELETE", "_method=PUT&title=Other"] {
        ada.request("POST", &api, &headers, body.as_bytes()).await.assert_status(405);
        ada.request("POST", &format!("{api}?{body}"), &headers, body.as_bytes()).await.assert_status(405);
        ada.get(&format!("{api}?{body}")).await.assert_status(405);
        ada.request("POST", &page, &headers, body.as_bytes()).await;
    }
    ada.get(&format!("{page}/archive?_method=POST")).await.assert_status(405);
    let habits = ada.get("/api/habits").await.assert_status(200).data();
    assert_eq!(habits["habits"][0]["title"], "Read");
}

#[tokio::test]
async fn unknown_paths_answer_404_in_the_format_of_their_area() {
    let world = World::new().await;
    let user = world.visitor();
    for path in [
        "/nothing",
        "/today/",
        "//today",
        "/TODAY",
        "/today%00",
        "/today;x",
        "/today.json",
        "/%74oday",
        "/.git/config",
        "/assets/",
        "/assets/../Cargo.toml",
    ] {
        let response = user.get(path).await.assert_status(404);
        assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_security_headers(&response.assert_contains("Page not found"), path);
    }
    for path in ["/api/nothing", "/api/habits/", "/api/habits/x/y", "/api/HABITS"] {
        user.get(path).await.assert_refused(404, "not_found");
    }
    let ada = world.signed_in_user("ada").await;
    for id in ["1", "%00", "..", "0190C7A0-0000-7000-8000-000000000000", "%F0%28%8C%28"] {
        ada.send_json("PUT", &format!("/api/habits/{id}"), &json!({ "title": "x" }))
            .await
            .assert_refused(404, "not_found");
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let world = World::new().await;
    let user = world.visitor();
    for path in ["/landing", "/sign-in", "/api/health", "/nothing"] {
        let get = user.get(path).await;
        let head = user.request("HEAD", path, &[], b"").await;
        assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")), "{path}");
        assert!(head.body.is_empty());
    }
}

#[tokio::test]
async fn unreadable_bodies_are_refused_with_the_matching_status() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let post = async |media: &str, body: &[u8]| {
        let headers = [("content-type", media), ("sec-fetch-site", "same-origin")];
        ada.request("POST", "/api/habits", &headers, body).await
    };
    for garbage in [
        &b"not json"[..],
        b"{",
        b"",
        b"\xff\xfe",
        b"{\"title\":\"a\",\"title\":\"b\",\"weekdays\":[1]}",
        b"[]",
        b"null",
    ] {
        post("application/json", garbage).await.assert_refused(400, "invalid_request");
    }
    let deep = "[".repeat(20_000);
    post("application/json", deep.as_bytes()).await.assert_refused(400, "invalid_request");
    post("text/plain", b"{}").await.assert_refused(415, "invalid_request");
    post("application/jsonp", b"{}").await.assert_refused(415, "invalid_request");
    post("", b"{}").await.assert_refused(415, "invalid_request");
    // What curl sends without a Content-Type, from someone who has copied a session cookie.
    let curl = [("content-type", "application/x-www-form-urlencoded")];
    ada.request("POST", "/api/habits", &curl, b"{}")
        .await
        .assert_refused(415, "invalid_request")
        .assert_contains("This address takes application/json, not application/x-www-form-urlencoded.");
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(70_000));
    post("application/json", large.as_bytes()).await.assert_refused(413, "invalid_request");
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    ada.request("POST", "/api/habits", &headers, b"{}").await.assert_refused(415, "invalid_request");
    let form = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
    ada.request("POST", "/habits", &form, b"{}")
        .await
        .assert_status(415)
        .assert_contains("takes application/x-www-form-urlencoded, not application/json");
}

#[tokio::test]
async fn test_endpoints_exist_only_when_enabled_outside_staging_and_production() {
    let off = vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned())];
    let world = World::with_options(WorldOptions { variables: off, ..WorldOptions::default() }).await;
    let user = world.visitor();
    user.get("/api/auth/debug/verification-token?email=a@example.com").await.assert_refused(404, "not_found");
    user.send_json("POST", "/api/habits/debug/create", &json!({})).await.assert_refused(404, "not_found");

    let staging = World::with_options(staging_options(&[])).await;
    let mut user = staging.visitor();
    user.host = "staging.example.com".to_owned();
    user.get("/api/auth/debug/verification-token?email=a@example.com").await.assert_refused(404, "not_found");
    user.get("/dev/mail").await.assert_status(404);
    user.get("/dev/styles").await.assert_status(404);
    let page = user.get("/landing").await.assert_status(200).assert_contains("staging");
    assert_eq!(page.header("x-robots-tag"), Some("noindex, nofollow"));
}

/// Options of a staging environment with every required setting.
pub fn staging_options(more: &[(&'static str, &str)]) -> WorldOptions {
    let mut variables = vec![
        ("APP_URL", "https://staging.example.com".to_owned()),
        ("NEXTAUTH_SECRET", "0123456789abcdef0123456789abcdef".to_owned()),
        ("RESEND_FROM_EMAIL", "Atlas <atlas@example.com>".to_owned()),
        ("SMTP_URL", "smtp://127.0.0.1:1".to_owned()),
        ("SENTRY_ENABLED", "false".to_owned()),
        ("NEXT_PUBLIC_SENTRY_ENABLED", "false".to_owned()),
        ("ADMIN_OWNER_EMAIL", "owner@example.com".to_owned()),
    ];
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    WorldOptions { environment: "staging", variables, ..WorldOptions::default() }
}

#[tokio::test]
async fn basic_auth_keeps_visitors_out_and_lets_health_checks_through() {
    let world =
        World::with_options(staging_options(&[("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "open sesame")]))
            .await;
    let mut user = world.visitor();
    user.host = "staging.example.com".to_owned();
    let health = user.get("/api/health").await.assert_status(200).data();
    assert_eq!(health["environment"], "staging");
    for path in ["/", "/landing", "/nothing", "/assets/app.css", "/favicon.ico"] {
        let response = user.get(path).await.assert_status(401);
        assert!(response.header("www-authenticate").unwrap().starts_with("Basic"), "{path}");
    }
    user.get("/api/habits").await.assert_refused(401, "unauthorized");
    // With the credentials "team:open sesame", the page and everything it loads are served.
    let credentials = [("authorization", "Basic dGVhbTpvcGVuIHNlc2FtZQ==")];
    let page = user.request("GET", "/landing", &credentials, b"").await.assert_status(200).text();
    assert!(page.contains("rel=\"manifest\" href=\"/manifest.webmanifest\" crossorigin=\"use-credentials\""), "{page}");
    let resources =
        page.split("=\"/assets/").skip(1).map(|rest| format!("/assets/{}", rest.split('"').next().unwrap()));
    let resources: Vec<String> =
        resources.chain(["/manifest.webmanifest", "/sw.js", "/offline"].map(str::to_owned)).collect();
    assert!(resources.len() > 6, "{resources:?}");
    for path in resources {
        user.request("GET", &path, &credentials, b"").await.assert_status(200);
        user.get(&path).await.assert_status(401);
    }
    for wrong in ["Basic dGVhbTpvcGVu", "Bearer dGVhbTpvcGVuIHNlc2FtZQ==", "Basic !!!", ""] {
        user.request("GET", "/landing", &[("authorization", wrong)], b"").await.assert_status(401);
    }
}

#[tokio::test]
async fn health_shows_visitors_the_environment_and_no_details() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let response = world.visitor().get("/api/health").await.assert_status(200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let data = response.data();
    assert_eq!(data["status"], "ok");
    assert_eq!(data["timestamp"], "2026-02-12T12:00:00.000Z");
    assert_eq!(data["environment"], "development");
    assert!(data["uptimeSeconds"].is_u64());
    let names: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert_eq!(names, ["environment", "instance", "status", "timestamp", "uptimeSeconds"]);
}
