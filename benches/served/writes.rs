//! Durable completions through the API, against one commit per write and against the disk alone.

use std::path::Path;

use crate::client::{LoadGenerator, Script};
use crate::disk::{FsyncBaseline, SingleCommitBaseline};
use crate::measure::{LoadResult, compare_rounds};
use crate::server::{Member, Server, today};
use crate::table::Quantity::{Micros, PerSecond};
use crate::table::{Row, Table};
use crate::{Plan, print_progress};

/// Habits per member. Each client completes a habit that no other client uses.
const HABITS_PER_MEMBER: usize = 64;

/// Measures every number of clients in the plan.
pub async fn measure(plan: &Plan, atlas: &Server, folder: &Path, table: &mut Table) {
    let scripts = create_scripts(atlas, plan.client_counts.iter().copied().max().unwrap_or(1)).await;
    let single_commit = SingleCommitBaseline::new(folder, today().day_of_year().unsigned_abs().into());
    let fsync = FsyncBaseline::new(folder);
    for clients in plan.client_counts.iter().copied() {
        print_progress(&format!("measuring completions, {clients} at once"));
        let mut rounds = Rounds::default();
        for round in 0..plan.rounds {
            for step in 0..3 {
                match (round + step) % 3 {
                    0 => {
                        let load = LoadGenerator::connect(atlas.address, scripts[..clients].to_vec()).await;
                        rounds.atlas.push(load.run_for(plan.sample_duration).await);
                    }
                    1 => rounds.single_commit.push(single_commit.run_for(clients, plan.sample_duration)),
                    _ => rounds.fsync.push(fsync.run_for(plan.sample_duration / 2)),
                }
            }
        }
        rounds.report(clients, table);
    }
}

/// One habit per client, marked as done and as not done in turn, so that every request writes.
async fn create_scripts(atlas: &Server, clients: usize) -> Vec<Script> {
    print_progress("preparing: members create their habits");
    let day = today();
    let mut scripts = Vec::new();
    while scripts.len() < clients {
        let mut member = Member::create(atlas, &format!("crowd{}", scripts.len())).await;
        for number in 0..HABITS_PER_MEMBER.min(clients - scripts.len()) {
            let habit = member.create_habit(&format!("Stretch {number}"), "").await;
            // Yesterday's completion stays, so the row is never empty.
            member.complete_days(&habit, day - jiff::Span::new().days(1), 1).await;
            let requests = [true, false].map(|done| member.completion_request(&habit, day, done)).to_vec();
            scripts.push(Script { forbidden_text: Some("\"noop\""), ..Script::new(requests) });
        }
    }
    scripts
}

#[derive(Default)]
struct Rounds {
    atlas: Vec<LoadResult>,
    single_commit: Vec<LoadResult>,
    fsync: Vec<LoadResult>,
}

const SINGLE_COMMIT: &str = "one commit each";
const FSYNC: &str = "fsync";

impl Rounds {
    fn report(&self, clients: usize, table: &mut Table) {
        let name = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") };
        let row = self.rate_row(&name, SINGLE_COMMIT, &self.single_commit);
        table.add(match clients {
            64 => row.at_least(4.0),
            256 => row.at_least(6.0),
            _ => row,
        });
        let row = self.rate_row(&name, FSYNC, &self.fsync);
        table.add(if clients == 64 { row.at_least(1.0) } else { row });

        let row = self.latency_row(&name, 0.5, FSYNC, &self.fsync);
        // A completion that is faster than an fsync isn't durable.
        table.add(if clients == 1 { row.at_least(1.0).at_most(10.0) } else { row });
        if clients > 1 {
            let row = self.latency_row(&name, 0.99, FSYNC, &self.fsync);
            table.add(if clients == 64 { row.at_most(120.0) } else { row });
        }
        let row = self.latency_row(&name, 0.99, SINGLE_COMMIT, &self.single_commit);
        table.add(if clients == 64 { row.at_most(0.25) } else { row });
    }

    fn rate_row(&self, clients: &str, baseline_name: &str, baseline: &[LoadResult]) -> Row {
        let rate = compare_rounds(&self.atlas, LoadResult::per_second, baseline, LoadResult::per_second);
        let name = format!("completions, {clients}");
        Row::relative(name, PerSecond(rate.subject), baseline_name, PerSecond(rate.baseline), rate.ratio)
    }

    /// A quantile of the latency, against the same quantile of one commit each, or against the median of fsync.
    fn latency_row(&self, clients: &str, quantile: f64, baseline_name: &str, baseline: &[LoadResult]) -> Row {
        let baseline_quantile = if baseline_name == FSYNC { 0.5 } else { quantile };
        let latency = compare_rounds(
            &self.atlas,
            |load| load.latency_micros(quantile),
            baseline,
            |load| load.latency_micros(baseline_quantile),
        );
        let percent = |quantile: f64| (quantile * 100.0).round();
        Row::relative(
            format!("completions, {clients}: p{}", percent(quantile)),
            Micros(latency.subject),
            format!("{baseline_name} p{}", percent(baseline_quantile)),
            Micros(latency.baseline),
            latency.ratio,
        )
    }
}
