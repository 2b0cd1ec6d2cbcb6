//! The completion window, decided by the browser and by the server.
//!
//! While the browser is offline, `assets/completion-window.js` decides which days may be changed; the server decides again, by
//! `check_editable`, when it receives the completion. The cases are generated in Rust: around every moment at which a window opens
//! or closes, in time zones with unusual offsets and clock changes, for every backfill setting. The module that the server
//! delivers decides the same cases in Chromium, and each result must be the same.

use std::fmt::Write as _;

use atlas::domain::accounts::preferences::Backfill;
use atlas::domain::habits::completion::check_editable;
use atlas::domain::habits::habit::HabitPlan;
use atlas::domain::{Day, Habit, HabitId, Refusal, Title, Weekdays, Zone};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::server::Server;

/// Both sides of the date line, offsets of half and quarter hours, and clocks that change at midnight, at one and at two, by an
/// hour and by half an hour.
const ZONES: [&str; 10] = [
    "UTC",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "America/Los_Angeles",
    "America/Havana",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Europe/Lisbon",
];

/// Ordinary days, a leap day, and the ends of a month and a year. The days on which a zone changes its clocks are added.
const DATES: [&str; 5] = ["2026-02-12", "2024-02-29", "2025-03-01", "2025-12-31", "2026-01-01"];

/// An instant in a time zone, with the days around it.
struct Case {
    zone: &'static str,
    now: Timestamp,
    days: Vec<Day>,
}

/// A habit that is scheduled for every day since long ago, so only the completion window matters.
fn daily_habit() -> Habit {
    let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::ALL);
    let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
    Habit::new(id, plan, 0, Day::parse("1970-01-01").unwrap(), Timestamp::UNIX_EPOCH)
}

/// The seconds around midnight and two o'clock on a date, and noon. A clock time that is skipped or repeated gives two instants.
fn boundaries(zone: &Zone, date: Date) -> Vec<Timestamp> {
    let clock_times = [date.at(0, 0, 0, 0), date.at(2, 0, 0, 0), date.at(12, 0, 0, 0)];
    let instants = clock_times.into_iter().flat_map(|time| {
        let instant = zone.time_zone().to_ambiguous_timestamp(time);
        [instant.earlier().unwrap(), instant.later().unwrap()]
    });
    instants.flat_map(|instant| [-1, 0, 1].map(|seconds| instant + SignedDuration::from_secs(seconds))).collect()
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in ZONES {
        let zone = Zone::parse(name).unwrap();
        let start = "2025-01-01T00:00:00Z".parse().unwrap();
        let clock_changes = zone.time_zone().following(start).take(2).map(|change| change.timestamp());
        let mut dates: Vec<Date> = DATES.iter().map(|date| date.parse().unwrap()).collect();
        dates.extend(clock_changes.map(|instant| zone.time_zone().to_datetime(instant).date()));
        for date in dates {
            let days: Vec<Day> =
                (-9..=2).filter_map(|offset: i32| Day::from_date(date.checked_add(offset.days()).unwrap())).collect();
            let mut instants = boundaries(&zone, date);
            instants.dedup();
            cases.extend(instants.into_iter().map(|now| Case { zone: name, now, days: days.clone() }));
        }
    }
    cases
}

/// What the server decides, in the words of the browser's rule.
fn server_decision(habit: &Habit, case: &Case, day: Day, backfill: Backfill) -> &'static str {
    match check_editable(habit, day, true, case.now, &Zone::parse(case.zone).unwrap(), backfill) {
        Ok(()) => "open",
        Err(Refusal::FutureDay) => "future",
        Err(Refusal::GracePeriodOver | Refusal::DayClosed(_)) => "closed",
        Err(other) => panic!("{day} is refused for another reason: {other}"),
    }
}

/// The cases that the browser and the server decide differently. `module` is a JavaScript expression for a promise of the module.
async fn differences(user: &BrowserUser, module: &str) -> Vec<String> {
    let (cases, habit) = (cases(), daily_habit());
    let backfills: Vec<Value> = Backfill::ALL.iter().map(|backfill| serde_json::to_value(backfill).unwrap()).collect();
    let input: Vec<Value> = cases.iter().map(|case| json!([case.zone, case.now.as_millisecond(), case.days])).collect();
    let script = format!(
        "return {module}.then(({{ checkCompletionWindow }}) => {input}.map(([zone, now, days]) => {backfills}.map((backfill) =>
            days.map((day) => checkCompletionWindow(day, new Date(now), zone, backfill)))))",
        input = json!(input),
        backfills = json!(backfills),
    );
    let decisions = user.run_script(&script).await;
    let mut differences = Vec::new();
    for (case, decisions) in cases.iter().zip(decisions.as_array().unwrap()) {
        for (backfill, decisions) in Backfill::ALL.iter().zip(decisions.as_array().unwrap()) {
            for (day, browser) in case.days.iter().zip(decisions.as_array().unwrap()) {
                let server = server_decision(&habit, case, *day, *backfill);
                if browser != server {
                    let Case { zone, now, .. } = case;
                    differences.push(format!("{day} at {now} in {zone} ({backfill:?}): {browser} ≠ {server}"));
                }
            }
        }
    }
    differences
}

/// The public address of a module that the page has loaded.
pub async fn module_address(user: &BrowserUser, name: &str) -> String {
    user.visit("/landing").await;
    let find = format!(
        "return performance.getEntriesByType('resource').map(({{ name }}) => name)
            .find((name) => name.includes('/assets/{name}.')) ?? ''"
    );
    let address = user.run_script(&find).await;
    address.as_str().filter(|address| !address.is_empty()).expect("the page loads the module").to_owned()
}

#[tokio::test]
async fn the_browser_and_the_server_decide_alike_which_days_are_open() {
    let user = BrowserUser::open(Device::DESKTOP, Server::start()).await;
    let address = module_address(&user, "completion-window").await;
    let differences = differences(&user, &format!("import({})", json!(address))).await;
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn a_browser_rule_that_differs_is_found() {
    let user = BrowserUser::open(Device::DESKTOP, Server::start()).await;
    let address = module_address(&user, "completion-window").await;
    let source = user.run_script(&format!("return fetch({}).then((script) => script.text())", json!(address))).await;
    let source = source.as_str().unwrap().replace("export function", "function");
    for (part, changed, expected) in [
        ("const GRACE_END_HOUR = 2;", "const GRACE_END_HOUR = 3;", "(Grace): \"open\" ≠ closed"),
        ("const BACKFILL_WEEK_DAYS = 7;", "const BACKFILL_WEEK_DAYS = 6;", "(Week): \"closed\" ≠ open"),
        ("if (dateKey > today) return", "if (dateKey < today) return", "(Always): \"future\" ≠ open"),
        ("timeZone, year:", "timeZone: \"UTC\", year:", "Pacific/Kiritimati (Grace): \"future\" ≠ open"),
    ] {
        assert!(source.contains(part), "{part} is not in the module:\n{source}");
        let mut module = String::from("Promise.resolve((() => {");
        write!(module, "{}\nreturn {{ checkCompletionWindow }};\n}})())", source.replace(part, changed)).unwrap();
        let differences = differences(&user, &module).await;
        assert!(differences.iter().any(|line| line.contains(expected)), "{changed}: {differences:#?}");
    }
}
