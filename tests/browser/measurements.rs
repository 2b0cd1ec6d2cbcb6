//! Numbers that say how much of a page is at hand, printed as a table with `ATLAS_TESTS=long`. What must not get worse has a test of
//! its own beside its page.

use serde_json::Value;

use super::browser::Device;
use super::page_checks::long_tests_enabled;
use super::seeded::open_as_ines;

const PAGES: [&str; 7] =
    ["/today", "/calendar", "/habits", "/insights", "/account", "/account/preferences", "/account/data"];

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
