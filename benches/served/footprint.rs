//! The size of the binary, the time to the first response, and the memory of a busy and of an idle server.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::client::{Connection, Request};
use crate::measure::{median, resident_megabytes};
use crate::server::Server;
use crate::table::Quantity::{Megabytes, Millis};
use crate::table::{Row, Table};
use crate::{atlas_binary, print_progress};

const STARTS: usize = 9;

/// Measures the server that handled the load before, kills it, and starts others on its data file.
pub fn measure(atlas: Server, folder: &Path, runtime: &Runtime, table: &mut Table) {
    table.add(Row::absolute("resident memory, after the load", Megabytes(resident_megabytes(atlas.pid()))));
    drop(atlas);
    print_progress("measuring starts");
    let starts = (0..STARTS).map(|_| {
        let began = Instant::now();
        let atlas = Server::start(folder);
        runtime.block_on(async {
            let mut connection = Connection::open(atlas.address).await.expect("a connection");
            connection.send(&Request::get(atlas.address, "/api/health", &[])).await.expect_success();
        });
        began.elapsed().as_secs_f64() * 1e3
    });
    table.add(Row::absolute("start to first 200, after a kill", Millis(median(starts))).at_most(50.0));

    let atlas = Server::start(folder);
    std::thread::sleep(Duration::from_secs(1));
    table.add(Row::absolute("resident memory, idle", Megabytes(resident_megabytes(atlas.pid()))).at_most(20.0));

    let bytes = std::fs::metadata(atlas_binary()).expect("the binary").len();
    table.add(Row::absolute("binary", Megabytes(bytes as f64 / 1e6)).at_most(10.0));
}
