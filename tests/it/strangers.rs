//! What people without an account or an inbox can learn about an address, and what they can cause for its owner.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::security::{complete_step_up, find_mailed_token};
use crate::test_user::{TestResponse, TestUser};
use crate::world::{PASSWORD, World};

const MALLORYS_PASSWORD: &str = "mallory waits behind doors";
const NEW_PASSWORD: &str = "copper lantern meadow sixteen";

/// Signs up with someone else's address.
async fn sign_up(world: &World, email: &str, password: &str) {
    let body = json!({ "email": email, "password": password, "displayName": "Buy at evil.example" });
    world.visitor().send_json("POST", "/api/auth/signup", &body).await.assert_status(201);
}

/// What a client sees of a response, except for ids and times.
fn visible(response: &TestResponse) -> (u16, BTreeMap<String, String>, String) {
    let varying = ["date", "x-request-id"];
    let headers = response.headers.iter().filter(|(name, _)| !varying.contains(&name.as_str()));
    (response.status, headers.cloned().collect(), response.text())
}

/// What signing in with an address and a password answers: as JSON, then as a form.
async fn sign_in_answers(world: &World, email: &str, password: &str) -> [(u16, BTreeMap<String, String>, String); 2] {
    let visitor = world.visitor();
    let body = json!({ "email": email, "password": password });
    let json = visitor.send_json("POST", "/api/auth/sign-in", &body).await;
    let page = visitor.post_form("/sign-in", &[("email", email), ("password", password), ("from", "/today")]).await;
    [json, page].map(|response| {
        let (status, headers, text) = visible(&response);
        (status, headers, text.replace(email, "the address").replace(&email.replace('@', "%40"), "the address"))
    })
}

fn error_code(answers: &[(u16, BTreeMap<String, String>, String); 2]) -> String {
    let body: Value = serde_json::from_str(&answers[0].2).unwrap();
    body["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_sign_up_and_a_sign_in_with_its_password_reveal_no_account() {
    let world = World::new().await;
    world.signed_in_user("ada").await;
    let [known, unknown] = ["ada@example.com", "eva@example.com"];
    for email in [known, unknown] {
        sign_up(&world, email, MALLORYS_PASSWORD).await;
    }
    for (password, code) in [
        (MALLORYS_PASSWORD, "email_not_verified"),
        ("wrong wrong wrong", "invalid_credentials"),
        (MALLORYS_PASSWORD, "email_not_verified"),
    ] {
        let answers = sign_in_answers(&world, known, password).await;
        assert_eq!(answers, sign_in_answers(&world, unknown, password).await, "{password}");
        assert_eq!(error_code(&answers), code, "{password}");
    }
    // A newer sign-up takes the place of an older one for both.
    for email in [known, unknown] {
        sign_up(&world, email, NEW_PASSWORD).await;
        assert_eq!(error_code(&sign_in_answers(&world, email, MALLORYS_PASSWORD).await), "invalid_credentials");
        assert_eq!(error_code(&sign_in_answers(&world, email, NEW_PASSWORD).await), "email_not_verified");
    }
    // After a week both are forgotten.
    world.set_time("2026-02-19T12:00:00Z");
    for email in [known, unknown] {
        assert_eq!(error_code(&sign_in_answers(&world, email, NEW_PASSWORD).await), "invalid_credentials", "{email}");
    }
}

#[tokio::test]
async fn a_strangers_sign_up_reveals_nothing_of_what_the_owner_does_later() {
    let world = World::new().await;
    sign_up(&world, "ada@example.com", MALLORYS_PASSWORD).await;
    let expect_unchanged = async |after: &str| {
        let code = error_code(&sign_in_answers(&world, "ada@example.com", MALLORYS_PASSWORD).await);
        assert_eq!(code, "email_not_verified", "{after}");
    };
    let ada = TestUser::new("ada", &world);
    ada.sign_up("UTC").await;
    // The address has one pending sign-up, the newest.
    assert_eq!(error_code(&sign_in_answers(&world, "ada@example.com", MALLORYS_PASSWORD).await), "invalid_credentials");
    let token = ada.newest_token().await;
    sign_up(&world, "ada@example.com", MALLORYS_PASSWORD).await;
    ada.post_form("/verify-email", &[("token", &token)]).await.assert_status(303);
    expect_unchanged("confirming").await;
    ada.sign_in().await;
    expect_unchanged("signing in").await;

    let proof = complete_step_up(&ada, "account_password_change").await;
    let body = json!({ "password": NEW_PASSWORD, "stepUpChallengeToken": proof });
    ada.send_json("PUT", "/api/account", &body).await.assert_status(200);
    expect_unchanged("changing the password").await;

    let body = json!({ "email": "ada@example.com" });
    world.visitor().send_json("POST", "/api/auth/forgot-password", &body).await.assert_status(200);
    let token = find_mailed_token(&world, "ada@example.com", "reset-password");
    let body = json!({ "token": token, "password": PASSWORD });
    world.visitor().send_json("POST", "/api/auth/reset-password", &body).await.assert_status(200);
    expect_unchanged("resetting the password").await;

    ada.sign_in().await;
    let proof = complete_step_up(&ada, "account_email_change").await;
    let body = json!({ "email": "ada@new.example.com", "stepUpChallengeToken": proof });
    ada.send_json("PUT", "/api/account", &body).await.assert_status(200);
    let token = find_mailed_token(&world, "ada@new.example.com", "new-address");
    ada.post_form("/new-address", &[("token", &token)]).await.assert_status(200);
    expect_unchanged("moving to another address").await;
    assert_eq!(
        error_code(&sign_in_answers(&world, "ada@new.example.com", MALLORYS_PASSWORD).await),
        "invalid_credentials",
        "the sign-up belongs to the address, not to the account"
    );

    let world = world.restart().await;
    let code = error_code(&sign_in_answers(&world, "ada@example.com", MALLORYS_PASSWORD).await);
    assert_eq!(code, "email_not_verified", "after a restart");
}

#[tokio::test]
async fn a_strangers_sign_up_neither_opens_an_account_nor_resets_its_lockout() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    sign_up(&world, "ada@example.com", MALLORYS_PASSWORD).await;
    let answer = async |password: &str| error_code(&sign_in_answers(&world, "ada@example.com", password).await);
    // Four guesses: each call makes two. Mallory's own password in between doesn't begin a new count.
    for _ in 0..2 {
        assert_eq!(answer("wrong wrong wrong").await, "invalid_credentials");
        assert_eq!(answer(MALLORYS_PASSWORD).await, "email_not_verified");
    }
    assert_eq!(answer("wrong wrong wrong").await, "invalid_credentials");
    let new_browser = TestUser::new("ada", &world);
    new_browser.try_sign_in(PASSWORD).await.assert_status(422).assert_contains("Wrong email or password");
    assert_eq!(answer(MALLORYS_PASSWORD).await, "invalid_credentials", "an unknown address would be locked, too");
    // The browser that Ada signed in with before has a count of its own.
    ada.sign_in().await;
}

#[tokio::test]
async fn a_sign_in_by_the_owner_does_not_show_in_what_a_stranger_is_answered() {
    let world = World::new().await;
    world.signed_in_user("ada").await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "eva@example.com"] {
        sign_up(&world, email, MALLORYS_PASSWORD).await;
        let visitor = world.visitor();
        let mut seen = Vec::new();
        for n in 0..6 {
            // Ada signs in from a new browser half-way, which restarts the count of her account.
            if n == 3 && email.starts_with("ada") {
                TestUser::new("ada", &world).sign_in().await;
            }
            for password in ["wrong wrong wrong", MALLORYS_PASSWORD] {
                let body = json!({ "email": email, "password": password });
                seen.push(visitor.send_json("POST", "/api/auth/sign-in", &body).await.json()["error"]["code"].clone());
            }
        }
        answers.push(seen);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn an_owner_gets_in_with_any_mailed_link_no_matter_how_many_strangers_signed_up() {
    let world = World::new().await;
    for n in 0..6 {
        sign_up(&world, "ada@example.com", &format!("mallory waits behind doors {n}")).await;
    }
    let ada = TestUser::new("ada", &world);
    ada.sign_up("Europe/Lisbon").await;
    world.set_time("2026-02-12T12:01:00Z");
    for n in 6..22 {
        sign_up(&world, "ada@example.com", &format!("mallory waits behind doors {n}")).await;
    }
    let token = ada.newest_token().await;
    // Her sign-up is no longer among those that are compared.
    let page = ada.post_form("/verify-email", &[("token", &token), ("password", PASSWORD)]).await.assert_status(422);
    page.assert_contains("Choose a new one").assert_contains("Save and confirm email");
    let new_sign_up = |name: &'static str, confirmation: &'static str| {
        [
            ("token", token.clone()),
            ("displayName", name.to_owned()),
            ("password", PASSWORD.to_owned()),
            ("confirmPassword", confirmation.to_owned()),
            ("timeZone", "Europe/Lisbon".to_owned()),
        ]
    };
    let submit = async |fields: &[(&str, String)]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ada.post_form("/verify-email", &fields).await
    };
    submit(&new_sign_up("Ada", "something else"))
        .await
        .assert_status(422)
        .assert_contains("The passwords don't match")
        .assert_contains("value=\"Ada\"");
    submit(&new_sign_up("Ada", PASSWORD)).await.assert_status(200).assert_contains("Your email is confirmed");
    ada.sign_in().await;
    let session = ada.get("/api/auth/session").await.json();
    assert_eq!(session["user"]["name"], "Ada", "nothing of the strangers' sign-ups is left");
    let settings = ada.get("/account/preferences").await.text();
    assert!(settings.contains("value=\"Europe/Lisbon\" selected"));
    submit(&new_sign_up("Mallory", PASSWORD)).await.assert_redirects_to("/today");
    assert_eq!(ada.get("/api/auth/session").await.json()["user"]["name"], "Ada", "a used link changes nothing");
}

#[tokio::test]
async fn the_api_confirms_an_address_with_a_new_sign_up() {
    let world = World::new().await;
    let ada = TestUser::new("ada", &world);
    sign_up(&world, "ada@example.com", MALLORYS_PASSWORD).await;
    let token = ada.newest_token().await;
    let body = json!({ "token": token, "password": "short", "displayName": "Ada", "timeZone": "Europe/Lisbon" });
    ada.send_json("POST", "/api/auth/verify-email", &body).await.assert_refused(400, "invalid_request");
    let body = json!({ "token": token, "password": PASSWORD, "displayName": "Ada", "timeZone": "Europe/Lisbon" });
    ada.send_json("POST", "/api/auth/verify-email", &body).await.assert_status(200);
    ada.sign_in().await;
    ada.send_json("POST", "/api/auth/verify-email", &body).await.assert_refused(400, "token_invalid");
    TestUser::new("ada", &world).try_sign_in(MALLORYS_PASSWORD).await.assert_status(422);
}

/// Asks for `email` as the new address of the user's account.
async fn request_address(user: &TestUser, email: &str) {
    let proof = complete_step_up(user, "account_email_change").await;
    let body = json!({ "email": email, "stepUpChallengeToken": proof });
    user.send_json("PUT", "/api/account", &body).await.assert_status(200);
}

#[tokio::test]
async fn all_strangers_together_send_an_address_six_mails_an_hour_and_the_first_of_each_kind() {
    let world = World::new().await;
    let mut accounts = Vec::new();
    for name in ["ada", "ben", "cora", "dan", "eva"] {
        accounts.push(world.signed_in_user(name).await);
    }
    for user in &accounts {
        request_address(user, "zoe@example.com").await;
        request_address(user, "zoe@example.com").await;
    }
    assert_eq!(world.mail_count("zoe@example.com"), 6);
    for n in 0..8 {
        sign_up(&world, "zoe@example.com", &format!("mallory waits behind doors {n}")).await;
        let body = json!({ "email": "zoe@example.com" });
        for path in ["/api/auth/resend-verification", "/api/auth/forgot-password"] {
            world.visitor().send_json("POST", path, &body).await.assert_status(200);
        }
    }
    assert_eq!(world.mail_count("zoe@example.com"), 7, "the owner needs the first mail of a sign-up");
    let zoe = TestUser::new("zoe", &world);
    let token = zoe.newest_token().await;
    let body = json!({ "token": token, "password": PASSWORD, "displayName": "Zoe" });
    zoe.send_json("POST", "/api/auth/verify-email", &body).await.assert_status(200);

    // The first reset link to an account is sent, too, no matter how many other mails were.
    request_address(&accounts[0], "zoe@example.com").await;
    assert_eq!(world.mail_count("zoe@example.com"), 7, "the notice of a taken address can wait");
    let forgot = json!({ "email": "zoe@example.com" });
    for _ in 0..3 {
        world.visitor().send_json("POST", "/api/auth/forgot-password", &forgot).await.assert_status(200);
    }
    assert_eq!(world.mail_count("zoe@example.com"), 8);
    find_mailed_token(&world, "zoe@example.com", "reset-password");

    // What only the owner can cause is not limited.
    zoe.sign_in().await;
    request_address(&zoe, "zoe@new.example.com").await;
    assert_eq!(world.mail_count("zoe@example.com"), 9, "the notice of the requested change");
    assert_eq!(world.mail_count("zoe@new.example.com"), 1);
    world.set_time("2026-02-12T13:00:00Z");
    world.visitor().send_json("POST", "/api/auth/forgot-password", &forgot).await.assert_status(200);
    assert_eq!(world.mail_count("zoe@example.com"), 10, "an hour later mail is sent again");
}
