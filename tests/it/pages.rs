//! What every page has, whoever reads it.

use crate::person::{Person, Reply};
use crate::world::{PASSWORD, World};

#[tokio::test]
async fn every_page_has_a_language_one_headline_and_a_title_of_its_own() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let habit = format!("/habits/{}", ada.keeps("Read").await);
    let stranger = world.stranger();
    let mut titles = Vec::new();
    for (person, path) in [
        (&stranger, "/landing"),
        (&stranger, "/sign-up"),
        (&stranger, "/sign-in"),
        (&stranger, "/verify-email"),
        (&stranger, "/dev/mail"),
        (&stranger, "/nothing"),
        (&ada, "/today"),
        (&ada, "/calendar"),
        (&ada, "/habits"),
        (&ada, habit.as_str()),
        (&ada, "/insights"),
    ] {
        let page = person.get(path).await.text();
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

/// The fields of a page that a password manager or a keyboard can fill in: their names, with what they are said to be for.
fn fields(page: &Reply) -> Vec<(String, String)> {
    let text = page.text();
    let attribute = |tag: &str, name: &str| {
        let value = tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest.split('"').next().unwrap());
        value.unwrap_or_default().to_owned()
    };
    let tags = text.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap());
    let people = tags.filter(|tag| {
        ["password", "email"].contains(&attribute(tag, "type").as_str())
            || ["code", "digits", "username"].contains(&attribute(tag, "name").as_str())
    });
    people.map(|tag| (attribute(tag, "name"), attribute(tag, "autocomplete"))).collect()
}

#[tokio::test]
async fn password_managers_and_keyboards_are_told_what_every_field_is_for() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let stranger = world.stranger();
    let mut said = Vec::new();
    let mut look = |what: &str, page: &Reply| {
        let pairs = fields(page).into_iter().map(|(name, purpose)| format!("{name} is {purpose}"));
        said.push(format!("{what}: {}", pairs.collect::<Vec<_>>().join(", ")));
    };
    for path in ["/sign-up", "/sign-in", "/forgot-password", "/verify-email?email=ada%40example.com"] {
        look(path, &stranger.get(path).await.is(200));
    }
    stranger.posts("/forgot-password", &[("email", &ada.email())]).await.is(303);
    let token = crate::security::token(&world, &ada.email(), "reset-password");
    look("/reset-password", &stranger.get(&format!("/reset-password?token={token}")).await.is(200));
    look("/account", &ada.get("/account").await.is(200));
    look("the question", &ada.posts("/account/delete", &[("confirm", "delete")]).await.is(200));
    world.it_is("2026-02-12T12:10:00Z");
    look("to set up", &ada.posts("/account/two-factor", &[("what", "set-up")]).await.is(200));
    ada.signs_in().await;
    ada.posts("/account/two-factor", &[("what", "set-up")]).await.is(303);
    look("to switch on", &ada.get("/account/two-factor").await.is(200));
    crate::two_factor::enrols(&world, &ada).await;
    look("to switch off", &ada.get("/account/two-factor").await.is(200));
    look("the question to both", &ada.posts("/account/delete", &[("confirm", "delete")]).await.is(200));
    look("the second step", &Person::new("ada", &world).tries_to_sign_in(PASSWORD).await.is(200));
    let expected = [
        "/sign-up: email is email, password is new-password, confirmPassword is new-password",
        "/sign-in: email is username, password is current-password",
        "/forgot-password: email is username",
        "/verify-email?email=ada%40example.com: email is email, email is email, digits is one-time-code",
        "/reset-password: username is username, password is new-password, confirmPassword is new-password",
        "/account: email is email, username is username, password is new-password, confirmPassword is new-password",
        "the question: username is username, code is current-password",
        "to set up: username is username, code is current-password",
        "to switch on: code is one-time-code",
        // Where recovery codes are taken, too, nothing is filled in.
        "to switch off: code is off, username is username, currentPassword is current-password, code is off",
        "the question to both: code is one-time-code",
        "the second step: code is one-time-code",
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn text_from_people_is_text() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let title = "<script>alert(1)</script> \"quoted\" & 'more'";
    let habit = format!("/habits/{}", ada.keeps(title).await);
    for path in [habit.as_str(), "/insights", "/today", "/calendar", "/habits"] {
        let page = ada.get(path).await.says("&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot; &amp; 'more'");
        page.says_nothing_of("<script>alert");
    }
    ada.get("/sign-in?from=%2Fx%22%3E%3Cscript%3E").await.says_nothing_of("<script>");
    ada.get("/verify-email?email=%22%3E%3Cscript%3E").await.says_nothing_of("<script>");
}

#[tokio::test]
async fn outside_production_every_page_says_so() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    for path in ["/landing", "/today", "/nothing"] {
        let reply = ada.get(path).await.says("development").says("not production");
        assert_eq!(reply.header("x-robots-tag"), Some("noindex, nofollow"));
    }
    assert!(world.newest_mail("ada@example.com").is_some());
    ada.get("/dev/mail").await.is(200).says("[development] Confirm your address");
}
