//! One turn of one server: a crowd asks for a while, and the kernel says what that cost.

use std::net::SocketAddr;
use std::time::Duration;

use crate::client::{Crowd, Script};
use crate::measure::{machine_seconds, processor_seconds};

/// What a turn showed.
pub struct Turn {
    /// Processor time of the server for each request, in microseconds.
    pub processor: f64,
    /// Requests a second.
    pub per_second: f64,
    /// What share of the machine's processors others used meanwhile.
    pub others: f64,
}

impl Turn {
    /// Lets every script be asked over and over for `time` on a connection of its own.
    pub async fn of((address, pid): (SocketAddr, u32), scripts: Vec<Script>, time: Duration) -> Self {
        let crowd = Crowd::gather(address, scripts).await;
        let own = || processor_seconds(pid) + processor_seconds(std::process::id());
        let (server, ours, (machine, all)) = (processor_seconds(pid), own(), machine_seconds());
        let load = crowd.ask_for(time).await;
        let server = processor_seconds(pid) - server;
        let (ours, (machine_now, all_now)) = (own() - ours, machine_seconds());
        Self {
            processor: server / load.count() * 1e6,
            per_second: load.per_second(),
            others: ((machine_now - machine - ours) / (all_now - all)).max(0.0),
        }
    }
}
