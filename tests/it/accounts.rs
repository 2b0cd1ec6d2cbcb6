//! Signing up, confirming an address, signing in and out, and attacks on each of them.

use atlas::domain::Email;
use atlas::domain::accounts::password::PasswordHash;
use atlas::store;
use atlas::store::tables::accounts;
use serde_json::json;

use crate::test_user::{TestResponse, TestUser};
use crate::world::{PASSWORD, World, WorldOptions};

#[tokio::test]
async fn a_user_signs_up_confirms_the_address_and_signs_in() {
    let world = World::new().await;
    let ada = TestUser::new("ada", &world);
    ada.sign_up("Europe/Lisbon").await;
    ada.try_sign_in(PASSWORD)
        .await
        .assert_status(422)
        .assert_contains("confirm your email first")
        .assert_contains("Resend email");

    let mail = world.newest_mail("ada@example.com").unwrap();
    let link = mail.lines().find(|line| line.contains("/verify-email?token=")).unwrap();
    let path = link.strip_prefix(&format!("http://{}", ada.host)).expect("the link begins with the app's address");
    for _ in 0..2 {
        // Mail scanners open links, some of them twice. Opening a link must not consume it.
        ada.get(path).await.assert_status(200).assert_contains("Confirm email").assert_contains("ada@example.com");
        ada.request("HEAD", path, &[], b"").await.assert_status(200);
    }
    ada.try_sign_in(PASSWORD).await.assert_status(422);

    let other_browser = TestUser::new("ada", &world);
    other_browser.confirm_email().await.assert_contains("Your email is confirmed");
    other_browser.confirm_email().await.assert_contains("already confirmed");
    ada.sign_in().await;
    ada.get("/today").await.assert_status(200).assert_contains("Start with one small thing");
    ada.post_form("/sign-out", &[]).await.assert_status(303).assert_redirects_to("/sign-in");
    ada.get("/today?x=1").await.assert_status(307).assert_redirects_to("/sign-in?from=%2Ftoday%3Fx%3D1");
}

#[tokio::test]
async fn sign_up_with_a_taken_address_looks_like_any_other_and_only_the_owner_is_notified() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let visitor = world.visitor();
    let sign_up = |email: &str| json!({ "email": email, "password": PASSWORD, "displayName": "Sam" });
    let taken = visitor.send_json("POST", "/api/auth/signup", &sign_up("ADA@example.com")).await.assert_status(201);
    let fresh = visitor.send_json("POST", "/api/auth/signup", &sign_up("new@example.com")).await.assert_status(201);
    let names = |response: &TestResponse| response.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&taken), names(&fresh));
    assert_eq!(taken.body.len(), fresh.body.len());
    assert!(world.newest_mail("ada@example.com").unwrap().contains("already have an account"));
    // Ada's password still works, and repeated attempts cause one notice.
    ada.sign_in().await;
    let mails = world.mail_count("ada@example.com");
    visitor.send_json("POST", "/api/auth/signup", &sign_up("ada@example.com")).await.assert_status(201);
    assert_eq!(world.mail_count("ada@example.com"), mails);
}

#[tokio::test]
async fn an_attacker_who_signs_up_with_another_users_address_never_gets_in() {
    let mallorys_password = "mallory waits behind doors";
    let mallorys_sign_up = json!({ "email": "ada@example.com", "password": mallorys_password, "displayName": "ada" });
    // Mallory signs up before Ada, after her, or both, and Ada may resend the mail.
    for (before, after, resend) in [(true, false, false), (false, true, false), (false, true, true), (true, true, true)]
    {
        let world = World::new().await;
        let ada = TestUser::new("ada", &world);
        if before {
            world.visitor().send_json("POST", "/api/auth/signup", &mallorys_sign_up).await.assert_status(201);
        }
        ada.sign_up("UTC").await;
        if after {
            world.visitor().send_json("POST", "/api/auth/signup", &mallorys_sign_up).await.assert_status(201);
        }
        if resend {
            ada.post_form("/verify-email/resend", &[("email", "ada@example.com")]).await.assert_status(303);
        }
        let token = ada.newest_token().await;
        // On another device the password decides, even for the link of her own sign-up.
        let ada = TestUser::new("ada", &world);
        ada.get(&format!("/verify-email?token={token}"))
            .await
            .assert_status(200)
            .assert_contains("This address was used for several sign-ups");
        // Neither the button alone nor a wrong password confirms the address.
        ada.post_form("/verify-email", &[("token", &token)])
            .await
            .assert_status(422)
            .assert_contains("Enter your password so we know which is yours");
        ada.post_form("/verify-email", &[("token", &token), ("password", "wrong")]).await.assert_status(422);
        ada.post_form("/verify-email", &[("token", &token), ("password", PASSWORD)])
            .await
            .assert_status(200)
            .assert_contains("is confirmed");
        ada.try_sign_in(mallorys_password).await.assert_status(422);
        ada.sign_in().await;
    }
}

#[tokio::test]
async fn an_address_gets_at_most_six_mails_an_hour_and_its_owner_can_still_confirm() {
    let world = World::new().await;
    let visitor = world.visitor();
    for n in 0..8 {
        let body = json!({ "email": "ada@example.com", "password": format!("mallory waits behind doors {n}"), "displayName": "Buy at evil.example" });
        visitor.send_json("POST", "/api/auth/signup", &body).await.assert_status(201);
        visitor
            .send_json("POST", "/api/auth/resend-verification", &json!({ "email": "ada@example.com" }))
            .await
            .assert_status(200);
    }
    let ada = TestUser::new("ada", &world);
    ada.sign_up("UTC").await;
    assert_eq!(world.mail_count("ada@example.com"), 6);
    assert!(
        !world.newest_mail("ada@example.com").unwrap().contains("evil"),
        "mail contains nothing that an unauthenticated client chose"
    );
    // All links in the inbox belong to other sign-ups. Ada's password selects hers.
    let token = ada.newest_token().await;
    ada.post_form("/verify-email", &[("token", &token), ("password", PASSWORD)]).await.assert_status(200);
    ada.sign_in().await;
    world.set_time("2026-02-12T13:00:00Z");
    visitor
        .send_json(
            "POST",
            "/api/auth/signup",
            &json!({ "email": "ada@example.com", "password": PASSWORD, "displayName": "x y" }),
        )
        .await
        .assert_status(201);
    assert_eq!(world.mail_count("ada@example.com"), 7, "mail is sent again an hour later");
}

#[tokio::test]
async fn a_confirmation_link_expires_after_a_day_and_when_a_new_one_is_sent() {
    let world = World::at_time("2026-02-12T12:00:00Z").await;
    let ada = TestUser::new("ada", &world);
    ada.sign_up("UTC").await;
    let first = ada.newest_token().await;
    ada.post_form("/verify-email/resend", &[("email", "ada@example.com")]).await.assert_status(303);
    let second = ada.newest_token().await;
    assert_ne!(first, second);
    ada.post_form("/verify-email", &[("token", &first)]).await.assert_status(422).assert_contains("doesn't work");
    world.set_time("2026-02-13T12:00:00Z");
    ada.post_form("/verify-email", &[("token", &second)]).await.assert_status(422).assert_contains("expired");
    ada.send_json("POST", "/api/auth/verify-email", &json!({ "token": second }))
        .await
        .assert_refused(400, "token_expired");
    ada.send_json("POST", "/api/auth/verify-email", &json!({ "token": "nonsense" }))
        .await
        .assert_refused(400, "token_invalid");
    ada.send_json("POST", "/api/auth/verify-email", &json!({ "token": "" }))
        .await
        .assert_refused(400, "invalid_request");
}

#[tokio::test]
async fn the_api_signs_up_confirms_and_signs_in() {
    let world = World::new().await;
    let ada = TestUser::new("ada", &world);
    let sign_up = json!({ "email": "ada@example.com", "password": PASSWORD, "displayName": "Ada", "isAdmin": true });
    let id = ada.send_json("POST", "/api/auth/signup", &sign_up).await.assert_status(201).data()["userId"].clone();
    let sign_in = json!({ "email": "Ada@Example.com", "password": PASSWORD });
    ada.send_json("POST", "/api/auth/sign-in", &sign_in).await.assert_refused(401, "email_not_verified");
    let token = ada.newest_token().await;
    let verified =
        ada.send_json("POST", "/api/auth/verify-email", &json!({ "token": token })).await.assert_status(200).data();
    assert_eq!(verified["userId"], id);
    let second_use = ada.send_json("POST", "/api/auth/verify-email", &json!({ "token": token })).await;
    second_use.assert_refused(400, "token_invalid");
    assert_eq!(ada.get("/api/auth/session").await.assert_status(200).json(), json!({}));
    assert_eq!(
        ada.send_json("POST", "/api/auth/sign-in", &sign_in).await.assert_status(200).data(),
        json!({ "ok": true })
    );
    let session = ada.get("/api/auth/session").await.assert_status(200).json();
    assert_eq!((&session["user"]["id"], &session["user"]["isAdmin"]), (&id, &json!(false)));
    let sign_out =
        ada.request("POST", "/api/auth/logout", &[("sec-fetch-site", "same-origin")], b"").await.assert_status(200);
    assert_eq!(sign_out.json(), json!({ "ok": true }));
    ada.get("/api/habits").await.assert_refused(401, "unauthorized");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_response() {
    let world = World::new().await;
    world.signed_in_user("ada").await;
    let visitor = world.visitor();
    let attempt = |email: &str, password: &str| json!({ "email": email, "password": password });
    let wrong = visitor.send_json("POST", "/api/auth/sign-in", &attempt("ada@example.com", "wrong wrong wrong")).await;
    let wrong = wrong.assert_refused(401, "invalid_credentials");
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("not an address", "x"),
        ("ada@example.com", ""),
        ("ada@example.com", &"x".repeat(400)),
    ] {
        let response = visitor.send_json("POST", "/api/auth/sign-in", &attempt(email, password)).await;
        assert_eq!(response.assert_status(401).body, wrong.body, "{email}");
    }
}

#[tokio::test]
async fn all_errors_of_a_form_are_shown_at_once_and_the_input_is_kept() {
    let world = World::new().await;
    let visitor = world.visitor();
    let fields = [
        ("displayName", "A"),
        ("email", "ada at example"),
        ("password", "password1234"),
        ("confirmPassword", "password1234"),
        ("timeZone", "Mars/Olympus"),
    ];
    let page = visitor.post_form("/sign-up", &fields).await.assert_status(422);
    let page = page
        .assert_contains("at least 2 characters")
        .assert_contains("Enter an email address like")
        .assert_contains("easy to guess");
    let page = page
        .assert_contains("value=\"ada at example\"")
        .assert_contains("aria-invalid=\"true\"")
        .assert_contains("Unknown time zone");
    page.assert_lacks("password1234");
    let mismatched =
        [("displayName", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD), ("confirmPassword", "x")];
    visitor
        .post_form("/sign-up", &mismatched)
        .await
        .assert_status(422)
        .assert_contains("The passwords don't match")
        .assert_contains("value=\"Ada\"");
    let body = json!({ "email": "x", "password": "short", "displayName": "" });
    let refused =
        visitor.send_json("POST", "/api/auth/signup", &body).await.assert_refused(400, "invalid_request").json();
    let fields: Vec<_> =
        refused["error"]["fields"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["displayName", "email", "password"]);
    assert_eq!(refused["error"]["recovery"], "update_input");
}

#[tokio::test]
async fn the_time_zone_is_asked_for_and_never_guessed() {
    let world = World::new().await;
    let ada = TestUser::new("ada", &world);
    ada.get("/sign-up")
        .await
        .assert_status(200)
        .assert_contains("Time zone")
        .assert_contains("<option value=\"\" selected>Choose…");
    let email = ada.email();
    let fields = |zone, confirmation| {
        let input = [("displayName", "Ada"), ("email", &email), ("password", PASSWORD)];
        [&input[..], &[("confirmPassword", confirmation), ("timeZone", zone)]].concat()
    };
    let page = ada
        .post_form("/sign-up", &fields("", PASSWORD))
        .await
        .assert_status(422)
        .assert_contains("Choose your time zone");
    page.assert_contains("value=\"Ada\"").assert_contains("aria-describedby=\"timeZone-fault timeZone-hint\"");
    let page = ada.post_form("/sign-up", &fields("Europe/Lisbon", "another")).await.assert_status(422);
    page.assert_contains("<option value=\"Europe/Lisbon\" selected>Lisbon</option>").assert_lacks("Choose…");
    ada.post_form("/sign-up", &fields("Europe/Lisbon", PASSWORD)).await.assert_status(303);
    ada.confirm_email().await;
    ada.get("/account/preferences").await.assert_contains("<option value=\"Europe/Lisbon\" selected>Lisbon</option>");
    let unknown = json!({ "email": "x@example.com", "password": PASSWORD, "displayName": "Xa", "timeZone": "Mars" });
    world.visitor().send_json("POST", "/api/auth/signup", &unknown).await.assert_refused(400, "invalid_request");
}

#[tokio::test]
async fn a_password_may_not_be_derived_from_the_users_name() {
    let world = World::new().await;
    let body = json!({ "email": "wilhelmina.krog@example.com", "password": "Wilhelmina-Krog", "displayName": "Wilhelmina Krog" });
    world.visitor().send_json("POST", "/api/auth/signup", &body).await.assert_refused(400, "invalid_request");
}

#[tokio::test]
async fn a_session_expires_after_fourteen_idle_days_and_thirty_days_at_most() {
    let world = World::at_time("2026-01-01T12:00:00Z").await;
    let ada = world.signed_in_user("ada").await;
    let ida = world.signed_in_user("ida").await;
    for day in ["2026-01-14", "2026-01-27"] {
        world.set_time(&format!("{day}T12:00:00Z"));
        ada.get("/today").await.assert_status(200);
        // The last-seen time is written by a background task: let it enqueue the write, then flush.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        world.state.app.store.flush().await.unwrap();
    }
    ida.get("/today").await.assert_status(307);
    world.set_time("2026-01-31T11:59:59Z");
    ada.get("/today").await.assert_status(200);
    world.set_time("2026-01-31T12:00:00Z");
    ada.get("/today").await.assert_status(307);
}

#[tokio::test]
async fn signing_in_replaces_the_session_and_forged_cookies_are_rejected() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let first = ada.cookie("atlas-development").unwrap();
    ada.sign_in().await;
    let second = ada.cookie("atlas-development").unwrap();
    assert_ne!(first, second);
    let thief = world.visitor();
    thief.set_cookie("atlas-development", &first);
    thief.get("/today").await.assert_status(307);
    for forged in ["", "x", &second[1..], &format!("{second}="), "eyJhbGciOiJub25lIn0.e30."] {
        thief.set_cookie("atlas-development", forged);
        thief.get("/api/habits").await.assert_refused(401, "unauthorized");
    }
    ada.get("/today").await.assert_status(200);
}

/// A world whose public URL is https, and Ada, who has confirmed her address.
async fn world_over_https() -> (World, TestUser) {
    let variables = vec![("APP_URL", "https://atlas.example.com".to_owned())];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let mut ada = TestUser::new("ada", &world);
    ada.host = "atlas.example.com".to_owned();
    let sign_up =
        [("displayName", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD), ("confirmPassword", PASSWORD)];
    post_form_over_https(&ada, "/sign-up", &sign_up).await.assert_status(303);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("https://atlas.example.com/verify-email?token="));
    let token = ada.newest_token().await;
    post_form_over_https(&ada, "/verify-email", &[("token", &token)]).await.assert_status(303);
    (world, ada)
}

async fn post_form_over_https(user: &TestUser, path: &str, fields: &[(&str, &str)]) -> TestResponse {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://atlas.example.com")];
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    user.request("POST", path, &headers, body.as_bytes()).await
}

const SIGN_IN: [(&str, &str); 2] = [("email", "ada@example.com"), ("password", PASSWORD)];

#[tokio::test]
async fn every_cookie_over_https_has_its_security_attributes() {
    let (world, ada) = world_over_https().await;
    let fields =
        [("displayName", "Eva"), ("email", "eva@example.com"), ("password", PASSWORD), ("confirmPassword", PASSWORD)];
    let sign_up = post_form_over_https(&ada, "/sign-up", &fields).await.assert_status(303);
    let token = crate::security::find_mailed_token(&world, "eva@example.com", "verify-email");
    let confirmation = post_form_over_https(&ada, "/verify-email", &[("token", &token)]).await.assert_status(303);
    let sign_in = post_form_over_https(&ada, "/sign-in", &SIGN_IN).await.assert_status(303);
    assert_eq!(sign_in.header("strict-transport-security"), Some("max-age=31536000"));
    let sign_out = post_form_over_https(&ada, "/sign-out", &[]).await.assert_status(303);
    assert_eq!(sign_out.header("clear-site-data"), Some("\"cache\", \"storage\""));
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let api_sign_in = ada.send_json("POST", "/api/auth/sign-in", &body).await.assert_status(200);
    let api_sign_out = ada.send_json("POST", "/api/auth/logout", &json!({})).await.assert_status(200);
    post_form_over_https(&ada, "/forgot-password", &SIGN_IN[..1]).await.assert_status(303);
    let link = crate::security::find_mailed_token(&world, "ada@example.com", "reset-password");
    let fields = [("token", link.as_str()), ("password", PASSWORD), ("confirmPassword", PASSWORD)];
    let reset = post_form_over_https(&ada, "/reset-password", &fields).await.assert_status(200);
    post_form_over_https(&ada, "/sign-in", &SIGN_IN).await.assert_status(303);
    let sign_out_everywhere =
        post_form_over_https(&ada, "/account/sessions", &[("which", "all")]).await.assert_status(303);

    let (session, device) = ("__Host-atlas-development", "__Host-atlas-development-device");
    let pending = "__Host-atlas-development-sign-up";
    for (action, response, expected) in [
        ("sign-up", sign_up, &[pending][..]),
        ("confirmation", confirmation, &[session, device, pending]),
        ("sign-in", sign_in, &[session, device]),
        ("sign-out", sign_out, &[session]),
        ("sign-in by API", api_sign_in, &[session, device]),
        ("sign-out by API", api_sign_out, &[session]),
        ("password reset", reset, &[session]),
        ("sign-out everywhere", sign_out_everywhere, &[session]),
    ] {
        let lines = response.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, line)| line.as_str());
        let lines: Vec<&str> = lines.collect();
        let names: Vec<&str> = lines.iter().map(|line| line.split('=').next().unwrap()).collect();
        assert_eq!(names, expected, "{action}");
        for line in lines {
            let attributes: Vec<&str> = line.split("; ").skip(1).collect();
            for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                assert!(attributes.contains(&attribute), "{action}: {line} lacks {attribute}");
            }
            assert!(!line.to_ascii_lowercase().contains("domain") && line.len() < 4_096, "{action}: {line}");
        }
    }
}

#[tokio::test]
async fn signing_out_by_api_ends_the_session_and_clears_the_browsers_storage() {
    let (world, ada) = world_over_https().await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    ada.send_json("POST", "/api/auth/sign-in", &body).await.assert_status(200);
    let mut thief = world.visitor();
    thief.host = ada.host.clone();
    thief.set_cookie("__Host-atlas-development", &ada.cookie("__Host-atlas-development").unwrap());
    thief.get("/api/habits").await.assert_status(200);
    let sign_out = ada.send_json("POST", "/api/auth/logout", &json!({})).await.assert_status(200);
    assert_eq!(sign_out.header("clear-site-data"), Some("\"cache\", \"storage\""));
    assert!(sign_out.header("set-cookie").unwrap().starts_with("__Host-atlas-development=; "));
    assert_eq!(ada.cookie("__Host-atlas-development"), None);
    thief.get("/api/habits").await.assert_refused(401, "unauthorized");
    thief.get("/today").await.assert_status(307);
}

#[tokio::test]
async fn a_session_token_is_accepted_only_in_its_cookie() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let token = ada.cookie("atlas-development").unwrap();
    let thief = world.visitor();
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
        thief.request("GET", "/api/habits", &headers, b"").await.assert_refused(401, "unauthorized");
        thief.request("GET", "/today", &headers, b"").await.assert_status(307);
    }
    for name in ["token", "access_token", "session", "atlas-development"] {
        thief.get(&format!("/api/habits?{name}={token}")).await.assert_refused(401, "unauthorized");
        thief.get(&format!("/today?{name}={token}")).await.assert_status(307);
    }
    thief.get(&format!("/api/habits;atlas-development={token}")).await.assert_status(404);
    let body = json!({ "title": "Evil", "weekdays": [1], "token": token, "atlas-development": token });
    thief.send_json("POST", "/api/habits", &body).await.assert_refused(401, "unauthorized");
    ada.get("/api/habits").await.assert_status(200);
}

#[tokio::test]
async fn a_form_posted_from_another_site_is_rejected() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for headers in [
        &[form, ("sec-fetch-site", "cross-site")][..],
        &[form, ("sec-fetch-site", "same-site")],
        &[form, ("origin", "https://evil.example")],
        &[form, ("origin", "null")],
        &[form],
    ] {
        ada.request("POST", "/habits", headers, b"title=Evil&weekdays=1")
            .await
            .assert_status(403)
            .assert_contains("another site");
        ada.request("POST", "/sign-out", headers, b"").await.assert_status(403);
        ada.request("POST", "/sign-in", headers, b"").await.assert_status(403);
    }
    let headers = [("content-type", "text/plain"), ("origin", "https://evil.example")];
    ada.request("POST", "/api/habits", &headers, b"{}").await.assert_refused(403, "forbidden");
    ada.get("/habits").await.assert_status(200).assert_lacks("Evil");
}

#[tokio::test]
async fn a_security_header_sent_twice_is_rejected() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let our_origin = format!("http://{}", ada.host);
    let form = "application/x-www-form-urlencoded";
    let good = [("content-type", form), ("origin", our_origin.as_str()), ("sec-fetch-site", "same-origin")];
    ada.request("POST", "/habits", &good, b"title=Read&weekdays=1").await.assert_status(303);
    for pair in [
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
        [("origin", "https://evil.example"), ("origin", &our_origin)],
        [("referer", "https://evil.example/"), ("referer", &our_origin)],
        [("content-type", "text/plain"), ("content-type", form)],
        [("content-encoding", "gzip"), ("content-encoding", "identity")],
        [("authorization", "Basic YTpi"), ("authorization", "Basic YzpkCg==")],
        [("atlas-operator-token", "one"), ("atlas-operator-token", "another")],
    ] {
        for ordered in [[pair[0], pair[1]], [pair[1], pair[0]]] {
            let others = good.into_iter().filter(|(name, _)| *name != pair[0].0);
            let headers: Vec<_> = others.chain(ordered).collect();
            let page = ada.request("POST", "/habits", &headers, b"title=Evil&weekdays=1").await.assert_status(400);
            page.assert_contains(&format!("more than one {} header", pair[0].0));
            ada.request("GET", "/today", &ordered, b"").await.assert_status(400);
            ada.request("POST", "/api/auth/logout", &headers, b"").await.assert_refused(400, "invalid_request");
        }
    }
    ada.get("/habits").await.assert_status(200).assert_contains("Read").assert_lacks("Evil");
    // Cookies may be split over several headers (HTTP/2 does that).
    ada.request("GET", "/today", &[("cookie", "theme=dark"), ("cookie", "a=b")], b"").await.assert_status(200);
}

#[tokio::test]
async fn sign_in_redirects_back_but_never_to_another_site() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    ada.get("/sign-in?from=%2Fhabits%3Fx%3D1").await.assert_status(200).assert_contains("value=\"/habits?x=1\"");
    ada.get("/sign-in?from=https%3A%2F%2Fevil.example").await.assert_status(200).assert_contains("value=\"/today\"");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("from", "//evil.example/")];
    ada.post_form("/sign-in", &fields).await.assert_status(303).assert_redirects_to("/today");
}

/// [`PASSWORD`] hashed with the defaults of the argon2 reference implementation, which uses less memory than Atlas.
const OUTDATED_HASH: &str =
    "$argon2id$v=19$m=4096,t=3,p=1$c2l4dGVlbiBvZiBzYWx0IQ$AjfpM+w8tbh5Aes0M3YCK1Evh56aiZ5U1C77t9YX4sM";

/// The stored password hash of a user.
fn stored_hash(world: &World, user: &TestUser) -> String {
    let email = Email::parse(&user.email()).unwrap();
    let account = world.state.app.store.read(|txn| accounts::find_by_email(txn, &email)).unwrap().unwrap();
    account.credentials.password.0
}

async fn store_hash(world: &World, user: &TestUser, hash: &str) {
    let (email, hash) = (Email::parse(&user.email()).unwrap(), PasswordHash(hash.to_owned()));
    let replace_hash = move |txn: &mut store::WriteTxn<'_, '_>| -> Result<(), store::Error> {
        let mut account = accounts::find_by_email(txn, &email)?.unwrap();
        account.credentials.password = hash;
        accounts::put(txn, &account)
    };
    world.state.app.store.write(replace_hash).await.unwrap();
}

#[tokio::test]
async fn an_outdated_password_hash_is_replaced_when_the_user_signs_in() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    store_hash(&world, &ada, OUTDATED_HASH).await;
    let second_browser = TestUser::new("ada", &world);
    second_browser.try_sign_in("not this one at all").await.assert_status(422);
    assert_eq!(stored_hash(&world, &ada), OUTDATED_HASH, "a wrong password changes nothing");
    let before = world.state.app.passwords.hashed();
    second_browser.sign_in().await;
    assert_eq!(world.state.app.passwords.hashed() - before, 2);
    let new_hash = stored_hash(&world, &ada);
    assert!(new_hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{new_hash}");
    // Sessions stay valid, and the hash is replaced once.
    ada.get("/today").await.assert_status(200);
    second_browser.get("/today").await.assert_status(200);
    second_browser.sign_in().await;
    assert_eq!((stored_hash(&world, &ada), world.state.app.passwords.hashed() - before), (new_hash, 3));
}

#[tokio::test]
async fn with_two_factor_an_outdated_hash_is_replaced_before_the_code_is_requested() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let (app, _) = crate::two_factor::enable_two_factor(&world, &ada).await;
    store_hash(&world, &ada, OUTDATED_HASH).await;
    let challenge = crate::two_factor::start_two_factor_sign_in(&ada).await;
    assert_ne!(stored_hash(&world, &ada), OUTDATED_HASH);
    crate::two_factor::set_time_step(&world, 1);
    let code = crate::two_factor::current_code(&app, &world);
    crate::two_factor::verify_sign_in_code(&ada, &challenge, "totp", &code).await.assert_status(200);
}

#[tokio::test]
async fn a_stored_hash_with_absurd_cost_does_not_block_other_users() {
    let world = World::new().await;
    let (ada, bob) = (world.signed_in_user("ada").await, world.signed_in_user("bob").await);
    store_hash(&world, &ada, &OUTDATED_HASH.replace("t=3", "t=4294967295")).await;
    ada.try_sign_in(PASSWORD).await.assert_status(500);
    bob.sign_in().await;
}
