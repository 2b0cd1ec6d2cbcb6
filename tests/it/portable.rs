//! Taking one's data away, and bringing it back.

use serde_json::{Value, json};

use crate::person::Person;
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
    let mut crowded = file.clone();
    let habit = file["habits"][0].clone();
    let many = (0..201).map(|n| {
        let mut habit = habit.clone();
        habit["id"] = json!(format!("habit {n}"));
        habit
    });
    crowded["habits"] = many.collect();
    for bad in [newer, untitled, impossible, crowded, json!({}), json!([])] {
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
