//! The insights page and the yearly page of a habit.

use serde_json::{Value, json};

use crate::test_user::TestUser;
use crate::world::World;

/// Creates a habit with a past start date and returns its id.
async fn create_habit_since(user: &TestUser, title: &str, since: &str, weekdays: &[i32]) -> String {
    let body = json!({ "title": title, "weekdays": weekdays, "createdAt": since });
    let habit = user.send_json("POST", "/api/habits/debug/create", &body).await.assert_status(200).data();
    habit["habit"]["id"].as_str().unwrap().to_owned()
}

/// Completes past days, each at 20:00 UTC of that day.
async fn complete_on(user: &TestUser, habit: &str, days: &[&str]) {
    for day in days {
        let body = json!({ "habitId": habit, "date": day, "completed": true }).to_string();
        let now = format!("{day}T20:00:00Z");
        let headers = [("content-type", "application/json"), ("x-atlas-test-now", now.as_str())];
        user.request("POST", "/api/completions", &headers, body.as_bytes()).await.assert_status(200);
    }
}

const DAILY: &[i32] = &[1, 2, 3, 4, 5, 6, 7];

/// Ada's local time is Thursday evening, 12 February; in UTC it is Friday. She has read every day since 29 January and
/// swum on Mondays since 2 February.
async fn ada_in_los_angeles() -> (World, TestUser, String) {
    let world = World::at_time("2026-02-13T05:00:00Z").await;
    let ada = world.signed_in_user_in("ada", "America/Los_Angeles").await;
    let read = create_habit_since(&ada, "Read", "2026-01-29", DAILY).await;
    let swim = create_habit_since(&ada, "Swim", "2026-02-02", &[1]).await;
    let days = ["2026-01-29", "2026-01-30", "2026-02-06", "2026-02-07", "2026-02-08"];
    complete_on(&ada, &read, &days).await;
    complete_on(&ada, &read, &["2026-02-10", "2026-02-11", "2026-02-12"]).await;
    complete_on(&ada, &swim, &["2026-02-09"]).await;
    (world, ada, read)
}

fn window_json(days: i32, scheduled: i32, completed: i32) -> Value {
    let rate = f64::from(completed) / f64::from(scheduled);
    json!({ "windowDays": days, "scheduled": scheduled, "completed": completed, "rate": rate })
}

fn weekday_json(number: i32, label: &str, scheduled: i32, completed: i32) -> Value {
    let rate = f64::from(completed) / f64::from(scheduled);
    json!({ "weekday": number, "label": label, "scheduled": scheduled, "completed": completed, "rate": rate })
}

#[tokio::test]
async fn the_insights_json_matches_figures_counted_by_hand_west_of_utc() {
    let (_world, ada, _) = ada_in_los_angeles().await;
    let found = ada.get("/api/insights").await.assert_status(200).data();
    assert_eq!(found["generatedAt"], "2026-02-12T00:00:00.000Z");
    assert_eq!(found["consistency"], json!([window_json(7, 8, 7), window_json(30, 17, 9), window_json(90, 17, 9)]));
    let stats = json!([
        weekday_json(1, "Monday", 4, 1),
        weekday_json(2, "Tuesday", 2, 1),
        weekday_json(3, "Wednesday", 2, 1),
        weekday_json(4, "Thursday", 3, 2),
        weekday_json(5, "Friday", 2, 2),
        weekday_json(6, "Saturday", 2, 1),
        weekday_json(7, "Sunday", 2, 1),
    ]);
    assert_eq!(
        found["weekdayStats"],
        json!({ "best": weekday_json(5, "Friday", 2, 2), "worst": weekday_json(1, "Monday", 4, 1), "stats": stats })
    );
    assert_eq!(
        found["trend"],
        json!({ "windowDays": 14, "currentRate": 0.5, "previousRate": 1.0, "delta": -0.5, "direction": "down" })
    );
    // The last column is Friday the 6th to Thursday the 12th; the 84 days begin on Friday 21 November.
    let mut values = vec![vec![0.0; 12]; 7];
    for (row, column, rate) in
        [(0, 11, 0.5), (1, 11, 1.0), (2, 11, 1.0), (3, 11, 1.0), (4, 11, 1.0), (5, 11, 1.0), (6, 11, 1.0)]
    {
        values[row][column] = rate;
    }
    values[4][10] = 1.0;
    values[3][9] = 1.0;
    assert_eq!(found["heatmap"], json!({ "weeks": 12, "weekdays": 7, "values": values }));
    assert_eq!(found.as_object().unwrap().len(), 7, "{found}");
}

#[tokio::test]
async fn the_insights_page_shows_the_figures_as_text_charts_and_tables() {
    let (_world, ada, read) = ada_in_los_angeles().await;
    let page = ada
        .get("/insights")
        .await
        .assert_status(200)
        .assert_contains("data-testid=\"insights-dashboard\"")
        .assert_contains(">Insights</h1>");
    let page = page
        .assert_contains("Last 90 days")
        .assert_contains("88%")
        .assert_contains("7 of 8 done")
        .assert_contains("9 of 17 done");
    let page = page
        .assert_contains("<strong>Friday</strong>, 100% <span class=\"hint\">(2 of 2)</span>")
        .assert_contains("<strong>Monday</strong>, 25% <span class=\"hint\">(1 of 4)</span>");
    let page = page.assert_contains("Going down").assert_contains("50% (8 of 16)").assert_contains("100% (1 of 1)");
    let page = page
        .assert_contains("Monday 25%, Tuesday 50%")
        .assert_contains("Every day from November 24, 2025 to February 12, 2026: all done on 8");
    let page = page.assert_contains("Mon, Feb 9: 1 of 2 done").assert_contains("<td>1/2</td>");
    // The week of February 9 has one missed Monday, and its last days are still to come.
    let page = page.assert_contains("Feb 9: 80% (4 of 5)").assert_contains("Feb 2: 38% (3 of 8)");
    let text = page.assert_contains(&format!("href=\"/habits/{read}\"")).text();
    // Three charts, and the weeks of two habits.
    assert_eq!(text.matches("role=\"img\"").count(), 5);
    assert_eq!(text.matches("role=\"img\" aria-label=\"").count(), 5, "a chart lacks its text alternative");
    assert_eq!(text.matches("Show as table").count(), 4, "a chart lacks its table");
    assert_eq!(text.matches("aria-current=\"page\"").count(), 1);
    assert!(!text.contains("style="), "the content security policy forbids inline styles");
}

#[tokio::test]
async fn strength_is_shown_by_habit_and_sorts_the_insights() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = create_habit_since(&ada, "Read", "2026-02-10", DAILY).await;
    let swim = create_habit_since(&ada, "Swim", "2026-02-05", DAILY).await;
    complete_on(&ada, &read, &["2026-02-12"]).await;
    complete_on(&ada, &swim, &["2026-02-10", "2026-02-11", "2026-02-12"]).await;
    let found = ada.get("/api/insights").await.assert_status(200).data();
    // A daily habit keeps 0.5^(1/13) of its strength each day.
    let kept = 0.5_f64.powf(1.0 / 13.0);
    for (index, habit, expected) in [(0, &read, 1.0 - kept), (1, &swim, 1.0 - kept.powi(3))] {
        let strength = &found["strengths"][index];
        assert_eq!(strength["habitId"], **habit);
        assert!((strength["strength"].as_f64().unwrap() - expected).abs() < 1e-12, "{found}");
    }
    let page = ada.get(&format!("/habits/{swim}")).await.assert_status(200);
    page.assert_contains("Strength</dt><dd class=\"figure-number\">15%<")
        .assert_contains("Strength over the last year: 0% on February 5, 2026, 15% on February 12, 2026");
    let order = async |query: &str| {
        let page = ada.get(&format!("/insights{query}")).await.assert_status(200).text();
        let list = page.split("class=\"by-habit\"").nth(1).unwrap().split("</ul>").next().unwrap().to_owned();
        assert!(list.contains("Strength 5%") && list.contains("Strength 15%"), "{list}");
        list.find("Read") < list.find("Swim")
    };
    assert!(order("").await && order("?sort=manual").await && order("?sort=nothing").await);
    assert!(!order("?sort=strength").await);
}

#[tokio::test]
async fn charts_and_heat_maps_begin_with_the_day_on_which_the_users_week_starts() {
    let (_world, ada, read) = ada_in_los_angeles().await;
    let ordered = |page: &str, first: &str, second: &str| {
        let at = |day: &str| page.find(&format!("text-anchor=\"middle\">{day}<")).expect(day);
        at(first) < at(second)
    };
    for path in ["/insights".to_owned(), format!("/habits/{read}")] {
        let page = ada.get(&path).await.text();
        assert!(ordered(&page, "Mon", "Sun") && ordered(&page, "Sat", "Sun"), "{path}");
    }
    ada.get("/insights").await.assert_contains("<th scope=\"col\">Mon</th><th scope=\"col\">Tue</th>");
    ada.send_json("PUT", "/api/account", &json!({ "weekStart": "sun" })).await.assert_status(200);
    for path in ["/insights".to_owned(), format!("/habits/{read}")] {
        let page = ada.get(&path).await.text();
        assert!(ordered(&page, "Sun", "Mon") && ordered(&page, "Mon", "Sat"), "{path}");
    }
    let page = ada.get("/insights").await.assert_contains("<th scope=\"col\">Sun</th><th scope=\"col\">Mon</th>");
    page.assert_contains("Every day from November 23, 2025 to February 12, 2026");
}

#[tokio::test]
async fn changing_the_schedule_leaves_past_days_unchanged() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = create_habit_since(&ada, "Read", "2026-02-02", DAILY).await;
    complete_on(&ada, &read, &["2026-02-09", "2026-02-10"]).await;
    let path = format!("/habits/{read}");
    ada.send_json("PUT", &format!("/api{path}"), &json!({ "weekdays": [1, 3] })).await.assert_status(200);
    let found = ada.get("/api/insights").await.assert_status(200).data();
    assert_eq!(found["consistency"][2], window_json(90, 10, 2), "ten past days were planned and today is not");
    let page = ada.get(&path).await.assert_status(200).assert_contains("2 of 10 scheduled days");
    page.assert_contains("From February 2, 2026: Every day").assert_contains("From February 12, 2026: Mon, Wed");
}

#[tokio::test]
async fn a_habits_page_leads_to_the_forms_that_edit_and_archive_it() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let page = ada.get(&format!("/habits/{read}")).await.text();
    for (link, expected) in [("Edit", "Changes apply from today."), ("Archive", "Archive this habit?")] {
        let before = page.split(&format!("\">{link}</a>")).next().unwrap();
        let (path, id) = before.rsplit("href=\"").next().unwrap().split_once('#').unwrap();
        ada.get(path).await.assert_contains(expected).assert_contains(&format!("id=\"{id}\""));
    }
}

#[tokio::test]
async fn an_archived_habit_leaves_the_insights_and_keeps_its_page() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let swim = create_habit_since(&ada, "Swim", "2026-02-02", DAILY).await;
    complete_on(&ada, &swim, &["2026-02-02", "2026-02-03", "2026-02-04", "2026-02-10", "2026-02-11"]).await;
    ada.send_json("DELETE", &format!("/api/habits/{swim}"), &json!({})).await.assert_status(200);
    let found = ada.get("/api/insights").await.assert_status(200).data();
    assert_eq!((&found["consistency"][2]["scheduled"], &found["weekdayStats"]["best"]), (&json!(0), &Value::Null));
    ada.get("/insights").await.assert_contains("No insights yet").assert_lacks("Swim");
    let page = ada
        .get(&format!("/habits/{swim}"))
        .await
        .assert_status(200)
        .assert_contains(">Swim</h1>")
        .assert_contains("This habit is archived");
    let page = page.assert_contains("From February 12, 2026: archived").assert_contains("5 of 10 scheduled days");
    let page = page.assert_contains("Done: 2 to 4, 10, 11. Missed: 5 to 9.").assert_contains("<td>5 to 9</td>");
    let text = page.text();
    assert!(text.contains("Current streak</dt><dd class=\"figure-number\">2<"), "{text}");
    assert!(text.contains("Longest streak</dt><dd class=\"figure-number\">3<"), "{text}");
    assert_eq!(text.matches("role=\"img\"").count(), text.matches("role=\"img\" aria-label=\"").count());
    world.set_time("2027-02-12T12:00:00Z");
    ada.sign_in().await;
    ada.get(&format!("/habits/{swim}")).await.assert_status(200).assert_contains("Done in 2026").assert_lacks("?year=");
}

#[tokio::test]
async fn another_members_habit_is_not_found() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let brian = world.signed_in_user("brian").await;
    let read = ada.create_habit("Read secretly").await;
    ada.get(&format!("/habits/{read}")).await.assert_status(200);
    brian.get(&format!("/habits/{read}")).await.assert_status(404).assert_lacks("secretly");
    brian.get(&format!("/habits/{read}?year=2026")).await.assert_status(404);
    brian.get("/insights").await.assert_status(200).assert_lacks("secretly");
    for id in ["0190c7a0-0000-7000-8000-000000000000", "nothing", "1", "%ff"] {
        ada.get(&format!("/habits/{id}")).await.assert_status(404);
    }
    world.visitor().get(&format!("/habits/{read}")).await.assert_status(307);
    world.visitor().get("/api/insights").await.assert_refused(401, "unauthorized");
}

#[tokio::test]
async fn years_with_data_link_to_each_other() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = create_habit_since(&ada, "Read", "2025-12-30", DAILY).await;
    complete_on(&ada, &read, &["2025-12-31", "2026-01-01", "2026-02-11"]).await;
    let path = format!("/habits/{read}");
    let year = async |year: &str| ada.get(&format!("{path}?year={year}")).await.assert_status(200);
    let current = ada
        .get(&path)
        .await
        .assert_status(200)
        .assert_contains("Done in 2026")
        .assert_contains("2 of 42 scheduled days");
    let current = current
        .assert_contains("?year=2025#")
        .assert_lacks("?year=2027")
        .assert_contains("January 2026. Done: 1. Missed: 2 to 31.");
    current.assert_contains("February 2026. Done: 11. Missed: 1 to 10. Due today: 12.").assert_lacks("March");
    let previous = year("2025")
        .await
        .assert_contains("Done in 2025")
        .assert_contains("1 of 2 scheduled days")
        .assert_contains("?year=2026#");
    previous.assert_lacks("?year=2024").assert_contains("December 2025. Done: 31. Missed: 30.");
    year("2024").await.assert_contains("Nothing was scheduled in 2024.").assert_contains("?year=2025#");
    year("2030").await.assert_contains("2030 hasn't started yet.").assert_contains("?year=2026#");
    for invalid in ["", "next", "99999", "-1", "1969", "2200", "2025.5"] {
        year(invalid).await.assert_contains("Done in 2026");
    }
}

#[tokio::test]
async fn a_habits_page_shows_its_periods_its_best_streaks_and_each_month_by_day_of_the_week() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = create_habit_since(&ada, "Read", "2025-12-29", DAILY).await;
    complete_on(&ada, &read, &["2025-12-30", "2025-12-31", "2026-01-01", "2026-02-10", "2026-02-11"]).await;
    let path = format!("/habits/{read}");
    for (query, expected) in [
        ("", "December 2025 67%, January 2026 3%, February 2026 18%"),
        ("?by=week", "Week of December 29, 2025 43%, Week of January 5, 2026 0%"),
        ("?by=quarter", "Q4 2025 67%, Q1 2026 7%"),
        ("?by=year", "2025 67%, 2026 7%"),
        ("?by=decade", "December 2025 67%"),
    ] {
        let page = ada.get(&format!("{path}{query}")).await.assert_status(200).assert_contains(expected);
        page.assert_contains("Dec 30, 2025 – Jan 1, 2026</th>")
            .assert_contains("Feb 10 – Feb 11, 2026 <span class=\"tag\">current");
    }
    // The chosen periods and the year stay when the other is changed.
    let page = ada.get(&format!("{path}?year=2025&by=week")).await.assert_contains("?year=2026&amp;by=week#year");
    let page = page.assert_contains("?year=2025&amp;by=quarter#history").assert_contains("?year=2025#history");
    page.assert_contains("<td data-level=\"4\" title=\"1 of 1, 100%\">1</td>")
        .assert_contains("<td data-level=\"0\" title=\"0 of 1, 0%\">0</td>")
        .assert_contains(&format!("href=\"/habits?edit={read}#edit-title\""));
}

#[tokio::test]
async fn pages_without_planned_days_explain_how_to_start() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let page = ada
        .get("/insights")
        .await
        .assert_status(200)
        .assert_contains("insights-dashboard")
        .assert_contains("No insights yet");
    page.assert_contains("href=\"/habits\"").assert_contains("New habit").assert_lacks("role=\"img\"");
    // Today is a Thursday.
    let swim = ada.create_habit_on("Swim", &[1]).await;
    ada.get("/insights").await.assert_contains("Nothing to show yet").assert_lacks("role=\"img\"");
    ada.get(&format!("/habits/{swim}"))
        .await
        .assert_status(200)
        .assert_contains("Nothing was scheduled in 2026 so far");
    let found = ada.get("/api/insights").await.assert_status(200).data();
    let empty = json!({ "best": null, "worst": null, "stats": [] });
    assert_eq!((&found["weekdayStats"], &found["trend"]["direction"]), (&empty, &json!("flat")));
    assert_eq!(found["consistency"][0], json!({ "windowDays": 7, "scheduled": 0, "completed": 0, "rate": 0.0 }));
}

#[tokio::test]
async fn the_first_week_has_no_trend() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = create_habit_since(&ada, "Read", "2026-02-10", DAILY).await;
    complete_on(&ada, &read, &["2026-02-10", "2026-02-11"]).await;
    ada.get("/insights")
        .await
        .assert_contains("Too early to tell")
        .assert_contains("100% (2 of 2)")
        .assert_lacks("Going up");
}

/// Imports a habit with 10 units a week as its goal, and one entry on each of these days. Returns the habit's id.
async fn import_amounts(user: &TestUser, since: &str, amounts: &[(&str, u32)]) -> String {
    let id = "0190c7a0-0000-7000-8000-00000000000a";
    let log = |(number, (day, amount)): (usize, &(&str, u32))| {
        let entry = json!({ "id": format!("0190c7a0-0000-7000-8000-{number:012}"), "amount": amount, "recordedAt": format!("{day}T12:00:00Z") });
        json!({ "habitId": id, "date": day, "entries": [entry] })
    };
    let goal = json!({ "kind": "atLeast", "target": 10_000, "per": "week" });
    let habit = json!({
        "id": id, "title": "Run", "sortOrder": 0, "createdAt": format!("{since}T00:00:00Z"), "activeWeekdays": DAILY, "unit": "km",
        "schedule": [{ "from": since, "weekdays": DAILY, "goal": goal }],
    });
    let logs: Vec<Value> = amounts.iter().enumerate().map(log).collect();
    let file = json!({ "schemaVersion": 2, "habits": [habit], "completions": [], "dayLogs": logs });
    user.send_json("POST", "/api/account/imports/self", &file).await.assert_status(200);
    let habits = user.get("/api/habits").await.assert_status(200).data();
    habits["habits"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_habits_page_measures_the_current_periods_against_their_targets() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    // Today is Thursday, February 12, 2026.
    let read = create_habit_since(&ada, "Read", "2026-01-01", DAILY).await;
    complete_on(&ada, &read, &["2026-01-05", "2026-02-02", "2026-02-05", "2026-02-09", "2026-02-10"]).await;
    let path = format!("/habits/{read}");
    let page = ada.get(&path).await.assert_status(200);
    page.assert_contains("<label for=\"target-week\">This week</label>")
        .assert_contains("<strong>2</strong> of 7 days")
        .assert_contains("<progress id=\"target-week\" max=\"7\" value=\"2\">")
        .assert_contains("2 by this day last week")
        .assert_contains("<strong>4</strong> of 28 days")
        .assert_contains("1 by this day last month")
        .assert_contains("<strong>5 days</strong> <span class=\"hint\">since January 5, 2026")
        .assert_contains("<strong>every 9 days</strong> <span class=\"hint\">planned every day")
        .assert_contains("<strong>by 1 day</strong>");
    let found = ada.get(&format!("/api{path}/figures?by=week")).await.assert_status(200).data();
    assert_eq!(
        found["targets"][1],
        json!({ "period": "month", "first": "2026-02-01", "last": "2026-02-28", "kind": "days", "done": 4, "target": 28, "before": 1 })
    );
    assert_eq!(found["totals"], json!({ "daysDone": 5, "firstDay": "2026-01-05", "amount": null, "entries": 0 }));
    assert_eq!(found["interval"], json!({ "averageDays": 9.0, "plannedDays": 1.0, "overdueDays": 1 }));
    assert_eq!(
        (&found["history"]["by"], &found["history"]["periods"][5]["first"]),
        (&json!("week"), &json!("2026-02-02"))
    );
    assert_eq!(found["frequency"]["months"][1], json!({ "month": "2026-02", "daysDone": [2, 1, 0, 1, 0, 0, 0] }));
    ada.send_json("DELETE", &format!("/api{path}"), &json!({})).await.assert_status(200);
    ada.get(&path).await.assert_lacks("target-week").assert_lacks("Overdue");
}

#[tokio::test]
async fn amounts_are_summed_up_against_the_target_of_each_period() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let amounts = [("2026-01-06", 4_500), ("2026-02-03", 3_000), ("2026-02-10", 2_500)];
    let run = import_amounts(&ada, "2026-01-01", &amounts).await;
    let page = ada.get(&format!("/habits/{run}")).await.assert_status(200);
    page.assert_contains("<strong>2.5</strong> of 10 km")
        .assert_contains("3 by this day last week")
        .assert_contains("<strong>5.5</strong> of 40 km")
        .assert_contains("4.5 by this day last month")
        .assert_contains("<strong>10 km</strong> <span class=\"hint\">in 3 entries")
        .assert_contains("Amount by month in km: January 2026 4.5, February 2026 5.5.");
    let found = ada.get(&format!("/api/habits/{run}/figures")).await.assert_status(200).data();
    let (kind, target) = (&found["targets"][0]["kind"], &found["targets"][0]["target"]);
    assert_eq!((kind, target, &found["targets"][1]["done"]), (&json!("atLeast"), &json!(10), &json!(5.5)));
    assert_eq!(found["totals"], json!({ "daysDone": 3, "firstDay": "2026-01-06", "amount": 10, "entries": 3 }));
    assert_eq!((&found["interval"], &found["history"]["periods"][0]["amount"]), (&Value::Null, &json!(4.5)));
}

#[tokio::test]
async fn insights_compare_the_last_days_with_as_many_before_once_the_habits_are_old_enough() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = create_habit_since(&ada, "Read", "2026-01-30", DAILY).await;
    complete_on(&ada, &read, &["2026-01-31", "2026-02-01", "2026-02-09", "2026-02-10", "2026-02-11", "2026-02-12"])
        .await;
    ada.get("/insights")
        .await
        .assert_contains("Last 7 days: 100% more than in the 7 days before.")
        .assert_lacks("Last 30 days:");
    let found = ada.get("/api/insights").await.assert_status(200).data();
    assert_eq!(
        found["comparisons"][0],
        json!({ "windowDays": 7, "currentRate": 4.0 / 7.0, "previousRate": 2.0 / 7.0, "changePercent": 100 })
    );
    assert_eq!(found["comparisons"][1]["changePercent"], Value::Null);
}
