//! The client that made a request: its address and user agent.

use std::net::{IpAddr, SocketAddr};

use ipnet::{IpNet, Ipv6Net};
use serde::{Deserialize, Serialize};

const MAX_USER_AGENT_CHARS: usize = 200;

/// A client. SECURITY: neither its address nor its user agent proves who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The peer's address, or the one that trusted proxies report.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// The `User-Agent` header, cut after 200 characters; empty when it is missing.
    #[serde(rename = "agent", default)]
    pub user_agent: String,
    /// The id of the current request, which also appears in the log. It is not stored.
    #[serde(skip)]
    pub request_id: Option<String>,
}

impl Client {
    /// A client, with control characters removed from `user_agent`.
    pub fn new(address: Option<IpAddr>, user_agent: &str) -> Self {
        let readable = user_agent.chars().filter(|c| !c.is_control());
        let address = address.map(|address| address.to_canonical());
        Self { address, user_agent: readable.take(MAX_USER_AGENT_CHARS).collect(), request_id: None }
    }

    /// Sets the id of the current request.
    pub fn with_request_id(self, request_id: &str) -> Self {
        Self { request_id: Some(request_id.to_owned()), ..self }
    }
}

/// Proxies whose `X-Forwarded-For` header is believed. Usually none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Parses an address or a network such as `127.0.0.1`, `10.0.0.0/8` or `fd00::/8`.
    ///
    /// # Errors
    /// [`InvalidNetwork`] for other text and for networks that contain every address.
    pub fn parse_network(text: &str) -> Result<IpNet, InvalidNetwork> {
        let address = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        match text.parse().or_else(|_| address()) {
            // SECURITY: if every address is trusted, any client can claim any address.
            Ok(network) if IpNet::prefix_len(&network) == 0 => Err(InvalidNetwork::Everything),
            Ok(network) => Ok(network),
            Err(_) => Err(InvalidNetwork::Malformed),
        }
    }

    /// Whether `address` is that of a trusted proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the client behind a connection from `peer`, given the entries of `X-Forwarded-For`.
    ///
    /// Every proxy appends the address of its peer, so the list is read from the end, and only while the author of an entry
    /// is trusted. An unreadable entry ends the walk: the last known proxy is then taken as the client.
    pub fn client_address<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut client = peer.to_canonical();
        for entry in forwarded.rev() {
            if !self.trusts(client) {
                break;
            }
            match parse_forwarded(entry) {
                Some(address) => client = address,
                None => break,
            }
        }
        client
    }
}

/// How a request of a client arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenClient {
    /// The address at the other end of the connection.
    pub peer: IpAddr,
    /// The entries of `X-Forwarded-For`.
    pub forwarded: Vec<String>,
    /// What the server takes for the client's address.
    pub address: IpAddr,
}

/// An address as proxies write it: in brackets or not, with a port or without.
pub fn parse_forwarded(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let with_port = || entry.parse().map(|address: SocketAddr| address.ip());
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

/// The address by which clients are counted: in IPv6 the /64 network, which is what one home or server is assigned and within
/// which it may use any number of addresses; in IPv4 the address itself.
pub fn prefix_64(address: IpAddr) -> IpAddr {
    network(address, 64)
}

/// The /48 network of an IPv6 address, the largest that providers usually assign to one customer. `None` for IPv4, where
/// neighboring addresses belong to different customers.
pub fn prefix_48(address: IpAddr) -> Option<IpAddr> {
    address.to_canonical().is_ipv6().then(|| network(address, 48))
}

fn network(address: IpAddr, bits: u8) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Net::new(address, bits).map_or(address, |network| network.trunc().addr()))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// The text does not name a network of proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    #[error("contains every address; list only the proxies")]
    Everything,
    #[error("is not an address or a network such as 127.0.0.1 or 10.0.0.0/8")]
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(networks.iter().map(|text| TrustedProxies::parse_network(text).unwrap()).collect())
    }

    #[test]
    fn only_entries_of_trusted_proxies_are_believed() {
        let table = [
            (&["127.0.0.1"][..], "127.0.0.1", "203.0.113.7", "203.0.113.7"),
            (&["127.0.0.1"], "::ffff:127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
            (&[], "127.0.0.1", "203.0.113.7", "127.0.0.1"),
            (&["10.0.0.0/8"], "192.0.2.1", "203.0.113.7", "192.0.2.1"),
            (&["10.0.0.0/8"], "10.0.0.1", "1.1.1.1, 203.0.113.7, 10.9.9.9", "203.0.113.7"),
            (&["10.0.0.0/8"], "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            (&["10.0.0.0/8"], "10.0.0.1", "203.0.113.7, unknown, 10.0.0.2", "10.0.0.2"),
            (&["10.0.0.0/8"], "10.0.0.1", "203.0.113.7, ", "10.0.0.1"),
            (&["10.0.0.0/8"], "10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
            (&["fd00::/8"], "fd00::1", "[2001:db8::1]:4711", "2001:db8::1"),
            (&["fd00::/8"], "fd00::1", "[2001:db8::1]", "2001:db8::1"),
        ];
        for (trusted, peer, forwarded, client) in table {
            assert_eq!(
                proxies(trusted).client_address(ip(peer), forwarded.split(',')),
                ip(client),
                "{peer}, {forwarded}"
            );
        }
        assert_eq!(proxies(&["10.0.0.0/8"]).client_address(ip("10.0.0.1"), [].into_iter()), ip("10.0.0.1"));
    }

    #[test]
    fn a_network_of_every_address_is_rejected() {
        for bad in ["", "localhost", "10.0.0.0/33", "10.0.0", "0.0.0.0/0", "::/0"] {
            assert!(TrustedProxies::parse_network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_prefix() {
        assert_eq!(prefix_64(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(prefix_48(ip("2001:db8:1:2:3:4:5:6")), Some(ip("2001:db8:1::")));
        assert_eq!((prefix_64(ip("192.0.2.1")), prefix_48(ip("192.0.2.1"))), (ip("192.0.2.1"), None));
        assert_eq!(prefix_64(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}
