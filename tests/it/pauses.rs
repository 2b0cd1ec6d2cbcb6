//! Pausing a habit, or all habits, for a range of days.

use serde_json::{Value, json};

use crate::test_user::{TestResponse, TestUser};
use crate::world::World;

const ALL: &str = "/api/pauses";

fn of(habit: &str) -> String {
    format!("/api/habits/{habit}/pauses")
}

async fn pause(user: &TestUser, path: &str, first: &str, last: Option<&str>) -> TestResponse {
    user.send_json("POST", path, &json!({ "first": first, "last": last })).await
}

async fn end(user: &TestUser, path: &str, days: &str) -> TestResponse {
    user.send_json("DELETE", &format!("{path}?{days}"), &json!({})).await
}

fn status(response: TestResponse) -> Value {
    response.assert_status(200).data()["result"]["status"].take()
}

async fn pauses(user: &TestUser, path: &str) -> Value {
    user.get(path).await.assert_status(200).data()["pauses"].take()
}

#[tokio::test]
async fn a_paused_habit_leaves_today_and_keeps_its_streak() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.create_habit("Walk").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    assert_eq!(status(pause(&ada, &of(&read), "2026-02-13", Some("2026-02-15")).await), "created");
    ada.get("/today").await.assert_lacks("paused");
    world.set_time("2026-02-14T12:00:00Z");
    // 2026-02-14 is a Saturday.
    ada.get("/today").await.assert_contains("1 habit is paused until Monday").assert_contains("0 of 1 done");
    world.set_time("2026-02-16T12:00:00Z");
    ada.set_completion(&read, "2026-02-16", true).await.assert_status(200);
    ada.get("/today")
        .await
        .assert_contains("2-day streak")
        .assert_contains("Sun, Feb 15: paused")
        .assert_lacks("paused until");
    let days = ada.get("/api/insights").await.data()["consistency"][0].take();
    assert_eq!((&days["scheduled"], &days["completed"]), (&json!(6), &json!(2)), "{days}");
    let recent = ada.get("/api/habits?recentDays=true").await.data()["habits"][0]["recentDays"].take();
    assert_eq!((&recent["2026-02-14"], &recent["2026-02-16"]), (&json!("paused"), &json!("done")));
    ada.get(&format!("/habits/{read}")).await.assert_contains("Paused: 13 to 15.");
}

#[tokio::test]
async fn a_day_of_a_vacation_on_which_something_was_done_counts() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (read, run) = (ada.create_habit("Read").await, ada.create_habit_on("Run", &[4]).await);
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    assert_eq!(status(pause(&ada, ALL, "2026-02-13", None).await), "created");
    world.set_time("2026-02-19T12:00:00Z");
    let today = ada.get("/today").await;
    today.assert_contains("2 habits are paused").assert_lacks("paused until").assert_lacks("Enjoy the day off");
    ada.get("/calendar").await.assert_contains(">Paused</span>");
    ada.set_completion(&read, "2026-02-19", true).await.assert_status(200);
    ada.get("/today").await.assert_contains("1 of 1 done").assert_contains("2-day streak");
    let days = ada.get("/api/insights").await.data()["consistency"][0].take();
    assert_eq!((&days["scheduled"], &days["completed"]), (&json!(1), &json!(1)), "{days}");
    assert_eq!(pauses(&ada, &of(&run)).await, json!([]), "it's the account that is paused");
}

#[tokio::test]
async fn pauses_merge_and_end_day_by_day() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = of(&ada.create_habit("Read").await);
    for path in [ALL, &habit] {
        assert_eq!(status(pause(&ada, path, "2026-03-01", Some("2026-03-05")).await), "created");
        assert_eq!(status(pause(&ada, path, "2026-03-04", Some("2026-03-10")).await), "created");
        assert_eq!(status(pause(&ada, path, "2026-03-02", Some("2026-03-09")).await), "noop");
        assert_eq!(pauses(&ada, path).await, json!([{ "first": "2026-03-01", "last": "2026-03-10" }]));
        assert_eq!(status(end(&ada, path, "first=2026-03-05&last=2026-03-06").await), "deleted");
        assert_eq!(status(end(&ada, path, "first=2026-03-05&last=2026-03-06").await), "noop");
        pause(&ada, path, "2026-04-01", None).await.assert_status(200);
        let expected = json!([
            { "first": "2026-03-01", "last": "2026-03-04" },
            { "first": "2026-03-07", "last": "2026-03-10" },
            { "first": "2026-04-01" },
        ]);
        assert_eq!(pauses(&ada, path).await, expected);
        assert_eq!(status(end(&ada, path, "first=2026-03-10").await), "deleted");
    }
    let listed = ada.get("/api/habits").await.data()["habits"][0]["pauses"].take();
    assert_eq!(
        listed,
        json!([{ "first": "2026-03-01", "last": "2026-03-04" }, { "first": "2026-03-07", "last": "2026-03-09" }])
    );
}

#[tokio::test]
async fn a_pause_is_refused_beside_the_field_that_is_wrong() {
    let world = World::new().await;
    let (ada, eve) = (world.signed_in_user("ada").await, world.signed_in_user("eve").await);
    ada.send_json("PUT", "/api/account", &json!({ "backfill": "week" })).await.assert_status(200);
    let read = ada.create_habit("Read").await;
    for path in [ALL, &of(&read)] {
        for (first, last, field) in [
            ("2026-02-12", "2026-02-11", "last"),
            ("1969-12-31", "", "first"),
            ("2026-02-12", "2200-01-01", "last"),
            ("soon", "2026-02-12", "first"),
            ("", "", "first"),
            // Ada may change the last seven days.
            ("2026-02-04", "2026-02-12", "first"),
        ] {
            let refused = pause(&ada, path, first, Some(last)).await.assert_refused(400, "invalid_request");
            refused.assert_contains(&format!("\"field\":\"{field}\""));
        }
        pause(&ada, path, "2026-02-05", Some("2026-02-06")).await.assert_status(200);
        world.set_time("2026-02-20T12:00:00Z");
        end(&ada, path, "first=2026-02-06").await.assert_status(400).assert_contains("seven days back");
        end(&ada, path, "first=2026-02-07").await.assert_status(200);
        world.set_time("2026-02-12T12:00:00Z");
        for n in 0..99 {
            let day = format!("2027-{:02}-{:02}", n / 14 + 1, n % 14 * 2 + 1);
            pause(&ada, path, &day, Some(&day)).await.assert_status(200);
        }
        pause(&ada, path, "2028-01-01", None).await.assert_status(400).assert_contains("up to 100 pauses");
        pause(&ada, path, "2027-01-01", Some("2027-01-05")).await.assert_status(200);
    }
    pause(&eve, &of(&read), "2026-02-12", None).await.assert_status(404);
    eve.get(&of(&read)).await.assert_status(404);
    assert_eq!(pauses(&eve, ALL).await, json!([]));
}

#[tokio::test]
async fn pauses_survive_export_and_import() {
    let world = World::new().await;
    let (ada, eve) = (world.signed_in_user("ada").await, world.signed_in_user("eve").await);
    let read = ada.create_habit("Read").await;
    let export = async |user: &TestUser| user.get("/api/account/exports/self").await.assert_status(200).json();
    let plain = export(&ada).await;
    assert!(plain.get("pauses").is_none() && plain["habits"][0].get("pauses").is_none(), "as older readers expect");
    pause(&ada, ALL, "2026-03-01", Some("2026-03-05")).await.assert_status(200);
    pause(&ada, &of(&read), "2026-02-12", None).await.assert_status(200);
    let file = export(&ada).await;
    let import = async || eve.send_json("POST", "/api/account/imports/self", &file).await.assert_status(200).data();
    assert_eq!(import().await["pausesAdded"], 1);
    assert_eq!(import().await["pausesAdded"], 0);
    let copy = export(&eve).await;
    assert_eq!((&copy["pauses"], &copy["habits"]), (&file["pauses"], &file["habits"]));
    assert_eq!(file["pauses"], json!([{ "first": "2026-03-01", "last": "2026-03-05" }]));
}
