//! The way of browsers to Sentry, through our own origin.

use std::io::Write;

use serde_json::json;

use crate::ingest::{Ingest, Manner};
use crate::person::{Person, Reply};
use crate::world::{Wishes, World};

const PATHS: [&str; 2] = ["/monitoring", "/_obs"];

/// A world whose browsers report to `dsn`.
async fn world(dsn: &str, more: &[(&'static str, &str)]) -> World {
    let mut variables = vec![("NEXT_PUBLIC_SENTRY_DSN", dsn.to_owned())];
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    World::with(Wishes { variables, ..Wishes::default() }).await
}

fn envelope(dsn: &str) -> Vec<u8> {
    let head = json!({ "event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "dsn": dsn, "sdk": { "name": "x" } });
    format!("{head}\n{{\"type\":\"event\"}}\n{{\"message\":\"broken\"}}\n").into_bytes()
}

/// As the official SDK does it.
async fn reports(person: &Person, path: &str, body: &[u8], more: &[(&str, &str)]) -> Reply {
    let mut headers = vec![("content-type", "text/plain;charset=UTF-8"), ("sec-fetch-site", "same-origin")];
    headers.extend_from_slice(more);
    person.asks("POST", path, &headers, body).await
}

#[tokio::test]
async fn an_envelope_goes_on_byte_for_byte_and_takes_nothing_of_its_sender_along() {
    let ingest = Ingest::new();
    let dsn = ingest.dsn(7);
    let world = world(&dsn, &[]).await;
    let ada = world.signed_up("ada").await;
    // An item of a type and shape that nobody here knows, as replays have.
    let mut body = envelope(&dsn);
    body.extend_from_slice(b"{\"type\":\"replay_recording\",\"length\":6}\n\x00\xff\n\xfe\x01\x02\n");
    for path in PATHS {
        let secrets = [("authorization", "Basic canary"), ("referer", "https://x.example/canary"), ("x-canary", "1")];
        let reply = reports(&ada, path, &body, &secrets).await.is(200);
        assert!(reply.header("access-control-allow-origin").is_none() && reply.header("set-cookie").is_none());
    }
    let sent = ingest.got(2);
    for sent in &sent {
        assert_eq!(sent.line, "POST /api/7/envelope/");
        assert_eq!(sent.body, body);
        assert_eq!(sent.header("content-type"), Some("text/plain;charset=UTF-8"));
        let mut names: Vec<_> = sent.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "content-length", "content-type", "host", "user-agent"]);
        assert!(sent.header("user-agent").unwrap().starts_with("atlas/"));
    }
}

#[tokio::test]
async fn status_and_limits_come_back_and_cookies_do_not() {
    let limits = "60:error:organization, 2700:transaction:key";
    for (status, headers) in [
        (200, vec![("X-Sentry-Rate-Limits", limits.to_owned()), ("Set-Cookie", "canary=1".to_owned())]),
        (429, vec![("Retry-After", "61".to_owned()), ("X-Sentry-Rate-Limits", limits.to_owned())]),
        (503, vec![("Retry-After", "5".to_owned())]),
        (413, vec![]),
    ] {
        let ingest = Ingest::that(Manner::Answers(status, headers.clone()));
        let server = Ingest::new();
        let world = world(&ingest.dsn(7), &[("SENTRY_DSN", &server.dsn(1))]).await;
        let reply = reports(&world.stranger(), "/monitoring", &envelope(&ingest.dsn(7)), &[]).await.is(status);
        for name in ["retry-after", "x-sentry-rate-limits"] {
            let said = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            assert_eq!(reply.header(name), said.map(|(_, value)| value.as_str()), "{status} {name}");
        }
        assert!(reply.header("set-cookie").is_none());
        world.site.reporter.close();
        assert_eq!(server.connections(), 0, "the tunnel's own troubles are not reported");
    }
}

#[tokio::test]
async fn only_what_is_for_the_configured_address_leaves() {
    let (ingest, other) = (Ingest::new(), Ingest::new());
    let world = world(&ingest.dsn(7), &[]).await;
    let eve = world.stranger();
    for foreign in [
        other.dsn(7),
        ingest.dsn(8),
        ingest.dsn(7).replace("public", "another"),
        ingest.dsn(7).replace("127.0.0.1", "localhost"),
        ingest.dsn(7).replace("http:", "https:"),
    ] {
        reports(&eve, "/monitoring", &envelope(&foreign), &[]).await.is(403);
    }
    let two = format!("{{\"dsn\":\"{}\",\"dsn\":\"{}\"}}\n", other.dsn(7), ingest.dsn(7));
    let long = vec![b'{'; 100_000];
    for garbage in [&b""[..], b"\n", b"garbage", b"{}", b"\xff\xfe\x00", b"[]", two.as_bytes(), &long] {
        reports(&eve, "/monitoring", garbage, &[]).await.is(400);
    }
    let cross = [("content-type", "text/plain"), ("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    eve.asks("POST", "/monitoring", &cross, &envelope(&ingest.dsn(7))).await.is(403);
    assert_eq!((ingest.connections(), other.connections()), (0, 0));
}

#[tokio::test]
async fn what_is_packed_is_looked_into_and_passed_on_packed() {
    let (ingest, other) = (Ingest::new(), Ingest::new());
    let world = world(&ingest.dsn(7), &[]).await;
    let person = world.stranger();
    let pack = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let packed = pack(&envelope(&ingest.dsn(7)));
    let gzip = [("content-encoding", "gzip")];
    reports(&person, "/monitoring", &packed, &gzip).await.is(200);
    let foreign = pack(&envelope(&other.dsn(7)));
    reports(&person, "/monitoring", &foreign, &gzip).await.is(403);
    // 200 MB of blanks, from 200 KB.
    reports(&person, "/monitoring", &pack(&vec![b' '; 200 << 20]), &gzip).await.is(400);
    reports(&person, "/monitoring", &packed[..20], &gzip).await.is(400);
    reports(&person, "/monitoring", &packed, &[]).await.is(400);
    reports(&person, "/monitoring", &packed, &[("content-encoding", "br")]).await.is(415);
    let sent = ingest.got(1);
    assert_eq!((sent.len(), &sent[0].body, sent[0].header("content-encoding")), (1, &packed, Some("gzip")));
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_megabyte_goes_through_and_two_do_not() {
    let ingest = Ingest::new();
    let world = world(&ingest.dsn(7), &[]).await;
    let person = world.stranger();
    let mut body = envelope(&ingest.dsn(7));
    body.resize(1 << 20, b'x');
    reports(&person, "/monitoring", &body, &[]).await.is(200);
    body.push(b'x');
    reports(&person, "/monitoring", &body, &[]).await.is(413);
    let declared = format!(
        "POST /_obs HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\ncontent-length: 2097152\r\n\r\n",
        person.host
    );
    assert_eq!(crate::person::exchange(world.address, declared.as_bytes()).await.unwrap().status, 413);
    assert_eq!(ingest.got(1).len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Ingest::new();
    for status in [301, 302, 307, 308] {
        let place = format!("http://{}/api/7/envelope/", elsewhere.address);
        let ingest = Ingest::that(Manner::Answers(status, vec![("Location", place)]));
        let world = world(&ingest.dsn(7), &[]).await;
        let reply = reports(&world.stranger(), "/monitoring", &envelope(&ingest.dsn(7)), &[]).await.is(502);
        assert!(reply.header("location").is_none());
        assert_eq!(ingest.got(1).len(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn an_ingest_that_says_nothing_or_is_gone_holds_nobody_up() {
    let ingest = Ingest::that(Manner::Silent);
    let world = world(&ingest.dsn(7), &[]).await;
    let (ada, body) = (world.signed_up("ada").await, envelope(&ingest.dsn(7)));
    let reporting: Vec<_> = (0..16).map(|_| reports(&ada, "/monitoring", &body, &[])).collect();
    let waiting = futures_util::future::join_all(reporting);
    let meanwhile = async {
        // All places are taken: whoever comes now is told to come later, and everybody else notices nothing.
        let full = async {
            while reports(&ada, "/monitoring", &body, &[]).await.status != 429 {
                tokio::task::yield_now().await;
            }
        };
        full.await;
        let reply = reports(&ada, "/monitoring", &body, &[]).await.is(429);
        assert_eq!(reply.header("retry-after"), Some("30"));
        ada.get("/today").await.is(200);
        ingest.answers();
    };
    let (replies, ()) = tokio::join!(waiting, meanwhile);
    assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 429)), "{replies:?}");

    let gone = "http://public@127.0.0.1:1/7";
    let world = self::world(gone, &[]).await;
    reports(&world.stranger(), "/monitoring", &envelope(gone), &[]).await.is(502);
}

#[tokio::test]
async fn whoever_reports_too_often_is_told_to_wait() {
    let ingest = Ingest::new();
    let world = world(&ingest.dsn(7), &[("ENABLE_TEST_ENDPOINTS", "false")]).await;
    let person = world.stranger();
    for n in 0..60 {
        let path = PATHS[n % 2];
        reports(&person, path, b"garbage", &[]).await.is(400);
    }
    let refused = reports(&person, "/monitoring", &envelope(&ingest.dsn(7)), &[]).await.is(429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(ingest.connections(), 0);
}

#[tokio::test]
async fn where_browser_errors_are_not_reported_there_is_no_tunnel() {
    let ingest = Ingest::new();
    let off = world(&ingest.dsn(7), &[("NEXT_PUBLIC_SENTRY_ENABLED", "false")]).await;
    for path in PATHS {
        reports(&off.stranger(), path, &envelope(&ingest.dsn(7)), &[]).await.is(404);
        reports(&World::new().await.stranger(), path, b"x", &[]).await.is(404);
    }
    assert_eq!(ingest.connections(), 0);
}

#[tokio::test]
async fn behind_the_gate_it_takes_what_the_gate_takes() {
    let ingest = Ingest::new();
    let gate = [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "open sesame")];
    let world = world(&ingest.dsn(7), &gate).await;
    let (person, body) = (world.stranger(), envelope(&ingest.dsn(7)));
    reports(&person, "/monitoring", &body, &[]).await.is(401);
    let known = [("authorization", "Basic dGVhbTpvcGVuIHNlc2FtZQ==")];
    reports(&person, "/monitoring", &body, &known).await.is(200);
    assert!(ingest.got(1)[0].header("authorization").is_none());
}
