//! No page has a fault that a program can find: none of accessibility, in light, dark and the system's own colours, on screens
//! from 320 to 1280 pixels, none of HTML; and what holds for pages holds for every one of them.

use std::collections::BTreeSet;

use super::axe;
use super::browser::Device;
use super::every_page::fits;
use super::forced::{forces, lost};
use super::markup::Markup;
use super::person::Person;
use super::tour::tour;

/// In which light pages are looked at: the colours that a device prefers.
const LIGHTS: [&str; 2] = ["light", "dark"];

const DESKTOP: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);
const TABLET: (u32, u32) = (768, 1024);
const NARROWEST: (u32, u32) = (320, 568);

/// How a page can look: on a screen so wide, in these colours.
struct Look {
    screen: (u32, u32),
    /// The colours that are preferred.
    light: &'static str,
    /// Whether they are the system's own, not the page's.
    forced: bool,
}

/// Every look, or without `ATLAS_TESTS=long` those that differ most.
fn looks() -> Vec<Look> {
    let screens: &[_] = if takes_long() { &[DESKTOP, TABLET, PHONE, NARROWEST] } else { &[DESKTOP, NARROWEST] };
    let of_screen = |&screen: &(u32, u32)| {
        let plain = LIGHTS.map(|light| Look { screen, light, forced: false });
        // Forced colours are dark for most who want them.
        let forced = LIGHTS.map(|light| Look { screen, light, forced: true });
        let wanted = |look: &Look| takes_long() || !look.forced || (look.light == "dark" && screen == DESKTOP);
        plain.into_iter().chain(forced).filter(wanted).collect::<Vec<_>>()
    };
    screens.iter().flat_map(of_screen).collect()
}

/// What programs find on the page at hand in that look.
async fn faults(person: &Person, look: &Look) -> Vec<String> {
    if look.forced {
        forces(person, look.light).await;
        // Its contrasts are those of the page's own colours, which nobody sees then.
        let found = axe::findings_but(person, &["color-contrast"]).await;
        return found.iter().map(ToString::to_string).chain(lost(person).await).collect();
    }
    // Colours on their way from one to another must not be measured.
    person.browser.prefers(&[("prefers-color-scheme", look.light), ("prefers-reduced-motion", "reduce")]).await;
    let mut found: Vec<String> = axe::findings(person).await.iter().map(ToString::to_string).collect();
    // axe looks at words. Edges of controls and drawings (WCAG 2.2, 1.4.11) are seen in a picture.
    if look.screen == DESKTOP || takes_long() {
        found.extend(lost(person).await);
    }
    found
}

/// Lays the page out for a screen, and waits until its script has heard of it.
async fn on_screen(person: &Person, screen: (u32, u32), page: &str) {
    person.browser.resizes(screen).await;
    let width = "return new Promise((drawn) => requestAnimationFrame(() => setTimeout(() => drawn(innerWidth))))";
    assert_eq!(person.asks(width).await, screen.0, "{page} is as wide as the screen");
}

#[tokio::test]
async fn no_page_has_a_fault_that_a_program_can_find() {
    let looks = looks();
    let markup = Markup::new();
    let mut found = Vec::new();
    let mut titles = BTreeSet::new();
    tour(Device::DESKTOP, async |person, stop| {
        let loaded = person.browser.loaded().await;
        let strangers = loaded.requested.iter().filter(|address| !address.as_str().starts_with(&person.server.address));
        found.extend(strangers.map(|address| format!("{} asks {address}", stop.page)));
        if let Some(page) = loaded.page {
            markup.keep(stop.page, &page);
        }
        // Of a page that says no, the browser says that it did.
        let said =
            person.browser.console().await.into_iter().filter(|line| !line.contains("responded with a status of 4"));
        found.extend(said.map(|line| format!("{} says to the console: {line}", stop.page)));
        let heading = person.asks("return [document.title, document.querySelectorAll('h1').length]").await;
        let title = heading[0].as_str().expect("a title is text").to_owned();
        // The states of a page share its title.
        let is_new = stop.page.contains(',') || titles.insert(title.clone());
        if title.is_empty() || !is_new || heading[1] != 1 {
            found
                .push(format!("{}: {heading} are its title, which no other page has, and its one headline", stop.page));
        }
        let mut before = None;
        for look in &looks {
            if before != Some(look.screen) {
                on_screen(person, look.screen, stop.page).await;
                before = Some(look.screen);
            }
            let kind = if look.forced { "forced " } else { "" };
            let faults = faults(person, look).await;
            found.extend(
                faults
                    .iter()
                    .map(|why| format!("{}, {} pixels, {kind}{}: {why}", stop.page, look.screen.0, look.light)),
            );
        }
        if before == Some(NARROWEST) {
            fits(person, stop.page).await;
        }
        person.browser.resizes(DESKTOP).await;
    })
    .await;
    found.extend(markup.findings());
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}

/// Whether `ATLAS_TESTS=long` asks for what takes longer than every change can wait for.
pub fn takes_long() -> bool {
    std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long")
}
