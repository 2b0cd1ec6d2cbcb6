//! A habit's life and the calendar, on the screen.

use super::browser::Device;
use super::person::Person;
use super::seeded::ines;

/// The titles of the list from top to bottom.
async fn order(person: &Person) -> Vec<String> {
    let titles = person
        .asks("return [...document.querySelectorAll('[data-habit-title]')].map((row) => row.dataset.habitTitle)")
        .await;
    serde_json::from_value(titles).unwrap()
}

/// The button of that name in the row of a habit.
fn of_row(title: &str, button: &str) -> String {
    format!("//li[@data-habit-title='{title}']//button[contains(., '{button}')]")
}

async fn moves_up(person: &Person) {
    person.visits("/habits").await;
    let before = order(person).await;
    assert_eq!(before[..2], ["Stretch before coffee", "Read 10 pages"]);
    person.presses_at("Up", &of_row("Read 10 pages", "Up")).await;
    person.until("the new order", async || Ok((order(person).await[0] == "Read 10 pages").then_some(()))).await;
}

#[tokio::test]
async fn a_habit_moves_up_at_once_and_is_still_there_after_a_reload() {
    let ines = ines(Device::DESKTOP).await;
    ines.visits("/habits").await;
    ines.asks("window.isStillHere = true; return 1").await;
    ines.presses_at("Up", &of_row("Read 10 pages", "Up")).await;
    ines.sees("The new order is saved").await;
    assert_eq!(ines.asks("return window.isStillHere === true").await, true, "no new page was loaded");
    ines.reloads().await;
    ines.sees("Add another").await;
    assert_eq!(order(&ines).await[0], "Read 10 pages");
}

#[tokio::test]
async fn a_habit_moves_up_without_javascript() {
    let ines = ines(Device::PHONE.without_javascript()).await;
    moves_up(&ines).await;
}

#[tokio::test]
async fn a_habit_is_changed_put_away_taken_back_and_deleted_without_javascript() {
    let ines = ines(Device::DESKTOP.without_javascript()).await;
    ines.visits("/habits").await;
    ines.presses_at("Edit", &of_row("Run along the river", "Edit")).await;
    ines.sees("Other weekdays count from today on").await;
    ines.types("Title", "Run along the canal").await;
    ines.presses("Save changes").await;
    ines.sees("Run along the canal").await;

    ines.presses_at("Delete", &of_row("Run along the canal", "Delete")).await;
    ines.presses("Delete habit").await;
    ines.sees("Archive (1)").await;
    ines.presses("Archive (1)").await;
    ines.presses("Restore").await;
    ines.is_on("/habits").await;
    ines.sees("Run along the canal").await;

    ines.presses_at("Delete", &of_row("Run along the canal", "Delete")).await;
    ines.presses("Delete habit").await;
    ines.presses("Archive (1)").await;
    ines.presses_at("Delete for good", "//summary[contains(., 'Delete for good')]").await;
    ines.types("Type the title to confirm", "Run along the canal").await;
    ines.presses_at("Delete for good", "//button[contains(., 'Delete for good')]").await;
    ines.sees("Nothing is put away").await;
}

#[tokio::test]
async fn the_keys_walk_the_month() {
    let ines = ines(Device::DESKTOP).await;
    ines.visits("/calendar?month=2026-02&date=2026-02-05").await;
    ines.sees("February 2026").await;
    let focused = "return document.activeElement?.dataset.dateKey ?? ''";
    ines.asks("document.querySelector('[data-date-key=\"2026-02-05\"]').focus(); return 1").await;
    for (key, day) in
        [("\u{e014}", "2026-02-06"), ("\u{e015}", "2026-02-13"), ("\u{e012}", "2026-02-12"), ("\u{e013}", "2026-02-05")]
    {
        let element = ines.within("the focused day", ines.browser.client.active_element()).await;
        ines.within("the key", element.send_keys(key)).await;
        ines.until(&format!("the focus on {day}"), async || {
            let at = ines.asks(focused).await;
            Ok((at == day).then_some(()))
        })
        .await;
    }
}

#[tokio::test]
async fn on_a_phone_a_day_opens_as_one_sheet_and_closes_again() {
    let ines = ines(Device::PHONE).await;
    ines.visits("/calendar").await;
    let sheets = "return document.querySelectorAll('[role=dialog]').length";
    assert_eq!(ines.asks(sheets).await, 0, "nothing is in the way before a day is chosen");
    let today = ines.asks("return document.querySelector('[data-date-key][aria-current=date]').dataset.dateKey").await;
    let today = today.as_str().unwrap();
    ines.visits(&format!("/calendar?month={}&date={today}", &today[..7])).await;
    ines.until("the sheet", async || Ok((ines.asks(sheets).await == 1).then_some(()))).await;
    ines.ticks("Stretch before coffee").await;
    ines.sees_done("Stretch before coffee", true).await;
    let element = ines.within("the focus", ines.browser.client.active_element()).await;
    ines.within("Escape", element.send_keys("\u{e00c}")).await;
    ines.until("the sheet to close", async || Ok((ines.asks(sheets).await == 0).then_some(()))).await;
    ines.visits("/today").await;
    ines.sees_done("Stretch before coffee", true).await;
}

#[tokio::test]
async fn a_dark_theme_and_an_accent_follow_the_person_to_every_page() {
    let ines = ines(Device::DESKTOP.without_javascript()).await;
    ines.visits("/account").await;
    ines.presses_at("Dark", "//select[@id='theme']/option[@value='dark']").await;
    ines.presses_at("Pink", "//select[@id='accent']/option[@value='pink']").await;
    ines.presses("Save settings").await;
    ines.sees("Your settings are saved").await;
    ines.visits("/today").await;
    let paper = ines.asks("return getComputedStyle(document.documentElement).backgroundColor").await;
    assert_eq!(paper, "rgb(17, 17, 17)");
    let accent = ines.asks("return getComputedStyle(document.documentElement).getPropertyValue('--gold').trim()").await;
    assert_eq!(accent, "#ec4899");
}
