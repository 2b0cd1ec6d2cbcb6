//! Step-up verification for two-factor authentication: what is required to set it up, and challenges requested through
//! the API.

use atlas::domain::Email;
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::test_user::{TestResponse, TestUser};
use crate::two_factor::{
    current_code, enable_two_factor, set_time_step, start_two_factor_sign_in, text_between, verify_sign_in_code,
    wrong_code,
};
use crate::world::{PASSWORD, World, WorldOptions};

async fn set_up(user: &TestUser, body: &Value) -> TestResponse {
    user.send_json("POST", "/api/account/2fa/setup", body).await
}

/// Requests a step-up challenge and answers it with `password`. Returns the challenge token and the response.
async fn answer_step_up(user: &TestUser, action: &str, password: &str) -> (String, TestResponse) {
    let body = json!({ "action": action });
    let challenge = user.send_json("POST", "/api/account/step-up/challenge", &body).await.assert_status(200).data();
    let token = challenge["challengeToken"].as_str().unwrap().to_owned();
    let body = json!({ "challengeToken": token, "method": "password", "code": password });
    (token, user.send_json("POST", "/api/account/step-up/verify", &body).await)
}

#[tokio::test]
async fn a_recent_sign_in_needs_no_step_up_and_no_body_to_set_up_two_factor() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    world.set_time("2026-02-12T12:09:59Z");
    let response = ada.request("POST", "/api/account/2fa/setup", &[("sec-fetch-site", "same-origin")], b"").await;
    let setup = response.assert_status(200).data();
    // The setup can be completed within its own time limit, even though the sign-in is no longer recent.
    world.set_time("2026-02-12T12:24:58Z");
    let app = Authenticator::new(setup["secret"].as_str().unwrap());
    let body = json!({ "code": current_code(&app, &world) });
    ada.send_json("POST", "/api/account/2fa/enable", &body).await.assert_status(200);
}

#[tokio::test]
async fn a_stolen_session_cannot_set_up_two_factor_and_lock_the_owner_out() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    world.set_time("2026-02-12T12:10:00Z");
    let thief = world.visitor();
    thief.set_cookie("atlas-development", &ada.cookie("atlas-development").unwrap());
    set_up(&thief, &json!({})).await.assert_refused(401, "unauthorized");
    set_up(&thief, &json!({ "stepUpChallengeToken": "made-up" })).await.assert_refused(401, "unauthorized");
    // Neither an unanswered challenge, nor a wrong password, nor a step-up for another action is sufficient.
    let (unanswered, refused) = answer_step_up(&thief, "account_two_factor", "a wrong guess here").await;
    refused.assert_refused(401, "unauthorized");
    set_up(&thief, &json!({ "stepUpChallengeToken": unanswered })).await.assert_refused(401, "unauthorized");
    let (other_action, verified) = answer_step_up(&ada, "account_delete", PASSWORD).await;
    verified.assert_status(200);
    set_up(&thief, &json!({ "stepUpChallengeToken": other_action })).await.assert_refused(401, "unauthorized");
    // On the page, the button asks for the password and shows no secret.
    let page = thief
        .post_form("/account/two-factor", &[("what", "set-up")])
        .await
        .assert_status(200)
        .assert_contains("Confirm it's you");
    let page = page.assert_contains("Current password").assert_lacks("manual-secret");
    let challenge = text_between(&page.text(), "name=\"challengeToken\" value=\"", "\"");
    let fields = [("challengeToken", challenge.as_str()), ("method", "password"), ("code", "a wrong guess here")];
    thief.post_form("/account/verify", &fields).await.assert_status(422).assert_contains("Wrong password");
    thief.get("/account/two-factor").await.assert_status(200).assert_lacks("manual-secret");
    thief
        .send_json("POST", "/api/account/2fa/enable", &json!({ "code": "123456" }))
        .await
        .assert_refused(401, "unauthorized");
    assert_eq!(ada.get("/api/account/2fa").await.assert_status(200).data()["hasTotpSecret"], false);
    ada.sign_in().await;
}

#[tokio::test]
async fn an_older_session_sets_up_two_factor_after_confirming_the_password() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_in_user("ada").await, world.signed_in_user("bob").await);
    world.set_time("2026-02-12T15:00:00Z");
    let page = ada.post_form("/account/two-factor", &[("what", "set-up")]).await.assert_status(200).text();
    let challenge = text_between(&page, "name=\"challengeToken\" value=\"", "\"");
    let fields = [("challengeToken", challenge.as_str()), ("method", "password"), ("code", PASSWORD)];
    ada.post_form("/account/verify", &fields).await.assert_status(303).assert_redirects_to("/account/two-factor");
    ada.get("/account/two-factor").await.assert_status(200).assert_contains("manual-secret");

    let (step_up_token, verified) = answer_step_up(&bob, "account_two_factor", PASSWORD).await;
    verified.assert_status(200);
    let body = json!({ "stepUpChallengeToken": step_up_token });
    set_up(&ada, &body).await.assert_refused(401, "unauthorized");
    let setup = set_up(&bob, &body).await.assert_status(200).data();
    set_up(&bob, &body).await.assert_refused(401, "unauthorized");
    let app = Authenticator::new(setup["secret"].as_str().unwrap());
    let enable = json!({ "code": current_code(&app, &world) });
    bob.send_json("POST", "/api/account/2fa/enable", &enable).await.assert_status(200);
}

#[tokio::test]
async fn a_two_factor_setup_expires_after_a_quarter_of_an_hour() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let setup = set_up(&ada, &json!({})).await.assert_status(200).data();
    let app = Authenticator::new(setup["secret"].as_str().unwrap());
    world.set_time("2026-02-12T12:15:00Z");
    let enable = json!({ "code": current_code(&app, &world) });
    ada.send_json("POST", "/api/account/2fa/enable", &enable).await.assert_refused(401, "unauthorized");
    ada.get("/account/two-factor").await.assert_status(200).assert_contains("Set up 2FA").assert_lacks("manual-secret");
}

#[tokio::test]
async fn a_member_who_becomes_an_admin_while_signed_in_confirms_the_password_to_set_up_two_factor() {
    let mut world = World::with_options(crate::two_factor::staging_options()).await;
    let mut bob = TestUser::new("bob", &world);
    bob.host = "localhost:3999".to_owned();
    bob.sign_up("UTC").await;
    let mail = world.newest_mail(&bob.email()).unwrap();
    let token = text_between(&mail, "/verify-email?token=", "\n");
    bob.post_form("/verify-email", &[("token", &token)]).await.assert_status(303);
    bob.sign_in().await;
    world.set_time("2026-02-12T13:00:00Z");
    world.restart_with_settings(|settings| settings.admins.push(Email::parse(&bob.email()).unwrap())).await;
    bob.reconnect(&world);
    bob.get("/admin").await.assert_redirects_to("/account/two-factor");
    let page = bob.post_form("/account/two-factor", &[("what", "set-up")]).await.assert_status(200).text();
    let challenge = text_between(&page, "name=\"challengeToken\" value=\"", "\"");
    let fields = [("challengeToken", challenge.as_str()), ("method", "password"), ("code", PASSWORD)];
    bob.post_form("/account/verify", &fields).await.assert_status(303).assert_redirects_to("/account/two-factor");
    let page = bob.get("/account/two-factor").await.assert_status(200).text();
    let secret = text_between(&text_between(&page, "id=\"manual-secret\"", ">"), "value=\"", "\"");
    let code = current_code(&Authenticator::new(&secret), &world);
    bob.post_form("/account/two-factor", &[("what", "enable"), ("code", &code)]).await.assert_status(200);
    bob.get("/admin").await.assert_status(200);
}

async fn request_challenge(user: &TestUser, action: &str) -> TestResponse {
    user.send_json("POST", "/api/auth/2fa/challenge", &json!({ "action": action })).await
}

async fn verify_challenge(user: &TestUser, token: &str, method: &str, code: &str) -> TestResponse {
    let body = json!({ "challengeToken": token, "method": method, "code": code });
    user.send_json("POST", "/api/auth/2fa/challenge/verify", &body).await
}

fn challenge_token(response: TestResponse) -> String {
    response.assert_status(200).data()["challengeToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_challenge_verified_through_the_api_authorizes_only_its_action() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_in_user("ada").await, world.signed_in_user("bob").await);
    world.visitor().send_json("POST", "/api/auth/2fa/challenge", &json!({})).await.assert_refused(401, "unauthorized");
    request_challenge(&ada, "account_password_change").await.assert_refused(403, "forbidden");
    let (app, codes) = enable_two_factor(&world, &ada).await;
    for action in ["sign_in", "account_two_factor", "everything", ""] {
        request_challenge(&ada, action).await.assert_refused(400, "invalid_request");
    }
    set_time_step(&world, 1);
    let challenge = request_challenge(&ada, "account_password_change").await.assert_status(200).data();
    assert_eq!(challenge["expiresAt"], "2026-02-12T12:10:30.000Z");
    assert_eq!(challenge.as_object().unwrap().len(), 2);
    let token = challenge["challengeToken"].as_str().unwrap();
    let extra_field =
        json!({ "challengeToken": token, "method": "totp", "code": current_code(&app, &world), "extra": 1 });
    ada.send_json("POST", "/api/auth/2fa/challenge/verify", &extra_field).await.assert_refused(400, "invalid_request");
    verify_challenge(&ada, token, "password", PASSWORD).await.assert_refused(400, "invalid_request");
    verify_challenge(&ada, token, "totp", "").await.assert_refused(400, "invalid_request");
    verify_challenge(&ada, "nonsense", "totp", &current_code(&app, &world)).await.assert_refused(401, "unauthorized");
    verify_challenge(&bob, token, "recovery_code", &codes[0]).await.assert_refused(401, "unauthorized");
    verify_challenge(&ada, token, "totp", &wrong_code(&current_code(&app, &world)))
        .await
        .assert_refused(401, "unauthorized");
    let verified = verify_challenge(&ada, token, "totp", &current_code(&app, &world)).await.assert_status(200).data();
    let expected = json!({ "verified": true, "method": "totp", "action": "account_password_change", "verifiedAt": "2026-02-12T12:00:30.000Z" });
    assert_eq!(verified, expected);
    verify_challenge(&ada, token, "recovery_code", &codes[0]).await.assert_refused(401, "unauthorized");
    ada.send_json("POST", "/api/account/delete-request", &json!({ "stepUpChallengeToken": token }))
        .await
        .assert_status(401);
    let change = json!({ "password": "copper lantern meadow sixteen", "stepUpChallengeToken": token });
    ada.send_json("PUT", "/api/account", &change).await.assert_status(200);
    // A challenge expires after ten minutes and allows five wrong answers.
    let expired = challenge_token(request_challenge(&ada, "account_delete").await);
    world.set_time("2026-02-12T12:10:30Z");
    verify_challenge(&ada, &expired, "recovery_code", &codes[0]).await.assert_refused(401, "token_expired");
    let guessed = challenge_token(request_challenge(&ada, "account_delete").await);
    for _ in 0..5 {
        verify_challenge(&ada, &guessed, "recovery_code", "0000").await.assert_refused(401, "unauthorized");
    }
    let locked = verify_challenge(&ada, &guessed, "recovery_code", &codes[0]).await.assert_refused(429, "rate_limited");
    assert_eq!(locked.header("retry-after"), Some("300"));
}

#[tokio::test]
async fn only_admins_can_request_an_admin_access_challenge_and_it_authorizes_nothing_else() {
    let owner = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with_options(WorldOptions { variables: owner, ..WorldOptions::default() }).await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    request_challenge(&ada, "admin_access").await.assert_refused(403, "forbidden");
    enable_two_factor(&world, &ada).await;
    request_challenge(&ada, "admin_access").await.assert_refused(403, "forbidden");
    request_challenge(&olga, "admin_access").await.assert_refused(403, "forbidden");
    let (_, codes) = enable_two_factor(&world, &olga).await;
    let token = challenge_token(request_challenge(&olga, "admin_access").await);
    let verified = verify_challenge(&olga, &token, "recovery_code", &codes[0]).await.assert_status(200).data();
    assert_eq!((&verified["action"], &verified["method"]), (&json!("admin_access"), &json!("recovery_code")));
    olga.send_json("POST", "/api/account/delete-request", &json!({ "stepUpChallengeToken": token }))
        .await
        .assert_status(401);
    let body = json!({ "action": "admin_access" });
    let response = olga.send_json("POST", "/api/account/step-up/challenge", &body).await;
    response.assert_refused(400, "invalid_request");
}

/// Sends wrong codes, each in its own sign-in.
async fn send_wrong_codes(world: &World, app: &Authenticator, user: &TestUser, times: usize) {
    for _ in 0..times {
        let challenge = start_two_factor_sign_in(user).await;
        verify_sign_in_code(user, &challenge, "totp", &wrong_code(&current_code(app, world)))
            .await
            .assert_refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn slow_guessing_is_locked_out_for_hours_and_the_owner_is_notified_once_and_can_still_sign_in() {
    let mut world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (app, codes) = enable_two_factor(&world, &ada).await;
    let mallory = TestUser::new("ada", &world);
    let mails = world.mail_count("ada@example.com");
    // Four wrong codes at a time stay below the limit of the five-minute lockout.
    for minute in [5, 10, 15, 20] {
        world.set_time(&format!("2026-02-12T12:{minute:02}:00Z"));
        send_wrong_codes(&world, &app, &mallory, 4).await;
    }
    world.set_time("2026-02-12T12:25:00Z");
    send_wrong_codes(&world, &app, &mallory, 3).await;
    assert_eq!(world.mail_count("ada@example.com"), mails);
    send_wrong_codes(&world, &app, &mallory, 1).await;
    assert_eq!(world.mail_count("ada@example.com"), mails + 1);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("for twelve hours"));
    let challenge = start_two_factor_sign_in(&mallory).await;
    for _ in 0..4 {
        let refused = verify_sign_in_code(&mallory, &challenge, "totp", &current_code(&app, &world)).await;
        assert_eq!(refused.assert_refused(429, "rate_limited").header("retry-after"), Some("43200"));
    }
    assert_eq!(world.mail_count("ada@example.com"), mails + 1, "the owner is notified once");
    let fields = [("challenge", challenge.as_str()), ("method", "totp"), ("code", "123456")];
    mallory.post_form("/sign-in/verify", &fields).await.assert_status(429).assert_contains("Try again in 12 hours");
    // Every endpoint that takes a TOTP code refuses it, also after a restart.
    let challenge = challenge_token(request_challenge(&ada, "account_password_change").await);
    verify_challenge(&ada, &challenge, "totp", &current_code(&app, &world)).await.assert_refused(429, "rate_limited");
    world = world.restart().await;
    world.set_time("2026-02-13T00:24:59Z");
    let ada = TestUser::new("ada", &world);
    let challenge = start_two_factor_sign_in(&ada).await;
    verify_sign_in_code(&ada, &challenge, "totp", &current_code(&app, &world))
        .await
        .assert_refused(429, "rate_limited");
    verify_sign_in_code(&ada, &challenge, "recovery_code", &codes[0]).await.assert_status(200);
    // The day is not over yet, so the next wrong code starts another lockout.
    world.set_time("2026-02-13T00:25:00Z");
    send_wrong_codes(&world, &app, &ada, 1).await;
    let challenge = start_two_factor_sign_in(&ada).await;
    verify_sign_in_code(&ada, &challenge, "totp", &current_code(&app, &world))
        .await
        .assert_refused(429, "rate_limited");
    world.set_time("2026-02-13T12:25:00Z");
    verify_sign_in_code(&ada, &start_two_factor_sign_in(&ada).await, "totp", &current_code(&app, &world))
        .await
        .assert_status(200);
}

#[tokio::test]
async fn wrong_codes_below_the_daily_limit_do_not_carry_over() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (app, _) = enable_two_factor(&world, &ada).await;
    for (day, hours) in [(12, 12..16), (13, 12..16), (14, 12..16)] {
        for hour in hours {
            world.set_time(&format!("2026-02-{day}T{hour}:30:00Z"));
            send_wrong_codes(&world, &app, &ada, 4).await;
        }
    }
    world.set_time("2026-02-14T18:00:00Z");
    verify_sign_in_code(&ada, &start_two_factor_sign_in(&ada).await, "totp", &current_code(&app, &world))
        .await
        .assert_status(200);
}
