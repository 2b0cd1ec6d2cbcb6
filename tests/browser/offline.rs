//! Ticks under the thumb: undone, by key, and without a server.

use super::browser::Device;
use super::person::Person;
use super::seeded::ines;

const HABIT: &str = "Stretch before coffee";
const KEPT: &str =
    "return caches.open('atlas-pages').then((pages) => pages.match('/today')).then((page) => page !== undefined)";
const QUEUED: &str = "return new Promise((resolve) => { indexedDB.open('atlas-offline', 1).onsuccess = (event) => { \
     event.target.result.transaction('completionQueue').objectStore('completionQueue').count().onsuccess = (counted) => \
     resolve(counted.target.result); }; })";

/// How many rows wait for a connection.
async fn waits(person: &Person, rows: u64) {
    let pending = "return document.querySelectorAll('.tick-row[data-pending=\"true\"]').length";
    person
        .until(&format!("{rows} waiting rows"), async || Ok((person.asks(pending).await == rows).then_some(())))
        .await;
}

/// Waits until the list of today would open without a connection.
pub async fn is_kept(person: &Person) {
    person.until("the kept list", async || Ok((person.asks(KEPT).await == true).then_some(()))).await;
}

#[tokio::test]
async fn a_tick_without_a_server_waits_survives_a_reload_and_is_sent_when_the_server_is_back() {
    let mut ines = ines(Device::PHONE).await;
    is_kept(&ines).await;
    ines.server.stops();
    ines.ticks(HABIT).await;
    ines.sees("It is sent once Atlas can be reached").await;
    waits(&ines, 1).await;

    ines.reloads().await;
    ines.sees("Atlas cannot be reached. This is your list as of").await;
    ines.sees_done(HABIT, true).await;
    waits(&ines, 1).await;
    ines.visits("/habits").await;
    ines.sees("This page needs a connection").await;
    ines.presses("Open today").await;
    ines.sees_done(HABIT, true).await;

    ines.server.starts_again();
    waits(&ines, 0).await;
    ines.until("a fresh list", async || {
        Ok((ines.asks("return document.documentElement.dataset.kept ?? ''").await == "").then_some(()))
    })
    .await;
    ines.sees_done(HABIT, true).await;
    ines.visits("/calendar").await;
    ines.sees_done(HABIT, true).await;
    assert_eq!(ines.asks(QUEUED).await, 0);
}

#[tokio::test]
async fn in_a_tunnel_ticks_wait_and_they_are_sent_on_the_way_out() {
    let ines = ines(Device::PHONE).await;
    ines.browser.is_offline(true).await;
    ines.ticks(HABIT).await;
    ines.ticks("Read 10 pages").await;
    waits(&ines, 2).await;
    ines.ticks("Read 10 pages").await;
    ines.sees_done("Read 10 pages", false).await;
    ines.browser.is_offline(false).await;
    waits(&ines, 0).await;
    ines.reloads().await;
    ines.sees_done(HABIT, true).await;
    ines.sees_done("Read 10 pages", false).await;
}

#[tokio::test]
async fn a_waiting_tick_is_marked_on_its_day_of_the_month() {
    let mut ines = ines(Device::DESKTOP).await;
    ines.visits("/calendar").await;
    ines.server.stops();
    ines.ticks(HABIT).await;
    waits(&ines, 1).await;
    let cell = "return document.querySelector('[data-date-key][aria-current=date]').dataset.pending ?? ''";
    assert_eq!(ines.asks(cell).await, "true");
    ines.server.starts_again();
    // A new page asks at once; the old one would after a pause that grows.
    ines.reloads().await;
    ines.sees("Everything that waited is sent").await;
    waits(&ines, 0).await;
    assert_eq!(ines.asks(cell).await, "");
    ines.sees_done(HABIT, true).await;
}

#[tokio::test]
async fn what_waits_is_sent_for_nobody_but_who_ticked_it() {
    let mut ines = ines(Device::DESKTOP).await;
    is_kept(&ines).await;
    ines.server.stops();
    ines.ticks(HABIT).await;
    waits(&ines, 1).await;
    ines.goes("about:blank").await;
    ines.server.starts_again();

    ines.visits("/offline").await;
    ines.within("no cookies", ines.browser.client.delete_all_cookies()).await;
    ines.visits("/sign-in").await;
    ines.signs_in("tomasz@example.com", "plenty of quiet mornings").await;
    ines.is_on("/today").await;
    waits(&ines, 0).await;
    assert_eq!(ines.asks(QUEUED).await, 1, "it still waits");

    ines.presses("Sign out").await;
    ines.is_on("/sign-in").await;
    ines.signs_in("ines@example.com", "plenty of quiet mornings").await;
    ines.sees("Everything that waited is sent").await;
    ines.sees_done(HABIT, true).await;
    ines.reloads().await;
    ines.sees_done(HABIT, true).await;
}

#[tokio::test]
async fn whoever_signs_out_leaves_no_list_behind() {
    let mut ines = ines(Device::DESKTOP).await;
    is_kept(&ines).await;
    ines.presses("Sign out").await;
    ines.is_on("/sign-in").await;
    ines.server.stops();
    ines.visits("/today").await;
    ines.sees("No connection").await;
}

#[tokio::test]
async fn the_last_tick_can_be_undone() {
    let ines = ines(Device::PHONE).await;
    ines.ticks(HABIT).await;
    ines.sees("Ticked.").await;
    ines.presses("Undo").await;
    ines.sees("Undone.").await;
    ines.reloads().await;
    ines.sees_done(HABIT, false).await;
}

#[tokio::test]
async fn a_ticked_habit_shows_its_streak_at_once() {
    let ines = ines(Device::DESKTOP).await;
    let shown = "return [...document.querySelectorAll('.tick-row')].map((row) => row.innerText).sort()";
    let before = ines.asks(shown).await;
    for title in [HABIT, "Read 10 pages"] {
        ines.ticks(title).await;
        ines.sees_done(title, true).await;
    }
    // Two habits that were done on most days cannot both have a streak of one, which is not worth a word.
    ines.until("longer streaks", async || Ok((ines.asks(shown).await != before).then_some(()))).await;
    let last = ines.asks(shown).await;
    ines.reloads().await;
    assert_eq!(ines.asks(shown).await, last, "what the page shows is what the server says");
}

#[tokio::test]
async fn keys_walk_tick_undo_and_go_and_leave_fields_alone() {
    let ines = ines(Device::DESKTOP).await;
    ines.keys("jx").await;
    ines.sees_done(HABIT, true).await;
    ines.sees("Ticked.").await;
    ines.keys("u").await;
    ines.sees_done(HABIT, false).await;
    ines.keys("?").await;
    ines.sees("Show these keys").await;
    ines.presses("Close").await;
    ines.keys("gh").await;
    ines.is_on("/habits").await;
    ines.keys("n").await;
    let focused = "return document.activeElement.id";
    ines.until("the title", async || Ok((ines.asks(focused).await == "title").then_some(()))).await;
    ines.keys("jxg").await;
    assert_eq!(ines.value_of("Title").await, "jxg");
}
