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
        let media = reply.header("content-type").unwrap();
        assert!(media == "image/png" || media.contains("charset=utf-8"), "{name}");
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
    world.stranger().get("/favicon.ico").await.is(307).leads_to(icon);
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

#[tokio::test]
async fn atlas_can_be_installed_and_says_which_environment_it_is() {
    let world = World::new().await;
    let person = world.stranger();
    person.get("/landing").await.is(200).says("rel=\"manifest\" href=\"/manifest.webmanifest\"");
    let reply = person.get("/manifest.webmanifest").await.is(200);
    assert_eq!(reply.header("content-type"), Some("application/manifest+json"));
    let manifest = reply.json();
    assert_eq!(
        (manifest["name"].as_str(), manifest["start_url"].as_str()),
        (Some("Atlas (development)"), Some("/today"))
    );
    for icon in manifest["icons"].as_array().unwrap() {
        let icon = person.get(icon["src"].as_str().unwrap()).await.is(200);
        assert_eq!(icon.header("content-type"), Some("image/png"));
    }
}

#[tokio::test]
async fn the_service_worker_stands_at_the_root_and_names_assets_that_exist() {
    let world = World::new().await;
    let person = world.stranger();
    let reply = person.get("/sw.js").await.is(200);
    assert_eq!(reply.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-cache"), "a new build is taken up at once");
    let script = reply.text();
    let list = script.strip_prefix("const ASSETS = ").unwrap().split_once(';').unwrap().0;
    let assets: Vec<String> = serde_json::from_str(list).unwrap();
    assert!(assets.len() >= 8, "{assets:?}");
    for asset in assets {
        person.get(&asset).await.is(200);
    }
    let ada = world.signed_up("ada").await;
    ada.get("/offline").await.is(200).says("No connection").says_nothing_of("Ada");
}

#[tokio::test]
async fn scripts_import_each_other_by_names_that_exist() {
    let world = World::new().await;
    let person = world.stranger();
    let script = person.get(assets::address("app.js")).await.is(200).text();
    let imported: Vec<&str> =
        script.lines().filter_map(|line| line.split_once(" from \"./")).map(|(_, name)| name).collect();
    assert!(imported.len() >= 4, "{script}");
    for name in imported {
        person.get(&format!("/assets/{}", name.trim_end_matches("\";"))).await.is(200);
    }
}
