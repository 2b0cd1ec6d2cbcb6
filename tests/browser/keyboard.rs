//! Atlas by keys alone: what is reached, in which order, and that one sees where one is.

use serde_json::{Value, json};

use super::browser::Device;
use super::person::Person;
use super::seeded::ines;
use super::server::Server;

/// Where the focus is, and what is wrong with how it shows: a thick outline of its own or of what stands for it, all of it on
/// the screen, and nothing above it.
const FOCUS: &str = "
    const focus = document.activeElement;
    if (!focus || focus === document.body) return null;
    const shown = focus.closest('.pill')?.querySelector('span') ?? focus;
    const style = getComputedStyle(shown);
    const box = shown.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const above = document.elementFromPoint(x, y);
    const wrong = [];
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) wrong.push('has no outline');
    if (box.top < 0 || box.left < 0 || box.bottom > innerHeight + 1 || box.right > innerWidth + 1) wrong.push(`is not all on the screen: ${JSON.stringify(box)}`);
    if (!above || !(above === focus || shown.contains(above) || above.contains(shown))) wrong.push(`is below ${above?.outerHTML.slice(0, 60)}`);
    if (focus.tabIndex > 0) wrong.push('pushes in');
    focus.dataset.reached = (Number(focus.dataset.reached) || 0) + 1;
    return { name: focus.outerHTML.slice(0, 90), times: focus.dataset.reached, wrong };";

/// What can be used and was never reached. Of radio buttons the chosen one is, and the arrow keys reach the others.
const UNREACHED: &str = "
    return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
        .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled)
        .filter((element) => element.tabIndex >= 0 && element.type !== 'radio' && !element.dataset.reached)
        .map((element) => element.outerHTML.slice(0, 90))";

/// Walks through a page with the tab key until the focus leaves it. Answers what is reached first.
async fn walks(person: &Person, page: &str) -> String {
    let mut first = None;
    for _ in 0..400 {
        person.browser.presses_key("Tab").await;
        let focus = person.asks(FOCUS).await;
        if focus.is_null() || focus["times"] == "2" {
            assert_eq!(person.asks(UNREACHED).await, json!([]), "{page}: the tab key never comes past these");
            return first.unwrap_or_else(|| panic!("{page}: nothing can be reached"));
        }
        assert_eq!(focus["wrong"], json!([]), "{page}: {}", focus["name"]);
        first.get_or_insert_with(|| focus["name"].as_str().unwrap().to_owned());
    }
    panic!("{page}: the focus never leaves it")
}

async fn skips(person: &Person, page: &str) {
    person.visits(page).await;
    let first = walks(person, page).await;
    assert!(first.contains("href=\"#main\""), "{page} begins with {first}");
    person.visits(page).await;
    person.browser.presses_key("Tab").await;
    person.browser.presses_key("Enter").await;
    person.browser.presses_key("Tab").await;
    let inside = person.asks("return Boolean(document.activeElement.closest('#main, footer'))").await;
    assert_eq!(inside, Value::Bool(true), "{page}: what is skipped is the navigation");
}

#[tokio::test]
async fn everything_for_members_is_reached_and_seen_by_keys() {
    let ines = ines(Device::DESKTOP).await;
    for page in ["/today", "/calendar", "/habits", "/habits/archive", "/insights", "/account", "/account/two-factor"] {
        skips(&ines, page).await;
    }
}

#[tokio::test]
async fn everything_for_strangers_is_reached_and_seen_by_keys_on_a_narrow_screen_too() {
    let ada = Person::with(Device::DESKTOP, Server::fresh()).await;
    for page in ["/landing", "/sign-up", "/sign-in", "/forgot-password", "/verify-email"] {
        skips(&ada, page).await;
    }
    // As on a screen of 1280 pixels that is magnified four times.
    ada.browser.resizes((320, 568)).await;
    for page in ["/landing", "/sign-up", "/sign-in"] {
        skips(&ada, page).await;
    }
}

/// Presses the tab key until the focus is on what `way`, a selector, leads to.
pub async fn tabs_to(person: &Person, way: &str) {
    let there = format!("return document.activeElement.matches({})", json!(way));
    for _ in 0..200 {
        person.browser.presses_key("Tab").await;
        if person.asks(&there).await == true {
            return;
        }
    }
    panic!("the tab key never comes to {way}");
}

#[tokio::test]
async fn ines_signs_in_plans_ticks_looks_back_and_leaves_without_a_mouse() {
    let ines = Person::with(Device::DESKTOP, Server::seeded()).await;
    ines.visits("/sign-in").await;
    tabs_to(&ines, "#email").await;
    ines.browser.types("ines@example.com").await;
    tabs_to(&ines, "#password").await;
    ines.browser.types("plenty of quiet mornings").await;
    ines.browser.presses_key("Enter").await;
    ines.is_on("/today").await;

    tabs_to(&ines, "a[href='/habits']").await;
    ines.browser.presses_key("Enter").await;
    ines.is_on("/habits").await;
    tabs_to(&ines, "#title").await;
    ines.browser.types("By keys").await;
    for _ in 0..7 {
        tabs_to(&ines, ".pill input").await;
        if ines.asks("return document.activeElement.checked").await == false {
            ines.browser.presses_key(" ").await;
        }
    }
    tabs_to(&ines, "button[type=submit]").await;
    ines.browser.presses_key("Enter").await;
    ines.sees("By keys").await;

    ines.visits("/today").await;
    tabs_to(&ines, "[role=checkbox]:has(.tick-title)[aria-checked=false]").await;
    let title = ines.asks("return document.activeElement.querySelector('.tick-title').textContent").await;
    ines.browser.presses_key(" ").await;
    ines.sees_done(title.as_str().unwrap(), true).await;

    tabs_to(&ines, "a[href='/calendar']").await;
    ines.browser.presses_key("Enter").await;
    ines.is_on("/calendar").await;
    tabs_to(&ines, "a[aria-current=date]").await;
    ines.browser.presses_key("Enter").await;
    ines.sees_done(title.as_str().unwrap(), true).await;

    tabs_to(&ines, "form[action='/sign-out'] button").await;
    ines.browser.presses_key("Enter").await;
    ines.is_on("/sign-in").await;
}
