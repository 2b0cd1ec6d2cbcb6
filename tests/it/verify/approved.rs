//! Staging's word on a binary: signed where it passed, carried to production, and asked for before production serves.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use atlas::config::{Flags, check};
use atlas::ops::approvals::Approvals;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::proxy::Lie;
use super::staging::{Checked, Staging};
use crate::ingest::Manner;
use crate::process::{Server, code, complaint, run, said};
use crate::rollback::next;

const KEY: (&str, &str) = ("ATLAS_VERIFICATION_KEY", "a key that staging and production share");

/// What production's processes are told.
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

/// A server of that binary must refuse to serve; answers its words.
fn is_refused(binary: &Path, folder: &Path, flags: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(binary);
    command.current_dir(folder).env_clear().envs(variables.iter().copied());
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(flags).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if !line.is_empty() {
        child.kill().unwrap();
    }
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!((child.wait().unwrap().code(), line.as_str()), (Some(1), ""), "{words}");
    words
}

fn this() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atlas"))
}

fn serves(folder: &Path, variables: &[(&str, &str)]) {
    let server = Server::start_with(folder, &[], variables);
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
}

/// A command of production that must be refused in these words.
#[track_caller]
fn refuses(folder: &Path, words: &[&str], variables: &[(&str, &str)], says: &str) {
    let refused = run(folder, words, variables);
    assert_eq!(code(&refused), 1, "{}{}", said(&refused), complaint(&refused));
    assert!(complaint(&refused).contains(says), "{}", complaint(&refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_serves_only_the_binary_that_staging_passed() {
    let staging = Staging::with(&[KEY]).await;
    staging.proxy.lies(Lie::No);
    let refused = run(staging.folder.path(), &["release", "export", "--to", "report"], &staging.variables());
    assert_eq!(code(&refused), 1);
    assert!(complaint(&refused).contains("was never verified"), "{}", complaint(&refused));
    assert_eq!(staging.verifies().exit, 0);
    let exported: Value =
        serde_json::from_str(&staging.atlas(&["release", "export", "--to", "report", "--json"])).unwrap();
    assert_eq!((&exported["report"]["kind"], &exported["environment"]), (&json!("staging"), &json!("staging")));
    assert_eq!(exported["report"]["items"].as_array().unwrap().len(), 14);

    // Another machine, to which the file was brought.
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let words = is_refused(this(), folder, &[], &production(&[]));
    for part in ["no report of staging lets it in", "is not there", "atlas release export", "atlas release import"] {
        assert!(words.contains(part), "{words}");
    }
    assert!(!folder.join("data").exists(), "nothing was made");
    let checked = run(folder, &["check"], &production(&[]));
    assert_eq!(code(&checked), 1, "{}", said(&checked));
    assert!(said(&checked).contains("no report of staging"), "{}", said(&checked));

    fs::copy(staging.folder.path().join("report"), folder.join("report")).unwrap();
    let text = fs::read_to_string(folder.join("report")).unwrap();
    assert!(!text.contains(KEY.1));
    let import = ["release", "import", "report"];
    let another = ("ATLAS_VERIFICATION_KEY", "another key of at least thirty-two letters");
    refuses(folder, &import, &production(&[another]), "its signature does not fit");
    refuses(folder, &import, &production(&[("ATLAS_VERIFIED_WITHIN", "1ms")]), "old; one of at most");
    for (from, to) in
        [("\"passed\"", "\"not-asked\""), ("\"schema\": ", "\"schema\": 1"), ("\"binary\": \"", "\"binary\": \"0")]
    {
        assert!(text.contains(from), "{text}");
        fs::write(folder.join("bent"), text.replacen(from, to, 1)).unwrap();
        refuses(folder, &["release", "import", "bent"], &production(&[]), "its signature does not fit");
    }
    fs::write(folder.join("bent"), "{}").unwrap();
    refuses(folder, &["release", "import", "bent"], &production(&[]), "is no report of a release");
    assert_eq!(code(&run(folder, &["release", "import", "nowhere"], &production(&[]))), 74);
    let keyless: Vec<_> = production(&[]).into_iter().filter(|(name, _)| *name != KEY.0).collect();
    assert_eq!(code(&run(folder, &import, &keyless)), 78);
    assert_eq!(code(&run(folder, &["serve"], &keyless)), 78, "required, and nothing to tell it by");
    assert!(!folder.join("data").exists(), "nothing was kept");

    let imported = run(folder, &import, &production(&[]));
    assert_eq!(code(&imported), 0, "{}", complaint(&imported));
    assert!(said(&imported).contains("staging passed release"), "{}", said(&imported));
    // The next release has not been to staging.
    let words = is_refused(&next(folder, "next"), folder, &[], &production(&[]));
    assert!(words.contains("only about other binaries"), "{words}");
    serves(folder, &production(&[]));
    serves(folder, &production(&[]));
    let words = is_refused(this(), folder, &[], &production(&[another]));
    assert!(words.contains("its signature does not fit"), "{words}");
    let words = is_refused(this(), folder, &[], &production(&[("ATLAS_VERIFIED_WITHIN", "1ms")]));
    assert!(words.contains("one of at most"), "{words}");
    // Whoever puts it in another binary's place by hand is told whose it is.
    let releases = folder.join("data/production/releases");
    let other = run(folder, &["version"], &[]);
    assert_eq!(code(&other), 0);
    let id = exported["id"].as_str().unwrap();
    let path = releases.join(id).join("approval.json");
    assert!(path.exists());
    let other = "0123456789ab".to_owned();
    fs::create_dir(releases.join(&other)).unwrap();
    fs::copy(&path, releases.join(&other).join("approval.json")).unwrap();
    let now = atlas::app::clock::Clock::System.now();
    let seen = approvals(folder).find(&format!("{other}{}", "0".repeat(52)), None, now).unwrap_err();
    assert!(seen[0].contains("it is about the binary"), "{seen:?}");
}

/// Where production of that folder looks.
fn approvals(folder: &Path) -> Approvals {
    let flags = Flags { config: Some(folder.join("atlas.toml")), ..Flags::default() };
    fs::write(folder.join("atlas.toml"), "").unwrap();
    let variables = production(&[]).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let checked = check(&flags, &variables).unwrap();
    Approvals::of(&checked.settings.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_both_are_on_one_machine_nothing_is_carried_and_what_was_let_in_starts_again() {
    let mut staging = Staging::with(&[KEY]).await;
    let folder = staging.folder.path().to_owned();
    let by_flag: Vec<_> = production(&[]).into_iter().filter(|(name, _)| *name != "ATLAS_REQUIRE_VERIFIED").collect();
    staging.proxy.lies(Lie::Drops("x-frame-options"));
    assert_eq!(staging.verifies().exit, 1);
    let export = ["release", "export", "--to", "report"];
    refuses(&folder, &export, &staging.variables(), "headers failed");
    is_refused(this(), &folder, &["--require-verified"], &by_flag);

    staging.proxy.lies(Lie::No);
    assert_eq!(staging.verifies().exit, 0);
    let digest = staging.atlas(&["release", "list", "--json"]);
    let digest = serde_json::from_str::<Value>(&digest).unwrap()["releases"][0]["digest"].as_str().unwrap().to_owned();
    let now = atlas::app::clock::Clock::System.now();
    let later = |days: i64| now.checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    assert!(approvals(&folder).find(&digest, None, later(6)).is_ok());
    let seen = approvals(&folder).find(&digest, None, later(8)).unwrap_err();
    assert!(seen.iter().any(|seen| seen.contains("data/staging") && seen.contains("8 d old")), "{seen:?}");

    let server = Server::start_with(&folder, &["--require-verified"], &by_flag);
    let kept = folder.join("data/production/releases").join(&digest[..12]).join("approval.json");
    while !kept.exists() {
        tokio::task::yield_now().await;
    }
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    // Staging goes on to fail, and is then gone: what serves already may start again, and be gone back to.
    staging.proxy.lies(Lie::Drops("x-frame-options"));
    assert_eq!(staging.verifies().exit, 1);
    assert!(!staging.home().join("releases").join(&digest[..12]).join("approval.json").exists(), "it is taken back");
    staging.stops();
    fs::remove_dir_all(staging.home()).unwrap();
    serves(&folder, &production(&[]));
    assert!(approvals(&folder).find(&digest, None, later(300)).is_ok(), "its age counts until it first served");
}

#[test]
fn only_production_can_ask_and_only_staging_can_tell() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for environment in ["development", "staging"] {
        let refused = run(folder, &["check", "--env", environment], &[("ATLAS_REQUIRE_VERIFIED", "true")]);
        assert_eq!(code(&refused), 78);
        assert!(said(&refused).contains("require_verified is for production alone"), "{}", said(&refused));
    }
    for (name, value, says) in [
        ("ATLAS_VERIFICATION_KEY", "short", "needs at least 32 characters"),
        (
            "ATLAS_VERIFICATION_KEY",
            "the secret of production, long enough to be one",
            "is the same as secret; one of its own",
        ),
        ("ATLAS_VERIFIED_WITHIN", "soon", "must be a time, as in 7d or 36h"),
        ("ATLAS_VERIFIED_WITHIN", "-1d", "must be a time, as in 7d or 36h"),
    ] {
        let checked = run(folder, &["check"], &production(&[(name, value)]));
        assert_eq!(code(&checked), 78, "{name}={value}: {}", said(&checked));
        assert!(said(&checked).contains(says), "{}", said(&checked));
    }
    serves(folder, &[KEY]);
    let import = ["release", "import", "report"];
    refuses(folder, &import, &[KEY], "asks for no reports");
    refuses(folder, &["release", "export", "--to", "report"], &[KEY], "was never verified");
    let server = Server::start_with(folder, &[], &[KEY]);
    let url = format!("http://localhost:{}", server.port);
    assert_eq!(code(&run(folder, &["verify", "--url", &url], &[KEY])), 0);
    refuses(folder, &["release", "export", "--to", "report"], &[KEY], "one of staging was expected");
    assert!(!folder.join("report").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_that_was_only_looked_at_is_known_good_where_staging_passed_the_same_binary() {
    let ingest = || Manner::Answers(200, Vec::new());
    let production = Staging::of("production", &[KEY], ingest()).await;
    let looks = |flags: &[&str]| {
        production.proxy.lies(Lie::No);
        production.verifies_with(&[&["--confirm", "production"], flags].concat(), &[])
    };
    let release = || {
        let listed: Value = serde_json::from_str(&production.atlas(&["release", "list", "--json"])).unwrap();
        listed["releases"][0].clone()
    };
    let is_only_looked_at = |checked: &Checked| {
        assert_eq!((checked.exit, &checked.report["passed"]), (0, &json!(true)), "{:#}", checked.report);
        assert_eq!(checked.report["missing"], json!(["sentry", "auth", "habits", "admin"]));
    };
    let looked = looks(&[]);
    is_only_looked_at(&looked);
    assert!(
        looked.complaint.contains("is not known-good: what was not looked at may be wrong"),
        "{}",
        looked.complaint
    );
    assert_eq!((&release()["knownGood"], &release()["snapshot"]), (&json!(false), &Value::Null));
    let listed = production.atlas(&["release", "list"]);
    assert!(listed.contains(" without sentry, auth, habits, admin"), "{listed}");
    let own = run(production.folder.path(), &["release", "export", "--to", "report"], &production.variables());
    assert_eq!(code(&own), 1);
    assert!(complaint(&own).contains("one of staging was expected"), "{}", complaint(&own));

    let staging = Staging::with(&[KEY]).await;
    staging.proxy.lies(Lie::No);
    assert_eq!(staging.verifies().exit, 0);
    let file = staging.folder.path().join("report");
    staging.atlas(&["release", "export", "--to", file.to_str().unwrap()]);
    production.atlas(&["release", "import", file.to_str().unwrap()]);
    let looked = looks(&[]);
    is_only_looked_at(&looked);
    assert!(looked.complaint.contains("is known-good: staging passed the same binary"), "{}", looked.complaint);
    assert_eq!(release()["knownGood"], true);
    assert!(production.atlas(&["release", "list"]).contains("(staging passed the rest)"));
    let all = looks(&["--all"]);
    assert_eq!((all.exit, &all.report["missing"]), (0, &json!([])), "{:#}", all.report);
    assert_eq!(release()["knownGood"], true);
}

/// The same binary with another digest.
fn another(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("another");
    fs::copy(this(), &path).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, b"another").unwrap();
    path
}

#[test]
fn a_rollback_leads_to_no_binary_that_would_not_be_let_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let before = production(&[("ATLAS_REQUIRE_VERIFIED", "false")]);
    let mut earlier = Command::new(another(folder));
    earlier.current_dir(folder).env_clear().envs(before.iter().copied());
    let server = Server::of(earlier, folder, &[]);
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    serves(folder, &before);
    let listed = run(folder, &["release", "list", "--json"], &before);
    let listed: Value = serde_json::from_str(&said(&listed)).unwrap();
    let earlier = listed["releases"][1]["id"].as_str().unwrap();
    let current = || fs::read_link(folder.join("data/production/releases/current")).unwrap();
    let leads = current();

    let back = ["rollback", "--code-only", "--to", earlier, "--confirm", "production"];
    for words in [&[&back[..], &["--dry-run"]].concat()[..], &back[..]] {
        refuses(folder, words, &production(&[]), "would not be let in again");
    }
    assert_eq!(current(), leads, "nothing was changed");
    let done = run(folder, &back, &before);
    assert_eq!(code(&done), 0, "{}", complaint(&done));
    assert_ne!(current(), leads);
}
