//! Seeds: realistic demo users, the same in every environment.

use atlas::config::Secret;
use atlas::domain::EnvironmentKind;
use atlas::ops::seeds;

use crate::test_user::TestUser;
use crate::world::World;

async fn seed_world(world: &World, password: Option<&Secret>) -> seeds::Seeded {
    let ready = seeds::prepare(EnvironmentKind::Development, "demo", password).unwrap();
    seeds::seed(&world.state.app, ready).await.unwrap()
}

#[tokio::test]
async fn the_users_that_the_predecessors_browser_tests_expect_exist() {
    let world = World::new().await;
    let password = Secret::new("plenty of quiet mornings");
    seed_world(&world, Some(&password)).await;
    let verified = TestUser::new("verified", &world);
    verified.try_sign_in("plenty of quiet mornings").await.assert_status(303);
    let habits = verified.get("/api/habits").await.assert_status(200).data()["habits"].take();
    let weekdays: Vec<_> = habits.as_array().unwrap().iter().map(|habit| habit["weekdays"].clone()).collect();
    assert_eq!(serde_json::json!(weekdays), serde_json::json!([[1, 3, 5], [1, 2, 3, 4, 5, 6, 7], [2, 4, 6]]));
    for (date, count) in [("2026-01-12", 0), ("2026-01-13", 2), ("2026-01-14", 2), ("2026-01-15", 2), ("2026-01-16", 0)]
    {
        assert_eq!(verified.completed_on(date).await.len(), count, "{date}");
    }
    let unverified = TestUser::new("unverified", &world);
    unverified
        .try_sign_in("plenty of quiet mornings")
        .await
        .assert_status(422)
        .assert_contains("confirm your email first");
}

#[tokio::test]
async fn seeded_completions_span_months_of_the_past_and_seeding_twice_adds_nothing() {
    let world = World::new().await;
    let seeded = seed_world(&world, None).await;
    assert!(seeded.completions > 300, "{seeded:?}");
    assert_eq!(seed_world(&world, None).await, seeds::Seeded::default());
    let ines = TestUser::new("ines", &world);
    ines.try_sign_in(seeds::DEFAULT_PASSWORD).await.assert_status(303);
    assert!(ines.completed_on("2026-02-12").await.is_empty(), "today is left open");
    assert!(!ines.completed_on("2026-02-11").await.is_empty());
}
