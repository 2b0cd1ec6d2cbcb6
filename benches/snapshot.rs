//! What a snapshot costs: how long it takes against `cp` and a sync, and what writers notice of it.
//!
//! `cargo bench --bench snapshot` makes a file of 300 megabytes; `-- 1000` makes one of 1,000. Four writers change rows all
//! over the file the whole time, each waiting for its commit, once without a snapshot and once during one. The stall at
//! the start is the longest that a write took which was under way when the snapshot began. A copy of the file as a killed
//! process leaves it is opened at last. Proving is not measured here: it disturbs no writer.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop and say where, and its output is its purpose"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people, three digits of them"
)]

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atlas::domain::{Environment, FileId};
use atlas::store::schema::COUNTS;
use atlas::store::{Error, Store};
use jiff::Timestamp;

const WRITERS: u64 = 4;
/// How long writers are measured without a snapshot.
const ALONE: Duration = Duration::from_secs(5);
/// Keys are this long, so that a file grows large with few rows.
const KEY: usize = 1_500;

/// When a write began, and how long it took.
type Written = (Instant, Duration);

fn key(number: u64) -> String {
    format!("{number:08}{}", "x".repeat(KEY))
}

async fn filled(store: &Store, megabytes: u64) -> u64 {
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

/// Writers for as long as `stop` is not set; what they wrote is in the answer.
async fn written(store: &Store, rows: u64, stop: &Arc<AtomicBool>) -> Vec<Written> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let writers: Vec<_> = (0..WRITERS)
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

fn told(what: &str, written: &[Written]) -> f64 {
    let mut took: Vec<f64> = written.iter().map(|(_, took)| took.as_secs_f64() * 1_000.0).collect();
    took.sort_by(f64::total_cmp);
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize];
    println!(
        "{what:<28} {:>6} writes   p50 {:>7.2} ms   p99 {:>7.2} ms   longest {:>7.2} ms",
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    at(0.99)
}

fn copied(from: &Path, to: &Path) -> f64 {
    let began = Instant::now();
    assert!(Command::new("cp").arg("--reflink=never").args([from, to]).status().unwrap().success());
    File::open(to).unwrap().sync_all().unwrap();
    began.elapsed().as_secs_f64()
}

async fn snapshot(store: &Store, to: &Path) -> f64 {
    let (store, to, began) = (store.clone(), to.to_owned(), Instant::now());
    tokio::task::spawn_blocking(move || store.copy_to(&to, &mut |_, _| {}).map(drop)).await.unwrap().unwrap();
    began.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    let megabytes = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(300);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let born = (FileId::mint(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    let store = Store::open_or_create(&at("atlas.redb"), &Environment::development(), || born).unwrap().store;
    let rows = filled(&store, megabytes).await;
    println!("a file of {} MB", fs::metadata(store.path()).unwrap().len() / 1_000_000);

    // A virtual disk is several times slower where nothing was ever written, whoever comes there first.
    copied(store.path(), &at("cp"));
    copied(store.path(), &at("copy"));
    fs::remove_file(at("copy")).unwrap();
    let mut ratios = Vec::new();
    for round in 0..5 {
        let (cp, own) = (copied(store.path(), &at("cp")), snapshot(&store, &at("copy")).await);
        println!("round {round}: cp and sync {cp:.2} s, snapshot {own:.2} s: {:.0} % of its speed", 100.0 * cp / own);
        ratios.push(cp / own);
        fs::remove_file(at("copy")).unwrap();
    }
    ratios.sort_by(f64::total_cmp);

    let stop = Arc::new(AtomicBool::new(false));
    let (alone, ()) = tokio::join!(written(&store, rows, &stop), async {
        tokio::time::sleep(ALONE).await;
        stop.store(true, Ordering::Relaxed);
    });
    let without = told("without a snapshot", &alone);
    stop.store(false, Ordering::Relaxed);
    let (beside, (began, took)) = tokio::join!(written(&store, rows, &stop), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let began = Instant::now();
        let took = snapshot(&store, &at("copy")).await;
        stop.store(true, Ordering::Relaxed);
        (began, took)
    });
    let during: Vec<Written> = beside.iter().filter(|(at, took)| *at + *took >= began).copied().collect();
    let with = told("during a snapshot", &during);
    let begun = Duration::from_millis(5);
    let stall = during.iter().filter(|(at, _)| *at <= began + begun).map(|(_, took)| took.as_secs_f64() * 1_000.0);
    println!(
        "stall at the start {:.2} ms; the snapshot took {took:.2} s beside the writers",
        stall.fold(0.0, f64::max)
    );

    // What a process leaves that is killed between two commits.
    copied(store.path(), &at("killed"));
    let began = Instant::now();
    drop(Store::open(&at("killed"), &Environment::development()).unwrap());
    println!("opened after a kill in {:.2} s", began.elapsed().as_secs_f64());
    println!("speed against cp {:.2}, p99 against none {:.2}", ratios[2], with / without);
}
