//! The page on which a new user picks a first habit.

use atlas::domain::habits::preset::Preset;
use serde_json::Value;

use crate::test_user::TestUser;
use crate::world::World;

const TODAY: &str = "/today?done=habit-created#page-title";

async fn list_habits(user: &TestUser) -> Vec<Value> {
    user.get("/api/habits").await.assert_status(200).data()["habits"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_preset_is_one_press_and_is_there_the_same_day() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let page = ada.get("/first-habit").await.assert_status(200).text();
    for preset in Preset::ALL {
        assert!(page.contains(&format!("value=\"{}\"", preset.key)) && page.contains(preset.title), "{}", preset.key);
    }
    assert!(page.contains("href=\"/today\"") && page.contains("Skip for now"));
    ada.post_form("/first-habit", &[("preset", "read")]).await.assert_status(303).assert_redirects_to(TODAY);
    ada.get("/today").await.assert_contains("Read a few pages");
    ada.get("/first-habit").await.assert_status(307).assert_redirects_to("/today");
}

#[tokio::test]
async fn pressing_twice_creates_one_habit_and_going_back_for_another_adds_it() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for preset in ["read", "read", "water", "read"] {
        ada.post_form("/first-habit", &[("preset", preset)]).await.assert_status(303);
    }
    let both = tokio::join!(
        ada.post_form("/first-habit", &[("title", "Swim")]),
        ada.post_form("/first-habit", &[("title", "Swim")])
    );
    assert_eq!((both.0.status, both.1.status), (303, 303));
    let titles: Vec<_> = list_habits(&ada).await.iter().map(|habit| habit["title"].clone()).collect();
    assert_eq!(titles, ["Read a few pages", "Drink a glass of water", "Swim"]);
}

#[tokio::test]
async fn something_else_needs_a_title_and_is_for_every_day() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for fields in [[("title", " ")], [("preset", "unknown")], [("other", "x")]] {
        let page = ada.post_form("/first-habit", &fields).await.assert_status(422);
        page.assert_contains("Enter a title").assert_contains("<details class=\"own-idea\" open>");
    }
    let long = "x".repeat(121);
    ada.post_form("/first-habit", &[("title", &long)]).await.assert_status(422).assert_contains(&long);
    assert_eq!(list_habits(&ada).await.len(), 0);
    ada.post_form("/first-habit", &[("title", "  Call Mum ")]).await.assert_status(303).assert_redirects_to(TODAY);
    let habits = list_habits(&ada).await;
    assert_eq!(habits[0]["title"], "Call Mum");
    assert_eq!(habits[0]["weekdays"].as_array().unwrap().len(), 7);
}
