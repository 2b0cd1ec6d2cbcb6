//! The checklist against a real staging environment: a clean run, and every fault found by exactly its item.

mod apart;
mod approved;
mod probes;
mod proxy;
mod remote;
mod staging;

use std::sync::atomic::Ordering;

use atlas::config::Tls;
use serde_json::json;

use crate::ingest::Manner;
use crate::process::{code, complaint, run, said};
use crate::relay::Certificates;
use proxy::Lie;
use staging::{Checked, Staging};

const NOTHING: &[&str] = &[];

#[track_caller]
fn exactly(checked: &Checked, id: &str, skipped: &[&str]) {
    assert_eq!(checked.items("failed"), [id], "{:#}\n{}", checked.report, checked.complaint);
    assert_eq!(checked.items("skipped"), skipped, "{:#}", checked.report);
    assert_eq!(checked.exit, 1);
    for part in ["expected", "seen", "do"] {
        assert!(checked.item(id)[part].as_str().is_some_and(|words| !words.is_empty()), "{}", checked.item(id));
    }
    for item in checked.report["items"].as_array().unwrap().iter().filter(|item| item["state"] == "skipped") {
        assert!(item["because"].is_string() && item["note"].as_str().unwrap().starts_with("skipped because"), "{item}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_staging_that_is_well_passes_and_its_release_becomes_known_good() {
    let staging = Staging::new().await;
    let checked = staging.verifies_with(&["--junit", "report.xml"], &[]);
    assert_eq!(checked.exit, 0, "{:#}\n{}", checked.report, checked.complaint);
    assert_eq!((checked.items("failed"), checked.items("skipped")), (vec![], vec![]));
    assert_eq!(checked.report["items"].as_array().unwrap().len(), 14);
    assert!(checked.item("auth")["note"].as_str().unwrap().contains("queued as 4711"), "{}", checked.report);

    let mail = staging.relay.taken();
    assert!(mail.iter().any(|mail| mail.contains("owner+atlas-verify-")), "{mail:?}");
    let events = staging.ingest.events(2);
    let environments: Vec<_> = events.iter().map(|event| event["environment"].clone()).collect();
    assert_eq!(environments, ["staging", "staging"]);
    assert_eq!(staging.people(), json!([]));
    let releases = staging.atlas(&["release", "list", "--json"]);
    assert!(releases.contains("\"passed\": true"), "{releases}");
    let junit = std::fs::read_to_string(staging.folder.path().join("report.xml")).unwrap();
    assert!(junit.contains("tests=\"14\" failures=\"0\" skipped=\"0\""), "{junit}");
    assert!(!staging.folder.path().join("data/staging/atlas.redb.verify").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_lies_on_the_way_is_found_by_exactly_its_item() {
    let staging = Staging::new().await;
    let says = |place, from: &str, to: &str| Lie::Says(place, from.to_owned(), to.to_owned());
    let health = "/api/health";
    let faults: Vec<(&str, Lie, &[&str])> = vec![
        ("health", says(health, "\"environment\":\"staging\"", "\"environment\":\"production\""), NOTHING),
        ("health", says(health, "\"instance\":\"", "\"instance\":\"0"), NOTHING),
        ("health", Lie::SaysAtTimes(health, "uptimeSeconds".to_owned(), "uptime".to_owned()), NOTHING),
        ("health", says(health, "\"status\":\"ok\"", "\"status\":\"unavailable\""), NOTHING),
        ("clock", Lie::Sets("date", "Thu, 12 Feb 2026 12:00:00 GMT"), NOTHING),
        ("headers", Lie::Drops("content-security-policy"), NOTHING),
        ("headers", Lie::Sets("x-frame-options", "ALLOWALL"), NOTHING),
        ("tls", Lie::Drops("strict-transport-security"), NOTHING),
        ("gate", Lie::LetsIn(staging::credentials()), NOTHING),
        ("gate", Lie::Drops("x-robots-tag"), NOTHING),
        ("gate", Lie::Sets("x-robots-tag", "all"), NOTHING),
        ("test-endpoints", Lie::Answers("GET", "/api/auth/debug/verification-token", 200), NOTHING),
        ("admin", Lie::Answers("GET", "/admin/users", 200), NOTHING),
        ("admin", Lie::Answers("GET", "/api/admin/exports/habits", 200), NOTHING),
        ("sentry", Lie::Answers("POST", "/monitoring", 403), NOTHING),
        ("habits", Lie::Answers("POST", "/api/completions", 500), NOTHING),
        ("habits", Lie::Answers("GET", "/habits/archive", 500), NOTHING),
        ("auth", Lie::Answers("POST", "/sign-out", 500), &["habits", "admin"]),
        ("auth", Lie::Answers("POST", "/sign-up", 429), &["habits", "admin"]),
        ("auth", Lie::Answers("POST", "/api/auth/sign-in", 200), &["habits", "admin"]),
        ("auth", Lie::Answers("POST", "/api/auth/verify-email", 200), &["habits", "admin"]),
    ];
    for (id, lie, skipped) in faults {
        staging.proxy.lies(lie);
        exactly(&staging.verifies(), id, skipped);
        assert_eq!(staging.people(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_behind_it_is_found_by_exactly_its_item() {
    let staging = Staging::new().await;
    let folder = staging.folder.path();

    staging.proxy.lies(Lie::No);
    staging.relay_is_dead.store(true, Ordering::Relaxed);
    let dead = staging.verifies();
    exactly(&dead, "auth", &["habits", "admin"]);
    assert!(dead.item("auth")["seen"].as_str().unwrap().contains("nothing from you"), "{}", dead.report);
    staging.relay_is_dead.store(false, Ordering::Relaxed);

    // The server writes links to another host than people are told of.
    staging.proxy.lies(Lie::No);
    let here = format!("https://localhost:{}", staging.proxy.port);
    let elsewhere = staging.verifies_with(&["--url", &here], &[("APP_URL", "https://staging.example.com")]);
    exactly(&elsewhere, "auth", &["habits", "admin"]);
    assert!(!elsewhere.report.to_string().contains("token="), "{}", elsewhere.report);

    staging.proxy.lies(Lie::No);
    let off = [("SENTRY_ENABLED", "false")];
    exactly(&staging.verifies_with(&[], &off), "sentry", NOTHING);

    staging.proxy.lies(Lie::No);
    std::fs::write(folder.join("atlas.toml"), "[environment.production]\ndata_file = \"data/staging/atlas.redb\"\n")
        .unwrap();
    exactly(&staging.verifies(), "isolation", NOTHING);
    std::fs::remove_file(folder.join("atlas.toml")).unwrap();

    staging.proxy.lies(Lie::No);
    for entry in std::fs::read_dir(folder.join("data/staging/snapshots")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            let mut manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            manifest["provenAt"] = json!("2026-02-12T12:00:00Z");
            std::fs::write(&path, manifest.to_string()).unwrap();
        }
    }
    exactly(&staging.verifies(), "snapshot", NOTHING);

    staging.proxy.lies(Lie::No);
    let expired = Certificates::until("localhost", 2020);
    std::fs::write(folder.join("authority.pem"), &expired.authority).unwrap();
    staging.proxy.shows(expired.door(Tls::Implicit).tls.unwrap().1);
    let because =
        ["health", "schema", "clock", "gate", "headers", "test-endpoints", "sentry", "auth", "habits", "admin"];
    let checked = staging.verifies();
    assert!(checked.items("failed").contains(&"tls".to_owned()), "{:#}", checked.report);
    assert_eq!(checked.items("skipped"), because);
    assert!(checked.item("tls")["seen"].as_str().unwrap().contains("xpired"), "{}", checked.item("tls"));
    assert_eq!(staging.people(), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ingest_that_refuses_fails_sentry_alone() {
    let staging = Staging::with_ingest(Manner::Answers(403, Vec::new())).await;
    staging.proxy.lies(Lie::No);
    exactly(&staging.verifies(), "sentry", NOTHING);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_checklists_leave_every_row_as_it_was_but_the_audit_trail() {
    let mut staging = Staging::new().await;
    staging.stops();
    staging.atlas(&["seed"]);
    let before = staging.rows();
    assert!(before.iter().any(|(name, rows)| *name == "habits" && !rows.is_empty()));
    staging.starts();
    for _ in 0..2 {
        staging.proxy.lies(Lie::No);
        assert_eq!(staging.verifies().exit, 0);
    }
    staging.stops();
    for ((name, before), (_, after)) in before.iter().zip(&staging.rows()) {
        assert_eq!(before, after, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_ends_within_fourteen_days_fails_and_hinders_nothing_else() {
    let staging = Staging::new().await;
    for (days, is_fine) in [(3, false), (14, false), (16, true)] {
        let certificates = Certificates::for_days("localhost", days);
        std::fs::write(staging.folder.path().join("authority.pem"), &certificates.authority).unwrap();
        staging.proxy.shows(certificates.door(Tls::Implicit).tls.unwrap().1);
        staging.proxy.lies(Lie::No);
        let checked = staging.verifies();
        if is_fine {
            assert_eq!(checked.exit, 0, "{days}: {:#}", checked.report);
        } else {
            exactly(&checked, "tls", NOTHING);
            assert!(
                checked.item("tls")["seen"].as_str().unwrap().starts_with("it ends at 2"),
                "{}",
                checked.item("tls")
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_that_is_off_fails_alone() {
    let staging = Staging::with(&[("ATLAS_GATE_USER", ""), ("ATLAS_GATE_PASSWORD", "")]).await;
    staging.proxy.lies(Lie::No);
    let checked = staging.verifies();
    exactly(&checked, "gate", NOTHING);
    assert!(checked.item("gate")["do"].as_str().unwrap().contains("ATLAS_GATE_USER"), "{}", checked.item("gate"));
}

/// Numbers of requests in each of the items that ask something, and between them.
const MOMENTS: [usize; 14] = [1, 2, 5, 8, 16, 19, 21, 22, 24, 27, 31, 36, 44, 60];

async fn comes_to(staging: &Staging, child: &mut std::process::Child, requests: usize) {
    while staging.proxy.requests() < requests {
        assert!(child.try_wait().unwrap().is_none(), "it ended before request {requests}");
        tokio::task::yield_now().await;
    }
}

fn signal(child: &std::process::Child, name: &str) {
    let done = std::process::Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(done.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checklist_that_is_interrupted_leaves_nothing_behind() {
    let staging = Staging::new().await;
    for moment in MOMENTS {
        let mut child = staging.begins_to_verify();
        comes_to(&staging, &mut child, moment).await;
        signal(&child, "INT");
        assert_eq!(tokio::task::block_in_place(|| child.wait()).unwrap().code(), Some(1), "at request {moment}");
        assert_eq!(staging.people(), json!([]), "at request {moment}");
        assert!(!staging.note().exists(), "at request {moment}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_checklist_left_goes_when_the_server_starts_and_no_second_one_begins_before() {
    let mut staging = Staging::new().await;
    let mut child = staging.begins_to_verify();
    comes_to(&staging, &mut child, 24).await;
    signal(&child, "KILL");
    tokio::task::block_in_place(|| child.wait()).unwrap();
    assert!(staging.note().exists());
    assert_eq!(staging.people().as_array().unwrap().len(), 1);
    staging.proxy.lies(Lie::No);
    let second = staging.verifies();
    assert!(second.item("auth")["seen"].as_str().unwrap().contains("another checklist"), "{}", second.report);

    staging.stops();
    staging.starts();
    while staging.note().exists() {
        tokio::task::yield_now().await;
    }
    assert_eq!(staging.people(), json!([]));
}

#[test]
fn production_is_not_touched_unless_its_name_is_typed() {
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
    for more in [&[][..], &["--confirm", "staging"]] {
        let refused = run(folder.path(), &[&verify[..], more].concat(), &variables);
        assert_eq!(code(&refused), 1);
        assert!(complaint(&refused).contains("production"), "{}", complaint(&refused));
        assert!(!said(&refused).contains("items"), "{}", said(&refused));
    }
    let looked = run(folder.path(), &[&verify[..], &["--confirm", "production"]].concat(), &variables);
    let report: serde_json::Value = serde_json::from_str(&said(&looked)).unwrap();
    for item in report["items"].as_array().unwrap() {
        if ["sentry", "auth", "habits", "admin"].contains(&item["id"].as_str().unwrap()) {
            assert_eq!(item["state"], "skipped", "{item}");
        }
    }
    assert!(!folder.path().join("data").exists());
}

#[test]
fn development_passes_with_its_mail_captured_and_is_not_asked_for_what_it_need_not_have() {
    let folder = tempfile::tempdir().unwrap();
    let server = crate::process::Server::start(folder.path());
    let url = format!("http://localhost:{}", server.port);
    let checked = run(folder.path(), &["verify", "--url", &url], &[]);
    assert_eq!(code(&checked), 0, "{}\n{}", said(&checked), complaint(&checked));
    let lines = said(&checked);
    let state = |id: &str| lines.lines().find(|line| line.split_whitespace().nth(1) == Some(id)).unwrap_or_default();
    for (id, word) in
        [("auth", "ok"), ("admin", "ok"), ("tls", "skipped"), ("sentry", "skipped"), ("snapshot", "warning")]
    {
        assert!(state(id).starts_with(word), "{lines}");
    }
    assert!(lines.contains("the mail was captured") && lines.contains("nothing failed"), "{lines}");
}
