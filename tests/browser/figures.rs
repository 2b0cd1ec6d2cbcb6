//! The page of a habit: its year on paper, and the charts of all its time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::browser::Device;
use super::seeded::open_as_ines;

#[tokio::test]
async fn a_habits_year_prints_in_light_colors_on_one_sheet_without_navigation() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/habits").await;
    ines.press("Stretch before coffee").await;
    ines.wait_for_text("Best streaks").await;
    ines.run_script("document.documentElement.dataset.theme = 'dark'; return 1").await;
    let visible =
        "return [...document.querySelectorAll('.side, .banner, .head-actions, details, h1, h2, .months, .figures')]
        .filter((element) => element.getClientRects().length)
        .map((element) => element.id || element.className)";
    let background = "return getComputedStyle(document.documentElement).backgroundColor";
    assert_eq!(ines.run_script(background).await, "rgb(17, 17, 17)");
    ines.browser.emulate_paper(true).await;
    assert_eq!(ines.run_script(visible).await, json!(["page-title", "figures", "year", "months", "best-streaks"]));
    assert_eq!(ines.run_script(background).await, "rgb(255, 255, 255)");
    let pdf = STANDARD.decode(ines.browser.print().await).expect("base64");
    let pages = pdf.windows(12).filter(|part| part.starts_with(b"/Type /Page") && part[11] != b's').count();
    assert_eq!(pages, 1);
    ines.browser.emulate_paper(false).await;

    // Elsewhere, too, paper shows what is done, also without backgrounds, and nothing to press.
    let printed = "return [getComputedStyle(document.querySelector('main')).printColorAdjust,
        [...document.querySelectorAll('.side, .banner, .toast, .button, .quiet, .menu-button, .handle, .new-habit, summary')]
            .filter((element) => element.checkVisibility()).map((element) => element.outerHTML.slice(0, 80))]";
    for path in ["/today", "/calendar", "/habits", "/insights"] {
        ines.visit(path).await;
        ines.browser.emulate_paper(true).await;
        assert_eq!(ines.run_script(printed).await, json!(["exact", []]), "{path} on paper");
        ines.browser.emulate_paper(false).await;
    }
    ines.visit("/habits").await;
    ines.press("Stretch before coffee").await;
    let shown = "return document.querySelector('[data-print]').getClientRects().length";
    assert_eq!(ines.run_script(shown).await, 1, "a script can print");
}

#[tokio::test]
async fn without_javascript_nothing_offers_to_print_and_links_choose_the_periods_of_the_history() {
    let ines = open_as_ines(Device::PHONE.without_javascript()).await;
    ines.visit("/habits").await;
    ines.press("Stretch before coffee").await;
    ines.wait_for_text("Best streaks").await;
    let shown = "return document.querySelector('[data-print]').getClientRects().length";
    assert_eq!(ines.run_script(shown).await, 0);
    let bars = "return document.querySelectorAll('[aria-labelledby=history] rect.chart-bar').length";
    let by_month = ines.run_script(bars).await.as_u64().unwrap();
    ines.press("Week").await;
    ines.wait_until("more bars", async || Ok((ines.run_script(bars).await.as_u64() > Some(by_month)).then_some(())))
        .await;
    let current = "return document.querySelector('.choices [aria-current]').textContent";
    assert_eq!(ines.run_script(current).await, "Week");
}
