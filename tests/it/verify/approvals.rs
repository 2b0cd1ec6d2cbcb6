//! Approvals: staging signs a report for each binary that passes, and production serves only binaries with an approval.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use atlas::config::{Flags, check};
use atlas::ops::approvals::Approvals;
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema;
use atlas::store::{Reader as _, Store};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::proxy::ProxyFault;
use super::staging::{Staging, VerifyRun};
use crate::fake_sentry::ResponseMode;
use crate::process::{Server, exit_code, run, stderr, stdout};
use crate::rollback::link_next_release;

const KEY: (&str, &str) = ("ATLAS_VERIFICATION_KEY", "a key that staging and production share");

/// The variables of production.
pub const PRODUCTION: [(&str, &str); 9] = [
    ("ATLAS_ENV", "production"),
    ("APP_URL", "https://atlas.example.com"),
    ("NEXTAUTH_SECRET", "the secret of production, long enough to be one"),
    ("RESEND_API_KEY", "re_of_production"),
    ("RESEND_FROM_EMAIL", "atlas@production.example"),
    ("SENTRY_ENABLED", "false"),
    ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
    ("ADMIN_OWNER_EMAIL", "owner@example.com"),
    ("ATLAS_REQUIRE_VERIFIED", "true"),
];

fn production(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [&PRODUCTION, &[KEY][..], more].concat()
}

/// Starts a server that must refuse to serve and returns its standard error.
fn assert_serve_refused(binary: &Path, folder: &Path, flags: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(binary);
    command.current_dir(folder).env_clear().envs(variables.iter().copied());
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(flags).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if !line.is_empty() {
        child.kill().unwrap();
    }
    let mut stderr_text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr_text).unwrap();
    assert_eq!((child.wait().unwrap().code(), line.as_str()), (Some(1), ""), "{stderr_text}");
    stderr_text
}

fn this_binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atlas"))
}

fn assert_serves(folder: &Path, variables: &[(&str, &str)]) {
    let server = Server::start_with(folder, &[], variables);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

#[track_caller]
fn assert_command_refused(folder: &Path, args: &[&str], variables: &[(&str, &str)], message: &str) {
    let refused = run(folder, args, variables);
    assert_eq!(exit_code(&refused), 1, "{}{}", stdout(&refused), stderr(&refused));
    assert!(stderr(&refused).contains(message), "{}", stderr(&refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_serves_only_binaries_that_passed_in_staging() {
    let staging = Staging::with_variables(&[KEY]).await;
    staging.proxy.set_fault(ProxyFault::None);
    let refused = run(staging.folder.path(), &["release", "export", "--to", "report"], &staging.variables());
    assert_eq!(exit_code(&refused), 1);
    assert!(stderr(&refused).contains("was never verified"), "{}", stderr(&refused));
    assert_eq!(staging.verify().exit_code, 0);
    let exported: Value =
        serde_json::from_str(&staging.run_command(&["release", "export", "--to", "report", "--json"])).unwrap();
    assert_eq!((&exported["report"]["kind"], &exported["environment"]), (&json!("staging"), &json!("staging")));
    assert_eq!(exported["report"]["items"].as_array().unwrap().len(), 19);

    // Production runs on another machine, to which the report file is copied.
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let stderr_text = assert_serve_refused(this_binary(), folder, &[], &production(&[]));
    for part in ["no report from staging approves it", "does not exist", "atlas release export", "atlas release import"]
    {
        assert!(stderr_text.contains(part), "{stderr_text}");
    }
    assert!(!folder.join("data").exists(), "nothing was created");
    let checked = run(folder, &["check"], &production(&[]));
    assert_eq!(exit_code(&checked), 1, "{}", stdout(&checked));
    assert!(stdout(&checked).contains("no report from staging"), "{}", stdout(&checked));

    fs::copy(staging.folder.path().join("report"), folder.join("report")).unwrap();
    let text = fs::read_to_string(folder.join("report")).unwrap();
    assert!(!text.contains(KEY.1));
    let import = ["release", "import", "report"];
    let other_key = ("ATLAS_VERIFICATION_KEY", "another key of at least thirty-two letters");
    assert_command_refused(folder, &import, &production(&[other_key]), "has an invalid signature");
    assert_command_refused(
        folder,
        &import,
        &production(&[("ATLAS_VERIFIED_WITHIN", "1ms")]),
        "old; expected one of at most",
    );
    for (from, to) in
        [("\"passed\"", "\"not-asked\""), ("\"schema\": ", "\"schema\": 1"), ("\"binary\": \"", "\"binary\": \"0")]
    {
        assert!(text.contains(from), "{text}");
        fs::write(folder.join("forged"), text.replacen(from, to, 1)).unwrap();
        assert_command_refused(folder, &["release", "import", "forged"], &production(&[]), "has an invalid signature");
    }
    fs::write(folder.join("forged"), "{}").unwrap();
    assert_command_refused(
        folder,
        &["release", "import", "forged"],
        &production(&[]),
        "is not a report about a release",
    );
    assert_eq!(exit_code(&run(folder, &["release", "import", "nowhere"], &production(&[]))), 74);
    let without_key: Vec<_> = production(&[]).into_iter().filter(|(name, _)| *name != KEY.0).collect();
    assert_eq!(exit_code(&run(folder, &import, &without_key)), 78);
    assert_eq!(
        exit_code(&run(folder, &["serve"], &without_key)),
        78,
        "an approval is required, but there is no key to check it with"
    );
    assert!(!folder.join("data").exists(), "nothing was stored");

    let imported = run(folder, &import, &production(&[]));
    assert_eq!(exit_code(&imported), 0, "{}", stderr(&imported));
    assert!(stdout(&imported).contains("it passed staging"), "{}", stdout(&imported));
    // The next release has not been verified in staging.
    let stderr_text = assert_serve_refused(&link_next_release(folder, "next"), folder, &[], &production(&[]));
    assert!(stderr_text.contains("only reports about other binaries"), "{stderr_text}");
    assert_serves(folder, &production(&[]));
    assert_serves(folder, &production(&[]));
    let stderr_text = assert_serve_refused(this_binary(), folder, &[], &production(&[other_key]));
    assert!(stderr_text.contains("has an invalid signature"), "{stderr_text}");
    let stderr_text =
        assert_serve_refused(this_binary(), folder, &[], &production(&[("ATLAS_VERIFIED_WITHIN", "1ms")]));
    assert!(stderr_text.contains("one of at most"), "{stderr_text}");
    // An approval copied into the folder of another release is refused.
    let releases = folder.join("data/production/releases");
    let other = run(folder, &["version"], &[]);
    assert_eq!(exit_code(&other), 0);
    let id = exported["id"].as_str().unwrap();
    let path = releases.join(id).join("approval.json");
    assert!(path.exists());
    let other = "0123456789ab".to_owned();
    fs::create_dir(releases.join(&other)).unwrap();
    fs::copy(&path, releases.join(&other).join("approval.json")).unwrap();
    let now = atlas::app::clock::Clock::System.now();
    let seen =
        production_approvals(folder).find(&format!("{other}{}", "0".repeat(52)), None, now).unwrap_err().to_string();
    assert!(seen.contains("it is about the binary"), "{seen}");
}

/// The approvals that production sees in a folder.
fn production_approvals(folder: &Path) -> Approvals {
    let flags = Flags { config: Some(folder.join("atlas.toml")), ..Flags::default() };
    fs::write(folder.join("atlas.toml"), "").unwrap();
    let variables = production(&[]).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let checked = check(&flags, &variables).unwrap();
    Approvals::new(&checked.settings.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_one_machine_production_finds_stagings_approval_and_can_restart_after_it_is_gone() {
    let mut staging = Staging::with_variables(&[KEY]).await;
    let folder = staging.folder.path().to_owned();
    let without_requirement: Vec<_> =
        production(&[]).into_iter().filter(|(name, _)| *name != "ATLAS_REQUIRE_VERIFIED").collect();
    staging.proxy.set_fault(ProxyFault::RemoveHeader("x-frame-options"));
    assert_eq!(staging.verify().exit_code, 1);
    let export = ["release", "export", "--to", "report"];
    assert_command_refused(&folder, &export, &staging.variables(), "headers failed");
    assert_serve_refused(this_binary(), &folder, &["--require-verified"], &without_requirement);

    staging.proxy.set_fault(ProxyFault::None);
    assert_eq!(staging.verify().exit_code, 0);
    let digest = staging.run_command(&["release", "list", "--json"]);
    let digest = serde_json::from_str::<Value>(&digest).unwrap()["releases"][0]["digest"].as_str().unwrap().to_owned();
    let now = atlas::app::clock::Clock::System.now();
    let later = |days: i64| now.checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    assert!(production_approvals(&folder).find(&digest, None, later(6)).is_ok());
    let seen = production_approvals(&folder).find(&digest, None, later(8)).unwrap_err().to_string();
    assert!(seen.contains("data/staging") && seen.contains("8 d old"), "{seen}");

    let server = Server::start_with(&folder, &["--require-verified"], &without_requirement);
    let stored = folder.join("data/production/releases").join(&digest[..12]).join("approval.json");
    while !stored.exists() {
        tokio::task::yield_now().await;
    }
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    // Staging then fails and is removed. A binary that has already served in production may start again.
    staging.proxy.set_fault(ProxyFault::RemoveHeader("x-frame-options"));
    assert_eq!(staging.verify().exit_code, 1);
    assert!(
        !staging.data_folder().join("releases").join(&digest[..12]).join("approval.json").exists(),
        "a failed run withdraws the approval"
    );
    staging.stop_server();
    fs::remove_dir_all(staging.data_folder()).unwrap();
    assert_serves(&folder, &production(&[]));
    assert!(
        production_approvals(&folder).find(&digest, None, later(300)).is_ok(),
        "the age limit applies only before the first start"
    );
}

#[test]
fn only_production_can_require_approvals_and_only_staging_can_issue_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for environment in ["development", "staging"] {
        let refused = run(folder, &["check", "--env", environment], &[("ATLAS_REQUIRE_VERIFIED", "true")]);
        assert_eq!(exit_code(&refused), 78);
        assert!(stdout(&refused).contains("require_verified is only for production"), "{}", stdout(&refused));
    }
    for (name, value, message) in [
        ("ATLAS_VERIFICATION_KEY", "short", "needs at least 32 characters"),
        (
            "ATLAS_VERIFICATION_KEY",
            "the secret of production, long enough to be one",
            "is the same as secret; expected a different",
        ),
        ("ATLAS_VERIFIED_WITHIN", "soon", "must be a time, such as 7d or 36h"),
        ("ATLAS_VERIFIED_WITHIN", "-1d", "must be a time, such as 7d or 36h"),
    ] {
        let checked = run(folder, &["check"], &production(&[(name, value)]));
        assert_eq!(exit_code(&checked), 78, "{name}={value}: {}", stdout(&checked));
        assert!(stdout(&checked).contains(message), "{}", stdout(&checked));
    }
    assert_serves(folder, &[KEY]);
    let import = ["release", "import", "report"];
    assert_command_refused(folder, &import, &[KEY], "needs no reports");
    assert_command_refused(folder, &["release", "export", "--to", "report"], &[KEY], "was never verified");
    let server = Server::start_with(folder, &[], &[KEY]);
    let url = format!("http://localhost:{}", server.port);
    assert_eq!(exit_code(&run(folder, &["verify", "--url", &url], &[KEY])), 0);
    assert_command_refused(folder, &["release", "export", "--to", "report"], &[KEY], "expected one from staging");
    assert!(!folder.join("report").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_check_of_production_is_known_good_if_the_binary_passed_in_staging() {
    let ingest = || ResponseMode::Respond(200, Vec::new());
    let production = Staging::start("production", &[KEY], ingest()).await;
    let verify_production = |flags: &[&str]| {
        production.proxy.set_fault(ProxyFault::None);
        production.verify_with(&[&["--confirm", "production"], flags].concat(), &[])
    };
    let release = || {
        let listed: Value = serde_json::from_str(&production.run_command(&["release", "list", "--json"])).unwrap();
        listed["releases"][0].clone()
    };
    let assert_read_only = |result: &VerifyRun| {
        assert_eq!((result.exit_code, &result.report["passed"]), (0, &json!(true)), "{:#}", result.report);
        assert_eq!(result.report["missing"], json!(["sentry", "auth", "habits", "admin"]));
    };
    let result = verify_production(&[]);
    assert_read_only(&result);
    assert!(result.stderr.contains("is not known-good: skipped checks may hide problems"), "{}", result.stderr);
    assert_eq!((&release()["knownGood"], &release()["snapshot"]), (&json!(false), &Value::Null));
    let listed = production.run_command(&["release", "list"]);
    assert!(listed.contains(" without sentry, auth, habits, admin"), "{listed}");
    let own = run(production.folder.path(), &["release", "export", "--to", "report"], &production.variables());
    assert_eq!(exit_code(&own), 1);
    assert!(stderr(&own).contains("expected one from staging"), "{}", stderr(&own));

    let staging = Staging::with_variables(&[KEY]).await;
    staging.proxy.set_fault(ProxyFault::None);
    assert_eq!(staging.verify().exit_code, 0);
    let file = staging.folder.path().join("report");
    staging.run_command(&["release", "export", "--to", file.to_str().unwrap()]);
    production.run_command(&["release", "import", file.to_str().unwrap()]);
    let result = verify_production(&[]);
    assert_read_only(&result);
    assert!(result.stderr.contains("is known-good: staging passed the same binary"), "{}", result.stderr);
    assert_eq!(release()["knownGood"], true);
    assert!(production.run_command(&["release", "list"]).contains("(staging passed the rest)"));
    let all = verify_production(&["--all"]);
    assert_eq!((all.exit_code, &all.report["missing"]), (0, &json!([])), "{:#}", all.report);
    assert_eq!(release()["knownGood"], true);
}

/// Copies the binary and appends a few bytes, so that its digest differs.
fn copy_with_other_digest(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("another");
    fs::copy(this_binary(), &path).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, b"another").unwrap();
    path
}

#[test]
fn a_rollback_refuses_a_binary_without_an_approval() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let without_requirement = production(&[("ATLAS_REQUIRE_VERIFIED", "false")]);
    let mut earlier = Command::new(copy_with_other_digest(folder));
    earlier.current_dir(folder).env_clear().envs(without_requirement.iter().copied());
    let server = Server::from_command(earlier, folder, &[]);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert_serves(folder, &without_requirement);
    let listed = run(folder, &["release", "list", "--json"], &without_requirement);
    let listed: Value = serde_json::from_str(&stdout(&listed)).unwrap();
    let earlier = listed["releases"][1]["id"].as_str().unwrap();
    let current = || fs::read_link(folder.join("data/production/releases/current")).unwrap();
    let initial = current();

    let rollback = ["rollback", "--code-only", "--to", earlier, "--confirm", "production"];
    for args in [&[&rollback[..], &["--dry-run"]].concat()[..], &rollback[..]] {
        assert_command_refused(folder, args, &production(&[]), "could not be started again");
    }
    assert_eq!(current(), initial, "nothing was changed");
    let done = run(folder, &rollback, &without_requirement);
    assert_eq!(exit_code(&done), 0, "{}", stderr(&done));
    assert_ne!(current(), initial);
}

#[test]
fn an_operator_who_lost_staging_serves_by_typing_the_name_and_the_audit_trail_records_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let variables = production(&[]);
    let wrong = assert_serve_refused(this_binary(), folder, &["--unverified", "staging"], &variables);
    assert!(wrong.contains("this is production"), "{wrong}");
    let refused = assert_serve_refused(this_binary(), folder, &[], &variables);
    assert!(refused.contains("atlas serve --env production --unverified production"), "{refused}");
    assert!(!folder.join("data").exists(), "nothing was created");
    for starts in 1..=2 {
        let server = Server::start_with(folder, &["--unverified", "production"], &variables);
        server.signal("TERM");
        assert_eq!(server.wait().0, Some(0));
        let file = folder.join("data/production/atlas.redb");
        let store = Store::open(&file, &"production".parse().unwrap(), Migrations::BUILT_IN).unwrap();
        let entries = store.read(|txn| txn.scan(schema::AUDIT.name(), &[], None, usize::MAX)).unwrap();
        let is_recorded = |value: &[u8]| String::from_utf8_lossy(value).contains("release.served_unverified");
        assert_eq!(entries.iter().filter(|(_, value)| is_recorded(value)).count(), starts);
    }
    assert_serve_refused(this_binary(), folder, &[], &variables);
}
