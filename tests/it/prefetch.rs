//! Pages that browsers fetch ahead of a click.

use super::test_user::{TestResponse, TestUser};
use super::world::World;

const PREFETCH: [(&str, &str); 1] = [("sec-purpose", "prefetch;anonymous-client-ip")];

#[tokio::test]
async fn browsers_learn_which_pages_they_may_fetch_ahead_and_never_to_render_them() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    // Twice, because the second page comes from the cache.
    for path in ["/today", "/today", "/account", "/habits/archive"] {
        let page = ada.get(path).await.assert_status(200);
        assert_eq!(page.header("speculation-rules"), Some("\"/speculation-rules.json\""), "{path}");
        assert_eq!(page.header("clear-site-data"), None, "{path}");
    }
    let rules = world.visitor().get("/speculation-rules.json").await.assert_status(200);
    assert_eq!(rules.header("content-type"), Some("application/speculationrules+json"));
    let rules = rules.json();
    assert!(rules.get("prerender").is_none() && rules.as_object().unwrap().len() == 1, "{rules}");
    for path in rules["prefetch"][0]["urls"].as_array().unwrap() {
        ada.get(path.as_str().unwrap()).await.assert_status(200);
    }
    for path in ["/landing", "/sign-in", "/api/habits"] {
        assert_eq!(world.visitor().get(path).await.header("speculation-rules"), None, "{path}");
    }
}

#[tokio::test]
async fn the_response_to_a_change_drops_the_pages_fetched_ahead() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let drops = |response: &TestResponse| {
        response.headers.iter().any(|(name, value)| name == "clear-site-data" && value == "\"prefetchCache\"")
    };
    let habit = ada.create_habit("Read").await;
    assert!(drops(&ada.set_completion(&habit, "2026-02-12", true).await), "by a script");
    let form = [("habitId", habit.as_str()), ("date", "2026-02-12"), ("completed", "false"), ("from", "/today")];
    assert!(drops(&ada.post_form("/today", &form).await), "by a form");
    assert!(drops(&ada.post_form("/sign-out", &[]).await), "by signing out");
    assert!(drops(&ada.sign_in().await), "by signing in");
    assert!(!drops(&ada.get("/today").await), "not by reading");
}

#[tokio::test]
async fn fetching_a_page_ahead_is_not_a_use_of_the_session() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_in_user("ada").await, world.signed_in_user("bob").await);
    let last_use = async |user: &TestUser| {
        let sessions = user.request("GET", "/api/account/sessions", &PREFETCH, b"").await.assert_status(200).data();
        sessions["sessions"][0]["lastActiveAt"].as_str().unwrap().to_owned()
    };
    world.set_time("2026-02-12T12:30:00Z");
    ada.request("GET", "/today", &PREFETCH, b"").await.assert_status(200);
    bob.get("/today").await.assert_status(200);
    // Uses are recorded in order, after the response.
    while last_use(&bob).await == "2026-02-12T12:00:00.000Z" {
        tokio::task::yield_now().await;
    }
    assert_eq!(last_use(&ada).await, "2026-02-12T12:00:00.000Z");
    let visitor = world.visitor().request("GET", "/calendar", &PREFETCH, b"").await;
    visitor.assert_status(307).assert_redirects_to("/sign-in?from=%2Fcalendar");
}
