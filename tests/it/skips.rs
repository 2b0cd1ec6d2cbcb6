//! Skipping days of habits.

use serde_json::{Value, json};

use crate::test_user::{TestResponse, TestUser};
use crate::world::World;

async fn skip(user: &TestUser, habit: &str, date: &str, skipped: bool) -> TestResponse {
    user.send_json("POST", "/api/skips", &json!({ "habitId": habit, "date": date, "skipped": skipped })).await
}

fn status(response: TestResponse) -> Value {
    response.assert_status(200).data()["result"]["status"].take()
}

async fn skipped_on(user: &TestUser, date: &str) -> Value {
    user.get(&format!("/api/skips?date={date}")).await.assert_status(200).data()["skips"].take()
}

#[tokio::test]
async fn a_skipped_day_is_neither_done_nor_missed() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.create_habit("Walk").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    world.set_time("2026-02-13T12:00:00Z");
    assert_eq!(status(skip(&ada, &read, "2026-02-13", false).await), "noop");
    assert_eq!(status(skip(&ada, &read, "2026-02-13", true).await), "created");
    assert_eq!(status(skip(&ada, &read, "2026-02-13", true).await), "noop");
    assert_eq!(skipped_on(&ada, "2026-02-13").await, json!([{ "habitId": read, "date": "2026-02-13" }]));
    ada.get("/today").await.assert_contains("data-skipped").assert_contains("0 of 1 done");
    ada.get("/calendar").await.assert_contains("Undo skip: Read").assert_contains("0 of 1 done");
    ada.get(&format!("/habits/{read}")).await.assert_contains("Undo skip").assert_contains("Skipped: 13.");
    world.set_time("2026-02-14T12:00:00Z");
    ada.set_completion(&read, "2026-02-14", true).await.assert_status(200);
    let recent = ada.get("/api/habits?recentDays=true").await.data()["habits"][0]["recentDays"].take();
    assert_eq!(recent, json!({ "2026-02-12": "done", "2026-02-13": "skipped", "2026-02-14": "done" }));
    ada.get("/today").await.assert_contains("2-day streak").assert_contains("Fri, Feb 13: skipped");
    let days = ada.get("/api/insights").await.data()["consistency"][0].take();
    assert_eq!((&days["scheduled"], &days["completed"]), (&json!(4), &json!(2)), "{days}");
}

#[tokio::test]
async fn a_day_is_either_completed_or_skipped() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let today = "2026-02-12";
    ada.set_completion(&read, today, true).await.assert_status(200);
    assert_eq!(status(skip(&ada, &read, today, true).await), "created");
    assert!(ada.completed_on(today).await.is_empty(), "the completion is removed");
    world.set_time("2026-02-12T13:00:00Z");
    let old = json!({ "habitId": read, "date": today, "completed": true, "secondsAgo": 7200 });
    assert_eq!(status(ada.send_json("POST", "/api/completions", &old).await), "noop", "it is older than the skip");
    assert_eq!(skipped_on(&ada, today).await.as_array().unwrap().len(), 1);
    assert_eq!(status(ada.set_completion(&read, today, false).await), "noop");
    assert_eq!(status(ada.set_completion(&read, today, true).await), "created");
    assert_eq!(skipped_on(&ada, today).await, json!([]));
    assert_eq!(status(skip(&ada, &read, today, true).await), "created");
    assert_eq!(status(skip(&ada, &read, today, false).await), "deleted");
    assert!(ada.completed_on(today).await.is_empty() && skipped_on(&ada, today).await == json!([]));
}

#[tokio::test]
async fn only_scheduled_days_that_are_open_can_be_skipped() {
    let world = World::new().await;
    let (ada, eve) = (world.signed_in_user("ada").await, world.signed_in_user("eve").await);
    ada.send_json("PUT", "/api/account", &json!({ "backfill": "grace" })).await.assert_status(200);
    // 2026-02-12 is a Thursday.
    let read = ada.create_habit("Read").await;
    let run = ada.create_habit_on("Run", &[1]).await;
    for (habit, date, message) in [
        (&run, "2026-02-12", "scheduled for that day"),
        (&read, "2026-02-13", "future days"),
        (&read, "2026-02-10", "only edit today"),
    ] {
        skip(&ada, habit, date, true).await.assert_refused(400, "invalid_request").assert_contains(message);
    }
    skip(&eve, &read, "2026-02-12", true).await.assert_status(404);
    skip(&ada, "nonsense", "2026-02-12", true).await.assert_status(404);
    skip(&ada, &read, "soon", true).await.assert_status(400);
    assert_eq!(skipped_on(&ada, "2026-02-12").await, json!([]));
}

#[tokio::test]
async fn a_day_is_skipped_without_javascript() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let page = format!("/habits/{read}");
    let calendar = "/calendar?month=2026-02&date=2026-02-12";
    for (from, label, skipped) in [(page.as_str(), "Skip today", true), (calendar, "Undo skip: Read", false)] {
        let pressed = format!("{read}:2026-02-12:{skipped}");
        ada.get(from).await.assert_contains(label).assert_contains(&format!("name=\"skip\" value=\"{pressed}\""));
        ada.post_form("/today", &[("from", from), ("skip", &pressed)])
            .await
            .assert_status(303)
            .assert_redirects_to(from);
    }
    assert_eq!(skipped_on(&ada, "2026-02-12").await, json!([]));
    for malformed in ["", "::", &format!("{read}:2026-02-12"), &format!("{read}:2026-02-12:maybe")] {
        ada.post_form("/today", &[("skip", malformed)]).await.assert_status(422);
    }
    assert_eq!(skipped_on(&ada, "2026-02-12").await, json!([]));
}

#[tokio::test]
async fn a_day_on_which_everything_is_skipped_is_not_complete() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    skip(&ada, &read, "2026-02-12", true).await.assert_status(200);
    ada.get("/today").await.assert_lacks("is-complete").assert_lacks("0 of 0");
    ada.get("/calendar").await.assert_lacks("is-complete").assert_contains("aria-hidden=\"true\">–</span>");
}

#[tokio::test]
async fn skipped_days_survive_export_and_import() {
    let world = World::new().await;
    let (ada, eve) = (world.signed_in_user("ada").await, world.signed_in_user("eve").await);
    let read = ada.create_habit("Read").await;
    let export = async || ada.get("/api/account/exports/self").await.assert_status(200).json();
    assert!(export().await.get("dayLogs").is_none(), "readers of older files get the fields they know");
    skip(&ada, &read, "2026-02-12", true).await.assert_status(200);
    let file = export().await;
    assert_eq!(file["dayLogs"], json!([{ "habitId": read, "date": "2026-02-12", "isSkipped": true }]));
    let import = async || eve.send_json("POST", "/api/account/imports/self", &file).await.assert_status(200).data();
    let added = import().await;
    assert_eq!(added["dayLogs"], json!({ "added": 1, "known": 0, "repaired": 0 }));
    assert_eq!(import().await["dayLogs"], json!({ "added": 0, "known": 1, "repaired": 0 }));
    assert_eq!(skipped_on(&eve, "2026-02-12").await.as_array().unwrap().len(), 1);
}
