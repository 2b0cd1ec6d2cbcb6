//! Measures the speed of the served product, as ratios to baselines measured in the same run.
//!
//! `cargo bench --bench served` takes less than two minutes, `cargo bench --bench served -- --full` less than fifteen. With
//! `--check` it fails when a target is missed.
//!
//! It starts the Atlas binary as an operator would, on loopback with a temporary data file, signs members up through the API, and
//! measures Atlas and its baselines in turn over several rounds, so that other load on the machine affects all of them alike.
//!
//! # Baselines
//!
//! - **raw hyper**: the same HTTP library in a separate process, which answers every request from memory with the bytes that
//!   Atlas sent. It has no routes, no data and no timeouts. What Atlas costs beyond it is the work Atlas does. *Same timeout* is
//!   raw hyper with the one setting Atlas cannot do without: the timeout for request headers.
//! - **one commit each**: the same database with the same settings, one transaction per write, threads that wait for the write
//!   lock, and no HTTP. Most programs use a database in this way.
//! - **fsync**: 16 KiB written and synced to a file on the same disk, repeatedly. No durable write alone is faster; more than one
//!   completion per fsync is the effect of group commit.
//!
//! # Reading the ratios
//!
//! A ratio is the median over the rounds of Atlas divided by its baseline in the same round. Only ratios can be compared between
//! machines or days: on a busy or virtual machine the absolute times mean nothing. Of the HTTP rows, trust CPU time per request;
//! requests per second include the cost of the load generator, which shares the processors and so flatters the slower side. The
//! log level is `error`, because the time to write request lines depends on where standard error leads.
//!
//! # Fault injection
//!
//! `-- --plant slow` makes Atlas use 200 us of CPU time before every response; `-- --plant unsynced` skips every fsync. Both are
//! injected from outside by `LD_PRELOAD` (`served/fault_injection.c`, which needs a C compiler), so that the product needs no
//! hook for it. The table must say MISSED: with `slow` in the rows of pages and health, and with `unsynced` where a single
//! client's completion takes less than an fsync. With `--check` both runs fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot continue must stop and say where; it reports by printing"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for reading, with three significant digits"
)]

#[path = "served/baseline.rs"]
mod baseline;
#[path = "served/client.rs"]
mod client;
#[path = "served/comparison.rs"]
mod comparison;
#[path = "served/disk.rs"]
mod disk;
#[path = "served/footprint.rs"]
mod footprint;
#[path = "served/large_file.rs"]
mod large_file;
#[path = "served/measure.rs"]
mod measure;
#[path = "served/mixed_habits.rs"]
mod mixed_habits;
#[path = "served/pages.rs"]
mod pages;
#[path = "served/sample.rs"]
mod sample;
#[path = "served/server.rs"]
mod server;
#[path = "served/sign_in_load.rs"]
mod sign_in_load;
#[path = "served/table.rs"]
mod table;
#[path = "served/writes.rs"]
mod writes;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use server::Server;
use table::Table;

/// How much is measured, and for how long.
pub struct Plan {
    /// Samples of each measurement, interleaved with those of its baselines.
    pub rounds: usize,
    /// The duration of one sample.
    pub sample_duration: Duration,
    /// The numbers of clients that complete habits concurrently, one table section each.
    pub client_counts: &'static [usize],
    /// The size of the data file in `large_file`.
    pub large_file_megabytes: u64,
}

const CLIENT_COUNTS: &[usize] = &[1, 16, 64, 256];
const QUICK: Plan = Plan {
    rounds: 5,
    sample_duration: Duration::from_millis(400),
    client_counts: CLIENT_COUNTS,
    large_file_megabytes: 100,
};
const FULL: Plan = Plan {
    rounds: 8,
    sample_duration: Duration::from_millis(1_500),
    client_counts: CLIENT_COUNTS,
    large_file_megabytes: 1_000,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let position = |flag: &str| arguments.iter().position(|argument| argument == flag);
    if let Some(index) = position(baseline::SERVE_FLAG) {
        baseline::serve(&arguments[index + 1..]);
        return ExitCode::SUCCESS;
    }
    // `cargo test --benches` runs benchmarks without this flag.
    if position("--bench").is_none() {
        println!("To measure, run: cargo bench --bench served [-- --full] [--check]");
        return ExitCode::SUCCESS;
    }
    // Beside the build, which is on a disk even where the system's temporary folder is in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for data files");
    if let Some(index) = position("--plant") {
        inject_fault(folder.path(), arguments.get(index + 1).expect("--plant needs a fault: slow or unsynced"));
    }
    let plan = if position("--full").is_some() { &FULL } else { &QUICK };
    let missed_targets = run(plan, folder.path());
    if missed_targets > 0 && position("--check").is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Measures everything, prints the table, and returns the number of missed targets.
fn run(plan: &Plan, folder: &Path) -> usize {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut table = Table::default();

    let atlas = Server::start(folder);
    let other_cpu_share = runtime.block_on(pages::measure(plan, &atlas, folder, &mut table));
    runtime.block_on(writes::measure(plan, &atlas, folder, &mut table));
    runtime.block_on(sign_in_load::measure(plan, &atlas, &mut table));
    footprint::measure(atlas, folder, &runtime, &mut table);
    large_file::measure(plan, folder, &runtime, &mut table);

    println!("{table}");
    println!(
        "{} rounds of {:.1} s, {:.0} s in all. Other programs used {:.0} % of {} processors meanwhile. Targets missed: {}.",
        plan.rounds,
        plan.sample_duration.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        other_cpu_share * 100.0,
        std::thread::available_parallelism().map_or(1, usize::from),
        table.missed_targets(),
    );
    table.missed_targets()
}

/// The library and the name of the fault that every server starts with.
static FAULT: OnceLock<(String, String)> = OnceLock::new();

/// Builds the library with the fault. Every server started from now on loads it.
fn inject_fault(folder: &Path, fault: &str) {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/served/fault_injection.c");
    let library = folder.join("fault_injection.so");
    let built = Command::new("cc").args(["-O2", "-shared", "-fPIC", source, "-ldl", "-o"]).arg(&library).status();
    assert!(built.is_ok_and(|status| status.success()), "a C compiler builds the fault");
    let library = library.to_str().expect("a path").to_owned();
    FAULT.set((library, fault.to_owned())).expect("one fault at a time");
}

/// Additional environment variables of every server: the injected fault.
fn extra_variables() -> Vec<(&'static str, String)> {
    let Some((library, fault)) = FAULT.get() else { return Vec::new() };
    vec![("LD_PRELOAD", library.clone()), ("ATLAS_BENCH_FAULT", fault.clone())]
}

fn print_progress(message: &str) {
    eprintln!("{message}");
}

/// The binary that is measured.
fn atlas_binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atlas"))
}
