//! Well-formed requests with invalid values: refused, or interpreted in one documented way.

use serde_json::{Value, json};

use super::print_row;
use crate::world::World;

/// Titles, and whether they are accepted.
const TITLES: &[(&str, &str, bool)] = &[
    ("a NUL", "a\0b", false),
    ("a line break", "a\nb", false),
    ("an escape code of terminals", "a\u{1b}[2Jb", false),
    ("a right-to-left override", "a\u{202e}b", false),
    ("an isolate", "a\u{2067}b", false),
    ("only zero-width characters", "\u{200b}\u{200d}\u{feff}", false),
    ("only blanks", " \u{2003}\u{3164} ", false),
    ("60,000 letters", "", false),
    ("a joined emoji", "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", true),
    ("markup", "<script>alert(1)</script>", true),
    ("a formula", "=cmd|' /C calc'!A0", true),
];

#[tokio::test]
async fn deceptive_titles_and_names_are_refused_and_markup_is_escaped() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for (input, title, is_accepted) in TITLES {
        let title = if title.is_empty() { "x".repeat(60_000) } else { (*title).to_owned() };
        let response = ada.send_json("POST", "/api/habits", &json!({ "title": title, "weekdays": [1] })).await;
        print_row("titles", input, &response.status.to_string());
        assert_eq!(response.status, if *is_accepted { 201 } else { 400 }, "{input}");
        let rename = ada.post_form("/account/name", &[("displayName", &title)]).await;
        print_row("names", input, &rename.status.to_string());
        assert_eq!(rename.status, if *is_accepted { 303 } else { 422 }, "{input}");
    }
    for path in ["/habits", "/account", "/today"] {
        ada.get(path).await.assert_status(200).assert_lacks("<script>alert");
    }
}

#[tokio::test]
async fn invalid_dates_and_numbers_are_refused() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit("Read").await;
    let completion = |date: &str| json!({ "habitId": habit, "date": date, "completed": true }).to_string();
    let habit_json = |weekdays: &str| format!("{{\"title\":\"a\",\"weekdays\":{weekdays}}}");
    let dated = |input: &'static str, date: &str| ("/api/completions", input, completion(date));
    let scheduled = |weekdays: &'static str| ("/api/habits", weekdays, habit_json(weekdays));
    let rows = [
        dated("the 30th of February", "2026-02-30"),
        dated("the 29th of February of 2025", "2025-02-29"),
        dated("the year 10000", "10000-01-01"),
        dated("the year -1", "-0001-01-01"),
        dated("the year 1969", "1969-12-31"),
        dated("the year 2200", "2200-01-01"),
        dated("digits that are not ASCII", "２０２６-02-12"),
        dated("a time of day", "2026-02-12T00:00:00Z"),
        dated("a week", "2026-W07-4"),
        dated("a blank before", " 2026-02-12"),
        scheduled("[0]"),
        scheduled("[8]"),
        scheduled("[1.0]"),
        scheduled("[1e0]"),
        scheduled("[1e999]"),
        scheduled("[\"1\"]"),
        scheduled("[9223372036854775808]"),
        scheduled("[-1]"),
        scheduled("[]"),
        scheduled("null"),
        ("/api/habits", "one key twice", "{\"title\":\"a\",\"title\":\"b\",\"weekdays\":[1]}".to_owned()),
    ];
    for (path, input, body) in rows {
        let response = ada.request("POST", path, &[("content-type", "application/json")], body.as_bytes()).await;
        print_row(if path.ends_with("habits") { "numbers" } else { "days" }, input, &response.status.to_string());
        response.assert_refused(400, "invalid_request");
    }
    let list: Value = ada.get("/api/habits").await.assert_status(200).data();
    assert_eq!(list["habits"].as_array().unwrap().len(), 1, "nothing was saved");
    assert!(ada.completed_on("2026-02-12").await.is_empty());
}

#[tokio::test]
async fn the_first_value_of_a_repeated_field_is_used() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let fields = [("title", "First"), ("title", "Second"), ("weekdays", "1"), ("weekdays", "1"), ("weekdays", "7")];
    ada.post_form("/habits", &fields).await.assert_status(303);
    print_row("forms", "one field twice", "the first is used");
    ada.get("/habits").await.assert_contains("First").assert_lacks("Second");
    let many: Vec<(&str, &str)> = std::iter::repeat_n(("weekdays", "1"), 4_000).chain([("title", "Many")]).collect();
    ada.post_form("/habits", &many).await.assert_status(303);
    print_row("forms", "4,001 fields", "303, read as a set");
}
