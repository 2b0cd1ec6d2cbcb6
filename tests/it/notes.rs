//! Notes about days of habits.

use serde_json::{Value, json};

use crate::test_user::{TestResponse, TestUser};
use crate::world::{NOON, World, WorldOptions};

async fn write(user: &TestUser, habit: &str, date: &str, note: &str) -> TestResponse {
    user.send_json("PUT", "/api/notes", &json!({ "habitId": habit, "date": date, "note": note })).await
}

fn status(response: TestResponse) -> Value {
    response.assert_status(200).data()["result"]["status"].take()
}

async fn list(user: &TestUser, query: &str) -> Value {
    user.get(&format!("/api/notes?{query}")).await.assert_status(200).data()["notes"].take()
}

#[tokio::test]
async fn a_day_of_a_habit_has_one_note() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (read, walk) = (ada.create_habit("Read").await, ada.create_habit("Walk").await);
    let day = "2026-02-12";
    assert_eq!(status(write(&ada, &read, day, " ").await), "noop");
    let saved = write(&ada, &read, day, " Chapter one\r\nand two ").await.assert_status(200).data();
    assert_eq!(saved["result"], json!({ "status": "created", "habitId": read, "date": day }));
    let note = json!({ "habitId": read, "date": day, "note": "Chapter one\nand two" });
    assert_eq!(status(write(&ada, &read, day, "Chapter one\nand two").await), "noop");
    assert_eq!(status(write(&ada, &walk, day, "Rain").await), "created");
    world.set_time("2026-02-13T12:00:00Z");
    assert_eq!(status(write(&ada, &walk, "2026-02-13", "Sun").await), "created");
    assert_eq!(list(&ada, &format!("habitId={read}")).await, json!([note]));
    assert_eq!(list(&ada, &format!("date={day}")).await.as_array().unwrap().len(), 2);
    let texts: Vec<Value> = list(&ada, "").await.as_array().unwrap().iter().map(|each| each["note"].clone()).collect();
    assert_eq!(texts, ["Sun", "Rain", "Chapter one\nand two"], "the newest first");
    assert_eq!(status(write(&ada, &walk, day, "Storm").await), "updated");
    assert_eq!(status(write(&ada, &walk, day, "").await), "deleted");
    assert_eq!(list(&ada, &format!("date={day}")).await, json!([note]));
    ada.set_completion(&read, "2026-02-13", true).await.assert_status(200);
    assert_eq!(list(&ada, &format!("date={day}")).await, json!([note]), "completing a day keeps its note");
}

#[tokio::test]
async fn notes_are_written_for_any_day_that_has_begun_however_closed_it_is() {
    // The strictest setting: only today, and yesterday until 02:00.
    let world = World::with_options(WorldOptions { now: "2025-12-31T23:30:00Z", ..WorldOptions::default() }).await;
    let ada = world.signed_in_user_in("ada", "America/New_York").await;
    let read = ada.create_habit("Read").await;
    world.set_time(NOON);
    ada.sign_in().await;
    ada.set_completion(&read, "2025-12-31", true).await.assert_status(400);
    for (date, expected) in [("2025-12-31", 200), ("2026-02-12", 200), ("2026-02-13", 400), ("2025-12-30", 400)] {
        let response = write(&ada, &read, date, "Typed").await.assert_status(expected);
        assert!(expected == 200 || response.json()["error"]["fields"][0]["field"] == "date", "{date}");
    }
    world.set_time("2026-02-13T04:59:00Z");
    write(&ada, &read, "2026-02-13", "Too early").await.assert_status(400).assert_contains("future days");
    world.set_time("2026-02-13T05:00:00Z");
    write(&ada, &read, "2026-02-13", "After midnight").await.assert_status(200);
    ada.send_json("DELETE", &format!("/api/habits/{read}"), &json!({})).await.assert_status(200);
    assert_eq!(
        status(write(&ada, &read, "2026-02-12", "").await),
        "deleted",
        "an archived habit's notes are theirs, too"
    );
}

#[tokio::test]
async fn every_refused_note_names_its_field() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let long = "x".repeat(2_001);
    for (date, note, fields) in [
        ("soon", "A", &["date"][..]),
        ("1969-12-31", "A", &["date"]),
        ("2026-02-12", &long, &["note"]),
        ("2026-02-12", "\u{1b}[2J", &["note"]),
        ("2026-02-12", "a\u{202E}b", &["note"]),
        ("", &long, &["date", "note"]),
    ] {
        let error = write(&ada, &read, date, note).await.assert_status(400).json()["error"].take();
        let named: Vec<&str> =
            error["fields"].as_array().unwrap().iter().map(|field| field["field"].as_str().unwrap()).collect();
        assert_eq!(named, fields, "{date}");
    }
    for id in ["", "nothing", "01900000-0000-7000-8000-000000000000"] {
        write(&ada, id, "2026-02-12", "A").await.assert_status(404);
    }
    ada.get("/api/notes?date=soon").await.assert_status(400);
    ada.get("/api/notes?habitId=soon").await.assert_status(404);
    assert_eq!(list(&ada, "cursor=soon").await, json!([]));
}

#[tokio::test]
async fn a_note_that_the_user_has_not_seen_is_not_replaced() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let write = async |note: &str, replaces: Value| {
        let body = json!({ "habitId": read, "date": "2026-02-12", "note": note, "replaces": replaces });
        ada.send_json("PUT", "/api/notes", &body).await
    };
    assert_eq!(status(write("Phone", Value::Null).await), "created");
    assert_eq!(status(write("Phone", Value::Null).await), "noop", "sent twice");
    write("Laptop", Value::Null).await.assert_status(400).assert_contains("already has a note");
    assert_eq!(status(write("Phone 2", json!("Phone")).await), "updated");
    write("Laptop", json!("Phone")).await.assert_status(400).assert_contains("has changed since");
    assert_eq!(status(write("", json!("Phone 2\r\n")).await), "deleted");
    assert_eq!(status(write("Phone 3", json!("Phone 2")).await), "created", "nothing is lost");
}

#[tokio::test]
async fn notes_are_found_without_regard_to_case_and_accents_and_listed_page_by_page() {
    let world = World::at_time("2025-10-01T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let habits = [ada.create_habit("Read").await, ada.create_habit("Walk").await];
    world.set_time(NOON);
    ada.sign_in().await;
    for (number, date) in
        (0..120).map(|number| (number, format!("2025-{:02}-{:02}", 10 + number / 40, 1 + number / 2 % 20)))
    {
        let note = if number % 50 == 7 { "Au CAFÉ avec Zoë" } else { "At home" };
        assert_eq!(status(write(&ada, &habits[number % 2], &date, note).await), "created", "{date}");
    }
    assert_eq!(list(&ada, "q=zoe%20cafe").await.as_array().unwrap().len(), 3);
    assert_eq!(list(&ada, &format!("q=caf%C3%A9&habitId={}", habits[0])).await, json!([]));
    let first = ada.get("/api/notes").await.assert_status(200).data();
    let cursor = first["nextCursor"].as_str().unwrap();
    // A note that is written meanwhile moves no other to another page.
    assert_eq!(status(write(&ada, &habits[0], "2026-02-12", "New").await), "created");
    let second = ada.get(&format!("/api/notes?cursor={cursor}")).await.assert_status(200).data();
    assert_eq!(second["nextCursor"], Value::Null);
    let mut keys: Vec<String> = [&first, &second]
        .iter()
        .flat_map(|page| page["notes"].as_array().unwrap())
        .map(|note| format!("{} {}", note["date"].as_str().unwrap(), note["habitId"].as_str().unwrap()))
        .collect();
    assert!(keys.is_sorted_by(|one, other| one > other), "newest first, and none twice");
    keys.dedup();
    assert_eq!(keys.len(), 120);
}

#[tokio::test]
async fn notes_survive_export_and_import_and_nobody_else_reads_them() {
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let (ada, eve) = (world.signed_in_user("ada").await, world.signed_in_user("eve").await);
    let olga = world.signed_in_user("olga").await;
    let read = ada.create_habit("Read").await;
    write(&ada, &read, "2026-02-12", "Utterly private").await.assert_status(200);
    for other in [&eve, &olga] {
        other.get(&format!("/api/notes?habitId={read}")).await.assert_status(404);
        write(other, &read, "2026-02-12", "Mine").await.assert_status(404);
        assert_eq!(list(other, "").await, json!([]));
    }
    for page in [
        "/admin",
        "/admin/users",
        "/admin/habits?status=all",
        "/admin/habits?search=utterly",
        "/admin/activity",
        "/admin/audit",
    ] {
        olga.get(page).await.assert_status(200).assert_lacks("Utterly");
    }
    for path in [
        "/api/admin/habits",
        "/api/admin/users",
        "/api/admin/activity",
        "/api/admin/exports/habits",
        "/api/admin/exports/users",
    ] {
        olga.get(path).await.assert_status(200).assert_lacks("Utterly");
    }
    let file = ada.get("/api/account/exports/self").await.assert_status(200).json();
    assert_eq!(file["dayLogs"][0]["note"], "Utterly private");
    let imported = eve.send_json("POST", "/api/account/imports/self", &file).await.assert_status(200).data();
    assert_eq!(imported["dayLogs"], json!({ "added": 1, "known": 0, "repaired": 0 }));
    assert_eq!(list(&eve, "").await[0]["note"], "Utterly private");
}

#[tokio::test]
async fn notes_are_written_changed_and_deleted_on_a_habits_page_without_javascript() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let page = format!("/habits/{read}");
    let save = async |date: &str, note: &str, replaces: &str| {
        let fields = [("habitId", &*read), ("date", date), ("note", note), ("replaces", replaces), ("from", &*page)];
        ada.post_form("/notes", &fields).await
    };
    ada.get(&page).await.assert_contains("No notes yet").assert_contains("value=\"2026-02-12\" max=\"2026-02-12\"");
    save("2026-02-12", "One *fine* day\r\n<script>alert(1)</script>", "")
        .await
        .assert_redirects_to(&format!("{page}#notes"));
    let text = "One <em>fine</em> day<br>&lt;script&gt;alert(1)&lt;/script&gt;</p>";
    ada.get(&page).await.assert_contains(text).assert_contains("href=\"/calendar/2026-02-12\"");
    world.set_time("2026-02-13T12:00:00Z");
    save("2026-02-13", "See https://a.example/b.", "").await.assert_status(303);
    let shown = ada.get(&page).await.text();
    assert!(shown.find("https://a.example/b\" rel=\"noopener nofollow ugc\"").unwrap() < shown.find(text).unwrap());
    // The form of a note has its text, and refuses to replace one that it wasn't opened with.
    ada.get(&format!("{page}?note=2026-02-12"))
        .await
        .assert_contains("One *fine* day\n&lt;script&gt;alert(1)&lt;/script&gt;</textarea>");
    save("2026-02-12", "Lost?", "")
        .await
        .assert_status(422)
        .assert_contains("already has a note")
        .assert_contains("Lost?</textarea>");
    let before = "One *fine* day\r\n<script>alert(1)</script>";
    save("2026-02-12", "Changed", before).await.assert_status(303);
    save("2026-02-12", "Typed", before)
        .await
        .assert_status(422)
        .assert_contains("has changed since")
        .assert_contains("Typed</textarea>");
    for (date, note, message) in [
        ("2026-02-14", "Typed", "future days"),
        ("2026-02-01", "Typed", "started yet"),
        ("soon", "Typed", "Choose a day"),
        ("", "Typed", "new-date-fault"),
        ("2026-02-13", "Typed\u{202E}x", "new-note-fault"),
        ("2026-02-13", " ", "Enter a note"),
    ] {
        save(date, note, "")
            .await
            .assert_status(422)
            .assert_contains(message)
            .assert_contains(&format!("{}</textarea>", note.trim()));
    }
    let fields =
        [("habitId", &*read), ("date", "2026-02-12"), ("note", "Changed"), ("replaces", "Changed"), ("delete", "true")];
    ada.post_form("/notes", &fields).await.assert_status(303);
    ada.get(&page).await.assert_lacks("Changed").assert_contains("a.example");
}

#[tokio::test]
async fn a_day_of_the_calendar_shows_and_edits_its_notes() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (read, walk) = (ada.create_habit("Read").await, ada.create_habit_on("Walk", &[1]).await);
    let day = "/calendar?month=2026-02&date=2026-02-12";
    ada.get(day).await.assert_contains("Add note").assert_lacks("Has a note");
    let save = async |habit: &str, note: &str, replaces: &str| {
        let fields =
            [("habitId", habit), ("date", "2026-02-12"), ("note", note), ("replaces", replaces), ("from", day)];
        ada.post_form("/notes", &fields).await
    };
    save(&read, "Chapter one", "").await.assert_redirects_to(&format!("{day}#notes"));
    let page = ada.get(day).await.assert_contains("Chapter one</p>").assert_contains("Has a note").text();
    assert!(page.contains("aria-describedby=\"count-2026-02-12 note-2026-02-12\""));
    assert!(page.contains(&format!("<option value=\"{walk}\"")), "a habit that isn't due can have a note");
    assert!(!page.contains(&format!("<option value=\"{read}\"")), "this one has one");
    ada.get(&format!("{day}&note={read}")).await.assert_contains("Chapter one</textarea>");
    save(&read, "Mine", "Other")
        .await
        .assert_status(422)
        .assert_contains("has changed")
        .assert_contains("Mine</textarea>");
    save("nothing", "Mine", "")
        .await
        .assert_status(422)
        .assert_contains("Choose a habit")
        .assert_contains("Mine</textarea>");
    ada.send_json("DELETE", &format!("/api/habits/{read}"), &json!({})).await.assert_status(200);
    ada.get(day).await.assert_contains("Chapter one</p>").assert_contains("Has a note");
    ada.get("/calendar?date=2026-02-13").await.assert_lacks("Add note");
}

#[tokio::test]
async fn cells_of_days_with_a_note_say_so() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit_on("Read", &[4, 6]).await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    write(&ada, &read, "2026-02-12", "A").await.assert_status(200);
    ada.get("/today").await.assert_contains("Has a note");
    world.set_time("2026-02-14T12:00:00Z");
    write(&ada, &read, "2026-02-13", "B").await.assert_status(200);
    ada.get("/today")
        .await
        .assert_contains("aria-label=\"Thu, Feb 12: done, has a note\"")
        .assert_contains("Fri, Feb 13: has a note")
        .assert_lacks("Has a note");
    ada.get(&format!("/habits/{read}"))
        .await
        .assert_contains("Thu, Feb 12: done, with a note")
        .assert_contains("With a note: 12, 13.")
        .assert_contains("<use href=\"#mark-note\"></use></svg>with a note");
}

#[tokio::test]
async fn the_timeline_shows_all_notes_and_searches_them() {
    let world = World::at_time("2025-10-01T12:00:00Z").await;
    let (ada, eve) = (world.signed_in_user("ada").await, world.signed_in_user("eve").await);
    let (read, walk) = (ada.create_habit("Read").await, ada.create_habit("Walk").await);
    ada.get("/notes").await.assert_status(200).assert_contains("No notes yet").assert_lacks("Search notes");
    ada.get(&format!("/notes?habit={read}")).await.assert_contains(&format!("/habits/{read}#notes"));
    world.set_time(NOON);
    ada.sign_in().await;
    eve.sign_in().await;
    for day in 1..=31 {
        write(&ada, &read, &format!("2025-10-{day:02}"), "Au **café** & bar").await.assert_status(200);
    }
    write(&ada, &walk, "2026-02-12", "<b>Storm</b>").await.assert_status(200);
    let first = ada.get("/notes").await.assert_contains("&lt;b&gt;Storm").assert_contains("Older notes").text();
    assert_eq!(first.matches("class=\"note\"").count(), 30);
    let (_, next) = first.split_once("rel=\"next\" href=\"").unwrap();
    let next = next.split_once('"').unwrap().0.replace("&amp;", "&");
    let second = ada.get(&next).await.assert_contains("Newest notes").assert_lacks("Older notes").text();
    assert_eq!(second.matches("class=\"note\"").count(), 2);
    ada.get("/notes?q=CAFE")
        .await
        .assert_contains("Au <strong><mark>café</mark></strong> &amp; bar")
        .assert_lacks("Storm");
    ada.get("/notes?q=%3Cscript%3E")
        .await
        .assert_contains("No note matches")
        .assert_contains("value=\"&lt;script&gt;\"");
    ada.get(&format!("/notes?habit={walk}&q=storm")).await.assert_contains("<mark>Storm</mark>").assert_lacks("café");
    ada.get(&format!("/notes?habit={walk}&q=cafe")).await.assert_contains("No note matches");
    eve.get(&format!("/notes?habit={walk}")).await.assert_status(404);
    for page in ["/insights", &format!("/habits/{walk}")] {
        ada.get(page).await.assert_contains("href=\"/notes");
    }
}
