//! Undoing an import: what it added goes again, and what the user changed since then stays.

use atlas::app::expiry;
use atlas::domain::habits::import_record::MAX_RECORDS;
use atlas::store::Reader;
use atlas::store::tables::schema;
use serde_json::{Value, json};

use crate::test_user::{TestResponse, TestUser};
use crate::world::World;

const TABLE: &str = "date,habit,value,note\n\
    2026-02-09,Read,yes,\n2026-02-10,Read,yes,ten pages\n2026-02-11,Read,skip,\n\
    2026-02-08,Run,yes,\n2026-02-09,Run,yes,far\n2026-02-10,Run,,tired\n\
    2026-02-10,Swim,2.5,cold\n";

async fn import(user: &TestUser, table: &str) -> Value {
    let headers = [("content-type", "application/json")];
    user.request("POST", "/api/account/imports/self", &headers, table.as_bytes()).await.assert_status(200).data()
}

async fn undo(user: &TestUser, import: &Value, query: &str) -> TestResponse {
    let path = format!("/api/account/imports/{}/undo{query}", import["import"].as_str().unwrap());
    user.send_json("POST", &path, &json!({})).await
}

/// Everything of the user's habits, as exported.
async fn habits_of(user: &TestUser) -> [Value; 3] {
    let file = user.get("/api/account/exports/self").await.assert_status(200).json();
    ["habits", "completions", "dayLogs"].map(|part| file[part].clone())
}

/// Ada, who has one of the habits of [`TABLE`] and some of its days.
async fn create_ada(world: &World) -> (TestUser, String) {
    let ada = world.signed_in_user("ada").await;
    ada.send_json("PUT", "/api/account", &json!({ "backfill": "always" })).await.assert_status(200);
    import(&ada, "date,habit,value,note\n2026-02-09,Read,yes,\n2026-02-10,Read,,mine\n").await;
    let [habits, ..] = habits_of(&ada).await;
    (ada, habit_id(&habits, "Read"))
}

fn habit_id(file: &Value, title: &str) -> String {
    let habits = file.as_array().unwrap().iter();
    habits.clone().find(|habit| habit["title"] == title).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn undoing_an_import_restores_what_was_there_before_and_works_once() {
    let world = World::new().await;
    let (ada, _) = create_ada(&world).await;
    let before = habits_of(&ada).await;
    let report = import(&ada, TABLE).await;
    assert_eq!(report["changes"]["habitsAdded"], 2);
    let imported = habits_of(&ada).await;

    let preview = undo(&ada, &report, "?dryRun=true").await.assert_status(200).data();
    assert_eq!(habits_of(&ada).await, imported, "a preview changes nothing");
    let undone = undo(&ada, &report, "").await.assert_status(200).data();
    assert_eq!(habits_of(&ada).await, before);
    assert_eq!(
        undone,
        json!({ "dryRun": false, "habitsRemoved": 2, "daysRemoved": 6, "arePausesKept": false, "kept": [] })
    );
    assert_eq!([&preview["habitsRemoved"], &preview["daysRemoved"]], [&json!(2), &json!(6)]);

    let again = undo(&ada, &report, "").await.assert_refused(400, "invalid_request").json();
    assert_eq!(again["error"]["message"], "This import was undone already.");
    assert_eq!(habits_of(&ada).await, before);
    assert_eq!(import(&ada, TABLE).await["changes"]["habitsAdded"], 2, "the file can be imported again");
}

#[tokio::test]
async fn what_was_changed_after_an_import_stays_and_is_named() {
    let world = World::new().await;
    let (ada, read) = create_ada(&world).await;
    let report = import(&ada, TABLE).await;
    let [habits, ..] = habits_of(&ada).await;
    let (run, swim) = (habit_id(&habits, "Run"), habit_id(&habits, "Swim"));
    world.set_time("2026-02-12T15:00:00Z");
    // A day that was undone and done again, a day of one's own, and a new title.
    for done in [false, true] {
        ada.set_completion(&read, "2026-02-10", done).await.assert_status(200);
    }
    ada.set_completion(&run, "2026-02-12", true).await.assert_status(200);
    ada.send_json("PUT", &format!("/api/habits/{swim}"), &json!({ "title": "Swim far" })).await.assert_status(200);

    let undone = undo(&ada, &report, "").await.assert_status(200).data();
    assert_eq!([&undone["habitsRemoved"], &undone["daysRemoved"]], [&json!(0), &json!(5)]);
    let mut kept: Vec<Value> = undone["kept"].as_array().unwrap().clone();
    for habit in &mut kept {
        habit.as_object_mut().unwrap().remove("id");
    }
    kept.sort_by_key(|habit| habit["title"].to_string());
    assert_eq!(
        kept,
        [
            json!({ "title": "Read", "isAdded": false, "isEdited": false, "days": 1 }),
            json!({ "title": "Run", "isAdded": true, "isEdited": false, "days": 1 }),
            json!({ "title": "Swim far", "isAdded": true, "isEdited": true, "days": 0 }),
        ]
    );
    let [_, completions, logs] = habits_of(&ada).await;
    let left: Vec<_> = completions.as_array().unwrap().iter().map(|row| (&row["date"], &row["habitId"])).collect();
    let (read, run) = (json!(read), json!(run));
    let dates = ["2026-02-09", "2026-02-10", "2026-02-12"].map(|date| json!(date));
    assert_eq!(left, [(&dates[0], &read), (&dates[1], &read), (&dates[2], &run)]);
    assert_eq!((logs.as_array().unwrap().len(), &logs[0]["note"]), (1, &json!("mine")));
}

#[tokio::test]
async fn only_its_owner_undoes_an_import_and_only_for_thirty_days() {
    let world = World::new().await;
    let (ada, read) = create_ada(&world).await;
    let report = import(&ada, TABLE).await;
    let ben = world.signed_in_user("ben").await;
    undo(&ben, &report, "").await.assert_refused(404, "not_found");
    ben.send_json("POST", "/api/account/imports/x/undo", &json!({})).await.assert_refused(404, "not_found");
    let list = ada.get("/api/account/imports").await.assert_status(200).data();
    assert_eq!(list["imports"].as_array().unwrap().len(), 2);
    let newest = &list["imports"][0];
    assert_eq!((&newest["id"], &newest["program"]), (&report["import"], &json!("a table")));
    assert_eq!((&newest["habitsAdded"], &newest["daysAdded"]), (&json!(2), &json!(6)));
    assert_eq!(newest["expiresAt"], "2026-03-14T12:00:00.000Z");

    // Deleting a habit for good leaves nothing of it in the records of imports either.
    ada.request("DELETE", &format!("/api/habits/{read}"), &[], b"").await.assert_status(200);
    ada.post_form(&format!("/habits/{read}/delete"), &[]).await.assert_status(303);
    let rows = |world: &World| {
        let rows = world.state.app.store.read(|txn| txn.scan(schema::IMPORTS.name(), &[], None, usize::MAX));
        rows.unwrap().into_iter().map(|(_, value)| String::from_utf8_lossy(&value).into_owned()).collect::<Vec<_>>()
    };
    assert!(rows(&world).iter().all(|row| !row.contains(&read)), "{:?}", rows(&world));

    world.set_time("2026-03-14T12:00:00Z");
    ada.sign_in().await;
    undo(&ada, &report, "").await.assert_refused(404, "not_found");
    ada.get("/account/data").await.assert_lacks("Recent imports");
    expiry::purge_expired(&world.state.app).await.unwrap();
    assert_eq!(rows(&world), Vec::<String>::new());
}

#[tokio::test]
async fn the_last_imports_are_kept_and_one_that_adds_nothing_is_not() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for n in 0..=MAX_RECORDS {
        let report = import(&ada, &format!("date,habit,value\n2026-01-{:02},Read,yes\n", n + 1)).await;
        assert!(report["import"].is_string());
        assert_eq!(import(&ada, "date,habit,value\n2026-01-01,Read,yes\n").await["import"], Value::Null);
    }
    let list = ada.get("/api/account/imports").await.data();
    assert_eq!(list["imports"].as_array().unwrap().len(), MAX_RECORDS);
}

#[tokio::test]
async fn the_page_lists_imports_asks_before_undoing_one_and_says_what_stayed() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let page = ada.upload_file("/account/import", "import", TABLE.as_bytes()).await.assert_status(200);
    let page = page.assert_contains("Imported from a table on February 12, 2026").assert_contains("3 habits, 7 days");
    let id = crate::export_import::hidden_field(&page.text(), "undo");
    let asked = ada.get(&format!("/account/data?undo={id}")).await.assert_status(200);
    asked.assert_contains("Undo this import?").assert_contains("3 habits and 7 days will be removed.");
    let [habits, ..] = habits_of(&ada).await;
    ada.set_completion(&habit_id(&habits, "Run"), "2026-02-12", true).await.assert_status(200);
    let page = ada.post_form(&format!("/account/imports/{id}/undo"), &[]).await.assert_status(200);
    page.assert_contains("Import undone.")
        .assert_contains("2 habits and 7 days removed.")
        .assert_contains("the habit and 1 day")
        .assert_contains("Undone on February 12, 2026");
    ada.post_form(&format!("/account/imports/{id}/undo"), &[]).await.assert_contains("undone already");
    ada.get(&format!("/account/data?undo={id}")).await.assert_status(200).assert_lacks("Undo this import?");
}
