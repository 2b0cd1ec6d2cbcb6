//! What every page has, whoever reads it.

use crate::world::World;

#[tokio::test]
async fn every_page_has_a_language_one_headline_and_a_title_of_its_own() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let habit = format!("/habits/{}", ada.keeps("Read").await);
    let stranger = world.stranger();
    let mut titles = Vec::new();
    for (person, path) in [
        (&stranger, "/landing"),
        (&stranger, "/sign-up"),
        (&stranger, "/sign-in"),
        (&stranger, "/verify-email"),
        (&stranger, "/dev/mail"),
        (&stranger, "/nothing"),
        (&ada, "/today"),
        (&ada, "/calendar"),
        (&ada, "/habits"),
        (&ada, habit.as_str()),
        (&ada, "/insights"),
    ] {
        let page = person.get(path).await.text();
        assert!(page.contains("<html lang=\"en\">"), "{path}");
        assert_eq!(page.matches("<h1").count(), 1, "{path}");
        assert!(page.contains("href=\"#main\"") && page.contains("id=\"main\""), "{path}");
        assert!(!page.contains(" style=") && !page.contains(" onclick") && !page.contains("<style"), "{path}");
        titles.push(page.split("<title>").nth(1).unwrap().split("</title>").next().unwrap().to_owned());
    }
    let count = titles.len();
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), count, "{titles:?}");
}

#[tokio::test]
async fn text_from_people_is_text() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let title = "<script>alert(1)</script> \"quoted\" & 'more'";
    let habit = format!("/habits/{}", ada.keeps(title).await);
    for path in [habit.as_str(), "/insights", "/today", "/calendar", "/habits"] {
        let page = ada.get(path).await.says("&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot; &amp; 'more'");
        page.says_nothing_of("<script>alert");
    }
    ada.get("/sign-in?from=%2Fx%22%3E%3Cscript%3E").await.says_nothing_of("<script>");
    ada.get("/verify-email?email=%22%3E%3Cscript%3E").await.says_nothing_of("<script>");
}

#[tokio::test]
async fn outside_production_every_page_says_so() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    for path in ["/landing", "/today", "/nothing"] {
        let reply = ada.get(path).await.says("development").says("not production");
        assert_eq!(reply.header("x-robots-tag"), Some("noindex, nofollow"));
    }
    assert!(world.newest_mail("ada@example.com").is_some());
    ada.get("/dev/mail").await.is(200).says("[development] Confirm your address");
}
