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

/// The titles on the habits page, group by group, as they come.
async fn listed_titles(user: &TestUser, query: &str) -> Vec<String> {
    let page = user.get(&format!("/habits{query}")).await.assert_status(200).text();
    let rows = page.split("data-habit-title=\"").skip(1);
    let title = |row: &str| row.split('"').next().unwrap().to_owned();
    rows.filter(|row| !row.split('>').next().unwrap().contains(" hidden")).map(title).collect()
}

/// A habit without a group, two of Work, and two of Sport, created in turns.
async fn create_groups(user: &TestUser) -> Vec<String> {
    let mut ids = Vec::new();
    for (title, group, tags) in [
        ("Write", "Work", json!(["desk"])),
        ("Run", "Sport", json!(["Legs", "outdoors"])),
        ("Call home", "", json!([])),
        ("Answer mail", "work", json!(["desk"])),
        ("Climb", "Sport", json!(["outdoors"])),
    ] {
        ids.push(create(user, json!({ "title": title, "group": group, "tags": tags })).await);
    }
    ids
}

#[tokio::test]
async fn habits_are_listed_by_group_and_move_within_it_and_groups_move_as_a_whole() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let ids = create_groups(&ada).await;
    assert_eq!(listed_titles(&ada, "").await, ["Call home", "Write", "Answer mail", "Run", "Climb"]);
    ada.get("/habits").await.assert_contains("data-section=\"Work\"").assert_lacks("data-section=\"work\"");

    let shift = async |path: &str, fields: &[(&str, &str)]| ada.post_form(path, fields).await;
    shift(&format!("/habits/{}/move", ids[4]), &[("direction", "up")]).await.assert_status(303);
    assert_eq!(listed_titles(&ada, "").await, ["Call home", "Write", "Answer mail", "Climb", "Run"]);
    shift(&format!("/habits/{}/move", ids[0]), &[("direction", "down")]).await.assert_status(303);
    assert_eq!(listed_titles(&ada, "").await, ["Call home", "Answer mail", "Write", "Climb", "Run"]);
    shift(&format!("/habits/{}/move", ids[2]), &[("direction", "down")]).await.assert_status(303);

    let group = async |name: &str, direction: &str| {
        shift("/habits/groups/move", &[("group", name), ("direction", direction)]).await.status
    };
    assert_eq!(group("SPORT", "up").await, 303);
    let moved = ["Call home", "Climb", "Run", "Answer mail", "Write"];
    assert_eq!(listed_titles(&ada, "").await, moved);
    assert_eq!((group("Sport", "up").await, group("work", "down").await), (303, 303), "at the ends they stay");
    assert_eq!(listed_titles(&ada, "").await, moved);
    let file = ada.get("/api/account/exports/self").await.json();
    let exported: Vec<_> = file["habits"].as_array().unwrap().iter().map(|habit| habit["title"].clone()).collect();
    assert_eq!(exported, moved, "the order of groups is in the file");
    assert_eq!((group("Garden", "up").await, group("", "up").await, group("Work", "left").await), (404, 404, 400));
    let ben = world.signed_in_user("ben").await;
    ben.post_form("/habits/groups/move", &[("group", "Work"), ("direction", "up")]).await.assert_status(404);
}

/// The headings and the rows of a day's list, as they come: a heading with its count, a title with `*` if it is done.
async fn day_list(user: &TestUser, path: &str) -> Vec<String> {
    let page = user.get(path).await.assert_status(200).text();
    let between = |text: &str, start: &str| {
        text.split_once(start).map(|(_, rest)| rest.split('<').next().unwrap().to_owned()).unwrap_or_default()
    };
    let parts = page.split(" data-section=\"").flat_map(|section| {
        let mut rows = section.split("<li class=\"completion-row\"");
        let head = rows.next().unwrap();
        let count = between(head, "data-section-count>");
        let heading = (!count.is_empty()).then(|| format!("{} {count}", between(head, "<h2 dir=\"auto\">")));
        let rows = rows.map(|row| {
            let mark = if row.contains("aria-checked=\"true\"") { "*" } else { "" };
            let title = row.split_once("completion-title").unwrap().1;
            format!("{}{mark}", between(title, "dir=\"auto\">"))
        });
        heading.into_iter().chain(rows).collect::<Vec<_>>()
    });
    parts.collect()
}

#[tokio::test]
async fn today_is_divided_by_group_or_by_time_of_day_without_javascript() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    create(&ada, json!({ "title": "Plain" })).await;
    ada.get("/today").await.assert_lacks("Group by").assert_lacks("data-sections");
    let ids = create_groups(&ada).await;
    for (id, time) in [(&ids[0], "evening"), (&ids[1], "morning"), (&ids[2], "morning")] {
        ada.send_json("PUT", &format!("/api/habits/{id}"), &json!({ "timeOfDay": time })).await.assert_status(200);
    }
    for id in [&ids[0], &ids[4]] {
        ada.set_completion(id, "2026-02-12", true).await.assert_status(200);
    }
    let skip = json!({ "habitId": ids[1], "date": "2026-02-12", "skipped": true });
    ada.send_json("POST", "/api/skips", &skip).await.assert_status(200);
    let flat = ["Plain", "Run", "Call home", "Answer mail", "Write*", "Climb*"];
    assert_eq!(day_list(&ada, "/today").await, flat);

    let choose = async |grouping: &str, from: &str| {
        ada.post_form("/today/grouping", &[("from", from), ("groupDayBy", grouping)]).await
    };
    choose("group", "/today").await.assert_redirects_to("/today");
    ada.get("/today").await.assert_contains("value=\"group\" aria-pressed=\"true\"").assert_contains("<details open>");
    assert_eq!(
        day_list(&ada, "/today").await,
        ["Plain", "Call home", "Work 1/2", "Answer mail", "Write*", "Sport 1/1", "Run", "Climb*"]
    );
    choose("time", "/yesterday").await.assert_redirects_to("/yesterday");
    let by_time =
        ["Morning 0/1", "Run", "Call home", "Evening 1/1", "Write*", "Any time 1/3", "Plain", "Answer mail", "Climb*"];
    assert_eq!(day_list(&ada, "/today").await, by_time);
    ada.get("/calendar?date=2026-02-12").await.assert_lacks("data-section");
    let preferences = "/account/preferences";
    ada.get(preferences).await.assert_contains("<option value=\"time\" selected>Time of day");
    let old_form =
        [("timeZone", "UTC"), ("weekStart", "mon"), ("backfill", "week"), ("theme", "system"), ("accent", "gold")];
    ada.post_form(preferences, &[&old_form[..], &[("keepCompletedAtBottom", "true")]].concat())
        .await
        .assert_status(303);
    assert_eq!(day_list(&ada, "/today").await, by_time, "a form without the field doesn't change it");
    choose("luck", "/today").await.assert_status(422);
    ada.send_json("PUT", "/api/account", &json!({ "groupDayBy": "tag" })).await.assert_refused(400, "invalid_request");
    ada.send_json("PUT", "/api/account", &json!({ "groupDayBy": "nothing" })).await.assert_status(200);
    assert_eq!(day_list(&ada, "/today").await, flat);
}

#[tokio::test]
async fn the_list_is_filtered_by_name_and_tag_and_sorted_within_groups_without_javascript() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let plain = create(&ada, json!({ "title": "Plain" })).await;
    ada.get("/habits").await.assert_lacks("data-filter");
    let ids = create_groups(&ada).await;
    ada.get("/habits").await.assert_contains("data-filter").assert_contains("<option value=\"Legs\">");
    assert_eq!(listed_titles(&ada, "?tag=OUTDOORS").await, ["Run", "Climb"]);
    assert_eq!(listed_titles(&ada, "?tag=outdoors&q=cli").await, ["Climb"]);
    ada.get("/habits?tag=outdoors&q=write").await.assert_contains("No habit matches.");

    assert_eq!(listed_titles(&ada, "?sort=name").await, ["Call home", "Plain", "Answer mail", "Write", "Climb", "Run"]);
    for id in [&plain, &ids[4]] {
        ada.set_completion(id, "2026-02-12", true).await.assert_status(200);
    }
    for sort in ["streak", "strength"] {
        let sorted = listed_titles(&ada, &format!("?sort={sort}")).await;
        assert_eq!(sorted, ["Plain", "Call home", "Write", "Answer mail", "Climb", "Run"], "{sort}");
    }
    let page = ada.get("/habits?sort=streak").await;
    page.assert_contains("1-day streak").assert_lacks("data-order").assert_lacks("Move up");
    assert_eq!(listed_titles(&ada, "?sort=luck").await[0], "Plain", "an unknown order is the user's");
}

#[tokio::test]
async fn several_habits_are_changed_at_once_and_all_or_none() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let ids = create_groups(&ada).await;
    ada.get("/habits/select").await.assert_status(200).assert_contains("Answer mail").assert_lacks("data-order");
    let send = async |user: &TestUser, chosen: &[&String], fields: &[(&str, &str)]| {
        let chosen = chosen.iter().map(|id| ("habit", id.as_str()));
        user.post_form("/habits/select", &chosen.chain(fields.iter().copied()).collect::<Vec<_>>()).await
    };
    let both = [&ids[0], &ids[1]];
    send(&ada, &[], &[("color", "red")]).await.assert_status(422).assert_contains("Select at least one habit.");
    send(&ada, &both, &[("color", "keep"), ("group", " ")])
        .await
        .assert_status(422)
        .assert_contains("Choose something to change.");
    send(&ada, &both, &[("color", "ultraviolet")]).await.assert_status(422);

    let change = [("color", "teal"), ("group", "Home"), ("tags", "LEGS, slow"), ("removedTags", "desk")];
    send(&ada, &both, &change).await.assert_redirects_to("/habits?done=habit-saved#page-title");
    let list = habits(&ada).await;
    for (index, tags) in [(0, json!(["LEGS", "slow"])), (1, json!(["Legs", "outdoors", "slow"]))] {
        let habit = &list[index];
        assert_eq!((&habit["color"], &habit["group"], &habit["tags"]), (&json!("teal"), &json!("Home"), &tags));
    }
    assert_eq!(list[3]["tags"], json!(["desk"]), "habits that weren't selected stay as they are");
    send(&ada, &both, &[("color", ""), ("noGroup", "true")]).await.assert_status(303);
    let list = habits(&ada).await;
    assert!(
        list[0].get("color").is_none() && list[0].get("group").is_none() && list[0]["tags"] == json!(["LEGS", "slow"])
    );

    let many = (0..9).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let refused = send(&ada, &[&ids[2], &ids[0]], &[("tags", &many), ("color", "red")]).await.assert_status(422);
    refused.assert_contains("up to 10 tags").assert_contains(&format!("value=\"{}\" checked", ids[0]));
    let ben = world.signed_in_user("ben").await;
    let foreign = ben.create_habit("Ben's").await;
    send(&ada, &[&ids[2], &foreign], &[("color", "red")]).await.assert_status(404);
    send(&ada, &[&ids[2], &"no id".to_owned()], &[("color", "red")]).await.assert_status(404);
    send(&ada, &[&ids[2], &foreign], &[("action", "archive")]).await.assert_status(404);
    assert_eq!(habits(&ada).await, list, "nothing was changed");
}

#[tokio::test]
async fn several_habits_are_archived_at_once_and_one_undo_brings_all_of_them_back() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let ids = create_groups(&ada).await;
    let before = listed_titles(&ada, "").await;
    ada.request("DELETE", &format!("/api/habits/{}", ids[4]), &[], b"").await.assert_status(200);
    world.set_time("2026-02-12T12:05:00Z");
    let fields = [("habit", ids[0].as_str()), ("habit", &ids[1]), ("action", "archive")];
    let archived = ada.post_form("/habits/select", &fields).await.assert_status(303);
    let page = archived.header("location").unwrap().split('#').next().unwrap().to_owned();
    ada.get(&page).await.assert_contains("Habits archived.").assert_contains("name=\"undo\" value=\"together\"");
    assert_eq!(listed_titles(&ada, "").await, ["Call home", "Answer mail"]);
    let path = format!("/habits/{}/restore", ids[0]);
    world.signed_in_user("ben").await.post_form(&path, &[("undo", "together")]).await.assert_status(404);
    ada.post_form(&path, &[("undo", "together")]).await.assert_redirects_to("/habits?done=habits-restored#page-title");
    assert_eq!(listed_titles(&ada, "").await, before[..4], "the habit that was archived before stays archived");
    ada.post_form(&path, &[("undo", "together")]).await.assert_status(404);
}
