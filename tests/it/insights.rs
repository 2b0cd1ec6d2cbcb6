//! Looking back: the insights, and one habit's year.

use serde_json::{Value, json};

use crate::person::Person;
use crate::world::World;

/// Makes a habit that began earlier and answers its id.
async fn kept_since(person: &Person, title: &str, since: &str, weekdays: &[i32]) -> String {
    let body = json!({ "title": title, "weekdays": weekdays, "createdAt": since });
    let habit = person.sends("POST", "/api/habits/debug/create", &body).await.is(200).data();
    habit["habit"]["id"].as_str().unwrap().to_owned()
}

/// Ticks days of the past, each at 20:00 UTC of that day.
async fn did(person: &Person, habit: &str, days: &[&str]) {
    for day in days {
        let body = json!({ "habitId": habit, "date": day, "completed": true }).to_string();
        let now = format!("{day}T20:00:00Z");
        let headers = [("content-type", "application/json"), ("x-atlas-test-now", now.as_str())];
        person.asks("POST", "/api/completions", &headers, body.as_bytes()).await.is(200);
    }
}

const DAILY: &[i32] = &[1, 2, 3, 4, 5, 6, 7];

/// Ada lives west of Greenwich. It is Thursday evening there, 12 February, and Friday in Greenwich. She reads every day
/// since 29 January and swims on Mondays since 2 February.
async fn ada_in_los_angeles() -> (World, Person, String) {
    let world = World::at("2026-02-13T05:00:00Z").await;
    let ada = world.signed_up_in("ada", "America/Los_Angeles").await;
    let read = kept_since(&ada, "Read", "2026-01-29", DAILY).await;
    let swim = kept_since(&ada, "Swim", "2026-02-02", &[1]).await;
    let days = ["2026-01-29", "2026-01-30", "2026-02-06", "2026-02-07", "2026-02-08"];
    did(&ada, &read, &days).await;
    did(&ada, &read, &["2026-02-10", "2026-02-11", "2026-02-12"]).await;
    did(&ada, &swim, &["2026-02-09"]).await;
    (world, ada, read)
}

fn window(days: i32, scheduled: i32, completed: i32) -> Value {
    let rate = f64::from(completed) / f64::from(scheduled);
    json!({ "windowDays": days, "scheduled": scheduled, "completed": completed, "rate": rate })
}

fn weekday(number: i32, label: &str, scheduled: i32, completed: i32) -> Value {
    let rate = f64::from(completed) / f64::from(scheduled);
    json!({ "weekday": number, "label": label, "scheduled": scheduled, "completed": completed, "rate": rate })
}

#[tokio::test]
async fn the_json_says_what_one_counts_by_hand_west_of_greenwich() {
    let (_world, ada, _) = ada_in_los_angeles().await;
    let found = ada.get("/api/insights").await.is(200).data();
    assert_eq!(found["generatedAt"], "2026-02-12T00:00:00.000Z");
    assert_eq!(found["consistency"], json!([window(7, 8, 7), window(30, 17, 9), window(90, 17, 9)]));
    let stats = json!([
        weekday(1, "Monday", 4, 1),
        weekday(2, "Tuesday", 2, 1),
        weekday(3, "Wednesday", 2, 1),
        weekday(4, "Thursday", 3, 2),
        weekday(5, "Friday", 2, 2),
        weekday(6, "Saturday", 2, 1),
        weekday(7, "Sunday", 2, 1),
    ]);
    assert_eq!(
        found["weekdayStats"],
        json!({ "best": weekday(5, "Friday", 2, 2), "worst": weekday(1, "Monday", 4, 1), "stats": stats })
    );
    assert_eq!(
        found["trend"],
        json!({ "windowDays": 14, "currentRate": 0.5, "previousRate": 1.0, "delta": -0.5, "direction": "down" })
    );
    // The last column is Friday the 6th to Thursday the 12th; the 84 days begin on Friday 21 November.
    let mut values = vec![vec![0.0; 12]; 7];
    for (row, column, rate) in
        [(0, 11, 0.5), (1, 11, 1.0), (2, 11, 1.0), (3, 11, 1.0), (4, 11, 1.0), (5, 11, 1.0), (6, 11, 1.0)]
    {
        values[row][column] = rate;
    }
    values[4][10] = 1.0;
    values[3][9] = 1.0;
    assert_eq!(found["heatmap"], json!({ "weeks": 12, "weekdays": 7, "values": values }));
    assert_eq!(found.as_object().unwrap().len(), 5, "{found}");
}

#[tokio::test]
async fn the_page_says_the_same_in_words_pictures_and_tables() {
    let (_world, ada, read) = ada_in_los_angeles().await;
    let page = ada.get("/insights").await.is(200).says("data-testid=\"insights-dashboard\"").says("<h1>Insights</h1>");
    let page = page.says("12 February 2026").says("88%").says("7 of 8 done").says("9 of 17 done");
    let page = page.says("<strong>Friday</strong>, 100% (2 of 2)").says("<strong>Monday</strong>, 25% (1 of 4)");
    let page = page.says("Going down").says("50% (8 of 16)").says("100% (1 of 1)");
    let page =
        page.says("Monday 25%, Tuesday 50%").says("Every day from 21 November 2025 to 12 February 2026: all done on 8");
    let page = page.says("Mon, 9 February: 1 of 2 done").says("<td>1/2</td>");
    let text = page.says(&format!("href=\"/habits/{read}\"")).text();
    assert_eq!(text.matches("role=\"img\"").count(), 2);
    assert_eq!(text.matches("role=\"img\" aria-label=\"").count(), 2, "every picture has words");
    assert_eq!(text.matches("aria-current=\"page\"").count(), 1);
    assert!(!text.contains("style="), "the policy forbids styles in the page");
}

#[tokio::test]
async fn a_new_schedule_leaves_the_past_as_it_was() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = kept_since(&ada, "Read", "2026-02-02", DAILY).await;
    did(&ada, &read, &["2026-02-09", "2026-02-10"]).await;
    let path = format!("/habits/{read}");
    ada.sends("PUT", &format!("/api{path}"), &json!({ "weekdays": [1, 3] })).await.is(200);
    let found = ada.get("/api/insights").await.is(200).data();
    assert_eq!(found["consistency"][2], window(90, 10, 2), "ten days were planned before today, and today is not");
    let page = ada.get(&path).await.is(200).says("2 of 10 planned days");
    page.says("From 2 February 2026: Every day").says("From 12 February 2026: Mon, Wed");
}

#[tokio::test]
async fn what_was_put_away_leaves_the_insights_and_keeps_its_page() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let swim = kept_since(&ada, "Swim", "2026-02-02", DAILY).await;
    did(&ada, &swim, &["2026-02-02", "2026-02-03", "2026-02-04", "2026-02-10", "2026-02-11"]).await;
    ada.sends("DELETE", &format!("/api/habits/{swim}"), &json!({})).await.is(200);
    let found = ada.get("/api/insights").await.is(200).data();
    assert_eq!((&found["consistency"][2]["scheduled"], &found["weekdayStats"]["best"]), (&json!(0), &Value::Null));
    ada.get("/insights").await.says("Nothing to look back on yet").says_nothing_of("Swim");
    let page = ada.get(&format!("/habits/{swim}")).await.is(200).says("<h1>Swim</h1>").says("This habit is put away");
    let page = page.says("From 12 February 2026: put away").says("5 of 10 planned days");
    let page = page.says("Done: 2 to 4, 10, 11. Missed: 5 to 9.").says("<td>5 to 9</td>");
    let text = page.text();
    assert!(text.contains("Current streak</dt><dd class=\"figure-number\">2<"), "{text}");
    assert!(text.contains("Longest streak</dt><dd class=\"figure-number\">3<"), "{text}");
    assert_eq!(text.matches("role=\"img\"").count(), text.matches("role=\"img\" aria-label=\"").count());
    world.it_is("2027-02-12T12:00:00Z");
    ada.signs_in().await;
    ada.get(&format!("/habits/{swim}")).await.is(200).says("Done in 2026").says_nothing_of("?year=");
}

#[tokio::test]
async fn somebody_elses_habit_is_not_there() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let brian = world.signed_up("brian").await;
    let read = ada.keeps("Read secretly").await;
    ada.get(&format!("/habits/{read}")).await.is(200);
    brian.get(&format!("/habits/{read}")).await.is(404).says_nothing_of("secretly");
    brian.get(&format!("/habits/{read}?year=2026")).await.is(404);
    brian.get("/insights").await.is(200).says_nothing_of("secretly");
    for id in ["0190c7a0-0000-7000-8000-000000000000", "nothing", "1", "%ff"] {
        ada.get(&format!("/habits/{id}")).await.is(404);
    }
    world.stranger().get(&format!("/habits/{read}")).await.is(307);
    world.stranger().get("/api/insights").await.is_refused(401, "unauthorized");
}

#[tokio::test]
async fn years_lead_to_each_other_where_there_is_something() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = kept_since(&ada, "Read", "2025-12-30", DAILY).await;
    did(&ada, &read, &["2025-12-31", "2026-01-01", "2026-02-11"]).await;
    let path = format!("/habits/{read}");
    let year = async |year: &str| ada.get(&format!("{path}?year={year}")).await.is(200);
    let this = ada.get(&path).await.is(200).says("Done in 2026").says("2 of 43 planned days");
    let this = this.says("?year=2025#").says_nothing_of("?year=2027").says("January 2026. Done: 1. Missed: 2 to 31.");
    this.says("February 2026. Done: 11. Missed: 1 to 10. Open today: 12.").says_nothing_of("March");
    let before = year("2025").await.says("Done in 2025").says("1 of 2 planned days").says("?year=2026#");
    before.says_nothing_of("?year=2024").says("December 2025. Done: 31. Missed: 30.");
    year("2024").await.says("Nothing was planned in 2024.").says("?year=2025#");
    year("2030").await.says("2030 is still to come.").says("?year=2026#");
    for nonsense in ["", "next", "99999", "-1", "1969", "2200", "2025.5"] {
        year(nonsense).await.says("Done in 2026");
    }
}

#[tokio::test]
async fn before_anything_was_planned_the_pages_say_how_it_begins() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let page = ada.get("/insights").await.is(200).says("insights-dashboard").says("Nothing to look back on yet");
    page.says("href=\"/habits\"").says("Add a habit").says_nothing_of("role=\"img\"");
    // It is a Thursday.
    let swim = ada.keeps_on("Swim", &[1]).await;
    ada.get("/insights").await.says("No day that you planned has come yet").says_nothing_of("role=\"img\"");
    ada.get(&format!("/habits/{swim}")).await.is(200).says("Nothing was planned in 2026 so far");
    let found = ada.get("/api/insights").await.is(200).data();
    let nothing = json!({ "best": null, "worst": null, "stats": [] });
    assert_eq!((&found["weekdayStats"], &found["trend"]["direction"]), (&nothing, &json!("flat")));
    assert_eq!(found["consistency"][0], json!({ "windowDays": 7, "scheduled": 0, "completed": 0, "rate": 0.0 }));
}

#[tokio::test]
async fn a_first_week_is_compared_with_nothing() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = kept_since(&ada, "Read", "2026-02-10", DAILY).await;
    did(&ada, &read, &["2026-02-10", "2026-02-11"]).await;
    ada.get("/insights").await.says("Too early to tell").says("67% (2 of 3)").says_nothing_of("Going up");
}
