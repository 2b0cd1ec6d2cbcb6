//! Parsers that are reached with a request: whatever is sent, there is an answer, and it is never that something broke.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::mutation::feed;
use crate::person::{Person, Reply, exchange};
use crate::world::{Wishes, World};

/// Ada, signed in, with one habit, on a runtime that is driven from outside.
struct Desk {
    runtime: Runtime,
    world: World,
    ada: Person,
    habit: String,
}

impl Desk {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (world, ada, habit) = runtime.block_on(async {
            let variables = vec![("ATLAS_TRUSTED_PROXIES", "127.0.0.1".to_owned())];
            let world = World::with(Wishes { variables, ..Wishes::default() }).await;
            let ada = world.signed_up("ada").await;
            let habit = ada.keeps("Read").await;
            (world, ada, habit)
        });
        Self { runtime, world, ada, habit }
    }

    /// Sends it as Ada and holds the answer to what every answer must be.
    fn sends(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let asked =
            async { tokio::time::timeout(Duration::from_mins(1), self.ada.asks(method, path, headers, body)).await };
        let reply = self.runtime.block_on(asked).expect("an answer, sooner or later");
        assert!(reply.status < 500, "{method} {path}: {} {}", reply.status, String::from_utf8_lossy(&reply.body));
        assert!(reply.body.len() < 512 * 1024, "{method} {path} is answered with {} bytes", reply.body.len());
        reply
    }

    /// What was taken can be shown, listed, counted and taken along.
    fn still_works(&self) {
        self.runtime.block_on(async {
            if self.ada.get("/today").await.status != 200 {
                self.ada.signs_in().await;
            }
            for path in
                ["/today", "/habits", "/calendar", "/insights", "/account", "/api/habits", "/api/account/exports/self"]
            {
                let reply = self.ada.get(path).await.is(200);
                let text = reply.text();
                assert!(!text.contains(['\0', '\u{1b}', '\u{202e}', '\u{2066}']), "{path}");
            }
        });
    }
}

const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");

/// A header's value as it can be sent: lines end nowhere inside it.
fn one_line(input: &[u8]) -> Vec<u8> {
    input.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).take(16 * 1024).collect()
}

#[test]
fn forms() {
    let desk = Desk::new();
    let of_habit = format!("/habits/{}", desk.habit);
    let paths = ["/habits", of_habit.as_str(), "/today", "/account", "/account/name", "/sign-up", "/verify-email"];
    feed("form", 30, |input| {
        for path in paths {
            desk.sends("POST", path, &[("content-type", "application/x-www-form-urlencoded"), OURS], input);
        }
    });
    desk.still_works();
}

#[test]
fn json() {
    let desk = Desk::new();
    let of_habit = format!("/api/habits/{}", desk.habit);
    let routes = [
        ("POST", "/api/habits"),
        ("PUT", of_habit.as_str()),
        ("PUT", "/api/habits/order"),
        ("POST", "/api/completions"),
        ("PUT", "/api/account"),
        ("POST", "/api/auth/verify-email"),
        ("POST", "/api/auth/sign-in/2fa/verify"),
        ("POST", "/api/account/step-up/challenge"),
        ("DELETE", "/api/account/sessions"),
    ];
    feed("json", 30, |input| {
        for (method, path) in routes {
            desk.sends(method, path, &[("content-type", "application/json")], input);
        }
    });
    desk.still_works();
}

#[test]
fn files_that_are_brought() {
    let desk = Desk::new();
    feed("import", 100, |input| {
        desk.sends("POST", "/api/account/imports/self", &[("content-type", "application/json")], input);
        let parts = [
            b"--seam\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n",
            input,
            b"\r\n--seam--\r\n",
        ];
        let media = [("content-type", "multipart/form-data; boundary=seam"), OURS];
        desk.sends("POST", "/account/import", &media, &parts.concat());
        desk.sends("POST", "/account/import", &media, input);
    });
    desk.still_works();
}

#[test]
fn paths_and_queries() {
    let desk = Desk::new();
    feed("path", 150, |input| {
        let path: String =
            one_line(input).iter().filter(|byte| byte.is_ascii_graphic()).map(|byte| char::from(*byte)).collect();
        if path.starts_with('/') && path.len() < 8_000 {
            desk.sends("GET", &path, &[], b"");
        }
    });
    desk.still_works();
}

/// The rest of a request around a bent header value, which may be any bytes.
fn with_header(desk: &Desk, name: &str, input: &[u8]) {
    let host = desk.ada.host.as_str();
    let head = format!("GET /sign-up HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{name}: ");
    let request = [head.as_bytes(), &one_line(input), b"\r\n\r\n"].concat();
    let asked = async { tokio::time::timeout(Duration::from_mins(1), exchange(desk.world.address, &request)).await };
    let reply = desk.runtime.block_on(asked).expect("an answer, sooner or later");
    assert!(reply.is_some_and(|reply| matches!(reply.status, 200 | 400 | 431)), "{name}");
}

#[test]
fn headers() {
    let desk = Desk::new();
    for (kind, name) in [("cookie", "cookie"), ("forwarded", "x-forwarded-for"), ("encoding", "accept-encoding")] {
        feed(kind, 100, |input| with_header(&desk, name, input));
    }
    for name in ["user-agent", "if-none-match", "x-request-id", "sec-fetch-site", "content-type", "authorization"] {
        feed("text", 20, |input| with_header(&desk, name, input));
    }
    desk.still_works();
}
