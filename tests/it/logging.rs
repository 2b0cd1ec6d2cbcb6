//! What the log contains, and what it never contains.

use std::path::Path;

use serde_json::Value;

use crate::process::Server;
use crate::test_user::{TestResponse, send_raw};
use crate::world::{PASSWORD, World, WorldOptions};

/// Sends one request as a browser does, with extra headers.
async fn request(server: &Server, line: &str, headers: &str, body: &str) -> TestResponse {
    let bytes = format!(
        "{line} HTTP/1.1\r\nhost: localhost:{}\r\nsec-fetch-site: same-origin\r\n\
         content-type: application/x-www-form-urlencoded\r\n{headers}content-length: {}\r\n\r\n{body}",
        server.port,
        body.len()
    );
    send_raw(([127, 0, 0, 1], server.port).into(), bytes.as_bytes()).await.unwrap()
}

/// Stops the server and returns its log.
fn stop_and_read_log(server: Server, folder: &Path) -> String {
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    std::fs::read_to_string(folder.join("log")).unwrap()
}

fn request_lines(log: &str) -> Vec<Value> {
    let lines =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}")));
    lines.filter(|line| line["message"] == "request").collect()
}

fn token_in(response: &TestResponse) -> String {
    response.json()["data"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_log_contains_no_secrets_or_personal_data() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--log", "trace"], &[("ADMIN_OWNER_EMAIL", "owner@example.com")]);
    let form = async |path: &str, body: &str| request(&server, &format!("POST {path}"), "", body).await;
    let email = "canary.person%2Btag%40example.com";
    let password = PASSWORD.replace(' ', "+");

    let sign_up = format!(
        "displayName=Canaria+Surname&email={email}&password={password}&confirmPassword={password}&timeZone=UTC"
    );
    form("/sign-up", &sign_up).await.assert_status(303);
    let debug = format!("GET /api/auth/debug/verification-token?email={email}");
    let link = token_in(&request(&server, &debug, "", "").await.assert_status(200));
    request(&server, &format!("GET /verify-email?token={link}"), "", "").await.assert_status(200);
    form("/verify-email", &format!("token={link}")).await.assert_status(200);
    form("/verify-email", "token=canary-bad-token").await;
    request(&server, "GET /verify-email?token=canary-bad-token", "", "").await;
    form("/sign-in", &format!("email={email}&password=canary-wrong-password&from=/today")).await.assert_status(422);
    form("/sign-in", "email=canary-nobody%40example.com&password=canary-wrong-password").await.assert_status(422);
    let response = form("/sign-in", &format!("email={email}&password={password}&from=/today")).await.assert_status(303);
    let cookies: Vec<&str> = response
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, line)| line.split(';').next().unwrap())
        .collect();
    let session_headers =
        format!("cookie: {}\r\nuser-agent: canary-agent\r\nx-canary: canary-header\r\n", cookies.join("; "));
    let today = request(&server, "GET /today?canary-query=1", &session_headers, "").await.assert_status(200);
    request(&server, "POST /habits", &session_headers, "title=Canary+habit&weekdays=1").await.assert_status(303);
    request(&server, "GET /habits/0190c7a0-ca4a-7000-8000-000000000000", &session_headers, "").await.assert_status(404);
    request(&server, "GET /canary-path/%1b%5b31m?canary-query", &session_headers, "").await.assert_status(404);
    request(&server, "GET /today", "cookie: atlas-development=canary-stolen-session\r\n", "").await.assert_status(307);
    request(&server, "GET /today", "authorization: Bearer canary-bearer\r\n", "").await.assert_status(307);
    form("/forgot-password", &format!("email={email}")).await;
    let reset = token_in(&request(&server, &debug, "", "").await.assert_status(200));
    request(&server, &format!("GET /reset-password?token={reset}"), "", "").await;
    form("/reset-password", &format!("token={reset}&password=canary-new-password&confirmPassword=x")).await;

    let log = stop_and_read_log(server, folder.path());
    let lower = log.to_lowercase();
    let mut secrets =
        vec![link.as_str(), reset.as_str(), PASSWORD, "canary", "surname", "example.com", "127.0.0.1", "0190c7a0"];
    secrets.extend(cookies.iter().map(|cookie| cookie.split_once('=').unwrap().1));
    for secret in secrets {
        let line = lower.lines().find(|line| line.contains(&secret.to_lowercase()));
        assert!(line.is_none(), "“{secret}” is in {line:?}");
    }
    let lines = request_lines(&log);
    let request_id = today.header("x-request-id").unwrap();
    let line = lines.iter().find(|line| line["request"] == request_id).unwrap();
    assert_eq!((&line["method"], &line["route"], &line["status"]), (&"GET".into(), &"/today".into(), &200.into()));
    assert!(line["millis"].as_f64().unwrap() > 0.0);
    let pseudonym = line["person"].as_str().unwrap();
    assert!(pseudonym.len() == 12 && pseudonym.bytes().all(|byte| byte.is_ascii_hexdigit()), "{pseudonym}");
    let session_lines: Vec<_> = lines.iter().filter(|line| line["person"] == pseudonym).collect();
    assert_eq!(session_lines.len(), 4, "the user's pseudonym changes between requests: {session_lines:?}");
    assert!(
        lines.iter().any(|line| line["route"] == "/habits/{id}") && lines.iter().any(|line| line["route"] == "(none)")
    );
}

#[tokio::test]
async fn only_a_trusted_proxys_request_id_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &[], &[("ATLAS_TRUSTED_PROXIES", "127.0.0.1")]);
    let response_id = async |headers: &str| {
        let response = request(&server, "GET /landing", headers, "").await.assert_status(200);
        response.header("x-request-id").unwrap().to_owned()
    };
    let long = "a".repeat(64);
    for valid in ["edge-0123.4567_89", "0190c7a0-0000-7000-8000-000000000000", &long] {
        assert_eq!(response_id(&format!("x-request-id: {valid}\r\n")).await, valid);
    }
    for invalid in ["short", "with blank 123", "ünïcode-1234", "a;b=c\"123", &format!("{long}a"), ""] {
        let generated = response_id(&format!("x-request-id: {invalid}\r\n")).await;
        assert!(
            generated.len() == 16 && generated.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{invalid}: {generated}"
        );
    }
    assert_eq!(response_id("x-request-id: first-12345\r\nx-request-id: second-12345\r\n").await.len(), 16);
    // The error page shows the same request id as the log.
    let page = request(&server, "GET /nothing", "x-request-id: edge-for-nothing\r\n", "").await.assert_status(404);
    page.assert_contains("edge-for-nothing");
    let log = stop_and_read_log(server, folder.path());
    assert_eq!(request_lines(&log).iter().filter(|line| line["request"] == "edge-for-nothing").count(), 1);

    let world = World::new().await;
    let visitor = world.visitor();
    let response =
        visitor.request("GET", "/landing", &[("x-request-id", "edge-0123.4567_89")], b"").await.assert_status(200);
    assert_eq!(response.header("x-request-id").unwrap().len(), 16, "a request id was accepted without a trusted proxy");
}

#[tokio::test]
async fn an_admin_finds_a_request_by_the_id_of_its_response() {
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let olga = world.signed_in_user("olga").await;
    let missing = olga.get("/nothing?canary-query").await.assert_status(404);
    let request_id = missing.header("x-request-id").unwrap();
    olga.get("/admin/activity").await.assert_status(200).assert_contains(request_id).assert_lacks("canary");
    let listed = olga.get("/api/admin/activity").await.assert_status(200).text();
    assert!(listed.contains(request_id), "{listed}");
}

#[tokio::test]
async fn log_format_and_level_are_configurable() {
    let folder = tempfile::tempdir().unwrap();
    let log = async |flags: &[&str], variables: &[(&str, &str)]| {
        let server = Server::start_with(folder.path(), flags, variables);
        request(&server, "GET /landing", "", "").await.assert_status(200);
        stop_and_read_log(server, folder.path())
    };
    assert_eq!(request_lines(&log(&[], &[]).await).len(), 1, "without a terminal, the log is not JSON");
    assert_eq!(request_lines(&log(&[], &[("ATLAS_LOG_FORMAT", "json")]).await).len(), 1);
    let pretty = log(&["--log-format", "pretty"], &[("ATLAS_LOG_FORMAT", "json")]).await;
    assert!(pretty.contains("route=\"/landing\"") && !pretty.contains('{') && !pretty.contains('\u{1b}'), "{pretty}");
    assert_eq!(log(&["--log", "warn"], &[("ATLAS_LOG", "info")]).await, "");
    for (flag, value) in [("--log", "atlas=[["), ("--log-format", "xml")] {
        let args = ["serve", "--listen", "127.0.0.1:0", flag, value];
        let output = crate::process::run(folder.path(), &args, &[]);
        assert_eq!(crate::process::exit_code(&output), 78);
        assert!(
            crate::process::stderr(&output).contains(&format!("flag {flag}")),
            "{}",
            crate::process::stderr(&output)
        );
    }
}

#[tokio::test]
async fn the_log_names_the_setting_that_refuses_a_request_and_the_response_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let gate = [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "a shared password")];
    let server = Server::start_with(folder.path(), &[], &gate);
    let credentials = "authorization: Basic dGVhbTphIHNoYXJlZCBwYXNzd29yZA==\r\n";
    let host = format!("host: localhost:{}\r\n", server.port);
    let requests = [
        ("GET /landing", format!("host: atlas.example\r\n{credentials}"), "app_url"),
        ("GET /landing", host.clone(), "gate.password"),
        ("POST /sign-in", format!("{host}{credentials}origin: https://evil.example\r\n"), "app_url"),
        ("POST /monitoring", format!("{host}{credentials}"), "sentry.browser_dsn"),
        ("POST /api/operator/verify", format!("{host}{credentials}"), "operator_token"),
    ];
    for (line, headers, setting) in &requests {
        let request = format!("{line} HTTP/1.1\r\n{headers}\r\n");
        let response = send_raw(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap();
        assert!(response.status >= 400);
        response.assert_lacks(setting);
    }
    let log = stop_and_read_log(server, folder.path());
    let logged: Vec<_> =
        request_lines(&log).iter().map(|line| line["setting"].as_str().unwrap_or("-").to_owned()).collect();
    assert_eq!(logged, requests.map(|(_, _, setting)| setting));
}
