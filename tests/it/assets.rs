//! Assets: hashed names, caching, compression.

use atlas::pages::assets;

use crate::world::World;

#[tokio::test]
async fn a_page_names_assets_that_exist_and_never_change() {
    let world = World::new().await;
    let person = world.stranger();
    let page = person.get("/landing").await.is(200).text();
    let names: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let reply = person.get(name).await.is(200);
        assert_eq!(reply.header("cache-control"), Some("public, max-age=31536000, immutable"), "{name}");
        assert!(reply.header("content-type").unwrap().contains("charset=utf-8"), "{name}");
        assert!(!reply.body.is_empty(), "{name}");
        let tag = reply.header("etag").unwrap();
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let again = person.asks("GET", name, &[("if-none-match", &known)], b"").await.is(304);
            assert!(again.body.is_empty());
        }
        person.asks("GET", name, &[("if-none-match", "\"other\"")], b"").await.is(200);
    }
}

#[tokio::test]
async fn a_browser_that_asks_for_the_icon_by_its_old_name_finds_it() {
    let world = World::new().await;
    let icon = assets::address("favicon-development.svg");
    world.stranger().get("/favicon.ico").await.is(307).leads_to(&icon);
}

#[tokio::test]
async fn pages_are_never_kept_by_caches() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    for path in ["/today", "/habits", "/sign-in", "/api/habits", "/verify-email?token=x"] {
        assert_eq!(ada.get(path).await.header("cache-control"), Some("no-store"), "{path}");
    }
    assert_eq!(ada.get("/verify-email?token=x").await.header("referrer-policy"), Some("same-origin"));
}
