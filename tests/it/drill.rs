//! The runbook's rollback drill with real processes: a known-good release, an upgrade with a new schema, damaged data,
//! then a rollback of binary and data, or of the binary alone.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use atlas::domain::backup::release::Verification;
use atlas::store::backup::release_folder::ReleaseFolder;
use atlas::store::tables::schema::VERSION;
use serde_json::{Value, json};

use crate::faults::failing_syscalls::FAULT_LIBRARY;
use crate::process::{Server, exit_code, http_get, run, stderr, stdout};
use crate::rollback::{link_next_release, run_binary};
use crate::test_user::TestUser;

const DATA_FILE: &str = "data/development/atlas.redb";
const CURRENT_LINK: &str = "data/development/releases/current";

fn seeded_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    folder
}

/// Runs a command with `--json` and returns its output.
fn run_json(binary: &Path, folder: &Path, args: &[&str]) -> Value {
    let output = run_binary(binary, folder, &[args, &["--json"]].concat());
    assert_eq!(exit_code(&output), 0, "{args:?}: {}{}", stdout(&output), stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn atlas_binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atlas"))
}

/// Starts a server of that binary, which may be a symlink.
fn start_server(binary: &Path, folder: &Path) -> Server {
    let mut command = Command::new(binary);
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    Server::from_command(command, folder, &[])
}

fn stop_server(server: Server) {
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

/// Waits until the server has recorded its release, which it does in the background, and returns the release's id.
fn wait_for_release(folder: &Path, schema: u32) -> String {
    let deadline = Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let list = run_json(atlas_binary(), folder, &["release", "list"]);
        let newest = &list["releases"][0];
        let id = newest["id"].as_str().unwrap_or("none").to_owned();
        let is_linked = list["current"].as_str().is_some_and(|link| Path::new(link).iter().any(|part| *part == *id));
        if newest["schema"] == schema && !newest["binary"].is_null() && is_linked {
            return id;
        }
        assert!(Instant::now() < deadline, "{list}");
        std::thread::yield_now();
    }
}

/// Marks the running release as known-good, as a passed verification does, with a snapshot. Returns its id.
fn mark_known_good(folder: &Path) -> String {
    let snapshot = run_json(atlas_binary(), folder, &["snapshot", "create"]);
    let releases = ReleaseFolder::beside(&folder.join(DATA_FILE));
    let mut running = releases.list().unwrap().swap_remove(0);
    running.snapshot = Some(snapshot["id"].as_str().unwrap().parse().unwrap());
    running.verification = Some(Verification {
        at: snapshot["takenAt"].as_str().unwrap().parse().unwrap(),
        passed: true,
        ..Verification::default()
    });
    releases.write_record(&running).unwrap();
    let list = run_json(atlas_binary(), folder, &["release", "list"]);
    assert_eq!(list["releases"][0]["rollbackGoesHere"], true, "{list}");
    running.id().to_owned()
}

/// The seeded user Ines, signed in.
async fn sign_in_ines(server: &Server) -> TestUser {
    let ines = TestUser::on_port("ines", server.port);
    ines.try_sign_in("plenty of quiet mornings").await.assert_status(303).assert_redirects_to("/today");
    ines
}

async fn habit_titles(user: &TestUser) -> Vec<String> {
    let habits = user.get("/api/habits").await.assert_status(200).data()["habits"].take();
    habits.as_array().unwrap().iter().map(|habit| habit["title"].as_str().unwrap().to_owned()).collect()
}

async fn archive_all_habits(user: &TestUser) {
    let habits = user.get("/api/habits").await.assert_status(200).data()["habits"].take();
    for habit in habits.as_array().unwrap() {
        user.request("DELETE", &format!("/api/habits/{}", habit["id"].as_str().unwrap()), &[], b"")
            .await
            .assert_status(200);
    }
    assert_eq!(habit_titles(user).await, [""; 0]);
}

/// Plans a rollback, runs it, and returns its result.
fn roll_back(binary: &Path, folder: &Path, args: &[&str]) -> Value {
    let args = [&["rollback"], args].concat();
    let plan = run_json(binary, folder, &[&args[..], &["--dry-run"]].concat());
    let result = run_json(binary, folder, &args);
    assert_eq!(plan["release"]["id"], result["release"]["id"], "{plan} {result}");
    result
}

/// The same command typed again changes nothing and leads nowhere, certainly not back.
fn assert_no_second_rollback(binary: &Path, folder: &Path, known_good: &str) {
    let before = fs::read_link(folder.join(CURRENT_LINK)).unwrap();
    let refused = run_binary(binary, folder, &["rollback"]);
    assert_eq!(exit_code(&refused), 1, "{}", stdout(&refused));
    let reason = format!("went to release {known_good}, so there is nothing to go back to");
    assert!(stderr(&refused).contains(&reason), "{}", stderr(&refused));
    assert_eq!(fs::read_link(folder.join(CURRENT_LINK)).unwrap(), before);
}

#[allow(clippy::print_stdout, reason = "shown with --nocapture")]
fn print_elapsed(what: &str, since: Instant) {
    println!("{what}: {:.1} s", since.elapsed().as_secs_f64());
}

#[tokio::test]
async fn a_failed_upgrade_is_rolled_back_with_its_data_and_its_binary() {
    let folder = seeded_folder();
    let drill = Instant::now();
    let first = start_server(atlas_binary(), folder.path());
    wait_for_release(folder.path(), VERSION);
    let known_good = mark_known_good(folder.path());
    let before = habit_titles(&sign_in_ines(&first).await).await;
    assert!(before.len() > 3 && before.iter().all(|title| !title.ends_with(" *")), "{before:?}");
    stop_server(first);

    // The new release migrates the data when it starts.
    let newer = link_next_release(folder.path(), "next");
    let second = start_server(&newer, folder.path());
    let user = sign_in_ines(&second).await;
    let starred: Vec<String> = before.iter().map(|title| format!("{title} *")).collect();
    assert_eq!(habit_titles(&user).await, starred);
    let later = wait_for_release(folder.path(), VERSION + 2);
    assert_ne!(later, known_good);
    assert_eq!(
        fs::canonicalize(folder.path().join(CURRENT_LINK)).unwrap().parent().unwrap().file_name().unwrap(),
        &*later
    );
    archive_all_habits(&user).await;

    let rollback = Instant::now();
    let result = roll_back(&newer, folder.path(), &[]);
    assert_eq!((&result["release"]["id"], &result["serverStops"]), (&json!(known_good), &json!(true)), "{result}");
    assert_eq!(
        (&result["release"]["current"], &result["release"]["schema"]),
        (&json!(CURRENT_LINK), &json!(VERSION)),
        "{result}"
    );
    assert_eq!(result["safety"]["proven"], true, "{result}");
    assert_eq!(second.wait().0, Some(0), "the server stops, so that its supervisor starts releases/current");
    assert_no_second_rollback(&newer, folder.path(), &known_good);
    let old = start_server(&folder.path().join(CURRENT_LINK), folder.path());
    print_elapsed("from rollback until the old binary serves", rollback);
    assert_eq!(habit_titles(&sign_in_ines(&old).await).await, before, "the old binary serves the old data");
    wait_for_release(folder.path(), VERSION);
    assert_no_second_rollback(atlas_binary(), folder.path(), &known_good);

    // Undo the rollback: restore the damaged data with the binary that wrote them.
    let safety = result["safety"]["id"].as_str().unwrap();
    let undo = roll_back(atlas_binary(), folder.path(), &["--to", safety]);
    assert_eq!((&undo["release"]["id"], &undo["serverStops"]), (&json!(later), &json!(true)), "{undo}");
    assert_eq!(old.wait().0, Some(0));
    let newer_again = start_server(&folder.path().join(CURRENT_LINK), folder.path());
    assert_eq!(habit_titles(&sign_in_ines(&newer_again).await).await, [""; 0]);
    wait_for_release(folder.path(), VERSION + 2);
    print_elapsed("the whole drill", drill);
}

#[tokio::test]
async fn a_truncated_data_file_is_rolled_back_while_no_server_can_start() {
    let folder = seeded_folder();
    let first = start_server(atlas_binary(), folder.path());
    wait_for_release(folder.path(), VERSION);
    let known_good = mark_known_good(folder.path());
    let before = habit_titles(&sign_in_ines(&first).await).await;
    stop_server(first);
    let newer = link_next_release(folder.path(), "next");
    let second = start_server(&newer, folder.path());
    wait_for_release(folder.path(), VERSION + 2);
    stop_server(second);
    let file = folder.path().join(DATA_FILE);
    fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(5_000).unwrap();
    assert_eq!(exit_code(&run_binary(&newer, folder.path(), &["serve", "--listen", "127.0.0.1:0"])), 74);

    let result = roll_back(&newer, folder.path(), &[]);
    assert_eq!(
        (&result["release"]["id"], &result["safety"]["proven"]),
        (&json!(known_good), &json!(false)),
        "{result}"
    );
    let old = start_server(&folder.path().join(CURRENT_LINK), folder.path());
    assert_eq!(habit_titles(&sign_in_ines(&old).await).await, before);
}

#[tokio::test]
async fn a_code_only_rollback_keeps_data_that_the_old_binary_can_read() {
    let folder = seeded_folder();
    let first = start_server(atlas_binary(), folder.path());
    wait_for_release(folder.path(), VERSION);
    let known_good = mark_known_good(folder.path());
    stop_server(first);
    let newer = link_next_release(folder.path(), "next-compatible");
    for is_running in [true, false] {
        let second = start_server(&newer, folder.path());
        let title = format!("written by the next release, {is_running}");
        sign_in_ines(&second).await.create_habit(&title).await;
        let later = wait_for_release(folder.path(), VERSION + 1);
        assert_ne!(later, known_good);
        let second = if is_running {
            Some(second)
        } else {
            stop_server(second);
            None
        };
        let result = roll_back(&newer, folder.path(), &["--code-only"]);
        assert_eq!((&result["release"]["id"], &result["snapshot"]), (&json!(known_good), &Value::Null), "{result}");
        assert_eq!((&result["lost"], result.get("safety")), (&json!({}), None), "{result}");
        if let Some(second) = second {
            assert_eq!(result["serverStops"], true, "{result}");
            assert_eq!(second.wait().0, Some(0));
        }
        let old = start_server(&folder.path().join(CURRENT_LINK), folder.path());
        assert!(habit_titles(&sign_in_ines(&old).await).await.contains(&title), "nothing is lost");
        wait_for_release(folder.path(), VERSION);
        stop_server(old);
    }
    let newest = link_next_release(folder.path(), "next");
    run_json(&newest, folder.path(), &["migrate", "up"]);
    let refused = run_binary(&newest, folder.path(), &["rollback", "--to", &known_good, "--code-only"]);
    assert_eq!(exit_code(&refused), 1, "{}", stdout(&refused));
    assert!(stderr(&refused).contains(&format!("which needs {} or newer", VERSION + 2)), "{}", stderr(&refused));
}

/// The port that a server logs before it is ready.
fn wait_for_port(log: &Path) -> u16 {
    let deadline = Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let text = fs::read_to_string(log).unwrap();
        let port = text.split_once(r#""address":"127.0.0.1:"#).and_then(|(_, rest)| rest.split_once('"'));
        if let Some((port, _)) = port {
            return port.parse().unwrap();
        }
        assert!(Instant::now() < deadline, "{text}");
        std::thread::yield_now();
    }
}

#[test]
fn requests_during_a_migration_get_503_and_a_failed_migration_leaves_the_data_unchanged() {
    let folder = seeded_folder();
    let newer = link_next_release(folder.path(), "next");
    let file = fs::read(folder.path().join(DATA_FILE)).unwrap();
    // The migration cannot create the rehearsal copy, which it notices only once the pipe is opened for writing.
    let pipe = folder.path().join("hold");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let log = folder.path().join("log");
    let mut server = Command::new(&newer)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_clear()
        .env("LD_PRELOAD", &*FAULT_LIBRARY)
        .env("FAULT_DIR", fs::canonicalize(folder.path()).unwrap().join("data/development/snapshots/.rehearsal.redb"))
        .envs([("FAULT_CALL", "open"), ("FAULT_NTH", "1"), ("FAULT_ERRNO", "28")])
        .env("FAULT_HOLD", &pipe)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let port = wait_for_port(&log);
    for (path, content_type, text) in [
        ("/api/health", "content-type: application/json", r#""code":"maintenance""#),
        ("/api/habits", "content-type: application/json", r#""ok":false"#),
        ("/today", "content-type: text/html", "<h1"),
        ("/", "content-type: text/html", "<h1"),
    ] {
        let response = http_get(port, path);
        assert!(response.starts_with("HTTP/1.1 503 "), "{path}: {response}");
        assert!(response.contains("retry-after: 5\r\n") && response.contains(content_type), "{path}: {response}");
        assert!(response.contains(text), "{path}: {response}");
    }
    drop(fs::File::options().write(true).open(&pipe).unwrap());
    assert_eq!(server.wait().unwrap().code(), Some(74));
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("the data file was not changed"), "{text}");
    assert!(fs::read(folder.path().join(DATA_FILE)).unwrap() == file);
    let server = start_server(&newer, folder.path());
    assert!(http_get(server.port, "/api/health").starts_with("HTTP/1.1 200 "));
}
