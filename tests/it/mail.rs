//! Mail on its way out, to relays that speak SMTP on real connections, and what becomes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atlas::app::{admin, outbox, purge, relaying, sending};
use atlas::config::{Secret, Smtp, Tls, Transport};
use atlas::domain::mail::{Mail, Standing};
use atlas::mail::{Patience, Relay};
use serde_json::json;
use tokio::net::TcpListener;

use crate::log;
use crate::person::{Person, Reply};
use crate::relay::{Act, Certificates, PASSWORD, ScriptedRelay, USER};
use crate::routes::staging;
use crate::world::World;

/// Staging that may write to these three.
pub async fn staging_with(url: &str) -> (World, Relay) {
    let mut wishes = staging(&[("ADMIN_EMAIL_ALLOWLIST", "ada@example.com, ben@example.com, cora@example.com")]);
    wishes.variables.retain(|(name, _)| *name != "SMTP_URL");
    wishes.variables.push(("SMTP_URL", url.to_owned()));
    let world = World::with(wishes).await;
    let relay = relay_of(&world);
    (world, relay)
}

fn relay_of(world: &World) -> Relay {
    let settings = &world.settings;
    Relay::of(&settings.mail, &world.site.app.app_url, Some("staging".to_owned())).unwrap().expect("staging sends mail")
}

pub async fn sign_up(world: &World, name: &'static str) -> Reply {
    let mut person = Person::new(name, world);
    person.host = "staging.example.com".to_owned();
    let body = json!({ "email": person.email(), "password": crate::world::PASSWORD, "displayName": "Somebody" });
    person.sends("POST", "/api/auth/signup", &body).await.is(201)
}

pub fn newest(world: &World) -> Mail {
    outbox::newest(&world.site.app, 1).unwrap().remove(0)
}

fn mail_to(world: &World, name: &str) -> Mail {
    let mails = outbox::newest(&world.site.app, usize::MAX).unwrap();
    mails.into_iter().find(|mail| mail.to.local_part() == name).unwrap()
}

async fn a_round(world: &World, relay: &Relay) -> Standing {
    sending::send_due(&world.site.app, relay).await.unwrap();
    newest(world).standing
}

fn is_due_after(world: &World, standing: &Standing) -> Duration {
    let Standing::Waiting { due, .. } = standing else { panic!("{standing:?}") };
    due.duration_since(world.clock.now()).try_into().unwrap()
}

/// Lets the clock stand where the newest mail is due.
fn waits_until_due(world: &World) {
    let Standing::Waiting { due, .. } = newest(world).standing else { panic!("{:?}", newest(world).standing) };
    world.clock.set(due);
}

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let line = mail.lines().find(|line| line.starts_with(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("{name} is not in:\n{mail}")).split_once(": ").unwrap().1
}

#[tokio::test]
async fn a_mail_leaves_with_both_parts_and_its_text_is_forgotten() {
    let post = ScriptedRelay::kind().await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    let message_id = newest(&world).message_id.unwrap();
    a_round(&world, &relay).await;
    let mails = post.taken();
    assert_eq!(mails.len(), 1);
    for line in [
        "Subject: [staging] Confirm your address for Atlas",
        "Auto-Submitted: auto-generated",
        "X-Atlas-Environment: staging",
        "text/plain",
        "text/html",
        "staging.example.com/verify-email",
    ] {
        assert!(mails[0].contains(line), "{line} is not in:\n{}", mails[0]);
    }
    // RFC 2046 section 5.1.4: what is best to look at comes last.
    assert!(header(&mails[0], "Content-Type").starts_with("multipart/alternative"));
    assert!(mails[0].find("text/plain") < mails[0].find("text/html"));
    let sent = newest(&world);
    assert!(matches!(sent.standing, Standing::Sent { .. }));
    assert_eq!(header(&mails[0], "Message-ID"), format!("<{message_id}>"));
    assert_eq!(header(&mails[0], "Resend-Idempotency-Key"), sent.id.to_string());
    assert_eq!(sent.answer.as_deref(), Some("250 2.0.0 queued as 4711"));
    assert_eq!(sent.subject, "[staging] Confirm your address for Atlas");
    assert!(world.newest_mail("ada@example.com").is_none(), "the link is in the mail alone");
    a_round(&world, &relay).await;
    assert_eq!(post.taken().len(), 1);
}

#[tokio::test]
async fn staging_writes_to_no_stranger_and_the_stranger_is_told_nothing_different() {
    let post = ScriptedRelay::kind().await;
    let (world, relay) = staging_with(&post.url()).await;
    let mut answers = Vec::new();
    for name in ["ada", "stranger"] {
        let answer = sign_up(&world, name).await;
        let data = answer.clone().data();
        answers.push((answer.status, data.as_object().unwrap().keys().cloned().collect::<Vec<_>>()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(a_round(&world, &relay).await, Standing::Captured);
    assert_eq!(post.taken().len(), 1);
    assert!(!post.heard().iter().any(|line| line.contains("stranger")));
    assert!(newest(&world).letter.unwrap().text.contains("/verify-email?token="), "it can be read by admins");
}

#[tokio::test]
async fn whoever_was_taken_off_the_list_gets_no_mail_that_waited() {
    let post = ScriptedRelay::kind().await;
    let (mut world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    world.serves_again(|settings| settings.admins.retain(|admin| admin.as_str() != "ada@example.com")).await;
    assert_eq!(a_round(&world, &relay).await, Standing::Captured);
    assert!(post.heard().is_empty());
}

#[tokio::test]
async fn the_stamp_keeps_mail_in_whatever_the_settings_say() {
    let post = ScriptedRelay::kind().await;
    for environment in ["preview/x", "development"] {
        let mut world = World::with(crate::world::Wishes { environment, ..Default::default() }).await;
        let (staging, _) = staging_with(&post.url()).await;
        let production = atlas::config::policy::of(atlas::domain::Kind::Production);
        world
            .serves_again(|settings| {
                settings.mail = staging.settings.mail.clone();
                settings.policy = production;
            })
            .await;
        Person::new("ada", &world).signs_up("UTC").await;
        assert_eq!(a_round(&world, &relay_of(&staging)).await, Standing::Captured, "{environment}");
    }
    assert!(post.heard().is_empty());
}

#[tokio::test]
async fn a_relay_that_says_later_is_asked_again_after_growing_pauses_with_the_same_message_id() {
    let post =
        ScriptedRelay::that(|n, step, _| (step == "RCPT" && n < 4).then_some(Act::Says("451 4.7.1 greylisted"))).await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    let id = newest(&world).message_id.unwrap();
    let mut pauses = Vec::new();
    for tries in 1..=4 {
        let standing = a_round(&world, &relay).await;
        assert!(
            matches!(standing, Standing::Waiting { attempts, held: false, .. } if attempts == tries),
            "{standing:?}"
        );
        assert_eq!(
            newest(&world).answer.as_deref(),
            Some("the relay refused the recipient (451): 451 4.7.1 greylisted")
        );
        pauses.push(is_due_after(&world, &standing));
        // A moment too early nothing is tried.
        let conversations = post.conversations();
        a_round(&world, &relay).await;
        assert_eq!(post.conversations(), conversations);
        waits_until_due(&world);
    }
    for (pause, least) in pauses.iter().zip([10, 20, 40, 80]) {
        let least = Duration::from_secs(least);
        assert!((least..=least + least / 4).contains(pause), "{pauses:?}");
    }
    assert!(matches!(a_round(&world, &relay).await, Standing::Sent { .. }));
    assert_eq!(header(&post.taken()[0], "Message-ID"), format!("<{id}>"));
}

#[tokio::test]
async fn a_link_that_died_is_not_mailed() {
    let post = ScriptedRelay::that(|_, step, _| (step == "RCPT").then_some(Act::Says("451 later"))).await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    a_round(&world, &relay).await;
    // Tries never lie behind the end of what the mail says, so it is given up on time.
    for _ in 0..100 {
        if !matches!(newest(&world).standing, Standing::Waiting { .. }) {
            break;
        }
        waits_until_due(&world);
        a_round(&world, &relay).await;
    }
    let given_up = newest(&world);
    assert!(
        matches!(&given_up.standing, Standing::Failed { why, .. } if why.contains("no longer true")),
        "{given_up:?}"
    );
    assert_eq!(world.clock.now(), crate::world::instant("2026-02-13T12:00:00Z"), "the link works for a day");
    assert!(given_up.letter.is_none());
}

#[tokio::test]
async fn a_link_that_was_replaced_or_used_is_not_mailed() {
    let away = Arc::new(AtomicBool::new(true));
    let is_away = Arc::clone(&away);
    let post = ScriptedRelay::that(move |_, step, _| {
        (step == "greeting" && is_away.load(Ordering::Relaxed)).then_some(Act::Says("421 later"))
    })
    .await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    let first = newest(&world);
    world.it_is("2026-02-12T12:10:00Z");
    let mut ada = Person::new("ada", &world);
    ada.host = "staging.example.com".to_owned();
    ada.sends("POST", "/api/auth/resend-verification", &json!({ "email": ada.email() })).await.is(200);
    let second = newest(&world);
    assert_ne!(first.id, second.id);
    // The second link is opened by whoever reads the outbox, and the address is confirmed.
    let text = second.letter.clone().unwrap().text;
    let token = text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap();
    ada.sends("POST", "/api/auth/verify-email", &json!({ "token": token })).await.is(200);
    away.store(false, Ordering::Relaxed);
    a_round(&world, &relay).await;
    for id in [first.id, second.id] {
        let mail = outbox::get(&world.site.app, id).unwrap().unwrap();
        assert!(matches!(&mail.standing, Standing::Failed { why, .. } if why.contains("link")), "{mail:?}");
        assert!(mail.letter.is_none());
    }
    // The same for a forgotten password: only the newest link is mailed.
    for _ in 0..2 {
        ada.sends("POST", "/api/auth/forgot-password", &json!({ "email": ada.email() })).await.is(200);
    }
    a_round(&world, &relay).await;
    assert_eq!(post.taken().len(), 1);
    assert!(matches!(newest(&world).standing, Standing::Sent { .. }));
}

#[tokio::test]
async fn a_relay_that_says_never_is_believed_and_the_mail_can_be_tried_again_by_hand() {
    let refuses = Arc::new(AtomicBool::new(true));
    let still = Arc::clone(&refuses);
    let post = ScriptedRelay::that(move |_, step, _| {
        (step == "RCPT" && still.load(Ordering::Relaxed)).then_some(Act::Says("550 5.1.1 no such user"))
    })
    .await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    let standing = a_round(&world, &relay).await;
    assert!(matches!(&standing, Standing::Failed { why, .. } if why.contains("no such user")), "{standing:?}");
    world.it_is("2026-02-12T18:00:00Z");
    let conversations = post.conversations();
    a_round(&world, &relay).await;
    assert_eq!(post.conversations(), conversations, "never is never");
    refuses.store(false, Ordering::Relaxed);
    let id = newest(&world).id;
    outbox::retry(&world.site.app, &admin::By::operator(), id).await.unwrap();
    assert!(matches!(a_round(&world, &relay).await, Standing::Sent { .. }));
    // What was sent is not sent again.
    let refused = outbox::retry(&world.site.app, &admin::By::operator(), id).await.unwrap_err();
    assert!(refused.to_string().contains("sent already"), "{refused}");
}

#[tokio::test]
async fn one_connection_serves_a_batch_and_one_refusal_harms_nobody_else() {
    let post = ScriptedRelay::that(|_, step, line| {
        (step == "RCPT" && line.contains("ben@")).then_some(Act::Says("550 5.1.1 no such user"))
    })
    .await;
    let (world, relay) = staging_with(&post.url()).await;
    for name in ["ada", "ben", "cora"] {
        sign_up(&world, name).await;
    }
    a_round(&world, &relay).await;
    assert_eq!(post.conversations(), 1, "{:?}", post.heard());
    assert_eq!(post.heard().iter().filter(|line| *line == "RSET").count(), 1);
    assert_eq!(post.heard().last().unwrap(), "QUIT");
    assert!(matches!(mail_to(&world, "ada").standing, Standing::Sent { .. }));
    assert!(matches!(mail_to(&world, "ben").standing, Standing::Failed { .. }));
    assert!(matches!(mail_to(&world, "cora").standing, Standing::Sent { .. }));
}

#[tokio::test]
async fn a_relay_that_hangs_up_in_the_middle_of_a_mail_gets_it_again_and_the_others_at_once() {
    let post = ScriptedRelay::that(|n, step, _| (n == 0 && step == "line").then_some(Act::HangsUp)).await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    sign_up(&world, "ben").await;
    a_round(&world, &relay).await;
    assert!(matches!(mail_to(&world, "ada").standing, Standing::Waiting { attempts: 1, .. }));
    assert!(matches!(mail_to(&world, "ben").standing, Standing::Sent { .. }), "another connection takes the others");
    world.it_is("2026-02-12T12:00:15Z");
    a_round(&world, &relay).await;
    assert!(matches!(mail_to(&world, "ada").standing, Standing::Sent { .. }));
    assert_eq!(post.taken().len(), 2);
}

#[tokio::test]
async fn an_answer_that_was_lost_brings_the_same_mail_again_and_never_another_one() {
    let post = ScriptedRelay::that(|n, step, _| (n == 0 && step == ".").then_some(Act::HangsUp)).await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    assert!(matches!(a_round(&world, &relay).await, Standing::Waiting { attempts: 1, .. }));
    waits_until_due(&world);
    assert!(matches!(a_round(&world, &relay).await, Standing::Sent { .. }));
    let mails = post.taken();
    assert_eq!(mails.len(), 2);
    // Mail programs show one of two mails with the same Message-ID; Resend sends one of two with the same key.
    for name in ["Message-ID", "Resend-Idempotency-Key", "Date", "Subject"] {
        assert_eq!(header(&mails[0], name), header(&mails[1], name));
    }
}

#[tokio::test]
async fn a_dead_relay_fails_no_sign_up_and_costs_one_try_a_round() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", dead.local_addr().unwrap());
    drop(dead);
    let (world, relay) = staging_with(&url).await;
    sign_up(&world, "ada").await;
    sign_up(&world, "ben").await;
    a_round(&world, &relay).await;
    for name in ["ada", "ben"] {
        assert!(matches!(mail_to(&world, name).standing, Standing::Waiting { attempts: 1, held: false, .. }));
    }
    let health = relaying::health(&world.site.app);
    assert_eq!((health.relaying.word(), health.waiting, health.alert()), ("away", 2, None));
}

#[tokio::test]
async fn nobody_who_signs_up_waits_for_a_relay_that_says_nothing() {
    let post = ScriptedRelay::that(|_, step, _| (step == "greeting").then_some(Act::IsSilent)).await;
    let (world, relay) = staging_with(&post.url()).await;
    let site = Arc::clone(&world.site);
    let sending = tokio::spawn(async move { sending::keep_sending(&site.app, &relay).await });
    sign_up(&world, "ada").await;
    // It was answered while the relay has still ten seconds to say its first word.
    assert!(matches!(newest(&world).standing, Standing::Waiting { attempts: 0, .. }));
    assert!(!sending.is_finished());
    sending.abort();
}

#[tokio::test]
async fn a_relay_that_falls_silent_or_never_ends_is_given_up_in_time() {
    for step in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let post = ScriptedRelay::that(move |_, at, _| (at == step).then_some(Act::IsSilent)).await;
        let (world, mut relay) = staging_with(&post.url()).await;
        relay.patience = Patience { connect: Duration::from_millis(50), whole: Duration::from_millis(50) };
        sign_up(&world, "ada").await;
        let standing = a_round(&world, &relay).await;
        assert!(matches!(standing, Standing::Waiting { attempts: 1, held: false, .. }), "{step}: {standing:?}");
        assert!(newest(&world).answer.unwrap().contains("in time"), "{step}");
    }
    // One that goes on and on, and never comes to an end.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            while tokio::io::AsyncWriteExt::write_all(&mut stream, b"220-welcome\r\n").await.is_ok() {}
        }
    });
    let (world, mut relay) = staging_with(&url).await;
    relay.patience = Patience { connect: Duration::from_millis(200), whole: Duration::from_millis(200) };
    sign_up(&world, "ada").await;
    assert!(matches!(a_round(&world, &relay).await, Standing::Waiting { attempts: 1, .. }));
}

/// Staging that trusts these certificates' authority and signs in to a relay on that port.
pub async fn staging_at(certificates: &Certificates, tls: Tls, port: u16, password: &str) -> (World, Relay) {
    let (mut world, _) = staging_with("smtp://127.0.0.1:1").await;
    trusts(&mut world, certificates);
    let credentials = Some((USER.to_owned(), Secret::new(password)));
    world.settings.mail.transport = Transport::Smtp(Smtp { host: "localhost".to_owned(), port, tls, credentials });
    let relay = relay_of(&world);
    (world, relay)
}

/// The same with a relay that is as the certificates say.
async fn staging_behind_tls(certificates: &Certificates, tls: Tls, password: &str) -> (World, Relay, ScriptedRelay) {
    let post = ScriptedRelay::behind(certificates.door(tls), |_, _, _| None).await;
    let (world, relay) = staging_at(certificates, tls, post.port, password).await;
    (world, relay, post)
}

fn trusts(world: &mut World, certificates: &Certificates) {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let authority = CertificateDer::from_pem_slice(certificates.authority.as_bytes()).unwrap();
    world.settings.mail.authorities = vec![authority.to_vec()];
}

#[tokio::test]
async fn mail_leaves_over_tls_with_a_password_in_both_ways() {
    let certificates = Certificates::of("localhost");
    for tls in [Tls::Implicit, Tls::StartTls] {
        let (world, relay, post) = staging_behind_tls(&certificates, tls, PASSWORD).await;
        sign_up(&world, "ada").await;
        assert!(matches!(a_round(&world, &relay).await, Standing::Sent { .. }), "{tls:?}: {:?}", newest(&world));
        assert_eq!(post.taken().len(), 1);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_right_keeps_the_mail_and_calls_for_somebody() {
    let right = Certificates::of("localhost");
    let cases = [
        ("another name", Certificates::of("relay.example"), None),
        ("expired", Certificates::until("localhost", 2020), None),
        ("of an unknown authority", Certificates::of("localhost"), Some(&right)),
    ];
    for (what, certificates, trusted) in cases {
        for tls in [Tls::Implicit, Tls::StartTls] {
            let (mut world, mut relay, post) = staging_behind_tls(&certificates, tls, PASSWORD).await;
            if let Some(trusted) = trusted {
                trusts(&mut world, trusted);
                relay = relay_of(&world);
            }
            sign_up(&world, "ada").await;
            let standing = a_round(&world, &relay).await;
            assert!(matches!(standing, Standing::Waiting { attempts: 0, held: true, .. }), "{what}: {standing:?}");
            let health = relaying::health(&world.site.app);
            assert_eq!(health.relaying.fault(), Some(atlas::mail::Fault::Tls), "{what}");
            assert!(health.alert().unwrap().contains("certificate"), "{what}: {:?}", health.alert());
            assert!(!post.heard().iter().any(|line| line.starts_with("AUTH")), "no password for whom we do not know");
        }
    }
}

#[tokio::test]
async fn a_relay_without_starttls_gets_neither_password_nor_mail() {
    let post = ScriptedRelay::kind().await;
    let (mut world, _) = staging_with(&post.url()).await;
    let credentials = Some((USER.to_owned(), Secret::new(PASSWORD)));
    world.settings.mail.transport =
        Transport::Smtp(Smtp { host: "127.0.0.1".to_owned(), port: post.port, tls: Tls::StartTls, credentials });
    sign_up(&world, "ada").await;
    assert!(matches!(a_round(&world, &relay_of(&world)).await, Standing::Waiting { held: true, .. }));
    assert_eq!(post.heard().len(), 1, "EHLO and nothing more: {:?}", post.heard());
    assert!(newest(&world).answer.unwrap().contains("STARTTLS"));
}

#[tokio::test]
async fn a_password_that_is_refused_keeps_the_mail_is_tried_slowly_and_stands_in_health_until_it_is_mended() {
    let certificates = Certificates::of("localhost");
    let (world, wrong, post) = staging_behind_tls(&certificates, Tls::Implicit, "not it").await;
    for name in ["ada", "ben"] {
        sign_up(&world, name).await;
    }
    a_round(&world, &wrong).await;
    for name in ["ada", "ben"] {
        let standing = mail_to(&world, name).standing;
        assert!(matches!(standing, Standing::Waiting { attempts: 0, held: true, .. }), "{standing:?}");
        assert_eq!(is_due_after(&world, &standing), Duration::from_mins(15));
    }
    // Neither new mail nor time short of a quarter of an hour makes it knock again.
    sign_up(&world, "cora").await;
    world.it_is("2026-02-12T12:14:59Z");
    a_round(&world, &wrong).await;
    assert_eq!(post.conversations(), 1);
    assert!(matches!(mail_to(&world, "cora").standing, Standing::Waiting { held: true, .. }));
    let health = relaying::health(&world.site.app);
    assert_eq!((health.relaying.word(), health.waiting), ("faulty", 3));
    assert!(health.alert().unwrap().contains("535"), "{:?}", health.alert());
    world.it_is("2026-02-12T12:15:00Z");
    a_round(&world, &wrong).await;
    assert_eq!(post.conversations(), 2);
    assert_eq!(relaying::health(&world.site.app).relaying.since(), Some(crate::world::instant(crate::world::NOON)));
    // Whoever mends it has it tried at once, and everything that was held leaves.
    let mut mended = world.settings.mail.clone();
    if let Transport::Smtp(smtp) = &mut mended.transport {
        smtp.credentials = Some((USER.to_owned(), Secret::new(PASSWORD)));
    }
    let mended = Relay::of(&mended, &world.site.app.app_url, None).unwrap().unwrap();
    let ada = mail_to(&world, "ada").id;
    outbox::retry(&world.site.app, &admin::By::operator(), ada).await.unwrap();
    a_round(&world, &mended).await;
    a_round(&world, &mended).await;
    assert_eq!(post.taken().len(), 3);
    let health = relaying::health(&world.site.app);
    assert_eq!((health.relaying.word(), health.waiting, health.alert()), ("works", 0, None));
}

#[tokio::test]
async fn a_server_that_starts_again_tries_held_mail_at_once() {
    let certificates = Certificates::of("localhost");
    let (mut world, wrong, post) = staging_behind_tls(&certificates, Tls::Implicit, "not it").await;
    sign_up(&world, "ada").await;
    assert!(matches!(a_round(&world, &wrong).await, Standing::Waiting { held: true, .. }));
    if let Transport::Smtp(smtp) = &mut world.settings.mail.transport {
        smtp.credentials = Some((USER.to_owned(), Secret::new(PASSWORD)));
    }
    let world = world.restarted().await;
    let relay = relay_of(&world);
    let site = Arc::clone(&world.site);
    let sending = tokio::spawn(async move { sending::keep_sending(&site.app, &relay).await });
    while post.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    sending.abort();
}

#[tokio::test]
async fn a_relay_that_does_not_want_this_sender_loses_no_mail() {
    let post = ScriptedRelay::that(|_, step, _| (step == "MAIL").then_some(Act::Says("550 sender not verified"))).await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    assert!(matches!(a_round(&world, &relay).await, Standing::Waiting { held: true, .. }));
    assert_eq!(relaying::health(&world.site.app).relaying.fault(), Some(atlas::mail::Fault::Sender));
}

#[tokio::test]
async fn the_log_names_nobody_even_when_the_relay_does() {
    let post = ScriptedRelay::that(|n, step, line| match (n, step) {
        (0, "RCPT") if line.contains("ada@") => Some(Act::Says("550 5.1.1 <ada@example.com> is unknown here")),
        (0, "RCPT") if line.contains("ben@") => Some(Act::Says("451 ben@example.com is greylisted")),
        (1, "MAIL") => Some(Act::Says("535 5.7.8 who is cora@example.com?")),
        _ => None,
    })
    .await;
    let (world, relay) = staging_with(&post.url()).await;
    log::listen();
    for name in ["ada", "ben"] {
        sign_up(&world, name).await;
    }
    a_round(&world, &relay).await;
    sign_up(&world, "cora").await;
    a_round(&world, &relay).await;
    let log = log::heard();
    for word in ["a…@example.com", "b…@example.com", "c…@example.com", "(550)", "(451)", "(535)", "ERROR"] {
        assert!(log.contains(word), "{word} is not in:\n{log}");
    }
    for name in ["ada@", "ben@", "cora@", "token=", "unknown here"] {
        assert!(!log.contains(name), "{name} is in:\n{log}");
    }
}

#[tokio::test]
async fn the_link_in_a_mail_that_was_refused_is_kept_no_longer_than_it_works() {
    let post = ScriptedRelay::that(|_, step, _| (step == "RCPT").then_some(Act::Says("550 no such user"))).await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    a_round(&world, &relay).await;
    for (now, is_kept) in [("2026-02-13T11:59:59Z", true), ("2026-02-13T12:00:00Z", false)] {
        world.it_is(now);
        purge::purge(&world.site.app).await.unwrap();
        assert_eq!(newest(&world).letter.is_some(), is_kept, "{now}");
    }
    assert_eq!(newest(&world).subject, "[staging] Confirm your address for Atlas");
}

#[tokio::test]
async fn mail_of_an_account_that_is_gone_meanwhile_is_gone_too() {
    let post = ScriptedRelay::that(|n, step, _| (n == 0 && step == "greeting").then_some(Act::Says("421 later"))).await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    a_round(&world, &relay).await;
    let to = mail_to(&world, "ada").to;
    world.site.app.store.write(move |draft| atlas::store::outbox::remove_to(draft, &[to])).await.unwrap();
    world.it_is("2026-02-12T13:00:00Z");
    sending::send_due(&world.site.app, &relay).await.unwrap();
    assert!(post.taken().is_empty() && outbox::newest(&world.site.app, 1).unwrap().is_empty());
}
