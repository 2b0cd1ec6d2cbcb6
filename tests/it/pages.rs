//! Requirements that every page meets.

use crate::test_user::{TestResponse, TestUser};
use crate::world::{PASSWORD, World};

#[tokio::test]
async fn every_page_has_a_language_one_heading_and_a_unique_title() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = format!("/habits/{}", ada.create_habit("Read").await);
    let visitor = world.visitor();
    let mut titles = Vec::new();
    for (user, path) in [
        (&visitor, "/landing"),
        (&visitor, "/sign-up"),
        (&visitor, "/sign-in"),
        (&visitor, "/verify-email"),
        (&visitor, "/dev/mail"),
        (&visitor, "/nothing"),
        (&ada, "/today"),
        (&ada, "/calendar"),
        (&ada, "/habits"),
        (&ada, habit.as_str()),
        (&ada, "/insights"),
    ] {
        let page = user.get(path).await.text();
        assert!(page.contains("<html lang=\"en\">"), "{path}");
        assert_eq!(page.matches("<h1").count(), 1, "{path}");
        assert!(page.contains("href=\"#main\"") && page.contains("id=\"main\""), "{path}");
        assert!(!page.contains(" style=") && !page.contains(" onclick") && !page.contains("<style"), "{path}");
        titles.push(page.split("<title>").nth(1).unwrap().split("</title>").next().unwrap().to_owned());
    }
    let count = titles.len();
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), count, "{titles:?}");
}

/// The names and `autocomplete` values of the fields that a password manager or a keyboard can fill in.
fn autofill_fields(page: &TestResponse) -> Vec<(String, String)> {
    let text = page.text();
    let attribute = |tag: &str, name: &str| {
        let value = tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest.split('"').next().unwrap());
        value.unwrap_or_default().to_owned()
    };
    let tags = text.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap());
    let fillable = tags.filter(|tag| {
        ["password", "email"].contains(&attribute(tag, "type").as_str())
            || ["code", "digits", "username"].contains(&attribute(tag, "name").as_str())
    });
    fillable.map(|tag| (attribute(tag, "name"), attribute(tag, "autocomplete"))).collect()
}

#[tokio::test]
async fn every_field_declares_its_autocomplete_purpose() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let visitor = world.visitor();
    let mut found = Vec::new();
    let mut collect = |case: &str, page: &TestResponse| {
        let pairs = autofill_fields(page).into_iter().map(|(name, purpose)| format!("{name} is {purpose}"));
        found.push(format!("{case}: {}", pairs.collect::<Vec<_>>().join(", ")));
    };
    for path in ["/sign-up", "/sign-in", "/forgot-password", "/verify-email?email=ada%40example.com"] {
        collect(path, &visitor.get(path).await.assert_status(200));
    }
    visitor.post_form("/forgot-password", &[("email", &ada.email())]).await.assert_status(303);
    let token = crate::security::find_mailed_token(&world, &ada.email(), "reset-password");
    collect("/reset-password", &visitor.get(&format!("/reset-password?token={token}")).await.assert_status(200));
    for path in ["/account", "/account/security"] {
        collect(path, &ada.get(path).await.assert_status(200));
    }
    collect(
        "step-up with a password",
        &ada.post_form("/account/delete", &[("confirm", "delete")]).await.assert_status(200),
    );
    world.set_time("2026-02-12T12:10:00Z");
    collect("before 2FA setup", &ada.post_form("/account/two-factor", &[("what", "set-up")]).await.assert_status(200));
    ada.sign_in().await;
    ada.post_form("/account/two-factor", &[("what", "set-up")]).await.assert_status(303);
    collect("turning 2FA on", &ada.get("/account/two-factor").await.assert_status(200));
    crate::two_factor::enable_two_factor(&world, &ada).await;
    collect("turning 2FA off", &ada.get("/account/two-factor").await.assert_status(200));
    collect("step-up with 2FA", &ada.post_form("/account/delete", &[("confirm", "delete")]).await.assert_status(200));
    collect("second step of sign-in", &TestUser::new("ada", &world).try_sign_in(PASSWORD).await.assert_status(200));
    let expected = [
        "/sign-up: email is email, password is new-password, confirmPassword is new-password",
        "/sign-in: email is username, password is current-password",
        "/forgot-password: email is username",
        "/verify-email?email=ada%40example.com: email is email, email is email, digits is one-time-code",
        "/reset-password: username is username, password is new-password, confirmPassword is new-password",
        "/account: email is email",
        "/account/security: username is username, password is new-password, confirmPassword is new-password",
        "step-up with a password: username is username, code is current-password",
        "before 2FA setup: username is username, code is current-password",
        "turning 2FA on: code is one-time-code",
        // A field that also takes recovery codes must not be filled in.
        "turning 2FA off: code is off, username is username, currentPassword is current-password, code is off",
        "step-up with 2FA: code is one-time-code",
        "second step of sign-in: code is one-time-code",
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn user_supplied_text_is_escaped() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let title = "<script>alert(1)</script> \"quoted\" & 'more'";
    let id = ada.create_habit(title).await;
    ada.set_completion(&id, "2026-02-12", true).await.assert_status(200);
    let habit = format!("/habits/{id}");
    for path in [habit.as_str(), "/insights", "/today", "/calendar", "/habits"] {
        let page = ada
            .get(path)
            .await
            .assert_contains("&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot; &amp; 'more'");
        page.assert_lacks("<script>alert");
    }
    ada.get("/sign-in?from=%2Fx%22%3E%3Cscript%3E").await.assert_lacks("<script>");
    ada.get("/verify-email?email=%22%3E%3Cscript%3E").await.assert_lacks("<script>");
}

#[tokio::test]
async fn every_page_outside_production_is_marked() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    for path in ["/landing", "/today", "/nothing"] {
        let response = ada.get(path).await.assert_contains("development").assert_contains("not production");
        assert_eq!(response.header("x-robots-tag"), Some("noindex, nofollow"));
    }
    assert!(world.newest_mail("ada@example.com").is_some());
    ada.get("/dev/mail").await.assert_status(200).assert_contains("[development] Confirm your email");
}

#[tokio::test]
async fn an_error_page_keeps_the_navigation_of_a_signed_in_user() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let missing_habit = "/habits/01890a5d-ac96-774b-bcce-b302099a8057";
    for page in [
        ada.get("/nothing").await.assert_status(404),
        ada.get(missing_habit).await.assert_status(404),
        ada.post_form("/insights", &[]).await.assert_status(405),
        ada.post_form(&format!("{missing_habit}/archive"), &[]).await.assert_status(404),
    ] {
        page.assert_contains("Sign out").assert_contains("href=\"/calendar\"").assert_contains("Request ID");
    }
    world.visitor().get("/nothing").await.assert_status(404).assert_lacks("Sign out");
}

#[tokio::test]
async fn today_tells_who_was_sent_there_from_an_admin_page_why() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let location = ada.get("/admin/users").await.assert_status(307).header("location").unwrap().to_owned();
    ada.get(&location).await.assert_status(200).assert_contains("Only admins can open that page.");
    ada.get("/today").await.assert_status(200).assert_lacks("Only admins");
}
