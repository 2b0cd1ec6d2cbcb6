//! How fast the served product is, as ratios against floors measured in the same run.
//!
//! `cargo bench --bench served` takes about a minute and a half, `cargo bench --bench served -- --full` less than ten.
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
#[path = "served/disk.rs"]
mod disk;
#[path = "served/floor.rs"]
mod floor;
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
}

const QUICK: Plan = Plan { rounds: 5, turn: Duration::from_millis(900), crowds: &[1, 16, 64] };
const FULL: Plan = Plan { rounds: 8, turn: Duration::from_millis(2_500), crowds: &[1, 16, 64, 256] };

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = words.iter().position(|word| word == floor::WORD) {
        return floor::serve(&words[at + 1..]);
    }
    // `cargo test` may start benchmarks too, without this word.
    if !words.iter().any(|word| word == "--bench") {
        return println!("this measures; start it with: cargo bench --bench served [-- --full]");
    }
    measured(if words.iter().any(|word| word == "--full") { &FULL } else { &QUICK });
}

fn measured(plan: &Plan) {
    let began = Instant::now();
    // Beside the build, so that it is a real disk even where the system's temporary folder is memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for data files");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut table = Table::default();

    let atlas = Atlas::start(folder.path());
    let others = runtime.block_on(pages::measure(plan, &atlas, folder.path(), &mut table));
    runtime.block_on(writes::measure(plan, &atlas, folder.path(), &mut table));
    drop(atlas);
    small::measure(folder.path(), &runtime, &mut table);

    println!("{table}");
    println!(
        "{} rounds of {:.1} s, {:.0} s in all. Other programs used {:.0} % of {} processors meanwhile.",
        plan.rounds,
        plan.turn.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        others * 100.0,
        std::thread::available_parallelism().map_or(1, usize::from),
    );
}

/// Says what is going on, for whoever waits.
fn note(what: &str) {
    eprintln!("{what}");
}

/// The binary that is measured.
fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atlas"))
}
