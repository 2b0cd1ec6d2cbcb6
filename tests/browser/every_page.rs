//! What holds on every page.

use serde_json::json;
use url::Url;

use super::admin::becomes_the_owner;
use super::browser::Device;
use super::person::Person;
use super::seeded::ines;
use super::server::Server;

const FOR_STRANGERS: [&str; 5] = ["/landing", "/sign-up", "/sign-in", "/verify-email", "/dev/mail"];
const FOR_MEMBERS: [(&str, &str); 6] = [
    ("/today", "Practise the prelude"),
    ("/calendar", "Practise the prelude"),
    ("/habits", "Practise the prelude"),
    ("/habits/archive", "Nothing is put away"),
    ("/insights", "Consistency"),
    ("/account", "Time zone"),
];

#[tokio::test]
async fn no_page_for_strangers_scrolls_sideways_or_has_small_targets_at_320_pixels() {
    let ada = Person::with(Device::NARROWEST, Server::fresh()).await;
    for path in FOR_STRANGERS {
        ada.visits(path).await;
        fits(&ada, path).await;
    }
    ada.visits("/sign-up").await;
    ada.presses("Create account").await;
    ada.until("faults", async || ada.shown("//p[@class='fault']").await).await;
    fits(&ada, "/sign-up with faults").await;
}

#[tokio::test]
async fn no_page_for_members_scrolls_sideways_or_has_small_targets_at_320_pixels() {
    let ines = ines(Device::NARROWEST).await;
    for title in
        ["Practise the prelude slowly, hands apart, until it is dull; then once with feeling", &"x".repeat(120)]
    {
        let create = format!(
            "return fetch('/api/habits', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }},
            body: JSON.stringify({}) }}).then((response) => response.ok)",
            json!({ "title": title, "description": title, "weekdays": [1, 2, 3, 4, 5, 6, 7] })
        );
        assert_eq!(ines.asks(&create).await, true);
    }
    for (path, words) in FOR_MEMBERS {
        ines.visits(path).await;
        ines.sees(words).await;
        fits(&ines, path).await;
    }
}

#[tokio::test]
async fn no_page_for_admins_scrolls_sideways_or_has_small_targets_at_320_pixels() {
    let olga = Person::with(Device::NARROWEST, Server::seeded()).await;
    becomes_the_owner(&olga).await;
    for path in [
        "/admin",
        "/admin/users",
        "/admin/habits",
        "/admin/activity",
        "/admin/audit",
        "/admin/mail",
        "/admin/configuration",
    ] {
        olga.visits(path).await;
        olga.is_on(path).await;
        fits(&olga, path).await;
    }
    for (list, words) in [("/admin/users", "Sign out everywhere"), ("/admin/mail", "Captured: kept for reading")] {
        olga.visits(list).await;
        olga.presses_at("the first of the list", "//ul[@class='records']//a").await;
        olga.sees(words).await;
        fits(&olga, list).await;
    }
}

/// Everything is within the width of the screen, and what is pressed is at least 44 pixels high. Links within text
/// are as high as their line.
pub async fn fits(person: &Person, page: &str) {
    let root = "document.documentElement";
    assert_eq!(person.asks(&format!("return {root}.clientWidth")).await, 320, "{page} is as wide as the screen");
    let wider = format!("return [{root}, document.body].filter((box) => box.scrollWidth > 320).length");
    let wide = "return [...document.querySelectorAll('body *')]
        .filter((element) => element.getClientRects().length && element.getBoundingClientRect().right > 320.5)
        .filter((element) => !element.parentElement.closest('.wide'))
        .map((element) => element.outerHTML.slice(0, 100))";
    assert_eq!(person.asks(&wider).await, 0, "{page} scrolls sideways: {}", person.asks(wide).await);
    assert_eq!(person.asks(wide).await, json!([]), "{page} is cut off");
    let low = "return [...document.querySelectorAll('button, a.button, nav a, label.pill, .field input:not([type=checkbox])')]
        .map((element) => [element, element.getBoundingClientRect()])
        .filter(([element, box]) => box.width > 0 && box.height < 43.5)
        .map(([element, box]) => `${element.outerHTML.slice(0, 100)}: ${box.height} px`)";
    assert_eq!(person.asks(low).await, json!([]), "{page} has targets that are too small");
}

/// WCAG 2.2, 1.4.12: whoever needs more room between lines, words and letters sets it, and loses nothing.
const SPACED: &str = "const spaced = new CSSStyleSheet();
    spaced.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
        p { margin-bottom: 2em !important }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, spaced];
    return getComputedStyle(document.querySelector('h1')).letterSpacing";

/// Words that their own box cuts off.
const CUT: &str = "return [...document.querySelectorAll('body *')]
    .filter((element) => !element.closest('.unseen') && element.checkVisibility())
    .filter((element) => ['hidden', 'clip'].includes(getComputedStyle(element).overflowX))
    .filter((element) => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)
    .map((element) => element.outerHTML.slice(0, 100))";

#[tokio::test]
async fn with_more_room_between_letters_words_and_lines_nothing_is_lost_at_320_pixels() {
    let ines = ines(Device::NARROWEST).await;
    for (path, _) in FOR_MEMBERS {
        ines.visits(path).await;
        assert_ne!(ines.asks(SPACED).await, "normal");
        fits(&ines, path).await;
        assert_eq!(ines.asks(CUT).await, json!([]), "{path} cuts words off");
    }
    ines.visits("/account").await;
    ines.presses("Sign out").await;
    ines.is_on("/sign-in").await;
    for path in FOR_STRANGERS {
        ines.visits(path).await;
        ines.asks(SPACED).await;
        fits(&ines, path).await;
        assert_eq!(ines.asks(CUT).await, json!([]), "{path} cuts words off");
    }
}

#[tokio::test]
async fn the_console_is_silent_and_nobody_else_is_asked_for_anything() {
    let ines = ines(Device::DESKTOP).await;
    let server = ines.address().await.replace("/today", "/");
    for (path, _) in FOR_MEMBERS {
        ines.visits(path).await;
        is_silent(&ines, path, &server).await;
    }
    ines.presses("Sign out").await;
    ines.is_on("/sign-in").await;
    for path in FOR_STRANGERS {
        ines.visits(path).await;
        is_silent(&ines, path, &server).await;
    }
    ines.asks("console.info('hello')").await;
    assert_eq!(ines.browser.console().await.len(), 1, "the console would have been heard");
}

async fn is_silent(person: &Person, page: &str, server: &str) {
    let console = person.browser.console().await;
    assert!(console.is_empty(), "{page} says to the console: {console:#?}");
    let requested = person.browser.requested().await;
    let requested: Vec<&str> = requested.iter().map(Url::as_str).collect();
    let has = |part: &str| requested.iter().any(|address| address.contains(part));
    assert!(has(page) && has("/assets/app."), "the requests of {page} are not seen: {requested:#?}");
    let strangers: Vec<_> = requested.iter().filter(|address| !address.starts_with(server)).collect();
    assert!(strangers.is_empty(), "{page} asks strangers: {strangers:#?}");
}
