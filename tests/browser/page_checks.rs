//! Automatic checks of every page in every state: accessibility in light, dark and forced colors on screens from 320 to 1280
//! pixels, markup, titles, console messages and third-party requests.

use std::collections::BTreeSet;

use super::axe;
use super::browser::Device;
use super::browser_user::BrowserUser;
use super::every_page::{assert_fits, find_layout_shifts};
use super::forced_colors::{find_invisible, force_colors};
use super::markup::MarkupChecker;
use super::page_states::visit_page_states;

const COLOR_SCHEMES: [&str; 2] = ["light", "dark"];

const DESKTOP: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);
const TABLET: (u32, u32) = (768, 1024);
const NARROWEST: (u32, u32) = (320, 568);

/// A way in which a page is rendered.
struct Rendering {
    screen: (u32, u32),
    color_scheme: &'static str,
    /// Whether the system's colors replace the page's.
    forced_colors: bool,
}

/// Every rendering, or without `ATLAS_TESTS=long` the most different ones.
fn renderings() -> Vec<Rendering> {
    let screens: &[_] = if long_tests_enabled() { &[DESKTOP, TABLET, PHONE, NARROWEST] } else { &[DESKTOP, NARROWEST] };
    let of_screen = |&screen: &(u32, u32)| {
        let normal = COLOR_SCHEMES.map(|color_scheme| Rendering { screen, color_scheme, forced_colors: false });
        let forced = COLOR_SCHEMES.map(|color_scheme| Rendering { screen, color_scheme, forced_colors: true });
        let is_included = |rendering: &Rendering| {
            // Most users of forced colors use dark ones.
            let is_common = rendering.color_scheme == "dark" && screen == DESKTOP;
            long_tests_enabled() || !rendering.forced_colors || is_common
        };
        normal.into_iter().chain(forced).filter(is_included).collect::<Vec<_>>()
    };
    screens.iter().flat_map(of_screen).collect()
}

/// Checks the current page in one rendering and returns the errors.
async fn check_page(user: &BrowserUser, rendering: &Rendering) -> Vec<String> {
    if rendering.forced_colors {
        force_colors(user, rendering.color_scheme).await;
        // axe would compute contrasts from the page's own colors, which aren't visible.
        let violations = axe::find_violations_except(user, &["color-contrast"]).await;
        return violations.iter().map(ToString::to_string).chain(find_invisible(user).await).collect();
    }
    // Without reduced motion, colors would be measured during transitions.
    let features = [("prefers-color-scheme", rendering.color_scheme), ("prefers-reduced-motion", "reduce")];
    user.browser.emulate_media(&features).await;
    let mut errors: Vec<String> = axe::find_violations(user).await.iter().map(ToString::to_string).collect();
    // axe checks text. The contrast of controls and graphics (WCAG 2.2, 1.4.11) is measured in a screenshot.
    if rendering.screen == DESKTOP || long_tests_enabled() {
        errors.extend(find_invisible(user).await);
    }
    errors
}

/// Resizes the screen and waits until the page's scripts have been notified.
async fn resize_page(user: &BrowserUser, screen: (u32, u32), page: &str) {
    user.browser.resize(screen).await;
    let width = "return new Promise((drawn) => requestAnimationFrame(() => setTimeout(() => drawn(innerWidth))))";
    assert_eq!(user.run_script(width).await, screen.0, "{page} has the width of the screen");
}

#[tokio::test]
async fn no_page_fails_an_automatic_check() {
    let renderings = renderings();
    let markup = MarkupChecker::new();
    let mut errors = Vec::new();
    let mut titles = BTreeSet::new();
    visit_page_states(Device::DESKTOP, async |user, state| {
        let page = state.page;
        let load = user.browser.take_page_load().await;
        let third_party = load.requested_urls.iter().filter(|url| !url.as_str().starts_with(&user.server.base_url));
        errors.extend(third_party.map(|url| format!("{page} requests {url}")));
        if let Some(html) = load.html {
            markup.add_page(page, &html);
        }
        // The browser logs every response with an error status, and some of these pages are such responses.
        let messages = user.browser.take_console_messages().await.into_iter();
        let messages = messages.filter(|message| !message.contains("responded with a status of 4"));
        errors.extend(messages.map(|message| format!("{page} writes to the console: {message}")));
        let heading = user.run_script("return [document.title, document.querySelectorAll('h1').length]").await;
        let title = heading[0].as_str().expect("a title is text").to_owned();
        // Only the states of one page may share a title.
        let is_unique = page.contains(',') || titles.insert(title.clone());
        if title.is_empty() || !is_unique || heading[1] != 1 {
            errors.push(format!("{page}: needs a unique title and one h1, but has {heading}"));
        }
        errors
            .extend(find_layout_shifts(user).await.iter().map(|shift| format!("{page} moves while it opens: {shift}")));
        let mut screen = None;
        for rendering in &renderings {
            if screen != Some(rendering.screen) {
                resize_page(user, rendering.screen, page).await;
                screen = Some(rendering.screen);
            }
            let (width, color_scheme) = (rendering.screen.0, rendering.color_scheme);
            let forced = if rendering.forced_colors { "forced " } else { "" };
            let found = check_page(user, rendering).await;
            errors.extend(found.iter().map(|error| format!("{page}, {width} pixels, {forced}{color_scheme}: {error}")));
        }
        if screen == Some(NARROWEST) {
            assert_fits(user, page).await;
        }
        user.browser.resize(DESKTOP).await;
    })
    .await;
    errors.extend(markup.find_errors());
    assert!(errors.is_empty(), "{} errors:\n{}", errors.len(), errors.join("\n"));
}

/// Whether `ATLAS_TESTS=long` enables the tests that take too long for every change.
pub fn long_tests_enabled() -> bool {
    std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long")
}
