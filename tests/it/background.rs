//! Background tasks that panic: the panic is logged without its message, the task restarts, and requests are still
//! served.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atlas::app::clock::Clock;
use atlas::app::identity::accounts;
use atlas::app::identity::accounts::SignUpInput;
use atlas::app::identity::verification_email;
use atlas::app::{App, Error, new_file_identity};
use atlas::config::{self, Flags};
use atlas::domain::Client;
use atlas::observe::panics::keep_running;
use atlas::ops::context::run_blocking;
use atlas::store::Store;
use atlas::store::migrations::Migrations;
use atlas::store::tables::outbox;
use tokio::sync::Semaphore;

use crate::log_capture;
use crate::process::{Server, exit_code, http_get, run, stdout};
use crate::world::PASSWORD;

/// Personal data that a panic message might contain. It must never be logged.
const CANARY: &str = "canary@example.com";

#[tokio::test]
async fn a_task_that_panics_is_logged_without_its_message_and_restarts() {
    log_capture::start_capture();
    let (starts, running) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let work = || {
        let (starts, running) = (Arc::clone(&starts), Arc::clone(&running));
        async move {
            match starts.fetch_add(1, Ordering::Relaxed) {
                // It panics at once, panics later, and returns, which a background task never should.
                0 => panic!("at once, for {CANARY}"),
                1 => {
                    tokio::task::yield_now().await;
                    panic!("after a while, for {CANARY}")
                }
                2 => {}
                _ => {
                    running.add_permits(1);
                    std::future::pending::<()>().await;
                }
            }
        }
    };
    tokio::select! {
        () = keep_running("counting", Duration::from_millis(1), work) => panic!("supervision never ends by itself"),
        permit = running.acquire() => drop(permit.unwrap()),
        () = tokio::time::sleep(Duration::from_mins(1)) => panic!("the task does not restart"),
    }
    assert_eq!(starts.load(Ordering::Relaxed), 4);
    let log = log_capture::take_captured();
    assert_eq!(log.matches("a background task stopped and restarts task=\"counting\"").count(), 3, "{log}");
    assert!(!log.contains("canary"), "{log}");
}

#[tokio::test]
async fn dropping_the_supervision_drops_the_task() {
    let (resource, started) = (Arc::new(()), Arc::new(Semaphore::new(0)));
    let work = || {
        let (resource, started) = (Arc::clone(&resource), Arc::clone(&started));
        async move {
            started.add_permits(1);
            std::future::pending::<()>().await;
            drop(resource);
        }
    };
    tokio::select! {
        () = keep_running("holding", Duration::from_millis(1), work) => {}
        permit = started.acquire() => drop(permit.unwrap()),
    }
    while Arc::strong_count(&resource) > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_operator_command_that_panics_fails_without_the_panic_message() {
    let result = run_blocking(&mut |_| (), |_| -> Result<(), Error> { panic!("no account {CANARY}") }).await;
    let Err(Error::Broken(error)) = result else { panic!("{result:?}") };
    let why = error.to_string();
    assert!(why.contains("panicked") && !why.contains("canary"), "{why}");
}

/// Corrupts every page of a file that contains `needle`, so that reading it panics in the storage engine. Returns the
/// number of pages.
fn corrupt_pages(file: &Path, needle: &[u8]) -> usize {
    const PAGE: usize = 4_096;
    let mut bytes = std::fs::read(file).unwrap();
    let mut corrupted = 0;
    for page in bytes.chunks_mut(PAGE).skip(1).filter(|page| page.windows(needle.len()).any(|part| part == needle)) {
        // The offsets at which its rows end, now far outside the page.
        page[4..12].fill(0x7f);
        corrupted += 1;
    }
    std::fs::write(file, bytes).unwrap();
    corrupted
}

/// Staging with an unreachable relay, so that mail stays queued and is retried.
fn staging_variables() -> Vec<(&'static str, &'static str)> {
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

/// A folder with a staging data file whose outbox pages are corrupt, and one mail in the queue.
async fn folder_with_corrupt_outbox() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("atlas.toml");
    std::fs::write(&config, "").unwrap();
    let flags = Flags { environment: Some("staging".to_owned()), config: Some(config), ..Flags::default() };
    let variables = staging_variables().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let checked = config::check(&flags, &variables).unwrap();
    let settings = checked.settings.unwrap_or_else(|| panic!("{:?}", checked.problems));
    let file = settings.data_file.clone();
    let identity = new_file_identity(&Clock::System).unwrap();
    let store = Store::open_or_create(&file, &settings.environment, Migrations::BUILT_IN, || identity).unwrap().store;
    let app = App::new(store, &settings, "https://staging.example.com".parse().unwrap(), Clock::System).unwrap();
    let owner = SignUpInput {
        email: CANARY.to_owned(),
        name: "Canary".to_owned(),
        password: PASSWORD.to_owned(),
        confirmation: None,
        zone: None,
    };
    accounts::seed_account(&app, owner, false).await.unwrap();
    verification_email::resend_verification(&app, CANARY, &Client::default()).await.unwrap();
    assert!(app.store.read(outbox::next_due).unwrap().is_some(), "a mail is queued");
    drop(app);
    assert!(corrupt_pages(&file, b"message_id") > 0);
    // A verification that was killed left its test account behind.
    std::fs::write(file.with_file_name("atlas.redb.verify"), r#"{"email":"owner+atlas-verify-1@example.com"}"#)
        .unwrap();
    folder
}

/// Reading the outbox panics in the task that sends mail, and on the blocking threads of the other tasks.
#[tokio::test]
async fn requests_are_served_while_every_background_task_panics_on_a_corrupt_page() {
    let folder = folder_with_corrupt_outbox().await;
    let server = Server::start_with(folder.path(), &[], &staging_variables());
    let failures = async {
        for message in [
            // Sending mail.
            "\"task\":\"sending mail\"",
            // Removing expired rows.
            "removing expired rows failed",
            // Scheduled snapshots.
            "the scheduled snapshot failed",
            // Cleaning up after verifications.
            "cannot delete the account of an earlier checklist",
        ] {
            server.wait_for_log(message).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), failures).await.expect("every task logs the failure");
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
    let restarts = async {
        while log().matches("\"task\":\"sending mail\"").count() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), restarts).await.expect("the task restarts");

    // Metrics are served.
    let log_so_far = log();
    let metrics = log_so_far.split("serving metrics").nth(1).unwrap().split("127.0.0.1:").nth(1).unwrap();
    let metrics: u16 = metrics.split('"').next().unwrap().parse().unwrap();
    assert!(http_get(metrics, "/metrics").starts_with("HTTP/1.1 200"));
    // An operator's command that reads a corrupt page fails; the next one works.
    let atlas = |args: &[&str]| run(folder.path(), args, &staging_variables());
    assert_ne!(exit_code(&atlas(&["mail", "list"])), 0);
    let users = atlas(&["user", "list"]);
    assert!(stdout(&users).contains(CANARY), "{users:?}");
    // The failed snapshot made the health check fail. Writes still succeed.
    assert!(http_get(server.port, "/api/health").starts_with("HTTP/1.1 503"));
    assert_eq!(exit_code(&atlas(&["user", "disable", CANARY])), 0);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert!(!log().contains("canary"), "{}", log());
}
