//! Lifts each connection limit in turn and shows that the clients it stops then stay, so the tests of the limits can
//! fail. The depth limit of JSON, which can't be lifted, is tested on both sides of its bound. Timing only bounds how
//! long the tests wait for something that must not happen.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use atlas::web::server::connections;
use atlas::web::server::connections::ConnectionLimits;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::connection_floods::{bad_clients, wait_for_close};
use super::print_row;
use crate::test_user::send_raw;
use crate::two_factor::text_between;
use crate::world::{World, WorldOptions};

const SHORT_TIMEOUT: Duration = Duration::from_millis(200);
/// A timeout that never expires during a test.
const NO_TIMEOUT: Duration = Duration::from_hours(1);
/// How long to wait for something that must not happen.
const NEGATIVE_WAIT: Duration = Duration::from_secs(2);
/// How long to wait for something that must happen, even on a busy host.
const POSITIVE_WAIT: Duration = Duration::from_mins(1);

fn short_timeouts() -> WorldOptions {
    let limits = ConnectionLimits {
        header_timeout: SHORT_TIMEOUT,
        idle_timeout: SHORT_TIMEOUT,
        write_timeout: SHORT_TIMEOUT,
        drain_timeout: SHORT_TIMEOUT,
        ..ConnectionLimits::default()
    };
    WorldOptions { limits, body_timeout: SHORT_TIMEOUT, ..WorldOptions::default() }
}

/// The kinds of bad clients that are still connected after `wait`.
async fn remaining_clients(options: WorldOptions, wait: Duration) -> Vec<&'static str> {
    let world = World::with_options(options).await;
    let visitor = world.visitor();
    let page = visitor.get("/landing").await.assert_status(200).text();
    let clients = bad_clients(&visitor.host, &text_between(&page, "rel=\"stylesheet\" href=\"", "\""));
    let remaining = clients.iter().map(|(description, request, repeat)| async {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        tokio::time::timeout(wait, wait_for_close(stream, request, *repeat)).await.is_err().then_some(*description)
    });
    futures_util::future::join_all(remaining).await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_timeout_the_clients_it_disconnects_remain() {
    let with = |change: fn(&mut WorldOptions)| {
        let mut options = short_timeouts();
        change(&mut options);
        remaining_clients(options, NEGATIVE_WAIT)
    };
    let (none, headers, body, writes) = tokio::join!(
        remaining_clients(short_timeouts(), POSITIVE_WAIT),
        with(|options| options.limits.header_timeout = NO_TIMEOUT),
        with(|options| options.body_timeout = NO_TIMEOUT),
        with(|options| options.limits.write_timeout = NO_TIMEOUT),
    );
    for (lifted, remaining, expected) in [
        ("none", none, &[][..]),
        ("headers, 15 s", headers, &["send nothing", "stop in the headers"]),
        ("body, 30 s", body, &["stop in the body"]),
        ("writes, 30 s", writes, &["send requests and never read"]),
    ] {
        print_row("lifted limit", &format!("lifted: {lifted}"), &format!("remaining: {}", remaining.join(", ")));
        assert!(expected.iter().all(|client| remaining.contains(client)), "without {lifted}: {remaining:?}");
        assert!(lifted != "none" || remaining.is_empty(), "{remaining:?}");
    }
}

#[tokio::test]
async fn without_a_connection_limit_silent_clients_take_every_connection() {
    for (max_connections, is_served) in [(2, false), (ConnectionLimits::default().max_connections, true)] {
        let limits = ConnectionLimits { max_connections, header_timeout: NO_TIMEOUT, ..ConnectionLimits::default() };
        let world = World::with_options(WorldOptions { limits, ..WorldOptions::default() }).await;
        let _silent =
            [TcpStream::connect(world.address).await.unwrap(), TcpStream::connect(world.address).await.unwrap()];
        let request = format!("GET /api/health HTTP/1.1\r\nhost: {}\r\n\r\n", world.visitor().host);
        let wait = if is_served { POSITIVE_WAIT } else { NEGATIVE_WAIT };
        let third = tokio::time::timeout(wait, send_raw(world.address, request.as_bytes())).await;
        print_row(
            "lifted limit",
            &format!("a third connection with a limit of {max_connections}"),
            if is_served { "200" } else { "waits" },
        );
        assert_eq!(third.is_ok(), is_served, "{max_connections} connections");
    }
}

#[tokio::test]
async fn without_a_drain_timeout_a_shutdown_waits_for_a_stalled_client() {
    for (drain_timeout, stops) in [(SHORT_TIMEOUT, true), (NO_TIMEOUT, false)] {
        let limits = ConnectionLimits { drain_timeout, ..ConnectionLimits::default() };
        let mut world =
            World::with_options(WorldOptions { limits, body_timeout: NO_TIMEOUT, ..WorldOptions::default() }).await;
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        let head = format!(
            "POST /api/auth/sign-in HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\
             expect: 100-continue\r\n\r\n",
            world.visitor().host
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The handler has asked for the body, so the request is running.
        stream.readable().await.unwrap();
        world.stop();
        let stopped =
            tokio::time::timeout(if stops { POSITIVE_WAIT } else { NEGATIVE_WAIT }, world.server_task.take().unwrap())
                .await;
        print_row(
            "lifted limit",
            &format!("a request that never ends; drain {drain_timeout:?}"),
            if stops { "closed" } else { "waited for" },
        );
        assert_eq!(stopped.is_ok(), stops, "drain {drain_timeout:?}");
        drop(stream);
    }
}

/// A non-loopback address of this host, because connections from loopback aren't counted per address. Finding it sends
/// nothing.
fn non_loopback_address() -> Option<IpAddr> {
    let routes = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];
    let address = routes.into_iter().find_map(|(from, to)| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    address.filter(|address| !address.is_loopback() && !address.is_unspecified())
}

#[tokio::test]
async fn without_a_limit_per_address_one_address_takes_every_connection() {
    let Some(own_address) = non_loopback_address() else {
        return print_row("lifted limit", "a third connection from one address", "skipped: no network");
    };
    let default_limit = ConnectionLimits::default().max_connections;
    for (max_per_address, is_served) in [(2, false), (default_limit, true)] {
        let world = World::new().await;
        let any_address = if own_address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let listener = TcpListener::bind(any_address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let limits = ConnectionLimits { max_per_address, header_timeout: NO_TIMEOUT, ..ConnectionLimits::default() };
        let service = atlas::web::service(Arc::clone(&world.state)).unwrap();
        let server_task = tokio::spawn(connections::run(service, listener, limits, std::future::pending()));
        let outside = SocketAddr::from((own_address, port));
        let silent = [TcpStream::connect(outside).await.unwrap(), TcpStream::connect(outside).await.unwrap()];
        let request = format!("GET /api/health HTTP/1.1\r\nhost: {}\r\n\r\n", world.visitor().host);
        let request_from = |address| tokio::time::timeout(POSITIVE_WAIT, send_raw(address, request.as_bytes()));
        let third = request_from(outside).await.expect("it is served or closed");
        print_row(
            "lifted limit",
            &format!("a third connection from an address with a limit of {max_per_address}"),
            if is_served { "200" } else { "closed" },
        );
        assert_eq!(third.is_some(), is_served, "{max_per_address} from one address");
        // Connections from loopback come from a local proxy and may be many clients.
        if own_address.is_ipv4() {
            let proxied = [(); 3].map(|()| TcpStream::connect(("127.0.0.1", port)));
            let proxied = futures_util::future::join_all(proxied).await;
            assert!(request_from(([127, 0, 0, 1], port).into()).await.unwrap().is_some(), "{}", proxied.len());
        }
        drop(silent);
        let released = async { while send_raw(outside, request.as_bytes()).await.is_none() {} };
        tokio::time::timeout(POSITIVE_WAIT, released).await.expect("closed connections free their places");
        server_task.abort();
    }
}

/// The deepest nesting of arrays and objects that a body may have.
const MAX_DEPTH: usize = 127;

#[tokio::test]
async fn json_at_the_depth_limit_is_read_and_one_level_more_is_refused() {
    let token = "a-token-that-operators-alone-hold";
    let variables = vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned()), ("ATLAS_OPERATOR_TOKEN", token.to_owned())];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    // The one endpoint that accepts JSON of any shape; in tests it echoes the body.
    let headers = [("content-type", "application/json"), ("atlas-operator-token", token)];
    for (levels, status) in [(1, 200), (MAX_DEPTH, 200), (MAX_DEPTH + 1, 400), (60_000, 400)] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let innermost = if open == "[" { "" } else { "1" };
            let body = format!("{}{innermost}{}", open.repeat(levels), close.repeat(levels));
            // Larger than the body limit; this test is about depth.
            if body.len() > 200_000 {
                continue;
            }
            let response = world.visitor().request("POST", "/api/operator/verify", &headers, body.as_bytes()).await;
            print_row("JSON depth", &format!("JSON of {levels} levels of {open}"), &response.status.to_string());
            assert_eq!(response.status, status, "{levels} levels of {open}");
            if status == 400 {
                response.assert_refused(400, "invalid_request").assert_contains("This isn't valid JSON");
            }
        }
    }
    world.visitor().get("/api/health").await.assert_status(200);
}
