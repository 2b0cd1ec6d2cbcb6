//! Basic authentication in the browser: with the shared credentials entered once, everything works.

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::fake_sentry::FakeSentry;
use super::offline::wait_for_cached_today;
use super::seeded;
use super::server::Server;

const HABIT: &str = "Stretch before coffee";

#[tokio::test]
async fn assets_service_worker_completions_and_error_reports_work_with_the_shared_credentials_entered_once() {
    let ingest = FakeSentry::new();
    let dsn = ingest.dsn(5);
    let variables =
        [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "open-sesame"), ("NEXT_PUBLIC_SENTRY_DSN", dsn.as_str())];
    let mut ines = BrowserUser::open(Device::PHONE, Server::start_seeded_with(&variables)).await;
    ines.open_url(&format!("{}/landing", ines.server.base_url.replace("http://", "http://team:open-sesame@"))).await;
    ines.wait_for_text("Stick to the habits you choose").await;
    // The credentials aren't entered again after this.
    seeded::sign_in_as_ines(&ines).await;
    wait_for_cached_today(&ines).await;
    ines.toggle_completion(HABIT).await;
    ines.wait_for_done(HABIT, true).await;
    ines.browser.evaluate("setTimeout(() => { throw new RangeError('behind the gate') })").await;
    let events = ingest.wait_for_events(1);
    assert_eq!(events[0]["exception"]["values"][0]["type"], "RangeError", "{events:?}");
    assert!(ingest.wait_for_requests(1)[0].header("authorization").is_none());
    let manifest =
        "return fetch('/manifest.webmanifest', { credentials: 'include' }).then((response) => response.status)";
    assert_eq!(ines.run_script(manifest).await, 200);

    ines.server.stop();
    ines.reload().await;
    ines.wait_for_text("You're offline. Showing your list from").await;
    ines.server.restart();
    ines.visit("/today").await;
    ines.wait_for_done(HABIT, true).await;
    let console = ines.browser.take_console_messages().await;
    assert!(!console.iter().any(|line| line.contains("401")), "{console:?}");
}
