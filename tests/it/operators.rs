//! Operators in a terminal: the same answers whether a server has the data file or nobody has.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::process::{Server, code, complaint, run, said};

const SOCKET: &str = "data/development/atlas.redb.sock";

fn planted() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    folder
}

/// Exit code, what was said and what was complained of, of each command in turn.
fn story(folder: &Path) -> Vec<(Vec<&'static str>, i32, String, String)> {
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
        .map(|words| {
            let output = run(folder, words, &[]);
            (words.to_vec(), code(&output), without_instants(&said(&output)), complaint(&output))
        })
        .collect()
}

/// The instant at which an account was switched off is another one each time.
fn without_instants(text: &str) -> String {
    text.lines().filter(|line| !line.contains("disabledAt")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_running_server_and_a_file_that_nobody_has_answer_alike() {
    let folder = planted();
    let alone = story(folder.path());
    let server = Server::start(folder.path());
    let served = story(folder.path());
    for (one, other) in alone.iter().zip(&served) {
        assert_eq!(one, other);
    }
    let codes: Vec<i32> = alone.iter().map(|(_, code, ..)| *code).collect();
    assert_eq!(codes, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0]);
    assert!(alone[0].2.contains("ines@example.com"), "{}", alone[0].2);
    let found = run(folder.path(), &["user", "list", "--search", "INES", "--json"], &[]);
    let found: Value = serde_json::from_str(&said(&found)).unwrap();
    assert_eq!(
        (&found["environment"], &found["users"][0]["email"]),
        (&"development".into(), &"ines@example.com".into())
    );
    assert!(alone[4].2.contains("ines@example.com is switched off"));
    assert!(alone[8].3.contains("There is no such person"), "{}", alone[8].3);
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    assert!(!folder.path().join(SOCKET).exists(), "the socket goes with its server");
}

#[test]
fn the_socket_is_for_its_owner_and_one_left_behind_hinders_nobody() {
    let folder = planted();
    let socket = folder.path().join(SOCKET);
    let server = Server::start(folder.path());
    // The file is there as soon as the first command is answered.
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 0);
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    server.signal("KILL");
    server.ends();
    assert!(socket.exists(), "a killed server cleans nothing up");
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 0);
    let again = Server::start(folder.path());
    assert_eq!(code(&run(folder.path(), &["user", "show", "ines@example.com"], &[])), 0);
    again.signal("TERM");
    again.ends();
    // Somebody's socket that nobody answers is as good as none.
    drop(UnixListener::bind(&socket).unwrap());
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 0);
}

/// Runs in a process of another user: says something at the socket and hears nothing.
#[test]
fn somebody_who_may_do_no_more_than_reach_the_socket() {
    use std::io::{Read, Write};
    let Some(socket) = std::env::var_os("ATLAS_TEST_SOCKET") else { return };
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    let order = r#"{"noun":"user","verb":{"disable":{"who":"ines@example.com"}}}"#;
    // It may hang up before all of it is written.
    let _ = writeln!(stream, "{order}");
    let mut heard = String::new();
    let _ = stream.read_to_string(&mut heard);
    assert_eq!(heard, "");
}

fn as_nobody(folder: &Path) -> Output {
    for open in ["", "data", "data/development"] {
        fs::set_permissions(folder.join(open), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(folder.join(SOCKET), fs::Permissions::from_mode(0o666)).unwrap();
    // Where the binary was built may be closed to others.
    let binary = folder.join("stories");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    // A process that another story just began may still hold the file as it was written; it lets go when it is itself.
    while Command::new(&binary).arg("--list").stdout(Stdio::null()).status().is_err() {
        std::thread::yield_now();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary);
    command.args(["--exact", "operators::somebody_who_may_do_no_more_than_reach_the_socket"]);
    command.env("ATLAS_TEST_SOCKET", folder.join(SOCKET));
    command.current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

/// Only where tests run as root can one become somebody else; elsewhere the rule is tested beside the code.
#[test]
fn another_users_process_is_hung_up_on_even_where_the_socket_was_opened_to_it() {
    let folder = planted();
    let can_change_user = Command::new("setpriv").arg("--version").stdout(Stdio::null()).status().is_ok();
    if folder.path().metadata().unwrap().uid() != 0 || !can_change_user {
        return;
    }
    let server = Server::start(folder.path());
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 0);
    let told = as_nobody(folder.path());
    assert!(code(&told) == 0 && said(&told).contains("1 passed"), "{}", said(&told));
    let shown = said(&run(folder.path(), &["user", "show", "ines@example.com", "--json"], &[]));
    assert!(shown.contains("\"disabledAt\": null"), "{shown}");
    server.signal("TERM");
    server.ends();
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("it came from user 65534, who may not speak here"), "{log}");
}

#[test]
fn what_is_no_order_is_not_answered_and_the_server_lives() {
    use std::io::{Read, Write};
    let folder = planted();
    let _server = Server::start(folder.path());
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 0);
    for line in
        ["{}\n", "not json\n", "{\"environment\":\"development\",\"noun\":\"user\",\"verb\":{\"destroy\":{}}}\n"]
    {
        let mut stream = std::os::unix::net::UnixStream::connect(folder.path().join(SOCKET)).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "");
    }
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 0);
}

/// Speaks to the server's socket as a command does, and answers the lines that come back.
fn sends(folder: &Path, order: &str) -> impl Iterator<Item = Value> + use<> {
    use std::io::{BufRead, BufReader, Write};
    // The file is there as soon as the first command is answered.
    assert_eq!(code(&run(folder, &["user", "list"], &[])), 0);
    let mut stream = std::os::unix::net::UnixStream::connect(folder.join(SOCKET)).unwrap();
    stream.write_all(format!("{order}\n").as_bytes()).unwrap();
    BufReader::new(stream).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

#[test]
fn an_order_for_another_environment_is_not_carried_out() {
    let folder = planted();
    let _server = Server::start(folder.path());
    let order = r#"{"environment":"staging","noun":"user","verb":{"disable":{"who":"ines@example.com"}}}"#;
    let answers: Vec<Value> = sends(folder.path(), order).collect();
    let why = answers[0]["refused"].as_str().unwrap();
    assert!(answers.len() == 1 && why.contains("serves “development”, and the command is for “staging”"), "{why}");
    let shown = said(&run(folder.path(), &["user", "show", "ines@example.com", "--json"], &[]));
    assert!(shown.contains("\"disabledAt\": null"), "{shown}");
}

#[test]
fn long_work_tells_what_it_has_reached() {
    let folder = planted();
    let _server = Server::start(folder.path());
    let order = r#"{"environment":"development","noun":"snapshot","verb":"create"}"#;
    let mut answers: Vec<Value> = sends(folder.path(), order).collect();
    let done = answers.pop().unwrap();
    assert!(done["done"]["id"].is_string(), "{done}");
    let reached: Vec<&str> = answers.iter().filter_map(|line| line["working"].as_str()).collect();
    assert!(reached.len() > 1 && reached[0].starts_with("copied "), "{reached:?}");
    assert_eq!(reached.last(), Some(&"looking through the copy"));
}

#[test]
fn a_server_that_stops_lets_a_command_come_to_its_end() {
    let folder = planted();
    let taken = run(folder.path(), &["snapshot", "create", "--json"], &[]);
    let taken: Value = serde_json::from_str(&said(&taken)).unwrap();
    let id = taken["id"].as_str().unwrap();
    // A pipe in place of the copy: proving it takes until somebody has written to it.
    let copy = folder.path().join(taken["file"].as_str().unwrap());
    fs::remove_file(&copy).unwrap();
    assert!(Command::new("mkfifo").arg(&copy).status().unwrap().success());
    let server = Server::start(folder.path());
    let order = format!(r#"{{"environment":"development","noun":"snapshot","verb":{{"verify":{{"name":"{id}"}}}}}}"#);
    let mut answers = sends(folder.path(), &order);
    assert_eq!(answers.next().unwrap()["working"], format!("proving {id}"));
    server.signal("TERM");
    while folder.path().join(SOCKET).exists() {
        std::thread::yield_now();
    }
    drop(fs::OpenOptions::new().write(true).open(&copy).unwrap());
    let last = answers.last().unwrap();
    assert!(last["refused"].as_str().is_some_and(|why| why.contains("not to be trusted")), "{last}");
    assert_eq!(server.ends().0, Some(0));
}

#[test]
fn a_verb_about_a_file_that_is_not_there_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["user", "list"], &[]);
    assert_eq!(code(&refused), 74);
    assert!(!folder.path().join("data").exists());
    assert_eq!(code(&run(folder.path(), &["user", "reset"], &[])), 2);
}
