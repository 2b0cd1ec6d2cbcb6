//! Tags, groups and times of day: in JSON, in forms, in exports, and on the pages that sort habits by them.

use serde_json::{Value, json};

use crate::test_user::TestUser;
use crate::world::{World, WorldOptions};

async fn create(user: &TestUser, habit: Value) -> String {
    let mut full = json!({ "weekdays": [1, 2, 3, 4, 5, 6, 7] });
    full.as_object_mut().unwrap().extend(habit.as_object().unwrap().clone());
    let habit = user.send_json("POST", "/api/habits", &full).await.assert_status(201).data()["habit"].take();
    habit["id"].as_str().unwrap().to_owned()
}

async fn habits(user: &TestUser) -> Value {
    user.get("/api/habits").await.data()["habits"].take()
}

#[tokio::test]
async fn only_a_habit_with_labels_has_them_in_json() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    create(&ada, json!({ "title": "Plain" })).await;
    let labels = json!({ "title": "Run", "tags": ["Health", " outdoors ", "health"], "group": " Sport ", "timeOfDay": "morning" });
    let id = create(&ada, labels).await;
    let list = habits(&ada).await;
    assert_eq!(list[0].as_object().unwrap().len(), 7, "the fields of the predecessor only");
    assert_eq!(list[1]["tags"], json!(["Health", "outdoors"]));
    assert_eq!((&list[1]["group"], &list[1]["timeOfDay"]), (&json!("Sport"), &json!("morning")));

    let path = format!("/api/habits/{id}");
    let put = async |body: Value| ada.send_json("PUT", &path, &body).await.assert_status(200).data()["habit"].take();
    assert_eq!(put(json!({ "title": "Run far" })).await["group"], "Sport", "absent fields don't change");
    let changed = put(json!({ "tags": ["legs"], "group": null })).await;
    assert_eq!((&changed["tags"], changed.get("group")), (&json!(["legs"]), None));
    assert_eq!(put(json!({ "tags": null, "timeOfDay": "" })).await.as_object().unwrap().len(), 7);
    let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    for (body, field) in [
        (json!({ "tags": many }), "tags"),
        (json!({ "tags": ["x".repeat(31)] }), "tags"),
        (json!({ "tags": ["a,b"] }), "tags"),
        (json!({ "tags": [""] }), "tags"),
        (json!({ "group": "x".repeat(61) }), "group"),
        (json!({ "timeOfDay": "noon" }), "timeOfDay"),
    ] {
        let refused = ada.send_json("PUT", &path, &body).await.assert_refused(400, "invalid_request");
        assert_eq!(refused.json()["error"]["fields"][0]["field"], field, "{body}");
        let mut habit = json!({ "title": "Read", "weekdays": [1] });
        habit[field] = body[field].clone();
        ada.send_json("POST", "/api/habits", &habit).await.assert_refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_member_enters_labels_in_the_form_which_suggests_those_of_other_habits() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let labels = [("tags", "health, outdoors"), ("group", "Sport"), ("timeOfDay", "evening")];
    let fields = [&[("title", "Run"), ("weekdays", "1")][..], &labels].concat();
    ada.post_form("/habits", &fields).await.assert_status(303);
    let created = habits(&ada).await[0].take();
    assert_eq!((&created["tags"], &created["group"]), (&json!(["health", "outdoors"]), &json!("Sport")));
    let id = created["id"].as_str().unwrap().to_owned();
    let page = ada.get(&format!("/habits?edit={id}")).await.assert_status(200);
    page.assert_contains("value=\"health, outdoors\"")
        .assert_contains("value=\"evening\" checked")
        .assert_contains("<datalist id=\"group-known\"><option value=\"Sport\"></option></datalist>");

    let path = format!("/habits/{id}");
    let bad = [("title", "Run"), ("weekdays", "1"), ("tags", "a\u{202E}b"), ("group", "Sport")];
    ada.post_form(&path, &bad)
        .await
        .assert_status(422)
        .assert_contains("edit-tags-fault")
        .assert_contains("more-options\" open");
    ada.post_form(&path, &[("title", "Run"), ("weekdays", "1")]).await.assert_status(303);
    assert_eq!(habits(&ada).await[0]["group"], "Sport", "a form without these fields doesn't change them");
    let blank = [("title", "Run"), ("weekdays", "1"), ("tags", " , "), ("group", " "), ("timeOfDay", "")];
    ada.post_form(&path, &blank).await.assert_status(303);
    assert_eq!(habits(&ada).await[0].as_object().unwrap().len(), 7);
}

#[tokio::test]
async fn labels_are_exported_and_imported_again_and_no_admin_sees_them() {
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let mut world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let ada = world.signed_in_user("ada").await;
    create(
        &ada,
        json!({ "title": "Run", "tags": ["private tag"], "group": "Private group", "timeOfDay": "afternoon" }),
    )
    .await;
    create(&ada, json!({ "title": "Plain" })).await;
    let file = ada.get("/api/account/exports/self").await.assert_status(200).json();
    let (run, plain) = (&file["habits"][0], &file["habits"][1]);
    assert_eq!((&run["tags"], &run["group"]), (&json!(["private tag"]), &json!("Private group")));
    assert_eq!(run["timeOfDay"], "afternoon");
    assert!(["tags", "group", "timeOfDay"].iter().all(|field| plain.get(field).is_none()), "{plain}");
    let ben = world.signed_in_user("ben").await;
    ben.send_json("POST", "/api/account/imports/self", &file).await.assert_status(200);
    assert_eq!(ben.get("/api/account/exports/self").await.json()["habits"], file["habits"]);

    let mut olga = world.signed_in_user("olga").await;
    world.restart_with_settings(|settings| settings.admins_see_habits = true).await;
    olga.reconnect(&world);
    for path in ["/admin/habits", "/api/admin/habits"] {
        olga.get(path)
            .await
            .assert_status(200)
            .assert_contains("Run")
            .assert_lacks("rivate tag")
            .assert_lacks("rivate group");
    }
}
