//! A full disk during each operator command that writes: the command completes or changes nothing, reports the failure,
//! and works when there is space.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::print_row;
use crate::process::{Server, exit_code, run, stderr, stdout};
use crate::small_disk::run_with_file_size_limit;

pub const DATA_FILE: &str = "data/development/atlas.redb";

/// Copies a folder recursively, without sockets and symlinks.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The temporary files that an interrupted command would leave.
pub fn temporary_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            found.extend(temporary_files(&entry.path()));
        } else if name.starts_with('.') || name.contains(".new") || name.contains(".room") {
            found.push(entry.path());
        }
    }
    found
}

/// The output of `user list` and `snapshot list`.
fn users_and_snapshots(folder: &Path) -> [Value; 2] {
    ["user", "snapshot"].map(|noun| {
        let output = run(folder, &[noun, "list", "--json"], &[]);
        assert_eq!(exit_code(&output), 0, "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    })
}

/// Runs a command under many file size limits. Where the limit is too small, the command must report it, leave the
/// state that `inspect` returns unchanged, and succeed without a limit.
fn run_under_every_size_limit(start: &Path, args: &[&str], inspect: impl Fn(&Path) -> Value) {
    let size = fs::metadata(start.join(DATA_FILE)).map_or(1 << 20, |file| file.len());
    let limits = [0, 512, 4_096, 32 << 10, size / 4, size / 2, size - 4_096, size - 512, size, 4 * size];
    let original = tempfile::tempdir().unwrap();
    copy_folder(start, original.path());
    let before = inspect(original.path());
    let mut refused = 0;
    for limit in limits {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(start, folder.path());
        let output = run_with_file_size_limit(folder.path(), limit, args);
        let context = format!("{args:?} with files up to {limit} of {size}: {}{}", stdout(&output), stderr(&output));
        assert!(!stderr(&output).contains("panicked"), "{context}");
        let after = inspect(folder.path());
        if exit_code(&output) != 0 {
            refused += 1;
            assert!([1, 74].contains(&exit_code(&output)) && !stderr(&output).is_empty(), "{context}");
            assert!(!stderr(&output).starts_with("atlas: File too large"), "the error must name the file: {context}");
            assert_eq!(after, before, "{context}");
            assert!(temporary_files(folder.path()).is_empty(), "{context}: {:?}", temporary_files(folder.path()));
            let retry = run(folder.path(), args, &[]);
            assert_eq!(exit_code(&retry), 0, "without a limit: {}", stderr(&retry));
        }
    }
    assert!((1..limits.len()).contains(&refused), "{args:?} was refused {refused} times");
    let input = format!("{} file size limits; atlas {}", limits.len(), args[..args.len().min(2)].join(" "));
    print_row("disk", &input, &format!("{refused} refused without partial effects"));
}

/// A seeded folder with a snapshot and a later change, and the id of the snapshot.
pub fn seeded_folder_with_snapshot() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    let snapshot = run(folder.path(), &["snapshot", "create", "--json"], &[]);
    let snapshot: Value = serde_json::from_str(&stdout(&snapshot)).unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["user", "disable", "ines@example.com"], &[])), 0);
    (folder, snapshot["id"].as_str().unwrap().to_owned())
}

#[test]
fn snapshot_create_is_all_or_nothing() {
    let (folder, _) = seeded_folder_with_snapshot();
    run_under_every_size_limit(folder.path(), &["snapshot", "create"], |folder| json!(users_and_snapshots(folder)));
}

#[test]
fn rollback_is_all_or_nothing() {
    let (folder, id) = seeded_folder_with_snapshot();
    run_under_every_size_limit(folder.path(), &["rollback", "--to", &id], |folder| json!(users_and_snapshots(folder)));
}

#[test]
fn seed_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    run_under_every_size_limit(folder.path(), &["seed"], |folder| {
        json!(
            folder.join(DATA_FILE).exists().then(|| users_and_snapshots(folder)[0]["users"].as_array().unwrap().len())
        )
    });
}

#[test]
fn migrate_up_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("data/development")).unwrap();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old/schema-1.redb");
    fs::copy(old, folder.path().join(DATA_FILE)).unwrap();
    let status = |folder: &Path| {
        let output = run(folder, &["migrate", "status", "--json"], &[]);
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()["schema"].clone()
    };
    run_under_every_size_limit(folder.path(), &["migrate", "up"], status);
}

/// The schema of the data file, and its users if this binary can read that schema.
fn schema_and_users(folder: &Path) -> Value {
    let status = run(folder, &["migrate", "status", "--json"], &[]);
    let status: Value = serde_json::from_str(&stdout(&status)).unwrap();
    let users = run(folder, &["user", "list", "--json"], &[]);
    json!([status["schema"], (exit_code(&users) == 0).then(|| stdout(&users))])
}

#[test]
fn migrate_down_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    run_under_every_size_limit(folder.path(), &["migrate", "down", "--to", "1"], schema_and_users);
    for limit in [0, 32 << 10] {
        let output = run_with_file_size_limit(folder.path(), limit, &["migrate", "down", "--to", "1"]);
        let message = stderr(&output);
        let losses = message.lines().filter(|line| line.contains("migrating down to schema 1 loses")).count();
        assert_eq!((exit_code(&output), message.lines().count() - losses), (74, 1), "{message}");
        let last = message.lines().last().unwrap();
        assert!(last.contains("development/snapshots") && last.contains("the data file was not changed"), "{message}");
    }
}

#[test]
fn release_keep_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    let releases = |folder: &Path| -> Value {
        let output = run(folder, &["release", "list", "--json"], &[]);
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    let before = releases(folder.path());
    let id = before["releases"][0]["id"].as_str().unwrap();
    let output = run_with_file_size_limit(folder.path(), 0, &["release", "keep", id]);
    let message = stderr(&output);
    assert_eq!((exit_code(&output), message.lines().count()), (74, 1), "{message}");
    assert!(message.contains("release.json") && message.contains("nothing was changed"), "{message}");
    assert_eq!(releases(folder.path()), before);
    assert!(temporary_files(folder.path()).is_empty(), "{:?}", temporary_files(folder.path()));
    assert_eq!(exit_code(&run(folder.path(), &["user", "list"], &[])), 0, "the data file is usable");
    assert_eq!(exit_code(&run(folder.path(), &["release", "keep", id], &[])), 0);
    assert_eq!(releases(folder.path())["releases"][0]["pinned"], true);
    print_row("disk", "files up to 0 bytes; atlas release keep", "refused without partial effects");
}

#[test]
fn an_identity_file_that_does_not_fit_is_reported_and_written_next_time() {
    let folder = tempfile::tempdir().unwrap();
    // Host names so long that the identity file exceeds the limit of 512 bytes.
    let host = ["a", "b", "c"].map(|letter| letter.repeat(60)).join(".");
    let toml = format!(
        "[environment.development]\napp_url = \"http://{host}.example\"\nmail.from = \"atlas@{host}.example\"\n"
    );
    fs::write(folder.path().join("atlas.toml"), toml).unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    let identity = folder.path().join("data/development/identity.json");
    let complete = fs::read(&identity).unwrap();
    assert!(complete.len() > 512, "{}", complete.len());
    let before = stdout(&run(folder.path(), &["user", "list"], &[]));
    for existing in [None, Some("{}")] {
        let _ = fs::remove_file(&identity);
        if let Some(text) = existing {
            fs::write(&identity, text).unwrap();
        }
        let output = run_with_file_size_limit(folder.path(), 512, &["user", "list"]);
        let message = stderr(&output);
        assert_eq!((exit_code(&output), message.lines().count()), (0, 1), "{message}");
        assert!(message.contains("identity.json") && message.contains("File too large"), "{message}");
        assert_eq!(stdout(&output), before);
        assert_eq!(fs::read_to_string(&identity).ok().as_deref(), existing, "the existing file is unchanged");
        assert!(temporary_files(folder.path()).is_empty(), "{:?}", temporary_files(folder.path()));
        let retry = run(folder.path(), &["user", "list"], &[]);
        assert_eq!((exit_code(&retry), stdout(&retry), stderr(&retry)), (0, before.clone(), String::new()));
        assert_eq!(fs::read(&identity).unwrap(), complete);
    }
    print_row("disk", "files up to 512 bytes; identity.json", "reported, not partial, written with space");
}
