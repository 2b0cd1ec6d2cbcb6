//! The rows of /today and /yesterday: how many fit on a screen, the days before, and what may be changed.

use serde_json::{Value, json};

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::captive_network::open_behind_proxy;
use super::meddling_proxy::MeddlingProxy;
use super::offline::{QUEUE_LENGTH, wait_for_cached_today, wait_for_pending};
use super::seeded::open_as_ines;

const HABIT: &str = "Stretch before coffee";

/// Sets which past days Ines may edit, and loads the page again.
async fn set_backfill(ines: &BrowserUser, backfill: &str) {
    let save = format!(
        "return fetch('/api/account', {{ method: 'PUT', headers: {{ 'Content-Type': 'application/json' }},
        body: JSON.stringify({}) }}).then((response) => response.ok)",
        json!({ "backfill": backfill })
    );
    assert_eq!(ines.run_script(&save).await, true);
    ines.reload().await;
}

async fn create_habits(ines: &BrowserUser, titles: &[&str]) {
    let create = format!(
        "return (async () => {{ for (const title of {}) await fetch('/api/habits', {{ method: 'POST',
        headers: {{ 'Content-Type': 'application/json' }}, body: JSON.stringify({{ title, weekdays: [1, 2, 3, 4, 5, 6, 7] }}) }}) }})()",
        json!(titles)
    );
    ines.run_script(&create).await;
    ines.reload().await;
}

/// Gives habits a group and a time of day, and divides the lists of days by `grouping`.
pub async fn group_habits(ines: &BrowserUser, labels: &[(&str, &str, &str)], grouping: &str) {
    let script = format!(
        "const put = (path, body) => fetch(path, {{ method: 'PUT', headers: {{ 'Content-Type': 'application/json' }},
            body: JSON.stringify(body) }});
        return fetch('/api/habits').then((response) => response.json()).then(async ({{ data }}) => {{
          for (const [title, group, timeOfDay] of {}) {{
            const {{ id }} = data.habits.find((habit) => habit.title === title);
            await put(`/api/habits/${{id}}`, {{ group, timeOfDay }});
          }}
          return (await put('/api/account', {{ groupDayBy: '{grouping}' }})).ok;
        }})",
        json!(labels)
    );
    assert_eq!(ines.run_script(&script).await, true);
    ines.reload().await;
}

/// The XPath of the control for the day before the listed one.
fn last_day_of(title: &str) -> String {
    format!("//li[.//span[.='{title}']]//button[contains(@class, 'past-day')][last()]")
}

/// The name of the control for the day before the listed one, such as "Sun, Nov 29: done".
async fn last_day(ines: &BrowserUser, title: &str) -> String {
    let control = ines.wait_until("yesterday", async || ines.find_visible(&last_day_of(title)).await).await;
    ines.with_timeout("the name", control.attr("aria-label")).await.unwrap_or_default()
}

async fn wait_for_last_day(ines: &BrowserUser, title: &str, name: &str) {
    ines.wait_until(&format!("{name} of “{title}”"), async || {
        let control = ines.find_visible(&last_day_of(title)).await?;
        let Some(control) = control else { return Ok(None) };
        Ok((control.attr("aria-label").await?.as_deref() == Some(name)).then_some(()))
    })
    .await;
}

/// The name that a control has after it was pressed once.
fn toggled(name: &str) -> String {
    match name.strip_suffix(": not done") {
        Some(day) => format!("{day}: done"),
        None => name.replace(": done", ": not done"),
    }
}

/// Counts the rows that are entirely above a bar of 56 pixels at the bottom of a phone, without the banner, which production
/// doesn't have.
const VISIBLE_ROWS: &str = "document.querySelector('.banner')?.remove();
    const bottom = innerHeight - (innerWidth < 768 ? 56 : 0);
    return [...document.querySelectorAll('.completion-row')].filter((row) => row.getBoundingClientRect().bottom <= bottom).length";

/// The last request of a visit: the service worker fetches what the list of a new day is drawn from.
const LAST_REQUEST: &str = "GET /api/habits?recentDays=true";

async fn wait_for_last_request(ines: &BrowserUser, proxy: &MeddlingProxy) {
    ines.wait_until("the last request", async || {
        Ok(proxy.last_request().is_some_and(|request| request == LAST_REQUEST).then_some(()))
    })
    .await;
}

/// Completes a habit for a day, or undoes that, as another device does.
async fn change_on_another_device(ines: &BrowserUser, control: &str) {
    let [habit, date, completed] = control.split(':').collect::<Vec<_>>()[..] else { panic!("{control}") };
    let body = json!({ "habitId": habit, "date": date, "completed": completed == "true" });
    let send = format!(
        "return fetch('/api/completions', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }},
        body: JSON.stringify({body}) }}).then((response) => response.ok)"
    );
    assert_eq!(ines.run_script(&send).await, true);
}

/// The animation of the message that everything is done.
const CELEBRATION: &str = "return getComputedStyle(document.querySelector('.all-done')).animationName";

/// Whether the bar at the bottom of a phone is in front of everything, even where a past day of a row is behind it.
const IS_BAR_IN_FRONT: &str = "const { top, width } = document.querySelector('.side').getBoundingClientRect();
    const day = document.querySelector('.completion-row:nth-child(20) .past-day:last-child');
    scrollBy(0, day.getBoundingClientRect().top - top + 5);
    const { left, right } = day.getBoundingClientRect();
    const isInFront = Boolean(document.elementFromPoint((left + right) / 2, top + 20).closest('.side'));
    scrollTo(0, 0);
    return isInFront && width === innerWidth";

#[tokio::test]
async fn ten_rows_fit_on_a_phone_and_fourteen_on_a_desktop_and_nothing_moves_while_habits_are_completed() {
    let (ines, proxy) = open_behind_proxy(Device::PHONE).await;
    let titles: Vec<String> =
        (1..=30).map(|number| format!("Habit number {number} with a rather long title")).collect();
    create_habits(&ines, &titles.iter().map(String::as_str).collect::<Vec<_>>()).await;
    set_backfill(&ines, "week").await;
    wait_for_last_request(&ines, &proxy).await;
    proxy.take_requests();
    ines.visit("/today").await;
    wait_for_last_request(&ines, &proxy).await;
    assert_eq!(proxy.take_requests(), ["GET /today", LAST_REQUEST], "the requests of a return visit");
    let visible = ines.run_script(VISIBLE_ROWS).await;
    assert!(visible.as_u64() >= Some(10), "{visible} rows are visible on a phone");
    assert_eq!(ines.run_script(IS_BAR_IN_FRONT).await, true, "no row covers the bar");
    ines.browser.resize((1280, 800)).await;
    let visible = ines.run_script(VISIBLE_ROWS).await;
    assert!(visible.as_u64() >= Some(14), "{visible} rows are visible on a desktop");

    ines.browser.resize((390, 844)).await;
    ines.reload().await;
    ines.run_script(
        "window.shifts = []; const isInPage = ({ node }) => node?.parentElement?.closest('body > :not(.toast)');
        new PerformanceObserver((list) => shifts.push(...list.getEntries().filter(({ sources }) => sources.some(isInPage))
            .map(({ value, sources }) => `${value} ${sources[0].node.outerHTML}`))).observe({ type: 'layout-shift', buffered: true });
        return 1",
    )
    .await;
    ines.toggle_completion(HABIT).await;
    ines.wait_for_done(HABIT, true).await;
    let yesterday = last_day(&ines, HABIT).await;
    ines.press_at("yesterday", &last_day_of(HABIT)).await;
    wait_for_last_day(&ines, HABIT, &toggled(&yesterday)).await;
    let control = ines.find_visible(&last_day_of(HABIT)).await.unwrap().unwrap();
    change_on_another_device(&ines, &control.attr("value").await.unwrap().unwrap()).await;
    ines.browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))").await;
    wait_for_last_day(&ines, HABIT, &yesterday).await;
    let complete_all =
        "for (const row of document.querySelectorAll('.completion[aria-checked=false]')) row.click(); return 1";
    ines.run_script(complete_all).await;
    ines.wait_for_text("All done for today").await;
    ines.wait_for_text("Open calendar").await;
    ines.wait_for_text("View insights").await;
    assert_eq!(ines.run_script("return shifts").await, json!([]), "the layout never shifts");
    for (motion, animation) in [("no-preference", "settle"), ("reduce", "none")] {
        ines.browser.emulate_media(&[("prefers-reduced-motion", motion)]).await;
        assert_eq!(ines.run_script(CELEBRATION).await, animation, "{motion}");
    }
}

/// Returns what large text breaks: elements that are cut off, and rows whose days have no room.
const BROKEN_BY_LARGE_TEXT: &str = "return [...document.querySelectorAll('main *')]
    .filter((element) => element.getClientRects().length && !element.closest('.unseen'))
    .filter((element) => { const { left, right } = element.getBoundingClientRect(); return left < -0.5 || right > innerWidth + 0.5 })
    .map((element) => element.outerHTML.slice(0, 100))";

/// The narrowest title, in relation to the size of its text: the heading, or that of a habit.
const NARROWEST_TITLE: &str = "return Math.min(...[...document.querySelectorAll('h1, .completion-title')]
    .map((title) => title.getBoundingClientRect().width / parseFloat(getComputedStyle(title).fontSize)))";

#[tokio::test]
async fn large_text_shows_fewer_days_and_cuts_nothing_off() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let count_days = "const row = document.querySelector('.completion-row');
        return [...row.querySelectorAll('.past-day')].filter((day) => day.checkVisibility()).length";
    let mut counts = Vec::new();
    for (screen, percent) in
        [((1280, 800), 100), ((390, 844), 100), ((390, 844), 200), ((390, 844), 400), ((320, 568), 100)]
    {
        ines.browser.resize(screen).await;
        ines.run_script(&format!("document.documentElement.style.fontSize = '{percent}%'; return 1")).await;
        assert_eq!(ines.run_script(BROKEN_BY_LARGE_TEXT).await, json!([]), "{screen:?} at {percent} %");
        counts.push(ines.run_script(count_days).await);
        let narrowest = ines.run_script(NARROWEST_TITLE).await.as_f64().unwrap();
        assert!(narrowest > 2.5 || percent > 200, "a title is {narrowest} em wide on {screen:?} at {percent} %");
    }
    assert_eq!(counts, [6, 4, 4, 2, 4].map(Value::from));
}

#[tokio::test]
async fn days_are_changed_by_keyboard_alone_and_the_change_is_undone() {
    let ines = open_as_ines(Device::DESKTOP).await;
    set_backfill(&ines, "week").await;
    let name = last_day(&ines, HABIT).await;
    let focused =
        "const { activeElement: focus } = document; return focus.getAttribute('aria-label') ?? focus.innerText";
    ines.run_script("document.querySelector('.completion').focus(); return 1").await;
    for (key, expected) in
        [("ArrowRight", ": "), ("ArrowLeft", HABIT), ("ArrowDown", "Read 10 pages"), ("ArrowUp", HABIT)]
    {
        ines.browser.press_key(key).await;
        let focus = ines.run_script(focused).await;
        assert!(focus.as_str().unwrap().contains(expected), "{key} leads to {focus}");
    }
    // Six days later is yesterday; the next stop is the link to the habit.
    for _ in 0..6 {
        ines.browser.press_key("ArrowRight").await;
    }
    assert_eq!(ines.run_script(focused).await, name);
    ines.browser.press_key(" ").await;
    wait_for_last_day(&ines, HABIT, &toggled(&name)).await;
    ines.wait_for_text(&format!("done for {}.", name.split(':').next().unwrap())).await;
    ines.reload().await;
    wait_for_last_day(&ines, HABIT, &toggled(&name)).await;

    ines.press_at("yesterday", &last_day_of(HABIT)).await;
    wait_for_last_day(&ines, HABIT, &name).await;
    ines.press("Undo").await;
    wait_for_last_day(&ines, HABIT, &toggled(&name)).await;
    ines.run_script("document.activeElement.closest('.completion-row').querySelector('.completion').focus(); return 1")
        .await;
    // The Tab key leads from row to row.
    ines.browser.press_key("Tab").await;
    let next = ines.run_script("return document.activeElement.innerText").await;
    assert!(next.as_str().unwrap().contains("Read 10 pages"), "the Tab key leads to {next}");
    ines.press_at("the details", &format!("//a[@aria-label='Details of {HABIT}']")).await;
    ines.wait_for_text("By day of the week").await;
}

/// Notes which sections are open once the page has been read, before any module runs and anything is painted.
const NOTE_OPEN_SECTIONS: &str = "document.addEventListener('readystatechange', () => {
    const note = () => window.openAtFirst = [...document.querySelectorAll('[data-section] > details[open]')]
        .map((details) => details.parentElement.dataset.section);
    if (document.readyState === 'interactive') queueMicrotask(note);
})";

/// Browsers tell scripts of a folded section a moment later.
pub async fn wait_for_folded(ines: &BrowserUser, name: &str) {
    let is_stored = format!("return (localStorage.getItem('atlas-folded-sections') ?? '').includes('{name}')");
    ines.wait_until(name, async || Ok((ines.run_script(&is_stored).await == true).then_some(()))).await;
}

#[tokio::test]
async fn sections_of_today_keep_count_stay_folded_from_the_first_paint_on_and_are_crossed_by_keyboard() {
    let ines = open_as_ines(Device::PHONE).await;
    create_habits(&ines, &["Sing"]).await;
    group_habits(&ines, &[(HABIT, "Mornings", ""), ("Read 10 pages", "Books", ""), ("Sing", "Books", "")], "nothing")
        .await;
    ines.press_at("Group by", "//button[@aria-label='Group by']").await;
    ines.press("Group").await;
    ines.wait_for_text("Showing your groups.").await;
    let count = "const count = document.querySelector('[data-section=Books] .section-count');
        return [count.textContent, count.nextElementSibling.textContent]";
    let before = ines.run_script(count).await;
    ines.toggle_completion("Sing").await;
    ines.wait_for_done("Sing", true).await;
    let after = json!([["1/2", "1 of 2 done"], ["2/2", "2 of 2 done"]][usize::from(before[0] == "1/2")]);
    assert_eq!(ines.run_script(count).await, after, "from {before}");

    let next_section = format!(
        "[...document.querySelectorAll('.completion')].find((row) => row.innerText.includes('{HABIT}')).focus(); return 1"
    );
    let focused = "return document.activeElement.closest('[data-section]').dataset.section";
    ines.run_script(&next_section).await;
    ines.browser.press_key("ArrowDown").await;
    assert_eq!(ines.run_script(focused).await, "Books");
    ines.press_at("Books", "//section[@data-section='Books']//summary").await;
    wait_for_folded(&ines, "group books").await;
    ines.run_script(&next_section).await;
    ines.browser.press_key("ArrowDown").await;
    assert_eq!(ines.run_script(focused).await, "Mornings", "no row of a folded section gets the focus");

    ines.browser.run_on_new_pages(NOTE_OPEN_SECTIONS).await;
    for path in ["/today", "/yesterday"] {
        ines.visit(path).await;
        assert_eq!(ines.run_script("return openAtFirst").await, json!(["Mornings"]), "{path}");
    }
    ines.visit("/habits").await;
    assert_eq!(ines.run_script("return openAtFirst").await, json!(["Mornings", "Books"]), "another list");
    ines.press_at("Mornings", "//section[@data-section='Mornings']//summary").await;
    wait_for_folded(&ines, "habits mornings").await;
    ines.reload().await;
    assert_eq!(ines.run_script("return openAtFirst").await, json!(["Books"]));
    ines.visit("/insights").await;
    ines.sign_out().await;
    assert_eq!(ines.run_script("return Object.keys(localStorage)").await, json!([]), "signing out forgets the groups");
}

#[tokio::test]
async fn a_day_is_changed_without_javascript_and_yesterday_has_its_own_page() {
    for device in [Device::PHONE.without_javascript(), Device::DESKTOP] {
        let ines = open_as_ines(device).await;
        set_backfill(&ines, "week").await;
        let name = last_day(&ines, HABIT).await;
        ines.press_at("yesterday", &last_day_of(HABIT)).await;
        wait_for_last_day(&ines, HABIT, &toggled(&name)).await;
        ines.press("Yesterday").await;
        ines.wait_for_path("/yesterday").await;
        ines.wait_for_done(HABIT, name.ends_with("not done")).await;
        ines.toggle_completion(HABIT).await;
        ines.wait_for_done(HABIT, !name.ends_with("not done")).await;
        if device.has_javascript {
            ines.wait_for_text("Marked as").await;
        }
        ines.press_at("the link to today", "//main//a[normalize-space()='Today']").await;
        ines.wait_for_path("/today").await;
        wait_for_last_day(&ines, HABIT, &name).await;
    }
}

#[tokio::test]
async fn a_day_is_skipped_and_then_done_after_all() {
    let mut ines = open_as_ines(Device::PHONE).await;
    let habits = ines.run_script("return document.querySelectorAll('.completion').length").await.as_u64().unwrap();
    create_habits(&ines, &["Stretch again"]).await;
    let due = |count: u64| format!("of {count} done");
    ines.wait_for_text(&due(habits + 1)).await;
    ines.press_at("the details", "//a[@aria-label='Details of Stretch again']").await;
    ines.press("Skip today").await;
    ines.wait_for_text("Skipped.").await;
    ines.wait_for_text("Undo skip").await;
    ines.visit("/today").await;
    ines.wait_for_text(&due(habits)).await;
    ines.toggle_completion("Stretch again").await;
    ines.wait_for_text(&due(habits + 1)).await;
    ines.wait_for_text("Marked as done").await;
    ines.toggle_completion("Stretch again").await;
    ines.wait_for_text("Marked as not done").await;
    ines.wait_for_text(&due(habits + 1)).await;
    ines.press_at("the details", "//a[@aria-label='Details of Stretch again']").await;
    ines.wait_for_text("Skip today").await;
    ines.server.stop();
    ines.press("Skip today").await;
    ines.wait_for_text("You're offline. Skipping needs a connection.").await;
}

#[tokio::test]
async fn a_closed_day_says_why_and_links_to_the_setting() {
    let ines = open_as_ines(Device::PHONE).await;
    set_backfill(&ines, "grace").await;
    let first_day = format!("(//li[.//span[.='{HABIT}']]//button[contains(@class, 'past-day')])[3]");
    let control = ines.wait_until("a day", async || ines.find_visible(&first_day).await).await;
    let name = ines.with_timeout("the name", control.attr("aria-label")).await;
    ines.press_at("a closed day", &first_day).await;
    ines.wait_for_text("You can only edit today, and yesterday until 02:00").await;
    let link = "return document.querySelector('.closed-note a').getAttribute('href').startsWith('/account')";
    assert_eq!(ines.run_script(link).await, true);
    ines.browser.press_key("Escape").await;
    let is_open = "return document.querySelector('.closed-note').matches(':popover-open')";
    assert_eq!(ines.run_script(is_open).await, false);
    assert_eq!(
        ines.run_script("return document.activeElement.getAttribute('aria-label')").await,
        json!(name),
        "nothing changed"
    );
}

#[tokio::test]
async fn a_day_changed_offline_waits_and_is_sent_later() {
    let mut ines = open_as_ines(Device::PHONE).await;
    set_backfill(&ines, "week").await;
    wait_for_cached_today(&ines).await;
    let name = last_day(&ines, HABIT).await;
    ines.server.stop();
    ines.press_at("yesterday", &last_day_of(HABIT)).await;
    let waiting = format!("{}, not synced yet", toggled(&name));
    wait_for_last_day(&ines, HABIT, &waiting).await;
    ines.wait_for_text("It'll sync when you're back online").await;
    ines.reload().await;
    wait_for_last_day(&ines, HABIT, &waiting).await;
    wait_for_pending(&ines, 0).await;
    assert_eq!(ines.run_script(QUEUE_LENGTH).await, 1);

    ines.visit("/yesterday").await;
    ines.wait_for_text("This page needs a connection").await;
    ines.press("Go to Today").await;
    wait_for_last_day(&ines, HABIT, &waiting).await;
    ines.server.restart();
    wait_for_last_day(&ines, HABIT, &toggled(&name)).await;
    assert_eq!(ines.run_script(QUEUE_LENGTH).await, 0);
}
