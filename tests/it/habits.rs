//! Creating, listing, changing and ordering habits.

use serde_json::{Value, json};

use crate::world::{NOON, World};

#[tokio::test]
async fn a_member_creates_a_habit_with_the_form() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    ada.get("/habits").await.assert_status(200).assert_contains("No habits yet").assert_contains("Create habit");
    let fields = [("title", " Read 10 pages "), ("description", ""), ("weekdays", "1"), ("weekdays", "4")];
    let response = ada.post_form("/habits", &fields).await.assert_status(303);
    assert!(response.header("location").unwrap().starts_with("/habits?done=habit-created#habit-"));
    ada.get("/habits")
        .await
        .assert_status(200)
        .assert_contains("data-habit-title=\"Read 10 pages\"")
        .assert_contains("Mon, Thu");
    ada.get("/today").await.assert_status(200).assert_contains("Read 10 pages").assert_contains("0/1");
}

#[tokio::test]
async fn an_invalid_habit_form_shows_errors_beside_the_fields_and_keeps_the_input() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let page = ada.post_form("/habits", &[("title", "  "), ("description", "<b>kept</b>")]).await.assert_status(422);
    let page = page
        .assert_contains("Enter a title")
        .assert_contains("Choose at least one day")
        .assert_contains("&lt;b&gt;kept&lt;/b&gt;");
    page.assert_lacks("<b>kept");
    let long = "x".repeat(121);
    ada.post_form("/habits", &[("title", &long), ("weekdays", "1")])
        .await
        .assert_status(422)
        .assert_contains("no more than 120")
        .assert_contains(&long);
    for weekday in ["0", "8", "monday", "-1", "99999999999999999999"] {
        ada.post_form("/habits", &[("title", "Read"), ("weekdays", weekday)]).await.assert_status(422);
    }
    ada.get("/habits").await.assert_contains("No habits yet");
}

#[tokio::test]
async fn the_habit_json_matches_the_predecessor() {
    let world = World::at_time("2026-02-12T12:00:00.123Z").await;
    let ada = world.signed_in_user("ada").await;
    let body = json!({ "title": "Read", "description": " ", "weekdays": [5, 1, 5], "reminderTimes": [600, 480], "id": "mine" });
    let habit = ada.send_json("POST", "/api/habits", &body).await.assert_status(201).data()["habit"].take();
    let id = habit["id"].clone();
    assert_ne!(id, "mine");
    assert_eq!(
        habit,
        json!({
            "id": id, "title": "Read", "description": null, "archivedAt": null,
            "createdAt": "2026-02-12T12:00:00.123Z", "weekdays": [1, 5], "reminderTimes": [480, 600],
        })
    );
    assert_eq!(ada.get("/api/habits").await.assert_status(200).data(), json!({ "habits": [habit] }));
}

#[tokio::test]
async fn the_api_changes_single_fields_and_archives_a_habit() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let id = ada.create_habit("Read").await;
    let path = format!("/api/habits/{id}");
    let put = async |body: Value| ada.send_json("PUT", &path, &body).await.assert_status(200).data()["habit"].take();
    assert_eq!(put(json!({ "description": "at night" })).await["description"], "at night");
    assert_eq!(put(json!({ "title": "Read more" })).await["description"], "at night");
    let habit = put(json!({ "description": null, "weekdays": [2] })).await;
    assert_eq!(
        (&habit["title"], &habit["description"], &habit["weekdays"]),
        (&json!("Read more"), &json!(null), &json!([2]))
    );
    for invalid in [
        json!({}),
        json!({ "title": "" }),
        json!({ "weekdays": [] }),
        json!({ "title": 7 }),
        json!({ "reminderTimes": [1, 1] }),
        json!([]),
    ] {
        ada.send_json("PUT", &path, &invalid).await.assert_refused(400, "invalid_request");
    }
    assert_eq!(ada.request("DELETE", &path, &[], b"").await.assert_status(200).data(), json!({ "habitId": id }));
    ada.request("DELETE", &path, &[], b"").await.assert_refused(404, "not_found");
    ada.send_json("PUT", &path, &json!({ "title": "x" })).await.assert_refused(404, "not_found");
    assert_eq!(ada.get("/api/habits").await.data(), json!({ "habits": [] }));
}

#[tokio::test]
async fn only_a_habit_with_a_color_or_an_emoji_has_those_fields_in_json() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let plain = ada.create_habit("Plain").await;
    let look = json!({ "title": "Read", "weekdays": [1], "color": "teal", "emoji": " ❤ " });
    let habit = ada.send_json("POST", "/api/habits", &look).await.assert_status(201).data()["habit"].take();
    assert_eq!((&habit["color"], &habit["emoji"]), (&json!("teal"), &json!("❤\u{FE0F}")));
    let path = format!("/api/habits/{}", habit["id"].as_str().unwrap());
    let put = async |body: Value| ada.send_json("PUT", &path, &body).await.assert_status(200).data()["habit"].take();
    assert_eq!(put(json!({ "title": "Read more" })).await["color"], "teal", "absent fields don't change");
    let changed = put(json!({ "color": null, "emoji": "📚" })).await;
    assert_eq!((changed.get("color"), changed.get("emoji")), (None, Some(&json!("📚"))));
    for (body, field) in [
        (json!({ "color": "ultraviolet" }), "color"),
        (json!({ "color": "Teal" }), "color"),
        (json!({ "emoji": "ab" }), "emoji"),
        (json!({ "emoji": "📚📚" }), "emoji"),
    ] {
        let refused = ada.send_json("PUT", &path, &body).await.assert_refused(400, "invalid_request");
        assert_eq!(refused.json()["error"]["fields"][0]["field"], field, "{body}");
        let mut habit = json!({ "title": "Read", "weekdays": [1] });
        habit[field] = body[field].clone();
        ada.send_json("POST", "/api/habits", &habit).await.assert_refused(400, "invalid_request");
    }
    let habits = ada.get("/api/habits").await.data()["habits"].take();
    assert_eq!((&habits[0]["id"], habits[0].as_object().unwrap().len()), (&json!(plain), 7));
    assert_eq!((&habits[1]["emoji"], habits[1].as_object().unwrap().len()), (&json!("📚"), 8));
    assert_eq!(put(json!({ "emoji": "" })).await.as_object().unwrap().len(), 7);
}

#[tokio::test]
async fn a_member_chooses_a_color_and_an_emoji_in_the_form() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let fields = [("title", "Read"), ("weekdays", "1"), ("color", "indigo"), ("emoji", "📖")];
    ada.post_form("/habits", &fields).await.assert_status(303);
    let habit = async || ada.get("/api/habits").await.data()["habits"][0].take();
    let created = habit().await;
    assert_eq!((&created["color"], &created["emoji"]), (&json!("indigo"), &json!("📖")));
    let id = created["id"].as_str().unwrap().to_owned();
    let form = ada.get(&format!("/habits?edit={id}")).await.assert_status(200);
    form.assert_contains("value=\"indigo\" checked").assert_contains("value=\"📖\"");
    let path = format!("/habits/{id}");
    let refused =
        ada.post_form(&path, &[("title", "Read"), ("weekdays", "1"), ("color", "indigo"), ("emoji", "read")]).await;
    refused.assert_status(422).assert_contains("Enter a single emoji.").assert_contains("value=\"read\"");
    ada.post_form(&path, &[("title", "Read"), ("weekdays", "2")]).await.assert_status(303);
    assert_eq!(habit().await["emoji"], "📖", "a form without these fields changes neither");
    ada.post_form(&path, &[("title", "Read"), ("weekdays", "2"), ("color", ""), ("emoji", "")])
        .await
        .assert_status(303);
    assert_eq!(habit().await.as_object().unwrap().len(), 7, "no color and no emoji");
}

#[tokio::test]
async fn a_new_order_must_name_every_active_habit_once() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (a, b, c) = (ada.create_habit("A").await, ada.create_habit("B").await, ada.create_habit("C").await);
    let order = |ids: &[&str]| json!({ "habitIds": ids });
    ada.send_json("PUT", "/api/habits/order", &order(&[&c, &a, &b])).await.assert_status(200);
    let titles =
        |data: Value| data["habits"].as_array().unwrap().iter().map(|h| h["title"].clone()).collect::<Vec<_>>();
    assert_eq!(titles(ada.get("/api/habits").await.data()), ["C", "A", "B"]);
    ada.send_json("PUT", "/api/habits/order", &order(&[&a, &b])).await.assert_refused(400, "invalid_request");
    ada.send_json("PUT", "/api/habits/order", &order(&[&a, &a, &b])).await.assert_refused(400, "invalid_request");
    let ben = world.signed_in_user("ben").await;
    let foreign = ben.create_habit("Foreign").await;
    ada.send_json("PUT", "/api/habits/order", &order(&[&a, &b, &foreign])).await.assert_refused(404, "not_found");
    ada.send_json("PUT", "/api/habits/order", &order(&[&a, &b, "nonsense"])).await.assert_refused(404, "not_found");
    assert_eq!(titles(ada.get("/api/habits").await.data()), ["C", "A", "B"]);
}

#[tokio::test]
async fn another_members_habit_looks_nonexistent() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let ben = world.signed_in_user("ben").await;
    let id = ada.create_habit("Secret plan").await;
    let unknown =
        ben.send_json("PUT", "/api/habits/0190c7a0-0000-7000-8000-000000000000", &json!({ "title": "x" })).await;
    let foreign = ben.send_json("PUT", &format!("/api/habits/{id}"), &json!({ "title": "x" })).await;
    assert_eq!(unknown.assert_refused(404, "not_found").body, foreign.assert_refused(404, "not_found").body);
    ben.request("DELETE", &format!("/api/habits/{id}"), &[], b"").await.assert_refused(404, "not_found");
    ben.set_completion(&id, "2026-02-12", true).await.assert_refused(404, "not_found");
    ben.get("/today").await.assert_lacks("Secret plan");
    assert_eq!(ada.get("/api/habits").await.data()["habits"][0]["title"], "Secret plan");
}

#[tokio::test]
async fn a_member_has_at_most_200_active_habits() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for n in 0..200 {
        ada.create_habit(&format!("Habit {n}")).await;
    }
    let body = json!({ "title": "One more", "weekdays": [1] });
    let refused = ada.send_json("POST", "/api/habits", &body).await.assert_refused(400, "invalid_request");
    refused.assert_contains("limit of 200 active habits");
}

#[tokio::test]
async fn a_member_has_at_most_2000_habits_including_the_archive() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let archived_habit = |n: usize| {
        json!({
            "id": format!("old {n}"), "title": format!("Old {n}"), "description": null, "sortOrder": n,
            "createdAt": "2026-01-05T00:00:00Z", "archivedAt": "2026-01-09T00:00:00Z", "activeWeekdays": [1],
        })
    };
    let file = |habits: std::ops::Range<usize>| {
        let habits: Vec<Value> = habits.map(archived_habit).collect();
        let generated_at = "2026-02-01T00:00:00.000Z";
        json!({ "schemaVersion": 1, "generatedAt": generated_at, "userId": "ada", "habits": habits, "completions": [] })
    };
    let import = async |file: Value| ada.send_json("POST", "/api/account/imports/self", &file).await;
    import(file(0..1_000)).await.assert_status(200);
    let refused = import(file(1_000..2_001)).await.assert_refused(400, "invalid_request");
    refused.assert_contains("With this file, you'd have 2001 habits, including archived ones. The limit is 2000.");
    import(file(500..2_000)).await.assert_status(200);

    let message =
        "You've reached the limit of 2000 habits, including archived ones. Delete one from your archive first.";
    let body = json!({ "title": "One more", "weekdays": [1] });
    ada.send_json("POST", "/api/habits", &body).await.assert_refused(400, "invalid_request").assert_contains(message);
    ada.post_form("/habits", &[("title", "One more"), ("weekdays", "1")])
        .await
        .assert_status(422)
        .assert_contains(message);

    // Restoring a habit is allowed at the limit; deleting one makes room for a new one.
    let page = ada.get("/habits/archive").await.assert_status(200).text();
    let id = page.split("/habits/").find_map(|rest| rest.split_once("/restore").map(|(id, _)| id)).unwrap();
    ada.post_form(&format!("/habits/{id}/restore"), &[]).await.assert_status(303);
    ada.request("DELETE", &format!("/api/habits/{id}"), &[], b"").await.assert_status(200);
    ada.post_form(&format!("/habits/{id}/delete"), &[]).await.assert_status(303);
    ada.send_json("POST", "/api/habits", &body).await.assert_status(201);
}

#[tokio::test]
async fn the_debug_endpoint_creates_a_habit_with_a_past_start_date() {
    let world = World::at_time(NOON).await;
    let ada = world.signed_in_user("ada").await;
    let body = json!({ "title": "Old", "description": "d", "weekdays": [4], "createdAt": "2026-01-05" });
    let habit =
        ada.send_json("POST", "/api/habits/debug/create", &body).await.assert_status(200).data()["habit"].take();
    assert_eq!(habit["createdAt"], "2026-01-05T00:00:00.000Z");
    assert!(habit.get("reminderTimes").is_none());
}
