//! The list of habits: rows, filter, order, forms at the row, and the life of a habit by mouse and by keyboard.

use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use serde_json::{Value, json};

use super::axe;
use super::browser::Device;
use super::browser_user::BrowserUser;
use super::every_page::assert_fits;
use super::habits::{habit_titles, press_action};
use super::seeded::open_as_ines;
use super::week::wait_for_folded;

const ESCAPE: &str = "\u{e00c}";
const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";
const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";
const HOME: &str = "\u{e011}";
const ALT_UP: &str = "\u{e00a}\u{e013}";

/// Archives all habits but the first `keep`, and creates one for each title.
async fn prepare_habits(user: &BrowserUser, keep: usize, titles: &[String]) {
    let script = format!(
        "const send = (method, path, body) => fetch(path, {{ method, headers: {{ 'Content-Type': 'application/json' }},
            body: body && JSON.stringify(body) }}).then((response) => response.json());
        return send('GET', '/api/habits').then(async ({{ data }}) => {{
          for (const {{ id }} of data.habits.slice({keep})) await send('DELETE', `/api/habits/${{id}}`);
          for (const title of {}) await send('POST', '/api/habits', {{ title, weekdays: [1, 2, 3, 4, 5, 6, 7] }});
          return true;
        }})",
        json!(titles)
    );
    assert_eq!(user.run_script(&script).await, true);
}

/// Puts a habit into a group, or into none, and loads the page again.
async fn prepare_group(user: &BrowserUser, title: &str, group: &str) {
    let script = format!(
        "const id = document.querySelector('[data-habit-title={title}]').dataset.habit;
        return fetch(`/api/habits/${{id}}`, {{ method: 'PUT', headers: {{ 'Content-Type': 'application/json' }},
            body: JSON.stringify({{ group: '{group}' }}) }}).then((response) => response.ok)"
    );
    assert_eq!(user.run_script(&script).await, true);
    user.reload().await;
}

/// Sends keys to the focused element; a modifier applies to the key after it.
async fn send_keys(user: &BrowserUser, keys: &str) {
    let element = user.with_timeout("the focus", user.browser.client.active_element()).await;
    user.with_timeout("the keys", element.send_keys(keys)).await;
}

async fn wait_for_titles(user: &BrowserUser, expected: &[&str]) {
    user.wait_until(&format!("the order {expected:?}"), async || {
        Ok((habit_titles(user).await == expected).then_some(()))
    })
    .await;
}

async fn shown_titles(user: &BrowserUser) -> Value {
    user.run_script(
        "return [...document.querySelectorAll('[data-habit]:not([hidden])')].map((row) => row.dataset.habitTitle)",
    )
    .await
}

async fn focus(user: &BrowserUser, selector: &str) {
    user.run_script(&format!("document.querySelector({}).focus(); return 1", json!(selector))).await;
}

#[tokio::test]
async fn rows_are_low_and_everything_fits_with_0_1_12_and_40_habits() {
    let ines = open_as_ines(Device::NARROWEST).await;
    let odd = [
        &"x".repeat(120),
        "🦀🦀🦀",
        "שתה כוס מים לפני ארוחת הבוקר",
        "Practise the prelude slowly, hands apart, until it is dull",
    ];
    let mut titles: Vec<String> = odd.iter().map(ToString::to_string).collect();
    titles.extend((titles.len()..40).map(|n| format!("Habit number {n}")));
    let heights =
        "return [...document.querySelectorAll('.habit-line')].map((line) => line.getBoundingClientRect().height)
        .filter((height) => height < 55.5 || height > 64)";
    for (from, to) in [(0, 0), (0, 1), (1, 12), (12, 40)] {
        prepare_habits(&ines, from, &titles[from..to]).await;
        ines.visit("/habits").await;
        assert_eq!(habit_titles(&ines).await.len(), to);
        assert_eq!(ines.run_script(heights).await, json!([]), "rows of {to} habits that are not 56 to 64 pixels high");
        assert_fits(&ines, &format!("{to} habits")).await;
        assert_eq!(axe::find_violations(&ines).await.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
        let folded = ines
            .run_script(
                "return [Boolean(document.querySelector('.ideas[open]')), Boolean(document.querySelector('#filter'))]",
            )
            .await;
        assert_eq!(folded, json!([to < 3, to > 10]), "ideas and filter with {to} habits");
        let button = "const { bottom, right } = document.querySelector('.new-habit-link').getBoundingClientRect();
            return bottom <= innerHeight - 56 && right <= innerWidth";
        assert_eq!(ines.run_script(button).await, true, "the button for a new habit is above the bar");
    }
}

#[tokio::test]
async fn the_handle_moves_a_habit_by_key_and_by_pointer_and_a_failed_save_brings_the_order_back() {
    let ines = open_as_ines(Device::DESKTOP).await;
    prepare_habits(&ines, 0, &["A", "B", "C"].map(str::to_owned)).await;
    ines.visit("/habits").await;
    focus(&ines, "[data-habit-title=A] [data-handle]").await;
    send_keys(&ines, DOWN).await;
    wait_for_titles(&ines, &["B", "A", "C"]).await;
    ines.wait_for_text("Order saved: 2 of 3.").await;
    send_keys(&ines, DOWN).await;
    ines.wait_for_text("Order saved: 3 of 3.").await;
    send_keys(&ines, DOWN).await;
    ines.wait_for_text("This is the last habit.").await;
    ines.reload().await;
    wait_for_titles(&ines, &["B", "C", "A"]).await;

    // Drags A from the bottom to the top.
    let find = async |path: &str| ines.with_timeout(path, ines.browser.client.find(Locator::Css(path))).await;
    let handle = find("[data-habit-title=A] [data-handle]").await;
    let first = find("[data-habit-title=B] .habit-title").await;
    let to = |element| PointerAction::MoveToElement { element, duration: None, x: 0., y: 0. };
    let drag = MouseActions::new("mouse".to_owned())
        .then(to(handle))
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(PointerAction::MoveBy { duration: None, x: 4., y: -70. })
        .then(to(first))
        .then(PointerAction::MoveBy { duration: None, x: 0., y: -16. })
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    ines.with_timeout("the drag", ines.browser.client.perform_actions(drag)).await;
    ines.wait_for_text("Order saved: 1 of 3.").await;
    wait_for_titles(&ines, &["A", "B", "C"]).await;
    ines.press("Undo").await;
    wait_for_titles(&ines, &["B", "C", "A"]).await;
    ines.wait_for_text("Order saved: 3 of 3.").await;

    ines.browser.set_offline(true).await;
    focus(&ines, "[data-habit-title=A] [data-handle]").await;
    send_keys(&ines, HOME).await;
    ines.wait_for_text("Can't reach Atlas").await;
    wait_for_titles(&ines, &["B", "C", "A"]).await;
    ines.browser.set_offline(false).await;
    send_keys(&ines, HOME).await;
    ines.wait_for_text("Order saved: 1 of 3.").await;
    ines.reload().await;
    wait_for_titles(&ines, &["A", "B", "C"]).await;
}

#[tokio::test]
async fn a_finger_drags_a_habit_by_its_handle_scrolls_the_list_with_it_and_moves_nothing_when_it_is_interrupted() {
    let ines = open_as_ines(Device::PHONE).await;
    let titles: Vec<String> = (1..=16).map(|number| format!("Habit {number}")).collect();
    prepare_habits(&ines, 0, &titles).await;
    ines.visit("/habits").await;
    let center = async |selector: &str| {
        let script = format!(
            "const {{ left, top, width, height }} = document.querySelector('{selector}').getBoundingClientRect();
            return [left + width / 2, top + height / 2]"
        );
        serde_json::from_value::<(f64, f64)>(ines.run_script(&script).await).unwrap()
    };
    let handle = |number: u8| format!("[data-habit-title=\"Habit {number}\"] [data-handle]");
    let (x, from) = center(&handle(3)).await;
    let (_, to) = center(&handle(1)).await;
    ines.browser.touch("touchStart", &[(x, from)]).await;
    for step in 1..=8 {
        ines.browser.touch("touchMove", &[(x, from + (to - 12. - from) * f64::from(step) / 8.)]).await;
    }
    assert_eq!(ines.run_script("return scrollY").await, 0, "the page doesn't scroll under the finger");
    ines.browser.touch("touchEnd", &[]).await;
    ines.wait_for_text("Order saved: 1 of 16.").await;
    assert_eq!(habit_titles(&ines).await[..4], ["Habit 3", "Habit 1", "Habit 2", "Habit 4"]);
    // Chromium may take a tap without duration, as chromedriver makes it, for the end of the drag.
    ines.run_script("document.getElementById('undo').click(); return 1").await;
    ines.wait_for_text("Order saved: 3 of 16.").await;
    assert_eq!(habit_titles(&ines).await, titles);

    // A call comes in.
    ines.browser.touch("touchStart", &[(x, from)]).await;
    ines.browser.touch("touchMove", &[(x, from - 30.)]).await;
    ines.browser.touch("touchMove", &[(x, to - 12.)]).await;
    ines.wait_until("the row at the finger", async || Ok((habit_titles(&ines).await[0] == "Habit 3").then_some(())))
        .await;
    ines.browser.touch("touchCancel", &[]).await;
    ines.wait_until("the old order", async || Ok((habit_titles(&ines).await == titles).then_some(()))).await;

    // Held at the edge of the screen, above the bar, until the list has come to its end.
    let edge = ines.run_script("return innerHeight - 70").await.as_f64().unwrap();
    ines.browser.touch("touchStart", &[(x, from)]).await;
    ines.browser.touch("touchMove", &[(x, from + 30.)]).await;
    ines.browser.touch("touchMove", &[(x, edge)]).await;
    ines.wait_until("the end of the list", async || Ok((habit_titles(&ines).await[15] == "Habit 3").then_some(())))
        .await;
    ines.browser.touch("touchEnd", &[]).await;
    ines.wait_for_text("Order saved: 16 of 16.").await;
    ines.reload().await;
    assert_eq!(habit_titles(&ines).await[15], "Habit 3");

    // Anywhere else in a row, the finger scrolls.
    ines.run_script("scrollTo(0, 0); return 1").await;
    let (x, from) = center("[data-habit-title=\"Habit 6\"] .habit-days").await;
    ines.browser.touch("touchStart", &[(x, from)]).await;
    for step in 1..=8 {
        ines.browser.touch("touchMove", &[(x, from - 20. * f64::from(step))]).await;
    }
    ines.browser.touch("touchEnd", &[]).await;
    ines.wait_until("the page to scroll", async || {
        Ok((ines.run_script("return scrollY").await.as_f64() > Some(0.)).then_some(()))
    })
    .await;
    assert_eq!(habit_titles(&ines).await[4], "Habit 6", "the order is as before");
}

#[tokio::test]
async fn a_long_list_is_filtered_while_typing_and_its_order_stays_complete() {
    let ines = open_as_ines(Device::DESKTOP).await;
    prepare_habits(
        &ines,
        0,
        &["Read", "Walk", "1", "2", "3", "4", "5", "6", "7", "8", "Read aloud"].map(str::to_owned),
    )
    .await;
    ines.visit("/habits").await;
    ines.press_keys("/rea").await;
    assert_eq!(ines.run_script("return document.activeElement.id").await, "filter");
    ines.wait_for_text("2 of 11 shown").await;
    assert_eq!(shown_titles(&ines).await, json!(["Read", "Read aloud"]));
    press_action(&ines, "Read aloud", "Move up").await;
    ines.wait_for_text("Order saved: 1 of 11.").await;
    assert_eq!(shown_titles(&ines).await, json!(["Read aloud", "Read"]));
    // From the field through the results and back.
    let focused = "const { activeElement: it } = document; return it.id === 'filter' ? 'filter' : it.textContent";
    focus(&ines, "#filter").await;
    for (key, expected) in
        [(DOWN, "Read aloud"), (DOWN, "Read"), (DOWN, "Read"), (UP, "Read aloud"), (UP, "filter"), (DOWN, "Read aloud")]
    {
        send_keys(&ines, key).await;
        assert_eq!(ines.run_script(focused).await, expected);
    }
    send_keys(&ines, ESCAPE).await;
    assert_eq!(ines.run_script(focused).await, "filter");
    assert_eq!(shown_titles(&ines).await.as_array().unwrap().len(), 11, "Escape clears the filter");
    ines.type_into("Filter by name", "nothing like it").await;
    ines.wait_for_text("No habit matches.").await;
    focus(&ines, "#filter").await;
    send_keys(&ines, ESCAPE).await;
    ines.wait_until("all habits", async || {
        Ok((shown_titles(&ines).await.as_array().unwrap().len() == 11).then_some(()))
    })
    .await;
    assert_eq!(habit_titles(&ines).await[..3], ["Read aloud", "Read", "Walk"]);
}

#[tokio::test]
async fn a_group_that_was_folded_stays_so_opens_for_a_match_and_keeps_its_order_to_itself() {
    let ines = open_as_ines(Device::DESKTOP).await;
    prepare_habits(&ines, 0, &["Swim", "Read", "Run", "Walk"].map(str::to_owned)).await;
    ines.visit("/habits").await;
    ines.press_at("Select", "//a[normalize-space()='Select']").await;
    ines.wait_for_path("/habits/select").await;
    for title in ["Swim", "Run"] {
        ines.press_at(title, &format!("//li[@data-habit-title='{title}']/label")).await;
    }
    ines.wait_for_text("2 selected").await;
    ines.press("Change…").await;
    ines.type_into("Move to group", "Sport").await;
    ines.type_into("Add tags", "legs").await;
    send_keys(&ines, ENTER).await;
    ines.wait_for_text("Changes saved.").await;
    wait_for_titles(&ines, &["Read", "Walk", "Swim", "Run"]).await;
    press_action(&ines, "Run", "Move up").await;
    ines.wait_for_text("Order saved: 1 of 2.").await;
    wait_for_titles(&ines, &["Read", "Walk", "Run", "Swim"]).await;

    // The group moves by key, by its menu, and by pointer, always as a whole.
    prepare_group(&ines, "Walk", "Home").await;
    let sport_first = ["Read", "Run", "Swim", "Walk"];
    let home_first = ["Read", "Walk", "Run", "Swim"];
    wait_for_titles(&ines, &home_first).await;
    focus(&ines, "[data-section=Sport] > [data-handle]").await;
    send_keys(&ines, UP).await;
    ines.wait_for_text("Order saved: 1 of 2.").await;
    wait_for_titles(&ines, &sport_first).await;
    ines.press("Undo").await;
    wait_for_titles(&ines, &home_first).await;
    ines.wait_for_text("Order saved: 2 of 2.").await;
    ines.press_at("the menu", "//section[@data-section='Home']/button[@popovertarget]").await;
    ines.press_at("Move down", "//section[@data-section='Home']/div//button[@value='down']").await;
    ines.wait_for_text("Order saved: 2 of 2.").await;
    wait_for_titles(&ines, &sport_first).await;
    let find = async |path: &str| ines.with_timeout(path, ines.browser.client.find(Locator::Css(path))).await;
    let handle = find("[data-section=Home] > [data-handle]").await;
    let heading = find("[data-section=Sport] summary").await;
    let to = |element, y| PointerAction::MoveToElement { element, duration: None, x: 0., y };
    let drag = MouseActions::new("mouse".to_owned())
        .then(to(handle, 0.))
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(PointerAction::MoveBy { duration: None, x: 4., y: -30. })
        .then(to(heading, -8.))
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    ines.with_timeout("the drag", ines.browser.client.perform_actions(drag)).await;
    ines.wait_for_text("Order saved: 1 of 2.").await;
    ines.reload().await;
    wait_for_titles(&ines, &home_first).await;
    prepare_group(&ines, "Walk", "").await;
    wait_for_titles(&ines, &["Read", "Walk", "Run", "Swim"]).await;

    let is_open = "return document.querySelector('[data-section=Sport] details').open";
    let wait_for_open = async |open: bool| {
        ines.wait_until("the group", async || Ok((ines.run_script(is_open).await == open).then_some(()))).await;
    };
    ines.press_at("Sport", "//section[@data-section='Sport']//summary").await;
    wait_for_folded(&ines, "habits sport").await;
    ines.reload().await;
    wait_for_open(false).await;
    ines.press_keys("/ru").await;
    ines.wait_for_text("1 of 4 shown").await;
    wait_for_open(true).await;
    assert_eq!(shown_titles(&ines).await, json!(["Run"]));
    focus(&ines, "#filter").await;
    send_keys(&ines, ESCAPE).await;
    wait_for_open(false).await;
    let choose_tag = "const tag = document.querySelector('[name=tag]'); tag.value = 'legs';
        tag.dispatchEvent(new Event('change')); return location.search";
    assert_eq!(ines.run_script(choose_tag).await, "?tag=legs");
    assert_eq!(shown_titles(&ines).await, json!(["Run", "Swim"]));
    ines.visit("/habits").await;
    wait_for_open(false).await;
}

#[tokio::test]
async fn forms_and_dialogs_open_at_the_row_without_leaving_the_page_and_give_the_focus_back() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/habits").await;
    ines.run_script("window.isSamePage = true; return 1").await;
    let menu_button = "return document.activeElement.closest('[data-habit-title=\"Read 10 pages\"]') !== null
        && document.activeElement.matches('[popovertarget]')";
    press_action(&ines, "Read 10 pages", "Edit").await;
    ines.wait_for_text("Changes apply from today").await;
    let state =
        "return [document.activeElement.id, [...document.querySelectorAll('[name=title]')].map(({ id }) => id)]";
    assert_eq!(ines.run_script(state).await, json!(["edit-title", ["title", "edit-title"]]));
    send_keys(&ines, ESCAPE).await;
    ines.wait_until("the focus", async || Ok((ines.run_script(menu_button).await == true).then_some(()))).await;

    press_action(&ines, "Read 10 pages", "Edit").await;
    ines.type_into_at("the title", "//input[@id='edit-title']", "Read 20 pages").await;
    press_action(&ines, "Stretch before coffee", "Edit").await;
    ines.wait_for_text("Save or cancel your changes first.").await;
    assert_eq!(ines.run_script("return document.activeElement.value").await, "Read 20 pages");
    ines.press("Cancel").await;
    ines.wait_until("the focus", async || Ok((ines.run_script(menu_button).await == true).then_some(()))).await;

    press_action(&ines, "Read 10 pages", "Edit").await;
    ines.press_at("the frequency", "//form[contains(@action, '/habits/')]//summary[.='Other frequency']").await;
    ines.press_at("times a week", "//select[@id='edit-frequency']/option[@value='week']").await;
    ines.type_into_at("the times", "//input[@id='edit-times']", "3").await;
    let preview = "return /^S.*week/.test(document.querySelector('[data-preview]').textContent)";
    ines.wait_until("the preview", async || Ok((ines.run_script(preview).await == true).then_some(()))).await;
    ines.type_into_at("the times", "//input[@id='edit-times']", "0").await;
    let empty = "return document.querySelector('[data-preview]').textContent === ''";
    ines.wait_until("no preview", async || Ok((ines.run_script(empty).await == true).then_some(()))).await;
    assert_eq!(ines.run_script("return window.isSamePage === true").await, true);
    ines.press("Save changes").await;
    ines.wait_for_text("Enter a number of times from 1 to 7.").await;
    let typed = "return ['edit-frequency', 'edit-times'].map((id) => document.getElementById(id).value)";
    assert_eq!(ines.run_script(typed).await, json!(["week", "0"]));
    ines.visit("/habits").await;
    ines.run_script("window.isSamePage = true; return 1").await;

    press_action(&ines, "Read 10 pages", "Archive").await;
    ines.wait_for_text("Archive this habit?").await;
    assert_eq!(ines.run_script("return document.activeElement.textContent").await, "Archive habit");
    send_keys(&ines, ESCAPE).await;
    ines.wait_until("the focus", async || Ok((ines.run_script(menu_button).await == true).then_some(()))).await;
    assert_eq!(ines.run_script("return window.isSamePage === true && location.search === ''").await, true);

    let titles = habit_titles(&ines).await;
    press_action(&ines, "Read 10 pages", "Archive").await;
    ines.press("Archive habit").await;
    ines.wait_for_text("Habit archived.").await;
    assert_eq!(ines.run_script("return location.search").await, "");
    ines.press("Undo").await;
    ines.wait_for_text("Habit restored.").await;
    assert_eq!(habit_titles(&ines).await, titles);
    let focused = "return document.activeElement.closest('[data-habit]')?.dataset.habitTitle
        ?? document.querySelector(':target').closest('[data-habit]').dataset.habitTitle";
    assert_eq!(ines.run_script(focused).await, "Read 10 pages");
}

#[tokio::test]
async fn on_a_phone_the_form_for_a_new_habit_is_a_sheet_and_keeps_what_was_typed() {
    let ines = open_as_ines(Device::PHONE).await;
    ines.visit("/habits").await;
    ines.press_at("New habit", "//a[normalize-space()='New habit']").await;
    ines.wait_for_text("Close").await;
    assert_eq!(ines.run_script("return document.activeElement.closest('dialog:modal') !== null").await, true);
    ines.type_into("Title", "Water the plants").await;
    ines.press("Close").await;
    ines.press_at("New habit", "//a[normalize-space()='New habit']").await;
    assert_eq!(ines.field_value("Title").await, "Water the plants");
    ines.press("Create habit").await;
    ines.wait_for_text("Habit created.").await;
    assert!(habit_titles(&ines).await.contains(&"Water the plants".to_owned()));
}

/// A user who counts: each tap, and each shortcut or key that does something. A sequence such as `g t` is one shortcut.
struct Counter<'a> {
    user: &'a BrowserUser,
    steps: usize,
}

impl Counter<'_> {
    async fn tap(&mut self, path: &str) {
        self.user.press_at(path, path).await;
        self.steps += 1;
    }

    async fn keys(&mut self, keys: &str) {
        send_keys(self.user, keys).await;
        self.steps += 1;
    }

    /// A sequence of two keys that leads to another page.
    async fn go(&mut self, keys: &str, path: &str) {
        self.user.press_keys(keys).await;
        self.steps += 1;
        self.user.wait_for_path(path).await;
    }
}

#[tokio::test]
async fn the_whole_life_of_a_habit_takes_no_more_steps_by_keyboard_than_by_mouse() {
    let ines = open_as_ines(Device::DESKTOP).await;
    prepare_habits(&ines, 0, &["Walk".to_owned()]).await;
    ines.run_script("return fetch('/habits/archive').then((page) => page.text()).then(async (html) => {
        for (const [, id] of html.matchAll(/data-habit=\"([^\"]+)\"/g)) await fetch(`/api/habits/${id}?permanent=true`, { method: 'DELETE' });
        return true })").await;
    let button = |name: &str| format!("//button[normalize-space()='{name}']");
    let menu = "//li[@data-habit-title='Read a lot']//button[@popovertarget]";

    ines.visit("/habits").await;
    let mut mouse = Counter { user: &ines, steps: 0 };
    mouse.tap("//input[@id='title']").await;
    ines.browser.type_text("Read").await;
    mouse.tap(&button("Create habit")).await;
    ines.wait_for_text("Habit created.").await;
    mouse.tap("//li[@data-habit-title='Read']//button[@popovertarget]").await;
    mouse.tap(&button("Edit")).await;
    ines.wait_for_text("Changes apply from today").await;
    ines.browser.type_text(" a lot").await;
    mouse.tap(&button("Save changes")).await;
    ines.wait_for_text("Changes saved.").await;
    mouse.tap(menu).await;
    mouse.tap("//li[@data-habit-title='Read a lot']//button[normalize-space()='Move up']").await;
    ines.wait_for_text("Order saved: 1 of 2.").await;
    mouse.tap("//nav//a[normalize-space()='Today']").await;
    ines.toggle_completion("Read a lot").await;
    mouse.steps += 1;
    ines.wait_for_done("Read a lot", true).await;
    mouse.tap("//nav//a[normalize-space()='Habits']").await;
    for is_last in [false, true] {
        mouse.tap(menu).await;
        mouse.tap(&button("Archive")).await;
        mouse.tap(&button("Archive habit")).await;
        mouse.tap("//a[normalize-space()='Archive (1)']").await;
        mouse.tap(&button(if is_last { "Delete" } else { "Restore" })).await;
    }
    mouse.tap(&button("Delete habit")).await;
    ines.wait_for_text("Habit deleted.").await;

    ines.visit("/habits").await;
    let mut keyboard = Counter { user: &ines, steps: 0 };
    keyboard.keys("n").await;
    ines.browser.type_text("Read").await;
    keyboard.keys(ENTER).await;
    ines.wait_for_text("Habit created.").await;
    keyboard.keys("e").await;
    ines.wait_for_text("Changes apply from today").await;
    ines.browser.type_text(" a lot").await;
    keyboard.keys(ENTER).await;
    ines.wait_for_text("Changes saved.").await;
    keyboard.keys(ALT_UP).await;
    ines.wait_for_text("Order saved: 1 of 2.").await;
    keyboard.go("gt", "/today").await;
    keyboard.keys("j").await;
    keyboard.keys("x").await;
    ines.wait_for_done("Read a lot", true).await;
    keyboard.go("gh", "/habits").await;
    keyboard.keys("j").await;
    for is_last in [false, true] {
        keyboard.keys("a").await;
        ines.wait_for_text("Archive this habit?").await;
        keyboard.keys(ENTER).await;
        ines.wait_for_text("Habit archived.").await;
        keyboard.go("ga", "/habits/archive").await;
        keyboard.keys(if is_last { "d" } else { "r" }).await;
        ines.wait_for_text(if is_last { "This permanently deletes" } else { "Habit restored." }).await;
    }
    keyboard.keys(TAB).await;
    keyboard.keys(ENTER).await;
    ines.wait_for_text("Habit deleted.").await;
    assert_eq!((mouse.steps, keyboard.steps), (21, 20));
}
