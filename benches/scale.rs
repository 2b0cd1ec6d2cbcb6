//! Whether a page costs the same however many people share the data file.
//!
//! `cargo bench --bench scale` makes files of 1,000 and 10,000 people and takes about a minute; with `-- --full` there is
//! one of 100,000, too, and it takes about five minutes and 2.3 gigabytes of disk. Everybody keeps ten habits and has done
//! each of them on every one of the last 365 days. The files are the same every time, but for the day they end on.
//!
//! Besides the pages of people there are those of an admin, a tick through the API, the hourly job that looks for what is
//! over, a snapshot with its proof, and what a day and a year take without HTTP and pages, each of another person.
//!
//! The release binary serves each file, all at once, and they are asked in turn, several rounds, so that whatever else
//! the machine does hits all of them alike. Each request is of another person, spread over the whole file: of the larger
//! files little of what a page needs is in the database's own cache, and what is not is read from the system's. That is
//! the worst case, and the honest one. Every page is rendered: everybody comes round before anybody comes again, and
//! that is more than the pages Atlas keeps.
//!
//! What a tick takes on the disk counts the year's row it stands in, which begins in January: people who began in the
//! middle of a year, as these did, need more than those who kept on for years.
//!
//! A ratio is the median over the rounds of a file divided by the file of 1,000 people in the same round. Processor time
//! per request is the figure to trust; requests per second also count what the load generator needs.
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
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "figures for people, three digits of them"
)]
#![allow(dead_code, reason = "the tools of the other benchmark can do more than is needed here")]

#[path = "served/atlas.rs"]
mod atlas;
#[path = "served/client.rs"]
mod client;
#[path = "served/measure.rs"]
mod measure;
#[path = "served/table.rs"]
mod table;
#[path = "scale/town.rs"]
mod town;
#[path = "served/turn.rs"]
mod turn;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ::atlas::app::clock::Clock;
use ::atlas::app::{App, completions};
use ::atlas::config::Flags;
use ::atlas::domain::AccountId;
use ::atlas::store::schema::COMPLETIONS;
use ::atlas::store::{Store, accounts, completions as stored};
use atlas::Atlas;
use client::{Connection, Request, Script};
use measure::{pair, resident_megabytes};
use table::Figure::{Bytes, Megabytes, Micros, Millis, PerSecond, Seconds};
use table::{Row, Table};
use town::Town;
use turn::Turn;

/// How large the files are, and how long and how often everything is measured.
struct Plan {
    sizes: &'static [usize],
    rounds: usize,
    turn: Duration,
}

const QUICK: Plan = Plan { sizes: &[1_000, 10_000], rounds: 5, turn: Duration::from_secs(1) };
const FULL: Plan = Plan { sizes: &[1_000, 10_000, 100_000], rounds: 8, turn: Duration::from_secs(2) };

/// What people ask for: a name, the address, and whether it may cost more the more people there are.
const PAGES: [(&str, Asks, Growth); 7] = [
    ("GET /today", Asks::Page("/today"), Growth::Flat),
    ("GET /calendar", Asks::Page("/calendar"), Growth::Flat),
    ("GET /insights", Asks::Page("/insights"), Growth::Flat),
    ("GET /admin", Asks::Admin("/admin"), Growth::Flat),
    ("GET /admin/users", Asks::Admin("/admin/users"), Growth::Flat),
    ("GET /admin/users, nobody found", Asks::Admin("/admin/users?search=nobody-has-this-name"), Growth::Shown),
    // Last, for it changes what the others show.
    ("POST /api/completions", Asks::Tick, Growth::Shown),
];

/// Who asks for what.
#[derive(Clone, Copy)]
enum Asks {
    /// Each somebody else for the same page.
    Page(&'static str),
    /// Each somebody else for a tick of today, and then for an untick.
    Tick,
    /// One admin for the same page.
    Admin(&'static str),
}

/// Whether there is a target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Growth {
    Flat,
    Shown,
}

/// How many connections ask at a time.
const CONNECTIONS: usize = 32;
/// How many people each connection asks for before it begins anew: more than it gets through in a turn.
const VISITS: usize = 1_000;
/// How much more processor time a page may take in the file of this many people than in that of the fewest.
const FLAT: f64 = 1.3;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test` may start benchmarks too, without this word.
    if !words.iter().any(|word| word == "--bench") {
        return println!("this measures; start it with: cargo bench --bench scale [-- --full]");
    }
    measured(if words.iter().any(|word| word == "--full") { &FULL } else { &QUICK });
}

/// A town with the server in front of it.
struct Served {
    town: Town,
    atlas: Atlas,
    alone: Alone,
    folder: PathBuf,
}

impl Served {
    /// What every connection asks for, by other people each time.
    fn scripts(&self, asks: Asks) -> Vec<Script> {
        let cookie = |number| town::cookie(number);
        let get = |number, page| Request::get(self.atlas.address, page, &[("cookie", &cookie(number))]);
        let ask = |visit: usize| match asks {
            Asks::Page(page) => get(self.town.somebody(visit), page),
            Asks::Admin(page) => get(0, page),
            Asks::Tick => {
                // Each connection ticks and unticks for one person, then for the next.
                let (turn, connection) = (visit / CONNECTIONS, visit % CONNECTIONS);
                let number = self.town.somebody(turn / 2 * CONNECTIONS + connection);
                let (habit, date) = (self.town.habit(number).to_string(), atlas::today().to_string());
                let body = serde_json::json!({ "habitId": habit, "date": date, "completed": turn.is_multiple_of(2) });
                Request::post(self.atlas.address, "/api/completions", &[("cookie", &cookie(number))], &body)
            }
        };
        let script = |connection| Script::of((0..VISITS).map(|visit| ask(visit * CONNECTIONS + connection)).collect());
        (0..CONNECTIONS).map(script).collect()
    }

    /// Stops everything when the day of somebody is not as it was planted.
    async fn check(&self) {
        let mut connection = Connection::open(self.atlas.address).await.expect("a connection");
        let cookie = town::cookie(self.town.people - 1);
        let request = Request::get(self.atlas.address, "/today", &[("cookie", &cookie)]);
        let answer = connection.ask(&request).await.expect_success();
        let streak = format!("{} in a row", town::DAYS);
        assert_eq!(answer.text().matches(&streak).count(), town::HABITS, "{}", answer.text());
    }
}

fn measured(plan: &Plan) {
    let began = Instant::now();
    // Beside the build, so that it is a real disk even where the system's temporary folder is memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for data files");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut table = Table::default();
    let served: Vec<Served> = plan
        .sizes
        .iter()
        .map(|&people| {
            note(&format!("preparing {} people", grouped(people)));
            let folder = folder.path().join(people.to_string());
            let town = runtime.block_on(Town::build(&folder, people));
            let alone = runtime.block_on(alone(&folder, &town));
            Served { atlas: Atlas::start(&folder), town, alone, folder }
        })
        .collect();
    let mut others = Vec::new();
    for page in PAGES {
        runtime.block_on(compare(plan, &served, page, &mut table, &mut others));
    }
    for Served { town, atlas, alone, folder } in &served {
        let people = grouped(town.people);
        let bytes = town.bytes as f64;
        table.add(Row::alone(format!("{people} people: data file"), Megabytes(bytes / 1e6)));
        let each = |bytes: u64| Bytes(bytes as f64 / town.completions() as f64);
        table.add(Row::alone(format!("{people} people: file per completion"), each(town.bytes)));
        for taken in town.tables.iter().filter(|taken| taken.pages > town.bytes / 50) {
            let what = format!("{people} people: table {} per completion", taken.name);
            table.add(Row::alone(format!("{what}, keys and values"), each(taken.rows)));
            let row = Row::alone(format!("{what}, pages"), each(taken.pages));
            table.add(if taken.name == COMPLETIONS.name() { row.at_most(5.0) } else { row });
        }
        table.add(Row::alone(format!("{people} people: made in"), Seconds(town.took.as_secs_f64())));
        table.add(Row::alone(format!("{people} people: hourly purge"), Millis(alone.purged.as_secs_f64() * 1e3)));
        let micros = |each: Duration| Micros(each.as_secs_f64() * 1e6);
        table
            .add(Row::alone(format!("{people} people: what a day asks the file for"), micros(alone.day)).at_most(60.0));
        let year = Row::alone(format!("{people} people: a year of ten habits, read and decoded"), micros(alone.year));
        // The bound is for thirty.
        table.add(year.at_most(50.0 * town::HABITS as f64 / 30.0));
        note(&format!("measuring a snapshot of {people} people"));
        let taken = Seconds(snapshot(folder).as_secs_f64());
        table.add(Row::alone(format!("{people} people: snapshot with its proof"), taken));
        let resident = resident_megabytes(atlas.pid());
        table.add(Row::alone(format!("{people} people: resident memory, busy"), Megabytes(resident)));
    }
    println!("{table}");
    println!(
        "{} rounds of {:.1} s, {:.0} s in all. Other programs used {:.0} % of {} processors meanwhile.",
        plan.rounds,
        plan.turn.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        others.iter().sum::<f64>() / others.len() as f64 * 100.0,
        std::thread::available_parallelism().map_or(1, usize::from),
    );
}

/// What the use cases take by themselves, on a file that nobody serves yet.
struct Alone {
    /// The hourly job.
    purged: Duration,
    /// A day of somebody: the account, ten habits, what was done, the streaks.
    day: Duration,
    /// What somebody did in a year.
    year: Duration,
}

/// How many people are asked for, each once.
const ASKED: usize = 1_000;

async fn alone(folder: &Path, town: &Town) -> Alone {
    let config = folder.join("atlas.toml");
    std::fs::write(&config, "").expect("settings");
    let flags = Flags { config: Some(config), ..Flags::default() };
    let settings = ::atlas::config::check(&flags, &BTreeMap::new()).expect("settings").settings.expect("settings");
    let store = Store::open(&settings.data_file, &settings.environment).expect("the file");
    let app_url = "http://localhost:3000".parse().expect("an address");
    let app = App::new(store, &settings, app_url, Clock::System).expect("the app");
    let began = Instant::now();
    ::atlas::app::purge::purge(&app).await.expect("a purge");
    let purged = began.elapsed();
    let each = |ask: &dyn Fn(AccountId)| {
        let people: Vec<_> = (0..ASKED).map(|visit| town.person(town.somebody(visit))).collect();
        let began = Instant::now();
        people.into_iter().for_each(ask);
        began.elapsed() / ASKED as u32
    };
    let day = each(&|person| {
        let me = app.store.read(|view| accounts::get(view, person)).expect("a look").expect("somebody");
        let agenda = completions::agenda(&app, &me, app.today(&me)).expect("a day");
        assert_eq!(agenda.items.len(), town::HABITS);
    });
    let last_year = atlas::today().year();
    let year = each(&|person| {
        let done = app.store.read(|view| stored::of_year(view, person, last_year)).expect("a look");
        assert!(done.len() <= town::HABITS);
    });
    Alone { purged, day, year }
}

/// A snapshot as an operator takes it while Atlas serves.
fn snapshot(folder: &Path) -> Duration {
    let began = Instant::now();
    let mut command = std::process::Command::new(binary());
    command.args(["snapshot", "create", "--config", "atlas.toml"]).current_dir(folder).env_clear();
    let taken = command.stdout(std::process::Stdio::null()).status().expect("a snapshot");
    assert!(taken.success(), "a snapshot is taken");
    began.elapsed()
}

/// One request, made of every file in turn.
async fn compare(
    plan: &Plan,
    served: &[Served],
    (name, asks, growth): (&str, Asks, Growth),
    table: &mut Table,
    others: &mut Vec<f64>,
) {
    note(&format!("measuring {name}"));
    let mut scripts = Vec::new();
    for served in served {
        served.check().await;
        scripts.push(served.scripts(asks));
    }
    let mut lanes: Vec<Vec<Turn>> = served.iter().map(|_| Vec::new()).collect();
    // The first round only warms up.
    for round in 0..=plan.rounds {
        for step in 0..served.len() {
            // Each goes first once in a while, so that nobody always follows the same neighbour.
            let lane = (round + step) % served.len();
            let Served { atlas, .. } = &served[lane];
            let turn = Turn::of((atlas.address, atlas.pid()), scripts[lane].clone(), plan.turn).await;
            if round > 0 {
                others.push(turn.others);
                lanes[lane].push(turn);
            }
        }
    }
    let first = format!("{} people", grouped(served[0].town.people));
    for (served, lane) in served.iter().zip(&lanes).skip(1) {
        let what = format!("{name}, {} people", grouped(served.town.people));
        let cost = pair(lane, |turn| turn.processor, &lanes[0], |turn| turn.processor);
        let row =
            Row::against(format!("{what}: processor time"), Micros(cost.ours), &first, Micros(cost.theirs), cost.ratio);
        table.add(if growth == Growth::Flat { row.at_most(FLAT) } else { row });
        let rate = pair(lane, |turn| turn.per_second, &lanes[0], |turn| turn.per_second);
        let (ours, theirs) = (PerSecond(rate.ours), PerSecond(rate.theirs));
        table.add(Row::against(format!("{what}: requests"), ours, &first, theirs, rate.ratio));
    }
}

/// A number as people write it.
fn grouped(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1_000), number % 1_000) }
}

/// Says what is going on, for whoever waits.
fn note(what: &str) {
    eprintln!("{what}");
}

/// What every Atlas is started with besides.
fn planted() -> [(&'static str, String); 1] {
    [("ADMIN_OWNER_EMAIL", town::email(0))]
}

/// The binary that is measured.
fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atlas"))
}
