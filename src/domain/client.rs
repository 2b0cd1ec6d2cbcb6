//! Who is at the other end of a request, as far as can be told.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Most characters kept of what a browser calls itself.
const LONGEST_AGENT: usize = 200;

/// A client: where it asks from and what it calls itself. Neither proves anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its address, as the nearest proxy that is trusted tells it.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// What the browser calls itself, cut after 200 characters; empty when it does not.
    #[serde(default)]
    pub agent: String,
}

impl Client {
    /// A client at `address` that calls itself `agent`.
    pub fn new(address: Option<IpAddr>, agent: &str) -> Self {
        let readable = agent.chars().filter(|letter| !letter.is_control());
        Self { address: address.map(|address| address.to_canonical()), agent: readable.take(LONGEST_AGENT).collect() }
    }
}
