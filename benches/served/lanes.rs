//! Comparing what one request costs Atlas with what it costs hyper to send the same bytes, round by round.

use std::net::SocketAddr;
use std::path::Path;

use crate::atlas::Atlas;
use crate::client::{Connection, Request, Script};
use crate::floor::{Floor, Patience};
use crate::measure::pair;
use crate::table::Figure::{Micros, PerSecond};
use crate::table::Row;
use crate::turn::Turn;
use crate::{Plan, note};

/// How many connections ask at a time: enough that the server always has something to do.
pub const CONNECTIONS: usize = 32;

/// All rounds of one request.
pub struct Lanes {
    what: String,
    atlas: Vec<Turn>,
    endless: Vec<Turn>,
    bounded: Vec<Turn>,
}

impl Lanes {
    /// Processor time of each request.
    pub fn processor(&self, patience: Patience) -> Row {
        let (name, floor) = match patience {
            Patience::Endless => ("raw hyper", &self.endless),
            Patience::Bounded => ("raw hyper, same timeout", &self.bounded),
        };
        let pair = pair(&self.atlas, |turn| turn.processor, floor, |turn| turn.processor);
        let what = format!("{}: processor time", self.what);
        Row::against(what, Micros(pair.ours), name, Micros(pair.theirs), pair.ratio)
    }

    /// Requests a second.
    pub fn throughput(&self) -> Row {
        let pair = pair(&self.atlas, |turn| turn.per_second, &self.endless, |turn| turn.per_second);
        let what = format!("{}: requests", self.what);
        Row::against(what, PerSecond(pair.ours), "raw hyper", PerSecond(pair.theirs), pair.ratio)
    }

    /// What Atlas used for each request, against another request of the same rounds.
    pub fn against(&self, other: &Self) -> Row {
        let pair = pair(&self.atlas, |turn| turn.processor, &other.atlas, |turn| turn.processor);
        let what = format!("{}: processor time", self.what);
        Row::against(what, Micros(pair.ours), other.what.clone(), Micros(pair.theirs), pair.ratio)
    }
}

/// One measurement after the other, and what else went on meanwhile.
pub struct Bench<'a> {
    /// How long.
    pub plan: &'a Plan,
    /// What is measured.
    pub atlas: &'a Atlas,
    /// Where the floors find what to send.
    pub folder: &'a Path,
    /// What share of the processors others used in each turn.
    pub others: Vec<f64>,
}

impl Bench<'_> {
    /// Asks Atlas and raw hyper for the same, in turn.
    pub async fn compare(&mut self, what: &str, request: &Request) -> Lanes {
        self.compare_with(what, "20", request, |_| vec![request.clone()]).await
    }

    /// The same, where `asked` says what each connection asks Atlas for, answered with `status`, and raw hyper sends what
    /// Atlas answers to `same`.
    pub async fn compare_with(
        &mut self,
        what: &str,
        status: &'static str,
        same: &Request,
        asked: impl Fn(usize) -> Vec<Request>,
    ) -> Lanes {
        note(&format!("measuring {what}"));
        let mut first = Connection::open(self.atlas.address).await.expect("a connection");
        let answer = first.ask(same).await;
        let what = format!("{what} ({:.1} KB)", answer.body.len() as f64 / 1e3);
        let floors =
            [Patience::Endless, Patience::Bounded].map(|patience| Floor::start(self.folder, &answer, patience));
        let scripts = |lane: usize| -> Vec<Script> {
            let ours = |connection| Script { requests: asked(connection), status, never: None };
            let floors = |_| Script { requests: vec![same.clone()], status: "", never: None };
            (0..CONNECTIONS).map(|connection| if lane == 0 { ours(connection) } else { floors(connection) }).collect()
        };
        let servers = [
            (self.atlas.address, self.atlas.pid()),
            (floors[0].address, floors[0].pid()),
            (floors[1].address, floors[1].pid()),
        ];
        let mut lanes = [const { Vec::new() }; 3];
        for round in 0..self.plan.rounds {
            for step in 0..servers.len() {
                // Each goes first once in a while, so that nobody always follows the same neighbour.
                let lane = (round + step) % servers.len();
                lanes[lane].push(self.turn(servers[lane], scripts(lane)).await);
            }
        }
        let [atlas, endless, bounded] = lanes;
        Lanes { what, atlas, endless, bounded }
    }

    /// Two requests of Atlas, in turn.
    pub async fn compare_two(
        &mut self,
        one: (&str, &Request),
        other: (&str, &Request),
        status: &'static str,
    ) -> [Lanes; 2] {
        note(&format!("measuring {} and {}", one.0, other.0));
        let mut lanes = [one, other].map(|(what, _)| Lanes {
            what: what.to_owned(),
            atlas: Vec::new(),
            endless: Vec::new(),
            bounded: Vec::new(),
        });
        for round in 0..2 * self.plan.rounds {
            for step in 0..2 {
                let lane = (round + step) % 2;
                let request = [one.1, other.1][lane];
                let script = Script { requests: vec![request.clone()], status, never: None };
                let turn = self.turn((self.atlas.address, self.atlas.pid()), vec![script; CONNECTIONS]).await;
                lanes[lane].atlas.push(turn);
            }
        }
        lanes
    }

    async fn turn(&mut self, server: (SocketAddr, u32), scripts: Vec<Script>) -> Turn {
        let turn = Turn::of(server, scripts, self.plan.turn).await;
        self.others.push(turn.others);
        turn
    }
}
