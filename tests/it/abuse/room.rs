//! The disk fills during each kind of an operator's writes: copies, manifests, exchanges, migrations. Each is whole or did not
//! happen, says so, and works with room.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::row;
use crate::cramped::run_with_files_up_to;
use crate::process::{Server, code, complaint, run, said};

pub const FILE: &str = "data/development/atlas.redb";

/// Copies a folder with everything in it; sockets and links are of no use in the copy.
pub fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copied(&path, &into);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(&path, &into).unwrap();
        }
    }
}

/// Files that were begun and not finished.
pub fn half_done(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            found.extend(half_done(&entry.path()));
        } else if name.starts_with('.') || name.contains(".new") || name.contains(".room") {
            found.push(entry.path());
        }
    }
    found
}

/// People and snapshots, as they can be listed.
fn listed(folder: &Path) -> [Value; 2] {
    ["user", "snapshot"].map(|noun| {
        let output = run(folder, &[noun, "list", "--json"], &[]);
        assert_eq!(code(&output), 0, "{}", complaint(&output));
        serde_json::from_str(&said(&output)).unwrap()
    })
}

/// Runs a command with room for files of many sizes. Where that is too little it says so, leaves everything as it was or as it
/// was to be, and works when there is room.
fn with_every_room(start: &Path, words: &[&str], look: impl Fn(&Path) -> Value) {
    let size = fs::metadata(start.join(FILE)).map_or(1 << 20, |file| file.len());
    let rooms = [0, 512, 4_096, 32 << 10, size / 4, size / 2, size - 4_096, size - 512, size, 4 * size];
    let whole = tempfile::tempdir().unwrap();
    copied(start, whole.path());
    let before = look(whole.path());
    let mut refused = 0;
    for room in rooms {
        let folder = tempfile::tempdir().unwrap();
        copied(start, folder.path());
        let output = run_with_files_up_to(folder.path(), room, words);
        let what = format!("{words:?} with files up to {room} of {size}: {}{}", said(&output), complaint(&output));
        assert!(!complaint(&output).contains("panicked"), "{what}");
        let found = look(folder.path());
        if code(&output) != 0 {
            refused += 1;
            assert!([1, 74].contains(&code(&output)) && !complaint(&output).is_empty(), "{what}");
            assert!(!complaint(&output).starts_with("atlas: File too large"), "it says of what: {what}");
            assert_eq!(found, before, "{what}");
            assert!(half_done(folder.path()).is_empty(), "{what}: {:?}", half_done(folder.path()));
            let again = run(folder.path(), words, &[]);
            assert_eq!(code(&again), 0, "with room again: {}", complaint(&again));
        }
    }
    assert!((1..rooms.len()).contains(&refused), "{words:?} was refused {refused} times");
    let tried = format!("files up to {} sizes; atlas {}", rooms.len(), words[..words.len().min(2)].join(" "));
    row("disk", &tried, &format!("{refused} refused, nothing half-done"));
}

/// A folder with people, a snapshot, and a change since.
pub fn planted() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    let taken = run(folder.path(), &["snapshot", "create", "--json"], &[]);
    let taken: Value = serde_json::from_str(&said(&taken)).unwrap();
    assert_eq!(code(&run(folder.path(), &["user", "disable", "ines@example.com"], &[])), 0);
    (folder, taken["id"].as_str().unwrap().to_owned())
}

#[test]
fn a_snapshot_with_its_manifest_is_whole_or_not_there() {
    let (folder, _) = planted();
    with_every_room(folder.path(), &["snapshot", "create"], |folder| json!(listed(folder)));
}

#[test]
fn a_rollback_is_whole_or_did_not_happen() {
    let (folder, id) = planted();
    with_every_room(folder.path(), &["rollback", "--to", &id], |folder| json!(listed(folder)));
}

#[test]
fn planting_is_whole_or_did_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    with_every_room(folder.path(), &["seed"], |folder| {
        json!(folder.join(FILE).exists().then(|| listed(folder)[0]["users"].as_array().unwrap().len()))
    });
}

#[test]
fn a_migration_is_whole_or_did_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("data/development")).unwrap();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old/schema-1.redb");
    fs::copy(old, folder.path().join(FILE)).unwrap();
    let status = |folder: &Path| {
        let output = run(folder, &["migrate", "status", "--json"], &[]);
        serde_json::from_str::<Value>(&said(&output)).unwrap()["schema"].clone()
    };
    with_every_room(folder.path(), &["migrate", "up"], status);
}

/// The schema of the data file, and who is in it as far as this binary can read that.
fn schema_and_people(folder: &Path) -> Value {
    let status = run(folder, &["migrate", "status", "--json"], &[]);
    let status: Value = serde_json::from_str(&said(&status)).unwrap();
    let people = run(folder, &["user", "list", "--json"], &[]);
    json!([status["schema"], (code(&people) == 0).then(|| said(&people))])
}

#[test]
fn a_way_down_is_whole_or_did_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    with_every_room(folder.path(), &["migrate", "down", "--to", "1"], schema_and_people);
    for room in [0, 32 << 10] {
        let output = run_with_files_up_to(folder.path(), room, &["migrate", "down", "--to", "1"]);
        let told = complaint(&output);
        assert_eq!((code(&output), told.lines().count()), (74, 1), "{told}");
        assert!(told.contains("development/snapshots") && told.contains("the data file is as it was"), "{told}");
    }
}

#[test]
fn keeping_a_release_is_written_down_or_did_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    let releases = |folder: &Path| -> Value {
        let output = run(folder, &["release", "list", "--json"], &[]);
        serde_json::from_str(&said(&output)).unwrap()
    };
    let before = releases(folder.path());
    let id = before["releases"][0]["id"].as_str().unwrap();
    let output = run_with_files_up_to(folder.path(), 0, &["release", "keep", id]);
    let told = complaint(&output);
    assert_eq!((code(&output), told.lines().count()), (74, 1), "{told}");
    assert!(told.contains("release.json") && told.contains("nothing was changed"), "{told}");
    assert_eq!(releases(folder.path()), before);
    assert!(half_done(folder.path()).is_empty(), "{:?}", half_done(folder.path()));
    assert_eq!(code(&run(folder.path(), &["user", "list"], &[])), 0, "the data file is usable");
    assert_eq!(code(&run(folder.path(), &["release", "keep", id], &[])), 0);
    assert_eq!(releases(folder.path())["releases"][0]["pinned"], true);
    row("disk", "files up to 0 bytes; atlas release keep", "refused, nothing half-done");
}

#[test]
fn an_identity_that_does_not_fit_is_told_and_left_the_next_time_and_keeps_nobody_from_the_data_file() {
    let folder = tempfile::tempdir().unwrap();
    // Names so long that the identity is longer than the one piece of a file that there is room for.
    let host = ["a", "b", "c"].map(|letter| letter.repeat(60)).join(".");
    let toml = format!(
        "[environment.development]\napp_url = \"http://{host}.example\"\nmail.from = \"atlas@{host}.example\"\n"
    );
    fs::write(folder.path().join("atlas.toml"), toml).unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    let identity = folder.path().join("data/development/identity.json");
    let whole = fs::read(&identity).unwrap();
    assert!(whole.len() > 512, "{}", whole.len());
    let before = said(&run(folder.path(), &["user", "list"], &[]));
    for lies_there in [None, Some("{}")] {
        let _ = fs::remove_file(&identity);
        if let Some(text) = lies_there {
            fs::write(&identity, text).unwrap();
        }
        let output = run_with_files_up_to(folder.path(), 512, &["user", "list"]);
        let told = complaint(&output);
        assert_eq!((code(&output), told.lines().count()), (0, 1), "{told}");
        assert!(told.contains("identity.json") && told.contains("File too large"), "{told}");
        assert_eq!(said(&output), before);
        assert_eq!(fs::read_to_string(&identity).ok().as_deref(), lies_there, "what was there stays");
        assert!(half_done(folder.path()).is_empty(), "{:?}", half_done(folder.path()));
        let again = run(folder.path(), &["user", "list"], &[]);
        assert_eq!((code(&again), said(&again), complaint(&again)), (0, before.clone(), String::new()));
        assert_eq!(fs::read(&identity).unwrap(), whole);
    }
    row("disk", "files up to 512 bytes; identity.json", "told, nothing half-done, left with room");
}
