//! Ticking and unticking.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn yesterday_closes_at_two_in_the_morning_where_ada_lives() {
    let world = World::at("2026-02-12T01:59:00-08:00").await;
    let ada = world.signed_up_in("ada", "America/Los_Angeles").await;
    let read = ada.keeps("Read").await;
    ada.ticks(&read, "2026-02-11", true).await.is(200);
    world.it_is("2026-02-12T02:00:00-08:00");
    ada.ticks(&read, "2026-02-11", false).await.is_refused(400, "invalid_request").says("until 02:00");
    ada.ticks(&read, "2026-02-10", true).await.is_refused(400, "invalid_request").says("closed");
    ada.ticks(&read, "2026-02-13", true).await.is_refused(400, "invalid_request").says("not begun");
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    assert_eq!(ada.done_on("2026-02-11").await, [read]);
}

#[tokio::test]
async fn a_monday_habit_is_due_on_monday_west_of_greenwich() {
    let world = World::at("2026-02-09T20:00:00-08:00").await;
    let ada = world.signed_up_in("ada", "America/Los_Angeles").await;
    let monday = ada.keeps_on("Bins out", &[1]).await;
    ada.get("/today").await.is(200).says("Bins out").says("Monday, 9 February 2026");
    ada.ticks(&monday, "2026-02-09", true).await.is(200);
    world.it_is("2026-02-10T20:00:00-08:00");
    ada.get("/today").await.says_nothing_of("Bins out").says("Nothing is planned for today");
    ada.ticks(&monday, "2026-02-10", true).await.is_refused(400, "invalid_request").says("not planned");
}

#[tokio::test]
async fn a_tick_is_a_fact_however_often_it_is_asked_for() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    let status = |reply: crate::person::Reply| reply.is(200).data()["result"]["status"].clone();
    assert_eq!(status(ada.ticks(&read, "2026-02-12", false).await), "noop");
    let answers = futures_util::future::join_all((0..16).map(|_| ada.ticks(&read, "2026-02-12", true))).await;
    let created = answers.into_iter().map(status).filter(|status| status == "created").count();
    assert_eq!(created, 1);
    assert_eq!(ada.done_on("2026-02-12").await, std::slice::from_ref(&read));
    assert_eq!(status(ada.ticks(&read, "2026-02-12", false).await), "deleted");
    assert!(ada.done_on("2026-02-12").await.is_empty());
}

#[tokio::test]
async fn ada_ticks_without_a_script() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    let walk = ada.keeps("Walk").await;
    let tick = |habit: &str, completed: &'static str| {
        let fields =
            [("habitId", habit.to_owned()), ("date", "2026-02-12".to_owned()), ("completed", completed.to_owned())];
        fields.map(|(name, value)| (name, value))
    };
    let posts = async |fields: [(&str, String); 3]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ada.posts("/today", &fields).await
    };
    posts(tick(&read, "true")).await.is(303).leads_to("/today");
    let page = ada.get("/today").await.says("1/2").says("aria-checked=\"true\"").text();
    assert!(page.find("Walk").unwrap() < page.find(">Read<").unwrap(), "what is done sinks");
    posts(tick(&walk, "true")).await.is(303);
    ada.get("/today").await.says("is-complete").says("2/2");
    posts(tick(&walk, "false")).await.is(303);
    ada.get("/today").await.says("1/2").says_nothing_of("is-complete");
}

#[tokio::test]
async fn a_refused_tick_is_explained_at_its_row() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    let page = ada.posts("/today", &[("habitId", &read), ("date", "2026-02-10"), ("completed", "true")]).await.is(422);
    page.says("That day is closed").says(&format!("aria-describedby=\"fault-{read}\""));
    for (habit, date) in
        [("nonsense", "2026-02-12"), ("", ""), (read.as_str(), "yesterday"), (read.as_str(), "2026-02-30")]
    {
        ada.posts("/today", &[("habitId", habit), ("date", date), ("completed", "true")]).await.is(422);
    }
    ada.posts("/today", &[]).await.is(422);
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    for word in ["", "TRUE", "on", "banana"] {
        ada.posts("/today", &[("habitId", &read), ("date", "2026-02-12"), ("completed", word)]).await.is(422);
    }
    assert_eq!(ada.done_on("2026-02-12").await.len(), 1, "only the word false unticks");
}

#[tokio::test]
async fn a_browser_test_can_hold_the_clock_of_one_request() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    let body = json!({ "habitId": read, "date": "2026-02-11", "completed": true }).to_string();
    let at = async |now: &str| {
        let headers = [("content-type", "application/json"), ("x-atlas-test-now", now)];
        ada.asks("POST", "/api/completions", &headers, body.as_bytes()).await
    };
    at("2026-02-12T02:00:00Z").await.is_refused(400, "invalid_request");
    at("2026-02-12T01:59:59Z").await.is(200);
    at("soon").await.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn archived_habits_keep_what_was_done() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    ada.asks("DELETE", &format!("/api/habits/{read}"), &[], b"").await.is(200);
    assert_eq!(ada.done_on("2026-02-12").await, std::slice::from_ref(&read));
    ada.ticks(&read, "2026-02-12", false).await.is_refused(404, "not_found");
    for query in ["", "?date=", "?date=2026-02-30", "?date=today"] {
        ada.get(&format!("/api/completions{query}")).await.is_refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_tick_that_waited_counts_for_the_time_it_was_made() {
    let world = World::at("2026-02-12T23:50:00Z").await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    world.it_is("2026-02-13T09:00:00Z");
    let tick = |seconds_ago: u64| json!({ "habitId": read, "date": "2026-02-12", "completed": true, "secondsAgo": seconds_ago });
    let said = ada.sends("POST", "/api/completions", &tick(7 * 3600)).await;
    said.is_refused(400, "invalid_request").says("until 02:00");
    ada.sends("POST", "/api/completions", &tick(32 * 86_400)).await.is_refused(400, "invalid_request").says("a month");
    assert!(ada.done_on("2026-02-12").await.is_empty());
    ada.sends("POST", "/api/completions", &tick(9 * 3600)).await.is(200);
    assert_eq!(ada.done_on("2026-02-12").await, std::slice::from_ref(&read));
    for nonsense in [json!(-1), json!("now"), json!(1e300)] {
        let body = json!({ "habitId": read, "date": "2026-02-13", "completed": true, "secondsAgo": nonsense });
        ada.sends("POST", "/api/completions", &body).await.is_refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_tick_of_somebody_else_is_kept_for_them() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_up("ada").await, world.signed_up("bob").await);
    let read = ada.keeps("Read").await;
    let me = |reply: crate::person::Reply| reply.is(200).json()["userId"].as_str().unwrap().to_owned();
    let (ada_id, bob_id) =
        (me(ada.get("/api/account/exports/self").await), me(bob.get("/api/account/exports/self").await));
    let tick = |maker: &str| json!({ "habitId": read, "date": "2026-02-12", "completed": true, "userId": maker });
    ada.sends("POST", "/api/completions", &tick(&bob_id))
        .await
        .is_refused(403, "forbidden")
        .says("Somebody else is signed in");
    assert!(ada.done_on("2026-02-12").await.is_empty());
    ada.sends("POST", "/api/completions", &tick(&ada_id)).await.is(200);
}
