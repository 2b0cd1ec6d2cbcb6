//! The operator token at the door: who holds it is let in, nobody else, and nobody guesses it.

use serde_json::json;

use crate::person::{Person, Reply};
use crate::world::{Wishes, World};

const TOKEN: &str = "a-token-that-operators-alone-hold";

async fn world(token: Option<&str>) -> World {
    let mut variables =
        vec![("ENABLE_TEST_ENDPOINTS", "false".to_owned()), ("ATLAS_TRUSTED_PROXIES", "127.0.0.1".to_owned())];
    variables.extend(token.map(|token| ("ATLAS_OPERATOR_TOKEN", token.to_owned())));
    World::with(Wishes { variables, ..Wishes::default() }).await
}

async fn asks(person: &Person, token: &str) -> Reply {
    let headers = [("content-type", "application/json"), ("atlas-operator-token", token)];
    person.asks("POST", "/api/operator/verify", &headers, b"{\"verb\":\"facts\"}").await
}

#[tokio::test]
async fn only_the_token_opens_and_it_is_not_guessed() {
    let world = world(Some(TOKEN)).await;
    let operator = world.stranger().from("192.0.2.1");
    let answer = asks(&operator, TOKEN).await.is(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.data(), json!({ "verb": "facts" }));
    for nobody in [world.stranger().from("192.0.2.2"), world.stranger().from("192.0.2.3")] {
        let headers =
            [("content-type", "application/json"), ("authorization", "Bearer a-token-that-operators-alone-hold")];
        let url = format!("/api/operator/verify?atlas-operator-token={TOKEN}");
        nobody.asks("POST", &url, &headers, b"{}").await.is_refused(404, "not_found");
    }
    let guesser = world.stranger().from("192.0.2.4");
    let wrong = ["x", "a-token-that-operators-alone-hol", "a-token-that-operators-alone-holdd", "A-TOKEN", "****"];
    for token in wrong {
        let refused = asks(&guesser, token).await.is_refused(404, "not_found");
        assert!(!refused.text().contains(TOKEN));
    }
    asks(&guesser, "another").await.is_refused(404, "not_found");
    asks(&guesser, TOKEN).await.is_refused(404, "not_found");
    asks(&operator, TOKEN).await.is(200);
    world.it_is("2026-02-12T12:10:00Z");
    asks(&guesser, TOKEN).await.is(200);
    for n in 0..700 {
        if asks(&operator, TOKEN).await.status == 429 {
            assert!(n > 300, "a checklist asks often: {n}");
            return;
        }
    }
    panic!("whoever holds the token may ask without end");
}

#[tokio::test]
async fn without_a_token_there_is_nothing() {
    let world = world(None).await;
    for token in ["", "x", TOKEN] {
        asks(&world.stranger(), token).await.is_refused(404, "not_found");
    }
}

/// Everything of an answer by which one could be told from another: not when it was given, nor its number.
fn shown(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let told = |name: &str| name != "date" && name != "x-request-id";
    let mut headers: Vec<_> = reply.headers.iter().filter(|(name, _)| told(name)).cloned().collect();
    headers.sort();
    (reply.status, headers, reply.text())
}

#[tokio::test]
async fn whoever_has_no_right_token_finds_nothing_there_whatever_the_method_and_the_holder_is_told_which_one_fits() {
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LISTEN"];
    for token in [None, Some(TOKEN)] {
        let world = world(token).await;
        for (n, sent) in
            [None, Some("x"), Some("another-token-that-operators-hold"), Some(TOKEN)].into_iter().enumerate()
        {
            let is_let_in = token.is_some() && sent == token;
            for (m, method) in methods.iter().enumerate() {
                for (s, site) in ["same-origin", "cross-site"].into_iter().enumerate() {
                    let person = world.stranger().from(&format!("198.51.{s}.{}", 10 * n + m));
                    let mut headers = vec![("content-type", "application/json"), ("sec-fetch-site", site)];
                    headers.extend(sent.map(|sent| ("atlas-operator-token", sent)));
                    let body: &[u8] = if ["GET", "HEAD"].contains(method) { b"" } else { b"{}" };
                    let there = person.asks(method, "/api/operator/verify", &headers, body).await;
                    let what = format!("{method} {site} with {sent:?} where it is {token:?}");
                    if is_let_in {
                        let status = match (*method, site) {
                            ("POST", "same-origin") => 200,
                            ("POST", _) => 403,
                            _ => 405,
                        };
                        assert_eq!(there.status, status, "{what}");
                        assert_eq!(there.header("allow"), (status == 405).then_some("POST"), "{what}");
                    } else {
                        let nowhere = person.asks(method, "/api/operator/nothing", &headers, body).await;
                        assert_eq!((there.status, shown(&there)), (404, shown(&nowhere)), "{what}");
                    }
                }
            }
        }
    }
}
