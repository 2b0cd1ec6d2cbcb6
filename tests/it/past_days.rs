//! The days before today: their buttons on the page of today, their states in the API, and the rule behind both.

use serde_json::{Value, json};

use crate::test_user::TestUser;
use crate::world::World;

/// What the button of an open day sends: `<habit>:<day>:<whether it is done then>`.
fn change(habit: &str, day: &str, done: bool) -> String {
    format!("{habit}:{day}:{done}")
}

/// The attribute of that button.
fn button(habit: &str, day: &str, done: bool) -> String {
    format!(" name=\"change\" value=\"{}\"", change(habit, day, done))
}

async fn set_backfill(user: &TestUser, backfill: &str) {
    user.send_json("PUT", "/api/account", &json!({ "backfill": backfill })).await.assert_status(200);
}

/// Creates a habit for every day of the week that began long ago.
async fn create_old_habit(user: &TestUser) -> String {
    let habit = json!({ "title": "Read", "weekdays": [1, 2, 3, 4, 5, 6, 7], "createdAt": "2026-01-01" });
    let created = user.send_json("POST", "/api/habits/debug/create", &habit).await.assert_status(200);
    created.data()["habit"]["id"].as_str().unwrap().to_owned()
}

/// The recent days of the user's only habit.
async fn recent_days(user: &TestUser) -> Value {
    user.get("/api/habits?recentDays=true").await.assert_status(200).data()["habits"][0]["recentDays"].take()
}

#[tokio::test]
async fn a_past_day_is_completed_and_undone_by_its_button() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    set_backfill(&ada, "week").await;
    let read = create_old_habit(&ada).await;
    for (from, done) in [("/today", true), ("/yesterday", false)] {
        let pressed = change(&read, "2026-02-11", done);
        ada.get("/today").await.assert_contains(&button(&read, "2026-02-11", done));
        let fields = [("from", from), ("today", "2026-02-12"), ("change", &pressed)];
        ada.post_form("/today", &fields).await.assert_status(303).assert_redirects_to(from);
        ada.get("/today").await.assert_contains(&button(&read, "2026-02-11", !done));
        assert_eq!(ada.completed_on("2026-02-11").await.len(), usize::from(done));
    }
    let today = change(&read, "2026-02-12", true);
    ada.post_form("/today", &[("change", &today)]).await.assert_status(303);
    assert_eq!(ada.completed_on("2026-02-12").await, std::slice::from_ref(&read));
    for day in ["2026-02-04", "2026-02-13", "2025-12-31"] {
        ada.post_form("/today", &[("change", &change(&read, day, true))]).await.assert_status(422);
    }
    let incomplete = format!("{read}:2026-02-10");
    let surplus = format!("{}:true", change(&read, "2026-02-10", true));
    for malformed in ["", ":", "::", "nonsense", &read, &incomplete, &surplus, &format!("{incomplete}:maybe")] {
        ada.post_form("/today", &[("change", malformed)]).await.assert_status(422);
    }
    assert!(ada.completed_on("2026-02-10").await.is_empty());
}

#[tokio::test]
async fn a_habit_that_was_created_after_midnight_is_on_the_list_of_yesterday_until_two() {
    let world = World::at_time("2026-02-12T00:30:00Z").await;
    let ada = world.signed_in_user_in("ada", "UTC").await;
    let read = ada.create_habit("Read").await;
    // February 11 was a Wednesday.
    ada.create_habit_on("Run", &[4]).await;
    ada.get("/yesterday").await.assert_contains(">Read<").assert_contains("0 of 1 done").assert_lacks(">Run<");
    let done = change(&read, "2026-02-11", true);
    ada.post_form("/today", &[("from", "/yesterday"), ("change", &done)]).await.assert_redirects_to("/yesterday");
    ada.get("/yesterday").await.assert_contains("1 of 1 done").assert_contains("aria-checked=\"true\"");
    ada.get("/calendar?date=2026-02-11").await.assert_contains("Nothing was scheduled for this day.");
    world.set_time("2026-02-12T02:00:00Z");
    ada.get("/yesterday").await.assert_lacks(">Read<");
    ada.get("/today").await.assert_contains(">Read<");
}

#[tokio::test]
async fn scripts_get_the_recent_days_on_which_a_habit_was_scheduled_or_done_if_they_ask() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    // Thursday is the first day of a habit for Monday, Wednesday, and Thursday.
    ada.create_habit_on("Run", &[1, 3, 4]).await;
    assert_eq!(recent_days(&ada).await, json!({ "2026-02-12": "open" }));
    set_backfill(&ada, "week").await;
    world.set_time("2026-02-18T12:00:00Z");
    ada.sign_in().await;
    let habit = ada.get("/api/habits").await.data()["habits"][0].take();
    ada.set_completion(habit["id"].as_str().unwrap(), "2026-02-16", true).await.assert_status(200);
    assert_eq!(
        recent_days(&ada).await,
        json!({ "2026-02-12": "open", "2026-02-16": "done", "2026-02-18": "open" }),
        "the week that ends today"
    );
    for query in ["", "?recentDays=false", "?recentDays="] {
        let habits = ada.get(&format!("/api/habits{query}")).await.assert_status(200).data();
        assert_eq!(habits["habits"][0], habit, "{query}");
    }
    assert!(habit.get("recentDays").is_none(), "{habit}");
}

#[tokio::test]
async fn a_habit_created_after_midnight_can_be_completed_for_the_day_that_just_ended() {
    for backfill in ["grace", "week", "always"] {
        let world = World::at_time("2026-02-12T00:30:00Z").await;
        let ada = world.signed_in_user("ada").await;
        set_backfill(&ada, backfill).await;
        let read = ada.create_habit("Read").await;
        ada.get("/today").await.assert_contains(&button(&read, "2026-02-11", true));
        assert_eq!(recent_days(&ada).await, json!({ "2026-02-11": "open", "2026-02-12": "open" }));
        world.set_time("2026-02-12T02:00:00Z");
        ada.get("/today").await.assert_lacks("2026-02-11:");
        assert_eq!(recent_days(&ada).await, json!({ "2026-02-12": "open" }));
        ada.set_completion(&read, "2026-02-11", true).await.assert_refused(400, "invalid_request");
        world.set_time("2026-02-12T01:59:59Z");
        let pressed = change(&read, "2026-02-11", true);
        ada.post_form("/today", &[("today", "2026-02-12"), ("change", &pressed)]).await.assert_status(303);
        ada.get("/today").await.assert_contains(&button(&read, "2026-02-11", false));
        assert_eq!(recent_days(&ada).await, json!({ "2026-02-11": "done", "2026-02-12": "open" }));
    }
}

#[tokio::test]
async fn what_was_done_on_a_day_that_is_no_longer_scheduled_can_be_undone_and_done_again() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    set_backfill(&ada, "week").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    // From today on, every day except Thursday, which is today.
    let weekdays = json!({ "weekdays": [1, 2, 3, 5, 6, 7] });
    ada.send_json("PUT", &format!("/api/habits/{read}"), &weekdays).await.assert_status(200);
    let walk = ada.create_habit_on("Walk", &[1, 2, 3, 5, 6, 7]).await;
    let (done, undone) = (change(&read, "2026-02-12", true), change(&read, "2026-02-12", false));
    for now in ["2026-02-12T13:00:00Z", "2026-02-13T13:00:00Z"] {
        world.set_time(now);
        ada.set_completion(&read, "2026-02-12", false).await.assert_status(200);
        ada.set_completion(&read, "2026-02-12", false).await.assert_status(200);
        ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
        let refused = ada.set_completion(&walk, "2026-02-12", true).await.assert_refused(400, "invalid_request");
        refused.assert_contains("scheduled for that day");
    }
    let fields = |pressed| [("today", "2026-02-13"), ("change", pressed)];
    ada.get("/today").await.assert_contains(&button(&read, "2026-02-12", false));
    ada.post_form("/today", &fields(&undone)).await.assert_status(303);
    assert!(ada.completed_on("2026-02-12").await.is_empty());
    // The page offers days that are scheduled, but one that still shows the button may take the undo back.
    ada.get("/today").await.assert_lacks("2026-02-12:");
    ada.post_form("/today", &fields(&done)).await.assert_status(303);
    assert_eq!(ada.completed_on("2026-02-12").await, std::slice::from_ref(&read));

    world.set_time("2026-02-20T12:00:00Z");
    ada.sign_in().await;
    ada.set_completion(&read, "2026-02-12", false)
        .await
        .assert_refused(400, "invalid_request")
        .assert_contains("seven days back");
}
