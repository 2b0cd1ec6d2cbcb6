//! Connecting to a relay that may have several addresses, after RFC 8305 ("Happy Eyeballs"): IPv6 and IPv4 take turns, and an
//! address that doesn't answer delays the next one by a moment only.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};

use super::timeouts::RelayTimeouts;
use crate::domain::addresses::take_turns;

/// How the addresses of the relay are found.
#[derive(Debug, Clone, Default)]
pub enum Lookup {
    /// The system's resolver.
    #[default]
    System,
    /// These addresses, in this order; for tests.
    Fixed(Vec<SocketAddr>),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("the address of the relay {0} cannot be found; check the name and this machine's DNS")]
    NotFound(String),
    #[error("the relay cannot be connected to: {0}")]
    Refused(io::ErrorKind),
    #[error(
        "the relay could not be connected to in time; check the port, and that a firewall doesn't drop connections to it"
    )]
    Timeout,
}

impl Lookup {
    async fn find(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::System => Ok(lookup_host((host, port)).await?.collect()),
            Self::Fixed(addresses) => Ok(addresses.clone()),
        }
    }
}

/// Connects to whichever address of the relay answers first.
pub(super) async fn dial(
    lookup: &Lookup,
    host: &str,
    port: u16,
    timeouts: &RelayTimeouts,
) -> Result<TcpStream, DialError> {
    let dialing = async {
        let addresses = lookup.find(host, port).await.unwrap_or_default();
        if addresses.is_empty() {
            return Err(DialError::NotFound(host.to_owned()));
        }
        connect_to_any(take_turns(addresses), timeouts.next_address)
            .await
            .map_err(|error| DialError::Refused(error.kind()))
    };
    tokio::time::timeout(timeouts.connect, dialing).await.unwrap_or(Err(DialError::Timeout))
}

async fn connect_to_any(addresses: Vec<SocketAddr>, next_address: Duration) -> io::Result<TcpStream> {
    let mut remaining = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        match remaining.next() {
            Some(address) => attempts.push(TcpStream::connect(address)),
            None if attempts.is_empty() => return Err(last_error),
            None => {}
        }
        tokio::select! {
            Some(connected) = attempts.next() => match connected {
                Ok(stream) => return Ok(stream),
                Err(error) => last_error = error,
            },
            () = tokio::time::sleep(next_address), if remaining.len() > 0 => {}
        }
    }
}
