//! Habits that count an amount: a tap adds, Undo takes back, and what was added offline is sent later.

use serde_json::json;

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::offline::{wait_for_cached_today, wait_for_pending};
use super::seeded::open_as_ines;

/// Creates a habit with an amount to reach each day, and loads the page again.
pub async fn create_amount_habit(user: &BrowserUser, title: &str, target: u32, unit: &str) {
    let habit = json!({
        "title": title, "weekdays": [1, 2, 3, 4, 5, 6, 7], "unit": unit,
        "goal": { "kind": "atLeast", "target": target, "per": "day" },
    });
    let create = format!(
        "return fetch('/api/habits', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }},
        body: JSON.stringify({habit}) }}).then((response) => response.status)"
    );
    assert_eq!(user.run_script(&create).await, 201);
    user.reload().await;
}

async fn tap(user: &BrowserUser, title: &str) {
    let path = format!("//button[contains(@class, 'amount')][.//span[.='{title}']]");
    user.press_at(title, &path).await;
}

#[tokio::test]
async fn a_tap_adds_undo_takes_back_and_what_was_added_offline_is_sent_once() {
    let ines = open_as_ines(Device::PHONE).await;
    // The first visit has to be over before the page is loaded again.
    wait_for_cached_today(&ines).await;
    create_amount_habit(&ines, "Drink water", 8, "glasses").await;
    for sum in ["1 of 8 glasses", "2 of 8 glasses"] {
        tap(&ines, "Drink water").await;
        ines.wait_for_text(sum).await;
    }
    ines.wait_for_text("Added 1.").await;
    ines.press("Undo").await;
    ines.wait_for_text("Took back 1.").await;
    ines.wait_for_text("1 of 8 glasses").await;

    ines.browser.set_offline(true).await;
    tap(&ines, "Drink water").await;
    tap(&ines, "Drink water").await;
    ines.wait_for_text("3 of 8 glasses").await;
    ines.wait_for_text("It'll sync when you're back online").await;
    wait_for_pending(&ines, 1).await;
    ines.press("Undo").await;
    ines.wait_for_text("2 of 8 glasses").await;
    ines.reload().await;
    ines.wait_for_text("2 of 8 glasses").await;
    ines.browser.set_offline(false).await;
    wait_for_pending(&ines, 0).await;
    ines.reload().await;
    ines.wait_for_text("2 of 8 glasses").await;
}

#[tokio::test]
async fn a_timer_survives_a_reload_and_its_time_counts_once() {
    let ines = open_as_ines(Device::DESKTOP).await;
    create_amount_habit(&ines, "Meditate", 20, "min").await;
    ines.press_at("the page of the habit", "//a[@aria-label='Details of Meditate']").await;
    ines.wait_for_text("0 of 20 min").await;
    ines.press("Start timer").await;
    ines.reload().await;
    ines.wait_for_text("Stop timer").await;
    // A quarter of an hour later.
    ines.run_script(
        "const key = Object.keys(localStorage).find((key) => key.startsWith('atlas-timer:'));
        const timer = JSON.parse(localStorage.getItem(key)); timer.startedAt -= 15 * 60 * 1000;
        localStorage.setItem(key, JSON.stringify(timer)); window.timers = { key, timer }; return 1",
    )
    .await;
    ines.wait_for_text("Stop timer, 00:15").await;
    // Another tab has stopped it at the same time.
    ines.run_script(
        "const { key, timer } = window.timers; const [, , habitId] = key.split(':');
        return fetch('/api/entries', { method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ id: timer.id, habitId, date: timer.dateKey, amount: 15 }) }).then((response) => response.status)",
    )
    .await;
    ines.press_at("the timer", "//button[@data-timer]").await;
    ines.wait_for_text("15 of 20 min").await;
    // The entry can be edited.
    ines.press_at("the entry", "//summary[contains(., '15 min')]").await;
    ines.type_into_at("the amount", "//li//input[@name='amount']", "0,5").await;
    ines.press("Save").await;
    ines.wait_for_text("0.5 of 20 min").await;
}
