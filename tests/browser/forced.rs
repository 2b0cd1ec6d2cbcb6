//! Pages under the system's own few colours, as people see them who chose high contrast: nothing vanishes, and what a colour
//! said is still said.
//!
//! The computed colours that axe reads are the page's own even then, so this looks at pictures of the page.

use fantoccini::Locator;
use serde_json::{Value, json};

use super::browser::Device;
use super::keyboard::tabs_to;
use super::person::Person;
use super::seeded::ines;

/// The system's colours instead of the page's, dark ones or light ones.
pub async fn forces(person: &Person, light: &str) {
    let features = [("forced-colors", "active"), ("prefers-color-scheme", light), ("prefers-reduced-motion", "reduce")];
    person.browser.prefers(&features).await;
}

/// The script that looks at pictures, with one of the page at hand in it.
async fn with_picture(person: &Person) -> String {
    let fixed = "const panel = document.querySelector('.is-sheet');
        return Boolean(panel && getComputedStyle(panel).position === 'fixed')";
    let whole = person.asks(fixed).await == false;
    let address = json!(format!("data:image/png;base64,{}", person.browser.picture(whole).await));
    include_str!("picture.js").replacen("src = ADDRESS", &format!("src = {address}"), 1)
}

/// Words, edges of controls and drawings that can hardly be seen in pictures of the page at hand. Of a long page the browser
/// may have left a part unpainted in one picture, so what is lost is lost in a second one, too.
pub async fn lost(person: &Person) -> Vec<String> {
    let first = lost_in_one(person).await;
    if first.is_empty() {
        return first;
    }
    let second = lost_in_one(person).await;
    first.into_iter().filter(|what| second.contains(what)).collect()
}

async fn lost_in_one(person: &Person) -> Vec<String> {
    let script = with_picture(person).await;
    serde_json::from_value(person.asks(&script).await).expect("the page says what is lost")
}

/// The part of all pixels in which two things differ clearly, compared from their left upper corners.
async fn difference(person: &Person, one: &str, other: &str) -> f64 {
    let (one, other) = (json!(one), json!(other));
    let script = with_picture(person).await;
    let (tools, _) = script.split_once("return loaded").expect("the script ends in what it answers");
    let compare = format!(
        "{tools}
        return loaded.then(() => {{
          const seen = pixels();
          const [one, other] = [{one}, {other}].map((way) => {{
            const found = document.querySelector(way);
            if (!found) throw new Error(`there is no ${{way}}`);
            return place(found.getBoundingClientRect(), seen);
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
    person.asks(&compare).await.as_f64().expect("a part of all pixels")
}

async fn are_told_apart(person: &Person, light: &str, one: &str, other: &str) {
    let difference = difference(person, one, other).await;
    assert!(difference > 0.03, "{one} looks like {other} in forced colours on {light}: {difference}");
}

#[tokio::test]
async fn what_was_done_chosen_and_looked_at_is_told_apart_without_the_pages_colours() {
    let ines = ines(Device::DESKTOP).await;
    for light in ["dark", "light"] {
        forces(&ines, light).await;
        ines.visits("/calendar").await;
        are_told_apart(&ines, light, ".cell[aria-current]", ".cell:not([aria-current], [data-complete])").await;
        ines.visits("/habits").await;
        ines.asks("document.querySelector('.pill input').checked = false; return 1").await;
        are_told_apart(&ines, light, ".pill input:checked + span", ".pill input:not(:checked) + span").await;
        ines.visits("/insights").await;
        let marks = ines.asks("return document.querySelectorAll('.legend li').length").await.as_u64().unwrap();
        assert!(marks >= 4, "{marks} marks are explained");
        for (one, other) in (1..=marks).flat_map(|one| (one + 1..=marks).map(move |other| (one, other))) {
            let mark = |number| format!(".legend li:nth-child({number}) svg");
            are_told_apart(&ines, light, &mark(one), &mark(other)).await;
        }
        ines.visits("/today").await;
        for state in ["true", "false"] {
            let other = if state == "true" { "false" } else { "true" };
            let one = format!("//button[@role='checkbox'][@aria-checked='{state}']");
            if ines.within("the ticks", ines.browser.client.find_all(Locator::XPath(&one))).await.is_empty() {
                ines.presses_at("a tick", &format!("//button[@role='checkbox'][@aria-checked='{other}']")).await;
            }
            ines.until("one of each", async || ines.shown(&one).await).await;
        }
        are_told_apart(&ines, light, "[aria-checked=true] > .box", "[aria-checked=false] > .box").await;
    }
}

/// How light each pixel of a thing and of a little around it is, row by row, in a picture of the page at hand.
async fn lights(person: &Person, way: &str) -> Vec<f64> {
    let script = with_picture(person).await;
    let (tools, _) = script.split_once("return loaded").expect("the script ends in what it answers");
    let look = format!(
        "{tools}
        return loaded.then(() => {{
          const seen = pixels();
          const {{ left, top, right, bottom }} = document.querySelector({}).getBoundingClientRect();
          const [around, fromX, fromY] = [6, Math.floor(left + scrollX), Math.floor(top + scrollY)];
          const lights = [];
          for (let y = fromY - around; y < bottom + scrollY + around; y += 1)
            for (let x = fromX - around; x < right + scrollX + around; x += 1)
              lights.push(x >= 0 && y >= 0 && x < seen.width && y < seen.height ? seen.at(x, y) : 0);
          return lights;
        }});",
        json!(way)
    );
    serde_json::from_value(person.asks(&look).await).expect("the page says how light it is")
}

/// How many pixels of a thing, with a little around it, change clearly when a script changes something about it.
async fn changed(person: &Person, way: &str, script: &str) -> u64 {
    let before = lights(person, way).await;
    person.asks(script).await;
    let after = lights(person, way).await;
    assert_eq!(before.len(), after.len(), "{way} stays where it is");
    let contrast = |one: f64, other: f64| (one.max(other) + 0.05) / (one.min(other) + 0.05);
    before.into_iter().zip(after).map(|(before, after)| u64::from(contrast(before, after) >= 3.0)).sum()
}

/// The way around a thing, in pixels.
async fn around(person: &Person, way: &str) -> u64 {
    let way = json!(way);
    let script = format!(
        "const {{ width, height }} = document.querySelector({way}).getBoundingClientRect(); return Math.round(2 * (width + height))"
    );
    person.asks(&script).await.as_u64().expect("a length")
}

#[tokio::test]
async fn what_has_the_focus_is_seen_by_a_ring_without_the_pages_colours() {
    let ines = ines(Device::DESKTOP).await;
    for light in ["dark", "light"] {
        forces(&ines, light).await;
        // Where somebody is by the keyboard, and what shows it.
        for (page, focus, shown) in [
            ("/today", "a[href='/habits']", "[data-here]"),
            ("/today", "[role=checkbox]:has(.tick-title)", "[data-here]"),
            ("/today", "form[action='/sign-out'] button", "[data-here]"),
            ("/habits", "#title", "[data-here]"),
            ("/habits", "main button[type=submit]", "[data-here]"),
            ("/habits", ".pill input", "[data-here] + span"),
            ("/calendar", ".cell[aria-current]", "[data-here]"),
        ] {
            ines.visits(page).await;
            tabs_to(&ines, focus).await;
            ines.asks("document.activeElement.dataset.here = ''; return 1").await;
            let ring = changed(&ines, shown, "document.activeElement.blur(); return 1").await;
            let least = around(&ines, shown).await;
            assert!(
                ring >= least,
                "{focus} of {page} in forced colours on {light}: {ring} pixels of {least} around it"
            );
        }
        // The arrow keys lead from today to the other days.
        ines.visits("/calendar").await;
        tabs_to(&ines, ".cell[aria-current]").await;
        let done = ".cell[data-complete]:not([aria-current])";
        ines.asks(&format!("document.querySelector({}).focus(); return 1", json!(done))).await;
        let ring = changed(&ines, done, "document.activeElement.blur(); return 1").await;
        let least = around(&ines, done).await;
        assert!(ring >= least, "a day on which all is done, on {light}: {ring} pixels of {least} around it");
    }
}

#[tokio::test]
async fn a_ring_that_is_not_drawn_is_missed() {
    let ines = ines(Device::DESKTOP).await;
    forces(&ines, "dark").await;
    ines.visits("/habits").await;
    tabs_to(&ines, "#title").await;
    ines.asks("document.activeElement.style.outline = 'none'; return 1").await;
    // What blinks where words would stand is no ring.
    let caret = changed(&ines, "#title", "document.activeElement.blur(); return 1").await;
    assert!(caret < 100, "{caret} pixels");
}

#[tokio::test]
async fn a_day_on_which_all_is_done_is_told_apart_without_the_pages_colours() {
    let ines = ines(Device::DESKTOP).await;
    for light in ["dark", "light"] {
        forces(&ines, light).await;
        ines.visits("/calendar").await;
        let complete = ".cell[data-complete]:not([aria-current], .is-open)";
        ines.asks(&format!("document.querySelector({}).dataset.here = ''; return 1", json!(complete))).await;
        let open = "document.querySelector('[data-here]').removeAttribute('data-complete'); return 1";
        let mark = changed(&ines, "[data-here]", open).await;
        assert!(mark >= 100, "in forced colours on {light} only {mark} pixels tell that all is done");
    }
}

#[tokio::test]
async fn on_a_phone_nothing_of_a_day_is_lost_in_front_of_its_month() {
    let ines = ines(Device::DESKTOP).await;
    ines.browser.resizes((390, 844)).await;
    ines.visits("/calendar").await;
    ines.presses_at("today", "//a[@data-date-key][@aria-current='date']").await;
    ines.sees("Close").await;
    for light in ["dark", "light"] {
        forces(&ines, light).await;
        assert_eq!(lost(&ines).await, [""; 0], "in forced colours on {light}");
    }
}

#[tokio::test]
async fn what_vanishes_is_found() {
    let ines = ines(Device::DESKTOP).await;
    forces(&ines, "dark").await;
    ines.visits("/habits").await;
    assert_eq!(lost(&ines).await, [""; 0], "nothing is lost before");
    // Black in black, whatever the system's colours are.
    let planted = "for (const lost of ['h1', '#title']) {
        const { style } = document.querySelector(lost);
        style.forcedColorAdjust = 'none';
        style.color = style.background = style.borderColor = 'black';
    }";
    ines.browser.runs(planted).await;
    let found = lost(&ines).await;
    let names = |words: &str| found.iter().any(|line| line.contains(words));
    assert!(names("the words “Habits”") && names("the edge of <input"), "{found:#?}");
}

#[tokio::test]
async fn the_colours_of_the_system_are_in_force() {
    let ines = ines(Device::DESKTOP).await;
    let forced = "return matchMedia('(forced-colors: active)').matches";
    assert_eq!(ines.asks(forced).await, Value::Bool(false));
    forces(&ines, "dark").await;
    assert_eq!(ines.asks(forced).await, Value::Bool(true));
}
