//! Rate limits, login lockout and response times that reveal no account.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use atlas::web::{Access, MAX_CALLERS, route_table};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::test_user::{TestResponse, TestUser};
use crate::world::{PASSWORD, World, WorldOptions};

/// A world with rate limits behind a trusted proxy.
async fn world_behind_proxy() -> World {
    rate_limited_world(&[("ATLAS_TRUSTED_PROXIES", "127.0.0.1")]).await
}

/// A world with rate limits: they are off where the test endpoints are on.
async fn rate_limited_world(more: &[(&'static str, &str)]) -> World {
    let mut variables = vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned())];
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await
}

/// A user with a confirmed address whose browser has not signed in yet.
pub async fn verified_user(world: &World, name: &'static str) -> TestUser {
    let user = TestUser::new(name, world);
    user.sign_up("UTC").await;
    let mail = world.newest_mail(&user.email()).unwrap();
    let token = mail.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    world.visitor().post_form("/verify-email", &[("token", &token)]).await.assert_status(200);
    user
}

fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

/// Tries to sign in from the n-th client address.
async fn sign_in_from(world: &World, n: usize, email: &str, password: &str) -> TestResponse {
    let visitor = world.visitor().with_forwarded_for(&format!("198.51.{}.{}", n / 250, n % 250 + 1));
    visitor.send_json("POST", "/api/auth/sign-in", &credentials(email, password)).await
}

/// The parts of a response that do not vary between requests.
fn stable_parts(response: &TestResponse) -> (u16, Vec<String>, String) {
    let varying = ["date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let headers = response.headers.iter().filter(|(name, _)| !varying.contains(&name.as_str()));
    (response.status, headers.map(|(name, value)| format!("{name}: {value}")).collect(), response.text())
}

#[tokio::test]
async fn after_ten_sign_in_attempts_a_client_must_wait_and_other_clients_need_not() {
    let world = world_behind_proxy().await;
    let mallory = world.visitor().with_forwarded_for("203.0.113.7");
    let unknown = credentials("nobody@example.com", "wrong wrong wrong");
    for left in (5..10).rev() {
        let response =
            mallory.send_json("POST", "/api/auth/sign-in", &unknown).await.assert_refused(401, "invalid_credentials");
        assert_eq!(response.header("x-ratelimit-limit"), Some("10"));
        assert_eq!(response.header("x-ratelimit-remaining"), Some(left.to_string().as_str()));
        assert_eq!(response.header("x-ratelimit-reset"), Some("1770897900"), "in five minutes");
    }
    for _ in 0..5 {
        mallory.try_sign_in("wrong wrong wrong").await.assert_status(422);
    }
    let refused = mallory.send_json("POST", "/api/auth/sign-in", &unknown).await.assert_refused(429, "rate_limited");
    assert_eq!(refused.json()["error"]["recovery"], "retry_later");
    assert_eq!(refused.header("retry-after"), Some("600"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("x-ratelimit-reset"), Some("1770898200"), "in ten minutes");
    let page =
        mallory.try_sign_in("wrong wrong wrong").await.assert_status(429).assert_contains("Try again in 10 minutes");
    assert_eq!(page.header("retry-after"), Some("600"));
    // The page is the sign-in form with the entered email but not the password.
    page.assert_contains("Welcome back").assert_contains("value=\"visitor@example.com\"").assert_lacks("wrong wrong");

    mallory.get("/sign-in").await.assert_status(200);
    mallory.sign_up("UTC").await;
    let other = world.visitor().with_forwarded_for("203.0.113.8");
    other.send_json("POST", "/api/auth/sign-in", &unknown).await.assert_refused(401, "invalid_credentials");
    world.set_time("2026-02-12T12:09:59.5Z");
    let refused = mallory.send_json("POST", "/api/auth/sign-in", &unknown).await.assert_refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("1"), "the wait is not rounded up");
    world.set_time("2026-02-12T12:10:00Z");
    mallory.send_json("POST", "/api/auth/sign-in", &unknown).await.assert_refused(401, "invalid_credentials");
}

#[tokio::test]
async fn twelve_colleagues_behind_one_address_sign_up_confirm_and_sign_in_without_waiting() {
    let world = rate_limited_world(&[]).await;
    for n in 0..12 {
        let email = format!("colleague{n}@example.com");
        let office = world.visitor();
        office.send_json("POST", "/api/auth/signup", &sign_up_body(&email)).await.assert_status(201);
        let mail = world.newest_mail(&email).unwrap();
        let token = mail.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
        office.post_form("/verify-email", &[("token", &token)]).await.assert_status(200);
        let signed_in = office.send_json("POST", "/api/auth/sign-in", &credentials(&email, PASSWORD)).await;
        assert_eq!(signed_in.assert_status(200).header("x-ratelimit-remaining"), Some("10"));
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("from", "/today")];
        office.post_form("/sign-in", &fields).await.assert_status(303);
    }
}

#[tokio::test]
async fn an_attackers_valid_account_and_used_links_give_back_no_guess_and_no_sign_up() {
    let world = rate_limited_world(&[]).await;
    let mallory = world.visitor();
    mallory.send_json("POST", "/api/auth/signup", &sign_up_body("mallory@example.com")).await.assert_status(201);
    let mail = world.newest_mail("mallory@example.com").unwrap();
    let token = mail.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    mallory.post_form("/verify-email", &[("token", &token)]).await.assert_status(200);
    for n in 0..10 {
        let guess = credentials(&format!("n{n}@example.com"), "wrong wrong wrong");
        mallory.send_json("POST", "/api/auth/sign-in", &guess).await.assert_refused(401, "invalid_credentials");
        if n < 9 {
            let own = credentials("mallory@example.com", PASSWORD);
            mallory.send_json("POST", "/api/auth/sign-in", &own).await.assert_status(200);
        }
    }
    let guess = credentials("n11@example.com", "wrong wrong wrong");
    mallory.send_json("POST", "/api/auth/sign-in", &guess).await.assert_refused(429, "rate_limited");

    for n in 0..10 {
        let body = sign_up_body(&format!("n{n}@example.com"));
        mallory.send_json("POST", "/api/auth/signup", &body).await.assert_status(201);
        if n < 9 {
            // In a browser without a session, which isn't sent to its day.
            let page = world.visitor().post_form("/verify-email", &[("token", &token)]).await;
            page.assert_status(200).assert_contains("already confirmed");
        }
    }
    mallory.send_json("POST", "/api/auth/signup", &sign_up_body("n11@example.com")).await.assert_status(429);
}

#[test]
fn every_unsafe_public_route_has_a_limit_and_limits_of_one_name_are_equal() {
    let mut limits = BTreeMap::new();
    for route in route_table(false, false) {
        let what = format!("{} {}", route.method, route.path);
        assert!(
            route.limit.is_some() || route.access != Access::Anyone || route.method.is_safe(),
            "{what} has no limit"
        );
        if let Some(limit) = route.limit {
            assert_eq!(*limits.entry(limit.name).or_insert(limit), limit, "{what}");
        }
    }
}

#[tokio::test]
async fn every_public_endpoint_is_rate_limited() {
    let world = rate_limited_world(&[]).await;
    let visitor = world.visitor();
    let unknown = json!({ "email": "nobody@example.com", "token": "x", "password": "x", "displayName": "" });
    for path in ["signup", "logout", "verify-email", "resend-verification"] {
        let path = format!("/api/auth/{path}");
        for _ in 0..10 {
            assert_ne!(visitor.send_json("POST", &path, &unknown).await.status, 429, "{path}");
        }
        visitor.send_json("POST", &path, &unknown).await.assert_refused(429, "rate_limited");
    }
    for path in ["/sign-up", "/sign-out", "/verify-email", "/verify-email/resend"] {
        let page = visitor
            .post_form(path, &[("email", "nobody@example.com")])
            .await
            .assert_status(429)
            .assert_contains("Too many attempts");
        assert_eq!(page.header("retry-after"), Some("600"), "{path}");
        if matches!(path, "/sign-up" | "/verify-email/resend") {
            page.assert_contains("value=\"nobody@example.com\"");
        }
    }
}

#[tokio::test]
async fn a_member_can_export_data_three_times_in_fifteen_minutes() {
    let world = world_behind_proxy().await;
    let (ada, ben) = (verified_user(&world, "ada").await, verified_user(&world, "ben").await);
    ada.sign_in().await;
    ben.sign_in().await;
    for _ in 0..3 {
        ada.get("/api/account/exports/self").await.assert_status(200);
    }
    // The limit follows Ada's account to another address and does not affect Ben.
    let ada = ada.with_forwarded_for("203.0.113.7");
    let refused = ada.get("/api/account/exports/self").await.assert_refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("900"));
    ben.get("/api/account/exports/self").await.assert_status(200);

    // A browser without JavaScript opens the download in place of the page.
    let open = async |user: &TestUser| {
        user.request("GET", "/api/account/exports/self", &[("sec-fetch-mode", "navigate")], b"").await
    };
    let page = open(&ada).await.assert_status(429);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    page.assert_contains("Too many attempts").assert_contains("href=\"/account\"");
    let signed_out = open(&world.visitor()).await.assert_status(307);
    signed_out.assert_redirects_to("/sign-in?from=%2Faccount%2Fdata");
}

#[tokio::test]
async fn forged_client_address_headers_do_not_evade_the_rate_limit() {
    let forged_headers = |n: usize| {
        let address = format!("192.0.2.{n}");
        vec![
            ("x-forwarded-for", address.clone()),
            ("x-real-ip", address.clone()),
            ("cf-connecting-ip", address.clone()),
            ("true-client-ip", address.clone()),
            ("forwarded", format!("for={address}")),
        ]
    };
    // Directly, and through a proxy that appends the client's address.
    for (world, is_behind_proxy) in [(rate_limited_world(&[]).await, false), (world_behind_proxy().await, true)] {
        let mut statuses = Vec::new();
        for n in 1..=11 {
            let mut mallory = world.visitor();
            mallory.headers = forged_headers(n);
            if is_behind_proxy {
                mallory.headers[0].1.push_str(", 203.0.113.7");
            }
            let unknown = credentials("nobody@example.com", "wrong wrong wrong");
            statuses.push(mallory.send_json("POST", "/api/auth/sign-in", &unknown).await.status);
        }
        assert_eq!(statuses, [[401; 10].as_slice(), &[429]].concat(), "behind a proxy: {is_behind_proxy}");
    }
}

#[tokio::test]
async fn rate_limits_are_off_where_test_endpoints_are_on() {
    let world = World::new().await;
    for _ in 0..12 {
        let response = world.visitor().send_json("POST", "/api/auth/logout", &json!({})).await.assert_status(200);
        assert!(response.header("x-ratelimit-limit").is_none());
    }
}

#[tokio::test]
async fn five_wrong_passwords_lock_an_account_in_every_spelling_without_revealing_it() {
    let world = world_behind_proxy().await;
    verified_user(&world, "ada").await;
    let spellings = ["ada@example.com", "ADA@example.com", " Ada@Example.com ", "ada@EXAMPLE.COM", "aDa@example.com"];
    let mut wrong_password = None;
    for (n, spelling) in spellings.into_iter().enumerate() {
        let response =
            sign_in_from(&world, n, spelling, "wrong wrong wrong").await.assert_refused(401, "invalid_credentials");
        wrong_password = Some(stable_parts(&response));
    }
    for n in 10..30 {
        let correct = sign_in_from(&world, n, "ada@example.com", PASSWORD).await;
        assert_eq!(
            Some(stable_parts(&correct)),
            wrong_password,
            "the right password is answered differently from a wrong one"
        );
        let unknown = sign_in_from(&world, 100 + n, "nobody@example.com", PASSWORD).await;
        assert_eq!(
            Some(stable_parts(&unknown)),
            wrong_password,
            "an unknown address is answered differently from a locked account"
        );
    }
    let page = TestUser::new("ada", &world).with_forwarded_for("198.51.100.77").try_sign_in(PASSWORD).await;
    page.assert_status(422).assert_contains("Wrong email or password");
    world.set_time("2026-02-12T12:09:59Z");
    sign_in_from(&world, 40, "ada@example.com", PASSWORD).await.assert_refused(401, "invalid_credentials");
    world.set_time("2026-02-12T12:10:00Z");
    sign_in_from(&world, 41, "ada@example.com", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn concurrent_password_guesses_count_as_at_most_five_attempts() {
    let world = world_behind_proxy().await;
    verified_user(&world, "ada").await;
    let audit_count =
        || world.state.app.store.read(|view| view.count("audit")).map_err(|error: atlas::store::Error| error);
    let before = audit_count().unwrap();
    join_all((0..40).map(|n| sign_in_from(&world, n, "ada@example.com", "wrong wrong wrong"))).await;
    sign_in_from(&world, 50, "ada@example.com", PASSWORD).await.assert_refused(401, "invalid_credentials");
    world.state.app.store.flush().await.unwrap();
    assert_eq!(audit_count().unwrap() - before, 6, "the audit trail does not hold five attempts and the lockout");
}

#[tokio::test]
async fn an_attack_does_not_lock_the_owner_out_of_a_known_browser() {
    let world = world_behind_proxy().await;
    let ada = verified_user(&world, "ada").await;
    let ben = verified_user(&world, "ben").await.with_forwarded_for("203.0.113.9");
    ada.sign_in().await;
    ben.sign_in().await;
    for n in 0..30 {
        sign_in_from(&world, n, "ada@example.com", "wrong wrong wrong").await.assert_status(401);
    }
    ada.post_form("/sign-out", &[]).await.assert_status(303);
    ada.sign_in().await;
    // The lockout persists for every other browser: without her cookie, with Ben's and with a forged one.
    let device = ada.cookie("atlas-development-device").unwrap();
    let browser = device.split('.').next().unwrap();
    let forged = [None, ben.cookie("atlas-development-device"), Some(format!("{browser}.{browser}"))];
    for (n, cookie) in forged.into_iter().enumerate() {
        let mallory = TestUser::new("ada", &world).with_forwarded_for(&format!("203.0.113.1{n}"));
        if let Some(cookie) = cookie {
            mallory.set_cookie("atlas-development-device", &cookie);
        }
        mallory.try_sign_in(PASSWORD).await.assert_status(422);
    }
    // Her browser has its own attempt counter and lockout.
    let ada = ada.with_forwarded_for("203.0.113.20");
    for _ in 0..5 {
        ada.try_sign_in("wrong wrong wrong").await.assert_status(422);
    }
    ada.try_sign_in(PASSWORD).await.assert_status(422);
    world.set_time("2026-02-12T12:10:00Z");
    ada.sign_in().await;
}

#[tokio::test]
async fn a_shared_browser_is_known_for_both_accounts() {
    let world = world_behind_proxy().await;
    let ada = verified_user(&world, "ada").await;
    let ben = verified_user(&world, "ben").await;
    ada.sign_in().await;
    ben.set_cookie("atlas-development-device", &ada.cookie("atlas-development-device").unwrap());
    ben.sign_in().await;
    let shared = ben.cookie("atlas-development-device").unwrap();
    for n in 0..10 {
        sign_in_from(&world, n, "ada@example.com", "wrong wrong wrong").await.assert_status(401);
    }
    let ada = TestUser::new("ada", &world).with_forwarded_for("203.0.113.20");
    ada.set_cookie("atlas-development-device", &shared);
    ada.sign_in().await;
}

#[tokio::test]
async fn a_lockout_survives_a_restart_and_ends_when_the_owner_is_verified() {
    let mut world = world_behind_proxy().await;
    verified_user(&world, "ada").await;
    for n in 0..3 {
        sign_in_from(&world, n, "ada@example.com", "wrong wrong wrong").await.assert_status(401);
    }
    world = world.restart().await;
    for n in 3..5 {
        sign_in_from(&world, n, "ada@example.com", "wrong wrong wrong").await.assert_status(401);
    }
    sign_in_from(&world, 5, "ada@example.com", PASSWORD).await.assert_refused(401, "invalid_credentials");
    world = world.restart().await;
    sign_in_from(&world, 6, "ada@example.com", PASSWORD).await.assert_refused(401, "invalid_credentials");

    let email = atlas::domain::Email::parse("ada@example.com").unwrap();
    let (guesses, now) = (world.state.app.lockout.clone(), world.clock.now());
    let forgiven = world.state.app.store.write(move |draft| {
        let ada = atlas::store::tables::accounts::find_by_email(draft, &email)?.unwrap();
        guesses.reset_attempts(draft, ada.id, now)
    });
    forgiven.await.unwrap();
    sign_in_from(&world, 7, "ada@example.com", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn a_locked_out_owner_can_reset_the_password_and_sign_in_at_once() {
    let world = world_behind_proxy().await;
    verified_user(&world, "ada").await;
    for n in 0..5 {
        sign_in_from(&world, n, "ada@example.com", "wrong wrong wrong").await.assert_status(401);
    }
    let ada = TestUser::new("ada", &world).with_forwarded_for("203.0.113.20");
    ada.try_sign_in(PASSWORD).await.assert_status(422);
    ada.post_form("/forgot-password", &[("email", "ada@example.com")]).await.assert_status(303);
    let link = crate::security::find_mailed_token(&world, "ada@example.com", "reset-password");
    let new = "copper lantern meadow sixteen";
    let fields = [("token", link.as_str()), ("password", new), ("confirmPassword", new)];
    ada.post_form("/reset-password", &fields).await.assert_status(200);
    ada.try_sign_in(new).await.assert_status(303).assert_redirects_to("/today");
    ada.get("/today").await.assert_status(200);
}

/// Sends one request from each address over one connection and returns how many were served.
async fn count_served(world: &World, addresses: std::ops::Range<u32>) -> usize {
    let host = format!("localhost:{}", world.address.port());
    let last = addresses.end - 1;
    let requests: Vec<String> = addresses
        .map(|n| {
            let from = Ipv4Addr::from(0x0a00_0000 + n);
            let end = if n == last { "close" } else { "keep-alive" };
            format!(
                "POST /api/auth/verify-email HTTP/1.1\r\nhost: {host}\r\nx-forwarded-for: {from}\r\n\
                 connection: {end}\r\ncontent-length: 0\r\n\r\n"
            )
        })
        .collect();
    let (mut read, mut write) = TcpStream::connect(world.address).await.unwrap().into_split();
    let sending = async { write.write_all(requests.concat().as_bytes()).await.unwrap() };
    let mut responses = String::new();
    tokio::join!(sending, async { read.read_to_string(&mut responses).await.unwrap() });
    // 415: the request passed the rate limit and then failed for its missing content type.
    responses.matches("HTTP/1.1 415").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_clients_than_the_rate_limiter_can_track_are_served_and_lift_no_lockout() {
    let world = world_behind_proxy().await;
    let (honest, mallory) =
        (world.visitor().with_forwarded_for("203.0.113.7"), world.visitor().with_forwarded_for("203.0.113.8"));
    let invalid = json!({ "token": "x" });
    let confirm = async |user: &TestUser| user.send_json("POST", "/api/auth/verify-email", &invalid).await.status;
    for _ in 0..10 {
        assert_eq!(confirm(&mallory).await, 400);
    }
    assert_eq!((confirm(&mallory).await, confirm(&honest).await), (429, 400));
    let client_count = u32::try_from(MAX_CALLERS).unwrap() + 1_000;
    for begin in (0..client_count).step_by(1_024) {
        assert_eq!(count_served(&world, begin..begin + 1_024).await, 1_024, "new clients were refused");
        assert!(world.state.tracked_callers("verify-email") <= MAX_CALLERS);
    }
    assert!(world.state.tracked_callers("verify-email") > 10_000, "the rate limiter forgot most clients");
    assert_eq!((confirm(&mallory).await, confirm(&honest).await), (429, 400));
}

/// Returns how many passwords a request hashes.
async fn count_hashes(world: &World, request: impl Future<Output = TestResponse>) -> u64 {
    let before = world.state.app.passwords.hashed();
    request.await;
    world.state.app.passwords.hashed() - before
}

fn sign_up_body(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "displayName": "Someone" })
}

#[tokio::test]
async fn every_refused_sign_in_costs_two_hashes_and_every_sign_up_one() {
    let world = World::new().await;
    verified_user(&world, "ada").await;
    let visitor = world.visitor();
    visitor.send_json("POST", "/api/auth/signup", &sign_up_body("pending@example.com")).await.assert_status(201);
    for (email, password, expected) in [
        ("nobody@example.com", "wrong wrong wrong", 2),
        ("not an address", "", 2),
        ("pending@example.com", "wrong wrong wrong", 2),
        ("pending@example.com", PASSWORD, 2),
        ("ada@example.com", "wrong wrong wrong", 2),
        ("ada@example.com", PASSWORD, 1),
        ("ada@example.com", "", 2),
        ("ada@example.com", "wrong wrong wrong", 2),
        ("ada@example.com", "wrong wrong wrong", 2),
        ("ada@example.com", "wrong wrong wrong", 2),
        ("ada@example.com", "wrong wrong wrong", 2),
        ("ada@example.com", "locked by now", 2),
        ("ada@example.com", PASSWORD, 2),
    ] {
        let body = credentials(email, password);
        let cost = count_hashes(&world, visitor.send_json("POST", "/api/auth/sign-in", &body)).await;
        assert_eq!(cost, expected, "{email}, {password}");
    }
    for email in ["ada@example.com", "ada@example.com", "new@example.com", "new@example.com"] {
        assert_eq!(
            count_hashes(&world, visitor.send_json("POST", "/api/auth/signup", &sign_up_body(email))).await,
            1,
            "{email}"
        );
    }
}

/// What a request costs: commits, rows in them, and hashes.
async fn measure_work(world: &World, path: &str, body: &Value) -> [u64; 3] {
    let numbers = || {
        let (stats, hashed) = (world.state.app.store.stats(), world.state.app.passwords.hashed());
        [stats.commits, stats.rows, hashed]
    };
    let before = numbers();
    let response = world.visitor().send_json("POST", path, body).await;
    assert!(matches!(response.status, 200 | 201 | 400 | 401), "{path}: {}", response.status);
    world.state.app.store.flush().await.unwrap();
    let after = numbers();
    std::array::from_fn(|n| after[n] - before[n])
}

#[tokio::test]
async fn a_request_does_the_same_work_for_every_address() {
    let world = World::new().await;
    verified_user(&world, "ada").await;
    verified_user(&world, "eva").await;
    for email in ["ben@example.com", "fay@example.com"] {
        world.visitor().send_json("POST", "/api/auth/signup", &sign_up_body(email)).await.assert_status(201);
    }
    let eva = verified_user(&world, "eva2").await;
    disable(&world, &eva).await;
    let email = |email: &str| json!({ "email": email });
    let wrong_password = |email: &str| credentials(email, "wrong wrong wrong");
    let wrong_code = |email: &str| json!({ "email": email, "code": "not a code" });
    // A confirmed, an unconfirmed, an unknown, and a disabled address; often enough to exceed every limit.
    let addresses = ["ada@example.com", "ben@example.com", "cal@example.com", "eva2@example.com"];
    for (path, body) in [
        ("/api/auth/forgot-password", &email as &dyn Fn(&str) -> Value),
        ("/api/auth/resend-verification", &email),
        ("/api/auth/verify-email", &wrong_code),
        ("/api/auth/sign-in", &wrong_password),
    ] {
        for n in 0..12 {
            let mut work = Vec::new();
            for address in addresses {
                work.push(measure_work(&world, path, &body(address)).await);
            }
            assert_eq!(work, [work[0]; 4], "{path}, request {n}");
        }
    }
    for n in 0..8 {
        let mut work = Vec::new();
        for address in ["eva@example.com", "fay@example.com", "gil@example.com"] {
            work.push(measure_work(&world, "/api/auth/signup", &sign_up_body(address)).await);
        }
        assert_eq!(work, [work[0]; 3], "sign-up {n}");
    }
    let mails = |email: &str| world.mail_count(email);
    assert_eq!((mails("cal@example.com"), mails("eva2@example.com")), (0, 1), "what is rehearsed is not sent");
    let strangers = world.state.app.store.read(|txn| txn.count("accounts")).unwrap();
    assert_eq!(strangers, 6, "what is rehearsed is not stored");
}

/// Disables an account, as an admin does.
async fn disable(world: &World, user: &TestUser) {
    let app = &world.state.app;
    let account = atlas::app::admin::queries::find_user(app, &user.email()).unwrap();
    let operator = atlas::app::initiator::Initiator::operator();
    atlas::app::admin::accounts::disable_account(app, &operator, account).await.unwrap();
}

/// The probability that a known address takes longer than an unknown one: one half if times reveal nothing.
fn compare_times(known: &[Duration], unknown: &[Duration]) -> f64 {
    let longer: u32 = known.iter().map(|one| unknown.iter().map(|other| u32::from(one > other)).sum::<u32>()).sum();
    let pairs = u32::try_from(known.len() * unknown.len()).unwrap();
    f64::from(longer) / f64::from(pairs)
}

/// Slow, so it runs only with `ATLAS_TESTS=long`.
#[tokio::test]
async fn known_and_unknown_addresses_take_the_same_time() {
    if !std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long") {
        return;
    }
    let world = World::new().await;
    verified_user(&world, "ada").await;
    let visitor = world.visitor();
    let time_request = async |path: &str, body: Value| {
        let start = Instant::now();
        visitor.send_json("POST", path, &body).await;
        start.elapsed()
    };
    for (path, body) in [
        ("/api/auth/sign-in", (&|email: &str| credentials(email, "wrong wrong wrong")) as &dyn Fn(&str) -> Value),
        ("/api/auth/signup", &sign_up_body),
        ("/api/auth/forgot-password", &|email: &str| json!({ "email": email })),
        ("/api/auth/resend-verification", &|email: &str| json!({ "email": email })),
        ("/api/auth/verify-email", &|email: &str| json!({ "email": email, "code": "not a code" })),
    ] {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for n in 0..300 {
            // In turns, because the machine's speed varies.
            let stranger = format!("f{n:03}@example.com");
            let addresses = if n % 2 == 0 { ["ada@example.com", &stranger] } else { [&stranger, "ada@example.com"] };
            for email in addresses {
                let time = time_request(path, body(email)).await;
                if email == stranger { unknown.push(time) } else { known.push(time) }
            }
            // Start a new window, so that the lockout ends.
            if n % 4 == 3 {
                world.clock.set(world.clock.now() + jiff::SignedDuration::from_mins(11));
            }
        }
        let difference = compare_times(&known, &unknown);
        assert!(
            (0.4..=0.6).contains(&difference),
            "{path}: known addresses take longer in {difference:.2} of all pairs"
        );
    }
}

#[tokio::test]
async fn basic_auth_guesses_are_limited_and_signed_in_users_at_the_same_address_are_not_affected() {
    let variables =
        [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "open sesame"), ("ATLAS_TRUSTED_PROXIES", "127.0.0.1")];
    let world = rate_limited_world(&variables).await;
    let get = async |user: &TestUser, path: &str, authorization: Option<&str>| {
        let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
        user.request("GET", path, &headers, b"").await
    };
    let right = Some("Basic dGVhbTpvcGVuIHNlc2FtZQ==");
    let ada = world.visitor().with_forwarded_for("192.0.2.1");
    let account = json!({ "displayName": "Ada", "email": "ada@example.com", "password": PASSWORD });
    let with = |media| [("authorization", "Basic dGVhbTpvcGVuIHNlc2FtZQ=="), ("content-type", media)];
    let post = async |path: &str, body: &Value| {
        ada.request("POST", path, &with("application/json"), body.to_string().as_bytes()).await
    };
    post("/api/auth/signup", &account).await.assert_status(201);
    let mail = world.newest_mail("ada@example.com").unwrap();
    let token = mail.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    post("/api/auth/verify-email", &json!({ "token": token })).await.assert_status(200);
    post("/api/auth/sign-in", &credentials("ada@example.com", PASSWORD)).await.assert_status(200);

    // Requests without credentials are challenged without a limit, because browsers send them often.
    let attacker = world.visitor().with_forwarded_for("192.0.2.1");
    for _ in 0..50 {
        get(&attacker, "/landing", None).await.assert_status(401);
    }
    for n in 0..20 {
        let wrong = format!("Basic {n:04}");
        get(&attacker, "/landing", Some(&wrong)).await.assert_status(401);
    }
    get(&attacker, "/landing", Some("Basic 0020")).await.assert_status(429);
    let late = get(&attacker, "/landing", right).await.assert_status(429);
    assert!(late.header("retry-after").is_some());
    get(&attacker, "/api/health", None).await.assert_status(200);
    for path in ["/today", "/sw.js", "/manifest.webmanifest", "/api/habits"] {
        get(&ada, path, right).await.assert_status(200);
        get(&ada, path, Some("Basic 0000")).await.assert_status(429);
        get(&world.visitor().with_forwarded_for("192.0.2.2"), path, None).await.assert_status(401);
    }
    world.set_time("2026-02-12T12:05:00Z");
    get(&attacker, "/landing", right).await.assert_status(200);
}
