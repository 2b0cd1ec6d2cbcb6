//! Imports of files of other habit trackers, written by hand after the formats of the programs.

use std::io::{Cursor, Write};
use std::process::{Command, Stdio};

use atlas::formats::sqlite::record::SqlValue;
use atlas::formats::sqlite::writer::SqliteWriter;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::export_import::hidden_field;
use crate::test_user::{TestResponse, TestUser};
use crate::world::World;

async fn send(user: &TestUser, file: &[u8], query: &str) -> TestResponse {
    let path = format!("/api/account/imports/self{query}");
    user.request("POST", &path, &[("content-type", "application/json")], file).await
}

/// Imports a file after a preview, which must say the same and change nothing.
async fn import(user: &TestUser, file: &[u8]) -> Value {
    let before = export(user).await["habits"].clone();
    let preview = send(user, file, "?dryRun=true").await.assert_status(200).data();
    assert_eq!(export(user).await["habits"], before);
    let report = send(user, file, "").await.assert_status(200).data();
    for part in ["changes", "habits", "leftOut", "program"] {
        assert_eq!(preview[part], report[part], "{part}");
    }
    report
}

async fn export(user: &TestUser) -> Value {
    user.get("/api/account/exports/self").await.assert_status(200).json()
}

/// The dates on which each habit was completed, by title.
async fn completed(user: &TestUser) -> Vec<(String, Vec<String>)> {
    let file = export(user).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let habits = file["habits"].as_array().unwrap();
    let dates = |id: &Value| {
        let all = file["completions"].as_array().unwrap().iter();
        all.filter(|completion| completion["habitId"] == *id).map(|completion| text(&completion["date"])).collect()
    };
    habits.iter().map(|habit| (text(&habit["title"]), dates(&habit["id"]))).collect()
}

/// The sum of the amounts of each day of a habit.
async fn amounts(user: &TestUser, title: &str) -> Vec<(String, u64)> {
    let file = export(user).await;
    let habits = file["habits"].as_array().unwrap();
    let id = &habits.iter().find(|habit| habit["title"] == title).unwrap()["id"];
    let logs = file["dayLogs"].as_array().into_iter().flatten().filter(|log| log["habitId"] == *id);
    let sum =
        |log: &Value| log["entries"].as_array().map(|all| all.iter().map(|one| one["amount"].as_u64().unwrap()).sum());
    logs.filter_map(|log| Some((log["date"].as_str().unwrap().to_owned(), sum(log)?))).collect()
}

fn day_amount((date, thousandths): (&str, u64)) -> (String, u64) {
    (date.to_owned(), thousandths)
}

fn dates(title: &str, dates: &[&str]) -> (String, Vec<String>) {
    (title.to_owned(), dates.iter().map(|date| (*date).to_owned()).collect())
}

/// What the report says that it left out, in one text.
fn left_out(report: &Value) -> String {
    let notes = report["leftOut"].as_array().unwrap().iter();
    let line = |note: &Value| format!("{}: {}", note["habit"].as_str().unwrap(), note["message"].as_str().unwrap());
    notes.map(line).collect::<Vec<_>>().join("\n")
}

fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// January 1, 2026, and so many days later, as Loop stores it.
fn midnight(days: i64) -> i64 {
    1_767_225_600_000 + days * 86_400_000
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

/// A backup with three habits; the rows of version 25 have a question, an id and notes.
fn loop_backup(version: u32) -> Vec<u8> {
    use SqlValue::{Integer, Null, Real};
    let mut writer = SqliteWriter::new(version);
    let habit = |position: i64, name: &str, archived: i64, frequency: (i64, i64), amount: Option<(i64, f64, &str)>| {
        let (target_type, target, unit) = amount.unwrap_or((0, 0.0, ""));
        let mut row = vec![Null, Integer(archived), Integer(if version < 14 { -10_603_087 } else { 8 })];
        row.extend([text("Did you?"), Integer(frequency.1), Integer(frequency.0), text(name), Integer(position)]);
        row.extend([Integer(8), Integer(30), Integer(124), Integer(amount.is_some().into()), Integer(target_type)]);
        row.extend([Real(target), text(unit)]);
        if version >= 24 {
            row.extend([text("Why not?"), text(&format!("{:032x}", 0xabc0 + position))]);
        }
        row
    };
    let columns = "id integer primary key autoincrement, archived integer, color integer, description text, freq_den integer, \
        freq_num integer, name text, position integer, reminder_hour integer, reminder_min integer, reminder_days integer, \
        type integer, target_type integer, target_value real, unit text";
    let more = if version >= 24 { ", question text, uuid text" } else { "" };
    let habits = [
        habit(1, "Water", 0, (1, 1), Some((0, 2.0, "liters"))),
        habit(0, "Stretch", 0, (3, 7), None),
        habit(2, "Coffee", 1, (1, 1), Some((1, 3.0, "cups"))),
    ];
    writer.add_table("Habits", &format!("CREATE TABLE Habits ({columns}{more})"), habits);
    let day = |habit: i64, days: i64, value: i64, note: Option<&str>| {
        let row = vec![Null, Integer(habit), Integer(midnight(days)), Integer(value)];
        row.into_iter().chain((version >= 25).then(|| note.map_or(Null, text))).collect()
    };
    let repetitions = [
        day(2, 3, 2, None),
        day(2, 1, 3, Some("travel")),
        day(2, 0, 2, None),
        day(1, 3, 2_250, None),
        day(1, 2, 1_500, Some("said \"enough\"")),
        day(3, 3, 4_000, None),
        day(3, 2, 2_000, None),
        day(9, 2, 2, None),
        vec![Null, Integer(2), Integer(-86_400_000), Integer(2)],
    ];
    writer.add_table(
        "Repetitions",
        "CREATE TABLE Repetitions (id integer primary key autoincrement, habit integer, timestamp integer, value integer, notes text)",
        repetitions,
    );
    writer.finish()
}

#[tokio::test]
async fn a_backup_of_loop_brings_habits_and_days_and_names_what_it_leaves_out() {
    let world = World::new().await;
    let users = ["ada", "ben", "cleo", "dora", "emil", "fay", "gus"];
    for (name, version) in users.into_iter().zip([9, 13, 14, 20, 21, 23, 25]) {
        let ada = world.signed_in_user(name).await;
        let report = import(&ada, &loop_backup(version)).await;
        assert_eq!(report["program"], "Loop Habit Tracker");
        assert_eq!(report["completions"]["unreadable"], 1, "a day before 1970");
        let expected = [dates("Stretch", &["2026-01-01", "2026-01-04"]), dates("Water", &[]), dates("Coffee", &[])];
        assert_eq!(completed(&ada).await, expected, "version {version}");
        let habits = export(&ada).await["habits"].clone();
        let goal = |at: usize| habits[at]["schedule"][0]["goal"].clone();
        assert_eq!(goal(0), Value::Null);
        assert_eq!(goal(1), json!({ "kind": "atLeast", "target": 2_000, "per": "day" }));
        assert_eq!(goal(2), json!({ "kind": "atMost", "target": 3_000, "per": "day" }));
        assert_eq!((&habits[1]["unit"], &habits[2]["unit"]), (&json!("liters"), &json!("cups")));
        assert_eq!(amounts(&ada, "Water").await, [("2026-01-03", 1_500), ("2026-01-04", 2_250)].map(day_amount));
        assert_eq!(ada.completed_on("2026-01-04").await.len(), 2, "the target was reached");
        assert_eq!(ada.completed_on("2026-01-03").await.len(), 1, "only the limit was kept");
        assert!(habits[2]["archivedAt"].is_string());
        let left_out = left_out(&report);
        assert!(left_out.contains(": 1 days belong to no habit"), "{left_out}");
        assert!(!left_out.contains("smallest amount"), "{left_out}");
        let logs = export(&ada).await["dayLogs"].clone();
        let skipped = logs.as_array().unwrap().iter().find(|log| log["date"] == "2026-01-02").unwrap();
        assert_eq!(skipped["isSkipped"], true);
        assert_eq!(
            habits[0]["schedule"][0]["frequency"],
            json!({ "kind": "times", "times": 3, "window": { "rolling": 7 } })
        );
        if version == 25 {
            assert_eq!(skipped["note"], "travel");
            let water =
                logs.as_array().unwrap().iter().find(|log| log["date"] == "2026-01-03" && log["note"].is_string());
            assert_eq!(water.unwrap()["note"], "said \"enough\"");
            assert_eq!(water.unwrap()["entries"][0]["amount"], 1_500);
            assert_eq!(habits[0]["description"], "Why not?\n\nDid you?");
            assert_eq!(habits[0]["id"], "00000000-0000-0000-0000-00000000abc0");
            assert_eq!(habits[0]["color"], "teal");
        }
        let again = import(&ada, &loop_backup(version)).await;
        assert_eq!((&again["changes"]["habitsAdded"], &again["changes"]["completionsAdded"]), (&json!(0), &json!(0)));
        assert_eq!(again["dayLogs"]["added"], 0);
    }
    let eve = world.signed_in_user("eve").await;
    let refused = send(&eve, &loop_backup(26), "").await.assert_refused(400, "invalid_request").json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("version 26"));
}

/// Runs the program of SQLite itself.
fn sqlite3(path: &std::path::Path, script: &str) -> String {
    let mut child =
        Command::new("sqlite3").arg(path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sqlite3");
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
#[ignore = "needs sqlite3: run tests/run"]
async fn a_database_that_sqlite_wrote_is_read_in_every_encoding_and_page_size() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    for (name, encoding, page_size) in
        [("ada", "UTF-8", 4096), ("ben", "UTF-16le", 1024), ("cleo", "UTF-16be", 65_536), ("dora", "UTF-8", 512)]
    {
        let path = folder.path().join(format!("{name}.db"));
        let long = "ä".repeat(1_900);
        let script = format!(
            "pragma encoding = '{encoding}'; pragma page_size = {page_size}; pragma user_version = 25;
            create table Habits (id integer primary key autoincrement, archived integer, color integer, description text,
                freq_den integer, freq_num integer, name text, position integer, type integer not null default 0);
            create table Repetitions (id integer primary key autoincrement, habit integer, timestamp integer);
            insert into Habits values (7, 0, 7, '{long}', 1, 1, 'Läsa', 0, 0);
            with recursive days(n) as (select 0 union all select n + 1 from days where n < 3000)
                insert into Repetitions (habit, timestamp) select 7, {} + 86400000 * n from days where n <> 5;
            alter table Habits add column question text default 'Did you?';
            alter table Repetitions add column value integer not null default 2;
            create unique index days on Repetitions (habit, timestamp);
            delete from Repetitions where id % 7 = 0;
            insert into Repetitions (habit, timestamp, value) values (7, {}, 3);",
            midnight(-3_000),
            midnight(2),
        );
        sqlite3(&path, &script);
        let ada = world.signed_in_user(name).await;
        let report = import(&ada, &std::fs::read(&path).unwrap()).await;
        assert_eq!(report["changes"]["completionsAdded"], 3_000 - 428, "{encoding} {page_size}");
        let habit = export(&ada).await["habits"][0].clone();
        assert_eq!((&habit["title"], &habit["color"]), (&json!("Läsa"), &json!("green")));
        assert_eq!(habit["description"], format!("Did you?\n\n{long}"));
    }
}

#[tokio::test]
async fn an_archive_of_loop_is_imported_in_both_layouts() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let current = zip(&[
        (
            "Habits.csv",
            "Position,Name,Type,Question,Description,FrequencyNumerator,FrequencyDenominator,Color,Unit,Target Type,Target Value,Archived?\n\
            001,Stretch,YES_NO,Did you stretch?,\"Neck, back\",3,7,#388E3C,,,,false\n\
            002,読書,YES_NO,,,1,1,#1976D2,,,,true\n\
            003,Water,NUMERICAL,,,1,1,#1976D2,litres,AT_LEAST,2.0,false\n",
        ),
        ("Checkmarks.csv", "Date,Stretch,Water,\n2026-01-04,YES_MANUAL,2250,\n"),
        (
            "001 Stretch/Checkmarks.csv",
            "Date,Value,Notes\n2026-01-04,YES_MANUAL,\n2026-01-03,YES_AUTO,\"rest, sore\"\n2026-01-02,SKIP,travel\n2026-01-01,NO,\n",
        ),
        ("002/Checkmarks.csv", "Date,Value,Notes\n2026-01-02,YES_MANUAL,\n31.12.2025,YES_MANUAL,\n"),
        ("003 Water/Checkmarks.csv", "Date,Value,Notes\n2026-01-04,2250,\n2026-01-03,1500,\"said \"\"enough\"\"\"\n"),
    ]);
    let report = import(&ada, &current).await;
    let expected = [dates("Stretch", &["2026-01-04"]), dates("Water", &[]), dates("読書", &["2026-01-02"])];
    assert_eq!(amounts(&ada, "Water").await, [("2026-01-03", 1_500), ("2026-01-04", 2_250)].map(day_amount));
    let mut found = completed(&ada).await;
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(report["completions"]["unreadable"], 1);

    let ben = world.signed_in_user("ben").await;
    let older = zip(&[
        (
            "Habits.csv",
            "Position,Name,Question,Description,NumRepetitions,Interval,Color\n001,Run,,,1,2,#388E3C\n002,Sit-ups,,,1,1,#388E3C\n003,Gone,,,1,1,#388E3C\n",
        ),
        ("001 Run/Checkmarks.csv", "2026-01-04,2\n2026-01-03,1\n2026-01-02,3\n2026-01-01,0\n"),
        ("002 Sit-ups/Checkmarks.csv", "2026-01-04,25000\n2026-01-03,0\n"),
    ]);
    let report = import(&ben, &older).await;
    let expected = [dates("Run", &["2026-01-04"]), dates("Sit-ups", &[]), dates("Gone", &[])];
    assert_eq!(completed(&ben).await, expected);
    assert_eq!(amounts(&ben, "Sit-ups").await, [("2026-01-04", 25_000)].map(day_amount));
    let guessed = "Sit-ups: The file has no goal for it, so it's the smallest amount in it: 25.";
    assert!(left_out(&report).contains(guessed), "{report}");
    assert!(left_out(&report).contains("Gone: Its days aren't in this file"), "{report}");
}

#[tokio::test]
async fn days_of_a_habit_with_the_same_name_are_added_to_it() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    let table = "Date;READ;Run\n2026-02-11;1;\n2026-02-12;1;1\n2026-02-13;;yes\n2026-02-99;1;1\n";
    let report = import(&ada, table.as_bytes()).await;
    assert_eq!(report["habits"][0]["outcome"], "sameName");
    assert_eq!(
        (&report["habits"][0]["completionsAdded"], &report["habits"][0]["completionsKnown"]),
        (&json!(1), &json!(1))
    );
    assert_eq!((&report["habits"][1]["outcome"], &report["completions"]["unreadable"]), (&json!("added"), &json!(2)));
    let expected = [dates("Read", &["2026-02-11", "2026-02-12"]), dates("Run", &["2026-02-12", "2026-02-13"])];
    assert_eq!(completed(&ada).await, expected);
    let page = ada.upload_file("/account/import", "check", table.as_bytes()).await.assert_status(200);
    page.assert_contains("added to your habit of the same name, no new completed days, 2 already there");
}

#[tokio::test]
async fn a_table_with_unknown_columns_is_imported_once_they_are_chosen_and_the_file_is_kept_for_half_an_hour() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let table = "When\tWhat\tHow much\n1.2.2026\tPush-ups\t20\n13.2.2026\tPush-ups\t0\n2.2.2026\tYoga\t1\n";
    let page = ada.upload_file("/account/import", "check", table.as_bytes()).await.assert_status(422);
    let kept = hidden_field(&page.text(), "kept");
    page.assert_contains("Which columns are these?").assert_contains("How much").assert_contains("Yoga");
    let columns =
        [("kept", kept.as_str()), ("dateColumn", "0"), ("habitColumn", "1"), ("valueColumn", "2"), ("noteColumn", "")];
    let page = ada.upload_fields("/account/import", &[&[("what", "check")][..], &columns].concat(), b"").await;
    let page = page.assert_status(200).assert_contains("2 habits would be added").text();
    let chosen: Vec<(&str, String)> =
        ["kept", "dateColumn", "habitColumn", "valueColumn"].map(|name| (name, hidden_field(&page, name))).into();
    let mut fields: Vec<(&str, &str)> = chosen.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("what", "import"));
    let ben = world.signed_in_user("ben").await;
    let expired = "This preview has expired. Choose the file again.";
    ben.upload_fields("/account/import", &fields, b"").await.assert_status(422).assert_contains(expired);
    ada.upload_fields("/account/import", &fields, b"").await.assert_status(200).assert_contains("Import complete");
    assert_eq!(completed(&ada).await, [dates("Push-ups", &[]), dates("Yoga", &["2026-02-02"])]);
    assert_eq!(amounts(&ada, "Push-ups").await, [("2026-02-01", 20_000)].map(day_amount));
    ada.upload_file("/account/import", "check", table.as_bytes()).await.assert_status(422);
    world.set_time("2026-02-12T23:00:00Z");
    ada.upload_fields("/account/import", &fields, b"").await.assert_status(422).assert_contains(expired);
}

/// Ada with three habits and some days.
async fn create_ada(world: &World) -> TestUser {
    let ada = world.signed_in_user("ada").await;
    let habits = [
        json!({ "title": "=Read", "weekdays": [1, 2, 3, 4, 5, 6, 7], "color": "teal", "reminderTimes": [510], "description": "Ten pages" }),
        json!({ "title": "Läufe, \"weit\"", "weekdays": [1, 4] }),
        json!({ "title": "Old", "weekdays": [1, 2, 3, 4, 5, 6, 7] }),
    ];
    for (at, habit) in habits.iter().enumerate() {
        let habit = ada.send_json("POST", "/api/habits", habit).await.assert_status(201).data()["habit"]["id"].clone();
        let id = habit.as_str().unwrap();
        ada.set_completion(id, "2026-02-12", true).await.assert_status(200);
        if at == 2 {
            ada.request("DELETE", &format!("/api/habits/{id}"), &[], b"").await.assert_status(200);
        }
    }
    let skips = "date,habit,value,note\n2026-02-08,Old,skip,ill\n2026-02-12,Old,,late\n";
    import(&ada, skips.as_bytes()).await;
    let days = "Date,=Read,\"Läufe, \"\"weit\"\"\"\n2026-02-10,1,\n2024-02-29,1,1\n2026-02-11,,1\n";
    import(&ada, days.as_bytes()).await;
    ada
}

pub async fn export_for(user: &TestUser, format: &str) -> Vec<u8> {
    let response = user.get(&format!("/api/account/exports/self?format={format}")).await.assert_status(200);
    assert!(response.header("content-disposition").unwrap().contains("attachment; filename=\"20260212T"));
    response.body
}

#[tokio::test]
async fn what_goes_to_other_programs_comes_back_as_it_was() {
    let world = World::new().await;
    let ada = create_ada(&world).await;
    let expected = completed(&ada).await;
    assert_eq!(expected[0], dates("=Read", &["2024-02-29", "2026-02-10", "2026-02-12"]));
    let users = ["ben", "cleo", "dora"];
    for (name, format) in users.into_iter().zip(["loop", "loop-csv", "csv"]) {
        let file = export_for(&ada, format).await;
        let ben = world.signed_in_user(name).await;
        let report = import(&ben, &file).await;
        assert_eq!(completed(&ben).await, expected, "{format}");
        assert_eq!(report["changes"]["habitsAdded"], 3);
        let (sent, found) = (export(&ada).await["habits"].clone(), export(&ben).await["habits"].clone());
        if format != "csv" {
            for field in ["description", "color"] {
                assert_eq!(sent[0][field], found[0][field], "{format}");
            }
            assert!(found[2]["archivedAt"].is_string());
        }
        if format == "loop" {
            assert_eq!((&sent[0]["id"], &sent[1]["id"]), (&found[0]["id"], &found[1]["id"]));
            assert_eq!(export(&ben).await["reminders"]["habitReminders"][0]["timeMinutes"], 510);
        }
        let again = import(&ada, &file).await;
        assert_eq!((&again["changes"]["habitsAdded"], &again["changes"]["completionsAdded"]), (&json!(0), &json!(0)));
        let logs = |file: &Value| {
            let logs = file["dayLogs"].as_array().unwrap().iter();
            logs.map(|log| [&log["date"], &log["note"], &log["isSkipped"]].map(Value::clone)).collect::<Vec<_>>()
        };
        assert_eq!(logs(&export(&ben).await), logs(&export(&ada).await), "{format}");
        assert_eq!(again["dayLogs"], json!({ "added": 0, "known": 2, "repaired": 0 }));
    }
    let table = String::from_utf8(export_for(&ada, "csv").await).unwrap();
    assert!(table.contains("2026-02-10,'=Read,yes,,\n"), "{table}");
    ada.get("/api/account/exports/self?format=xml").await.assert_refused(400, "invalid_request");
    ada.get("/account/data").await.assert_contains("Loop Habit Tracker backup");
}

#[tokio::test]
#[ignore = "needs sqlite3: run tests/run"]
async fn sqlite_accepts_the_backup_for_loop_and_more_rows() {
    let world = World::new().await;
    let ada = create_ada(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loop.db");
    std::fs::write(&path, export_for(&ada, "loop").await).unwrap();
    let script = "pragma integrity_check; pragma user_version; select count(*), max(timestamp) from Repetitions;
        select color, freq_num, freq_den, reminder_hour, reminder_min, reminder_days, length(uuid), archived from Habits order by position;
        insert into Repetitions (habit, timestamp, value) values (1, 0, 2);
        create unique index days on Repetitions (habit, timestamp); select max(id) from Repetitions; pragma integrity_check;";
    let expected = "ok\n25\n8|1770854400000\n8|1|1|8|30|127|32|0\n18|2|7|||127|32|0\n18|1|1|||127|32|1\n9\nok\n";
    assert_eq!(sqlite3(&path, script), expected);
}

#[tokio::test]
async fn files_of_other_trackers_are_recognized_and_read() {
    let world = World::new().await;
    let beaver = json!({ "user_email": "sam@example.org", "exported_at": "2026-03-04 21:00:00", "habits": [
        { "id": "a1b2c3", "name": "Read", "tags": ["evening"], "star": true, "status": "active",
          "period": { "period_type": "W", "period_count": 1, "target_count": 3 },
          "records": [
            { "day": "2026-02-01", "done": true, "text": "20 pages" },
            { "day": "2026-02-02", "done": true, "text": "ill\n\n#amber #skip" },
            { "day": "2026-02-03", "done": false },
            { "day": "1800-01-01", "done": true },
        ] },
        { "id": "d", "name": "Gone", "status": "soft_delete", "records": [] },
    ] });
    let inner = json!({ "data": { "habits": beaver["habits"], "order": ["d", "a1b2c3"], "order_by": 3 } });
    let mut database = SqliteWriter::new(0);
    let row = vec![SqlValue::Null, text(&inner["data"].to_string()), text("u")];
    database.add_table(
        "habit_list",
        "CREATE TABLE habit_list (id INTEGER PRIMARY KEY, data JSON, user_id TEXT)",
        [row],
    );
    let trove = json!({ "habits": [
        { "id": "2f1c", "name": "Gym", "description": "", "frequency": "FREQ=WEEKLY;BYDAY=MO,WE,FR", "coinReward": 10,
          "targetCompletions": 1, "completions": ["2026-02-01T23:05:11.120Z", "2026-01-05", "soon"], "isTask": false, "archived": false },
        { "id": "x", "name": "Pay rent", "frequency": "2026-03-31T21:59:59.999Z", "coinReward": 5, "completions": [], "isTask": true },
    ] });
    let trove_zip = zip(&[
        ("habits.json", &trove.to_string()),
        ("coins.json", "{}"),
        ("settings.json", r#"{"system":{"timezone":"Europe/Berlin"}}"#),
    ]);
    let table_habit = json!({ "habits": [
        { "name": "Run", "type": 1, "status": 1, "daily_goal": 1, "daily_goal_unit": "", "freq_type": 1, "freq_custom": "[3]",
          "start_date": 20_454, "records": [
            { "record_date": 20_454, "record_type": 1, "record_value": 1 }, { "record_date": 20_455, "record_type": 2 },
        ] },
        { "name": "Deleted", "status": 2, "daily_goal": 1, "records": [] },
    ] });
    let habo = json!({ "habits": [
        { "title": "Floss", "twoDayRule": false, "position": 0, "cue": "Dinner", "events": {
            "2026-02-01 00:00:00.000Z": [1, "", 0, 0], "2026-02-02": [2, "late", 0, 0], "2026-02-03": [3, "", 0, 0], "never": [1] },
          "habitType": 0, "notification": true, "notTime": "8:5", "id": 4, "categories": [{ "id": 9, "title": "Teeth" }] },
    ], "categories": [{ "id": 9, "title": "Teeth" }, { "id": 7, "title": "Evening, late" }],
       "habit_categories": [{ "habit_id": 4, "category_id": 9 }, { "habit_id": 4, "category_id": 7 }] });
    let bull = "HabitName,HabitDescription,HabitCategory,CalendarDate,Value,CommentText\n\
        Walk,Around the block,Health,2026-02-01,1,\nWalk,,,2/3/2026,1,far\nWalk,,,2026-02-04,0,\n";
    let sync = json!([{ "uuid": "u", "name": "Tea", "color": 1, "group": "Drinks", "progressComputation": { "dailyReachableValue": 1, "targetDays": 3,
        "frequencyType": "WEEKLY" }, "records": [{ "epochDay": 20_485, "recordValue": 1.0 }, { "epochDay": 20_486, "recordValue": 0 }] }]);
    let habitica = json!({ "tags": [{ "id": "g1", "name": "Health" }], "tasks": { "habits": [], "todos": [{}], "rewards": [], "dailys": [
        { "id": "t", "text": "Vitamins", "tags": ["g1", "gone"], "frequency": "weekly", "repeat": { "m": true, "su": true }, "history": [
            { "date": 1_769_947_200_000_i64, "value": 1, "completed": true }, { "date": 1_770_033_600_000_i64, "value": 0.5, "completed": false },
    ] }] } });
    let history = "Task Name,Task ID,Task Type,Date,Value\nVitamins,t,daily,2026-02-01 12:00:00,1\n\
        Vitamins,t,daily,2026-02-02 12:00:00,0.5\nVitamins,t,daily,2026-02-03 12:00:00,1.5\n";
    let json = |value: &Value| value.to_string().into_bytes();
    let users = ["ada", "ben", "cleo", "dora", "emil", "fay", "gus", "hal", "ines", "jo", "kim"];
    for (name, (file, title, days, labels, notes)) in users.into_iter().zip([
        (json(&beaver), "Read", &["2026-02-01"][..], (&["evening"][..], ""), &["“Gone” was deleted"][..]),
        (json(&inner), "Read", &["2026-02-01"], (&["evening"], ""), &[]),
        (database.finish(), "Read", &["2026-02-01"], (&["evening"], ""), &[]),
        (json(&trove), "Gym", &["2026-01-05", "2026-02-01"], (&[], ""), &["“Pay rent” is a task"]),
        (trove_zip, "Gym", &["2026-01-05", "2026-02-02"], (&[], ""), &["“Pay rent” is a task"]),
        (json(&table_habit), "Run", &["2026-01-01"], (&[], ""), &["“Deleted” was deleted"]),
        (json(&habo), "Floss", &["2026-02-01"], (&["Teeth", "Evening late"], ""), &[]),
        (bull.as_bytes().to_vec(), "Walk", &["2026-02-01", "2026-02-03"], (&[], "Health"), &[]),
        (json(&sync), "Tea", &["2026-02-01"], (&[], "Drinks"), &[]),
        (json(&habitica), "Vitamins", &["2026-02-01"], (&["Health"], ""), &["1 to-do"]),
        (history.as_bytes().to_vec(), "Vitamins", &["2026-02-01", "2026-02-03"], (&[], ""), &[]),
    ]) {
        let user = world.signed_in_user(name).await;
        let report = import(&user, &file).await;
        assert_eq!(completed(&user).await, [dates(title, days)], "{report}");
        let habit = export(&user).await["habits"][0].clone();
        let tags: Vec<&str> = habit["tags"].as_array().into_iter().flatten().map(|tag| tag.as_str().unwrap()).collect();
        assert_eq!((tags.as_slice(), habit["group"].as_str().unwrap_or_default()), labels, "{title}");
        let left_out = left_out(&report);
        for note in notes {
            assert!(left_out.contains(note), "{note} is not in {left_out}");
        }
    }
}

#[tokio::test]
async fn long_names_of_groups_and_tags_are_shortened_and_listed() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (group, tag) = ("g".repeat(61), "t".repeat(31));
    let bull = format!(
        "HabitName,HabitDescription,HabitCategory,CalendarDate,Value,CommentText\nWalk,,{group},2026-02-01,1,\n"
    );
    let tags: Vec<String> = (0..11).map(|n| format!("{n}{tag}")).collect();
    let beaver = json!({ "habits": [{ "id": "a", "name": "Read", "tags": tags, "records": [{ "day": "2026-02-01", "done": true }] }] });
    let repairs = |report: &Value| -> Vec<String> {
        report["repairs"].as_array().unwrap().iter().map(|note| note["message"].as_str().unwrap().to_owned()).collect()
    };
    let report = import(&ada, bull.as_bytes()).await;
    assert_eq!(repairs(&report), ["Its group was shortened to 60 characters."]);
    let report = import(&ada, beaver.to_string().as_bytes()).await;
    let found = repairs(&report);
    assert_eq!((found.len(), found[0].as_str()), (11, "Its tag was shortened to 30 characters."));
    assert_eq!(found[10], "Only its first 10 tags were kept, each once.");
}

#[tokio::test]
async fn amounts_of_other_trackers_become_goals_and_go_out_again() {
    let world = World::new().await;
    let sync = json!([{ "uuid": "u", "name": "Tea", "progressComputation": { "dailyReachableValue": 1.5, "unit": "cups",
        "isNegative": true, "frequencyType": "WEEKLY", "targetDays": 7 }, "records": [{ "epochDay": 20_485, "recordValue": 0.5 }] }]);
    let table_habit = json!({ "habits": [{ "name": "Tea", "type": 1, "status": 1, "daily_goal": 3, "daily_goal_unit": "cups",
        "freq_type": 1, "freq_custom": "[7]", "records": [{ "record_date": 20_485, "record_type": 1, "record_value": 0.5 }] }] });
    let habo = json!({ "habits": [{ "title": "Tea", "twoDayRule": false, "habitType": 1, "targetValue": 3, "unit": "cups",
        "events": { "2026-02-01": [4, "", 0.5, 3], "2026-02-02": [1, "", 0, 3] } }] });
    let bull = "HabitName,HabitDescription,HabitCategory,CalendarDate,Value,CommentText\nTea,,,2026-02-01,0.5,\nTea,,,2026-02-02,0,\n";
    let table = "date,habit,value,unit\n2026-02-01,Tea,\"0,5\",cups\n";
    let json = |value: &Value| value.to_string().into_bytes();
    let at_least = |target: u64| json!({ "kind": "atLeast", "target": target, "per": "day" });
    let at_most = json!({ "kind": "atMost", "target": 1_500, "per": "day" });
    let once = [("2026-02-01", 500)];
    let users = ["ada", "ben", "cleo", "dora", "emil"];
    for (name, (file, goal, unit, days)) in users.into_iter().zip([
        (json(&sync), at_most, "cups", &once[..]),
        (json(&table_habit), at_least(3_000), "cups", &once),
        (json(&habo), at_least(3_000), "cups", &[("2026-02-01", 500), ("2026-02-02", 3_000)]),
        (bull.as_bytes().to_vec(), at_least(500), "", &once),
        (table.as_bytes().to_vec(), at_least(500), "cups", &once),
    ]) {
        let user = world.signed_in_user(name).await;
        let report = import(&user, &file).await;
        assert_eq!(report["habits"][0]["dayLogsAdded"], days.len(), "{name}");
        let habit = export(&user).await["habits"][0].clone();
        assert_eq!(
            (&habit["schedule"][0]["goal"], habit["unit"].as_str().unwrap_or_default()),
            (&goal, unit),
            "{name}"
        );
        let expected: Vec<_> = days.iter().copied().map(day_amount).collect();
        assert_eq!(amounts(&user, "Tea").await, expected, "{name}");
        let sheet = String::from_utf8(export_for(&user, "csv").await).unwrap();
        assert!(sheet.contains(&format!("2026-02-01,Tea,0.5,{unit},")), "{sheet}");
    }
}

#[tokio::test]
async fn done_days_are_named_that_a_habit_with_amounts_has_no_place_for() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    import(&ada, b"date,habit,value\n2026-02-01,Tea,2.5\n").await;
    let report = import(&ada, b"date,habit,value\n2026-02-02,Tea,yes\n").await;
    assert_eq!((&report["completions"]["ofAmountHabits"], &report["import"]), (&json!(1), &Value::Null));
    let page = ada.upload_file("/account/import", "check", b"date,habit,value\n2026-02-02,Tea,yes\n").await;
    page.assert_contains("because your habit counts amounts");
    assert_eq!(amounts(&ada, "Tea").await, [("2026-02-01", 2_500)].map(day_amount));
}

#[tokio::test]
async fn hostile_files_are_refused_or_listed() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let crowded: Vec<(String, String)> = (0..10_001).map(|n| (format!("{n}"), String::new())).collect();
    let crowded: Vec<(&str, &str)> = crowded.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let deep = format!("{{\"records\":1,\"day\":1,\"done\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let mut looped = loop_backup(25);
    looped[4096 + 8..4096 + 10].copy_from_slice(&[0xff, 0xff]);
    let many: Vec<String> = (0..2_001).map(|n| format!("2026-01-01,h{n},1")).collect();
    let many = format!("date,habit,value\n{}", many.join("\n"));
    for (file, message) in [
        (zip(&crowded), "too many files"),
        (deep.into_bytes(), "This file isn't valid"),
        (looped, "This database is damaged"),
        (many.into_bytes(), "more habits than"),
        (b"when,what\n1,2\n".to_vec(), "doesn't know the columns"),
    ] {
        let refused = send(&ada, &file, "").await.assert_refused(400, "invalid_request").json();
        let found = refused["error"]["message"].as_str().unwrap().to_owned();
        assert!(found.contains(message), "{found}");
    }
    let odd = format!(
        "date,habit,value\n2026-01-01,A,{}\n2026-01-02,A,1e99\n2026-01-03,A,NaN\n2026-01-04,A,-5\n1960-01-01,A,1\n2300-01-01,A,1\n2026-01-05,A,1\n,A,1\n",
        "9".repeat(300)
    );
    let report = import(&ada, odd.as_bytes()).await;
    assert_eq!(report["completions"]["unreadable"], 7);
    assert_eq!(completed(&ada).await, [dates("A", &["2026-01-05"])]);
}
