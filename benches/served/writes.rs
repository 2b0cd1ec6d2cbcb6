//! Durable completions: ticks and unticks through the API, against one commit each and against the disk itself.

use std::path::Path;

use crate::atlas::{Atlas, Person, today};
use crate::client::{Crowd, Script};
use crate::disk::{Plain, Synced};
use crate::measure::{Load, pair};
use crate::table::Figure::{Micros, PerSecond};
use crate::table::{Row, Table};
use crate::{Plan, note};

/// How many habits a person of this crowd keeps. Each client ticks one of its own.
const HABITS: usize = 64;

/// Measures every crowd of the plan.
pub async fn measure(plan: &Plan, atlas: &Atlas, folder: &Path, table: &mut Table) {
    let scripts = scripts(atlas, plan.crowds.iter().copied().max().unwrap_or(1)).await;
    let single = Plain::new(folder, today().day_of_year().unsigned_abs().into());
    let disk = Synced::new(folder);
    for clients in plan.crowds.iter().copied() {
        note(&format!("measuring completions, {clients} at once"));
        let mut rounds = Rounds::default();
        for round in 0..plan.rounds {
            for step in 0..3 {
                match (round + step) % 3 {
                    0 => {
                        let crowd = Crowd::gather(atlas.address, scripts[..clients].to_vec()).await;
                        rounds.atlas.push(crowd.ask_for(plan.turn).await);
                    }
                    1 => rounds.single.push(single.write_for(clients, plan.turn)),
                    _ => rounds.disk.push(disk.sync_for(plan.turn / 2)),
                }
            }
        }
        rounds.report(clients, table);
    }
}

/// One client each: a habit that is ticked and unticked in turn, so that every request writes.
async fn scripts(atlas: &Atlas, clients: usize) -> Vec<Script> {
    note("preparing: the crowd makes its habits");
    let day = today();
    let mut scripts = Vec::new();
    while scripts.len() < clients {
        let mut person = Person::welcome(atlas, &format!("crowd{}", scripts.len())).await;
        for number in 0..HABITS.min(clients - scripts.len()) {
            let habit = person.makes(&format!("Stretch {number}"), "").await;
            // Yesterday stays, so the row is never empty.
            person.has_done(&habit, day - jiff::Span::new().days(1), 1).await;
            let requests = vec![person.tick(&habit, day, true), person.tick(&habit, day, false)];
            scripts.push(Script { never: Some("\"noop\""), ..Script::of(requests) });
        }
    }
    scripts
}

#[derive(Default)]
struct Rounds {
    atlas: Vec<Load>,
    single: Vec<Load>,
    disk: Vec<Load>,
}

const EACH: &str = "one commit each";
const FSYNC: &str = "fsync";

impl Rounds {
    fn report(&self, clients: usize, table: &mut Table) {
        let what = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") };
        let row = self.rate(&what, EACH, &self.single);
        table.add(match clients {
            64 => row.at_least(4.0),
            256 => row.at_least(6.0),
            _ => row,
        });
        let row = self.rate(&what, FSYNC, &self.disk);
        table.add(if clients == 64 { row.at_least(1.0) } else { row });

        let row = self.wait(&what, 0.5, FSYNC, &self.disk);
        // Quicker than the disk alone is not durable.
        table.add(if clients == 1 { row.at_least(1.0).at_most(10.0) } else { row });
        if clients > 1 {
            let row = self.wait(&what, 0.99, FSYNC, &self.disk);
            table.add(if clients == 64 { row.at_most(120.0) } else { row });
        }
        let row = self.wait(&what, 0.99, EACH, &self.single);
        table.add(if clients == 64 { row.at_most(0.25) } else { row });
    }

    fn rate(&self, what: &str, name: &str, floor: &[Load]) -> Row {
        let pair = pair(&self.atlas, Load::per_second, floor, Load::per_second);
        Row::against(format!("completions, {what}"), PerSecond(pair.ours), name, PerSecond(pair.theirs), pair.ratio)
    }

    /// What `share` of the completions took at most, against the same of one commit each, or the median of fsync.
    fn wait(&self, what: &str, share: f64, name: &str, floor: &[Load]) -> Row {
        let their = if name == FSYNC { 0.5 } else { share };
        let pair = pair(&self.atlas, |load| load.wait(share), floor, |load| load.wait(their));
        let percent = |share: f64| (share * 100.0).round();
        Row::against(
            format!("completions, {what}: p{}", percent(share)),
            Micros(pair.ours),
            format!("{name} p{}", percent(their)),
            Micros(pair.theirs),
            pair.ratio,
        )
    }
}
