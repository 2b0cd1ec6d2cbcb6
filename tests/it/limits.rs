//! Whoever tries too often, and whoever must not suffer from it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use atlas::web::{MOST_CALLERS, Who, table};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::person::{Person, Reply};
use crate::world::{PASSWORD, Wishes, World};

/// A world with limits, behind a proxy of its own.
async fn strict() -> World {
    limited(&[("ATLAS_TRUSTED_PROXIES", "127.0.0.1")]).await
}

/// A world without the endpoints for browser tests, so with limits.
async fn limited(more: &[(&'static str, &str)]) -> World {
    let mut variables = vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned())];
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    World::with(Wishes { variables, ..Wishes::default() }).await
}

/// Somebody who has signed up and confirmed the address, in a browser that has not signed in yet.
async fn newcomer(world: &World, name: &'static str) -> Person {
    let person = Person::new(name, world);
    person.signs_up("UTC").await;
    let mail = world.newest_mail(&person.email()).unwrap();
    let token = mail.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    person.posts("/verify-email", &[("token", &token)]).await.is(200);
    person
}

fn attempt(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

/// A stranger's try, from the n-th address of many.
async fn tries_from(world: &World, n: usize, email: &str, password: &str) -> Reply {
    let stranger = world.stranger().from(&format!("198.51.{}.{}", n / 250, n % 250 + 1));
    stranger.sends("POST", "/api/auth/sign-in", &attempt(email, password)).await
}

/// What a reply says that does not differ from one request to the next.
fn substance(reply: &Reply) -> (u16, Vec<String>, String) {
    let changing = ["date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let headers = reply.headers.iter().filter(|(name, _)| !changing.contains(&name.as_str()));
    (reply.status, headers.map(|(name, value)| format!("{name}: {value}")).collect(), reply.text())
}

#[tokio::test]
async fn after_ten_tries_a_client_waits_on_the_page_and_in_the_api_and_others_do_not() {
    let world = strict().await;
    let mallory = world.stranger().from("203.0.113.7");
    let nobody = attempt("nobody@example.com", "wrong wrong wrong");
    for left in (5..10).rev() {
        let reply = mallory.sends("POST", "/api/auth/sign-in", &nobody).await.is_refused(401, "invalid_credentials");
        assert_eq!(reply.header("x-ratelimit-limit"), Some("10"));
        assert_eq!(reply.header("x-ratelimit-remaining"), Some(left.to_string().as_str()));
        assert_eq!(reply.header("x-ratelimit-reset"), Some("1770897900"), "in five minutes");
    }
    for _ in 0..5 {
        mallory.tries_to_sign_in("wrong wrong wrong").await.is(422);
    }
    let refused = mallory.sends("POST", "/api/auth/sign-in", &nobody).await.is_refused(429, "rate_limited");
    assert_eq!(refused.json()["error"]["recovery"], "retry_later");
    assert_eq!(refused.header("retry-after"), Some("600"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("x-ratelimit-reset"), Some("1770898200"), "in ten minutes");
    let page = mallory.tries_to_sign_in("wrong wrong wrong").await.is(429).says("Try again in 10 minutes");
    assert_eq!(page.header("retry-after"), Some("600"));
    // It is the form, with what was typed but the password.
    page.says("Welcome back").says("value=\"stranger@example.com\"").says_nothing_of("wrong wrong");

    mallory.get("/sign-in").await.is(200);
    mallory.signs_up("UTC").await;
    let other = world.stranger().from("203.0.113.8");
    other.sends("POST", "/api/auth/sign-in", &nobody).await.is_refused(401, "invalid_credentials");
    world.it_is("2026-02-12T12:09:59.5Z");
    let refused = mallory.sends("POST", "/api/auth/sign-in", &nobody).await.is_refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("1"), "rounded up, so that it is not too early");
    world.it_is("2026-02-12T12:10:00Z");
    mallory.sends("POST", "/api/auth/sign-in", &nobody).await.is_refused(401, "invalid_credentials");
}

#[test]
fn whatever_strangers_may_send_has_a_limit_and_those_of_one_name_are_one() {
    let mut limits = BTreeMap::new();
    for route in table(false, false) {
        let what = format!("{} {}", route.method, route.path);
        assert!(route.limit.is_some() || route.who != Who::Anyone || route.method.is_safe(), "{what} has no limit");
        if let Some(limit) = route.limit {
            assert_eq!(*limits.entry(limit.name).or_insert(limit), limit, "{what}");
        }
    }
}

#[tokio::test]
async fn everything_a_stranger_may_send_is_limited() {
    let world = limited(&[]).await;
    let stranger = world.stranger();
    let nobody = json!({ "email": "nobody@example.com", "token": "x", "password": "x", "displayName": "" });
    for path in ["signup", "logout", "verify-email", "resend-verification"] {
        let path = format!("/api/auth/{path}");
        for _ in 0..10 {
            assert_ne!(stranger.sends("POST", &path, &nobody).await.status, 429, "{path}");
        }
        stranger.sends("POST", &path, &nobody).await.is_refused(429, "rate_limited");
    }
    for path in ["/sign-up", "/sign-out", "/verify-email", "/verify-email/resend"] {
        let page = stranger.posts(path, &[("email", "nobody@example.com")]).await.is(429).says("tried too often");
        assert_eq!(page.header("retry-after"), Some("600"), "{path}");
        if matches!(path, "/sign-up" | "/verify-email/resend") {
            page.says("value=\"nobody@example.com\"");
        }
    }
}

#[tokio::test]
async fn a_person_takes_the_data_along_three_times_in_a_quarter_of_an_hour() {
    let world = strict().await;
    let (ada, ben) = (newcomer(&world, "ada").await, newcomer(&world, "ben").await);
    ada.signs_in().await;
    ben.signs_in().await;
    for _ in 0..3 {
        ada.get("/api/account/exports/self").await.is(200);
    }
    // Wherever she asks from; and Ben is not Ada.
    let ada = ada.from("203.0.113.7");
    let refused = ada.get("/api/account/exports/self").await.is_refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("900"));
    ben.get("/api/account/exports/self").await.is(200);
}

#[tokio::test]
async fn what_a_stranger_writes_about_where_he_comes_from_changes_nothing() {
    let made_up = |n: usize| {
        let address = format!("192.0.2.{n}");
        vec![
            ("x-forwarded-for", address.clone()),
            ("x-real-ip", address.clone()),
            ("cf-connecting-ip", address.clone()),
            ("true-client-ip", address.clone()),
            ("forwarded", format!("for={address}")),
        ]
    };
    // Straight from the stranger, and with a proxy that adds whom it heard.
    for (world, behind) in [(limited(&[]).await, false), (strict().await, true)] {
        let mut statuses = Vec::new();
        for n in 1..=11 {
            let mut mallory = world.stranger();
            mallory.headers = made_up(n);
            if behind {
                mallory.headers[0].1.push_str(", 203.0.113.7");
            }
            let nobody = attempt("nobody@example.com", "wrong wrong wrong");
            statuses.push(mallory.sends("POST", "/api/auth/sign-in", &nobody).await.status);
        }
        assert_eq!(statuses, [[401; 10].as_slice(), &[429]].concat(), "behind a proxy: {behind}");
    }
}

#[tokio::test]
async fn where_browser_tests_run_nobody_waits() {
    let world = World::new().await;
    for _ in 0..12 {
        let reply = world.stranger().sends("POST", "/api/auth/logout", &json!({})).await.is(200);
        assert!(reply.header("x-ratelimit-limit").is_none());
    }
}

#[tokio::test]
async fn five_wrong_passwords_pause_an_account_in_every_spelling_and_nobody_can_tell() {
    let world = strict().await;
    newcomer(&world, "ada").await;
    let spellings = ["ada@example.com", "ADA@example.com", " Ada@Example.com ", "ada@EXAMPLE.COM", "aDa@example.com"];
    let mut wrong = None;
    for (n, spelling) in spellings.into_iter().enumerate() {
        let reply = tries_from(&world, n, spelling, "wrong wrong wrong").await.is_refused(401, "invalid_credentials");
        wrong = Some(substance(&reply));
    }
    for n in 10..30 {
        let right = tries_from(&world, n, "ada@example.com", PASSWORD).await;
        assert_eq!(Some(substance(&right)), wrong, "the right one reads like a wrong one");
        let unknown = tries_from(&world, 100 + n, "nobody@example.com", PASSWORD).await;
        assert_eq!(Some(substance(&unknown)), wrong, "and like that of nobody");
    }
    let page = Person::new("ada", &world).from("198.51.100.77").tries_to_sign_in(PASSWORD).await;
    page.is(422).says("do not belong together");
    world.it_is("2026-02-12T12:09:59Z");
    tries_from(&world, 40, "ada@example.com", PASSWORD).await.is_refused(401, "invalid_credentials");
    world.it_is("2026-02-12T12:10:00Z");
    tries_from(&world, 41, "ada@example.com", PASSWORD).await.is(200);
}

#[tokio::test]
async fn guesses_sent_all_at_once_are_no_more_than_five() {
    let world = strict().await;
    newcomer(&world, "ada").await;
    let lines = || world.site.app.store.read(|view| view.count("audit")).map_err(|error: atlas::store::Error| error);
    let before = lines().unwrap();
    join_all((0..40).map(|n| tries_from(&world, n, "ada@example.com", "wrong wrong wrong"))).await;
    tries_from(&world, 50, "ada@example.com", PASSWORD).await.is_refused(401, "invalid_credentials");
    world.site.app.store.flush().await.unwrap();
    assert_eq!(lines().unwrap() - before, 6, "the audit trail tells of five and of the pause; a storm fills no disk");
}

#[tokio::test]
async fn a_storm_of_strangers_does_not_lock_the_owner_out_of_a_browser_she_used_before() {
    let world = strict().await;
    let ada = newcomer(&world, "ada").await;
    let ben = newcomer(&world, "ben").await.from("203.0.113.9");
    ada.signs_in().await;
    ben.signs_in().await;
    for n in 0..30 {
        tries_from(&world, n, "ada@example.com", "wrong wrong wrong").await.is(401);
    }
    ada.posts("/sign-out", &[]).await.is(303);
    ada.signs_in().await;
    // It did not end the pause for everybody else: neither without her cookie nor with Ben's or a made-up one.
    let device = ada.cookie("atlas-development-device").unwrap();
    let browser = device.split('.').next().unwrap();
    let forged = [None, ben.cookie("atlas-development-device"), Some(format!("{browser}.{browser}"))];
    for (n, cookie) in forged.into_iter().enumerate() {
        let mallory = Person::new("ada", &world).from(&format!("203.0.113.1{n}"));
        if let Some(cookie) = cookie {
            mallory.takes_cookie("atlas-development-device", &cookie);
        }
        mallory.tries_to_sign_in(PASSWORD).await.is(422);
    }
    // Her own browser counts for itself, and pauses likewise.
    let ada = ada.from("203.0.113.20");
    for _ in 0..5 {
        ada.tries_to_sign_in("wrong wrong wrong").await.is(422);
    }
    ada.tries_to_sign_in(PASSWORD).await.is(422);
    world.it_is("2026-02-12T12:10:00Z");
    ada.signs_in().await;
}

#[tokio::test]
async fn a_browser_that_two_people_share_is_known_to_both() {
    let world = strict().await;
    let ada = newcomer(&world, "ada").await;
    let ben = newcomer(&world, "ben").await;
    ada.signs_in().await;
    ben.takes_cookie("atlas-development-device", &ada.cookie("atlas-development-device").unwrap());
    ben.signs_in().await;
    let shared = ben.cookie("atlas-development-device").unwrap();
    for n in 0..10 {
        tries_from(&world, n, "ada@example.com", "wrong wrong wrong").await.is(401);
    }
    let ada = Person::new("ada", &world).from("203.0.113.20");
    ada.takes_cookie("atlas-development-device", &shared);
    ada.signs_in().await;
}

#[tokio::test]
async fn a_restart_ends_no_pause_and_a_proof_of_who_owns_the_account_does() {
    let mut world = strict().await;
    newcomer(&world, "ada").await;
    for n in 0..3 {
        tries_from(&world, n, "ada@example.com", "wrong wrong wrong").await.is(401);
    }
    world = world.restarted().await;
    for n in 3..5 {
        tries_from(&world, n, "ada@example.com", "wrong wrong wrong").await.is(401);
    }
    tries_from(&world, 5, "ada@example.com", PASSWORD).await.is_refused(401, "invalid_credentials");
    world = world.restarted().await;
    tries_from(&world, 6, "ada@example.com", PASSWORD).await.is_refused(401, "invalid_credentials");

    let email = atlas::domain::Email::parse("ada@example.com").unwrap();
    let (guesses, now) = (world.site.app.guesses.clone(), world.clock.now());
    let forgiven = world.site.app.store.write(move |draft| {
        let ada = atlas::store::accounts::with_email(draft, &email)?.unwrap();
        guesses.forgive(draft, ada.id, now)
    });
    forgiven.await.unwrap();
    tries_from(&world, 7, "ada@example.com", PASSWORD).await.is(200);
}

#[tokio::test]
async fn whoever_is_kept_out_by_a_pause_sets_another_password_by_mail_and_is_in_at_once() {
    let world = strict().await;
    newcomer(&world, "ada").await;
    for n in 0..5 {
        tries_from(&world, n, "ada@example.com", "wrong wrong wrong").await.is(401);
    }
    let ada = Person::new("ada", &world).from("203.0.113.20");
    ada.tries_to_sign_in(PASSWORD).await.is(422);
    ada.posts("/forgot-password", &[("email", "ada@example.com")]).await.is(303);
    let link = crate::security::token(&world, "ada@example.com", "reset-password");
    let new = "copper lantern meadow sixteen";
    let fields = [("token", link.as_str()), ("password", new), ("confirmPassword", new)];
    ada.posts("/reset-password", &fields).await.is(200);
    ada.tries_to_sign_in(new).await.is(303).leads_to("/today");
    ada.get("/today").await.is(200);
}

/// Knocks once from each address, one after the other on one connection, and answers how many were served.
async fn served(world: &World, addresses: std::ops::Range<u32>) -> usize {
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
    let mut answers = String::new();
    tokio::join!(sending, async { read.read_to_string(&mut answers).await.unwrap() });
    // What they send cannot be read, but it was looked at.
    answers.matches("HTTP/1.1 415").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_addresses_than_there_is_room_for_knock_and_everybody_is_served_and_no_pause_is_lifted() {
    let world = strict().await;
    let (honest, mallory) = (world.stranger().from("203.0.113.7"), world.stranger().from("203.0.113.8"));
    let nonsense = json!({ "token": "x" });
    let confirms = async |person: &Person| person.sends("POST", "/api/auth/verify-email", &nonsense).await.status;
    for _ in 0..10 {
        assert_eq!(confirms(&mallory).await, 400);
    }
    assert_eq!((confirms(&mallory).await, confirms(&honest).await), (429, 400));
    let crowd = u32::try_from(MOST_CALLERS).unwrap() + 1_000;
    for begin in (0..crowd).step_by(1_024) {
        assert_eq!(served(&world, begin..begin + 1_024).await, 1_024, "newcomers are served");
        assert!(world.site.callers("verify-email") <= MOST_CALLERS);
    }
    assert!(world.site.callers("verify-email") > 10_000, "and remembered");
    assert_eq!((confirms(&mallory).await, confirms(&honest).await), (429, 400));
}

/// How many passwords were hashed meanwhile.
async fn hashes(world: &World, meanwhile: impl Future<Output = Reply>) -> u64 {
    let before = world.site.app.passwords.hashed();
    meanwhile.await;
    world.site.app.passwords.hashed() - before
}

fn sign_up(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "displayName": "Somebody" })
}

#[tokio::test]
async fn a_known_and_an_unknown_address_cost_exactly_one_hash() {
    let world = World::new().await;
    newcomer(&world, "ada").await;
    let stranger = world.stranger();
    for (email, password) in [
        ("nobody@example.com", "wrong wrong wrong"),
        ("not an address", ""),
        ("ada@example.com", "wrong wrong wrong"),
        ("ada@example.com", PASSWORD),
        ("ada@example.com", ""),
        ("ada@example.com", "wrong wrong wrong"),
        ("ada@example.com", "wrong wrong wrong"),
        ("ada@example.com", "wrong wrong wrong"),
        ("ada@example.com", "wrong wrong wrong"),
        ("ada@example.com", "paused by now"),
        ("ada@example.com", PASSWORD),
    ] {
        let body = attempt(email, password);
        let cost = hashes(&world, stranger.sends("POST", "/api/auth/sign-in", &body)).await;
        assert_eq!(cost, 1, "{email}, {password}");
    }
    for email in ["ada@example.com", "ada@example.com", "new@example.com", "new@example.com"] {
        assert_eq!(hashes(&world, stranger.sends("POST", "/api/auth/signup", &sign_up(email))).await, 1, "{email}");
    }
}

/// Takes a while, so only `ATLAS_TESTS=long` runs it.
#[tokio::test]
async fn a_known_and_an_unknown_address_take_the_same_time() {
    if !std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long") {
        return;
    }
    let world = World::new().await;
    newcomer(&world, "ada").await;
    let stranger = world.stranger();
    let clocked = async |path: &str, body: Value| {
        let began = Instant::now();
        stranger.sends("POST", path, &body).await;
        began.elapsed()
    };
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (mut known, mut unknown, mut taken, mut fresh) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for n in 0..200 {
        known.push(clocked("/api/auth/sign-in", attempt("ada@example.com", "wrong wrong wrong")).await);
        unknown.push(clocked("/api/auth/sign-in", attempt(&format!("n{n}@example.com"), "wrong wrong wrong")).await);
        taken.push(clocked("/api/auth/signup", sign_up("ada@example.com")).await);
        fresh.push(clocked("/api/auth/signup", sign_up(&format!("f{n:03}@example.com"))).await);
        // A new window: pauses come and go.
        if n % 20 == 19 {
            world.clock.set(world.clock.now() + jiff::SignedDuration::from_mins(11));
        }
    }
    for (what, one, other) in [("sign-in", median(known), median(unknown)), ("sign-up", median(taken), median(fresh))] {
        let apart = one.abs_diff(other);
        assert!(apart < Duration::from_millis(8) || apart * 10 < one.max(other), "{what}: {one:?} and {other:?}");
    }
}

#[tokio::test]
async fn the_gate_is_not_guessed_and_whoever_is_signed_in_behind_the_same_address_goes_on() {
    let gate =
        [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "open sesame"), ("ATLAS_TRUSTED_PROXIES", "127.0.0.1")];
    let world = limited(&gate).await;
    let asks = async |person: &Person, path: &str, credentials: Option<&str>| {
        let headers: Vec<_> = credentials.map(|value| ("authorization", value)).into_iter().collect();
        person.asks("GET", path, &headers, b"").await
    };
    let right = Some("Basic dGVhbTpvcGVuIHNlc2FtZQ==");
    let ada = world.stranger().from("192.0.2.1");
    let account = json!({ "displayName": "Ada", "email": "ada@example.com", "password": PASSWORD });
    let with = |media| [("authorization", "Basic dGVhbTpvcGVuIHNlc2FtZQ=="), ("content-type", media)];
    let post = async |path: &str, body: &Value| {
        ada.asks("POST", path, &with("application/json"), body.to_string().as_bytes()).await
    };
    post("/api/auth/signup", &account).await.is(201);
    let mail = world.newest_mail("ada@example.com").unwrap();
    let token = mail.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    post("/api/auth/verify-email", &json!({ "token": token })).await.is(200);
    post("/api/auth/sign-in", &attempt("ada@example.com", PASSWORD)).await.is(200);

    // Whoever sends nothing is asked, as often as browsers do that.
    let guesser = world.stranger().from("192.0.2.1");
    for _ in 0..50 {
        asks(&guesser, "/landing", None).await.is(401);
    }
    for n in 0..20 {
        let wrong = format!("Basic {n:04}");
        asks(&guesser, "/landing", Some(&wrong)).await.is(401);
    }
    asks(&guesser, "/landing", Some("Basic 0020")).await.is(429);
    let late = asks(&guesser, "/landing", right).await.is(429);
    assert!(late.header("retry-after").is_some());
    asks(&guesser, "/api/health", None).await.is(200);
    for path in ["/today", "/sw.js", "/manifest.webmanifest", "/api/habits"] {
        asks(&ada, path, right).await.is(200);
        asks(&ada, path, Some("Basic 0000")).await.is(429);
        asks(&world.stranger().from("192.0.2.2"), path, None).await.is(401);
    }
    world.it_is("2026-02-12T12:05:00Z");
    asks(&guesser, "/landing", right).await.is(200);
}
