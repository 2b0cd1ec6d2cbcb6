//! How fast the served product is, as ratios against floors measured in the same run.
//!
//! `cargo bench --bench served` takes less than two minutes, `cargo bench --bench served -- --full` less than fifteen. With
//! `--check` it fails when a target is missed.
//!
//! It starts the release binary as an operator would, on loopback with a data file of its own, signs people up through
//! the API, and measures Atlas and its floors in turn, several rounds, so that whatever else the machine does hits all
//! of them alike.
//!
//! # What the floors are
//!
//! - **raw hyper**: the same HTTP library in a process of its own that sends the very bytes Atlas sent, from memory, to
//!   whatever it is asked. It knows no routes, no people, no data and no timeouts. What Atlas costs beyond it is what
//!   Atlas does. *Same timeout* is raw hyper with the one setting Atlas cannot do without: the bound on how long headers
//!   may take.
//! - **one commit each**: the same database with the same settings, one transaction per write, threads waiting for their
//!   turn, no HTTP in between. It is how most programs would use it.
//! - **fsync**: 16 KiB written and synced to a file on the same disk, over and over. No durable write is faster alone;
//!   more than one completion per fsync is group commit at work.
//!
//! # How to read the ratios
//!
//! A ratio is the median over the rounds of Atlas divided by its floor in the same round. Only ratios carry from one
//! machine to another, or from one day to the next: on a busy or virtual machine every absolute time here means nothing.
//! Of the HTTP rows, CPU time per request is the figure to trust; requests per second also count what the load
//! generator needs, which shares the processors, and so flatter the slower side. The log is set to errors only, as
//! request lines are written to wherever standard error leads.
//!
//! # Whether it would find anything
//!
//! `-- --plant slow` lets Atlas think for 200 us before every answer; `-- --plant unsynced` leaves every fsync out. Both are put
//! between Atlas and the system from outside (`served/plant.c`, which needs a C compiler as the build does), so that the
//! product has no hook for it. The table says MISSED to the first where pages and health stand, and to the second where a
//! completion alone takes less than an fsync; with `--check` both runs fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop and say where, and its output is its purpose"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people, three digits of them"
)]

#[path = "served/atlas.rs"]
mod atlas;
#[path = "served/client.rs"]
mod client;
#[path = "served/crowding.rs"]
mod crowding;
#[path = "served/disk.rs"]
mod disk;
#[path = "served/floor.rs"]
mod floor;
#[path = "served/lanes.rs"]
mod lanes;
#[path = "served/large.rs"]
mod large;
#[path = "served/measure.rs"]
mod measure;
#[path = "served/pages.rs"]
mod pages;
#[path = "served/small.rs"]
mod small;
#[path = "served/table.rs"]
mod table;
#[path = "served/turn.rs"]
mod turn;
#[path = "served/writes.rs"]
mod writes;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use atlas::Atlas;
use table::Table;

/// How long and how often everything is measured.
pub struct Plan {
    /// How often each is measured, the others in between.
    pub rounds: usize,
    /// How long each time.
    pub turn: Duration,
    /// How many clients tick at once, one row each.
    pub crowds: &'static [usize],
    /// How large the large file is.
    pub megabytes: u64,
}

const QUICK: Plan = Plan { rounds: 5, turn: Duration::from_millis(400), crowds: &[1, 16, 64, 256], megabytes: 100 };
const FULL: Plan = Plan { rounds: 8, turn: Duration::from_millis(1_500), crowds: &[1, 16, 64, 256], megabytes: 1_000 };

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = words.iter().position(|word| word == floor::WORD) {
        floor::serve(&words[at + 1..]);
        return ExitCode::SUCCESS;
    }
    let said = |wanted: &str| words.iter().position(|word| word == wanted);
    // `cargo test` may start benchmarks too, without this word.
    if said("--bench").is_none() {
        println!("this measures; start it with: cargo bench --bench served [-- --full] [--check]");
        return ExitCode::SUCCESS;
    }
    // Beside the build, so that it is a real disk even where the system's temporary folder is memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for data files");
    if let Some(at) = said("--plant") {
        plant(folder.path(), words.get(at + 1).expect("what to plant: slow or unsynced"));
    }
    let missed = measured(if said("--full").is_some() { &FULL } else { &QUICK }, folder.path());
    if missed > 0 && said("--check").is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Measures everything, prints it, and answers how many targets were missed.
fn measured(plan: &Plan, folder: &Path) -> usize {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut table = Table::default();

    let atlas = Atlas::start(folder);
    let others = runtime.block_on(pages::measure(plan, &atlas, folder, &mut table));
    runtime.block_on(writes::measure(plan, &atlas, folder, &mut table));
    runtime.block_on(crowding::measure(plan, &atlas, &mut table));
    small::measure(atlas, folder, &runtime, &mut table);
    large::measure(plan, folder, &runtime, &mut table);

    println!("{table}");
    println!(
        "{} rounds of {:.1} s, {:.0} s in all. Other programs used {:.0} % of {} processors meanwhile. Targets missed: {}.",
        plan.rounds,
        plan.turn.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        others * 100.0,
        std::thread::available_parallelism().map_or(1, usize::from),
        table.missed(),
    );
    table.missed()
}

static PLANTED: OnceLock<(String, String)> = OnceLock::new();

/// Builds the library that does wrong, for every Atlas that is started from now on.
fn plant(folder: &Path, fault: &str) {
    let (source, library) = (concat!(env!("CARGO_MANIFEST_DIR"), "/benches/served/plant.c"), folder.join("plant.so"));
    let built = Command::new("cc").args(["-O2", "-shared", "-fPIC", source, "-ldl", "-o"]).arg(&library).status();
    assert!(built.is_ok_and(|status| status.success()), "a C compiler builds the fault");
    let library = library.to_str().expect("a path").to_owned();
    PLANTED.set((library, fault.to_owned())).expect("one fault at a time");
}

/// What Atlas is started with besides, when something is to be wrong.
fn planted() -> Vec<(&'static str, String)> {
    let Some((library, fault)) = PLANTED.get() else { return Vec::new() };
    vec![("LD_PRELOAD", library.clone()), ("ATLAS_PLANT", fault.clone())]
}

/// Says what is going on, for whoever waits.
fn note(what: &str) {
    eprintln!("{what}");
}

/// The binary that is measured.
fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atlas"))
}
