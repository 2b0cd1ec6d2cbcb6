//! A large data file: opened again after its server was killed, and copied while nobody waits.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use ::atlas::app::clock::Clock;
use ::atlas::app::newborn;
use ::atlas::domain::Environment;
use ::atlas::store::schema::COUNTS;
use ::atlas::store::{Error, Store};
use tokio::runtime::Runtime;

use crate::atlas::{Atlas, Person};
use crate::client::{Connection, Request};
use crate::measure::median;
use crate::table::Figure::{Millis, Seconds};
use crate::table::{Row, Table};
use crate::{Plan, note};

/// Keys are this long, so that a file grows large with few rows.
const KEY: usize = 1_500;
/// How often it is killed, and how often copied.
const TIMES: usize = 3;

/// Fills a file and measures.
pub fn measure(plan: &Plan, folder: &Path, runtime: &Runtime, table: &mut Table) {
    let folder = folder.join("large");
    let path = folder.join("data/development/atlas.redb");
    note(&format!("preparing a file of {} MB", plan.megabytes));
    runtime.block_on(fill(&path, plan.megabytes));
    let megabytes = std::fs::metadata(&path).expect("the file").len() / 1_000_000;

    note("measuring starts after kill -9");
    let starts = (0..TIMES).map(|number| {
        let atlas = Atlas::start(&folder);
        let email = format!("somebody{number}");
        runtime.block_on(Person::welcome(&atlas, &email));
        // Killed, with what was acknowledged a moment ago.
        drop(atlas);
        let began = Instant::now();
        let atlas = Atlas::start(&folder);
        runtime.block_on(async {
            let mut connection = Connection::open(atlas.address).await.expect("a connection");
            connection.ask(&Request::get(atlas.address, "/api/health", &[])).await.expect_success();
            let took = began.elapsed().as_secs_f64() * 1e3;
            connection.ask(&Person::sign_in(&atlas, &email)).await.expect_success();
            took
        })
    });
    let starts = median(starts.collect::<Vec<_>>());
    table.add(Row::alone(format!("first 200 after kill -9, {megabytes} MB"), Millis(starts)).at_most(100.0));

    note("measuring snapshots against cp");
    let store = Store::open(&path, &Environment::development()).expect("the file");
    let (mut own, mut cp) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        cp.push(copied(&path, &folder.join("cp")));
        let began = Instant::now();
        store.copy_to(&folder.join("copy"), &mut |_, _| {}).expect("a copy");
        own.push(began.elapsed().as_secs_f64());
        std::fs::remove_file(folder.join("copy")).expect("the copy");
    }
    let speed = median(cp.iter().zip(&own).map(|(cp, own)| cp / own));
    let (own, cp) = (Seconds(median(own)), Seconds(median(cp)));
    table.add(Row::against(format!("snapshot of {megabytes} MB: speed"), own, "cp and sync", cp, speed).at_least(0.6));
    drop(store);
    std::fs::remove_dir_all(&folder).expect("the folder");
}

async fn fill(path: &Path, megabytes: u64) {
    let born = newborn(&Clock::System).expect("random numbers");
    let store = Store::open_or_create(path, &Environment::development(), || born).expect("a data file").store;
    let mut rows = 0_u64;
    while std::fs::metadata(path).expect("the file").len() < megabytes * 1_000_000 {
        let batch = rows..rows + 5_000;
        rows = batch.end;
        let put = store.write(move |draft| {
            for number in batch {
                draft.put(&COUNTS, &format!("{number:08}{}", "x".repeat(KEY)), &number);
            }
            Ok::<_, Error>(())
        });
        put.await.expect("room on the disk");
    }
}

fn copied(from: &Path, to: &Path) -> f64 {
    let began = Instant::now();
    assert!(Command::new("cp").arg("--reflink=never").args([from, to]).status().expect("cp").success());
    File::open(to).expect("the copy").sync_all().expect("a disk");
    began.elapsed().as_secs_f64()
}
