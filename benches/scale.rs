//! Measures whether a page costs the same regardless of how many members share the data file.
//!
//! `cargo bench --bench scale` creates data files of 1,000 and 10,000 members and takes about a minute; `-- --full` adds one of
//! 100,000 and takes about five minutes and 2.3 gigabytes of disk. Every member has ten habits and completed each of them on every
//! one of the last 365 days. The files are the same every time, except for the day on which they end.
//!
//! One more file has 1,000 members with habits of every kind: amounts, limits, so many times a week or month, every other day, with
//! notes and skipped days. Its pages are compared with those of the 1,000 members whose habits are done or not.
//!
//! It measures members' pages, admin pages, a completion through the API, the hourly purge, a snapshot with its verification, and
//! the cost of reading a day and a year without HTTP and rendering. Every measurement uses a different member each time.
//!
//! One server per file runs, and all are measured in turn over several rounds, so that other load on the machine affects all of
//! them alike. Requests are spread over the whole file: with the larger files, little of what a page needs is in the database's
//! cache, and the rest is read from the system's. This is the worst case. Every page is rendered, because every member is
//! requested once before any is requested again, and there are more members than cached pages.
//!
//! The disk usage of a completion includes the row of its year, which begins in January: members who began in the middle of a
//! year, as these did, need more per completion than members who continue for years.
//!
//! A ratio is the median over the rounds of one file divided by the file of 1,000 members in the same round. Trust CPU time per
//! request; requests per second include the cost of the load generator.
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
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "figures for reading, with three significant digits"
)]
#![allow(dead_code, reason = "shared modules of the other benchmark have functions that this one doesn't use")]

#[path = "served/client.rs"]
mod client;
#[path = "scale/dataset.rs"]
mod dataset;
#[path = "served/measure.rs"]
mod measure;
#[path = "served/sample.rs"]
mod sample;
#[path = "served/server.rs"]
mod server;
#[path = "served/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use atlas::app::App;
use atlas::app::clock::Clock;
use atlas::app::habits::completions;
use atlas::config::Flags;
use atlas::domain::AccountId;
use atlas::store::Store;
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema::COMPLETIONS;
use atlas::store::tables::{accounts, completions as stored};
use client::{Connection, Request, Script};
use dataset::{Dataset, Population};
use measure::{compare_rounds, resident_megabytes};
use sample::Sample;
use server::Server;
use table::Quantity::{Bytes, Megabytes, Micros, Millis, PerSecond, Seconds};
use table::{Row, Table};

/// How much is measured, and for how long.
struct Plan {
    /// The number of members in each file, in ascending order.
    member_counts: &'static [usize],
    rounds: usize,
    sample_duration: Duration,
}

const QUICK: Plan = Plan { member_counts: &[1_000, 10_000], rounds: 5, sample_duration: Duration::from_secs(1) };
const FULL: Plan =
    Plan { member_counts: &[1_000, 10_000, 100_000], rounds: 8, sample_duration: Duration::from_secs(2) };

/// The measured requests.
const REQUESTS: [(&str, RequestKind, Growth); 7] = [
    ("GET /today", RequestKind::Page("/today"), Growth::Bounded),
    ("GET /calendar", RequestKind::Page("/calendar"), Growth::Bounded),
    ("GET /insights", RequestKind::Page("/insights"), Growth::Bounded),
    ("GET /admin", RequestKind::Admin("/admin"), Growth::Bounded),
    ("GET /admin/users", RequestKind::Admin("/admin/users"), Growth::Bounded),
    ("GET /admin/users, no match", RequestKind::Admin("/admin/users?search=nobody-has-this-name"), Growth::Reported),
    // Last, because it changes what the other pages show.
    ("POST /api/completions", RequestKind::Completion, Growth::Reported),
];

#[derive(Clone, Copy)]
enum RequestKind {
    /// The same page, requested by a different member each time.
    Page(&'static str),
    /// Today's first habit, marked as done and then as not done, by a different member each time.
    Completion,
    /// The same page, requested by one admin.
    Admin(&'static str),
}

/// Whether the cost may grow with the number of members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// By [`MAX_GROWTH`] at most.
    Bounded,
    /// Without a target.
    Reported,
}

/// Concurrent connections per server.
const CONNECTIONS: usize = 32;
/// Requests in a connection's script: more than it completes in one sample.
const REQUESTS_PER_CONNECTION: usize = 1_000;
/// The target for the CPU time of a request, relative to the file with the fewest members.
const MAX_GROWTH: f64 = 1.3;
/// The target for the CPU time of a page with habits of every kind, relative to one with as many yes/no habits.
const MAX_MIXED: f64 = 1.5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    // `cargo test --benches` runs benchmarks without this flag.
    if !has("--bench") {
        return println!("To measure, run: cargo bench --bench scale [-- --full]");
    }
    run(if has("--full") { &FULL } else { &QUICK });
}

/// A dataset and its server.
struct ServedDataset {
    dataset: Dataset,
    atlas: Server,
    use_cases: UseCaseTimes,
    folder: PathBuf,
}

impl ServedDataset {
    /// One script per connection.
    fn scripts(&self, kind: RequestKind) -> Vec<Script> {
        let cookie = |member| dataset::session_cookie(member);
        let get = |member, page| Request::get(self.atlas.address, page, &[("cookie", &cookie(member))]);
        let request = |index: usize| match kind {
            RequestKind::Page(page) => get(self.dataset.member_at(index), page),
            RequestKind::Admin(page) => get(0, page),
            RequestKind::Completion => {
                // Two requests for one member, done and not done; then the next member.
                let (step, connection) = (index / CONNECTIONS, index % CONNECTIONS);
                let member = self.dataset.member_at(step / 2 * CONNECTIONS + connection);
                let (habit, date) = (self.dataset.first_habit(member).to_string(), server::today().to_string());
                let body = serde_json::json!({ "habitId": habit, "date": date, "completed": step.is_multiple_of(2) });
                Request::post(self.atlas.address, "/api/completions", &[("cookie", &cookie(member))], &body)
            }
        };
        let script = |connection| {
            Script::new((0..REQUESTS_PER_CONNECTION).map(|step| request(step * CONNECTIONS + connection)).collect())
        };
        (0..CONNECTIONS).map(script).collect()
    }

    /// Panics unless the last member's day shows the seeded streaks.
    async fn check(&self) {
        let mut connection = Connection::open(self.atlas.address).await.expect("a connection");
        let cookie = dataset::session_cookie(self.dataset.members - 1);
        let request = Request::get(self.atlas.address, "/today", &[("cookie", &cookie)]);
        let response = connection.send(&request).await.expect_success();
        if self.dataset.population == Population::Mixed {
            let rows = response.text().matches("completion-row").count();
            return assert!(rows >= dataset::YES_NO_OF_MIXED, "{}", response.text());
        }
        let streak = format!(">{}", dataset::COMPLETED_DAYS);
        assert_eq!(response.text().matches(&streak).count(), dataset::HABITS_PER_MEMBER, "{}", response.text());
    }
}

fn run(plan: &Plan) {
    let began = Instant::now();
    // Beside the build, which is on a disk even where the system's temporary folder is in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for data files");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut table = Table::default();
    let yes_no = plan.member_counts.iter().map(|&members| (members, Population::YesNo));
    let served: Vec<ServedDataset> = yes_no
        .chain([(plan.member_counts[0], Population::Mixed)])
        .enumerate()
        .map(|(number, (members, population))| {
            let folder = folder.path().join(number.to_string());
            print_progress(&format!("preparing file {} of {}", number + 1, plan.member_counts.len() + 1));
            let dataset = runtime.block_on(Dataset::build(&folder, members, population));
            let use_cases = runtime.block_on(measure_use_cases(&folder, &dataset));
            ServedDataset { atlas: Server::start(&folder), dataset, use_cases, folder }
        })
        .collect();
    let mut other_cpu_shares = Vec::new();
    for request in REQUESTS {
        runtime.block_on(compare(plan, &served, request, &mut table, &mut other_cpu_shares));
    }
    for served in &served {
        report_dataset(served, &mut table);
    }
    println!("{table}");
    println!(
        "{} rounds of {:.1} s, {:.0} s in all. Other programs used {:.0} % of {} processors meanwhile.",
        plan.rounds,
        plan.sample_duration.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        other_cpu_shares.iter().sum::<f64>() / other_cpu_shares.len() as f64 * 100.0,
        std::thread::available_parallelism().map_or(1, usize::from),
    );
}

/// Adds the size of a file, the times of the use cases, and a snapshot of it.
fn report_dataset(served: &ServedDataset, table: &mut Table) {
    let ServedDataset { dataset, atlas, use_cases, folder } = served;
    let members = dataset.name();
    table.add(Row::absolute(format!("{members}: data file"), Megabytes(dataset.bytes as f64 / 1e6)));
    let per_completion = |bytes: u64| Bytes(bytes as f64 / dataset.completions() as f64);
    table.add(Row::absolute(format!("{members}: file per completion"), per_completion(dataset.bytes)));
    for size in dataset.tables.iter().filter(|size| size.page_bytes > dataset.bytes / 50) {
        let name = format!("{members}: table {} per completion", size.table);
        table.add(Row::absolute(format!("{name}, keys and values"), per_completion(size.row_bytes)));
        let row = Row::absolute(format!("{name}, pages"), per_completion(size.page_bytes));
        table.add(if size.table == COMPLETIONS.name() { row.at_most(5.0) } else { row });
    }
    table.add(Row::absolute(format!("{members}: created in"), Seconds(dataset.build_time.as_secs_f64())));
    let purge = Millis(use_cases.purge.as_secs_f64() * 1e3);
    table.add(Row::absolute(format!("{members}: hourly purge"), purge));
    let micros = |time: Duration| Micros(time.as_secs_f64() * 1e6);
    let day = Row::absolute(format!("{members}: reading a day without HTTP"), micros(use_cases.day));
    table.add(day.at_most(if dataset.population == Population::Mixed { 90.0 } else { 60.0 }));
    let year = Row::absolute(format!("{members}: a year of ten habits, read and decoded"), micros(use_cases.year));
    // The target is 50 us for 30 habits.
    table.add(year.at_most(50.0 * dataset::HABITS_PER_MEMBER as f64 / 30.0));
    print_progress(&format!("measuring a snapshot of {members}"));
    let snapshot = Seconds(take_snapshot(folder).as_secs_f64());
    table.add(Row::absolute(format!("{members}: snapshot with its verification"), snapshot));
    let resident = Megabytes(resident_megabytes(atlas.pid()));
    table.add(Row::absolute(format!("{members}: resident memory, busy"), resident));
}

/// The time of use cases without HTTP, on a file that no server has open.
struct UseCaseTimes {
    /// The hourly purge.
    purge: Duration,
    /// One member's day: the account, ten habits, their completions and streaks.
    day: Duration,
    /// One member's completions of a year.
    year: Duration,
}

/// How many members the use cases are measured with, each once.
const SAMPLED_MEMBERS: usize = 1_000;

async fn measure_use_cases(folder: &Path, dataset: &Dataset) -> UseCaseTimes {
    let config = folder.join("atlas.toml");
    std::fs::write(&config, "").expect("settings");
    let flags = Flags { config: Some(config), ..Flags::default() };
    let settings = atlas::config::check(&flags, &BTreeMap::new()).expect("settings").settings.expect("settings");
    let store = Store::open(&settings.data_file, &settings.environment, Migrations::BUILT_IN).expect("the file");
    let app_url = "http://localhost:3000".parse().expect("an address");
    let app = App::new(store, &settings, app_url, Clock::System).expect("the app");
    let began = Instant::now();
    atlas::app::expiry::purge_expired(&app).await.expect("a purge");
    let purge = began.elapsed();
    let time_per_member = |read: &dyn Fn(AccountId)| {
        let accounts: Vec<_> = (0..SAMPLED_MEMBERS).map(|index| dataset.account_id(dataset.member_at(index))).collect();
        let began = Instant::now();
        accounts.into_iter().for_each(read);
        began.elapsed() / SAMPLED_MEMBERS as u32
    };
    let day = time_per_member(&|id| {
        let account = app.store.read(|view| accounts::find_account(view, id)).expect("a read").expect("an account");
        let agenda = completions::load_agenda(&app, &account, app.today(&account)).expect("a day");
        // Habits that have been done often enough in their week or month aren't on the list.
        assert!((dataset::YES_NO_OF_MIXED..=dataset::HABITS_PER_MEMBER).contains(&agenda.items.len()));
    });
    let this_year = server::today().year();
    let year = time_per_member(&|id| {
        let habits = app.store.read(|view| stored::find_year(view, id, this_year)).expect("a read");
        assert!(habits.len() <= dataset::HABITS_PER_MEMBER);
    });
    UseCaseTimes { purge, day, year }
}

/// Takes a snapshot as an operator does while Atlas serves.
fn take_snapshot(folder: &Path) -> Duration {
    let began = Instant::now();
    let mut command = std::process::Command::new(atlas_binary());
    command.args(["snapshot", "create", "--config", "atlas.toml"]).current_dir(folder).env_clear();
    let status = command.stdout(std::process::Stdio::null()).status().expect("a snapshot");
    assert!(status.success(), "a snapshot is taken");
    began.elapsed()
}

/// Measures one request on every dataset in turn.
async fn compare(
    plan: &Plan,
    served: &[ServedDataset],
    (name, kind, growth): (&str, RequestKind, Growth),
    table: &mut Table,
    other_cpu_shares: &mut Vec<f64>,
) {
    print_progress(&format!("measuring {name}"));
    let mut scripts = Vec::new();
    for served in served {
        served.check().await;
        scripts.push(served.scripts(kind));
    }
    let mut samples: Vec<Vec<Sample>> = served.iter().map(|_| Vec::new()).collect();
    // The first round only warms up.
    for round in 0..=plan.rounds {
        for step in 0..served.len() {
            // The order rotates, so that no server always runs after the same other one.
            let index = (round + step) % served.len();
            let ServedDataset { atlas, .. } = &served[index];
            let sample =
                Sample::measure((atlas.address, atlas.pid()), scripts[index].clone(), plan.sample_duration).await;
            if round > 0 {
                other_cpu_shares.push(sample.other_cpu_share);
                samples[index].push(sample);
            }
        }
    }
    let first = served[0].dataset.name();
    for (served, own) in served.iter().zip(&samples).skip(1) {
        let name = format!("{name}, {}", served.dataset.name());
        let cpu = compare_rounds(own, |sample| sample.cpu_micros, &samples[0], |sample| sample.cpu_micros);
        let row =
            Row::relative(format!("{name}: CPU time"), Micros(cpu.subject), &first, Micros(cpu.baseline), cpu.ratio);
        let limit = if served.dataset.population == Population::Mixed { MAX_MIXED } else { MAX_GROWTH };
        table.add(if growth == Growth::Bounded { row.at_most(limit) } else { row });
        let rate = compare_rounds(own, |sample| sample.per_second, &samples[0], |sample| sample.per_second);
        let (subject, baseline) = (PerSecond(rate.subject), PerSecond(rate.baseline));
        table.add(Row::relative(format!("{name}: requests"), subject, &first, baseline, rate.ratio));
    }
}

/// Writes a number with thousands separators.
fn format_thousands(number: usize) -> String {
    if number < 1_000 {
        number.to_string()
    } else {
        format!("{},{:03}", format_thousands(number / 1_000), number % 1_000)
    }
}

fn print_progress(message: &str) {
    eprintln!("{message}");
}

/// Additional environment variables of every server: the first member is the owner.
fn extra_variables() -> [(&'static str, String); 1] {
    [("ADMIN_OWNER_EMAIL", dataset::email(0))]
}

/// The binary that is measured.
fn atlas_binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atlas"))
}
