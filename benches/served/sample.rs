//! One sample of one server: clients send requests for a while, and the kernel reports the CPU time.

use std::net::SocketAddr;
use std::time::Duration;

use crate::client::{LoadGenerator, Script};
use crate::measure::{cpu_seconds, machine_cpu_seconds};

/// What one sample measured.
pub struct Sample {
    /// CPU time of the server per request, in microseconds.
    pub cpu_micros: f64,
    /// Requests per second.
    pub per_second: f64,
    /// The share of the machine's CPU time that other programs used meanwhile.
    pub other_cpu_share: f64,
}

impl Sample {
    /// Repeats every script for `duration`, each on its own connection.
    pub async fn measure((address, pid): (SocketAddr, u32), scripts: Vec<Script>, duration: Duration) -> Self {
        let clients = LoadGenerator::connect(address, scripts).await;
        let own_cpu = || cpu_seconds(pid) + cpu_seconds(std::process::id());
        let (server, own, (machine, all)) = (cpu_seconds(pid), own_cpu(), machine_cpu_seconds());
        let load = clients.run_for(duration).await;
        let server = cpu_seconds(pid) - server;
        let (own, (machine_now, all_now)) = (own_cpu() - own, machine_cpu_seconds());
        Self {
            cpu_micros: server / load.count() * 1e6,
            per_second: load.per_second(),
            other_cpu_share: ((machine_now - machine - own) / (all_now - all)).max(0.0),
        }
    }
}
