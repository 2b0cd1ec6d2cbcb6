//! Mail on its way out, to a relay that speaks SMTP on a real connection.

use std::sync::{Arc, Mutex};

use atlas::app::outbox;
use atlas::config::Transport;
use atlas::domain::mail::Standing;
use atlas::mail::Relay;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::person::Person;
use crate::routes::staging;
use crate::world::World;

/// A relay that answers each mail's recipient as it is told to, and keeps what it took.
struct Post {
    url: String,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Post {
    async fn that_answers(recipient: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                talk(stream, recipient, &kept).await;
            }
        });
        Self { url, taken }
    }
}

async fn talk(stream: tokio::net::TcpStream, recipient: &str, taken: &Mutex<Vec<String>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 post.example\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
        let answer = match verb.as_str() {
            "RCPT" => recipient,
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.unwrap();
                let mut mail = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    mail.push_str(&line);
                    mail.push('\n');
                }
                taken.lock().unwrap().push(mail);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Staging that may write to example.com, with somebody's sign-up in the outbox.
async fn staging_with(post: &Post) -> (World, Relay) {
    let mut wishes = staging(&[("ADMIN_EMAIL_ALLOWLIST", "ada@example.com")]);
    wishes.variables.retain(|(name, _)| *name != "SMTP_URL");
    wishes.variables.push(("SMTP_URL", post.url.clone()));
    let world = World::with(wishes).await;
    let Transport::Smtp(smtp) = world.settings.mail.transport.clone() else { panic!("staging sends mail") };
    let relay = Relay::new(
        smtp,
        world.settings.mail.from.clone(),
        "staging.example.com".to_owned(),
        Some("staging".to_owned()),
    )
    .unwrap();
    (world, relay)
}

async fn sign_up(world: &World, name: &'static str) {
    let mut person = Person::new(name, world);
    person.host = "staging.example.com".to_owned();
    let body =
        serde_json::json!({ "email": person.email(), "password": crate::world::PASSWORD, "displayName": "Somebody" });
    person.sends("POST", "/api/auth/signup", &body).await.is(201);
}

fn standing(world: &World) -> Standing {
    outbox::newest(&world.site.app, 1).unwrap().remove(0).standing
}

#[tokio::test]
async fn a_mail_leaves_with_both_parts_and_its_text_is_forgotten() {
    let post = Post::that_answers("250 fine").await;
    let (world, relay) = staging_with(&post).await;
    sign_up(&world, "ada").await;
    outbox::send_due(&world.site.app, &relay).await.unwrap();
    let mails = post.taken.lock().unwrap().clone();
    assert_eq!(mails.len(), 1);
    for line in [
        "Subject: [staging] Confirm your address for Atlas",
        "Auto-Submitted: auto-generated",
        "X-Atlas-Environment: staging",
        "Resend-Idempotency-Key:",
        "text/plain",
        "text/html",
        "staging.example.com/verify-email",
    ] {
        assert!(mails[0].contains(line), "{line} is not in:\n{}", mails[0]);
    }
    assert!(matches!(standing(&world), Standing::Sent { .. }));
    assert!(world.newest_mail("ada@example.com").is_none(), "the link is in the mail alone");
    outbox::send_due(&world.site.app, &relay).await.unwrap();
    assert_eq!(post.taken.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn staging_writes_to_no_stranger() {
    let post = Post::that_answers("250 fine").await;
    let (world, relay) = staging_with(&post).await;
    sign_up(&world, "stranger").await;
    outbox::send_due(&world.site.app, &relay).await.unwrap();
    assert!(post.taken.lock().unwrap().is_empty());
    assert_eq!(standing(&world), Standing::Captured);
}

#[tokio::test]
async fn a_relay_that_says_later_is_asked_later_and_one_that_says_never_is_not() {
    let later = Post::that_answers("451 greylisted").await;
    let (world, relay) = staging_with(&later).await;
    sign_up(&world, "ada").await;
    outbox::send_due(&world.site.app, &relay).await.unwrap();
    let Standing::Waiting { due, attempts: 1 } = standing(&world) else { panic!("{:?}", standing(&world)) };
    assert!(due > world.clock.now());
    // Once what it says is no longer true, it is given up.
    world.it_is("2026-02-14T12:00:00Z");
    outbox::send_due(&world.site.app, &relay).await.unwrap();
    assert!(matches!(standing(&world), Standing::Failed { .. }));

    let never = Post::that_answers("550 no such user").await;
    let (world, relay) = staging_with(&never).await;
    sign_up(&world, "ada").await;
    outbox::send_due(&world.site.app, &relay).await.unwrap();
    assert!(matches!(standing(&world), Standing::Failed { why, .. } if why.contains("no such user")));
}

#[tokio::test]
async fn a_dead_relay_fails_no_sign_up() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let post = Post { url: format!("smtp://{}", dead.local_addr().unwrap()), taken: Arc::default() };
    drop(dead);
    let (world, relay) = staging_with(&post).await;
    sign_up(&world, "ada").await;
    outbox::send_due(&world.site.app, &relay).await.unwrap();
    assert!(matches!(standing(&world), Standing::Waiting { attempts: 1, .. }));
}
