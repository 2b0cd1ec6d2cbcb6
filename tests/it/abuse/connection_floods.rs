//! Floods of connections: silent clients, clients that never read, more connections than file descriptors.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use atlas::web::server::connections::ConnectionLimits;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::print_row;
use crate::faults::long_tests_enabled;
use crate::process::Server;
use crate::test_user::{read_response, send_raw};
use crate::two_factor::text_between;
use crate::world::{World, WorldOptions};

/// Kinds of misbehaving clients: a description, the bytes to send, and whether to repeat them without ever reading.
pub fn bad_clients(host: &str, asset: &str) -> [(&'static str, Vec<u8>, bool); 4] {
    let partial_body = format!(
        "POST /api/auth/sign-in HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{{"
    );
    let asset_request = format!("GET {asset} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    [
        ("send nothing", Vec::new(), false),
        ("stop in the headers", format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: ").into_bytes(), false),
        ("stop in the body", partial_body.into_bytes(), false),
        ("send requests and never read", asset_request.repeat(50).into_bytes(), true),
    ]
}

/// Waits until the server closes the connection; if `repeat`, by sending the request again and again without reading.
pub async fn wait_for_close(mut stream: TcpStream, request: &[u8], repeat: bool) {
    if repeat {
        while stream.write_all(request).await.is_ok() {}
        return;
    }
    // A connection reset is also a close.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_bad_clients_are_disconnected_while_others_are_served() {
    let short = Duration::from_millis(1_500);
    let limits = ConnectionLimits { header_timeout: short, write_timeout: short, ..ConnectionLimits::default() };
    let world = World::with_options(WorldOptions { limits, body_timeout: short, ..WorldOptions::default() }).await;
    let ada = world.signed_in_user("ada").await;
    let page = ada.get("/landing").await.assert_status(200).text();
    let clients = bad_clients(&ada.host, &text_between(&page, "rel=\"stylesheet\" href=\"", "\""));
    let mut closed = Vec::new();
    for (_, request, repeat) in &clients {
        for _ in 0..50 {
            let mut stream = TcpStream::connect(world.address).await.unwrap();
            stream.write_all(request).await.unwrap();
            closed.push(wait_for_close(stream, request, *repeat));
        }
    }
    let honest = async {
        for _ in 0..50 {
            ada.get("/today").await.assert_status(200);
        }
    };
    let all = tokio::time::timeout(Duration::from_mins(2), async { tokio::join!(join_all(closed), honest) });
    all.await.expect("every bad client is disconnected");
    for (description, ..) in clients {
        print_row("timeouts", &format!("50 clients that {description}"), "disconnected; 50 other requests served");
    }
}

/// The number of open file descriptors of a server.
fn open_descriptors(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count()
}

/// A field of a server's `/proc` status in kB: `VmRSS` is its resident memory, `VmHWM` the peak.
fn memory_kb(server: &Server, name: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn address(server: &Server) -> SocketAddr {
    ([127, 0, 0, 1], server.port).into()
}

async fn health(server: &Server) -> u16 {
    let request = format!("GET /api/health HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", server.port);
    let response = tokio::time::timeout(Duration::from_mins(1), send_raw(address(server), request.as_bytes()));
    response.await.expect("a response within a minute").map_or(0, |response| response.status)
}

/// Requests health until at most `max` descriptors are open.
async fn wait_for_descriptors(server: &Server, max: usize) {
    let released = async {
        while open_descriptors(server) > max {
            assert_eq!(health(server).await, 200);
        }
    };
    tokio::time::timeout(Duration::from_mins(2), released).await.expect("the descriptors are released");
}

#[tokio::test]
async fn a_server_without_free_descriptors_waits_and_serves_when_some_are_released() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    let script = "ulimit -n 64; exec \"$@\"";
    shell.args(["-c", script, "sh", env!("CARGO_BIN_EXE_atlas")]).current_dir(folder.path()).env_clear();
    let server = Server::from_command(shell, folder.path(), &[]);
    assert_eq!(health(&server).await, 200);
    let before = open_descriptors(&server);
    let connections = join_all((0..200).map(|_| TcpStream::connect(address(&server)))).await;
    assert!(connections.iter().all(Result::is_ok), "the kernel queues them");
    // The server logs that accept failed.
    let accept_failed = async {
        while !fs::read_to_string(folder.path().join("log")).unwrap().contains("could not be accepted") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), accept_failed).await.expect("the server runs out of descriptors");
    let max = open_descriptors(&server);
    drop(connections);
    assert_eq!(health(&server).await, 200);
    wait_for_descriptors(&server, before + 2).await;
    print_row(
        "descriptors, 64",
        &format!("200 connections; {max} descriptors open"),
        "health 200 after they are closed",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_are_closed_when_descriptors_run_short() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    let script = "ulimit -n 64; exec \"$@\"";
    shell.args(["-c", script, "sh", env!("CARGO_BIN_EXE_atlas")]).current_dir(folder.path()).env_clear();
    let server = Server::from_command(shell, folder.path(), &[]);
    let request = format!("GET /api/health HTTP/1.1\r\nhost: localhost:{}\r\n\r\n", server.port);
    let mut kept = Vec::new();
    // Each keeps its connection, and each is answered.
    for _ in 0..120 {
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_response(&mut stream).await.unwrap().status, 200);
        kept.push(stream);
    }
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let lines = log.lines().filter(|line| line.contains("could not be accepted")).count();
    assert!((1..=2).contains(&lines), "{lines} lines");
    print_row("descriptors, 64", "120 clients that keep their connections", "all answered, one line in the log");
}

/// How many connections to open: limited by the descriptors of this process, which other tests use too.
fn connection_count() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let max_descriptors: usize = line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX);
    let target = if long_tests_enabled() { 10_000 } else { 1_000 };
    target.min(max_descriptors.saturating_sub(500) / 2)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_connections_use_bounded_memory_and_release_their_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert_eq!(health(&server).await, 200);
    let (before, resident) = (open_descriptors(&server), memory_kb(&server, "VmRSS"));
    let count = connection_count();
    let opening = (0..count).map(|_| async {
        // Connections beyond the limit wait in the kernel's queue or don't get into it.
        let connected = tokio::time::timeout(Duration::from_secs(5), TcpStream::connect(address(&server))).await;
        let mut stream = connected.ok()?.ok()?;
        stream.write_all(b"GET /api/health HTTP/1.1\r\n").await.ok()?;
        Some(stream)
    });
    let connections: Vec<TcpStream> = join_all(opening).await.into_iter().flatten().collect();
    if count <= 2_000 {
        assert_eq!((connections.len(), health(&server).await), (count, 200), "fewer connections than the limit");
    }
    let growth = memory_kb(&server, "VmHWM").saturating_sub(resident);
    let accepted = open_descriptors(&server) - before;
    assert!(accepted <= 4_096 && growth < 128 * 1024, "{accepted} connections, {growth} kB growth");
    let input = format!("{count} half-open requests; {accepted} accepted, {} kB each", growth / accepted.max(1));
    drop(connections);
    wait_for_descriptors(&server, before + 2).await;
    assert_eq!(health(&server).await, 200);
    print_row("connections, 4,096", &input, "health 200; descriptors released");
}

#[tokio::test]
async fn deep_wide_and_huge_bodies_use_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert_eq!(health(&server).await, 200);
    let before = memory_kb(&server, "VmHWM");
    let deep = b"[".repeat(60_000);
    let wide = format!("{{\"token\":[{}1]}}", "1,".repeat(30_000));
    let fields = b"a&".repeat(32_000);
    let post = |path: &str, media: &str, body: &[u8]| {
        let (port, length) = (server.port, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost:{port}\r\nsec-fetch-site: same-origin\r\ncontent-type: {media}\r\n\
             connection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let requests = [
        post("/api/auth/verify-email", "application/json", &deep),
        post("/api/auth/verify-email", "application/json", wide.as_bytes()),
        post("/verify-email", "application/x-www-form-urlencoded", &fields),
        post("/verify-email", "application/x-www-form-urlencoded", &vec![b'x'; 4 << 20]),
    ];
    for _ in 0..20 {
        let sending = requests.iter().map(|request| async {
            // The server may close the connection before the whole body is sent.
            if let Ok(mut stream) = TcpStream::connect(address(&server)).await {
                let _ = stream.write_all(request).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        join_all(sending).await;
    }
    assert_eq!(health(&server).await, 200);
    let growth = memory_kb(&server, "VmHWM").saturating_sub(before);
    print_row("memory", "80 bodies, deep, wide, of 32,000 fields, and of 4 MB", &format!("{growth} kB growth at most"));
    assert!(growth < 32 * 1024, "{growth} kB");
}
