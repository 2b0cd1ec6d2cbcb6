//! The calendar: months that take the same space, the intensity of a day, and the focus in the open day.

use serde_json::{Value, json};

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::seeded::open_as_ines;

/// Waits until a script returns `expected`.
async fn wait_for_result(user: &BrowserUser, what: &str, script: &str, expected: Value) {
    user.wait_until(&format!("{what}: {expected}"), async || {
        Ok((user.run_script(script).await == expected).then_some(()))
    })
    .await;
}

const FOCUSED_DAY: &str = "return document.activeElement.dataset.dateKey ?? ''";
const FOCUSED_ID: &str = "return document.activeElement.id";

#[tokio::test]
async fn months_of_four_to_six_weeks_take_the_same_space_and_slide_in_the_direction_of_time() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let boxes = "const box = (element) => element.getBoundingClientRect();
        return ['.month', '.streaks'].map((selector) => Math.round(box(document.querySelector(selector)).bottom))";
    // The names that a view transition pairs: of the space before the grid, of the grid, and of the space after it.
    let names = "const frame = document.querySelector('.month-frame');
        return [getComputedStyle(frame, '::before'), getComputedStyle(frame.querySelector('.month-grid')),
            getComputedStyle(frame, '::after')].map((style) => style.viewTransitionName)";
    for screen in [(1280, 900), (390, 844)] {
        ines.browser.resize(screen).await;
        let mut seen: Vec<(Value, Value)> = Vec::new();
        // From Monday on, these months have four, five, and six weeks; the next two follow on them.
        for month in ["2021-02", "2021-03", "2021-05", "2021-06", "2021-07"] {
            ines.visit(&format!("/calendar?month={month}")).await;
            seen.push((ines.run_script(boxes).await, ines.run_script(names).await));
        }
        assert!(seen.iter().all(|(boxes, _)| *boxes == seen[0].0), "{screen:?}: {seen:#?}");
        for at in [0, 2, 3] {
            let (earlier, later) = (&seen[at].1, &seen[at + 1].1);
            assert_eq!((&earlier[1], &earlier[2]), (&later[0], &later[1]), "the later month comes in from the right");
            assert!(earlier[1] != later[1] && earlier[1] != "none", "{earlier} {later}");
        }
    }
}

#[tokio::test]
async fn a_day_opens_with_the_focus_in_it_and_gives_the_focus_back() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let dialogs = "return document.querySelectorAll('[role=dialog]').length";
    for (screen, is_phone) in [((1280, 900), false), ((390, 844), true)] {
        ines.browser.resize(screen).await;
        ines.visit("/calendar?month=2026-02").await;
        for leave in ["Escape", "Close"] {
            ines.press_at("a day", "//a[@data-date-key='2026-02-05']").await;
            wait_for_result(&ines, "the focus", FOCUSED_ID, json!("open-day")).await;
            assert!(ines.current_url().await.ends_with("/calendar?month=2026-02&date=2026-02-05"));
            assert_eq!(ines.run_script(dialogs).await, u64::from(is_phone), "{screen:?}");
            match leave {
                "Escape" => ines.browser.press_key("Escape").await,
                _ => ines.press("Close").await,
            }
            wait_for_result(&ines, "the focus after it", FOCUSED_DAY, json!("2026-02-05")).await;
            assert_eq!(ines.run_script(dialogs).await, 0, "{screen:?}, {leave}");
        }
    }
    // The day that is open already only gets the focus.
    ines.browser.resize((1280, 900)).await;
    ines.visit("/calendar?month=2026-02&date=2026-02-05").await;
    ines.press_at("the open day", "//a[@data-date-key='2026-02-05']").await;
    wait_for_result(&ines, "the focus", FOCUSED_ID, json!("open-day")).await;
}

#[tokio::test]
async fn each_completion_raises_the_intensity_of_the_day_as_the_server_does() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/calendar").await;
    let level = "const { dataset } = document.querySelector('a[data-date-key][aria-current=date]');
        return [dataset.level, dataset.complete ?? '']";
    let open = "return document.querySelectorAll('[role=checkbox][aria-checked=false]').length";
    let total = ines.run_script(open).await.as_u64().expect("a number");
    assert!(total >= 2, "the demo has {total} habits today");
    for done in 1..=total {
        ines.press_at("a habit", "(//button[@role='checkbox'][@aria-checked='false'])[1]").await;
        wait_for_result(&ines, "habits to do", open, json!(total - done)).await;
        ines.wait_for_text("Marked as done").await;
        let drawn = ines.run_script(level).await;
        let saved = "return fetch('/api/completions?date=' + document.querySelector('[data-day]').dataset.day)
            .then((answer) => answer.json()).then(({ data }) => data.completions.length)";
        wait_for_result(&ines, "saved completions", saved, json!(done)).await;
        ines.reload().await;
        assert_eq!(ines.run_script(level).await, drawn, "{done} of {total}");
        let expected = if done == total { json!(["4", "true"]) } else { drawn.clone() };
        assert_eq!(drawn, expected);
    }
}
