//! The calendar: a month, a day beside it, and streaks.

use atlas::domain::preferences::{Backfill, Preferences, WeekStart};
use atlas::domain::{Account, Email};
use atlas::store::accounts;
use serde_json::json;

use crate::person::Person;
use crate::world::World;

/// A day's link and what stands beside it.
#[track_caller]
fn cell(page: &str, day: &str) -> String {
    let at = page.find(&format!("data-date-key=\"{day}\"")).unwrap_or_else(|| panic!("{day} is not in:\n{page}"));
    let start = page[..at].rfind("<a ").unwrap();
    page[start..start + page[start..].find("</td>").unwrap()].to_owned()
}

/// What is between the tags.
fn words(html: &str) -> String {
    html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

/// The headings of a page.
fn headings(page: &str) -> Vec<String> {
    let of = |opening: &str| -> Vec<String> {
        page.split(opening).skip(1).map(|part| words(&format!("<{}", part.split("</").next().unwrap()))).collect()
    };
    [of("<h1"), of("<h2")].concat()
}

/// Makes a habit for every day that began on `since`.
async fn has_kept(person: &Person, title: &str, since: &str) -> String {
    let body = json!({ "title": title, "weekdays": [1, 2, 3, 4, 5, 6, 7], "createdAt": since });
    let habit = person.sends("POST", "/api/habits/debug/create", &body).await.is(200).data();
    habit["habit"]["id"].as_str().unwrap().to_owned()
}

async fn likes(world: &World, person: &Person, preferences: Preferences) {
    let email = Email::parse(&person.email()).unwrap();
    let saved = world.site.app.store.write(move |draft| {
        let account = accounts::with_email(draft, &email)?.expect("an account");
        accounts::put(draft, &Account { preferences, ..account })?;
        Ok::<_, atlas::store::Error>(())
    });
    saved.await.unwrap();
}

#[tokio::test]
async fn the_address_names_a_month_and_a_day_and_what_it_misspells_is_ignored() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    for (query, month, day) in [
        ("", "February 2026", Some("February 12, 2026")),
        ("?month=2026-02", "February 2026", Some("February 12, 2026")),
        ("?month=2026-01", "January 2026", None),
        ("?month=2026-02&date=2026-02-05", "February 2026", Some("February 5, 2026")),
        ("?date=2024-02-29", "February 2024", Some("February 29, 2024")),
        ("?month=nonsense&date=2026-02-30", "February 2026", None),
        ("?month=2026-13", "February 2026", Some("February 12, 2026")),
    ] {
        let page = ada.get(&format!("/calendar{query}")).await.is(200).text();
        let mut expected = vec!["Calendar", month];
        expected.extend(day);
        expected.push("Streaks");
        assert_eq!(headings(&page), expected, "{query}");
    }
    ada.get("/calendar/2026-02-05").await.is(307).leads_to("/calendar?month=2026-02&date=2026-02-05");
    for bad in ["2026-02-30", "today", "2026-2-5", "%00"] {
        ada.get(&format!("/calendar/{bad}")).await.is(404);
    }
}

#[tokio::test]
async fn months_lead_to_their_neighbours_and_days_to_themselves() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let page = ada.get("/calendar?month=2026-01").await.says("href=\"/calendar?month=2025-12\"").text();
    assert!(page.contains("href=\"/calendar?month=2026-02\"") && page.contains("href=\"/calendar\">This month"));
    let link = cell(&page, "2026-01-05");
    assert!(link.contains("aria-label=\"Open daily view for January 5, 2026\""), "{link}");
    assert!(link.contains("href=\"/calendar?month=2026-01&amp;date=2026-01-05\""), "{link}");
    assert!(!page.contains("aria-current=\"date\""), "today is in another month");
    assert_eq!(page.matches("data-date-key").count(), 31);
    let page = ada.get("/calendar").await.text();
    assert!(cell(&page, "2026-02-12").contains("aria-current=\"date\""));
    ada.get("/calendar?month=1970-01").await.says("Next month").says_nothing_of("Previous month");
    ada.get("/calendar?month=2199-12").await.says("Previous month").says_nothing_of("Next month");
}

#[tokio::test]
async fn a_week_begins_on_the_day_ada_likes() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let rows = |page: &str| page.split("<tr>").skip(1).map(words).collect::<Vec<_>>();
    // February 2026 begins on a Sunday and has 28 days.
    let monday = rows(&ada.get("/calendar").await.text());
    assert!(monday[0].starts_with("MonTueWedThuFriSatSun"), "{}", monday[0]);
    assert_eq!((monday.len(), monday[1].as_str(), monday[2].as_str()), (6, "1", "2345678"));
    likes(&world, &ada, Preferences { week_start: WeekStart::Sunday, ..Preferences::default() }).await;
    let sunday = rows(&ada.get("/calendar").await.text());
    assert!(sunday[0].starts_with("SunMonTueWedThuFriSat"), "{}", sunday[0]);
    assert_eq!((sunday.len(), sunday[1].as_str()), (5, "1234567"));
}

#[tokio::test]
async fn a_day_turns_gold_when_all_of_it_is_done() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    let walk = ada.keeps("Walk").await;
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    let page = ada.get("/calendar").await.text();
    let half = cell(&page, "2026-02-12");
    assert!(words(&half).contains("1/2 done") && !half.contains("data-complete=\"true\""), "{half}");
    assert!(!cell(&page, "2026-02-11").contains("/2"), "nothing was planned before they began");
    ada.ticks(&walk, "2026-02-12", true).await.is(200);
    let page = ada.get("/calendar").await.text();
    let whole = cell(&page, "2026-02-12");
    assert!(words(&whole).contains("2/2 done") && whole.contains("data-complete=\"true\""), "{whole}");
    assert_eq!(page.matches("data-complete=\"true\"").count(), 1, "a day without plans is no gold day");
}

#[tokio::test]
async fn a_new_schedule_does_not_rewrite_the_month() {
    let world = World::at("2026-02-02T12:00:00Z").await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    ada.ticks(&read, "2026-02-02", true).await.is(200);
    world.it_is("2026-02-12T12:00:00Z");
    ada.sends("PUT", &format!("/api/habits/{read}"), &json!({ "weekdays": [1] })).await.is(200);
    let page = ada.get("/calendar?date=2026-02-03").await.says("0/1").says("Read").text();
    assert!(cell(&page, "2026-02-02").contains("data-complete=\"true\""));
    assert!(words(&cell(&page, "2026-02-03")).contains("0/1"), "a Tuesday that was planned stays planned");
    assert!(!words(&cell(&page, "2026-02-17")).contains('/'), "a Tuesday to come is not");
    assert!(words(&cell(&page, "2026-02-16")).contains("0/1"));
    ada.get("/calendar?date=2026-02-17").await.says("Nothing is planned for this day.");
    ada.get("/calendar?date=2026-02-01").await.says("Nothing was planned for this day.");
}

#[tokio::test]
async fn days_that_are_closed_or_to_come_say_why_they_cannot_be_ticked() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    has_kept(&ada, "Read", "2026-02-01").await;
    let shut = "aria-describedby=\"shut\" disabled";
    for (day, why) in
        [("2026-02-13", "not begun yet"), ("2026-02-11", "until 02:00; it is closed"), ("2026-02-05", "day is closed")]
    {
        let page = ada.get(&format!("/calendar?date={day}")).await.says(why).says(shut).text();
        assert!(!page.contains("action=\"/today\""), "{day}");
        assert_eq!(page.matches("role=\"checkbox\"").count(), 1, "{day}");
    }
    ada.get("/calendar").await.says("action=\"/today\"").says_nothing_of(shut);
    likes(&world, &ada, Preferences { backfill: Backfill::Week, ..Preferences::default() }).await;
    ada.get("/calendar?date=2026-02-05").await.says("action=\"/today\"").says_nothing_of(shut);
    ada.get("/calendar?date=2026-02-04").await.says("last seven days at most").says(shut);
}

#[tokio::test]
async fn ticking_from_the_calendar_leads_back_to_it() {
    let world = World::at("2026-02-12T01:30:00Z").await;
    let ada = world.signed_up("ada").await;
    let read = has_kept(&ada, "Read", "2026-02-01").await;
    let here = "/calendar?month=2026-02&date=2026-02-11";
    ada.get(here).await.says("name=\"from\" value=\"/calendar?month=2026-02&amp;date=2026-02-11\"");
    let fields = |date, from| [("habitId", read.as_str()), ("date", date), ("completed", "true"), ("from", from)];
    ada.posts("/today", &fields("2026-02-11", here)).await.is(303).leads_to(here);
    let page = ada.get(here).await.says("aria-checked=\"true\"").text();
    assert!(cell(&page, "2026-02-11").contains("data-complete=\"true\""));
    ada.posts("/today", &fields("2026-02-12", "//evil.example")).await.is(303).leads_to("/today");
    world.it_is("2026-02-12T02:00:00Z");
    let refused = ada.posts("/today", &fields("2026-02-11", here)).await.is(422).says("until 02:00").text();
    assert_eq!(headings(&refused)[..3], ["Calendar", "February 2026", "February 11, 2026"]);
    let unknown = [("habitId", "nonsense"), ("date", "2026-02-11"), ("from", "/calendar?month=2026-01")];
    ada.posts("/today", &unknown).await.is(422).says("no such habit").says("January 2026");
}

#[tokio::test]
async fn the_streaks_stand_beside_the_month() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    let panel = |page: String| page.split("data-testid=\"streaks-panel\"").nth(1).unwrap().to_owned();
    assert!(panel(ada.get("/calendar").await.text()).contains("begin your first streak"));
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    world.it_is("2026-02-13T12:00:00Z");
    ada.ticks(&read, "2026-02-13", true).await.is(200);
    world.it_is("2026-02-15T12:00:00Z");
    ada.ticks(&read, "2026-02-15", true).await.is(200);
    let panel = panel(ada.get("/calendar").await.text());
    let row = panel.split("role=\"rowheader\"").nth(1).unwrap();
    assert!(words(&format!("<p{row}")).starts_with("Read12"), "title, current, longest: {row}");
    assert!(!panel.contains("first streak"));
}

#[tokio::test]
async fn nobody_sees_another_persons_calendar() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let ben = world.signed_up("ben").await;
    let read = ada.keeps("Secret plan").await;
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    let page = ben.get("/calendar").await.says_nothing_of("Secret plan").says("first streak").text();
    assert!(!page.contains("data-complete=\"true\"") && !words(&cell(&page, "2026-02-12")).contains('/'));
    let out = world.stranger().get("/calendar?month=2026-02&date=2026-02-05").await.is(307);
    out.leads_to("/sign-in?from=%2Fcalendar%3Fmonth%3D2026-02%26date%3D2026-02-05");
}
