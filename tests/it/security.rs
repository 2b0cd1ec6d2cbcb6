//! Account security: passwords, email changes, devices and deletion, including what an attacker may try.

use atlas::app::list_request::ListRequest;
use atlas::store;
use atlas::store::tables::counts;
use atlas::store::tables::counts::RowCounter;
use serde_json::{Value, json};

use crate::test_user::{TestResponse, TestUser};
use crate::world::{PASSWORD, World};

const NEW_PASSWORD: &str = "copper lantern meadow sixteen";

/// The token of the link to `/path?token=…` in the newest email to an address that contains one.
pub fn find_mailed_token(world: &World, to: &str, path: &str) -> String {
    let mails = atlas::app::mail::outbox::list_newest(&world.state.app, usize::MAX).unwrap();
    let texts = mails.into_iter().filter(|mail| mail.to.as_str() == to).filter_map(|mail| mail.body);
    let prefix = format!("/{path}?token=");
    let found =
        texts.filter_map(|letter| Some(letter.text.split_once(&prefix)?.1.split_whitespace().next()?.to_owned()));
    found.into_iter().next().unwrap_or_else(|| panic!("no email to {to} has a {path} link"))
}

async fn request_password_reset(user: &TestUser, email: &str) -> TestResponse {
    user.post_form("/forgot-password", &[("email", email)]).await
}

async fn reset_password(user: &TestUser, token: &str, password: &str) -> TestResponse {
    let fields = [("token", token), ("password", password), ("confirmPassword", password)];
    user.post_form("/reset-password", &fields).await
}

/// The challenge token in the step-up form of a page.
pub fn find_challenge_token(response: &TestResponse) -> String {
    let text = response.text();
    let rest = text.split("name=\"challengeToken\" value=\"").nth(1).expect("the page has a step-up form");
    rest.split('"').next().unwrap().to_owned()
}

pub async fn answer_challenge(user: &TestUser, token: &str, password: &str) -> TestResponse {
    let fields = [("challengeToken", token), ("method", "password"), ("code", password)];
    user.post_form("/account/verify", &fields).await
}

async fn submit_new_password(user: &TestUser, password: &str) -> TestResponse {
    user.post_form("/account/password", &[("password", password), ("confirmPassword", password)]).await
}

async fn sign_in_from_second_browser(world: &World, name: &'static str) -> TestUser {
    let user = TestUser::new(name, world);
    user.sign_in().await;
    user
}

/// Completes a step-up challenge through the API and returns its token, which then authorizes `action` once.
pub async fn complete_step_up(user: &TestUser, action: &str) -> String {
    let challenge = user
        .send_json("POST", "/api/account/step-up/challenge", &json!({ "action": action }))
        .await
        .assert_status(200)
        .data();
    assert_eq!(challenge["methods"], json!(["password"]));
    let token = challenge["challengeToken"].as_str().unwrap().to_owned();
    let body = json!({ "challengeToken": token, "method": "password", "code": PASSWORD });
    let verified = user.send_json("POST", "/api/account/step-up/verify", &body).await.assert_status(200).data();
    assert_eq!((&verified["verified"], &verified["stepUpChallengeToken"]), (&json!(true), &json!(token)));
    token
}

#[tokio::test]
async fn a_password_reset_link_works_once_and_ends_every_session() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let visitor = world.visitor();
    visitor.get("/sign-in").await.assert_status(200).assert_contains("/forgot-password");
    request_password_reset(&visitor, &ada.email())
        .await
        .assert_status(303)
        .assert_redirects_to("/forgot-password?sent");
    let older = find_mailed_token(&world, &ada.email(), "reset-password");
    world.set_time("2026-02-12T12:01:00Z");
    request_password_reset(&visitor, " ADA@example.com ").await.assert_status(303);
    let link = find_mailed_token(&world, &ada.email(), "reset-password");
    assert_ne!(older, link);
    visitor.get(&format!("/reset-password?token={older}")).await.assert_status(422).assert_contains("doesn't work");

    let page = visitor
        .get(&format!("/reset-password?token={link}"))
        .await
        .assert_status(200)
        .assert_contains("ada@example.com");
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    ada.get("/today").await.assert_status(200);
    reset_password(&visitor, &link, "short").await.assert_status(422).assert_contains("12");
    let page = reset_password(&visitor, &link, NEW_PASSWORD)
        .await
        .assert_status(200)
        .assert_contains("Your password was changed");
    assert!(page.header("set-cookie").unwrap().contains("Max-Age=0"), "a reset does not sign in");
    ada.get("/today").await.assert_status(307);
    ada.try_sign_in(PASSWORD).await.assert_status(422);
    ada.try_sign_in(NEW_PASSWORD).await.assert_status(303);
    reset_password(&visitor, &link, PASSWORD).await.assert_status(422).assert_contains("doesn't work");
    assert!(world.newest_mail("ada@example.com").unwrap().contains("was just changed"));
}

#[tokio::test]
async fn a_password_reset_link_expires_after_half_an_hour() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    request_password_reset(&ada, &ada.email()).await.assert_status(303);
    let link = find_mailed_token(&world, &ada.email(), "reset-password");
    world.set_time("2026-02-12T12:29:59Z");
    ada.get(&format!("/reset-password?token={link}")).await.assert_status(200);
    world.set_time("2026-02-12T12:30:00Z");
    reset_password(&ada, &link, NEW_PASSWORD).await.assert_status(422).assert_contains("expired");
    ada.try_sign_in(PASSWORD).await.assert_status(303);
}

#[tokio::test]
async fn requesting_a_reset_does_not_reveal_accounts_and_floods_no_inbox() {
    let world = World::new().await;
    let (ada, visitor) = (world.signed_in_user("ada").await, world.visitor());
    let unconfirmed = TestUser::new("grace", &world);
    unconfirmed.sign_up("UTC").await;
    for email in ["ada@example.com", "grace@example.com", "nobody@example.com"] {
        let api =
            visitor.send_json("POST", "/api/auth/forgot-password", &json!({ "email": email })).await.assert_status(200);
        assert_eq!(api.data(), json!({ "status": "sent" }), "{email}");
        request_password_reset(&visitor, email).await.assert_status(303).assert_redirects_to("/forgot-password?sent");
    }
    assert_eq!((world.mail_count("nobody@example.com"), world.mail_count("grace@example.com")), (0, 1));
    let before = world.mail_count("ada@example.com");
    for _ in 0..20 {
        request_password_reset(&visitor, &ada.email()).await.assert_status(303);
    }
    let why = "six emails an hour over all kinds, three of which were sent before: a confirmation and two resets";
    assert_eq!(world.mail_count("ada@example.com") - before, 3, "{why}");
    // Sign-ups with her address do not use up her password resets.
    world.set_time("2026-02-12T14:00:00Z");
    for _ in 0..20 {
        TestUser::new("ada", &world).sign_up("UTC").await;
    }
    let before = world.mail_count("ada@example.com");
    request_password_reset(&ada, &ada.email()).await.assert_status(303);
    assert_eq!(world.mail_count("ada@example.com") - before, 1);
}

#[tokio::test]
async fn changing_the_password_requires_the_old_one_and_ends_every_other_session() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let other_browser = sign_in_from_second_browser(&world, "ada").await;
    submit_new_password(&ada, "short").await.assert_status(422).assert_contains("12");
    let page = submit_new_password(&ada, NEW_PASSWORD)
        .await
        .assert_status(200)
        .assert_contains("Confirm it's you")
        .assert_contains("Current password");
    let challenge = find_challenge_token(&page);
    answer_challenge(&ada, &challenge, "not this one at all")
        .await
        .assert_status(422)
        .assert_contains("Wrong password");
    other_browser.get("/today").await.assert_status(200);
    answer_challenge(&ada, &challenge, PASSWORD)
        .await
        .assert_status(303)
        .assert_redirects_to("/account/security?saved");
    ada.get("/today").await.assert_status(200);
    other_browser.get("/today").await.assert_status(307);
    other_browser.try_sign_in(PASSWORD).await.assert_status(422);
    other_browser.try_sign_in(NEW_PASSWORD).await.assert_status(303);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("was just changed"));
    answer_challenge(&ada, &challenge, NEW_PASSWORD).await.assert_status(422).assert_contains("nothing was changed");
}

#[tokio::test]
async fn a_weak_password_is_refused_wherever_one_can_be_set() {
    let world = World::new().await;
    let user = world.signed_in_user("wilhelmina").await;
    request_password_reset(&user, &user.email()).await.assert_status(303);
    let link = find_mailed_token(&world, &user.email(), "reset-password");
    let step_up_token = complete_step_up(&user, "account_password_change").await;
    for weak in ["password1234", "qwertyuiop12", "Atlas-Habits-Atlas", "Wilhelmina-Atlas", "wilhelmina@example"] {
        let message = "easy to guess";
        let sign_up = json!({ "email": "wilhelmina@example.org", "password": weak, "displayName": "Wilhelmina" });
        let visitor = world.visitor();
        visitor
            .send_json("POST", "/api/auth/signup", &sign_up)
            .await
            .assert_refused(400, "invalid_request")
            .assert_contains(message);
        submit_new_password(&user, weak).await.assert_status(422).assert_contains(message);
        let change = json!({ "password": weak, "stepUpChallengeToken": step_up_token });
        user.send_json("PUT", "/api/account", &change)
            .await
            .assert_refused(400, "invalid_request")
            .assert_contains(message);
        reset_password(&user, &link, weak).await.assert_status(422).assert_contains(message);
        let reset = json!({ "token": link, "password": weak });
        user.send_json("POST", "/api/auth/reset-password", &reset)
            .await
            .assert_refused(400, "invalid_request")
            .assert_contains(message);
    }
    // A refused password consumes neither the link nor the step-up token.
    let change = json!({ "password": NEW_PASSWORD, "stepUpChallengeToken": step_up_token });
    user.send_json("PUT", "/api/account", &change).await.assert_status(200);
    user.try_sign_in(NEW_PASSWORD).await.assert_status(303);
}

#[tokio::test]
async fn step_up_guesses_are_locked_out_and_a_challenge_expires_after_ten_minutes() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let challenge = find_challenge_token(&submit_new_password(&ada, NEW_PASSWORD).await.assert_status(200));
    for _ in 0..5 {
        answer_challenge(&ada, &challenge, "a wrong guess here")
            .await
            .assert_status(422)
            .assert_contains("Wrong password");
    }
    answer_challenge(&ada, &challenge, PASSWORD).await.assert_status(422).assert_contains("Too many attempts");
    world.set_time("2026-02-12T12:05:00Z");
    answer_challenge(&ada, &challenge, PASSWORD).await.assert_status(303);
    let challenge = find_challenge_token(&submit_new_password(&ada, NEW_PASSWORD).await.assert_status(200));
    world.set_time("2026-02-12T12:15:00Z");
    answer_challenge(&ada, &challenge, NEW_PASSWORD).await.assert_status(422).assert_contains("too long");
}

#[tokio::test]
async fn a_step_up_token_works_once_for_one_action_and_one_account() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_in_user("ada").await, world.signed_in_user("bob").await);
    let change = |step_up_token: &str| json!({ "password": NEW_PASSWORD, "stepUpChallengeToken": step_up_token });
    ada.send_json("PUT", "/api/account", &json!({ "password": NEW_PASSWORD }))
        .await
        .assert_refused(401, "unauthorized");
    ada.send_json("PUT", "/api/account", &change("made-up")).await.assert_refused(401, "unauthorized");
    let for_email = complete_step_up(&ada, "account_email_change").await;
    ada.send_json("PUT", "/api/account", &change(&for_email)).await.assert_refused(401, "unauthorized");
    let bobs_token = complete_step_up(&bob, "account_password_change").await;
    ada.send_json("PUT", "/api/account", &change(&bobs_token)).await.assert_refused(401, "unauthorized");
    // An unanswered challenge authorizes nothing.
    let body = json!({ "action": "account_password_change" });
    let unanswered = ada.send_json("POST", "/api/account/step-up/challenge", &body).await.assert_status(200).data();
    let unanswered = unanswered["challengeToken"].as_str().unwrap().to_owned();
    ada.send_json("PUT", "/api/account", &change(&unanswered)).await.assert_refused(401, "unauthorized");
    let body = json!({ "challengeToken": unanswered, "method": "password", "code": PASSWORD });
    bob.send_json("POST", "/api/account/step-up/verify", &body).await.assert_refused(400, "token_invalid");

    let step_up_token = complete_step_up(&ada, "account_password_change").await;
    ada.send_json("PUT", "/api/account", &change(&step_up_token)).await.assert_status(200);
    ada.send_json("PUT", "/api/account", &change(&step_up_token)).await.assert_refused(401, "unauthorized");
    ada.try_sign_in(NEW_PASSWORD).await.assert_status(303);
    let mixed = json!({ "password": NEW_PASSWORD, "theme": "dark", "stepUpChallengeToken": "x" });
    ada.send_json("PUT", "/api/account", &mixed).await.assert_refused(400, "invalid_request");
}

#[tokio::test]
async fn a_new_address_takes_effect_once_confirmed_and_the_old_one_is_notified() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    ada.post_form("/account/email", &[("email", "no address")]).await.assert_status(422).assert_contains("no address");
    ada.post_form("/account/email", &[("email", "ada@example.com")])
        .await
        .assert_status(422)
        .assert_contains("already");
    let challenge = find_challenge_token(
        &ada.post_form("/account/email", &[("email", "Ada@New.example")]).await.assert_status(200),
    );
    answer_challenge(&ada, &challenge, PASSWORD).await.assert_status(200).assert_contains("Check your email");
    assert!(world.newest_mail("ada@example.com").unwrap().contains("asked to use another email address"));
    let visitor = world.visitor();
    visitor.post_form("/sign-in", &[("email", "ada@new.example"), ("password", PASSWORD)]).await.assert_status(422);

    let link = find_mailed_token(&world, "ada@new.example", "new-address");
    visitor.get(&format!("/new-address?token={link}")).await.assert_status(200).assert_contains("ada@new.example");
    let debug = "/api/auth/debug/verification-token?email=ada@new.example";
    assert_eq!(visitor.get(debug).await.assert_status(200).data()["token"], link);
    let account = ada.get("/account").await.assert_status(200).assert_contains("ada@example.com");
    account.assert_contains("We emailed a link to <strong>ada@new.example</strong>");
    visitor.post_form("/new-address", &[("token", &link)]).await.assert_status(200).assert_contains("confirmed");
    ada.get("/account").await.assert_status(200).assert_contains("ada@new.example");
    assert!(world.newest_mail("ada@example.com").unwrap().contains("now uses another email address"));
    visitor.post_form("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await.assert_status(422);
    visitor.post_form("/sign-in", &[("email", "ada@new.example"), ("password", PASSWORD)]).await.assert_status(303);
    visitor.post_form("/new-address", &[("token", &link)]).await.assert_status(422).assert_contains("doesn't work");
    // The old address can be used for a new account.
    TestUser::new("ada", &world).sign_up("UTC").await;
}

#[tokio::test]
async fn an_address_in_use_can_be_neither_taken_over_nor_detected() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_in_user("ada").await, world.signed_in_user("bob").await);
    let challenge =
        find_challenge_token(&ada.post_form("/account/email", &[("email", &bob.email())]).await.assert_status(200));
    answer_challenge(&ada, &challenge, PASSWORD).await.assert_status(200).assert_contains("Check your email");
    assert!(world.newest_mail("bob@example.com").unwrap().contains("You already have an account"));
    ada.get("/account").await.assert_contains("We emailed a link to <strong>bob@example.com</strong>");
    // Another user confirms the address while Ada's link is pending.
    let challenge = find_challenge_token(
        &ada.post_form("/account/email", &[("email", "carol@example.com")]).await.assert_status(200),
    );
    answer_challenge(&ada, &challenge, PASSWORD).await.assert_status(200);
    let link = find_mailed_token(&world, "carol@example.com", "new-address");
    let carol = world.signed_in_user("carol").await;
    ada.post_form("/new-address", &[("token", &link)]).await.assert_status(422).assert_contains("doesn't work");
    carol.get("/account").await.assert_status(200).assert_contains("carol@example.com");
    ada.get("/account").await.assert_status(200).assert_contains("ada@example.com");
}

#[tokio::test]
async fn a_password_reset_voids_everything_a_thief_started() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let thief = sign_in_from_second_browser(&world, "ada").await;
    let challenge = find_challenge_token(
        &thief.post_form("/account/email", &[("email", "thief@example.com")]).await.assert_status(200),
    );
    answer_challenge(&thief, &challenge, PASSWORD).await.assert_status(200);
    let link = find_mailed_token(&world, "thief@example.com", "new-address");
    let step_up_token = complete_step_up(&thief, "account_delete").await;
    request_password_reset(&ada, &ada.email()).await.assert_status(303);
    reset_password(&ada, &find_mailed_token(&world, &ada.email(), "reset-password"), NEW_PASSWORD)
        .await
        .assert_status(200);
    thief.post_form("/new-address", &[("token", &link)]).await.assert_status(422).assert_contains("doesn't work");
    let body = json!({ "stepUpChallengeToken": step_up_token });
    thief.send_json("POST", "/api/account/delete-request", &body).await.assert_refused(401, "unauthorized");
}

#[tokio::test]
async fn devices_are_listed_with_their_last_use_and_can_be_signed_out_singly_or_together() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (second, third) =
        (sign_in_from_second_browser(&world, "ada").await, sign_in_from_second_browser(&world, "ada").await);
    let bob = world.signed_in_user("bob").await;
    world.set_time("2026-02-12T12:30:00Z");
    second.get("/today").await.assert_status(200);
    let list_devices = async |user: &TestUser| -> Vec<Value> {
        user.get("/api/account/sessions").await.assert_status(200).data()["sessions"].as_array().unwrap().clone()
    };
    // The last use is recorded after the response is sent.
    let mut listed = list_devices(&ada).await;
    while listed[0]["lastActiveAt"] == "2026-02-12T12:00:00.000Z" || listed.len() < 3 {
        tokio::task::yield_now().await;
        listed = list_devices(&ada).await;
    }
    assert_eq!(listed.iter().filter(|device| device["isCurrent"] == true).count(), 1);
    assert!(listed.iter().all(|device| device["ipAddress"] == "127.0.0.1"));
    ada.get("/account/security")
        .await
        .assert_status(200)
        .assert_contains("Signed-in devices")
        .assert_contains("Sign out other devices");

    let third_device = list_devices(&third).await.into_iter().find(|device| device["isCurrent"] == true).unwrap();
    let path = format!("/api/account/sessions/{}", third_device["id"].as_str().unwrap());
    bob.request("DELETE", &path, &[("content-type", "application/json")], b"").await.assert_refused(404, "not_found");
    ada.request("DELETE", "/api/account/sessions/nonsense", &[], b"").await.assert_refused(404, "not_found");
    let ended = ada.request("DELETE", &path, &[], b"").await.assert_status(200).data();
    assert_eq!(ended, json!({ "revoked": true, "signedOutCurrent": false }));
    third.get("/today").await.assert_status(307);
    let others =
        ada.send_json("DELETE", "/api/account/sessions", &json!({ "scope": "others" })).await.assert_status(200).data();
    assert_eq!(others, json!({ "revokedCount": 1, "scope": "others", "signedOutCurrent": false }));
    second.get("/today").await.assert_status(307);
    ada.get("/today").await.assert_status(200);
    ada.post_form("/account/sessions", &[("which", "all")]).await.assert_status(303).assert_redirects_to("/sign-in");
    ada.get("/today").await.assert_status(307);
    bob.get("/today").await.assert_status(200);
}

#[tokio::test]
async fn beyond_fifty_devices_the_least_recently_used_is_signed_out() {
    let world = World::new().await;
    let oldest = world.signed_in_user("ada").await;
    world.set_time("2026-02-12T12:01:00Z");
    let phone = sign_in_from_second_browser(&world, "ada").await;
    let member =
        atlas::app::identity::sessions::find_member(&world.state.app, &phone.cookie("atlas-development").unwrap());
    let session = member.unwrap().unwrap().session;
    let add_sessions = move |txn: &mut store::WriteTxn<'_, '_>| -> Result<(), store::Error> {
        for n in 0..48 {
            store::tables::sessions::put(txn, &[n; 32], &session);
        }
        Ok(())
    };
    world.state.app.store.write(add_sessions).await.unwrap();
    world.set_time("2026-02-12T12:02:00Z");
    let newest = sign_in_from_second_browser(&world, "ada").await;
    oldest.get("/today").await.assert_status(307);
    phone.get("/today").await.assert_status(200);
    let listed = newest.get("/api/account/sessions").await.assert_status(200).data();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_but_anonymous_audit_entries() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let other_browser = sign_in_from_second_browser(&world, "ada").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    request_password_reset(&ada, &ada.email()).await.assert_status(303);
    let challenge = find_challenge_token(
        &ada.post_form("/account/email", &[("email", "ada@new.example")]).await.assert_status(200),
    );
    answer_challenge(&ada, &challenge, PASSWORD).await.assert_status(200);
    let id =
        ada.get("/api/account/exports/self").await.assert_status(200).json()["userId"].as_str().unwrap().to_owned();

    ada.post_form("/account/delete", &[("confirm", "yes")]).await.assert_status(422).assert_contains("Type “delete”");
    let challenge =
        find_challenge_token(&ada.post_form("/account/delete", &[("confirm", "Delete")]).await.assert_status(200));
    let _open = find_challenge_token(&submit_new_password(&ada, NEW_PASSWORD).await.assert_status(200));
    answer_challenge(&ada, &challenge, PASSWORD).await.assert_status(200).assert_contains("Account deleted");
    assert_eq!(ada.cookie("atlas-development"), None);
    other_browser.get("/today").await.assert_status(307);
    other_browser.try_sign_in(PASSWORD).await.assert_status(422);

    crate::deletion::assert_no_trace(&world, &id, &["ada@", "127.0.0.1", "Read", "argon2"]);
    let entries = atlas::app::admin::queries::list_audit_entries(
        &world.state.app,
        Some(id.parse().unwrap()),
        None,
        ListRequest::newest_first(None, 100),
    )
    .unwrap()
    .rows;
    assert!(
        entries.len() > 3 && entries.iter().all(|entry| entry.address.is_none() && entry.request_id.is_none()),
        "{entries:?}"
    );
    let confirmed = world.state.app.store.read(|txn| counts::read_counter(txn, RowCounter::Verified)).unwrap();
    assert_eq!(confirmed, 0);
}

#[tokio::test]
async fn the_emailed_code_confirms_an_address_and_guesses_are_limited() {
    let world = World::new().await;
    let ada = TestUser::new("ada", &world);
    ada.sign_up("UTC").await;
    let emailed_code = |world: &World| {
        let text = world.newest_mail("ada@example.com").unwrap();
        text.split_once("enter this code on the confirmation page: ").unwrap().1[..6].to_owned()
    };
    let try_code =
        async |code: &str| ada.post_form("/verify-email", &[("email", "ada@example.com"), ("digits", code)]).await;
    let right = emailed_code(&world);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        try_code(wrong)
            .await
            .assert_status(422)
            .assert_contains("wrong or has expired")
            .assert_contains("value=\"ada@example.com\"");
    }
    try_code(&right).await.assert_status(422).assert_contains("wrong or has expired");
    // Each email allows five guesses, each day ten.
    world.set_time("2026-02-12T12:10:00Z");
    ada.post_form("/verify-email/resend", &[("email", "ada@example.com")]).await.assert_status(303);
    let next = emailed_code(&world);
    try_code(&format!("{} {}", &next[..3], &next[3..])).await.assert_status(303).assert_redirects_to("/first-habit");
    ada.get("/today").await.assert_status(200);
    let other_browser = TestUser::new("ada", &world);
    let fields = [("email", "ada@example.com"), ("digits", next.as_str())];
    other_browser.post_form("/verify-email", &fields).await.assert_status(422).assert_contains("wrong or has expired");
    let body = json!({ "email": "nobody@example.com", "code": "123456" });
    ada.send_json("POST", "/api/auth/verify-email", &body).await.assert_refused(400, "invalid_request");
}

#[tokio::test]
async fn the_purge_removes_expired_rows_only() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let rows = |name: &'static str| world.state.app.store.read(|txn| txn.count(name)).unwrap();
    let _open = find_challenge_token(&submit_new_password(&ada, NEW_PASSWORD).await.assert_status(200));
    assert_eq!((rows("sessions"), rows("challenges"), rows("links")), (1, 1, 1));
    assert!(rows("audit") >= 2 && rows("mail") >= 1);
    atlas::app::expiry::purge_expired(&world.state.app).await.unwrap();
    assert_eq!((rows("sessions"), rows("challenges"), rows("links")), (1, 1, 1));
    world.set_time("2026-03-20T12:00:00Z");
    atlas::app::expiry::purge_expired(&world.state.app).await.unwrap();
    let emptied_tables = ["sessions", "account_sessions", "challenges", "links", "account_links", "mail"];
    assert_eq!(emptied_tables.map(rows), [0; 6]);
    assert!(rows("audit") >= 2, "audit entries are kept for 400 days");
    world.set_time("2027-03-20T12:00:00Z");
    atlas::app::expiry::purge_expired(&world.state.app).await.unwrap();
    assert_eq!((rows("audit"), rows("account_audit")), (0, 0));
    assert_eq!(rows("accounts"), 1);
}

#[tokio::test]
async fn after_signing_in_again_a_submitted_form_leads_back_to_its_page() {
    let world = World::new().await;
    let visitor = world.visitor();
    for (path, back) in [
        ("/account/email", "%2Faccount"),
        ("/account/preferences", "%2Faccount%2Fpreferences"),
        ("/account/verify", "%2Faccount"),
        ("/habits/x/move", "%2Fhabits%2Fx"),
        ("/today", "%2Ftoday"),
    ] {
        visitor.post_form(path, &[]).await.assert_status(303).assert_redirects_to(&format!("/sign-in?from={back}"));
    }
}

/// A valid body, for routes that parse it before they look up the resource.
fn valid_body_for(path: &str, habit: &str) -> Value {
    match path {
        "/api/entries/{id}" => json!({ "habitId": habit, "date": "2026-02-12", "amount": 1 }),
        "/api/habits/{id}" | "/api/habits/{id}/preview" => json!({ "title": "Stolen" }),
        _ => json!({}),
    }
}

#[tokio::test]
async fn every_route_with_an_id_answers_404_for_resources_of_others() {
    let world = World::new().await;
    let (ada, mallory) = (world.signed_in_user("ada").await, world.signed_in_user("mallory").await);
    let habit = ada.create_habit("Read").await;
    mallory.create_habit("Walk").await;
    let session = ada.get("/api/account/sessions").await.assert_status(200).data()["sessions"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let goal = json!({ "title": "Run", "weekdays": [1], "goal": { "kind": "atMost", "target": 5, "per": "week" } });
    let run = ada.send_json("POST", "/api/habits", &goal).await.assert_status(201).data();
    let entry = json!({ "habitId": run["habit"]["id"], "date": "2026-02-12", "amount": 1 });
    let entry = ada.send_json("POST", "/api/entries", &entry).await.assert_status(200).data();
    let entry = entry["result"]["id"].as_str().unwrap().to_owned();
    let file = mallory.get("/api/account/exports/self").await.assert_status(200).json();
    let import = ada.send_json("POST", "/api/account/imports/self", &file).await.assert_status(200).data();
    let import = import["import"].as_str().unwrap().to_owned();
    let mut request_count = 0;
    for route in atlas::web::route_table(true, true).into_iter().filter(|route| route.path.contains('{')) {
        // A resource that belongs to Ada. A route with a new kind of id needs one here.
        let id = match route.path {
            "/assets/{name}" | "/calendar/{date}" => continue, // Public.
            path if path.starts_with("/admin/") || path.starts_with("/api/admin/") => continue, // Tested in `admin`.
            path if path.starts_with("/habits/{id}") || path.starts_with("/api/habits/{id}") => &habit,
            "/api/account/sessions/{id}" => &session,
            "/api/entries/{id}" => &entry,
            "/account/imports/{id}/undo" | "/api/account/imports/{id}/undo" => &import,
            path => panic!("no resource for the id of {path}"),
        };
        let path = route.path.replace("{id}", id);
        let unknown = route.path.replace("{id}", "0190c7a0-0000-7000-8000-000000000000");
        for path in [path, unknown] {
            let response = match (route.method.as_str(), route.format()) {
                ("GET", _) => mallory.get(&path).await,
                (_, atlas::web::Format::Page) => {
                    let fields = [("title", "Stolen"), ("weekdays", "1"), ("direction", "up"), ("confirm", "Read")];
                    mallory.post_form(&path, &fields).await
                }
                (method, _) => mallory.send_json(method, &path, &valid_body_for(route.path, &habit)).await,
            };
            assert_eq!(response.status, 404, "{} {path}: {}", route.method, response.text());
            request_count += 1;
        }
    }
    assert!(request_count >= 16, "{request_count}");
    ada.get("/habits").await.assert_status(200).assert_contains("Read").assert_lacks("Stolen");
    ada.get("/today").await.assert_status(200);
}

/// Adds fields that vulnerable applications have accepted from clients (mass assignment).
fn with_protected_fields(body: &Value, id: &str) -> Value {
    let mut extended = json!({
        "id": id, "user_id": id, "owner": id, "role": "admin", "is_admin": true, "isAdmin": true, "email_verified": true,
        "emailVerifiedAt": "2020-01-01T00:00:00.000Z", "created_at": "2020-01-01", "createdAt": "2020-01-01",
        "archivedAt": "2020-01-01T00:00:00.000Z", "__proto__": { "isAdmin": true }, "constructor": { "prototype": { "isAdmin": true } },
    });
    extended.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    extended
}

#[tokio::test]
async fn protected_fields_are_ignored_wherever_they_are_sent() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let adas_habit = ada.create_habit("Read").await;
    let adas_id =
        ada.get("/api/auth/session").await.assert_status(200).json()["user"]["id"].as_str().unwrap().to_owned();
    let adas_habits = ada.get("/api/habits").await.assert_status(200).data();

    let mallory = TestUser::new("mallory", &world);
    let sign_up = json!({ "email": mallory.email(), "password": PASSWORD, "displayName": "Mallory" });
    mallory.send_json("POST", "/api/auth/signup", &with_protected_fields(&sign_up, &adas_id)).await.assert_status(201);
    mallory.try_sign_in(PASSWORD).await.assert_status(422).assert_contains("confirm your email first");
    mallory.confirm_email().await;
    mallory.sign_in().await;
    let read_session_user = async || mallory.get("/api/auth/session").await.assert_status(200).json()["user"].take();
    let before = read_session_user().await;
    assert_eq!((before["isAdmin"].as_bool(), before["id"] == adas_id.as_str()), (Some(false), false));
    assert_eq!(before["emailVerifiedAt"], "2026-02-12T12:00:00.000Z");

    let create = with_protected_fields(&json!({ "title": "Mine", "weekdays": [4] }), &adas_habit);
    let mine = mallory.send_json("POST", "/api/habits", &create).await.assert_status(201).data()["habit"].take();
    assert_ne!(mine["id"], adas_habit.as_str());
    assert_eq!((&mine["createdAt"], &mine["archivedAt"]), (&json!("2026-02-12T12:00:00.000Z"), &json!(null)));
    let path = format!("/api/habits/{}", mine["id"].as_str().unwrap());
    let change = with_protected_fields(&json!({ "title": "Still mine" }), &adas_habit);
    let changed = mallory.send_json("PUT", &path, &change).await.assert_status(200).data()["habit"].take();
    let mut expected = mine.clone();
    expected["title"] = json!("Still mine");
    assert_eq!(changed, expected);
    let only_protected = with_protected_fields(&json!({}), &adas_habit);
    mallory.send_json("PUT", &path, &only_protected).await.assert_refused(400, "invalid_request");

    let rename = with_protected_fields(&json!({ "displayName": "Mal" }), &adas_id);
    mallory.send_json("PUT", "/api/account", &rename).await.assert_status(200);
    mallory.send_json("PUT", "/api/account", &only_protected).await.assert_refused(400, "invalid_request");
    let completion = json!({ "habitId": mine["id"], "date": "2026-02-12", "completed": true });
    mallory
        .send_json("POST", "/api/completions", &with_protected_fields(&completion, &adas_id))
        .await
        .assert_status(200);
    let forged = [("id", adas_id.as_str()), ("user_id", &adas_id), ("role", "admin"), ("isAdmin", "true")];
    let form = |fields: &[(&'static str, &'static str)]| [fields, &forged].concat();
    mallory.post_form("/habits", &form(&[("title", "Form"), ("weekdays", "4")])).await.assert_status(303);
    mallory.post_form("/account/name", &form(&[("displayName", "Mallory")])).await.assert_status(303);

    assert_eq!(read_session_user().await, before, "nothing changed except the name, which was changed back");
    mallory.get("/admin").await.assert_status(307).assert_redirects_to("/today?refused=admin");
    assert_eq!(mallory.completed_on("2026-02-12").await, [mine["id"].as_str().unwrap()]);
    assert_eq!(ada.get("/api/habits").await.assert_status(200).data(), adas_habits);
    assert!(ada.completed_on("2026-02-12").await.is_empty());
}

#[tokio::test]
async fn disabling_an_account_voids_everything_a_thief_started() {
    let world = World::with_options(crate::world::WorldOptions {
        variables: vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())],
        ..crate::world::WorldOptions::default()
    })
    .await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    let thief = sign_in_from_second_browser(&world, "ada").await;
    let challenge = find_challenge_token(
        &thief.post_form("/account/email", &[("email", "thief@example.com")]).await.assert_status(200),
    );
    answer_challenge(&thief, &challenge, PASSWORD).await.assert_status(200);
    let link = find_mailed_token(&world, "thief@example.com", "new-address");
    request_password_reset(&thief, &ada.email()).await.assert_status(303);
    let reset = find_mailed_token(&world, "ada@example.com", "reset-password");
    let id =
        ada.get("/api/account/exports/self").await.assert_status(200).json()["userId"].as_str().unwrap().to_owned();
    olga.post_form(&format!("/admin/users/{id}/disable"), &[]).await.assert_status(303);
    thief.post_form("/new-address", &[("token", &link)]).await.assert_status(422).assert_contains("doesn't work");
    reset_password(&thief, &reset, NEW_PASSWORD).await.assert_status(422).assert_contains("doesn't work");
    let before = world.mail_count("ada@example.com");
    request_password_reset(&thief, &ada.email()).await.assert_status(303);
    assert_eq!(world.mail_count("ada@example.com"), before);
    olga.post_form(&format!("/admin/users/{id}/enable"), &[]).await.assert_status(303);
    thief.post_form("/new-address", &[("token", &link)]).await.assert_status(422).assert_contains("doesn't work");
    ada.sign_in().await;
}

#[tokio::test]
async fn address_changes_flood_no_inbox() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for n in 0..9 {
        let challenge = find_challenge_token(
            &ada.post_form("/account/email", &[("email", "victim@example.com")]).await.assert_status(200),
        );
        answer_challenge(&ada, &challenge, PASSWORD).await.assert_status(200).assert_contains("Check your email");
        assert_eq!(world.mail_count("victim@example.com"), 6.min(n + 1));
    }
}
