//! `atlas verify` against a complete staging environment: a clean run passes, and each injected fault fails exactly the
//! item that covers it.

mod approvals;
mod browser;
mod isolation;
mod outage;
mod probe;
mod proxy;
mod remote;
mod staging;

use std::sync::atomic::Ordering;

use atlas::config::Tls;
use serde_json::json;

use crate::fake_sentry::ResponseMode;
use crate::process::{exit_code, run, stderr, stdout};
use crate::relay::Certificates;
use proxy::ProxyFault;
use staging::{Staging, VerifyRun};

const NO_ITEMS: &[&str] = &[];

/// The items that send requests to the site.
const NEEDS_SITE: [&str; 14] = [
    "health",
    "schema",
    "clock",
    "gate",
    "headers",
    "cookies",
    "redirects",
    "assets",
    "client-address",
    "test-endpoints",
    "sentry",
    "auth",
    "habits",
    "admin",
];

#[track_caller]
fn assert_only_failure(result: &VerifyRun, id: &str, skipped: &[&str]) {
    assert_failures(result, &[id], skipped);
}

#[track_caller]
fn assert_failures(result: &VerifyRun, ids: &[&str], skipped: &[&str]) {
    assert_eq!(result.items_in_state("failed"), ids, "{:#}\n{}", result.report, result.stderr);
    assert_eq!(result.items_in_state("skipped"), skipped, "{:#}", result.report);
    assert_eq!(result.exit_code, 1);
    for (id, part) in ids.iter().flat_map(|id| ["expected", "seen", "do"].map(|part| (id, part))) {
        assert!(result.item(id)[part].as_str().is_some_and(|text| !text.is_empty()), "{}", result.item(id));
    }
    let skipped = result.report["items"].as_array().unwrap().iter().filter(|item| item["state"] == "skipped");
    for item in skipped.filter(|item| item["skip"] != "not-asked") {
        assert!(item["because"].is_string() && item["note"].as_str().unwrap().starts_with("skipped because"), "{item}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_staging_passes_and_its_release_becomes_known_good() {
    let staging = Staging::new().await;
    let result = staging.verify_with(&["--junit", "report.xml"], &[]);
    assert_eq!(result.exit_code, 0, "{:#}\n{}", result.report, result.stderr);
    assert_eq!((result.items_in_state("failed"), result.items_in_state("skipped")), (vec![], vec![]));
    assert_eq!(result.report["items"].as_array().unwrap().len(), 19);
    assert!(result.item("auth")["note"].as_str().unwrap().contains("queued as 4711"), "{}", result.report);

    let mail = staging.relay.accepted_messages();
    assert!(mail.iter().any(|mail| mail.contains("owner+atlas-verify-")), "{mail:?}");
    let events = staging.ingest.wait_for_events(2);
    let environments: Vec<_> = events.iter().map(|event| event["environment"].clone()).collect();
    assert_eq!(environments, ["staging", "staging"]);
    assert_eq!(staging.list_users(), json!([]));
    let releases = staging.run_command(&["release", "list", "--json"]);
    assert!(releases.contains("\"passed\": true"), "{releases}");
    let junit = std::fs::read_to_string(staging.folder.path().join("report.xml")).unwrap();
    assert!(junit.contains("tests=\"19\" failures=\"0\" skipped=\"0\""), "{junit}");
    assert!(!staging.folder.path().join("data/staging/atlas.redb.verify").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_the_proxy_fails_exactly_its_item() {
    let staging = Staging::new().await;
    let replace = |path, from: &str, to: &str| ProxyFault::ReplaceInBody(path, from.to_owned(), to.to_owned());
    let health = "/api/health";
    let faults: Vec<(&str, ProxyFault, &[&str])> = vec![
        ("health", replace(health, "\"environment\":\"staging\"", "\"environment\":\"production\""), NO_ITEMS),
        ("health", replace(health, "\"instance\":\"", "\"instance\":\"0"), NO_ITEMS),
        (
            "health",
            ProxyFault::ReplaceInEveryOtherBody(health, "uptimeSeconds".to_owned(), "uptime".to_owned()),
            NO_ITEMS,
        ),
        ("health", replace(health, "\"status\":\"ok\"", "\"status\":\"unavailable\""), NO_ITEMS),
        ("clock", ProxyFault::SetHeader("date", "Thu, 12 Feb 2026 12:00:00 GMT"), NO_ITEMS),
        ("headers", ProxyFault::RemoveHeader("content-security-policy"), NO_ITEMS),
        ("headers", ProxyFault::SetHeader("x-frame-options", "ALLOWALL"), NO_ITEMS),
        ("tls", ProxyFault::RemoveHeader("strict-transport-security"), NO_ITEMS),
        ("gate", ProxyFault::AddCredentials(staging::credentials()), NO_ITEMS),
        ("gate", ProxyFault::RemoveHeader("x-robots-tag"), NO_ITEMS),
        ("gate", ProxyFault::SetHeader("x-robots-tag", "all"), NO_ITEMS),
        ("test-endpoints", ProxyFault::Respond("GET", "/api/auth/debug/verification-token", 200), NO_ITEMS),
        ("admin", ProxyFault::Respond("POST", "/admin/snapshots", 200), NO_ITEMS),
        ("sentry", ProxyFault::Respond("POST", "/monitoring", 403), NO_ITEMS),
        ("habits", ProxyFault::Respond("POST", "/api/completions", 500), NO_ITEMS),
        ("habits", ProxyFault::Respond("GET", "/habits/archive", 500), NO_ITEMS),
        ("auth", ProxyFault::Respond("POST", "/sign-up", 429), &["habits", "admin"]),
        ("auth", ProxyFault::Respond("POST", "/api/auth/sign-in", 200), &["habits", "admin"]),
        ("auth", ProxyFault::Respond("POST", "/api/auth/verify-email", 200), &["habits", "admin"]),
    ];
    for (id, fault, skipped) in faults {
        staging.proxy.set_fault(fault);
        assert_only_failure(&staging.verify(), id, skipped);
        assert_eq!(staging.list_users(), json!([]));
    }
    staging.proxy.set_fault(ProxyFault::Respond("POST", "/sign-out", 500));
    assert_failures(&staging.verify(), &["cookies", "auth"], &["habits", "admin"]);
    // Open to ordinary users, and to strangers without the shared credentials, too.
    for path in ["/admin/users", "/api/admin/exports/habits"] {
        staging.proxy.set_fault(ProxyFault::Respond("GET", path, 200));
        assert_failures(&staging.verify(), &["gate", "admin"], NO_ITEMS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_behind_the_proxy_fails_exactly_its_item() {
    let staging = Staging::new().await;
    let folder = staging.folder.path();

    staging.proxy.set_fault(ProxyFault::None);
    staging.relay_rejects_mail.store(true, Ordering::Relaxed);
    let rejected = staging.verify();
    assert_only_failure(&rejected, "auth", &["habits", "admin"]);
    assert!(rejected.item("auth")["seen"].as_str().unwrap().contains("nothing from you"), "{}", rejected.report);
    staging.relay_rejects_mail.store(false, Ordering::Relaxed);

    // The links in the server's mail lead to a host other than the verified one.
    staging.proxy.set_fault(ProxyFault::None);
    let url = format!("https://localhost:{}", staging.proxy.port);
    let other_host = staging.verify_with(&["--url", &url], &[("APP_URL", "https://staging.example.com")]);
    assert_only_failure(&other_host, "auth", &["habits", "admin"]);
    assert!(!other_host.report.to_string().contains("token="), "{}", other_host.report);

    staging.proxy.set_fault(ProxyFault::None);
    let disabled = [("SENTRY_ENABLED", "false")];
    assert_only_failure(&staging.verify_with(&[], &disabled), "sentry", NO_ITEMS);

    staging.proxy.set_fault(ProxyFault::None);
    std::fs::write(folder.join("atlas.toml"), "[environment.production]\ndata_file = \"data/staging/atlas.redb\"\n")
        .unwrap();
    assert_only_failure(&staging.verify(), "isolation", NO_ITEMS);
    std::fs::remove_file(folder.join("atlas.toml")).unwrap();

    staging.proxy.set_fault(ProxyFault::None);
    for entry in std::fs::read_dir(folder.join("data/staging/snapshots")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            let mut manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            manifest["provenAt"] = json!("2026-02-12T12:00:00Z");
            std::fs::write(&path, manifest.to_string()).unwrap();
        }
    }
    assert_only_failure(&staging.verify(), "snapshot", NO_ITEMS);

    staging.proxy.set_fault(ProxyFault::None);
    let expired = Certificates::expiring_in_year("localhost", 2020);
    std::fs::write(folder.join("authority.pem"), &expired.authority).unwrap();
    staging.proxy.set_acceptor(expired.relay_options(Tls::Implicit).tls.unwrap().1);
    let skipped: Vec<&str> = NEEDS_SITE.to_vec();
    let result = staging.verify();
    assert!(result.items_in_state("failed").contains(&"tls".to_owned()), "{:#}", result.report);
    assert_eq!(result.items_in_state("skipped"), skipped);
    assert!(result.item("tls")["seen"].as_str().unwrap().contains("xpired"), "{}", result.item("tls"));
    assert_eq!(staging.list_users(), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ingest_that_refuses_events_fails_only_the_sentry_item() {
    let staging = Staging::with_ingest(ResponseMode::Respond(403, Vec::new())).await;
    staging.proxy.set_fault(ProxyFault::None);
    assert_only_failure(&staging.verify(), "sentry", NO_ITEMS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_becomes_known_good_without_sentry_if_the_configuration_turns_it_off() {
    let staging =
        Staging::with_variables(&[("SENTRY_ENABLED", "false"), ("NEXT_PUBLIC_SENTRY_ENABLED", "false")]).await;
    staging.proxy.set_fault(ProxyFault::None);
    let result = staging.verify();
    assert_eq!(result.exit_code, 0, "{}", result.report);
    let sentry = result.item("sentry");
    assert_eq!((&sentry["state"], &sentry["skip"]), (&"skipped".into(), &"not-asked".into()), "{sentry}");
    let releases: serde_json::Value =
        serde_json::from_str(&staging.run_command(&["release", "list", "--json"])).unwrap();
    assert_eq!(releases["releases"][0]["knownGood"], true, "{releases}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verify_runs_change_no_rows_outside_the_audit_trail() {
    let mut staging = Staging::new().await;
    staging.stop_server();
    staging.run_command(&["seed"]);
    let before = staging.read_rows();
    assert!(before.iter().any(|(name, rows)| *name == "habits" && !rows.is_empty()));
    staging.start_server();
    for _ in 0..2 {
        staging.proxy.set_fault(ProxyFault::None);
        assert_eq!(staging.verify().exit_code, 0);
    }
    staging.stop_server();
    for ((name, before), (_, after)) in before.iter().zip(&staging.read_rows()) {
        assert_eq!(before, after, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_expires_within_fourteen_days_fails_only_the_tls_item() {
    let staging = Staging::new().await;
    for (days, passes) in [(3, false), (14, false), (16, true)] {
        let certificates = Certificates::expiring_in_days("localhost", days);
        std::fs::write(staging.folder.path().join("authority.pem"), &certificates.authority).unwrap();
        staging.proxy.set_acceptor(certificates.relay_options(Tls::Implicit).tls.unwrap().1);
        staging.proxy.set_fault(ProxyFault::None);
        let result = staging.verify();
        if passes {
            assert_eq!(result.exit_code, 0, "{days}: {:#}", result.report);
        } else {
            assert_only_failure(&result, "tls", NO_ITEMS);
            assert!(
                result.item("tls")["seen"].as_str().unwrap().starts_with("it expires at 2"),
                "{}",
                result.item("tls")
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_basic_auth_fails_only_the_gate_item() {
    let staging = Staging::with_variables(&[("ATLAS_GATE_USER", ""), ("ATLAS_GATE_PASSWORD", "")]).await;
    staging.proxy.set_fault(ProxyFault::None);
    let result = staging.verify();
    assert_only_failure(&result, "gate", NO_ITEMS);
    assert!(result.item("gate")["do"].as_str().unwrap().contains("ATLAS_GATE_USER"), "{}", result.item("gate"));
}

/// Requests at which a run is interrupted: within each item that sends some, and between items.
const INTERRUPT_AT: [&str; 13] = [
    "GET /landing",
    "GET /api/health",
    "GET /insights",
    "GET /no-such-page",
    "POST /sign-out",
    "GET /api/auth/debug/verification-token",
    "POST /monitoring",
    "POST /sign-up",
    "POST /verify-email",
    "POST /api/auth/verify-email",
    "POST /habits",
    "POST /api/completions",
    "POST /admin/snapshots",
];

async fn wait_for_request(staging: &Staging, child: &mut std::process::Child, request: &str) {
    while !staging.proxy.has_seen(request) {
        assert!(child.try_wait().unwrap().is_none(), "the run ended without {request}");
        tokio::task::yield_now().await;
    }
}

fn send_signal(child: &std::process::Child, name: &str) {
    let arguments = ["-c", "kill -s \"$0\" \"$1\"", name, &child.id().to_string()];
    let status = std::process::Command::new("sh").args(arguments).status();
    assert!(status.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_verify_run_leaves_nothing_behind() {
    let staging = Staging::new().await;
    for request in INTERRUPT_AT {
        let mut child = staging.spawn_verify();
        wait_for_request(&staging, &mut child, request).await;
        send_signal(&child, "INT");
        assert_eq!(tokio::task::block_in_place(|| child.wait()).unwrap().code(), Some(1), "at {request}");
        assert_eq!(staging.list_users(), json!([]), "at {request}");
        assert!(!staging.note_path().exists(), "at {request}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_cleans_up_after_a_killed_verify_run_and_until_then_no_other_can_start() {
    let mut staging = Staging::new().await;
    let mut child = staging.spawn_verify();
    wait_for_request(&staging, &mut child, "POST /api/completions").await;
    send_signal(&child, "KILL");
    tokio::task::block_in_place(|| child.wait()).unwrap();
    assert!(staging.note_path().exists());
    assert_eq!(staging.list_users().as_array().unwrap().len(), 1);
    staging.proxy.set_fault(ProxyFault::None);
    let second = staging.verify();
    assert!(second.item("auth")["seen"].as_str().unwrap().contains("another checklist"), "{}", second.report);

    staging.stop_server();
    staging.start_server();
    while staging.note_path().exists() {
        tokio::task::yield_now().await;
    }
    assert_eq!(staging.list_users(), json!([]));
}

#[test]
fn production_is_not_verified_without_typing_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("APP_URL", "https://atlas.example.com"),
        ("NEXTAUTH_SECRET", "0123456789abcdef0123456789abcdef"),
        ("RESEND_API_KEY", "re_123"),
        ("RESEND_FROM_EMAIL", "atlas@example.com"),
        ("SENTRY_ENABLED", "false"),
        ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
        ("ADMIN_OWNER_EMAIL", "owner@example.com"),
    ];
    let verify = ["verify", "--env", "production", "--json", "--url", "http://127.0.0.1:1"];
    for flags in [&[][..], &["--confirm", "staging"]] {
        let refused = run(folder.path(), &[&verify[..], flags].concat(), &variables);
        assert_eq!(exit_code(&refused), 1);
        assert!(stderr(&refused).contains("production"), "{}", stderr(&refused));
        assert!(!stdout(&refused).contains("items"), "{}", stdout(&refused));
    }
    let output = run(folder.path(), &[&verify[..], &["--confirm", "production"]].concat(), &variables);
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    for item in report["items"].as_array().unwrap() {
        if ["sentry", "auth", "habits", "admin"].contains(&item["id"].as_str().unwrap()) {
            assert_eq!(item["state"], "skipped", "{item}");
        }
    }
    assert!(!folder.path().join("data").exists());
}

#[test]
fn development_passes_with_captured_mail_and_without_the_settings_it_does_not_need() {
    let folder = tempfile::tempdir().unwrap();
    let server = crate::process::Server::start(folder.path());
    let url = format!("http://localhost:{}", server.port);
    let result = run(folder.path(), &["verify", "--url", &url], &[]);
    assert_eq!(exit_code(&result), 0, "{}\n{}", stdout(&result), stderr(&result));
    let lines = stdout(&result);
    let state = |id: &str| lines.lines().find(|line| line.split_whitespace().nth(1) == Some(id)).unwrap_or_default();
    for (id, word) in
        [("auth", "ok"), ("admin", "ok"), ("tls", "skipped"), ("sentry", "skipped"), ("snapshot", "warning")]
    {
        assert!(state(id).starts_with(word), "{lines}");
    }
    assert!(lines.contains("the mail was captured") && lines.contains("No checks failed"), "{lines}");
}
