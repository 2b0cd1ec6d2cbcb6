//! Sessions with relays that are slow, have several addresses, or word their replies in their own way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use atlas::app::mail::{delivery, health};
use atlas::domain::mail::{DeliveryStatus, Mail};
use atlas::mail::{Lookup, Relay, RelayFault, RelayTimeouts};
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};

use crate::mail::{mail_to, new_relay, newest_mail, sign_up, staging_with_relay};
use crate::mail_commands::staging_variables;
use crate::process::{Server, run, stdout};
use crate::relay::{RelayAction, ScriptedRelay};
use crate::test_user::send_raw;
use crate::world::World;

const SHORT: Duration = Duration::from_millis(50);

async fn deliver(world: &World, relay: &Relay) -> Mail {
    delivery::deliver_due_mail(&world.state.app, relay).await.unwrap();
    newest_mail(world)
}

fn attempts_and_pause(world: &World, mail: &Mail) -> (u32, Duration) {
    let DeliveryStatus::Waiting { due, attempts, .. } = mail.status else { panic!("{mail:?}") };
    (attempts, due.duration_since(world.clock.now()).try_into().unwrap())
}

fn is_about_a_quarter_of_an_hour(pause: Duration) -> bool {
    (Duration::from_mins(15)..=Duration::from_mins(19)).contains(&pause)
}

#[tokio::test]
async fn each_step_of_a_session_has_its_own_time_limit() {
    let limits = RelayTimeouts::default;
    let steps = [
        ("greeting", RelayTimeouts { greeting: SHORT, ..limits() }),
        ("EHLO", RelayTimeouts { command: SHORT, ..limits() }),
        ("MAIL", RelayTimeouts { command: SHORT, ..limits() }),
        ("RCPT", RelayTimeouts { command: SHORT, ..limits() }),
        ("DATA", RelayTimeouts { data_start: SHORT, ..limits() }),
        (".", RelayTimeouts { data_end: SHORT, ..limits() }),
    ];
    for (step, timeouts) in steps {
        let smtp_server = ScriptedRelay::with_script(move |_, at, _| (at == step).then_some(RelayAction::Stall)).await;
        let (world, mut relay) = staging_with_relay(&smtp_server.url()).await;
        relay.timeouts = timeouts;
        sign_up(&world, "ada").await;
        let mail = deliver(&world, &relay).await;
        let (attempts, pause) = attempts_and_pause(&world, &mail);
        assert_eq!(attempts, 1, "{step}");
        assert!(mail.reply.unwrap().contains("in time"), "{step}");
        // Only after the final dot may the relay have accepted the message.
        assert_eq!(is_about_a_quarter_of_an_hour(pause), step == ".", "{step}: {pause:?}");
    }
}

#[tokio::test]
async fn a_relay_that_never_answers_the_final_dot_gets_a_second_copy_only_much_later() {
    let smtp_server = ScriptedRelay::with_script(|_, at, _| (at == ".").then_some(RelayAction::Stall)).await;
    let (world, mut relay) = staging_with_relay(&smtp_server.url()).await;
    relay.timeouts.data_end = SHORT;
    sign_up(&world, "ada").await;
    deliver(&world, &relay).await;
    world.set_time("2026-02-12T12:14:59Z");
    deliver(&world, &relay).await;
    assert_eq!(smtp_server.accepted_messages().len(), 1, "a second copy within a quarter of an hour");
    world.set_time("2026-02-12T12:20:00Z");
    let (attempts, pause) = attempts_and_pause(&world, &deliver(&world, &relay).await);
    assert_eq!((attempts, smtp_server.accepted_messages().len()), (2, 2));
    assert!(pause >= Duration::from_mins(30), "{pause:?}");
}

#[tokio::test]
async fn a_recipient_whose_mail_is_slow_to_be_accepted_delays_nobody_else() {
    let smtp_server = ScriptedRelay::with_script(|n, at, _| (n == 1 && at == ".").then_some(RelayAction::Stall)).await;
    let (world, mut relay) = staging_with_relay(&smtp_server.url()).await;
    relay.timeouts.next_session = SHORT;
    for name in ["ada", "ben"] {
        sign_up(&world, name).await;
    }
    let state = Arc::clone(&world.state);
    let delivery_task = tokio::spawn(async move { delivery::run_delivery(&state.app, &relay).await });
    while !matches!(mail_to(&world, "ben").status, DeliveryStatus::Sent { .. }) {
        tokio::task::yield_now().await;
    }
    // Mail that is queued later is sent, too, and Ada's is sent by one session only.
    sign_up(&world, "cora").await;
    while !matches!(mail_to(&world, "cora").status, DeliveryStatus::Sent { .. }) {
        tokio::task::yield_now().await;
    }
    assert!(matches!(mail_to(&world, "ada").status, DeliveryStatus::Waiting { attempts: 1, .. }));
    assert_eq!(smtp_server.accepted_messages().len(), 3);
    delivery_task.abort();
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_the_relay_and_sends_no_second_copy_after_the_restart() {
    let smtp_server = ScriptedRelay::with_script(|_, at, _| (at == ".").then_some(RelayAction::Stall)).await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    let state = Arc::clone(&world.state);
    let delivery_task = tokio::spawn(async move { delivery::run_delivery(&state.app, &relay).await });
    while smtp_server.accepted_messages().is_empty() {
        tokio::task::yield_now().await;
    }
    delivery::stop_delivery(&world.state.app, SHORT).await;
    delivery_task.abort();
    let mail = newest_mail(&world);
    let (attempts, pause) = attempts_and_pause(&world, &mail);
    assert!(attempts == 1 && is_about_a_quarter_of_an_hour(pause), "{mail:?}");
    assert!(mail.reply.unwrap().contains("the relay has not said"));
    let world = world.restart().await;
    deliver(&world, &new_relay(&world)).await;
    assert_eq!(smtp_server.accepted_messages().len(), 1);
}

#[tokio::test]
async fn a_server_that_stops_waits_for_an_answer_that_comes_soon() {
    let smtp_server = ScriptedRelay::accepting().await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    let state = Arc::clone(&world.state);
    let delivery_task = tokio::spawn(async move { delivery::run_delivery(&state.app, &relay).await });
    while smtp_server.accepted_messages().is_empty() {
        tokio::task::yield_now().await;
    }
    delivery::stop_delivery(&world.state.app, Duration::from_mins(1)).await;
    assert!(matches!(newest_mail(&world).status, DeliveryStatus::Sent { .. }), "{:?}", newest_mail(&world));
    // Nothing more is sent once delivery has stopped.
    sign_up(&world, "ben").await;
    deliver(&world, &new_relay(&world)).await;
    assert_eq!(smtp_server.accepted_messages().len(), 1);
    delivery_task.abort();
}

/// Signs up for the owner's account at a server of staging.
async fn sign_up_at(port: u16) {
    let body = json!({ "email": "owner@example.com", "password": crate::world::PASSWORD, "displayName": "Owner" });
    let (body, length) = (body.to_string(), body.to_string().len());
    let head = "POST /api/auth/signup HTTP/1.1\r\nhost: staging.example.com\r\nconnection: close\r\n";
    let request = format!("{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
    send_raw(([127, 0, 0, 1], port).into(), request.as_bytes()).await.unwrap().assert_status(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_while_the_relay_is_silent_sends_no_second_copy_when_it_is_back() {
    for (signal, exit_code) in [("TERM", Some(0)), ("KILL", None)] {
        end_while_the_relay_is_silent(signal, exit_code).await;
    }
}

async fn end_while_the_relay_is_silent(signal: &str, exit_code: Option<i32>) {
    let smtp_server = ScriptedRelay::with_script(|_, at, _| (at == ".").then_some(RelayAction::Stall)).await;
    let folder = tempfile::tempdir().unwrap();
    let url = smtp_server.url();
    let variables = staging_variables(&url, "");
    let server = Server::start_with(folder.path(), &[], &variables);
    sign_up_at(server.port).await;
    while smtp_server.accepted_messages().is_empty() {
        tokio::task::yield_now().await;
    }
    server.signal(signal);
    assert_eq!(server.wait().0, exit_code);
    let listed = run(folder.path(), &["mail", "show", "owner@example.com"], &variables);
    assert!(stdout(&listed).contains("the relay has not said whether"), "{}", stdout(&listed));
    let sessions = smtp_server.session_count();
    let restarted = Server::start_with(folder.path(), &[], &variables);
    // The restarted server has signed in to the relay, which it does before it sends anything.
    while smtp_server.session_count() == sessions {
        tokio::task::yield_now().await;
    }
    restarted.signal("TERM");
    restarted.wait();
    assert_eq!(smtp_server.accepted_messages().len(), 1, "after {signal}");
}

/// An address that never accepts a connection because its queue is full, and what keeps it so.
async fn black_hole() -> (SocketAddr, impl Sized) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(connected) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        queued.push(connected.unwrap());
    }
    (address, (listener, queued))
}

#[tokio::test]
async fn mail_is_sent_although_the_relays_first_address_never_answers() {
    let smtp_server = ScriptedRelay::accepting().await;
    let (world, mut relay) = staging_with_relay(&smtp_server.url()).await;
    let (silent, _guard) = black_hole().await;
    let refusing = "127.0.0.1:1".parse().unwrap();
    relay.lookup = Lookup::Fixed(vec![silent, silent, refusing, SocketAddr::from(([127, 0, 0, 1], smtp_server.port))]);
    relay.timeouts.next_address = Duration::from_millis(10);
    sign_up(&world, "ada").await;
    let mail = deliver(&world, &relay).await;
    assert!(matches!(mail.status, DeliveryStatus::Sent { .. }), "{mail:?}");
}

#[tokio::test]
async fn a_relay_that_cannot_be_found_or_connected_to_is_reported_as_such() {
    let (world, mut relay) = staging_with_relay("smtp://127.0.0.1:1").await;
    sign_up(&world, "ada").await;
    relay.lookup = Lookup::Fixed(Vec::new());
    assert!(
        deliver(&world, &relay).await.reply.unwrap().contains("cannot be found; check the name and this machine's DNS")
    );
    let (silent, _guard) = black_hole().await;
    relay.lookup = Lookup::Fixed(vec![silent]);
    relay.timeouts.connect = SHORT;
    world.set_time("2026-02-12T13:00:00Z");
    assert!(deliver(&world, &relay).await.reply.unwrap().contains("firewall"));
}

/// Sends one mail through a relay without TLS that requires a password and follows `script`.
async fn send_with_password(
    script: impl Fn(usize, &str, &str) -> Option<RelayAction> + Send + Sync + 'static,
) -> (Mail, World, ScriptedRelay) {
    let smtp_server = ScriptedRelay::with_script(script).await;
    let url = format!("smtp://ada:pass%20word@127.0.0.1:{}", smtp_server.port);
    let (world, relay) = staging_with_relay(&url).await;
    sign_up(&world, "ada").await;
    let mail = deliver(&world, &relay).await;
    (mail, world, smtp_server)
}

/// The base64 encodings of the user and the password.
const USER: &str = "YWRh";
const PASSWORD: &str = "cGFzcyB3b3Jk";
const USER_AND_PASSWORD: &str = "AGFkYQBwYXNzIHdvcmQ=";

#[tokio::test]
async fn a_relay_may_word_its_prompts_and_capabilities_in_any_way() {
    // "Username:", "Login:", "Benutzername:" in base64; "Password:", "Pass:", and nothing at all.
    for prompts in [
        ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"],
        ["334 TG9naW46", "334 UGFzczo="],
        ["334 QmVudXR6ZXJuYW1lOg==", "334"],
        ["334 not base64!", "334-two\r\n334 lines"],
    ] {
        for ehlo in
            ["250-relay.example\r\n250-auth=login\r\n250 auth Login CRAM-MD5", "250-relay.example hi\r\n250 AUTH LOGIN"]
        {
            let (mail, _, smtp_server) = send_with_password(move |_, step, line| match (step, line) {
                ("EHLO", _) => Some(RelayAction::Respond(ehlo)),
                ("AUTH", "AUTH LOGIN") => Some(RelayAction::Respond(prompts[0])),
                (_, USER) => Some(RelayAction::Respond(prompts[1])),
                (_, PASSWORD) => Some(RelayAction::Respond("235-2.7.0 welcome\r\n235 come in")),
                _ => None,
            })
            .await;
            assert!(matches!(mail.status, DeliveryStatus::Sent { .. }), "{prompts:?} {ehlo}: {mail:?}");
            assert!(smtp_server.received_lines().contains(&USER.to_owned()));
        }
    }
}

#[tokio::test]
async fn another_mechanism_is_tried_if_the_relay_refuses_one() {
    let (mail, ..) = send_with_password(|_, step, line| match (step, line) {
        ("EHLO", _) => Some(RelayAction::Respond("250-relay.example\r\n250 AUTH PLAIN LOGIN")),
        ("AUTH", "AUTH LOGIN") | (_, USER) => Some(RelayAction::Respond("334 eA==")),
        ("AUTH", _) => Some(RelayAction::Respond("504 5.5.4 PLAIN is turned off")),
        (_, PASSWORD) => Some(RelayAction::Respond("235 welcome")),
        _ => None,
    })
    .await;
    assert!(matches!(mail.status, DeliveryStatus::Sent { .. }), "{mail:?}");
    // A relay that ignores the initial response of AUTH PLAIN asks for it.
    let (mail, ..) = send_with_password(|_, step, line| match (step, line) {
        ("EHLO", _) => Some(RelayAction::Respond("250-relay.example\r\n250 AUTH PLAIN")),
        ("AUTH", _) => Some(RelayAction::Respond("334 ")),
        (_, USER_AND_PASSWORD) => Some(RelayAction::Respond("235 welcome")),
        _ => None,
    })
    .await;
    assert!(matches!(mail.status, DeliveryStatus::Sent { .. }), "{mail:?}");
}

#[tokio::test]
async fn a_relay_that_keeps_prompting_or_refuses_the_password_is_not_taken_for_a_busy_one() {
    let refusals = [
        ("334 again?", "authentication"),
        ("535 5.7.8 no", "authentication"),
        ("534 5.7.9 use an app password", "authentication"),
        ("454 4.7.0 try later", ""),
    ];
    for (reply, fault) in refusals {
        let (mail, world, _) = send_with_password(move |_, step, line| match (step, line) {
            ("EHLO", _) => Some(RelayAction::Respond("250-relay.example\r\n250 AUTH LOGIN")),
            ("AUTH", _) | (_, USER) => Some(RelayAction::Respond("334 eA==")),
            (_, PASSWORD) => Some(RelayAction::Respond(reply)),
            ("*", _) => Some(RelayAction::Respond("501 canceled")),
            _ => None,
        })
        .await;
        assert_eq!(mail.status.as_str(), "waiting");
        let found = health::check_mail_health(&world.state.app).relay.fault().map_or("", RelayFault::as_str);
        assert_eq!(found, fault, "{reply}");
    }
}

#[tokio::test]
async fn a_relay_that_knows_only_helo_and_greets_in_several_lines_gets_mail() {
    let smtp_server = ScriptedRelay::with_script(|_, step, _| match step {
        "greeting" => Some(RelayAction::Respond("220-relay.example\r\n220-no spam please\r\n220 ready")),
        "EHLO" => Some(RelayAction::Respond("502 5.5.2 command not recognized")),
        "RCPT" => Some(RelayAction::Respond("251 user not local; will forward")),
        "." => Some(RelayAction::Respond("250-2.0.0 fine\r\n250 2.0.0 queued as 4712")),
        _ => None,
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    let mail = deliver(&world, &relay).await;
    assert!(matches!(mail.status, DeliveryStatus::Sent { .. }), "{mail:?}");
    assert!(mail.reply.unwrap().contains("queued as 4712"));
    // Neither 8BITMIME nor SMTPUTF8 was offered, so the message is ASCII, and its lines are short.
    let message = &smtp_server.accepted_messages()[0];
    assert!(message.is_ascii() && message.lines().all(|line| line.len() < 998));
}

#[tokio::test]
async fn a_busy_relay_is_retried_at_every_step_it_refuses() {
    for (step, reply) in [("greeting", "421 too busy"), ("EHLO", "421 later"), ("DATA", "421 stop"), (".", "421 no")] {
        let smtp_server =
            ScriptedRelay::with_script(move |_, at, _| (at == step).then_some(RelayAction::Respond(reply))).await;
        let (world, relay) = staging_with_relay(&smtp_server.url()).await;
        sign_up(&world, "ada").await;
        let (attempts, pause) = attempts_and_pause(&world, &deliver(&world, &relay).await);
        assert!(attempts == 1 && pause < Duration::from_secs(13), "{step}: {pause:?}");
    }
}

#[tokio::test]
async fn mail_queued_before_the_clock_was_set_back_is_sent_at_once() {
    for stepped_back_to in ["2026-02-12T10:00:00Z", "2026-02-12T11:00:00Z", "2026-02-12T11:59:00Z"] {
        let smtp_server = ScriptedRelay::accepting().await;
        let (world, _) = staging_with_relay(&smtp_server.url()).await;
        sign_up(&world, "ada").await;
        world.set_time(stepped_back_to);
        let world = world.restart().await;
        world.set_time(stepped_back_to);
        let (state, relay) = (Arc::clone(&world.state), new_relay(&world));
        let delivery_task = tokio::spawn(async move { delivery::run_delivery(&state.app, &relay).await });
        while smtp_server.accepted_messages().is_empty() {
            tokio::task::yield_now().await;
        }
        delivery_task.abort();
    }
}

#[tokio::test]
async fn mail_that_waits_for_a_retry_is_sent_at_once_after_the_clock_was_set_back_by_more_than_the_pause() {
    let smtp_server =
        ScriptedRelay::with_script(|n, at, _| (n == 0 && at == "RCPT").then_some(RelayAction::Respond("451 later")))
            .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    deliver(&world, &relay).await;
    world.set_time("2026-02-12T10:00:00Z");
    assert!(matches!(deliver(&world, &relay).await.status, DeliveryStatus::Sent { .. }));
}

#[tokio::test]
async fn settings_that_a_misconfigured_relay_waits_for_are_tried_again_after_the_clock_was_set_back() {
    let smtp_server =
        ScriptedRelay::with_script(|n, at, _| (n == 0 && at == "MAIL").then_some(RelayAction::Respond("550 no"))).await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    deliver(&world, &relay).await;
    world.set_time("2026-02-12T10:00:00Z");
    assert!(matches!(deliver(&world, &relay).await.status, DeliveryStatus::Sent { .. }));
}
