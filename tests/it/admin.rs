//! Admins: who is an admin, what admins see and may do, and that each action is audited.

use std::collections::BTreeSet;

use atlas::app::list_request::ListRequest;
use atlas::app::{admin, audit};
use atlas::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use atlas::domain::mail::DeliveryStatus;
use atlas::domain::{AccountId, AuditId, Email};
use atlas::store::SortDirection::{Ascending, Descending};
use atlas::store::tables::schema::COUNTS;
use atlas::store::tables::{accounts, audit as trails, outbox};
use atlas::store::{PageRequest, Reader};
use atlas::web::{Access, route_table};
use serde_json::{Value, json};

use crate::test_user::{TestResponse, TestUser};
use crate::two_factor::{self, text_between};
use crate::world::{PASSWORD, World, WorldOptions};

/// A world with Olga as owner and Lin and Uma on the allowlist, in mixed-case spellings.
async fn world_with_admins() -> World {
    let variables = vec![
        ("ADMIN_OWNER_EMAIL", " Olga@Example.COM ".to_owned()),
        ("ADMIN_EMAIL_ALLOWLIST", "LIN@example.com, uma@example.com".to_owned()),
    ];
    World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await
}

fn account_id(world: &World, user: &TestUser) -> AccountId {
    admin::queries::find_user(&world.state.app, &user.email()).unwrap()
}

fn audit_trail(world: &World) -> Vec<(AuditAction, Actor, Option<AccountId>)> {
    let page = admin::queries::list_audit_entries(&world.state.app, None, None, ListRequest::newest_first(None, 1_000))
        .unwrap();
    let known = |line: AuditEntry| Some((line.action.known()?, line.actor.known()?, line.subject));
    page.rows.into_iter().filter_map(known).collect()
}

/// Whether the user is an admin, as the session, the navigation, the pages and the API agree.
async fn is_admin(user: &TestUser) -> bool {
    let session = user.get("/api/auth/session").await.assert_status(200).json();
    let in_session = session["user"]["isAdmin"].as_bool().unwrap();
    let has_link = user.get("/today").await.assert_status(200).text().contains("href=\"/admin\"");
    let opens_page = user.get("/admin").await.status == 200;
    let reads_api = user.get("/api/admin/users").await.status == 200;
    assert_eq!((has_link, opens_page, reads_api), (in_session, in_session, in_session), "{}", user.name);
    in_session
}

#[tokio::test]
async fn the_owner_and_the_allowlist_are_admins_in_any_letter_case() {
    let world = world_with_admins().await;
    for name in ["olga", "lin", "uma"] {
        assert!(is_admin(&world.signed_in_user(name).await).await, "{name}");
    }
    for name in ["ada", "olga2", "xolga"] {
        assert!(!is_admin(&world.signed_in_user(name).await).await, "{name}");
    }
}

#[tokio::test]
async fn look_alike_addresses_are_not_admins() {
    let world = world_with_admins().await;
    let visitor = world.visitor();
    let sign_up = async |email: &str| {
        let fields = [
            ("displayName", "Olga"),
            ("email", email),
            ("password", PASSWORD),
            ("confirmPassword", PASSWORD),
            ("timeZone", "UTC"),
        ];
        visitor.post_form("/sign-up", &fields).await
    };
    for email in ["оlga@example.com", "ol\u{212A}a@example.com"] {
        sign_up(email).await.assert_status(422);
    }
    // The domain of another script is another domain.
    sign_up("olga@exampl\u{0435}.com").await.assert_status(303);
    let token = crate::security::find_mailed_token(&world, "olga@xn--exampl-8of.com", "verify-email");
    visitor.post_form("/verify-email", &[("token", &token)]).await.assert_status(303);
    assert!(!is_admin(&visitor).await);
    // Other spellings of Olga's address are mailed to Olga.
    for (n, email) in ["olga@example.com.", "ｏlga@example.com"].into_iter().enumerate() {
        sign_up(email).await.assert_status(303);
        assert_eq!(world.mail_count("olga@example.com"), n + 1);
    }
    // Headers that some proxies and frameworks trust have no effect.
    let ada = world.signed_in_user("ada").await;
    for (name, value) in
        [("remote-user", "olga@example.com"), ("x-original-url", "/admin"), ("x-rewrite-url", "/admin")]
    {
        ada.request("GET", "/admin", &[(name, value)], b"")
            .await
            .assert_status(307)
            .assert_redirects_to("/today?refused=admin");
        ada.request("GET", "/api/admin/users", &[(name, value)], b"").await.assert_refused(403, "forbidden");
    }
}

#[tokio::test]
async fn an_unconfirmed_address_grants_no_admin_rights() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    // This state can only come from outside Atlas. It must grant nothing.
    let email = Email::parse(&olga.email()).unwrap();
    let mut account = world.state.app.store.read(|txn| accounts::find_by_email(txn, &email)).unwrap().unwrap();
    account.verified_at = None;
    world.state.app.store.write(move |txn| accounts::put(txn, &account)).await.unwrap();
    olga.get("/admin").await.assert_status(307).assert_redirects_to("/sign-in?from=%2Fadmin");
    olga.get("/api/admin/users").await.assert_refused(401, "unauthorized");
}

#[tokio::test]
async fn an_admin_removed_from_the_allowlist_loses_access_at_the_next_request() {
    let mut world = world_with_admins().await;
    let mut olga = world.signed_in_user("olga").await;
    let mut lin = world.signed_in_user("lin").await;
    assert!(is_admin(&olga).await && is_admin(&lin).await);
    world.restart_with_settings(|settings| settings.admins.retain(|email| email.as_str() != "lin@example.com")).await;
    olga.reconnect(&world);
    lin.reconnect(&world);
    assert!(is_admin(&olga).await);
    assert!(!is_admin(&lin).await, "the session outlives the admin rights");
    lin.get("/today").await.assert_status(200);
}

#[tokio::test]
async fn disabling_an_account_ends_every_session_and_blocks_sign_in() {
    let world = world_with_admins().await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    let second_browser = TestUser::new("ada", &world);
    second_browser.sign_in().await;
    let id = account_id(&world, &ada);
    let page = format!("/admin/users/{id}");
    olga.get(&page).await.assert_status(200).assert_contains("2 devices").assert_contains("Disable");
    olga.post_form(&format!("{page}/disable"), &[])
        .await
        .assert_status(303)
        .assert_redirects_to(&format!("{page}?done=disable"));
    for device in [&ada, &second_browser] {
        device.get("/today").await.assert_status(307);
        device.get("/api/habits").await.assert_refused(401, "unauthorized");
    }
    ada.try_sign_in(PASSWORD).await.assert_status(422).assert_contains("This account is disabled");
    ada.try_sign_in("not this one")
        .await
        .assert_status(422)
        .assert_contains("Wrong email or password")
        .assert_lacks("is disabled");
    let body = json!({ "email": ada.email(), "password": PASSWORD });
    ada.send_json("POST", "/api/auth/sign-in", &body).await.assert_refused(403, "forbidden");
    olga.get(&format!("{page}?done=disable"))
        .await
        .assert_status(200)
        .assert_contains("Account disabled")
        .assert_contains("0 devices")
        .assert_contains("Enable");

    // Disabling twice is audited once.
    olga.post_form(&format!("{page}/disable"), &[]).await.assert_status(303);
    olga.post_form(&format!("{page}/enable"), &[]).await.assert_status(303);
    ada.get("/today").await.assert_status(307);
    ada.sign_in().await;
    let actor = Actor::User(account_id(&world, &olga));
    let entries: Vec<_> =
        audit_trail(&world).into_iter().filter(|entry| entry.2 == Some(id) && entry.1 == actor).collect();
    assert_eq!(
        entries,
        [(AuditAction::AccountEnabled, actor, Some(id)), (AuditAction::AccountDisabled, actor, Some(id))]
    );
}

#[tokio::test]
async fn an_admin_can_disable_another_admin_but_not_their_own_account() {
    let world = world_with_admins().await;
    let (olga, lin) = (world.signed_in_user("olga").await, world.signed_in_user("lin").await);
    let (olgas_id, lins_id) = (account_id(&world, &olga), account_id(&world, &lin));
    olga.get(&format!("/admin/users/{olgas_id}")).await.assert_status(200).assert_lacks("Disable<");
    olga.post_form(&format!("/admin/users/{olgas_id}/disable"), &[])
        .await
        .assert_status(422)
        .assert_contains("You can't disable your own account");
    assert!(is_admin(&olga).await);
    olga.post_form(&format!("/admin/users/{lins_id}/disable"), &[]).await.assert_status(303);
    lin.get("/admin").await.assert_status(307);
    assert_eq!(admin::queries::count_users(&world.state.app).unwrap().disabled, 1);
}

#[tokio::test]
async fn an_admin_ends_a_users_sessions_and_resends_a_confirmation() {
    let world = world_with_admins().await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    let ben = TestUser::new("ben", &world);
    ben.sign_up("UTC").await;
    let (adas_id, bens_id) = (account_id(&world, &ada), account_id(&world, &ben));
    olga.post_form(&format!("/admin/users/{adas_id}/sign-out"), &[]).await.assert_status(303);
    ada.get("/today").await.assert_status(307);
    ada.sign_in().await;
    olga.get(&format!("/admin/users/{bens_id}")).await.assert_contains("Resend email");
    let resend = format!("/admin/users/{bens_id}/resend");
    olga.post_form(&resend, &[])
        .await
        .assert_status(303)
        .assert_redirects_to(&format!("/admin/users/{bens_id}?done=resend"));
    assert_eq!(world.mail_count("ben@example.com"), 2);
    ben.confirm_email().await;
    olga.post_form(&resend, &[])
        .await
        .assert_status(303)
        .assert_redirects_to(&format!("/admin/users/{bens_id}?done=nothing"));
    assert_eq!(world.mail_count("ben@example.com"), 2);
    let actor = Actor::User(account_id(&world, &olga));
    let entries = audit_trail(&world).into_iter().filter(|entry| entry.1 == actor && entry.2.is_some());
    let actions: Vec<AuditAction> = entries.map(|entry| entry.0).collect();
    assert_eq!(actions, [AuditAction::VerificationResent, AuditAction::SessionsEnded]);
    let page = olga.get("/admin/audit?deed=admin.sessions_ended").await.assert_status(200).assert_contains(">olga</a>");
    page.assert_contains(">ada</a>").assert_lacks(">ben</a>");
    olga.get("/admin/audit?person=ben@example.com")
        .await
        .assert_status(200)
        .assert_contains("admin.verification_resent");
    olga.get("/admin/audit?person=nobody@example.com").await.assert_status(200).assert_contains("User not found");
}

#[tokio::test]
async fn an_unknown_id_and_an_invalid_id_are_not_found() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    for id in ["0190c7a0-0000-7000-8000-000000000000", "1", "..", "%00", "olga@example.com"] {
        olga.get(&format!("/admin/users/{id}")).await.assert_status(404);
        olga.get(&format!("/admin/mail/{id}")).await.assert_status(404);
        for action in ["disable", "enable", "sign-out", "resend"] {
            olga.post_form(&format!("/admin/users/{id}/{action}"), &[]).await.assert_status(404);
        }
    }
    let entries = audit_trail(&world).into_iter().filter(|entry| entry.2.is_some() && entry.1 != Actor::Anonymous);
    assert_eq!(entries.count(), 0, "a refused action is not audited");
}

#[tokio::test]
async fn a_sign_up_and_each_lockout_is_audited_once_with_its_request_id() {
    let world = world_with_admins().await;
    let (olga, ada, bob) =
        (world.signed_in_user("olga").await, world.signed_in_user("ada").await, world.signed_in_user("bob").await);
    let (adas_id, bobs_id) = (account_id(&world, &ada), account_id(&world, &bob));
    let entries = async |action: AuditAction| {
        world.state.app.store.flush().await.unwrap();
        admin::queries::list_audit_entries(&world.state.app, None, Some(action), ListRequest::newest_first(None, 100))
            .unwrap()
            .rows
    };
    let sign_ups: Vec<_> = entries(AuditAction::SignedUp)
        .await
        .into_iter()
        .map(|entry| (entry.actor.known().unwrap(), entry.subject))
        .collect();
    assert_eq!(
        sign_ups,
        [bobs_id, adas_id, account_id(&world, &olga)].map(|subject| (Actor::Anonymous, Some(subject)))
    );
    TestUser::new("ada", &world).sign_up("UTC").await;
    assert_eq!(entries(AuditAction::SignedUp).await.len(), 3, "a sign-up with a taken address is not audited");

    let visitor = world.visitor();
    let try_wrong_password = async |email: &str| {
        let body = json!({ "email": email, "password": "wrong wrong wrong" });
        let response = visitor.send_json("POST", "/api/auth/sign-in", &body).await.assert_status(401);
        response.header("x-request-id").unwrap().to_owned()
    };
    let mut request_ids = Vec::new();
    for _ in 0..8 {
        request_ids.push(try_wrong_password("ada@example.com").await);
    }
    let lockouts = entries(AuditAction::LockedOut).await;
    assert_eq!(lockouts.len(), 1, "{lockouts:?}");
    assert_eq!((lockouts[0].actor.known(), lockouts[0].subject), (Some(Actor::Anonymous), Some(adas_id)));
    assert_eq!((lockouts[0].request_id.as_ref(), lockouts[0].at), (request_ids.get(4), world.clock.now()));
    let failures: Vec<_> =
        entries(AuditAction::SignInFailed).await.into_iter().rev().filter_map(|entry| entry.request_id).collect();
    assert_eq!(failures, request_ids[..5], "attempts during a lockout are not audited");
    let page = olga.get("/admin/audit?deed=guesses.paused").await.assert_status(200).assert_contains(">ada</a>");
    page.assert_contains(&format!("request {}", request_ids[4]));

    // Lockouts of an unknown address, of Ada again, of a step-up challenge, TOTP codes, recovery codes and mailed
    // digits.
    for _ in 0..8 {
        try_wrong_password("nobody@example.com").await;
    }
    world.set_time("2026-02-12T12:10:00Z");
    for _ in 0..8 {
        try_wrong_password("ada@example.com").await;
    }
    let challenge_token = crate::security::find_challenge_token(
        &bob.post_form("/account/delete", &[("confirm", "delete")]).await.assert_status(200),
    );
    for _ in 0..6 {
        crate::security::answer_challenge(&bob, &challenge_token, "wrong wrong wrong").await.assert_status(422);
    }
    ada.sign_in().await;
    let (app, _) = two_factor::enable_two_factor(&world, &ada).await;
    for (method, code) in
        [("totp", two_factor::wrong_code(&two_factor::current_code(&app, &world))), ("recovery_code", "x".into())]
    {
        let challenge = two_factor::start_two_factor_sign_in(&ada).await;
        for _ in 0..6 {
            assert!(two_factor::verify_sign_in_code(&ada, &challenge, method, &code).await.status >= 400);
        }
    }
    TestUser::new("carol", &world).sign_up("UTC").await;
    let carol = TestUser::new("carol", &world);
    for _ in 0..12 {
        let digits = [("email", "carol@example.com"), ("digits", "1")];
        carol.post_form("/verify-email", &digits).await.assert_status(422);
    }
    let carols_id = account_id(&world, &carol);
    let mut lockouts: Vec<_> = entries(AuditAction::LockedOut)
        .await
        .iter()
        .map(|entry| (entry.actor.known().unwrap(), entry.subject))
        .collect();
    lockouts.pop();
    let anonymous = |subject| (Actor::Anonymous, subject);
    let adas_lockout = anonymous(Some(adas_id));
    lockouts.reverse();
    let expected = [
        anonymous(None),
        adas_lockout,
        (Actor::User(bobs_id), None),
        adas_lockout,
        adas_lockout,
        anonymous(Some(carols_id)),
    ];
    assert_eq!(lockouts, expected);
}

#[tokio::test]
async fn no_admin_response_contains_a_password_hash_or_a_token() {
    let world = world_with_admins().await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    ada.create_habit("Read").await;
    let id = account_id(&world, &ada);
    let account = world.state.app.store.read(|txn| accounts::find_account(txn, id)).unwrap().unwrap();
    let hash = serde_json::to_value(&account.credentials.password).unwrap();
    let hash = hash.as_str().unwrap().to_owned();
    let tokens = [olga.cookie("atlas-development").unwrap(), ada.cookie("atlas-development").unwrap()];
    for path in [
        "/admin".to_owned(),
        "/admin/users".to_owned(),
        format!("/admin/users/{id}"),
        "/admin/habits?status=all".to_owned(),
        "/admin/activity".to_owned(),
        "/admin/audit".to_owned(),
        "/admin/mail".to_owned(),
        "/admin/configuration".to_owned(),
        "/api/admin/health".to_owned(),
        "/api/admin/users".to_owned(),
        "/api/admin/habits".to_owned(),
        "/api/admin/activity".to_owned(),
        "/api/admin/exports/users".to_owned(),
        "/api/admin/exports/habits".to_owned(),
    ] {
        let text = olga.get(&path).await.assert_status(200).text();
        assert!(!text.contains(&hash) && !text.contains("argon2") && !text.contains("$v="), "{path}");
        for token in &tokens {
            assert!(!text.contains(token.as_str()) && !text.contains("verify-email?token="), "{path}");
        }
    }
}

#[tokio::test]
async fn the_dashboard_has_every_section_and_each_heading_once() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    let page = olga.get("/admin").await.assert_status(200).text().to_lowercase();
    let headings: Vec<&str> = page
        .split("<h")
        .skip(1)
        .filter(|part| part.starts_with(['1', '2', '3']))
        .map(|part| part.split("</h").next().unwrap())
        .collect();
    for title in ["admin dashboard", "health status", "users", "habits"] {
        assert_eq!(headings.iter().filter(|heading| heading.contains(title)).count(), 1, "{title}: {headings:?}");
    }
    for id in ["health", "users", "habits", "activity", "export"] {
        assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
    }
}

#[tokio::test]
async fn the_overview_counts_users_completions_and_mail_and_says_what_needs_attention() {
    let world = world_with_admins().await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    let (read, walk) = (ada.create_habit("Read").await, ada.create_habit("Walk").await);
    for (habit, done) in [(&read, true), (&walk, true), (&read, true), (&walk, false)] {
        ada.set_completion(habit, "2026-02-12", done).await.assert_status(200);
    }
    olga.get("/admin")
        .await
        .assert_contains("Sign-ups a day: 2 in 14 days, 2 today.")
        .assert_contains("2 new and 2 active in the last 7 days")
        .assert_contains("Completions a day: 1 in 14 days, 1 today.")
        .assert_contains("<th scope=\"row\">Thu, Feb 12</th><td>1</td>")
        .assert_contains("0 sent, 0 failed, 2 captured")
        .assert_contains("Emails a day: sent or captured 2 in 14 days, 2 today; failed 0 in 14 days, 0 today.")
        .assert_contains("href=\"/admin/handbook/dashboard\"")
        .assert_contains("Nothing needs your attention");

    let store = &world.state.app.store;
    let mut mail = store.read(|txn| outbox::list_newest(txn, 1)).unwrap().remove(0);
    mail.status = DeliveryStatus::Failed { at: world.clock.now(), reason: "no such mailbox".to_owned() };
    store
        .write(move |txn| {
            outbox::put(txn, &mail, None);
            Ok::<_, atlas::store::Error>(())
        })
        .await
        .unwrap();
    olga.get("/admin")
        .await
        .assert_contains("1 email of the last 7 days couldn't be delivered.")
        .assert_contains("<th scope=\"row\">Thu, Feb 12</th><td>1</td><td>1</td>")
        .assert_contains("<a class=\"more\" href=\"/admin/mail?standing=failed\">")
        .assert_lacks("Nothing needs your attention");

    world.set_time("2026-02-20T12:00:00Z");
    olga.sign_in().await;
    olga.get("/admin")
        .await
        .assert_contains("Sign-ups a day: 2 in 14 days, 0 today.")
        .assert_contains("0 new and 1 active in the last 7 days")
        .assert_contains("Completions a day: 1 in 14 days, 0 today.")
        .assert_contains("Nothing needs your attention");
}

#[tokio::test]
async fn counters_of_completions_are_kept_for_a_month() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    let counters = || {
        let rows = world.state.app.store.read(|txn| txn.scan_prefix(&COUNTS, b"completions.", 100)).unwrap();
        rows.into_iter().map(|(key, count)| format!("{key}: {count}")).collect::<Vec<_>>()
    };
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    assert_eq!(counters(), ["completions.2026-02-12: 1"]);
    ada.set_completion(&read, "2026-02-12", false).await.assert_status(200);
    assert_eq!(counters(), [""; 0], "a completion that was undone leaves nothing");
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    world.set_time("2026-03-20T12:00:00Z");
    ada.sign_in().await;
    ada.send_json("PUT", "/api/account", &json!({ "backfill": "always" })).await.assert_status(200);
    ada.set_completion(&read, "2026-03-19", true).await.assert_status(200);
    ada.set_completion(&read, "2026-02-13", true).await.assert_status(200);
    assert_eq!(counters(), ["completions.2026-03-19: 1"], "days of long ago have no counter");
}

/// Follows the cursor through all pages of an API list.
async fn list_all(admin: &TestUser, list: &str, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let data = admin.get(&format!("{path}&cursor={cursor}")).await.assert_status(200).data();
        rows.extend(data[list].as_array().unwrap().clone());
        match data["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return rows,
        }
    }
}

const TWELVE_NAMES: [&str; 12] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "pa", "pb"];

#[tokio::test]
async fn paging_lists_every_user_once_and_search_ignores_case() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    for name in TWELVE_NAMES {
        TestUser::new(name, &world).sign_up("UTC").await;
    }
    for limit in [1, 2, 5, 13, 100] {
        let users = list_all(&olga, "users", &format!("/api/admin/users?limit={limit}")).await;
        let emails: Vec<&str> = users.iter().map(|user| user["email"].as_str().unwrap()).collect();
        assert_eq!(emails.len(), 13);
        assert_eq!(emails.iter().collect::<BTreeSet<_>>().len(), 13);
        assert_eq!((emails[0], emails[12]), ("pb@example.com", "olga@example.com"), "newest first");
    }
    for (search, expected) in
        [("OLGA", 1), ("%20Olga@Example.com", 1), ("p", 13), ("P0@EX", 1), ("%40example.com", 13), ("nobody", 0)]
    {
        assert_eq!(
            list_all(&olga, "users", &format!("/api/admin/users?limit=4&search={search}")).await.len(),
            expected,
            "{search}"
        );
    }
    let data = olga.get("/api/admin/users?limit=0").await.assert_status(200).data();
    assert_eq!(data["users"].as_array().unwrap().len(), 13, "an invalid limit is replaced by the default");
    assert_eq!(data["counts"], json!({ "total": 13, "verified": 1, "unverified": 12, "disabled": 0 }));
    olga.get("/api/admin/users?cursor=nonsense").await.assert_refused(400, "invalid_request");
    olga.get("/admin/users?search=P0").await.assert_status(200).assert_contains(">p0<").assert_lacks(">p1<");
    olga.get("/admin/users?search=nobody").await.assert_status(200).assert_contains("Nothing to show");
    olga.get("/admin/users?search=%3Cscript%3E").await.assert_status(200).assert_lacks("<script>");
}

#[tokio::test]
async fn users_sort_by_address_and_sign_up_in_both_directions_and_no_page_skips_or_repeats_one() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    for name in TWELVE_NAMES {
        TestUser::new(name, &world).sign_up("UTC").await;
    }
    let app = &world.state.app;
    for direction in [Ascending, Descending] {
        for (search, expected) in [("", 13), ("p", 13), ("P0@", 1)] {
            let mut emails = Vec::new();
            let mut request = ListRequest { cursor: None, direction, limit: 5 };
            loop {
                let page = admin::queries::list_users_by_email(app, search, request.clone()).unwrap();
                emails.extend(page.rows.into_iter().map(|user| user.email));
                match page.next {
                    Some(next) => request.cursor = Some(next),
                    None => break,
                }
            }
            if direction == Descending {
                emails.reverse();
            }
            assert_eq!(emails.len(), expected, "{search}");
            assert!(emails.windows(2).all(|pair| pair[0] < pair[1]), "{direction:?}: {emails:?}");
        }
    }

    // Deleting the last user of a page does not change where the next page starts.
    let first = ListRequest { cursor: None, direction: Ascending, limit: 5 };
    let page = admin::queries::list_users_by_email(app, "", first).unwrap();
    let last = page.rows.last().unwrap().clone();
    assert_eq!((last.email.as_str(), page.next.as_ref()), ("p3@example.com", Some(&last.email)));
    app.store.write(move |txn| accounts::remove(txn, &last)).await.unwrap();
    let second = ListRequest { cursor: page.next, ..ListRequest { cursor: None, direction: Ascending, limit: 5 } };
    let page = admin::queries::list_users_by_email(app, "", second).unwrap();
    assert_eq!(page.rows[0].email.as_str(), "p4@example.com");

    let order = |page: &str| {
        let links = page.split("href=\"/admin/users/").skip(1).filter(|part| part.contains("dir=\"auto\">"));
        links.map(|part| text_between(part, "dir=\"auto\">", "<")).collect::<Vec<_>>()
    };
    for (query, [first, second], sorted) in [
        (
            "",
            ["pb", "pa"],
            "<th scope=\"col\" aria-sort=\"descending\"><a href=\"/admin/users?sort=joined&amp;dir=asc\">",
        ),
        ("?dir=asc", ["olga", "p0"], "<th scope=\"col\" aria-sort=\"ascending\"><a href=\"/admin/users\">"),
        ("?sort=email", ["olga", "p0"], "aria-sort=\"ascending\"><a href=\"/admin/users?sort=email&amp;dir=desc\">"),
        (
            "?sort=email&dir=desc",
            ["pb", "pa"],
            "aria-sort=\"descending\"><a href=\"/admin/users?sort=email&amp;dir=asc\">",
        ),
        ("?sort=email&after=p0%40example.com", ["p1", "p2"], "/admin/users?sort=email&amp;dir=asc\">First page</a>"),
        ("?sort=password", ["pb", "pa"], "aria-sort=\"descending\""),
    ] {
        let page = olga.get(&format!("/admin/users{query}")).await.assert_status(200).assert_contains(sorted).text();
        assert_eq!(order(&page)[..2], [first, second], "{query}");
        assert_eq!(page.matches("aria-sort").count(), 1, "{query}");
    }
    let search = olga.get("/admin/users?sort=email&dir=desc&search=p").await.assert_status(200);
    search.assert_contains("<input type=\"hidden\" name=\"sort\" value=\"email\">");
}

#[tokio::test]
async fn every_list_says_by_which_column_it_is_sorted() {
    let world = world_with_admins().await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    ada.create_habit("Read").await;
    ada.get("/nowhere").await.assert_status(404);
    olga.post_form("/admin/snapshots", &[]).await.assert_status(303);
    for (path, sorted) in [
        (
            "/admin/habits",
            "aria-sort=\"descending\"><a href=\"/admin/habits?status=active&amp;sort=owner&amp;dir=asc\">",
        ),
        (
            "/admin/activity?sort=status",
            "aria-sort=\"descending\"><a href=\"/admin/activity?sort=status&amp;dir=asc\">",
        ),
        ("/admin/activity?sort=route&dir=desc", "aria-sort=\"descending\""),
        ("/admin/audit?dir=asc", "aria-sort=\"ascending\"><a href=\"/admin/audit\">"),
        ("/admin/mail?dir=asc&standing=captured", "aria-sort=\"ascending\"><a href=\"/admin/mail?standing=captured\">"),
        ("/admin/snapshots?sort=size", "aria-sort=\"descending\"><a href=\"/admin/snapshots?sort=size&amp;dir=asc\">"),
        ("/admin/configuration?sort=setting", "aria-sort=\"ascending\""),
    ] {
        let page = olga.get(path).await.assert_status(200).assert_contains(sorted).text();
        assert_eq!(page.matches("aria-sort").count(), 1, "{path}");
    }
    let page = olga.get("/admin/activity?sort=status").await.text();
    let first = page.split("<tbody>").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(first.contains(">404</strong>"), "{first}");
}

#[tokio::test]
async fn an_action_of_a_row_leads_back_to_its_list_and_disabling_asks_first() {
    let world = world_with_admins().await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    let (id, own_id) = (account_id(&world, &ada), account_id(&world, &olga));
    let list = "/admin/users?search=ada&sort=email&dir=asc";
    let page = olga.get(list).await.assert_status(200).assert_contains("aria-label=\"Actions for ada\"");
    page.assert_lacks("<dialog");
    let question = olga.get(&format!("{list}&user={id}&confirm=disable")).await.assert_status(200);
    let text = question.assert_contains("Disable ada?").text();
    assert!(ada.get("/today").await.status == 200, "nothing has happened yet");
    let action = text_between(text.split("<dialog").nth(1).unwrap(), "action=\"", "\"").replace("&amp;", "&");
    assert_eq!(
        action,
        format!("/admin/users/{id}/disable?from=%2Fadmin%2Fusers%3Fsearch%3Dada%26sort%3Demail%26dir%3Dasc")
    );
    let back = format!("{list}&done=disable&user={id}");
    olga.post_form(&action, &[]).await.assert_status(303).assert_redirects_to(&format!("{back}#actions-{id}"));
    let page = olga
        .get(&back)
        .await
        .assert_status(200)
        .assert_contains("Disabled and signed out of all devices: <bdi>ada</bdi>");
    page.assert_contains(&format!("action=\"/admin/users/{id}/enable?from=")).assert_lacks("<dialog");
    ada.get("/today").await.assert_status(307);

    // Nothing offers to disable the admin's own account, and no form leads anywhere else.
    let own = olga.get(&format!("/admin/users?search=olga&user={own_id}&confirm=disable")).await.assert_status(200);
    own.assert_contains("Sign out all devices").assert_lacks(">Disable<").assert_lacks("<dialog");
    let foreign = format!("/admin/users/{id}/enable?from=%2F%2Fevil.example%2Fadmin%2Fusers");
    olga.post_form(&foreign, &[]).await.assert_redirects_to(&format!("/admin/users/{id}?done=enable"));
}

#[tokio::test]
async fn the_habits_of_all_users_are_listed_with_their_owners() {
    let mut world = world_with_admins().await;
    world.restart_with_settings(|settings| settings.admins_see_habits = true).await;
    let (olga, ada, ben) =
        (world.signed_in_user("olga").await, world.signed_in_user("ada").await, world.signed_in_user("ben").await);
    ada.create_habit_on("Read", &[1, 3]).await;
    let archived = ada.create_habit("Swim").await;
    ben.create_habit("Read aloud").await;
    ada.send_json("DELETE", &format!("/api/habits/{archived}"), &json!({})).await.assert_status(200);
    let data = olga.get("/api/admin/habits").await.assert_status(200).data();
    assert_eq!(data["counts"], json!({ "total": 3, "active": 2, "archived": 1 }));
    assert_eq!(data["habits"][0]["user"], json!({ "email": "ben@example.com", "displayName": "ben" }));
    assert_eq!(data["habits"][0]["scheduleSummary"], "Daily");
    assert_eq!(data["habits"][1]["scheduleSummary"], "Mon, Wed");
    for (query, expected) in [
        ("status=all", 3),
        ("status=archived", 1),
        ("status=odd", 2),
        ("search=ALOUD", 1),
        ("search=ada@", 1),
        ("search=ada&status=all", 2),
    ] {
        for limit in [1, 20] {
            let habits = list_all(&olga, "habits", &format!("/api/admin/habits?limit={limit}&{query}")).await;
            assert_eq!(habits.len(), expected, "{query}");
        }
    }
    olga.get("/admin/habits").await.assert_status(200).assert_contains("Read aloud").assert_lacks("Swim");
    olga.get("/admin/habits?status=archived")
        .await
        .assert_status(200)
        .assert_contains("Swim")
        .assert_lacks("Read aloud");
    olga.get("/api/admin/habits?cursor=nonsense").await.assert_refused(400, "invalid_request");
}

#[tokio::test]
async fn admins_see_no_word_of_a_habit_unless_the_operator_allows_it_and_users_read_which() {
    let mut world = world_with_admins().await;
    let (mut olga, mut ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    let habit = json!({ "title": "Quit smoking", "description": "For the third time", "weekdays": [1, 3] });
    ada.send_json("POST", "/api/habits", &habit).await.assert_status(201);
    ada.get("/account/data").await.assert_contains("but not what they're called");

    let data = olga.get("/api/admin/habits").await.assert_status(200).data();
    let listed = &data["habits"][0];
    assert_eq!((&listed["title"], &listed["description"]), (&json!(""), &Value::Null), "the fields stay");
    assert_eq!((&listed["scheduleSummary"], &listed["user"]["email"]), (&json!("Mon, Wed"), &json!("ada@example.com")));
    for (search, expected) in [("smoking", 0), ("third", 0), ("ada", 1)] {
        let habits = olga.get(&format!("/api/admin/habits?search={search}")).await.assert_status(200).data();
        assert_eq!(habits["habits"].as_array().unwrap().len(), expected, "{search}");
        let page = olga.get(&format!("/admin/habits?search={search}")).await.assert_status(200).text();
        assert_eq!(page.contains("ada@example.com"), expected == 1, "{search}");
    }
    let id = account_id(&world, &ada);
    let paths = [
        "/admin",
        "/admin/habits?status=all",
        "/admin/users",
        &format!("/admin/users/{id}"),
        "/admin/activity",
        "/admin/audit",
        "/api/admin/habits?status=all",
        "/api/admin/activity",
        "/api/admin/exports/habits",
        "/api/admin/exports/habits?for=spreadsheet",
    ];
    for path in paths {
        let text = olga.get(path).await.assert_status(200).text();
        assert!(!text.contains("smoking") && !text.contains("third time"), "{path}");
    }

    world.restart_with_settings(|settings| settings.admins_see_habits = true).await;
    olga.reconnect(&world);
    ada.reconnect(&world);
    ada.get("/account/data").await.assert_contains("can see what your habits are called");
    olga.get("/admin/habits?search=smoking").await.assert_contains("Quit smoking");
    let csv = olga.get("/api/admin/exports/habits").await.assert_status(200).text();
    assert!(csv.contains("Quit smoking,For the third time,"), "{csv}");
}

#[tokio::test]
async fn exports_are_csv_without_formulas_and_are_audited() {
    let mut world = world_with_admins().await;
    world.restart_with_settings(|settings| settings.admins_see_habits = true).await;
    let olga = world.signed_in_user("olga").await;
    let eve = TestUser::new("eve", &world);
    let fields = [
        ("displayName", "=HYPERLINK(\"http://evil\",\"x\")"),
        ("email", "eve@example.com"),
        ("password", PASSWORD),
        ("confirmPassword", PASSWORD),
        ("timeZone", "UTC"),
    ];
    eve.post_form("/sign-up", &fields).await.assert_status(303);
    eve.confirm_email().await.assert_status(303);
    eve.create_habit_on("+cmd|' /C calc'!A0", &[6, 7]).await;
    let users = olga.get("/api/admin/exports/users").await.assert_status(200);
    assert_eq!(users.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(users.header("content-disposition"), Some("attachment; filename=\"admin-users-2026-02-12.csv\""));
    assert_eq!(users.header("cache-control"), Some("no-store"));
    let noon = "2026-02-12T12:00:00.000Z";
    assert_eq!(
        users.text(),
        format!(
            "Email,Display name,Email verified at,Created at,Deleted at\n\
             eve@example.com,\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\",{noon},{noon},\n\
             olga@example.com,olga,{noon},{noon},"
        )
    );
    let for_spreadsheets = olga.get("/api/admin/exports/users?for=spreadsheet").await.assert_status(200).text();
    let row = for_spreadsheets.strip_prefix("\u{FEFF}Email,").unwrap().lines().last().unwrap();
    assert_eq!(row, "olga@example.com,olga,2026-02-12 12:00:00,2026-02-12 12:00:00,");
    olga.get("/admin").await.assert_contains("href=\"/api/admin/exports/users?for=spreadsheet\"");
    let habits = olga.get("/api/admin/exports/habits").await.assert_status(200);
    assert_eq!(habits.header("content-disposition"), Some("attachment; filename=\"admin-habits-2026-02-12.csv\""));
    let text = habits.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("Title,Description,Schedule,Archived at,Created at,Owner email,Owner name"));
    let row = lines.next().unwrap();
    assert!(row.starts_with("'+cmd|' /C calc'!A0,,\"Sat, Sun\",,"), "{row}");
    let exports = audit_trail(&world).into_iter().filter(|entry| entry.0 == AuditAction::ListExported).count();
    assert_eq!(exports, 3);
}

#[tokio::test]
async fn activity_lists_requests_without_their_parameters() {
    let world = world_with_admins().await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    let habit = ada.create_habit("Read").await;
    ada.get(&format!("/habits/{habit}")).await.assert_status(200);
    ada.get("/verify-email?token=secret-in-a-link").await;
    ada.get("/nowhere/private-thing").await.assert_status(404);
    let activity = olga.get("/api/admin/activity?limit=5").await.assert_status(200);
    let text = activity.text();
    assert!(!text.contains("secret-in-a-link") && !text.contains("private-thing") && !text.contains(&habit), "{text}");
    let entries = activity.data()["entries"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 5);
    assert_eq!(
        (&entries[0]["status"], &entries[0]["errorCode"], &entries[0]["level"]),
        (&json!(404), &json!("not_found"), &json!("warn"))
    );
    assert!(entries.iter().any(|entry| entry["route"] == "/habits/{id}"));
    for _ in 0..210 {
        world.visitor().get("/landing").await.assert_status(200);
    }
    let entries = olga.get("/api/admin/activity?limit=200").await.data()["entries"].as_array().unwrap().len();
    assert_eq!(entries, 200);
    olga.get("/admin/activity").await.assert_status(200).assert_contains("/landing");
}

#[tokio::test]
async fn admins_read_captured_mail() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    let page = olga
        .get("/admin/mail?standing=captured")
        .await
        .assert_status(200)
        .assert_contains("Confirm your email for Atlas")
        .text();
    let id = page.split("href=\"/admin/mail/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mail = olga.get(&format!("/admin/mail/{id}")).await.assert_status(200);
    assert!(mail.header("vary").is_none());
    mail.assert_contains("/verify-email?token=").assert_contains("olga@example.com");
    olga.get("/admin/mail?standing=failed").await.assert_status(200).assert_contains("Nothing to show");
}

#[tokio::test]
async fn the_configuration_page_shows_origins_and_hides_secrets() {
    let secret = "0123456789abcdef0123456789abcdef";
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned()), ("NEXTAUTH_SECRET", secret.to_owned())];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let olga = world.signed_in_user("olga").await;
    let page = olga
        .get("/admin/configuration")
        .await
        .assert_status(200)
        .assert_contains("variable ADMIN_OWNER_EMAIL")
        .assert_contains("(secret)");
    page.assert_lacks(secret);
}

#[tokio::test]
async fn audit_entries_are_purged_after_four_hundred_days() {
    let world = world_with_admins().await;
    let ada = world.signed_in_user("ada").await;
    world.set_time("2026-06-01T12:00:00Z");
    ada.sign_in().await;
    let before = audit_trail(&world).len();
    world.set_time("2027-03-19T11:59:59Z");
    assert_eq!(audit::purge_expired(&world.state.app).await.unwrap(), 0);
    world.set_time("2027-03-19T12:00:01Z");
    let purged = audit::purge_expired(&world.state.app).await.unwrap();
    assert!(purged > 0 && purged < before);
    assert_eq!(audit_trail(&world).len(), before - purged);
    let id = account_id(&world, &ada);
    let indexed =
        admin::queries::list_audit_entries(&world.state.app, Some(id), None, ListRequest::newest_first(None, 100))
            .unwrap()
            .rows
            .len();
    assert_eq!(indexed, before - purged, "the index entries are purged with the audit entries");
}

#[tokio::test]
async fn after_a_rollback_the_audit_trail_shows_the_actions_of_the_newer_release() {
    let world = world_with_admins().await;
    let (olga, ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    let mut json = serde_json::json!({"at": world.clock.now(), "actor": {"robot": 7}, "deed": "teapot.boiled"});
    json["id"] = serde_json::to_value(AuditId::generate(world.clock.now(), [1; 10])).unwrap();
    json["whom"] = serde_json::to_value(account_id(&world, &ada)).unwrap();
    let newer: AuditEntry = serde_json::from_value(json).unwrap();
    let add = move |txn: &mut atlas::store::WriteTxn<'_, '_>| {
        trails::add(txn, &newer);
        Ok::<_, atlas::store::Error>(())
    };
    world.state.app.store.write(add).await.unwrap();
    let shown = "<span>unknown action <code>teapot.boiled</code></span>";
    olga.get("/admin/audit").await.assert_status(200).assert_contains(shown).assert_contains(">unknown actor</td>");
    crate::deletion::delete_account(&ada).await;
    olga.get("/admin/audit").await.assert_status(200).assert_contains(shown);
}

#[tokio::test]
async fn audit_pages_are_complete_for_any_page_size_and_scan_limit() {
    let world = World::new().await;
    let id = |n: u8| AuditId::generate(world.clock.now(), [n; 10]);
    let subject = AccountId::generate(world.clock.now(), [9; 10]);
    let entry = |n: u8| AuditEntry {
        id: id(n),
        at: world.clock.now(),
        actor: Actor::Operator.into(),
        action: if n.is_multiple_of(5) { AuditAction::AccountDisabled } else { AuditAction::AccountEnabled }.into(),
        subject: n.is_multiple_of(2).then_some(subject),
        address: None,
        request_id: None,
    };
    let entries: Vec<AuditEntry> = (0..40).map(entry).collect();
    world
        .state
        .app
        .store
        .write(move |txn| {
            for entry in &entries {
                trails::add(txn, entry);
            }
            Ok::<_, atlas::store::Error>(())
        })
        .await
        .unwrap();
    for (filter_subject, filter_action, expected) in [
        (None, None, 40),
        (None, Some(AuditAction::AccountDisabled), 8),
        (Some(subject), None, 20),
        (Some(subject), Some(AuditAction::AccountDisabled), 4),
    ] {
        let sizes = [(1, 1), (3, 2), (3, 7), (100, 3), (8, 1_000), (100, 1_000)];
        for (direction, (page_size, scan_limit)) in
            [Ascending, Descending].into_iter().flat_map(|direction| sizes.map(|size| (direction, size)))
        {
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let request = PageRequest { cursor, direction, limit: page_size, scan_limit };
                let page = world
                    .state
                    .app
                    .store
                    .read(|txn| trails::list_page(txn, filter_subject, filter_action, &request))
                    .unwrap();
                assert!(page.rows.len() <= page_size);
                seen.extend(page.rows.iter().map(|entry| entry.id));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
                assert!(
                    scan_limit < 1_000 || !page.rows.is_empty(),
                    "a page is empty only when the scan limit was reached"
                );
            }
            assert_eq!(seen.len(), expected, "{page_size} {scan_limit}");
            if direction == Ascending {
                seen.reverse();
            }
            assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{direction:?}, each once");
        }
    }
}

#[tokio::test]
async fn a_reverse_scan_in_a_write_transaction_sees_its_own_changes() {
    let world = World::new().await;
    let store = &world.state.app.store;
    let insert = |keys: &'static [&'static str]| {
        store.write(move |txn| {
            for key in keys {
                txn.put(&COUNTS, &(*key).to_owned(), &1);
            }
            Ok::<_, atlas::store::Error>(())
        })
    };
    insert(&["x.a", "x.b", "x.c", "x.d", "y"]).await.unwrap();
    let seen = store
        .write(|txn| {
            txn.remove(&COUNTS, &"x.d".to_owned());
            txn.remove(&COUNTS, &"x.b".to_owned());
            txn.put(&COUNTS, &"x.e".to_owned(), &1);
            let names = |rows: Vec<(String, u64)>| rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
            let all_rows = names(txn.scan_newest(&COUNTS, b"x.", None, 10)?);
            let two_rows = names(txn.scan_newest(&COUNTS, b"x.", None, 2)?);
            let rows_below = names(txn.scan_newest(&COUNTS, b"x.", Some(&"x.c".to_owned()), 2)?);
            Ok::<_, atlas::store::Error>((all_rows, two_rows, rows_below))
        })
        .await
        .unwrap();
    assert_eq!(seen.0, ["x.e", "x.c", "x.a"]);
    assert_eq!((seen.1, seen.2), (vec!["x.e".to_owned(), "x.c".to_owned()], vec!["x.a".to_owned()]));
}

#[tokio::test]
async fn admin_health_shows_the_running_build_and_the_data_file() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    let (health, admin_health) = (
        olga.get("/api/health").await.assert_status(200).data(),
        olga.get("/api/admin/health").await.assert_status(200).data(),
    );
    assert_eq!(admin_health["instance"], health["instance"]);
    assert_eq!(
        (&admin_health["schema"], &admin_health["alerts"]),
        (&json!(atlas::store::tables::schema::VERSION), &json!([]))
    );
    assert_eq!(admin_health["fileId"], json!(world.state.app.store.stamp().file_id));
    assert_eq!(admin_health["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn an_admin_takes_a_snapshot_and_it_is_listed_and_audited() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    olga.get("/admin").await.assert_status(200).assert_contains("href=\"/admin/snapshots\"");
    olga.get("/admin/snapshots")
        .await
        .assert_status(200)
        .assert_contains("No snapshots yet")
        .assert_contains("No releases yet");
    olga.post_form("/admin/snapshots", &[]).await.assert_status(303).assert_redirects_to("/admin/snapshots?done=taken");
    let data = olga.get("/api/admin/snapshots").await.assert_status(200).data();
    let taken = &data["snapshots"][0];
    assert_eq!((&taken["reason"], &taken["rows"]["accounts"]), (&json!("manual"), &json!(1)), "{data}");
    let page = olga
        .get("/admin/snapshots?done=taken")
        .await
        .assert_status(200)
        .assert_contains("created and verified")
        .assert_contains("manually");
    page.assert_contains(taken["id"].as_str().unwrap())
        .assert_contains("less than a minute ago, manually")
        .assert_contains("atlas rollback --env development");
    assert!(audit_trail(&world).contains(&(AuditAction::SnapshotTaken, Actor::User(account_id(&world, &olga)), None)));

    olga.get("/admin").await.assert_contains("Size of each day's newest snapshot: on 1 of 14 days, the last on Feb 12");

    // A failed verification is shown with the names of the failed checks.
    atlas::app::backup::releases::record_start(&world.state.app).unwrap();
    let verification = atlas::domain::backup::release::Verification {
        at: world.clock.now(),
        passed: false,
        failed: vec!["health".to_owned(), "sign-in".to_owned()],
        ..atlas::domain::backup::release::Verification::default()
    };
    atlas::app::backup::releases::attach_verification(&world.state.app, verification, &json!({}), &mut |_| ())
        .await
        .unwrap();
    let page = olga
        .get("/admin/snapshots")
        .await
        .assert_status(200)
        .assert_contains("Running")
        .assert_contains("health, sign-in, verified");
    page.assert_lacks("Known-good");
    olga.get("/admin").await.assert_contains("The running release failed verification: health, sign-in.");
    let data = olga.get("/api/admin/snapshots").await.assert_status(200).data();
    assert_eq!((&data["releases"][0]["runsNow"], &data["releases"][0]["knownGood"]), (&json!(true), &json!(false)));

    let ada = world.signed_in_user("ada").await;
    assert_ne!(ada.get("/admin/snapshots").await.status, 200);
    ada.get("/api/admin/snapshots").await.assert_refused(403, "forbidden");
    ada.post_form("/admin/snapshots", &[]).await;
    assert_eq!(
        olga.get("/api/admin/snapshots").await.assert_status(200).data()["snapshots"].as_array().unwrap().len(),
        1
    );
}

/// Answers the page that asks an admin to confirm their identity. Returns where it leads.
async fn confirm_identity(user: &TestUser, page: &str, password: &str) -> TestResponse {
    let token = text_between(page, "name=\"challengeToken\" value=\"", "\"");
    let from = text_between(page, "name=\"from\" value=\"", "\"");
    let fields = [("challengeToken", token.as_str()), ("from", &from), ("method", "password"), ("code", password)];
    user.post_form("/account/verify", &fields).await
}

#[tokio::test]
async fn an_old_session_can_read_but_must_confirm_the_password_before_changes_and_exports() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    let ada = world.signed_in_user("ada").await;
    let id = account_id(&world, &ada);
    let user_page = format!("/admin/users/{id}");
    world.set_time("2026-02-12T12:20:00Z");
    let is_disabled =
        || world.state.app.store.read(|txn| accounts::find_account(txn, id)).unwrap().unwrap().disabled_at;

    olga.get(&user_page).await.assert_status(200);
    olga.get("/api/admin/users").await.assert_status(200);
    let confirm = format!("/admin/confirm?from=%2Fadmin%2Fusers%2F{id}");
    for action in ["disable", "enable", "sign-out", "resend"] {
        let refused = olga.post_form(&format!("{user_page}/{action}"), &[]).await;
        refused.assert_status(303).assert_redirects_to(&confirm);
    }
    olga.post_form("/admin/snapshots", &[]).await.assert_redirects_to("/admin/confirm?from=%2Fadmin%2Fsnapshots");
    for list in ["users", "habits"] {
        let export = format!("/api/admin/exports/{list}");
        olga.get(&export).await.assert_refused(401, "unauthorized");
        let followed = olga.request("GET", &export, &[("sec-fetch-mode", "navigate")], b"").await;
        followed.assert_status(303).assert_redirects_to("/admin/confirm?from=%2Fadmin");
    }
    assert_eq!(is_disabled(), None);
    ada.get("/today").await.assert_status(200);

    let page = olga.get(&confirm).await.assert_status(200).assert_contains("as an admin").text();
    let wrong = confirm_identity(&olga, &page, "a wrong guess here").await;
    let again = wrong.assert_status(422).assert_contains("Wrong password").text();
    olga.post_form(&format!("{user_page}/disable"), &[]).await.assert_redirects_to(&confirm);
    confirm_identity(&olga, &again, PASSWORD).await.assert_status(303).assert_redirects_to(&user_page);
    olga.post_form(&format!("{user_page}/disable"), &[])
        .await
        .assert_redirects_to(&format!("{user_page}?done=disable"));
    olga.get("/api/admin/exports/users").await.assert_status(200);
    assert!(is_disabled().is_some());
}

#[tokio::test]
async fn a_confirmed_identity_lasts_twenty_minutes() {
    let world = world_with_admins().await;
    let olga = world.signed_in_user("olga").await;
    let export = "/api/admin/exports/users";
    world.set_time("2026-02-25T11:00:00Z");
    let body = json!({ "action": "account_password_change" });
    let challenge = olga.send_json("POST", "/api/account/step-up/challenge", &body).await.assert_status(200).data();
    olga.get(export).await.assert_refused(401, "unauthorized");
    let body = json!({ "challengeToken": challenge["challengeToken"], "method": "password", "code": PASSWORD });
    olga.send_json("POST", "/api/account/step-up/verify", &body).await.assert_status(200);
    olga.get(export).await.assert_status(200);
    world.set_time("2026-02-25T11:19:59Z");
    olga.get(export).await.assert_status(200);
    world.set_time("2026-02-25T11:20:00Z");
    olga.get(export).await.assert_refused(401, "unauthorized");
}

#[test]
fn every_admin_route_that_changes_or_exports_something_needs_a_recent_proof() {
    for route in route_table(true, true).iter().filter(|route| route.access == Access::Admin) {
        let is_export = route.path.contains("/exports/");
        assert_eq!(route.needs_recent_proof(), route.method != "GET" || is_export, "{} {}", route.method, route.path);
    }
}
