//! Two-factor authentication: a password alone is not enough to sign in, and neither a lost phone nor a new server
//! secret locks a member out.

use atlas::app::identity::keys::Purpose;
use atlas::domain::accounts::audit::Actor;
use atlas::domain::accounts::step_up::{Challenge, ProtectedAction};
use atlas::domain::{Account, Client, Email};
use atlas::store;
use atlas::store::tables::{accounts, challenges};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::test_user::{TestResponse, TestUser};
use crate::world::{PASSWORD, World, WorldOptions};

/// Sets the clock to the start of a TOTP time step, counted in 30-second steps from noon.
pub fn set_time_step(world: &World, step: i64) {
    let noon: jiff::Timestamp = crate::world::NOON.parse().unwrap();
    world.set_time(&(noon + jiff::SignedDuration::from_secs(30 * step)).to_string());
}

pub fn current_code(app: &Authenticator, world: &World) -> String {
    app.code_at(world.clock.now().as_second())
}

pub fn wrong_code(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

fn find_account(world: &World, user: &TestUser) -> Account {
    let email = Email::parse(&user.email()).unwrap();
    world.state.app.store.read(|txn| accounts::find_by_email(txn, &email)).unwrap().unwrap()
}

/// Enables 2FA through the API and returns the authenticator and the recovery codes.
pub async fn enable_two_factor(world: &World, user: &TestUser) -> (Authenticator, Vec<String>) {
    let setup = user.send_json("POST", "/api/account/2fa/setup", &json!({})).await.assert_status(200).data();
    let app = Authenticator::new(setup["secret"].as_str().unwrap());
    let body = json!({ "code": current_code(&app, world) });
    let enabled = user.send_json("POST", "/api/account/2fa/enable", &body).await.assert_status(200).data();
    assert_eq!(enabled["enabled"], true);
    (app, strings(&enabled["recoveryCodes"]))
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// Signs in with the password and returns the token of the challenge for the second step.
pub async fn start_two_factor_sign_in(user: &TestUser) -> String {
    let body = json!({ "email": user.email(), "password": PASSWORD });
    let data = user.send_json("POST", "/api/auth/sign-in", &body).await.assert_status(200).data();
    assert_eq!((&data["requiresTwoFactor"], &data["methods"]), (&json!(true), &json!(["totp", "recovery_code"])));
    data["challengeToken"].as_str().unwrap().to_owned()
}

pub async fn verify_sign_in_code(user: &TestUser, challenge: &str, method: &str, code: &str) -> TestResponse {
    let body = json!({ "challengeToken": challenge, "method": method, "code": code });
    user.send_json("POST", "/api/auth/sign-in/2fa/verify", &body).await
}

pub fn text_between(page: &str, before: &str, after: &str) -> String {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("“{before}” is not in:\n{page}"));
    rest.split(after).next().unwrap().to_owned()
}

#[tokio::test]
async fn two_factor_can_be_enabled_used_and_disabled_on_the_pages() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    ada.get("/account/security").await.assert_contains("Set up 2FA");
    ada.get("/account/two-factor")
        .await
        .assert_status(200)
        .assert_contains("You'll need an authenticator app")
        .assert_lacks("manual-secret");
    ada.post_form("/account/two-factor", &[("what", "set-up")])
        .await
        .assert_status(303)
        .assert_redirects_to("/account/two-factor");
    let page = ada.get("/account/two-factor").await.assert_status(200).assert_contains("<svg class=\"qr\"");
    let secret = text_between(&page.text(), "id=\"manual-secret\"", ">");
    let secret = text_between(&secret, "value=\"", "\"");
    ada.get("/account/two-factor").await.assert_contains(&secret);
    page.assert_contains(&format!(
        "otpauth://totp/Atlas%20%28development%29:ada%40example%2Ecom?secret={secret}&amp;issuer=Atlas%20%28development%29"
    ));
    let app = Authenticator::new(&secret);
    let enable =
        |code: String| async { ada.post_form("/account/two-factor", &[("what", "enable"), ("code", &{ code })]).await };
    enable(wrong_code(&current_code(&app, &world)))
        .await
        .assert_status(422)
        .assert_contains("Check your phone's clock")
        .assert_contains(&secret);
    let page =
        enable(current_code(&app, &world)).await.assert_status(200).assert_contains("I saved these codes").text();
    let codes: Vec<_> = page.split("<code>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 24), "{codes:?}");
    // The recovery codes are shown once, and submitting the form again changes nothing.
    enable(current_code(&app, &world)).await.assert_status(303).assert_redirects_to("/account/two-factor");
    ada.get("/account/two-factor").await.assert_contains("10 recovery codes left").assert_lacks(codes[0]);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("turned on"));

    ada.post_form("/sign-out", &[]).await;
    set_time_step(&world, 1);
    let page = ada
        .try_sign_in(PASSWORD)
        .await
        .assert_status(200)
        .assert_contains("Verification code")
        .assert_contains("autocomplete=\"one-time-code\"");
    assert!(ada.cookie("atlas-development").is_none(), "a password alone creates no session");
    ada.get("/today").await.assert_status(307);
    let challenge = text_between(&page.text(), "name=\"challenge\" value=\"", "\"");
    let code = current_code(&app, &world);
    let verify = |code: &str| {
        let code = code.to_owned();
        let fields = [("challenge", challenge.clone()), ("from", "/habits".to_owned()), ("method", "totp".to_owned())];
        let fields = fields.into_iter().chain([("code", code)]).collect::<Vec<_>>();
        let ada = &ada;
        async move {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            ada.post_form("/sign-in/verify", &fields).await
        }
    };
    verify(&wrong_code(&code))
        .await
        .assert_status(422)
        .assert_contains("That code is wrong")
        .assert_contains(&challenge);
    verify(&format!("{} {}", &code[..3], &code[3..])).await.assert_status(303).assert_redirects_to("/habits");
    ada.get("/today").await.assert_status(200);
    verify(&code).await.assert_status(422).assert_contains("Your sign-in timed out");

    set_time_step(&world, 2);
    let disable = |password: &'static str, code: String| {
        let ada = &ada;
        async move {
            let fields = [("what", "disable"), ("currentPassword", password), ("code", &code)];
            ada.post_form("/account/two-factor", &fields).await
        }
    };
    disable("not this one at all", current_code(&app, &world))
        .await
        .assert_status(422)
        .assert_contains("Wrong password or code");
    disable(PASSWORD, wrong_code(&current_code(&app, &world)))
        .await
        .assert_status(422)
        .assert_contains("Wrong password or code");
    disable(PASSWORD, current_code(&app, &world))
        .await
        .assert_status(303)
        .assert_redirects_to("/account/security?two-factor=off");
    ada.get("/account/security?two-factor=off")
        .await
        .assert_contains("Two-factor authentication is off.")
        .assert_contains("Set up 2FA");
    assert!(world.newest_mail("ada@example.com").unwrap().contains("turned off"));
    ada.post_form("/sign-out", &[]).await;
    ada.sign_in().await;
}

#[tokio::test]
async fn two_factor_can_be_enabled_used_and_disabled_through_the_api() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let other_browser = TestUser::new("ada", &world);
    other_browser.sign_in().await;
    let status = |enabled: bool, has_secret: bool, remaining: usize| json!({ "enabled": enabled, "hasTotpSecret": has_secret, "recoveryCodesRemaining": remaining, "isAdmin": false, "adminEnrollmentRequired": false });
    assert_eq!(ada.get("/api/account/2fa").await.assert_status(200).data(), status(false, false, 0));
    let enable = |code: &str| json!({ "code": code });
    ada.send_json("POST", "/api/account/2fa/enable", &enable("123456")).await.assert_refused(401, "unauthorized");
    let first = ada.send_json("POST", "/api/account/2fa/setup", &json!({})).await.assert_status(200).data();
    assert!(first["qrDataUrl"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    assert_eq!(first["secret"].as_str().unwrap().len(), 32);
    assert_eq!(ada.get("/api/account/2fa").await.data(), status(false, true, 0));
    let (app, codes) = enable_two_factor(&world, &ada).await;
    assert_ne!(first["secret"], data_encoding::BASE32_NOPAD.encode(app.secret()), "each call creates a new secret");
    assert_eq!(ada.get("/api/account/2fa").await.data(), status(true, true, 10));
    assert_eq!(ada.get("/api/auth/session").await.json()["user"]["twoFactorEnabled"], true);
    other_browser.get("/api/habits").await.assert_refused(401, "unauthorized");
    ada.send_json("POST", "/api/account/2fa/setup", &json!({})).await.assert_refused(400, "invalid_request");
    ada.send_json("POST", "/api/account/2fa/enable", &enable("123456")).await.assert_refused(400, "invalid_request");
    for malformed in ["", "12345678901234567"] {
        ada.send_json("POST", "/api/account/2fa/enable", &enable(malformed))
            .await
            .assert_refused(400, "invalid_request");
    }

    set_time_step(&world, 1);
    let challenge = start_two_factor_sign_in(&other_browser).await;
    let extra_field =
        json!({ "challengeToken": challenge, "method": "totp", "code": current_code(&app, &world), "extra": 1 });
    other_browser
        .send_json("POST", "/api/auth/sign-in/2fa/verify", &extra_field)
        .await
        .assert_refused(400, "invalid_request");
    verify_sign_in_code(&other_browser, &challenge, "sms", "123456").await.assert_refused(400, "invalid_request");
    verify_sign_in_code(&other_browser, "nonsense", "totp", &current_code(&app, &world))
        .await
        .assert_refused(401, "unauthorized");
    let signed_in =
        verify_sign_in_code(&other_browser, &challenge, "totp", &current_code(&app, &world)).await.assert_status(200);
    assert_eq!(signed_in.data(), json!({ "ok": true }));
    other_browser.get("/api/habits").await.assert_status(200);

    set_time_step(&world, 2);
    let rotate = json!({ "method": "totp", "code": current_code(&app, &world) });
    let fresh = ada.send_json("POST", "/api/account/2fa/recovery/rotate", &rotate).await.assert_status(200).data();
    let fresh = strings(&fresh["recoveryCodes"]);
    assert_eq!((fresh.len(), fresh.iter().any(|code| codes.contains(code))), (10, false));
    let disable = |phrase: &str, password: &str, code: &str| json!({ "confirmation": phrase, "method": "recovery_code", "currentPassword": password, "code": code });
    for (phrase, password, code, status, error) in [
        ("disable", PASSWORD, &fresh[0], 400, "invalid_request"),
        ("DISABLE 2FA", "", &fresh[0], 400, "invalid_request"),
        ("DISABLE 2FA", "not this one at all", &fresh[0], 401, "unauthorized"),
        ("DISABLE 2FA", PASSWORD, &codes[0], 401, "unauthorized"),
    ] {
        let body = disable(phrase, password, code);
        ada.send_json("POST", "/api/account/2fa/disable", &body).await.assert_refused(status, error);
    }
    let body = disable(" disable 2fa ", PASSWORD, &fresh[0]);
    assert_eq!(
        ada.send_json("POST", "/api/account/2fa/disable", &body).await.assert_status(200).data(),
        json!({ "enabled": false })
    );
    assert_eq!(ada.get("/api/account/2fa").await.data(), status(false, false, 0));
    ada.send_json("POST", "/api/account/2fa/disable", &body).await.assert_refused(400, "invalid_request");
    ada.send_json("POST", "/api/account/2fa/recovery/rotate", &rotate).await.assert_refused(400, "invalid_request");
}

#[tokio::test]
async fn a_code_works_once_even_the_one_that_enabled_two_factor() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (app, _) = enable_two_factor(&world, &ada).await;
    let challenge = start_two_factor_sign_in(&ada).await;
    verify_sign_in_code(&ada, &challenge, "totp", &current_code(&app, &world))
        .await
        .assert_refused(401, "unauthorized");
    set_time_step(&world, 1);
    let code = current_code(&app, &world);
    verify_sign_in_code(&ada, &challenge, "totp", &code).await.assert_status(200);
    // An observed code is useless once its owner has used it, in its own time step and in the next.
    let mallory = TestUser::new("ada", &world);
    let challenge = start_two_factor_sign_in(&mallory).await;
    verify_sign_in_code(&mallory, &challenge, "totp", &code).await.assert_refused(401, "unauthorized");
    set_time_step(&world, 2);
    verify_sign_in_code(&mallory, &challenge, "totp", &code).await.assert_refused(401, "unauthorized");
    verify_sign_in_code(&mallory, &challenge, "totp", &current_code(&app, &world)).await.assert_status(200);
}

#[tokio::test]
async fn a_recovery_code_works_once_and_malformed_codes_are_just_wrong() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (_, codes) = enable_two_factor(&world, &ada).await;
    let phone = TestUser::new("ada", &world);
    for malformed in ["-", "x", "💥", "0000-0000-0000-0000-0000", &"9".repeat(64), "123456", "\u{0}", &codes[0][..20]]
    {
        let challenge = start_two_factor_sign_in(&phone).await;
        verify_sign_in_code(&phone, &challenge, "recovery_code", malformed).await.assert_refused(401, "unauthorized");
    }
    let challenge = start_two_factor_sign_in(&phone).await;
    verify_sign_in_code(&phone, &challenge, "recovery_code", "").await.assert_refused(400, "invalid_request");
    let code = codes[0].to_lowercase().replace('-', " ");
    verify_sign_in_code(&phone, &challenge, "recovery_code", &code).await.assert_status(200);
    assert_eq!(phone.get("/api/account/2fa").await.data()["recoveryCodesRemaining"], 9);
    phone.get("/account/security").await.assert_contains("9 recovery codes left");
    assert!(world.newest_mail("ada@example.com").unwrap().contains("One of your Atlas recovery codes was just used"));
    let challenge = start_two_factor_sign_in(&phone).await;
    verify_sign_in_code(&phone, &challenge, "recovery_code", &codes[0]).await.assert_refused(401, "unauthorized");
    // On the pages, the second step offers the switch to a recovery code.
    let page = phone.try_sign_in(PASSWORD).await.assert_status(200).assert_contains("Use a recovery code").text();
    let challenge = text_between(&page, "name=\"challenge\" value=\"", "\"");
    let fields = [("challenge", challenge.as_str()), ("from", "/today"), ("method", "recovery_code")];
    phone
        .post_form("/sign-in/verify", &[&fields[..], &[("switch", "true")]].concat())
        .await
        .assert_status(200)
        .assert_contains("Enter one of the recovery codes");
    let verify = |code| [&fields[..], &[("code", code)]].concat();
    phone
        .post_form("/sign-in/verify", &verify("💥"))
        .await
        .assert_status(422)
        .assert_contains("That recovery code isn't valid");
    phone.post_form("/sign-in/verify", &verify(&codes[1])).await.assert_status(303).assert_redirects_to("/today");
}

#[tokio::test]
async fn wrong_codes_are_counted_across_challenges_and_the_owner_is_notified_and_can_still_sign_in() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (app, codes) = enable_two_factor(&world, &ada).await;
    set_time_step(&world, 1);
    let mallory = TestUser::new("ada", &world);
    let mails = world.mail_count("ada@example.com");
    for _ in 0..5 {
        let challenge = start_two_factor_sign_in(&mallory).await;
        verify_sign_in_code(&mallory, &challenge, "totp", &wrong_code(&current_code(&app, &world)))
            .await
            .assert_refused(401, "unauthorized");
    }
    assert_eq!(world.mail_count("ada@example.com"), mails + 1);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("Someone entered your password"));
    // During the lockout the right code is refused, in a new challenge and in a signed-in session.
    let challenge = start_two_factor_sign_in(&mallory).await;
    let response = verify_sign_in_code(&mallory, &challenge, "totp", &current_code(&app, &world))
        .await
        .assert_refused(429, "rate_limited");
    assert_eq!(response.header("retry-after"), Some("600"));
    let rotate = json!({ "method": "totp", "code": current_code(&app, &world) });
    ada.send_json("POST", "/api/account/2fa/recovery/rotate", &rotate).await.assert_refused(429, "rate_limited");
    // During the lockout, a right password cannot be told from a wrong one.
    for password in ["not this one at all", PASSWORD] {
        let body = json!({ "confirmation": "DISABLE 2FA", "method": "recovery_code", "currentPassword": password, "code": "x" });
        ada.send_json("POST", "/api/account/2fa/disable", &body).await.assert_refused(429, "rate_limited");
    }
    // The lockout outlives a restart.
    let world =
        world.restart_with_options(WorldOptions { now: "2026-02-12T12:05:00Z", ..WorldOptions::default() }).await;
    let ada = TestUser::new("ada", &world);
    let challenge = start_two_factor_sign_in(&ada).await;
    let page = ada.try_sign_in(PASSWORD).await.text();
    let fields = [
        ("challenge", text_between(&page, "name=\"challenge\" value=\"", "\"")),
        ("method", "totp".to_owned()),
        ("code", current_code(&app, &world)),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused =
        ada.post_form("/sign-in/verify", &fields).await.assert_status(429).assert_contains("Try again in 6 minutes");
    assert!(refused.header("retry-after").is_some());
    verify_sign_in_code(&ada, &challenge, "recovery_code", &codes[0]).await.assert_status(200);
    world.set_time("2026-02-12T12:11:00Z");
    let challenge = start_two_factor_sign_in(&ada).await;
    verify_sign_in_code(&ada, &challenge, "totp", &current_code(&app, &world)).await.assert_status(200);
}

#[tokio::test]
async fn a_challenge_allows_five_wrong_answers_and_expires_after_ten_minutes() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (app, codes) = enable_two_factor(&world, &ada).await;
    set_time_step(&world, 1);
    let challenge = start_two_factor_sign_in(&ada).await;
    for _ in 0..5 {
        verify_sign_in_code(&ada, &challenge, "recovery_code", "0000-0000-0000-0000-0000")
            .await
            .assert_refused(401, "unauthorized");
    }
    let response =
        verify_sign_in_code(&ada, &challenge, "recovery_code", &codes[0]).await.assert_refused(429, "rate_limited");
    assert_eq!(response.header("retry-after"), Some("300"));
    world.set_time("2026-02-12T12:06:00Z");
    verify_sign_in_code(&ada, &challenge, "totp", &wrong_code(&current_code(&app, &world)))
        .await
        .assert_refused(401, "unauthorized");
    world.set_time("2026-02-12T12:20:00Z");
    verify_sign_in_code(&ada, &challenge, "totp", &current_code(&app, &world))
        .await
        .assert_refused(401, "token_expired");
    let fields = [("challenge", challenge.as_str()), ("method", "totp"), ("code", "123456")];
    ada.post_form("/sign-in/verify", &fields).await.assert_status(422).assert_contains("Your sign-in timed out");
}

#[tokio::test]
async fn a_challenge_is_bound_to_one_account_and_one_action() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let bob = world.signed_in_user("bob").await;
    let (_, adas_codes) = enable_two_factor(&world, &ada).await;
    let (app, bobs_codes) = enable_two_factor(&world, &bob).await;
    set_time_step(&world, 1);
    // Bob's codes do not answer Ada's challenge.
    let challenge = start_two_factor_sign_in(&ada).await;
    verify_sign_in_code(&bob, &challenge, "totp", &current_code(&app, &world))
        .await
        .assert_refused(401, "unauthorized");
    verify_sign_in_code(&bob, &challenge, "recovery_code", &bobs_codes[0]).await.assert_refused(401, "unauthorized");
    // The token of a challenge for another action cannot be used to sign in.
    let token = world.state.app.keys.generate_token(Purpose::Challenge).unwrap();
    let text = token.text.clone();
    let challenge_row =
        Challenge::new(find_account(&world, &ada).id, ProtectedAction::AccountDelete, None, world.clock.now());
    let put = move |txn: &mut store::WriteTxn<'_, '_>| -> Result<(), store::Error> {
        challenges::put(txn, &token.hash, &challenge_row);
        Ok(())
    };
    world.state.app.store.write(put).await.unwrap();
    let visitor = TestUser::new("ada", &world);
    verify_sign_in_code(&visitor, &text, "recovery_code", &adas_codes[0]).await.assert_refused(401, "unauthorized");
    visitor.get("/api/habits").await.assert_refused(401, "unauthorized");
    // The failed attempts did not consume the sign-in challenge.
    verify_sign_in_code(&visitor, &challenge, "recovery_code", &adas_codes[0]).await.assert_status(200);
}

#[tokio::test]
async fn session_fixation_fails_and_the_injected_session_ends_with_the_second_step() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let mallory = world.signed_in_user("mallory").await;
    let (app, _) = enable_two_factor(&world, &ada).await;
    set_time_step(&world, 1);
    let injected = mallory.cookie("atlas-development").unwrap();
    let browser = TestUser::new("ada", &world);
    browser.set_cookie("atlas-development", &injected);
    let challenge = start_two_factor_sign_in(&browser).await;
    assert_eq!(browser.cookie("atlas-development").as_deref(), Some(injected.as_str()));
    verify_sign_in_code(&browser, &challenge, "totp", &current_code(&app, &world)).await.assert_status(200);
    assert_ne!(browser.cookie("atlas-development").unwrap(), injected);
    mallory.get("/today").await.assert_status(307);
}

#[tokio::test]
async fn the_data_file_contains_neither_secrets_nor_recovery_codes() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let unconfirmed = ada.send_json("POST", "/api/account/2fa/setup", &json!({})).await.assert_status(200).data();
    let unconfirmed = Authenticator::new(unconfirmed["secret"].as_str().unwrap());
    let (app, codes) = enable_two_factor(&world, &ada).await;
    let file = std::fs::read(&world.settings.data_file).unwrap();
    let contains = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(contains(b"two_factor") && contains(b"ada@example.com"), "this is the data file in use");
    for app in [&unconfirmed, &app] {
        let numbers = serde_json::to_string(app.secret()).unwrap();
        let base64 = data_encoding::BASE64_NOPAD.encode(app.secret());
        let base32 = data_encoding::BASE32_NOPAD.encode(app.secret());
        for encoding in [app.secret(), numbers.as_bytes(), base64.as_bytes(), base32.as_bytes()] {
            assert!(!contains(encoding));
        }
    }
    for code in codes {
        assert!(!contains(code.as_bytes()) && !contains(code.replace('-', "").as_bytes()));
    }
    // The export contains nothing of it either.
    let export = ada.get("/api/account/exports/self").await.assert_status(200).text();
    assert!(!export.contains("two_factor") && !export.contains("recovery"), "{export}");
}

fn options_with_secrets(now: &'static str, secrets: &[(&'static str, &str)]) -> WorldOptions {
    let variables = secrets.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    WorldOptions { now, variables, ..WorldOptions::default() }
}

const FIRST_SECRET: &str = "the first secret of this environment";
const SECOND_SECRET: &str = "the second secret of this environment";

#[tokio::test]
async fn after_the_server_secret_changes_members_are_told_and_can_sign_in_with_recovery_codes() {
    let world =
        World::with_options(options_with_secrets("2026-02-12T12:00:00Z", &[("NEXTAUTH_SECRET", FIRST_SECRET)])).await;
    let ada = world.signed_in_user("ada").await;
    let (app, codes) = enable_two_factor(&world, &ada).await;
    let world = world
        .restart_with_options(options_with_secrets("2026-02-12T12:10:00Z", &[("NEXTAUTH_SECRET", SECOND_SECRET)]))
        .await;
    let ada = TestUser::new("ada", &world);
    let challenge = start_two_factor_sign_in(&ada).await;
    for _ in 0..6 {
        // These attempts do not count towards the lockout.
        let response = verify_sign_in_code(&ada, &challenge, "totp", &current_code(&app, &world))
            .await
            .assert_refused(401, "unauthorized");
        response.assert_contains("this server's encryption key changed").assert_contains("recovery code");
    }
    verify_sign_in_code(&ada, &challenge, "recovery_code", &codes[0]).await.assert_status(200);
    ada.get("/account/security").await.assert_contains("Codes from your app don't work");
    let disable = json!({ "confirmation": "DISABLE 2FA", "method": "recovery_code", "currentPassword": PASSWORD, "code": codes[1] });
    ada.send_json("POST", "/api/account/2fa/disable", &disable).await.assert_status(200);
    enable_two_factor(&world, &ada).await;
    ada.get("/account/security").await.assert_lacks("don't work");
}

#[tokio::test]
async fn with_the_previous_secret_configured_codes_keep_working() {
    let world =
        World::with_options(options_with_secrets("2026-02-12T12:00:00Z", &[("NEXTAUTH_SECRET", FIRST_SECRET)])).await;
    let ada = world.signed_in_user("ada").await;
    let (app, _) = enable_two_factor(&world, &ada).await;
    let both = [("NEXTAUTH_SECRET", SECOND_SECRET), ("NEXTAUTH_SECRET_PREVIOUS", FIRST_SECRET)];
    let world = world.restart_with_options(options_with_secrets("2026-02-12T12:10:00Z", &both)).await;
    let ada = TestUser::new("ada", &world);
    let challenge = start_two_factor_sign_in(&ada).await;
    verify_sign_in_code(&ada, &challenge, "totp", &current_code(&app, &world)).await.assert_status(200);
    // The sign-in encrypted it with the new secret, so the previous one can be removed.
    let world = world
        .restart_with_options(options_with_secrets("2026-02-12T12:20:00Z", &[("NEXTAUTH_SECRET", SECOND_SECRET)]))
        .await;
    let ada = TestUser::new("ada", &world);
    let challenge = start_two_factor_sign_in(&ada).await;
    verify_sign_in_code(&ada, &challenge, "totp", &current_code(&app, &world)).await.assert_status(200);
}

#[tokio::test]
async fn an_operator_can_reset_two_factor_and_the_owner_is_notified() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    enable_two_factor(&world, &ada).await;
    let challenge = start_two_factor_sign_in(&ada).await;
    let app = &world.state.app;
    let reset = async || {
        let client = Client::default();
        atlas::app::identity::two_factor::reset(app, &find_account(&world, &ada), Actor::Operator, &client)
            .await
            .unwrap()
    };
    assert!(reset().await);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("turned off two-factor authentication"));
    verify_sign_in_code(&ada, &challenge, "totp", "123456").await.assert_refused(401, "unauthorized");
    ada.sign_in().await;
    let mails = world.mail_count("ada@example.com");
    assert!(!reset().await);
    assert_eq!(world.mail_count("ada@example.com"), mails);
}

/// Options of a staging environment with every required setting and an application URL on this machine.
pub fn staging_options() -> WorldOptions {
    let variables = [
        ("NEXTAUTH_SECRET", FIRST_SECRET),
        ("RESEND_API_KEY", "re_staging"),
        ("RESEND_FROM_EMAIL", "Atlas <atlas@staging.example>"),
        ("ADMIN_OWNER_EMAIL", "ada@example.com"),
        ("SENTRY_ENABLED", "false"),
        ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
        ("APP_URL", "http://localhost:3999"),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    WorldOptions { environment: "staging", variables, ..WorldOptions::default() }
}

#[tokio::test]
async fn in_staging_admins_must_enable_two_factor_and_cannot_disable_it() {
    let world = World::with_options(staging_options()).await;
    for (name, is_admin) in [("ada", true), ("bob", false)] {
        let mut user = TestUser::new(name, &world);
        user.host = "localhost:3999".to_owned();
        user.sign_up("UTC").await;
        let mail = world.newest_mail(&user.email()).unwrap();
        let token = text_between(&mail, "/verify-email?token=", "\n");
        user.post_form("/verify-email", &[("token", &token)]).await.assert_status(303);
        let body = json!({ "email": user.email(), "password": PASSWORD });
        let data = user.send_json("POST", "/api/auth/sign-in", &body).await.assert_status(200).data();
        assert_eq!(data.get("requiresAdminTwoFactorEnrollment").is_some(), is_admin);
        let status = user.get("/api/account/2fa").await.data();
        assert_eq!((&status["isAdmin"], &status["adminEnrollmentRequired"]), (&json!(is_admin), &json!(is_admin)));
        assert_eq!(
            atlas::app::identity::two_factor::must_enroll(&world.state.app, &find_account(&world, &user)),
            is_admin
        );
        let response = user.get("/admin").await;
        response.assert_redirects_to(if is_admin { "/account/two-factor" } else { "/today?refused=admin" });
        user.get("/api/admin/users").await.assert_refused(403, "forbidden");
        let (_, codes) = enable_two_factor(&world, &user).await;
        user.get("/admin").await.assert_status(if is_admin { 200 } else { 307 });
        user.get("/api/admin/users").await.assert_status(if is_admin { 200 } else { 403 });
        assert!(!atlas::app::identity::two_factor::must_enroll(&world.state.app, &find_account(&world, &user)));
        assert_eq!(user.get("/api/account/2fa").await.data()["adminEnrollmentRequired"], false);
        let body = json!({ "confirmation": "DISABLE 2FA", "method": "recovery_code", "currentPassword": PASSWORD, "code": codes[0] });
        let response = user.send_json("POST", "/api/account/2fa/disable", &body).await;
        if is_admin {
            response.assert_refused(403, "forbidden");
            user.get("/account/two-factor")
                .await
                .assert_contains("so you can't turn it off")
                .assert_lacks("value=\"disable\"");
        } else {
            response.assert_status(200);
        }
    }
}

#[tokio::test]
async fn with_two_factor_enabled_a_password_does_not_complete_a_step_up() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (app, codes) = enable_two_factor(&world, &ada).await;
    let new_password = "copper lantern meadow sixteen";
    let response = ada
        .post_form("/account/password", &[("password", new_password), ("confirmPassword", new_password)])
        .await
        .assert_status(200);
    let page = response.text();
    assert!(page.contains("Verification code") && !page.contains("Current password"));
    let token = text_between(&page, "name=\"challengeToken\" value=\"", "\"");
    let answer = async |method: &'static str, code: &str| {
        ada.post_form("/account/verify", &[("challengeToken", &token), ("method", method), ("code", code)]).await
    };
    answer("password", PASSWORD).await.assert_status(422).assert_contains("Wrong code");
    answer("totp", &wrong_code(&current_code(&app, &world))).await.assert_status(422).assert_contains("Wrong code");
    set_time_step(&world, 1);
    answer("totp", &current_code(&app, &world)).await.assert_status(303).assert_redirects_to("/account/security?saved");

    let body = json!({ "action": "account_delete" });
    let challenge = ada.send_json("POST", "/api/account/step-up/challenge", &body).await.assert_status(200).data();
    assert_eq!(challenge["methods"], json!(["totp", "recovery_code"]));
    let token = challenge["challengeToken"].as_str().unwrap();
    let verify = |method: &str, code: &str| json!({ "challengeToken": token, "method": method, "code": code });
    let path = "/api/account/step-up/verify";
    ada.send_json("POST", path, &verify("password", new_password)).await.assert_refused(400, "invalid_request");
    ada.send_json("POST", path, &verify("recovery_code", &codes[0])).await.assert_status(200);
    ada.send_json("POST", "/api/account/delete-request", &json!({ "stepUpChallengeToken": token }))
        .await
        .assert_status(200);
}

#[tokio::test]
async fn a_secret_is_shown_to_and_confirmed_by_only_the_session_that_requested_it() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let thief = TestUser::new("ada", &world);
    thief.sign_in().await;
    let thiefs_setup = thief.send_json("POST", "/api/account/2fa/setup", &json!({})).await.assert_status(200).data();
    let thiefs_secret = thiefs_setup["secret"].as_str().unwrap().to_owned();
    ada.get("/account/two-factor").await.assert_status(200).assert_lacks(&thiefs_secret);
    assert_eq!(ada.get("/api/account/2fa").await.data()["hasTotpSecret"], false);
    let own_setup = ada.send_json("POST", "/api/account/2fa/setup", &json!({})).await.assert_status(200).data();
    let own_secret = own_setup["secret"].as_str().unwrap().to_owned();
    thief.get("/account/two-factor").await.assert_status(200).assert_lacks(&own_secret);
    let app = Authenticator::new(&own_secret);
    let body = json!({ "code": current_code(&app, &world) });
    thief.send_json("POST", "/api/account/2fa/enable", &body).await.assert_status(401);
    ada.send_json("POST", "/api/account/2fa/enable", &body).await.assert_status(200);
}
