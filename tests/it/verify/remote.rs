//! `atlas verify` from another machine, with and without the operator token.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::proxy::ProxyFault;
use super::staging::{Staging, VerifyRun, run_verify};
use super::{assert_failures, send_signal, wait_for_request};
use crate::process::{atlas_command, exit_code, run, stderr};

const TOKEN: &str = "the-token-of-the-operators-of-staging";

/// The variables on the other machine, without those that only the server needs.
fn remote_variables(staging: &Staging) -> Vec<(&'static str, String)> {
    vec![
        ("APP_URL", format!("https://localhost:{}", staging.proxy.port)),
        ("ATLAS_ENV", "staging".to_owned()),
        ("ATLAS_GATE_USER", "team".to_owned()),
        ("ATLAS_GATE_PASSWORD", "the shared password".to_owned()),
    ]
}

/// Runs `atlas verify` in a folder that shares nothing with the server, without any proxy fault.
fn verify(folder: &Path, staging: &Staging, more: &[(&str, &str)]) -> VerifyRun {
    staging.proxy.set_fault(ProxyFault::None);
    verify_with_current_fault(folder, staging, more)
}

/// Runs `atlas verify` in a folder that shares nothing with the server.
fn verify_with_current_fault(folder: &Path, staging: &Staging, more: &[(&str, &str)]) -> VerifyRun {
    let variables = remote_variables(staging);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let authority = staging.folder.path().join("authority.pem");
    let args = ["verify", "--json", "--ca-file", authority.to_str().unwrap()];
    run_verify(folder, &args, &[&variables, more].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_operator_token_another_machine_verifies_as_much_as_the_servers_own() {
    let staging = Staging::with_variables(&[("ATLAS_OPERATOR_TOKEN", TOKEN), ("ATLAS_LOG", "trace")]).await;
    let folder = tempfile::tempdir().unwrap();
    let token = [("ATLAS_OPERATOR_TOKEN", TOKEN)];
    let result = verify(folder.path(), &staging, &token);
    assert_eq!(result.exit_code, 0, "{:#}\n{}", result.report, result.stderr);
    assert_eq!(
        (result.items_in_state("failed"), result.items_in_state("skipped")),
        (vec![], vec!["release".to_owned()]),
        "{:#}",
        result.report
    );
    assert_eq!(result.item("release")["skip"], "not-asked");
    assert!(result.item("auth")["note"].as_str().unwrap().contains("queued as 4711"), "{}", result.report);
    assert!(result.stderr.contains("is known-good"), "{}", result.stderr);
    assert_eq!(staging.list_users(), json!([]));
    assert!(!folder.path().join("data").exists());
    let log = std::fs::read_to_string(staging.folder.path().join("log")).unwrap();
    assert!(log.contains("/api/operator/verify") && !log.contains(TOKEN));
    assert!(!result.report.to_string().contains(TOKEN) && !result.stderr.contains(TOKEN));

    // The snapshot of a server that had none yet when the run began.
    let none_yet =
        ("\"mailGuard\":\"allowed\",\"snapshot\":", "\"mailGuard\":\"allowed\",\"snapshot\":null,\"taken\":");
    let path = "/api/operator/verify";
    staging.proxy.set_fault(ProxyFault::ReplaceInBodyIfPresent(path, none_yet.0.to_owned(), none_yet.1.to_owned()));
    assert_eq!(verify_with_current_fault(folder.path(), &staging, &token).exit_code, 0);

    // Each fault fails exactly its item, as on the server's machine.
    let replace = |from: &str, to: &str| {
        ProxyFault::ReplaceInBodyIfPresent("/api/operator/verify", from.to_owned(), to.to_owned())
    };
    for (id, fault) in [
        ("schema", replace("\"schema\":", "\"schema\":9")),
        ("isolation", replace("\"mailGuard\":\"allowed\"", "\"mailGuard\":\"everybody\"")),
        ("isolation", replace("\"crossings\":[]", "\"crossings\":[{\"key\":\"secret\",\"message\":\"shared\"}]")),
        ("isolation", replace("\"identityFileId\":\"0", "\"identityFileId\":\"1")),
        ("snapshot", replace("\"provenAt\":\"20", "\"provenAt\":\"19")),
        ("snapshot", replace("\"freeBytes\":", "\"offsiteProblem\":\"/mnt/backup: not mounted\",\"freeBytes\":")),
        ("disk", replace("\"freeBytes\":", "\"freeBytes\":0,\"wasFree\":")),
        ("sentry", replace("\"browserDsn\":\"http", "\"browserDsn\":\"https")),
        ("test-endpoints", replace("\"testEndpoints\":false", "\"testEndpoints\":true")),
    ] {
        staging.proxy.set_fault(fault);
        let result = verify_with_current_fault(folder.path(), &staging, &token);
        assert_failures(&result, &[id], &["release"]);
        assert_eq!(staging.list_users(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_remote_run_leaves_nothing_behind_and_a_report_about_another_binary_is_not_stored() {
    let staging = Staging::with_variables(&[("ATLAS_OPERATOR_TOKEN", TOKEN)]).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = staging.folder.path().join("authority.pem");
    for request in ["GET /landing", "POST /api/auth/verify-email", "POST /admin/snapshots"] {
        staging.proxy.set_fault(ProxyFault::None);
        let mut command = atlas_command(folder.path());
        command.args(["verify", "--ca-file", authority.to_str().unwrap()]).envs(remote_variables(&staging));
        command.env("ATLAS_OPERATOR_TOKEN", TOKEN).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        wait_for_request(&staging, &mut child, request).await;
        send_signal(&child, "INT");
        assert_eq!(tokio::task::block_in_place(|| child.wait()).unwrap().code(), Some(1), "at {request}");
        assert_eq!(staging.list_users(), json!([]), "at {request}");
        assert!(!staging.note_path().exists(), "at {request}");
    }
    let from = "\"binary\":\"".to_owned();
    staging.proxy.set_fault(ProxyFault::ReplaceInBodyIfPresent(
        "/api/operator/verify",
        from,
        "\"binary\":\"0".to_owned(),
    ));
    let other = verify_with_current_fault(folder.path(), &staging, &[("ATLAS_OPERATOR_TOKEN", TOKEN)]);
    assert!(other.stderr.contains("is about another binary than the one that runs"), "{}", other.stderr);
    let listed: Value = serde_json::from_str(&staging.run_command(&["release", "list", "--json"])).unwrap();
    assert_eq!(listed["releases"][0]["verification"], Value::Null, "nothing was stored");
}

/// The items that need information from the server.
const SERVER_ITEMS: [&str; 11] = [
    "release",
    "schema",
    "isolation",
    "snapshot",
    "disk",
    "client-address",
    "test-endpoints",
    "sentry",
    "auth",
    "habits",
    "admin",
];

/// No item failed, but the run did not pass either.
#[track_caller]
fn assert_incomplete(result: &VerifyRun, reason: &str) {
    assert_eq!((result.exit_code, &result.report["passed"]), (69, &json!(false)), "{:#}", result.report);
    assert_eq!(result.items_in_state("failed"), Vec::<String>::new(), "{:#}", result.report);
    assert_eq!(result.items_in_state("skipped"), SERVER_ITEMS, "{:#}", result.report);
    assert_eq!(result.report["missing"], json!(SERVER_ITEMS));
    assert_eq!(result.item("disk")["skip"], "no-answer");
    let note = result.item("disk")["note"].as_str().unwrap();
    assert!(note.contains(reason), "{note}");
    assert!(result.stderr.contains("report not saved"), "{}", result.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_operator_token_server_items_are_skipped_and_the_run_does_not_pass() {
    let staging = Staging::new().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::copy(staging.folder.path().join("authority.pem"), folder.join("authority.pem")).unwrap();
    // Without a token, the command requires the server's configuration.
    let unconfigured = verify(folder, &staging, &[]);
    assert_eq!(unconfigured.exit_code, 78, "{}", unconfigured.stderr);
    let all: Vec<_> = staging.variables();
    let result = verify(folder, &staging, &all);
    assert_incomplete(&result, "set ATLAS_OPERATOR_TOKEN there and here");
    assert_incomplete(
        &verify(folder, &staging, &[("ATLAS_OPERATOR_TOKEN", TOKEN)]),
        "the server has no operator token",
    );
    let listed: Value = serde_json::from_str(&staging.run_command(&["release", "list", "--json"])).unwrap();
    assert_eq!(listed["releases"][0]["verification"], Value::Null, "nothing was stored");
    assert_eq!(staging.list_users(), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_grants_nothing_and_the_right_one_grants_access_to_its_environment_only() {
    let staging = Staging::with_variables(&[("ATLAS_OPERATOR_TOKEN", TOKEN)]).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let wrong = verify(folder, &staging, &[("ATLAS_OPERATOR_TOKEN", "another-token-that-is-as-long-as-it")]);
    assert_incomplete(&wrong, "the server has no operator token or another one");
    let token = ("ATLAS_OPERATOR_TOKEN", TOKEN);
    let confirmed = ["verify", "--json", "--confirm", "production", "--all", "--ca-file"];
    let authority = staging.folder.path().join("authority.pem");
    let args = [&confirmed[..], &[authority.to_str().unwrap()]].concat();
    let variables = remote_variables(&staging);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let other = run_verify(folder, &args, &[&variables, &[token, ("ATLAS_ENV", "production")][..]].concat());
    assert_eq!(other.exit_code, 1, "{:#}", other.report);
    let note = other.item("disk")["note"].as_str().unwrap();
    assert!(note.contains("serves “staging”, and the checklist is for “production”"), "{note}");
    assert_eq!(staging.list_users(), json!([]));

    let plain = ["verify", "--url", "http://staging.example.com"];
    let refused = run(folder, &plain, &[&variables, &[token][..]].concat());
    assert_eq!(exit_code(&refused), 1);
    assert!(stderr(&refused).contains("is not sent to http://staging.example.com/"), "{}", stderr(&refused));
    let short = run_verify(folder, &["verify"], &[("ATLAS_ENV", "staging"), ("ATLAS_OPERATOR_TOKEN", "short")]);
    assert_eq!(short.exit_code, 78, "{}", short.stderr);
}
