//! Export and import of an account's data, through the API and the form.

use serde_json::{Value, json};

use crate::test_user::{TestResponse, TestUser};
use crate::world::World;

/// Ada with two habits, one of them rescheduled and archived, and three completions.
async fn create_ada(world: &World) -> TestUser {
    let ada = world.signed_in_user_in("ada", "Europe/Lisbon").await;
    let daily = json!({ "title": "Read", "weekdays": [1, 2, 3, 4, 5, 6, 7], "reminderTimes": [480] });
    let read = ada.send_json("POST", "/api/habits", &daily).await.assert_status(201).data();
    let read = read["habit"]["id"].as_str().unwrap().to_owned();
    let walk = ada.create_habit_on("Walk", &[4]).await;
    ada.set_completion(&walk, "2026-02-12", true).await.assert_status(200);
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    world.set_time("2026-02-13T12:30:00Z");
    ada.set_completion(&read, "2026-02-13", true).await.assert_status(200);
    ada.send_json("PUT", &format!("/api/habits/{walk}"), &json!({ "weekdays": [5] })).await.assert_status(200);
    ada.request("DELETE", &format!("/api/habits/{walk}"), &[], b"").await.assert_status(200);
    ada
}

async fn export(user: &TestUser) -> Value {
    user.get("/api/account/exports/self").await.assert_status(200).json()
}

async fn import(user: &TestUser, file: &Value, query: &str) -> Value {
    user.send_json("POST", &format!("/api/account/imports/self{query}"), file).await.assert_status(200).data()
}

#[tokio::test]
async fn an_export_is_the_predecessors_format_with_additions() {
    let world = World::new().await;
    let ada = create_ada(&world).await;
    let response = ada.get("/api/account/exports/self").await.assert_status(200);
    assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let disposition = "attachment; filename=\"20260213T123000Z-atlas-data-export.json\"";
    assert_eq!(response.header("content-disposition"), Some(disposition));
    let file = response.json();
    assert_eq!((&file["schemaVersion"], &file["timeZone"]), (&json!(2), &json!("Europe/Lisbon")));
    assert_eq!(file["generatedAt"], "2026-02-13T12:30:00.000Z");
    let titles: Vec<_> = file["habits"].as_array().unwrap().iter().map(|habit| habit["title"].clone()).collect();
    assert_eq!(titles, ["Read", "Walk"], "archived habits are included");
    let walk = &file["habits"][1];
    assert_eq!(walk["schedule"][0], json!({ "from": "2026-02-12", "weekdays": [4] }));
    assert!(walk["archivedAt"].is_string());
    let dates: Vec<_> =
        file["completions"].as_array().unwrap().iter().map(|completion| completion["date"].clone()).collect();
    assert_eq!(dates, ["2026-02-12", "2026-02-12", "2026-02-13"]);
    assert_eq!(file["completions"][2]["completedAt"], "2026-02-13T12:30:00Z");
    assert_eq!(file["reminders"]["habitReminders"][0]["timeMinutes"], 480);
    assert_eq!(file["reminders"]["settings"]["dailyDigestTimeMinutes"], 1200);
    assert_eq!(file["achievements"], json!({ "achievementUnlocks": [], "habitMilestoneUnlocks": [] }));
    let text = file.to_string();
    assert!(!text.contains("argon2") && !text.contains("example.com"), "{text}");
    world.visitor().get("/api/account/exports/self").await.assert_refused(401, "unauthorized");
}

#[tokio::test]
async fn an_exported_file_imports_completely_and_importing_it_twice_adds_nothing() {
    let world = World::new().await;
    let file = export(&create_ada(&world).await).await;
    let ben = world.signed_in_user_in("ben", "Europe/Lisbon").await;
    let changes = |habits_added: u8, habits_known: u8, added: u8, known: u8| {
        json!({
            "habitsAdded": habits_added, "habitsKnown": habits_known,
            "completionsAdded": added, "completionsKnown": known, "completionsWithoutHabit": 0,
        })
    };
    let dry_run = import(&ben, &file, "?dryRun=true").await;
    assert_eq!((&dry_run["dryRun"], &dry_run["changes"]), (&json!(true), &changes(2, 0, 3, 0)));
    assert_eq!(export(&ben).await["habits"], json!([]), "a dry run changes nothing");
    assert_eq!(import(&ben, &file, "").await["changes"], changes(2, 0, 3, 0));
    assert_eq!(import(&ben, &file, "").await["changes"], changes(0, 2, 0, 3));
    let exported = export(&ben).await;
    for part in ["habits", "completions", "reminders"] {
        assert_eq!(exported[part], file[part], "{part}");
    }
    ben.get("/today").await.assert_contains("Read").assert_contains("2-day streak");
}

#[tokio::test]
async fn a_file_of_the_predecessor_can_be_imported() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let file = json!({
        "schemaVersion": 1, "generatedAt": "2026-02-01T00:00:00.000Z", "userId": "cl123",
        "habits": [{
            "id": "clhabit1", "title": "Read", "description": null, "sortOrder": 0, "archivedAt": null,
            "createdAt": "2026-01-05T00:00:00.000Z", "updatedAt": "2026-01-05T00:00:00.000Z", "activeWeekdays": [1, 3],
        }],
        "completions": [
            { "habitId": "clhabit1", "date": "2026-01-05", "completedAt": "2026-01-05T20:00:00.000Z" },
            { "habitId": "clgone", "date": "2026-01-06", "completedAt": "2026-01-06T20:00:00.000Z" },
        ],
        "reminders": { "settings": { "dailyDigestEnabled": false }, "habitReminders": [] },
        "achievements": { "achievementUnlocks": [], "habitMilestoneUnlocks": [] },
    });
    let changes = import(&ada, &file, "").await["changes"].clone();
    assert_eq!((&changes["habitsAdded"], &changes["completionsAdded"]), (&json!(1), &json!(1)));
    assert_eq!(changes["completionsWithoutHabit"], 1);
    assert_eq!(ada.completed_on("2026-01-05").await.len(), 1);
    assert_eq!(import(&ada, &file, "").await["changes"]["habitsAdded"], 0);
}

#[tokio::test]
async fn an_invalid_file_changes_nothing() {
    let world = World::new().await;
    let ada = create_ada(&world).await;
    let file = export(&ada).await;
    let ben = world.signed_in_user("ben").await;
    let mut newer = file.clone();
    newer["schemaVersion"] = json!(3);
    let mut untitled = file.clone();
    untitled["habits"][0]["title"] = json!("");
    let mut impossible = file.clone();
    impossible["completions"][0]["date"] = json!("2026-02-30");
    for bad in [newer, untitled, impossible, with_too_many_habits(&file), json!({}), json!([])] {
        ben.send_json("POST", "/api/account/imports/self", &bad).await.assert_refused(400, "invalid_request");
    }
    let unclear = ben.send_json("POST", "/api/account/imports/self?dryRun=maybe", &file).await;
    unclear.assert_refused(400, "invalid_request");
    assert_eq!(export(&ben).await["habits"], json!([]));
}

#[tokio::test]
async fn a_large_file_is_imported_and_a_larger_one_is_refused() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let mut file = export(&ada).await;
    file["userId"] = json!("x".repeat(200_000));
    import(&ada, &file, "").await;
    // A body whose declared length is too large is refused before it is sent.
    let cookie = ada.cookie("atlas-development").unwrap();
    let request = format!(
        "POST /api/account/imports/self HTTP/1.1\r\nhost: {}\r\ncookie: atlas-development={cookie}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        ada.host,
        9 << 20
    );
    let refused = crate::test_user::send_raw(world.address, request.as_bytes()).await.unwrap();
    refused.assert_refused(413, "invalid_request");
}

/// Submits the import form of the account page. `action` is `check` or `import`.
async fn submit_import_form(user: &TestUser, action: &str, file: &Value) -> TestResponse {
    user.upload_file("/account/import", action, file.to_string().as_bytes()).await
}

/// The file with 201 copies of its first habit, one more than an account may have.
fn with_too_many_habits(file: &Value) -> Value {
    let mut crowded = file.clone();
    let copies = (0..201).map(|n| {
        let mut habit = file["habits"][0].clone();
        habit["id"] = json!(format!("habit {n}"));
        habit
    });
    crowded["habits"] = copies.collect();
    crowded
}

#[tokio::test]
async fn the_form_previews_the_changes_then_applies_them_and_a_second_import_adds_nothing() {
    let world = World::new().await;
    let ada = create_ada(&world).await;
    let file = export(&ada).await;
    let ben = world.signed_in_user_in("ben", "Europe/Lisbon").await;
    ben.get("/account").await.assert_status(200).assert_contains("Preview").assert_lacks("would be added");

    let page = submit_import_form(&ben, "check", &file)
        .await
        .assert_status(200)
        .assert_contains("Nothing has been changed yet");
    page.assert_contains("2 habits would be added")
        .assert_contains("3 completed days would be added")
        .assert_contains("choose the file again");
    assert_eq!(export(&ben).await["habits"], json!([]));

    let page = submit_import_form(&ben, "import", &file).await.assert_status(200).assert_contains("Import complete");
    page.assert_contains("2 habits added")
        .assert_contains("3 completed days added")
        .assert_lacks("already in your account");
    let page = submit_import_form(&ben, "import", &file)
        .await
        .assert_status(200)
        .assert_contains("No habits added")
        .assert_contains("No completed days added");
    page.assert_contains("2 habits already in your account")
        .assert_contains("3 completed days already in your account");
    ben.get("/today").await.assert_contains("Read").assert_contains("2-day streak");

    // The imported habits are Ben's copies; changing them does not affect Ada's.
    let read = file["habits"][0]["id"].as_str().unwrap();
    ben.send_json("PUT", &format!("/api/habits/{read}"), &json!({ "title": "Ben reads" })).await.assert_status(200);
    assert_eq!(export(&ada).await["habits"], file["habits"]);
}

#[tokio::test]
async fn completions_of_a_habit_missing_from_the_file_are_skipped_and_reported() {
    let world = World::new().await;
    let mut file = export(&create_ada(&world).await).await;
    file["habits"].as_array_mut().unwrap().truncate(1);
    let ben = world.signed_in_user("ben").await;
    let page =
        submit_import_form(&ben, "check", &file).await.assert_status(200).assert_contains("1 habit would be added");
    page.assert_contains("2 completed days would be added")
        .assert_contains("1 completed day skipped, because the file doesn't contain the habit");
}

#[tokio::test]
async fn problems_of_a_file_are_shown_beside_the_field_and_nothing_changes() {
    let world = World::new().await;
    let file = export(&create_ada(&world).await).await;
    let ben = world.signed_in_user("ben").await;
    let mut newer = file.clone();
    newer["schemaVersion"] = json!(3);
    for (file, message) in [
        (String::new(), "Choose a file first"),
        ("not JSON".to_owned(), "This isn't an Atlas export."),
        ("{}".to_owned(), "This isn't an Atlas export."),
        (newer.to_string(), "This file is version 3. Atlas can import versions 1 and 2."),
        (with_too_many_habits(&file).to_string(), "With this file, you'd have 201 active habits. The limit is 200."),
    ] {
        for action in ["check", "import"] {
            let page = ben
                .upload_file("/account/import", action, file.as_bytes())
                .await
                .assert_status(422)
                .assert_contains(message);
            page.assert_contains("id=\"file-fault\"")
                .assert_contains("aria-describedby=\"file-fault file-hint\"")
                .assert_contains("aria-invalid=\"true\"");
        }
    }
    ben.upload_file("/account/import", "guess", file.to_string().as_bytes()).await.assert_status(422);
    ben.post_form("/account/import", &[("what", "import")]).await.assert_status(415);
    let without_boundary = [("content-type", "multipart/form-data"), ("sec-fetch-site", "same-origin")];
    ben.request("POST", "/account/import", &without_boundary, b"--")
        .await
        .assert_status(422)
        .assert_contains("The form can't be read");
    let cross_site = [("content-type", "multipart/form-data; boundary=x"), ("sec-fetch-site", "cross-site")];
    ben.request("POST", "/account/import", &cross_site, b"--x--").await.assert_status(403);
    assert_eq!(export(&ben).await["habits"], json!([]));
}

#[tokio::test]
async fn a_file_that_is_far_too_large_gets_an_error_page() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for megabytes in [8, 20] {
        // The response arrives even though the client sends the whole body before it reads, as browsers do.
        let upload = vec![b'x'; (megabytes << 20) + 1];
        ada.upload_file("/account/import", "check", &upload)
            .await
            .assert_status(413)
            .assert_contains("too large. The limit is 8 MB");
    }
    let mut file = export(&ada).await;
    file["userId"] = json!("x".repeat(7 << 20));
    submit_import_form(&ada, "check", &file).await.assert_status(200).assert_contains("No habits would be added");
}
