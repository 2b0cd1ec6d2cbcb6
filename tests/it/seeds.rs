//! Seeds: believable people, the same everywhere.

use atlas::config::Secret;
use atlas::domain::Kind;
use atlas::ops::seeds;

use crate::person::Person;
use crate::world::World;

async fn plant(world: &World, password: Option<&Secret>) -> seeds::Planted {
    let ready = seeds::ready(Kind::Development, "demo", password).unwrap();
    seeds::plant(&world.site.app, ready).await.unwrap()
}

#[tokio::test]
async fn the_people_that_browser_tests_of_the_predecessor_expect_are_there() {
    let world = World::new().await;
    let password = Secret::new("plenty of quiet mornings");
    plant(&world, Some(&password)).await;
    let verified = Person::new("verified", &world);
    verified.tries_to_sign_in("plenty of quiet mornings").await.is(303);
    let habits = verified.get("/api/habits").await.is(200).data()["habits"].take();
    let weekdays: Vec<_> = habits.as_array().unwrap().iter().map(|habit| habit["weekdays"].clone()).collect();
    assert_eq!(serde_json::json!(weekdays), serde_json::json!([[1, 3, 5], [1, 2, 3, 4, 5, 6, 7], [2, 4, 6]]));
    for (date, count) in [("2026-01-12", 0), ("2026-01-13", 2), ("2026-01-14", 2), ("2026-01-15", 2), ("2026-01-16", 0)]
    {
        assert_eq!(verified.done_on(date).await.len(), count, "{date}");
    }
    let unverified = Person::new("unverified", &world);
    unverified.tries_to_sign_in("plenty of quiet mornings").await.is(422).says("not confirmed yet");
}

#[tokio::test]
async fn months_of_completions_lie_in_the_past_and_on_planned_days() {
    let world = World::new().await;
    let planted = plant(&world, None).await;
    assert!(planted.completions > 300, "{planted:?}");
    assert_eq!(plant(&world, None).await, seeds::Planted::default());
    let ines = Person::new("ines", &world);
    ines.tries_to_sign_in(seeds::DEFAULT_PASSWORD).await.is(303);
    assert!(ines.done_on("2026-02-12").await.is_empty(), "today is hers to tick");
    assert!(!ines.done_on("2026-02-11").await.is_empty());
}
