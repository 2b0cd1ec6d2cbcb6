//! Export and import of an account's data, through the API and the form.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use atlas::app::Error;
use atlas::domain::Day;
use atlas::domain::habits::data_export::MAX_UPLOAD_BYTES;
use atlas::store::WriteTxn;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::rate_limits::verified_user;
use crate::test_user::{TestResponse, TestUser, send_raw};
use crate::world::{World, WorldOptions};

/// Ada with two habits, one of them rescheduled and archived, and three completions.
async fn create_ada(world: &World) -> TestUser {
    let ada = world.signed_in_user_in("ada", "Europe/Lisbon").await;
    let daily = json!({ "title": "Read", "weekdays": [1, 2, 3, 4, 5, 6, 7], "reminderTimes": [480], "color": "teal", "emoji": "📖" });
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
    assert_eq!((&file["habits"][0]["color"], &file["habits"][0]["emoji"]), (&json!("teal"), &json!("📖")));
    let walk = &file["habits"][1];
    assert!(walk.get("color").is_none() && walk.get("emoji").is_none(), "fields of the predecessor only");
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
    let mut dateless = file.clone();
    dateless["completions"][0]["date"] = json!(null);
    for bad in [newer, dateless, with_too_many_habits(&file), json!({}), json!([])] {
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
        MAX_UPLOAD_BYTES + 1
    );
    let refused = crate::test_user::send_raw(world.address, request.as_bytes()).await.unwrap();
    refused.assert_refused(413, "invalid_request");
}

/// Submits the import form of the account page. `action` is `check` or `import`.
async fn submit_import_form(user: &TestUser, action: &str, file: &Value) -> TestResponse {
    user.upload_file("/account/import", action, file.to_string().as_bytes()).await
}

/// The value of a hidden field of a page.
pub fn hidden_field(page: &str, name: &str) -> String {
    let after =
        page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {page}"));
    after.split('"').next().unwrap().to_owned()
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
    ben.get("/account/data").await.assert_status(200).assert_contains("Preview").assert_lacks("would be added");

    let page = submit_import_form(&ben, "check", &file)
        .await
        .assert_status(200)
        .assert_contains("Nothing has been changed yet");
    let page = page
        .assert_contains("2 habits would be added")
        .assert_contains("3 completed days would be added")
        .assert_lacks("choose the file again");
    assert_eq!(export(&ben).await["habits"], json!([]));

    let kept = hidden_field(&page.text(), "kept");
    let page =
        ben.upload_fields("/account/import", &[("what", "import"), ("kept", &kept)], b"").await.assert_status(200);
    let page = page.assert_contains("Import complete");
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
    // The rest of the upload is read only so that a browser shows the response, and only for so long.
    let world =
        World::with_options(WorldOptions { body_timeout: Duration::from_millis(1), ..WorldOptions::default() }).await;
    let ada = world.signed_in_user("ada").await;
    let cookie = ada.cookie("atlas-development").unwrap();
    let request = format!(
        "POST /account/import HTTP/1.1\r\nhost: {}\r\ncookie: atlas-development={cookie}\r\nsec-fetch-site: same-origin\r\ncontent-type: multipart/form-data; boundary=boundary\r\ncontent-length: {}\r\n\r\n--boundary",
        ada.host,
        MAX_UPLOAD_BYTES + (1 << 20)
    );
    let response = send_raw(world.address, request.as_bytes()).await.unwrap();
    response
        .assert_status(413)
        .assert_contains("too large. The limit is 200 MB, or 405 MB before compression with gzip");
}

/// The file of 60 habits that were completed on each of 1,825 days.
fn five_years_of_sixty_habits(file: &Value) -> Value {
    let mut large = file.clone();
    let id = |n: usize| format!("0190c7a0-0000-7000-8000-{n:012}");
    let habits = (0..60).map(|n| {
        let mut habit = file["habits"][0].clone();
        habit["id"] = json!(id(n));
        habit
    });
    large["habits"] = habits.collect();
    let days: Vec<String> = (0..1_825).map(|n| Day::parse("2021-02-14").unwrap().add_days(n).to_string()).collect();
    let completions = days.iter().flat_map(|day| {
        (0..60).map(move |n| json!({ "habitId": id(n), "date": day, "completedAt": format!("{day}T08:00:00Z") }))
    });
    large["completions"] = completions.collect();
    large
}

#[tokio::test]
async fn every_export_can_be_imported_plain_and_compressed_by_api_and_form() {
    let world = World::new().await;
    let file = five_years_of_sixty_habits(&export(&create_ada(&world).await).await);
    import(&world.signed_in_user("ben").await, &file, "").await;
    let ben = TestUser::new("ben", &world);
    ben.sign_in().await;
    let exported = ben.get("/api/account/exports/self").await.assert_status(200).body;
    assert!(exported.len() > 9_000_000, "{} bytes", exported.len());
    let compressed = gzip(&exported);
    let cleo = world.signed_in_user("cleo").await;
    let path = "/api/account/imports/self?dryRun=true";
    let json = ("content-type", "application/json");
    for (headers, body) in [
        (vec![json], &exported),
        (vec![json], &compressed),
        (vec![json, ("content-encoding", "gzip")], &compressed),
        (vec![("content-type", "application/gzip")], &compressed),
    ] {
        let report = cleo.request("POST", path, &headers, body).await.assert_status(200).data();
        assert_eq!(report["changes"]["completionsAdded"], 109_500, "{headers:?}");
        assert_eq!(report["foreign"], false);
    }
    let page = cleo.upload_file("/account/import", "import", &compressed).await.assert_status(200);
    page.assert_contains("60 habits added").assert_contains("109,500 completed days added");
    assert_eq!(export(&cleo).await["completions"], export(&ben).await["completions"]);
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn other_encodings_and_incomplete_files_are_refused() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let path = "/api/account/imports/self";
    let json = ("content-type", "application/json");
    ada.request("POST", path, &[json, ("content-encoding", "br")], b"{}").await.assert_status(415);
    let file = export(&ada).await.to_string();
    let compressed = gzip(file.as_bytes());
    let cut = &compressed[..compressed.len() - 9];
    ada.request("POST", path, &[json], cut).await.assert_refused(400, "invalid_request");
    ada.upload_file("/account/import", "check", cut).await.assert_status(422).assert_contains("file is incomplete");
    // Other routes take nothing compressed, and no large bodies.
    let headers = [json, ("content-encoding", "gzip")];
    ada.request("POST", "/api/habits", &headers, &gzip(b"{\"title\":\"Read\"}")).await.assert_status(415);
    let long = json!({ "title": "Read", "description": "x".repeat(70_000) });
    ada.send_json("POST", "/api/habits", &long).await.assert_status(413);
}

/// A file of the predecessor, whose habits break rules of today.
fn untidy_file() -> Value {
    let habit = |id: &str, title: &str| {
        json!({
            "id": id, "title": title, "description": null, "sortOrder": 0, "archivedAt": null,
            "createdAt": "2026-01-05T00:00:00.000Z", "updatedAt": null, "activeWeekdays": [1, 2, 3, 4, 5, 6, 7],
        })
    };
    let completion = |id: &str, date: &str| json!({ "habitId": id, "date": date, "completedAt": null });
    let reminders = [1_200, 480, 480, 600, 700]
        .map(|minutes| json!({ "habitId": "long", "timeMinutes": minutes, "enabled": true }));
    json!({
        "schemaVersion": 1, "generatedAt": "2026-02-01T00:00:00.000Z", "userId": "cl123",
        "habits": [
            habit("long", &"Read ".repeat(26)), habit("tab", "Read\taloud"), habit("mark", "\u{202E}Walk"), habit("none", " "),
        ],
        "completions": [
            completion("long", "2026-02-11"), completion("long", "2026-02-12"), completion("long", "2026-02-30"),
            completion("long", "2026-01-04"), completion("tab", "2026-02-14"), completion("tab", "2026-02-13"),
            completion("none", "2026-02-12"),
        ],
        "reminders": { "settings": {}, "habitReminders": reminders },
    })
}

#[tokio::test]
async fn habits_that_break_a_rule_are_repaired_or_named_and_the_rest_is_imported() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let preview = import(&ada, &untidy_file(), "?dryRun=true").await;
    let page = submit_import_form(&ada, "import", &untidy_file()).await.assert_status(200);
    assert_eq!(preview["changes"]["habitsAdded"], 3);
    let fields = |list: &str| -> Vec<String> {
        let notes = preview[list].as_array().unwrap().iter();
        notes
            .map(|note| format!("{} {}", note["habit"].as_str().unwrap().trim(), note["field"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(fields("skipped"), ["none title"]);
    let named: Vec<String> = fields("repairs").iter().map(|name| name.rsplit(' ').next().unwrap().to_owned()).collect();
    assert_eq!(named, ["title", "reminderTimes", "title", "title"]);
    page.assert_contains("Its title was shortened to 120 characters.")
        .assert_contains("It had 4 reminder times. The earliest 3 were kept.")
        .assert_contains("Characters that can't be displayed were removed from its title.")
        .assert_contains("It has no title.");
    let exported = export(&ada).await;
    let titles: Vec<_> = exported["habits"].as_array().unwrap().iter().map(|habit| habit["title"].clone()).collect();
    assert_eq!(titles, [json!(format!("{}Read", "Read ".repeat(23))), json!("Read aloud"), json!("Walk")]);
    let times: Vec<_> = exported["reminders"]["habitReminders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["timeMinutes"].clone())
        .collect();
    assert_eq!(times, [480, 600, 700]);
    // What was repaired once needs no repair again.
    assert_eq!(import(&ada, &exported, "").await["repairs"], json!([]));
}

#[tokio::test]
async fn future_completions_are_left_out_and_earlier_ones_count_in_no_streak_and_both_are_reported() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let report = import(&ada, &untidy_file(), "").await;
    assert_eq!(
        report["completions"],
        json!({ "inFuture": 1, "unreadable": 1, "ofSkippedHabits": 1, "ofAmountHabits": 0, "beforeHabit": 1 })
    );
    // 2026-02-13 has begun east of here.
    assert_eq!(report["changes"]["completionsAdded"], 4);
    let exported = export(&ada).await;
    let dates: Vec<_> = exported["completions"].as_array().unwrap().iter().map(|row| row["date"].clone()).collect();
    assert_eq!(dates, ["2026-01-04", "2026-02-11", "2026-02-12", "2026-02-13"]);
    ada.get("/today").await.assert_contains("2-day streak");
    assert_eq!(ada.completed_on("2026-01-04").await.len(), 1, "kept and shown");
    // Stored while the clock was wrong.
    world.set_time("2026-02-20T12:00:00Z");
    let habit = ada.create_habit("Stretch").await;
    ada.set_completion(&habit, "2026-02-20", true).await.assert_status(200);
    world.set_time("2026-02-12T12:00:00Z");
    assert_eq!(export(&ada).await["completions"].as_array().unwrap().len(), 4);
    assert!(ada.completed_on("2026-02-20").await.is_empty());
    world.set_time("2026-02-20T12:00:00Z");
    assert_eq!(ada.completed_on("2026-02-20").await, [habit], "it appears when its day has come");
}

#[tokio::test]
async fn a_file_saved_by_an_editor_with_a_byte_order_mark_is_imported() {
    let world = World::new().await;
    let file = export(&create_ada(&world).await).await;
    let ben = world.signed_in_user("ben").await;
    let marked = format!("\u{FEFF}{}", serde_json::to_string_pretty(&file).unwrap().replace('\n', "\r\n"));
    let headers = [("content-type", "application/json")];
    let path = "/api/account/imports/self?dryRun=true";
    let report = ben.request("POST", path, &headers, marked.as_bytes()).await.assert_status(200).data();
    assert_eq!(report["foreign"], false, "an editor changed white space only");
    let page = ben.upload_file("/account/import", "import", marked.as_bytes()).await.assert_status(200);
    page.assert_contains("2 habits added").assert_lacks("changed since");
}

#[tokio::test]
async fn a_file_of_another_program_is_named_and_never_half_imported() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for (file, message) in [
        (b"PK\x03\x04..Habits.csv..001 Run/Checkmarks.csv".to_vec(), "This isn't a readable zip file."),
        (b"SQLite format 3\0.. Repetitions .. freq_num".to_vec(), "This isn't an SQLite database."),
        (b"%PDF-1.7".to_vec(), "This is a PDF document. Atlas can't import it yet."),
        (
            b"Position,Name,Type,Color\n001,Run,YES_NO,\n".to_vec(),
            "This is a Loop Habit Tracker file. Atlas can't import it yet.",
        ),
        (
            br#"{"Categories":[{"Habits":[{"TimesDone":[],"RepeatPeriod":1}]}]}"#.to_vec(),
            "This is an OpenHabitTracker file. Atlas can't import it yet.",
        ),
    ] {
        let page = ada.upload_file("/account/import", "import", &file).await.assert_status(422);
        page.assert_contains(message);
        let refused =
            ada.request("POST", "/api/account/imports/self", &[("content-type", "application/json")], &file).await;
        assert_eq!(refused.assert_refused(400, "invalid_request").json()["error"]["message"], message);
    }
    assert_eq!(export(&ada).await["habits"], json!([]));
}

#[tokio::test]
async fn a_preview_needs_no_turn_of_the_writer() {
    let world = World::new().await;
    let file = export(&create_ada(&world).await).await;
    let ben = world.signed_in_user("ben").await;
    // The only writer is busy until the preview has been answered.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let app = Arc::clone(&world.state.app);
    let wait = move |_: &mut WriteTxn<'_, '_>| {
        released.recv().unwrap();
        Ok::<_, Error>(())
    };
    let writer = tokio::spawn(async move { app.store.write(wait).await });
    assert_eq!(import(&ben, &file, "?dryRun=true").await["changes"]["habitsAdded"], 2);
    submit_import_form(&ben, "check", &file).await.assert_status(200).assert_contains("2 habits would be added");
    release.send(()).unwrap();
    writer.await.unwrap().unwrap();
}

#[tokio::test]
async fn imports_and_previews_are_limited_per_account() {
    let variables = vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned())];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let (ada, ben) = (verified_user(&world, "ada").await, verified_user(&world, "ben").await);
    for user in [&ada, &ben] {
        user.sign_in().await;
    }
    let path = "/api/account/imports/self?dryRun=true";
    for _ in 0..20 {
        ada.send_json("POST", path, &json!({})).await.assert_status(400);
    }
    ada.send_json("POST", path, &json!({})).await.assert_refused(429, "rate_limited");
    let page = ada.upload_file("/account/import", "check", b"{}").await.assert_status(429);
    page.assert_contains("id=\"file-fault\"").assert_contains("Try again in 15 minutes");
    ben.send_json("POST", path, &json!({})).await.assert_status(400);
}

#[tokio::test]
async fn an_export_is_sealed_and_a_changed_or_unsealed_file_is_called_foreign() {
    let world = World::new().await;
    let file = export(&create_ada(&world).await).await;
    let ben = world.signed_in_user("ben").await;
    assert_eq!(import(&ben, &file, "?dryRun=true").await["foreign"], false);
    let mut unsealed = file.clone();
    unsealed.as_object_mut().unwrap().remove("seal");
    let mut edited = file.clone();
    edited["completions"][0]["date"] = json!("2026-02-01");
    for foreign in [&unsealed, &edited, &untidy_file()] {
        assert_eq!(import(&ben, foreign, "?dryRun=true").await["foreign"], true);
        let page = submit_import_form(&ben, "check", foreign).await.assert_status(200);
        page.assert_contains("wasn't exported from this Atlas, or it was changed since");
    }
    // Another data file of the same environment has another key.
    let other_world = World::new().await;
    let cleo = other_world.signed_in_user("cleo").await;
    assert_eq!(import(&cleo, &file, "").await["foreign"], true);
    // A new secret does not turn older exports into foreign ones.
    let variables = vec![("NEXTAUTH_SECRET", "a new secret of more than 32 characters".to_owned())];
    let world = world.restart_with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let ben = TestUser::new("ben", &world);
    ben.sign_in().await;
    assert_eq!(import(&ben, &file, "?dryRun=true").await["foreign"], false);
}

#[tokio::test]
async fn a_preview_environment_takes_foreign_files_only_if_its_settings_say_so() {
    let variables = vec![("ENABLE_TEST_ENDPOINTS", "true".to_owned())];
    let options = WorldOptions { environment: "preview/colors", variables, ..WorldOptions::default() };
    let mut world = World::with_options(options).await;
    let ada = world.signed_in_user("ada").await;
    let path = "/api/account/imports/self?dryRun=true";
    let refused = ada.send_json("POST", path, &untidy_file()).await.assert_refused(400, "invalid_request").json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("imports.foreign = true"), "{refused}");
    let page = submit_import_form(&ada, "import", &untidy_file()).await.assert_status(422);
    page.assert_contains("imports.foreign = true");
    let own = export(&ada).await;
    assert_eq!(import(&ada, &own, "").await["foreign"], false, "its own export is always taken");
    let mut renamed = own.clone();
    renamed["environment"] = json!("production");
    let mut edited_away = renamed.clone();
    edited_away.as_object_mut().unwrap().remove("environment");
    for foreign in [&renamed, &edited_away] {
        ada.send_json("POST", path, foreign).await.assert_refused(400, "invalid_request");
    }

    world.restart_with_settings(|settings| settings.foreign_imports = true).await;
    let ada = TestUser::new("ada", &world);
    ada.sign_in().await;
    assert_eq!(import(&ada, &untidy_file(), "?dryRun=true").await["foreign"], true);
    // No setting lets data of another environment in.
    ada.send_json("POST", path, &renamed).await.assert_refused(400, "invalid_request");
}
