//! Compares what one request costs Atlas with what it costs hyper to send the same bytes, round by round.

use std::net::SocketAddr;
use std::path::Path;

use crate::baseline::{HeaderTimeout, HttpBaseline};
use crate::client::{Connection, Request, Script};
use crate::measure::compare_rounds;
use crate::sample::Sample;
use crate::server::Server;
use crate::table::Quantity::{Micros, PerSecond};
use crate::table::Row;
use crate::{Plan, print_progress};

/// Concurrent connections: enough that the server always has a request to process.
pub const CONNECTIONS: usize = 32;

/// The samples of one request, one per round and server.
pub struct Comparison {
    name: String,
    atlas: Vec<Sample>,
    no_timeout: Vec<Sample>,
    same_timeout: Vec<Sample>,
}

impl Comparison {
    /// CPU time per request, against a baseline.
    pub fn cpu_row(&self, timeout: HeaderTimeout) -> Row {
        let (baseline_name, baseline) = match timeout {
            HeaderTimeout::Unlimited => ("raw hyper", &self.no_timeout),
            HeaderTimeout::SameAsAtlas => ("raw hyper, same timeout", &self.same_timeout),
        };
        let cpu = compare_rounds(&self.atlas, |sample| sample.cpu_micros, baseline, |sample| sample.cpu_micros);
        let name = format!("{}: CPU time", self.name);
        Row::relative(name, Micros(cpu.subject), baseline_name, Micros(cpu.baseline), cpu.ratio)
    }

    /// Requests per second, against the baseline without a timeout.
    pub fn throughput_row(&self) -> Row {
        let rate =
            compare_rounds(&self.atlas, |sample| sample.per_second, &self.no_timeout, |sample| sample.per_second);
        let name = format!("{}: requests", self.name);
        Row::relative(name, PerSecond(rate.subject), "raw hyper", PerSecond(rate.baseline), rate.ratio)
    }

    /// CPU time per request, against another request to Atlas in the same rounds.
    pub fn cpu_row_against(&self, other: &Self) -> Row {
        let cpu = compare_rounds(&self.atlas, |sample| sample.cpu_micros, &other.atlas, |sample| sample.cpu_micros);
        let name = format!("{}: CPU time", self.name);
        Row::relative(name, Micros(cpu.subject), other.name.clone(), Micros(cpu.baseline), cpu.ratio)
    }
}

/// Runs the comparisons, and records what other programs used meanwhile.
pub struct HttpBench<'a> {
    pub plan: &'a Plan,
    pub atlas: &'a Server,
    /// Where the responses for the baselines are written.
    pub folder: &'a Path,
    /// The share of the machine's CPU time that other programs used, per sample.
    pub other_cpu_shares: Vec<f64>,
}

impl HttpBench<'_> {
    /// Sends the same request to Atlas and to both baselines, in turn.
    pub async fn compare(&mut self, name: &str, request: &Request) -> Comparison {
        self.compare_with(name, "20", request, |_| vec![request.clone()]).await
    }

    /// Sends `atlas_requests` of each connection to Atlas, which must answer with `status`. The baselines replay Atlas's response
    /// to `replayed`.
    pub async fn compare_with(
        &mut self,
        name: &str,
        status: &'static str,
        replayed: &Request,
        atlas_requests: impl Fn(usize) -> Vec<Request>,
    ) -> Comparison {
        print_progress(&format!("measuring {name}"));
        let mut connection = Connection::open(self.atlas.address).await.expect("a connection");
        let response = connection.send(replayed).await;
        let name = format!("{name} ({:.1} KB)", response.body.len() as f64 / 1e3);
        let baselines = [HeaderTimeout::Unlimited, HeaderTimeout::SameAsAtlas]
            .map(|timeout| HttpBaseline::start(self.folder, &response, timeout));
        let scripts = |server: usize| -> Vec<Script> {
            let script = |connection| match server {
                0 => Script { requests: atlas_requests(connection), expected_status: status, forbidden_text: None },
                _ => Script { requests: vec![replayed.clone()], expected_status: "", forbidden_text: None },
            };
            (0..CONNECTIONS).map(script).collect()
        };
        let servers = [
            (self.atlas.address, self.atlas.pid()),
            (baselines[0].address, baselines[0].pid()),
            (baselines[1].address, baselines[1].pid()),
        ];
        let mut samples = [const { Vec::new() }; 3];
        for round in 0..self.plan.rounds {
            for step in 0..servers.len() {
                // The order rotates, so that no server always runs after the same other one.
                let server = (round + step) % servers.len();
                samples[server].push(self.sample(servers[server], scripts(server)).await);
            }
        }
        let [atlas, no_timeout, same_timeout] = samples;
        Comparison { name, atlas, no_timeout, same_timeout }
    }

    /// Sends two different requests to Atlas, in turn.
    pub async fn compare_two(
        &mut self,
        first: (&str, &Request),
        second: (&str, &Request),
        status: &'static str,
    ) -> [Comparison; 2] {
        self.compare_scripts([first.0, second.0], status, |index, _| vec![[first.1, second.1][index].clone()]).await
    }

    /// Sends the requests of the first and of the second script of each connection to Atlas, in turn.
    pub async fn compare_scripts(
        &mut self,
        names: [&str; 2],
        status: &'static str,
        requests: impl Fn(usize, usize) -> Vec<Request>,
    ) -> [Comparison; 2] {
        print_progress(&format!("measuring {} and {}", names[0], names[1]));
        let mut comparisons = names.map(|name| Comparison {
            name: name.to_owned(),
            atlas: Vec::new(),
            no_timeout: Vec::new(),
            same_timeout: Vec::new(),
        });
        for round in 0..2 * self.plan.rounds {
            for step in 0..2 {
                let index = (round + step) % 2;
                let script = |connection| Script {
                    requests: requests(index, connection),
                    expected_status: status,
                    forbidden_text: None,
                };
                let scripts = (0..CONNECTIONS).map(script).collect();
                let sample = self.sample((self.atlas.address, self.atlas.pid()), scripts).await;
                comparisons[index].atlas.push(sample);
            }
        }
        comparisons
    }

    async fn sample(&mut self, server: (SocketAddr, u32), scripts: Vec<Script>) -> Sample {
        let sample = Sample::measure(server, scripts, self.plan.sample_duration).await;
        self.other_cpu_shares.push(sample.other_cpu_share);
        sample
    }
}
