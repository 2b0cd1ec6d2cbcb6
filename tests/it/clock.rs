//! A host clock that is wrong and then corrected.
//!
//! What a step back does to the instants that Atlas stores or keeps for later. The rule: nobody waits for the time to come again,
//! and what was to end ends later by the step at most.
//!
//! | instant | after a step back |
//! |---|---|
//! | mail: next attempt | due now, if it is further away than the pause after so many attempts |
//! | relay with wrong settings: next attempt | due now, if it is further away than 15 minutes |
//! | mail: expiry of its content | expires later by the step |
//! | windows and blocks of attempts, in memory and stored | a new window begins, and a block ends if its window began later |
//! | step of the last two-factor code | refuses nothing, if it is more than five minutes away |
//! | last use of a session | is replaced at the next use |
//! | age of a sign-in (for changes without a password) | counts as old |
//! | sessions, links, codes, challenges, resets, new addresses | expire later by the step |
//! | pauses between mails to an address, and hourly limits on them | future mails count for nothing |
//! | enrollment in two-factor authentication | has to begin again |
//! | scheduled snapshots | future snapshots delay nothing |
//! | retention of snapshots, mail, audit entries, and previews | what is from the future is kept longer by the step |
//! | the account of a running checklist | ends now, if it was to last longer than ten minutes |
//! | staging's approval of a binary | is refused while it is from the future: it may be forged |
//! | failures and overloads in a row (alerts, Sentry) | begin anew |

use atlas::app::identity::probe;
use serde_json::Value;

use crate::two_factor::{current_code, enable_two_factor, start_two_factor_sign_in, verify_sign_in_code};
use crate::world::{NOON, World};

const YESTERDAY: &str = "2026-02-11T12:00:00Z";
const TOMORROW: &str = "2026-02-13T12:00:00Z";

/// Asserts that every page responds and that no response contains a negative duration.
async fn assert_pages_work(world: &World, user: &crate::test_user::TestUser) {
    for page in [
        "/today",
        "/calendar",
        "/habits",
        "/insights",
        "/account",
        "/account/preferences",
        "/account/security",
        "/account/two-factor",
    ] {
        user.get(page).await.assert_status(200);
    }
    for path in ["/api/insights", "/api/account/sessions", "/api/auth/session"] {
        user.get(path).await.assert_status(200).assert_lacks(":-");
    }
    let sessions = user.get("/api/account/sessions").await.assert_status(200).data();
    assert!(!sessions["sessions"].as_array().unwrap().is_empty());
    let health: Value = user.get("/api/health").await.assert_status(200).json();
    assert!(health["data"]["uptimeSeconds"].as_u64().is_some(), "{health}");
    atlas::app::expiry::purge_expired(&world.state.app).await.unwrap();
}

#[tokio::test]
async fn a_clock_set_back_a_day_and_corrected_breaks_nothing() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);

    world.set_time(YESTERDAY);
    assert_pages_work(&world, &ada).await;
    // A completion of what is now a future day stays, and that day can't be changed.
    ada.set_completion(&read, "2026-02-12", false).await.assert_contains("complete future days");
    let ben = world.signed_in_user("ben").await;
    assert_pages_work(&world, &ben).await;

    world.set_time(NOON);
    assert_pages_work(&world, &ada).await;
    assert_pages_work(&world, &ben).await;
    assert_eq!(ada.completed_on("2026-02-12").await, [read.as_str()]);
}

#[tokio::test]
async fn a_clock_a_day_ahead_and_corrected_breaks_nothing() {
    let world = World::at_time(TOMORROW).await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-13", true).await.assert_status(200);
    world.set_time(NOON);
    assert_pages_work(&world, &ada).await;
    // Mail sent in the future doesn't use up the hourly limit: a password reset is still mailed.
    let before = world.mail_count(&ada.email());
    ada.post_form("/forgot-password", &[("email", &ada.email())]).await.assert_status(303);
    assert_eq!(world.mail_count(&ada.email()), before + 1);
    world.set_time(TOMORROW);
    assert_pages_work(&world, &ada).await;
    assert_eq!(ada.completed_on("2026-02-13").await, [read.as_str()]);
}

#[tokio::test]
async fn a_lockout_in_the_future_ends_when_the_clock_is_corrected() {
    let world = World::at_time(TOMORROW).await;
    let ada = world.signed_in_user("ada").await;
    let mallory = world.visitor();
    let try_wrong_password = async || {
        let body = serde_json::json!({ "email": ada.email(), "password": "wrong wrong wrong" });
        mallory.send_json("POST", "/api/auth/sign-in", &body).await.status
    };
    for _ in 0..20 {
        try_wrong_password().await;
    }
    world.set_time(NOON);
    let body = serde_json::json!({ "email": ada.email(), "password": crate::world::PASSWORD });
    mallory.send_json("POST", "/api/auth/sign-in", &body).await.assert_status(200);
}

#[tokio::test]
async fn the_day_changes_at_local_midnight_also_on_dst_nights_and_after_2038() {
    // The last second of a day in Ada's time zone with its date, and the first second of the next day with its date.
    let nights = [
        ("2026-03-08T04:59:59Z", "2026-03-07", "2026-03-08T05:00:00Z", "2026-03-08"), // start of the 23-hour day
        ("2026-03-09T03:59:59Z", "2026-03-08", "2026-03-09T04:00:00Z", "2026-03-09"), // end of it
        ("2026-11-01T03:59:59Z", "2026-10-31", "2026-11-01T04:00:00Z", "2026-11-01"), // start of the 25-hour day
        ("2026-11-02T04:59:59Z", "2026-11-01", "2026-11-02T05:00:00Z", "2026-11-02"), // end of it
        ("2028-02-29T04:59:59Z", "2028-02-28", "2028-02-29T05:00:00Z", "2028-02-29"), // a leap day
        ("2028-03-01T04:59:59Z", "2028-02-29", "2028-03-01T05:00:00Z", "2028-03-01"),
        ("2038-01-19T04:59:59Z", "2038-01-18", "2038-01-19T05:00:00Z", "2038-01-19"), // the day of the 32-bit overflow
        ("2100-03-01T04:59:59Z", "2100-02-28", "2100-03-01T05:00:00Z", "2100-03-01"), // not a leap year
    ];
    let world = World::at_time("2026-03-01T12:00:00Z").await;
    let ada = world.signed_in_user_in("ada", "America/New_York").await;
    let read = ada.create_habit("Read").await;
    for (last_second, old_day, first_second, new_day) in nights {
        world.set_time(last_second);
        ada.sign_in().await.assert_status(303);
        ada.get("/today").await.assert_status(200).assert_contains(&format!("data-day=\"{old_day}\""));
        ada.set_completion(&read, old_day, true).await.assert_status(200);
        world.set_time(first_second);
        ada.get("/today")
            .await
            .assert_status(200)
            .assert_contains(&format!("data-day=\"{new_day}\""))
            .assert_contains("0/1");
        ada.set_completion(&read, new_day, true).await.assert_status(200);
        ada.get("/today").await.assert_status(200).assert_contains("1/1").assert_contains("-day streak");
        assert_eq!(ada.completed_on(old_day).await, [read.as_str()], "{old_day}");
        assert_pages_work(&world, &ada).await;
    }
    // Both passes of the repeated hour, and the seconds around the 32-bit overflow.
    for (now, day) in [
        ("2026-11-01T05:30:00Z", "2026-11-01"),
        ("2026-11-01T06:30:00Z", "2026-11-01"),
        ("2038-01-19T03:14:07Z", "2038-01-18"),
        ("2038-01-19T03:14:08Z", "2038-01-18"),
    ] {
        world.set_time(now);
        ada.sign_in().await.assert_status(303);
        ada.get("/today").await.assert_status(200).assert_contains(&format!("data-day=\"{day}\""));
        assert_pages_work(&world, &ada).await;
    }
}

#[tokio::test]
async fn a_checklist_can_start_after_the_clock_was_set_back_during_another() {
    let world = World::at_time(TOMORROW).await;
    let app = &world.state.app;
    probe::start_probe(app).await.unwrap();
    assert!(probe::start_probe(app).await.is_err());
    world.set_time(NOON);
    probe::start_probe(app).await.unwrap();
    assert!(!probe::end_expired_probe(app).await.unwrap());
}

#[tokio::test]
async fn a_two_factor_code_works_after_the_clock_was_corrected() {
    let world = World::at_time(TOMORROW).await;
    let ada = world.signed_in_user("ada").await;
    let (authenticator, _) = enable_two_factor(&world, &ada).await;
    world.set_time(NOON);
    let challenge = start_two_factor_sign_in(&ada).await;
    let code = current_code(&authenticator, &world);
    verify_sign_in_code(&ada, &challenge, "totp", &code).await.assert_status(200);
}

#[tokio::test]
async fn a_session_used_before_the_clock_was_set_back_is_not_shown_as_used_in_the_future() {
    let world = World::at_time(TOMORROW).await;
    let ada = world.signed_in_user("ada").await;
    world.set_time(NOON);
    ada.get("/today").await.assert_status(200);
    // The response does not wait until the use is recorded.
    let last_use = async || {
        let sessions = ada.get("/api/account/sessions").await.assert_status(200).data();
        sessions["sessions"][0]["lastActiveAt"].as_str().unwrap().to_owned()
    };
    for _ in 0..1_000 {
        if last_use().await == "2026-02-12T12:00:00.000Z" {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{}", last_use().await);
}
