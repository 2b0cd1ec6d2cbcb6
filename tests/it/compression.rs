//! Pages on their way: compressed for whom it suits, whole for everybody, and never with a secret inside.

use std::io::Read;

use atlas::app::{completions, habits};
use atlas::domain::habit::Plan;
use atlas::domain::{Day, Description, Email, ReminderTimes, Title, Weekdays};
use atlas::store::accounts;
use atlas::web::{Face, Who, table};
use jiff::{SignedDuration, ToSpan};

use crate::person::{Person, Reply};
use crate::world::World;

/// What browsers send over plain HTTP.
const BROWSER: &str = "gzip, deflate";

async fn asks_for(person: &Person, method: &str, path: &str, accepted: &str) -> Reply {
    person.asks(method, path, &[("accept-encoding", accepted)], b"").await
}

fn unpacked(reply: &Reply) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(reply.body.as_slice()).read_to_string(&mut text).expect("gzip");
    text
}

fn is_plain(reply: &Reply) -> bool {
    reply.header("content-encoding").is_none() && std::str::from_utf8(&reply.body).is_ok()
}

#[tokio::test]
async fn a_browser_gets_the_same_page_in_fewer_bytes() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let habit = format!("/habits/{}", ada.keeps("Read").await);
    for (title, _) in &KEPT[..9] {
        ada.keeps(title).await;
    }
    for path in ["/today", "/calendar", "/habits", "/insights", "/landing", "/sign-in", &habit, "/api/habits"] {
        let plain = ada.get(path).await.is(200);
        let packed = asks_for(&ada, "GET", path, BROWSER).await.is(200);
        assert!(is_plain(&plain), "{path}");
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert!(packed.body.len() < plain.body.len() * 2 / 3, "{path}: {} of {}", packed.body.len(), plain.body.len());
        assert_eq!(unpacked(&packed), plain.text(), "{path}");
        for reply in [&plain, &packed] {
            assert_eq!(reply.header("vary"), Some("Accept-Encoding"), "{path}");
            assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()), "{path}");
        }
        let head = asks_for(&ada, "HEAD", path, BROWSER).await.is(200);
        for name in ["content-length", "content-encoding", "content-type", "vary"] {
            assert_eq!(head.header(name), packed.header(name), "{path}");
        }
        assert!(head.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn who_does_not_take_gzip_is_not_sent_any() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    for accepted in ["", "identity", "br", "gzip;q=0", "deflate, gzip; q=0.000", "gzipped"] {
        let reply = asks_for(&ada, "GET", "/today", accepted).await.is(200);
        assert!(is_plain(&reply), "{accepted}");
        reply.says("</html>");
    }
    let refusal = ada.asks("POST", "/habits", &[("accept-encoding", "gzip;q=0")], b"").await;
    assert!(is_plain(&refusal));
}

#[tokio::test]
async fn a_page_that_comes_back_with_what_is_wrong_is_packed_like_the_first_one() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let headers = [
        ("accept-encoding", BROWSER),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
    ];
    let reply = ada.asks("POST", "/habits", &headers, b"title=&weekdays=1").await.is(422);
    assert!(unpacked(&reply).contains("</html>"));
}

#[tokio::test]
async fn small_answers_are_left_alone() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let reply = asks_for(&ada, "GET", "/api/completions?date=2026-02-12", BROWSER).await.is(200);
    assert!(is_plain(&reply) && reply.header("vary").is_none());
}

#[tokio::test]
async fn what_holds_a_token_is_never_compressed() {
    let world = World::new().await;
    let ada = world.stranger();
    ada.signs_up("UTC").await;
    let email = "stranger@example.com";
    let token = ada.newest_token().await;
    for path in [
        format!("/verify-email?token={token}"),
        format!("/verify-email?token=wrong&email={email}"),
        "/dev/mail".to_owned(),
        format!("/api/auth/debug/verification-token?email={email}"),
    ] {
        let reply = asks_for(&ada, "GET", &path, BROWSER).await;
        assert!(is_plain(&reply) && reply.header("vary").is_none(), "{path}");
    }
    asks_for(&ada, "GET", &format!("/verify-email?token={token}"), BROWSER).await.says(&token);
}

/// Pages that show, or will show, what nobody else may know: links, keys, codes.
const SECRETIVE: [&str; 9] = [
    "/verify-email",
    "/reset-password",
    "/new-address",
    "/sign-in/verify",
    "/account",
    "/account/two-factor",
    "/account/import",
    "/dev/mail",
    "/admin/mail/{id}",
];

#[test]
fn every_page_either_may_be_compressed_or_is_known_to_hold_secrets() {
    for route in table(true, true).into_iter().filter(|route| route.method == "GET" && route.face() == Face::Page) {
        // Those that lead elsewhere, and assets, which were compressed ahead.
        if matches!(
            route.path,
            "/" | "/calendar/{date}" | "/favicon.ico" | "/assets/{name}" | "/manifest.webmanifest" | "/sw.js"
        ) {
            continue;
        }
        assert_ne!(
            route.gzip,
            SECRETIVE.contains(&route.path),
            "{}: say `gzip` in the table of routes, or name it here if an answer of it can hold a secret",
            route.path
        );
    }
    for route in table(true, true).into_iter().filter(|route| route.gzip) {
        assert!(route.who == Who::Member || route.method == "GET", "{} {}", route.method, route.path);
        assert!(!SECRETIVE.iter().any(|page| route.path.starts_with(page)), "{} {}", route.method, route.path);
        assert!(!route.path.contains("/auth/") && !route.path.contains("debug"), "{} {}", route.method, route.path);
    }
}

/// What somebody might keep, in thirty lines.
const KEPT: [(&str, &str); 30] = [
    ("Run along the river", "The loop past the two bridges, slowly enough to talk. Shoes are by the door."),
    ("Stretch before coffee", "Ten minutes on the mat, no phone in the room."),
    ("Read 10 pages", "Paper, not the screen. Notes go into the back of the book."),
    ("Write the morning page", "One side of A5, whatever comes. Nobody reads it, so spelling does not count."),
    ("Drink a glass of water first", ""),
    ("Practise the cello", "Scales in two keys, then the slow movement from bar 40. Metronome at 66."),
    ("Call Grandmother", "She is up from eight. Ask about the garden and the choir."),
    ("Learn 12 Portuguese words", "The blue box. Say each one aloud, then use three of them in a sentence."),
    ("Lights out at 22:30", "Charger stays in the kitchen."),
    ("Cycle to work", "Unless there is ice on the bridge; then the tram counts as a rest day."),
    ("Weigh the sourdough starter", "50 g rye, 50 g water, jar back on top of the fridge."),
    ("Ten minutes of inbox, no more", ""),
    ("Push-ups, two sets", "As many as look good. Write the number down."),
    ("Walk without headphones", "Around the block after lunch, even when it rains."),
    (
        "Physio exercises for the knee",
        "Three rounds: bridge, clam, single-leg balance with closed eyes for 30 seconds.",
    ),
    ("Cook something green", "Frozen peas are fine."),
    ("Review the day's spending", "Receipts into the envelope, three lines in the notebook."),
    ("Sit still for a quarter of an hour", "The cushion by the window. Count breaths up to ten and begin again."),
    ("Floss", ""),
    ("Vitamin D", "November to March."),
    ("Tidy the desk before leaving", "Cup in the sink, papers in one pile, tomorrow's first task on a card."),
    ("Draw one thing", "Fifteen minutes, ink, no erasing. Kitchen things count."),
    ("No sugar after dinner", "Fruit does not count as sugar. Birthdays are exceptions."),
    ("Feed and brush the cat", "Half a tin and a spoon of the dry food; check the water, too."),
    (
        "Half an hour on the thesis",
        "Chapter 3 first. Stop in the middle of a sentence, so that tomorrow has a beginning.",
    ),
    ("Water the seedlings", "Tomatoes from below, basil sparingly. Turn the tray by a quarter."),
    ("One message to a friend", "Somebody I have not written to this month."),
    ("Cold shower, 60 seconds", ""),
    ("Chess puzzle", "One, slowly, and write down the line before moving a piece."),
    ("Plan tomorrow in three lines", "What must happen, what would be nice, and when I stop."),
];

/// Somebody who keeps thirty habits and did nearly all of them for weeks.
async fn busy(world: &World) -> Person {
    let ada = world.signed_up("ada").await;
    let app = &world.site.app;
    let email = Email::parse(&ada.email()).unwrap();
    let account = app.store.read(|view| accounts::with_email(view, &email)).unwrap().unwrap();
    let today = app.today(&account);
    for (number, (title, description)) in (0_i64..).zip(KEPT) {
        let plan = Plan {
            title: Title::parse(title).unwrap(),
            description: Description::parse(description).unwrap(),
            weekdays: Weekdays::parse(1..=7).unwrap(),
            reminder_times: ReminderTimes::default(),
        };
        let began = Day::parse(&(today.date() - 200.days()).to_string()).unwrap();
        let now = app.clock.now();
        let habit =
            habits::create(app, &account, plan, Some((began, now - SignedDuration::from_hours(24 * 200)))).await;
        let habit = habit.unwrap();
        // Streaks of every length, and two thirds of today.
        let days = i64::from(number % 3 == 0)..(7 + number * number % 190);
        let days = days.map(|back| Day::parse(&(today.date() - back.days()).to_string()).unwrap());
        completions::plant(app, account.id, habit.id, days.map(|day| (day, now)).collect()).await.unwrap();
    }
    ada
}

#[tokio::test]
async fn a_day_of_thirty_habits_is_one_small_page() {
    let world = World::new().await;
    let ada = busy(&world).await;
    let reply = asks_for(&ada, "GET", "/today", BROWSER).await.is(200);
    let page = unpacked(&reply);
    assert_eq!(page.matches("<li class=\"tick-row\"").count(), 30);
    assert!(page.matches(" in a row").count() > 20);
    assert!(reply.body.len() <= 15 * 1_024, "{} bytes compressed, {} plain", reply.body.len(), page.len());
}

/// The addresses a browser fetches by itself when it shows a page.
fn fetched(page: &str) -> Vec<&str> {
    let tags = page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    tags.filter_map(|tag| {
        let name = if tag.starts_with("link ") { " href=\"" } else { " src=\"" };
        tag.split(name).nth(1)?.split('"').next()
    })
    .collect()
}

#[tokio::test]
async fn showing_a_day_takes_one_round_trip_and_assets_that_browsers_keep() {
    let world = World::new().await;
    let ada = busy(&world).await;
    for path in ["/today", "/calendar", "/insights"] {
        let page = ada.get(path).await.is(200).text();
        let fetched = fetched(&page);
        assert!((3..=6).contains(&fetched.len()), "{path}: {fetched:?}");
        // The manifest is for installing; browsers ask for it when the page stands.
        for address in fetched.into_iter().filter(|address| *address != "/manifest.webmanifest") {
            assert!(address.starts_with("/assets/"), "{path} needs {address}");
            let asset = asks_for(&ada, "GET", address, "gzip, br").await.is(200);
            assert!(asset.header("cache-control").unwrap().contains("immutable"), "{address}");
        }
        assert!(
            !["<iframe", "<object", "<embed", "http-equiv", "srcset"].iter().any(|word| page.contains(word)),
            "{path}"
        );
    }
}
