//! The settings of an account, from the form and the API.

use atlas::domain::accounts::preferences::Backfill;
use serde_json::json;

use crate::test_user::TestUser;
use crate::world::{World, WorldOptions};

const PAGE: &str = "/account/preferences";

#[tokio::test]
async fn saved_settings_apply_to_the_first_paint_and_to_the_lists() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    ada.get(PAGE).await.assert_status(200).assert_contains("Europe/Lisbon").assert_lacks("data-theme");
    let fields = [
        ("timeZone", "America/Los_Angeles"),
        ("weekStart", "sun"),
        ("backfill", "week"),
        ("theme", "dark"),
        ("accent", "pink"),
    ];
    ada.get(PAGE).await.assert_contains("Keyboard shortcuts").assert_lacks("data-shortcuts");
    let saved = format!("{PAGE}?saved");
    ada.post_form(PAGE, &fields).await.assert_status(303).assert_redirects_to(&saved);
    let page = ada.get(&saved).await.assert_contains("Preferences saved").assert_contains("data-theme=\"dark\"");
    // Browsers omit unchecked boxes, so a missing field turns the setting off.
    page.assert_contains("data-accent=\"pink\"")
        .assert_contains("value=\"sun\" selected")
        .assert_contains("data-shortcuts=\"off\"");
    // Seven past days can be changed now, and completed habits no longer move to the bottom.
    let read = ada
        .send_json(
            "POST",
            "/api/habits/debug/create",
            &json!({ "title": "Read", "weekdays": [1, 2, 3, 4, 5, 6, 7], "createdAt": "2026-01-01" }),
        )
        .await;
    let read = read.assert_status(200).data()["habit"]["id"].as_str().unwrap().to_owned();
    ada.create_habit("Walk").await;
    ada.set_completion(&read, "2026-02-05", true).await.assert_status(200);
    ada.set_completion(&read, "2026-02-04", true)
        .await
        .assert_refused(400, "invalid_request")
        .assert_contains("seven days back");
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    let page = ada.get("/today").await.text();
    assert!(page.find(">Read<").unwrap() < page.find(">Walk<").unwrap());
    let refused = [("timeZone", "Mars"), ("theme", "light"), ("accent", "red"), ("keyboardShortcuts", "true")];
    ada.post_form(PAGE, &refused)
        .await
        .assert_status(422)
        .assert_contains("Unknown time zone")
        .assert_contains("value=\"light\" selected")
        .assert_contains("value=\"red\" selected")
        .assert_contains("name=\"keyboardShortcuts\" value=\"true\" checked")
        .assert_lacks("saved.");
}

#[tokio::test]
async fn new_users_start_with_the_past_days_of_the_environment_and_keep_them_when_it_changes() {
    let mut world = World::with_options(WorldOptions { backfill: None, ..WorldOptions::default() }).await;
    let set_yesterday = async |user: &TestUser, habit: &str| user.set_completion(habit, "2026-02-11", true).await;
    let habit_of = async |user: &TestUser| {
        let habit = json!({ "title": "Read", "weekdays": [1, 2, 3, 4, 5, 6, 7], "createdAt": "2026-01-01" });
        let created = user.send_json("POST", "/api/habits/debug/create", &habit).await.assert_status(200);
        created.data()["habit"]["id"].as_str().unwrap().to_owned()
    };
    let mut ada = world.signed_in_user("ada").await;
    let read = habit_of(&ada).await;
    set_yesterday(&ada, &read).await.assert_status(200);
    ada.set_completion(&read, "2026-02-05", true).await.assert_status(200);
    ada.set_completion(&read, "2026-02-04", true)
        .await
        .assert_refused(400, "invalid_request")
        .assert_contains("seven days back");
    ada.get(PAGE).await.assert_contains("value=\"week\" selected");

    world.restart_with_settings(|settings| settings.new_user_backfill = Backfill::Grace).await;
    ada.reconnect(&world);
    ada.set_completion(&read, "2026-02-06", true).await.assert_status(200);
    let bob = world.signed_in_user("bob").await;
    let walk = habit_of(&bob).await;
    set_yesterday(&bob, &walk).await.assert_refused(400, "invalid_request").assert_contains("closed at 02:00");
    bob.get(PAGE).await.assert_contains("value=\"grace\" selected");

    world.restart_with_settings(|settings| settings.new_user_backfill = Backfill::Always).await;
    let eve = world.signed_in_user("eve").await;
    let run = habit_of(&eve).await;
    eve.set_completion(&run, "2026-01-01", true).await.assert_status(200);
}

#[tokio::test]
async fn after_a_flight_west_the_habits_of_today_are_still_on_today() {
    let world = World::at_time("2026-02-12T03:00:00Z").await;
    let ada = world.signed_in_user_in("ada", "Pacific/Auckland").await;
    ada.create_habit("Read").await;
    let walk = ada.create_habit_on("Walk", &[1]).await;
    let path = format!("/api/habits/{walk}");
    ada.send_json("PUT", &path, &json!({ "weekdays": [3, 4] })).await.assert_status(200);
    ada.get("/today")
        .await
        .assert_contains("data-day=\"2026-02-12\"")
        .assert_contains(">Read<")
        .assert_contains(">Walk<");
    ada.send_json("PUT", "/api/account", &json!({ "timeZone": "America/Los_Angeles" })).await.assert_status(200);
    let page = ada.get("/today").await.assert_contains("data-day=\"2026-02-11\"");
    page.assert_contains(">Read<").assert_contains(">Walk<");
}

#[tokio::test]
async fn the_api_changes_single_settings() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let put = async |body: serde_json::Value| ada.send_json("PUT", "/api/account", &body).await;
    put(json!({ "weekStart": "sun", "keepCompletedAtBottom": false })).await.assert_status(200);
    put(json!({ "displayName": "Ada L.", "theme": "light", "keyboardShortcuts": false })).await.assert_status(200);
    ada.get("/account").await.assert_contains("Ada L.");
    let page = ada.get(PAGE).await.assert_contains("value=\"sun\" selected").assert_contains("data-theme=\"light\"");
    page.assert_lacks("value=\"true\" checked").assert_contains("data-shortcuts=\"off\"");
    put(json!({ "keyboardShortcuts": true })).await.assert_status(200);
    ada.get("/today").await.assert_lacks("data-shortcuts").assert_contains("data-theme=\"light\"");
    for invalid in [
        json!({}),
        json!({ "weekStart": "wed" }),
        json!({ "keyboardShortcuts": "no" }),
        json!({ "displayName": "" }),
        json!({ "email": "no address" }),
    ] {
        put(invalid).await.assert_refused(400, "invalid_request");
    }
    for unconfirmed in [json!({ "email": "a@b.co" }), json!({ "password": "x" })] {
        put(unconfirmed).await.assert_refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn the_theme_stays_after_signing_out() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    ada.get("/sign-in").await.assert_lacks("data-theme");
    ada.send_json("PUT", "/api/account", &json!({ "theme": "dark" })).await.assert_status(200);
    ada.post_form("/sign-out", &[]).await.assert_status(303);
    ada.get("/sign-in").await.assert_contains("data-theme=\"dark\"");
    ada.sign_in().await.assert_status(303);
    ada.send_json("PUT", "/api/account", &json!({ "theme": "system" })).await.assert_status(200);
    ada.post_form("/sign-out", &[]).await.assert_status(303);
    ada.get("/sign-in").await.assert_lacks("data-theme");
}

#[tokio::test]
async fn the_account_has_four_parts_that_lead_to_each_other() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let parts = [
        ("/account", "Profile", "Update display name"),
        (PAGE, "Preferences", "Save preferences"),
        ("/account/security", "Security", "Signed-in devices"),
        ("/account/data", "Your data", "Delete account"),
    ];
    for (path, name, words) in parts {
        let mut page = ada.get(path).await.assert_status(200).assert_contains(words);
        for (other, label, _) in parts {
            let current = if other == path { " aria-current=\"page\"" } else { "" };
            page = page.assert_contains(&format!("<a href=\"{other}\"{current}>{label}</a>"));
        }
        page.assert_contains(&format!("<title>{name} · Account · Atlas"));
    }
    ada.get("/account?admin2fa=required")
        .await
        .assert_status(303)
        .assert_redirects_to("/account/security?admin2fa=required#two-factor");
}

#[tokio::test]
async fn a_refused_form_of_the_account_keeps_what_was_typed_and_a_saved_one_is_confirmed_once() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let long_name = "n".repeat(200);
    for (path, name, typed) in [
        ("/account/name", "displayName", long_name.as_str()),
        ("/account/email", "email", "ada@@example"),
        ("/account/delete", "confirm", "delte"),
    ] {
        let page = ada.post_form(path, &[(name, typed)]).await.assert_status(422);
        page.assert_contains(&format!("value=\"{typed}\"")).assert_contains("aria-invalid=\"true\"");
    }
    ada.post_form("/account/name", &[("displayName", "Ada L.")])
        .await
        .assert_status(303)
        .assert_redirects_to("/account?saved");
    let page = ada.get("/account?saved").await.assert_status(200).text();
    assert_eq!(page.matches("saved.").count(), 1, "one confirmation, and none in the toast");
}
