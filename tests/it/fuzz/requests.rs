//! Parsers reached through requests: every input gets a response, and never an internal server error.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::mutation::fuzz;
use crate::test_user::{TestResponse, TestUser, send_raw};
use crate::world::{World, WorldOptions};

/// Ada, signed in and with one habit, on a runtime that synchronous code drives.
struct RequestFuzzer {
    runtime: Runtime,
    world: World,
    ada: TestUser,
    habit: String,
}

impl RequestFuzzer {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (world, ada, habit) = runtime.block_on(async {
            let variables = vec![("ATLAS_TRUSTED_PROXIES", "127.0.0.1".to_owned())];
            let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
            let ada = world.signed_in_user("ada").await;
            let habit = ada.create_habit("Read").await;
            (world, ada, habit)
        });
        Self { runtime, world, ada, habit }
    }

    /// Sends a request as Ada and asserts that the response is no server error and not too large.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TestResponse {
        let exchange =
            async { tokio::time::timeout(Duration::from_mins(1), self.ada.request(method, path, headers, body)).await };
        let response = self.runtime.block_on(exchange).expect("no response in time");
        assert!(
            response.status < 500,
            "{method} {path}: {} {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        );
        assert!(response.body.len() < 512 * 1024, "{method} {path}: the response has {} bytes", response.body.len());
        response
    }

    /// Asserts that the accepted data can be displayed, listed and exported.
    fn assert_pages_work(&self) {
        self.runtime.block_on(async {
            if self.ada.get("/today").await.status != 200 {
                self.ada.sign_in().await;
            }
            for path in
                ["/today", "/habits", "/calendar", "/insights", "/account", "/api/habits", "/api/account/exports/self"]
            {
                let response = self.ada.get(path).await.assert_status(200);
                let text = response.text();
                assert!(!text.contains(['\0', '\u{1b}', '\u{202e}', '\u{2066}']), "{path}");
            }
        });
    }
}

const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Removes line breaks, so that the input stays one header value.
fn to_header_value(input: &[u8]) -> Vec<u8> {
    input.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).take(16 * 1024).collect()
}

#[test]
fn any_form_gets_a_response() {
    let fuzzer = RequestFuzzer::new();
    let habit_path = format!("/habits/{}", fuzzer.habit);
    let paths = [
        "/habits",
        habit_path.as_str(),
        "/today",
        "/notes",
        "/account/preferences",
        "/account/name",
        "/sign-up",
        "/verify-email",
    ];
    fuzz("form", 30, |input| {
        for path in paths {
            fuzzer.send("POST", path, &[("content-type", "application/x-www-form-urlencoded"), SAME_ORIGIN], input);
        }
    });
    fuzzer.assert_pages_work();
}

#[test]
fn any_json_gets_a_response() {
    let fuzzer = RequestFuzzer::new();
    let habit_path = format!("/api/habits/{}", fuzzer.habit);
    let routes = [
        ("POST", "/api/habits"),
        ("PUT", habit_path.as_str()),
        ("PUT", "/api/habits/order"),
        ("POST", "/api/completions"),
        ("POST", "/api/skips"),
        ("POST", "/api/entries"),
        ("POST", "/api/pauses"),
        ("PUT", "/api/notes"),
        ("PUT", "/api/account"),
        ("POST", "/api/auth/verify-email"),
        ("POST", "/api/auth/sign-in/2fa/verify"),
        ("POST", "/api/account/step-up/challenge"),
        ("DELETE", "/api/account/sessions"),
    ];
    fuzz("json", 30, |input| {
        for (method, path) in routes {
            fuzzer.send(method, path, &[("content-type", "application/json")], input);
        }
    });
    fuzzer.assert_pages_work();
}

#[test]
fn any_imported_file_gets_a_response() {
    let fuzzer = RequestFuzzer::new();
    fuzz("import", 100, |input| {
        fuzzer.send("POST", "/api/account/imports/self", &[("content-type", "application/json")], input);
        let parts = [
            b"--seam\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n",
            input,
            b"\r\n--seam--\r\n",
        ];
        let media = [("content-type", "multipart/form-data; boundary=seam"), SAME_ORIGIN];
        fuzzer.send("POST", "/account/import", &media, &parts.concat());
        fuzzer.send("POST", "/account/import", &media, input);
    });
    fuzzer.assert_pages_work();
}

#[test]
fn any_path_and_query_gets_a_response() {
    let fuzzer = RequestFuzzer::new();
    fuzz("path", 150, |input| {
        let path: String = to_header_value(input)
            .iter()
            .filter(|byte| byte.is_ascii_graphic())
            .map(|byte| char::from(*byte))
            .collect();
        if path.starts_with('/') && path.len() < 8_000 {
            fuzzer.send("GET", &path, &[], b"");
        }
    });
    fuzzer.assert_pages_work();
}

/// Sends a request with an arbitrary header value.
fn send_header(fuzzer: &RequestFuzzer, name: &str, input: &[u8]) {
    let host = fuzzer.ada.host.as_str();
    let head = format!("GET /sign-up HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{name}: ");
    let request = [head.as_bytes(), &to_header_value(input), b"\r\n\r\n"].concat();
    let exchange =
        async { tokio::time::timeout(Duration::from_mins(1), send_raw(fuzzer.world.address, &request)).await };
    let response = fuzzer.runtime.block_on(exchange).expect("no response in time");
    assert!(response.is_some_and(|response| matches!(response.status, 200 | 400 | 431)), "{name}");
}

#[test]
fn any_header_gets_a_response() {
    let fuzzer = RequestFuzzer::new();
    for (kind, name) in [("cookie", "cookie"), ("forwarded", "x-forwarded-for"), ("encoding", "accept-encoding")] {
        fuzz(kind, 100, |input| send_header(&fuzzer, name, input));
    }
    for name in ["user-agent", "if-none-match", "x-request-id", "sec-fetch-site", "content-type", "authorization"] {
        fuzz("text", 20, |input| send_header(&fuzzer, name, input));
    }
    fuzzer.assert_pages_work();
}
