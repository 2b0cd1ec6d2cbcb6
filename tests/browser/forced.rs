//! Pages under the system's own few colours, as people see them who chose high contrast: nothing vanishes, and what a colour
//! said is still said.
//!
//! The computed colours that axe reads are the page's own even then, so this looks at pictures of the page.

use fantoccini::Locator;
use serde_json::{Value, json};

use super::browser::Device;
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
