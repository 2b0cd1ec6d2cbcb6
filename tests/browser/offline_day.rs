//! Pages that were left open over midnight, and the list of a new day without a server.

use atlas::domain::habits::habit::HabitPlan;
use atlas::domain::{Day, Frequency, Habit, HabitId, Title, Weekdays, Window};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::amounts::create_amount_habit;
use super::browser::Device;
use super::browser_user::BrowserUser;
use super::captive_network::open_behind_proxy;
use super::completion_window::module_address;
use super::meddling_proxy::MeddlingProxy;
use super::offline::{wait_for_cached_today, wait_for_pending};
use super::seeded::open_as_ines;
use super::server::Server;
use super::week::group_habits;

const HABIT: &str = "Stretch before coffee";

/// Moves the clock of the open page by a day, until it is loaded again.
const NEXT_DAY: &str = "{ const Real = Date; globalThis.Date = class extends Real {
    constructor(...parts) { parts.length > 0 ? super(...parts) : super(Real.now() + 86400000); }
    static now() { return Real.now() + 86400000; }
} }";

async fn shown_day(user: &BrowserUser) -> String {
    let day = user.run_script("return document.querySelector('[data-day]').dataset.day").await;
    day.as_str().expect("the page shows a day").to_owned()
}

/// Opens the list as it was some days ago, and waits until that one is stored for offline use.
async fn store_list_of(days_ago: i32, ines: &BrowserUser, proxy: &MeddlingProxy, today: &str) {
    let (today, earlier) = (today.to_owned(), Day::parse(today).unwrap().add_days(-days_ago).to_string());
    let stored_day = format!(
        "return caches.open('atlas-pages').then((pages) => pages.match('/today')).then((page) => page.text())
            .then((html) => html.includes('data-day=\"{earlier}\"') && html.includes('stored-habits'))"
    );
    proxy.change("GET /today", move |page| String::from_utf8(page).unwrap().replace(&today, &earlier).into_bytes());
    // The stored list is replaced by the first page that was opened with it.
    ines.visit("/today").await;
    ines.wait_until("the earlier list to be stored", async || {
        Ok((ines.run_script(&stored_day).await == true).then_some(()))
    })
    .await;
}

#[tokio::test]
async fn a_page_that_was_left_open_over_midnight_loads_again_when_it_becomes_visible() {
    let ines = open_as_ines(Device::PHONE).await;
    for path in ["/today", "/calendar"] {
        ines.visit(path).await;
        ines.wait_for_text(HABIT).await;
        ines.run_script("window.isSamePage = true; return 1").await;
        let show = "document.dispatchEvent(new Event('visibilitychange'))";
        ines.browser.evaluate(show).await;
        assert_eq!(ines.run_script("return window.isSamePage === true").await, true, "{path}: the day has not turned");
        ines.browser.evaluate(&format!("{NEXT_DAY} {show}")).await;
        ines.wait_until("the new page", async || {
            Ok((ines.run_script("return window.isSamePage === true").await == false).then_some(()))
        })
        .await;
    }
}

/// Keeps the timers of pages that would run out after more than a second, so that the test decides when they do.
const HOLD_TIMERS: &str = "{ const start = globalThis.setTimeout; globalThis.heldTimers = [];
    globalThis.setTimeout = (run, delay, ...rest) =>
        delay > 1000 ? heldTimers.push({ run, delay }) : start(run, delay, ...rest); }";
const RUN_TIMERS: &str = "for (const { run } of heldTimers.splice(0)) run();";

#[tokio::test]
async fn a_page_that_stays_open_over_midnight_turns_to_the_new_day_by_itself() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.browser.run_on_new_pages(HOLD_TIMERS).await;
    for path in ["/today", "/yesterday", "/calendar"] {
        ines.visit(path).await;
        ines.run_script("window.isSamePage = true; return 1").await;
        let is_same_page = "return window.isSamePage === true";
        let has_timer = "return heldTimers.some(({ delay }) => delay <= 15 * 60 * 1000)";
        let wait_for_timer = async || {
            ines.wait_until("a timer", async || Ok((ines.run_script(has_timer).await == true).then_some(()))).await;
        };
        wait_for_timer().await;
        ines.browser.evaluate(RUN_TIMERS).await;
        wait_for_timer().await;
        assert_eq!(ines.run_script(is_same_page).await, true, "{path}: the day has not turned");
        ines.browser.evaluate(&format!("{NEXT_DAY} {RUN_TIMERS}")).await;
        ines.wait_until("the new page", async || Ok((ines.run_script(is_same_page).await == false).then_some(())))
            .await;
    }
}

#[tokio::test]
async fn a_tap_on_a_list_of_yesterday_is_stored_under_no_day() {
    let (ines, proxy) = open_behind_proxy(Device::PHONE).await;
    ines.browser.evaluate(NEXT_DAY).await;
    ines.toggle_completion(HABIT).await;
    ines.wait_for_text("A new day has begun, so nothing was changed").await;
    ines.wait_for_done(HABIT, false).await;

    // The clock of the device is wrong, and only the server knows that the day has turned.
    proxy.replace(
        "POST /api/completions",
        "HTTP/1.1 400 Bad Request\nContent-Type: application/json\nConnection: close\n\n\
         {\"ok\":false,\"error\":{\"code\":\"invalid_request\",\"message\":\"Refused\",\"fields\":[{\"field\":\"today\",\"message\":\"Refused\"}]}}",
    );
    ines.run_script("window.isSamePage = true; return 1").await;
    ines.toggle_completion(HABIT).await;
    ines.wait_until("the new page", async || {
        Ok((ines.run_script("return window.isSamePage === true").await == false).then_some(()))
    })
    .await;
    ines.wait_for_text("Refused").await;
}

/// Elements with their attributes, without what differs between days and devices.
const STRUCTURE: &str =
    "const describe = (element) => [element.tagName, [...element.attributes].map(({ name, value }) =>
        ['id', 'max', 'tabindex'].includes(name) ? name : `${name}=${value}`).sort(), [...element.children]
        .filter(({ className }) => !['completion-streak', 'notice', 'pending'].includes(className)).map(describe)];
    const rows = [...document.querySelectorAll('.completion-row')];
    return [describe(document.querySelector('.day')), document.querySelector('.past-names').textContent,
        rows.map((row) => row.querySelector('.completion-title').textContent),
        rows.map((row) => row.querySelector('.completion-streak')?.textContent ?? '')]";

#[tokio::test]
async fn offline_the_next_morning_the_list_is_that_of_the_new_day_and_completions_are_queued_for_it() {
    let (ines, proxy) = open_behind_proxy(Device::PHONE).await;
    wait_for_cached_today(&ines).await;
    create_amount_habit(&ines, "Drink water", 8, "glasses").await;
    group_habits(&ines, &[(HABIT, "", "evening"), ("Read 10 pages", "", "morning")], "time").await;
    let today = shown_day(&ines).await;
    let by_server = ines.run_script(STRUCTURE).await;
    assert!(by_server[0].to_string().contains("data-section=Evening"), "{by_server}");
    assert!(by_server[3].to_string().contains("-day streak"), "{by_server}");
    store_list_of(1, &ines, &proxy, &today).await;
    proxy.change("", |_| Vec::new());
    ines.visit("/today").await;
    ines.wait_for_text("You're offline. Today's list comes from your habits as of").await;
    assert_eq!(shown_day(&ines).await, today);
    ines.wait_for_text("-day streak").await;
    assert_eq!(ines.run_script(STRUCTURE).await, by_server, "the rows are those of the server");
    ines.toggle_completion(HABIT).await;
    wait_for_pending(&ines, 1).await;
    ines.reload().await;
    ines.wait_for_done(HABIT, true).await;
    wait_for_pending(&ines, 1).await;

    proxy.stop_meddling();
    ines.reload().await;
    ines.wait_for_text("All synced").await;
    assert_eq!(shown_day(&ines).await, today);
    ines.wait_for_done(HABIT, true).await;

    group_habits(&ines, &[], "nothing").await;
    // Two days have begun and ended since the list was stored. What happened on them is not known.
    store_list_of(3, &ines, &proxy, &today).await;
    proxy.change("", |_| Vec::new());
    ines.visit("/today").await;
    ines.wait_for_text("what you've done since then on other devices isn't shown").await;
    let names = format!(
        "const row = [...document.querySelectorAll('.completion-row')].find((row) => row.innerText.includes('{HABIT}'));
        return [...row.querySelectorAll('.past-day')].map((day) => day.ariaLabel.split(': ')[1])"
    );
    let names = ines.run_script(&names).await;
    let names: Vec<&str> = names.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(names[4..], ["unknown while offline"; 2]);
    assert_eq!(ines.run_script("return document.querySelectorAll('.day-section').length").await, 0);
    assert!(names[..4].iter().all(|name| ["done", "not done"].contains(name)), "{names:?}");
}

#[tokio::test]
async fn without_a_stored_list_an_old_one_is_no_longer_called_today() {
    let mut ines = open_as_ines(Device::DESKTOP).await;
    wait_for_cached_today(&ines).await;
    ines.run_script("return caches.delete('atlas-pages')").await;
    ines.server.stop();
    ines.browser.evaluate(&format!("{NEXT_DAY} document.dispatchEvent(new Event('visibilitychange'))")).await;
    let heading = "return document.querySelector('h1').textContent";
    ines.wait_until("another heading", async || Ok((ines.run_script(heading).await != "Today").then_some(()))).await;
}

#[tokio::test]
async fn the_browser_and_the_server_decide_alike_which_habits_are_due() {
    let user = BrowserUser::open(Device::DESKTOP, Server::start()).await;
    let address = module_address(&user, "due-habits").await;
    let start = Day::parse("2026-02-20").unwrap();
    let days: Vec<Day> = (0..30).map(|offset| start.add_days(offset)).collect();
    let habits: Vec<Habit> = (1..128_u16)
        .map(|bits| {
            let weekdays = Weekdays::parse((1..=7).filter(|number| bits >> (number - 1) & 1 == 1)).unwrap();
            let frequency = match bits % 4 {
                0 => Frequency::Times { times: 2, window: Window::CalendarWeek },
                1 => Frequency::EveryDays { days: bits % 9 + 1, anchor: start.add_days(i32::from(bits) - 64) },
                _ => Frequency::Weekdays,
            };
            let plan = HabitPlan {
                frequency,
                starts_on: (bits % 3 == 0).then(|| start.add_days(i32::from(bits % 7))),
                ends_on: (bits % 5 == 0).then(|| start.add_days(20)),
                ..HabitPlan::new(Title::parse("Read").unwrap(), weekdays)
            };
            let random = [u8::try_from(bits).unwrap(); 10];
            Habit::new(HabitId::generate(Timestamp::UNIX_EPOCH, random), plan, 0, start, Timestamp::UNIX_EPOCH)
        })
        .collect();
    let send = |habit: &Habit| {
        let (rule, start, end) = (habit.schedule.rule(), habit.schedule.start(), habit.ends_on());
        json!({ "id": habit.id, "weekdays": rule.weekdays, "frequency": rule.frequency, "startsOn": start, "endsOn": end })
    };
    let sent: Vec<Value> = habits.iter().map(send).collect();
    let script = format!(
        "return import({}).then(({{ listDueHabits }}) => {}.map((day) => listDueHabits({}, day).map(({{ id }}) => id)))",
        json!(address),
        json!(days),
        json!(sent),
    );
    let by_server: Vec<Vec<HabitId>> = days
        .iter()
        .map(|day| habits.iter().filter(|habit| habit.is_due(*day)).map(|habit| habit.id).collect())
        .collect();
    assert_eq!(user.run_script(&script).await, json!(by_server));
}
