//! The page cache: an unchanged page is not rendered or sent again, every change invalidates it, and a page is only
//! ever served to its owner.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use atlas::app::admin;
use atlas::app::initiator::Initiator;
use atlas::web::{Access, MAX_CACHE_BYTES, MAX_PAGES_PER_USER, route_table};
use serde_json::json;

use crate::routes::assert_security_headers;
use crate::test_user::{TestResponse, TestUser};
use crate::world::{World, WorldOptions};

async fn get_if_none_match(user: &TestUser, path: &str, tag: &str) -> TestResponse {
    user.request("GET", path, &[("if-none-match", tag)], b"").await
}

fn etag(response: &TestResponse) -> String {
    response.header("etag").expect("an entity tag").to_owned()
}

/// The paths of all cached pages, some of them with a query.
fn cached_pages(habit: &str) -> Vec<String> {
    let routes = route_table(true, true).into_iter().filter(|route| route.cached);
    let pages = routes.inspect(|route| assert!(route.method == "GET" && route.access == Access::Member && route.gzip));
    let mut pages: Vec<String> = pages.map(|route| route.path.replace("{id}", habit)).collect();
    pages.extend(["/calendar?date=2026-02-11".to_owned(), format!("/habits?edit={habit}"), "/today?x".to_owned()]);
    pages
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit("Read").await;
    let pages = cached_pages(&habit);
    assert!(pages.len() > 8);
    let mut tags = BTreeSet::new();
    for path in &pages {
        let first = ada.get(path).await.assert_status(200);
        let again = ada.get(path).await.assert_status(200);
        assert_eq!((etag(&again), &again.body), (etag(&first), &first.body), "{path}");
        for response in [&first, &again] {
            assert_eq!(response.header("cache-control"), Some("no-store"), "{path}");
            assert_security_headers(response, path);
        }
        assert_ne!(first.header("x-request-id"), again.header("x-request-id"), "{path}");

        let unchanged = get_if_none_match(&ada, path, &etag(&first)).await.assert_status(304);
        assert!(unchanged.body.is_empty() && etag(&unchanged) == etag(&first), "{path}");
        assert_eq!(unchanged.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(unchanged.header("vary"), Some("Accept-Encoding"), "{path}");
        assert_security_headers(&unchanged, path);
        get_if_none_match(&ada, path, "\"another\"").await.assert_status(200);

        let compressed = ada.request("GET", path, &[("accept-encoding", "gzip")], b"").await.assert_status(200);
        assert_eq!(compressed.header("content-encoding"), Some("gzip"), "{path}");
        for response in [first, compressed] {
            assert!(tags.insert(etag(&response)), "{path}: every page has a distinct tag for each encoding");
        }
    }
    // Recording the last use of the session changes no page.
    let tag = etag(&ada.get("/today").await);
    world.set_time("2026-02-12T12:30:00Z");
    for _ in 0..2 {
        get_if_none_match(&ada, "/today", &tag).await.assert_status(304);
        world.state.app.store.flush().await.unwrap();
    }
}

/// Loads a page twice, so that it is cached, applies `change`, and loads it again.
async fn assert_change_shows<T>(
    user: &TestUser,
    path: &str,
    before: &str,
    after: &str,
    change: impl Future<Output = T>,
) {
    let mut tag = String::new();
    for _ in 0..2 {
        tag = etag(&user.get(path).await.assert_status(200).assert_contains(before).assert_lacks(after));
    }
    change.await;
    get_if_none_match(user, path, &tag).await.assert_status(200).assert_contains(after);
}

#[tokio::test]
async fn every_change_of_a_habit_appears_on_the_next_page() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let phone = TestUser::new("ada", &world);
    phone.sign_in().await;
    let id = ada.create_habit("Read").await;
    let set_completion = async |done| phone.set_completion(&id, "2026-02-12", done).await.assert_status(200);
    let submit_form = async |done| {
        let form = [("habitId", id.as_str()), ("date", "2026-02-12"), ("completed", done), ("from", "/today")];
        ada.post_form("/today", &form).await.assert_status(303)
    };
    assert_change_shows(&ada, "/today", "0/1", "1/1", submit_form("true")).await;
    assert_change_shows(&ada, "/today", "1/1", "0/1", set_completion(false)).await;
    assert_change_shows(&ada, "/today", "0/1", "1/1", set_completion(true)).await;
    assert_change_shows(&ada, "/calendar", "data-complete=\"true\"", "value=\"0\"", set_completion(false)).await;

    let write = async |note| {
        let body = json!({ "habitId": id, "date": "2026-02-12", "note": note });
        phone.send_json("PUT", "/api/notes", &body).await.assert_status(200)
    };
    assert_change_shows(&ada, "/today", "0/1", "Has a note", write("Tired")).await;
    assert_change_shows(&ada, "/calendar", "Tired", "Wide awake", write("Wide awake")).await;
    assert_change_shows(&ada, &format!("/habits/{id}"), "Wide awake", "No notes yet", write("")).await;

    let habit = format!("/habits/{id}");
    let update = async |body| phone.send_json("PUT", &format!("/api{habit}"), &body).await.assert_status(200);
    assert_change_shows(&ada, &habit, ">Read</h1>", ">Read aloud</h1>", update(json!({ "title": "Read aloud" }))).await;
    assert_change_shows(&ada, "/habits", "Every day", "Tue, Sun", update(json!({ "weekdays": [2, 7] }))).await;
    assert_change_shows(&ada, "/today", "Nothing scheduled", "0/1", update(json!({ "weekdays": [4] }))).await;
    assert_change_shows(&ada, "/today", "0/1", "0/2", phone.create_habit("Walk")).await;
    assert_change_shows(&ada, "/today", "0/2", "0/1", phone.post_form(&format!("{habit}/archive"), &[])).await;
    assert_change_shows(
        &ada,
        "/habits",
        "data-habit-title=\"Walk\"",
        "data-habit-title=\"Read aloud\"",
        phone.post_form(&format!("{habit}/restore"), &[]),
    )
    .await;
    ada.set_completion(&id, "2026-02-12", true).await.assert_status(200);
    assert_change_shows(
        &ada,
        "/insights",
        ">Read aloud<",
        "Nothing to show yet",
        phone.post_form(&format!("{habit}/archive"), &[]),
    )
    .await;
}

#[tokio::test]
async fn every_change_of_a_setting_appears_on_the_next_page() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let phone = TestUser::new("ada", &world);
    phone.sign_in().await;
    let update = async |body| phone.send_json("PUT", "/api/account", &body).await.assert_status(200);
    assert_change_shows(
        &ada,
        "/insights",
        "<html lang=\"en\">",
        "data-theme=\"dark\"",
        update(json!({ "theme": "dark" })),
    )
    .await;
    let (monday, sunday) = ("<tr><th scope=\"col\">Mon", "<tr><th scope=\"col\">Sun");
    assert_change_shows(&ada, "/calendar", monday, sunday, update(json!({ "weekStart": "sun" }))).await;
    assert_change_shows(
        &ada,
        "/today",
        "backfill=\"grace\"",
        "backfill=\"week\"",
        update(json!({ "backfill": "week" })),
    )
    .await;
    let zone = json!({ "timeZone": "Pacific/Kiritimati" });
    assert_change_shows(&ada, "/today", "data-zone=\"UTC\"", "data-zone=\"Pacific/Kiritimati\"", update(zone)).await;
}

#[tokio::test]
async fn cached_pages_expire_at_midnight_and_at_two_in_the_members_time_zone() {
    let world = World::at_time("2026-02-12T09:59:00Z").await;
    let ada = world.signed_in_user_in("ada", "Pacific/Kiritimati").await;
    ada.create_habit("Read").await;
    let tag_on = async |today: &str| {
        etag(&ada.get("/today").await.assert_status(200).assert_contains(&format!("data-day=\"{today}\"")))
    };
    let before = tag_on("2026-02-12").await;
    world.set_time("2026-02-12T10:00:00Z");
    get_if_none_match(&ada, "/today", &before).await.assert_status(200).assert_contains("data-day=\"2026-02-13\"");
    // A clock that is set back brings the previous day back.
    world.set_time("2026-02-12T09:59:30Z");
    tag_on("2026-02-12").await;

    let yesterday = "/calendar?date=2026-02-12";
    world.set_time("2026-02-12T11:59:00Z");
    let open = etag(&ada.get(yesterday).await.assert_status(200).assert_lacks("closed-note"));
    get_if_none_match(&ada, yesterday, &open).await.assert_status(304);
    world.set_time("2026-02-12T12:00:00Z");
    get_if_none_match(&ada, yesterday, &open).await.assert_status(200).assert_contains("closed-note");
}

#[tokio::test]
async fn no_cached_page_outlives_the_right_to_see_it() {
    let owner = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with_options(WorldOptions { variables: owner, ..WorldOptions::default() }).await;
    let (ada, olga) = (world.signed_in_user("ada").await, world.signed_in_user("olga").await);
    let tag = etag(&ada.get("/today").await.assert_status(200));
    get_if_none_match(&ada, "/today", &tag).await.assert_status(304);
    let cookie = ada.cookie("atlas-development").unwrap();
    ada.post_form("/sign-out", &[]).await.assert_status(303);
    ada.set_cookie("atlas-development", &cookie);
    get_if_none_match(&ada, "/today", &tag).await.assert_status(307);
    world.visitor().get("/today").await.assert_status(307);

    ada.sign_in().await;
    let tag = etag(&ada.get("/today").await.assert_status(200));
    let id = admin::queries::find_user(&world.state.app, "ada@example.com").unwrap();
    admin::accounts::disable_account(&world.state.app, &Initiator::operator(), id).await.unwrap();
    get_if_none_match(&ada, "/today", &tag).await.assert_status(307);

    // The link to the admin area disappears with the admin's address from the settings.
    olga.get("/today").await.assert_status(200).assert_contains("href=\"/admin\"");
    let mut world = world;
    let before = etag(&olga.get("/today").await);
    let mut olga = olga;
    world.restart_with_settings(|settings| settings.admins.clear()).await;
    olga.reconnect(&world);
    get_if_none_match(&olga, "/today", &before).await.assert_status(200).assert_lacks("href=\"/admin\"");
}

#[tokio::test]
async fn two_members_never_see_each_others_pages() {
    let world = World::new().await;
    let (ada, bela) = (world.signed_in_user("ada").await, world.signed_in_user("bela").await);
    let habit = ada.create_habit("Read the secret diary").await;
    for path in cached_pages(&habit) {
        let tag = etag(&ada.get(&path).await.assert_status(200));
        let other = get_if_none_match(&bela, &path, &tag).await;
        assert_ne!(other.status, 304, "{path}");
        other.assert_lacks("secret diary").assert_lacks(">ada<");
        get_if_none_match(&ada, &path, &tag).await.assert_status(304);
    }
    // The same holds for two members who use one browser in turn.
    let browser = TestUser::new("ada", &world);
    browser.sign_in().await;
    browser.get("/today").await.assert_contains("secret diary");
    browser.post_form("/sign-out", &[]).await.assert_status(303);
    browser.set_cookie("atlas-development", &bela.cookie("atlas-development").unwrap());
    browser.get("/today").await.assert_status(200).assert_lacks("secret diary");
}

#[tokio::test]
async fn error_pages_are_not_cached() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit("Read").await;
    let form = [("habitId", habit.as_str()), ("date", "2026-02-13"), ("completed", "true"), ("from", "/today")];
    let refused = ada.post_form("/today", &form).await.assert_status(422);
    assert_eq!(refused.header("etag"), None);
    ada.get("/today").await.assert_status(200).assert_lacks("role=\"alert\"");
    let missing = ada.get("/habits/0190c7a0-0000-7000-8000-000000000000").await.assert_status(404);
    assert_eq!(missing.header("etag"), None);
}

#[tokio::test]
async fn one_member_cannot_fill_the_cache() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    ada.create_habit("Read").await;
    for year in 1990..2010 {
        for month in 1..=5 {
            ada.get(&format!("/calendar?month={year}-{month:02}")).await.assert_status(200);
        }
    }
    let (members, bytes) = world.state.page_cache_size();
    let page = ada.get("/calendar?month=1990-01").await.body.len() + 2_048;
    assert_eq!(members, 1);
    assert!(bytes > 0 && bytes < MAX_PAGES_PER_USER * page && MAX_PAGES_PER_USER * page < MAX_CACHE_BYTES, "{bytes}");
    let long = format!("/today?{}", "x".repeat(4_000));
    let (before, after) = (world.state.page_cache_size(), ada.get(&long).await.assert_status(200));
    assert_eq!((world.state.page_cache_size(), after.header("etag")), (before, None));
}

#[tokio::test]
async fn replacing_the_data_file_invalidates_cached_pages() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit("Read").await;
    let store = world.state.app.store.clone();
    let copy = store.path().with_extension("copy");
    let (to, from, again) = (copy.clone(), copy, store.clone());
    tokio::task::spawn_blocking(move || again.replace(|path| std::fs::copy(path, to).map(drop)))
        .await
        .unwrap()
        .unwrap();
    ada.set_completion(&habit, "2026-02-12", true).await.assert_status(200);
    let tag = etag(&ada.get("/today").await.assert_status(200).assert_contains("1/1"));
    tokio::task::spawn_blocking(move || store.replace(|path| std::fs::copy(from, path).map(drop)))
        .await
        .unwrap()
        .unwrap();
    get_if_none_match(&ada, "/today", &tag).await.assert_status(200).assert_contains("0/1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_always_sees_the_completion_they_just_set() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit("Read").await;
    let finished = AtomicBool::new(false);
    let changing = async {
        for round in 0..100 {
            let done = round % 2 == 0;
            ada.set_completion(&habit, "2026-02-12", done).await.assert_status(200);
            ada.get("/today").await.assert_status(200).assert_contains(if done { "1/1" } else { "0/1" });
        }
        finished.store(true, Ordering::Relaxed);
    };
    // Other requests load the page all the time, so that it is rendered and cached while commits are made.
    let loading = async {
        while !finished.load(Ordering::Relaxed) {
            ada.get("/today").await.assert_status(200);
        }
    };
    tokio::join!(changing, loading, load_compressed(&ada, &finished));
}

async fn load_compressed(ada: &TestUser, finished: &AtomicBool) {
    while !finished.load(Ordering::Relaxed) {
        ada.request("GET", "/today", &[("accept-encoding", "gzip")], b"").await.assert_status(200);
    }
}
