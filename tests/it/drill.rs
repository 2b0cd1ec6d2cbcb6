//! The drill of the runbook, with real processes: a release that is known-good, an upgrade that changes the schema, damage,
//! and the way back to the old binary with the old data; and the way back of the binary alone.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use atlas::domain::release::Verification;
use atlas::store::releases::Folder;
use serde_json::{Value, json};

use crate::person::Person;
use crate::process::{Server, code, complaint, get, run, said};
use crate::rollback::{next, with};

const FILE: &str = "data/development/atlas.redb";
const CURRENT: &str = "data/development/releases/current";

fn planted() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    folder
}

/// What a binary answers to a command.
fn json_of(binary: &Path, folder: &Path, words: &[&str]) -> Value {
    let output = with(binary, folder, &[words, &["--json"]].concat());
    assert_eq!(code(&output), 0, "{words:?}: {}{}", said(&output), complaint(&output));
    serde_json::from_str(&said(&output)).unwrap()
}

fn atlas() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atlas"))
}

/// A server of that binary; where it is a link, of what it leads to.
fn serves(binary: &Path, folder: &Path) -> Server {
    let mut command = Command::new(binary);
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    Server::of(command, folder, &[])
}

fn stops(server: Server) {
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
}

/// Waits until the release that a server started with is written down, which it does beside serving.
fn recorded(folder: &Path, schema: u32) -> String {
    let deadline = Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let listed = json_of(atlas(), folder, &["release", "list"]);
        let newest = &listed["releases"][0];
        let id = newest["id"].as_str().unwrap_or("none").to_owned();
        let leads_there =
            listed["current"].as_str().is_some_and(|link| Path::new(link).iter().any(|part| *part == *id));
        if newest["schema"] == schema && !newest["binary"].is_null() && leads_there {
            return id;
        }
        assert!(Instant::now() < deadline, "{listed}");
        std::thread::yield_now();
    }
}

/// Makes the release that runs known-good, as a verification does that found nothing: with a snapshot, and its word.
fn known_good(folder: &Path) -> String {
    let taken = json_of(atlas(), folder, &["snapshot", "create"]);
    let releases = Folder::beside(&folder.join(FILE));
    let mut running = releases.list().unwrap().swap_remove(0);
    running.snapshot = Some(taken["id"].as_str().unwrap().parse().unwrap());
    running.verification = Some(Verification {
        at: taken["takenAt"].as_str().unwrap().parse().unwrap(),
        passed: true,
        ..Verification::default()
    });
    releases.write(&running).unwrap();
    let listed = json_of(atlas(), folder, &["release", "list"]);
    assert_eq!(listed["releases"][0]["rollbackGoesHere"], true, "{listed}");
    running.id().to_owned()
}

/// Ines of the seeds, signed in at a server.
async fn ines(server: &Server) -> Person {
    let ines = Person::at("ines", server.port);
    ines.tries_to_sign_in("plenty of quiet mornings").await.is(303).leads_to("/today");
    ines
}

async fn titles(person: &Person) -> Vec<String> {
    let habits = person.get("/api/habits").await.is(200).data()["habits"].take();
    habits.as_array().unwrap().iter().map(|habit| habit["title"].as_str().unwrap().to_owned()).collect()
}

/// Takes every habit away.
async fn damages(person: &Person) {
    let habits = person.get("/api/habits").await.is(200).data()["habits"].take();
    for habit in habits.as_array().unwrap() {
        person.asks("DELETE", &format!("/api/habits/{}", habit["id"].as_str().unwrap()), &[], b"").await.is(200);
    }
    assert_eq!(titles(person).await, [""; 0]);
}

/// The plan of a rollback, and what it then does.
fn goes_back(binary: &Path, folder: &Path, words: &[&str]) -> Value {
    let words = [&["rollback"], words].concat();
    let plan = json_of(binary, folder, &[&words[..], &["--dry-run"]].concat());
    let done = json_of(binary, folder, &words);
    assert_eq!(plan["release"]["id"], done["release"]["id"], "{plan} {done}");
    done
}

#[allow(clippy::print_stdout, reason = "shown with --nocapture")]
fn tell(what: &str, since: Instant) {
    println!("{what}: {:.1} s", since.elapsed().as_secs_f64());
}

#[tokio::test]
async fn an_upgrade_that_goes_wrong_is_taken_back_with_its_data_and_its_binary() {
    let folder = planted();
    let drill = Instant::now();
    let first = serves(atlas(), folder.path());
    recorded(folder.path(), 4);
    let good = known_good(folder.path());
    let before = titles(&ines(&first).await).await;
    assert!(before.len() > 3 && before.iter().all(|title| !title.ends_with(" *")), "{before:?}");
    stops(first);

    // The upgrade leads the data up by itself.
    let newer = next(folder.path(), "next");
    let second = serves(&newer, folder.path());
    let person = ines(&second).await;
    let starred: Vec<String> = before.iter().map(|title| format!("{title} *")).collect();
    assert_eq!(titles(&person).await, starred);
    let later = recorded(folder.path(), 6);
    assert_ne!(later, good);
    assert_eq!(fs::canonicalize(folder.path().join(CURRENT)).unwrap().parent().unwrap().file_name().unwrap(), &*later);
    damages(&person).await;

    let rollback = Instant::now();
    let done = goes_back(&newer, folder.path(), &[]);
    assert_eq!((&done["release"]["id"], &done["serverStops"]), (&json!(good), &json!(true)), "{done}");
    assert_eq!((&done["release"]["current"], &done["release"]["schema"]), (&json!(CURRENT), &json!(4)), "{done}");
    assert_eq!(done["safety"]["proven"], true, "{done}");
    assert_eq!(second.ends().0, Some(0), "it stops itself, so that a supervisor starts releases/current");
    let old = serves(&folder.path().join(CURRENT), folder.path());
    tell("rollback until the old binary serves", rollback);
    assert_eq!(titles(&ines(&old).await).await, before, "the old binary serves the old data");
    recorded(folder.path(), 4);

    // And back again: the data that were damaged, with the binary they belong to.
    let safety = done["safety"]["id"].as_str().unwrap();
    let undone = goes_back(atlas(), folder.path(), &["--to", safety]);
    assert_eq!((&undone["release"]["id"], &undone["serverStops"]), (&json!(later), &json!(true)), "{undone}");
    assert_eq!(old.ends().0, Some(0));
    let again = serves(&folder.path().join(CURRENT), folder.path());
    assert_eq!(titles(&ines(&again).await).await, [""; 0]);
    recorded(folder.path(), 6);
    tell("the whole drill", drill);
}

#[tokio::test]
async fn an_upgrade_whose_file_is_torn_is_taken_back_while_nothing_can_serve() {
    let folder = planted();
    let first = serves(atlas(), folder.path());
    recorded(folder.path(), 4);
    let good = known_good(folder.path());
    let before = titles(&ines(&first).await).await;
    stops(first);
    let newer = next(folder.path(), "next");
    let second = serves(&newer, folder.path());
    recorded(folder.path(), 6);
    stops(second);
    let file = folder.path().join(FILE);
    fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(5_000).unwrap();
    assert_eq!(code(&with(&newer, folder.path(), &["serve", "--listen", "127.0.0.1:0"])), 74);

    let done = goes_back(&newer, folder.path(), &[]);
    assert_eq!((&done["release"]["id"], &done["safety"]["proven"]), (&json!(good), &json!(false)), "{done}");
    let old = serves(&folder.path().join(CURRENT), folder.path());
    assert_eq!(titles(&ines(&old).await).await, before);
}

#[tokio::test]
async fn a_binary_goes_back_alone_where_it_reads_the_present_data_and_nothing_written_is_lost() {
    let folder = planted();
    let first = serves(atlas(), folder.path());
    recorded(folder.path(), 4);
    let good = known_good(folder.path());
    stops(first);
    let newer = next(folder.path(), "next-5");
    for served in [true, false] {
        let second = serves(&newer, folder.path());
        let title = format!("written by the next release, {served}");
        ines(&second).await.keeps(&title).await;
        let later = recorded(folder.path(), 5);
        assert_ne!(later, good);
        let second = if served {
            Some(second)
        } else {
            stops(second);
            None
        };
        let done = goes_back(&newer, folder.path(), &["--code-only"]);
        assert_eq!((&done["release"]["id"], &done["snapshot"]), (&json!(good), &Value::Null), "{done}");
        assert_eq!((&done["lost"], done.get("safety")), (&json!({}), None), "{done}");
        if let Some(second) = second {
            assert_eq!(done["serverStops"], true, "{done}");
            assert_eq!(second.ends().0, Some(0));
        }
        let old = serves(&folder.path().join(CURRENT), folder.path());
        assert!(titles(&ines(&old).await).await.contains(&title), "nothing is lost");
        recorded(folder.path(), 4);
        stops(old);
    }
    let far = next(folder.path(), "next");
    json_of(&far, folder.path(), &["migrate", "up"]);
    let refused = with(&far, folder.path(), &["rollback", "--to", &good, "--code-only"]);
    assert_eq!(code(&refused), 1, "{}", said(&refused));
    assert!(complaint(&refused).contains("which needs 6 or newer"), "{}", complaint(&refused));
}

/// The address that a server says in its log while it does not serve yet.
fn port_in(log: &Path) -> u16 {
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
fn whoever_asks_while_the_data_are_led_up_is_told_to_come_back_and_a_failure_leaves_them_as_they_were() {
    let folder = planted();
    let newer = next(folder.path(), "next");
    let file = fs::read(folder.path().join(FILE)).unwrap();
    // A pipe where the way is proved takes nothing until somebody reads from it: the server is on its way for so long.
    let snapshots = folder.path().join("data/development/snapshots");
    fs::create_dir_all(&snapshots).unwrap();
    let pipe = snapshots.join(".rehearsal.redb");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let log = folder.path().join("log");
    let mut server = Command::new(&newer)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let port = port_in(&log);
    for (path, kind, words) in [
        ("/api/health", "content-type: application/json", r#""code":"maintenance""#),
        ("/api/habits", "content-type: application/json", r#""ok":false"#),
        ("/today", "content-type: text/html", "<h1"),
        ("/", "content-type: text/html", "<h1"),
    ] {
        let answer = get(port, path);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
        assert!(answer.contains("retry-after: 5\r\n") && answer.contains(kind), "{path}: {answer}");
        assert!(answer.contains(words), "{path}: {answer}");
    }
    drop(fs::File::open(&pipe).unwrap());
    assert_eq!(server.wait().unwrap().code(), Some(74));
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("the data file stays as it was"), "{text}");
    assert!(fs::read(folder.path().join(FILE)).unwrap() == file);
    let server = serves(&newer, folder.path());
    assert!(get(server.port, "/api/health").starts_with("HTTP/1.1 200 "));
}
