//! The gate as a browser meets it that was told the shared credentials once: everything goes on to work behind it.

use super::browser::Device;
use super::ingest::Ingest;
use super::offline::is_kept;
use super::person::Person;
use super::seeded;
use super::server::Server;

const HABIT: &str = "Stretch before coffee";

#[tokio::test]
async fn whoever_typed_the_shared_credentials_once_has_assets_service_worker_ticks_and_the_tunnel() {
    let ingest = Ingest::new();
    let dsn = ingest.dsn(5);
    let gate =
        [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "open-sesame"), ("NEXT_PUBLIC_SENTRY_DSN", dsn.as_str())];
    let mut ines = Person::with(Device::PHONE, Server::seeded_with(&gate)).await;
    ines.goes(&format!("{}/landing", ines.server.address.replace("http://", "http://team:open-sesame@"))).await;
    ines.sees("Keep what you mean to do").await;
    // From here on nobody types them again.
    seeded::signs_in(&ines).await;
    is_kept(&ines).await;
    ines.ticks(HABIT).await;
    ines.sees_done(HABIT, true).await;
    ines.browser.runs("setTimeout(() => { throw new RangeError('behind the gate') })").await;
    let events = ingest.events(1);
    assert_eq!(events[0]["exception"]["values"][0]["type"], "RangeError", "{events:?}");
    assert!(ingest.got(1)[0].header("authorization").is_none());
    let manifest = "return fetch('/manifest.webmanifest', { credentials: 'include' }).then((answer) => answer.status)";
    assert_eq!(ines.asks(manifest).await, 200);

    ines.server.stops();
    ines.reloads().await;
    ines.sees("Atlas cannot be reached. This is your list as of").await;
    ines.server.starts_again();
    ines.visits("/today").await;
    ines.sees_done(HABIT, true).await;
    let console = ines.browser.console().await;
    assert!(!console.iter().any(|line| line.contains("401")), "{console:?}");
}
