//! What goes on in the background panics, and nothing else minds: it is told without what the panic said, and begins anew.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atlas::app::accounts::{self, SignUp};
use atlas::app::clock::Clock;
use atlas::app::{App, Error, links, newborn};
use atlas::config::{self, Flags};
use atlas::domain::Client;
use atlas::observe::panics::kept_up;
use atlas::ops::operations::aside;
use atlas::store::{Store, outbox};
use tokio::sync::Semaphore;

use crate::log;
use crate::process::{Server, code, get, run, said};
use crate::world::PASSWORD;

/// What a panic might say of somebody.
const CANARY: &str = "canary@example.com";

#[tokio::test]
async fn what_panics_begins_anew_and_is_told_with_its_place_and_not_with_what_it_says() {
    log::listen();
    let (begun, lives) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let work = || {
        let (begun, lives) = (Arc::clone(&begun), Arc::clone(&lives));
        async move {
            match begun.fetch_add(1, Ordering::Relaxed) {
                // At once, after a while, and by coming to an end, which it never should.
                0 => panic!("at once, for {CANARY}"),
                1 => {
                    tokio::task::yield_now().await;
                    panic!("after a while, for {CANARY}")
                }
                2 => {}
                _ => {
                    lives.add_permits(1);
                    std::future::pending::<()>().await;
                }
            }
        }
    };
    tokio::select! {
        () = kept_up("counting", Duration::from_millis(1), work) => panic!("it is kept up for ever"),
        alive = lives.acquire() => drop(alive.unwrap()),
        () = tokio::time::sleep(Duration::from_mins(1)) => panic!("it does not begin anew"),
    }
    assert_eq!(begun.load(Ordering::Relaxed), 4);
    let heard = log::heard();
    assert_eq!(heard.matches("it stopped and starts again what=\"counting\"").count(), 3, "{heard}");
    assert!(!heard.contains("canary"), "{heard}");
}

#[tokio::test]
async fn whoever_stops_keeping_it_up_ends_it() {
    let (held, work_holds) = (Arc::new(()), Arc::new(Semaphore::new(0)));
    let work = || {
        let (held, work_holds) = (Arc::clone(&held), Arc::clone(&work_holds));
        async move {
            work_holds.add_permits(1);
            std::future::pending::<()>().await;
            drop(held);
        }
    };
    tokio::select! {
        () = kept_up("holding", Duration::from_millis(1), work) => {}
        begun = work_holds.acquire() => drop(begun.unwrap()),
    }
    while Arc::strong_count(&held) > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_order_that_panics_is_answered_without_what_it_says() {
    let ended = aside(&mut |_| (), |_| -> Result<(), Error> { panic!("nobody is called {CANARY}") }).await;
    let Err(Error::Broken(why)) = ended else { panic!("{ended:?}") };
    assert!(why.contains("panicked") && !why.contains("canary"), "{why}");
}

/// Turns every page of a file that holds `words` into one that nothing can be read from: whoever comes by panics in the
/// storage engine. Answers how many there were.
fn damages(file: &Path, words: &[u8]) -> usize {
    const PAGE: usize = 4_096;
    let mut bytes = std::fs::read(file).unwrap();
    let mut damaged = 0;
    for page in bytes.chunks_mut(PAGE).skip(1).filter(|page| page.windows(words.len()).any(|part| part == words)) {
        // Where its rows end: far outside of it.
        page[4..12].fill(0x7f);
        damaged += 1;
    }
    std::fs::write(file, bytes).unwrap();
    damaged
}

/// Staging with a relay that nobody can reach, so that mail waits and is taken up again and again.
fn variables() -> Vec<(&'static str, &'static str)> {
    vec![
        ("ATLAS_ENV", "staging"),
        ("APP_URL", "https://staging.example.com"),
        ("NEXTAUTH_SECRET", "0123456789abcdef0123456789abcdef"),
        ("SMTP_URL", "smtps://atlas:password@localhost:1"),
        ("RESEND_FROM_EMAIL", "atlas@example.com"),
        ("SENTRY_ENABLED", "false"),
        ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
        ("ADMIN_OWNER_EMAIL", CANARY),
        ("ATLAS_SNAPSHOTS_EVERY", "1h"),
        ("ATLAS_METRICS_LISTEN", "127.0.0.1:0"),
    ]
}

/// A closed data file of staging with a mail that waits, and nothing in it can be read on the pages where mail lies.
async fn damaged_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("atlas.toml");
    std::fs::write(&config, "").unwrap();
    let flags = Flags { environment: Some("staging".to_owned()), config: Some(config), ..Flags::default() };
    let known = variables().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let checked = config::check(&flags, &known).unwrap();
    let settings = checked.settings.unwrap_or_else(|| panic!("{:?}", checked.problems));
    let file = settings.data_file.clone();
    let born = newborn(&Clock::System).unwrap();
    let store = Store::open_or_create(&file, &settings.environment, || born).unwrap().store;
    let app = App::new(store, &settings, "https://staging.example.com".parse().unwrap(), Clock::System).unwrap();
    let owner = SignUp {
        email: CANARY.to_owned(),
        name: "Canary".to_owned(),
        password: PASSWORD.to_owned(),
        again: None,
        zone: None,
    };
    accounts::plant(&app, owner, false).await.unwrap();
    links::resend(&app, CANARY, &Client::default()).await.unwrap();
    assert!(app.store.read(outbox::next_due).unwrap().is_some(), "a mail waits");
    drop(app);
    assert!(damages(&file, b"message_id") > 0);
    // A checklist that was killed left its person behind.
    std::fs::write(file.with_file_name("atlas.redb.verify"), r#"{"email":"owner+atlas-verify-1@example.com"}"#)
        .unwrap();
    folder
}

/// Reading the outbox panics in the sender's own task, and in what the other tasks do on threads of their own.
#[tokio::test]
async fn where_everything_in_the_background_meets_a_damaged_page_people_are_served() {
    let folder = damaged_folder().await;
    let server = Server::start_with(folder.path(), &[], &variables());
    let troubles = async {
        for words in [
            // Sending mail, again and again.
            "\"what\":\"sending mail\"",
            // Removing what is over.
            "what is over could not be removed",
            // Snapshots on schedule.
            "the snapshot on schedule failed",
            // Ending checklists.
            "what a checklist left could not be removed",
        ] {
            server.has_logged(words).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), troubles).await.expect("each of them meets it and says so");
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
    let again = async {
        while log().matches("\"what\":\"sending mail\"").count() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), again).await.expect("it begins anew");

    // Numbers can be read.
    let log_then = log();
    let metrics = log_then.split("metrics can be read").nth(1).unwrap().split("127.0.0.1:").nth(1).unwrap();
    let metrics: u16 = metrics.split('"').next().unwrap().parse().unwrap();
    assert!(get(metrics, "/metrics").starts_with("HTTP/1.1 200"));
    // An operator's order that meets it is refused, and the next one is heard.
    let order = |words: &[&str]| run(folder.path(), words, &variables());
    assert_ne!(code(&order(&["mail", "list"])), 0);
    let people = order(&["user", "list"]);
    assert!(said(&people).contains(CANARY), "{people:?}");
    // Whoever watches is told, for the snapshot found it; what people save is saved all the same.
    assert!(get(server.port, "/api/health").starts_with("HTTP/1.1 503"));
    assert_eq!(code(&order(&["user", "disable", CANARY])), 0);
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    assert!(!log().contains("canary"), "{}", log());
}
