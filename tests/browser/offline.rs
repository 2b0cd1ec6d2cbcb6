//! Completing habits without a server, undo, streaks, and keyboard shortcuts.

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::seeded::open_as_ines;

const HABIT: &str = "Stretch before coffee";
const IS_TODAY_CACHED: &str =
    "return caches.open('atlas-pages').then((pages) => pages.match('/today')).then((page) => page !== undefined)";
/// The number of queued completions, of every account.
pub const QUEUE_LENGTH: &str = "return new Promise((resolve) => { indexedDB.open('atlas-offline', 1).onsuccess = (event) => { \
     event.target.result.transaction('completionQueue').objectStore('completionQueue').count().onsuccess = (counted) => \
     resolve(counted.target.result); }; })";

/// Waits until that many rows are marked as not synced.
pub async fn wait_for_pending(user: &BrowserUser, rows: u64) {
    let pending = "return document.querySelectorAll('.completion-row[data-pending=\"true\"]').length";
    user.wait_until(&format!("{rows} pending rows"), async || {
        Ok((user.run_script(pending).await == rows).then_some(()))
    })
    .await;
}

/// Waits until the page of today is cached for offline use.
pub async fn wait_for_cached_today(user: &BrowserUser) {
    user.wait_until("the cached page", async || Ok((user.run_script(IS_TODAY_CACHED).await == true).then_some(())))
        .await;
}

#[tokio::test]
async fn a_completion_made_while_the_server_is_down_survives_a_reload_and_is_sent_when_the_server_is_back() {
    let mut ines = open_as_ines(Device::PHONE).await;
    wait_for_cached_today(&ines).await;
    ines.server.stop();
    ines.toggle_completion(HABIT).await;
    ines.wait_for_text("It'll sync when you're back online").await;
    wait_for_pending(&ines, 1).await;

    ines.reload().await;
    ines.wait_for_text("You're offline. Showing your list from").await;
    ines.wait_for_done(HABIT, true).await;
    wait_for_pending(&ines, 1).await;
    ines.visit("/habits").await;
    ines.wait_for_text("This page needs a connection").await;
    ines.press("Go to Today").await;
    ines.wait_for_done(HABIT, true).await;

    ines.server.restart();
    wait_for_pending(&ines, 0).await;
    ines.wait_until("a fresh page", async || {
        Ok((ines.run_script("return document.documentElement.dataset.kept ?? ''").await == "").then_some(()))
    })
    .await;
    ines.wait_for_done(HABIT, true).await;
    ines.visit("/calendar").await;
    ines.wait_for_done(HABIT, true).await;
    assert_eq!(ines.run_script(QUEUE_LENGTH).await, 0);
}

#[tokio::test]
async fn completions_made_offline_are_sent_when_the_connection_is_back() {
    let ines = open_as_ines(Device::PHONE).await;
    ines.browser.set_offline(true).await;
    ines.toggle_completion(HABIT).await;
    ines.toggle_completion("Read 10 pages").await;
    wait_for_pending(&ines, 2).await;
    ines.toggle_completion("Read 10 pages").await;
    ines.wait_for_done("Read 10 pages", false).await;
    ines.browser.set_offline(false).await;
    wait_for_pending(&ines, 0).await;
    ines.reload().await;
    ines.wait_for_done(HABIT, true).await;
    ines.wait_for_done("Read 10 pages", false).await;
}

#[tokio::test]
async fn neither_a_mark_nor_a_streak_moves_the_rows() {
    for device in [Device::PHONE, Device::DESKTOP] {
        let ines = open_as_ines(device).await;
        let tops =
            "return [...document.querySelectorAll('.completion-row')].map((row) => row.getBoundingClientRect().top)";
        let before = ines.run_script(tops).await;
        ines.browser.set_offline(true).await;
        ines.toggle_completion("Read 10 pages").await;
        wait_for_pending(&ines, 1).await;
        let marked = "return document.querySelectorAll('[role=checkbox][data-pending=\"true\"] .pending').length";
        assert_eq!(ines.run_script(marked).await, 1);
        assert_eq!(ines.run_script(tops).await, before, "the mark of a pending completion");
        let add_streaks = "for (const status of document.querySelectorAll('.completion-status')) \
            status.innerHTML = '<span class=\"completion-streak\" data-days=\"1234\">1234-day streak</span>'; return 1";
        ines.run_script(add_streaks).await;
        assert_eq!(ines.run_script(tops).await, before, "streaks");
    }
}

#[tokio::test]
async fn a_pending_completion_is_marked_in_the_calendar() {
    let mut ines = open_as_ines(Device::DESKTOP).await;
    // If the server stops while the service worker is being installed, the completion is queued only after a timeout.
    wait_for_cached_today(&ines).await;
    ines.visit("/calendar").await;
    ines.server.stop();
    ines.toggle_completion(HABIT).await;
    wait_for_pending(&ines, 1).await;
    let cell = "return document.querySelector('[data-date-key][aria-current=date]').dataset.pending ?? ''";
    assert_eq!(ines.run_script(cell).await, "true");
    ines.server.restart();
    // A new page sends immediately; the old one retries with growing delays, and may have sent the completion just before.
    ines.reload().await;
    ines.wait_until("an empty queue", async || Ok((ines.run_script(QUEUE_LENGTH).await == 0).then_some(()))).await;
    wait_for_pending(&ines, 0).await;
    assert_eq!(ines.run_script(cell).await, "");
    ines.wait_for_done(HABIT, true).await;
}

#[tokio::test]
async fn a_pending_completion_is_sent_only_for_the_user_who_made_it() {
    let mut ines = open_as_ines(Device::DESKTOP).await;
    wait_for_cached_today(&ines).await;
    ines.server.stop();
    ines.toggle_completion(HABIT).await;
    wait_for_pending(&ines, 1).await;
    ines.open_url("about:blank").await;
    ines.server.restart();

    ines.visit("/offline").await;
    ines.with_timeout("no cookies", ines.browser.client.delete_all_cookies()).await;
    ines.visit("/sign-in").await;
    ines.sign_in("tomasz@example.com", "plenty of quiet mornings").await;
    ines.wait_for_path("/today").await;
    wait_for_pending(&ines, 0).await;
    assert_eq!(ines.run_script(QUEUE_LENGTH).await, 1, "it is still queued");

    ines.sign_out().await;
    ines.sign_in("ines@example.com", "plenty of quiet mornings").await;
    ines.wait_for_text("All synced").await;
    ines.wait_for_done(HABIT, true).await;
    ines.reload().await;
    ines.wait_for_done(HABIT, true).await;
}

#[tokio::test]
async fn a_queued_completion_does_not_replace_a_change_that_was_made_later() {
    let ines = open_as_ines(Device::PHONE).await;
    ines.toggle_completion(HABIT).await;
    ines.wait_for_text("Marked as done").await;
    ines.toggle_completion(HABIT).await;
    ines.wait_for_text("Marked as not done").await;
    // As another device has it that was offline for an hour.
    let queue = format!(
        "const control = [...document.querySelectorAll('.completion')].find((row) => row.innerText.includes('{HABIT}'));
        const {{ member }} = document.body.dataset;
        const [id, dateKey, updatedAt] = [...control.value.split(':').slice(0, 2), Date.now() - 3600000];
        return new Promise((resolve) => {{ indexedDB.open('atlas-offline', 1).onsuccess = ({{ target }}) => {{
            const key = `${{member}}:${{id}}:${{dateKey}}`;
            const entry = {{ key, member, habitId: id, dateKey, completed: true, createdAt: updatedAt, updatedAt }};
            target.result.transaction('completionQueue', 'readwrite').objectStore('completionQueue').put(entry)
                .onsuccess = () => resolve(1); }}; }})"
    );
    ines.run_script(&queue).await;
    ines.reload().await;
    ines.wait_for_text("A change you made later was kept").await;
    ines.wait_for_done(HABIT, false).await;
    wait_for_pending(&ines, 0).await;
    assert_eq!(ines.run_script(QUEUE_LENGTH).await, 0);
}

#[tokio::test]
async fn a_completion_made_after_the_session_ended_is_saved_once_the_same_user_has_signed_in_again() {
    let ines = open_as_ines(Device::PHONE).await;
    ines.with_timeout("no cookies", ines.browser.client.delete_all_cookies()).await;
    ines.toggle_completion(HABIT).await;
    ines.wait_for_path("/sign-in").await;
    ines.wait_for_text("Sign in to save your change").await;
    ines.sign_in("tomasz@example.com", "plenty of quiet mornings").await;
    ines.wait_for_path("/today").await;
    wait_for_pending(&ines, 0).await;
    assert_eq!(ines.run_script(QUEUE_LENGTH).await, 1, "another user's completions stay queued");

    ines.with_timeout("no cookies", ines.browser.client.delete_all_cookies()).await;
    ines.visit("/calendar").await;
    ines.wait_for_path("/sign-in").await;
    ines.sign_in("ines@example.com", "plenty of quiet mornings").await;
    ines.wait_for_path("/calendar").await;
    ines.wait_for_text("All synced").await;
    assert_eq!(ines.run_script(QUEUE_LENGTH).await, 0);
    ines.reload().await;
    ines.wait_for_done(HABIT, true).await;
}

#[tokio::test]
async fn signing_out_deletes_the_cached_page() {
    let mut ines = open_as_ines(Device::DESKTOP).await;
    wait_for_cached_today(&ines).await;
    ines.sign_out().await;
    ines.server.stop();
    ines.visit("/today").await;
    ines.wait_for_text("You're offline").await;
}

#[tokio::test]
async fn the_last_completion_can_be_undone() {
    let ines = open_as_ines(Device::PHONE).await;
    ines.toggle_completion(HABIT).await;
    ines.wait_for_text("Marked as done.").await;
    ines.press("Undo").await;
    ines.wait_for_text("Marked as not done.").await;
    ines.reload().await;
    ines.wait_for_done(HABIT, false).await;
}

#[tokio::test]
async fn a_completed_habit_shows_its_streak_immediately() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let streaks_of = |page: &str| {
        format!(
            "return {page}.then((page) => [...page.querySelectorAll('.completion-row')].map((row) =>
                [row.querySelector('.completion-title').textContent, row.querySelector('.completion-streak')?.textContent ?? '']
            ).sort())"
        )
    };
    let shown = streaks_of("Promise.resolve(document)");
    let sent = streaks_of(
        "fetch('/today').then((page) => page.text()).then((html) => new DOMParser().parseFromString(html, 'text/html'))",
    );
    let before = ines.run_script(&shown).await;
    for title in [HABIT, "Read 10 pages"] {
        ines.toggle_completion(title).await;
        ines.wait_for_done(title, true).await;
    }
    // The page shows no streak of one day, and of two habits completed on most days, one has a longer streak.
    ines.wait_until("the streaks that the server sends", async || {
        let streaks = ines.run_script(&shown).await;
        Ok((streaks != before && streaks == ines.run_script(&sent).await).then_some(()))
    })
    .await;
}

#[tokio::test]
async fn keyboard_shortcuts_move_complete_undo_and_navigate_but_not_while_typing() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.press_keys("jx").await;
    ines.wait_for_done(HABIT, true).await;
    ines.wait_for_text("Marked as done.").await;
    ines.press_keys("u").await;
    ines.wait_for_done(HABIT, false).await;
    ines.press_keys("?").await;
    ines.wait_for_text("Show keyboard shortcuts").await;
    ines.press("Close").await;
    ines.press_keys("gh").await;
    ines.wait_for_path("/habits").await;
    ines.press_keys("n").await;
    let focused = "return document.activeElement.id";
    ines.wait_until("the title", async || Ok((ines.run_script(focused).await == "title").then_some(()))).await;
    ines.press_keys("jxg").await;
    assert_eq!(ines.field_value("Title").await, "jxg");
}
