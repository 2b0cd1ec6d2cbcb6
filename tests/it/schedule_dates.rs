//! Habits that begin later, end, or change from a chosen day on, and what an edit would change.

use serde_json::{Value, json};

use crate::test_user::TestUser;
use crate::world::World;

/// A user on Thursday, February 12, 2026.
async fn world_with_user() -> (World, TestUser) {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    (world, ada)
}

async fn create(user: &TestUser, habit: Value) -> String {
    let created = user.send_json("POST", "/api/habits", &habit).await.assert_status(201).data();
    created["habit"]["id"].as_str().unwrap().to_owned()
}

async fn change(user: &TestUser, id: &str, change: Value) -> Value {
    user.send_json("PUT", &format!("/api/habits/{id}"), &change).await.assert_status(200).data()["habit"].take()
}

async fn is_listed(user: &TestUser, title: &str) -> bool {
    user.get("/today").await.assert_status(200).text().contains(title)
}

const EVERY_DAY: [u8; 7] = [1, 2, 3, 4, 5, 6, 7];

#[tokio::test]
async fn a_change_counts_from_the_day_that_was_chosen() {
    let (world, ada) = world_with_user().await;
    let read = create(&ada, json!({ "title": "Read", "weekdays": EVERY_DAY })).await;
    let planned = change(&ada, &read, json!({ "weekdays": [1], "effectiveFrom": "2026-02-14" })).await;
    assert_eq!(planned["weekdays"], json!(EVERY_DAY), "what applies today");
    // A script that sends back what it read keeps the plan.
    change(&ada, &read, json!({ "title": "Read more", "weekdays": EVERY_DAY })).await;
    ada.get(&format!("/habits?edit={read}"))
        .await
        .assert_contains("name=\"effectiveFrom\" type=\"date\" value=\"2026-02-14\"");
    for (now, expected) in [("2026-02-13", true), ("2026-02-14", false), ("2026-02-16", true)] {
        world.set_time(&format!("{now}T12:00:00Z"));
        assert_eq!(is_listed(&ada, "Read more").await, expected, "{now}");
    }
    let page = ada.get(&format!("/habits/{read}")).await.assert_status(200);
    page.assert_contains("From February 12, 2026: Every day").assert_contains("From February 14, 2026: Mon");
    // An earlier day replaces the later change.
    change(&ada, &read, json!({ "weekdays": [6], "effectiveFrom": "2026-02-13" })).await;
    let page = ada.get(&format!("/habits/{read}")).await;
    page.assert_contains("From February 13, 2026: Sat").assert_lacks("February 14, 2026: Mon");
}

#[tokio::test]
async fn a_planned_change_keeps_its_day_after_a_flight_west() {
    let (world, ada) = world_with_user().await;
    let read = create(&ada, json!({ "title": "Read", "weekdays": EVERY_DAY })).await;
    change(&ada, &read, json!({ "weekdays": [1], "effectiveFrom": "2026-02-14" })).await;
    // It is still Wednesday there.
    world.set_time("2026-02-12T09:00:00Z");
    let west = json!({ "timeZone": "Pacific/Pago_Pago" });
    ada.send_json("PUT", "/api/account", &west).await.assert_status(200);
    let page = ada.get(&format!("/habits/{read}")).await.assert_status(200);
    page.assert_contains("From February 14, 2026: Mon");
    assert!(is_listed(&ada, "Read").await);
}

#[tokio::test]
async fn a_habit_begins_and_ends_on_the_days_that_were_chosen() {
    let (world, ada) = world_with_user().await;
    let dates = json!({ "title": "Stretch", "weekdays": EVERY_DAY, "startsOn": "2026-02-14", "endsOn": "2026-02-16" });
    let stretch = create(&ada, dates).await;
    let habit = ada.get("/api/habits").await.data()["habits"][0].take();
    assert_eq!((&habit["startsOn"], &habit["endsOn"]), (&json!("2026-02-14"), &json!("2026-02-16")));
    ada.get("/habits").await.assert_contains("Starts Feb 14");
    for page in ["/calendar", "/insights", "/yesterday", &format!("/habits/{stretch}")] {
        ada.get(page).await.assert_status(200);
    }
    ada.get(&format!("/habits/{stretch}")).await.assert_contains("Starts on February 14, 2026.");
    let today = json!({ "habitId": stretch, "date": "2026-02-12", "completed": true });
    ada.send_json("POST", "/api/completions", &today).await.assert_status(400);
    for (now, expected) in [("2026-02-12", false), ("2026-02-14", true), ("2026-02-16", true), ("2026-02-17", false)] {
        world.set_time(&format!("{now}T12:00:00Z"));
        assert_eq!(is_listed(&ada, "Stretch").await, expected, "{now}");
    }
    ada.get("/habits").await.assert_contains("Ended Feb 16").assert_contains("is-ended");
    ada.get(&format!("/habits/{stretch}")).await.assert_contains("Ended on February 16, 2026.");
    // What ended is edited without going on, and goes on when its end moves.
    assert_eq!(change(&ada, &stretch, json!({ "title": "Stretching" })).await["endsOn"], "2026-02-16");
    let refused = ada.send_json("PUT", &format!("/api/habits/{stretch}"), &json!({ "weekdays": [1] })).await;
    refused.assert_status(400).assert_contains("\"effectiveFrom\"");
    world.set_time("2026-02-19T12:00:00Z");
    assert_eq!(change(&ada, &stretch, json!({ "endsOn": null })).await.get("endsOn"), None);
    assert!(is_listed(&ada, "Stretching").await);
    ada.get(&format!("/habits/{stretch}")).await.assert_contains("From February 17, 2026: nothing planned");
}

#[tokio::test]
async fn dates_and_planned_changes_are_exported_and_imported() {
    let (world, ada) = world_with_user().await;
    let dates = json!({ "title": "Stretch", "weekdays": EVERY_DAY, "startsOn": "2026-02-14", "endsOn": "2026-05-16" });
    let stretch = create(&ada, dates).await;
    change(&ada, &stretch, json!({ "weekdays": [2], "effectiveFrom": "2026-03-01" })).await;
    let export = ada.get("/api/account/exports/self").await.assert_status(200).text();
    let ben = world.signed_in_user("ben").await;
    let headers = [("content-type", "application/json")];
    ben.request("POST", "/api/account/imports/self", &headers, export.as_bytes()).await.assert_status(200);
    let of = |data: &Value| {
        let habit = &data["habits"][0];
        [&habit["startsOn"], &habit["endsOn"], &habit["weekdays"]].map(Value::clone)
    };
    let imported = ben.get("/api/habits").await.data();
    assert_eq!(of(&imported), of(&ada.get("/api/habits").await.data()));
    assert_eq!(imported["habits"][0]["endsOn"], "2026-05-16");
    ben.get(&format!("/habits/{}", imported["habits"][0]["id"].as_str().unwrap()))
        .await
        .assert_contains("From March 1, 2026: Tue");
}

#[tokio::test]
async fn impossible_dates_are_refused_beside_their_fields_and_typed_values_stay() {
    let (_world, ada) = world_with_user().await;
    let read = create(&ada, json!({ "title": "Read", "weekdays": EVERY_DAY })).await;
    for value in [json!("2026-02-30"), json!("1969-12-31"), json!("2200-01-01"), json!("soon"), json!(1e99), json!(-1)]
    {
        for field in ["startsOn", "endsOn"] {
            let body = json!({ "title": "Run", "weekdays": [1], field: value });
            let refused = ada.send_json("POST", "/api/habits", &body).await;
            refused.assert_status(400).assert_contains(&format!("\"{field}\""));
        }
        let body = json!({ "weekdays": [1], "effectiveFrom": value });
        let refused = ada.send_json("PUT", &format!("/api/habits/{read}"), &body).await;
        refused.assert_status(400).assert_contains("\"effectiveFrom\"");
    }
    for (field, value) in
        [("startsOn", "2026-02-10"), ("startsOn", "2027-02-14"), ("endsOn", "2026-02-11"), ("startsOn", "x")]
    {
        let page = ada.post_form("/habits", &[("title", "Run"), ("weekdays", "1"), (field, value)]).await;
        page.assert_status(422)
            .assert_contains("<details class=\"more-options\" open")
            .assert_contains(&format!("name=\"{field}\" type=\"date\" value=\"{value}\""))
            .assert_contains(&format!("id=\"{field}-fault\""));
    }
    let frequencies = [
        (json!({ "kind": "times", "times": 1e99, "window": "week" }), "times"),
        (json!({ "kind": "times", "times": "three", "window": "week" }), "times"),
        (json!({ "kind": "times", "times": 2, "window": { "rolling": "x" } }), "days"),
        (json!({ "kind": "interval", "days": 1.5 }), "days"),
        (json!({ "kind": "interval", "days": 2, "anchor": 20_260_212 }), "anchor"),
        (json!({ "kind": "interval", "days": 2, "anchor": "2200-01-01" }), "anchor"),
    ];
    for (frequency, field) in frequencies {
        let refused = ada.send_json("POST", "/api/habits", &json!({ "title": "Run", "frequency": frequency })).await;
        refused.assert_status(400).assert_contains(&format!("\"{field}\""));
    }
    ada.send_json("POST", "/api/habits", &json!({ "title": "Run" }))
        .await
        .assert_status(400)
        .assert_contains("weekdays");
    create(&ada, json!({ "title": "Run", "frequency": { "kind": "times", "times": 2, "window": "week" } })).await;
}

#[tokio::test]
async fn the_edit_form_says_what_would_change_before_it_is_saved() {
    let (world, ada) = world_with_user().await;
    let read = create(&ada, json!({ "title": "Read", "weekdays": EVERY_DAY })).await;
    for day in ["2026-02-12", "2026-02-13", "2026-02-15"] {
        world.set_time(&format!("{day}T12:00:00Z"));
        let body = json!({ "habitId": read, "date": day, "completed": true });
        ada.send_json("POST", "/api/completions", &body).await.assert_status(200);
    }
    let path = format!("/api/habits/{read}/preview");
    let without_saturday = json!({ "weekdays": [1, 2, 3, 4, 5, 7], "effectiveFrom": "2026-02-12" });
    let found = ada.send_json("POST", &path, &without_saturday).await.assert_status(200).data()["preview"].take();
    assert_eq!(found["streak"], json!({ "before": 1, "after": 3 }));
    assert_eq!(found["streakUnit"], json!({ "before": "day", "after": "day" }));
    assert!(found["sentence"].as_str().unwrap().starts_with("Streak 1 → 3 days, strength "), "{found}");
    let same = ada.send_json("POST", &path, &json!({ "title": "Reading" })).await.assert_status(200);
    same.assert_contains("Your streak and strength stay the same.");
    let refused = ada.send_json("POST", &path, &json!({ "endsOn": "2026-01-01" })).await;
    refused.assert_status(400).assert_contains("\"endsOn\"");
    ada.get("/habits").await.assert_contains("Read").assert_lacks("Reading");
    // The button of the form without JavaScript.
    let mut form = vec![("title", "Reading"), ("effectiveFrom", "2026-02-12"), ("preview", "true")];
    form.extend(["1", "2", "3", "4", "5", "7"].map(|number| ("weekdays", number)));
    let page = ada.post_form(&format!("/habits/{read}"), &form).await.assert_status(200);
    page.assert_contains("Streak 1 → 3 days").assert_contains("value=\"Reading\"");
    assert_eq!(ada.get("/api/habits").await.data()["habits"][0]["weekdays"], json!(EVERY_DAY), "nothing is saved");
}
