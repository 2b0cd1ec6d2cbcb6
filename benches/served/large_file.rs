//! A large data file: the first response after the server was killed, and the speed of a snapshot of an idle file.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use atlas::app::clock::Clock;
use atlas::app::new_file_identity;
use atlas::domain::Environment;
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema::COUNTS;
use atlas::store::{Error, Store};
use tokio::runtime::Runtime;

use crate::client::{Connection, Request};
use crate::measure::median;
use crate::server::{Member, Server};
use crate::table::Quantity::{Millis, Seconds};
use crate::table::{Row, Table};
use crate::{Plan, print_progress};

/// Long keys, so that few rows make a large file.
const KEY_BYTES: usize = 1_500;
/// How often the server is killed, and how often the file is copied.
const REPETITIONS: usize = 3;

pub fn measure(plan: &Plan, folder: &Path, runtime: &Runtime, table: &mut Table) {
    let folder = folder.join("large");
    let path = folder.join("data/development/atlas.redb");
    print_progress(&format!("preparing a file of {} MB", plan.large_file_megabytes));
    runtime.block_on(fill(&path, plan.large_file_megabytes));
    let megabytes = std::fs::metadata(&path).expect("the file").len() / 1_000_000;

    print_progress("measuring starts after kill -9");
    let starts = (0..REPETITIONS).map(|number| {
        let atlas = Server::start(&folder);
        let name = format!("member{number}");
        runtime.block_on(Member::create(&atlas, &name));
        // Kills the server directly after it acknowledged writes.
        drop(atlas);
        let began = Instant::now();
        let atlas = Server::start(&folder);
        runtime.block_on(async {
            let mut connection = Connection::open(atlas.address).await.expect("a connection");
            connection.send(&Request::get(atlas.address, "/api/health", &[])).await.expect_success();
            let millis = began.elapsed().as_secs_f64() * 1e3;
            connection.send(&Member::sign_in_request(&atlas, &name)).await.expect_success();
            millis
        })
    });
    let starts = median(starts.collect::<Vec<_>>());
    table.add(Row::absolute(format!("first 200 after kill -9, {megabytes} MB"), Millis(starts)).at_most(100.0));

    print_progress("measuring snapshots against cp");
    let store = Store::open(&path, &Environment::development(), Migrations::BUILT_IN).expect("the file");
    let (mut snapshot, mut cp) = (Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        cp.push(copy_and_sync(&path, &folder.join("cp")));
        let began = Instant::now();
        store.copy_to(&folder.join("copy"), &mut |_, _| {}).expect("a copy");
        snapshot.push(began.elapsed().as_secs_f64());
        std::fs::remove_file(folder.join("copy")).expect("the copy");
    }
    let speed = median(cp.iter().zip(&snapshot).map(|(cp, snapshot)| cp / snapshot));
    let (snapshot, cp) = (Seconds(median(snapshot)), Seconds(median(cp)));
    table.add(
        Row::relative(format!("snapshot of {megabytes} MB: speed"), snapshot, "cp and sync", cp, speed).at_least(0.6),
    );
    drop(store);
    std::fs::remove_dir_all(&folder).expect("the folder");
}

async fn fill(path: &Path, megabytes: u64) {
    let born = new_file_identity(&Clock::System).expect("random numbers");
    let store = Store::open_or_create(path, &Environment::development(), Migrations::BUILT_IN, || born)
        .expect("a data file")
        .store;
    let mut rows = 0_u64;
    while std::fs::metadata(path).expect("the file").len() < megabytes * 1_000_000 {
        let batch = rows..rows + 5_000;
        rows = batch.end;
        let put = store.write(move |draft| {
            for number in batch {
                draft.put(&COUNTS, &format!("{number:08}{}", "x".repeat(KEY_BYTES)), &number);
            }
            Ok::<_, Error>(())
        });
        put.await.expect("room on the disk");
    }
}

fn copy_and_sync(from: &Path, to: &Path) -> f64 {
    let began = Instant::now();
    assert!(Command::new("cp").arg("--reflink=never").args([from, to]).status().expect("cp").success());
    File::open(to).expect("the copy").sync_all().expect("a disk");
    began.elapsed().as_secs_f64()
}
