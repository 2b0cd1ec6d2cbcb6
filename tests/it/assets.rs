//! Assets: hashed names, caching, and the references between them.

use std::collections::BTreeSet;
use std::fs;

use atlas::web::assets;

use crate::world::World;

#[tokio::test]
async fn a_page_references_assets_that_exist_and_are_immutable() {
    let world = World::new().await;
    let visitor = world.visitor();
    let page = visitor.get("/landing").await.assert_status(200).text();
    let names: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let response = visitor.get(name).await.assert_status(200);
        assert_eq!(response.header("cache-control"), Some("public, max-age=31536000, immutable"), "{name}");
        let media = response.header("content-type").unwrap();
        assert!(media == "image/png" || media.contains("charset=utf-8"), "{name}");
        assert!(!response.body.is_empty(), "{name}");
        let tag = response.header("etag").unwrap();
        for validators in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let not_modified =
                visitor.request("GET", name, &[("if-none-match", &validators)], b"").await.assert_status(304);
            assert!(not_modified.body.is_empty());
        }
        visitor.request("GET", name, &[("if-none-match", "\"other\"")], b"").await.assert_status(200);
    }
}

#[tokio::test]
async fn favicon_ico_redirects_to_the_icon() {
    let world = World::new().await;
    let icon = assets::embedded::address("favicon-development.svg");
    world.visitor().get("/favicon.ico").await.assert_status(307).assert_redirects_to(icon);
}

#[tokio::test]
async fn pages_are_never_cached() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for path in ["/today", "/habits", "/sign-in", "/api/habits", "/verify-email?token=x"] {
        assert_eq!(ada.get(path).await.header("cache-control"), Some("no-store"), "{path}");
    }
    assert_eq!(ada.get("/verify-email?token=x").await.header("referrer-policy"), Some("same-origin"));
}

#[tokio::test]
async fn the_web_app_manifest_names_the_environment() {
    let world = World::new().await;
    let visitor = world.visitor();
    visitor.get("/landing").await.assert_status(200).assert_contains("rel=\"manifest\" href=\"/manifest.webmanifest\"");
    let response = visitor.get("/manifest.webmanifest").await.assert_status(200);
    assert_eq!(response.header("content-type"), Some("application/manifest+json"));
    assert_eq!(response.header("cache-control"), Some("private, max-age=3600"), "not a request for every page");
    let manifest = response.json();
    assert_eq!(
        (manifest["name"].as_str(), manifest["start_url"].as_str()),
        (Some("Atlas (development)"), Some("/today"))
    );
    for icon in manifest["icons"].as_array().unwrap() {
        let icon = visitor.get(icon["src"].as_str().unwrap()).await.assert_status(200);
        assert_eq!(icon.header("content-type"), Some("image/png"));
    }
}

#[tokio::test]
async fn the_service_worker_is_served_from_the_root_and_lists_assets_that_exist() {
    let world = World::new().await;
    let visitor = world.visitor();
    let response = visitor.get("/sw.js").await.assert_status(200);
    assert_eq!(response.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(response.header("cache-control"), Some("no-cache"), "browsers must pick up a new build at once");
    let script = response.text();
    let list = script.strip_prefix("const ASSETS = ").unwrap().split_once(';').unwrap().0;
    let assets: Vec<String> = serde_json::from_str(list).unwrap();
    assert!(assets.len() >= 8, "{assets:?}");
    for asset in assets {
        visitor.get(&asset).await.assert_status(200);
    }
    let ada = world.signed_in_user("ada").await;
    ada.get("/offline").await.assert_status(200).assert_contains("You're offline").assert_lacks("Ada");
}

#[tokio::test]
async fn scripts_import_modules_that_exist() {
    let world = World::new().await;
    let visitor = world.visitor();
    let script = visitor.get(assets::embedded::address("app.js")).await.assert_status(200).text();
    let imported: Vec<&str> =
        script.lines().filter_map(|line| line.split_once(" from \"./")).map(|(_, name)| name).collect();
    assert!(imported.len() >= 4, "{script}");
    for name in imported {
        visitor.get(&format!("/assets/{}", name.trim_end_matches("\";"))).await.assert_status(200);
    }
}

/// The style sheets of components that several pages share. All others draw one page, or the frame around pages.
const SHARED_SHEETS: [&str; 16] = [
    "appearance",
    "base",
    "buttons",
    "charts",
    "dialogs",
    "empty-state",
    "forms",
    "icons",
    "mailbox",
    "menus",
    "notices",
    "progress",
    "subnav",
    "tables",
    "toast",
    "weekday-picker",
];

/// Classes of those sheets that the style page doesn't show, and why.
const NOT_ON_STYLE_PAGE: [(&str, &str); 2] = [
    ("keys", "the dialog of the shortcuts, which a script makes"),
    ("sheet-dialog", "a dialog at the end of the screen, which a script opens"),
];

/// The names of the classes in a style sheet.
fn classes(sheet: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut found = BTreeSet::new();
    let rules: String = sheet.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, rules)| rules)).collect();
    for part in rules.split('.').skip(1) {
        let name: String = part.chars().take_while(|c| is_name(*c)).collect();
        if name.starts_with(|c: char| c.is_ascii_lowercase()) {
            found.insert(name);
        }
    }
    found
}

#[tokio::test]
async fn the_style_page_shows_every_class_that_pages_share_on_both_themes() {
    let world = World::new().await;
    let page = world.visitor().get("/dev/styles").await.assert_status(200).text();
    let shown: BTreeSet<&str> = page
        .split("class=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .flat_map(str::split_whitespace)
        .collect();
    for sheet in SHARED_SHEETS {
        for class in classes(&fs::read_to_string(format!("assets/css/{sheet}.css")).unwrap()) {
            let is_excepted = NOT_ON_STYLE_PAGE.iter().any(|(name, _)| *name == class);
            assert!(shown.contains(class.as_str()) || is_excepted, "{sheet}.css: add .{class} to the style page");
        }
    }
    let themes = ["light", "dark"].map(|theme| page.matches(&format!("data-theme=\"{theme}\"")).count());
    assert!(themes[0] == themes[1] && themes[0] > 5, "{themes:?}");
}
