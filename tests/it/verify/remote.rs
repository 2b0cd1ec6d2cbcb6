//! The checklist from a machine where the server does not run: with the operator token, and without.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::proxy::Lie;
use super::staging::{Checked, Staging, judged};
use super::{comes_to, exactly, signal};
use crate::process::{atlas, code, complaint, run};

const TOKEN: &str = "the-token-of-the-operators-of-staging";

/// What the other machine is told: nothing that only the server needs.
fn told(staging: &Staging) -> Vec<(&'static str, String)> {
    vec![
        ("APP_URL", format!("https://localhost:{}", staging.proxy.port)),
        ("ATLAS_ENV", "staging".to_owned()),
        ("ATLAS_GATE_USER", "team".to_owned()),
        ("ATLAS_GATE_PASSWORD", "the shared password".to_owned()),
    ]
}

/// The checklist in an empty folder, which shares nothing with the server but the network.
fn verifies(elsewhere: &Path, staging: &Staging, more: &[(&str, &str)]) -> Checked {
    staging.proxy.lies(Lie::No);
    verifies_as_it_is(elsewhere, staging, more)
}

fn verifies_as_it_is(elsewhere: &Path, staging: &Staging, more: &[(&str, &str)]) -> Checked {
    let variables = told(staging);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let authority = staging.folder.path().join("authority.pem");
    let words = ["verify", "--json", "--ca-file", authority.to_str().unwrap()];
    judged(elsewhere, &words, &[&variables, more].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_token_another_machine_sees_as_much_as_the_servers_own() {
    let staging = Staging::with(&[("ATLAS_OPERATOR_TOKEN", TOKEN), ("ATLAS_LOG", "trace")]).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let token = [("ATLAS_OPERATOR_TOKEN", TOKEN)];
    let checked = verifies(elsewhere.path(), &staging, &token);
    assert_eq!(checked.exit, 0, "{:#}\n{}", checked.report, checked.complaint);
    assert_eq!((checked.items("failed"), checked.items("skipped")), (vec![], vec![]), "{:#}", checked.report);
    assert!(checked.item("auth")["note"].as_str().unwrap().contains("queued as 4711"), "{}", checked.report);
    assert!(checked.complaint.contains("is known-good; its report is kept"), "{}", checked.complaint);
    assert_eq!(staging.people(), json!([]));
    assert!(!elsewhere.path().join("data").exists());
    let log = std::fs::read_to_string(staging.folder.path().join("log")).unwrap();
    assert!(log.contains("/api/operator/verify") && !log.contains(TOKEN));
    assert!(!checked.report.to_string().contains(TOKEN) && !checked.complaint.contains(TOKEN));

    // Faults are found as exactly as on the server's machine.
    let says = |from: &str, to: &str| Lie::SaysWhere("/api/operator/verify", from.to_owned(), to.to_owned());
    for (id, lie) in [
        ("schema", says("\"schema\":", "\"schema\":9")),
        ("isolation", says("\"mailGuard\":\"allowed\"", "\"mailGuard\":\"everybody\"")),
        ("isolation", says("\"crossings\":[]", "\"crossings\":[{\"key\":\"secret\",\"message\":\"shared\"}]")),
        ("isolation", says("\"identityFileId\":\"0", "\"identityFileId\":\"1")),
        ("snapshot", says("\"provenAt\":\"20", "\"provenAt\":\"19")),
        ("disk", says("\"freeBytes\":", "\"freeBytes\":0.")),
        ("sentry", says("\"reportsErrors\":true", "\"reportsErrors\":false")),
        ("test-endpoints", says("\"testEndpoints\":false", "\"testEndpoints\":true")),
    ] {
        staging.proxy.lies(lie);
        exactly(&verifies_as_it_is(elsewhere.path(), &staging, &token), id, &[]);
        assert_eq!(staging.people(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_there_it_leaves_nothing_behind_and_what_is_about_another_binary_is_not_kept() {
    let staging = Staging::with(&[("ATLAS_OPERATOR_TOKEN", TOKEN)]).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let authority = staging.folder.path().join("authority.pem");
    for moment in [3, 30, 45] {
        staging.proxy.lies(Lie::No);
        let mut command = atlas(elsewhere.path());
        command.args(["verify", "--ca-file", authority.to_str().unwrap()]).envs(told(&staging));
        command.env("ATLAS_OPERATOR_TOKEN", TOKEN).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        comes_to(&staging, &mut child, moment).await;
        signal(&child, "INT");
        assert_eq!(tokio::task::block_in_place(|| child.wait()).unwrap().code(), Some(1), "at request {moment}");
        assert_eq!(staging.people(), json!([]), "at request {moment}");
        assert!(!staging.note().exists(), "at request {moment}");
    }
    let from = "\"binary\":\"".to_owned();
    staging.proxy.lies(Lie::SaysWhere("/api/operator/verify", from, "\"binary\":\"0".to_owned()));
    let other = verifies_as_it_is(elsewhere.path(), &staging, &[("ATLAS_OPERATOR_TOKEN", TOKEN)]);
    assert!(other.complaint.contains("is about another binary than the one that runs"), "{}", other.complaint);
    let listed: Value = serde_json::from_str(&staging.atlas(&["release", "list", "--json"])).unwrap();
    assert_eq!(listed["releases"][0]["verification"], Value::Null, "nothing was kept");
}

/// Everything that only the server knows.
const UNKNOWN: [&str; 9] =
    ["schema", "isolation", "snapshot", "disk", "test-endpoints", "sentry", "auth", "habits", "admin"];

/// Nothing failed, and it is no pass.
#[track_caller]
fn is_no_pass(checked: &Checked, why: &str) {
    assert_eq!((checked.exit, &checked.report["passed"]), (69, &json!(false)), "{:#}", checked.report);
    assert_eq!(checked.items("failed"), Vec::<String>::new(), "{:#}", checked.report);
    assert_eq!(checked.items("skipped"), UNKNOWN, "{:#}", checked.report);
    assert_eq!(checked.report["missing"], json!(UNKNOWN));
    assert_eq!(checked.item("disk")["skip"], "no-answer");
    let note = checked.item("disk")["note"].as_str().unwrap();
    assert!(note.contains(why), "{note}");
    assert!(checked.complaint.contains("the report is not kept"), "{}", checked.complaint);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_it_what_only_the_server_knows_is_skipped_and_that_is_no_pass() {
    let staging = Staging::new().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path();
    std::fs::copy(staging.folder.path().join("authority.pem"), elsewhere.join("authority.pem")).unwrap();
    // Without a token it is the server's own configuration that is asked for.
    let bare = verifies(elsewhere, &staging, &[]);
    assert_eq!(bare.exit, 78, "{}", bare.complaint);
    let all: Vec<_> = staging.variables();
    let checked = verifies(elsewhere, &staging, &all);
    is_no_pass(&checked, "set ATLAS_OPERATOR_TOKEN there and here");
    is_no_pass(&verifies(elsewhere, &staging, &[("ATLAS_OPERATOR_TOKEN", TOKEN)]), "the server has no operator token");
    let listed: Value = serde_json::from_str(&staging.atlas(&["release", "list", "--json"])).unwrap();
    assert_eq!(listed["releases"][0]["verification"], Value::Null, "nothing was kept");
    assert_eq!(staging.people(), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_opens_nothing_and_a_right_one_opens_its_own_environment_alone() {
    let staging = Staging::with(&[("ATLAS_OPERATOR_TOKEN", TOKEN)]).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path();
    let wrong = verifies(elsewhere, &staging, &[("ATLAS_OPERATOR_TOKEN", "another-token-that-is-as-long-as-it")]);
    is_no_pass(&wrong, "the server has no operator token or another one");
    let token = ("ATLAS_OPERATOR_TOKEN", TOKEN);
    let confirmed = ["verify", "--json", "--confirm", "production", "--all", "--ca-file"];
    let authority = staging.folder.path().join("authority.pem");
    let words = [&confirmed[..], &[authority.to_str().unwrap()]].concat();
    let variables = told(&staging);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let other = judged(elsewhere, &words, &[&variables, &[token, ("ATLAS_ENV", "production")][..]].concat());
    assert_eq!(other.exit, 1, "{:#}", other.report);
    let note = other.item("disk")["note"].as_str().unwrap();
    assert!(note.contains("serves “staging”, and the checklist is for “production”"), "{note}");
    assert_eq!(staging.people(), json!([]));

    let plain = ["verify", "--url", "http://staging.example.com"];
    let refused = run(elsewhere, &plain, &[&variables, &[token][..]].concat());
    assert_eq!(code(&refused), 1);
    assert!(complaint(&refused).contains("is not sent to http://staging.example.com/"), "{}", complaint(&refused));
    let short = judged(elsewhere, &["verify"], &[("ATLAS_ENV", "staging"), ("ATLAS_OPERATOR_TOKEN", "short")]);
    assert_eq!(short.exit, 78, "{}", short.complaint);
}
