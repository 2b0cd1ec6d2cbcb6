//! Keeping habits.

use serde_json::{Value, json};

use crate::world::{NOON, World};

#[tokio::test]
async fn ada_makes_a_habit_with_the_form() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    ada.get("/habits").await.is(200).says("None yet").says("Create habit");
    let fields = [("title", " Read 10 pages "), ("description", ""), ("weekdays", "1"), ("weekdays", "4")];
    let reply = ada.posts("/habits", &fields).await.is(303);
    assert!(reply.header("location").unwrap().starts_with("/habits#habit-"));
    ada.get("/habits").await.is(200).says("data-habit-title=\"Read 10 pages\"").says("Mon, Thu");
    ada.get("/today").await.is(200).says("Read 10 pages").says("0/1");
}

#[tokio::test]
async fn what_is_wrong_with_a_habit_stands_beside_the_field_and_nothing_typed_is_lost() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let page = ada.posts("/habits", &[("title", "  "), ("description", "<b>kept</b>")]).await.is(422);
    let page = page.says("The title cannot be empty").says("Choose at least one day").says("&lt;b&gt;kept&lt;/b&gt;");
    page.says_nothing_of("<b>kept");
    let long = "x".repeat(121);
    ada.posts("/habits", &[("title", &long), ("weekdays", "1")]).await.is(422).says("up to 120").says(&long);
    for weekday in ["0", "8", "monday", "-1", "99999999999999999999"] {
        ada.posts("/habits", &[("title", "Read"), ("weekdays", weekday)]).await.is(422);
    }
    ada.get("/habits").await.says("None yet");
}

#[tokio::test]
async fn the_json_of_a_habit_is_the_predecessors() {
    let world = World::at("2026-02-12T12:00:00.123Z").await;
    let ada = world.signed_up("ada").await;
    let body = json!({ "title": "Read", "description": " ", "weekdays": [5, 1, 5], "reminderTimes": [600, 480], "id": "mine" });
    let habit = ada.sends("POST", "/api/habits", &body).await.is(201).data()["habit"].take();
    let id = habit["id"].clone();
    assert_ne!(id, "mine");
    assert_eq!(
        habit,
        json!({
            "id": id, "title": "Read", "description": null, "archivedAt": null,
            "createdAt": "2026-02-12T12:00:00.123Z", "weekdays": [1, 5], "reminderTimes": [480, 600],
        })
    );
    assert_eq!(ada.get("/api/habits").await.is(200).data(), json!({ "habits": [habit] }));
}

#[tokio::test]
async fn a_habit_changes_field_by_field_and_is_put_away() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let id = ada.keeps("Read").await;
    let path = format!("/api/habits/{id}");
    let put = async |body: Value| ada.sends("PUT", &path, &body).await.is(200).data()["habit"].take();
    assert_eq!(put(json!({ "description": "at night" })).await["description"], "at night");
    assert_eq!(put(json!({ "title": "Read more" })).await["description"], "at night");
    let habit = put(json!({ "description": null, "weekdays": [2] })).await;
    assert_eq!(
        (&habit["title"], &habit["description"], &habit["weekdays"]),
        (&json!("Read more"), &json!(null), &json!([2]))
    );
    for bad in [
        json!({}),
        json!({ "title": "" }),
        json!({ "weekdays": [] }),
        json!({ "title": 7 }),
        json!({ "reminderTimes": [1, 1] }),
        json!([]),
    ] {
        ada.sends("PUT", &path, &bad).await.is_refused(400, "invalid_request");
    }
    assert_eq!(ada.asks("DELETE", &path, &[], b"").await.is(200).data(), json!({ "habitId": id }));
    ada.asks("DELETE", &path, &[], b"").await.is_refused(404, "not_found");
    ada.sends("PUT", &path, &json!({ "title": "x" })).await.is_refused(404, "not_found");
    assert_eq!(ada.get("/api/habits").await.data(), json!({ "habits": [] }));
}

#[tokio::test]
async fn the_order_names_every_active_habit_once() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (a, b, c) = (ada.keeps("A").await, ada.keeps("B").await, ada.keeps("C").await);
    let order = |ids: &[&str]| json!({ "habitIds": ids });
    ada.sends("PUT", "/api/habits/order", &order(&[&c, &a, &b])).await.is(200);
    let titles =
        |data: Value| data["habits"].as_array().unwrap().iter().map(|h| h["title"].clone()).collect::<Vec<_>>();
    assert_eq!(titles(ada.get("/api/habits").await.data()), ["C", "A", "B"]);
    ada.sends("PUT", "/api/habits/order", &order(&[&a, &b])).await.is_refused(400, "invalid_request");
    ada.sends("PUT", "/api/habits/order", &order(&[&a, &a, &b])).await.is_refused(400, "invalid_request");
    let ben = world.signed_up("ben").await;
    let foreign = ben.keeps("Foreign").await;
    ada.sends("PUT", "/api/habits/order", &order(&[&a, &b, &foreign])).await.is_refused(404, "not_found");
    ada.sends("PUT", "/api/habits/order", &order(&[&a, &b, "nonsense"])).await.is_refused(404, "not_found");
    assert_eq!(titles(ada.get("/api/habits").await.data()), ["C", "A", "B"]);
}

#[tokio::test]
async fn another_persons_habit_is_like_one_that_does_not_exist() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let ben = world.signed_up("ben").await;
    let id = ada.keeps("Secret plan").await;
    let unknown = ben.sends("PUT", "/api/habits/0190c7a0-0000-7000-8000-000000000000", &json!({ "title": "x" })).await;
    let foreign = ben.sends("PUT", &format!("/api/habits/{id}"), &json!({ "title": "x" })).await;
    assert_eq!(unknown.is_refused(404, "not_found").body, foreign.is_refused(404, "not_found").body);
    ben.asks("DELETE", &format!("/api/habits/{id}"), &[], b"").await.is_refused(404, "not_found");
    ben.ticks(&id, "2026-02-12", true).await.is_refused(404, "not_found");
    ben.get("/today").await.says_nothing_of("Secret plan");
    assert_eq!(ada.get("/api/habits").await.data()["habits"][0]["title"], "Secret plan");
}

#[tokio::test]
async fn two_hundred_habits_are_the_most() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    for n in 0..200 {
        ada.keeps(&format!("Habit {n}")).await;
    }
    let body = json!({ "title": "One more", "weekdays": [1] });
    let refused = ada.sends("POST", "/api/habits", &body).await.is_refused(400, "invalid_request");
    refused.says("200 habits already");
}

#[tokio::test]
async fn two_thousand_habits_are_the_most_with_the_archive_counted() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let old = |n: usize| {
        json!({
            "id": format!("old {n}"), "title": format!("Old {n}"), "description": null, "sortOrder": n,
            "createdAt": "2026-01-05T00:00:00Z", "archivedAt": "2026-01-09T00:00:00Z", "activeWeekdays": [1],
        })
    };
    let file = |habits: std::ops::Range<usize>| {
        let habits: Vec<Value> = habits.map(old).collect();
        let made = "2026-02-01T00:00:00.000Z";
        json!({ "schemaVersion": 1, "generatedAt": made, "userId": "ada", "habits": habits, "completions": [] })
    };
    let brings = async |file: Value| ada.sends("POST", "/api/account/imports/self", &file).await;
    brings(file(0..1_000)).await.is(200);
    let refused = brings(file(1_000..2_001)).await.is_refused(400, "invalid_request");
    refused.says("You would have 2001 habits, the archive counted; 2000 is the most.");
    brings(file(500..2_000)).await.is(200);

    let why =
        "You have 2000 habits already, the archive counted, which is the most. Delete one from the archive first.";
    let body = json!({ "title": "One more", "weekdays": [1] });
    ada.sends("POST", "/api/habits", &body).await.is_refused(400, "invalid_request").says(why);
    ada.posts("/habits", &[("title", "One more"), ("weekdays", "1")]).await.is(422).says(why);

    // Taking one back makes none more, and deleting one for good makes room.
    let page = ada.get("/habits/archive").await.is(200).text();
    let id = page.split("/habits/").find_map(|rest| rest.split_once("/restore").map(|(id, _)| id)).unwrap();
    ada.posts(&format!("/habits/{id}/restore"), &[]).await.is(303);
    let title = ada.get("/api/habits").await.is(200).data()["habits"][0]["title"].as_str().unwrap().to_owned();
    ada.asks("DELETE", &format!("/api/habits/{id}"), &[], b"").await.is(200);
    ada.posts(&format!("/habits/{id}/delete"), &[("confirm", &title)]).await.is(303);
    ada.sends("POST", "/api/habits", &body).await.is(201);
}

#[tokio::test]
async fn a_browser_test_can_make_a_habit_that_began_earlier() {
    let world = World::at(NOON).await;
    let ada = world.signed_up("ada").await;
    let body = json!({ "title": "Old", "description": "d", "weekdays": [4], "createdAt": "2026-01-05" });
    let habit = ada.sends("POST", "/api/habits/debug/create", &body).await.is(200).data()["habit"].take();
    assert_eq!(habit["createdAt"], "2026-01-05T00:00:00.000Z");
    assert!(habit.get("reminderTimes").is_none());
}
