//! Requests that are well-formed and say what cannot be: refused, or taken as one thing that is written down.

use serde_json::{Value, json};

use super::row;
use crate::world::World;

/// Titles, and whether one may be called that.
const TITLES: &[(&str, &str, bool)] = &[
    ("a NUL", "a\0b", false),
    ("a line break", "a\nb", false),
    ("an escape code of terminals", "a\u{1b}[2Jb", false),
    ("letters that reverse what follows", "a\u{202e}b", false),
    ("an isolate", "a\u{2067}b", false),
    ("zero-width characters alone", "\u{200b}\u{200d}\u{feff}", false),
    ("blanks alone", " \u{2003}\u{3164} ", false),
    ("60,000 letters", "", false),
    ("a family of one glyph", "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", true),
    ("markup", "<script>alert(1)</script>", true),
    ("a formula", "=cmd|' /C calc'!A0", true),
];

#[tokio::test]
async fn titles_and_names_that_lie_about_themselves_are_refused_and_the_rest_is_escaped() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    for (sent, title, may) in TITLES {
        let title = if title.is_empty() { "x".repeat(60_000) } else { (*title).to_owned() };
        let reply = ada.sends("POST", "/api/habits", &json!({ "title": title, "weekdays": [1] })).await;
        row("titles", sent, &reply.status.to_string());
        assert_eq!(reply.status, if *may { 201 } else { 400 }, "{sent}");
        let named = ada.posts("/account/name", &[("displayName", &title)]).await;
        row("names", sent, &named.status.to_string());
        assert_eq!(named.status, if *may { 303 } else { 422 }, "{sent}");
    }
    for path in ["/habits", "/account", "/today"] {
        ada.get(path).await.is(200).says_nothing_of("<script>alert");
    }
}

#[tokio::test]
async fn days_that_do_not_exist_and_numbers_that_are_none_are_refused() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let habit = ada.keeps("Read").await;
    let tick = |date: &str| json!({ "habitId": habit, "date": date, "completed": true }).to_string();
    let planned = |weekdays: &str| format!("{{\"title\":\"a\",\"weekdays\":{weekdays}}}");
    let ticks = |sent: &'static str, date: &str| ("/api/completions", sent, tick(date));
    let plans = |weekdays: &'static str| ("/api/habits", weekdays, planned(weekdays));
    let rows = [
        ticks("the 30th of February", "2026-02-30"),
        ticks("the 29th of February of 2025", "2025-02-29"),
        ticks("the year 10000", "10000-01-01"),
        ticks("the year -1", "-0001-01-01"),
        ticks("the year 1969", "1969-12-31"),
        ticks("the year 2200", "2200-01-01"),
        ticks("digits that are not ASCII", "２０２６-02-12"),
        ticks("a time of day", "2026-02-12T00:00:00Z"),
        ticks("a week", "2026-W07-4"),
        ticks("a blank before", " 2026-02-12"),
        plans("[0]"),
        plans("[8]"),
        plans("[1.0]"),
        plans("[1e0]"),
        plans("[1e999]"),
        plans("[\"1\"]"),
        plans("[9223372036854775808]"),
        plans("[-1]"),
        plans("[]"),
        plans("null"),
        ("/api/habits", "one key twice", "{\"title\":\"a\",\"title\":\"b\",\"weekdays\":[1]}".to_owned()),
    ];
    for (path, sent, body) in rows {
        let reply = ada.asks("POST", path, &[("content-type", "application/json")], body.as_bytes()).await;
        row(if path.ends_with("habits") { "numbers" } else { "days" }, sent, &reply.status.to_string());
        reply.is_refused(400, "invalid_request");
    }
    let list: Value = ada.get("/api/habits").await.is(200).data();
    assert_eq!(list["habits"].as_array().unwrap().len(), 1, "nothing of it was kept");
    assert!(ada.done_on("2026-02-12").await.is_empty());
}

#[tokio::test]
async fn of_a_field_sent_twice_the_first_counts() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let fields = [("title", "First"), ("title", "Second"), ("weekdays", "1"), ("weekdays", "1"), ("weekdays", "7")];
    ada.posts("/habits", &fields).await.is(303);
    row("forms", "one field twice", "the first counts");
    ada.get("/habits").await.says("First").says_nothing_of("Second");
    let many: Vec<(&str, &str)> = std::iter::repeat_n(("weekdays", "1"), 4_000).chain([("title", "Many")]).collect();
    ada.posts("/habits", &many).await.is(303);
    row("forms", "4,001 fields", "303, read as the set they are");
}
