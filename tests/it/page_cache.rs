//! Pages that are kept: sent again while nothing has changed, rendered anew when anything has, and nobody else's ever.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use atlas::app::admin::{self, By};
use atlas::web::{MOST_BYTES, MOST_PAGES, Who, table};
use serde_json::json;

use crate::person::{Person, Reply};
use crate::routes::carries_the_security_headers;
use crate::world::{Wishes, World};

async fn asks_if_changed(person: &Person, path: &str, tag: &str) -> Reply {
    person.asks("GET", path, &[("if-none-match", tag)], b"").await
}

fn tag_of(reply: &Reply) -> String {
    reply.header("etag").expect("a tag").to_owned()
}

/// The addresses of every page that is kept.
fn kept(habit: &str) -> Vec<String> {
    let routes = table(true, true).into_iter().filter(|route| route.cached);
    let pages = routes.inspect(|route| assert!(route.method == "GET" && route.who == Who::Member && route.gzip));
    let mut pages: Vec<String> = pages.map(|route| route.path.replace("{id}", habit)).collect();
    pages.extend(["/calendar?date=2026-02-11".to_owned(), format!("/habits?edit={habit}"), "/today?x".to_owned()]);
    pages
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let habit = ada.keeps("Read").await;
    let pages = kept(&habit);
    assert!(pages.len() > 8);
    let mut tags = BTreeSet::new();
    for path in &pages {
        let first = ada.get(path).await.is(200);
        let again = ada.get(path).await.is(200);
        assert_eq!((tag_of(&again), &again.body), (tag_of(&first), &first.body), "{path}");
        for reply in [&first, &again] {
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
            carries_the_security_headers(reply, path);
        }
        assert_ne!(first.header("x-request-id"), again.header("x-request-id"), "{path}");

        let unchanged = asks_if_changed(&ada, path, &tag_of(&first)).await.is(304);
        assert!(unchanged.body.is_empty() && tag_of(&unchanged) == tag_of(&first), "{path}");
        assert_eq!(unchanged.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(unchanged.header("vary"), Some("Accept-Encoding"), "{path}");
        carries_the_security_headers(&unchanged, path);
        asks_if_changed(&ada, path, "\"another\"").await.is(200);

        let packed = ada.asks("GET", path, &[("accept-encoding", "gzip")], b"").await.is(200);
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        for reply in [first, packed] {
            assert!(tags.insert(tag_of(&reply)), "{path}: each page in each form has a tag of its own");
        }
    }
    // That a session was used is written down, and no page is another for it.
    let tag = tag_of(&ada.get("/today").await);
    world.it_is("2026-02-12T12:30:00Z");
    for _ in 0..2 {
        asks_if_changed(&ada, "/today", &tag).await.is(304);
        world.site.app.store.flush().await.unwrap();
    }
}

/// Looks at a page twice, so that it is kept, lets something change, and looks again.
async fn shows<T>(person: &Person, path: &str, before: &str, after: &str, change: impl Future<Output = T>) {
    let mut tag = String::new();
    for _ in 0..2 {
        tag = tag_of(&person.get(path).await.is(200).says(before).says_nothing_of(after));
    }
    change.await;
    asks_if_changed(person, path, &tag).await.is(200).says(after);
}

#[tokio::test]
async fn whatever_is_done_the_next_page_says_so() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let phone = Person::new("ada", &world);
    phone.signs_in().await;
    let id = ada.keeps("Read").await;
    let ticks = async |done| phone.ticks(&id, "2026-02-12", done).await.is(200);
    let posts = async |done| {
        let form = [("habitId", id.as_str()), ("date", "2026-02-12"), ("completed", done), ("from", "/today")];
        ada.posts("/today", &form).await.is(303)
    };
    shows(&ada, "/today", "0/1", "1/1", posts("true")).await;
    shows(&ada, "/today", "1/1", "0/1", ticks(false)).await;
    shows(&ada, "/today", "0/1", "1/1", ticks(true)).await;
    shows(&ada, "/calendar", "data-complete=\"true\"", "value=\"0\"", ticks(false)).await;

    let habit = format!("/habits/{id}");
    let puts = async |body| phone.sends("PUT", &format!("/api{habit}"), &body).await.is(200);
    shows(&ada, &habit, "<h1>Read</h1>", "<h1>Read aloud</h1>", puts(json!({ "title": "Read aloud" }))).await;
    shows(&ada, "/habits", "Every day", "Mon, Wed", puts(json!({ "weekdays": [1, 3] }))).await;
    shows(&ada, "/today", "Nothing is planned", "0/1", puts(json!({ "weekdays": [4] }))).await;
    shows(&ada, "/today", "0/1", "0/2", phone.keeps("Walk")).await;
    shows(&ada, "/today", "0/2", "0/1", phone.posts(&format!("{habit}/archive"), &[])).await;
    shows(&ada, "/insights", ">Walk<", ">Read aloud<", phone.posts(&format!("{habit}/restore"), &[])).await;
}

#[tokio::test]
async fn whatever_is_set_the_next_page_says_so() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let phone = Person::new("ada", &world);
    phone.signs_in().await;
    let puts = async |body| phone.sends("PUT", "/api/account", &body).await.is(200);
    shows(&ada, "/insights", "<html lang=\"en\">", "data-theme=\"dark\"", puts(json!({ "theme": "dark" }))).await;
    let (monday, sunday) = ("<tr><th scope=\"col\">Mon", "<tr><th scope=\"col\">Sun");
    shows(&ada, "/calendar", monday, sunday, puts(json!({ "weekStart": "sun" }))).await;
    shows(&ada, "/today", "backfill=\"grace\"", "backfill=\"week\"", puts(json!({ "backfill": "week" }))).await;
    shows(&ada, "/today", ">ada<", ">Ada Lovelace<", puts(json!({ "displayName": "Ada Lovelace" }))).await;
    let zone = json!({ "timeZone": "Pacific/Kiritimati" });
    shows(&ada, "/today", "data-zone=\"UTC\"", "data-zone=\"Pacific/Kiritimati\"", puts(zone)).await;
}

#[tokio::test]
async fn a_day_ends_at_midnight_where_somebody_lives_and_the_one_before_at_two() {
    let world = World::at("2026-02-12T09:59:00Z").await;
    let ada = world.signed_up_in("ada", "Pacific/Kiritimati").await;
    ada.keeps("Read").await;
    let days = async |today: &str| tag_of(&ada.get("/today").await.is(200).says(&format!("data-day=\"{today}\"")));
    let before = days("2026-02-12").await;
    world.it_is("2026-02-12T10:00:00Z");
    asks_if_changed(&ada, "/today", &before).await.is(200).says("data-day=\"2026-02-13\"");
    // A clock that is set back shows the day it shows.
    world.it_is("2026-02-12T09:59:30Z");
    days("2026-02-12").await;

    let yesterday = "/calendar?date=2026-02-12";
    world.it_is("2026-02-12T11:59:00Z");
    let open = tag_of(&ada.get(yesterday).await.is(200).says("data-tick"));
    asks_if_changed(&ada, yesterday, &open).await.is(304);
    world.it_is("2026-02-12T12:00:00Z");
    asks_if_changed(&ada, yesterday, &open).await.is(200).says_nothing_of("data-tick");
}

#[tokio::test]
async fn who_may_not_come_in_any_more_is_shown_nothing_that_was_kept() {
    let owner = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with(Wishes { variables: owner, ..Wishes::default() }).await;
    let (ada, olga) = (world.signed_up("ada").await, world.signed_up("olga").await);
    let tag = tag_of(&ada.get("/today").await.is(200));
    asks_if_changed(&ada, "/today", &tag).await.is(304);
    let cookie = ada.cookie("atlas-development").unwrap();
    ada.posts("/sign-out", &[]).await.is(303);
    ada.takes_cookie("atlas-development", &cookie);
    asks_if_changed(&ada, "/today", &tag).await.is(307);
    world.stranger().get("/today").await.is(307);

    ada.signs_in().await;
    let tag = tag_of(&ada.get("/today").await.is(200));
    let id = admin::find(&world.site.app, "ada@example.com").unwrap();
    admin::disable(&world.site.app, &By::operator(), id).await.unwrap();
    asks_if_changed(&ada, "/today", &tag).await.is(307);

    // What an admin sees more of than others goes with the address that makes one.
    olga.get("/today").await.is(200).says("href=\"/admin\"");
    let mut world = world;
    let before = tag_of(&olga.get("/today").await);
    let mut olga = olga;
    world.serves_again(|settings| settings.admins.clear()).await;
    olga.follows(&world);
    asks_if_changed(&olga, "/today", &before).await.is(200).says_nothing_of("href=\"/admin\"");
}

#[tokio::test]
async fn two_people_never_see_each_others_pages() {
    let world = World::new().await;
    let (ada, bela) = (world.signed_up("ada").await, world.signed_up("bela").await);
    let habit = ada.keeps("Read the secret diary").await;
    for path in kept(&habit) {
        let tag = tag_of(&ada.get(&path).await.is(200));
        let other = asks_if_changed(&bela, &path, &tag).await;
        assert_ne!(other.status, 304, "{path}");
        other.says_nothing_of("secret diary").says_nothing_of(">ada<");
        asks_if_changed(&ada, &path, &tag).await.is(304);
    }
    // In one browser, one after the other.
    let browser = Person::new("ada", &world);
    browser.signs_in().await;
    browser.get("/today").await.says("secret diary");
    browser.posts("/sign-out", &[]).await.is(303);
    browser.takes_cookie("atlas-development", &bela.cookie("atlas-development").unwrap());
    browser.get("/today").await.is(200).says_nothing_of("secret diary");
}

#[tokio::test]
async fn a_refusal_is_not_a_page_to_keep() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let habit = ada.keeps("Read").await;
    let form = [("habitId", habit.as_str()), ("date", "2026-02-13"), ("completed", "true"), ("from", "/today")];
    let refused = ada.posts("/today", &form).await.is(422);
    assert_eq!(refused.header("etag"), None);
    ada.get("/today").await.is(200).says_nothing_of("role=\"alert\"");
    let missing = ada.get("/habits/0190c7a0-0000-7000-8000-000000000000").await.is(404);
    assert_eq!(missing.header("etag"), None);
}

#[tokio::test]
async fn whoever_asks_for_a_hundred_pages_takes_the_room_of_a_few() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    ada.keeps("Read").await;
    for year in 1990..2010 {
        for month in 1..=5 {
            ada.get(&format!("/calendar?month={year}-{month:02}")).await.is(200);
        }
    }
    let (people, bytes) = world.site.cached();
    let page = ada.get("/calendar?month=1990-01").await.body.len() + 2_048;
    assert_eq!(people, 1);
    assert!(bytes > 0 && bytes < MOST_PAGES * page && MOST_PAGES * page < MOST_BYTES, "{bytes}");
    let long = format!("/today?{}", "x".repeat(4_000));
    let (before, after) = (world.site.cached(), ada.get(&long).await.is(200));
    assert_eq!((world.site.cached(), after.header("etag")), (before, None));
}

#[tokio::test]
async fn a_file_that_takes_the_place_of_another_takes_its_pages_along() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let habit = ada.keeps("Read").await;
    let store = world.site.app.store.clone();
    let aside = store.path().with_extension("aside");
    let (to, from, again) = (aside.clone(), aside, store.clone());
    tokio::task::spawn_blocking(move || again.replace(|path| std::fs::copy(path, to).map(drop)))
        .await
        .unwrap()
        .unwrap();
    ada.ticks(&habit, "2026-02-12", true).await.is(200);
    let tag = tag_of(&ada.get("/today").await.is(200).says("1/1"));
    tokio::task::spawn_blocking(move || store.replace(|path| std::fs::copy(from, path).map(drop)))
        .await
        .unwrap()
        .unwrap();
    asks_if_changed(&ada, "/today", &tag).await.is(200).says("0/1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_ticked_is_shown_the_page_from_before() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let habit = ada.keeps("Read").await;
    let over = AtomicBool::new(false);
    let ticking = async {
        for turn in 0..100 {
            let done = turn % 2 == 0;
            ada.ticks(&habit, "2026-02-12", done).await.is(200);
            ada.get("/today").await.is(200).says(if done { "1/1" } else { "0/1" });
        }
        over.store(true, Ordering::Relaxed);
    };
    // Others look all the time, so that pages are read and kept while commits are made.
    let looking = async {
        while !over.load(Ordering::Relaxed) {
            ada.get("/today").await.is(200);
        }
    };
    tokio::join!(ticking, looking, looking_again(&ada, &over));
}

async fn looking_again(ada: &Person, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        ada.asks("GET", "/today", &[("accept-encoding", "gzip")], b"").await.is(200);
    }
}
