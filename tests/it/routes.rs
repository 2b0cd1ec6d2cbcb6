//! The route table, walked: who gets in, with which methods, and what every answer carries.

use atlas::web::{Face, Route, Who, table};
use serde_json::json;

use crate::person::{Person, Reply};
use crate::world::{Wishes, World};

fn path_of(route: &Route) -> String {
    route.path.replace("{id}", "0190c7a0-0000-7000-8000-000000000000").replace("{name}", "app.css")
}

/// A request that is well-formed for its face and comes from our own page.
async fn knock(person: &Person, route: &Route, method: &str) -> Reply {
    let media = match route.face() {
        Face::Api => "application/json",
        Face::Page => "application/x-www-form-urlencoded",
    };
    let headers = [("content-type", media), ("sec-fetch-site", "same-origin")];
    let body: &[u8] = if method == "GET" || method == "HEAD" { b"" } else { b"{}" };
    person.asks(method, &path_of(route), &headers, body).await
}

#[track_caller]
pub fn carries_the_security_headers(reply: &Reply, what: &str) {
    let csp = reply.header("content-security-policy").unwrap_or_else(|| panic!("{what} has no policy"));
    assert!(csp.contains("default-src 'none'") && !csp.contains("unsafe"), "{what}: {csp}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{what}");
    assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{what}");
    assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"), "{what}");
    assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"), "{what}");
    assert!(reply.header("referrer-policy").is_some(), "{what}");
    assert!(reply.header("x-request-id").is_some_and(|id| id.len() == 16), "{what}");
    assert!(reply.header("server").is_none(), "{what}");
    assert!(reply.header("access-control-allow-origin").is_none(), "{what}");
}

#[tokio::test]
async fn nobody_gets_past_a_member_route_and_members_do() {
    let owner = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with(Wishes { variables: owner, ..Wishes::default() }).await;
    let stranger = world.stranger();
    let ada = world.signed_up("ada").await;
    let olga = world.signed_up("olga").await;
    for route in table(true, true) {
        let what = format!("{} {}", route.method, route.path);
        let out = knock(&stranger, &route, route.method.as_str()).await;
        carries_the_security_headers(&out, &what);
        match (route.who, route.face()) {
            (Who::Member | Who::Admin, Face::Page) if route.method == "GET" => assert_eq!(out.status, 307, "{what}"),
            (Who::Member | Who::Admin, Face::Page) => assert_eq!(out.status, 303, "{what}"),
            (Who::Member | Who::Admin, Face::Api) => drop(out.is_refused(401, "unauthorized")),
            (Who::Operator, _) => {
                // Where no token is set there is nothing.
                out.is_refused(404, "not_found");
                knock(&olga, &route, route.method.as_str()).await.is_refused(404, "not_found");
                continue;
            }
            (Who::Anyone | Who::Probe, _) => {
                assert!(!out.header("location").is_some_and(|to| to.starts_with("/sign-in?")), "{what}");
            }
        }
        let inside = knock(&ada, &route, route.method.as_str()).await;
        let inside = match (route.who, route.face()) {
            (Who::Admin, Face::Api) => {
                inside.is_refused(403, "forbidden");
                knock(&olga, &route, route.method.as_str()).await
            }
            (Who::Admin, Face::Page) => {
                let away = if route.method == "GET" { 307 } else { 303 };
                carries_the_security_headers(&inside.is(away).leads_to("/today"), &what);
                knock(&olga, &route, route.method.as_str()).await
            }
            _ => inside,
        };
        assert!(inside.status < 500 && inside.status != 401 && inside.status != 403, "{what}: {}", inside.status);
        // Signing out is on the list, too.
        if ada.cookie("atlas-development").is_none() {
            ada.signs_in().await;
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_which_ones_fit() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let routes = table(true, true);
    // What is only for operators is not there for anybody else, and its own story tells so.
    for route in routes.iter().filter(|route| route.who != Who::Operator) {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            let fits = |method: &str| routes.iter().any(|other| other.path == route.path && other.method == method);
            if fits(method) || (method == "HEAD" && fits("GET")) {
                continue;
            }
            let reply = knock(&ada, route, method).await.is(405);
            let allow = reply.header("allow").unwrap();
            assert!(allow.contains(route.method.as_str()) && !allow.split(", ").any(|word| word == method), "{allow}");
            carries_the_security_headers(&reply, route.path);
            match route.face() {
                Face::Api if method != "HEAD" => drop(reply.is_refused(405, "invalid_request")),
                _ => assert!(reply.header("content-type").is_some()),
            }
        }
    }
}

#[tokio::test]
async fn a_request_is_what_its_method_says_whatever_else_it_calls_itself() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let id = ada.keeps("Read").await;
    let (page, api) = (format!("/habits/{id}"), format!("/api/habits/{id}"));
    let form = ("content-type", "application/x-www-form-urlencoded");
    let json = ("content-type", "application/json");
    for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
        for method in ["DELETE", "PUT"] {
            let headers = [json, (name, method), ("sec-fetch-site", "same-origin")];
            ada.asks("POST", &api, &headers, b"{\"title\":\"Other\"}").await.is_refused(405, "invalid_request");
            ada.asks("GET", &api, &[(name, method)], b"").await.is(405);
        }
        ada.asks("GET", &format!("{page}/archive"), &[(name, "POST")], b"").await.is(405);
        ada.asks("GET", "/sign-out", &[(name, "POST")], b"").await.is(405);
    }
    let headers = [form, ("sec-fetch-site", "same-origin")];
    for body in ["_method=DELETE", "_method=PUT&title=Other"] {
        ada.asks("POST", &api, &headers, body.as_bytes()).await.is(405);
        ada.asks("POST", &format!("{api}?{body}"), &headers, body.as_bytes()).await.is(405);
        ada.get(&format!("{api}?{body}")).await.is(405);
        ada.asks("POST", &page, &headers, body.as_bytes()).await;
    }
    ada.get(&format!("{page}/archive?_method=POST")).await.is(405);
    let habits = ada.get("/api/habits").await.is(200).data();
    assert_eq!(habits["habits"][0]["title"], "Read");
}

#[tokio::test]
async fn what_does_not_exist_is_404_in_the_right_form() {
    let world = World::new().await;
    let person = world.stranger();
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
        let reply = person.get(path).await.is(404);
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        carries_the_security_headers(&reply.says("There is nothing here"), path);
    }
    for path in ["/api/nothing", "/api/habits/", "/api/habits/x/y", "/api/HABITS"] {
        person.get(path).await.is_refused(404, "not_found");
    }
    let ada = world.signed_up("ada").await;
    for id in ["1", "%00", "..", "0190C7A0-0000-7000-8000-000000000000", "%F0%28%8C%28"] {
        ada.sends("PUT", &format!("/api/habits/{id}"), &json!({ "title": "x" })).await.is_refused(404, "not_found");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let world = World::new().await;
    let person = world.stranger();
    for path in ["/landing", "/sign-in", "/api/health", "/nothing"] {
        let get = person.get(path).await;
        let head = person.asks("HEAD", path, &[], b"").await;
        assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")), "{path}");
        assert!(head.body.is_empty());
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_by_kind() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let post = async |media: &str, body: &[u8]| {
        let headers = [("content-type", media), ("sec-fetch-site", "same-origin")];
        ada.asks("POST", "/api/habits", &headers, body).await
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
        post("application/json", garbage).await.is_refused(400, "invalid_request");
    }
    let deep = "[".repeat(20_000);
    post("application/json", deep.as_bytes()).await.is_refused(400, "invalid_request");
    post("text/plain", b"{}").await.is_refused(415, "invalid_request");
    post("application/jsonp", b"{}").await.is_refused(415, "invalid_request");
    post("", b"{}").await.is_refused(415, "invalid_request");
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(70_000));
    post("application/json", large.as_bytes()).await.is_refused(413, "invalid_request");
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    ada.asks("POST", "/api/habits", &headers, b"{}").await.is_refused(415, "invalid_request");
    let form = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
    ada.asks("POST", "/habits", &form, b"{}").await.is(415).says("cannot be read");
}

#[tokio::test]
async fn test_endpoints_exist_only_where_flag_and_kind_allow() {
    let off = vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned())];
    let world = World::with(Wishes { variables: off, ..Wishes::default() }).await;
    let person = world.stranger();
    person.get("/api/auth/debug/verification-token?email=a@example.com").await.is_refused(404, "not_found");
    person.sends("POST", "/api/habits/debug/create", &json!({})).await.is_refused(404, "not_found");

    let staging = World::with(staging(&[])).await;
    let mut person = staging.stranger();
    person.host = "staging.example.com".to_owned();
    person.get("/api/auth/debug/verification-token?email=a@example.com").await.is_refused(404, "not_found");
    person.get("/dev/mail").await.is(404);
    let page = person.get("/landing").await.is(200).says("staging");
    assert_eq!(page.header("x-robots-tag"), Some("noindex, nofollow"));
}

/// A staging environment with everything it demands.
pub fn staging(more: &[(&'static str, &str)]) -> Wishes {
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
    Wishes { environment: "staging", variables, ..Wishes::default() }
}

#[tokio::test]
async fn the_gate_keeps_strangers_out_and_lets_the_probe_in() {
    let world = World::with(staging(&[("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "open sesame")])).await;
    let mut person = world.stranger();
    person.host = "staging.example.com".to_owned();
    let health = person.get("/api/health").await.is(200).data();
    assert_eq!(health["environment"], "staging");
    for path in ["/", "/landing", "/nothing", "/assets/app.css", "/favicon.ico"] {
        let reply = person.get(path).await.is(401);
        assert!(reply.header("www-authenticate").unwrap().starts_with("Basic"), "{path}");
    }
    person.get("/api/habits").await.is_refused(401, "unauthorized");
    // "team:open sesame": whoever holds it gets the page and everything it needs, as it needs it.
    let known = [("authorization", "Basic dGVhbTpvcGVuIHNlc2FtZQ==")];
    let page = person.asks("GET", "/landing", &known, b"").await.is(200).text();
    assert!(page.contains("rel=\"manifest\" href=\"/manifest.webmanifest\" crossorigin=\"use-credentials\""), "{page}");
    let needs = page.split("=\"/assets/").skip(1).map(|rest| format!("/assets/{}", rest.split('"').next().unwrap()));
    let needs: Vec<String> = needs.chain(["/manifest.webmanifest", "/sw.js", "/offline"].map(str::to_owned)).collect();
    assert!(needs.len() > 6, "{needs:?}");
    for path in needs {
        person.asks("GET", &path, &known, b"").await.is(200);
        person.get(&path).await.is(401);
    }
    for wrong in ["Basic dGVhbTpvcGVu", "Bearer dGVhbTpvcGVuIHNlc2FtZQ==", "Basic !!!", ""] {
        person.asks("GET", "/landing", &[("authorization", wrong)], b"").await.is(401);
    }
}

#[tokio::test]
async fn health_says_where_it_is_and_to_strangers_nothing_more() {
    let world = World::at("2026-02-12T12:00:00Z").await;
    let reply = world.stranger().get("/api/health").await.is(200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let data = reply.data();
    assert_eq!(data["status"], "ok");
    assert_eq!(data["timestamp"], "2026-02-12T12:00:00.000Z");
    assert_eq!(data["environment"], "development");
    assert!(data["uptimeSeconds"].is_u64());
    let names: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert_eq!(names, ["environment", "instance", "status", "timestamp", "uptimeSeconds"]);
}
