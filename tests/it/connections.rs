//! Connections of careless and hostile clients.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use atlas::web::server::connections::ConnectionLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::test_user::{TestResponse, read_response, send_raw};
use crate::world::{World, WorldOptions};

fn short_timeouts() -> WorldOptions {
    let limits = ConnectionLimits {
        header_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(300),
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
async fn health_is_answered_over_http_1_0_for_every_host_and_without_one() {
    let world = World::new().await;
    for method in ["GET", "HEAD", "OPTIONS"] {
        for head in [
            "/api/health HTTP/1.0".to_owned(),
            "/api/health HTTP/1.1".to_owned(),
            "/api/health HTTP/1.1\r\nhost: 10.0.0.7:3000".to_owned(),
            "/api/health HTTP/1.1\r\nhost: \u{fc}".to_owned(),
            "http://10.0.0.7/api/health HTTP/1.1\r\nhost: elsewhere".to_owned(),
        ] {
            let request = format!("{method} {head}\r\n\r\n");
            let mut stream = TcpStream::connect(world.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let response = String::from_utf8(read_until_closed(&mut stream).await).unwrap();
            assert!(response.contains(" 200 OK\r\n"), "{request}{response}");
            assert_eq!(response.contains(r#""status":"ok""#), method != "HEAD", "{request}{response}");
        }
    }
    // What HAProxy sends if its configuration names no request.
    for path in ["/", "*"] {
        let response = send_raw(world.address, format!("OPTIONS {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
        assert_eq!((response.status, response.header("allow")), (200, Some("GET, HEAD, OPTIONS")), "{path}");
    }
    for other in ["GET / HTTP/1.0", "OPTIONS /today HTTP/1.0", "POST / HTTP/1.0"] {
        assert_eq!(
            send_raw(world.address, format!("{other}\r\n\r\n").as_bytes()).await.unwrap().status,
            400,
            "{other}"
        );
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
async fn an_upload_may_take_longer_than_the_timeout_while_it_makes_progress() {
    let timeout = Duration::from_millis(200);
    let world = World::with_options(WorldOptions { body_timeout: timeout, ..WorldOptions::default() }).await;
    let ada = world.signed_in_user("ada").await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let (first, rest) = (vec![b' '; 1 << 20], b"{}");
    let head = format!(
        "POST /api/account/imports/self HTTP/1.1\r\nhost: {}\r\ncookie: atlas-development={}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        ada.host,
        ada.cookie("atlas-development").unwrap(),
        first.len() + rest.len()
    );
    let started_at = Instant::now();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&first).await.unwrap();
    while started_at.elapsed() < 3 * timeout {
        ada.get("/api/health").await.assert_status(200);
    }
    stream.write_all(rest).await.unwrap();
    // The file is no export, but it was read.
    assert_eq!(read_response(&mut stream).await.unwrap().status, 400);
}

#[tokio::test]
async fn idle_connections_outlast_those_that_proxies_keep() {
    // Caddy keeps idle connections for two minutes, nginx and AWS load balancers for one.
    assert!(ConnectionLimits::default().idle_timeout > Duration::from_mins(2));
    let limits = ConnectionLimits { header_timeout: Duration::from_millis(200), ..ConnectionLimits::default() };
    let world = World::with_options(WorldOptions { limits, ..WorldOptions::default() }).await;
    let request = format!("GET /api/health HTTP/1.1\r\nhost: {}\r\n\r\n", world.visitor().host);
    let mut kept = TcpStream::connect(world.address).await.unwrap();
    for _ in 0..2 {
        kept.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_response(&mut kept).await.unwrap().status, 200);
        // A connection that sends nothing is closed meanwhile.
        read_until_closed(&mut TcpStream::connect(world.address).await.unwrap()).await;
    }
}

#[tokio::test]
async fn the_connection_that_has_been_idle_for_the_longest_time_makes_room_for_another() {
    let limits = ConnectionLimits { max_connections: 2, ..ConnectionLimits::default() };
    let world = World::with_options(WorldOptions { limits, ..WorldOptions::default() }).await;
    let request = format!("GET /api/health HTTP/1.1\r\nhost: {}\r\n\r\n", world.visitor().host);
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_response(&mut stream).await.unwrap().status, 200);
        kept.push(stream);
    }
    assert!(read_until_closed(&mut kept[0]).await.is_empty());
    kept[2].write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_response(&mut kept[2]).await.unwrap().status, 200);
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

/// Sends a head and a body of `length` bytes before it reads anything, as some proxies and all browsers do.
async fn send_all_then_read(address: SocketAddr, head: &str, length: usize) -> (TestResponse, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; length]).await.expect("the server takes the whole body");
    let response = read_response(&mut stream).await.expect("a response");
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("the connection is closed, not reset");
    (response, rest)
}

#[tokio::test]
async fn a_request_refused_before_its_body_was_read_gets_the_refusal_and_no_reset() {
    let world = World::new().await;
    let host = world.visitor().host;
    let refused = [
        ("POST", "/api/auth/signup", "origin: https://evil.example\r\n", 403),
        ("POST", "/sign-up", "", 403),
        ("POST", "/nothing-here", "", 404),
        ("PATCH", "/api/auth/signup", "", 405),
        ("PUT", "/api/account", "", 401),
        ("GET", "/landing", "", 200),
    ];
    for length in [1, 30_000, 70_000, 1 << 20, 8 << 20] {
        for (method, path, header, status) in refused {
            let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{header}content-length: {length}\r\n\r\n");
            let (response, _) = send_all_then_read(world.address, &head, length).await;
            assert_eq!(response.status, status, "{method} {path} with {length} bytes");
            let closes = response.header("connection") == Some("close");
            assert_eq!(closes, length > 64 * 1024, "{method} {path} with {length} bytes");
        }
        let other_host =
            format!("POST / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        assert_eq!(send_all_then_read(world.address, &other_host, length).await.0.status, 421);
    }
    for length in [70_000, 1 << 20] {
        let json = format!(
            "POST /api/auth/signup HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        send_all_then_read(world.address, &json, length).await.0.assert_refused(413, "invalid_request");
        let large_head = format!("GET /landing HTTP/1.1\r\nhost: {host}\r\nx: ");
        assert_eq!(send_all_then_read(world.address, &large_head, length).await.0.status, 431);
    }
}

#[tokio::test]
async fn during_a_migration_large_requests_get_503_and_no_reset() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = async {
        for length in [30_000, 1 << 20, 8 << 20] {
            let head =
                format!("POST /api/account/imports/self HTTP/1.1\r\nhost: any\r\ncontent-length: {length}\r\n\r\n");
            send_all_then_read(address, &head, length).await.0.assert_status(503);
        }
    };
    atlas::web::server::maintenance::serve_during(&listener, requests).await;
}

#[tokio::test]
async fn a_refused_request_leaves_a_kept_connection_usable() {
    let world = World::new().await;
    let host = world.visitor().host;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    for _ in 0..3 {
        let head = format!("POST /sign-up HTTP/1.1\r\nhost: {host}\r\ncontent-length: 30000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; 30_000]).await.unwrap();
        assert_eq!(read_response(&mut stream).await.unwrap().status, 403);
    }
}

#[tokio::test]
async fn a_client_that_keeps_sending_after_a_refusal_is_disconnected() {
    let world = World::new().await;
    let host = world.visitor().host;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!("POST /sign-up HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n10000\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut sent, bytes) = (0, vec![b'x'; 1 << 20]);
    while let Ok(written) = stream.write(&bytes).await {
        sent += written;
        assert!(sent < 200 << 20, "the server reads on and on");
    }
}

/// Sends requests until the server has stopped. Returns how many were answered, and how many were closed without an answer.
async fn request_until_stopped(address: SocketAddr, host: &str, keep_alive: bool) -> (usize, usize) {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let request = format!("GET /api/health HTTP/1.1\r\nhost: {host}\r\nconnection: {connection}\r\n\r\n");
    let (mut answered, mut unanswered) = (0, 0);
    while let Ok(mut stream) = TcpStream::connect(address).await {
        // What was not sent may be sent again; what was sent must be answered.
        while stream.write_all(request.as_bytes()).await.is_ok() {
            let Some(response) = read_response(&mut stream).await else {
                unanswered += 1;
                break;
            };
            assert_eq!(response.status, 200);
            answered += 1;
            if response.header("connection") == Some("close") {
                break;
            }
        }
    }
    (answered, unanswered)
}

/// Stops a server under clients with kept connections and with new ones, and requires that every request is answered.
async fn stop_under_load() {
    let limits = ConnectionLimits { stop_notice: Duration::from_millis(50), ..ConnectionLimits::default() };
    let mut world = World::with_options(WorldOptions { limits, ..WorldOptions::default() }).await;
    let (address, host) = (world.address, world.visitor().host);
    let clients = [true, true, false, false].map(|keep_alive| request_until_stopped(address, &host, keep_alive));
    let stop = async {
        for _ in 0..20 {
            world.visitor().get("/api/health").await.assert_status(200);
        }
        world.stop();
        assert_eq!(world.server_task.take().unwrap().await.unwrap(), 0);
    };
    let (results, ()) = tokio::join!(futures_util::future::join_all(clients), stop);
    for (answered, unanswered) in results {
        assert!(answered > 0);
        assert_eq!(unanswered, 0, "{answered} requests were answered");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stop_closes_a_connection_without_answering_its_request() {
    // At the same time, because clients notice a closed port only after a second.
    let stops: Vec<_> = (0..8).map(|_| tokio::spawn(stop_under_load())).collect();
    for stop in stops {
        stop.await.unwrap();
    }
}

#[tokio::test]
async fn a_stopping_server_tells_kept_connections_to_close() {
    let limits = ConnectionLimits { stop_notice: Duration::from_secs(20), ..ConnectionLimits::default() };
    let mut world = World::with_options(WorldOptions { limits, ..WorldOptions::default() }).await;
    let request = format!("GET /api/health HTTP/1.1\r\nhost: {}\r\n\r\n", world.visitor().host);
    let mut kept = TcpStream::connect(world.address).await.unwrap();
    let mut answer = async || {
        kept.write_all(request.as_bytes()).await.unwrap();
        read_response(&mut kept).await.unwrap().assert_status(200)
    };
    assert_eq!(answer().await.header("connection"), None);
    // As long as a connection is open, its client must be told.
    let _idle = TcpStream::connect(world.address).await.unwrap();
    world.visitor().get("/api/health").await.assert_status(200);
    world.stop();
    while answer().await.header("connection").is_none() {}
    assert!(read_until_closed(&mut kept).await.is_empty());
    // New connections are served until the notice is over.
    let response = send_raw(world.address, request.as_bytes()).await.unwrap().assert_status(200);
    assert_eq!(response.header("connection"), Some("close"));
}
