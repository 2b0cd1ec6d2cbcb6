//! A habit's life: changed, moved, put away, taken back, deleted.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn ada_changes_a_habit_and_its_past_stays_planned_as_it_was() {
    // A Monday.
    let world = World::at("2026-02-09T12:00:00Z").await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps_on("Read", &[1]).await;
    ada.ticks(&read, "2026-02-09", true).await.is(200);
    world.it_is("2026-02-16T12:00:00Z");
    ada.ticks(&read, "2026-02-16", true).await.is(200);
    world.it_is("2026-02-18T12:00:00Z");
    ada.get(&format!("/habits?edit={read}")).await.is(200).says("Save changes").says("value=\"Read\"");
    let fields = [("title", "Read more"), ("description", "at night"), ("weekdays", "3"), ("weekdays", "4")];
    ada.posts(&format!("/habits/{read}"), &fields).await.is(303);
    ada.get("/habits").await.says("Read more").says("at night").says("Wed, Thu");
    // Two Mondays under the old plan, and today's Wednesday under the new one.
    ada.ticks(&read, "2026-02-18", true).await.is(200);
    ada.get("/today").await.says("3 in a row");
}

#[tokio::test]
async fn what_is_wrong_with_a_change_is_told_where_it_was_typed() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    let page = ada.posts(&format!("/habits/{read}"), &[("title", ""), ("description", "kept")]).await.is(422);
    page.says("edit-title-fault").says("The title cannot be empty").says("Choose at least one day").says(">kept<");
    ada.get("/habits").await.says("data-habit-title=\"Read\"");
}

#[tokio::test]
async fn a_habit_moves_by_button_and_stops_at_the_ends() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (a, _, c) = (ada.keeps("A").await, ada.keeps("B").await, ada.keeps("C").await);
    let order = async || {
        let data = ada.get("/api/habits").await.data();
        let titles: Vec<String> = data["habits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|habit| habit["title"].as_str().unwrap().to_owned())
            .collect();
        titles.concat()
    };
    let shift =
        async |id: &str, direction: &str| ada.posts(&format!("/habits/{id}/move"), &[("direction", direction)]).await;
    shift(&c, "up").await.is(303);
    assert_eq!(order().await, "ACB");
    shift(&a, "up").await.is(303);
    assert_eq!(order().await, "ACB");
    shift(&a, "down").await.is(303);
    assert_eq!(order().await, "CAB");
    shift(&a, "sideways").await.is(400);
    let ben = world.signed_up("ben").await;
    ben.posts(&format!("/habits/{a}/move"), &[("direction", "up")]).await.is(404);
}

#[tokio::test]
async fn a_habit_is_put_away_taken_back_and_only_then_deleted_with_its_title_typed() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    ada.get(&format!("/habits?delete={read}")).await.is(200).says("Put this one away?").says("Delete habit");
    // Not from the list: only what is in the archive can be deleted.
    ada.posts(&format!("/habits/{read}/delete"), &[("confirm", "Read")]).await.is(404);
    ada.posts(&format!("/habits/{read}/archive"), &[]).await.is(303).leads_to("/habits");
    ada.get("/habits").await.says("None yet").says("Archive (1)");
    ada.get("/today").await.says_nothing_of("Read");
    ada.get("/habits/archive").await.is(200).says("data-habit-title=\"Read\"").says("Restore");

    ada.posts(&format!("/habits/{read}/restore"), &[]).await.is(303);
    ada.get("/today").await.says("Read").says("1/1");
    ada.posts(&format!("/habits/{read}/restore"), &[]).await.is(404);

    ada.posts(&format!("/habits/{read}/archive"), &[]).await.is(303);
    let page = ada.posts(&format!("/habits/{read}/delete"), &[("confirm", "read")]).await.is(422);
    page.says("exactly as it stands");
    ada.posts(&format!("/habits/{read}/delete"), &[("confirm", " Read ")]).await.is(303).leads_to("/habits/archive");
    ada.get("/habits/archive").await.says("Nothing is put away");
    assert!(ada.done_on("2026-02-12").await.is_empty(), "its ticks are gone, too");
}

#[tokio::test]
async fn another_persons_habit_can_be_neither_changed_nor_put_away() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    let ben = world.signed_up("ben").await;
    for (path, fields) in [
        (format!("/habits/{read}"), &[("title", "Mine"), ("weekdays", "1")][..]),
        (format!("/habits/{read}/archive"), &[]),
        (format!("/habits/{read}/restore"), &[]),
        (format!("/habits/{read}/delete"), &[("confirm", "Read")]),
    ] {
        ben.posts(&path, fields).await.is(404);
    }
    ben.get(&format!("/habits?edit={read}")).await.is(200).says_nothing_of("Read");
    ada.get("/habits").await.says("data-habit-title=\"Read\"");
}

#[tokio::test]
async fn a_time_in_the_archive_breaks_no_streak() {
    let world = World::at("2026-02-09T12:00:00Z").await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    ada.ticks(&read, "2026-02-09", true).await.is(200);
    world.it_is("2026-02-10T12:00:00Z");
    ada.ticks(&read, "2026-02-10", true).await.is(200);
    ada.asks("DELETE", &format!("/api/habits/{read}"), &[], b"").await.is(200);
    world.it_is("2026-02-20T12:00:00Z");
    ada.posts(&format!("/habits/{read}/restore"), &[]).await.is(303);
    ada.get("/today").await.says("2 in a row");
    ada.ticks(&read, "2026-02-20", true).await.is(200);
    ada.get("/today").await.says("3 in a row");
}

#[tokio::test]
async fn settings_are_kept_with_the_account_and_count_before_the_first_paint() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    ada.get("/account").await.is(200).says("Europe/Lisbon").says_nothing_of("data-theme");
    let fields = [
        ("timeZone", "America/Los_Angeles"),
        ("weekStart", "sun"),
        ("backfill", "week"),
        ("theme", "dark"),
        ("accent", "pink"),
    ];
    ada.get("/account").await.says("Single-key shortcuts").says_nothing_of("data-shortcuts");
    ada.posts("/account", &fields).await.is(303).leads_to("/account?saved");
    let page = ada.get("/account?saved").await.says("Your settings are saved").says("data-theme=\"dark\"");
    // A box that is not ticked is not sent: that is how a form says no.
    page.says("data-accent=\"pink\"").says("value=\"sun\" selected").says("data-shortcuts=\"off\"");
    // A tick of the week before is fine now; what is done no longer sinks.
    let read = ada
        .sends(
            "POST",
            "/api/habits/debug/create",
            &json!({ "title": "Read", "weekdays": [1, 2, 3, 4, 5, 6, 7], "createdAt": "2026-01-01" }),
        )
        .await;
    let read = read.is(200).data()["habit"]["id"].as_str().unwrap().to_owned();
    ada.keeps("Walk").await;
    ada.ticks(&read, "2026-02-05", true).await.is(200);
    ada.ticks(&read, "2026-02-04", true).await.is_refused(400, "invalid_request").says("last seven days");
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    let page = ada.get("/today").await.text();
    assert!(page.find(">Read<").unwrap() < page.find(">Walk<").unwrap());
    ada.posts("/account", &[("timeZone", "Mars"), ("theme", "blue")]).await.is(422).says("time zone is not known");
}

#[tokio::test]
async fn settings_change_one_by_one_through_the_api() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let put = async |body: serde_json::Value| ada.sends("PUT", "/api/account", &body).await;
    put(json!({ "weekStart": "sun", "keepCompletedAtBottom": false })).await.is(200);
    put(json!({ "displayName": "Ada L.", "theme": "light", "keyboardShortcuts": false })).await.is(200);
    let page = ada.get("/account").await.says("Ada L.").says("value=\"sun\" selected").says("data-theme=\"light\"");
    page.says_nothing_of("value=\"true\" checked").says("data-shortcuts=\"off\"");
    put(json!({ "keyboardShortcuts": true })).await.is(200);
    ada.get("/today").await.says_nothing_of("data-shortcuts").says("data-theme=\"light\"");
    for bad in [
        json!({}),
        json!({ "weekStart": "wed" }),
        json!({ "keyboardShortcuts": "no" }),
        json!({ "displayName": "" }),
        json!({ "email": "no address" }),
    ] {
        put(bad).await.is_refused(400, "invalid_request");
    }
    for unproved in [json!({ "email": "a@b.co" }), json!({ "password": "x" })] {
        put(unproved).await.is_refused(401, "unauthorized");
    }
}
