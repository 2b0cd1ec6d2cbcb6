//! Whether another environment is configured to listen on the same port.

use std::net::SocketAddr;

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::peers::PeerConfig;

impl Resolver<'_> {
    /// A warning, because environments on different machines may have the same port.
    pub(super) fn check_ports(&mut self, listen: SocketAddr, others: &[PeerConfig]) {
        let has_port =
            |peer: &&PeerConfig| peer.is_listen_set && peer.listen.is_some_and(|other| overlap(listen, other));
        if let Some(other) = others.iter().find(has_port) {
            self.report_warning(
                keys::LISTEN,
                format!("{listen} is also where “{}” listens; on one machine, only one of the two can run. Set listen to another port", other.environment),
            );
        }
    }
}

/// Whether two servers cannot listen on both addresses at once. Port 0 stands for any free port.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let is_same_ip = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && is_same_ip
}
