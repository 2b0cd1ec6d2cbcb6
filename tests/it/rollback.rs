//! The way back: data, binary, or both; with the server running or not; undone by itself; killed at any step.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::crash::Client;
use crate::process::{Server, code, complaint, run, said};

const FILE: &str = "data/development/atlas.redb";

fn planted() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    folder
}

fn parsed(output: &Output) -> Value {
    assert_eq!(code(output), 0, "{}{}", said(output), complaint(output));
    serde_json::from_str(&said(output)).unwrap()
}

fn json(folder: &Path, words: &[&str]) -> Value {
    parsed(&run(folder, &[words, &["--json"]].concat(), &[]))
}

/// Whether somebody of the seeds is switched off: the change that a rollback takes back.
fn is_off(folder: &Path) -> bool {
    !json(folder, &["user", "show", "ines@example.com"])["disabledAt"].is_null()
}

fn switched_off(folder: &Path) {
    assert_eq!(code(&run(folder, &["user", "disable", "ines@example.com"], &[])), 0);
    assert!(is_off(folder));
}

fn snapshot(folder: &Path) -> String {
    json(folder, &["snapshot", "create"])["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_rollback_brings_the_data_back_and_is_undone_by_another_with_and_without_a_server() {
    let folder = planted();
    for served in [false, true] {
        let server = served.then(|| Server::start(folder.path()));
        let before = snapshot(folder.path());
        switched_off(folder.path());
        let plan = json(folder.path(), &["rollback", "--to", &before, "--dry-run"]);
        assert_eq!((&plan["dryRun"], &plan["snapshot"]["id"]), (&true.into(), &before.as_str().into()));
        assert_eq!(plan["lost"]["accounts"]["changed"], 1, "{plan}");
        assert!(plan["lost"].get("habits").is_none(), "{plan}");
        assert!(is_off(folder.path()), "a plan changes nothing");

        let done = json(folder.path(), &["rollback", "--to", &before]);
        assert!(!is_off(folder.path()));
        let safety = done["safety"]["id"].as_str().unwrap();
        assert_eq!(done["safety"]["proven"], true, "{done}");
        let undone = json(folder.path(), &["rollback", "--to", safety]);
        assert!(is_off(folder.path()), "{undone}");
        json(folder.path(), &["rollback", "--to", &before]);
        assert!(!is_off(folder.path()));
        drop(server);
    }
}

#[tokio::test]
async fn requests_that_come_while_the_data_are_swapped_wait_and_none_fails() {
    let folder = planted();
    let server = Server::start(folder.path());
    let client = Client::sign_in(&server).await;
    let habits = client.sends("GET", "/api/habits", "").await.unwrap().is(200).data();
    let habit = format!("/api/habits/{}", habits["habits"][0]["id"].as_str().unwrap());
    let before = snapshot(folder.path());
    let (path, over) = (folder.path().to_owned(), AtomicBool::new(false));
    let going_back = async {
        let back = move || {
            for _ in 0..5 {
                json(&path, &["rollback", "--to", &before]);
            }
        };
        tokio::task::spawn_blocking(back).await.unwrap();
        over.store(true, Ordering::Relaxed);
    };
    let asking = |method, path, body| {
        let (client, over) = (&client, &over);
        async move {
            let (mut answered, mut longest) = (0, Duration::ZERO);
            while !over.load(Ordering::Relaxed) {
                let asked = Instant::now();
                client.sends(method, path, body).await.expect("an answer").is(200);
                (answered, longest) = (answered + 1, longest.max(asked.elapsed()));
            }
            (answered, longest)
        }
    };
    let ((), health, reads, writes) = tokio::join!(
        going_back,
        asking("GET", "/api/health", ""),
        asking("GET", "/api/habits", ""),
        asking("PUT", &habit, r#"{"title":"Run along the canal"}"#),
    );
    for (what, (answered, longest)) in [("health", health), ("reads", reads), ("writes", writes)] {
        println!(
            "five rollbacks under a running server: {answered} {what}, none failed, {} ms at most",
            longest.as_millis()
        );
        assert!(answered > 5, "{what}");
    }
}

#[test]
fn a_file_that_no_longer_opens_is_replaced_and_kept() {
    let folder = planted();
    let before = snapshot(folder.path());
    let file = folder.path().join(FILE);
    let mut damaged = fs::read(&file).unwrap();
    damaged.truncate(5_000);
    fs::write(&file, &damaged).unwrap();
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 74);
    let done = json(folder.path(), &["rollback", "--to", &before]);
    assert_eq!(done["safety"]["proven"], false, "{done}");
    let kept = format!("data/development/snapshots/{}.redb", done["safety"]["id"].as_str().unwrap());
    assert_eq!(fs::read(folder.path().join(kept)).unwrap(), damaged);
    assert!(!is_off(folder.path()));

    fs::remove_file(&file).unwrap();
    json(folder.path(), &["rollback", "--to", &before]);
    assert!(!is_off(folder.path()), "a file that is gone comes back");
}

#[test]
fn what_cannot_be_gone_back_to_is_said_and_nothing_changes() {
    let folder = planted();
    let file = folder.path().join(FILE);
    let before = snapshot(folder.path());
    let bytes = fs::read(&file).unwrap();
    let cases: [(&[&str], &str); 4] = [
        (&[], "no release passed `atlas verify` yet"),
        (&["--to", "20260212T120000Z-03fa"], "there is no snapshot or release"),
        (&["--to", "../../etc/passwd"], "there is no release"),
        (&["--code-only"], "no release passed"),
    ];
    for (words, why) in cases {
        let output = run(folder.path(), &[&["rollback"], words].concat(), &[]);
        assert_eq!(code(&output), 1, "{words:?}");
        assert!(complaint(&output).contains(why), "{words:?}: {}", complaint(&output));
    }
    let typed = run(folder.path(), &["rollback", "--to", &before, "--confirm", "production"], &[]);
    assert_eq!(code(&typed), 1);
    assert!(complaint(&typed).contains("this is development"), "{}", complaint(&typed));
    assert!(fs::read(&file).unwrap() == bytes, "the data file was written to");
}

/// Runs in a process of its own: goes back and dies at the step of that number.
#[test]
fn a_process_that_dies_on_the_way() {
    let told = |name: &str| std::env::var_os(name).map(|value| value.into_string().unwrap());
    let Some(at) = told("ATLAS_TEST_DIES_AT") else { return };
    let (file, to) = (told("ATLAS_TEST_FILE").unwrap(), told("ATLAS_TEST_TO").unwrap());
    let environment = atlas::domain::Environment::development();
    let clock = atlas::app::clock::Clock::System;
    let checked = atlas::config::check(&atlas::config::Flags::default(), &std::collections::BTreeMap::new()).unwrap();
    let approvals = atlas::ops::approvals::Approvals::of(&checked.settings.unwrap());
    let place = atlas::ops::rollback::Place {
        data_file: Path::new(&file),
        environment: &environment,
        clock: &clock,
        elsewhere: None,
        approvals: &approvals,
        store: None,
    };
    let wanted = atlas::ops::rollback::Wanted { to: Some(to), code_only: false, dry_run: false };
    let (at, mut step): (usize, usize) = (at.parse().unwrap(), 0);
    let done = atlas::ops::rollback::go_back(&place, &wanted, &mut |_| {
        if step == at {
            std::process::abort();
        }
        step += 1;
    });
    assert!(done.is_ok());
}

#[test]
fn killed_at_any_step_the_file_is_the_old_one_or_the_new_one_and_nothing_is_lost() {
    let folder = planted();
    let before = snapshot(folder.path());
    let file = folder.path().join(FILE);
    let (mut old, mut new, mut step) = (0, 0, 0);
    loop {
        if !is_off(folder.path()) {
            switched_off(folder.path());
        }
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "rollback::a_process_that_dies_on_the_way"])
            .env("ATLAS_TEST_DIES_AT", step.to_string())
            .env("ATLAS_TEST_FILE", &file)
            .env("ATLAS_TEST_TO", &before)
            .output()
            .unwrap();
        if ended.status.success() {
            break;
        }
        step += 1;
        if is_off(folder.path()) {
            old += 1;
            continue;
        }
        new += 1;
        // What was there before is not lost: the copy without a manifest is proven, and leads back.
        let listed = json(folder.path(), &["snapshot", "list"]);
        let unproven = listed["unproven"].as_array().unwrap();
        if let Some(id) = unproven.first().and_then(Value::as_str) {
            json(folder.path(), &["snapshot", "verify", id]);
            json(folder.path(), &["rollback", "--to", id]);
            assert!(is_off(folder.path()));
        }
    }
    assert!(old >= 2 && new >= 1, "{old} {new}");
    assert!(!is_off(folder.path()), "the one that lived went all the way");
}

/// The binary of the next release. `cargo test` builds it with the rest, unless it was asked for this test alone.
pub fn next(folder: &Path, name: &str) -> PathBuf {
    static BUILT: std::sync::Once = std::sync::Once::new();
    BUILT.call_once(|| {
        let build = ["build", "--quiet", "--locked", "--offline", "--example", "next"];
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(build).current_dir(env!("CARGO_MANIFEST_DIR"));
        // What cargo tells tests of this package would tell it there that its dependencies were built for another.
        for (name, _) in std::env::vars_os() {
            let told = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
            if name.to_str().is_some_and(|name| told.iter().any(|prefix| name.starts_with(prefix))) {
                cargo.env_remove(name);
            }
        }
        assert!(cargo.status().unwrap().success());
    });
    let built = Path::new(env!("CARGO_BIN_EXE_atlas")).parent().unwrap().join("examples/next");
    // A link, for a copy could not be run while another story begins a process that still holds it open.
    let binary = folder.join(name);
    std::os::unix::fs::symlink(built, &binary).unwrap();
    binary
}

/// Runs a command of that binary to its end.
pub fn with(binary: &Path, folder: &Path, words: &[&str]) -> Output {
    Command::new(binary).args(words).current_dir(folder).env_clear().output().unwrap()
}

#[test]
fn an_older_binary_in_front_of_a_newer_file_names_the_command_and_the_snapshot_that_fit() {
    let folder = planted();
    let newer = next(folder.path(), "next");
    assert_eq!(code(&with(&newer, folder.path(), &["user", "list"])), 1, "it does not lead up on the side");
    let up = parsed(&with(&newer, folder.path(), &["migrate", "up", "--json"]));
    assert_eq!((&up["from"], &up["to"]), (&4.into(), &6.into()));
    let starred = with(&newer, folder.path(), &["user", "list"]);
    assert_eq!(code(&starred), 0, "{}", complaint(&starred));
    let refused = run(folder.path(), &["user", "list"], &[]);
    assert_eq!(code(&refused), 1);
    let complaint = complaint(&refused);
    let command = format!("atlas rollback --env development --to {}", up["snapshot"].as_str().unwrap());
    assert!(complaint.contains("has schema 6") && complaint.contains(&command), "{complaint}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(code(&run(folder.path(), &words, &[])), 0, "the command it names works");
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 0);
}

#[test]
fn a_newer_file_that_an_older_binary_may_open_is_opened_and_nothing_written_is_lost() {
    let folder = planted();
    let newer = next(folder.path(), "next-5");
    parsed(&with(&newer, folder.path(), &["migrate", "up", "--json"]));
    assert_eq!(parsed(&with(&newer, folder.path(), &["migrate", "status", "--json"]))["schema"], 5);
    switched_off(folder.path());
    let status = json(folder.path(), &["migrate", "status"]);
    assert_eq!((&status["schema"], &status["known"]), (&5.into(), &4.into()), "the file stays in schema 5");
    let shown = parsed(&with(&newer, folder.path(), &["user", "show", "ines@example.com", "--json"]));
    assert!(!shown["disabledAt"].is_null());
}

#[test]
fn going_down_counts_what_it_loses_and_asks_in_production_only() {
    let folder = planted();
    let down = run(folder.path(), &["migrate", "down", "--to", "2", "--json"], &[]);
    assert_eq!(code(&down), 0, "{}", complaint(&down));
    let answer: Value = serde_json::from_str(&said(&down)).unwrap();
    assert_eq!((&answer["from"], &answer["to"]), (&4.into(), &2.into()));
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 1, "this binary works with schema 4");
    let up = json(folder.path(), &["migrate", "up"]);
    assert_eq!((&up["from"], &up["to"]), (&2.into(), &4.into()));
    assert_eq!(json(folder.path(), &["migrate", "up"])["changed"], false);
    assert!(!is_off(folder.path()), "people came through");
    let server = Server::start(folder.path());
    let held = run(folder.path(), &["migrate", "down", "--to", "2"], &[]);
    assert_eq!(code(&held), 69, "{}", complaint(&held));
    drop(server);
}
