//! Habits that are done a number of times a week or month, or every few days.

use serde_json::{Value, json};

use crate::test_user::TestUser;
use crate::world::World;

async fn create(user: &TestUser, title: &str, frequency: &Value) -> String {
    let body = json!({ "title": title, "weekdays": [1], "frequency": frequency });
    let habit = user.send_json("POST", "/api/habits", &body).await.assert_status(201).data();
    assert_eq!(habit["habit"]["frequency"]["kind"], frequency["kind"]);
    habit["habit"]["id"].as_str().unwrap().to_owned()
}

async fn complete(user: &TestUser, habit: &str, day: &str) {
    let body = json!({ "habitId": habit, "date": day, "completed": true });
    user.send_json("POST", "/api/completions", &body).await.assert_status(200);
}

/// Whether a habit is on the list of today.
async fn is_listed(user: &TestUser, title: &str) -> bool {
    user.get("/today").await.assert_status(200).text().contains(title)
}

#[tokio::test]
async fn a_habit_of_two_times_a_week_rests_once_the_week_has_them_and_its_streak_is_of_weeks() {
    // Monday.
    let world = World::at_time("2026-02-09T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let swim = create(&ada, "Swim", &json!({ "kind": "times", "times": 2, "window": "week" })).await;
    ada.get("/habits").await.assert_contains("Twice a week");
    for (now, day) in [("2026-02-09T12:00:00Z", "2026-02-09"), ("2026-02-11T12:00:00Z", "2026-02-11")] {
        world.set_time(now);
        assert!(is_listed(&ada, "Swim").await, "{day}");
        complete(&ada, &swim, day).await;
        assert!(is_listed(&ada, "Swim").await, "it stays where it was checked off");
    }
    world.set_time("2026-02-12T12:00:00Z");
    let rests = ada.get("/today").await.assert_contains("Done for this week").assert_contains("data-resting");
    rests.assert_contains("Nothing due").assert_lacks("2-week streak");
    world.set_time("2026-02-16T12:00:00Z");
    ada.get("/today").await.assert_contains("Swim").assert_lacks("Done for this week");
    complete(&ada, &swim, "2026-02-16").await;
    world.set_time("2026-02-18T12:00:00Z");
    complete(&ada, &swim, "2026-02-18").await;
    ada.get("/today").await.assert_contains("2-week streak");
    let page = ada.get(&format!("/habits/{swim}")).await.assert_status(200);
    let page =
        page.assert_contains("Current streak</dt><dd class=\"figure-number\">2</dd><dd class=\"figure-detail\">weeks");
    page.assert_contains("Done: 9, 11, 16, 18.").assert_lacks("Missed:").assert_contains("4 of 4 scheduled days");
    // The current week isn't over on Monday, and it is missed a week later.
    world.set_time("2026-02-23T12:00:00Z");
    ada.get("/today").await.assert_contains("2-week streak");
    world.set_time("2026-03-02T12:00:00Z");
    ada.sign_in().await;
    ada.get("/today").await.assert_lacks("week streak");
    let found = ada.get("/api/insights").await.assert_status(200).data();
    let month = &found["consistency"][1];
    assert_eq!((&month["scheduled"], &month["completed"]), (&json!(6), &json!(4)), "never more than the week wants");
}

#[tokio::test]
async fn a_habit_of_every_third_day_is_listed_on_those_days() {
    let world = World::at_time("2026-02-09T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    create(&ada, "Water the plants", &json!({ "kind": "interval", "days": 3, "anchor": "2026-02-10" })).await;
    ada.get("/habits").await.assert_contains("Every 3 days");
    for (now, expected) in [("2026-02-09", false), ("2026-02-10", true), ("2026-02-12", false), ("2026-02-13", true)] {
        world.set_time(&format!("{now}T12:00:00Z"));
        assert_eq!(is_listed(&ada, "Water the plants").await, expected, "{now}");
    }
}

#[tokio::test]
async fn a_new_frequency_applies_from_today_and_is_exported_and_imported() {
    let world = World::at_time("2026-02-09T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let read = create(&ada, "Read", &json!({ "kind": "times", "times": 3, "window": { "rolling": 14 } })).await;
    world.set_time("2026-02-11T12:00:00Z");
    let path = format!("/api/habits/{read}");
    ada.send_json("PUT", &path, &json!({ "frequency": { "kind": "interval", "days": 2 } })).await.assert_status(200);
    let page = ada.get(&format!("/habits/{read}")).await.assert_status(200);
    page.assert_contains("From February 9, 2026: 3 times in any 14 days")
        .assert_contains("From February 11, 2026: Every other day");
    let export = ada.get("/api/account/exports/self").await.assert_status(200).text();
    let brian = world.signed_in_user("brian").await;
    let headers = [("content-type", "application/json")];
    brian.request("POST", "/api/account/imports/self", &headers, export.as_bytes()).await.assert_status(200);
    let habits = brian.get("/api/habits").await.assert_status(200).data();
    let frequency = json!({ "kind": "interval", "days": 2, "anchor": "2026-02-11" });
    assert_eq!(habits["habits"][0]["frequency"], frequency);
    let again = ada.send_json("PUT", &path, &json!({ "frequency": { "kind": "weekdays" } })).await.assert_status(200);
    assert_eq!(again.data()["habit"].get("frequency"), None, "days of the week are the predecessor's JSON");
}

#[tokio::test]
async fn impossible_frequencies_are_refused_beside_their_fields() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for (frequency, field) in [
        (json!({ "kind": "times", "times": 0, "window": "week" }), "times"),
        (json!({ "kind": "times", "times": 8, "window": "week" }), "times"),
        (json!({ "kind": "times", "times": 2, "window": "year" }), "frequency"),
        (json!({ "kind": "times", "times": 2, "window": { "rolling": 367 } }), "days"),
        (json!({ "kind": "interval", "days": -1 }), "days"),
        (json!({ "kind": "interval", "days": 2, "anchor": "1969-12-31" }), "anchor"),
        (json!({ "kind": "sometimes" }), "frequency"),
    ] {
        let body = json!({ "title": "Read", "weekdays": [1], "frequency": frequency });
        let refused = ada.send_json("POST", "/api/habits", &body).await;
        refused.assert_status(400).assert_contains(&format!("\"{field}\""));
    }
    let form = &[
        ("title", "Read"),
        ("weekdays", "1"),
        ("frequency", "rolling"),
        ("times", "9"),
        ("days", "7"),
        ("anchor", ""),
    ];
    let page = ada.post_form("/habits", form).await.assert_status(422);
    page.assert_contains("Enter a number of times from 1 to 7.")
        .assert_contains("name=\"times\" type=\"text\" inputmode=\"numeric\" value=\"9\"")
        .assert_contains("<option value=\"rolling\" selected>");
}

#[tokio::test]
async fn a_form_without_javascript_creates_and_changes_a_frequency() {
    let world = World::at_time("2026-02-09T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    ada.post_form(
        "/habits",
        &[("title", "Run"), ("frequency", "month"), ("times", "10"), ("days", ""), ("anchor", "")],
    )
    .await
    .assert_status(303);
    ada.get("/habits").await.assert_contains("10 times a month");
    let habits = ada.get("/api/habits").await.data();
    let id = habits["habits"][0]["id"].as_str().unwrap();
    ada.get(&format!("/habits?edit={id}")).await.assert_contains("<option value=\"month\" selected>");
    let form = &[
        ("title", "Run"),
        ("weekdays", "1"),
        ("frequency", "interval"),
        ("times", "10"),
        ("days", "4"),
        ("anchor", "2026-02-20"),
    ];
    ada.post_form(&format!("/habits/{id}"), form).await.assert_status(303);
    let habits = ada.get("/api/habits").await.data();
    let expected = json!({ "kind": "interval", "days": 4, "anchor": "2026-02-20" });
    assert_eq!(habits["habits"][0]["frequency"], expected);
    // A form of before frequencies leaves it as it is.
    ada.post_form(&format!("/habits/{id}"), &[("title", "Run far"), ("weekdays", "1")]).await.assert_status(303);
    assert_eq!(ada.get("/api/habits").await.data()["habits"][0]["frequency"], expected);
}

#[tokio::test]
async fn a_script_that_only_knows_days_of_the_week_schedules_a_habit_by_them_again() {
    let world = World::at_time("2026-02-09T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let swim = create(&ada, "Swim", &json!({ "kind": "times", "times": 2, "window": "week" })).await;
    let path = format!("/api/habits/{swim}");
    // A script that sends back what it read changes nothing but the title.
    let same = json!({ "title": "Swim far", "weekdays": [1] });
    let habit = ada.send_json("PUT", &path, &same).await.assert_status(200).data();
    assert_eq!(habit["habit"]["frequency"]["kind"], "times");
    let habit = ada.send_json("PUT", &path, &json!({ "weekdays": [2, 4] })).await.assert_status(200).data();
    assert!(habit["habit"].get("frequency").is_none(), "{habit}");
    assert!(!is_listed(&ada, "Swim far").await, "it is Monday");
}

#[tokio::test]
async fn a_day_is_complete_without_what_can_wait_for_another_day_of_the_week() {
    // Monday.
    let world = World::at_time("2026-02-09T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let swim = create(&ada, "Swim", &json!({ "kind": "times", "times": 2, "window": "week" })).await;
    let read = ada.create_habit("Read").await;
    complete(&ada, &read, "2026-02-09").await;
    let page = ada.get("/today").await.assert_contains("1 of 1 done").assert_contains("Swim");
    page.assert_contains("data-undecided").assert_contains("day is-complete");
    ada.get("/calendar?month=2026-02&date=2026-02-09").await.assert_contains("1/1").assert_contains("1 of 1 done");
    complete(&ada, &swim, "2026-02-09").await;
    ada.get("/today").await.assert_contains("2 of 2 done");
    // On Sunday, the week wants it.
    world.set_time("2026-02-15T12:00:00Z");
    ada.get("/today").await.assert_contains("0 of 2 done").assert_lacks("data-undecided");
}
