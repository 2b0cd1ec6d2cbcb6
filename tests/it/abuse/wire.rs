//! Bytes that are no request, or could be read as two: refused, and nothing after them is answered.

use std::io::Write;
use std::time::Duration;

use atlas::web::serve::Limits;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::row;
use crate::world::{Wishes, World};

/// What is sent, against which limit, and the statuses of all answers until the server hangs up.
type Row = (&'static str, &'static str, Vec<u8>, &'static [u16]);

/// A GET with more lines in its head, and another request behind it.
fn get(host: &str, line: &str, more: &str) -> Vec<u8> {
    format!("{line}\r\nhost: {host}\r\n{more}\r\n").into_bytes()
}

/// A POST of JSON to a route of strangers, with these lines and this body.
fn post(host: &str, lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /api/auth/verify-email HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n{lines}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A request that would be answered if what came before it were read otherwise.
fn hidden(host: &str, before: Vec<u8>) -> Vec<u8> {
    [before, get(host, "GET /api/health HTTP/1.1", "")].concat()
}

fn request_lines(host: &str) -> Vec<Row> {
    let line = |line: &str| hidden(host, get(host, line, ""));
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
        ("request line", "OPTIONS *", line("OPTIONS * HTTP/1.1"), &[404, 200]),
        ("request line", "a method of our own making", line("GIMME /landing HTTP/1.1"), &[405, 200]),
    ]
}

fn headers(host: &str) -> Vec<Row> {
    let head = |more: &str| hidden(host, get(host, "GET /api/health HTTP/1.1", more));
    let many = "x: y\r\n".repeat(120);
    let long = format!("x-long: {}\r\n", "y".repeat(40_000));
    vec![
        ("headers", "120 of them", head(&many), &[431]),
        ("headers", "one of 40 kB", head(&long), &[431]),
        ("headers", "a line without a colon", head("nonsense\r\n"), &[400]),
        ("headers", "a space before the colon", head("x : y\r\n"), &[400]),
        ("headers", "a name of nothing", head(": y\r\n"), &[400]),
        ("headers", "a NUL in a value", head("x: a\0b\r\n"), &[400]),
        ("headers", "a folded line", head("x: a\r\n b\r\n"), &[400]),
        ("headers", "two hosts", head("host: evil.example\r\n"), &[400, 200]),
        (
            "headers",
            "another host in an absolute path",
            hidden(host, get(host, "GET http://evil.example/ HTTP/1.1", "")),
            &[421, 200],
        ),
        ("headers", "an upgrade to a web socket", head("connection: upgrade\r\nupgrade: websocket\r\n"), &[200, 200]),
    ]
}

fn framing(host: &str) -> Vec<Row> {
    let framed = |lines: &str, body: &[u8]| hidden(host, post(host, lines, body));
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
        ("framing", "an encoding that is no chunks", framed("transfer-encoding: gzip\r\n", b"{}"), &[400]),
        (
            "framing",
            "chunks that are not last",
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

fn bodies(host: &str) -> Vec<Row> {
    let sized = |lines: &str, body: &[u8]| post(host, &format!("{lines}content-length: {}\r\n", body.len()), body);
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
            "a stated terabyte, asked for first",
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
        ("JSON", "60,000 lists in each other", sized("", "[".repeat(60_000).as_bytes()), &[400]),
        ("JSON", "13,000 objects in each other", sized("", "{\"a\":".repeat(13_000).as_bytes()), &[400]),
        ("JSON", "a list of 30,000 numbers", sized("", wide.as_bytes()), &[400]),
        ("JSON", "one key twice", sized("", br#"{"token":"a","token":"b"}"#), &[400]),
        ("JSON", "half a character", sized("", br#"{"token":"\ud800"}"#), &[400]),
        ("JSON", "bytes that are no text", sized("", b"{\"token\":\"\xff\xfe\"}"), &[400]),
        ("JSON", "in UTF-16", sized("", b"\xff\xfe{\0}\0"), &[400]),
    ]
}

/// Every status until the server hangs up.
async fn told(world: &World, bytes: &[u8]) -> Vec<u16> {
    let (mut read, mut write) = TcpStream::connect(world.address).await.unwrap().into_split();
    let mut answers = Vec::new();
    let sending = async {
        // Who is refused early cannot send the rest; that is the point.
        let _ = write.write_all(bytes).await;
    };
    let reading = tokio::time::timeout(Duration::from_mins(1), read.read_to_end(&mut answers));
    let ((), read) = tokio::join!(sending, reading);
    // A reset is a way of hanging up, too.
    let _ = read.expect("the server hangs up");
    let text = String::from_utf8_lossy(&answers);
    text.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_nothing_behind_it_is_answered() {
    let limits = Limits { headers: Duration::from_millis(500), ..Limits::default() };
    let world = World::with(Wishes { limits, ..Wishes::default() }).await;
    let host = world.stranger().host;
    let rows = [request_lines(&host), headers(&host), framing(&host), bodies(&host)].concat();
    let answers = join_all(rows.iter().map(|(.., bytes, _)| told(&world, bytes))).await;
    let mut wrong = Vec::new();
    for ((limit, sent, _, expected), came) in rows.iter().zip(answers) {
        let statuses: Vec<String> = came.iter().map(u16::to_string).collect();
        row(limit, sent, &if came.is_empty() { "hung up".to_owned() } else { statuses.join(", ") });
        if came != *expected {
            wrong.push(format!("{limit}, {sent}: {came:?} and not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.stranger().get("/api/health").await.is(200);
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_one_by_one_in_their_order() {
    let limits = Limits { headers: Duration::from_millis(500), ..Limits::default() };
    let world = World::with(Wishes { limits, ..Wishes::default() }).await;
    let host = world.stranger().host;
    let both = [get(&host, "GET /api/health HTTP/1.1", ""), get(&host, "GET /nothing HTTP/1.1", "")].concat();
    let came = told(&world, &both.repeat(500)).await;
    row("pipelining", "1,000 requests at once", &format!("{} answers, in order", came.len()));
    assert_eq!(came, [200, 404].repeat(500));
}
