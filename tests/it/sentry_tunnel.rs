//! The Sentry tunnel, through which browsers report errors to Atlas's own origin.

use std::io::Write;

use atlas::config::{Dsn, Tls};
use atlas::observe::tunnel::{SentryEnvelope, Tunnel};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fake_sentry::{FakeSentry, ResponseMode};
use crate::relay::Certificates;
use crate::test_user::{TestResponse, TestUser};
use crate::world::{World, WorldOptions};

const PATHS: [&str; 2] = ["/monitoring", "/_obs"];

/// Starts a world whose browsers report to `dsn`.
async fn start_world(dsn: &str, more: &[(&'static str, &str)]) -> World {
    let mut variables = vec![("NEXT_PUBLIC_SENTRY_DSN", dsn.to_owned())];
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await
}

fn envelope(dsn: &str) -> Vec<u8> {
    let head = json!({ "event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "dsn": dsn, "sdk": { "name": "x" } });
    format!("{head}\n{{\"type\":\"event\"}}\n{{\"message\":\"broken\"}}\n").into_bytes()
}

/// Sends an envelope as the official SDK does.
async fn report(user: &TestUser, path: &str, body: &[u8], more: &[(&str, &str)]) -> TestResponse {
    let mut headers = vec![("content-type", "text/plain;charset=UTF-8"), ("sec-fetch-site", "same-origin")];
    headers.extend_from_slice(more);
    user.request("POST", path, &headers, body).await
}

#[tokio::test]
async fn an_envelope_is_forwarded_byte_for_byte_without_headers_of_its_sender() {
    let ingest = FakeSentry::new();
    let dsn = ingest.dsn(7);
    let world = start_world(&dsn, &[]).await;
    let ada = world.signed_in_user("ada").await;
    // An item of a type that Atlas does not know, such as a replay.
    let mut body = envelope(&dsn);
    body.extend_from_slice(b"{\"type\":\"replay_recording\",\"length\":6}\n\x00\xff\n\xfe\x01\x02\n");
    for path in PATHS {
        let private_headers =
            [("authorization", "Basic canary"), ("referer", "https://x.example/canary"), ("x-canary", "1")];
        let response = report(&ada, path, &body, &private_headers).await.assert_status(200);
        assert!(response.header("access-control-allow-origin").is_none() && response.header("set-cookie").is_none());
    }
    let sent = ingest.wait_for_requests(2);
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
async fn status_and_rate_limits_are_passed_back_and_cookies_are_not() {
    let limits = "60:error:organization, 2700:transaction:key";
    for (status, headers) in [
        (200, vec![("X-Sentry-Rate-Limits", limits.to_owned()), ("Set-Cookie", "canary=1".to_owned())]),
        (429, vec![("Retry-After", "61".to_owned()), ("X-Sentry-Rate-Limits", limits.to_owned())]),
        (503, vec![("Retry-After", "5".to_owned())]),
        (413, vec![]),
    ] {
        let ingest = FakeSentry::with_mode(ResponseMode::Respond(status, headers.clone()));
        let server = FakeSentry::new();
        let world = start_world(&ingest.dsn(7), &[("SENTRY_DSN", &server.dsn(1))]).await;
        let response =
            report(&world.visitor(), "/monitoring", &envelope(&ingest.dsn(7)), &[]).await.assert_status(status);
        for name in ["retry-after", "x-sentry-rate-limits"] {
            let expected = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            assert_eq!(response.header(name), expected.map(|(_, value)| value.as_str()), "{status} {name}");
        }
        assert!(response.header("set-cookie").is_none());
        world.state.reporter.close();
        assert_eq!(server.connection_count(), 0, "errors of the tunnel are not reported");
    }
}

#[tokio::test]
async fn only_envelopes_for_the_configured_dsn_are_forwarded() {
    let (ingest, other) = (FakeSentry::new(), FakeSentry::new());
    let world = start_world(&ingest.dsn(7), &[]).await;
    let eve = world.visitor();
    for foreign in [
        other.dsn(7),
        ingest.dsn(8),
        ingest.dsn(7).replace("public", "another"),
        ingest.dsn(7).replace("127.0.0.1", "localhost"),
        ingest.dsn(7).replace("http:", "https:"),
    ] {
        report(&eve, "/monitoring", &envelope(&foreign), &[]).await.assert_status(403);
    }
    let two = format!("{{\"dsn\":\"{}\",\"dsn\":\"{}\"}}\n", other.dsn(7), ingest.dsn(7));
    let long = vec![b'{'; 100_000];
    for garbage in [&b""[..], b"\n", b"garbage", b"{}", b"\xff\xfe\x00", b"[]", two.as_bytes(), &long] {
        report(&eve, "/monitoring", garbage, &[]).await.assert_status(400);
    }
    let cross = [("content-type", "text/plain"), ("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    eve.request("POST", "/monitoring", &cross, &envelope(&ingest.dsn(7))).await.assert_status(403);
    assert_eq!((ingest.connection_count(), other.connection_count()), (0, 0));
}

#[tokio::test]
async fn compressed_envelopes_are_checked_and_forwarded_compressed() {
    let (ingest, other) = (FakeSentry::new(), FakeSentry::new());
    let world = start_world(&ingest.dsn(7), &[]).await;
    let user = world.visitor();
    let compress = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let compressed = compress(&envelope(&ingest.dsn(7)));
    let gzip = [("content-encoding", "gzip")];
    report(&user, "/monitoring", &compressed, &gzip).await.assert_status(200);
    let foreign = compress(&envelope(&other.dsn(7)));
    report(&user, "/monitoring", &foreign, &gzip).await.assert_status(403);
    // 200 KB that decompress to 200 MB of spaces.
    report(&user, "/monitoring", &compress(&vec![b' '; 200 << 20]), &gzip).await.assert_status(400);
    report(&user, "/monitoring", &compressed[..20], &gzip).await.assert_status(400);
    report(&user, "/monitoring", &compressed, &[]).await.assert_status(400);
    report(&user, "/monitoring", &compressed, &[("content-encoding", "br")]).await.assert_status(415);
    let sent = ingest.wait_for_requests(1);
    assert_eq!((sent.len(), &sent[0].body, sent[0].header("content-encoding")), (1, &compressed, Some("gzip")));
    assert_eq!(other.connection_count(), 0);
}

#[tokio::test]
async fn envelopes_of_up_to_one_megabyte_are_forwarded() {
    let ingest = FakeSentry::new();
    let world = start_world(&ingest.dsn(7), &[]).await;
    let user = world.visitor();
    let mut body = envelope(&ingest.dsn(7));
    body.resize(1 << 20, b'x');
    report(&user, "/monitoring", &body, &[]).await.assert_status(200);
    body.push(b'x');
    report(&user, "/monitoring", &body, &[]).await.assert_status(413);
    let declared = format!(
        "POST /_obs HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\ncontent-length: 2097152\r\n\r\n",
        user.host
    );
    assert_eq!(crate::test_user::send_raw(world.address, declared.as_bytes()).await.unwrap().status, 413);
    assert_eq!(ingest.wait_for_requests(1).len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = FakeSentry::new();
    for status in [301, 302, 307, 308] {
        let location = format!("http://{}/api/7/envelope/", other.address);
        let ingest = FakeSentry::with_mode(ResponseMode::Respond(status, vec![("Location", location)]));
        let world = start_world(&ingest.dsn(7), &[]).await;
        let response = report(&world.visitor(), "/monitoring", &envelope(&ingest.dsn(7)), &[]).await.assert_status(502);
        assert!(response.header("location").is_none());
        assert_eq!(ingest.wait_for_requests(1).len(), 1);
    }
    assert_eq!(other.connection_count(), 0);
}

#[tokio::test]
async fn an_unresponsive_or_unreachable_ingest_delays_no_other_request() {
    let ingest = FakeSentry::with_mode(ResponseMode::Hold);
    let world = start_world(&ingest.dsn(7), &[]).await;
    let (ada, body) = (world.signed_in_user("ada").await, envelope(&ingest.dsn(7)));
    let reports: Vec<_> = (0..16).map(|_| report(&ada, "/monitoring", &body, &[])).collect();
    let all_reports = futures_util::future::join_all(reports);
    let meanwhile = async {
        // All slots are in use: further reports are refused for now, and other requests are not affected.
        let fill_slots = async {
            while report(&ada, "/monitoring", &body, &[]).await.status != 429 {
                tokio::task::yield_now().await;
            }
        };
        fill_slots.await;
        let response = report(&ada, "/monitoring", &body, &[]).await.assert_status(429);
        assert_eq!(response.header("retry-after"), Some("30"));
        ada.get("/today").await.assert_status(200);
        ingest.release();
    };
    let (responses, ()) = tokio::join!(all_reports, meanwhile);
    assert!(responses.iter().all(|response| matches!(response.status, 200 | 429)), "{responses:?}");

    let unreachable = "http://public@127.0.0.1:1/7";
    let world = start_world(unreachable, &[]).await;
    report(&world.visitor(), "/monitoring", &envelope(unreachable), &[]).await.assert_status(502);
}

#[tokio::test]
async fn reports_are_rate_limited() {
    let ingest = FakeSentry::new();
    let world = start_world(&ingest.dsn(7), &[("ENABLE_TEST_ENDPOINTS", "false")]).await;
    let user = world.visitor();
    for n in 0..60 {
        let path = PATHS[n % 2];
        report(&user, path, b"garbage", &[]).await.assert_status(400);
    }
    let refused = report(&user, "/monitoring", &envelope(&ingest.dsn(7)), &[]).await.assert_status(429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(ingest.connection_count(), 0);
}

#[tokio::test]
async fn without_browser_reporting_there_is_no_tunnel() {
    let ingest = FakeSentry::new();
    for setting in ["NEXT_PUBLIC_SENTRY_ENABLED", "SENTRY_ENABLED"] {
        let disabled = start_world(&ingest.dsn(7), &[(setting, "false")]).await;
        for path in PATHS {
            report(&disabled.visitor(), path, &envelope(&ingest.dsn(7)), &[]).await.assert_status(404);
        }
        disabled.visitor().get("/sign-in").await.assert_status(200).assert_lacks("sentry");
    }
    for path in PATHS {
        report(&World::new().await.visitor(), path, b"x", &[]).await.assert_status(404);
    }
    assert_eq!(ingest.connection_count(), 0);
}

#[tokio::test]
async fn behind_basic_auth_the_tunnel_requires_the_credentials() {
    let ingest = FakeSentry::new();
    let basic_auth = [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "open sesame")];
    let world = start_world(&ingest.dsn(7), &basic_auth).await;
    let (user, body) = (world.visitor(), envelope(&ingest.dsn(7)));
    report(&user, "/monitoring", &body, &[]).await.assert_status(401);
    let credentials = [("authorization", "Basic dGVhbTpvcGVuIHNlc2FtZQ==")];
    report(&user, "/monitoring", &body, &credentials).await.assert_status(200);
    assert!(ingest.wait_for_requests(1)[0].header("authorization").is_none());
}

/// An HTTPS server with these certificates that answers every request with 200; returns its port.
async fn https_server(certificates: &Certificates) -> u16 {
    let (_, acceptor) = certificates.relay_options(Tls::Implicit).tls.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentry_with_an_authority_of_its_own_is_trusted_once_the_setting_names_the_authority() {
    let certificates = Certificates::for_host("localhost");
    let dsn = Dsn(format!("https://public@localhost:{}/1", https_server(&certificates).await));
    let forward = async |authorities: Vec<Vec<u8>>| {
        let tunnel = Tunnel::from_dsn(&dsn, &authorities).unwrap();
        let envelope = SentryEnvelope { body: b"{}", encoding: None, auth: None };
        let forwarding = move || tunnel.forward(envelope, "application/x-sentry-envelope");
        tokio::task::spawn_blocking(forwarding).await.unwrap()
    };
    let untrusted = forward(Vec::new()).await.unwrap_err().to_string();
    assert!(untrusted.contains("UnknownIssuer") && untrusted.contains("set SENTRY_CA_FILE"), "{untrusted}");
    let authority = CertificateDer::from_pem_slice(certificates.authority.as_bytes()).unwrap().to_vec();
    assert_eq!(forward(vec![authority]).await.unwrap().status, 200);
}

#[tokio::test]
async fn sdks_that_are_no_browsers_may_report() {
    let ingest = FakeSentry::new();
    let world = start_world(&ingest.dsn(7), &[]).await;
    let ada = world.signed_in_user("ada").await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    // Python's envelopes name no DSN.
    encoder.write_all(b"{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n{\"type\":\"event\"}\n{}\n").unwrap();
    let body = encoder.finish().unwrap();
    let send = async |auth: &str, more: &[(&str, &str)]| {
        let mut headers = vec![("content-type", "application/x-sentry-envelope"), ("content-encoding", "gzip")];
        headers.push(("x-sentry-auth", auth));
        headers.extend_from_slice(more);
        ada.request("POST", "/monitoring", &headers, &body).await
    };
    let auth = "Sentry sentry_key=public, sentry_version=7, sentry_client=sentry.python/2.0";
    send(auth, &[]).await.assert_status(200);
    send("Sentry sentry_key=another, sentry_version=7", &[]).await.assert_status(403);
    send("", &[]).await.assert_status(400);
    send(auth, &[("origin", "https://evil.example")]).await.assert_status(403);
    let sent = ingest.wait_for_requests(1);
    assert_eq!((sent.len(), &sent[0].body), (1, &body));
    let sent_auth = sent[0].header("x-sentry-auth").unwrap();
    assert!(sent_auth.contains("sentry_key=public") && sent_auth.contains("sentry_client=atlas/"), "{sent_auth}");
}
