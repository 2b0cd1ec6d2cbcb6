//! What keeps an account its owner's: passwords, addresses, devices, and the end. The attacker's side too.

use atlas::store;
use atlas::store::counts::{self, Count};
use serde_json::{Value, json};

use crate::person::{Person, Reply};
use crate::world::{PASSWORD, World};

const NEW: &str = "copper lantern meadow sixteen";

/// The token behind `/path?token=` in the newest mail to an address that has one.
pub fn token(world: &World, to: &str, path: &str) -> String {
    let mails = atlas::app::outbox::newest(&world.site.app, usize::MAX).unwrap();
    let texts = mails.into_iter().filter(|mail| mail.to.as_str() == to).filter_map(|mail| mail.letter);
    let mark = format!("/{path}?token=");
    let found = texts.filter_map(|letter| Some(letter.text.split_once(&mark)?.1.split_whitespace().next()?.to_owned()));
    found.into_iter().next().unwrap_or_else(|| panic!("no {path} mail to {to}"))
}

async fn forgets(person: &Person, email: &str) -> Reply {
    person.posts("/forgot-password", &[("email", email)]).await
}

async fn resets(person: &Person, token: &str, password: &str) -> Reply {
    let fields = [("token", token), ("password", password), ("confirmPassword", password)];
    person.posts("/reset-password", &fields).await
}

/// The hidden token of the question on a page.
pub fn question(reply: &Reply) -> String {
    let text = reply.text();
    let rest = text.split("name=\"challengeToken\" value=\"").nth(1).expect("the page asks who it is");
    rest.split('"').next().unwrap().to_owned()
}

pub async fn answers(person: &Person, token: &str, password: &str) -> Reply {
    let fields = [("challengeToken", token), ("method", "password"), ("code", password)];
    person.posts("/account/verify", &fields).await
}

async fn wants_password(person: &Person, password: &str) -> Reply {
    person.posts("/account/password", &[("password", password), ("confirmPassword", password)]).await
}

/// A second browser of the same person.
async fn second_browser(world: &World, name: &'static str) -> Person {
    let person = Person::new(name, world);
    person.signs_in().await;
    person
}

/// A proof for the API.
pub async fn proves(person: &Person, action: &str) -> String {
    let asked =
        person.sends("POST", "/api/account/step-up/challenge", &json!({ "action": action })).await.is(200).data();
    assert_eq!(asked["methods"], json!(["password"]));
    let token = asked["challengeToken"].as_str().unwrap().to_owned();
    let body = json!({ "challengeToken": token, "method": "password", "code": PASSWORD });
    let verified = person.sends("POST", "/api/account/step-up/verify", &body).await.is(200).data();
    assert_eq!((&verified["verified"], &verified["stepUpChallengeToken"]), (&json!(true), &json!(token)));
    token
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once_and_every_session_ends() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let stranger = world.stranger();
    stranger.get("/sign-in").await.is(200).says("/forgot-password");
    forgets(&stranger, &ada.email()).await.is(303).leads_to("/forgot-password?sent");
    let older = token(&world, &ada.email(), "reset-password");
    world.it_is("2026-02-12T12:01:00Z");
    forgets(&stranger, " ADA@example.com ").await.is(303);
    let link = token(&world, &ada.email(), "reset-password");
    assert_ne!(older, link);
    stranger.get(&format!("/reset-password?token={older}")).await.is(422).says("does not work");

    let page = stranger.get(&format!("/reset-password?token={link}")).await.is(200).says("ada@example.com");
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    ada.get("/today").await.is(200);
    resets(&stranger, &link, "short").await.is(422).says("12");
    let page = resets(&stranger, &link, NEW).await.is(200).says("Your password is changed");
    assert!(page.header("set-cookie").unwrap().contains("Max-Age=0"), "nobody is signed in by it");
    ada.get("/today").await.is(307);
    ada.tries_to_sign_in(PASSWORD).await.is(422);
    ada.tries_to_sign_in(NEW).await.is(303);
    resets(&stranger, &link, PASSWORD).await.is(422).says("does not work");
    assert!(world.newest_mail("ada@example.com").unwrap().contains("was changed just now"));
}

#[tokio::test]
async fn a_reset_dies_after_half_an_hour() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    forgets(&ada, &ada.email()).await.is(303);
    let link = token(&world, &ada.email(), "reset-password");
    world.it_is("2026-02-12T12:29:59Z");
    ada.get(&format!("/reset-password?token={link}")).await.is(200);
    world.it_is("2026-02-12T12:30:00Z");
    resets(&ada, &link, NEW).await.is(422).says("expired");
    ada.tries_to_sign_in(PASSWORD).await.is(303);
}

#[tokio::test]
async fn asking_for_a_reset_says_the_same_whoever_the_address_belongs_to_and_floods_no_inbox() {
    let world = World::new().await;
    let (ada, stranger) = (world.signed_up("ada").await, world.stranger());
    let waiting = Person::new("grace", &world);
    waiting.signs_up("UTC").await;
    for email in ["ada@example.com", "grace@example.com", "nobody@example.com"] {
        let api = stranger.sends("POST", "/api/auth/forgot-password", &json!({ "email": email })).await.is(200);
        assert_eq!(api.data(), json!({ "status": "sent" }), "{email}");
        forgets(&stranger, email).await.is(303).leads_to("/forgot-password?sent");
    }
    assert_eq!((world.mails("nobody@example.com"), world.mails("grace@example.com")), (0, 1));
    let before = world.mails("ada@example.com");
    for _ in 0..20 {
        forgets(&stranger, &ada.email()).await.is(303);
    }
    assert_eq!(world.mails("ada@example.com") - before, 4, "six an hour, two of them before");
    // Sign-ups with her address take no reset from her.
    world.it_is("2026-02-12T14:00:00Z");
    for _ in 0..20 {
        Person::new("ada", &world).signs_up("UTC").await;
    }
    let before = world.mails("ada@example.com");
    forgets(&ada, &ada.email()).await.is(303);
    assert_eq!(world.mails("ada@example.com") - before, 1);
}

#[tokio::test]
async fn a_new_password_asks_for_the_old_one_and_ends_every_other_session() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let elsewhere = second_browser(&world, "ada").await;
    wants_password(&ada, "short").await.is(422).says("12");
    let asked = wants_password(&ada, NEW).await.is(200).says("Security verification").says("Current password");
    let asked = question(&asked);
    answers(&ada, &asked, "not this one at all").await.is(422).says("not right");
    elsewhere.get("/today").await.is(200);
    answers(&ada, &asked, PASSWORD).await.is(303).leads_to("/account?saved");
    ada.get("/today").await.is(200);
    elsewhere.get("/today").await.is(307);
    elsewhere.tries_to_sign_in(PASSWORD).await.is(422);
    elsewhere.tries_to_sign_in(NEW).await.is(303);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("was changed just now"));
    answers(&ada, &asked, NEW).await.is(422).says("nothing was changed");
}

#[tokio::test]
async fn a_password_that_is_easy_to_guess_is_refused_wherever_one_is_chosen() {
    let world = World::new().await;
    let person = world.signed_up("wilhelmina").await;
    forgets(&person, &person.email()).await.is(303);
    let link = token(&world, &person.email(), "reset-password");
    let proof = proves(&person, "account_password_change").await;
    for easy in ["password1234", "qwertyuiop12", "Atlas-Habits-Atlas", "Wilhelmina-Atlas", "wilhelmina@example"] {
        let why = "easy to guess";
        let sign_up = json!({ "email": "wilhelmina@example.org", "password": easy, "displayName": "Wilhelmina" });
        let stranger = world.stranger();
        stranger.sends("POST", "/api/auth/signup", &sign_up).await.is_refused(400, "invalid_request").says(why);
        wants_password(&person, easy).await.is(422).says(why);
        let change = json!({ "password": easy, "stepUpChallengeToken": proof });
        person.sends("PUT", "/api/account", &change).await.is_refused(400, "invalid_request").says(why);
        resets(&person, &link, easy).await.is(422).says(why);
        let reset = json!({ "token": link, "password": easy });
        person.sends("POST", "/api/auth/reset-password", &reset).await.is_refused(400, "invalid_request").says(why);
    }
    // Neither link nor proof is spent by it.
    let change = json!({ "password": NEW, "stepUpChallengeToken": proof });
    person.sends("PUT", "/api/account", &change).await.is(200);
    person.tries_to_sign_in(NEW).await.is(303);
}

#[tokio::test]
async fn guessing_at_the_question_is_paused_and_the_question_ends_after_ten_minutes() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let asked = question(&wants_password(&ada, NEW).await.is(200));
    for _ in 0..5 {
        answers(&ada, &asked, "a wrong guess here").await.is(422).says("not right");
    }
    answers(&ada, &asked, PASSWORD).await.is(422).says("too often");
    world.it_is("2026-02-12T12:05:00Z");
    answers(&ada, &asked, PASSWORD).await.is(303);
    let asked = question(&wants_password(&ada, NEW).await.is(200));
    world.it_is("2026-02-12T12:15:00Z");
    answers(&ada, &asked, NEW).await.is(422).says("too long");
}

#[tokio::test]
async fn a_proof_is_good_once_for_its_own_action_and_person() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_up("ada").await, world.signed_up("bob").await);
    let change = |proof: &str| json!({ "password": NEW, "stepUpChallengeToken": proof });
    ada.sends("PUT", "/api/account", &json!({ "password": NEW })).await.is_refused(401, "unauthorized");
    ada.sends("PUT", "/api/account", &change("made-up")).await.is_refused(401, "unauthorized");
    let for_email = proves(&ada, "account_email_change").await;
    ada.sends("PUT", "/api/account", &change(&for_email)).await.is_refused(401, "unauthorized");
    let bobs = proves(&bob, "account_password_change").await;
    ada.sends("PUT", "/api/account", &change(&bobs)).await.is_refused(401, "unauthorized");
    // A question that nobody answered proves nothing.
    let asked = json!({ "action": "account_password_change" });
    let open = ada.sends("POST", "/api/account/step-up/challenge", &asked).await.is(200).data();
    let open = open["challengeToken"].as_str().unwrap().to_owned();
    ada.sends("PUT", "/api/account", &change(&open)).await.is_refused(401, "unauthorized");
    let body = json!({ "challengeToken": open, "method": "password", "code": PASSWORD });
    bob.sends("POST", "/api/account/step-up/verify", &body).await.is_refused(400, "token_invalid");

    let proof = proves(&ada, "account_password_change").await;
    ada.sends("PUT", "/api/account", &change(&proof)).await.is(200);
    ada.sends("PUT", "/api/account", &change(&proof)).await.is_refused(401, "unauthorized");
    ada.tries_to_sign_in(NEW).await.is(303);
    let mixed = json!({ "password": NEW, "theme": "dark", "stepUpChallengeToken": "x" });
    ada.sends("PUT", "/api/account", &mixed).await.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn another_address_counts_once_it_is_confirmed_and_the_old_one_hears_of_it() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    ada.posts("/account/email", &[("email", "no address")]).await.is(422).says("no address");
    ada.posts("/account/email", &[("email", "ada@example.com")]).await.is(422).says("already");
    let asked = question(&ada.posts("/account/email", &[("email", "Ada@New.example")]).await.is(200));
    answers(&ada, &asked, PASSWORD).await.is(200).says("Look into your mail");
    assert!(world.newest_mail("ada@example.com").unwrap().contains("asked to use your Atlas account with another"));
    let stranger = world.stranger();
    stranger.posts("/sign-in", &[("email", "ada@new.example"), ("password", PASSWORD)]).await.is(422);

    let link = token(&world, "ada@new.example", "new-address");
    stranger.get(&format!("/new-address?token={link}")).await.is(200).says("ada@new.example");
    ada.get("/account").await.is(200).says("ada@example.com");
    stranger.posts("/new-address", &[("token", &link)]).await.is(200).says("confirmed");
    ada.get("/account").await.is(200).says("ada@new.example");
    assert!(world.newest_mail("ada@example.com").unwrap().contains("another address from now on"));
    stranger.posts("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await.is(422);
    stranger.posts("/sign-in", &[("email", "ada@new.example"), ("password", PASSWORD)]).await.is(303);
    stranger.posts("/new-address", &[("token", &link)]).await.is(422).says("does not work");
    // The old address is free for somebody else.
    Person::new("ada", &world).signs_up("UTC").await;
}

#[tokio::test]
async fn an_address_that_somebody_has_is_not_taken_over_and_not_told_apart() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_up("ada").await, world.signed_up("bob").await);
    let asked = question(&ada.posts("/account/email", &[("email", &bob.email())]).await.is(200));
    answers(&ada, &asked, PASSWORD).await.is(200).says("Look into your mail");
    assert!(world.newest_mail("bob@example.com").unwrap().contains("It has an account already"));
    // Somebody confirms the address while Ada's link waits.
    let asked = question(&ada.posts("/account/email", &[("email", "carol@example.com")]).await.is(200));
    answers(&ada, &asked, PASSWORD).await.is(200);
    let link = token(&world, "carol@example.com", "new-address");
    let carol = world.signed_up("carol").await;
    ada.posts("/new-address", &[("token", &link)]).await.is(422).says("does not work");
    carol.get("/account").await.is(200).says("carol@example.com");
    ada.get("/account").await.is(200).says("ada@example.com");
}

#[tokio::test]
async fn a_stolen_password_is_no_use_once_the_owner_has_reset_it() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let thief = second_browser(&world, "ada").await;
    let asked = question(&thief.posts("/account/email", &[("email", "thief@example.com")]).await.is(200));
    answers(&thief, &asked, PASSWORD).await.is(200);
    let link = token(&world, "thief@example.com", "new-address");
    let proof = proves(&thief, "account_delete").await;
    forgets(&ada, &ada.email()).await.is(303);
    resets(&ada, &token(&world, &ada.email(), "reset-password"), NEW).await.is(200);
    thief.posts("/new-address", &[("token", &link)]).await.is(422).says("does not work");
    let body = json!({ "stepUpChallengeToken": proof });
    thief.sends("POST", "/api/account/delete-request", &body).await.is_refused(401, "unauthorized");
}

#[tokio::test]
async fn devices_are_listed_with_what_they_did_last_and_end_one_by_one_or_together() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (second, third) = (second_browser(&world, "ada").await, second_browser(&world, "ada").await);
    let bob = world.signed_up("bob").await;
    world.it_is("2026-02-12T12:30:00Z");
    second.get("/today").await.is(200);
    let devices = async |person: &Person| -> Vec<Value> {
        person.get("/api/account/sessions").await.is(200).data()["sessions"].as_array().unwrap().clone()
    };
    // The note of the last use is written beside the answer.
    let mut listed = devices(&ada).await;
    while listed[0]["lastActiveAt"] == "2026-02-12T12:00:00.000Z" || listed.len() < 3 {
        tokio::task::yield_now().await;
        listed = devices(&ada).await;
    }
    assert_eq!(listed.iter().filter(|device| device["isCurrent"] == true).count(), 1);
    assert!(listed.iter().all(|device| device["ipAddress"] == "127.0.0.1"));
    ada.get("/account").await.is(200).says("Where you are signed in").says("Sign out other devices");

    let id_of_third = devices(&third).await.into_iter().find(|device| device["isCurrent"] == true).unwrap();
    let path = format!("/api/account/sessions/{}", id_of_third["id"].as_str().unwrap());
    bob.asks("DELETE", &path, &[("content-type", "application/json")], b"").await.is_refused(404, "not_found");
    ada.asks("DELETE", "/api/account/sessions/nonsense", &[], b"").await.is_refused(404, "not_found");
    let ended = ada.asks("DELETE", &path, &[], b"").await.is(200).data();
    assert_eq!(ended, json!({ "revoked": true, "signedOutCurrent": false }));
    third.get("/today").await.is(307);
    let others = ada.sends("DELETE", "/api/account/sessions", &json!({ "scope": "others" })).await.is(200).data();
    assert_eq!(others, json!({ "revokedCount": 1, "scope": "others", "signedOutCurrent": false }));
    second.get("/today").await.is(307);
    ada.get("/today").await.is(200);
    ada.posts("/account/sessions", &[("which", "all")]).await.is(303).leads_to("/sign-in");
    ada.get("/today").await.is(307);
    bob.get("/today").await.is(200);
}

#[tokio::test]
async fn past_fifty_devices_the_one_used_longest_ago_is_signed_out() {
    let world = World::new().await;
    let forgotten = world.signed_up("ada").await;
    world.it_is("2026-02-12T12:01:00Z");
    let phone = second_browser(&world, "ada").await;
    let member = atlas::app::sessions::member(&world.site.app, &phone.cookie("atlas-development").unwrap());
    let session = member.unwrap().unwrap().session;
    let others = move |draft: &mut store::Draft<'_, '_>| -> Result<(), store::Error> {
        for n in 0..48 {
            store::sessions::put(draft, &[n; 32], &session);
        }
        Ok(())
    };
    world.site.app.store.write(others).await.unwrap();
    world.it_is("2026-02-12T12:02:00Z");
    let newest = second_browser(&world, "ada").await;
    forgotten.get("/today").await.is(307);
    phone.get("/today").await.is(200);
    let listed = newest.get("/api/account/sessions").await.is(200).data();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_deleted_account_leaves_no_trace_but_nameless_lines() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let elsewhere = second_browser(&world, "ada").await;
    let read = ada.keeps("Read").await;
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    forgets(&ada, &ada.email()).await.is(303);
    let asked = question(&ada.posts("/account/email", &[("email", "ada@new.example")]).await.is(200));
    answers(&ada, &asked, PASSWORD).await.is(200);
    let id = ada.get("/api/account/exports/self").await.is(200).json()["userId"].as_str().unwrap().to_owned();

    ada.posts("/account/delete", &[("confirm", "yes")]).await.is(422).says("Type the word delete");
    let asked = question(&ada.posts("/account/delete", &[("confirm", "Delete")]).await.is(200));
    let _open = question(&wants_password(&ada, NEW).await.is(200));
    answers(&ada, &asked, PASSWORD).await.is(200).says("Your account is deleted");
    assert_eq!(ada.cookie("atlas-development"), None);
    elsewhere.get("/today").await.is(307);
    elsewhere.tries_to_sign_in(PASSWORD).await.is(422);

    crate::deletion::left_no_trace(&world, &id, &["ada@", "127.0.0.1", "Read", "argon2"]);
    let told = atlas::app::admin::trail(&world.site.app, Some(id.parse().unwrap()), None, None, 100).unwrap().rows;
    assert!(told.len() > 3 && told.iter().all(|line| line.address.is_none() && line.request.is_none()), "{told:?}");
    let confirmed = world.site.app.store.read(|view| counts::get(view, Count::Verified)).unwrap();
    assert_eq!(confirmed, 0);
}

#[tokio::test]
async fn the_digits_in_the_mail_confirm_too_and_guesses_are_few() {
    let world = World::new().await;
    let ada = Person::new("ada", &world);
    ada.signs_up("UTC").await;
    let digits = |world: &World| {
        let text = world.newest_mail("ada@example.com").unwrap();
        text.split_once("asks for them: ").unwrap().1[..6].to_owned()
    };
    let tries =
        async |digits: &str| ada.posts("/verify-email", &[("email", "ada@example.com"), ("digits", digits)]).await;
    let right = digits(&world);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        tries(wrong).await.is(422).says("not right").says("value=\"ada@example.com\"");
    }
    tries(&right).await.is(422).says("not right");
    // Five guesses a mail, ten a day.
    world.it_is("2026-02-12T12:10:00Z");
    ada.posts("/verify-email/resend", &[("email", "ada@example.com")]).await.is(303);
    let next = digits(&world);
    tries(&format!("{} {}", &next[..3], &next[3..])).await.is(200).says("Your address is confirmed");
    ada.signs_in().await;
    tries(&next).await.is(422);
    let body = json!({ "email": "nobody@example.com", "code": "123456" });
    ada.sends("POST", "/api/auth/verify-email", &body).await.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn what_is_over_is_removed_and_what_is_not_stays() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let rows = |name: &'static str| world.site.app.store.read(|view| view.count(name)).unwrap();
    let _open = question(&wants_password(&ada, NEW).await.is(200));
    assert_eq!((rows("sessions"), rows("challenges"), rows("links")), (1, 1, 1));
    assert!(rows("audit") >= 2 && rows("mail") >= 1);
    atlas::app::purge::purge(&world.site.app).await.unwrap();
    assert_eq!((rows("sessions"), rows("challenges"), rows("links")), (1, 1, 1));
    world.it_is("2026-03-20T12:00:00Z");
    atlas::app::purge::purge(&world.site.app).await.unwrap();
    let emptied = ["sessions", "account_sessions", "challenges", "links", "account_links", "mail"];
    assert_eq!(emptied.map(rows), [0; 6]);
    assert!(rows("audit") >= 2, "lines are kept 400 days");
    world.it_is("2027-03-20T12:00:00Z");
    atlas::app::purge::purge(&world.site.app).await.unwrap();
    assert_eq!((rows("audit"), rows("account_audit")), (0, 0));
    assert_eq!(rows("accounts"), 1);
}

#[tokio::test]
async fn whoever_is_signed_out_while_a_form_is_open_comes_back_to_its_page() {
    let world = World::new().await;
    let stranger = world.stranger();
    for (path, back) in [
        ("/account/email", "%2Faccount"),
        ("/account/verify", "%2Faccount"),
        ("/habits/x/move", "%2Fhabits%2Fx"),
        ("/today", "%2Ftoday"),
    ] {
        stranger.posts(path, &[]).await.is(303).leads_to(&format!("/sign-in?from={back}"));
    }
}

/// A body that would do something, for routes that read one before they look for what it is about.
fn body_for(path: &str) -> Value {
    match path {
        "/api/habits/{id}" => json!({ "title": "Stolen" }),
        _ => json!({}),
    }
}

#[tokio::test]
async fn what_belongs_to_somebody_else_is_like_what_does_not_exist_on_every_route_that_takes_an_id() {
    let world = World::new().await;
    let (ada, mallory) = (world.signed_up("ada").await, world.signed_up("mallory").await);
    let habit = ada.keeps("Read").await;
    let session =
        ada.get("/api/account/sessions").await.is(200).data()["sessions"][0]["id"].as_str().unwrap().to_owned();
    let mut tried = 0;
    for route in atlas::web::table(true, true).into_iter().filter(|route| route.path.contains('{')) {
        // Whose thing the id would be. A new kind of id needs its owner here.
        let id = match route.path {
            "/assets/{name}" | "/calendar/{date}" => continue, // Nobody's own.
            path if path.starts_with("/admin/") || path.starts_with("/api/admin/") => continue, // Admins', see there.
            path if path.starts_with("/habits/{id}") || path.starts_with("/api/habits/{id}") => &habit,
            "/api/account/sessions/{id}" => &session,
            path => panic!("whose is the id of {path}?"),
        };
        let path = route.path.replace("{id}", id);
        let nobodys = route.path.replace("{id}", "0190c7a0-0000-7000-8000-000000000000");
        for path in [path, nobodys] {
            let reply = match (route.method.as_str(), route.face()) {
                ("GET", _) => mallory.get(&path).await,
                (_, atlas::web::Face::Page) => {
                    let fields = [("title", "Stolen"), ("weekdays", "1"), ("direction", "up"), ("confirm", "Read")];
                    mallory.posts(&path, &fields).await
                }
                (method, _) => mallory.sends(method, &path, &body_for(route.path)).await,
            };
            assert_eq!(reply.status, 404, "{} {path}: {}", route.method, reply.text());
            tried += 1;
        }
    }
    assert!(tried >= 16, "{tried}");
    ada.get("/habits").await.is(200).says("Read").says_nothing_of("Stolen");
    ada.get("/today").await.is(200);
}

/// What programs of other people's making have taken from whoever sent it, beside what was asked for.
fn with_what_nobody_may_set(asked: &Value, of: &str) -> Value {
    let mut body = json!({
        "id": of, "user_id": of, "owner": of, "role": "admin", "is_admin": true, "isAdmin": true, "email_verified": true,
        "emailVerifiedAt": "2020-01-01T00:00:00.000Z", "created_at": "2020-01-01", "createdAt": "2020-01-01",
        "archivedAt": "2020-01-01T00:00:00.000Z", "__proto__": { "isAdmin": true }, "constructor": { "prototype": { "isAdmin": true } },
    });
    body.as_object_mut().unwrap().extend(asked.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn fields_that_nobody_may_set_change_nothing_wherever_they_are_sent() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let hers = ada.keeps("Read").await;
    let her_id = ada.get("/api/auth/session").await.is(200).json()["user"]["id"].as_str().unwrap().to_owned();
    let untouched = ada.get("/api/habits").await.is(200).data();

    let mallory = Person::new("mallory", &world);
    let sign_up = json!({ "email": mallory.email(), "password": PASSWORD, "displayName": "Mallory" });
    mallory.sends("POST", "/api/auth/signup", &with_what_nobody_may_set(&sign_up, &her_id)).await.is(201);
    mallory.tries_to_sign_in(PASSWORD).await.is(422).says("not confirmed yet");
    mallory.confirms().await;
    mallory.signs_in().await;
    let me = async || mallory.get("/api/auth/session").await.is(200).json()["user"].take();
    let born = me().await;
    assert_eq!((born["isAdmin"].as_bool(), born["id"] == her_id.as_str()), (Some(false), false));
    assert_eq!(born["emailVerifiedAt"], "2026-02-12T12:00:00.000Z");

    let plan = with_what_nobody_may_set(&json!({ "title": "Mine", "weekdays": [4] }), &hers);
    let mine = mallory.sends("POST", "/api/habits", &plan).await.is(201).data()["habit"].take();
    assert_ne!(mine["id"], hers.as_str());
    assert_eq!((&mine["createdAt"], &mine["archivedAt"]), (&json!("2026-02-12T12:00:00.000Z"), &json!(null)));
    let path = format!("/api/habits/{}", mine["id"].as_str().unwrap());
    let change = with_what_nobody_may_set(&json!({ "title": "Still mine" }), &hers);
    let changed = mallory.sends("PUT", &path, &change).await.is(200).data()["habit"].take();
    let mut expected = mine.clone();
    expected["title"] = json!("Still mine");
    assert_eq!(changed, expected);
    let nothing = with_what_nobody_may_set(&json!({}), &hers);
    mallory.sends("PUT", &path, &nothing).await.is_refused(400, "invalid_request");

    let named = with_what_nobody_may_set(&json!({ "displayName": "Mal" }), &her_id);
    mallory.sends("PUT", "/api/account", &named).await.is(200);
    mallory.sends("PUT", "/api/account", &nothing).await.is_refused(400, "invalid_request");
    let tick = json!({ "habitId": mine["id"], "date": "2026-02-12", "completed": true });
    mallory.sends("POST", "/api/completions", &with_what_nobody_may_set(&tick, &her_id)).await.is(200);
    let forged = [("id", her_id.as_str()), ("user_id", &her_id), ("role", "admin"), ("isAdmin", "true")];
    let form = |fields: &[(&'static str, &'static str)]| [fields, &forged].concat();
    mallory.posts("/habits", &form(&[("title", "Form"), ("weekdays", "4")])).await.is(303);
    mallory.posts("/account/name", &form(&[("displayName", "Mallory")])).await.is(303);

    assert_eq!(me().await, born, "but for the name, which is back, nothing is another");
    mallory.get("/admin").await.is(307).leads_to("/today");
    assert_eq!(mallory.done_on("2026-02-12").await, [mine["id"].as_str().unwrap()]);
    assert_eq!(ada.get("/api/habits").await.is(200).data(), untouched);
    assert!(ada.done_on("2026-02-12").await.is_empty());
}

#[tokio::test]
async fn what_a_thief_began_dies_when_the_account_is_switched_off() {
    let world = World::with(crate::world::Wishes {
        variables: vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())],
        ..crate::world::Wishes::default()
    })
    .await;
    let (olga, ada) = (world.signed_up("olga").await, world.signed_up("ada").await);
    let thief = second_browser(&world, "ada").await;
    let asked = question(&thief.posts("/account/email", &[("email", "thief@example.com")]).await.is(200));
    answers(&thief, &asked, PASSWORD).await.is(200);
    let link = token(&world, "thief@example.com", "new-address");
    forgets(&thief, &ada.email()).await.is(303);
    let reset = token(&world, "ada@example.com", "reset-password");
    let id = ada.get("/api/account/exports/self").await.is(200).json()["userId"].as_str().unwrap().to_owned();
    olga.posts(&format!("/admin/users/{id}/disable"), &[]).await.is(303);
    thief.posts("/new-address", &[("token", &link)]).await.is(422).says("does not work");
    resets(&thief, &reset, NEW).await.is(422).says("does not work");
    let before = world.mails("ada@example.com");
    forgets(&thief, &ada.email()).await.is(303);
    assert_eq!(world.mails("ada@example.com"), before);
    olga.posts(&format!("/admin/users/{id}/enable"), &[]).await.is(303);
    thief.posts("/new-address", &[("token", &link)]).await.is(422).says("does not work");
    ada.signs_in().await;
}

#[tokio::test]
async fn links_to_new_addresses_flood_no_inbox() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    for n in 0..9 {
        let asked = question(&ada.posts("/account/email", &[("email", "victim@example.com")]).await.is(200));
        answers(&ada, &asked, PASSWORD).await.is(200).says("Look into your mail");
        assert_eq!(world.mails("victim@example.com"), 6.min(n + 1));
    }
}
