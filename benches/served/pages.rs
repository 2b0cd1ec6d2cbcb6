//! What is only read: health, the day, an asset; each against hyper sending the same bytes.

use std::net::SocketAddr;
use std::path::Path;

use crate::atlas::{Atlas, Person, today};
use crate::client::{Connection, Request, Script};
use crate::floor::{Floor, Patience};
use crate::measure::pair;
use crate::table::Figure::{Micros, PerSecond};
use crate::table::{Row, Table};
use crate::turn::Turn;
use crate::{Plan, note};

/// How many connections ask at a time: enough that the server always has something to do.
const CONNECTIONS: usize = 32;
/// How many habits the day shows.
const HABITS: usize = 30;
/// A machine is quiet when others use less of its processors than this.
const QUIET: f64 = 0.1;

/// Measures them all. Answers what share of the processors other programs used meanwhile.
pub async fn measure(plan: &Plan, atlas: &Atlas, folder: &Path, table: &mut Table) -> f64 {
    let mut ada = Person::welcome(atlas, "ada").await;
    settle_in(&mut ada).await;
    let day = ada.get("/today");
    let page = ada.ask(&day).await.text().to_owned();
    assert_eq!(page.matches("<li class=\"tick-row\"").count(), HABITS, "every habit is on the page");
    let style = page.split('"').find(|text| text.starts_with("/assets/app.") && !text.contains(".js"));
    let style = style.expect("the page to name its style sheet");

    let mut bench = Bench { plan, atlas, folder, others: Vec::new() };
    let health = Request::get(atlas.address, "/api/health", &[]);
    let health = bench.compare("GET /api/health", &health).await;
    let style = Request::get(atlas.address, style, &[("accept-encoding", "br")]);
    let style = bench.compare("GET app.css, brotli", &style).await;
    let day = bench.compare("GET /today, 30 habits", &day).await;
    let packed = ada.get_packed("/today");
    let packed = bench.compare("GET /today, 30 habits, gzip", &packed).await;
    let others = bench.others.iter().sum::<f64>() / bench.others.len() as f64;

    table.add(health.processor(Patience::Bounded).at_most(1.3));
    table.add(health.processor(Patience::Endless));
    table.add(health.throughput());
    table.add(style.processor(Patience::Bounded));
    table.add(style.throughput().at_least(0.85));
    table.add(day.processor(Patience::Bounded));
    table.add(day.throughput().at_least(if others < QUIET { 0.5 } else { 0.35 }));
    table.add(packed.processor(Patience::Bounded));
    table.add(packed.throughput());
    others
}

/// Thirty habits of every day, kept for a week, a third of them ticked today.
async fn settle_in(ada: &mut Person) {
    note("preparing: Ada makes her habits");
    for number in 1..=HABITS {
        let about = if number % 2 == 0 { "A quarter of an hour, the phone in another room." } else { "" };
        let habit = ada.makes(&format!("Read ten pages of book {number}"), about).await;
        let open_today = i64::from(number % 3 != 0);
        ada.has_done(&habit, today() - jiff::Span::new().days(open_today), 7 - open_today).await;
    }
}

/// All rounds of one request.
struct Lanes {
    what: String,
    atlas: Vec<Turn>,
    endless: Vec<Turn>,
    bounded: Vec<Turn>,
}

impl Lanes {
    fn processor(&self, patience: Patience) -> Row {
        let (name, floor) = match patience {
            Patience::Endless => ("raw hyper", &self.endless),
            Patience::Bounded => ("raw hyper, same timeout", &self.bounded),
        };
        let pair = pair(&self.atlas, |turn| turn.processor, floor, |turn| turn.processor);
        let what = format!("{}: processor time", self.what);
        Row::against(what, Micros(pair.ours), name, Micros(pair.theirs), pair.ratio)
    }

    fn throughput(&self) -> Row {
        let pair = pair(&self.atlas, |turn| turn.per_second, &self.endless, |turn| turn.per_second);
        let what = format!("{}: requests", self.what);
        Row::against(what, PerSecond(pair.ours), "raw hyper", PerSecond(pair.theirs), pair.ratio)
    }
}

struct Bench<'a> {
    plan: &'a Plan,
    atlas: &'a Atlas,
    folder: &'a Path,
    others: Vec<f64>,
}

impl Bench<'_> {
    async fn compare(&mut self, what: &str, request: &Request) -> Lanes {
        note(&format!("measuring {what}"));
        let mut first = Connection::open(self.atlas.address).await.expect("a connection");
        let answer = first.ask(request).await.expect_success();
        let what = format!("{what} ({:.1} KB)", answer.body.len() as f64 / 1e3);
        let endless = Floor::start(self.folder, &answer, Patience::Endless);
        let bounded = Floor::start(self.folder, &answer, Patience::Bounded);
        let servers = [
            (self.atlas.address, self.atlas.pid()),
            (endless.address, endless.pid()),
            (bounded.address, bounded.pid()),
        ];
        let mut lanes = [const { Vec::new() }; 3];
        for round in 0..self.plan.rounds {
            for step in 0..servers.len() {
                // Each goes first once in a while, so that nobody always follows the same neighbour.
                let lane = (round + step) % servers.len();
                lanes[lane].push(self.turn(servers[lane], request).await);
            }
        }
        let [atlas, endless, bounded] = lanes;
        Lanes { what, atlas, endless, bounded }
    }

    async fn turn(&mut self, server: (SocketAddr, u32), request: &Request) -> Turn {
        let script = Script { requests: vec![request.clone()], never: None };
        let turn = Turn::of(server, vec![script; CONNECTIONS], self.plan.turn).await;
        self.others.push(turn.others);
        turn
    }
}
