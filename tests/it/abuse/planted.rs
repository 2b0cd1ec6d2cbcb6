//! Each limit of a connection lifted, one at a time: then what it keeps out stays, and the story that stands for it would
//! fail. Clocks decide nothing here but how long is waited for what must not happen.

use std::time::Duration;

use atlas::web::serve::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

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
