//! Each limit of a connection lifted, one at a time: then what it keeps out stays, and the story that stands for it would
//! fail. The depth of JSON, which nothing lifts, is looked at from both sides of its bound. Clocks decide nothing here but how
//! long is waited for what must not happen.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use atlas::web::serve::{self, Limits};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::crowds::{bad_ways, is_cut};
use super::row;
use crate::person::exchange;
use crate::two_factor::between;
use crate::world::{Wishes, World};

const SHORT: Duration = Duration::from_millis(200);
/// As good as no limit.
const LIFTED: Duration = Duration::from_hours(1);
/// How long is waited for what must not happen.
const WHILE: Duration = Duration::from_secs(2);
/// How long for what must, on however busy a machine.
const EVER: Duration = Duration::from_mins(1);

fn strict() -> Wishes {
    let limits = Limits { headers: SHORT, writes: SHORT, drain: SHORT, ..Limits::default() };
    Wishes { limits, patience: SHORT, ..Wishes::default() }
}

/// Which kinds of bad clients are still there after so long.
async fn left(wishes: Wishes, after: Duration) -> Vec<&'static str> {
    let world = World::with(wishes).await;
    let ada = world.stranger();
    let page = ada.get("/landing").await.is(200).text();
    let ways = bad_ways(&ada.host, &between(&page, "rel=\"stylesheet\" href=\"", "\""));
    let staying = ways.iter().map(|(how, request, goes_on)| async {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        tokio::time::timeout(after, is_cut(stream, request, *goes_on)).await.is_err().then_some(*how)
    });
    futures_util::future::join_all(staying).await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patience_without_end_leaves_the_clients_there_that_it_should_cut() {
    let with = |change: fn(&mut Wishes)| {
        let mut wishes = strict();
        change(&mut wishes);
        left(wishes, WHILE)
    };
    let (all, headers, body, writes) = tokio::join!(
        left(strict(), EVER),
        with(|wishes| wishes.limits.headers = LIFTED),
        with(|wishes| wishes.patience = LIFTED),
        with(|wishes| wishes.limits.writes = LIFTED),
    );
    for (lifted, found, expected) in [
        ("none", all, &[][..]),
        ("headers, 15 s", headers, &["say nothing", "stop in their headers"]),
        ("body, 30 s", body, &["stop in their body"]),
        ("writes, 30 s", writes, &["ask and never listen"]),
    ] {
        row("planted", &format!("lifted: {lifted}"), &format!("left: {}", found.join(", ")));
        assert!(expected.iter().all(|how| found.contains(how)), "without {lifted}: {found:?}");
        assert!(lifted != "none" || found.is_empty(), "{found:?}");
    }
}

#[tokio::test]
async fn without_a_most_of_connections_there_is_room_for_everybody_who_says_nothing() {
    for (connections, answered) in [(2, false), (Limits::default().connections, true)] {
        let limits = Limits { connections, headers: LIFTED, ..Limits::default() };
        let world = World::with(Wishes { limits, ..Wishes::default() }).await;
        let _held =
            [TcpStream::connect(world.address).await.unwrap(), TcpStream::connect(world.address).await.unwrap()];
        let request = format!("GET /api/health HTTP/1.1\r\nhost: {}\r\n\r\n", world.stranger().host);
        let wait = if answered { EVER } else { WHILE };
        let third = tokio::time::timeout(wait, exchange(world.address, request.as_bytes())).await;
        row(
            "planted",
            &format!("a third connection where {connections} may be"),
            if answered { "200" } else { "waits" },
        );
        assert_eq!(third.is_ok(), answered, "{connections} connections");
    }
}

#[tokio::test]
async fn a_drain_without_end_waits_for_a_client_that_never_goes_on() {
    for (drain, ends) in [(SHORT, true), (LIFTED, false)] {
        let limits = Limits { drain, ..Limits::default() };
        let mut world = World::with(Wishes { limits, patience: LIFTED, ..Wishes::default() }).await;
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        let head = format!(
            "POST /api/auth/sign-in HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\
             expect: 100-continue\r\n\r\n",
            world.stranger().host
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The handler asks for the body: the request is running.
        stream.readable().await.unwrap();
        world.stops();
        let ended = tokio::time::timeout(if ends { EVER } else { WHILE }, world.serving.take().unwrap()).await;
        row("planted", &format!("a request that never ends; drain {drain:?}"), if ends { "cut" } else { "waited for" });
        assert_eq!(ended.is_ok(), ends, "drain {drain:?}");
        drop(stream);
    }
}

/// An address of this machine that is not its loopback, from which connections are counted; nothing is sent to find it.
fn outward() -> Option<IpAddr> {
    let ways = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];
    let found = ways.into_iter().find_map(|(from, to)| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    found.filter(|address| !address.is_loopback() && !address.is_unspecified())
}

#[tokio::test]
async fn without_a_most_of_each_address_one_that_says_nothing_takes_as_many_connections_as_it_likes() {
    let Some(ours) = outward() else {
        return row("planted", "a third connection from one address", "not looked at: there is no network");
    };
    let lifted = Limits::default().connections;
    for (per_address, answered) in [(2, false), (lifted, true)] {
        let world = World::new().await;
        let every = if ours.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let listener = TcpListener::bind(every).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let limits = Limits { per_address, headers: LIFTED, ..Limits::default() };
        let door = atlas::web::door(Arc::clone(&world.site)).unwrap();
        let serving = tokio::spawn(serve::run(door, listener, limits, std::future::pending()));
        let outside = SocketAddr::from((ours, port));
        let held = [TcpStream::connect(outside).await.unwrap(), TcpStream::connect(outside).await.unwrap()];
        let request = format!("GET /api/health HTTP/1.1\r\nhost: {}\r\n\r\n", world.stranger().host);
        let asks = |address| tokio::time::timeout(EVER, exchange(address, request.as_bytes()));
        let third = asks(outside).await.expect("it is answered or cut");
        row(
            "planted",
            &format!("a third connection from one address that may have {per_address}"),
            if answered { "200" } else { "cut" },
        );
        assert_eq!(third.is_some(), answered, "{per_address} from one address");
        // Whoever is behind this machine's own proxy may be many people.
        if ours.is_ipv4() {
            let behind = [(); 3].map(|()| TcpStream::connect(("127.0.0.1", port)));
            let behind = futures_util::future::join_all(behind).await;
            assert!(asks(([127, 0, 0, 1], port).into()).await.unwrap().is_some(), "{}", behind.len());
        }
        drop(held);
        let again = async { while exchange(outside, request.as_bytes()).await.is_none() {} };
        tokio::time::timeout(EVER, again).await.expect("what is given back is there for others");
        serving.abort();
    }
}

/// Most levels of arrays and objects in a body.
const DEEPEST: usize = 127;

#[tokio::test]
async fn json_as_deep_as_is_stated_is_read_and_one_level_more_is_refused() {
    let token = "a-token-that-operators-alone-hold";
    let variables = vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned()), ("ATLAS_OPERATOR_TOKEN", token.to_owned())];
    let world = World::with(Wishes { variables, ..Wishes::default() }).await;
    // The one address that takes JSON of any shape; it echoes what it read.
    let headers = [("content-type", "application/json"), ("atlas-operator-token", token)];
    for (levels, status) in [(1, 200), (DEEPEST, 200), (DEEPEST + 1, 400), (60_000, 400)] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let innermost = if open == "[" { "" } else { "1" };
            let body = format!("{}{innermost}{}", open.repeat(levels), close.repeat(levels));
            // Longer than any body may be; depth is looked at where length is not in the way.
            if body.len() > 200_000 {
                continue;
            }
            let reply = world.stranger().asks("POST", "/api/operator/verify", &headers, body.as_bytes()).await;
            row("planted", &format!("JSON of {levels} levels of {open}"), &reply.status.to_string());
            assert_eq!(reply.status, status, "{levels} levels of {open}");
            if status == 400 {
                reply.is_refused(400, "invalid_request").says("This is not JSON");
            }
        }
    }
    world.stranger().get("/api/health").await.is(200);
}
