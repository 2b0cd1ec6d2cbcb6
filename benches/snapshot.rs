//! Measures how long a snapshot takes compared with `cp` and a sync, and how much it and erasing deleted rows delay writers.
//!
//! `cargo bench --bench snapshot` creates a file of 300 megabytes; `-- 1000` creates one of 1,000. Four writers change rows all
//! over the file, each waiting for its commit, first without a snapshot and then during one. The stall at the start is the
//! longest duration of a write that was in progress when the snapshot began. Last, a copy of the file in the state in which a
//! killed process leaves it is opened. Verification is not measured, because it doesn't affect writers.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot continue must stop and say where; it reports by printing"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for reading, with three significant digits"
)]

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atlas::domain::{Environment, FileId};
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema::COUNTS;
use atlas::store::{Error, Store, WriteTxn};
use jiff::Timestamp;

const WRITER_COUNT: u64 = 4;
/// How long writers are measured without a snapshot.
const WITHOUT_SNAPSHOT: Duration = Duration::from_secs(5);
/// Long keys, so that few rows make a large file.
const KEY_BYTES: usize = 1_500;

/// The start and the duration of a write.
type TimedWrite = (Instant, Duration);

fn key(number: u64) -> String {
    format!("{number:08}{}", "x".repeat(KEY_BYTES))
}

/// Fills the file to the given size and returns the number of rows.
async fn fill(store: &Store, megabytes: u64) -> u64 {
    let mut rows = 0;
    while fs::metadata(store.path()).unwrap().len() < megabytes * 1_000_000 {
        store
            .write(move |draft| {
                for number in rows..rows + 5_000 {
                    draft.put(&COUNTS, &key(number), &number);
                }
                Ok::<(), Error>(())
            })
            .await
            .unwrap();
        rows += 5_000;
    }
    rows
}

/// Runs the writers until `stop` is set and returns their writes.
async fn run_writers(store: &Store, rows: u64, stop: &Arc<AtomicBool>) -> Vec<TimedWrite> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let writers: Vec<_> = (0..WRITER_COUNT)
        .map(|writer| {
            let (store, stop, all) = (store.clone(), Arc::clone(stop), Arc::clone(&all));
            tokio::spawn(async move {
                let mut number = writer;
                while !stop.load(Ordering::Relaxed) {
                    number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let (row, began) = ((number >> 20) % rows, Instant::now());
                    store
                        .write(move |draft| {
                            draft.put(&COUNTS, &key(row), &number);
                            Ok::<(), Error>(())
                        })
                        .await
                        .unwrap();
                    all.lock().unwrap().push((began, began.elapsed()));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    std::mem::take(&mut *all.lock().unwrap())
}

/// Prints the latencies of the writes and returns their 99th percentile in milliseconds.
fn print_latencies(name: &str, writes: &[TimedWrite]) -> f64 {
    let mut millis: Vec<f64> = writes.iter().map(|(_, duration)| duration.as_secs_f64() * 1_000.0).collect();
    millis.sort_by(f64::total_cmp);
    let quantile = |quantile: f64| millis[((millis.len() - 1) as f64 * quantile) as usize];
    println!(
        "{name:<28} {:>6} writes   p50 {:>7.2} ms   p99 {:>7.2} ms   longest {:>7.2} ms",
        millis.len(),
        quantile(0.5),
        quantile(0.99),
        quantile(1.0)
    );
    quantile(0.99)
}

/// Copies a file with `cp`, syncs the copy, and returns the seconds that both took.
fn copy_and_sync(from: &Path, to: &Path) -> f64 {
    let began = Instant::now();
    assert!(Command::new("cp").arg("--reflink=never").args([from, to]).status().unwrap().success());
    File::open(to).unwrap().sync_all().unwrap();
    began.elapsed().as_secs_f64()
}

/// Takes a snapshot and returns the seconds that it took.
async fn take_snapshot(store: &Store, to: &Path) -> f64 {
    let (store, to, began) = (store.clone(), to.to_owned(), Instant::now());
    tokio::task::spawn_blocking(move || store.copy_to(&to, &mut |_, _| {}).map(drop)).await.unwrap().unwrap();
    began.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    let megabytes = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(300);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let born = (FileId::generate(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    let store = Store::open_or_create(&path("atlas.redb"), &Environment::development(), Migrations::BUILT_IN, || born)
        .unwrap()
        .store;
    let rows = fill(&store, megabytes).await;
    println!("a file of {} MB", fs::metadata(store.path()).unwrap().len() / 1_000_000);

    // A virtual disk is several times slower the first time that a block is written, so both copies are written once before.
    copy_and_sync(store.path(), &path("cp"));
    copy_and_sync(store.path(), &path("copy"));
    fs::remove_file(path("copy")).unwrap();
    let mut ratios = Vec::new();
    for round in 0..5 {
        let (cp, snapshot) = (copy_and_sync(store.path(), &path("cp")), take_snapshot(&store, &path("copy")).await);
        println!(
            "round {round}: cp and sync {cp:.2} s, snapshot {snapshot:.2} s: {:.0} % of its speed",
            100.0 * cp / snapshot
        );
        ratios.push(cp / snapshot);
        fs::remove_file(path("copy")).unwrap();
    }
    ratios.sort_by(f64::total_cmp);

    let stop = Arc::new(AtomicBool::new(false));
    let (alone, ()) = tokio::join!(run_writers(&store, rows, &stop), async {
        tokio::time::sleep(WITHOUT_SNAPSHOT).await;
        stop.store(true, Ordering::Relaxed);
    });
    let p99_without = print_latencies("without a snapshot", &alone);
    stop.store(false, Ordering::Relaxed);
    let (concurrent, (began, seconds)) = tokio::join!(run_writers(&store, rows, &stop), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let began = Instant::now();
        let seconds = take_snapshot(&store, &path("copy")).await;
        stop.store(true, Ordering::Relaxed);
        (began, seconds)
    });
    let during: Vec<TimedWrite> =
        concurrent.iter().filter(|(start, duration)| *start + *duration >= began).copied().collect();
    let p99_during = print_latencies("during a snapshot", &during);
    let start_window = Duration::from_millis(5);
    let at_start = during.iter().filter(|(start, _)| *start <= began + start_window);
    let stall = at_start.map(|(_, duration)| duration.as_secs_f64() * 1_000.0).fold(0.0, f64::max);
    println!("stall at the start {stall:.2} ms; the snapshot took {seconds:.2} s during the writes");

    let p99_erasing = measure_erasing("while erasing, and 5 s after", &store, rows, &stop).await;

    // The file as a process leaves it that was killed between two commits.
    copy_and_sync(store.path(), &path("killed"));
    let began = Instant::now();
    drop(Store::open(&path("killed"), &Environment::development(), Migrations::BUILT_IN).unwrap());
    println!("opened after a kill in {:.2} s", began.elapsed().as_secs_f64());
    delete_all(&store, rows).await;
    let p99_erasing_most = measure_erasing("while erasing most of it", &store, rows, &stop).await;
    println!(
        "speed against cp {:.2}, p99 against none {:.2}, p99 while erasing against none {:.2}, most of the file {:.2}",
        ratios[2],
        p99_during / p99_without,
        p99_erasing / p99_without,
        p99_erasing_most / p99_without
    );
}

/// Erases deleted rows while there are writes, as after a deletion. Returns the 99th percentile of the writes in milliseconds.
async fn measure_erasing(name: &str, store: &Store, rows: u64, stop: &Arc<AtomicBool>) -> f64 {
    stop.store(false, Ordering::Relaxed);
    let (writes, seconds) = tokio::join!(run_writers(store, rows, stop), async {
        let seconds = erase(store).await;
        tokio::time::sleep(WITHOUT_SNAPSHOT).await;
        stop.store(true, Ordering::Relaxed);
        seconds
    });
    let p99 = print_latencies(name, &writes);
    println!("erasing took {seconds:.2} s");
    p99
}

/// Deletes every row, so that most of the file is free.
async fn delete_all(store: &Store, rows: u64) {
    for first in (0..rows).step_by(5_000) {
        let delete = move |draft: &mut WriteTxn<'_, '_>| {
            (first..rows.min(first + 5_000)).for_each(|number| draft.remove(&COUNTS, &key(number)));
            Ok::<(), Error>(())
        };
        store.write(delete).await.unwrap();
    }
}

/// Erases deleted rows, and returns the seconds that it took.
async fn erase(store: &Store) -> f64 {
    let (store, began) = (store.clone(), Instant::now());
    assert!(tokio::task::spawn_blocking(move || store.erase_deleted_rows()).await.unwrap().unwrap().is_complete);
    began.elapsed().as_secs_f64()
}
