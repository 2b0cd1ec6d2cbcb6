//! Rollbacks of the data, the binary or both: with and without a running server, undone by another rollback, and killed
//! at any step.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use atlas::store::tables::schema::VERSION;
use serde_json::Value;

use crate::crash::Client;
use crate::process::{Server, exit_code, run, stderr, stdout};

const DATA_FILE: &str = "data/development/atlas.redb";

fn seeded_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    folder
}

fn parse(output: &Output) -> Value {
    assert_eq!(exit_code(output), 0, "{}{}", stdout(output), stderr(output));
    serde_json::from_str(&stdout(output)).unwrap()
}

fn run_json(folder: &Path, args: &[&str]) -> Value {
    parse(&run(folder, &[args, &["--json"]].concat(), &[]))
}

/// Whether the seeded user Ines is disabled, which is the change that the rollbacks undo.
fn is_disabled(folder: &Path) -> bool {
    !run_json(folder, &["user", "show", "ines@example.com"])["disabledAt"].is_null()
}

fn disable_user(folder: &Path) {
    assert_eq!(exit_code(&run(folder, &["user", "disable", "ines@example.com"], &[])), 0);
    assert!(is_disabled(folder));
}

fn create_snapshot(folder: &Path) -> String {
    run_json(folder, &["snapshot", "create"])["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_rollback_restores_the_data_and_can_be_undone_with_and_without_a_server() {
    let folder = seeded_folder();
    for is_served in [false, true] {
        let server = is_served.then(|| Server::start(folder.path()));
        let before = create_snapshot(folder.path());
        disable_user(folder.path());
        let plan = run_json(folder.path(), &["rollback", "--to", &before, "--dry-run"]);
        assert_eq!((&plan["dryRun"], &plan["snapshot"]["id"]), (&true.into(), &before.as_str().into()));
        assert_eq!(plan["lost"]["accounts"]["changed"], 1, "{plan}");
        assert!(plan["lost"].get("habits").is_none(), "{plan}");
        assert!(is_disabled(folder.path()), "a dry run changes nothing");

        let done = run_json(folder.path(), &["rollback", "--to", &before]);
        assert!(!is_disabled(folder.path()));
        let safety = done["safety"]["id"].as_str().unwrap();
        assert_eq!(done["safety"]["proven"], true, "{done}");
        let undone = run_json(folder.path(), &["rollback", "--to", safety]);
        assert!(is_disabled(folder.path()), "{undone}");
        run_json(folder.path(), &["rollback", "--to", &before]);
        assert!(!is_disabled(folder.path()));
        drop(server);
    }
}

#[tokio::test]
async fn requests_during_a_rollback_wait_and_none_fails() {
    let folder = seeded_folder();
    let server = Server::start(folder.path());
    let client = Client::sign_in(&server).await;
    let habits = client.send("GET", "/api/habits", "").await.unwrap().assert_status(200).data();
    let habit = format!("/api/habits/{}", habits["habits"][0]["id"].as_str().unwrap());
    let before = create_snapshot(folder.path());
    let (path, finished) = (folder.path().to_owned(), AtomicBool::new(false));
    let rolling_back = async {
        let roll_back = move || {
            for _ in 0..5 {
                run_json(&path, &["rollback", "--to", &before]);
            }
        };
        tokio::task::spawn_blocking(roll_back).await.unwrap();
        finished.store(true, Ordering::Relaxed);
    };
    let send_requests = |method, path, body| {
        let (client, finished) = (&client, &finished);
        async move {
            let (mut answered, mut longest) = (0, Duration::ZERO);
            while !finished.load(Ordering::Relaxed) {
                let started = Instant::now();
                client.send(method, path, body).await.expect("a response").assert_status(200);
                (answered, longest) = (answered + 1, longest.max(started.elapsed()));
            }
            (answered, longest)
        }
    };
    let ((), health, reads, writes) = tokio::join!(
        rolling_back,
        send_requests("GET", "/api/health", ""),
        send_requests("GET", "/api/habits", ""),
        send_requests("PUT", &habit, r#"{"title":"Run along the canal"}"#),
    );
    for (kind, (answered, longest)) in [("health", health), ("reads", reads), ("writes", writes)] {
        println!(
            "five rollbacks of a running server: {answered} {kind}, none failed, slowest {} ms",
            longest.as_millis()
        );
        assert!(answered > 5, "{kind}");
    }
}

#[test]
fn a_corrupt_data_file_is_replaced_and_kept_as_a_copy() {
    let folder = seeded_folder();
    let before = create_snapshot(folder.path());
    let file = folder.path().join(DATA_FILE);
    let mut damaged = fs::read(&file).unwrap();
    damaged.truncate(5_000);
    fs::write(&file, &damaged).unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 74);
    let done = run_json(folder.path(), &["rollback", "--to", &before]);
    assert_eq!(done["safety"]["proven"], false, "{done}");
    let backup = format!("data/development/snapshots/{}.redb", done["safety"]["id"].as_str().unwrap());
    assert_eq!(fs::read(folder.path().join(backup)).unwrap(), damaged);
    assert!(!is_disabled(folder.path()));

    // The corrupt file can't be restored, so no command that would is offered.
    fs::write(&file, &damaged).unwrap();
    let text = stdout(&run(folder.path(), &["rollback", "--to", &before], &[]));
    assert!(text.contains("which can't be restored") && !text.contains("to undo"), "{text}");

    fs::remove_file(&file).unwrap();
    run_json(folder.path(), &["rollback", "--to", &before]);
    assert!(!is_disabled(folder.path()), "a missing data file is restored");
}

#[test]
fn an_impossible_rollback_is_refused_with_the_reason_and_changes_nothing() {
    let folder = seeded_folder();
    let file = folder.path().join(DATA_FILE);
    let before = create_snapshot(folder.path());
    let bytes = fs::read(&file).unwrap();
    let cases: [(&[&str], &str); 4] = [
        (&[], "no release has passed `atlas verify` yet"),
        (&["--to", "20260212T120000Z-03fa"], "there is no snapshot or release"),
        (&["--to", "../../etc/passwd"], "names neither a snapshot nor a release"),
        (&["--code-only"], "name a release with --to"),
    ];
    for (args, reason) in cases {
        let output = run(folder.path(), &[&["rollback"], args].concat(), &[]);
        assert_eq!(exit_code(&output), 1, "{args:?}");
        assert!(stderr(&output).contains(reason), "{args:?}: {}", stderr(&output));
    }
    let confirmed = run(folder.path(), &["rollback", "--to", &before, "--confirm", "production"], &[]);
    assert_eq!(exit_code(&confirmed), 1);
    assert!(stderr(&confirmed).contains("this is development"), "{}", stderr(&confirmed));
    assert!(fs::read(&file).unwrap() == bytes, "the data file was written to");
}

/// The body of a child process: it starts a rollback and aborts at the given step.
#[test]
fn child_process_that_aborts_during_a_rollback() {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.into_string().unwrap());
    let Some(at) = variable("ATLAS_TEST_ABORT_AT") else { return };
    let (file, to) = (variable("ATLAS_TEST_FILE").unwrap(), variable("ATLAS_TEST_TO").unwrap());
    let environment = atlas::domain::Environment::development();
    let clock = atlas::app::clock::Clock::System;
    let checked = atlas::config::check(&atlas::config::Flags::default(), &std::collections::BTreeMap::new()).unwrap();
    let approvals = atlas::ops::approvals::Approvals::new(&checked.settings.unwrap());
    let target = atlas::ops::rollback::RollbackEnvironment {
        data_file: Path::new(&file),
        environment: &environment,
        migrations: atlas::store::migrations::Migrations::BUILT_IN,
        clock: &clock,
        offsite: None,
        approvals: &approvals,
        store: None,
    };
    let to = Some(to.parse().unwrap());
    let command = atlas::ops::protocol::RollbackCommand { to, code_only: false, dry_run: false };
    let (at, mut step): (usize, usize) = (at.parse().unwrap(), 0);
    let done = atlas::ops::rollback::rollback(&target, &command, &mut |_| {
        if step == at {
            std::process::abort();
        }
        step += 1;
    });
    assert!(done.is_ok());
}

#[test]
fn a_rollback_killed_at_any_step_leaves_the_old_or_the_new_data_and_loses_nothing() {
    let folder = seeded_folder();
    let before = create_snapshot(folder.path());
    let file = folder.path().join(DATA_FILE);
    let (mut old, mut new, mut step) = (0, 0, 0);
    loop {
        if !is_disabled(folder.path()) {
            disable_user(folder.path());
        }
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "rollback::child_process_that_aborts_during_a_rollback"])
            .env("ATLAS_TEST_ABORT_AT", step.to_string())
            .env("ATLAS_TEST_FILE", &file)
            .env("ATLAS_TEST_TO", &before)
            .output()
            .unwrap();
        if child.status.success() {
            break;
        }
        step += 1;
        // The next server finishes what was left: nothing without a manifest remains, and nothing unfinished.
        let server = Server::start(folder.path());
        let listed = loop {
            let listed = run_json(folder.path(), &["snapshot", "list"]);
            if listed["unproven"].as_array().unwrap().is_empty() {
                break listed;
            }
        };
        assert!(!file.with_extension("redb.incoming").exists(), "after step {step}");
        if is_disabled(folder.path()) {
            old += 1;
            continue;
        }
        new += 1;
        // The previous data is not lost: it became the safety snapshot, which undoes the rollback. It isn't always the first one of
        // the list: snapshots of one second are in no order.
        let snapshots = listed["snapshots"].as_array().unwrap();
        let safety = snapshots.iter().find(|snapshot| snapshot["reason"] == "before-rollback");
        let safety = safety.unwrap_or_else(|| panic!("after step {step}: {listed}"));
        run_json(folder.path(), &["rollback", "--to", safety["id"].as_str().unwrap()]);
        assert!(is_disabled(folder.path()));
        drop(server);
    }
    assert!(old >= 2 && new >= 1, "{old} {new}");
    assert!(!is_disabled(folder.path()), "the process that was not killed completes the rollback");
}

/// Links the binary of the next release into `folder`. `cargo test` builds that binary with the other targets; a run
/// that selects only this test target does not, so it is built here first.
pub fn link_next_release(folder: &Path, name: &str) -> PathBuf {
    static BUILT: std::sync::Once = std::sync::Once::new();
    BUILT.call_once(|| {
        let build = ["build", "--quiet", "--locked", "--offline", "--example", "next"];
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(build).current_dir(env!("CARGO_MANIFEST_DIR"));
        // The variables that cargo sets for tests would make the inner cargo rebuild the dependencies.
        for (name, _) in std::env::vars_os() {
            let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
            if name.to_str().is_some_and(|name| prefixes.iter().any(|prefix| name.starts_with(prefix))) {
                cargo.env_remove(name);
            }
        }
        assert!(cargo.status().unwrap().success());
    });
    let built = Path::new(env!("CARGO_BIN_EXE_atlas")).parent().unwrap().join("examples/next");
    // A link: a copy could not be executed while a process that another test has just forked still holds it open for
    // writing.
    let binary = folder.join(name);
    std::os::unix::fs::symlink(built, &binary).unwrap();
    binary
}

pub fn run_binary(binary: &Path, folder: &Path, args: &[&str]) -> Output {
    Command::new(binary).args(args).current_dir(folder).env_clear().output().unwrap()
}

#[test]
fn an_older_binary_refuses_a_newer_file_and_names_the_rollback_command_that_works() {
    let folder = seeded_folder();
    let newer = link_next_release(folder.path(), "next");
    assert_eq!(
        exit_code(&run_binary(&newer, folder.path(), &["user", "list"])),
        1,
        "only `migrate up` upgrades the file"
    );
    let up = parse(&run_binary(&newer, folder.path(), &["migrate", "up", "--json"]));
    assert_eq!((&up["from"], &up["to"]), (&VERSION.into(), &(VERSION + 2).into()));
    let listed = run_binary(&newer, folder.path(), &["user", "list"]);
    assert_eq!(exit_code(&listed), 0, "{}", stderr(&listed));
    let refused = run(folder.path(), &["user", "list"], &[]);
    assert_eq!(exit_code(&refused), 1);
    let stderr = stderr(&refused);
    let command = format!("atlas rollback --env development --to {}", up["snapshot"].as_str().unwrap());
    assert!(stderr.contains(&format!("has schema {}", VERSION + 2)) && stderr.contains(&command), "{stderr}");
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(exit_code(&run(folder.path(), &args, &[])), 0, "the suggested command works");
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 0);
}

#[test]
fn an_older_binary_opens_a_compatible_newer_file_and_its_writes_survive() {
    let folder = seeded_folder();
    let newer = link_next_release(folder.path(), "next-compatible");
    parse(&run_binary(&newer, folder.path(), &["migrate", "up", "--json"]));
    assert_eq!(parse(&run_binary(&newer, folder.path(), &["migrate", "status", "--json"]))["schema"], VERSION + 1);
    disable_user(folder.path());
    let status = run_json(folder.path(), &["migrate", "status"]);
    assert_eq!(
        (&status["schema"], &status["known"]),
        (&(VERSION + 1).into(), &VERSION.into()),
        "the file keeps its schema"
    );
    let shown = parse(&run_binary(&newer, folder.path(), &["user", "show", "ines@example.com", "--json"]));
    assert!(!shown["disabledAt"].is_null());
}

#[test]
fn a_downgrade_needs_no_confirmation_outside_production_and_is_refused_while_served() {
    let folder = seeded_folder();
    let down = run(folder.path(), &["migrate", "down", "--to", "2", "--json"], &[]);
    assert_eq!(exit_code(&down), 0, "{}", stderr(&down));
    let answer: Value = serde_json::from_str(&stdout(&down)).unwrap();
    assert_eq!((&answer["from"], &answer["to"]), (&VERSION.into(), &2.into()));
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 1, "this binary works with the newest schema");
    let up = run_json(folder.path(), &["migrate", "up"]);
    assert_eq!((&up["from"], &up["to"]), (&2.into(), &VERSION.into()));
    assert_eq!(run_json(folder.path(), &["migrate", "up"])["changed"], false);
    assert!(!is_disabled(folder.path()), "accounts survive the round trip");
    let server = Server::start(folder.path());
    let refused = run(folder.path(), &["migrate", "down", "--to", "2"], &[]);
    assert_eq!(exit_code(&refused), 69, "{}", stderr(&refused));
    drop(server);
}
