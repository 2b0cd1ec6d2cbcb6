//! Editing, ordering, archiving and deleting habits, the calendar, and the appearance settings.

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::seeded::open_as_ines;

/// The titles of the list from top to bottom.
pub async fn habit_titles(user: &BrowserUser) -> Vec<String> {
    let titles = user
        .run_script("return [...document.querySelectorAll('[data-habit-title]')].map((row) => row.dataset.habitTitle)")
        .await;
    serde_json::from_value(titles).unwrap()
}

/// Opens a habit's menu and presses one of its buttons.
pub async fn press_action(user: &BrowserUser, title: &str, action: &str) {
    let row = format!("//li[@data-habit-title='{title}']");
    user.press_at(&format!("the menu of “{title}”"), &format!("{row}//button[@popovertarget]")).await;
    user.press_at(action, &format!("{row}//div[@popover]//button[normalize-space()='{action}']")).await;
}

async fn move_up(user: &BrowserUser) {
    user.visit("/habits").await;
    let before = habit_titles(user).await;
    assert_eq!(before[..2], ["Stretch before coffee", "Read 10 pages"]);
    press_action(user, "Read 10 pages", "Move up").await;
    user.wait_until("the new order", async || Ok((habit_titles(user).await[0] == "Read 10 pages").then_some(()))).await;
}

#[tokio::test]
async fn a_habit_moves_up_immediately_and_keeps_its_position_after_a_reload() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/habits").await;
    ines.run_script("window.isSamePage = true; return 1").await;
    press_action(&ines, "Read 10 pages", "Move up").await;
    ines.wait_for_text("Order saved: 1 of").await;
    assert_eq!(ines.run_script("return window.isSamePage === true").await, true, "the page was not reloaded");
    ines.reload().await;
    ines.wait_for_text("New habit").await;
    assert_eq!(habit_titles(&ines).await[0], "Read 10 pages");
}

#[tokio::test]
async fn a_habit_moves_up_without_javascript() {
    let ines = open_as_ines(Device::PHONE.without_javascript()).await;
    move_up(&ines).await;
}

#[tokio::test]
async fn a_habit_is_edited_archived_restored_and_deleted_without_javascript() {
    let ines = open_as_ines(Device::DESKTOP.without_javascript()).await;
    ines.visit("/habits").await;
    press_action(&ines, "Run along the river", "Edit").await;
    ines.wait_for_text("Changes apply from today").await;
    ines.type_into_at("the title", "//input[@id='edit-title']", "Run along the canal").await;
    ines.press("Preview").await;
    ines.wait_for_text("Your streak and strength stay the same.").await;
    ines.press("Save changes").await;
    ines.wait_for_text("Run along the canal").await;

    let titles = habit_titles(&ines).await;
    press_action(&ines, "Run along the canal", "Archive").await;
    ines.press("Archive habit").await;
    ines.press("Undo").await;
    ines.wait_for_text("Habit restored.").await;
    assert_eq!(habit_titles(&ines).await, titles);

    press_action(&ines, "Run along the canal", "Archive").await;
    ines.press("Archive habit").await;
    ines.wait_for_text("Archive (1)").await;
    ines.press("Archive (1)").await;
    ines.press("Restore").await;
    ines.wait_for_path("/habits").await;
    ines.wait_for_text("Run along the canal").await;

    press_action(&ines, "Run along the canal", "Archive").await;
    ines.press("Archive habit").await;
    ines.press("Archive (1)").await;
    ines.press("Delete").await;
    ines.wait_for_text("This permanently deletes “Run along the canal”").await;
    ines.press("Delete habit").await;
    ines.wait_for_text("Your archive is empty").await;
}

#[tokio::test]
async fn what_the_server_disabled_stays_disabled_after_a_reload_and_after_the_back_button() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let disabled = "return [...document.querySelectorAll('main button')].map((button) => button.disabled)";
    for path in ["/calendar?month=2026-01&date=2026-01-05", "/calendar?month=2099-01&date=2099-01-05", "/habits"] {
        ines.visit(path).await;
        let source = format!(
            "return fetch('{path}').then((page) => page.text()).then((html) => [...new DOMParser()
                .parseFromString(html, 'text/html').querySelectorAll('main button')].map((button) => button.disabled))"
        );
        let by_server = ines.run_script(&source).await;
        assert_eq!(ines.run_script(disabled).await, by_server, "{path}");
        ines.reload().await;
        assert_eq!(ines.run_script(disabled).await, by_server, "{path} after a reload");
        ines.visit("/insights").await;
        ines.with_timeout("the previous page", ines.browser.client.back()).await;
        assert_eq!(ines.run_script(disabled).await, by_server, "{path} after the back button");
    }
}

#[tokio::test]
async fn a_form_that_is_submitted_twice_is_sent_once() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/habits").await;
    ines.type_into("Title", "Water the plants").await;
    let submit =
        "const { form } = document.getElementById('title'); form.requestSubmit(); form.requestSubmit(); return 1";
    ines.run_script(submit).await;
    ines.wait_for_text("Water the plants").await;
    let created = "return fetch('/api/habits').then((response) => response.json()).then(({ data }) => \
        data.habits.filter(({ title }) => title === 'Water the plants').length)";
    assert_eq!(ines.run_script(created).await, 1);
}

#[tokio::test]
async fn a_half_typed_new_habit_is_still_there_after_another_habit_was_edited_and_is_gone_once_created() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/habits").await;
    let title = "return document.querySelector('.new-habit [name=title]').value";
    let weekdays =
        "return [...document.querySelectorAll('.new-habit [name=weekdays]:checked')].map(({ value }) => value)";
    ines.press_at("Weekdays", "//section[contains(@class, 'new-habit')]//button[normalize-space()='Weekdays']").await;
    let type_title =
        "const field = document.querySelector('.new-habit [name=title]'); field.value = 'Water the plants';
        field.dispatchEvent(new Event('input', { bubbles: true })); return 1";
    ines.run_script(type_title).await;
    let color = "return document.querySelector('.new-habit form').elements.color.value";
    let emoji = "return document.querySelector('.new-habit form').elements.emoji.value";
    ines.press_at("More options", "//section[contains(@class, 'new-habit')]//summary[contains(., 'More options')]")
        .await;
    ines.press_at("Green", "//section[contains(@class, 'new-habit')]//label[input/@value='green']").await;
    ines.press_at("Plant", "//section[contains(@class, 'new-habit')]//button[@aria-label='Plant']").await;
    press_action(&ines, "Read 10 pages", "Edit").await;
    ines.wait_for_text("Changes apply from today").await;
    assert_eq!(ines.run_script(title).await, "Water the plants");
    assert_eq!(ines.run_script(weekdays).await, serde_json::json!(["1", "2", "3", "4", "5"]));
    assert_eq!((ines.run_script(color).await, ines.run_script(emoji).await), ("green".into(), "🌱".into()));

    // The session ends before the form is sent.
    ines.with_timeout("no cookies", ines.browser.client.delete_all_cookies()).await;
    ines.press("Create habit").await;
    ines.wait_for_path("/sign-in").await;
    ines.sign_in("ines@example.com", "plenty of quiet mornings").await;
    ines.wait_for_path("/habits").await;
    assert_eq!(ines.run_script(title).await, "Water the plants");
    ines.press("Create habit").await;
    ines.wait_for_text("Water the plants").await;
    ines.wait_until("an empty form", async || Ok((ines.run_script(title).await == "").then_some(()))).await;
    let created = "return fetch('/api/habits').then((response) => response.json()).then(({ data }) => \
        data.habits.filter(({ title }) => title === 'Water the plants').map(({ color, emoji }) => [color, emoji]))";
    assert_eq!(ines.run_script(created).await, serde_json::json!([["green", "🌱"]]));
}

#[tokio::test]
async fn the_arrow_keys_move_through_the_month() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/calendar?month=2026-02&date=2026-02-05").await;
    ines.wait_for_text("February 2026").await;
    let focused = "return document.activeElement?.dataset.dateKey ?? ''";
    ines.run_script("document.querySelector('[data-date-key=\"2026-02-05\"]').focus(); return 1").await;
    for (key, day) in
        [("\u{e014}", "2026-02-06"), ("\u{e015}", "2026-02-13"), ("\u{e012}", "2026-02-12"), ("\u{e013}", "2026-02-05")]
    {
        let element = ines.with_timeout("the focused day", ines.browser.client.active_element()).await;
        ines.with_timeout("the key", element.send_keys(key)).await;
        ines.wait_until(&format!("the focus on {day}"), async || {
            let focused_day = ines.run_script(focused).await;
            Ok((focused_day == day).then_some(()))
        })
        .await;
    }
}

#[tokio::test]
async fn on_a_phone_a_day_opens_in_a_sheet_that_closes_with_escape() {
    let ines = open_as_ines(Device::PHONE).await;
    ines.visit("/calendar").await;
    let sheets = "return document.querySelectorAll('[role=dialog]').length";
    assert_eq!(ines.run_script(sheets).await, 0, "no sheet is open before a day is selected");
    let today =
        ines.run_script("return document.querySelector('[data-date-key][aria-current=date]').dataset.dateKey").await;
    let today = today.as_str().unwrap();
    ines.visit(&format!("/calendar?month={}&date={today}", &today[..7])).await;
    ines.wait_until("the sheet", async || Ok((ines.run_script(sheets).await == 1).then_some(()))).await;
    ines.toggle_completion("Stretch before coffee").await;
    ines.wait_for_done("Stretch before coffee", true).await;
    let element = ines.with_timeout("the focus", ines.browser.client.active_element()).await;
    ines.with_timeout("Escape", element.send_keys("\u{e00c}")).await;
    ines.wait_until("the sheet to close", async || Ok((ines.run_script(sheets).await == 0).then_some(()))).await;
    ines.visit("/today").await;
    ines.wait_for_done("Stretch before coffee", true).await;
}

#[tokio::test]
async fn the_chosen_theme_and_accent_color_apply_to_every_page() {
    let ines = open_as_ines(Device::DESKTOP.without_javascript()).await;
    ines.visit("/account/preferences").await;
    ines.press_at("Dark", "//select[@id='theme']/option[@value='dark']").await;
    ines.press_at("Pink", "//select[@id='accent']/option[@value='pink']").await;
    ines.press("Save preferences").await;
    ines.wait_for_text("Preferences saved").await;
    ines.visit("/today").await;
    let background = ines.run_script("return getComputedStyle(document.documentElement).backgroundColor").await;
    assert_eq!(background, "rgb(17, 17, 17)");
    let accent =
        ines.run_script("return getComputedStyle(document.documentElement).getPropertyValue('--accent').trim()").await;
    assert_eq!(accent, "#ec4899");
}
