//! Malformed and ambiguous requests: refused, and nothing after them on the connection is answered.

use std::io::Write;
use std::time::Duration;

use atlas::web::server::connections::ConnectionLimits;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::print_row;
use crate::world::{World, WorldOptions};

const SHORT_TIMEOUT: Duration = Duration::from_millis(500);

/// The limit that is tested, a description, the bytes, and the statuses of all responses until the connection closes.
type Case = (&'static str, &'static str, Vec<u8>, &'static [u16]);

/// A request without a body, with additional header lines.
fn request(host: &str, request_line: &str, headers: &str) -> Vec<u8> {
    format!("{request_line}\r\nhost: {host}\r\n{headers}\r\n").into_bytes()
}

/// A POST of JSON to a public route, with additional header lines.
fn post(host: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /api/auth/verify-email HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Appends a request that is answered only if the server misreads where the first one ends.
fn with_smuggled_request(host: &str, first: Vec<u8>) -> Vec<u8> {
    [first, request(host, "GET /api/health HTTP/1.1", "")].concat()
}

fn request_lines(host: &str) -> Vec<Case> {
    let line = |line: &str| with_smuggled_request(host, request(host, line, ""));
    let long = format!("GET /{} HTTP/1.1", "x".repeat(70_000));
    vec![
        ("request line", "no version", line("GET /landing"), &[400]),
        ("request line", "HTTP/3.7", line("GET /landing HTTP/3.7"), &[400]),
        ("request line", "the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[]),
        ("request line", "a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), &[400]),
        ("request line", "a NUL in the path", line("GET /\0landing HTTP/1.1"), &[400]),
        ("request line", "a space in the path", line("GET /land ing HTTP/1.1"), &[400]),
        ("request line", "no path", line("GET  HTTP/1.1"), &[400]),
        ("request line", "70 kB of path", line(&long), &[431]),
        ("request line", "OPTIONS *", line("OPTIONS * HTTP/1.1"), &[200, 200]),
        ("request line", "an unknown method", line("GIMME /landing HTTP/1.1"), &[405, 200]),
    ]
}

fn headers(host: &str) -> Vec<Case> {
    let head = |headers: &str| with_smuggled_request(host, request(host, "GET /api/health HTTP/1.1", headers));
    let many = "x: y\r\n".repeat(120);
    let long = format!("x-long: {}\r\n", "y".repeat(40_000));
    vec![
        ("headers", "120 of them", head(&many), &[431]),
        ("headers", "one of 40 kB", head(&long), &[431]),
        ("headers", "a line without a colon", head("nonsense\r\n"), &[400]),
        ("headers", "a space before the colon", head("x : y\r\n"), &[400]),
        ("headers", "an empty name", head(": y\r\n"), &[400]),
        ("headers", "a NUL in a value", head("x: a\0b\r\n"), &[400]),
        ("headers", "a folded line", head("x: a\r\n b\r\n"), &[400]),
        ("headers", "two hosts", head("host: evil.example\r\n"), &[400, 200]),
        (
            "headers",
            "another host in an absolute path",
            with_smuggled_request(host, request(host, "GET http://evil.example/ HTTP/1.1", "")),
            &[421, 200],
        ),
        ("headers", "an upgrade to a web socket", head("connection: upgrade\r\nupgrade: websocket\r\n"), &[200, 200]),
    ]
}

fn framing(host: &str) -> Vec<Case> {
    let framed = |headers: &str, body: &[u8]| with_smuggled_request(host, post(host, headers, body));
    let chunked = |body: &[u8]| framed("transfer-encoding: chunked\r\n", body);
    let extension = format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(40_000));
    let trailers = "x: y\r\n".repeat(300);
    let trailers = format!("2\r\n{{}}\r\n0\r\n{trailers}\r\n");
    vec![
        ("framing", "two lengths that differ", framed("content-length: 2\r\ncontent-length: 9\r\n", b"{}"), &[400]),
        ("framing", "a length of -1", framed("content-length: -1\r\n", b"{}"), &[400]),
        ("framing", "a length of +2", framed("content-length: +2\r\n", b"{}"), &[400]),
        ("framing", "a length of 0x2", framed("content-length: 0x2\r\n", b"{}"), &[400]),
        ("framing", "a length of two to the 64th", framed("content-length: 18446744073709551616\r\n", b"{}"), &[400]),
        (
            "framing",
            "chunks and a length",
            framed("transfer-encoding: chunked\r\ncontent-length: 2\r\n", b"0\r\n\r\n"),
            &[400],
        ),
        ("framing", "a transfer encoding other than chunked", framed("transfer-encoding: gzip\r\n", b"{}"), &[400]),
        (
            "framing",
            "chunked that is not last",
            framed("transfer-encoding: chunked, identity\r\n", b"0\r\n\r\n"),
            &[400],
        ),
        ("chunks", "a size of -1", chunked(b"-1\r\n{}\r\n0\r\n\r\n"), &[400]),
        ("chunks", "a size of two to the 68th", chunked(b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), &[400]),
        ("chunks", "more in a chunk than its size", chunked(b"2\r\n{}xx\r\n0\r\n\r\n"), &[400]),
        ("chunks", "40 kB of extension", chunked(extension.as_bytes()), &[400]),
        ("chunks", "300 trailers", chunked(trailers.as_bytes()), &[400]),
    ]
}

fn bodies(host: &str) -> Vec<Case> {
    let sized = |headers: &str, body: &[u8]| post(host, &format!("{headers}content-length: {}\r\n", body.len()), body);
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..64 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let full = format!("{{\"token\":\"{}\"}}", "x".repeat(64 * 1024 - 12));
    let wide = format!("[{}1]", "1,".repeat(30_000));
    vec![
        ("body, 64 kB", "64 kB exactly", sized("", full.as_bytes()), &[400]),
        ("body, 64 kB", "one byte more", sized("", format!("{full} ").as_bytes()), &[413]),
        ("body, 64 kB", "a stated terabyte", post(host, "content-length: 1099511627776\r\n", b"{"), &[413]),
        (
            "body, 64 kB",
            "a stated terabyte with expect: 100-continue",
            post(host, "expect: 100-continue\r\ncontent-length: 1099511627776\r\n", b""),
            &[413],
        ),
        (
            "body, encodings",
            "64 MB as 64 kB of gzip",
            sized("content-encoding: gzip\r\n", &bomb[..bomb.len().min(60_000)]),
            &[415],
        ),
        ("body, encodings", "br", sized("content-encoding: br\r\n", b"{}"), &[415]),
        (
            "body, encodings",
            "gzip, five times over",
            sized("content-encoding: gzip, gzip, gzip, gzip, gzip\r\n", b"{}"),
            &[415],
        ),
        ("JSON", "60,000 nested arrays", sized("", "[".repeat(60_000).as_bytes()), &[400]),
        ("JSON", "13,000 nested objects", sized("", "{\"a\":".repeat(13_000).as_bytes()), &[400]),
        ("JSON", "an array of 30,000 numbers", sized("", wide.as_bytes()), &[400]),
        ("JSON", "one key twice", sized("", br#"{"token":"a","token":"b"}"#), &[400]),
        ("JSON", "half a surrogate pair", sized("", br#"{"token":"\ud800"}"#), &[400]),
        ("JSON", "bytes that are not UTF-8", sized("", b"{\"token\":\"\xff\xfe\"}"), &[400]),
        ("JSON", "in UTF-16", sized("", b"\xff\xfe{\0}\0"), &[400]),
    ]
}

/// The status of every response until the server closes the connection.
async fn send_and_read_statuses(world: &World, bytes: &[u8]) -> Vec<u16> {
    let (mut read, mut write) = TcpStream::connect(world.address).await.unwrap().into_split();
    let mut bytes_read = Vec::new();
    let sending = async {
        // The server may refuse the request before the rest is sent.
        let _ = write.write_all(bytes).await;
    };
    let reading = tokio::time::timeout(Duration::from_mins(1), read.read_to_end(&mut bytes_read));
    let ((), read) = tokio::join!(sending, reading);
    // A connection reset is also a close.
    let _ = read.expect("the server closes the connection");
    let text = String::from_utf8_lossy(&bytes_read);
    text.split("HTTP/1.1 ").skip(1).map(|response| response[..3].parse().unwrap()).collect()
}

#[tokio::test]
async fn a_malformed_request_is_refused_and_nothing_after_it_is_answered() {
    let limits =
        ConnectionLimits { header_timeout: SHORT_TIMEOUT, idle_timeout: SHORT_TIMEOUT, ..ConnectionLimits::default() };
    let world = World::with_options(WorldOptions { limits, ..WorldOptions::default() }).await;
    let host = world.visitor().host;
    let cases = [request_lines(&host), headers(&host), framing(&host), bodies(&host)].concat();
    let statuses_of_cases = join_all(cases.iter().map(|(.., bytes, _)| send_and_read_statuses(&world, bytes))).await;
    let mut failures = Vec::new();
    for ((limit, input, _, expected), statuses) in cases.iter().zip(statuses_of_cases) {
        let text: Vec<String> = statuses.iter().map(u16::to_string).collect();
        print_row(limit, input, &if statuses.is_empty() { "closed".to_owned() } else { text.join(", ") });
        if statuses != *expected {
            failures.push(format!("{limit}, {input}: {statuses:?}, expected {expected:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    world.visitor().get("/api/health").await.assert_status(200);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let limits =
        ConnectionLimits { header_timeout: SHORT_TIMEOUT, idle_timeout: SHORT_TIMEOUT, ..ConnectionLimits::default() };
    let world = World::with_options(WorldOptions { limits, ..WorldOptions::default() }).await;
    let host = world.visitor().host;
    let pair = [request(&host, "GET /api/health HTTP/1.1", ""), request(&host, "GET /nothing HTTP/1.1", "")].concat();
    let statuses = send_and_read_statuses(&world, &pair.repeat(500)).await;
    print_row("pipelining", "1,000 requests at once", &format!("{} responses, in order", statuses.len()));
    assert_eq!(statuses, [200, 404].repeat(500));
}
