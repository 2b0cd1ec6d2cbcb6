//! Properties of every page: width, target sizes, text spacing, console and third-party requests.

use serde_json::json;
use url::Url;

use super::admin::sign_in_as_new_owner;
use super::browser::Device;
use super::browser_user::BrowserUser;
use super::seeded::open_as_ines;
use super::server::Server;

const VISITOR_PAGES: [&str; 6] = ["/landing", "/sign-up", "/sign-in", "/verify-email", "/dev/mail", "/dev/styles"];
const MEMBER_PAGES: [(&str, &str); 10] = [
    ("/today", "Practise the prelude"),
    ("/yesterday", "Stretch before coffee"),
    ("/calendar", "Practise the prelude"),
    ("/habits", "Practise the prelude"),
    ("/habits/archive", "Your archive is empty"),
    ("/insights", "Consistency"),
    ("/account", "Update email"),
    ("/account/preferences", "Time zone"),
    ("/account/security", "Signed-in devices"),
    ("/account/data", "Download all your data"),
];

#[tokio::test]
async fn no_visitor_page_scrolls_sideways_moves_or_has_small_targets_at_320_pixels() {
    let ada = BrowserUser::open(Device::NARROWEST, Server::start()).await;
    for path in VISITOR_PAGES {
        ada.visit(path).await;
        assert_fits(&ada, path).await;
        assert_stays(&ada, path).await;
    }
    ada.visit("/sign-up").await;
    ada.press("Create account").await;
    ada.wait_until("the error messages", async || ada.find_visible("//p[@class='fault']").await).await;
    assert_fits(&ada, "/sign-up with errors").await;
    ada.type_into("Display name", "Ada").await;
    ada.type_into("Email", &format!("{}@example.com", "a".repeat(64))).await;
    ada.type_into("Password", "violet kettle harbour ninety").await;
    ada.type_into("Confirm password", "violet kettle harbour ninety").await;
    ada.press("Create account").await;
    ada.wait_for_text("Check your email").await;
    assert_fits(&ada, "/sign-up after submitting").await;
}

#[tokio::test]
async fn no_member_page_scrolls_sideways_moves_or_has_small_targets_at_320_pixels() {
    let ines = open_as_ines(Device::NARROWEST).await;
    for title in
        ["Practise the prelude slowly, hands apart, until it is dull; then once with feeling", &"x".repeat(120)]
    {
        let create = format!(
            "return fetch('/api/habits', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }},
            body: JSON.stringify({}) }}).then((response) => response.ok)",
            json!({ "title": title, "description": title, "weekdays": [1, 2, 3, 4, 5, 6, 7] })
        );
        assert_eq!(ines.run_script(&create).await, true);
    }
    for (path, words) in MEMBER_PAGES {
        ines.visit(path).await;
        ines.wait_for_text(words).await;
        assert_fits(&ines, path).await;
        assert_stays(&ines, path).await;
    }
    for path in ["/habits?new", "/account/import", "/account/two-factor", "/first-habit"] {
        ines.visit(path).await;
        assert_stays(&ines, path).await;
    }
    ines.visit("/habits").await;
    ines.press_at("a habit", "//a[@class='habit-title']").await;
    ines.wait_for_text("By day of the week").await;
    assert_stays(&ines, "a habit's page").await;
}

#[tokio::test]
async fn no_admin_page_scrolls_sideways_moves_or_has_small_targets_at_320_pixels() {
    let olga = BrowserUser::open(Device::NARROWEST, Server::start_seeded()).await;
    sign_in_as_new_owner(&olga).await;
    for path in [
        "/admin",
        "/admin/users",
        "/admin/habits",
        "/admin/activity",
        "/admin/audit",
        "/admin/mail",
        "/admin/snapshots",
        "/admin/configuration",
        "/admin/handbook",
        "/admin/handbook/commands",
        "/admin/handbook/dashboard",
        "/admin/handbook/deploy",
    ] {
        olga.visit(path).await;
        olga.wait_for_path(path).await;
        assert_fits(&olga, path).await;
        assert_stays(&olga, path).await;
    }
    for (list, words) in [("/admin/users", "Sign out all devices"), ("/admin/mail", "Captured instead of sent")] {
        olga.visit(list).await;
        olga.press_at("the first row of the list", "//tbody//a").await;
        olga.wait_for_text(words).await;
        assert_fits(&olga, list).await;
        assert_stays(&olga, list).await;
    }
}

/// Asserts that everything fits into a width of 320 pixels, and that targets are at least 44 pixels high, except for links in text.
pub async fn assert_fits(user: &BrowserUser, page: &str) {
    let root = "document.documentElement";
    assert_eq!(user.run_script(&format!("return {root}.clientWidth")).await, 320, "{page} has the width of the screen");
    let wider = format!("return [{root}, document.body].filter((box) => box.scrollWidth > 320).length");
    let wide = "return [...document.querySelectorAll('body *')]
        .filter((element) => element.getClientRects().length && element.getBoundingClientRect().right > 320.5)
        .filter((element) => !element.parentElement.closest('.wide'))
        .map((element) => element.outerHTML.slice(0, 100))";
    assert_eq!(user.run_script(&wider).await, 0, "{page} scrolls sideways: {}", user.run_script(wide).await);
    assert_eq!(user.run_script(wide).await, json!([]), "{page} is cut off");
    let low = "return [...document.querySelectorAll('button, a.button, nav a, label.pill, .field input:not([type=checkbox])')]
        .map((element) => [element, element.getBoundingClientRect()])
        .filter(([element, box]) => box.width > 0 && box.height < 43.5)
        .map(([element, box]) => `${element.outerHTML.slice(0, 100)}: ${box.height} px`)";
    assert_eq!(user.run_script(low).await, json!([]), "{page} has targets that are too small");
}

/// Returns what has moved on the page since it was opened, by itself or because of a script. The toast lies above the page.
const LAYOUT_SHIFTS: &str = "return new Promise((resolve) => {
    const isInPage = ({ node }) => node?.parentElement?.closest('body > :not(.toast)');
    const shifts = [];
    new PerformanceObserver((list) => shifts.push(...list.getEntries())).observe({ type: 'layout-shift', buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(shifts
        .filter(({ hadRecentInput, sources }) => !hadRecentInput && sources.some(isInPage))
        .map(({ value, sources }) => `${value} ${sources.find(isInPage).node.outerHTML.slice(0, 100)}`)))));
})";

/// What moved on the page while it was opened: nothing should.
pub async fn find_layout_shifts(user: &BrowserUser) -> Vec<String> {
    serde_json::from_value(user.run_script(LAYOUT_SHIFTS).await).expect("the script returns strings")
}

async fn assert_stays(user: &BrowserUser, page: &str) {
    assert_eq!(find_layout_shifts(user).await, [""; 0], "{page} moves while it opens");
}

/// Applies the text spacing of WCAG 2.2, 1.4.12, with which no content may be lost.
const TEXT_SPACING: &str = "const spaced = new CSSStyleSheet();
    spaced.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
        p { margin-bottom: 2em !important }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, spaced];
    return getComputedStyle(document.querySelector('h1')).letterSpacing";

/// Returns the elements that clip their text.
const CLIPPED_TEXT: &str = "return [...document.querySelectorAll('body *')]
    .filter((element) => !element.closest('.unseen') && element.checkVisibility())
    .filter((element) => ['hidden', 'clip'].includes(getComputedStyle(element).overflowX))
    .filter((element) => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)
    .map((element) => element.outerHTML.slice(0, 100))";

#[tokio::test]
async fn no_content_is_lost_with_wider_text_spacing_at_320_pixels() {
    let ines = open_as_ines(Device::NARROWEST).await;
    for (path, _) in MEMBER_PAGES {
        ines.visit(path).await;
        assert_ne!(ines.run_script(TEXT_SPACING).await, "normal");
        assert_fits(&ines, path).await;
        assert_eq!(ines.run_script(CLIPPED_TEXT).await, json!([]), "{path} clips text");
    }
    ines.visit("/account").await;
    ines.sign_out().await;
    for path in VISITOR_PAGES {
        ines.visit(path).await;
        ines.run_script(TEXT_SPACING).await;
        assert_fits(&ines, path).await;
        assert_eq!(ines.run_script(CLIPPED_TEXT).await, json!([]), "{path} clips text");
    }
}

#[tokio::test]
async fn no_page_writes_to_the_console_or_sends_third_party_requests() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let server = ines.current_url().await.replace("/today", "/");
    for (path, _) in MEMBER_PAGES {
        ines.visit(path).await;
        assert_silent(&ines, path, &server).await;
    }
    ines.sign_out().await;
    for path in VISITOR_PAGES {
        ines.visit(path).await;
        assert_silent(&ines, path, &server).await;
    }
    ines.run_script("console.info('hello')").await;
    assert_eq!(ines.browser.take_console_messages().await.len(), 1, "console messages are recorded");
}

async fn assert_silent(user: &BrowserUser, page: &str, server: &str) {
    let console = user.browser.take_console_messages().await;
    assert!(console.is_empty(), "{page} writes to the console: {console:#?}");
    let requested = user.browser.take_requested_urls().await;
    let requested: Vec<&str> = requested.iter().map(Url::as_str).collect();
    let has = |part: &str| requested.iter().any(|url| url.contains(part));
    assert!(has(page) && has("/assets/app."), "the requests of {page} are recorded: {requested:#?}");
    let third_party: Vec<_> = requested.iter().filter(|url| !url.starts_with(server)).collect();
    assert!(third_party.is_empty(), "{page} sends third-party requests: {third_party:#?}");
}
