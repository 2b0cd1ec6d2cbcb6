//! Pages in forced colors, which users of high-contrast themes see: nothing becomes invisible, and states that differ in color
//! remain distinguishable.
//!
//! Even then the computed colors that axe reads are the page's own, so these tests examine screenshots.

use fantoccini::Locator;
use serde_json::{Value, json};

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::keyboard::tab_to;
use super::seeded::open_as_ines;

/// Replaces the page's colors with the system's, dark or light.
pub async fn force_colors(user: &BrowserUser, color_scheme: &str) {
    let features =
        [("forced-colors", "active"), ("prefers-color-scheme", color_scheme), ("prefers-reduced-motion", "reduce")];
    user.browser.emulate_media(&features).await;
}

/// The script that examines a screenshot, with a new screenshot of the current page in it.
async fn screenshot_script(user: &BrowserUser) -> String {
    let fixed = "const panel = document.querySelector(':popover-open, .is-sheet');
        return Boolean(panel && getComputedStyle(panel).position === 'fixed')";
    let whole_page = user.run_script(fixed).await == false;
    // In a picture of a page that is longer than the screen, the bar of a phone would cover something else.
    let show_bar = async |visibility: &str| {
        let script = format!(
            "const bar = document.querySelector('.side');
            if (bar && document.body.scrollHeight > innerHeight && getComputedStyle(bar).position === 'fixed')
              bar.style.visibility = '{visibility}'; return 1"
        );
        user.run_script(&script).await
    };
    if whole_page {
        show_bar("hidden").await;
    }
    let url = json!(format!("data:image/png;base64,{}", user.browser.screenshot(whole_page).await));
    if whole_page {
        show_bar("").await;
    }
    include_str!("screenshot.js").replacen("src = SCREENSHOT_URL", &format!("src = {url}"), 1)
}

/// Finds text, edges of controls and graphics with too little contrast in screenshots of the current page. The browser sometimes
/// leaves a part of a long page unpainted, so an element is invisible only if a second screenshot agrees.
pub async fn find_invisible(user: &BrowserUser) -> Vec<String> {
    let first = find_invisible_once(user).await;
    if first.is_empty() {
        return first;
    }
    let second = find_invisible_once(user).await;
    first.into_iter().filter(|finding| second.contains(finding)).collect()
}

async fn find_invisible_once(user: &BrowserUser) -> Vec<String> {
    let script = screenshot_script(user).await;
    serde_json::from_value(user.run_script(&script).await).expect("the script returns a list")
}

/// The share of pixels that differ clearly between two elements, compared from their top left corners.
async fn pixel_difference(user: &BrowserUser, one: &str, other: &str) -> f64 {
    let (one, other) = (json!(one), json!(other));
    let script = screenshot_script(user).await;
    let (functions, _) = script.split_once("return loaded").expect("the script ends with its result");
    let compare = format!(
        "{functions}
        return loaded.then(() => {{
          const seen = pixels();
          const [one, other] = [{one}, {other}].map((selector) => {{
            const found = document.querySelector(selector);
            if (!found) throw new Error(`there is no ${{selector}}`);
            return boxInScreenshot(found.getBoundingClientRect(), seen);
          }});
          const width = Math.min(one.right - one.left, other.right - other.left);
          const height = Math.min(one.bottom - one.top, other.bottom - other.top);
          let differ = 0;
          for (let y = 0; y < height; y += 1)
            for (let x = 0; x < width; x += 1)
              differ += contrast(seen.at(one.left + x, one.top + y), seen.at(other.left + x, other.top + y)) >= 3;
          return differ / (Math.ceil(width) * Math.ceil(height));
        }});"
    );
    user.run_script(&compare).await.as_f64().expect("a share")
}

async fn assert_distinguishable(user: &BrowserUser, color_scheme: &str, one: &str, other: &str) {
    let difference = pixel_difference(user, one, other).await;
    assert!(difference > 0.03, "{one} looks like {other} in {color_scheme} forced colors: {difference}");
}

#[tokio::test]
async fn completed_selected_and_current_elements_are_distinguishable_in_forced_colors() {
    let ines = open_as_ines(Device::DESKTOP).await;
    for color_scheme in ["dark", "light"] {
        force_colors(&ines, color_scheme).await;
        ines.visit("/calendar").await;
        assert_distinguishable(
            &ines,
            color_scheme,
            ".cell[aria-current]",
            ".cell:not([aria-current], [data-complete])",
        )
        .await;
        ines.visit("/habits").await;
        ines.run_script("document.querySelector('.pill input').checked = false; return 1").await;
        assert_distinguishable(&ines, color_scheme, ".pill input:checked + span", ".pill input:not(:checked) + span")
            .await;
        ines.visit("/insights").await;
        let marks = ines.run_script("return document.querySelectorAll('.legend li').length").await.as_u64().unwrap();
        assert!(marks >= 4, "the legend has {marks} marks");
        for (one, other) in (1..=marks).flat_map(|one| (one + 1..=marks).map(move |other| (one, other))) {
            let mark = |number| format!(".legend li:nth-child({number}) svg");
            assert_distinguishable(&ines, color_scheme, &mark(one), &mark(other)).await;
        }
        ines.visit("/today").await;
        for state in ["true", "false"] {
            let other = if state == "true" { "false" } else { "true" };
            let one = format!("//button[@role='checkbox'][@aria-checked='{state}']");
            if ines
                .with_timeout("the completion buttons", ines.browser.client.find_all(Locator::XPath(&one)))
                .await
                .is_empty()
            {
                ines.press_at("a completion button", &format!("//button[@role='checkbox'][@aria-checked='{other}']"))
                    .await;
            }
            ines.wait_until("one of each", async || ines.find_visible(&one).await).await;
        }
        assert_distinguishable(&ines, color_scheme, "[aria-checked=true] > .box", "[aria-checked=false] > .box").await;
    }
}

/// The luminance of each pixel of an element and of a margin around it, row by row, in a new screenshot.
async fn luminances(user: &BrowserUser, selector: &str) -> Vec<f64> {
    let script = screenshot_script(user).await;
    let (functions, _) = script.split_once("return loaded").expect("the script ends with its result");
    let look = format!(
        "{functions}
        return loaded.then(() => {{
          const seen = pixels();
          const {{ left, top, right, bottom }} = document.querySelector({}).getBoundingClientRect();
          const [margin, fromX, fromY] = [6, Math.floor(left + scrollX), Math.floor(top + scrollY)];
          const luminances = [];
          for (let y = fromY - margin; y < bottom + scrollY + margin; y += 1)
            for (let x = fromX - margin; x < right + scrollX + margin; x += 1)
              luminances.push(x >= 0 && y >= 0 && x < seen.width && y < seen.height ? seen.at(x, y) : 0);
          return luminances;
        }});",
        json!(selector)
    );
    serde_json::from_value(user.run_script(&look).await).expect("the script returns luminances")
}

/// Counts the pixels of an element and of a margin around it that a script changes clearly.
pub async fn count_changed_pixels(user: &BrowserUser, selector: &str, script: &str) -> u64 {
    let before = luminances(user, selector).await;
    user.run_script(script).await;
    let after = luminances(user, selector).await;
    assert_eq!(before.len(), after.len(), "{selector} keeps its size");
    let contrast = |one: f64, other: f64| (one.max(other) + 0.05) / (one.min(other) + 0.05);
    before.into_iter().zip(after).map(|(before, after)| u64::from(contrast(before, after) >= 3.0)).sum()
}

/// The perimeter of an element in pixels.
async fn perimeter(user: &BrowserUser, selector: &str) -> u64 {
    let selector = json!(selector);
    let script = format!(
        "const {{ width, height }} = document.querySelector({selector}).getBoundingClientRect(); return Math.round(2 * (width + height))"
    );
    user.run_script(&script).await.as_u64().expect("a length")
}

#[tokio::test]
async fn the_focused_element_has_a_visible_ring_in_forced_colors() {
    let ines = open_as_ines(Device::DESKTOP).await;
    for color_scheme in ["dark", "light"] {
        force_colors(&ines, color_scheme).await;
        // The focused element, and the element that shows the focus.
        for (page, focus, shown) in [
            ("/today", "a[href='/habits']", "[data-here]"),
            ("/today", "[role=checkbox]:has(.completion-title)", "[data-here]"),
            ("/today", "form[action='/sign-out'] button", "[data-here]"),
            ("/habits", "#title", "[data-here]"),
            ("/habits", "main button[type=submit]", "[data-here]"),
            ("/habits", ".pill input", "[data-here] + span"),
            ("/calendar", ".cell[aria-current]", "[data-here]"),
        ] {
            ines.visit(page).await;
            tab_to(&ines, focus).await;
            ines.run_script("document.activeElement.dataset.here = ''; return 1").await;
            let ring = count_changed_pixels(&ines, shown, "document.activeElement.blur(); return 1").await;
            let perimeter = perimeter(&ines, shown).await;
            assert!(
                ring >= perimeter,
                "{focus} of {page} in {color_scheme} forced colors: {ring} pixels, and the perimeter is {perimeter}"
            );
        }
        // The arrow keys move the focus from today to the other days.
        ines.visit("/calendar").await;
        tab_to(&ines, ".cell[aria-current]").await;
        let done = ".cell[data-complete]:not([aria-current])";
        ines.run_script(&format!("document.querySelector({}).focus(); return 1", json!(done))).await;
        let ring = count_changed_pixels(&ines, done, "document.activeElement.blur(); return 1").await;
        let perimeter = perimeter(&ines, done).await;
        assert!(ring >= perimeter, "a completed day, {color_scheme}: {ring} pixels, and the perimeter is {perimeter}");
    }
}

#[tokio::test]
async fn the_check_notices_a_missing_focus_ring() {
    let ines = open_as_ines(Device::DESKTOP).await;
    force_colors(&ines, "dark").await;
    ines.visit("/habits").await;
    tab_to(&ines, "#title").await;
    ines.run_script("document.activeElement.style.outline = 'none'; return 1").await;
    // The blinking caret changes pixels, too.
    let caret = count_changed_pixels(&ines, "#title", "document.activeElement.blur(); return 1").await;
    assert!(caret < 100, "{caret} pixels");
}

#[tokio::test]
async fn a_completed_day_is_distinguishable_in_forced_colors() {
    let ines = open_as_ines(Device::DESKTOP).await;
    for color_scheme in ["dark", "light"] {
        force_colors(&ines, color_scheme).await;
        ines.visit("/calendar").await;
        let complete = ".cell[data-complete]:not([aria-current], .is-open)";
        ines.run_script(&format!("document.querySelector({}).dataset.here = ''; return 1", json!(complete))).await;
        let open = "document.querySelector('[data-here]').removeAttribute('data-complete'); return 1";
        let mark = count_changed_pixels(&ines, "[data-here]", open).await;
        assert!(mark >= 100, "in {color_scheme} forced colors only {mark} pixels mark a completed day");
    }
}

#[tokio::test]
async fn on_a_phone_the_sheet_of_a_day_is_visible_in_forced_colors() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.browser.resize((390, 844)).await;
    ines.visit("/calendar").await;
    ines.press_at("today", "//a[@data-date-key][@aria-current='date']").await;
    ines.wait_for_text("Close").await;
    for color_scheme in ["dark", "light"] {
        force_colors(&ines, color_scheme).await;
        assert_eq!(find_invisible(&ines).await, [""; 0], "in {color_scheme} forced colors");
    }
}

#[tokio::test]
async fn the_check_finds_invisible_elements() {
    let ines = open_as_ines(Device::DESKTOP).await;
    force_colors(&ines, "dark").await;
    ines.visit("/habits").await;
    assert_eq!(find_invisible(&ines).await, [""; 0], "nothing is invisible before the change");
    // Black on black, regardless of the system's colors.
    let script = "for (const selector of ['h1', '#title']) {
        const { style } = document.querySelector(selector);
        style.forcedColorAdjust = 'none';
        style.color = style.background = style.borderColor = 'black';
    }";
    ines.browser.evaluate(script).await;
    let found = find_invisible(&ines).await;
    let has = |text: &str| found.iter().any(|line| line.contains(text));
    assert!(has("the text “Habits”") && has("the edge of <input"), "{found:#?}");
}

#[tokio::test]
async fn forced_colors_are_active() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let forced = "return matchMedia('(forced-colors: active)').matches";
    assert_eq!(ines.run_script(forced).await, Value::Bool(false));
    force_colors(&ines, "dark").await;
    assert_eq!(ines.run_script(forced).await, Value::Bool(true));
}
