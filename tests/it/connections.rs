//! Connections as careless and hostile clients make them.

use std::time::Duration;

use atlas::web::serve::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::person::{exchange, read_reply};
use crate::world::{Wishes, World};

fn quick() -> Wishes {
    let limits = Limits { headers: Duration::from_millis(300), drain: Duration::from_secs(5), ..Limits::default() };
    Wishes { limits, ..Wishes::default() }
}

/// Reads until the server hangs up, and answers what came.
async fn until_cut(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // A reset is a way of hanging up, too.
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await.expect("the server hangs up");
    bytes
}

#[tokio::test]
async fn silent_halting_and_idle_connections_are_cut() {
    let world = World::with(quick()).await;
    let host = world.stranger().host;
    let mut silent = TcpStream::connect(world.address).await.unwrap();
    let mut halting = TcpStream::connect(world.address).await.unwrap();
    halting.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
    let mut idle = TcpStream::connect(world.address).await.unwrap();
    idle.write_all(format!("GET /api/health HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(read_reply(&mut idle).await.unwrap().status, 200);
    for stream in [&mut silent, &mut halting, &mut idle] {
        let rest = until_cut(stream).await;
        assert!(!String::from_utf8_lossy(&rest).contains(" 200 "), "{}", String::from_utf8_lossy(&rest));
    }
}

#[tokio::test]
async fn requests_that_two_servers_could_read_differently_are_refused() {
    let world = World::new().await;
    let host = world.stranger().host;
    let port = world.address.port();
    let table = [
        (format!("POST /sign-in HTTP/1.1\r\nhost: {host}\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"), 400),
        (format!("GET /landing HTTP/1.1\r\nhost: {host}\r\nhost: evil.example\r\n\r\n"), 400),
        ("GET /landing HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET /landing HTTP/1.1\r\nhost: evil.example\r\n\r\n".to_owned(), 421),
        (format!("GET /landing HTTP/1.1\r\nhost: localhost:{port}.evil.example\r\n\r\n"), 421),
        (format!("GET http://evil.example/landing HTTP/1.1\r\nhost: {host}\r\n\r\n"), 421),
        (format!("GET /landing HTTP/1.1\r\nhost: {host}\r\nx: {}\r\n\r\n", "x".repeat(40_000)), 431),
        ("NONSENSE\r\n\r\n".to_owned(), 400),
        (format!("GET /landing HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n"), 200),
        (format!("CONNECT {host} HTTP/1.1\r\nhost: {host}\r\n\r\n"), 400),
        (format!("GET http://LOCALHOST:{port}/landing HTTP/1.1\r\nhost: {host}\r\n\r\n"), 200),
        ("GET /api/health HTTP/1.1\r\nhost: 10.0.0.7\r\n\r\n".to_owned(), 200),
    ];
    for (request, status) in table {
        let reply = exchange(world.address, request.as_bytes()).await.unwrap();
        assert_eq!(reply.status, status, "{}", &request[..request.len().min(120)]);
    }
}

#[tokio::test]
async fn a_request_with_two_lengths_is_the_last_on_its_connection() {
    let world = World::new().await;
    let host = world.stranger().host;
    let chunked = "transfer-encoding: chunked\r\n";
    for lengths in [format!("{chunked}content-length: 4\r\n"), format!("content-length: 4\r\n{chunked}")] {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        let hidden = format!("GET /landing HTTP/1.1\r\nhost: {host}\r\n\r\n");
        let request = format!("POST /api/auth/sign-in HTTP/1.1\r\nhost: {host}\r\n{lengths}\r\n0\r\n\r\n{hidden}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answers = String::from_utf8(until_cut(&mut stream).await).unwrap();
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
        assert!(!answers.contains("Keep what you mean"), "{answers}");
    }
}

#[tokio::test]
async fn a_chunked_body_without_end_is_cut_at_the_limit() {
    let world = World::new().await;
    let host = world.stranger().host;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /api/auth/signup HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    for _ in 0..5 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    assert_eq!(read_reply(&mut stream).await.unwrap().status, 413);
}

#[tokio::test]
async fn a_body_that_takes_too_long_is_given_up() {
    let world = World::with(Wishes { patience: Duration::from_millis(200), ..Wishes::default() }).await;
    let host = world.stranger().host;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /api/auth/sign-in HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    read_reply(&mut stream).await.unwrap().is_refused(408, "invalid_request");
    world.stranger().get("/api/health").await.is(200);
}

#[tokio::test]
async fn a_client_that_never_reads_is_given_up() {
    let limits = Limits { writes: Duration::from_millis(300), ..Limits::default() };
    let world = World::with(Wishes { limits, ..Wishes::default() }).await;
    let request = format!("GET /sign-up HTTP/1.1\r\nhost: {}\r\n\r\n", world.stranger().host).repeat(100);
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    // The server stops reading once its answers are not taken; then it hangs up, and writing fails.
    let asking = async { while stream.write_all(request.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(30), asking).await.expect("the server hangs up");
    world.stranger().get("/api/health").await.is(200);
}

#[tokio::test]
async fn more_connections_than_the_limit_wait_for_a_place() {
    let limits = Limits { connections: 2, headers: Duration::from_millis(300), ..Limits::default() };
    let world = World::with(Wishes { limits, ..Wishes::default() }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(TcpStream::connect(world.address).await.unwrap());
    }
    // The third is served once the silent ones have been cut.
    world.stranger().get("/api/health").await.is(200);
    for stream in &mut held {
        until_cut(stream).await;
    }
}

#[tokio::test]
async fn a_stopping_server_finishes_what_it_began() {
    let mut world = World::with(quick()).await;
    let host = world.stranger().host;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let body = br#"{"email":"nobody@example.com","password":"abcd"}"#;
    let length = body.len();
    let head = format!(
        "POST /api/auth/sign-in HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The handler asks for the body: the request is running.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));
    world.stops();
    stream.write_all(body).await.unwrap();
    assert_eq!(read_reply(&mut stream).await.unwrap().status, 401);
    assert_eq!(world.serving.take().unwrap().await.unwrap(), 0);
    assert!(TcpStream::connect(world.address).await.is_err());
}
