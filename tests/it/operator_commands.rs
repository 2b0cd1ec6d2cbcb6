//! Operator commands give the same answers with and without a running server.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::process::{Server, exit_code, run, stderr, stdout};

const SOCKET: &str = "data/development/atlas.redb.sock";

fn seeded_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    folder
}

/// Runs a sequence of commands and returns the exit code, standard output and standard error of each.
fn run_commands(folder: &Path) -> Vec<(Vec<&'static str>, i32, String, String)> {
    let commands: [&[&str]; 13] = [
        &["user", "list"],
        &["user", "list", "--search", "INES", "--json"],
        &["user", "list", "--limit", "1"],
        &["user", "show", "ines@example.com"],
        &["user", "disable", "Ines@Example.com"],
        &["user", "disable", "ines@example.com", "--json"],
        &["user", "enable", "ines@example.com"],
        &["user", "sign-out", "ines@example.com", "--json"],
        &["user", "show", "nobody@example.com"],
        &["user", "show", "nobody@example.com", "--json"],
        &["user", "disable", "0190c7a0-0000-7000-8000-000000000000"],
        &["user", "list", "--cursor", "nonsense"],
        &["user", "reset-2fa", "ines@example.com"],
    ];
    commands
        .into_iter()
        .map(|args| {
            let output = run(folder, args, &[]);
            (args.to_vec(), exit_code(&output), without_timestamps(&stdout(&output)), stderr(&output))
        })
        .collect()
}

/// Removes the time at which an account was disabled, which differs in each run.
fn without_timestamps(text: &str) -> String {
    text.lines().filter(|line| !line.contains("disabledAt")).collect::<Vec<_>>().join("\n")
}

#[test]
fn commands_answer_alike_with_and_without_a_running_server() {
    let folder = seeded_folder();
    let offline = run_commands(folder.path());
    let server = Server::start(folder.path());
    let online = run_commands(folder.path());
    for (offline, online) in offline.iter().zip(&online) {
        assert_eq!(offline, online);
    }
    let codes: Vec<i32> = offline.iter().map(|(_, code, ..)| *code).collect();
    assert_eq!(codes, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0]);
    assert!(offline[0].2.contains("ines@example.com"), "{}", offline[0].2);
    let found = run(folder.path(), &["user", "list", "--search", "INES", "--json"], &[]);
    let found: Value = serde_json::from_str(&stdout(&found)).unwrap();
    assert_eq!(
        (&found["environment"], &found["users"][0]["email"]),
        (&"development".into(), &"ines@example.com".into())
    );
    assert!(offline[4].2.contains("Disabled ines@example.com"));
    assert!(offline[8].3.contains("User not found"), "{}", offline[8].3);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert!(!folder.path().join(SOCKET).exists(), "the server removes its socket");
}

#[test]
fn the_socket_is_private_to_its_owner_and_a_stale_one_blocks_no_command() {
    let folder = seeded_folder();
    let socket = folder.path().join(SOCKET);
    let server = Server::start(folder.path());
    // The socket exists as soon as the first command is answered.
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 0);
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    server.signal("KILL");
    server.wait();
    assert!(socket.exists(), "a killed server leaves its socket behind");
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 0);
    let restarted = Server::start(folder.path());
    assert_eq!(exit_code(&run(folder.path(), &["user", "show", "ines@example.com"], &[])), 0);
    restarted.signal("TERM");
    restarted.wait();
    // A socket without a listener is ignored.
    drop(UnixListener::bind(&socket).unwrap());
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 0);
}

/// The body of a child process that runs as another user: it writes a command to the socket and receives no answer.
#[test]
fn child_process_of_another_user_gets_no_answer() {
    use std::io::{Read, Write};
    let Some(socket) = std::env::var_os("ATLAS_TEST_SOCKET") else { return };
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    let command = r#"{"noun":"user","verb":{"disable":{"who":"ines@example.com"}}}"#;
    // The server may close the connection before the whole line is written.
    let _ = writeln!(stream, "{command}");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert_eq!(answer, "");
}

fn run_child_as_nobody(folder: &Path) -> Output {
    for path in ["", "data", "data/development"] {
        fs::set_permissions(folder.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(folder.join(SOCKET), fs::Permissions::from_mode(0o666)).unwrap();
    // Other users may have no access to the build folder.
    let binary = folder.join("tests");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    // A process that another test has just forked may still hold the copy open for writing; it releases the file on
    // exec.
    while Command::new(&binary).arg("--list").stdout(Stdio::null()).status().is_err() {
        std::thread::yield_now();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary);
    command.args(["--exact", "operator_commands::child_process_of_another_user_gets_no_answer"]);
    command.env("ATLAS_TEST_SOCKET", folder.join(SOCKET));
    command.current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

/// Only root can run a process as another user. Without root, only the unit tests cover this rule.
#[test]
fn a_process_of_another_user_is_disconnected_even_if_the_socket_permissions_allow_it() {
    let folder = seeded_folder();
    let can_change_user = Command::new("setpriv").arg("--version").stdout(Stdio::null()).status().is_ok();
    if folder.path().metadata().unwrap().uid() != 0 || !can_change_user {
        return;
    }
    let server = Server::start(folder.path());
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 0);
    let child = run_child_as_nobody(folder.path());
    assert!(exit_code(&child) == 0 && stdout(&child).contains("1 passed"), "{}", stdout(&child));
    let shown = stdout(&run(folder.path(), &["user", "show", "ines@example.com", "--json"], &[]));
    assert!(shown.contains("\"disabledAt\": null"), "{shown}");
    server.signal("TERM");
    server.wait();
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("user 65534 may not send commands"), "{log}");
}

#[test]
fn malformed_commands_get_no_answer_and_do_not_stop_the_server() {
    use std::io::{Read, Write};
    let folder = seeded_folder();
    let _server = Server::start(folder.path());
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 0);
    for line in
        ["{}\n", "not json\n", "{\"environment\":\"development\",\"noun\":\"user\",\"verb\":{\"destroy\":{}}}\n"]
    {
        let mut stream = std::os::unix::net::UnixStream::connect(folder.path().join(SOCKET)).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "");
    }
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 0);
}

/// Sends a command to the server's socket and returns the lines of the answer.
fn send_command(folder: &Path, command: &str) -> impl Iterator<Item = Value> + use<> {
    use std::io::{BufRead, BufReader, Write};
    // The socket exists as soon as the first command is answered.
    assert_eq!(exit_code(&run(folder, &["user", "list"], &[])), 0);
    let mut stream = std::os::unix::net::UnixStream::connect(folder.join(SOCKET)).unwrap();
    stream.write_all(format!("{command}\n").as_bytes()).unwrap();
    BufReader::new(stream).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

#[test]
fn a_command_for_another_environment_is_refused() {
    let folder = seeded_folder();
    let _server = Server::start(folder.path());
    let command = r#"{"environment":"staging","noun":"user","verb":{"disable":{"who":"ines@example.com"}}}"#;
    let answers: Vec<Value> = send_command(folder.path(), command).collect();
    let why = answers[0]["refused"].as_str().unwrap();
    assert!(answers.len() == 1 && why.contains("serves “development”, and the command is for “staging”"), "{why}");
    let shown = stdout(&run(folder.path(), &["user", "show", "ines@example.com", "--json"], &[]));
    assert!(shown.contains("\"disabledAt\": null"), "{shown}");
}

#[test]
fn a_long_command_reports_its_progress() {
    let folder = seeded_folder();
    let _server = Server::start(folder.path());
    let command = r#"{"environment":"development","noun":"snapshot","verb":"create"}"#;
    let mut answers: Vec<Value> = send_command(folder.path(), command).collect();
    let done = answers.pop().unwrap();
    assert!(done["done"]["id"].is_string(), "{done}");
    let progress: Vec<&str> = answers.iter().filter_map(|line| line["working"].as_str()).collect();
    assert!(progress.len() > 1 && progress[0].starts_with("copied "), "{progress:?}");
    assert_eq!(progress.last(), Some(&"verifying the copy"));
}

#[test]
fn a_stopping_server_waits_for_the_running_command() {
    let folder = seeded_folder();
    let created = run(folder.path(), &["snapshot", "create", "--json"], &[]);
    let created: Value = serde_json::from_str(&stdout(&created)).unwrap();
    let id = created["id"].as_str().unwrap();
    // A pipe in place of the copy blocks its verification until the test writes to the pipe.
    let copy = folder.path().join(created["file"].as_str().unwrap());
    fs::remove_file(&copy).unwrap();
    assert!(Command::new("mkfifo").arg(&copy).status().unwrap().success());
    let server = Server::start(folder.path());
    let command = format!(r#"{{"environment":"development","noun":"snapshot","verb":{{"verify":{{"name":"{id}"}}}}}}"#);
    let mut answers = send_command(folder.path(), &command);
    assert_eq!(answers.next().unwrap()["working"], format!("verifying {id}"));
    server.signal("TERM");
    while folder.path().join(SOCKET).exists() {
        std::thread::yield_now();
    }
    drop(fs::OpenOptions::new().write(true).open(&copy).unwrap());
    let last = answers.last().unwrap();
    assert!(last["refused"].as_str().is_some_and(|why| why.contains("cannot be trusted")), "{last}");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn a_command_reaches_the_server_of_a_data_file_with_a_long_path() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a-folder-with-a-rather-long-name".repeat(3)).join("another-one".repeat(4));
    let variables = [("DATABASE_URL", deep.join("atlas.redb").to_str().unwrap().to_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let server = Server::start_with(folder.path(), &[], &variables);
    let listed = run(folder.path(), &["user", "list"], &variables);
    assert_eq!(exit_code(&listed), 0, "{}", stderr(&listed));
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert!(!deep.join("atlas.redb.sock").exists(), "the socket is removed");
}

#[test]
fn a_limit_of_the_system_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("a".repeat(250)).to_str().unwrap().to_owned();
    let refused = run(folder.path(), &["seed"], &[("DATABASE_URL", &long)]);
    assert_eq!(exit_code(&refused), 74, "{}", stderr(&refused));
    assert!(stderr(&refused).contains("shorter path"), "{}", stderr(&refused));
    let long = folder.path().join("b/".repeat(2_100)).join("atlas.redb").to_str().unwrap().to_owned();
    let refused = run(folder.path(), &["seed"], &[("DATABASE_URL", &long)]);
    assert_eq!(exit_code(&refused), 74, "{}", stderr(&refused));
    assert!(stderr(&refused).contains("File name too long"), "{}", stderr(&refused));
}

#[test]
fn too_low_a_limit_of_open_files_is_named_by_every_command_that_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    for (limit, args) in [(5, "user list"), (6, "user list"), (8, "snapshot create"), (12, "serve"), (14, "check")] {
        let mut shell = std::process::Command::new("sh");
        let script = format!("ulimit -n {limit}; exec \"$0\" {args}");
        let output = shell.args(["-c", &script, env!("CARGO_BIN_EXE_atlas")]).current_dir(folder.path()).output();
        let output = output.unwrap();
        assert_eq!(exit_code(&output), 74, "{args} with {limit}: {}", stderr(&output));
        assert!(stderr(&output).contains("`ulimit -n`"), "{args} with {limit}: {}", stderr(&output));
    }
}

#[test]
fn a_command_creates_no_missing_data_file() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["user", "list"], &[]);
    assert_eq!(exit_code(&refused), 74);
    assert!(!folder.path().join("data").exists());
    assert_eq!(exit_code(&run(folder.path(), &["user", "reset"], &[])), 2);
}
