//! Atlas by keyboard alone: which elements the Tab key reaches, in which order, and whether the focus is visible.

use serde_json::{Value, json};

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::seeded::open_as_ines;
use super::server::Server;

/// Returns the focused element and the errors in how it shows the focus. It needs a thick outline on itself or on its
/// representation, must be entirely on the screen, and nothing may cover it.
pub const FOCUSED_ELEMENT: &str = "
    const focus = document.activeElement;
    if (!focus || focus === document.body) return null;
    const shown = focus.closest('.pill')?.querySelector('span') ?? focus;
    const style = getComputedStyle(shown);
    const box = shown.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const above = document.elementFromPoint(x, y);
    const errors = [];
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) errors.push('has no outline');
    if (box.top < 0 || box.left < 0 || box.bottom > innerHeight + 1 || box.right > innerWidth + 1) errors.push(`is partly off the screen: ${JSON.stringify(box)}`);
    if (!above || !(above === focus || shown.contains(above) || above.contains(shown))) errors.push(`is covered by ${above?.outerHTML.slice(0, 60)}`);
    if (focus.tabIndex > 0) errors.push('has a positive tabindex');
    focus.dataset.reached = (Number(focus.dataset.reached) || 0) + 1;
    return { name: focus.outerHTML.slice(0, 90), times: focus.dataset.reached, errors };";

/// Returns the usable elements that were never focused. In a group of radio buttons, Tab reaches only the selected one; the arrow
/// keys reach the others.
const UNREACHED_ELEMENTS: &str = "
    return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
        .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled)
        .filter((element) => element.tabIndex >= 0 && element.type !== 'radio' && !element.dataset.reached)
        .map((element) => element.outerHTML.slice(0, 90))";

/// Presses the Tab key until the focus leaves the page. Returns the first focused element.
async fn tab_through(user: &BrowserUser, page: &str) -> String {
    let mut first = None;
    for _ in 0..400 {
        user.browser.press_key("Tab").await;
        let focus = user.run_script(FOCUSED_ELEMENT).await;
        if focus.is_null() || focus["times"] == "2" {
            assert_eq!(user.run_script(UNREACHED_ELEMENTS).await, json!([]), "{page}: the Tab key never reaches these");
            return first.unwrap_or_else(|| panic!("{page}: the Tab key reaches nothing"));
        }
        assert_eq!(focus["errors"], json!([]), "{page}: {}", focus["name"]);
        first.get_or_insert_with(|| focus["name"].as_str().unwrap().to_owned());
    }
    panic!("{page}: the focus never leaves the page")
}

async fn assert_skip_link(user: &BrowserUser, page: &str) {
    user.visit(page).await;
    let first = tab_through(user, page).await;
    assert!(first.contains("href=\"#main\""), "{page}: the first focused element is {first}, not the skip link");
    user.visit(page).await;
    user.browser.press_key("Tab").await;
    user.browser.press_key("Enter").await;
    user.browser.press_key("Tab").await;
    let inside = user.run_script("return Boolean(document.activeElement.closest('#main, footer'))").await;
    assert_eq!(inside, Value::Bool(true), "{page}: the skip link skips the navigation");
}

#[tokio::test]
async fn the_keyboard_reaches_every_element_of_member_pages_with_visible_focus() {
    let ines = open_as_ines(Device::DESKTOP).await;
    for page in [
        "/today",
        "/yesterday",
        "/calendar",
        "/habits",
        "/habits/archive",
        "/insights",
        "/account",
        "/account/preferences",
        "/account/security",
        "/account/data",
        "/account/two-factor",
    ] {
        assert_skip_link(&ines, page).await;
    }
}

#[tokio::test]
async fn the_keyboard_reaches_every_element_of_visitor_pages_with_visible_focus_on_a_narrow_screen_too() {
    let ada = BrowserUser::open(Device::DESKTOP, Server::start()).await;
    for page in ["/landing", "/sign-up", "/sign-in", "/forgot-password", "/verify-email"] {
        assert_skip_link(&ada, page).await;
    }
    // The same layout as a screen of 1280 pixels at a zoom of 400 %.
    ada.browser.resize((320, 568)).await;
    for page in ["/landing", "/sign-up", "/sign-in"] {
        assert_skip_link(&ada, page).await;
    }
}

/// Presses the Tab key until the focus is on an element that matches a CSS selector.
pub async fn tab_to(user: &BrowserUser, selector: &str) {
    let matches = format!("return document.activeElement.matches({})", json!(selector));
    for _ in 0..200 {
        user.browser.press_key("Tab").await;
        if user.run_script(&matches).await == true {
            return;
        }
    }
    panic!("the Tab key never reaches {selector}");
}

#[tokio::test]
async fn a_user_signs_in_creates_and_completes_a_habit_and_signs_out_by_keyboard() {
    let ines = BrowserUser::open(Device::DESKTOP, Server::start_seeded()).await;
    ines.visit("/sign-in").await;
    tab_to(&ines, "#email").await;
    ines.browser.type_text("ines@example.com").await;
    tab_to(&ines, "#password").await;
    ines.browser.type_text("plenty of quiet mornings").await;
    ines.browser.press_key("Enter").await;
    ines.wait_for_path("/today").await;

    tab_to(&ines, "a[href='/habits']").await;
    ines.browser.press_key("Enter").await;
    ines.wait_for_path("/habits").await;
    tab_to(&ines, "#title").await;
    ines.browser.type_text("By keys").await;
    for _ in 0..7 {
        tab_to(&ines, ".pill input").await;
        if ines.run_script("return document.activeElement.checked").await == false {
            ines.browser.press_key(" ").await;
        }
    }
    tab_to(&ines, "button[type=submit]").await;
    ines.browser.press_key("Enter").await;
    ines.wait_for_text("By keys").await;

    ines.visit("/today").await;
    tab_to(&ines, "[role=checkbox]:has(.completion-title)[aria-checked=false]").await;
    let title = ines.run_script("return document.activeElement.querySelector('.completion-title').textContent").await;
    ines.browser.press_key(" ").await;
    ines.wait_for_done(title.as_str().unwrap(), true).await;

    tab_to(&ines, "a[href='/calendar']").await;
    ines.browser.press_key("Enter").await;
    ines.wait_for_path("/calendar").await;
    tab_to(&ines, "a[aria-current=date]").await;
    ines.browser.press_key("Enter").await;
    ines.wait_for_done(title.as_str().unwrap(), true).await;

    tab_to(&ines, "form[action='/sign-out'] button").await;
    ines.browser.press_key("Enter").await;
    ines.wait_for_path("/sign-in").await;
}
