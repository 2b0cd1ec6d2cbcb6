//! Signing up, confirming, signing in and out, as people and as strangers with bad intentions do it.

use atlas::domain::Email;
use atlas::domain::password::PasswordHash;
use atlas::store::{self, accounts};
use serde_json::json;

use crate::person::{Person, Reply};
use crate::world::{PASSWORD, Wishes, World};

#[tokio::test]
async fn ada_signs_up_confirms_and_signs_in() {
    let world = World::new().await;
    let ada = Person::new("ada", &world);
    ada.signs_up("Europe/Lisbon").await;
    ada.tries_to_sign_in(PASSWORD).await.is(422).says("not confirmed yet").says("Send the mail again");

    let mail = world.newest_mail("ada@example.com").unwrap();
    let link = mail.lines().find(|line| line.contains("/verify-email?token=")).unwrap();
    let path = link.strip_prefix(&format!("http://{}", ada.host)).expect("the link begins with the app's address");
    for _ in 0..2 {
        // Mail scanners open links, and some ask twice.
        ada.get(path).await.is(200).says("Confirm this address").says("ada@example.com");
        ada.asks("HEAD", path, &[], b"").await.is(200);
    }
    ada.tries_to_sign_in(PASSWORD).await.is(422);

    ada.confirms().await.says("Your address is confirmed");
    ada.confirms().await.says("confirmed already");
    ada.signs_in().await;
    ada.get("/today").await.is(200).says("Begin with one small thing");
    ada.posts("/sign-out", &[]).await.is(303).leads_to("/sign-in");
    ada.get("/today?x=1").await.is(307).leads_to("/sign-in?from=%2Ftoday%3Fx%3D1");
}

#[tokio::test]
async fn a_taken_address_is_answered_like_a_new_one_and_only_its_owner_hears_of_it() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let stranger = world.stranger();
    let sign_up = |email: &str| json!({ "email": email, "password": PASSWORD, "displayName": "Somebody" });
    let taken = stranger.sends("POST", "/api/auth/signup", &sign_up("ADA@example.com")).await.is(201);
    let fresh = stranger.sends("POST", "/api/auth/signup", &sign_up("new@example.com")).await.is(201);
    let names = |reply: &crate::person::Reply| reply.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&taken), names(&fresh));
    assert_eq!(taken.body.len(), fresh.body.len());
    assert!(world.newest_mail("ada@example.com").unwrap().contains("has an account already"));
    // Her password still works, and a storm of attempts is one notice.
    ada.signs_in().await;
    let mails = world.mails("ada@example.com");
    stranger.sends("POST", "/api/auth/signup", &sign_up("ada@example.com")).await.is(201);
    assert_eq!(world.mails("ada@example.com"), mails);
}

#[tokio::test]
async fn whoever_signs_up_with_anothers_address_never_gets_in_whatever_the_owner_presses() {
    let mallory_knows = "mallory waits behind doors";
    let mallory = json!({ "email": "ada@example.com", "password": mallory_knows, "displayName": "ada" });
    // Mallory before Ada, after her, and after her with the mail sent again.
    for (before, after, again) in [(true, false, false), (false, true, false), (false, true, true), (true, true, true)]
    {
        let world = World::new().await;
        let ada = Person::new("ada", &world);
        if before {
            world.stranger().sends("POST", "/api/auth/signup", &mallory).await.is(201);
        }
        ada.signs_up("UTC").await;
        if after {
            world.stranger().sends("POST", "/api/auth/signup", &mallory).await.is(201);
        }
        if again {
            ada.posts("/verify-email/resend", &[("email", "ada@example.com")]).await.is(303);
        }
        let token = ada.newest_token().await;
        ada.get(&format!("/verify-email?token={token}")).await.is(200).says("More than one sign-up");
        // The button alone does nothing now, nor does a wrong password.
        ada.posts("/verify-email", &[("token", &token)]).await.is(422).says("Type the password you chose");
        ada.posts("/verify-email", &[("token", &token), ("password", "wrong")]).await.is(422);
        ada.posts("/verify-email", &[("token", &token), ("password", PASSWORD)]).await.is(200).says("is confirmed");
        ada.tries_to_sign_in(mallory_knows).await.is(422);
        ada.signs_in().await;
    }
}

#[tokio::test]
async fn an_inbox_gets_six_mails_an_hour_at_most_and_the_owners_sign_up_still_counts() {
    let world = World::new().await;
    let stranger = world.stranger();
    for n in 0..8 {
        let body = json!({ "email": "ada@example.com", "password": format!("mallory waits behind doors {n}"), "displayName": "Buy at evil.example" });
        stranger.sends("POST", "/api/auth/signup", &body).await.is(201);
        stranger.sends("POST", "/api/auth/resend-verification", &json!({ "email": "ada@example.com" })).await.is(200);
    }
    let ada = Person::new("ada", &world);
    ada.signs_up("UTC").await;
    assert_eq!(world.mails("ada@example.com"), 6);
    assert!(!world.newest_mail("ada@example.com").unwrap().contains("evil"), "strangers write nothing into our mails");
    // The links she got are all of other sign-ups; her password makes hers count.
    let token = ada.newest_token().await;
    ada.posts("/verify-email", &[("token", &token), ("password", PASSWORD)]).await.is(200);
    ada.signs_in().await;
    world.it_is("2026-02-12T13:00:00Z");
    stranger
        .sends(
            "POST",
            "/api/auth/signup",
            &json!({ "email": "ada@example.com", "password": PASSWORD, "displayName": "x y" }),
        )
        .await
        .is(201);
    assert_eq!(world.mails("ada@example.com"), 7, "an hour later she is told again");
}

#[tokio::test]
async fn a_link_dies_after_a_day_and_when_a_new_one_is_sent() {
    let world = World::at("2026-02-12T12:00:00Z").await;
    let ada = Person::new("ada", &world);
    ada.signs_up("UTC").await;
    let first = ada.newest_token().await;
    ada.posts("/verify-email/resend", &[("email", "ada@example.com")]).await.is(303);
    let second = ada.newest_token().await;
    assert_ne!(first, second);
    let confirm = |token: String| async move { token };
    ada.posts("/verify-email", &[("token", &confirm(first).await)]).await.is(422).says("does not work");
    world.it_is("2026-02-13T12:00:00Z");
    ada.posts("/verify-email", &[("token", &second)]).await.is(422).says("expired");
    ada.sends("POST", "/api/auth/verify-email", &json!({ "token": second })).await.is_refused(400, "token_expired");
    ada.sends("POST", "/api/auth/verify-email", &json!({ "token": "nonsense" })).await.is_refused(400, "token_invalid");
    ada.sends("POST", "/api/auth/verify-email", &json!({ "token": "" })).await.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn the_json_face_goes_the_same_way() {
    let world = World::new().await;
    let ada = Person::new("ada", &world);
    let sign_up = json!({ "email": "ada@example.com", "password": PASSWORD, "displayName": "Ada", "isAdmin": true });
    let id = ada.sends("POST", "/api/auth/signup", &sign_up).await.is(201).data()["userId"].clone();
    let sign_in = json!({ "email": "Ada@Example.com", "password": PASSWORD });
    ada.sends("POST", "/api/auth/sign-in", &sign_in).await.is_refused(401, "email_not_verified");
    let token = ada.newest_token().await;
    let verified = ada.sends("POST", "/api/auth/verify-email", &json!({ "token": token })).await.is(200).data();
    assert_eq!(verified["userId"], id);
    let again = ada.sends("POST", "/api/auth/verify-email", &json!({ "token": token })).await;
    again.is_refused(400, "token_invalid");
    assert_eq!(ada.get("/api/auth/session").await.is(200).json(), json!({}));
    assert_eq!(ada.sends("POST", "/api/auth/sign-in", &sign_in).await.is(200).data(), json!({ "ok": true }));
    let session = ada.get("/api/auth/session").await.is(200).json();
    assert_eq!((&session["user"]["id"], &session["user"]["isAdmin"]), (&id, &json!(false)));
    let out = ada.asks("POST", "/api/auth/logout", &[("sec-fetch-site", "same-origin")], b"").await.is(200);
    assert_eq!(out.json(), json!({ "ok": true }));
    ada.get("/api/habits").await.is_refused(401, "unauthorized");
}

#[tokio::test]
async fn wrong_password_and_unknown_address_read_alike() {
    let world = World::new().await;
    world.signed_up("ada").await;
    let stranger = world.stranger();
    let attempt = |email: &str, password: &str| json!({ "email": email, "password": password });
    let wrong = stranger.sends("POST", "/api/auth/sign-in", &attempt("ada@example.com", "wrong wrong wrong")).await;
    let wrong = wrong.is_refused(401, "invalid_credentials");
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("not an address", "x"),
        ("ada@example.com", ""),
        ("ada@example.com", &"x".repeat(400)),
    ] {
        let reply = stranger.sends("POST", "/api/auth/sign-in", &attempt(email, password)).await;
        assert_eq!(reply.is(401).body, wrong.body, "{email}");
    }
}

#[tokio::test]
async fn the_faults_of_a_form_are_told_together_and_what_was_typed_is_kept() {
    let world = World::new().await;
    let person = world.stranger();
    let fields = [
        ("displayName", "A"),
        ("email", "ada at example"),
        ("password", "password1234"),
        ("confirmPassword", "password1234"),
        ("timeZone", "Mars/Olympus"),
    ];
    let page = person.posts("/sign-up", &fields).await.is(422);
    let page = page.says("at least 2 characters").says("does not look like an email address").says("easy to guess");
    let page = page.says("value=\"ada at example\"").says("aria-invalid=\"true\"").says("time zone is not known");
    page.says_nothing_of("password1234");
    let differ =
        [("displayName", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD), ("confirmPassword", "x")];
    person.posts("/sign-up", &differ).await.is(422).says("two passwords differ").says("value=\"Ada\"");
    let body = json!({ "email": "x", "password": "short", "displayName": "" });
    let refused = person.sends("POST", "/api/auth/signup", &body).await.is_refused(400, "invalid_request").json();
    let fields: Vec<_> = refused["error"]["fields"].as_array().unwrap().iter().map(|f| f["field"].clone()).collect();
    assert_eq!(fields, ["displayName", "email", "password"]);
    assert_eq!(refused["error"]["recovery"], "update_input");
}

#[tokio::test]
async fn where_somebody_lives_is_asked_and_never_guessed() {
    let world = World::new().await;
    let ada = Person::new("ada", &world);
    ada.get("/sign-up").await.is(200).says("Time zone").says("<option value=\"\" selected>Choose…");
    let email = ada.email();
    let fields = |zone, again| {
        let typed = [("displayName", "Ada"), ("email", &email), ("password", PASSWORD)];
        [&typed[..], &[("confirmPassword", again), ("timeZone", zone)]].concat()
    };
    let page = ada.posts("/sign-up", &fields("", PASSWORD)).await.is(422).says("Choose the time zone you live in");
    page.says("value=\"Ada\"").says("aria-describedby=\"timeZone-fault timeZone-hint\"");
    let page = ada.posts("/sign-up", &fields("Europe/Lisbon", "another")).await.is(422);
    page.says("<option value=\"Europe/Lisbon\" selected>Lisbon</option>").says_nothing_of("Choose…");
    ada.posts("/sign-up", &fields("Europe/Lisbon", PASSWORD)).await.is(303);
    ada.confirms().await;
    ada.signs_in().await;
    ada.get("/account").await.says("<option value=\"Europe/Lisbon\" selected>Lisbon</option>");
    let unknown = json!({ "email": "x@example.com", "password": PASSWORD, "displayName": "Xa", "timeZone": "Mars" });
    world.stranger().sends("POST", "/api/auth/signup", &unknown).await.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn a_password_may_not_be_made_of_the_persons_own_name() {
    let world = World::new().await;
    let body = json!({ "email": "wilhelmina.krog@example.com", "password": "Wilhelmina-Krog", "displayName": "Wilhelmina Krog" });
    world.stranger().sends("POST", "/api/auth/signup", &body).await.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn a_session_ends_after_fourteen_idle_days_and_lives_on_when_used_for_thirty() {
    let world = World::at("2026-01-01T12:00:00Z").await;
    let ada = world.signed_up("ada").await;
    let idle = world.signed_up("ida").await;
    for day in ["2026-01-14", "2026-01-27"] {
        world.it_is(&format!("{day}T12:00:00Z"));
        ada.get("/today").await.is(200);
        // The note of her visit is written behind her back; it is there once the queue has been worked off.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        world.site.app.store.flush().await.unwrap();
    }
    idle.get("/today").await.is(307);
    world.it_is("2026-01-31T11:59:59Z");
    ada.get("/today").await.is(200);
    world.it_is("2026-01-31T12:00:00Z");
    ada.get("/today").await.is(307);
}

#[tokio::test]
async fn a_planted_session_is_never_adopted_and_the_one_replaced_ends() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let first = ada.cookie("atlas-development").unwrap();
    ada.signs_in().await;
    let second = ada.cookie("atlas-development").unwrap();
    assert_ne!(first, second);
    let thief = world.stranger();
    thief.takes_cookie("atlas-development", &first);
    thief.get("/today").await.is(307);
    for forged in ["", "x", &second[1..], &format!("{second}="), "eyJhbGciOiJub25lIn0.e30."] {
        thief.takes_cookie("atlas-development", forged);
        thief.get("/api/habits").await.is_refused(401, "unauthorized");
    }
    ada.get("/today").await.is(200);
}

/// A world that people reach over https, and Ada in it, who has confirmed her address.
async fn over_https() -> (World, Person) {
    let variables = vec![("APP_URL", "https://atlas.example.com".to_owned())];
    let world = World::with(Wishes { variables, ..Wishes::default() }).await;
    let mut ada = Person::new("ada", &world);
    ada.host = "atlas.example.com".to_owned();
    let sign_up =
        [("displayName", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD), ("confirmPassword", PASSWORD)];
    posts_over_https(&ada, "/sign-up", &sign_up).await.is(303);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("https://atlas.example.com/verify-email?token="));
    let token = ada.newest_token().await;
    posts_over_https(&ada, "/verify-email", &[("token", &token)]).await.is(200);
    (world, ada)
}

async fn posts_over_https(person: &Person, path: &str, fields: &[(&str, &str)]) -> Reply {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://atlas.example.com")];
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    person.asks("POST", path, &headers, body.as_bytes()).await
}

const SIGN_IN: [(&str, &str); 2] = [("email", "ada@example.com"), ("password", PASSWORD)];

#[tokio::test]
async fn over_https_every_line_that_sets_a_cookie_is_guarded() {
    let (world, ada) = over_https().await;
    let page = posts_over_https(&ada, "/sign-in", &SIGN_IN).await.is(303);
    assert!(page.header("strict-transport-security").is_some());
    let out = posts_over_https(&ada, "/sign-out", &[]).await.is(303);
    assert_eq!(out.header("clear-site-data"), Some("\"cache\", \"storage\""));
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let api = ada.sends("POST", "/api/auth/sign-in", &body).await.is(200);
    let api_out = ada.sends("POST", "/api/auth/logout", &json!({})).await.is(200);
    posts_over_https(&ada, "/forgot-password", &SIGN_IN[..1]).await.is(303);
    let link = crate::security::token(&world, "ada@example.com", "reset-password");
    let fields = [("token", link.as_str()), ("password", PASSWORD), ("confirmPassword", PASSWORD)];
    let reset = posts_over_https(&ada, "/reset-password", &fields).await.is(200);
    posts_over_https(&ada, "/sign-in", &SIGN_IN).await.is(303);
    let all_out = posts_over_https(&ada, "/account/sessions", &[("which", "all")]).await.is(303);

    let (session, device) = ("__Host-atlas-development", "__Host-atlas-development-device");
    for (what, reply, expected) in [
        ("sign-in", page, &[session, device][..]),
        ("sign-out", out, &[session]),
        ("sign-in by API", api, &[session, device]),
        ("sign-out by API", api_out, &[session]),
        ("another password", reset, &[session]),
        ("sign-out everywhere", all_out, &[session]),
    ] {
        let lines = reply.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, line)| line.as_str());
        let lines: Vec<&str> = lines.collect();
        let names: Vec<&str> = lines.iter().map(|line| line.split('=').next().unwrap()).collect();
        assert_eq!(names, expected, "{what}");
        for line in lines {
            let attributes: Vec<&str> = line.split("; ").skip(1).collect();
            for wanted in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                assert!(attributes.contains(&wanted), "{what}: {line} lacks {wanted}");
            }
            assert!(!line.to_ascii_lowercase().contains("domain") && line.len() < 4_096, "{what}: {line}");
        }
    }
}

#[tokio::test]
async fn signing_out_by_api_ends_the_session_there_and_clears_what_the_browser_kept() {
    let (world, ada) = over_https().await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    ada.sends("POST", "/api/auth/sign-in", &body).await.is(200);
    let mut thief = world.stranger();
    thief.host = ada.host.clone();
    thief.takes_cookie("__Host-atlas-development", &ada.cookie("__Host-atlas-development").unwrap());
    thief.get("/api/habits").await.is(200);
    let out = ada.sends("POST", "/api/auth/logout", &json!({})).await.is(200);
    assert_eq!(out.header("clear-site-data"), Some("\"cache\", \"storage\""));
    assert!(out.header("set-cookie").unwrap().starts_with("__Host-atlas-development=; "));
    assert_eq!(ada.cookie("__Host-atlas-development"), None);
    thief.get("/api/habits").await.is_refused(401, "unauthorized");
    thief.get("/today").await.is(307);
}

#[tokio::test]
async fn a_session_counts_in_its_cookie_and_nowhere_else() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let token = ada.cookie("atlas-development").unwrap();
    let thief = world.stranger();
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("Token {token}")),
        ("authorization", token.clone()),
        ("x-session-token", token.clone()),
        ("x-auth-token", token.clone()),
        ("cookie", format!("__Host-atlas-development={token}; atlas-staging={token}; session={token}")),
        ("cookie", format!("atlas-development-device={token}")),
    ] {
        let headers = [(name, value.as_str())];
        thief.asks("GET", "/api/habits", &headers, b"").await.is_refused(401, "unauthorized");
        thief.asks("GET", "/today", &headers, b"").await.is(307);
    }
    for name in ["token", "access_token", "session", "atlas-development"] {
        thief.get(&format!("/api/habits?{name}={token}")).await.is_refused(401, "unauthorized");
        thief.get(&format!("/today?{name}={token}")).await.is(307);
    }
    thief.get(&format!("/api/habits;atlas-development={token}")).await.is(404);
    let body = json!({ "title": "Evil", "weekdays": [1], "token": token, "atlas-development": token });
    thief.sends("POST", "/api/habits", &body).await.is_refused(401, "unauthorized");
    ada.get("/api/habits").await.is(200);
}

#[tokio::test]
async fn a_form_posted_from_another_site_does_nothing() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for headers in [
        &[form, ("sec-fetch-site", "cross-site")][..],
        &[form, ("sec-fetch-site", "same-site")],
        &[form, ("origin", "https://evil.example")],
        &[form, ("origin", "null")],
        &[form],
    ] {
        ada.asks("POST", "/habits", headers, b"title=Evil&weekdays=1").await.is(403).says("another site");
        ada.asks("POST", "/sign-out", headers, b"").await.is(403);
        ada.asks("POST", "/sign-in", headers, b"").await.is(403);
    }
    let headers = [("content-type", "text/plain"), ("origin", "https://evil.example")];
    ada.asks("POST", "/api/habits", &headers, b"{}").await.is_refused(403, "forbidden");
    ada.get("/habits").await.is(200).says_nothing_of("Evil");
}

#[tokio::test]
async fn a_header_that_says_who_asks_or_from_where_is_said_once() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let ours = format!("http://{}", ada.host);
    let form = "application/x-www-form-urlencoded";
    let good = [("content-type", form), ("origin", ours.as_str()), ("sec-fetch-site", "same-origin")];
    ada.asks("POST", "/habits", &good, b"title=Read&weekdays=1").await.is(303);
    for twice in [
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
        [("origin", "https://evil.example"), ("origin", &ours)],
        [("referer", "https://evil.example/"), ("referer", &ours)],
        [("content-type", "text/plain"), ("content-type", form)],
        [("content-encoding", "gzip"), ("content-encoding", "identity")],
        [("authorization", "Basic YTpi"), ("authorization", "Basic YzpkCg==")],
        [("atlas-operator-token", "one"), ("atlas-operator-token", "another")],
    ] {
        for turned in [[twice[0], twice[1]], [twice[1], twice[0]]] {
            let others = good.into_iter().filter(|(name, _)| *name != twice[0].0);
            let headers: Vec<_> = others.chain(turned).collect();
            let page = ada.asks("POST", "/habits", &headers, b"title=Evil&weekdays=1").await.is(400);
            page.says(&format!("more than one {} header", twice[0].0));
            ada.asks("GET", "/today", &turned, b"").await.is(400);
            ada.asks("POST", "/api/auth/logout", &headers, b"").await.is_refused(400, "invalid_request");
        }
    }
    ada.get("/habits").await.is(200).says("Read").says_nothing_of("Evil");
    // Cookies may come in several lines, as HTTP/2 sends them.
    ada.asks("GET", "/today", &[("cookie", "theme=dark"), ("cookie", "a=b")], b"").await.is(200);
}

#[tokio::test]
async fn sign_in_leads_back_but_never_off_the_site() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    ada.get("/sign-in?from=%2Fhabits%3Fx%3D1").await.is(200).says("value=\"/habits?x=1\"");
    ada.get("/sign-in?from=https%3A%2F%2Fevil.example").await.is(200).says("value=\"/today\"");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("from", "//evil.example/")];
    ada.posts("/sign-in", &fields).await.is(303).leads_to("/today");
}

/// [`PASSWORD`] as the reference implementation of argon2 hashes it by default: with less memory than Atlas takes.
const HASHED_LONG_AGO: &str =
    "$argon2id$v=19$m=4096,t=3,p=1$c2l4dGVlbiBvZiBzYWx0IQ$AjfpM+w8tbh5Aes0M3YCK1Evh56aiZ5U1C77t9YX4sM";

/// How a person's password is kept.
fn kept(world: &World, person: &Person) -> String {
    let email = Email::parse(&person.email()).unwrap();
    let account = world.site.app.store.read(|view| accounts::with_email(view, &email)).unwrap().unwrap();
    account.credentials.password.0
}

async fn keeps(world: &World, person: &Person, hash: &str) {
    let (email, hash) = (Email::parse(&person.email()).unwrap(), PasswordHash(hash.to_owned()));
    let put = move |draft: &mut store::Draft<'_, '_>| -> Result<(), store::Error> {
        let mut account = accounts::with_email(draft, &email)?.unwrap();
        account.credentials.password = hash;
        accounts::put(draft, &account)
    };
    world.site.app.store.write(put).await.unwrap();
}

#[tokio::test]
async fn a_password_that_was_kept_weaker_than_today_is_hashed_anew_when_its_owner_signs_in() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    keeps(&world, &ada, HASHED_LONG_AGO).await;
    let elsewhere = Person::new("ada", &world);
    elsewhere.tries_to_sign_in("not this one at all").await.is(422);
    assert_eq!(kept(&world, &ada), HASHED_LONG_AGO, "a guess changes nothing");
    let before = world.site.app.passwords.hashed();
    elsewhere.signs_in().await;
    assert_eq!(world.site.app.passwords.hashed() - before, 2);
    let now = kept(&world, &ada);
    assert!(now.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{now}");
    // Nobody notices, and it is done once.
    ada.get("/today").await.is(200);
    elsewhere.get("/today").await.is(200);
    elsewhere.signs_in().await;
    assert_eq!((kept(&world, &ada), world.site.app.passwords.hashed() - before), (now, 3));
}

#[tokio::test]
async fn with_a_second_factor_the_password_is_hashed_anew_before_the_code_is_asked_for() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (app, _) = crate::two_factor::enrols(&world, &ada).await;
    keeps(&world, &ada, HASHED_LONG_AGO).await;
    let challenge = crate::two_factor::begins(&ada).await;
    assert_ne!(kept(&world, &ada), HASHED_LONG_AGO);
    crate::two_factor::later(&world, 1);
    let typed = crate::two_factor::code(&app, &world);
    crate::two_factor::answers(&ada, &challenge, "totp", &typed).await.is(200);
}

#[tokio::test]
async fn a_kept_password_that_asks_for_absurd_work_stops_nobody_elses_sign_in() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_up("ada").await, world.signed_up("bob").await);
    keeps(&world, &ada, &HASHED_LONG_AGO.replace("t=3", "t=4294967295")).await;
    ada.tries_to_sign_in(PASSWORD).await.is(500);
    bob.signs_in().await;
}
