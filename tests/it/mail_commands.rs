//! Mail for operators and admins: listing, showing and retrying messages, and checking the relay.

use std::path::Path;

use atlas::app::admin;
use atlas::app::list_request::ListRequest;
use atlas::app::mail::delivery;
use atlas::config::Tls;
use atlas::domain::Email;
use atlas::domain::accounts::audit::{Actor, AuditAction};
use atlas::domain::mail::DeliveryStatus;
use atlas::ops::context::OperatorContext;
use atlas::ops::execute::execute;
use atlas::ops::protocol::mail::MailState;
use atlas::ops::protocol::{Command, MailCommand, Outcome};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::mail::{newest_mail, sign_up, staging_with_relay};
use crate::process::{Server, exit_code, run, stderr, stdout};
use crate::relay::{Certificates, RELAY_PASSWORD, RELAY_USER, RelayAction, RelayOptions, ScriptedRelay};
use crate::test_user::{TestResponse, TestUser, send_raw};
use crate::third_party_relay::ThirdPartyRelay;
use crate::world::{PASSWORD, World};

/// Runs a mail command against the world's server.
async fn run_command(world: &World, command: MailCommand) -> Result<Value, String> {
    let context = OperatorContext::new(std::sync::Arc::clone(&world.state.app), &world.settings);
    match execute(&context, Command::Mail(command), &mut |_| ()).await {
        Outcome::Done(answer) => Ok(json!(answer)),
        Outcome::Refused(why) => Err(why),
        Outcome::Failed(why) => panic!("{why}"),
    }
}

fn show_command(mail: &str) -> MailCommand {
    MailCommand::Show { mail: mail.parse().unwrap() }
}

fn retry_command(mail: &str) -> MailCommand {
    MailCommand::Retry { mail: mail.parse().unwrap() }
}

#[tokio::test]
async fn an_operator_finds_an_email_by_address_or_id_with_the_relays_last_response() {
    let smtp_server = ScriptedRelay::with_script(|_, step, line| match step {
        "RCPT" if line.contains("ben@") => Some(RelayAction::Respond("550 5.1.1 no such user")),
        "RCPT" if line.contains("cora@") => Some(RelayAction::Respond("451 4.7.1 greylisted")),
        _ => None,
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    for name in ["ada", "ben", "cora", "outsider"] {
        sign_up(&world, name).await;
    }
    let before = run_command(&world, show_command("ada@example.com")).await.unwrap();
    assert_eq!((&before["state"], &before["attempts"]), (&json!("waiting"), &json!(0)));
    assert!(before["text"].as_str().unwrap().contains("https://staging.example.com/verify-email?token="));
    delivery::deliver_due_mail(&world.state.app, &relay).await.unwrap();
    let ada = run_command(&world, show_command("ada@example.com")).await.unwrap();
    assert_eq!((&ada["state"], &ada["answer"]), (&json!("sent"), &json!("250 2.0.0 queued as 4711")));
    assert_eq!(
        (&ada["text"], &ada["html"]),
        (&Value::Null, &Value::Null),
        "the text of the sent email is still stored"
    );
    assert_eq!(ada["subject"], "[staging] Confirm your email for Atlas");
    assert!(ada["messageId"].as_str().unwrap().ends_with("@staging.example.com"));
    assert_eq!(run_command(&world, show_command(ada["id"].as_str().unwrap())).await.unwrap(), ada);
    let ben = run_command(&world, show_command("ben@example.com")).await.unwrap();
    assert_eq!((&ben["state"], &ben["answer"]), (&json!("failed"), &json!("550 5.1.1 no such user")));
    let cora = run_command(&world, show_command("cora@example.com")).await.unwrap();
    assert_eq!((&cora["state"], &cora["attempts"]), (&json!("waiting"), &json!(1)));
    assert!(cora["answer"].as_str().unwrap().contains("451 4.7.1 greylisted"));
    let outsider = run_command(&world, show_command("outsider@example.com")).await.unwrap();
    assert_eq!(outsider["state"], "captured");
    assert!(outsider["text"].as_str().unwrap().contains("/verify-email?token="));

    let list = |to: Option<&str>, state: Option<MailState>, cursor: Option<&str>| MailCommand::List {
        to: to.map(|to| Email::parse(to).unwrap()),
        state,
        limit: 3,
        cursor: cursor.map(|cursor| cursor.parse().unwrap()),
    };
    let first = run_command(&world, list(None, None, None)).await.unwrap();
    let states: Vec<_> = first["mails"].as_array().unwrap().iter().map(|mail| mail["state"].clone()).collect();
    assert_eq!(states, ["captured", "waiting", "failed"]);
    assert!(!first.to_string().contains("token="), "the list contains the text of an email");
    let rest = run_command(&world, list(None, None, first["nextCursor"].as_str())).await.unwrap();
    assert_eq!(rest["mails"][0]["id"], ada["id"]);
    let waiting = run_command(&world, list(None, Some(MailState::Waiting), None)).await.unwrap();
    assert_eq!(waiting["mails"], json!([first["mails"][1]]));
    assert_eq!((&waiting["outbox"]["waiting"], &waiting["outbox"]["relay"]), (&json!(1), &json!("works")));
    assert_eq!(
        run_command(&world, list(Some("Ben@Example.com"), None, None)).await.unwrap()["mails"][0]["id"],
        ben["id"]
    );
    let unknown = "lost".parse::<MailState>().unwrap_err().to_string();
    assert!(unknown.contains("waiting, sent, captured or failed"), "{unknown}");
    assert!(run_command(&world, show_command("nobody@example.com")).await.unwrap_err().contains("Email not found"));
}

#[tokio::test]
async fn a_retry_is_audited_and_never_sends_to_disallowed_recipients() {
    let smtp_server = ScriptedRelay::with_script(|n, step, _| {
        (step == "RCPT" && n == 0).then_some(RelayAction::Respond("451 later"))
    })
    .await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    sign_up(&world, "ada").await;
    sign_up(&world, "outsider").await;
    delivery::deliver_due_mail(&world.state.app, &relay).await.unwrap();
    assert!(
        run_command(&world, retry_command("outsider@example.com"))
            .await
            .unwrap_err()
            .contains("send email to that address")
    );
    assert!(run_command(&world, retry_command("nobody@example.com")).await.unwrap_err().contains("Email not found"));
    assert_eq!(run_command(&world, MailCommand::RetryAll).await.unwrap()["retried"][0]["to"], "ada@example.com");
    delivery::deliver_due_mail(&world.state.app, &relay).await.unwrap();
    assert_eq!(smtp_server.accepted_messages().len(), 1);
    assert!(run_command(&world, retry_command("ada@example.com")).await.unwrap_err().contains("already sent"));
    let trail = admin::queries::list_audit_entries(
        &world.state.app,
        None,
        Some(AuditAction::MailRetried),
        ListRequest::newest_first(None, 10),
    )
    .unwrap()
    .rows;
    let ada = admin::queries::find_user(&world.state.app, "ada@example.com").unwrap();
    let entries: Vec<_> = trail.iter().map(|line| (line.actor.known(), line.subject)).collect();
    assert_eq!(entries, [(Some(Actor::Operator), Some(ada))], "a refused retry was audited");
    // An email with an expired link cannot be retried.
    sign_up(&world, "ben").await;
    world.set_time("2026-02-14T12:00:00Z");
    assert!(run_command(&world, retry_command("ben@example.com")).await.unwrap_err().contains("expired"));
}

/// Signs up and signs in Ada, an admin of staging with two-factor authentication.
async fn sign_in_admin(world: &World) -> TestUser {
    sign_up(world, "ada").await;
    let text = newest_mail(world).body.unwrap().text;
    let token = text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap();
    let mut ada = TestUser::new("ada", world);
    ada.host = "staging.example.com".to_owned();
    ada.send_json("POST", "/api/auth/verify-email", &json!({ "token": token })).await.assert_status(200);
    let body = json!({ "email": ada.email(), "password": PASSWORD });
    ada.send_json("POST", "/api/auth/sign-in", &body).await.assert_status(200);
    let shown = ada.send_json("POST", "/api/account/2fa/setup", &json!({})).await.assert_status(200).data();
    let app = Authenticator::new(shown["secret"].as_str().unwrap());
    let code = app.code_at(world.clock.now().as_second());
    ada.send_json("POST", "/api/account/2fa/enable", &json!({ "code": code })).await.assert_status(200);
    ada
}

/// Presses a form button on a page loaded over HTTPS.
async fn press_button(user: &TestUser, path: &str) -> TestResponse {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://staging.example.com"),
        ("sec-fetch-site", "same-origin"),
    ];
    user.request("POST", path, &headers, b"").await
}

#[tokio::test]
async fn an_admin_sees_why_mail_is_not_sent_and_when_it_is_sent_again() {
    let smtp_server =
        ScriptedRelay::with_options(RelayOptions { tls: None, requires_password: true }, |_, _, _| None).await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    let ada = sign_in_admin(&world).await;
    let health = ada.get("/api/admin/health").await.assert_status(200).data();
    assert_eq!((&health["mail"]["relay"]["state"], &health["alerts"]), (&json!("untried"), &json!([])));
    delivery::deliver_due_mail(&world.state.app, &relay).await.unwrap();
    let health = ada.get("/api/admin/health").await.assert_status(200).data();
    assert_eq!(health["status"], "ok", "a broken relay degrades the health status");
    assert_eq!(
        (&health["mail"]["relay"]["state"], &health["mail"]["relay"]["fault"]),
        (&json!("faulty"), &json!("authentication"))
    );
    assert_eq!(health["mail"]["oldestWaitingSince"], "2026-02-12T12:00:00.000Z");
    assert!(health["alerts"][0]["message"].as_str().unwrap().contains("530"), "{health}");
    assert!(ada.get("/api/health").await.data().get("mail").is_none(), "the public health endpoint reports on mail");
    ada.get("/admin").await.assert_status(200).assert_contains("Mail can't be sent");
    ada.get("/admin/mail").await.assert_status(200).assert_contains("Held");

    let credentials = format!("{}:{}", percent_encode(RELAY_USER), percent_encode(RELAY_PASSWORD));
    let fixed = staging_with_relay(&format!("smtp://{credentials}@127.0.0.1:{}", smtp_server.port)).await.1;
    let page = format!("/admin/mail/{}", newest_mail(&world).id);
    ada.get(&page).await.assert_status(200).assert_contains("Send now").assert_contains("530").assert_lacks("token=");
    press_button(&ada, &format!("{page}/retry"))
        .await
        .assert_status(303)
        .assert_redirects_to(&format!("{page}?done=retry"));
    let action = format!("{page}/retry?from=%2Fadmin%2Fmail%3Fstanding%3Dwaiting");
    let list = ada.get("/admin/mail?standing=waiting").await.assert_status(200);
    list.assert_contains(&format!(
        "<form method=\"post\" action=\"{action}\"><button type=\"submit\">Send now</button>"
    ));
    let back = format!("/admin/mail?standing=waiting&done=retry#actions-{}", newest_mail(&world).id);
    press_button(&ada, &action).await.assert_status(303).assert_redirects_to(&back);
    for _ in 0..2 {
        delivery::deliver_due_mail(&world.state.app, &fixed).await.unwrap();
    }
    ada.get(&page).await.assert_status(200).assert_contains("250 2.0.0 queued as 4711").assert_lacks("Send now");
    press_button(&ada, &format!("{page}/retry")).await.assert_status(422).assert_contains("already sent");
    ada.get("/admin").await.assert_status(200).assert_lacks("Mail can't be sent");
    let health = ada.get("/api/admin/health").await.assert_status(200).data();
    assert_eq!((&health["mail"]["relay"]["state"], &health["alerts"]), (&json!("works"), &json!([])));
    let trail = admin::queries::list_audit_entries(
        &world.state.app,
        None,
        Some(AuditAction::MailRetried),
        ListRequest::newest_first(None, 10),
    )
    .unwrap()
    .rows;
    assert_eq!(trail.len(), 2);
    assert!(matches!(trail[0].actor.known(), Some(Actor::User(_))));
}

#[tokio::test]
async fn captured_mail_is_shown_as_text_and_loads_nothing() {
    let smtp_server = ScriptedRelay::accepting().await;
    let (world, _) = staging_with_relay(&smtp_server.url()).await;
    let ada = sign_in_admin(&world).await;
    sign_up(&world, "outsider").await;
    let id = newest_mail(&world).id;
    // SECURITY: markup in an email must not become part of the page.
    let mut mail = newest_mail(&world);
    let before = mail.clone();
    mail.body.as_mut().unwrap().text.push_str("<img src=https://evil.example/x> \njavascript:alert(1)\n");
    let stored = mail.clone();
    world
        .state
        .app
        .store
        .write(move |draft| {
            atlas::store::tables::outbox::put(draft, &stored, Some(&before));
            Ok::<_, atlas::app::Error>(())
        })
        .await
        .unwrap();
    let page = ada.get(&format!("/admin/mail/{id}")).await.assert_status(200);
    let text =
        page.assert_contains("/verify-email?token=").assert_contains("&lt;img src=https://evil.example/x&gt;").text();
    assert!(!text.contains("<img") && !text.contains("<iframe") && !text.contains("href=\"javascript"));
    let response = press_button(&ada, &format!("/admin/mail/{id}/retry")).await.assert_status(422);
    response.assert_contains("send email to that address");
}

fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The variables of staging with a relay and, if not empty, the file with its certificate authority.
pub fn staging_variables<'a>(url: &'a str, authority: &'a str) -> Vec<(&'a str, &'a str)> {
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

/// Runs `atlas check --connect` and returns its exit code and JSON.
fn check_relay(folder: &Path, url: &str, authority: &str) -> (i32, Value) {
    let output = run(folder, &["check", "--connect", "--json"], &staging_variables(url, authority));
    (exit_code(&output), serde_json::from_str(&stdout(&output)).unwrap())
}

#[test]
#[ignore = "needs Node.js: run tests/run"]
fn check_signs_in_to_the_relay_and_reports_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::for_host("localhost");
    std::fs::write(folder.path().join("relay.pem"), &certificates.authority).unwrap();
    let relay = ThirdPartyRelay::start(&certificates, true);
    let url = |password: &str| {
        format!("smtps://{}:{}@localhost:{}", percent_encode(RELAY_USER), percent_encode(password), relay.port)
    };

    let (exit, working) = check_relay(folder.path(), &url(RELAY_PASSWORD), "relay.pem");
    assert_eq!((exit, &working["mail"]["result"], &working["ok"]), (0, &json!("signed-in"), &json!(true)), "{working}");
    assert!(!working.to_string().contains(RELAY_PASSWORD), "{working}");
    let (exit, wrong_password) = check_relay(folder.path(), &url("not it"), "relay.pem");
    assert_eq!((exit, &wrong_password["mail"]["result"]), (78, &json!("authentication")), "{wrong_password}");
    let (exit, untrusted) = check_relay(folder.path(), &url(RELAY_PASSWORD), "");
    assert_eq!((exit, &untrusted["mail"]["result"]), (78, &json!("tls")), "{untrusted}");
    assert!(untrusted["mail"]["message"].as_str().unwrap().contains("certificate"), "{untrusted}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (exit, unreachable) = check_relay(folder.path(), &format!("smtp://{closed}"), "");
    assert_eq!((exit, &unreachable["mail"]["result"]), (69, &json!("unreachable")), "{unreachable}");

    let text = run(folder.path(), &["check", "--connect"], &staging_variables(&url(RELAY_PASSWORD), "relay.pem"));
    assert!(
        stdout(&text).contains(&format!("mail: signed in to smtps://localhost:{}", relay.port)),
        "{}",
        stdout(&text)
    );
    let captured = run(folder.path(), &["check", "--connect"], &[]);
    assert_eq!(exit_code(&captured), 0);
    assert!(stdout(&captured).contains("captured in this environment"), "{}", stdout(&captured));
    assert!(!folder.path().join("data").exists(), "check created the data folder");
}

#[test]
fn an_unreachable_relay_counts_as_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("smtp://{closed}");
    let check = |args: &[&str]| {
        let output = run(folder.path(), args, &staging_variables(&url, ""));
        let summary = stdout(&output).lines().last().unwrap().to_owned();
        (exit_code(&output), summary.split_once(", ").unwrap().0.to_owned(), stdout(&output))
    };
    let (exit, errors, all) = check(&["check", "--connect"]);
    assert_eq!((exit, errors.as_str()), (69, "1 error"), "{all}");
    assert_eq!(all.matches("error: mail: smtp://").count(), 1, "{all}");
    let (exit, errors, all) = check(&["check"]);
    assert_eq!((exit, errors.as_str()), (0, "0 errors"), "{all}");
}

#[test]
fn an_invalid_certificate_authority_file_is_reported_by_check() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.pem"), "nothing here\n").unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    std::fs::write(folder.path().join("broken.pem"), broken).unwrap();
    for (name, reason) in [
        ("missing.pem", "cannot be read"),
        ("empty.pem", "contains no certificate"),
        ("broken.pem", "contains an unusable certificate"),
    ] {
        let output = run(folder.path(), &["check"], &staging_variables("smtps://localhost:1", name));
        assert_eq!(exit_code(&output), 78);
        assert!(
            stdout(&output).contains("mail.ca_file names") && stdout(&output).contains(reason),
            "{}",
            stdout(&output)
        );
    }
}

#[tokio::test]
#[ignore = "needs Node.js: run tests/run"]
async fn a_third_party_relay_accepts_mail_over_implicit_tls_and_starttls() {
    let certificates = Certificates::for_host("localhost");
    for (tls, implicit) in [(Tls::Implicit, true), (Tls::StartTls, false)] {
        let mut smtp_server = ThirdPartyRelay::start(&certificates, implicit);
        let (world, relay) =
            crate::mail::staging_with_tls_relay(&certificates, tls, smtp_server.port, RELAY_PASSWORD).await;
        for name in ["ada", "ben"] {
            sign_up(&world, name).await;
        }
        delivery::deliver_due_mail(&world.state.app, &relay).await.unwrap();
        for name in ["ada", "ben"] {
            let mail = smtp_server.next_message();
            assert_eq!((&mail["secure"], &mail["user"]), (&json!(true), &json!(RELAY_USER)), "{tls:?}");
            assert_eq!(mail["to"], json!([format!("{name}@example.com")]));
            assert!(mail["text"].as_str().unwrap().contains("Auto-Submitted: auto-generated"));
        }
        let sent = newest_mail(&world);
        assert_eq!((sent.status.as_str(), sent.reply.as_deref()), ("sent", Some("250 queued as 4712")));
        // The relay refuses a wrong password.
        let (world, relay) = crate::mail::staging_with_tls_relay(&certificates, tls, smtp_server.port, "not it").await;
        sign_up(&world, "ada").await;
        delivery::deliver_due_mail(&world.state.app, &relay).await.unwrap();
        assert!(matches!(newest_mail(&world).status, DeliveryStatus::Waiting { deferred: true, .. }));
    }
}

/// Runs every mail command and returns the exit code, stdout and stderr of each.
fn run_mail_commands(folder: &Path, id: &str) -> Vec<(i32, String, String)> {
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
        .map(|args| {
            let output = run(folder, args, &[]);
            (exit_code(&output), stdout(&output), stderr(&output))
        })
        .collect()
}

#[tokio::test]
async fn mail_commands_print_the_same_with_and_without_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "displayName": "Ada" }).to_string();
    let request = format!(
        "POST /api/auth/signup HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        server.port,
        body.len()
    );
    send_raw(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap().assert_status(201);
    let shown = run(folder.path(), &["mail", "show", "ada@example.com", "--json"], &[]);
    let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!((&shown["environment"], &shown["state"]), (&json!("development"), &json!("captured")));
    assert!(shown["text"].as_str().unwrap().contains("/verify-email?token="));
    let id = shown["id"].as_str().unwrap();
    let with_server = run_mail_commands(folder.path(), id);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert_eq!(with_server, run_mail_commands(folder.path(), id));
    let codes: Vec<i32> = with_server.iter().map(|(code, ..)| *code).collect();
    assert_eq!(codes, [0, 0, 0, 0, 0, 1, 1, 0]);
    assert!(with_server[0].1.contains("ada@example.com  [development] Confirm"), "{}", with_server[0].1);
    assert!(with_server[6].2.contains("send email to that address"), "{}", with_server[6].2);
    assert_eq!(exit_code(&run(folder.path(), &["mail", "retry"], &[])), 2);
}

#[test]
fn a_status_that_mail_never_has_is_a_usage_error_that_lists_the_statuses() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["mail", "list", "--status", "bogus"], &[]);
    assert_eq!(exit_code(&output), 2);
    for status in DeliveryStatus::NAMES {
        assert!(stderr(&output).contains(status), "{}", stderr(&output));
    }
}
