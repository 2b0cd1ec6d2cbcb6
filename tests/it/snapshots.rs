//! Snapshots: exact while people go on writing, proven before they count, and nothing left of those that failed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atlas::domain::{Environment, FileId};
use atlas::store::schema::COUNTS;
use atlas::store::{Error, Read, Store, snapshot};
use jiff::Timestamp;
use serde_json::Value;

use crate::process::{Server, atlas, code, complaint, run, said};

fn long() -> bool {
    std::env::var_os("ATLAS_TESTS").is_some_and(|which| which == "long")
}

fn opened(path: &Path) -> Store {
    let born = (FileId::mint(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    Store::open_or_create(path, &Environment::development(), || born).unwrap().store
}

/// One more step of a chain in which every row follows from the one before, with the last one's number and sum beside it.
async fn step(store: &Store) -> Result<(), Error> {
    store
        .write(|draft| {
            let number = draft.get(&COUNTS, &"number".to_owned())?.unwrap_or(0) + 1;
            let sum = draft.get(&COUNTS, &"sum".to_owned())?.unwrap_or(0).wrapping_mul(31).wrapping_add(number);
            draft.put(&COUNTS, &"number".to_owned(), &number);
            draft.put(&COUNTS, &"sum".to_owned(), &sum);
            // Rows all over the table, so that pages are split and freed while the copy is made.
            draft.put(&COUNTS, &format!("row {:04}", number.wrapping_mul(7_919) % 2_000), &sum);
            Ok(())
        })
        .await
}

/// The sum that belongs to a number of steps.
fn sum_of(steps: u64) -> u64 {
    (1..=steps).fold(0, |sum: u64, number| sum.wrapping_mul(31).wrapping_add(number))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_exactly_one_commit_however_much_is_written_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(&folder.path().join("atlas.redb"));
    for _ in 0..200 {
        step(&store).await.unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (store, stop) = (store.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    step(&store).await.unwrap();
                }
            })
        })
        .collect();
    let tries = if long() { 120 } else { 20 };
    let mut numbers = Vec::new();
    for number in 0..tries {
        let copy = folder.path().join(format!("copy-{number}.redb"));
        let (store, target) = (store.clone(), copy.clone());
        let rows = tokio::task::spawn_blocking(move || store.copy_to(&target, &mut |_, _| {})).await.unwrap().unwrap();
        let proof = snapshot::settle(&copy, &Environment::development()).unwrap();
        assert_eq!(rows, proof.rows);
        let copied = opened(&copy);
        let count = |key: &str| copied.read(|view| view.get(&COUNTS, &key.to_owned())).unwrap().unwrap();
        let steps = count("number");
        assert_eq!(count("sum"), sum_of(steps), "every row follows from the one before");
        assert_eq!(count(&format!("row {:04}", steps.wrapping_mul(7_919) % 2_000)), sum_of(steps));
        numbers.push(steps);
        drop(copied);
        fs::remove_file(copy).unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let last = store.read(|view| view.get(&COUNTS, &"number".to_owned())).unwrap().unwrap();
    assert!(numbers.is_sorted() && numbers.first() < numbers.last() && numbers.last() <= Some(&last), "{numbers:?}");
}

#[test]
fn a_copy_whose_file_is_opened_again_meanwhile_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(&folder.path().join("atlas.redb"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(step(&store)).unwrap();
    let (again, mut once) = (store.clone(), true);
    let copied = store.copy_to(&folder.path().join("copy.redb"), &mut |_, _| {
        if std::mem::take(&mut once) {
            again.replace(|_| Ok(())).unwrap();
            runtime.block_on(step(&again)).unwrap();
        }
    });
    assert!(copied.unwrap_err().to_string().contains("was closed while it was copied"));
    store.copy_to(&folder.path().join("another.redb"), &mut |_, _| {}).unwrap();
}

fn planted() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), &["seed"], &[])), 0);
    folder
}

fn json(folder: &Path, words: &[&str]) -> Value {
    let output = run(folder, &[words, &["--json"]].concat(), &[]);
    assert_eq!(code(&output), 0, "{}", complaint(&output));
    serde_json::from_str(&said(&output)).unwrap()
}

fn snapshots(folder: &Path) -> PathBuf {
    folder.join("data/development/snapshots")
}

#[test]
fn an_operator_takes_lists_proves_and_removes_with_and_without_a_server() {
    let folder = planted();
    let mut server = None;
    for _ in 0..2 {
        let taken = json(folder.path(), &["snapshot", "create"]);
        let id = taken["id"].as_str().unwrap();
        assert_eq!((&taken["reason"], &taken["environment"]), (&"manual".into(), &"development".into()));
        assert!(taken["rows"]["accounts"].as_u64().unwrap() > 1, "{taken}");
        let copy = PathBuf::from(taken["file"].as_str().unwrap());
        assert_eq!(fs::metadata(folder.path().join(&copy)).unwrap().len(), taken["bytes"].as_u64().unwrap());
        let listed = json(folder.path(), &["snapshot", "list"]);
        assert_eq!(listed["snapshots"][0]["id"], taken["id"]);
        assert_eq!(json(folder.path(), &["snapshot", "verify", id])["proven"][0]["digest"], taken["digest"]);
        let words = run(folder.path(), &["snapshot", "list"], &[]);
        assert!(said(&words).contains(id), "{}", said(&words));
        let pruned = json(folder.path(), &["snapshot", "prune"]);
        assert_eq!(pruned["removed"], serde_json::json!([]), "what somebody asked for stays");
        assert_eq!(json(folder.path(), &["snapshot", "prune", id])["removed"][0], taken["id"]);
        assert_eq!(json(folder.path(), &["snapshot", "list"])["snapshots"], serde_json::json!([]));
        assert_eq!(fs::read_dir(snapshots(folder.path())).unwrap().count(), 0);
        let gone = run(folder.path(), &["snapshot", "verify", id], &[]);
        assert_eq!(code(&gone), 1);
        assert!(complaint(&gone).contains("there is no snapshot"), "{}", complaint(&gone));
        server.get_or_insert_with(|| Server::start(folder.path()));
    }
}

#[test]
fn a_byte_that_changed_anywhere_is_found() {
    let folder = planted();
    let taken = json(folder.path(), &["snapshot", "create"]);
    let id = taken["id"].as_str().unwrap();
    let copy = snapshots(folder.path()).join(format!("{id}.redb"));
    let whole = fs::read(&copy).unwrap();
    let places = if long() { 97 } else { 9 };
    for place in 0..places {
        let mut damaged = whole.clone();
        let at = (place * whole.len() / places + 13) % whole.len();
        damaged[at] ^= 1 << (place % 8);
        fs::write(&copy, damaged).unwrap();
        let output = run(folder.path(), &["snapshot", "verify", id], &[]);
        assert_eq!(code(&output), 1, "byte {at}");
        assert!(complaint(&output).contains("not to be trusted"), "{}", complaint(&output));
        let back = run(folder.path(), &["rollback", "--to", id], &[]);
        assert_eq!(code(&back), 1, "nobody goes back to it: {}", said(&back));
    }
    fs::write(&copy, &whole).unwrap();
    assert_eq!(code(&run(folder.path(), &["snapshot", "verify", id], &[])), 0);
}

#[test]
fn a_disk_that_fills_costs_the_snapshot_and_nothing_else() {
    let folder = planted();
    let file = folder.path().join("data/development/atlas.redb");
    let size = fs::metadata(&file).unwrap().len();
    // The data file may stay as long as it is; no second one may become as long.
    let server = Server::start_with_files_up_to(folder.path(), size / 2 / 512 * 512, &[]);
    let output = run(folder.path(), &["snapshot", "create"], &[]);
    assert_eq!(code(&output), 74, "{}{}", said(&output), complaint(&output));
    let left = fs::read_dir(snapshots(folder.path())).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is left of it");
    assert_eq!(json(folder.path(), &["user", "list"])["users"].as_array().unwrap().len(), 4, "the server lives");
    drop(server);
}

#[test]
fn a_snapshot_that_is_killed_half_way_does_not_count_and_is_swept_away_by_the_next() {
    let folder = planted();
    let file = folder.path().join("data/development/atlas.redb");
    let before = json(folder.path(), &["user", "list"]);
    let drafts = || {
        let names = fs::read_dir(snapshots(folder.path())).into_iter().flatten();
        names.filter(|entry| entry.as_ref().unwrap().file_name().as_encoded_bytes().starts_with(b".")).count()
    };
    // One that was faster than the kill is whole, and another is tried.
    let mut whole = 0;
    loop {
        let mut taking = atlas(folder.path()).args(["snapshot", "create"]).stdout(Stdio::null()).spawn().unwrap();
        while drafts() == 0 && taking.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        taking.kill().unwrap();
        if taking.wait().unwrap().code().is_none() && drafts() > 0 {
            break;
        }
        whole += 1;
        assert!(whole < 50, "none was killed in time");
    }
    assert_eq!(json(folder.path(), &["snapshot", "list"])["snapshots"].as_array().unwrap().len(), whole);
    assert_eq!(json(folder.path(), &["user", "list"]), before, "the data file is as it was");
    snapshot::prove(&file, &Environment::development()).unwrap();
    json(folder.path(), &["snapshot", "create"]);
    assert_eq!(drafts(), 0);
}
