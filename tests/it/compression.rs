//! Compression of pages: negotiated, lossless, and never applied to a page that can contain a secret.

use std::io::Read;

use atlas::app::habits::{completions, habit};
use atlas::domain::habits::habit::HabitPlan;
use atlas::domain::{Day, Description, Email, GroupName, TimeOfDay, Title, Weekdays};
use atlas::store::tables::accounts;
use atlas::web::{Access, Format, route_table};
use jiff::{SignedDuration, ToSpan};
use serde_json::json;

use crate::test_user::{TestResponse, TestUser};
use crate::world::World;

/// The `Accept-Encoding` that browsers send over plain HTTP.
const BROWSER_ENCODINGS: &str = "gzip, deflate";

async fn request_with_encoding(user: &TestUser, method: &str, path: &str, accept_encoding: &str) -> TestResponse {
    user.request(method, path, &[("accept-encoding", accept_encoding)], b"").await
}

fn gunzip(response: &TestResponse) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(response.body.as_slice()).read_to_string(&mut text).expect("gzip");
    text
}

fn is_uncompressed(response: &TestResponse) -> bool {
    response.header("content-encoding").is_none() && std::str::from_utf8(&response.body).is_ok()
}

#[tokio::test]
async fn a_compressed_page_is_smaller_and_decodes_to_the_same_page() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = format!("/habits/{}", ada.create_habit("Read").await);
    for (title, _) in &SAMPLE_HABITS[..9] {
        ada.create_habit(title).await;
    }
    for path in ["/today", "/calendar", "/habits", "/insights", "/landing", "/sign-in", &habit, "/api/habits"] {
        let plain = ada.get(path).await.assert_status(200);
        let compressed = request_with_encoding(&ada, "GET", path, BROWSER_ENCODINGS).await.assert_status(200);
        assert!(is_uncompressed(&plain), "{path}");
        assert_eq!(compressed.header("content-encoding"), Some("gzip"), "{path}");
        assert!(
            compressed.body.len() < plain.body.len() * 2 / 3,
            "{path}: {} of {}",
            compressed.body.len(),
            plain.body.len()
        );
        assert_eq!(gunzip(&compressed), plain.text(), "{path}");
        for response in [&plain, &compressed] {
            assert_eq!(response.header("vary"), Some("Accept-Encoding"), "{path}");
            assert_eq!(response.header("content-length"), Some(response.body.len().to_string().as_str()), "{path}");
        }
        let head = request_with_encoding(&ada, "HEAD", path, BROWSER_ENCODINGS).await.assert_status(200);
        for name in ["content-length", "content-encoding", "content-type", "vary"] {
            assert_eq!(head.header(name), compressed.header(name), "{path}");
        }
        assert!(head.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn gzip_is_not_sent_to_a_client_that_does_not_accept_it() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for accept_encoding in ["", "identity", "br", "gzip;q=0", "deflate, gzip; q=0.000", "gzipped"] {
        let response = request_with_encoding(&ada, "GET", "/today", accept_encoding).await.assert_status(200);
        assert!(is_uncompressed(&response), "{accept_encoding}");
        response.assert_contains("</html>");
    }
    let refusal = ada.request("POST", "/habits", &[("accept-encoding", "gzip;q=0")], b"").await;
    assert!(is_uncompressed(&refusal));
}

#[tokio::test]
async fn a_form_page_with_errors_is_compressed_too() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let headers = [
        ("accept-encoding", BROWSER_ENCODINGS),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
    ];
    let response = ada.request("POST", "/habits", &headers, b"title=&weekdays=1").await.assert_status(422);
    assert!(gunzip(&response).contains("</html>"));
}

#[tokio::test]
async fn small_responses_are_not_compressed() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let response = request_with_encoding(&ada, "GET", "/api/completions?date=2026-02-12", BROWSER_ENCODINGS)
        .await
        .assert_status(200);
    assert!(is_uncompressed(&response) && response.header("vary").is_none());
}

#[tokio::test]
async fn a_response_with_a_token_is_never_compressed() {
    let world = World::new().await;
    let visitor = world.visitor();
    visitor.sign_up("UTC").await;
    let email = visitor.email();
    let token = visitor.newest_token().await;
    for path in [
        format!("/verify-email?token={token}"),
        format!("/verify-email?token=wrong&email={email}"),
        "/dev/mail".to_owned(),
        format!("/api/auth/debug/verification-token?email={email}"),
    ] {
        let response = request_with_encoding(&visitor, "GET", &path, BROWSER_ENCODINGS).await;
        assert!(is_uncompressed(&response) && response.header("vary").is_none(), "{path}");
    }
    request_with_encoding(&visitor, "GET", &format!("/verify-email?token={token}"), BROWSER_ENCODINGS)
        .await
        .assert_contains(&token);
}

/// SECURITY: pages that show or may show links, keys or codes. Compressing them next to attacker-controlled input would
/// leak them (BREACH).
const PAGES_WITH_SECRETS: [&str; 13] = [
    "/verify-email",
    "/reset-password",
    "/new-address",
    "/sign-in/verify",
    "/account",
    "/account/security",
    "/account/data",
    "/account/two-factor",
    "/account/import",
    "/dev/mail",
    "/admin/mail/{id}",
    "/admin/confirm",
    // Private text beside a search that a link of another site can set.
    "/notes",
];

#[test]
fn every_page_is_either_compressed_or_listed_as_having_secrets() {
    for route in
        route_table(true, true).into_iter().filter(|route| route.method == "GET" && route.format() == Format::Page)
    {
        // Redirects, and assets, which are compressed at build time.
        if matches!(
            route.path,
            "/" | "/calendar/{date}"
                | "/favicon.ico"
                | "/assets/{name}"
                | "/manifest.webmanifest"
                | "/speculation-rules.json"
                | "/sw.js"
        ) {
            continue;
        }
        assert_ne!(
            route.gzip,
            PAGES_WITH_SECRETS.contains(&route.path),
            "{}: set `gzip` in the route table, or list the page here if a response can contain a secret",
            route.path
        );
    }
    for route in route_table(true, true).into_iter().filter(|route| route.gzip) {
        assert!(route.access == Access::Member || route.method == "GET", "{} {}", route.method, route.path);
        // The preferences show 600 time zones and nothing secret.
        let has_secrets = PAGES_WITH_SECRETS.iter().any(|page| route.path.starts_with(page));
        assert!(!has_secrets || route.path == "/account/preferences", "{} {}", route.method, route.path);
        assert!(!route.path.contains("/auth/") && !route.path.contains("debug"), "{} {}", route.method, route.path);
    }
}

const SAMPLE_HABITS: [(&str, &str); 30] = [
    ("Run along the river", "The loop past the two bridges, slowly enough to talk. Shoes are by the door."),
    ("Stretch before coffee", "Ten minutes on the mat, no phone in the room."),
    ("Read 10 pages", "Paper, not the screen. Notes go into the back of the book."),
    ("Write the morning page", "One side of A5, unedited. For my eyes only, so spelling does not matter."),
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
    ("One message to a friend", "Someone I have not written to this month."),
    ("Cold shower, 60 seconds", ""),
    ("Chess puzzle", "One, slowly, and write down the line before moving a piece."),
    ("Plan tomorrow in three lines", "What must happen, what would be nice, and when I stop."),
];

/// A user with thirty habits, most of them completed for weeks.
async fn user_with_thirty_habits(world: &World) -> TestUser {
    let ada = world.signed_in_user("ada").await;
    let app = &world.state.app;
    let email = Email::parse(&ada.email()).unwrap();
    let account = app.store.read(|txn| accounts::find_by_email(txn, &email)).unwrap().unwrap();
    let today = app.today(&account);
    for (number, (title, description)) in SAMPLE_HABITS.into_iter().enumerate() {
        let plan = HabitPlan {
            description: Description::parse(description).unwrap(),
            group: GroupName::parse(["Health", "Work", "House and garden", "Music", "Family", ""][number % 6]).unwrap(),
            time_of_day: [None, Some(TimeOfDay::Morning), Some(TimeOfDay::Evening)][number % 3],
            ..HabitPlan::new(Title::parse(title).unwrap(), Weekdays::parse(1..=7).unwrap())
        };
        let began = Day::parse(&(today.date() - 200.days()).to_string()).unwrap();
        let now = app.clock.now();
        let habit =
            habit::create_habit(app, &account, plan, Some((began, now - SignedDuration::from_hours(24 * 200)))).await;
        let habit = habit.unwrap();
        // Streaks of many lengths, and two thirds of today's habits completed.
        let number = i64::try_from(number).unwrap();
        let days = i64::from(number % 3 == 0)..(7 + number * number % 190);
        let days = days.map(|days_ago| Day::parse(&(today.date() - days_ago.days()).to_string()).unwrap());
        completions::seed_completions(app, account.id, habit.id, days.map(|day| (day, now)).collect()).await.unwrap();
    }
    ada
}

#[tokio::test]
async fn a_page_with_thirty_habits_stays_small() {
    let world = World::new().await;
    let ada = user_with_thirty_habits(&world).await;
    for (backfill, grouping) in [("grace", "nothing"), ("week", "nothing"), ("week", "group"), ("week", "time")] {
        let preferences = json!({ "backfill": backfill, "groupDayBy": grouping });
        ada.send_json("PUT", "/api/account", &preferences).await.assert_status(200);
        let response = request_with_encoding(&ada, "GET", "/today", BROWSER_ENCODINGS).await.assert_status(200);
        let page = gunzip(&response);
        assert_eq!(page.matches("<li class=\"completion-row\"").count(), 30);
        assert!(page.matches("-day streak").count() > 20);
        let sizes = format!("{} bytes compressed, {} plain ({backfill}, {grouping})", response.body.len(), page.len());
        assert!(response.body.len() <= 15 * 1_024, "{sizes}");
    }
}

/// The URLs that a browser fetches to show a page.
fn subresources(page: &str) -> Vec<&str> {
    let tags = page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    tags.filter_map(|tag| {
        let name = if tag.starts_with("link ") { " href=\"" } else { " src=\"" };
        tag.split(name).nth(1)?.split('"').next()
    })
    .collect()
}

#[tokio::test]
async fn a_page_loads_nothing_but_immutable_assets() {
    let world = World::new().await;
    let ada = user_with_thirty_habits(&world).await;
    for path in ["/today", "/calendar", "/insights"] {
        let page = ada.get(path).await.assert_status(200).text();
        let subresources = subresources(&page);
        assert!((3..=6).contains(&subresources.len()), "{path}: {subresources:?}");
        // Browsers fetch the manifest after the page has rendered.
        for address in subresources.into_iter().filter(|address| *address != "/manifest.webmanifest") {
            assert!(address.starts_with("/assets/"), "{path} needs {address}");
            let asset = request_with_encoding(&ada, "GET", address, "gzip, br").await.assert_status(200);
            assert!(asset.header("cache-control").unwrap().contains("immutable"), "{address}");
        }
        assert!(
            !["<iframe", "<object", "<embed", "http-equiv", "srcset"].iter().any(|markup| page.contains(markup)),
            "{path}"
        );
    }
}
