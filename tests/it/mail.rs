//! Mail delivery to SMTP relays over real connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atlas::app::expiry;
use atlas::app::mail::{delivery, health, outbox};
use atlas::config::{Secret, Smtp, Tls, Transport};
use atlas::domain::MailId;
use atlas::domain::mail::{DeliveryStatus, Mail};
use atlas::mail::Relay;
use atlas::store::tables::{outbox as store_outbox, schema};
use atlas::store::{Error, WriteTxn};
use serde_json::json;
use tokio::net::TcpListener;

use crate::log_capture;
use crate::relay::{Certificates, RELAY_PASSWORD, RELAY_USER, RelayAction, ScriptedRelay};
use crate::routes::staging_options;
use crate::test_user::{TestResponse, TestUser};
use crate::world::World;

/// Staging that may send mail to Ada, Ben and Cora.
pub async fn staging_with_relay(url: &str) -> (World, Relay) {
    let mut options =
        staging_options(&[("ADMIN_EMAIL_ALLOWLIST", "ada@example.com, ben@example.com, cora@example.com")]);
    options.variables.retain(|(name, _)| *name != "SMTP_URL");
    options.variables.push(("SMTP_URL", url.to_owned()));
    let world = World::with_options(options).await;
    let relay = new_relay(&world);
    (world, relay)
}

pub fn new_relay(world: &World) -> Relay {
    let settings = &world.settings;
    Relay::from_settings(&settings.mail, &world.state.app.app_url, Some("staging".to_owned()))
        .unwrap()
        .expect("staging sends mail")
}

pub async fn sign_up(world: &World, name: &'static str) -> TestResponse {
    let mut user = TestUser::new(name, world);
    user.host = "staging.example.com".to_owned();
    let body = json!({ "email": user.email(), "password": crate::world::PASSWORD, "displayName": "Someone" });
    user.send_json("POST", "/api/auth/signup", &body).await.assert_status(201)
}

pub fn newest_mail(world: &World) -> Mail {
    outbox::list_newest(&world.state.app, 1).unwrap().remove(0)
}

pub fn mail_to(world: &World, name: &str) -> Mail {
    let mails = outbox::list_newest(&world.state.app, usize::MAX).unwrap();
    mails.into_iter().find(|mail| mail.to.local_part() == name).unwrap()
}

/// Runs a delivery round and returns the status of the newest mail.
async fn deliver(world: &World, relay: &Relay) -> DeliveryStatus {
    delivery::deliver_due_mail(&world.state.app, relay).await.unwrap();
    newest_mail(world).status
}

fn time_until_due(world: &World, status: &DeliveryStatus) -> Duration {
    let DeliveryStatus::Waiting { due, .. } = status else { panic!("{status:?}") };
    due.duration_since(world.clock.now()).try_into().unwrap()
}

/// Sets the clock to when the newest mail is due.
fn advance_to_due_time(world: &World) {
    let DeliveryStatus::Waiting { due, .. } = newest_mail(world).status else {
        panic!("{:?}", newest_mail(world).status)
    };
    world.clock.set(due);
}

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let line = mail.lines().find(|line| line.starts_with(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("{name} is not in:\n{mail}")).split_once(": ").unwrap().1
}

#[tokio::test]
async fn an_email_is_sent_with_both_parts_and_its_text_is_deleted() {
    let smtp_server = ScriptedRelay::accepting().await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    let message_id = newest_mail(&world).message_id.unwrap();
    deliver(&world, &relay).await;
    let mails = smtp_server.accepted_messages();
    assert_eq!(mails.len(), 1);
    for line in [
        "Subject: [staging] Confirm your email for Atlas",
        "Auto-Submitted: auto-generated",
        "X-Atlas-Environment: staging",
        "text/plain",
        "text/html",
        "staging.example.com/verify-email",
    ] {
        assert!(mails[0].contains(line), "{line} is not in:\n{}", mails[0]);
    }
    // RFC 2046 section 5.1.4: the preferred alternative comes last.
    assert!(header(&mails[0], "Content-Type").starts_with("multipart/alternative"));
    assert!(mails[0].find("text/plain") < mails[0].find("text/html"));
    let sent = newest_mail(&world);
    assert!(matches!(sent.status, DeliveryStatus::Sent { .. }));
    assert_eq!(header(&mails[0], "Message-ID"), format!("<{message_id}>"));
    assert_eq!(header(&mails[0], "Resend-Idempotency-Key"), sent.id.to_string());
    assert_eq!(sent.reply.as_deref(), Some("250 2.0.0 queued as 4711"));
    assert_eq!(sent.subject, "[staging] Confirm your email for Atlas");
    assert!(world.newest_mail("ada@example.com").is_none(), "the text of the sent email is still stored");
    deliver(&world, &relay).await;
    assert_eq!(smtp_server.accepted_messages().len(), 1);
}

#[tokio::test]
async fn staging_sends_mail_only_to_the_allowlist_and_responds_alike_to_all() {
    let smtp_server = ScriptedRelay::accepting().await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    let mut responses = Vec::new();
    for name in ["ada", "outsider"] {
        let response = sign_up(&world, name).await;
        let data = response.clone().data();
        responses.push((response.status, data.as_object().unwrap().keys().cloned().collect::<Vec<_>>()));
    }
    assert_eq!(responses[0], responses[1]);
    assert_eq!(deliver(&world, &relay).await, DeliveryStatus::Captured);
    assert_eq!(smtp_server.accepted_messages().len(), 1);
    assert!(!smtp_server.received_lines().iter().any(|line| line.contains("outsider")));
    assert!(
        newest_mail(&world).body.unwrap().text.contains("/verify-email?token="),
        "admins cannot read the captured email"
    );
}

/// Queues as many mails as a newer version does before a rollback: with a status that this one doesn't know.
async fn queue_mails_of_a_newer_version(world: &World, count: u8, like: Mail) {
    let queued_at = world.clock.now() - Duration::from_hours(1);
    let write = move |txn: &mut WriteTxn<'_, '_>| {
        for number in 0..count {
            let id = MailId::generate(queued_at, [number; 10]);
            let waiting = Mail { id, status: DeliveryStatus::queued(queued_at), ..like.clone() };
            store_outbox::put(txn, &waiting, None);
            let status = DeliveryStatus::Unknown(json!({ "state": "paused" }).as_object().unwrap().clone());
            txn.put(&schema::MAIL, &id, &Mail { status, ..waiting });
        }
        Ok::<_, Error>(())
    };
    world.state.app.store.write(write).await.unwrap();
}

#[tokio::test]
async fn mail_whose_status_only_a_newer_version_knows_holds_up_no_other_and_is_not_polled() {
    let smtp_server = ScriptedRelay::accepting().await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    // More than a round delivers.
    queue_mails_of_a_newer_version(&world, 60, newest_mail(&world)).await;
    assert!(matches!(deliver(&world, &relay).await, DeliveryStatus::Sent { .. }));

    let (end, mut attempts) = (world.clock.now() + Duration::from_hours(1), 0);
    while world.clock.now() < end {
        deliver(&world, &relay).await;
        attempts += 1;
        world.clock.set(world.clock.now() + delivery::pause_until_next(&world.state.app));
    }
    assert_eq!(attempts, 60, "once a minute");
    assert_eq!(smtp_server.accepted_messages().len(), 1);
    let kept = outbox::list_newest(&world.state.app, usize::MAX).unwrap();
    assert_eq!(kept.iter().filter(|mail| matches!(mail.status, DeliveryStatus::Unknown(_))).count(), 60);
}

#[tokio::test]
async fn queued_mail_to_a_recipient_removed_from_the_allowlist_is_captured() {
    let smtp_server = ScriptedRelay::accepting().await;
    let (mut world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    world.restart_with_settings(|settings| settings.admins.retain(|admin| admin.as_str() != "ada@example.com")).await;
    assert_eq!(deliver(&world, &relay).await, DeliveryStatus::Captured);
    assert!(smtp_server.received_lines().is_empty());
}

#[tokio::test]
async fn mail_is_captured_by_the_stamp_of_the_file_despite_production_settings() {
    let smtp_server = ScriptedRelay::accepting().await;
    for environment in ["preview/x", "development"] {
        let mut world = World::with_options(crate::world::WorldOptions { environment, ..Default::default() }).await;
        let (staging, _) = staging_with_relay(&smtp_server.url()).await;
        let production = atlas::config::policy::for_kind(atlas::domain::EnvironmentKind::Production);
        world
            .restart_with_settings(|settings| {
                settings.mail = staging.settings.mail.clone();
                settings.policy = production;
            })
            .await;
        TestUser::new("ada", &world).sign_up("UTC").await;
        assert_eq!(deliver(&world, &new_relay(&staging)).await, DeliveryStatus::Captured, "{environment}");
    }
    assert!(smtp_server.received_lines().is_empty());
}

#[tokio::test]
async fn temporary_failures_are_retried_with_backoff_and_the_same_message_id() {
    let smtp_server = ScriptedRelay::with_script(|n, step, _| {
        (step == "RCPT" && n < 4).then_some(RelayAction::Respond("451 4.7.1 greylisted"))
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    let id = newest_mail(&world).message_id.unwrap();
    let mut delays = Vec::new();
    for attempt in 1..=4 {
        let status = deliver(&world, &relay).await;
        assert!(
            matches!(status, DeliveryStatus::Waiting { attempts, deferred: false, .. } if attempts == attempt),
            "{status:?}"
        );
        assert_eq!(
            newest_mail(&world).reply.as_deref(),
            Some("the relay refused the recipient (451): 451 4.7.1 greylisted")
        );
        delays.push(time_until_due(&world, &status));
        // Before the retry is due, nothing is sent.
        let session_count = smtp_server.session_count();
        deliver(&world, &relay).await;
        assert_eq!(smtp_server.session_count(), session_count);
        advance_to_due_time(&world);
    }
    for (delay, minimum) in delays.iter().zip([10, 20, 40, 80]) {
        let minimum = Duration::from_secs(minimum);
        assert!((minimum..=minimum + minimum / 4).contains(delay), "{delays:?}");
    }
    assert!(matches!(deliver(&world, &relay).await, DeliveryStatus::Sent { .. }));
    assert_eq!(header(&smtp_server.accepted_messages()[0], "Message-ID"), format!("<{id}>"));
}

#[tokio::test]
async fn an_email_with_an_expired_link_is_not_sent() {
    let smtp_server =
        ScriptedRelay::with_script(|_, step, _| (step == "RCPT").then_some(RelayAction::Respond("451 later"))).await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    deliver(&world, &relay).await;
    // No retry is scheduled after the link expires, so delivery fails at its expiry.
    for _ in 0..100 {
        if !matches!(newest_mail(&world).status, DeliveryStatus::Waiting { .. }) {
            break;
        }
        advance_to_due_time(&world);
        deliver(&world, &relay).await;
    }
    let failed = newest_mail(&world);
    assert!(
        matches!(&failed.status, DeliveryStatus::Failed { reason, .. } if reason.contains("expired")),
        "{failed:?}"
    );
    assert_eq!(
        world.clock.now(),
        crate::world::instant("2026-02-13T12:00:00Z"),
        "the email did not fail when its link expired"
    );
    assert!(failed.body.is_none());
}

#[tokio::test]
async fn an_email_with_a_replaced_or_used_link_is_not_sent() {
    let is_unavailable = Arc::new(AtomicBool::new(true));
    let unavailable = Arc::clone(&is_unavailable);
    let smtp_server = ScriptedRelay::with_script(move |_, step, _| {
        (step == "greeting" && unavailable.load(Ordering::Relaxed)).then_some(RelayAction::Respond("421 later"))
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    let first = newest_mail(&world);
    world.set_time("2026-02-12T12:10:00Z");
    let mut ada = TestUser::new("ada", &world);
    ada.host = "staging.example.com".to_owned();
    ada.send_json("POST", "/api/auth/resend-verification", &json!({ "email": ada.email() })).await.assert_status(200);
    let second = newest_mail(&world);
    assert_ne!(first.id, second.id);
    // The second link is used before it is sent, and confirms the address.
    let text = second.body.clone().unwrap().text;
    let token = text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap();
    ada.send_json("POST", "/api/auth/verify-email", &json!({ "token": token })).await.assert_status(200);
    is_unavailable.store(false, Ordering::Relaxed);
    deliver(&world, &relay).await;
    for id in [first.id, second.id] {
        let mail = outbox::find_mail(&world.state.app, id).unwrap().unwrap();
        assert!(matches!(&mail.status, DeliveryStatus::Failed { reason, .. } if reason.contains("link")), "{mail:?}");
        assert!(mail.body.is_none());
    }
    // The same for password resets: only the newest link is sent.
    for _ in 0..2 {
        ada.send_json("POST", "/api/auth/forgot-password", &json!({ "email": ada.email() })).await.assert_status(200);
    }
    deliver(&world, &relay).await;
    assert_eq!(smtp_server.accepted_messages().len(), 1);
    assert!(matches!(newest_mail(&world).status, DeliveryStatus::Sent { .. }));
}

#[tokio::test]
async fn a_permanent_failure_is_final_until_an_operator_retries() {
    let refuses = Arc::new(AtomicBool::new(true));
    let is_refusing = Arc::clone(&refuses);
    let smtp_server = ScriptedRelay::with_script(move |_, step, _| {
        (step == "RCPT" && is_refusing.load(Ordering::Relaxed))
            .then_some(RelayAction::Respond("550 5.1.1 no such user"))
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    let status = deliver(&world, &relay).await;
    assert!(matches!(&status, DeliveryStatus::Failed { reason, .. } if reason.contains("no such user")), "{status:?}");
    world.set_time("2026-02-12T18:00:00Z");
    let session_count = smtp_server.session_count();
    deliver(&world, &relay).await;
    assert_eq!(smtp_server.session_count(), session_count, "a permanent failure was retried");
    refuses.store(false, Ordering::Relaxed);
    let id = newest_mail(&world).id;
    outbox::retry_mail(&world.state.app, &atlas::app::initiator::Initiator::operator(), id).await.unwrap();
    assert!(matches!(deliver(&world, &relay).await, DeliveryStatus::Sent { .. }));
    // A sent email cannot be retried.
    let refused =
        outbox::retry_mail(&world.state.app, &atlas::app::initiator::Initiator::operator(), id).await.unwrap_err();
    assert!(refused.to_string().contains("already sent"), "{refused}");
}

#[tokio::test]
async fn one_connection_delivers_a_batch_despite_a_refused_recipient() {
    let smtp_server = ScriptedRelay::with_script(|_, step, line| {
        (step == "RCPT" && line.contains("ben@")).then_some(RelayAction::Respond("550 5.1.1 no such user"))
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    for name in ["ada", "ben", "cora"] {
        sign_up(&world, name).await;
    }
    deliver(&world, &relay).await;
    assert_eq!(smtp_server.session_count(), 1, "{:?}", smtp_server.received_lines());
    assert_eq!(smtp_server.received_lines().iter().filter(|line| *line == "RSET").count(), 1);
    assert_eq!(smtp_server.received_lines().last().unwrap(), "QUIT");
    assert!(matches!(mail_to(&world, "ada").status, DeliveryStatus::Sent { .. }));
    assert!(matches!(mail_to(&world, "ben").status, DeliveryStatus::Failed { .. }));
    assert!(matches!(mail_to(&world, "cora").status, DeliveryStatus::Sent { .. }));
}

#[tokio::test]
async fn after_a_disconnect_the_email_is_retried_and_the_others_are_sent_at_once() {
    let smtp_server =
        ScriptedRelay::with_script(|n, step, _| (n == 0 && step == "line").then_some(RelayAction::Disconnect)).await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    sign_up(&world, "ben").await;
    deliver(&world, &relay).await;
    assert!(matches!(mail_to(&world, "ada").status, DeliveryStatus::Waiting { attempts: 1, .. }));
    assert!(
        matches!(mail_to(&world, "ben").status, DeliveryStatus::Sent { .. }),
        "no new connection delivered the other email"
    );
    // The relay may have accepted the email before it hung up, so the retry is a quarter of an hour away.
    world.set_time("2026-02-12T12:14:59Z");
    deliver(&world, &relay).await;
    assert!(matches!(mail_to(&world, "ada").status, DeliveryStatus::Waiting { attempts: 1, .. }));
    world.set_time("2026-02-12T12:19:00Z");
    deliver(&world, &relay).await;
    assert!(matches!(mail_to(&world, "ada").status, DeliveryStatus::Sent { .. }));
    assert_eq!(smtp_server.accepted_messages().len(), 2);
}

#[tokio::test]
async fn after_a_lost_response_the_identical_email_is_sent_again() {
    let smtp_server =
        ScriptedRelay::with_script(|n, step, _| (n == 0 && step == ".").then_some(RelayAction::Disconnect)).await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    assert!(matches!(deliver(&world, &relay).await, DeliveryStatus::Waiting { attempts: 1, .. }));
    advance_to_due_time(&world);
    assert!(matches!(deliver(&world, &relay).await, DeliveryStatus::Sent { .. }));
    let mails = smtp_server.accepted_messages();
    assert_eq!(mails.len(), 2);
    // Mail clients hide duplicates with the same Message-ID; Resend drops duplicates with the same key.
    for name in ["Message-ID", "Resend-Idempotency-Key", "Date", "Subject"] {
        assert_eq!(header(&mails[0], name), header(&mails[1], name));
    }
}

#[tokio::test]
async fn an_unreachable_relay_fails_no_sign_up_and_costs_one_attempt_per_round() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", closed.local_addr().unwrap());
    drop(closed);
    let (world, relay) = staging_with_relay(&url).await;
    sign_up(&world, "ada").await;
    sign_up(&world, "ben").await;
    deliver(&world, &relay).await;
    for name in ["ada", "ben"] {
        assert!(matches!(mail_to(&world, name).status, DeliveryStatus::Waiting { attempts: 1, deferred: false, .. }));
    }
    let health = health::check_mail_health(&world.state.app);
    assert_eq!((health.relay.as_str(), health.waiting, health.alert()), ("away", 2, None));
    world.set_time("2026-02-12T12:10:00Z");
    let alert = health::check_mail_health(&world.state.app).alert().unwrap();
    assert_eq!(alert.code, "mail_unreachable");
    assert!(alert.message.contains("since 2026-02-12 12:00 UTC") && alert.message.contains("refused"), "{alert:?}");
}

#[tokio::test]
async fn mail_that_a_working_relay_keeps_putting_off_raises_an_alert() {
    let smtp_server =
        ScriptedRelay::with_script(|_, step, _| (step == "RCPT").then_some(RelayAction::Respond("451 later"))).await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    deliver(&world, &relay).await;
    assert_eq!(health::check_mail_health(&world.state.app).alert(), None);
    world.set_time("2026-02-12T13:00:01Z");
    assert_eq!(health::check_mail_health(&world.state.app).alert().unwrap().code, "mail_delayed");
}

#[tokio::test]
async fn sign_up_does_not_wait_for_a_stalled_relay() {
    let smtp_server = ScriptedRelay::with_script(|_, step, _| (step == "greeting").then_some(RelayAction::Stall)).await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    let state = Arc::clone(&world.state);
    let delivery_task = tokio::spawn(async move { delivery::run_delivery(&state.app, &relay).await });
    sign_up(&world, "ada").await;
    // Sign-up has returned although the relay may take minutes for its greeting.
    assert!(matches!(newest_mail(&world).status, DeliveryStatus::Waiting { attempts: 0, .. }));
    assert!(!delivery_task.is_finished());
    delivery_task.abort();
}

#[tokio::test]
async fn a_relay_that_never_stops_responding_times_out() {
    // A relay that sends continuation lines forever.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            while tokio::io::AsyncWriteExt::write_all(&mut stream, b"220-welcome\r\n").await.is_ok() {}
        }
    });
    let (world, mut relay) = staging_with_relay(&url).await;
    relay.timeouts.greeting = Duration::from_millis(200);
    sign_up(&world, "ada").await;
    assert!(matches!(deliver(&world, &relay).await, DeliveryStatus::Waiting { attempts: 1, .. }));
}

/// Staging that trusts the certificates' authority and signs in to the relay on `port`.
pub async fn staging_with_tls_relay(
    certificates: &Certificates,
    tls: Tls,
    port: u16,
    password: &str,
) -> (World, Relay) {
    let (mut world, _) = staging_with_relay("smtp://127.0.0.1:1").await;
    trust_authority(&mut world, certificates);
    let credentials = Some((RELAY_USER.to_owned(), Secret::new(password)));
    world.settings.mail.transport = Transport::Smtp(Smtp { host: "localhost".to_owned(), port, tls, credentials });
    let relay = new_relay(&world);
    (world, relay)
}

/// The same with a scripted relay that uses the certificates.
async fn staging_with_scripted_tls_relay(
    certificates: &Certificates,
    tls: Tls,
    password: &str,
) -> (World, Relay, ScriptedRelay) {
    let smtp_server = ScriptedRelay::with_options(certificates.relay_options(tls), |_, _, _| None).await;
    let (world, relay) = staging_with_tls_relay(certificates, tls, smtp_server.port, password).await;
    (world, relay, smtp_server)
}

fn trust_authority(world: &mut World, certificates: &Certificates) {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let authority = CertificateDer::from_pem_slice(certificates.authority.as_bytes()).unwrap();
    world.settings.mail.authorities = vec![authority.to_vec()];
}

#[tokio::test]
async fn mail_is_sent_with_a_password_over_implicit_tls_and_starttls() {
    let certificates = Certificates::for_host("localhost");
    for tls in [Tls::Implicit, Tls::StartTls] {
        let (world, relay, smtp_server) = staging_with_scripted_tls_relay(&certificates, tls, RELAY_PASSWORD).await;
        sign_up(&world, "ada").await;
        assert!(
            matches!(deliver(&world, &relay).await, DeliveryStatus::Sent { .. }),
            "{tls:?}: {:?}",
            newest_mail(&world)
        );
        assert_eq!(smtp_server.accepted_messages().len(), 1);
    }
}

#[tokio::test]
async fn an_invalid_certificate_defers_mail_and_raises_an_alert() {
    let trusted_authority = Certificates::for_host("localhost");
    let cases = [
        ("wrong host name", Certificates::for_host("relay.example"), None),
        ("expired", Certificates::expiring_in_year("localhost", 2020), None),
        ("unknown authority", Certificates::for_host("localhost"), Some(&trusted_authority)),
    ];
    for (what, certificates, trusted) in cases {
        for tls in [Tls::Implicit, Tls::StartTls] {
            let (mut world, mut relay, smtp_server) =
                staging_with_scripted_tls_relay(&certificates, tls, RELAY_PASSWORD).await;
            if let Some(trusted) = trusted {
                trust_authority(&mut world, trusted);
                relay = new_relay(&world);
            }
            sign_up(&world, "ada").await;
            let status = deliver(&world, &relay).await;
            assert!(
                matches!(status, DeliveryStatus::Waiting { attempts: 0, deferred: true, .. }),
                "{what}: {status:?}"
            );
            let health = health::check_mail_health(&world.state.app);
            assert_eq!(health.relay.fault(), Some(atlas::mail::RelayFault::Tls), "{what}");
            assert!(health.alert().unwrap().message.contains("certificate"), "{what}: {:?}", health.alert());
            let names_setting = health.alert().unwrap().message.contains("set SMTP_CA_FILE");
            assert_eq!(names_setting, what == "unknown authority", "{:?}", health.alert());
            assert!(
                !smtp_server.received_lines().iter().any(|line| line.starts_with("AUTH")),
                "the password was sent to an unauthenticated relay"
            );
        }
    }
}

#[tokio::test]
async fn a_relay_without_starttls_gets_neither_password_nor_mail() {
    let smtp_server = ScriptedRelay::accepting().await;
    let (mut world, _) = staging_with_relay(&smtp_server.url()).await;
    let credentials = Some((RELAY_USER.to_owned(), Secret::new(RELAY_PASSWORD)));
    world.settings.mail.transport =
        Transport::Smtp(Smtp { host: "127.0.0.1".to_owned(), port: smtp_server.port, tls: Tls::StartTls, credentials });
    sign_up(&world, "ada").await;
    assert!(matches!(deliver(&world, &new_relay(&world)).await, DeliveryStatus::Waiting { deferred: true, .. }));
    assert_eq!(smtp_server.received_lines().len(), 1, "more than EHLO was sent: {:?}", smtp_server.received_lines());
    assert!(newest_mail(&world).reply.unwrap().contains("STARTTLS"));
}

#[tokio::test]
async fn a_refused_password_defers_mail_retries_slowly_and_raises_an_alert_until_it_is_fixed() {
    let certificates = Certificates::for_host("localhost");
    let (world, relay, smtp_server) = staging_with_scripted_tls_relay(&certificates, Tls::Implicit, "not it").await;
    for name in ["ada", "ben"] {
        sign_up(&world, name).await;
    }
    deliver(&world, &relay).await;
    for name in ["ada", "ben"] {
        let status = mail_to(&world, name).status;
        assert!(matches!(status, DeliveryStatus::Waiting { attempts: 0, deferred: true, .. }), "{status:?}");
        assert_eq!(time_until_due(&world, &status), Duration::from_mins(15));
    }
    // Neither new mail nor less than 15 minutes makes it connect again.
    sign_up(&world, "cora").await;
    world.set_time("2026-02-12T12:14:59Z");
    deliver(&world, &relay).await;
    assert_eq!(smtp_server.session_count(), 1);
    assert!(matches!(mail_to(&world, "cora").status, DeliveryStatus::Waiting { deferred: true, .. }));
    let health = health::check_mail_health(&world.state.app);
    assert_eq!((health.relay.as_str(), health.waiting), ("faulty", 3));
    assert!(health.alert().unwrap().message.contains("535"), "{:?}", health.alert());
    world.set_time("2026-02-12T12:15:00Z");
    deliver(&world, &relay).await;
    assert_eq!(smtp_server.session_count(), 2);
    assert_eq!(
        health::check_mail_health(&world.state.app).relay.since(),
        Some(crate::world::instant(crate::world::NOON))
    );
    // With the fixed settings, a manual retry runs at once and releases all deferred mail.
    let mut fixed = world.settings.mail.clone();
    if let Transport::Smtp(smtp) = &mut fixed.transport {
        smtp.credentials = Some((RELAY_USER.to_owned(), Secret::new(RELAY_PASSWORD)));
    }
    let fixed = Relay::from_settings(&fixed, &world.state.app.app_url, None).unwrap().unwrap();
    let ada = mail_to(&world, "ada").id;
    outbox::retry_mail(&world.state.app, &atlas::app::initiator::Initiator::operator(), ada).await.unwrap();
    deliver(&world, &fixed).await;
    deliver(&world, &fixed).await;
    assert_eq!(smtp_server.accepted_messages().len(), 3);
    let health = health::check_mail_health(&world.state.app);
    assert_eq!((health.relay.as_str(), health.waiting, health.alert()), ("works", 0, None));
}

#[tokio::test]
async fn a_restarted_server_retries_deferred_mail_at_once() {
    let certificates = Certificates::for_host("localhost");
    let (mut world, relay, smtp_server) = staging_with_scripted_tls_relay(&certificates, Tls::Implicit, "not it").await;
    sign_up(&world, "ada").await;
    assert!(matches!(deliver(&world, &relay).await, DeliveryStatus::Waiting { deferred: true, .. }));
    if let Transport::Smtp(smtp) = &mut world.settings.mail.transport {
        smtp.credentials = Some((RELAY_USER.to_owned(), Secret::new(RELAY_PASSWORD)));
    }
    let world = world.restart().await;
    let relay = new_relay(&world);
    let state = Arc::clone(&world.state);
    let delivery_task = tokio::spawn(async move { delivery::run_delivery(&state.app, &relay).await });
    while smtp_server.accepted_messages().is_empty() {
        tokio::task::yield_now().await;
    }
    delivery_task.abort();
}

#[tokio::test]
async fn mail_is_deferred_while_the_relay_rejects_the_sender() {
    let smtp_server = ScriptedRelay::with_script(|_, step, _| {
        (step == "MAIL").then_some(RelayAction::Respond("550 sender not verified"))
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    assert!(matches!(deliver(&world, &relay).await, DeliveryStatus::Waiting { deferred: true, .. }));
    assert_eq!(health::check_mail_health(&world.state.app).relay.fault(), Some(atlas::mail::RelayFault::Sender));
}

#[tokio::test]
async fn the_log_contains_no_address_even_if_the_relay_quotes_one() {
    let smtp_server = ScriptedRelay::with_script(|n, step, line| match (n, step) {
        (0, "RCPT") if line.contains("ada@") => {
            Some(RelayAction::Respond("550 5.1.1 <ada@example.com> is unknown here"))
        }
        (0, "RCPT") if line.contains("ben@") => Some(RelayAction::Respond("451 ben@example.com is greylisted")),
        (1, "MAIL") => Some(RelayAction::Respond("535 5.7.8 who is cora@example.com?")),
        _ => None,
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    log_capture::start_capture();
    for name in ["ada", "ben"] {
        sign_up(&world, name).await;
    }
    deliver(&world, &relay).await;
    sign_up(&world, "cora").await;
    deliver(&world, &relay).await;
    let log = log_capture::take_captured();
    for word in ["a…@example.com", "b…@example.com", "c…@example.com", "(550)", "(451)", "(535)", "ERROR"] {
        assert!(log.contains(word), "{word} is not in:\n{log}");
    }
    for name in ["ada@", "ben@", "cora@", "token=", "unknown here"] {
        assert!(!log.contains(name), "{name} is in:\n{log}");
    }
}

#[tokio::test]
async fn the_text_of_a_refused_email_is_deleted_when_its_link_expires() {
    let smtp_server =
        ScriptedRelay::with_script(|_, step, _| (step == "RCPT").then_some(RelayAction::Respond("550 no such user")))
            .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    deliver(&world, &relay).await;
    for (now, is_stored) in [("2026-02-13T11:59:59Z", true), ("2026-02-13T12:00:00Z", false)] {
        world.set_time(now);
        expiry::purge_expired(&world.state.app).await.unwrap();
        assert_eq!(newest_mail(&world).body.is_some(), is_stored, "{now}");
    }
    assert_eq!(newest_mail(&world).subject, "[staging] Confirm your email for Atlas");
}

#[tokio::test]
async fn mail_to_a_deleted_account_is_deleted() {
    let smtp_server = ScriptedRelay::with_script(|n, step, _| {
        (n == 0 && step == "greeting").then_some(RelayAction::Respond("421 later"))
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    deliver(&world, &relay).await;
    let to = mail_to(&world, "ada").to;
    world.state.app.store.write(move |draft| atlas::store::tables::outbox::remove_to(draft, &[to])).await.unwrap();
    world.set_time("2026-02-12T13:00:00Z");
    delivery::deliver_due_mail(&world.state.app, &relay).await.unwrap();
    assert!(smtp_server.accepted_messages().is_empty() && outbox::list_newest(&world.state.app, 1).unwrap().is_empty());
}
