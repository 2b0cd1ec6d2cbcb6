//! Opening data files: valid, foreign, newer, damaged and missing ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use atlas::domain::{Environment, FileId};
use atlas::store::migrations::Migrations;
use atlas::store::{OpenError, Store};
use jiff::Timestamp;

fn environment(name: &str) -> Environment {
    name.parse().unwrap()
}

fn open_or_create(path: &Path, name: &str) -> Result<Store, OpenError> {
    let identity = (FileId::generate(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    Store::open_or_create(path, &environment(name), Migrations::BUILT_IN, || identity).map(|opened| opened.store)
}

/// A closed data file of staging.
fn staging_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/staging/atlas.redb");
    drop(open_or_create(&path, "staging").unwrap());
    (folder, path)
}

#[test]
fn a_new_file_is_stamped_and_readable_only_by_its_owner() {
    let (_folder, path) = staging_file();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    let store = Store::open(&path, &environment("staging"), Migrations::BUILT_IN).unwrap();
    assert_eq!(store.stamp().environment, environment("staging"));
    assert!(store.stamp().lineage.is_empty());
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["atlas.redb"], "no temporary files are left");
}

#[test]
fn a_file_is_refused_to_every_other_environment_and_stays_unchanged() {
    let (_folder, path) = staging_file();
    let before = fs::read(&path).unwrap();
    for other in ["production", "development", "preview/staging"] {
        for result in [
            Store::open(&path, &environment(other), Migrations::BUILT_IN).map(drop),
            open_or_create(&path, other).map(drop),
        ] {
            let error = result.unwrap_err();
            assert!(matches!(&error, OpenError::OtherEnvironment { .. }), "{error}");
            let text = error.to_string();
            assert!(text.contains("“staging”") && text.contains(other) && text.contains("--env staging"), "{text}");
        }
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_second_open_is_refused_with_the_holders_pid() {
    let (_folder, path) = staging_file();
    let _holder = Store::open(&path, &environment("staging"), Migrations::BUILT_IN).unwrap();
    fs::write(path.with_file_name("atlas.redb.pid"), format!("{}\n", std::process::id())).unwrap();
    let error = Store::open(&path, &environment("staging"), Migrations::BUILT_IN).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Locked { pid: Some(_), .. }), "{error}");
}

#[test]
fn a_dangling_symlink_is_not_replaced_by_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.redb");
    std::os::unix::fs::symlink(folder.path().join("not-mounted/atlas.redb"), &path).unwrap();
    let error = open_or_create(&path, "staging").map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }) && error.to_string().contains("points nowhere"), "{error}");
    assert!(path.is_symlink());
}

#[test]
fn a_data_file_of_any_name_has_its_pid_file_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["atlas.pid", "atlas.a", "atlas"] {
        let path = folder.path().join(name);
        let store = open_or_create(&path, "staging").unwrap();
        drop(atlas::store::PidFile::create(&path));
        drop(store);
        assert!(Store::open(&path, &environment("staging"), Migrations::BUILT_IN).is_ok(), "{name}");
    }
}

#[test]
fn a_file_that_is_not_a_database_is_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.redb");
    for content in [&b""[..], b"re", b"not a database at all, but long enough to look at", b"SQLite format 3\0"] {
        fs::write(&path, content).unwrap();
        let error = open_or_create(&path, "staging").map(drop).unwrap_err();
        assert!(matches!(error, OpenError::NotADataFile { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    assert!(matches!(
        Store::open(&folder.path().join("none"), &environment("staging"), Migrations::BUILT_IN).map(drop),
        Err(OpenError::Missing { .. })
    ));
}

#[test]
fn another_programs_redb_file_is_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.redb");
    let table: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("theirs");
    let database = redb::Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert("a", 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let before = fs::read(&path).unwrap();
    let error = open_or_create(&path, "staging").map(drop).unwrap_err();
    assert!(matches!(error, OpenError::NotADataFile { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_with_a_newer_schema_is_refused() {
    let (_folder, path) = staging_file();
    let database = redb::Database::open(&path).unwrap();
    let table: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("schema");
    let transaction = database.begin_write().unwrap();
    {
        let mut rows = transaction.open_table(table).unwrap();
        rows.insert(&b"atlas"[..], &b"\x01999"[..]).unwrap();
        // A newer schema may not store a checksum next to its version.
        rows.remove(&b"sum"[..]).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);
    let error = Store::open(&path, &environment("staging"), Migrations::BUILT_IN).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 999, .. }), "{error}");
    assert!(error.to_string().contains("newer binary"));
}

#[test]
fn a_corrupt_or_truncated_file_is_an_error_and_not_a_crash() {
    let (_folder, path) = staging_file();
    let intact = fs::read(&path).unwrap();
    for length in [4, 100, 4_096, intact.len() / 2, intact.len() - 1] {
        fs::write(&path, &intact[..length]).unwrap();
        assert!(Store::open(&path, &environment("staging"), Migrations::BUILT_IN).is_err(), "truncated to {length}");
    }
    let mut corrupt = intact.clone();
    corrupt[512..].fill(0xa5);
    fs::write(&path, &corrupt).unwrap();
    assert!(Store::open(&path, &environment("staging"), Migrations::BUILT_IN).is_err());
}

#[test]
fn a_folder_that_cannot_be_created_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("blocked");
    fs::write(&blocked, "a file where a folder should be").unwrap();
    let error = open_or_create(&blocked.join("staging/atlas.redb"), "staging").map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }) && error.to_string().contains("blocked"), "{error}");
}
