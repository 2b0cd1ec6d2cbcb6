//! The calendar page: a month, the selected day, and streaks.

use atlas::domain::accounts::preferences::{Backfill, Preferences, WeekStart};
use atlas::domain::{Account, Email};
use atlas::store::tables::accounts;
use serde_json::json;

use crate::test_user::TestUser;
use crate::world::World;

/// The HTML of a day's cell.
#[track_caller]
fn cell(page: &str, day: &str) -> String {
    let at = page.find(&format!("data-date-key=\"{day}\"")).unwrap_or_else(|| panic!("{day} is not in:\n{page}"));
    let start = page[..at].rfind("<a ").unwrap();
    page[start..start + page[start..].find("</td>").unwrap()].to_owned()
}

/// The text content of HTML.
fn text_content(html: &str) -> String {
    html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

/// The text of the first- and second-level headings.
fn headings(page: &str) -> Vec<String> {
    let with_tag = |opening: &str| -> Vec<String> {
        page.split(opening)
            .skip(1)
            .map(|part| text_content(&format!("<{}", part.split("</").next().unwrap())))
            .collect()
    };
    [with_tag("<h1"), with_tag("<h2")].concat()
}

/// Creates a habit for every day of the week that began on `since`.
async fn create_habit_since(user: &TestUser, title: &str, since: &str) -> String {
    let body = json!({ "title": title, "weekdays": [1, 2, 3, 4, 5, 6, 7], "createdAt": since });
    let habit = user.send_json("POST", "/api/habits/debug/create", &body).await.assert_status(200).data();
    habit["habit"]["id"].as_str().unwrap().to_owned()
}

async fn set_preferences(world: &World, user: &TestUser, preferences: Preferences) {
    let email = Email::parse(&user.email()).unwrap();
    let saved = world.state.app.store.write(move |txn| {
        let account = accounts::find_by_email(txn, &email)?.expect("an account");
        accounts::put(txn, &Account { preferences, ..account })?;
        Ok::<_, atlas::store::Error>(())
    });
    saved.await.unwrap();
}

#[tokio::test]
async fn the_query_selects_a_month_and_a_day_and_invalid_values_are_ignored() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for (query, month, day) in [
        ("", "February 2026", Some("Thursday, February 12, 2026")),
        ("?month=2026-02", "February 2026", Some("Thursday, February 12, 2026")),
        ("?month=2026-01", "January 2026", None),
        ("?month=2026-02&date=2026-02-05", "February 2026", Some("Thursday, February 5, 2026")),
        ("?date=2024-02-29", "February 2024", Some("Thursday, February 29, 2024")),
        ("?month=nonsense&date=2026-02-30", "February 2026", None),
        ("?month=2026-13", "February 2026", Some("Thursday, February 12, 2026")),
    ] {
        let page = ada.get(&format!("/calendar{query}")).await.assert_status(200).text();
        let mut expected = vec!["Calendar", month];
        expected.extend(day);
        expected.push("Streaks");
        assert_eq!(headings(&page), expected, "{query}");
    }
    ada.get("/calendar/2026-02-05")
        .await
        .assert_status(307)
        .assert_redirects_to("/calendar?month=2026-02&date=2026-02-05");
    for invalid in ["2026-02-30", "today", "2026-2-5", "%00"] {
        ada.get(&format!("/calendar/{invalid}")).await.assert_status(404);
    }
}

#[tokio::test]
async fn months_link_to_adjacent_months_and_days_to_their_view() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let page = ada.get("/calendar?month=2026-01").await.assert_contains("href=\"/calendar?month=2025-12\"").text();
    assert!(page.contains("href=\"/calendar?month=2026-02\"") && page.contains("href=\"/calendar\">This month"));
    let link = cell(&page, "2026-01-05");
    assert!(link.contains("aria-label=\"Open daily view for January 5, 2026\""), "{link}");
    assert!(link.contains("href=\"/calendar?month=2026-01&amp;date=2026-01-05\""), "{link}");
    assert!(!page.contains("aria-current=\"date\""), "today is in another month");
    assert_eq!(page.matches("data-date-key").count(), 31);
    let page = ada.get("/calendar").await.text();
    assert!(cell(&page, "2026-02-12").contains("aria-current=\"date\""));
    ada.get("/calendar?month=1970-01").await.assert_contains("Next month").assert_lacks("Previous month");
    ada.get("/calendar?month=2199-12").await.assert_contains("Previous month").assert_lacks("Next month");
}

#[tokio::test]
async fn the_week_starts_on_the_preferred_day() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let rows = |page: &str| page.split("<tr>").skip(1).map(text_content).collect::<Vec<_>>();
    // February 2026 begins on a Sunday and has 28 days.
    let from_monday = rows(&ada.get("/calendar").await.text());
    assert!(from_monday[0].starts_with("MonTueWedThuFriSatSun"), "{}", from_monday[0]);
    assert_eq!((from_monday.len(), from_monday[1].as_str(), from_monday[2].as_str()), (6, "1", "2345678"));
    set_preferences(&world, &ada, Preferences { week_start: WeekStart::Sunday, ..Preferences::default() }).await;
    let picker = ada.get("/habits").await.text();
    let order = ["Sun", "Mon", "Sat"].map(|day| picker.find(&format!("<span>{day}</span>")).expect("a day to choose"));
    assert!(order.is_sorted(), "the days of a habit begin with Sunday, too: {order:?}");
    let from_sunday = rows(&ada.get("/calendar").await.text());
    assert!(from_sunday[0].starts_with("SunMonTueWedThuFriSat"), "{}", from_sunday[0]);
    assert_eq!((from_sunday.len(), from_sunday[1].as_str()), (5, "1234567"));
}

#[tokio::test]
async fn a_day_is_complete_when_every_due_habit_is_done() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let walk = ada.create_habit("Walk").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    let page = ada.get("/calendar").await.text();
    let partial = cell(&page, "2026-02-12");
    assert!(text_content(&partial).contains("1 of 2 done") && !partial.contains("data-complete=\"true\""), "{partial}");
    assert!(!cell(&page, "2026-02-11").contains("/2"), "nothing was due before the habits began");
    ada.set_completion(&walk, "2026-02-12", true).await.assert_status(200);
    let page = ada.get("/calendar").await.text();
    let complete = cell(&page, "2026-02-12");
    assert!(
        text_content(&complete).contains("2 of 2 done") && complete.contains("data-complete=\"true\""),
        "{complete}"
    );
    assert_eq!(page.matches("data-complete=\"true\"").count(), 1, "a day without due habits is not complete");
}

#[tokio::test]
async fn a_new_schedule_does_not_change_past_days() {
    let world = World::at_time("2026-02-02T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-02", true).await.assert_status(200);
    world.set_time("2026-02-12T12:00:00Z");
    ada.send_json("PUT", &format!("/api/habits/{read}"), &json!({ "weekdays": [1] })).await.assert_status(200);
    let page = ada.get("/calendar?date=2026-02-03").await.assert_contains("0/1").assert_contains("Read").text();
    assert!(cell(&page, "2026-02-02").contains("data-complete=\"true\""));
    assert!(text_content(&cell(&page, "2026-02-03")).contains("0/1"), "a past Tuesday keeps its schedule");
    assert!(!text_content(&cell(&page, "2026-02-17")).contains('/'), "a future Tuesday follows the new schedule");
    assert!(text_content(&cell(&page, "2026-02-16")).contains("0/1"));
    ada.get("/calendar?date=2026-02-17").await.assert_contains("Nothing is scheduled for this day.");
    ada.get("/calendar?date=2026-02-01").await.assert_contains("Nothing was scheduled for this day.");
}

#[tokio::test]
async fn closed_and_future_days_explain_why_they_cannot_be_changed() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    create_habit_since(&ada, "Read", "2026-02-01").await;
    let disabled = "aria-describedby=\"closed-note\" disabled";
    for (day, reason) in [
        ("2026-02-13", "complete future days"),
        ("2026-02-11", "Yesterday closed at 02:00"),
        ("2026-02-05", "only edit today"),
    ] {
        let page =
            ada.get(&format!("/calendar?date={day}")).await.assert_contains(reason).assert_contains(disabled).text();
        assert!(!page.contains("action=\"/today\""), "{day}");
        assert_eq!(page.matches("role=\"checkbox\"").count(), 1, "{day}");
    }
    ada.get("/calendar").await.assert_contains("action=\"/today\"").assert_lacks(disabled);
    set_preferences(&world, &ada, Preferences { backfill: Backfill::Week, ..Preferences::default() }).await;
    ada.get("/calendar?date=2026-02-05").await.assert_contains("action=\"/today\"").assert_lacks(disabled);
    ada.get("/calendar?date=2026-02-04").await.assert_contains("up to seven days back").assert_contains(disabled);
}

#[tokio::test]
async fn completing_a_habit_in_the_calendar_redirects_back_to_it() {
    let world = World::at_time("2026-02-12T01:30:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let read = create_habit_since(&ada, "Read", "2026-02-01").await;
    let page_path = "/calendar?month=2026-02&date=2026-02-11";
    ada.get(page_path).await.assert_contains("name=\"from\" value=\"/calendar?month=2026-02&amp;date=2026-02-11\"");
    let fields = |date, from| [("habitId", read.as_str()), ("date", date), ("completed", "true"), ("from", from)];
    ada.post_form("/today", &fields("2026-02-11", page_path)).await.assert_status(303).assert_redirects_to(page_path);
    let page = ada.get(page_path).await.assert_contains("aria-checked=\"true\"").text();
    assert!(cell(&page, "2026-02-11").contains("data-complete=\"true\""));
    ada.post_form("/today", &fields("2026-02-12", "//evil.example"))
        .await
        .assert_status(303)
        .assert_redirects_to("/today");
    world.set_time("2026-02-12T02:00:00Z");
    let refused = ada
        .post_form("/today", &fields("2026-02-11", page_path))
        .await
        .assert_status(422)
        .assert_contains("closed at 02:00")
        .text();
    assert_eq!(headings(&refused)[..3], ["Calendar", "February 2026", "Wednesday, February 11, 2026"]);
    let unknown = [("habitId", "nonsense"), ("date", "2026-02-11"), ("from", "/calendar?month=2026-01")];
    ada.post_form("/today", &unknown)
        .await
        .assert_status(422)
        .assert_contains("Habit not found")
        .assert_contains("January 2026");
}

#[tokio::test]
async fn the_calendar_shows_streaks() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let panel = |page: String| page.split("data-testid=\"streaks-panel\"").nth(1).unwrap().to_owned();
    assert!(panel(ada.get("/calendar").await.text()).contains("start your first streak"));
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    world.set_time("2026-02-13T12:00:00Z");
    ada.set_completion(&read, "2026-02-13", true).await.assert_status(200);
    world.set_time("2026-02-15T12:00:00Z");
    ada.set_completion(&read, "2026-02-15", true).await.assert_status(200);
    let panel = panel(ada.get("/calendar").await.text());
    let row = panel.split("role=\"rowheader\"").nth(1).unwrap();
    assert!(text_content(&format!("<p{row}")).starts_with("Read12"), "title, current, longest: {row}");
    assert!(!panel.contains("first streak"));
}

#[tokio::test]
async fn a_user_does_not_see_another_users_calendar() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let ben = world.signed_in_user("ben").await;
    let read = ada.create_habit("Secret plan").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    let page = ben.get("/calendar").await.assert_lacks("Secret plan").assert_contains("first streak").text();
    assert!(!page.contains("data-complete=\"true\"") && !text_content(&cell(&page, "2026-02-12")).contains('/'));
    let redirect = world.visitor().get("/calendar?month=2026-02&date=2026-02-05").await.assert_status(307);
    redirect.assert_redirects_to("/sign-in?from=%2Fcalendar%3Fmonth%3D2026-02%26date%3D2026-02-05");
}
