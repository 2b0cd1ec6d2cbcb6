//! Networks that answer in place of Atlas: nothing that a user did is lost, and no foreign page is kept.

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::habits::press_action;
use super::meddling_proxy::{MeddlingProxy, cut_in_half};
use super::offline::{QUEUE_LENGTH, wait_for_cached_today, wait_for_pending};
use super::seeded::sign_in_as_ines;
use super::server::Server;

const HABIT: &str = "Stretch before coffee";

const HOTEL_PAGE: &str = "HTTP/1.1 200 OK\nContent-Type: text/html\nConnection: close\n\n\
    <!doctype html><html lang=\"en\"><title>Hotel</title><p>Accept the terms to use the hotel's network.</p></html>";
const HOTEL_REDIRECT: &str = "HTTP/1.1 302 Found\nLocation: /offline\nContent-Length: 0\nConnection: close\n\n";
const OTHER_JSON: &str = "HTTP/1.1 200 OK\nContent-Type: application/json\nConnection: close\n\n{\"ok\":true,\"data\":{\"terms\":\"pending\"}}";
const NO_CONTENT: &str = "HTTP/1.1 204 No Content\nConnection: close\n\n";
const HOTEL_ERROR: &str = "HTTP/1.1 404 Not Found\nContent-Type: text/html\nConnection: close\n\n<p>Not found</p>";

/// Ines, signed in behind a proxy.
pub async fn open_behind_proxy(device: Device) -> (BrowserUser, MeddlingProxy) {
    let mut server = Server::start_seeded();
    let proxy = MeddlingProxy::start(&server.base_url);
    server.base_url.clone_from(&proxy.base_url);
    let ines = BrowserUser::open(device, server).await;
    sign_in_as_ines(&ines).await;
    wait_for_cached_today(&ines).await;
    (ines, proxy)
}

#[tokio::test]
async fn a_completion_stays_queued_until_atlas_itself_has_answered() {
    let (ines, proxy) = open_behind_proxy(Device::PHONE).await;
    let mut is_done = false;
    for answer in [Some(HOTEL_PAGE), Some(HOTEL_REDIRECT), Some(OTHER_JSON), Some(NO_CONTENT), Some(HOTEL_ERROR), None]
    {
        match answer {
            Some(answer) => proxy.replace("POST /api/completions", answer),
            None => proxy.change("POST /api/completions", cut_in_half),
        }
        ines.toggle_completion(HABIT).await;
        is_done = !is_done;
        wait_for_pending(&ines, 1).await;
        ines.wait_for_text("It'll sync when you're back online").await;
        // A page that was just opened sends the queue at once.
        ines.reload().await;
        wait_for_pending(&ines, 1).await;
        assert_eq!(ines.run_script(QUEUE_LENGTH).await, 1, "{answer:?}");

        proxy.stop_meddling();
        ines.reload().await;
        // The previous page may have sent the queue just before it was left, so the new one need not say so.
        ines.wait_until("an empty queue", async || Ok((ines.run_script(QUEUE_LENGTH).await == 0).then_some(()))).await;
        wait_for_pending(&ines, 0).await;
        ines.reload().await;
        ines.wait_for_done(HABIT, is_done).await;
    }
}

#[tokio::test]
async fn only_a_whole_page_of_the_same_account_replaces_the_list_that_opens_offline() {
    let (ines, proxy) = open_behind_proxy(Device::PHONE).await;
    let member = ines.run_script("return document.body.dataset.member").await.as_str().unwrap().to_owned();
    for answer in ["a page", "a redirect", "another account", "half a page"] {
        match answer {
            "a page" => proxy.replace("GET /today", HOTEL_PAGE),
            "a redirect" => proxy.replace("GET /today", HOTEL_REDIRECT),
            "another account" => {
                let (member, other) = (member.clone(), "0".repeat(member.len()));
                proxy.change("GET /today", move |page| {
                    String::from_utf8(page).unwrap().replace(&member, &other).replace(HABIT, "Their habit").into_bytes()
                });
            }
            _ => proxy.change("GET /today", cut_in_half),
        }
        ines.visit("/today").await;
        // The connection ends without an answer.
        proxy.change("GET /today", |_| Vec::new());
        ines.visit("/today").await;
        ines.wait_for_text("You're offline. Showing your list from").await;
        ines.wait_for_done(HABIT, false).await;
        let end = ines.run_script("return document.querySelectorAll('.completion').length > 3").await;
        assert_eq!(end, true, "{answer}: the list is whole");
    }
    proxy.stop_meddling();
    ines.with_timeout("no cookies", ines.browser.client.delete_all_cookies()).await;
    ines.visit("/today").await;
    ines.wait_for_path("/sign-in").await;
    let is_cached =
        "return caches.open('atlas-pages').then((pages) => pages.match('/today')).then((page) => page !== undefined)";
    ines.wait_until("the list to be deleted", async || Ok((ines.run_script(is_cached).await == false).then_some(())))
        .await;
}

#[tokio::test]
async fn the_service_worker_is_not_installed_with_a_foreign_page_or_asset() {
    let mut server = Server::start_seeded();
    let proxy = MeddlingProxy::start(&server.base_url);
    server.base_url.clone_from(&proxy.base_url);
    let user = BrowserUser::open(Device::DESKTOP, server).await;
    user.visit("/landing").await;
    let installed = "return navigator.serviceWorker.register('/sw.js').then(({ installing }) => new Promise((resolve) => \
        installing.addEventListener('statechange', () => resolve(installing.state))))";
    // Assets that the page uses are in the browser's cache already.
    for request in ["GET /assets/preferences.", "GET /offline"] {
        proxy.replace(request, HOTEL_PAGE);
        assert_eq!(user.run_script(installed).await, "redundant", "{request}");
    }
    proxy.stop_meddling();
    assert_eq!(user.run_script(installed).await, "installed");
}

#[tokio::test]
async fn a_setting_and_an_order_that_only_the_network_accepted_are_not_shown_as_saved() {
    let (ines, proxy) = open_behind_proxy(Device::DESKTOP).await;
    ines.visit("/account/preferences").await;
    proxy.replace("PUT /api/account", HOTEL_PAGE);
    ines.press_at("Dark", "//select[@id='theme']/option[@value='dark']").await;
    ines.wait_for_text("Can't reach Atlas").await;
    assert_eq!(ines.run_script("return document.getElementById('theme').value").await, "system");

    ines.visit("/habits").await;
    proxy.replace("PUT /api/habits/order", OTHER_JSON);
    let first = "return document.querySelector('[data-habit-title]').dataset.habitTitle";
    let before = ines.run_script(first).await;
    press_action(&ines, before.as_str().unwrap(), "Move down").await;
    ines.wait_for_text("Can't reach Atlas").await;
    assert_eq!(ines.run_script(first).await, before);
}
