//! The operator token: only its holder reaches the operator endpoint, and guessing is rate-limited.

use serde_json::json;

use crate::test_user::{TestResponse, TestUser};
use crate::world::{World, WorldOptions};

const TOKEN: &str = "a-token-that-operators-alone-hold";

async fn start_world(token: Option<&str>) -> World {
    let mut variables =
        vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned()), ("ATLAS_TRUSTED_PROXIES", "127.0.0.1".to_owned())];
    variables.extend(token.map(|token| ("ATLAS_OPERATOR_TOKEN", token.to_owned())));
    World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await
}

async fn request_facts(client: &TestUser, token: &str) -> TestResponse {
    let headers = [("content-type", "application/json"), ("atlas-operator-token", token)];
    client.request("POST", "/api/operator/verify", &headers, b"{\"verb\":\"facts\"}").await
}

#[tokio::test]
async fn only_the_exact_token_grants_access_and_guessing_is_rate_limited() {
    let world = start_world(Some(TOKEN)).await;
    let operator = world.visitor().with_forwarded_for("192.0.2.1");
    let response = request_facts(&operator, TOKEN).await.assert_status(200);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.data(), json!({ "verb": "facts" }));
    for visitor in [world.visitor().with_forwarded_for("192.0.2.2"), world.visitor().with_forwarded_for("192.0.2.3")] {
        let headers =
            [("content-type", "application/json"), ("authorization", "Bearer a-token-that-operators-alone-hold")];
        let url = format!("/api/operator/verify?atlas-operator-token={TOKEN}");
        visitor.request("POST", &url, &headers, b"{}").await.assert_refused(404, "not_found");
    }
    let guesser = world.visitor().with_forwarded_for("192.0.2.4");
    let wrong_tokens =
        ["x", "a-token-that-operators-alone-hol", "a-token-that-operators-alone-holdd", "A-TOKEN", "****"];
    for token in wrong_tokens {
        let refused = request_facts(&guesser, token).await.assert_refused(404, "not_found");
        assert!(!refused.text().contains(TOKEN));
    }
    request_facts(&guesser, "another").await.assert_refused(404, "not_found");
    request_facts(&guesser, TOKEN).await.assert_refused(404, "not_found");
    request_facts(&operator, TOKEN).await.assert_status(200);
    world.set_time("2026-02-12T12:10:00Z");
    request_facts(&guesser, TOKEN).await.assert_status(200);
    for n in 0..700 {
        if request_facts(&operator, TOKEN).await.status == 429 {
            assert!(n > 300, "the limit leaves room for a verify run, which sends many requests: {n}");
            return;
        }
    }
    panic!("requests with the token are not rate-limited");
}

#[tokio::test]
async fn without_a_configured_token_the_operator_endpoint_does_not_exist() {
    let world = start_world(None).await;
    for token in ["", "x", TOKEN] {
        request_facts(&world.visitor(), token).await.assert_refused(404, "not_found");
    }
}

/// Everything that distinguishes one response from another, without the date and the request id.
fn comparable_parts(response: &TestResponse) -> (u16, Vec<(String, String)>, String) {
    let is_compared = |name: &str| name != "date" && name != "x-request-id";
    let mut headers: Vec<_> = response.headers.iter().filter(|(name, _)| is_compared(name)).cloned().collect();
    headers.sort();
    (response.status, headers, response.text())
}

#[tokio::test]
async fn without_the_right_token_every_method_answers_not_found_and_with_it_a_wrong_method_names_the_allowed_one() {
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LISTEN"];
    for token in [None, Some(TOKEN)] {
        let world = start_world(token).await;
        for (n, sent) in
            [None, Some("x"), Some("another-token-that-operators-hold"), Some(TOKEN)].into_iter().enumerate()
        {
            let is_authorized = token.is_some() && sent == token;
            for (m, method) in methods.iter().enumerate() {
                for (s, site) in ["same-origin", "cross-site"].into_iter().enumerate() {
                    let client = world.visitor().with_forwarded_for(&format!("198.51.{s}.{}", 10 * n + m));
                    let mut headers = vec![("content-type", "application/json"), ("sec-fetch-site", site)];
                    headers.extend(sent.map(|sent| ("atlas-operator-token", sent)));
                    let body: &[u8] = if ["GET", "HEAD"].contains(method) { b"" } else { b"{}" };
                    let response = client.request(method, "/api/operator/verify", &headers, body).await;
                    let case = format!("{method} {site} with {sent:?}, configured {token:?}");
                    if is_authorized {
                        let status = match (*method, site) {
                            ("POST", "same-origin") => 200,
                            ("POST", _) => 403,
                            _ => 405,
                        };
                        assert_eq!(response.status, status, "{case}");
                        assert_eq!(response.header("allow"), (status == 405).then_some("POST"), "{case}");
                    } else {
                        let unknown = client.request(method, "/api/operator/nothing", &headers, body).await;
                        assert_eq!(
                            (response.status, comparable_parts(&response)),
                            (404, comparable_parts(&unknown)),
                            "{case}"
                        );
                    }
                }
            }
        }
    }
}
