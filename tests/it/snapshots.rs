//! Snapshots are exact copies taken during writes, are verified before they are listed, and leave nothing behind when
//! they fail.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atlas::domain::{Environment, FileId};
use atlas::store::backup::verification;
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema::COUNTS;
use atlas::store::{Error, Reader, Store};
use jiff::Timestamp;
use serde_json::Value;

use crate::faults::long_tests_enabled;
use crate::process::{Server, atlas_command, exit_code, run, stderr, stdout};

fn open(path: &Path) -> Store {
    let identity = (FileId::generate(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    Store::open_or_create(path, &Environment::development(), Migrations::BUILT_IN, || identity).unwrap().store
}

/// Writes the next step of a chain in which every row follows from the previous one. The table also holds the number
/// and the sum of the last step.
async fn write_step(store: &Store) -> Result<(), Error> {
    store
        .write(|txn| {
            let number = txn.get(&COUNTS, &"number".to_owned())?.unwrap_or(0) + 1;
            let sum = txn.get(&COUNTS, &"sum".to_owned())?.unwrap_or(0).wrapping_mul(31).wrapping_add(number);
            txn.put(&COUNTS, &"number".to_owned(), &number);
            txn.put(&COUNTS, &"sum".to_owned(), &sum);
            // Rows spread over the table, so that pages are split and freed while the copy is made.
            txn.put(&COUNTS, &format!("row {:04}", number.wrapping_mul(7_919) % 2_000), &sum);
            Ok(())
        })
        .await
}

/// The expected sum after `steps` steps.
fn expected_sum(steps: u64) -> u64 {
    (1..=steps).fold(0, |sum: u64, number| sum.wrapping_mul(31).wrapping_add(number))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_exactly_one_commit_despite_concurrent_writes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("atlas.redb"));
    for _ in 0..200 {
        write_step(&store).await.unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (store, stop) = (store.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    write_step(&store).await.unwrap();
                }
            })
        })
        .collect();
    let copies = if long_tests_enabled() { 120 } else { 20 };
    let mut numbers = Vec::new();
    for number in 0..copies {
        let copy = folder.path().join(format!("copy-{number}.redb"));
        let (store, target) = (store.clone(), copy.clone());
        let rows = tokio::task::spawn_blocking(move || store.copy_to(&target, &mut |_, _| {})).await.unwrap().unwrap();
        let verified = verification::finalize(&copy, &Environment::development()).unwrap();
        assert_eq!(rows, verified.rows);
        let copied = open(&copy);
        let read = |key: &str| copied.read(|txn| txn.get(&COUNTS, &key.to_owned())).unwrap().unwrap();
        let steps = read("number");
        assert_eq!(read("sum"), expected_sum(steps), "every row follows from the previous one");
        assert_eq!(read(&format!("row {:04}", steps.wrapping_mul(7_919) % 2_000)), expected_sum(steps));
        numbers.push(steps);
        drop(copied);
        fs::remove_file(copy).unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let last = store.read(|txn| txn.get(&COUNTS, &"number".to_owned())).unwrap().unwrap();
    assert!(numbers.is_sorted() && numbers.first() < numbers.last() && numbers.last() <= Some(&last), "{numbers:?}");
}

#[test]
fn a_copy_is_aborted_when_its_data_file_is_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("atlas.redb"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(write_step(&store)).unwrap();
    let (reopened, mut is_first) = (store.clone(), true);
    let copied = store.copy_to(&folder.path().join("copy.redb"), &mut |_, _| {
        if std::mem::take(&mut is_first) {
            reopened.replace(|_| Ok(())).unwrap();
            runtime.block_on(write_step(&reopened)).unwrap();
        }
    });
    assert!(copied.unwrap_err().to_string().contains("was closed while it was copied"));
    store.copy_to(&folder.path().join("another.redb"), &mut |_, _| {}).unwrap();
}

fn seeded_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["seed"], &[])), 0);
    folder
}

fn run_json(folder: &Path, args: &[&str]) -> Value {
    let output = run(folder, &[args, &["--json"]].concat(), &[]);
    assert_eq!(exit_code(&output), 0, "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn snapshot_folder(folder: &Path) -> PathBuf {
    folder.join("data/development/snapshots")
}

#[test]
fn snapshots_can_be_created_listed_verified_and_removed_with_and_without_a_server() {
    let folder = seeded_folder();
    let mut server = None;
    for _ in 0..2 {
        let created = run_json(folder.path(), &["snapshot", "create"]);
        let id = created["id"].as_str().unwrap();
        assert_eq!((&created["reason"], &created["environment"]), (&"manual".into(), &"development".into()));
        assert!(created["rows"]["accounts"].as_u64().unwrap() > 1, "{created}");
        let copy = PathBuf::from(created["file"].as_str().unwrap());
        assert_eq!(fs::metadata(folder.path().join(&copy)).unwrap().len(), created["bytes"].as_u64().unwrap());
        let listed = run_json(folder.path(), &["snapshot", "list"]);
        assert_eq!(listed["snapshots"][0]["id"], created["id"]);
        assert_eq!(run_json(folder.path(), &["snapshot", "verify", id])["proven"][0]["digest"], created["digest"]);
        let text = run(folder.path(), &["snapshot", "list"], &[]);
        assert!(stdout(&text).contains(id), "{}", stdout(&text));
        let pruned = run_json(folder.path(), &["snapshot", "prune"]);
        assert_eq!(pruned["removed"], serde_json::json!([]), "manual snapshots are kept");
        assert_eq!(run_json(folder.path(), &["snapshot", "prune", id])["removed"][0], created["id"]);
        assert_eq!(run_json(folder.path(), &["snapshot", "list"])["snapshots"], serde_json::json!([]));
        let left = fs::read_dir(snapshot_folder(folder.path())).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(left.collect::<Vec<_>>(), ["owner.json"]);
        let missing = run(folder.path(), &["snapshot", "verify", id], &[]);
        assert_eq!(exit_code(&missing), 1);
        assert!(stderr(&missing).contains("there is no snapshot"), "{}", stderr(&missing));
        server.get_or_insert_with(|| Server::start(folder.path()));
    }
}

#[test]
fn a_changed_byte_anywhere_in_a_snapshot_is_detected() {
    let folder = seeded_folder();
    let created = run_json(folder.path(), &["snapshot", "create"]);
    let id = created["id"].as_str().unwrap();
    let copy = snapshot_folder(folder.path()).join(format!("{id}.redb"));
    let intact = fs::read(&copy).unwrap();
    let positions = if long_tests_enabled() { 97 } else { 9 };
    for position in 0..positions {
        let mut damaged = intact.clone();
        let at = (position * intact.len() / positions + 13) % intact.len();
        damaged[at] ^= 1 << (position % 8);
        fs::write(&copy, damaged).unwrap();
        let output = run(folder.path(), &["snapshot", "verify", id], &[]);
        assert_eq!(exit_code(&output), 1, "byte {at}");
        assert!(stderr(&output).contains("cannot be trusted"), "{}", stderr(&output));
        let rollback = run(folder.path(), &["rollback", "--to", id], &[]);
        assert_eq!(exit_code(&rollback), 1, "the rollback is refused: {}", stdout(&rollback));
    }
    fs::write(&copy, &intact).unwrap();
    assert_eq!(exit_code(&run(folder.path(), &["snapshot", "verify", id], &[])), 0);
}

#[test]
fn a_full_disk_fails_the_snapshot_and_nothing_else() {
    let folder = seeded_folder();
    let file = folder.path().join("data/development/atlas.redb");
    let size = fs::metadata(&file).unwrap().len();
    // The limit leaves the existing data file alone, but a copy of it would exceed the limit.
    let server = Server::start_with_file_size_limit(folder.path(), size / 2 / 512 * 512, &[]);
    let output = run(folder.path(), &["snapshot", "create"], &[]);
    assert_eq!(exit_code(&output), 74, "{}{}", stdout(&output), stderr(&output));
    let left = fs::read_dir(snapshot_folder(folder.path())).into_iter().flatten();
    let left = left.filter(|entry| !entry.as_ref().unwrap().path().ends_with("owner.json"));
    assert_eq!(left.count(), 0, "no partial snapshot is left");
    assert_eq!(
        run_json(folder.path(), &["user", "list"])["users"].as_array().unwrap().len(),
        4,
        "the server keeps running"
    );
    drop(server);
}

#[test]
fn a_snapshot_killed_half_way_is_not_listed_and_is_removed_by_the_next() {
    let folder = seeded_folder();
    let file = folder.path().join("data/development/atlas.redb");
    let before = run_json(folder.path(), &["user", "list"]);
    let partial_files = || {
        let names = fs::read_dir(snapshot_folder(folder.path())).into_iter().flatten();
        names.filter(|entry| entry.as_ref().unwrap().file_name().as_encoded_bytes().starts_with(b".")).count()
    };
    // A snapshot that finishes before the kill is complete, and the test tries again.
    let mut completed = 0;
    loop {
        let mut child =
            atlas_command(folder.path()).args(["snapshot", "create"]).stdout(Stdio::null()).spawn().unwrap();
        while partial_files() == 0 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        if child.wait().unwrap().code().is_none() && partial_files() > 0 {
            break;
        }
        completed += 1;
        assert!(completed < 50, "no snapshot was killed in time");
    }
    assert_eq!(run_json(folder.path(), &["snapshot", "list"])["snapshots"].as_array().unwrap().len(), completed);
    assert_eq!(run_json(folder.path(), &["user", "list"]), before, "the data file is unchanged");
    verification::verify(&file, &Environment::development()).unwrap();
    run_json(folder.path(), &["snapshot", "create"]);
    assert_eq!(partial_files(), 0);
}

#[test]
fn every_snapshot_is_verified_and_reported_even_if_others_are_corrupt_or_their_manifests_unreadable() {
    let folder = seeded_folder();
    let ids = [(); 3].map(|()| run_json(folder.path(), &["snapshot", "create"])["id"].as_str().unwrap().to_owned());
    let path = |id: &str, suffix: &str| snapshot_folder(folder.path()).join(format!("{id}.{suffix}"));
    let server = Server::start(folder.path());
    for id in [&ids[0], &ids[2]] {
        fs::OpenOptions::new().append(true).open(path(id, "redb")).unwrap().write_all(b"more").unwrap();
    }
    let verify = |args: &[&str]| run(folder.path(), &[&["snapshot", "verify"], args].concat(), &[]);
    let text = verify(&[]);
    assert_eq!(exit_code(&text), 1);
    assert!(stdout(&text).contains(&format!("Verified snapshot {}", ids[1])), "{}", stdout(&text));
    assert!(stdout(&text).ends_with("1 snapshot verified, 2 not\n"), "{}", stdout(&text));
    fs::write(path(&ids[2], "json"), "{").unwrap();
    drop(server);
    let json = verify(&["--json"]);
    assert_eq!(exit_code(&json), 1);
    let answer: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!((answer["proven"].as_array().unwrap().len(), &answer["proven"][0]["id"]), (1, &ids[1].as_str().into()));
    let failed: Vec<&str> =
        answer["failed"].as_array().unwrap().iter().map(|failed| failed["id"].as_str().unwrap()).collect();
    assert!(failed.len() == 2 && failed.contains(&ids[0].as_str()) && failed.contains(&ids[2].as_str()), "{answer}");
    // The worst of a corrupt and an unreadable snapshot.
    fs::remove_file(path(&ids[1], "redb")).unwrap();
    fs::create_dir(path(&ids[1], "redb")).unwrap();
    assert_eq!(exit_code(&verify(&[])), 74);
}

#[test]
fn snapshots_are_listed_and_verified_while_the_data_file_is_missing_or_corrupt() {
    let folder = seeded_folder();
    let id = run_json(folder.path(), &["snapshot", "create"])["id"].as_str().unwrap().to_owned();
    let file = folder.path().join("data/development/atlas.redb");
    let list = run_json(folder.path(), &["snapshot", "list"]);
    let break_file: [&dyn Fn(); 4] = [
        &|| fs::write(&file, "redb and then nothing of it").unwrap(),
        &|| fs::write(&file, "").unwrap(),
        &|| fs::remove_file(&file).unwrap(),
        // Its disk is not mounted.
        &|| std::os::unix::fs::symlink("not mounted/atlas.redb", &file).unwrap(),
    ];
    for break_it in break_file {
        break_it();
        assert_eq!(run_json(folder.path(), &["snapshot", "verify"])["proven"][0]["id"], id.as_str());
        assert_eq!(
            run_json(folder.path(), &["snapshot", "list"])["snapshots"][0]["digest"],
            list["snapshots"][0]["digest"]
        );
    }
}

#[test]
fn the_data_file_under_a_second_name_is_no_snapshot() {
    let folder = seeded_folder();
    let file = folder.path().join("data/development/atlas.redb");
    let id = run_json(folder.path(), &["snapshot", "create"])["id"].as_str().unwrap().to_owned();
    let copy = snapshot_folder(folder.path()).join(format!("{id}.redb"));
    fs::remove_file(&copy).unwrap();
    fs::remove_file(copy.with_extension("json")).unwrap();
    fs::hard_link(&file, &copy).unwrap();
    for args in [&["snapshot", "verify"][..], &["snapshot", "verify", &id]] {
        let output = run(folder.path(), args, &[]);
        assert_eq!(exit_code(&output), 1, "{}", stdout(&output));
        assert!(format!("{}{}", stdout(&output), stderr(&output)).contains("under a second name"), "{args:?}");
    }
    assert!(!copy.with_extension("json").exists(), "it gets no manifest");
    run_json(folder.path(), &["snapshot", "prune", &id]);
    assert!(!copy.exists() && file.exists());
}

#[test]
fn a_snapshot_from_before_a_reset_is_marked_and_its_rollback_is_refused_with_the_reason() {
    let folder = seeded_folder();
    let before = run_json(folder.path(), &["snapshot", "create"])["id"].as_str().unwrap().to_owned();
    assert_eq!(exit_code(&run(folder.path(), &["seed", "--reset"], &[])), 0);
    let after = run_json(folder.path(), &["snapshot", "create"])["id"].as_str().unwrap().to_owned();
    let refused = run(folder.path(), &["rollback", "--to", &before], &[]);
    assert_eq!(exit_code(&refused), 1);
    assert!(stderr(&refused).contains("was replaced by a new data file"), "{}", stderr(&refused));
    let list = stdout(&run(folder.path(), &["snapshot", "list"], &[]));
    let is_marked = |id: &str| list.lines().any(|line| line.contains(id) && line.contains("of another data file"));
    assert!(is_marked(&before) && !is_marked(&after), "{list}");
}
