//! The end of an account while something of it is still under way: whatever finishes afterwards leaves nothing behind.

use std::pin::pin;

use atlas::app::preferences::Change;
use atlas::app::sessions::{Member, Which};
use atlas::app::{
    Error, accounts, challenges, completions, credentials, habits, links, portable, preferences, sending, sessions,
    two_factor,
};
use atlas::domain::challenge::Action;
use atlas::domain::habit::Plan;
use atlas::domain::two_factor::Method;
use atlas::domain::{AccountId, Client, Refusal, ReminderTimes, Title, Weekdays};
use atlas::mail::Relay;
use atlas::store::{Read, schema};
use futures_util::FutureExt;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::person::Person;
use crate::security::{answers, proves, question, token};
use crate::world::{PASSWORD, World};

/// Looks for an account that was deleted in every table: of its id only the audit trail knows, and nothing knows `words`.
pub fn left_no_trace(world: &World, id: &str, words: &[&str]) {
    let bytes_of_id = id.parse::<AccountId>().unwrap().to_bytes();
    for table in &schema::ALL {
        let rows = world.site.app.store.read(|view| view.rows(table.name, &[], None, usize::MAX)).unwrap();
        let is_audit = table.name.ends_with("audit");
        for (key, value) in rows {
            let whole = [key, value].concat();
            let has = |needle: &[u8]| whole.windows(needle.len()).any(|window| window == needle);
            for word in words {
                assert!(!has(word.as_bytes()), "{} still holds {word}", table.name);
            }
            assert!(is_audit || !has(id.as_bytes()) && !has(&bytes_of_id), "{} still holds the id", table.name);
        }
    }
}

const WORDS: [&str; 5] = ["ada@", "127.0.0.1", "192.0.2.7", "Read", "argon2"];

/// Whoever is signed in with this browser.
fn member(world: &World, person: &Person) -> Member {
    let token = person.cookie("atlas-development").unwrap();
    sessions::member(&world.site.app, &token).unwrap().expect("somebody is signed in")
}

async fn deletes(person: &Person) {
    let proof = proves(person, "account_delete").await;
    let body = json!({ "stepUpChallengeToken": proof });
    person.sends("POST", "/api/account/delete-request", &body).await.is(200);
}

fn somewhere() -> Client {
    Client::new(Some("192.0.2.7".parse().unwrap()), "Browser")
}

#[track_caller]
fn is_refused<T>(what: &str, done: Result<T, Error>) {
    match done {
        Err(Error::Refused(_)) => {}
        Err(error) => panic!("{what}: {error}"),
        Ok(_) => panic!("{what} was done for somebody who is gone"),
    }
}

#[tokio::test]
async fn whatever_was_under_way_when_an_account_was_deleted_is_refused_and_brings_nothing_back() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let habit = ada.keeps("Read").await;
    ada.ticks(&habit, "2026-02-12", true).await.is(200);
    let read = habit.parse().unwrap();
    let file = ada.get("/api/account/exports/self").await.is(200).text();
    let file = || serde_json::from_str(&file).unwrap();
    let was = member(&world, &ada);
    let (app, me, from) = (&world.site.app, &was.account, somewhere());
    deletes(&ada).await;

    let today = app.today(me);
    let plan = Plan {
        title: Title::parse("Read").unwrap(),
        description: None,
        weekdays: Weekdays::parse([1, 2]).unwrap(),
        reminder_times: ReminderTimes::default(),
    };
    is_refused("a habit", habits::create(app, me, plan, None).await);
    is_refused("a change", habits::change(app, me, read, habits::Change::default()).await);
    is_refused("archiving", habits::archive(app, me, read).await);
    is_refused("moving", habits::shift(app, me.id, read, true).await);
    is_refused("a tick", completions::set(app, me, read, today, true, world.clock.now()).await);
    is_refused("an import", portable::bring(app, me, file(), false, &from).await);
    is_refused("an export", portable::take(app, me, &from).await);
    is_refused("a preference", preferences::change(app, me.id, Change::default()).await);
    is_refused("signing out", sessions::end(app, &was, Which::Others, &from).await);
    is_refused("a question", challenges::ask(app, me.id, Action::AccountDelete, None).await);
    is_refused("a new address", credentials::ask_new_address(app, &was, "proof", None, &from).await);
    is_refused("a second factor", two_factor::set_up(app, &was, None).await);
    is_refused("its code", two_factor::enable(app, &was, "123456", &from).await);
    is_refused("its end", two_factor::disable(app, me, PASSWORD, Method::Totp, "123456", &from).await);
    is_refused("a second end", accounts::delete(app, me, "proof").await);
    sessions::touch(app, was.hash).await.unwrap();
    links::resend(app, me.email.as_str(), &Client::default()).await.unwrap();
    credentials::ask_reset(app, me.email.as_str(), &Client::default()).await.unwrap();
    left_no_trace(&world, &me.id.to_string(), &WORDS);
}

#[tokio::test]
async fn a_password_that_is_being_compared_while_its_account_goes_opens_nothing_and_leaves_nothing() {
    for typed in [PASSWORD, "not this one at all"] {
        let world = World::new().await;
        let ada = world.signed_up("ada").await;
        let (app, id) = (&world.site.app, member(&world, &ada).account.id);
        let mut trying = pin!(sessions::sign_in(app, "ada@example.com", typed, None, None, somewhere()));
        assert!(trying.as_mut().now_or_never().is_none(), "the account is looked up, and the password waits");
        deletes(&ada).await;
        let refused = trying.await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::WrongCredentials))), "{typed}");
        app.store.flush().await.unwrap();
        left_no_trace(&world, &id.to_string(), &WORDS);
    }
}

#[tokio::test]
async fn mail_to_a_former_address_goes_with_the_account_unless_somebody_else_has_it_now() {
    for taken in [false, true] {
        let world = World::new().await;
        let ada = world.signed_up("ada").await;
        let id = member(&world, &ada).account.id.to_string();
        for email in ["ada@asked.example", "ada@new.example"] {
            let asked = question(&ada.posts("/account/email", &[("email", email)]).await.is(200));
            answers(&ada, &asked, PASSWORD).await.is(200);
        }
        let link = token(&world, "ada@new.example", "new-address");
        ada.posts("/new-address", &[("token", &link)]).await.is(200);
        if taken {
            Person::new("ada", &world).signs_up("UTC").await;
        }
        let (asked, former) = (world.mails("ada@asked.example"), world.mails("ada@example.com"));
        assert!(asked == 1 && former >= 3, "{asked} {former}");
        deletes(&ada).await;
        for email in ["ada@asked.example", "ada@new.example"] {
            assert_eq!(world.mails(email), 0, "{email}");
        }
        if taken {
            assert_eq!(world.mails("ada@example.com"), former, "it is the other's now");
        } else {
            left_no_trace(&world, &id, &WORDS);
        }
    }
}

/// A relay that takes its time: it says when it was told whom a mail is for, and goes on when it may.
async fn slow_relay() -> (String, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let ((asked, was_asked), (go_on, may_go_on)) = (oneshot::channel(), oneshot::channel());
    tokio::spawn(async move {
        let (read, mut write) = listener.accept().await.unwrap().0.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut holds = Some((asked, may_go_on));
        write.write_all(b"220 post.example\r\n").await.unwrap();
        let mut in_mail = false;
        while let Ok(Some(line)) = lines.next_line().await {
            if line.starts_with("RCPT")
                && let Some((asked, may_go_on)) = holds.take()
            {
                asked.send(()).unwrap();
                may_go_on.await.unwrap();
            }
            in_mail = (in_mail || line == "DATA") && line != ".";
            let answer = match line.as_str() {
                "DATA" => "354 go on\r\n",
                _ if in_mail => continue,
                _ => "250 fine\r\n",
            };
            write.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, was_asked, go_on)
}

#[tokio::test]
async fn a_mail_that_is_on_its_way_while_its_account_goes_does_not_come_back_into_the_outbox() {
    let (url, was_asked, go_on) = slow_relay().await;
    let mut wishes = crate::routes::staging(&[("ADMIN_EMAIL_ALLOWLIST", "ada@example.com")]);
    wishes.variables.retain(|(name, _)| *name != "SMTP_URL");
    wishes.variables.push(("SMTP_URL", url));
    let world = World::with(wishes).await;
    let relay = Relay::of(&world.settings.mail, &world.site.app.app_url, None).unwrap().expect("staging sends mail");
    let mut ada = Person::new("ada", &world);
    ada.host = "staging.example.com".to_owned();
    let body = json!({ "email": ada.email(), "password": PASSWORD, "displayName": "Ada" });
    ada.sends("POST", "/api/auth/signup", &body).await.is(201);
    let link = token(&world, "ada@example.com", "verify-email");
    ada.sends("POST", "/api/auth/verify-email", &json!({ "token": link })).await.is(200);
    let signed_in = json!({ "email": ada.email(), "password": PASSWORD });
    ada.sends("POST", "/api/auth/sign-in", &signed_in).await.is(200);
    let id = ada.get("/api/auth/session").await.json()["user"]["id"].as_str().unwrap().to_owned();

    // What is still true when it is sent: a confirmed address is not asked to be confirmed.
    ada.sends("POST", "/api/auth/forgot-password", &json!({ "email": ada.email() })).await.is(200);

    let site = std::sync::Arc::clone(&world.site);
    let sending = tokio::spawn(async move { sending::send_due(&site.app, &relay).await });
    was_asked.await.unwrap();
    deletes(&ada).await;
    go_on.send(()).unwrap();
    sending.await.unwrap().unwrap();
    assert_eq!(world.mails("ada@example.com"), 0);
    left_no_trace(&world, &id, &WORDS);
}
