//! Habits that count an amount: their goals, the entries of a day, and what pages make of them.

use serde_json::{Value, json};

use crate::test_user::TestUser;
use crate::world::World;

async fn create(user: &TestUser, title: &str, goal: &Value, unit: &str) -> String {
    let body = json!({ "title": title, "weekdays": [1, 2, 3, 4, 5, 6, 7], "goal": goal, "unit": unit });
    let habit = user.send_json("POST", "/api/habits", &body).await.assert_status(201).data();
    assert_eq!(habit["habit"]["goal"], *goal);
    habit["habit"]["id"].as_str().unwrap().to_owned()
}

fn entry(habit: &str, date: &str, amount: impl Into<Value>) -> Value {
    json!({ "habitId": habit, "date": date, "amount": amount.into() })
}

/// Adds an entry and returns its id.
async fn add(user: &TestUser, habit: &str, date: &str, amount: impl Into<Value>) -> String {
    let added = user.send_json("POST", "/api/entries", &entry(habit, date, amount)).await.assert_status(200).data();
    assert_eq!(added["result"]["status"], "created");
    added["result"]["id"].as_str().unwrap().to_owned()
}

async fn amounts(user: &TestUser, date: &str) -> Vec<Value> {
    let data = user.get(&format!("/api/entries?date={date}")).await.assert_status(200).data();
    data["entries"].as_array().unwrap().iter().map(|entry| entry["amount"].clone()).collect()
}

#[tokio::test]
async fn entries_of_a_day_add_up_until_the_goal_is_reached() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let water = create(&ada, "Water", &json!({ "kind": "atLeast", "target": 2.5, "per": "day" }), "l").await;
    ada.get("/today").await.assert_contains("0 of 2.5 l").assert_contains("0 of 1 done");
    let first = add(&ada, &water, "2026-02-12", 1).await;
    add(&ada, &water, "2026-02-12", "0,75").await;
    ada.get("/today").await.assert_contains("1.75 of 2.5 l").assert_contains("0 of 1 done");
    add(&ada, &water, "2026-02-12", 0.75).await;
    ada.get("/today").await.assert_contains("2.5 of 2.5 l").assert_contains("1 of 1 done");
    let completed = ada.get("/api/completions?date=2026-02-12").await.data();
    assert_eq!(completed["completions"][0]["habitId"], water);
    assert_eq!(amounts(&ada, "2026-02-12").await, [json!(1), json!(0.75), json!(0.75)]);
    // Editing and removing an entry.
    let changed = entry(&water, "2026-02-12", 0.25);
    ada.send_json("PUT", &format!("/api/entries/{first}"), &changed).await.assert_status(200);
    ada.get("/today").await.assert_contains("1.75 of 2.5 l").assert_contains("0 of 1 done");
    let address = format!("/api/entries/{first}?habitId={water}&date=2026-02-12");
    for status in ["deleted", "noop"] {
        let removed = ada.send_json("DELETE", &address, &json!({})).await.assert_status(200).data();
        assert_eq!(removed["result"]["status"], status);
    }
    ada.send_json("PUT", &format!("/api/entries/{first}"), &changed).await.assert_refused(404, "not_found");
    assert_eq!(amounts(&ada, "2026-02-12").await, [json!(0.75), json!(0.75)]);
}

#[tokio::test]
async fn an_entry_that_is_sent_twice_counts_once_and_those_of_two_devices_twice() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let goal = json!({ "kind": "atLeast", "target": 8, "per": "day" });
    let water = create(&ada, "Water", &goal, "glasses").await;
    let with_id = |id: &str| {
        let mut body = entry(&water, "2026-02-12", 1);
        body["id"] = id.into();
        body
    };
    let (phone, tablet) = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222");
    for (id, status) in [(phone, "created"), (phone, "noop"), (tablet, "created")] {
        let sent = ada.send_json("POST", "/api/entries", &with_id(id)).await.assert_status(200).data();
        assert_eq!((&sent["result"]["status"], &sent["result"]["id"]), (&json!(status), &json!(id)));
    }
    ada.get("/today").await.assert_contains("2 of 8 glasses");
    // Without JavaScript, each press adds the amount of one tap.
    let press = format!("{water}:2026-02-12:1");
    let form = [("add", press.as_str()), ("from", "/today"), ("today", "2026-02-12")];
    ada.post_form("/today", &form).await.assert_status(303);
    ada.get("/today").await.assert_contains("3 of 8 glasses");
}

#[tokio::test]
async fn an_offline_entry_applies_to_the_day_on_which_it_was_made() {
    let world = World::at_time("2026-02-13T09:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let water = create(&ada, "Water", &json!({ "kind": "atLeast", "target": 8, "per": "day" }), "glasses").await;
    world.set_time("2026-02-14T09:00:00Z");
    let mut late = entry(&water, "2026-02-13", 1);
    late["secondsAgo"] = json!(20 * 3600);
    ada.send_json("POST", "/api/entries", &late).await.assert_status(200);
    let data = ada.get("/api/entries?date=2026-02-13").await.data();
    assert_eq!(data["entries"][0]["recordedAt"], "2026-02-13T13:00:00.000Z");
    late["userId"] = json!("another");
    ada.send_json("POST", "/api/entries", &late).await.assert_refused(403, "forbidden");
}

#[tokio::test]
async fn a_limit_is_kept_until_its_entries_exceed_it() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let coffee = create(&ada, "Coffee", &json!({ "kind": "atMost", "target": 2, "per": "day" }), "cups").await;
    let smoking = create(&ada, "No smoking", &json!({ "kind": "atMost", "target": 0, "per": "day" }), "").await;
    world.set_time("2026-02-15T12:00:00Z");
    ada.get("/today").await.assert_contains("0 of 2 cups").assert_contains("3 days since");
    for _ in 0..3 {
        add(&ada, &coffee, "2026-02-15", 1).await;
    }
    let mut yesterday = entry(&smoking, "2026-02-14", 1);
    yesterday["secondsAgo"] = json!(20 * 3600);
    ada.send_json("POST", "/api/entries", &yesterday).await.assert_status(200);
    let today = ada.get("/today").await.assert_contains("3 of 2 cups").assert_contains("data-exceeded");
    today.assert_contains("1 day since").assert_contains("0 of 1 done");
    // The days before were kept, except the one with a slip.
    let on = |day: &str| format!("/api/completions?date={day}");
    for (day, count) in [("2026-02-13", 2), ("2026-02-14", 1), ("2026-02-15", 0)] {
        let completed = ada.get(&on(day)).await.data();
        assert_eq!(completed["completions"].as_array().unwrap().len(), count, "{day}");
    }
}

#[tokio::test]
async fn amounts_and_completions_do_not_mix() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let water = create(&ada, "Water", &json!({ "kind": "atLeast", "target": 8, "per": "day" }), "").await;
    let read = ada.create_habit("Read").await;
    let done = json!({ "habitId": water, "date": "2026-02-12", "completed": true });
    let refused = ada.send_json("POST", "/api/completions", &done).await.assert_refused(400, "invalid_request");
    refused.assert_contains("counts an amount");
    let refused = ada.send_json("POST", "/api/entries", &entry(&read, "2026-02-12", 1)).await;
    refused.assert_refused(400, "invalid_request").assert_contains("done or not");
    // A day keeps the goal that it had when the habit changes.
    world.set_time("2026-02-13T12:00:00Z");
    add(&ada, &water, "2026-02-13", 3).await;
    world.set_time("2026-02-14T12:00:00Z");
    let change = json!({ "goal": { "kind": "yesNo" } });
    ada.send_json("PUT", &format!("/api/habits/{water}"), &change).await.assert_status(200);
    ada.get("/today").await.assert_lacks("of 8");
    let done = json!({ "habitId": water, "date": "2026-02-14", "completed": true });
    ada.send_json("POST", "/api/completions", &done).await.assert_status(200);
    let mut yesterday = entry(&water, "2026-02-13", 5);
    yesterday["secondsAgo"] = json!(20 * 3600);
    ada.send_json("POST", "/api/entries", &yesterday).await.assert_status(200);
    let completed = ada.get("/api/completions?date=2026-02-13").await.data();
    assert_eq!(completed["completions"][0]["habitId"], water);
}

#[tokio::test]
async fn what_is_no_amount_is_refused_and_changes_nothing() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let water = create(&ada, "Water", &json!({ "kind": "atLeast", "target": 8, "per": "day" }), "glasses 💧").await;
    let zeros = format!("0.{}1", "0".repeat(300));
    let bad =
        [json!(0), json!(-1), json!(1e99), json!("NaN"), json!("1e5"), json!(0.0001), json!(zeros), json!("1,250")];
    for amount in bad {
        let refused = ada.send_json("POST", "/api/entries", &entry(&water, "2026-02-12", amount.clone())).await;
        let refused = refused.assert_refused(400, "invalid_request");
        assert!(refused.text().contains("amount"), "{amount}: {}", refused.text());
    }
    for (date, message) in
        [("2026-02-13", "future"), ("1969-12-31", "date"), ("2026-02-30", "date"), ("2026-01-01", "")]
    {
        let refused = ada.send_json("POST", "/api/entries", &entry(&water, date, 1)).await;
        refused.assert_refused(400, "invalid_request").assert_contains(message);
    }
    for (time, message) in [("25:00", "time such as"), ("23:59", "hasn't come yet"), ("noon", "time such as")] {
        let mut body = entry(&water, "2026-02-12", 1);
        body["time"] = time.into();
        let refused = ada.send_json("POST", "/api/entries", &body).await;
        refused.assert_refused(400, "invalid_request").assert_contains(message);
    }
    assert!(amounts(&ada, "2026-02-12").await.is_empty());
    let bob = world.signed_in_user("bob").await;
    bob.send_json("POST", "/api/entries", &entry(&water, "2026-02-12", 1)).await.assert_refused(404, "not_found");
}

#[tokio::test]
async fn the_form_sets_a_goal_and_keeps_what_was_typed() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let form = |target: &'static str| {
        let rule = [("title", "Walk"), ("description", ""), ("weekdays", "1"), ("weekdays", "4"), ("goal", "atLeast")];
        [&rule[..], &[("target", target), ("unit", "km"), ("per", "week"), ("step", "0.5")]].concat()
    };
    let refused = ada.post_form("/habits", &form("lots")).await.assert_status(422);
    refused.assert_contains("value=\"lots\"").assert_contains("value=\"km\"").assert_contains("such as 2 or 2.5");
    ada.post_form("/habits", &form("12,5")).await.assert_status(303);
    ada.get("/today").await.assert_contains("0 of 12.5 km this week").assert_contains(":0.5\"");
    let habits = ada.get("/api/habits").await.data();
    let habit = &habits["habits"][0];
    assert_eq!(habit["goal"], json!({ "kind": "atLeast", "target": 12.5, "per": "week" }));
    assert_eq!((&habit["unit"], &habit["step"]), (&json!("km"), &json!(0.5)));
    // The export brings all of it back.
    add(&ada, habit["id"].as_str().unwrap(), "2026-02-12", 3).await;
    let file = ada.get("/api/account/exports/self").await.assert_status(200).json();
    let bob = world.signed_in_user("bob").await;
    bob.send_json("POST", "/api/account/imports/self", &file).await.assert_status(200);
    bob.get("/today").await.assert_contains("3 of 12.5 km this week");
}

#[tokio::test]
async fn the_page_of_a_habit_adds_edits_and_removes_entries_and_keeps_what_was_typed() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let run = create(&ada, "Run", &json!({ "kind": "atLeast", "target": 90, "per": "day" }), "min").await;
    let address = format!("/habits/{run}/entries");
    let form = |amount: &'static str, time: &'static str, action: &'static str| {
        vec![("date", "2026-02-12"), ("amount", amount), ("time", time), ("action", action)]
    };
    let refused = ada.post_form(&address, &form("long", "07:30", "add")).await.assert_status(422);
    refused.assert_contains("value=\"long\"").assert_contains("value=\"07:30\"").assert_contains("such as 2 or 2.5");
    ada.post_form(&address, &form("1h 15m", "07:30", "add")).await.assert_status(303);
    let page = ada.get(&format!("/habits/{run}?day=2026-02-12")).await.assert_status(200);
    page.assert_contains("07:30").assert_contains("75 min").assert_contains("75 of 90 min");
    let data = ada.get("/api/entries?date=2026-02-12").await.data();
    let id = data["entries"][0]["id"].as_str().unwrap();
    let with_id = |form: Vec<(&'static str, &'static str)>| [&form[..], &[("entry", id)]].concat();
    let refused = ada.post_form(&address, &with_id(form("0", "07:30", "change"))).await.assert_status(422);
    refused.assert_contains("Enter a number above 0.").assert_contains("75 min");
    ada.post_form(&address, &with_id(form("90", "06:00", "change"))).await.assert_status(303);
    ada.get(&format!("/habits/{run}")).await.assert_contains("06:00").assert_contains("90 of 90 min");
    ada.post_form(&address, &with_id(form("", "", "remove"))).await.assert_status(303);
    ada.get(&format!("/habits/{run}")).await.assert_contains("0 of 90 min").assert_lacks("06:00");
    let bob = world.signed_in_user("bob").await;
    bob.post_form(&address, &form("1", "", "add")).await.assert_status(404);
}
