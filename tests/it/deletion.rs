//! Deleting an account while requests and background work for it are running: nothing of it is written afterwards.

use std::pin::pin;

use atlas::app::Error;
use atlas::app::habits::data_import::{import_data, read_file};
use atlas::app::habits::import_source::ImportSource;
use atlas::app::habits::{completions, data_export, habit, import_undo};
use atlas::app::identity::email_change;
use atlas::app::identity::password_change;
use atlas::app::identity::preferences::PreferencesChange;
use atlas::app::identity::sessions::{Member, SessionSelection};
use atlas::app::identity::sign_in;
use atlas::app::identity::verification_email;
use atlas::app::identity::{accounts, preferences, sessions, step_up, two_factor};
use atlas::app::mail::delivery;
use atlas::domain::accounts::step_up::ProtectedAction;
use atlas::domain::accounts::two_factor::SecondFactorMethod;
use atlas::domain::habits::habit::HabitPlan;
use atlas::domain::{AccountId, Client, Refusal, Title, Weekdays};
use atlas::mail::Relay;
use atlas::store::Reader;
use atlas::store::tables::schema;
use futures_util::FutureExt;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::security::{answer_challenge, complete_step_up, find_challenge_token, find_mailed_token};
use crate::test_user::TestUser;
use crate::world::{PASSWORD, World};

/// Asserts that no table contains a deleted account: its id occurs only in the audit trail, and `words` occur nowhere.
pub fn assert_no_trace(world: &World, id: &str, words: &[&str]) {
    let id_bytes = id.parse::<AccountId>().unwrap().to_bytes();
    for table in &schema::ALL {
        let rows = world.state.app.store.read(|txn| txn.scan(table.name, &[], None, usize::MAX)).unwrap();
        let is_audit = table.name.ends_with("audit");
        for (key, value) in rows {
            let row = [key, value].concat();
            let has = |needle: &[u8]| row.windows(needle.len()).any(|window| window == needle);
            for word in words {
                assert!(!has(word.as_bytes()), "{} still contains {word}", table.name);
            }
            assert!(is_audit || !has(id.as_bytes()) && !has(&id_bytes), "{} still contains the id", table.name);
        }
    }
}

/// Personal data of the deleted account.
const PERSONAL_DATA: [&str; 5] = ["ada@", "127.0.0.1", "192.0.2.7", "Read", "argon2"];

/// The account and session of a signed-in user.
fn signed_in_member(world: &World, user: &TestUser) -> Member {
    let token = user.cookie("atlas-development").unwrap();
    sessions::find_member(&world.state.app, &token).unwrap().expect("the user is signed in")
}

pub async fn delete_account(user: &TestUser) {
    let proof = complete_step_up(user, "account_delete").await;
    let body = json!({ "stepUpChallengeToken": proof });
    user.send_json("POST", "/api/account/delete-request", &body).await.assert_status(200);
}

fn other_client() -> Client {
    Client::new(Some("192.0.2.7".parse().unwrap()), "Browser")
}

#[track_caller]
fn assert_refused<T>(action: &str, result: Result<T, Error>) {
    match result {
        Err(Error::Refused(_)) => {}
        Err(error) => panic!("{action}: {error}"),
        Ok(_) => panic!("{action} succeeded for a deleted account"),
    }
}

#[tokio::test]
async fn requests_running_when_their_account_is_deleted_are_refused_and_write_nothing() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit("Read").await;
    ada.set_completion(&habit, "2026-02-12", true).await.assert_status(200);
    let read = habit.parse().unwrap();
    let file = ada.get("/api/account/exports/self").await.assert_status(200).text();
    let member = signed_in_member(&world, &ada);
    let (app, account, client) = (&world.state.app, &member.account, other_client());
    let file = read_file(app, &ImportSource::new(file.into()), None, account.zone()).unwrap();
    let table = b"date,habit,value\n2026-02-10,Read,yes\n";
    let json = [("content-type", "application/json")];
    let imported = ada.request("POST", "/api/account/imports/self", &json, table).await.assert_status(200).data();
    let import = imported["import"].as_str().unwrap().parse().unwrap();
    delete_account(&ada).await;

    let today = app.today(account);
    let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::parse([1, 2]).unwrap());
    assert_refused("creating a habit", habit::create_habit(app, account, plan, None).await);
    assert_refused("changing a habit", habit::update_habit(app, account, read, habit::HabitChange::default()).await);
    assert_refused("archiving a habit", habit::archive_habit(app, account, read).await);
    assert_refused("moving a habit", habit::move_habit(app, account.id, read, true).await);
    assert_refused(
        "completing a habit",
        completions::set_completed(app, account, read, today, true, world.clock.now()).await,
    );
    assert_refused("an import", import_data(app, account, file, &client).await);
    assert_refused("undoing an import", import_undo::undo_import(app, account, import, &client).await);
    assert_refused("an export", data_export::export_data(app, account, &client).await);
    assert_refused(
        "changing preferences",
        preferences::update_preferences(app, account.id, PreferencesChange::default()).await,
    );
    assert_refused("signing out", sessions::end_sessions(app, &member, SessionSelection::Others, &client).await);
    assert_refused("a step-up challenge", step_up::start(app, account.id, ProtectedAction::AccountDelete, None).await);
    assert_refused("a new address", email_change::request_email_change(app, &member, "proof", None, &client).await);
    assert_refused("two-factor setup", two_factor::start_enrollment(app, &member, None).await);
    assert_refused("enabling two-factor", two_factor::enable(app, &member, "123456", &client).await);
    assert_refused(
        "disabling two-factor",
        two_factor::disable(app, account, PASSWORD, SecondFactorMethod::Totp, "123456", &client).await,
    );
    assert_refused("deleting again", accounts::delete_account(app, account, "proof").await);
    sessions::record_use(app, member.hash).await.unwrap();
    verification_email::resend_verification(app, account.email.as_str(), &Client::default()).await.unwrap();
    password_change::request_reset(app, account.email.as_str(), &Client::default()).await.unwrap();
    assert_no_trace(&world, &account.id.to_string(), &PERSONAL_DATA);
}

#[tokio::test]
async fn a_sign_in_during_deletion_is_refused_and_writes_nothing() {
    for password in [PASSWORD, "not this one at all"] {
        let world = World::new().await;
        let ada = world.signed_in_user("ada").await;
        let (app, id) = (&world.state.app, signed_in_member(&world, &ada).account.id);
        let mut sign_in = pin!(sign_in::sign_in(app, "ada@example.com", password, None, None, other_client()));
        assert!(sign_in.as_mut().now_or_never().is_none(), "the account was found and the password check is pending");
        delete_account(&ada).await;
        let refused = sign_in.await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::WrongCredentials))), "{password}");
        app.store.flush().await.unwrap();
        assert_no_trace(&world, &id.to_string(), &PERSONAL_DATA);
    }
}

#[tokio::test]
async fn mail_to_a_former_address_is_deleted_unless_another_account_uses_it() {
    for is_taken in [false, true] {
        let world = World::new().await;
        let ada = world.signed_in_user("ada").await;
        let id = signed_in_member(&world, &ada).account.id.to_string();
        for email in ["ada@asked.example", "ada@new.example"] {
            let challenge_token =
                find_challenge_token(&ada.post_form("/account/email", &[("email", email)]).await.assert_status(200));
            answer_challenge(&ada, &challenge_token, PASSWORD).await.assert_status(200);
        }
        let link = find_mailed_token(&world, "ada@new.example", "new-address");
        ada.post_form("/new-address", &[("token", &link)]).await.assert_status(200);
        if is_taken {
            TestUser::new("ada", &world).sign_up("UTC").await;
        }
        let (requested, former) = (world.mail_count("ada@asked.example"), world.mail_count("ada@example.com"));
        assert!(requested == 1 && former >= 3, "{requested} {former}");
        delete_account(&ada).await;
        for email in ["ada@asked.example", "ada@new.example"] {
            assert_eq!(world.mail_count(email), 0, "{email}");
        }
        if is_taken {
            assert_eq!(world.mail_count("ada@example.com"), former, "the mail belongs to the new account");
        } else {
            assert_no_trace(&world, &id, &PERSONAL_DATA);
        }
    }
}

/// A relay that pauses at the recipient command: it signals that the command arrived, then waits until it may answer.
async fn slow_relay() -> (String, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let ((rcpt_arrived, rcpt_signal), (resume, may_resume)) = (oneshot::channel(), oneshot::channel());
    tokio::spawn(async move {
        let (read, mut write) = listener.accept().await.unwrap().0.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut pause = Some((rcpt_arrived, may_resume));
        write.write_all(b"220 post.example\r\n").await.unwrap();
        let mut in_mail = false;
        while let Ok(Some(line)) = lines.next_line().await {
            if line.starts_with("RCPT")
                && let Some((rcpt_arrived, may_resume)) = pause.take()
            {
                rcpt_arrived.send(()).unwrap();
                may_resume.await.unwrap();
            }
            in_mail = (in_mail || line == "DATA") && line != ".";
            let response = match line.as_str() {
                "DATA" => "354 go on\r\n",
                _ if in_mail => continue,
                _ => "250 fine\r\n",
            };
            write.write_all(response.as_bytes()).await.unwrap();
        }
    });
    (url, rcpt_signal, resume)
}

#[tokio::test]
async fn a_mail_being_sent_during_deletion_does_not_return_to_the_outbox() {
    let (url, rcpt_signal, resume) = slow_relay().await;
    let mut options = crate::routes::staging_options(&[("ADMIN_EMAIL_ALLOWLIST", "ada@example.com")]);
    options.variables.retain(|(name, _)| *name != "SMTP_URL");
    options.variables.push(("SMTP_URL", url));
    let world = World::with_options(options).await;
    let relay = Relay::from_settings(&world.settings.mail, &world.state.app.app_url, None)
        .unwrap()
        .expect("staging sends mail");
    let mut ada = TestUser::new("ada", &world);
    ada.host = "staging.example.com".to_owned();
    let body = json!({ "email": ada.email(), "password": PASSWORD, "displayName": "Ada" });
    ada.send_json("POST", "/api/auth/signup", &body).await.assert_status(201);
    let link = find_mailed_token(&world, "ada@example.com", "verify-email");
    ada.send_json("POST", "/api/auth/verify-email", &json!({ "token": link })).await.assert_status(200);
    let sign_in = json!({ "email": ada.email(), "password": PASSWORD });
    ada.send_json("POST", "/api/auth/sign-in", &sign_in).await.assert_status(200);
    let id = ada.get("/api/auth/session").await.json()["user"]["id"].as_str().unwrap().to_owned();

    // A password reset, which is still valid when it is sent; a confirmation would be dropped by now.
    ada.send_json("POST", "/api/auth/forgot-password", &json!({ "email": ada.email() })).await.assert_status(200);

    let state = std::sync::Arc::clone(&world.state);
    let sending = tokio::spawn(async move { delivery::deliver_due_mail(&state.app, &relay).await });
    rcpt_signal.await.unwrap();
    delete_account(&ada).await;
    resume.send(()).unwrap();
    sending.await.unwrap().unwrap();
    assert_eq!(world.mail_count("ada@example.com"), 0);
    assert_no_trace(&world, &id, &PERSONAL_DATA);
}
