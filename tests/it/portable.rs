//! Taking one's data away, and bringing it back, as JSON and with the form.

use serde_json::{Value, json};

use crate::person::{Person, Reply};
use crate::world::World;

/// Ada with two habits, one of them changed and put away, and three ticks.
async fn ada(world: &World) -> Person {
    let ada = world.signed_up_in("ada", "Europe/Lisbon").await;
    let daily = json!({ "title": "Read", "weekdays": [1, 2, 3, 4, 5, 6, 7], "reminderTimes": [480] });
    let read = ada.sends("POST", "/api/habits", &daily).await.is(201).data();
    let read = read["habit"]["id"].as_str().unwrap().to_owned();
    let walk = ada.keeps_on("Walk", &[4]).await;
    ada.ticks(&walk, "2026-02-12", true).await.is(200);
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    world.it_is("2026-02-13T12:30:00Z");
    ada.ticks(&read, "2026-02-13", true).await.is(200);
    ada.sends("PUT", &format!("/api/habits/{walk}"), &json!({ "weekdays": [5] })).await.is(200);
    ada.asks("DELETE", &format!("/api/habits/{walk}"), &[], b"").await.is(200);
    ada
}

async fn taken(person: &Person) -> Value {
    person.get("/api/account/exports/self").await.is(200).json()
}

async fn brings(person: &Person, file: &Value, query: &str) -> Value {
    person.sends("POST", &format!("/api/account/imports/self{query}"), file).await.is(200).data()
}

#[tokio::test]
async fn the_file_is_the_predecessors_with_what_we_added() {
    let world = World::new().await;
    let ada = ada(&world).await;
    let reply = ada.get("/api/account/exports/self").await.is(200);
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let disposition = "attachment; filename=\"20260213T123000Z-atlas-data-export.json\"";
    assert_eq!(reply.header("content-disposition"), Some(disposition));
    let file = reply.json();
    assert_eq!((&file["schemaVersion"], &file["timeZone"]), (&json!(2), &json!("Europe/Lisbon")));
    assert_eq!(file["generatedAt"], "2026-02-13T12:30:00.000Z");
    let titles: Vec<_> = file["habits"].as_array().unwrap().iter().map(|habit| habit["title"].clone()).collect();
    assert_eq!(titles, ["Read", "Walk"], "archived ones, too");
    let walk = &file["habits"][1];
    assert_eq!(walk["schedule"][0], json!({ "from": "2026-02-12", "weekdays": [4] }));
    assert!(walk["archivedAt"].is_string());
    let dates: Vec<_> = file["completions"].as_array().unwrap().iter().map(|tick| tick["date"].clone()).collect();
    assert_eq!(dates, ["2026-02-12", "2026-02-12", "2026-02-13"]);
    assert_eq!(file["completions"][2]["completedAt"], "2026-02-13T12:30:00Z");
    assert_eq!(file["reminders"]["habitReminders"][0]["timeMinutes"], 480);
    assert_eq!(file["reminders"]["settings"]["dailyDigestTimeMinutes"], 1200);
    assert_eq!(file["achievements"], json!({ "achievementUnlocks": [], "habitMilestoneUnlocks": [] }));
    let text = file.to_string();
    assert!(!text.contains("argon2") && !text.contains("example.com"), "{text}");
    world.stranger().get("/api/account/exports/self").await.is_refused(401, "unauthorized");
}

#[tokio::test]
async fn what_was_taken_away_comes_back_whole_and_twice_is_once() {
    let world = World::new().await;
    let file = taken(&ada(&world).await).await;
    let ben = world.signed_up_in("ben", "Europe/Lisbon").await;
    let changes = |habits_added: u8, habits_known: u8, added: u8, known: u8| {
        json!({
            "habitsAdded": habits_added, "habitsKnown": habits_known,
            "completionsAdded": added, "completionsKnown": known, "completionsWithoutHabit": 0,
        })
    };
    let rehearsal = brings(&ben, &file, "?dryRun=true").await;
    assert_eq!((&rehearsal["dryRun"], &rehearsal["changes"]), (&json!(true), &changes(2, 0, 3, 0)));
    assert_eq!(taken(&ben).await["habits"], json!([]), "a rehearsal changes nothing");
    assert_eq!(brings(&ben, &file, "").await["changes"], changes(2, 0, 3, 0));
    assert_eq!(brings(&ben, &file, "").await["changes"], changes(0, 2, 0, 3));
    let his = taken(&ben).await;
    for part in ["habits", "completions", "reminders"] {
        assert_eq!(his[part], file[part], "{part}");
    }
    ben.get("/today").await.says("Read").says("2 in a row");
}

#[tokio::test]
async fn a_file_of_the_predecessor_can_be_brought() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
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
    let changes = brings(&ada, &file, "").await["changes"].clone();
    assert_eq!((&changes["habitsAdded"], &changes["completionsAdded"]), (&json!(1), &json!(1)));
    assert_eq!(changes["completionsWithoutHabit"], 1);
    assert_eq!(ada.done_on("2026-01-05").await.len(), 1);
    assert_eq!(brings(&ada, &file, "").await["changes"]["habitsAdded"], 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_brought_changes_nothing() {
    let world = World::new().await;
    let ada = ada(&world).await;
    let file = taken(&ada).await;
    let ben = world.signed_up("ben").await;
    let mut newer = file.clone();
    newer["schemaVersion"] = json!(3);
    let mut untitled = file.clone();
    untitled["habits"][0]["title"] = json!("");
    let mut impossible = file.clone();
    impossible["completions"][0]["date"] = json!("2026-02-30");
    for bad in [newer, untitled, impossible, crowded(&file), json!({}), json!([])] {
        ben.sends("POST", "/api/account/imports/self", &bad).await.is_refused(400, "invalid_request");
    }
    let unclear = ben.sends("POST", "/api/account/imports/self?dryRun=maybe", &file).await;
    unclear.is_refused(400, "invalid_request");
    assert_eq!(taken(&ben).await["habits"], json!([]));
}

#[tokio::test]
async fn a_large_file_is_read_and_a_larger_one_is_not() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let mut file = taken(&ada).await;
    file["userId"] = json!("x".repeat(200_000));
    brings(&ada, &file, "").await;
    // What is declared too large is refused before it is sent.
    let cookie = ada.cookie("atlas-development").unwrap();
    let request = format!(
        "POST /api/account/imports/self HTTP/1.1\r\nhost: {}\r\ncookie: atlas-development={cookie}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        ada.host,
        9 << 20
    );
    let refused = crate::person::exchange(world.address, request.as_bytes()).await.unwrap();
    refused.is_refused(413, "invalid_request");
}

/// Sends a file with the form under Account.
async fn imports(person: &Person, what: &str, file: &Value) -> Reply {
    person.uploads("/account/import", what, file.to_string().as_bytes()).await
}

/// The file with its first habit as often as nobody may keep habits.
fn crowded(file: &Value) -> Value {
    let mut crowded = file.clone();
    let many = (0..201).map(|n| {
        let mut habit = file["habits"][0].clone();
        habit["id"] = json!(format!("habit {n}"));
        habit
    });
    crowded["habits"] = many.collect();
    crowded
}

#[tokio::test]
async fn the_form_says_what_would_change_then_changes_it_and_the_second_time_adds_nothing() {
    let world = World::new().await;
    let ada = ada(&world).await;
    let file = taken(&ada).await;
    let ben = world.signed_up_in("ben", "Europe/Lisbon").await;
    ben.get("/account").await.is(200).says("See what would change").says_nothing_of("would be added");

    let page = imports(&ben, "check", &file).await.is(200).says("Nothing is changed yet");
    page.says("2 habits would be added").says("3 ticks would be added").says("choose the file once more");
    assert_eq!(taken(&ben).await["habits"], json!([]));

    let page = imports(&ben, "import", &file).await.is(200).says("The file is imported");
    page.says("2 habits added").says("3 ticks added").says_nothing_of("here already");
    let page = imports(&ben, "import", &file).await.is(200).says("No habits added").says("No ticks added");
    page.says("2 habits here already").says("3 ticks here already");
    ben.get("/today").await.says("Read").says("2 in a row");

    // The file was Ada's. Hers is hers still, whatever Ben does with what he brought.
    let read = file["habits"][0]["id"].as_str().unwrap();
    ben.sends("PUT", &format!("/api/habits/{read}"), &json!({ "title": "Ben reads" })).await.is(200);
    assert_eq!(taken(&ada).await["habits"], file["habits"]);
}

#[tokio::test]
async fn ticks_of_a_habit_that_the_file_lacks_are_left_out_and_said() {
    let world = World::new().await;
    let mut file = taken(&ada(&world).await).await;
    file["habits"].as_array_mut().unwrap().truncate(1);
    let ben = world.signed_up("ben").await;
    let page = imports(&ben, "check", &file).await.is(200).says("1 habit would be added");
    page.says("2 ticks would be added").says("1 tick left out: the file does not have the habit");
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_beside_the_field_and_nothing_is_changed() {
    let world = World::new().await;
    let file = taken(&ada(&world).await).await;
    let ben = world.signed_up("ben").await;
    let mut newer = file.clone();
    newer["schemaVersion"] = json!(3);
    for (bad, why) in [
        (String::new(), "Choose a file first"),
        ("a picture".to_owned(), "This is not a file that Atlas made. This is not JSON"),
        ("{}".to_owned(), "This is not a file that Atlas made. The field “schemaVersion” is missing"),
        (newer.to_string(), "This file has version 3; Atlas reads 1 and 2."),
        (crowded(&file).to_string(), "You would keep 201 active habits; 200 is the most."),
    ] {
        for what in ["check", "import"] {
            let page = ben.uploads("/account/import", what, bad.as_bytes()).await.is(422).says(why);
            page.says("id=\"file-fault\"")
                .says("aria-describedby=\"file-fault file-hint\"")
                .says("aria-invalid=\"true\"");
        }
    }
    ben.uploads("/account/import", "guess", file.to_string().as_bytes()).await.is(422);
    ben.posts("/account/import", &[("what", "import")]).await.is(415);
    let seamless = [("content-type", "multipart/form-data"), ("sec-fetch-site", "same-origin")];
    ben.asks("POST", "/account/import", &seamless, b"--").await.is(422).says("The form cannot be read");
    let elsewhere = [("content-type", "multipart/form-data; boundary=x"), ("sec-fetch-site", "cross-site")];
    ben.asks("POST", "/account/import", &elsewhere, b"--x--").await.is(403);
    assert_eq!(taken(&ben).await["habits"], json!([]));
}

#[tokio::test]
async fn whoever_picks_a_film_instead_of_the_file_reads_that_it_is_too_large() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    for megabytes in [8, 20] {
        // The answer comes although everything is sent before anything is read, as browsers do.
        let film = vec![b'x'; (megabytes << 20) + 1];
        ada.uploads("/account/import", "check", &film).await.is(413).says("too large: 8 MB is the most");
    }
    let mut file = taken(&ada).await;
    file["userId"] = json!("x".repeat(7 << 20));
    imports(&ada, "check", &file).await.is(200).says("No habits would be added");
}
