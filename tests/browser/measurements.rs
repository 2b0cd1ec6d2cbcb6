//! Numbers that say how much of a page is at hand, printed as a table with `ATLAS_TESTS=long`. What must not get worse has a test of
//! its own beside its page.

use serde_json::Value;

use super::browser::Device;
use super::browser_user::{BrowserUser, completion_button_path};
use super::film::Film;
use super::habits::press_action;
use super::onboarding::film_first_run;
use super::page_checks::long_tests_enabled;
use super::seeded::open_as_ines;

const ACCOUNT_PARTS: [&str; 4] = ["/account", "/account/preferences", "/account/security", "/account/data"];

const PAGES: [&str; 8] = [
    "/today",
    "/calendar",
    "/habits",
    "/insights",
    ACCOUNT_PARTS[0],
    ACCOUNT_PARTS[1],
    ACCOUNT_PARTS[2],
    ACCOUNT_PARTS[3],
];

/// Where the first row of Today begins, how many rows fit above what covers the end of the screen, the size of the screen, and how
/// far the page moved by itself; for a page without such rows, nothing and zero.
const MEASURE: &str = "
    const rows = [...document.querySelectorAll('.completion-row')].map((row) => row.getBoundingClientRect());
    const bar = document.querySelector('.side')?.getBoundingClientRect();
    const end = bar && bar.top > innerHeight / 2 ? bar.top : innerHeight;
    const shifts = await new Promise((resolve) => {
        const seen = [];
        new PerformanceObserver((list) => seen.push(...list.getEntries())).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => resolve(seen), 300);
    });
    const page = performance.getEntriesByType('navigation')[0];
    const sent = performance.getEntriesByType('resource').filter((resource) => resource.transferSize > 0);
    return [
        rows.length ? Math.round(rows[0].top) : null,
        rows.filter((row) => row.bottom <= end).length,
        `${innerWidth} × ${innerHeight}`,
        shifts.reduce((sum, shift) => sum + shift.value, 0),
        page.encodedBodySize,
        1 + sent.length,
    ];";

/// Creates habits until there are thirty.
const CREATE_HABITS: &str = "
    const headers = { 'Content-Type': 'application/json' };
    for (let number = document.querySelectorAll('.completion-row').length; number < 30; number += 1) {
        const body = JSON.stringify({ title: `Practice piece ${number}`, weekdays: [1, 2, 3, 4, 5, 6, 7] });
        await fetch('/api/habits', { method: 'POST', headers, body });
    }";

#[tokio::test]
async fn what_a_page_takes_is_measured_on_a_phone_and_on_a_desktop() {
    if !long_tests_enabled() {
        return;
    }
    let mut table = vec!["screen · page · first row · rows · layout shift · bytes · requests on return".to_owned()];
    for device in [Device::PHONE, Device::DESKTOP] {
        let ines = open_as_ines(device).await;
        ines.run_script(&format!("return (async () => {{ {CREATE_HABITS} }})()")).await;
        for path in PAGES {
            ines.visit(path).await;
            ines.visit(path).await;
            let measured = ines.run_script(&format!("return (async () => {{ {MEASURE} }})()")).await;
            let Value::Array(values) = measured else { panic!("{path}: {measured}") };
            let [top, rows, screen, shift, bytes, requests] = &values[..] else { panic!("{path}: {values:?}") };
            let screen = screen.as_str().unwrap();
            table.push(format!("{screen} · {path} · {top} px · {rows} · {shift} · {bytes} · {requests}"));
        }
    }
    eprintln!("{}", table.join("\n"));
}

#[tokio::test]
async fn what_common_tasks_take_is_counted_on_a_phone() {
    if !long_tests_enabled() {
        return;
    }
    let (pages, clicks) = film_first_run(Device::PHONE).await;
    let mut table = vec![format!("from the landing page to the first completion: {pages} pages, {clicks} taps")];
    let ines = open_as_ines(Device::PHONE).await;
    let (_, taps) = film_daily_core(&ines).await.counts();
    table.push(format!("open Atlas and complete three habits: {taps} taps"));

    ines.visit("/today").await;
    let mut film = Film::start(&ines);
    film.click("Yesterday").await;
    film.wait_for_page("Yesterday").await;
    table.push(format!("from Today to yesterday: {} tap", film.counts().1));
    ines.visit("/today").await;
    let mut film = Film::start(&ines);
    film.click_at("the habit", "//a[@aria-label='Details of Read 10 pages']").await;
    film.wait_for_page("Read 10 pages").await;
    table.push(format!("from Today to a habit's page: {} tap", film.counts().1));

    ines.visit("/habits").await;
    press_action(&ines, "Read 10 pages", "Edit").await;
    ines.wait_for_text("Changes apply from today").await;
    let distance = "const row = document.querySelector('[data-habit-title=\"Read 10 pages\"]');
        const [line, form] = ['.habit-line', '.row-form'].map((part) => row.querySelector(part).getBoundingClientRect());
        return [Math.round(form.top - line.bottom), document.activeElement.id]";
    table.push(format!("from a row to its form, and the focus: {}", ines.run_script(distance).await));
    for path in ACCOUNT_PARTS {
        ines.visit(path).await;
        let height = ines.run_script("return document.querySelector('main').scrollHeight").await;
        table.push(format!("height of {path}: {height} px"));
    }
    eprintln!("{}", table.join("\n"));
}

/// Opens Atlas by its icon, and completes three habits.
async fn film_daily_core(user: &BrowserUser) -> Film<'_> {
    let mut film = Film::start(user);
    film.note_click("the icon of Atlas");
    user.visit("/today").await;
    film.wait_for_page("Today").await;
    for title in ["Stretch before coffee", "Read 10 pages", "Portuguese vocabulary"] {
        film.click_at(title, &completion_button_path(title)).await;
        user.wait_for_done(title, true).await;
    }
    film
}
