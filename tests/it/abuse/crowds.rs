//! Crowds: of clients that say nothing, of such that never listen, and of more connections than there are descriptors.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use atlas::web::serve::Limits;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::row;
use crate::person::exchange;
use crate::process::Server;
use crate::two_factor::between;
use crate::world::{Wishes, World};

fn is_long() -> bool {
    std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long")
}

/// How a client is bad: by what it sends, and whether it goes on asking without ever listening.
pub fn bad_ways(host: &str, asset: &str) -> [(&'static str, Vec<u8>, bool); 4] {
    let posted = format!(
        "POST /api/auth/sign-in HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{{"
    );
    let asked = format!("GET {asset} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    [
        ("say nothing", Vec::new(), false),
        ("stop in their headers", format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: ").into_bytes(), false),
        ("stop in their body", posted.into_bytes(), false),
        ("ask and never listen", asked.repeat(50).into_bytes(), true),
    ]
}

/// Asks until the server hangs up, without reading a byte; or waits for that.
pub async fn is_cut(mut stream: TcpStream, request: &[u8], goes_on: bool) {
    if goes_on {
        while stream.write_all(request).await.is_ok() {}
        return;
    }
    // A reset is a way of hanging up, too.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_bad_clients_are_all_cut_and_honest_ones_are_answered_meanwhile() {
    let short = Duration::from_millis(1_500);
    let limits = Limits { headers: short, writes: short, ..Limits::default() };
    let world = World::with(Wishes { limits, patience: short, ..Wishes::default() }).await;
    let ada = world.signed_up("ada").await;
    let page = ada.get("/landing").await.is(200).text();
    let ways = bad_ways(&ada.host, &between(&page, "rel=\"stylesheet\" href=\"", "\""));
    let mut cut = Vec::new();
    for (_, request, goes_on) in &ways {
        for _ in 0..50 {
            let mut stream = TcpStream::connect(world.address).await.unwrap();
            stream.write_all(request).await.unwrap();
            cut.push(is_cut(stream, request, *goes_on));
        }
    }
    let honest = async {
        for _ in 0..50 {
            ada.get("/today").await.is(200);
        }
    };
    let all = tokio::time::timeout(Duration::from_mins(2), async { tokio::join!(join_all(cut), honest) });
    all.await.expect("every one of them is cut");
    for (how, ..) in ways {
        row("patience", &format!("50 clients that {how}"), "cut; 50 honest pages answered meanwhile");
    }
}

/// The open descriptors of a process.
fn descriptors(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count()
}

/// A line of a process's `status`, in kB: `VmRSS` is what it holds, `VmHWM` the most it ever held.
fn memory(server: &Server, name: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn address(server: &Server) -> SocketAddr {
    ([127, 0, 0, 1], server.port).into()
}

async fn health(server: &Server) -> u16 {
    let request = format!("GET /api/health HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", server.port);
    let asked = tokio::time::timeout(Duration::from_mins(1), exchange(address(server), request.as_bytes()));
    asked.await.expect("an answer, sooner or later").map_or(0, |reply| reply.status)
}

/// Asks until no more than `most` descriptors are open.
async fn come_back(server: &Server, most: usize) {
    let back = async {
        while descriptors(server) > most {
            assert_eq!(health(server).await, 200);
        }
    };
    tokio::time::timeout(Duration::from_mins(2), back).await.expect("descriptors come back");
}

#[tokio::test]
async fn with_no_descriptor_left_the_server_waits_and_serves_when_they_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    let script = "ulimit -n 64; exec \"$@\"";
    shell.args(["-c", script, "sh", env!("CARGO_BIN_EXE_atlas")]).current_dir(folder.path()).env_clear();
    let server = Server::of(shell, folder.path(), &[]);
    assert_eq!(health(&server).await, 200);
    let before = descriptors(&server);
    let held = join_all((0..200).map(|_| TcpStream::connect(address(&server)))).await;
    assert!(held.iter().all(Result::is_ok), "the system keeps them waiting");
    // The server has noticed: it says so in its log.
    let noticed = async {
        while !fs::read_to_string(folder.path().join("log")).unwrap().contains("could not be accepted") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), noticed).await.expect("it runs out of descriptors");
    let most = descriptors(&server);
    drop(held);
    assert_eq!(health(&server).await, 200);
    come_back(&server, before + 2).await;
    row("descriptors, 64", &format!("200 connections; {most} descriptors open"), "health 200 as soon as they are gone");
}

/// How many connections to try: as many as this process may open beside everything else that runs in it.
fn crowd() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let may: usize = line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX);
    let wanted = if is_long() { 10_000 } else { 1_000 };
    wanted.min(may.saturating_sub(500) / 2)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_connections_cost_bounded_memory_and_their_descriptors_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert_eq!(health(&server).await, 200);
    let (before, resident) = (descriptors(&server), memory(&server, "VmRSS"));
    let crowd = crowd();
    let opening = (0..crowd).map(|_| async {
        // Those past the limit wait in the system's queue, or are not even let into that.
        let opened = tokio::time::timeout(Duration::from_secs(5), TcpStream::connect(address(&server))).await;
        let mut stream = opened.ok()?.ok()?;
        stream.write_all(b"GET /api/health HTTP/1.1\r\n").await.ok()?;
        Some(stream)
    });
    let held: Vec<TcpStream> = join_all(opening).await.into_iter().flatten().collect();
    if crowd <= 2_000 {
        assert_eq!((held.len(), health(&server).await), (crowd, 200), "there is room for all of them and for more");
    }
    let grown = memory(&server, "VmHWM").saturating_sub(resident);
    let taken = descriptors(&server) - before;
    assert!(taken <= 4_096 && grown < 128 * 1024, "{taken} connections and {grown} kB more");
    let sent = format!("{crowd} half-open requests; {taken} taken, {} kB each", grown / taken.max(1));
    drop(held);
    come_back(&server, before + 2).await;
    assert_eq!(health(&server).await, 200);
    row("connections, 4,096", &sent, "health 200; descriptors come back");
}

#[tokio::test]
async fn what_is_sent_packed_or_deep_or_huge_never_costs_more_than_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert_eq!(health(&server).await, 200);
    let before = memory(&server, "VmHWM");
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
            // Who is refused before all is sent may find the line cut.
            if let Ok(mut stream) = TcpStream::connect(address(&server)).await {
                let _ = stream.write_all(request).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        join_all(sending).await;
    }
    assert_eq!(health(&server).await, 200);
    let grown = memory(&server, "VmHWM").saturating_sub(before);
    row("memory", "80 bodies, deep, wide, of 32,000 fields, and of 4 MB", &format!("{grown} kB more at the most"));
    assert!(grown < 32 * 1024, "{grown} kB");
}
