//! Browser errors as they arrive at Sentry: from Atlas's script, and from the official SDK through the tunnel.

use std::process::Command;

use serde_json::{Value, json};

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::fake_sentry::FakeSentry;
use super::server::Server;
use super::tools::npm_file;

/// Opens a browser with a server whose pages report errors to `ingest`.
async fn open_reporting_browser(ingest: &FakeSentry, variables: &[(&str, &str)]) -> BrowserUser {
    let dsn = ingest.dsn(5);
    let variables = [&[("NEXT_PUBLIC_SENTRY_DSN", dsn.as_str())], variables].concat();
    BrowserUser::open(Device::DESKTOP, Server::start_seeded_with(&variables)).await
}

/// Runs a statement in the page as a task of its own, so that no caller catches what it throws.
async fn throw_in_page(user: &BrowserUser, statement: &str) {
    user.browser.evaluate(&format!("setTimeout(() => {{ {statement} }})")).await;
}

fn assert_no_personal_data(ingest: &FakeSentry) {
    for sent in ingest.wait_for_requests(1) {
        let text = String::from_utf8_lossy(&sent.body).to_lowercase();
        for secret in ["canary", "@example.com", "0190c7a0", "ines"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        assert!(sent.header("cookie").is_none() && sent.header("authorization").is_none());
    }
}

#[tokio::test]
async fn uncaught_errors_are_reported_with_their_location_and_route_but_no_personal_data() {
    let ingest = FakeSentry::new();
    let ines = open_reporting_browser(&ingest, &[]).await;
    super::seeded::sign_in_as_ines(&ines).await;
    // A page with an id and a query in its URL.
    ines.visit("/habits").await;
    let habit = ines.run_script("return document.querySelector('a[href^=\"/habits/0\"]').href").await;
    ines.open_url(&format!("{}?canary=1", habit.as_str().unwrap())).await;
    throw_in_page(&ines, "throw new TypeError('canary@example.com has \"canary title\" at http://x/?canary and 0190c7a0-0000-7000-8000-000000000000')")
        .await;
    ingest.wait_for_requests(1);
    throw_in_page(&ines, "Promise.reject(new RangeError('too far'))").await;
    ingest.wait_for_requests(2);
    throw_in_page(&ines, "Promise.reject('canary is no error')").await;

    let events = ingest.wait_for_events(3);
    let [thrown, rejected, word] = events.as_slice() else { panic!("three events: {events:?}") };
    for event in &events {
        assert_eq!(event["environment"], "development");
        assert_eq!(event["release"], concat!("atlas@", env!("CARGO_PKG_VERSION")));
        assert_eq!(
            (&event["transaction"], &event["tags"]),
            (&json!("/habits/{id}"), &json!({ "page": "/habits/{id}" }))
        );
        assert_eq!((&event["platform"], &event["level"]), (&json!("javascript"), &json!("error")));
    }
    let exception = |event: &Value| event["exception"]["values"][0].clone();
    let thrown = exception(thrown);
    assert_eq!(
        (&thrown["type"], &thrown["value"]),
        (&json!("TypeError"), &json!("[address] has [text] at [link] and [id]"))
    );
    assert!(!thrown["stacktrace"]["frames"].as_array().unwrap().is_empty(), "{thrown}");
    assert_eq!(
        (&exception(rejected)["type"], &exception(rejected)["value"]),
        (&json!("RangeError"), &json!("too far"))
    );
    assert_eq!(exception(word)["value"], "string");
    assert_eq!(ingest.wait_for_requests(3)[0].header("content-type"), Some("text/plain;charset=UTF-8"));
    assert_no_personal_data(&ingest);
}

#[tokio::test]
async fn stack_frames_name_our_scripts_and_a_page_reports_five_errors_at_most() {
    let ingest = FakeSentry::new();
    let ines = open_reporting_browser(&ingest, &[]).await;
    ines.visit("/sign-in?from=/canary").await;
    // Atlas's script fails because a field that it expects has been removed.
    ines.run_script("document.querySelector('#password').remove()").await;
    ines.press("Show").await;
    let events = ingest.wait_for_events(1);
    let frames = events[0]["exception"]["values"][0]["stacktrace"]["frames"].clone();
    let ours = |frame: &Value| frame["filename"].as_str().is_some_and(|file| file.starts_with("/assets/"));
    assert!(frames.as_array().unwrap().iter().any(ours), "{events:?}");

    throw_in_page(&ines, "for (let n = 0; n < 20; n += 1) setTimeout(() => { throw new Error(`number ${n}`); })").await;
    throw_in_page(&ines, "for (let n = 0; n < 20; n += 1) setTimeout(() => { throw new Error('again'); })").await;
    ingest.wait_for_requests(5);
    ines.visit("/landing").await;
    throw_in_page(&ines, "throw new Error('on the next page')").await;
    let events = ingest.wait_for_events(6);
    assert_eq!(events.len(), 6, "{events:?}");
    assert_eq!(events[5]["transaction"], "/landing");
    assert_no_personal_data(&ingest);
}

#[tokio::test]
async fn without_browser_error_reports_pages_do_not_load_the_script() {
    let ingest = FakeSentry::new();
    let ines = open_reporting_browser(&ingest, &[("NEXT_PUBLIC_SENTRY_ENABLED", "false")]).await;
    ines.visit("/landing").await;
    throw_in_page(&ines, "throw new Error('to nobody'); document.body.dataset.thrown = 'never'").await;
    assert_eq!(ines.run_script("return document.querySelectorAll('script').length").await, 1);
    let requested = ines.browser.take_requested_urls().await;
    assert!(!requested.iter().any(|url| url.path().contains("report") || url.path() == "/monitoring"), "{requested:?}");
    assert_eq!(ingest.connection_count(), 0);
}

/// Bundles the official SDK into one script, because its package contains only modules.
fn bundle_sdk() -> String {
    let entry = npm_file("@sentry/browser/build/npm/esm/prod/index.js");
    let output = Command::new("node")
        .arg(npm_file("esbuild/bin/esbuild"))
        .args(["--bundle", "--minify", "--format=iife", "--global-name=Sentry", "--log-level=error"])
        .arg(entry)
        .output()
        .expect("node starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a script is text")
}

#[tokio::test]
async fn reports_of_the_official_sdk_pass_through_the_tunnel_unchanged() {
    let ingest = FakeSentry::new();
    let ines = open_reporting_browser(&ingest, &[]).await;
    ines.visit("/landing").await;
    let options =
        json!({ "dsn": ingest.dsn(5), "tunnel": "/monitoring", "environment": "staging", "release": "ours@1" });
    let script = format!(
        "{}\nSentry.init({options}); Sentry.captureException(new Error('from the SDK')); return Sentry.flush(10000);",
        bundle_sdk()
    );
    assert_eq!(ines.run_script(&script).await, true);
    let sent = ingest.wait_for_requests(1);
    let events: Vec<Value> = sent.iter().flat_map(super::fake_sentry::ReceivedRequest::events).collect();
    let event = events.iter().find(|event| event["exception"]["values"][0]["value"] == "from the SDK").unwrap();
    assert_eq!((&event["environment"], &event["release"]), (&json!("staging"), &json!("ours@1")));
    assert_eq!(event["sdk"]["name"], "sentry.javascript.browser");
    for sent in &sent {
        assert_eq!(sent.line, "POST /api/5/envelope/");
        assert_eq!(sent.envelope().0["dsn"], ingest.dsn(5));
    }
    let console = ines.browser.take_console_messages().await;
    assert!(console.is_empty(), "{console:?}");
}
