//! Editing, moving, archiving, restoring and deleting habits.

use atlas::app::admin::queries::list_audit_entries;
use atlas::app::list_request::ListRequest;
use atlas::domain::accounts::audit::AuditAction;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn changing_a_habit_keeps_the_schedule_of_past_days() {
    // A Monday.
    let world = World::at_time("2026-02-09T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit_on("Read", &[1]).await;
    ada.set_completion(&read, "2026-02-09", true).await.assert_status(200);
    world.set_time("2026-02-16T12:00:00Z");
    ada.set_completion(&read, "2026-02-16", true).await.assert_status(200);
    world.set_time("2026-02-18T12:00:00Z");
    ada.get(&format!("/habits?edit={read}"))
        .await
        .assert_status(200)
        .assert_contains("Save changes")
        .assert_contains("value=\"Read\"");
    let fields = [("title", "Read more"), ("description", "at night"), ("weekdays", "3"), ("weekdays", "4")];
    ada.post_form(&format!("/habits/{read}"), &fields).await.assert_status(303);
    ada.get("/habits").await.assert_contains("Read more").assert_contains("Wed, Thu");
    ada.get(&format!("/habits?edit={read}")).await.assert_contains(">at night<");
    // Two Mondays of the old schedule and this Wednesday of the new one.
    ada.set_completion(&read, "2026-02-18", true).await.assert_status(200);
    ada.get("/today").await.assert_contains("3-day streak");
}

#[tokio::test]
async fn an_invalid_edit_shows_errors_beside_the_fields() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let page =
        ada.post_form(&format!("/habits/{read}"), &[("title", ""), ("description", "kept")]).await.assert_status(422);
    page.assert_contains("edit-title-fault")
        .assert_contains("Enter a title")
        .assert_contains("Choose at least one day")
        .assert_contains(">kept<");
    ada.get("/habits").await.assert_contains("data-habit-title=\"Read\"");
}

#[tokio::test]
async fn a_habit_moves_up_and_down_and_stops_at_the_ends() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (a, _, c) = (ada.create_habit("A").await, ada.create_habit("B").await, ada.create_habit("C").await);
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
    let move_habit = async |id: &str, direction: &str| {
        ada.post_form(&format!("/habits/{id}/move"), &[("direction", direction)]).await
    };
    move_habit(&c, "up").await.assert_status(303);
    assert_eq!(order().await, "ACB");
    move_habit(&a, "up").await.assert_status(303);
    assert_eq!(order().await, "ACB");
    move_habit(&a, "down").await.assert_status(303);
    assert_eq!(order().await, "CAB");
    move_habit(&a, "sideways").await.assert_status(400);
    let ben = world.signed_in_user("ben").await;
    ben.post_form(&format!("/habits/{a}/move"), &[("direction", "up")]).await.assert_status(404);
}

#[tokio::test]
async fn a_habit_is_archived_restored_and_deleted_only_from_the_archive() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    ada.get(&format!("/habits?archive={read}"))
        .await
        .assert_status(200)
        .assert_contains("Archive this habit?")
        .assert_contains("Archive habit");
    // An active habit cannot be deleted, only an archived one.
    ada.post_form(&format!("/habits/{read}/delete"), &[]).await.assert_status(404);
    ada.post_form(&format!("/habits/{read}/archive"), &[])
        .await
        .assert_status(303)
        .assert_redirects_to(&format!("/habits?done=habit-archived&habit={read}#page-title"));
    ada.get("/habits").await.assert_contains("No habits yet").assert_contains("Archive (1)");
    ada.get("/today").await.assert_lacks("Read");
    ada.get("/habits/archive")
        .await
        .assert_status(200)
        .assert_contains("data-habit-title=\"Read\"")
        .assert_contains("Restore");

    ada.post_form(&format!("/habits/{read}/restore"), &[]).await.assert_status(303);
    ada.get("/today").await.assert_contains("Read").assert_contains("1/1");
    ada.post_form(&format!("/habits/{read}/restore"), &[]).await.assert_status(404);

    ada.post_form(&format!("/habits/{read}/archive"), &[]).await.assert_status(303);
    ada.get(&format!("/habits/archive?delete={read}"))
        .await
        .assert_status(200)
        .assert_contains("This permanently deletes “Read”. The day on which it was done goes with it.")
        .assert_contains(&format!("action=\"/habits/{read}/delete\""));
    ada.post_form(&format!("/habits/{read}/delete"), &[])
        .await
        .assert_status(303)
        .assert_redirects_to("/habits/archive?done=habit-deleted#page-title");
    ada.get("/habits/archive").await.assert_contains("Your archive is empty");
    assert!(ada.completed_on("2026-02-12").await.is_empty(), "the completions of a deleted habit remain");
}

#[tokio::test]
async fn another_members_habit_can_be_neither_changed_nor_archived() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let ben = world.signed_in_user("ben").await;
    for (path, fields) in [
        (format!("/habits/{read}"), &[("title", "Mine"), ("weekdays", "1")][..]),
        (format!("/habits/{read}/archive"), &[]),
        (format!("/habits/{read}/restore"), &[]),
        (format!("/habits/{read}/delete"), &[]),
    ] {
        ben.post_form(&path, fields).await.assert_status(404);
    }
    ben.get(&format!("/habits?edit={read}")).await.assert_status(200).assert_lacks("value=\"Read\"");
    ada.get("/habits").await.assert_contains("data-habit-title=\"Read\"");
}

#[tokio::test]
async fn time_in_the_archive_does_not_break_a_streak() {
    let world = World::at_time("2026-02-09T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-09", true).await.assert_status(200);
    world.set_time("2026-02-10T12:00:00Z");
    ada.set_completion(&read, "2026-02-10", true).await.assert_status(200);
    ada.request("DELETE", &format!("/api/habits/{read}"), &[], b"").await.assert_status(200);
    world.set_time("2026-02-20T12:00:00Z");
    ada.post_form(&format!("/habits/{read}/restore"), &[]).await.assert_status(303);
    ada.get("/today").await.assert_contains("2-day streak");
    ada.set_completion(&read, "2026-02-20", true).await.assert_status(200);
    ada.get("/today").await.assert_contains("3-day streak");
}

#[tokio::test]
async fn archiving_is_undone_from_the_page_that_confirms_it_and_the_habit_gets_its_place_back() {
    let world = World::new().await;
    let (ada, ben) = (world.signed_in_user("ada").await, world.signed_in_user("ben").await);
    let ids = [ada.create_habit("Read").await, ada.create_habit("Walk").await, ada.create_habit("Swim").await];
    let titles = async || {
        let page = ada.get("/habits").await.text();
        let titles = page.split("data-habit-title=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        titles.collect::<Vec<_>>()
    };
    let walk = format!("/habits/{}", ids[1]);
    let archived = ada.post_form(&format!("{walk}/archive"), &[]).await.assert_status(303);
    let address = archived.header("location").unwrap().split_once('#').unwrap().0;
    let undo = format!("<form method=\"post\" action=\"{walk}/restore\" data-undo>");
    ada.get(address).await.assert_contains(&undo).assert_contains("Habit archived.");
    ada.get("/habits").await.assert_lacks("data-undo");
    ada.get("/habits?done=habit-archived&habit=%22%3E%3Cb%3E").await.assert_lacks("data-undo").assert_lacks("<b>");

    ben.post_form(&format!("{walk}/restore"), &[("undo", "archive")]).await.assert_status(404);
    ada.post_form(&format!("{walk}/restore"), &[("undo", "archive")]).await.assert_status(303);
    assert_eq!(titles().await, ["Read", "Walk", "Swim"]);
    ada.get("/today").await.assert_contains("Walk");

    // In the archive, the button restores a habit at the end. Undo does, too, once another habit has the place.
    ada.post_form(&format!("{walk}/archive"), &[]).await.assert_status(303);
    ada.post_form(&format!("{walk}/restore"), &[]).await.assert_status(303);
    assert_eq!(titles().await, ["Read", "Swim", "Walk"]);
    ada.post_form(&format!("{walk}/archive"), &[]).await.assert_status(303);
    ada.create_habit("Sing").await;
    ada.post_form(&format!("{walk}/restore"), &[("undo", "archive")]).await.assert_status(303);
    assert_eq!(titles().await, ["Read", "Swim", "Sing", "Walk"]);
}

#[tokio::test]
async fn the_page_after_each_form_says_what_was_done() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let after = async |path: &str, fields: &[(&str, &str)], words: &str| {
        let location = ada.post_form(path, fields).await.assert_status(303).header("location").unwrap().to_owned();
        let (address, focus) = location.split_once('#').unwrap();
        ada.get(address)
            .await
            .assert_contains(&format!("role=\"status\">{words}</p>"))
            .assert_contains(&format!("id=\"{focus}\""));
        location
    };
    let plan = [("title", "Read"), ("weekdays", "1")];
    let location = after("/habits", &plan, "Habit created.").await;
    ada.create_habit("Walk").await;
    let habit = format!("/habits/{}", location.split_once("#habit-").unwrap().1);
    after(&habit, &[("title", "Read more"), ("weekdays", "2")], "Changes saved.").await;
    after(&format!("{habit}/move"), &[("direction", "down")], "Order saved.").await;
    after(&format!("{habit}/archive"), &[], "Habit archived.").await;
    after(&format!("{habit}/restore"), &[], "Habit restored.").await;
    after(&format!("{habit}/archive"), &[], "Habit archived.").await;
    after(&format!("{habit}/delete"), &[], "Habit deleted.").await;
    ada.get("/habits?done=%3Cb%3E").await.assert_contains("role=\"status\"></p>");
}

#[tokio::test]
async fn a_script_deletes_an_archived_habit_permanently_and_only_its_own_and_the_audit_trail_says_so() {
    let world = World::new().await;
    let (ada, ben) = (world.signed_in_user("ada").await, world.signed_in_user("ben").await);
    let (read, walk) = (ada.create_habit("Read").await, ada.create_habit("Walk").await);
    for habit in [&read, &walk] {
        ada.set_completion(habit, "2026-02-12", true).await.assert_status(200);
    }
    let deletions = || {
        let action = Some(AuditAction::HabitDeleted);
        list_audit_entries(&world.state.app, None, action, ListRequest::newest_first(None, 10)).unwrap().rows.len()
    };
    let path = format!("/api/habits/{read}");
    let permanent = format!("{path}?permanent=true");
    ada.request("DELETE", &permanent, &[], b"").await.assert_refused(404, "not_found");
    ada.request("DELETE", &format!("{path}?permanent=false"), &[], b"").await.assert_status(200);
    ada.get("/habits/archive").await.assert_contains("data-habit-title=\"Read\"");
    ben.request("DELETE", &permanent, &[], b"").await.assert_refused(404, "not_found");
    ben.get(&format!("/habits/archive?delete={read}")).await.assert_status(200).assert_lacks("Read");
    assert_eq!(deletions(), 0);

    let deleted = ada.request("DELETE", &permanent, &[], b"").await.assert_status(200);
    assert_eq!(deleted.data(), json!({ "habitId": read }));
    ada.request("DELETE", &permanent, &[], b"").await.assert_refused(404, "not_found");
    ada.get("/habits/archive").await.assert_contains("Your archive is empty");
    assert_eq!(ada.completed_on("2026-02-12").await, [walk], "another habit keeps its completions");
    assert_eq!(deletions(), 1);
}

#[tokio::test]
async fn a_preset_becomes_a_habit_with_one_tap_and_is_offered_only_once() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    ada.get("/habits").await.assert_contains("<details class=\"ideas\" open>").assert_contains("value=\"water\"");
    ada.post_form("/habits", &[("preset", "water")]).await.assert_status(303);
    ada.get("/habits")
        .await
        .assert_contains("data-habit-title=\"Drink a glass of water\" data-color=\"blue\"")
        .assert_contains("💧")
        .assert_lacks("value=\"water\"");
    ada.post_form("/habits", &[("preset", "unknown")]).await.assert_status(400);
    for preset in ["read", "plants"] {
        ada.post_form("/habits", &[("preset", preset)]).await.assert_status(303);
    }
    ada.get("/habits").await.assert_contains("Wed, Sat").assert_contains("<details class=\"ideas\">");
}

#[tokio::test]
async fn a_long_list_is_filtered_by_title_without_losing_a_habit() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for n in 1..=10 {
        ada.create_habit(&format!("Habit {n}")).await;
    }
    ada.get("/habits?q=habit+1").await.assert_lacks("type=\"search\"").assert_lacks("hidden><div class=\"habit-line\"");
    ada.create_habit("Écrire").await;
    let page =
        ada.get("/habits?q=+HABIT+1").await.assert_contains("2 of 11 shown").assert_contains("value=\" HABIT 1\"");
    let hidden = |page: &str| page.matches("hidden><div class=\"habit-line\"").count();
    assert_eq!(hidden(&page.text()), 9, "all but Habit 1 and Habit 10");
    assert_eq!(hidden(&ada.get("/habits?q=%C3%A9cr").await.assert_contains("1 of 11 shown").text()), 10);
    ada.get("/habits?q=nothing").await.assert_contains("No habit matches.");
}

#[tokio::test]
async fn a_habit_that_is_archived_on_its_first_day_gets_its_days_back() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let walk = ada.create_habit_on("Walk", &[2]).await;
    ada.request("DELETE", &format!("/api/habits/{walk}"), &[], b"").await.assert_status(200);
    ada.post_form(&format!("/habits/{walk}/restore"), &[("undo", "true")]).await.assert_status(303);
    let habits = ada.get("/api/habits").await.data();
    assert_eq!(habits["habits"][0]["weekdays"], serde_json::json!([2]));
}
