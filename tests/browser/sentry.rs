//! Errors in the browser, as they arrive at Sentry: from our own script, and from the official SDK.

use std::process::Command;

use serde_json::{Value, json};

use super::browser::Device;
use super::ingest::Ingest;
use super::person::Person;
use super::server::Server;
use super::tools::tool;

/// Somebody in front of a server whose browsers report to `ingest`.
async fn person(ingest: &Ingest, more: &[(&str, &str)]) -> Person {
    let dsn = ingest.dsn(5);
    let variables = [&[("NEXT_PUBLIC_SENTRY_DSN", dsn.as_str())], more].concat();
    Person::with(Device::DESKTOP, Server::seeded_with(&variables)).await
}

/// Throws in the page, out of reach of whoever made it.
async fn throws(person: &Person, what: &str) {
    person.browser.runs(&format!("setTimeout(() => {{ {what} }})")).await;
}

fn says_nothing_of_anybody(ingest: &Ingest) {
    for sent in ingest.got(1) {
        let text = String::from_utf8_lossy(&sent.body).to_lowercase();
        for secret in ["canary", "@example.com", "0190c7a0", "ines"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        assert!(sent.header("cookie").is_none() && sent.header("authorization").is_none());
    }
}

#[tokio::test]
async fn an_error_nobody_caught_is_told_with_its_place_and_the_kind_of_page() {
    let ingest = Ingest::new();
    let ines = person(&ingest, &[]).await;
    super::seeded::signs_in(&ines).await;
    // A page with an id and a query, and an error in one of our own scripts.
    ines.visits("/habits").await;
    let habit = ines.asks("return document.querySelector('a[href^=\"/habits/\"]:not([href*=archive])').href").await;
    ines.goes(&format!("{}?canary=1", habit.as_str().unwrap())).await;
    throws(&ines, "throw new TypeError('canary@example.com has \"canary title\" at http://x/?canary and 0190c7a0-0000-7000-8000-000000000000')")
        .await;
    ingest.got(1);
    throws(&ines, "Promise.reject(new RangeError('too far'))").await;
    ingest.got(2);
    throws(&ines, "Promise.reject('canary is no error')").await;

    let events = ingest.events(3);
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
    assert_eq!(ingest.got(3)[0].header("content-type"), Some("text/plain;charset=UTF-8"));
    says_nothing_of_anybody(&ingest);
}

#[tokio::test]
async fn a_frame_of_our_own_script_is_named_and_a_page_tells_five_errors_at_most() {
    let ingest = Ingest::new();
    let ines = person(&ingest, &[]).await;
    ines.visits("/sign-in?from=/canary").await;
    // A field that our script expects is gone, and the script breaks where it stands.
    ines.asks("document.querySelector('#password').remove()").await;
    ines.presses("Show").await;
    let events = ingest.events(1);
    let frames = events[0]["exception"]["values"][0]["stacktrace"]["frames"].clone();
    let ours = |frame: &Value| frame["filename"].as_str().is_some_and(|file| file.starts_with("/assets/"));
    assert!(frames.as_array().unwrap().iter().any(ours), "{events:?}");

    throws(&ines, "for (let n = 0; n < 20; n += 1) setTimeout(() => { throw new Error(`number ${n}`); })").await;
    throws(&ines, "for (let n = 0; n < 20; n += 1) setTimeout(() => { throw new Error('again'); })").await;
    ingest.got(5);
    ines.visits("/landing").await;
    throws(&ines, "throw new Error('on the next page')").await;
    let events = ingest.events(6);
    assert_eq!(events.len(), 6, "{events:?}");
    assert_eq!(events[5]["transaction"], "/landing");
    says_nothing_of_anybody(&ingest);
}

#[tokio::test]
async fn where_browser_errors_are_not_reported_the_script_is_not_there() {
    let ingest = Ingest::new();
    let ines = person(&ingest, &[("NEXT_PUBLIC_SENTRY_ENABLED", "false")]).await;
    ines.visits("/landing").await;
    throws(&ines, "throw new Error('to nobody'); document.body.dataset.thrown = 'never'").await;
    assert_eq!(ines.asks("return document.querySelectorAll('script').length").await, 1);
    let requested = ines.browser.requested().await;
    assert!(!requested.iter().any(|url| url.path().contains("report") || url.path() == "/monitoring"), "{requested:?}");
    assert_eq!(ingest.connections(), 0);
}

/// The official SDK as one script; its package has only modules.
fn sdk() -> String {
    let entry = tool("@sentry/browser/build/npm/esm/prod/index.js");
    let bundling = Command::new("node")
        .arg(tool("esbuild/bin/esbuild"))
        .args(["--bundle", "--minify", "--format=iife", "--global-name=Sentry", "--log-level=error"])
        .arg(entry)
        .output()
        .expect("node starts");
    assert!(bundling.status.success(), "{}", String::from_utf8_lossy(&bundling.stderr));
    String::from_utf8(bundling.stdout).expect("a script is text")
}

#[tokio::test]
async fn the_official_sdk_reports_through_the_tunnel_as_it_is() {
    let ingest = Ingest::new();
    let ines = person(&ingest, &[]).await;
    ines.visits("/landing").await;
    let options =
        json!({ "dsn": ingest.dsn(5), "tunnel": "/monitoring", "environment": "staging", "release": "ours@1" });
    let script = format!(
        "{}\nSentry.init({options}); Sentry.captureException(new Error('from the SDK')); return Sentry.flush(10000);",
        sdk()
    );
    assert_eq!(ines.asks(&script).await, true);
    let sent = ingest.got(1);
    let events: Vec<Value> = sent.iter().flat_map(super::ingest::Sent::events).collect();
    let event = events.iter().find(|event| event["exception"]["values"][0]["value"] == "from the SDK").unwrap();
    assert_eq!((&event["environment"], &event["release"]), (&json!("staging"), &json!("ours@1")));
    assert_eq!(event["sdk"]["name"], "sentry.javascript.browser");
    for sent in &sent {
        assert_eq!(sent.line, "POST /api/5/envelope/");
        assert_eq!(sent.envelope().0["dsn"], ingest.dsn(5));
    }
    let console = ines.browser.console().await;
    assert!(console.is_empty(), "{console:?}");
}
