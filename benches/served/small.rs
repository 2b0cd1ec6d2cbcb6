//! How small it is: the binary, the start, the memory of a server after all that was asked of it and before anything is.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::atlas::Atlas;
use crate::client::{Connection, Request};
use crate::measure::{median, resident_megabytes};
use crate::table::Figure::{Megabytes, Millis};
use crate::table::{Row, Table};
use crate::{binary, note};

const STARTS: usize = 9;

/// Measures the server that was asked everything, kills it, and goes on with the data file it left.
pub fn measure(atlas: Atlas, folder: &Path, runtime: &Runtime, table: &mut Table) {
    table.add(Row::alone("resident memory, after all of this", Megabytes(resident_megabytes(atlas.pid()))));
    drop(atlas);
    note("measuring starts");
    let starts = (0..STARTS).map(|_| {
        let began = Instant::now();
        let atlas = Atlas::start(folder);
        runtime.block_on(async {
            let mut connection = Connection::open(atlas.address).await.expect("a connection");
            connection.ask(&Request::get(atlas.address, "/api/health", &[])).await.expect_success();
        });
        began.elapsed().as_secs_f64() * 1e3
    });
    table.add(Row::alone("start to first 200, after a kill", Millis(median(starts))).at_most(50.0));

    let atlas = Atlas::start(folder);
    std::thread::sleep(Duration::from_secs(1));
    table.add(Row::alone("resident memory, idle", Megabytes(resident_megabytes(atlas.pid()))).at_most(20.0));

    let bytes = std::fs::metadata(binary()).expect("the binary").len();
    table.add(Row::alone("binary", Megabytes(bytes as f64 / 1e6)).at_most(10.0));
}
