//! The bar at the bottom of a phone, the sidebar of a desktop, and where the focus goes after a move.

use serde_json::{Value, json};

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::every_page::assert_fits;
use super::forced_colors::{count_changed_pixels, find_invisible, force_colors};
use super::keyboard::{FOCUSED_ELEMENT, tab_to};
use super::seeded::open_as_ines;

/// The bar's box, the heights of its entries, its labels, the height of the banner, and what marks the current page.
const BAR: &str = "
    const bar = document.querySelector('aside').getBoundingClientRect();
    const entries = [...document.querySelectorAll('aside nav > ul a, aside nav > button')];
    const clipped = entries.filter((entry) => entry.scrollWidth > entry.clientWidth + 1);
    return {
        bottom: Math.round(bar.bottom - innerHeight),
        height: bar.height,
        lowest: Math.min(...entries.map((entry) => entry.getBoundingClientRect().height)),
        labels: entries.map((entry) => entry.textContent),
        clipped: clipped.map((entry) => entry.textContent),
        banner: document.querySelector('.banner').getBoundingClientRect().height,
        current: entries.filter((entry) => entry.ariaCurrent && getComputedStyle(entry, '::before').content !== 'none')
            .map((entry) => `${entry.textContent} ${entry.ariaCurrent}`),
    }";

async fn resize(user: &BrowserUser, screen: (u32, u32)) {
    user.browser.resize(screen).await;
    let drawn = "return new Promise((drawn) => requestAnimationFrame(() => setTimeout(() => drawn(innerWidth))))";
    assert_eq!(user.run_script(drawn).await, screen.0);
}

/// Waits until the menu is open or closed.
async fn wait_for_menu(user: &BrowserUser, is_open: bool) {
    let state = "return document.getElementById('nav-menu').matches(':popover-open')";
    user.wait_until(&format!("the menu: {is_open}"), async || {
        Ok((user.run_script(state).await == is_open).then_some(()))
    })
    .await;
}

#[tokio::test]
async fn on_a_phone_every_page_is_within_reach_of_the_thumb() {
    let ines = open_as_ines(Device::DESKTOP).await;
    for screen in [(390, 844), (320, 568), (360, 640), (600, 390)] {
        resize(&ines, screen).await;
        for (page, current) in [("/today", "Today page"), ("/account", "More true")] {
            ines.visit(page).await;
            let bar = ines.run_script(BAR).await;
            assert_eq!(bar["bottom"], 0, "{screen:?}: {bar}");
            assert!(
                bar["height"].as_f64().unwrap() <= 57.0 && bar["lowest"].as_f64().unwrap() >= 44.0,
                "{screen:?}: {bar}"
            );
            assert_eq!(bar["labels"], json!(["Today", "Calendar", "Habits", "Insights", "More"]));
            assert_eq!((&bar["clipped"], &bar["current"]), (&json!([]), &json!([current])), "{screen:?}");
            assert!(bar["banner"].as_f64().unwrap() <= 32.0, "{screen:?}: {bar}");
        }
    }
    resize(&ines, (320, 568)).await;
    ines.run_script("document.documentElement.style.fontSize = '200%'; return 1").await;
    let bar = ines.run_script(BAR).await;
    assert_eq!((&bar["clipped"], &bar["bottom"]), (&json!([]), &json!(0)), "large text: {bar}");
    assert!(bar["height"].as_f64().unwrap() <= 64.0, "large text: {bar}");
}

#[tokio::test]
async fn the_menu_of_the_bar_opens_upwards_and_gives_the_focus_back() {
    let ines = open_as_ines(Device::DESKTOP).await;
    resize(&ines, (320, 568)).await;
    tab_to(&ines, "button[popovertarget]").await;
    ines.browser.press_key("Enter").await;
    wait_for_menu(&ines, true).await;
    assert_fits(&ines, "the open menu").await;
    let above = "const [menu, bar] = ['#nav-menu', 'aside'].map((path) => document.querySelector(path).getBoundingClientRect());
        return menu.bottom <= bar.top && menu.top >= 0";
    assert_eq!(ines.run_script(above).await, true);
    for color_scheme in ["dark", "light"] {
        force_colors(&ines, color_scheme).await;
        assert_eq!(find_invisible(&ines).await, [""; 0], "in {color_scheme} forced colors");
    }
    ines.browser.emulate_media(&[]).await;
    ines.browser.press_key("Tab").await;
    assert_eq!(ines.run_script("return document.activeElement.pathname").await, "/account");
    ines.press_keys("\u{e00c}").await;
    wait_for_menu(&ines, false).await;
    assert_eq!(ines.run_script("return document.activeElement.textContent").await, "More");

    ines.press("More").await;
    wait_for_menu(&ines, true).await;
    // Turned on its side, a large phone shows the sidebar.
    resize(&ines, (844, 390)).await;
    wait_for_menu(&ines, false).await;
    resize(&ines, (320, 568)).await;
    ines.sign_out().await;
}

#[tokio::test]
async fn the_bar_is_visible_in_forced_colors() {
    let ines = open_as_ines(Device::DESKTOP).await;
    resize(&ines, (390, 844)).await;
    // A page of one screen, because the bar is elsewhere in a picture of a longer one.
    ines.visit("/habits/archive").await;
    for color_scheme in ["dark", "light"] {
        force_colors(&ines, color_scheme).await;
        assert_eq!(find_invisible(&ines).await, [""; 0], "in {color_scheme} forced colors");
        let mark = "document.querySelector('aside [aria-current]').removeAttribute('aria-current'); return 1";
        let marked = count_changed_pixels(&ines, "aside a[href='/habits']", mark).await;
        assert!(marked >= 60, "{marked} pixels mark the current page in {color_scheme} forced colors");
        ines.reload().await;
    }
}

#[tokio::test]
async fn the_menu_of_the_bar_works_without_javascript() {
    let ines = open_as_ines(Device::PHONE.without_javascript()).await;
    assert!(ines.find_visible("//button[normalize-space()='Sign out']").await.unwrap().is_none(), "the menu is closed");
    ines.press("More").await;
    ines.press("Account").await;
    ines.wait_for_path("/account").await;
    ines.sign_out().await;
}

#[tokio::test]
async fn the_bar_covers_neither_the_last_row_nor_the_focus() {
    let ines = open_as_ines(Device::DESKTOP).await;
    // The last is a screen of 1280 × 900 pixels at a zoom of 400 %.
    for screen in [(390, 500), (320, 225)] {
        resize(&ines, screen).await;
        ines.visit("/account/preferences").await;
        ines.run_script("scrollTo(0, 1e6); return 1").await;
        let covered =
            "const last = [...document.querySelectorAll('main *')].filter((element) => element.checkVisibility());
            const bar = document.querySelector('aside').getBoundingClientRect();
            const covered = Math.max(...last.map((element) => element.getBoundingClientRect().bottom)) - bar.top;
            return bar.bottom > 0 && covered > 0 ? covered : 0";
        assert_eq!(ines.run_script(covered).await, 0, "{screen:?}");
        ines.run_script("scrollTo(0, 0); return 1").await;
        for _ in 0..24 {
            ines.browser.press_key("Tab").await;
            let focus = ines.run_script(FOCUSED_ELEMENT).await;
            if focus.is_null() {
                break;
            }
            assert_eq!(focus["errors"], json!([]), "{screen:?}: {}", focus["name"]);
        }
    }
}

#[tokio::test]
async fn the_whole_sidebar_is_visible_under_the_banner_on_a_low_screen() {
    let ines = open_as_ines(Device::DESKTOP).await;
    resize(&ines, (1280, 600)).await;
    let cut_off = "return [...document.querySelectorAll('aside :is(a, button)')]
        .filter((entry) => entry.checkVisibility() && entry.getBoundingClientRect().bottom > innerHeight)
        .map((entry) => entry.textContent)";
    assert_eq!(ines.run_script(cut_off).await, json!([]));
    let fits = "const side = document.querySelector('aside');
        return side.getBoundingClientRect().bottom <= innerHeight && side.scrollHeight <= side.clientHeight";
    assert_eq!(ines.run_script(fits).await, true);
    assert!(
        ines.find_visible("//button[normalize-space()='More']").await.unwrap().is_none(),
        "the menu is a part of the sidebar"
    );
    ines.press("Sign out").await;
    ines.wait_for_path("/sign-in").await;
}

#[tokio::test]
async fn after_a_move_the_focus_is_on_the_heading() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let focused = "return document.activeElement.tagName + ' ' + document.activeElement.textContent.slice(0, 8)";
    ines.visit("/calendar").await;
    let first = ines.run_script(focused).await;
    assert!(first.as_str().unwrap().starts_with("BODY"), "an address that was typed leaves the focus alone: {first}");
    for motion in ["no-preference", "reduce"] {
        ines.browser.emulate_media(&[("prefers-reduced-motion", motion)]).await;
        ines.press("Habits").await;
        ines.wait_for_path("/habits").await;
        assert_eq!(ines.run_script(focused).await, "H1 Habits", "with {motion}");
        ines.press("Insights").await;
        ines.wait_for_path("/insights").await;
        assert_eq!(ines.run_script(focused).await, "H1 Insights", "with {motion}");
        ines.reload().await;
        assert_ne!(ines.run_script(focused).await, "H1 Insights", "a reload is no move");
    }
    ines.press_keys("gc").await;
    ines.wait_for_path("/calendar").await;
    assert_eq!(ines.run_script(focused).await, "H1 Calendar");
}

/// Rests the pointer on a link of the navigation until the browser has fetched its page ahead.
async fn rest_on_link(user: &BrowserUser, path: &str) {
    user.browser.take_requested_urls().await;
    user.browser.move_pointer((640.0, 400.0)).await;
    let center = format!(
        "const box = document.querySelector(\"aside a[href='{path}']\").getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2]"
    );
    let center = user.run_script(&center).await;
    user.browser.move_pointer((center[0].as_f64().unwrap(), center[1].as_f64().unwrap())).await;
    user.wait_until(&format!("{path} to be fetched ahead"), async || {
        Ok(user.browser.take_requested_urls().await.iter().any(|url| url.path() == path).then_some(()))
    })
    .await;
}

#[tokio::test]
async fn a_page_that_was_fetched_ahead_shows_the_last_change() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let delivery = "return performance.getEntriesByType('navigation')[0].deliveryType";
    rest_on_link(&ines, "/calendar").await;
    ines.press("Calendar").await;
    ines.wait_for_path("/calendar").await;
    assert_eq!(ines.run_script(delivery).await, "navigational-prefetch");
    for done in [true, false] {
        ines.visit("/today").await;
        ines.wait_for_done("Stretch before coffee", !done).await;
        rest_on_link(&ines, "/calendar").await;
        // By keyboard, so that the pointer stays on the link.
        let focus = "[...document.querySelectorAll('[role=checkbox]')].find((row) => row.textContent.includes('Stretch')).focus()";
        ines.run_script(focus).await;
        ines.browser.press_key(" ").await;
        ines.wait_for_text(if done { "Marked as done." } else { "Marked as not done." }).await;
        tab_to(&ines, "aside a[href='/calendar']").await;
        ines.browser.press_key("Enter").await;
        ines.wait_for_path("/calendar").await;
        ines.wait_for_done("Stretch before coffee", done).await;
    }
}

/// Counts what the page tells the browser to show on the icon of the app. Chromium without a window manager shows nothing.
const STUBBED_BADGE: &str = "
    Navigator.prototype.setAppBadge = async (count) => { sessionStorage.badge = count; };
    Navigator.prototype.clearAppBadge = async () => { sessionStorage.badge = 'cleared'; };";

#[tokio::test]
async fn the_badge_of_the_app_counts_the_habits_that_are_open_today() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.browser.run_on_new_pages(STUBBED_BADGE).await;
    ines.visit("/today").await;
    let badge = async |expected: &str| {
        ines.wait_until(&format!("the badge {expected}"), async || {
            Ok((ines.run_script("return sessionStorage.badge ?? ''").await == expected).then_some(()))
        })
        .await;
    };
    let open = ines.run_script("return document.querySelectorAll('.completion[aria-checked=false]').length").await;
    let open = open.as_u64().unwrap();
    badge(&open.to_string()).await;
    let title =
        ines.run_script("return document.querySelector('[aria-checked=false] .completion-title').textContent").await;
    ines.toggle_completion(title.as_str().unwrap()).await;
    badge(&(open - 1).to_string()).await;
    // Other days leave it alone.
    ines.visit("/calendar?month=2026-01&date=2026-01-05").await;
    badge(&(open - 1).to_string()).await;
    ines.press("Sign out").await;
    badge("cleared").await;
}

#[tokio::test]
async fn the_surfaces_of_the_browser_have_the_color_of_the_page_in_every_theme() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let colors = "const root = getComputedStyle(document.documentElement).backgroundColor;
        const meta = [...document.querySelectorAll('meta[name=theme-color]')].filter(({ media }) => matchMedia(media || 'all').matches);
        const hex = root.match(/\\d+/g).map((part) => Number(part).toString(16).padStart(2, '0')).join('');
        return [`#${hex}`, ...meta.map(({ content }) => content)]";
    let mut seen = Vec::new();
    for theme in ["system", "light", "dark"] {
        let choose = format!(
            "return fetch('/api/account', {{ method: 'PUT', headers: {{ 'Content-Type': 'application/json' }},
            body: JSON.stringify({{ theme: '{theme}' }}) }}).then((response) => response.ok)"
        );
        assert_eq!(ines.run_script(&choose).await, Value::Bool(true));
        for color_scheme in ["light", "dark"] {
            ines.browser.emulate_media(&[("prefers-color-scheme", color_scheme)]).await;
            ines.reload().await;
            let found = ines.run_script(colors).await;
            assert_eq!(found[0], found[1], "{theme} on a {color_scheme} device: {found}");
            assert!(found[2].is_null(), "one color applies: {found}");
            seen.push(found[0].clone());
        }
    }
    // A new choice applies at once. The account's theme is dark, and so is the device.
    ines.visit("/account/preferences").await;
    let choose = "const theme = document.getElementById('theme');
        theme.value = 'light';
        theme.dispatchEvent(new Event('change', { bubbles: true }));
        return document.querySelector('meta[name=theme-color]').content";
    assert_eq!(ines.run_script(choose).await, "rgb(255, 255, 255)");
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[1], seen[5]);
    assert_ne!(seen[0], seen[1]);
}
