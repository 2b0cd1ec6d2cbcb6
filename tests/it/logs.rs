//! What stands in the log, and what never does.

use std::path::Path;

use serde_json::Value;

use crate::person::{Reply, exchange};
use crate::process::Server;
use crate::world::{PASSWORD, Wishes, World};

/// One request as a browser sends it, with headers more.
async fn asks(server: &Server, line: &str, headers: &str, body: &str) -> Reply {
    let request = format!(
        "{line} HTTP/1.1\r\nhost: localhost:{}\r\nsec-fetch-site: same-origin\r\n\
         content-type: application/x-www-form-urlencoded\r\n{headers}content-length: {}\r\n\r\n{body}",
        server.port,
        body.len()
    );
    exchange(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap()
}

/// What the server wrote until it was stopped.
fn log_of(server: Server, folder: &Path) -> String {
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    std::fs::read_to_string(folder.join("log")).unwrap()
}

fn requests(log: &str) -> Vec<Value> {
    let lines =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}")));
    lines.filter(|line| line["message"] == "request").collect()
}

fn token_of(reply: &Reply) -> String {
    reply.json()["data"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_walk_through_everything_secret_leaves_nothing_secret_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--log", "trace"], &[("ADMIN_OWNER_EMAIL", "owner@example.com")]);
    let form = async |path: &str, body: &str| asks(&server, &format!("POST {path}"), "", body).await;
    let email = "canary.person%2Btag%40example.com";
    let password = PASSWORD.replace(' ', "+");

    let sign_up = format!(
        "displayName=Canaria+Surname&email={email}&password={password}&confirmPassword={password}&timeZone=UTC"
    );
    form("/sign-up", &sign_up).await.is(303);
    let debug = format!("GET /api/auth/debug/verification-token?email={email}");
    let link = token_of(&asks(&server, &debug, "", "").await.is(200));
    asks(&server, &format!("GET /verify-email?token={link}"), "", "").await.is(200);
    form("/verify-email", &format!("token={link}")).await.is(200);
    form("/verify-email", "token=canary-bad-token").await;
    asks(&server, "GET /verify-email?token=canary-bad-token", "", "").await;
    form("/sign-in", &format!("email={email}&password=canary-wrong-password&from=/today")).await.is(422);
    form("/sign-in", "email=canary-nobody%40example.com&password=canary-wrong-password").await.is(422);
    let reply = form("/sign-in", &format!("email={email}&password={password}&from=/today")).await.is(303);
    let cookies: Vec<&str> = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, line)| line.split(';').next().unwrap())
        .collect();
    let known = format!("cookie: {}\r\nuser-agent: canary-agent\r\nx-canary: canary-header\r\n", cookies.join("; "));
    let today = asks(&server, "GET /today?canary-query=1", &known, "").await.is(200);
    asks(&server, "POST /habits", &known, "title=Canary+habit&weekdays=1").await.is(303);
    asks(&server, "GET /habits/0190c7a0-ca4a-7000-8000-000000000000", &known, "").await.is(404);
    asks(&server, "GET /canary-path/%1b%5b31m?canary-query", &known, "").await.is(404);
    asks(&server, "GET /today", "cookie: atlas-development=canary-stolen-session\r\n", "").await.is(307);
    asks(&server, "GET /today", "authorization: Bearer canary-bearer\r\n", "").await.is(307);
    form("/forgot-password", &format!("email={email}")).await;
    let reset = token_of(&asks(&server, &debug, "", "").await.is(200));
    asks(&server, &format!("GET /reset-password?token={reset}"), "", "").await;
    form("/reset-password", &format!("token={reset}&password=canary-new-password&confirmPassword=x")).await;

    let log = log_of(server, folder.path());
    let lower = log.to_lowercase();
    let mut secrets =
        vec![link.as_str(), reset.as_str(), PASSWORD, "canary", "surname", "example.com", "127.0.0.1", "0190c7a0"];
    secrets.extend(cookies.iter().map(|cookie| cookie.split_once('=').unwrap().1));
    for secret in secrets {
        let place = lower.lines().find(|line| line.contains(&secret.to_lowercase()));
        assert!(place.is_none(), "“{secret}” is in {place:?}");
    }
    let lines = requests(&log);
    let number = today.header("x-request-id").unwrap();
    let line = lines.iter().find(|line| line["request"] == number).unwrap();
    assert_eq!((&line["method"], &line["route"], &line["status"]), (&"GET".into(), &"/today".into(), &200.into()));
    assert!(line["millis"].as_f64().unwrap() > 0.0);
    let person = line["person"].as_str().unwrap();
    assert!(person.len() == 12 && person.bytes().all(|byte| byte.is_ascii_hexdigit()), "{person}");
    let known: Vec<_> = lines.iter().filter(|line| line["person"] == person).collect();
    assert_eq!(known.len(), 3, "a person has one name: {known:?}");
    assert!(
        lines.iter().any(|line| line["route"] == "/habits/{id}") && lines.iter().any(|line| line["route"] == "(none)")
    );
}

#[tokio::test]
async fn a_trusted_proxys_number_is_kept_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &[], &[("ATLAS_TRUSTED_PROXIES", "127.0.0.1")]);
    let number = async |headers: &str| {
        let reply = asks(&server, "GET /landing", headers, "").await.is(200);
        reply.header("x-request-id").unwrap().to_owned()
    };
    let long = "a".repeat(64);
    for good in ["edge-0123.4567_89", "0190c7a0-0000-7000-8000-000000000000", &long] {
        assert_eq!(number(&format!("x-request-id: {good}\r\n")).await, good);
    }
    for bad in ["short", "with blank 123", "ünïcode-1234", "a;b=c\"123", &format!("{long}a"), ""] {
        let made = number(&format!("x-request-id: {bad}\r\n")).await;
        assert!(made.len() == 16 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{bad}: {made}");
    }
    assert_eq!(number("x-request-id: first-12345\r\nx-request-id: second-12345\r\n").await.len(), 16);
    // What people see on a page is what stands in the log and what admins look at.
    let page = asks(&server, "GET /nothing", "x-request-id: edge-for-nothing\r\n", "").await.is(404);
    page.says("edge-for-nothing");
    let log = log_of(server, folder.path());
    assert_eq!(requests(&log).iter().filter(|line| line["request"] == "edge-for-nothing").count(), 1);

    let world = World::new().await;
    let person = world.stranger();
    let reply = person.asks("GET", "/landing", &[("x-request-id", "edge-0123.4567_89")], b"").await.is(200);
    assert_eq!(reply.header("x-request-id").unwrap().len(), 16, "nobody is believed unless asked for");
}

#[tokio::test]
async fn admins_find_a_request_by_the_number_its_answer_carried() {
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with(Wishes { variables, ..Wishes::default() }).await;
    let olga = world.signed_up("olga").await;
    let lost = olga.get("/nothing?canary-query").await.is(404);
    let number = lost.header("x-request-id").unwrap();
    olga.get("/admin/activity").await.is(200).says(number).says_nothing_of("canary");
    let listed = olga.get("/api/admin/activity").await.is(200).text();
    assert!(listed.contains(number), "{listed}");
}

#[tokio::test]
async fn the_log_is_for_people_or_for_programs_and_as_loud_as_wished() {
    let folder = tempfile::tempdir().unwrap();
    let log = async |flags: &[&str], variables: &[(&str, &str)]| {
        let server = Server::start_with(folder.path(), flags, variables);
        asks(&server, "GET /landing", "", "").await.is(200);
        log_of(server, folder.path())
    };
    assert_eq!(requests(&log(&[], &[]).await).len(), 1, "where there is no terminal");
    assert_eq!(requests(&log(&[], &[("ATLAS_LOG_FORMAT", "json")]).await).len(), 1);
    let pretty = log(&["--log-format", "pretty"], &[("ATLAS_LOG_FORMAT", "json")]).await;
    assert!(pretty.contains("route=\"/landing\"") && !pretty.contains('{') && !pretty.contains('\u{1b}'), "{pretty}");
    assert_eq!(log(&["--log", "warn"], &[("ATLAS_LOG", "info")]).await, "");
    for (flag, value) in [("--log", "atlas=[["), ("--log-format", "xml")] {
        let words = ["serve", "--listen", "127.0.0.1:0", flag, value];
        let ended = crate::process::run(folder.path(), &words, &[]);
        assert_eq!(crate::process::code(&ended), 78);
        assert!(
            crate::process::complaint(&ended).contains(&format!("flag {flag}")),
            "{}",
            crate::process::complaint(&ended)
        );
    }
}
