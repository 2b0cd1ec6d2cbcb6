//! Connections of careless and hostile clients.

use std::time::Duration;

use atlas::web::server::connections::ConnectionLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::test_user::{read_response, send_raw};
use crate::world::{World, WorldOptions};

fn short_timeouts() -> WorldOptions {
    let limits = ConnectionLimits {
        header_timeout: Duration::from_millis(300),
        drain_timeout: Duration::from_secs(5),
        ..ConnectionLimits::default()
    };
    WorldOptions { limits, ..WorldOptions::default() }
}

/// Reads until the server closes the connection and returns the bytes.
async fn read_until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // A connection reset is also a close.
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await.expect("the server closes the connection");
    bytes
}

#[tokio::test]
async fn silent_stalled_and_idle_connections_are_closed() {
    let world = World::with_options(short_timeouts()).await;
    let host = world.visitor().host;
    let mut silent = TcpStream::connect(world.address).await.unwrap();
    let mut stalled = TcpStream::connect(world.address).await.unwrap();
    stalled.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
    let mut idle = TcpStream::connect(world.address).await.unwrap();
    idle.write_all(format!("GET /api/health HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(read_response(&mut idle).await.unwrap().status, 200);
    for stream in [&mut silent, &mut stalled, &mut idle] {
        let rest = read_until_closed(stream).await;
        assert!(!String::from_utf8_lossy(&rest).contains(" 200 "), "{}", String::from_utf8_lossy(&rest));
    }
}

#[tokio::test]
async fn ambiguous_requests_are_refused() {
    let world = World::new().await;
    let host = world.visitor().host;
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
        let response = send_raw(world.address, request.as_bytes()).await.unwrap();
        assert_eq!(response.status, status, "{}", &request[..request.len().min(120)]);
    }
}

#[tokio::test]
async fn a_request_with_two_lengths_closes_the_connection() {
    let world = World::new().await;
    let host = world.visitor().host;
    let chunked = "transfer-encoding: chunked\r\n";
    for lengths in [format!("{chunked}content-length: 4\r\n"), format!("content-length: 4\r\n{chunked}")] {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        let smuggled = format!("GET /landing HTTP/1.1\r\nhost: {host}\r\n\r\n");
        let request = format!("POST /api/auth/sign-in HTTP/1.1\r\nhost: {host}\r\n{lengths}\r\n0\r\n\r\n{smuggled}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let responses = String::from_utf8(read_until_closed(&mut stream).await).unwrap();
        assert_eq!(responses.matches("HTTP/1.1 ").count(), 1, "{responses}");
        assert!(!responses.contains("Stick to the habits"), "{responses}");
    }
}

#[tokio::test]
async fn an_endless_chunked_body_is_refused_at_the_size_limit() {
    let world = World::new().await;
    let host = world.visitor().host;
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
    assert_eq!(read_response(&mut stream).await.unwrap().status, 413);
}

#[tokio::test]
async fn a_body_that_arrives_too_slowly_times_out() {
    let world =
        World::with_options(WorldOptions { body_timeout: Duration::from_millis(200), ..WorldOptions::default() }).await;
    let host = world.visitor().host;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /api/auth/sign-in HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    read_response(&mut stream).await.unwrap().assert_refused(408, "invalid_request");
    world.visitor().get("/api/health").await.assert_status(200);
}

#[tokio::test]
async fn a_client_that_never_reads_is_disconnected() {
    let limits = ConnectionLimits { write_timeout: Duration::from_millis(300), ..ConnectionLimits::default() };
    let world = World::with_options(WorldOptions { limits, ..WorldOptions::default() }).await;
    let request = format!("GET /sign-up HTTP/1.1\r\nhost: {}\r\n\r\n", world.visitor().host).repeat(100);
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    // The server stops reading when the client doesn't read, and then closes the connection, so that writing fails.
    let sending = async { while stream.write_all(request.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(30), sending).await.expect("the server closes the connection");
    world.visitor().get("/api/health").await.assert_status(200);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let limits = ConnectionLimits {
        max_connections: 2,
        header_timeout: Duration::from_millis(300),
        ..ConnectionLimits::default()
    };
    let world = World::with_options(WorldOptions { limits, ..WorldOptions::default() }).await;
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(TcpStream::connect(world.address).await.unwrap());
    }
    // The third is served once the silent ones have timed out.
    world.visitor().get("/api/health").await.assert_status(200);
    for stream in &mut silent {
        read_until_closed(stream).await;
    }
}

#[tokio::test]
async fn a_graceful_shutdown_finishes_running_requests() {
    let mut world = World::with_options(short_timeouts()).await;
    let host = world.visitor().host;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let body = br#"{"email":"nobody@example.com","password":"abcd"}"#;
    let length = body.len();
    let head = format!(
        "POST /api/auth/sign-in HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The handler has asked for the body, so the request is running.
    let mut interim_response = [0; 25];
    stream.read_exact(&mut interim_response).await.unwrap();
    assert!(interim_response.starts_with(b"HTTP/1.1 100"));
    world.stop();
    stream.write_all(body).await.unwrap();
    assert_eq!(read_response(&mut stream).await.unwrap().status, 401);
    assert_eq!(world.server_task.take().unwrap().await.unwrap(), 0);
    assert!(TcpStream::connect(world.address).await.is_err());
}
