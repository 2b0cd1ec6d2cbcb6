//! Marking habits as done and not done.

use serde_json::json;

use crate::test_user::TestResponse;
use crate::world::World;

#[tokio::test]
async fn yesterday_closes_at_two_in_the_morning_in_the_users_time_zone() {
    let world = World::at_time("2026-02-12T01:59:00-08:00").await;
    let ada = world.signed_in_user_in("ada", "America/Los_Angeles").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-11", true).await.assert_status(200);
    world.set_time("2026-02-12T02:00:00-08:00");
    ada.set_completion(&read, "2026-02-11", false)
        .await
        .assert_refused(400, "invalid_request")
        .assert_contains("closed at 02:00");
    ada.set_completion(&read, "2026-02-10", true)
        .await
        .assert_refused(400, "invalid_request")
        .assert_contains("only edit today");
    ada.set_completion(&read, "2026-02-13", true)
        .await
        .assert_refused(400, "invalid_request")
        .assert_contains("complete future days");
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    assert_eq!(ada.completed_on("2026-02-11").await, [read]);
}

#[tokio::test]
async fn a_monday_habit_is_due_on_monday_in_a_western_time_zone() {
    let world = World::at_time("2026-02-09T20:00:00-08:00").await;
    let ada = world.signed_in_user_in("ada", "America/Los_Angeles").await;
    let bins = ada.create_habit_on("Bins out", &[1]).await;
    ada.get("/today").await.assert_status(200).assert_contains("Bins out").assert_contains("Monday, February 9, 2026");
    ada.set_completion(&bins, "2026-02-09", true).await.assert_status(200);
    world.set_time("2026-02-10T20:00:00-08:00");
    ada.get("/today").await.assert_lacks("Bins out").assert_contains("Nothing scheduled today");
    ada.set_completion(&bins, "2026-02-10", true)
        .await
        .assert_refused(400, "invalid_request")
        .assert_contains("scheduled for that day");
}

#[tokio::test]
async fn completing_a_habit_is_idempotent() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let status = |response: TestResponse| response.assert_status(200).data()["result"]["status"].clone();
    assert_eq!(status(ada.set_completion(&read, "2026-02-12", false).await), "noop");
    let responses =
        futures_util::future::join_all((0..16).map(|_| ada.set_completion(&read, "2026-02-12", true))).await;
    let created = responses.into_iter().map(status).filter(|status| status == "created").count();
    assert_eq!(created, 1);
    assert_eq!(ada.completed_on("2026-02-12").await, std::slice::from_ref(&read));
    assert_eq!(status(ada.set_completion(&read, "2026-02-12", false).await), "deleted");
    assert!(ada.completed_on("2026-02-12").await.is_empty());
}

#[tokio::test]
async fn a_habit_is_completed_without_javascript() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let walk = ada.create_habit("Walk").await;
    let fields = |habit: &str, completed: &'static str| {
        [("habitId", habit.to_owned()), ("date", "2026-02-12".to_owned()), ("completed", completed.to_owned())]
    };
    let post = async |fields: [(&str, String); 3]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ada.post_form("/today", &fields).await
    };
    post(fields(&read, "true")).await.assert_status(303).assert_redirects_to("/today");
    let page = ada.get("/today").await.assert_contains("1/2").assert_contains("aria-checked=\"true\"").text();
    assert!(page.find("Walk").unwrap() < page.find(">Read<").unwrap(), "completed habits move to the bottom");
    post(fields(&walk, "true")).await.assert_status(303);
    ada.get("/today").await.assert_contains("is-complete").assert_contains("2/2");
    post(fields(&walk, "false")).await.assert_status(303);
    ada.get("/today").await.assert_contains("1/2").assert_lacks("is-complete");
}

#[tokio::test]
async fn a_refused_completion_is_explained_next_to_its_habit() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let page = ada
        .post_form("/today", &[("habitId", &read), ("date", "2026-02-10"), ("completed", "true")])
        .await
        .assert_status(422);
    page.assert_contains("You can only edit today").assert_contains(&format!("aria-describedby=\"fault-{read}\""));
    for (habit, date) in
        [("nonsense", "2026-02-12"), ("", ""), (read.as_str(), "yesterday"), (read.as_str(), "2026-02-30")]
    {
        ada.post_form("/today", &[("habitId", habit), ("date", date), ("completed", "true")]).await.assert_status(422);
    }
    ada.post_form("/today", &[]).await.assert_status(422);
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    for value in ["", "TRUE", "on", "banana"] {
        ada.post_form("/today", &[("habitId", &read), ("date", "2026-02-12"), ("completed", value)])
            .await
            .assert_status(422);
    }
    assert_eq!(ada.completed_on("2026-02-12").await.len(), 1, "only the value false marks a habit as not done");
}

#[tokio::test]
async fn a_list_of_today_that_was_left_open_changes_no_past_day() {
    let world = World::at_time("2026-02-12T22:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.send_json("PUT", "/api/account", &json!({ "backfill": "always" })).await.assert_status(200);
    let page = ada.get("/today").await.assert_status(200).text();
    assert!(page.contains("name=\"today\" value=\"2026-02-12\""), "{page}");
    let change = |completed: bool| json!({ "habitId": read, "date": "2026-02-12", "today": "2026-02-12", "completed": completed });
    world.set_time("2026-02-13T01:59:59Z");
    ada.send_json("POST", "/api/completions", &change(true)).await.assert_status(200);
    ada.send_json("POST", "/api/completions", &change(false)).await.assert_status(200);

    world.set_time("2026-02-13T02:00:00Z");
    let refused = ada.send_json("POST", "/api/completions", &change(true)).await.assert_refused(400, "invalid_request");
    assert_eq!(refused.json()["error"]["fields"][0]["field"], "today");
    let fields = [("habitId", read.as_str()), ("date", "2026-02-12"), ("today", "2026-02-12"), ("completed", "true")];
    ada.post_form("/today", &fields)
        .await
        .assert_status(422)
        .assert_contains("A new day has begun")
        .assert_contains("Friday, February 13, 2026");
    assert!(ada.completed_on("2026-02-12").await.is_empty());
    // From the calendar, the day is changed on purpose.
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
}

#[tokio::test]
async fn a_test_can_set_the_time_of_one_request() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let body = json!({ "habitId": read, "date": "2026-02-11", "completed": true }).to_string();
    let complete_at = async |now: &str| {
        let headers = [("content-type", "application/json"), ("x-atlas-test-now", now)];
        ada.request("POST", "/api/completions", &headers, body.as_bytes()).await
    };
    complete_at("2026-02-12T02:00:00Z").await.assert_refused(400, "invalid_request");
    complete_at("2026-02-12T01:59:59Z").await.assert_status(200);
    complete_at("soon").await.assert_refused(400, "invalid_request");
}

#[tokio::test]
async fn archived_habits_keep_their_completions() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    ada.request("DELETE", &format!("/api/habits/{read}"), &[], b"").await.assert_status(200);
    assert_eq!(ada.completed_on("2026-02-12").await, std::slice::from_ref(&read));
    ada.set_completion(&read, "2026-02-12", false).await.assert_refused(404, "not_found");
    for query in ["", "?date=", "?date=2026-02-30", "?date=today"] {
        ada.get(&format!("/api/completions{query}")).await.assert_refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_completion_made_offline_is_judged_by_the_time_it_was_made() {
    let world = World::at_time("2026-02-12T23:50:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    world.set_time("2026-02-13T09:00:00Z");
    let completion = |seconds_ago: u64| json!({ "habitId": read, "date": "2026-02-12", "completed": true, "secondsAgo": seconds_ago });
    let refused = ada.send_json("POST", "/api/completions", &completion(7 * 3600)).await;
    refused.assert_refused(400, "invalid_request").assert_contains("closed at 02:00");
    ada.send_json("POST", "/api/completions", &completion(32 * 86_400))
        .await
        .assert_refused(400, "invalid_request")
        .assert_contains("a month");
    assert!(ada.completed_on("2026-02-12").await.is_empty());
    ada.send_json("POST", "/api/completions", &completion(9 * 3600)).await.assert_status(200);
    assert_eq!(ada.completed_on("2026-02-12").await, std::slice::from_ref(&read));
    for invalid in [json!(-1), json!("now"), json!(1e300)] {
        let body = json!({ "habitId": read, "date": "2026-02-13", "completed": true, "secondsAgo": invalid });
        ada.send_json("POST", "/api/completions", &body).await.assert_refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_change_made_before_the_last_change_of_the_same_day_is_a_noop() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let (read, walk) = (ada.create_habit("Read").await, ada.create_habit("Walk").await);
    let change = async |habit: &str, completed: bool, seconds_ago: u32| {
        let body = json!({ "habitId": habit, "date": "2026-02-12", "completed": completed, "secondsAgo": seconds_ago });
        let response = ada.send_json("POST", "/api/completions", &body).await.assert_status(200);
        response.data()["result"]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(change(&read, true, 0).await, "created");
    assert_eq!(change(&read, false, 0).await, "deleted");
    assert_eq!(change(&read, true, 3600).await, "noop", "it was made an hour before the undo");
    assert!(ada.completed_on("2026-02-12").await.is_empty());
    assert_eq!(change(&walk, true, 3600).await, "created", "another habit was not changed since");
    assert_eq!(change(&walk, false, 7200).await, "noop", "it was made before the completion");
    assert_eq!(change(&walk, false, 1800).await, "deleted", "it was made after the completion");
    assert_eq!(change(&walk, true, 2400).await, "noop", "it was made between the two");
    assert_eq!(change(&walk, true, 1200).await, "created");

    world.set_time("2026-02-12T10:00:00Z");
    assert_eq!(change(&read, true, 0).await, "created", "the server's clock was set back, but this is made now");
    assert_eq!(change(&read, false, 0).await, "deleted");
}

#[tokio::test]
async fn an_undo_is_remembered_across_a_restart_and_for_days_long_ago() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let mut ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let change = |date: &str, completed: bool, seconds_ago: u32| json!({ "habitId": read, "date": date, "completed": completed, "secondsAgo": seconds_ago });
    let status = |response: TestResponse| response.assert_status(200).data()["result"]["status"].clone();
    ada.send_json("PUT", "/api/account", &json!({ "backfill": "always" })).await.assert_status(200);
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    ada.set_completion(&read, "2026-02-12", false).await.assert_status(200);
    world.set_time("2026-06-12T12:00:00Z");
    ada.sign_in().await.assert_status(303);
    ada.set_completion(&read, "2026-02-13", true).await.assert_status(200);
    ada.set_completion(&read, "2026-02-14", true).await.assert_status(200);
    ada.set_completion(&read, "2026-02-14", false).await.assert_status(200);

    let world = world.restart().await;
    ada.reconnect(&world);
    for (date, completed) in [("2026-02-13", false), ("2026-02-14", true)] {
        assert_eq!(
            status(ada.send_json("POST", "/api/completions", &change(date, completed, 60)).await),
            "noop",
            "{date}"
        );
    }
    assert_eq!(status(ada.send_json("POST", "/api/completions", &change("2026-02-12", true, 60)).await), "created");
}

#[tokio::test]
async fn a_completion_queued_by_another_user_is_refused() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_in_user("ada").await, world.signed_in_user("bob").await);
    let read = ada.create_habit("Read").await;
    let user_id = |response: TestResponse| response.assert_status(200).json()["userId"].as_str().unwrap().to_owned();
    let (ada_id, bob_id) =
        (user_id(ada.get("/api/account/exports/self").await), user_id(bob.get("/api/account/exports/self").await));
    let completion = |user: &str| json!({ "habitId": read, "date": "2026-02-12", "completed": true, "userId": user });
    ada.send_json("POST", "/api/completions", &completion(&bob_id))
        .await
        .assert_refused(403, "forbidden")
        .assert_contains("signed in with a different account");
    assert!(ada.completed_on("2026-02-12").await.is_empty());
    ada.send_json("POST", "/api/completions", &completion(&ada_id)).await.assert_status(200);
}
