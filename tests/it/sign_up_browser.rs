//! Which browser is signed in when an address is confirmed: the one that signed up, once, and no other.

use serde_json::json;

use crate::test_user::{TestResponse, TestUser};
use crate::two_factor::{staging_options, text_between};
use crate::world::{PASSWORD, World, WorldOptions};

const COOKIE: &str = "atlas-development-sign-up";
const MALLORYS_PASSWORD: &str = "mallory waits behind doors";
const FIRST_PAGE: &str = "/first-habit";

/// The code of the newest mail to an address.
fn mailed_code(world: &World, email: &str) -> String {
    text_between(&world.newest_mail(email).unwrap(), "enter this code on the confirmation page: ", "\n")
        .trim()
        .to_owned()
}

fn mailed_token(world: &World, email: &str) -> String {
    crate::security::find_mailed_token(world, email, "verify-email")
}

async fn enter_code(browser: &TestUser, email: &str, code: &str) -> TestResponse {
    browser.post_form("/verify-email", &[("email", email), ("digits", code)]).await
}

async fn press_link(browser: &TestUser, token: &str) -> TestResponse {
    browser.post_form("/verify-email", &[("token", token)]).await
}

async fn assert_signed_in_as(browser: &TestUser, email: &str) {
    assert_eq!(browser.get("/api/auth/session").await.json()["user"]["email"], email);
}

async fn assert_signed_out(browser: &TestUser) {
    assert_eq!(browser.get("/api/auth/session").await.json(), json!({}));
}

/// Signs up as someone else with Ada's address, in a browser of their own.
async fn mallory_signs_up(world: &World) -> TestUser {
    let mallory = world.visitor();
    let fields = [
        ("displayName", "Mallory"),
        ("email", "ada@example.com"),
        ("password", MALLORYS_PASSWORD),
        ("confirmPassword", MALLORYS_PASSWORD),
        ("timeZone", "UTC"),
    ];
    mallory.post_form("/sign-up", &fields).await.assert_status(303).assert_redirects_to("/sign-up?sent");
    mallory
}

/// A world in which Ada has signed up and not confirmed her address.
async fn world_with_sign_up() -> (World, TestUser) {
    let world = World::new().await;
    let ada = TestUser::new("ada", &world);
    ada.sign_up("Europe/Lisbon").await;
    (world, ada)
}

#[tokio::test]
async fn the_code_signs_in_the_browser_that_signed_up() {
    let (world, ada) = world_with_sign_up().await;
    let page = ada.get("/sign-up?sent").await.assert_status(200).assert_contains("Check your email");
    page.assert_contains("<strong>ada@example.com</strong>").assert_contains("inputmode=\"numeric\"");
    let code = mailed_code(&world, &ada.email());
    enter_code(&ada, &ada.email(), &code).await.assert_status(303).assert_redirects_to(FIRST_PAGE);
    assert_signed_in_as(&ada, "ada@example.com").await;
    assert_eq!(ada.cookie(COOKIE), None, "the cookie is of no more use");
}

#[tokio::test]
async fn the_link_signs_in_the_browser_that_signed_up() {
    let (world, ada) = world_with_sign_up().await;
    let token = mailed_token(&world, &ada.email());
    // Opening it is not enough, in any browser.
    ada.get(&format!("/verify-email?token={token}")).await.assert_status(200).assert_contains("Confirm email");
    assert_signed_out(&ada).await;
    press_link(&ada, &token).await.assert_status(303).assert_redirects_to(FIRST_PAGE);
    assert_signed_in_as(&ada, "ada@example.com").await;
}

#[tokio::test]
async fn a_mail_scanner_that_presses_the_button_signs_nobody_in() {
    let (world, ada) = world_with_sign_up().await;
    let (token, code) = (mailed_token(&world, &ada.email()), mailed_code(&world, &ada.email()));
    let scanner = world.visitor();
    scanner.get(&format!("/verify-email?token={token}")).await.assert_status(200);
    press_link(&scanner, &token).await.assert_status(200).assert_contains("Your email is confirmed");
    assert_signed_out(&scanner).await;
    // The link and the code are used up, so they open nothing in Ada's browser either. Her password does.
    press_link(&ada, &token).await.assert_status(200).assert_contains("already confirmed");
    enter_code(&ada, &ada.email(), &code).await.assert_status(200).assert_contains("already confirmed");
    assert_signed_out(&ada).await;
    ada.sign_in().await;
}

#[tokio::test]
async fn on_another_device_the_link_and_the_code_only_confirm_the_address() {
    for by_code in [false, true] {
        let (world, ada) = world_with_sign_up().await;
        let phone = world.visitor();
        let confirmed = if by_code {
            enter_code(&phone, &ada.email(), &mailed_code(&world, &ada.email())).await
        } else {
            press_link(&phone, &mailed_token(&world, &ada.email())).await
        };
        let page = confirmed.assert_status(200).assert_contains("Your email is confirmed");
        // The sign-in form is there, with the address that the user of this browser knows already.
        page.assert_contains("action=\"/sign-in\"").assert_contains("value=\"ada@example.com\"");
        assert_signed_out(&phone).await;
        // A used link can be found later, so it no longer shows the address.
        let page = phone.get(&format!("/verify-email?token={}", mailed_token(&world, &ada.email()))).await;
        page.assert_contains("already confirmed").assert_lacks("ada@example.com");
    }
}

#[tokio::test]
async fn the_mail_of_one_sign_up_confirms_and_signs_in_no_rival() {
    // Mallory signs up before Ada or after her, and gets hold of the code that Ada requested, or of the other one.
    for mallory_is_first in [true, false] {
        let world = World::new().await;
        let ada = TestUser::new("ada", &world);
        let mut codes = Vec::new();
        let mut mallory = None;
        for is_mallory in [mallory_is_first, !mallory_is_first] {
            if is_mallory {
                mallory = Some(mallory_signs_up(&world).await);
            } else {
                ada.sign_up("UTC").await;
            }
            codes.push(mailed_code(&world, "ada@example.com"));
        }
        let mallory = mallory.unwrap();
        let (mallorys, adas) = if mallory_is_first { (&codes[0], &codes[1]) } else { (&codes[1], &codes[0]) };
        for (browser, code) in [(&mallory, adas), (&ada, mallorys)] {
            let page = enter_code(browser, "ada@example.com", code).await.assert_status(422);
            page.assert_contains("Enter your password so we know which is yours");
            assert_signed_out(browser).await;
        }
        // Ada's own code needs no password in her browser, although there are two sign-ups.
        enter_code(&ada, "ada@example.com", adas).await.assert_status(303);
        assert_signed_in_as(&ada, "ada@example.com").await;
        assert_eq!(ada.get("/api/auth/session").await.json()["user"]["name"], "ada");
        enter_code(&mallory, "ada@example.com", mallorys).await.assert_status(422);
        assert_signed_out(&mallory).await;
        TestUser::new("ada", &world).try_sign_in(MALLORYS_PASSWORD).await.assert_status(422);
        TestUser::new("ada", &world).sign_in().await;
    }
}

#[tokio::test]
async fn a_stolen_cookie_opens_nothing_without_the_mail_and_nothing_once_it_was_used() {
    let (world, ada) = world_with_sign_up().await;
    let cookie = ada.cookie(COOKIE).unwrap();
    let thief = world.visitor();
    thief.set_cookie(COOKIE, &cookie);
    for path in ["/today", "/account"] {
        thief.get(path).await.assert_status(307);
    }
    let (token, code) = (mailed_token(&world, &ada.email()), mailed_code(&world, &ada.email()));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    enter_code(&thief, &ada.email(), wrong).await.assert_status(422);
    assert_signed_out(&thief).await;
    enter_code(&ada, &ada.email(), &code).await.assert_status(303);
    thief.set_cookie(COOKIE, &cookie);
    enter_code(&thief, &ada.email(), &code).await.assert_status(200).assert_contains("already confirmed");
    press_link(&thief, &token).await.assert_status(200).assert_contains("already confirmed");
    assert_signed_out(&thief).await;
}

#[tokio::test]
async fn forged_cookies_and_those_of_another_environment_sign_nobody_in() {
    let (other_world, eva) = world_with_sign_up().await;
    let foreign = eva.cookie(COOKIE).unwrap();
    let (world, ada) = world_with_sign_up().await;
    let own = ada.cookie(COOKIE).unwrap();
    let (token, draft) = own.split_once('.').unwrap();
    let other = TestUser::new("ben", &world);
    other.sign_up("UTC").await;
    let bens = other.cookie(COOKIE).unwrap();
    let bens_draft = bens.split_once('.').unwrap().1;
    let forgeries = [
        foreign,
        format!("{}.{draft}", &token[1..]),
        format!(".{draft}"),
        "x".to_owned(),
        "x".repeat(4_000),
        bens.clone(),
    ];
    for (n, forged) in forgeries.iter().enumerate() {
        let browser = world.visitor();
        browser.set_cookie(COOKIE, forged);
        if *forged != bens {
            browser.get("/sign-up?sent").await.assert_status(200).assert_lacks("@example.com");
            browser.get("/sign-up?edit").await.assert_status(200).assert_lacks("@example.com");
        }
        let ada = TestUser::new("ada", &world);
        let address = ["a", "b", "c", "d", "e", "f"][n];
        let email = format!("{address}@example.com");
        let body = json!({ "email": email, "password": PASSWORD, "displayName": "Ada" });
        ada.send_json("POST", "/api/auth/signup", &body).await.assert_status(201);
        press_link(&browser, &mailed_token(&world, &email)).await.assert_status(200);
        assert_signed_out(&browser).await;
    }
    // The draft of one sign-up cannot be attached to the token of another.
    let browser = world.visitor();
    browser.set_cookie(COOKIE, &format!("{token}.{bens_draft}"));
    browser.get("/sign-up?sent").await.assert_status(200).assert_lacks("@example.com");
    drop(other_world);
}

#[tokio::test]
async fn an_hour_after_signing_up_the_code_confirms_and_the_password_is_needed() {
    for (time, status) in [("2026-02-12T12:59:59Z", 303), ("2026-02-12T13:00:00Z", 200), ("2026-02-13T12:00:00Z", 422)]
    {
        let (world, ada) = world_with_sign_up().await;
        let code = mailed_code(&world, &ada.email());
        world.set_time(time);
        enter_code(&ada, &ada.email(), &code).await.assert_status(status);
        let session = ada.get("/api/auth/session").await.json();
        assert_eq!(session.get("user").is_some(), status == 303, "{time}");
    }
}

#[tokio::test]
async fn another_email_keeps_the_browser_and_not_its_hour() {
    let (world, ada) = world_with_sign_up().await;
    world.set_time("2026-02-12T12:14:00Z");
    let resend = [("email", "ada@example.com")];
    ada.post_form("/verify-email/resend", &resend).await.assert_redirects_to("/sign-up?sent=again");
    ada.get("/sign-up?sent=again")
        .await
        .assert_contains("a new email is on its way")
        .assert_contains("ada@example.com");
    world.visitor().post_form("/verify-email/resend", &resend).await.assert_redirects_to("/verify-email?sent");
    let code = mailed_code(&world, &ada.email());
    world.set_time("2026-02-12T12:59:00Z");
    enter_code(&ada, &ada.email(), &code).await.assert_status(303).assert_redirects_to(FIRST_PAGE);

    let ben = TestUser::new("ben", &world);
    ben.sign_up("UTC").await;
    world.set_time("2026-02-12T13:58:00Z");
    ben.post_form("/verify-email/resend", &[("email", "ben@example.com")]).await.assert_status(303);
    world.set_time("2026-02-12T13:59:30Z");
    let code = mailed_code(&world, &ben.email());
    enter_code(&ben, &ben.email(), &code).await.assert_status(200).assert_contains("Your email is confirmed");
    assert_signed_out(&ben).await;
}

#[tokio::test]
async fn an_account_that_was_deleted_meanwhile_is_not_revived() {
    let (world, ada) = world_with_sign_up().await;
    let (token, code) = (mailed_token(&world, &ada.email()), mailed_code(&world, &ada.email()));
    let cookie = ada.cookie(COOKIE).unwrap();
    enter_code(&ada, &ada.email(), &code).await.assert_status(303);
    let proof = crate::security::complete_step_up(&ada, "account_delete").await;
    let body = json!({ "stepUpChallengeToken": proof });
    ada.send_json("POST", "/api/account/delete-request", &body).await.assert_status(200);
    let browser = world.visitor();
    browser.set_cookie(COOKIE, &cookie);
    enter_code(&browser, &ada.email(), &code).await.assert_status(422).assert_contains("wrong or has expired");
    press_link(&browser, &token).await.assert_status(422).assert_contains("doesn't work");
    assert_signed_out(&browser).await;
}

#[tokio::test]
async fn a_disabled_account_is_confirmed_and_not_signed_in() {
    let (world, ada) = world_with_sign_up().await;
    let id = atlas::app::admin::queries::find_user(&world.state.app, &ada.email()).unwrap();
    let operator = atlas::app::initiator::Initiator::operator();
    atlas::app::admin::accounts::disable_account(&world.state.app, &operator, id).await.unwrap();
    let code = mailed_code(&world, &ada.email());
    enter_code(&ada, &ada.email(), &code).await.assert_status(200);
    assert_signed_out(&ada).await;
    ada.try_sign_in(PASSWORD).await.assert_status(422).assert_contains("This account is disabled");
}

#[tokio::test]
async fn signing_up_while_signed_in_as_someone_else_ends_the_other_session() {
    let world = World::new().await;
    let bens_browser = world.signed_in_user("ben").await;
    let bens_session = bens_browser.cookie("atlas-development").unwrap();
    let fields = [
        ("displayName", "Ada"),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("confirmPassword", PASSWORD),
        ("timeZone", "UTC"),
    ];
    bens_browser.post_form("/sign-up", &fields).await.assert_redirects_to("/sign-up?sent");
    bens_browser.get("/sign-up?sent").await.assert_status(200).assert_contains("ada@example.com");
    assert_signed_in_as(&bens_browser, "ben@example.com").await;
    let code = mailed_code(&world, "ada@example.com");
    enter_code(&bens_browser, "ada@example.com", &code).await.assert_status(303);
    assert_signed_in_as(&bens_browser, "ada@example.com").await;
    let thief = world.visitor();
    thief.set_cookie("atlas-development", &bens_session);
    assert_signed_out(&thief).await;
}

#[tokio::test]
async fn going_back_and_submitting_twice_leads_to_the_first_page_and_counts_no_wrong_code() {
    let (world, ada) = world_with_sign_up().await;
    let (token, code) = (mailed_token(&world, &ada.email()), mailed_code(&world, &ada.email()));
    enter_code(&ada, &ada.email(), &code).await.assert_status(303);
    let session = ada.cookie("atlas-development").unwrap();
    for _ in 0..12 {
        enter_code(&ada, &ada.email(), &code).await.assert_status(303).assert_redirects_to("/today");
    }
    press_link(&ada, &token).await.assert_status(303).assert_redirects_to("/today");
    ada.get("/sign-up?sent").await.assert_status(303).assert_redirects_to("/today");
    assert_eq!(ada.cookie("atlas-development").unwrap(), session, "there is one session");
}

#[tokio::test]
async fn a_code_that_is_sent_twice_at_once_begins_one_session() {
    let (world, ada) = world_with_sign_up().await;
    let code = mailed_code(&world, &ada.email());
    let email = ada.email();
    let (one, other) = tokio::join!(enter_code(&ada, &email, &code), enter_code(&ada, &email, &code));
    let (first, second) = if one.status == 303 { (one, other) } else { (other, one) };
    first.assert_status(303).assert_redirects_to(FIRST_PAGE);
    // The browser shows the later answer, whose button leads on with the session of the other.
    let page = second.assert_status(200).assert_contains("already confirmed").assert_contains("href=\"/today\"");
    assert_eq!(page.header("set-cookie"), None);
    assert_signed_in_as(&ada, "ada@example.com").await;
}

#[tokio::test]
async fn signing_up_twice_in_one_browser_leaves_one_sign_up() {
    let (world, ada) = world_with_sign_up().await;
    let first = mailed_code(&world, &ada.email());
    world.set_time("2026-02-12T12:01:00Z");
    ada.sign_up("Europe/Lisbon").await;
    let second = mailed_code(&world, &ada.email());
    if first != second {
        enter_code(&ada, &ada.email(), &first).await.assert_status(422).assert_contains("wrong or has expired");
    }
    // Nor is the address contested on another device.
    let token = mailed_token(&world, &ada.email());
    let page = world.visitor().get(&format!("/verify-email?token={token}")).await;
    page.assert_status(200).assert_lacks("several sign-ups");
    enter_code(&ada, &ada.email(), &second).await.assert_status(303).assert_redirects_to(FIRST_PAGE);
}

#[tokio::test]
async fn a_taken_address_shows_the_same_page_and_the_same_cookie() {
    let world = World::new().await;
    world.signed_in_user("ada").await;
    let mut seen = Vec::new();
    for email in ["ada@example.com", "eva@example.com"] {
        let browser = world.visitor();
        let fields = [
            ("displayName", "Sam"),
            ("email", email),
            ("password", MALLORYS_PASSWORD),
            ("confirmPassword", MALLORYS_PASSWORD),
            ("timeZone", "UTC"),
        ];
        let answer = browser.post_form("/sign-up", &fields).await.assert_redirects_to("/sign-up?sent");
        let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
        let cookie = browser.cookie(COOKIE).unwrap().len();
        let mut pages = Vec::new();
        for response in [
            browser.get("/sign-up?sent").await,
            enter_code(&browser, email, "12345").await,
            enter_code(&browser, email, "").await,
            browser.post_form("/verify-email/resend", &[("email", email)]).await,
            browser.get("/sign-up?edit").await,
        ] {
            pages.push((response.status, response.text().replace(email, "the address")));
        }
        seen.push((names, cookie, pages));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn signing_up_again_in_one_browser_does_the_same_work_for_every_address() {
    let world = World::new().await;
    world.signed_in_user("ada").await;
    let mut work = Vec::new();
    for name in ["ada", "eva"] {
        let browser = TestUser::new(name, &world);
        for _ in 0..3 {
            let before = world.state.app.store.stats();
            browser.sign_up("UTC").await;
            world.state.app.store.flush().await.unwrap();
            let after = world.state.app.store.stats();
            work.push((after.commits - before.commits, after.rows - before.rows));
        }
    }
    assert_eq!(work[..3], work[3..], "a taken address, and a free one");
}

#[tokio::test]
async fn the_form_comes_back_with_what_was_entered_except_for_the_password() {
    let (_world, ada) = world_with_sign_up().await;
    ada.get("/sign-up?sent").await.assert_contains("href=\"/sign-up?edit\"");
    let form = ada.get("/sign-up?edit").await.assert_status(200);
    let form = form.assert_contains("value=\"ada@example.com\"").assert_contains("value=\"ada\"");
    form.assert_contains("<option value=\"Europe/Lisbon\" selected>").assert_lacks(PASSWORD);
    ada.get("/sign-up").await.assert_status(200).assert_lacks("ada@example.com");
    // A wrong code stays in its field.
    let page = enter_code(&ada, &ada.email(), "12 34").await.assert_status(422);
    page.assert_contains("value=\"12 34\"").assert_contains("wrong or has expired").assert_contains("aria-invalid");
    enter_code(&ada, &ada.email(), " ").await.assert_status(422).assert_contains("Enter the 6-digit code");
}

#[tokio::test]
async fn the_next_user_of_a_shared_browser_sees_nothing_of_a_sign_up() {
    let (world, ada) = world_with_sign_up().await;
    world.set_time("2026-02-12T12:14:00Z");
    ada.get("/sign-up?edit").await.assert_contains("ada@example.com");
    world.set_time("2026-02-12T12:15:01Z");
    for page in ["/sign-up?edit", "/sign-up?sent", "/sign-up"] {
        ada.get(page).await.assert_status(200).assert_lacks("ada@example.com");
    }
    // The code still signs this browser in.
    enter_code(&ada, &ada.email(), &mailed_code(&world, &ada.email())).await.assert_redirects_to(FIRST_PAGE);
    assert_eq!(ada.cookie(COOKIE).unwrap_or_default(), "");

    let bob = world.signed_in_user("bob").await;
    let sign_up = "a sign-up of someone else";
    bob.set_cookie(COOKIE, sign_up);
    bob.sign_in().await;
    assert_eq!(bob.cookie(COOKIE).unwrap_or_default(), "", "signing in ends a sign-up");
    bob.set_cookie(COOKIE, sign_up);
    bob.post_form("/sign-out", &[]).await.assert_status(303);
    assert_eq!(bob.cookie(COOKIE).unwrap_or_default(), "", "and so does signing out");
}

#[tokio::test]
async fn above_the_limit_the_typed_code_stays_in_its_field() {
    let variables = vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned())];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let ada = TestUser::new("ada", &world);
    ada.sign_up("UTC").await;
    for _ in 0..10 {
        enter_code(&ada, &ada.email(), "1").await.assert_status(422);
    }
    let page = enter_code(&ada, &ada.email(), "123 456").await.assert_status(429);
    page.assert_contains("Too many attempts").assert_contains("value=\"123 456\"").assert_contains("ada@example.com");
}

#[tokio::test]
async fn an_owner_who_signs_up_is_led_to_two_factor_authentication_where_admins_need_it() {
    let world = World::with_options(staging_options()).await;
    for (name, first_page) in [("ada", "/account/two-factor"), ("bob", FIRST_PAGE)] {
        let mut user = TestUser::new(name, &world);
        user.host = "localhost:3999".to_owned();
        user.sign_up("UTC").await;
        let code = mailed_code(&world, &user.email());
        enter_code(&user, &user.email(), &code).await.assert_status(303).assert_redirects_to(first_page);
        if name == "ada" {
            user.get("/admin").await.assert_status(303).assert_redirects_to("/account/two-factor");
        }
    }
}

#[tokio::test]
async fn a_script_that_signs_up_and_confirms_gets_no_session() {
    let (world, ada) = world_with_sign_up().await;
    let body = json!({ "email": "ada@example.com", "code": mailed_code(&world, &ada.email()) });
    let answer = ada.send_json("POST", "/api/auth/verify-email", &body).await.assert_status(200);
    assert_eq!(answer.header("set-cookie"), None);
    let body = json!({ "email": "eva@example.com", "password": PASSWORD, "displayName": "Eva" });
    let answer = ada.send_json("POST", "/api/auth/signup", &body).await.assert_status(201);
    assert_eq!(answer.header("set-cookie"), None);
    assert_signed_out(&ada).await;
}
