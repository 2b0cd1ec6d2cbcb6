//! Mail from an operator's terminal and an admin's browser: looking at it, trying it again, trying the relay out.

use std::path::Path;

use atlas::app::{admin, sending};
use atlas::config::Tls;
use atlas::domain::audit::{Actor, Deed};
use atlas::domain::mail::Standing;
use atlas::ops::control::{Order, Outcome, obey};
use atlas::ops::mail::Verb;
use atlas::ops::operations::Operations;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::mail::{newest, sign_up, staging_with};
use crate::person::{Person, Reply, exchange};
use crate::process::{Server, code, complaint, run, said};
use crate::relay::{Act, Certificates, Door, PASSWORD, ScriptedRelay, USER};
use crate::third_party_relay::ThirdPartyRelay;
use crate::world::{PASSWORD as PERSONS_PASSWORD, World};

async fn asked(world: &World, verb: Verb) -> Result<Value, String> {
    let operations = Operations::new(std::sync::Arc::clone(&world.site.app), &world.settings);
    match obey(&operations, Order::Mail(verb), &mut |_| ()).await {
        Outcome::Done(value) => Ok(value),
        Outcome::Refused(why) => Err(why),
        Outcome::Failed(why) => panic!("{why}"),
        Outcome::Working(_) => panic!("it was said to be done"),
    }
}

fn show(which: &str) -> Verb {
    Verb::Show { which: which.to_owned() }
}

fn retry(which: &str) -> Verb {
    Verb::Retry { which: which.to_owned() }
}

#[tokio::test]
async fn what_became_of_a_mail_can_be_read_by_its_address_or_id_with_the_relays_last_words() {
    let post = ScriptedRelay::that(|_, step, line| match step {
        "RCPT" if line.contains("ben@") => Some(Act::Says("550 5.1.1 no such user")),
        "RCPT" if line.contains("cora@") => Some(Act::Says("451 4.7.1 greylisted")),
        _ => None,
    })
    .await;
    let (world, relay) = staging_with(&post.url()).await;
    for name in ["ada", "ben", "cora", "stranger"] {
        sign_up(&world, name).await;
    }
    let before = asked(&world, show("ada@example.com")).await.unwrap();
    assert_eq!((&before["state"], &before["attempts"]), (&json!("waiting"), &json!(0)));
    assert!(before["text"].as_str().unwrap().contains("https://staging.example.com/verify-email?token="));
    sending::send_due(&world.site.app, &relay).await.unwrap();
    let ada = asked(&world, show("ada@example.com")).await.unwrap();
    assert_eq!((&ada["state"], &ada["answer"]), (&json!("sent"), &json!("250 2.0.0 queued as 4711")));
    assert_eq!((&ada["text"], &ada["html"]), (&Value::Null, &Value::Null), "only its reader has it");
    assert_eq!(ada["subject"], "[staging] Confirm your address for Atlas");
    assert!(ada["messageId"].as_str().unwrap().ends_with("@staging.example.com"));
    assert_eq!(asked(&world, show(ada["id"].as_str().unwrap())).await.unwrap(), ada);
    let ben = asked(&world, show("ben@example.com")).await.unwrap();
    assert_eq!((&ben["state"], &ben["answer"]), (&json!("failed"), &json!("550 5.1.1 no such user")));
    let cora = asked(&world, show("cora@example.com")).await.unwrap();
    assert_eq!((&cora["state"], &cora["attempts"]), (&json!("waiting"), &json!(1)));
    assert!(cora["answer"].as_str().unwrap().contains("451 4.7.1 greylisted"));
    let stranger = asked(&world, show("stranger@example.com")).await.unwrap();
    assert_eq!(stranger["state"], "captured");
    assert!(stranger["text"].as_str().unwrap().contains("/verify-email?token="));

    let list = |to: Option<&str>, standing: Option<&str>, cursor: Option<&str>| {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Verb::List { to: own(to), standing: own(standing), limit: 3, cursor: own(cursor) }
    };
    let first = asked(&world, list(None, None, None)).await.unwrap();
    let states: Vec<_> = first["mails"].as_array().unwrap().iter().map(|mail| mail["state"].clone()).collect();
    assert_eq!(states, ["captured", "waiting", "failed"]);
    assert!(!first.to_string().contains("token="), "a list shows what mail is about, not what it says");
    let rest = asked(&world, list(None, None, first["nextCursor"].as_str())).await.unwrap();
    assert_eq!(rest["mails"][0]["id"], ada["id"]);
    let waiting = asked(&world, list(None, Some("waiting"), None)).await.unwrap();
    assert_eq!(waiting["mails"], json!([first["mails"][1]]));
    assert_eq!((&waiting["outbox"]["waiting"], &waiting["outbox"]["relay"]), (&json!(1), &json!("works")));
    assert_eq!(asked(&world, list(Some("Ben@Example.com"), None, None)).await.unwrap()["mails"][0]["id"], ben["id"]);
    assert!(
        asked(&world, list(None, Some("lost"), None)).await.unwrap_err().contains("waiting, sent, captured, failed")
    );
    assert!(asked(&world, list(None, None, Some("x"))).await.is_err());
    assert!(asked(&world, show("nobody@example.com")).await.unwrap_err().contains("no such mail"));
}

#[tokio::test]
async fn trying_again_is_noted_and_never_writes_to_whom_the_environment_may_not() {
    let post = ScriptedRelay::that(|n, step, _| (step == "RCPT" && n == 0).then_some(Act::Says("451 later"))).await;
    let (world, relay) = staging_with(&post.url()).await;
    sign_up(&world, "ada").await;
    sign_up(&world, "stranger").await;
    sending::send_due(&world.site.app, &relay).await.unwrap();
    assert!(asked(&world, retry("stranger@example.com")).await.unwrap_err().contains("does not write to its address"));
    assert!(asked(&world, retry("nobody@example.com")).await.unwrap_err().contains("no such mail"));
    assert_eq!(asked(&world, Verb::RetryAll).await.unwrap()["retried"][0]["to"], "ada@example.com");
    sending::send_due(&world.site.app, &relay).await.unwrap();
    assert_eq!(post.taken().len(), 1);
    assert!(asked(&world, retry("ada@example.com")).await.unwrap_err().contains("sent already"));
    let trail = admin::trail(&world.site.app, None, Some(Deed::MailRetried), None, 10).unwrap().rows;
    let ada = admin::find(&world.site.app, "ada@example.com").unwrap();
    let lines: Vec<_> = trail.iter().map(|line| (line.actor, line.whom)).collect();
    assert_eq!(lines, [(Actor::Operator, Some(ada))], "what is refused leaves no line");
    // Only what is still true is tried again.
    sign_up(&world, "ben").await;
    world.it_is("2026-02-14T12:00:00Z");
    assert!(asked(&world, retry("ben@example.com")).await.unwrap_err().contains("no longer true"));
}

/// Ada, who is an admin of staging, signed in with two factors.
async fn ada_the_admin(world: &World) -> Person {
    sign_up(world, "ada").await;
    let text = newest(world).letter.unwrap().text;
    let token = text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap();
    let mut ada = Person::new("ada", world);
    ada.host = "staging.example.com".to_owned();
    ada.sends("POST", "/api/auth/verify-email", &json!({ "token": token })).await.is(200);
    let body = json!({ "email": ada.email(), "password": PERSONS_PASSWORD });
    ada.sends("POST", "/api/auth/sign-in", &body).await.is(200);
    let shown = ada.sends("POST", "/api/account/2fa/setup", &json!({})).await.is(200).data();
    let app = Authenticator::given(shown["secret"].as_str().unwrap());
    let code = app.shows_at(world.clock.now().as_second());
    ada.sends("POST", "/api/account/2fa/enable", &json!({ "code": code })).await.is(200);
    ada
}

/// Presses a button of a page that was reached over https.
async fn presses(person: &Person, path: &str) -> Reply {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://staging.example.com"),
        ("sec-fetch-site", "same-origin"),
    ];
    person.asks("POST", path, &headers, b"").await
}

#[tokio::test]
async fn an_admin_sees_that_mail_does_not_leave_why_and_that_it_leaves_again() {
    let post = ScriptedRelay::behind(Door { tls: None, wants_password: true }, |_, _, _| None).await;
    let (world, relay) = staging_with(&post.url()).await;
    let ada = ada_the_admin(&world).await;
    let health = ada.get("/api/admin/health").await.is(200).data();
    assert_eq!((&health["mail"]["relay"]["state"], &health["alerts"]), (&json!("untried"), &json!([])));
    sending::send_due(&world.site.app, &relay).await.unwrap();
    let health = ada.get("/api/admin/health").await.is(200).data();
    assert_eq!(health["status"], "ok", "people can go on");
    assert_eq!(
        (&health["mail"]["relay"]["state"], &health["mail"]["relay"]["fault"]),
        (&json!("faulty"), &json!("authentication"))
    );
    assert_eq!(health["mail"]["oldestWaitingSince"], "2026-02-12T12:00:00.000Z");
    assert!(health["alerts"][0]["message"].as_str().unwrap().contains("530"), "{health}");
    assert!(ada.get("/api/health").await.data().get("mail").is_none(), "strangers are told nothing of it");
    ada.get("/admin").await.is(200).says("Mail does not leave");
    ada.get("/admin/mail").await.is(200).says("Held");

    let mended =
        staging_with(&post.url().replace("127", &format!("{}:{}@127", quoted(USER), quoted(PASSWORD)))).await.1;
    let page = format!("/admin/mail/{}", newest(&world).id);
    ada.get(&page).await.is(200).says("Send it now").says("530").says_nothing_of("token=");
    presses(&ada, &format!("{page}/retry")).await.is(303).leads_to(&format!("{page}?done=retry"));
    for _ in 0..2 {
        sending::send_due(&world.site.app, &mended).await.unwrap();
    }
    ada.get(&page).await.is(200).says("250 2.0.0 queued as 4711").says_nothing_of("Send it now");
    presses(&ada, &format!("{page}/retry")).await.is(422).says("sent already");
    ada.get("/admin").await.is(200).says_nothing_of("Mail does not leave");
    let health = ada.get("/api/admin/health").await.is(200).data();
    assert_eq!((&health["mail"]["relay"]["state"], &health["alerts"]), (&json!("works"), &json!([])));
    let trail = admin::trail(&world.site.app, None, Some(Deed::MailRetried), None, 10).unwrap().rows;
    assert_eq!(trail.len(), 1);
    assert!(matches!(trail[0].actor, Actor::Person(_)));
}

#[tokio::test]
async fn captured_mail_is_shown_as_text_and_loads_nothing() {
    let post = ScriptedRelay::kind().await;
    let (world, _) = staging_with(&post.url()).await;
    let ada = ada_the_admin(&world).await;
    sign_up(&world, "stranger").await;
    let id = newest(&world).id;
    // What could be in a mail one day must not become part of the page.
    let mut mail = newest(&world);
    let before = mail.clone();
    mail.letter.as_mut().unwrap().text.push_str("<img src=https://evil.example/x> \njavascript:alert(1)\n");
    let stored = mail.clone();
    world
        .site
        .app
        .store
        .write(move |draft| {
            atlas::store::outbox::put(draft, &stored, Some(&before));
            Ok::<_, atlas::app::Error>(())
        })
        .await
        .unwrap();
    let page = ada.get(&format!("/admin/mail/{id}")).await.is(200);
    let text = page.says("/verify-email?token=").says("&lt;img src=https://evil.example/x&gt;").text();
    assert!(!text.contains("<img") && !text.contains("<iframe") && !text.contains("href=\"javascript"));
    let answer = presses(&ada, &format!("/admin/mail/{id}/retry")).await.is(422);
    answer.says("does not write to its address");
}

fn quoted(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What staging needs, with a relay and the authority of its certificate.
fn variables<'a>(url: &'a str, authority: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut variables = vec![
        ("ATLAS_ENV", "staging"),
        ("APP_URL", "https://staging.example.com"),
        ("NEXTAUTH_SECRET", "0123456789abcdef0123456789abcdef"),
        ("RESEND_FROM_EMAIL", "Atlas <atlas@example.com>"),
        ("SMTP_URL", url),
        ("SENTRY_ENABLED", "false"),
        ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
        ("ADMIN_OWNER_EMAIL", "owner@example.com"),
    ];
    if !authority.is_empty() {
        variables.push(("SMTP_CA_FILE", authority));
    }
    variables
}

/// Exit code and JSON of `atlas check --connect`.
fn tried_out(folder: &Path, url: &str, authority: &str) -> (i32, Value) {
    let output = run(folder, &["check", "--connect", "--json"], &variables(url, authority));
    (code(&output), serde_json::from_str(&said(&output)).unwrap())
}

#[test]
fn check_signs_in_to_the_relay_and_says_which_part_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::of("localhost");
    std::fs::write(folder.path().join("relay.pem"), &certificates.authority).unwrap();
    let relay = ThirdPartyRelay::start(&certificates, true);
    let url = |password: &str| format!("smtps://{}:{}@localhost:{}", quoted(USER), quoted(password), relay.port);

    let (exit, fine) = tried_out(folder.path(), &url(PASSWORD), "relay.pem");
    assert_eq!((exit, &fine["mail"]["result"], &fine["ok"]), (0, &json!("signed-in"), &json!(true)), "{fine}");
    assert!(!fine.to_string().contains(PASSWORD), "{fine}");
    let (exit, wrong) = tried_out(folder.path(), &url("not it"), "relay.pem");
    assert_eq!((exit, &wrong["mail"]["result"]), (78, &json!("authentication")), "{wrong}");
    let (exit, foreign) = tried_out(folder.path(), &url(PASSWORD), "");
    assert_eq!((exit, &foreign["mail"]["result"]), (78, &json!("tls")), "{foreign}");
    assert!(foreign["mail"]["message"].as_str().unwrap().contains("certificate"), "{foreign}");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (exit, dead) = tried_out(folder.path(), &format!("smtp://{nobody}"), "");
    assert_eq!((exit, &dead["mail"]["result"]), (69, &json!("unreachable")), "{dead}");

    let spoken = run(folder.path(), &["check", "--connect"], &variables(&url(PASSWORD), "relay.pem"));
    assert!(
        said(&spoken).contains(&format!("mail: smtps://localhost:{} takes us in", relay.port)),
        "{}",
        said(&spoken)
    );
    let captured = run(folder.path(), &["check", "--connect"], &[]);
    assert_eq!(code(&captured), 0);
    assert!(said(&captured).contains("captured in this environment"), "{}", said(&captured));
    assert!(!folder.path().join("data").exists(), "check touches nothing");
}

#[test]
fn a_relay_that_does_not_answer_is_counted_among_the_errors() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("smtp://{nobody}");
    let last = |words: &[&str]| {
        let checked = run(folder.path(), words, &variables(&url, ""));
        let last = said(&checked).lines().last().unwrap().to_owned();
        (code(&checked), last.split_once(", ").unwrap().0.to_owned(), said(&checked))
    };
    let (exit, errors, all) = last(&["check", "--connect"]);
    assert_eq!((exit, errors.as_str()), (69, "1 error"), "{all}");
    assert_eq!(all.matches("error: mail: smtp://").count(), 1, "{all}");
    let (exit, errors, all) = last(&["check"]);
    assert_eq!((exit, errors.as_str()), (0, "0 errors"), "{all}");
}

#[test]
fn a_file_of_authorities_that_is_none_is_found_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.pem"), "nothing here\n").unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    std::fs::write(folder.path().join("broken.pem"), broken).unwrap();
    for (name, why) in [
        ("missing.pem", "cannot be read"),
        ("empty.pem", "has no certificate in it"),
        ("broken.pem", "a certificate that cannot be used"),
    ] {
        let output = run(folder.path(), &["check"], &variables("smtps://localhost:1", name));
        assert_eq!(code(&output), 78);
        assert!(said(&output).contains("mail.ca_file names") && said(&output).contains(why), "{}", said(&output));
    }
}

#[tokio::test]
async fn a_relay_that_others_wrote_takes_mail_in_both_ways() {
    let certificates = Certificates::of("localhost");
    for (tls, implicit) in [(Tls::Implicit, true), (Tls::StartTls, false)] {
        let mut post = ThirdPartyRelay::start(&certificates, implicit);
        let (world, relay) = crate::mail::staging_at(&certificates, tls, post.port, PASSWORD).await;
        for name in ["ada", "ben"] {
            sign_up(&world, name).await;
        }
        sending::send_due(&world.site.app, &relay).await.unwrap();
        for name in ["ada", "ben"] {
            let mail = post.mail();
            assert_eq!((&mail["secure"], &mail["user"]), (&json!(true), &json!(USER)), "{tls:?}");
            assert_eq!(mail["to"], json!([format!("{name}@example.com")]));
            assert!(mail["text"].as_str().unwrap().contains("Auto-Submitted: auto-generated"));
        }
        let sent = newest(&world);
        assert_eq!((sent.standing.word(), sent.answer.as_deref()), ("sent", Some("250 queued as 4712")));
        // And refuses whom it does not know.
        let (world, relay) = crate::mail::staging_at(&certificates, tls, post.port, "not it").await;
        sign_up(&world, "ada").await;
        sending::send_due(&world.site.app, &relay).await.unwrap();
        assert!(matches!(newest(&world).standing, Standing::Waiting { held: true, .. }));
    }
}

/// Exit code, what was said and what was complained of, of each command in turn.
fn story(folder: &Path, id: &str) -> Vec<(i32, String, String)> {
    let commands: [&[&str]; 8] = [
        &["mail", "list"],
        &["mail", "list", "--standing", "captured", "--json"],
        &["mail", "list", "--to", "nobody@example.com"],
        &["mail", "show", "ada@example.com"],
        &["mail", "show", id, "--json"],
        &["mail", "show", "nonsense"],
        &["mail", "retry", id, "--json"],
        &["mail", "retry", "--all"],
    ];
    commands
        .into_iter()
        .map(|words| {
            let output = run(folder, words, &[]);
            (code(&output), said(&output), complaint(&output))
        })
        .collect()
}

#[tokio::test]
async fn the_outbox_reads_alike_from_a_running_server_and_from_a_file_that_nobody_has() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let body = json!({ "email": "ada@example.com", "password": PERSONS_PASSWORD, "displayName": "Ada" }).to_string();
    let request = format!(
        "POST /api/auth/signup HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        server.port,
        body.len()
    );
    exchange(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap().is(201);
    let shown = run(folder.path(), &["mail", "show", "ada@example.com", "--json"], &[]);
    let shown: Value = serde_json::from_str(&said(&shown)).unwrap();
    assert_eq!((&shown["environment"], &shown["state"]), (&json!("development"), &json!("captured")));
    assert!(shown["text"].as_str().unwrap().contains("/verify-email?token="));
    let id = shown["id"].as_str().unwrap();
    let served = story(folder.path(), id);
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    assert_eq!(served, story(folder.path(), id));
    let codes: Vec<i32> = served.iter().map(|(code, ..)| *code).collect();
    assert_eq!(codes, [0, 0, 0, 0, 0, 1, 1, 0]);
    assert!(served[0].1.contains("ada@example.com  [development] Confirm"), "{}", served[0].1);
    assert!(served[6].2.contains("does not write to its address"), "{}", served[6].2);
    assert_eq!(code(&run(folder.path(), &["mail", "retry"], &[])), 2);
}
