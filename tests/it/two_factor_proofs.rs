//! What proves who it is where the second factor is concerned: what it takes to set one up, and codes that a program asks for.

use atlas::domain::Email;
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::person::{Person, Reply};
use crate::two_factor::{answers, begins, between, code, enrols, later, wrong};
use crate::world::{PASSWORD, Wishes, World};

async fn sets_up(person: &Person, body: &Value) -> Reply {
    person.sends("POST", "/api/account/2fa/setup", body).await
}

/// Asks for a proof and gives the password.
async fn proves(person: &Person, action: &str, password: &str) -> (String, Reply) {
    let asked = json!({ "action": action });
    let asked = person.sends("POST", "/api/account/step-up/challenge", &asked).await.is(200).data();
    let token = asked["challengeToken"].as_str().unwrap().to_owned();
    let body = json!({ "challengeToken": token, "method": "password", "code": password });
    (token, person.sends("POST", "/api/account/step-up/verify", &body).await)
}

#[tokio::test]
async fn whoever_signed_in_just_now_sets_it_up_without_another_word_and_needs_no_body() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    world.it_is("2026-02-12T12:09:59Z");
    let bare = ada.asks("POST", "/api/account/2fa/setup", &[("sec-fetch-site", "same-origin")], b"").await;
    let shown = bare.is(200).data();
    // What was begun in time is finished in time.
    world.it_is("2026-02-12T12:24:58Z");
    let app = Authenticator::given(shown["secret"].as_str().unwrap());
    let body = json!({ "code": code(&app, &world) });
    ada.sends("POST", "/api/account/2fa/enable", &body).await.is(200);
}

#[tokio::test]
async fn a_stolen_session_sets_no_second_factor_up_and_locks_nobody_out() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    world.it_is("2026-02-12T12:10:00Z");
    let thief = world.stranger();
    thief.takes_cookie("atlas-development", &ada.cookie("atlas-development").unwrap());
    sets_up(&thief, &json!({})).await.is_refused(401, "unauthorized");
    sets_up(&thief, &json!({ "stepUpChallengeToken": "made-up" })).await.is_refused(401, "unauthorized");
    // A question alone is no proof, nor is a guess at the password, nor a proof of something else.
    let (unanswered, refused) = proves(&thief, "account_two_factor", "a wrong guess here").await;
    refused.is_refused(401, "unauthorized");
    sets_up(&thief, &json!({ "stepUpChallengeToken": unanswered })).await.is_refused(401, "unauthorized");
    let (other, proved) = proves(&ada, "account_delete", PASSWORD).await;
    proved.is(200);
    sets_up(&thief, &json!({ "stepUpChallengeToken": other })).await.is_refused(401, "unauthorized");
    // On the page the button asks for the password, and shows no secret.
    let page = thief.posts("/account/two-factor", &[("what", "set-up")]).await.is(200).says("Security verification");
    let page = page.says("Current password").says_nothing_of("manual-secret");
    let asked = between(&page.text(), "name=\"challengeToken\" value=\"", "\"");
    let fields = [("challengeToken", asked.as_str()), ("method", "password"), ("code", "a wrong guess here")];
    thief.posts("/account/verify", &fields).await.is(422).says("not right");
    thief.get("/account/two-factor").await.is(200).says_nothing_of("manual-secret");
    thief.sends("POST", "/api/account/2fa/enable", &json!({ "code": "123456" })).await.is_refused(401, "unauthorized");
    assert_eq!(ada.get("/api/account/2fa").await.is(200).data()["hasTotpSecret"], false);
    ada.signs_in().await;
}

#[tokio::test]
async fn with_the_password_an_older_session_sets_it_up_on_the_page_and_in_the_api() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_up("ada").await, world.signed_up("bob").await);
    world.it_is("2026-02-12T15:00:00Z");
    let page = ada.posts("/account/two-factor", &[("what", "set-up")]).await.is(200).text();
    let asked = between(&page, "name=\"challengeToken\" value=\"", "\"");
    let fields = [("challengeToken", asked.as_str()), ("method", "password"), ("code", PASSWORD)];
    ada.posts("/account/verify", &fields).await.is(303).leads_to("/account/two-factor");
    ada.get("/account/two-factor").await.is(200).says("manual-secret");

    let (proof, proved) = proves(&bob, "account_two_factor", PASSWORD).await;
    proved.is(200);
    let body = json!({ "stepUpChallengeToken": proof });
    sets_up(&ada, &body).await.is_refused(401, "unauthorized");
    let shown = sets_up(&bob, &body).await.is(200).data();
    sets_up(&bob, &body).await.is_refused(401, "unauthorized");
    let app = Authenticator::given(shown["secret"].as_str().unwrap());
    let enable = json!({ "code": code(&app, &world) });
    bob.sends("POST", "/api/account/2fa/enable", &enable).await.is(200);
}

#[tokio::test]
async fn a_secret_that_was_shown_waits_a_quarter_of_an_hour() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let shown = sets_up(&ada, &json!({})).await.is(200).data();
    let app = Authenticator::given(shown["secret"].as_str().unwrap());
    world.it_is("2026-02-12T12:15:00Z");
    let enable = json!({ "code": code(&app, &world) });
    ada.sends("POST", "/api/account/2fa/enable", &enable).await.is_refused(401, "unauthorized");
    ada.get("/account/two-factor").await.is(200).says("Set up 2FA").says_nothing_of("manual-secret");
}

#[tokio::test]
async fn somebody_who_became_an_admin_while_signed_in_gives_the_password_and_then_sets_it_up() {
    let mut world = World::with(crate::two_factor::staging()).await;
    let mut bob = Person::new("bob", &world);
    bob.host = "localhost:3999".to_owned();
    bob.signs_up("UTC").await;
    let mail = world.newest_mail(&bob.email()).unwrap();
    let token = between(&mail, "/verify-email?token=", "\n");
    bob.posts("/verify-email", &[("token", &token)]).await.is(200);
    bob.signs_in().await;
    world.it_is("2026-02-12T13:00:00Z");
    world.serves_again(|settings| settings.admins.push(Email::parse(&bob.email()).unwrap())).await;
    bob.follows(&world);
    bob.get("/admin").await.leads_to("/account/two-factor");
    let page = bob.posts("/account/two-factor", &[("what", "set-up")]).await.is(200).text();
    let asked = between(&page, "name=\"challengeToken\" value=\"", "\"");
    let fields = [("challengeToken", asked.as_str()), ("method", "password"), ("code", PASSWORD)];
    bob.posts("/account/verify", &fields).await.is(303).leads_to("/account/two-factor");
    let page = bob.get("/account/two-factor").await.is(200).text();
    let secret = between(&between(&page, "id=\"manual-secret\"", ">"), "value=\"", "\"");
    let typed = code(&Authenticator::given(&secret), &world);
    bob.posts("/account/two-factor", &[("what", "enable"), ("code", &typed)]).await.is(200);
    bob.get("/admin").await.is(200);
}

async fn asks(person: &Person, action: &str) -> Reply {
    person.sends("POST", "/api/auth/2fa/challenge", &json!({ "action": action })).await
}

async fn verifies(person: &Person, token: &str, method: &str, code: &str) -> Reply {
    let body = json!({ "challengeToken": token, "method": method, "code": code });
    person.sends("POST", "/api/auth/2fa/challenge/verify", &body).await
}

fn token(asked: Reply) -> String {
    asked.is(200).data()["challengeToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_program_asks_for_a_code_and_its_answer_is_a_proof_for_that_action_alone() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_up("ada").await, world.signed_up("bob").await);
    world.stranger().sends("POST", "/api/auth/2fa/challenge", &json!({})).await.is_refused(401, "unauthorized");
    asks(&ada, "account_password_change").await.is_refused(403, "forbidden");
    let (app, codes) = enrols(&world, &ada).await;
    for odd in ["sign_in", "account_two_factor", "everything", ""] {
        asks(&ada, odd).await.is_refused(400, "invalid_request");
    }
    later(&world, 1);
    let asked = asks(&ada, "account_password_change").await.is(200).data();
    assert_eq!(asked["expiresAt"], "2026-02-12T12:10:30.000Z");
    assert_eq!(asked.as_object().unwrap().len(), 2);
    let open = asked["challengeToken"].as_str().unwrap();
    let strict = json!({ "challengeToken": open, "method": "totp", "code": code(&app, &world), "extra": 1 });
    ada.sends("POST", "/api/auth/2fa/challenge/verify", &strict).await.is_refused(400, "invalid_request");
    verifies(&ada, open, "password", PASSWORD).await.is_refused(400, "invalid_request");
    verifies(&ada, open, "totp", "").await.is_refused(400, "invalid_request");
    verifies(&ada, "nonsense", "totp", &code(&app, &world)).await.is_refused(401, "unauthorized");
    verifies(&bob, open, "recovery_code", &codes[0]).await.is_refused(401, "unauthorized");
    verifies(&ada, open, "totp", &wrong(&code(&app, &world))).await.is_refused(401, "unauthorized");
    let verified = verifies(&ada, open, "totp", &code(&app, &world)).await.is(200).data();
    let expected = json!({ "verified": true, "method": "totp", "action": "account_password_change", "verifiedAt": "2026-02-12T12:00:30.000Z" });
    assert_eq!(verified, expected);
    verifies(&ada, open, "recovery_code", &codes[0]).await.is_refused(401, "unauthorized");
    ada.sends("POST", "/api/account/delete-request", &json!({ "stepUpChallengeToken": open })).await.is(401);
    let change = json!({ "password": "copper lantern meadow sixteen", "stepUpChallengeToken": open });
    ada.sends("PUT", "/api/account", &change).await.is(200);
    // It waits ten minutes, and five wrong answers.
    let late = token(asks(&ada, "account_delete").await);
    world.it_is("2026-02-12T12:10:30Z");
    verifies(&ada, &late, "recovery_code", &codes[0]).await.is_refused(401, "token_expired");
    let guessed = token(asks(&ada, "account_delete").await);
    for _ in 0..5 {
        verifies(&ada, &guessed, "recovery_code", "0000").await.is_refused(401, "unauthorized");
    }
    let locked = verifies(&ada, &guessed, "recovery_code", &codes[0]).await.is_refused(429, "rate_limited");
    assert_eq!(locked.header("retry-after"), Some("300"));
}

#[tokio::test]
async fn only_an_admin_is_asked_for_the_access_of_admins_and_the_answer_opens_nothing_else() {
    let owner = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with(Wishes { variables: owner, ..Wishes::default() }).await;
    let (olga, ada) = (world.signed_up("olga").await, world.signed_up("ada").await);
    asks(&ada, "admin_access").await.is_refused(403, "forbidden");
    enrols(&world, &ada).await;
    asks(&ada, "admin_access").await.is_refused(403, "forbidden");
    asks(&olga, "admin_access").await.is_refused(403, "forbidden");
    let (_, codes) = enrols(&world, &olga).await;
    let proof = token(asks(&olga, "admin_access").await);
    let verified = verifies(&olga, &proof, "recovery_code", &codes[0]).await.is(200).data();
    assert_eq!((&verified["action"], &verified["method"]), (&json!("admin_access"), &json!("recovery_code")));
    olga.sends("POST", "/api/account/delete-request", &json!({ "stepUpChallengeToken": proof })).await.is(401);
    let elsewhere = json!({ "action": "admin_access" });
    let reply = olga.sends("POST", "/api/account/step-up/challenge", &elsewhere).await;
    reply.is_refused(400, "invalid_request");
}

/// Wrong codes, so many, each in a sign-in of its own.
async fn guesses(world: &World, app: &Authenticator, person: &Person, times: usize) {
    for _ in 0..times {
        let challenge = begins(person).await;
        answers(person, &challenge, "totp", &wrong(&code(app, world))).await.is_refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn who_guesses_patiently_is_stopped_for_hours_and_the_owner_hears_of_it_once_and_still_gets_in() {
    let mut world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (app, codes) = enrols(&world, &ada).await;
    let mallory = Person::new("ada", &world);
    let mails = world.mails("ada@example.com");
    // Four at a time never meet the limit of five minutes.
    for minute in [5, 10, 15, 20] {
        world.it_is(&format!("2026-02-12T12:{minute:02}:00Z"));
        guesses(&world, &app, &mallory, 4).await;
    }
    world.it_is("2026-02-12T12:25:00Z");
    guesses(&world, &app, &mallory, 3).await;
    assert_eq!(world.mails("ada@example.com"), mails);
    guesses(&world, &app, &mallory, 1).await;
    assert_eq!(world.mails("ada@example.com"), mails + 1);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("for twelve hours"));
    let challenge = begins(&mallory).await;
    for _ in 0..4 {
        let refused = answers(&mallory, &challenge, "totp", &code(&app, &world)).await;
        assert_eq!(refused.is_refused(429, "rate_limited").header("retry-after"), Some("43200"));
    }
    assert_eq!(world.mails("ada@example.com"), mails + 1, "she is told once");
    let fields = [("challenge", challenge.as_str()), ("method", "totp"), ("code", "123456")];
    mallory.posts("/sign-in/verify", &fields).await.is(429).says("Try again in 12 hours");
    // Everything that takes a code of the app refuses it, and a restart changes nothing.
    let asked = token(asks(&ada, "account_password_change").await);
    verifies(&ada, &asked, "totp", &code(&app, &world)).await.is_refused(429, "rate_limited");
    world = world.restarted().await;
    world.it_is("2026-02-13T00:24:59Z");
    let ada = Person::new("ada", &world);
    let challenge = begins(&ada).await;
    answers(&ada, &challenge, "totp", &code(&app, &world)).await.is_refused(429, "rate_limited");
    answers(&ada, &challenge, "recovery_code", &codes[0]).await.is(200);
    // The day is not over: the next wrong one begins another pause.
    world.it_is("2026-02-13T00:25:00Z");
    guesses(&world, &app, &ada, 1).await;
    let challenge = begins(&ada).await;
    answers(&ada, &challenge, "totp", &code(&app, &world)).await.is_refused(429, "rate_limited");
    world.it_is("2026-02-13T12:25:00Z");
    answers(&ada, &begins(&ada).await, "totp", &code(&app, &world)).await.is(200);
}

#[tokio::test]
async fn a_day_with_few_wrong_codes_leaves_nothing_to_the_next() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (app, _) = enrols(&world, &ada).await;
    for (day, hours) in [(12, 12..16), (13, 12..16), (14, 12..16)] {
        for hour in hours {
            world.it_is(&format!("2026-02-{day}T{hour}:30:00Z"));
            guesses(&world, &app, &ada, 4).await;
        }
    }
    world.it_is("2026-02-14T18:00:00Z");
    answers(&ada, &begins(&ada).await, "totp", &code(&app, &world)).await.is(200);
}
