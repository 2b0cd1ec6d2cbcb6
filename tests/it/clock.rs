//! The machine's clock is set wrong, and right again.

use serde_json::Value;

use crate::world::{NOON, World};

const YESTERDAY: &str = "2026-02-11T12:00:00Z";
const TOMORROW: &str = "2026-02-13T12:00:00Z";

/// Every page that somebody opens answers, and shows no time that runs backwards.
async fn all_is_well(world: &World, person: &crate::person::Person) {
    for page in ["/today", "/calendar", "/habits", "/insights", "/account", "/account/two-factor"] {
        person.get(page).await.is(200);
    }
    for numbers in ["/api/insights", "/api/account/sessions", "/api/auth/session"] {
        person.get(numbers).await.is(200).says_nothing_of(":-");
    }
    let devices = person.get("/api/account/sessions").await.is(200).data();
    assert!(!devices["sessions"].as_array().unwrap().is_empty());
    let health: Value = person.get("/api/health").await.is(200).json();
    assert!(health["data"]["uptimeSeconds"].as_u64().is_some(), "{health}");
    atlas::app::purge::purge(&world.site.app).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_goes_back_a_day_and_comes_again_disturbs_nobody() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    ada.ticks(&read, "2026-02-12", true).await.is(200);

    world.it_is(YESTERDAY);
    all_is_well(&world, &ada).await;
    // What was done on a day that is still to come stays, and that day is shut.
    ada.ticks(&read, "2026-02-12", false).await.says("has not begun yet");
    let ben = world.signed_up("ben").await;
    all_is_well(&world, &ben).await;

    world.it_is(NOON);
    all_is_well(&world, &ada).await;
    all_is_well(&world, &ben).await;
    assert_eq!(ada.done_on("2026-02-12").await, [read.as_str()]);
}

#[tokio::test]
async fn a_clock_that_runs_a_day_ahead_and_is_set_right_disturbs_nobody() {
    let world = World::at(TOMORROW).await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    ada.ticks(&read, "2026-02-13", true).await.is(200);
    world.it_is(NOON);
    all_is_well(&world, &ada).await;
    // The mails of a day to come are none of the last hour: a forgotten password can be asked for.
    let before = world.mails(&ada.email());
    ada.posts("/forgot-password", &[("email", &ada.email())]).await.is(303);
    assert_eq!(world.mails(&ada.email()), before + 1);
    world.it_is(TOMORROW);
    all_is_well(&world, &ada).await;
    assert_eq!(ada.done_on("2026-02-13").await, [read.as_str()]);
}

#[tokio::test]
async fn wrong_passwords_of_a_day_that_was_none_lock_nobody_out_for_a_day() {
    let world = World::at(TOMORROW).await;
    let ada = world.signed_up("ada").await;
    let mallory = world.stranger();
    let wrong = async || {
        let body = serde_json::json!({ "email": ada.email(), "password": "wrong wrong wrong" });
        mallory.sends("POST", "/api/auth/sign-in", &body).await.status
    };
    for _ in 0..20 {
        wrong().await;
    }
    world.it_is(NOON);
    let body = serde_json::json!({ "email": ada.email(), "password": crate::world::PASSWORD });
    mallory.sends("POST", "/api/auth/sign-in", &body).await.is(200);
}

#[tokio::test]
async fn days_change_at_midnight_where_somebody_lives_also_on_the_nights_when_clocks_do_and_past_2038() {
    // The last second of a day where Ada lives, and the first of the next.
    let nights = [
        ("2026-03-08T04:59:59Z", "2026-03-07", "2026-03-08T05:00:00Z", "2026-03-08"), // into the day of 23 hours
        ("2026-03-09T03:59:59Z", "2026-03-08", "2026-03-09T04:00:00Z", "2026-03-09"), // and out of it
        ("2026-11-01T03:59:59Z", "2026-10-31", "2026-11-01T04:00:00Z", "2026-11-01"), // into the day of 25 hours
        ("2026-11-02T04:59:59Z", "2026-11-01", "2026-11-02T05:00:00Z", "2026-11-02"), // and out of it
        ("2028-02-29T04:59:59Z", "2028-02-28", "2028-02-29T05:00:00Z", "2028-02-29"), // a leap day
        ("2028-03-01T04:59:59Z", "2028-02-29", "2028-03-01T05:00:00Z", "2028-03-01"),
        ("2038-01-19T04:59:59Z", "2038-01-18", "2038-01-19T05:00:00Z", "2038-01-19"), // past what 32 bits can count
        ("2100-03-01T04:59:59Z", "2100-02-28", "2100-03-01T05:00:00Z", "2100-03-01"), // no leap day
    ];
    let world = World::at("2026-03-01T12:00:00Z").await;
    let ada = world.signed_up_in("ada", "America/New_York").await;
    let read = ada.keeps("Read").await;
    for (last, evening, first, morning) in nights {
        world.it_is(last);
        ada.signs_in().await.is(303);
        ada.get("/today").await.is(200).says(&format!("data-day=\"{evening}\""));
        ada.ticks(&read, evening, true).await.is(200);
        world.it_is(first);
        ada.get("/today").await.is(200).says(&format!("data-day=\"{morning}\"")).says("0/1");
        ada.ticks(&read, morning, true).await.is(200);
        ada.get("/today").await.is(200).says("1/1").says(" in a row");
        assert_eq!(ada.done_on(evening).await, [read.as_str()], "{evening}");
        all_is_well(&world, &ada).await;
    }
    // The hour that comes twice, and the last second that 32 bits can count and the one after it.
    for (now, day) in [
        ("2026-11-01T05:30:00Z", "2026-11-01"),
        ("2026-11-01T06:30:00Z", "2026-11-01"),
        ("2038-01-19T03:14:07Z", "2038-01-18"),
        ("2038-01-19T03:14:08Z", "2038-01-18"),
    ] {
        world.it_is(now);
        ada.signs_in().await.is(303);
        ada.get("/today").await.is(200).says(&format!("data-day=\"{day}\""));
        all_is_well(&world, &ada).await;
    }
}
