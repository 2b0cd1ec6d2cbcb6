//! Addresses, names, passwords, and codes as people type them on other keyboards and paste them from mail and apps: read alike
//! by every form and every JSON route.

use serde_json::json;

use crate::test_user::{TestResponse, TestUser};
use crate::two_factor::{current_code, enable_two_factor, start_two_factor_sign_in, verify_sign_in_code};
use crate::world::{PASSWORD, World};

/// The ASCII digits and letters of a text in full width.
fn full_width(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xFEE0).unwrap() } else { c })
        .collect()
}

/// The digits of a code as Arabic keyboards type them.
fn arabic(code: &str) -> String {
    code.chars().map(|c| char::from_u32(0x0660 + c.to_digit(10).unwrap()).unwrap()).collect()
}

fn mailed_code(world: &World, email: &str) -> String {
    let text = world.newest_mail(email).unwrap();
    text.split_once("enter this code on the confirmation page: ").unwrap().1[..6].to_owned()
}

const PASTED_ADDRESSES: [&str; 5] = [
    "<ada@example.com>",
    "mailto:Ada@Example.com",
    "ada@example.com.",
    "\u{a0}ada＠example.com\u{200b}",
    "ａｄａ＠example。com",
];

#[tokio::test]
async fn a_pasted_address_is_the_address_everywhere() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for email in PASTED_ADDRESSES {
        let visitor = world.visitor();
        let fields = [("email", email), ("password", PASSWORD), ("from", "/today")];
        visitor.post_form("/sign-in", &fields).await.assert_status(303).assert_redirects_to("/today");
        let body = json!({ "email": email, "password": PASSWORD });
        world.visitor().send_json("POST", "/api/auth/sign-in", &body).await.assert_status(200);
        ada.post_form("/account/email", &[("email", email)])
            .await
            .assert_status(422)
            .assert_contains("already your email");
        for (form, api) in [
            ("/forgot-password", "/api/auth/forgot-password"),
            ("/verify-email/resend", "/api/auth/resend-verification"),
        ] {
            visitor.post_form(form, &[("email", email)]).await.assert_status(303);
            visitor.send_json("POST", api, &json!({ "email": email })).await.assert_status(200);
        }
        let sign_up = json!({ "email": email, "password": PASSWORD, "displayName": "Ada" });
        visitor.send_json("POST", "/api/auth/signup", &sign_up).await.assert_status(201);
    }
    let accounts = world.state.app.store.read(|txn| txn.count("accounts")).unwrap();
    assert_eq!(accounts, 1, "every sign-up was with Ada's address");
}

#[tokio::test]
async fn a_pasted_code_and_name_are_read_by_the_form_and_the_api() {
    let world = World::new().await;
    let ada = TestUser::new("ada", &world);
    ada.sign_up("UTC").await;
    let code = full_width(&mailed_code(&world, "ada@example.com"));
    let fields = [("email", " <ada@example.com>,"), ("digits", &*format!("Code: {code}"))];
    ada.post_form("/verify-email", &fields).await.assert_status(303);

    let body =
        json!({ "email": "ben@example.com", "password": PASSWORD, "displayName": " \u{2068}Ben\u{a0} Ng\u{2069}" });
    ada.send_json("POST", "/api/auth/signup", &body).await.assert_status(201);
    let code = mailed_code(&world, "ben@example.com");
    let typed = format!("\u{200e}{} {}\u{a0}", arabic(&code[..3]), arabic(&code[3..]));
    let body = json!({ "email": "mailto:ben@example.com", "code": typed });
    ada.send_json("POST", "/api/auth/verify-email", &body).await.assert_status(200);
    let ben = TestUser::new("ben", &world);
    ben.sign_in().await;
    assert_eq!(ben.get("/api/auth/session").await.json()["user"]["name"], "Ben Ng");
    ben.post_form("/account/name", &[("displayName", "\u{202a}Ben  Nguyen\u{202c}")]).await.assert_status(303);
    assert_eq!(ben.get("/api/auth/session").await.json()["user"]["name"], "Ben Nguyen");
}

#[tokio::test]
async fn codes_of_two_factor_authentication_are_read_from_other_keyboards() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (app, recovery_codes) = enable_two_factor(&world, &ada).await;
    world.set_time("2026-02-12T12:05:00Z");
    let sign_in_with = async |method: &str, code: &str| -> TestResponse {
        let browser = TestUser::new("ada", &world);
        let challenge = start_two_factor_sign_in(&browser).await;
        verify_sign_in_code(&browser, &challenge, method, code).await
    };
    let code = current_code(&app, &world);
    sign_in_with("totp", &format!("{}\u{a0}{}", arabic(&code[..3]), full_width(&code[3..]))).await.assert_status(200);
    let misread = recovery_codes[0].to_lowercase().replace('0', "o").replace('1', "l");
    sign_in_with("recovery_code", &misread).await.assert_status(200);
    sign_in_with("recovery_code", &full_width(&recovery_codes[1])).await.assert_status(200);
}

#[tokio::test]
async fn a_password_is_the_same_with_every_kind_of_space() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for space in ["\u{a0}", "\u{3000}", "\u{202f}"] {
        TestUser::new("ada", &world).try_sign_in(&PASSWORD.replace(' ', space)).await.assert_status(303);
    }
    // The second entry of a new one may be typed on another keyboard.
    let fields =
        [("password", "copper lantern meadow sixteen"), ("confirmPassword", "copper\u{a0}lantern meadow sixteen")];
    ada.post_form("/account/password", &fields).await.assert_status(200).assert_contains("Confirm it's you");
}
