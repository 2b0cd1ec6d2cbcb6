//! Who is at the other end of a request, as far as can be told.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
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
    /// The number of the request with which it asks now, as it stands in the log. It is not kept with the client.
    #[serde(skip)]
    pub request: Option<String>,
}

impl Client {
    /// A client at `address` that calls itself `agent`.
    pub fn new(address: Option<IpAddr>, agent: &str) -> Self {
        let readable = agent.chars().filter(|letter| !letter.is_control());
        let address = address.map(|address| address.to_canonical());
        Self { address, agent: readable.take(LONGEST_AGENT).collect(), request: None }
    }

    /// The same, asking with the request of that number.
    pub fn asking(self, request: &str) -> Self {
        Self { request: Some(request.to_owned()), ..self }
    }
}

/// Proxies whose word on who asks is taken. Usually none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// These and no others.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// An address or a network, as in `127.0.0.1`, `10.0.0.0/8` or `fd00::/8`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn network(text: &str) -> Result<IpNet, &'static str> {
        let alone = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        match text.parse().or_else(|_| alone()) {
            // SECURITY: believing everybody is believing whatever a client writes about itself.
            Ok(network) if IpNet::prefix_len(&network) == 0 => Err("is everybody; name the proxies alone"),
            Ok(network) => Ok(network),
            Err(_) => Err("is neither an address nor a network, as in 127.0.0.1 or 10.0.0.0/8"),
        }
    }

    /// Whether `address` is one of them.
    pub fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who asks, when a connection comes from `peer` and the request says of itself that it was `forwarded` for others.
    ///
    /// Every proxy adds whom it heard at the end of the list, so it is read from there, and only as long as whoever wrote
    /// an entry is trusted. What cannot be read ends the walk: the last proxy that is known then stands for its client.
    pub fn client<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut client = peer.to_canonical();
        for entry in forwarded.rev() {
            if !self.trust(client) {
                break;
            }
            match written(entry) {
                Some(address) => client = address,
                None => break,
            }
        }
        client
    }
}

/// An address as proxies write it, some with the port.
fn written(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let with_port = || entry.parse().map(|address: SocketAddr| address.ip());
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

/// What stands for an address where clients are counted: in IPv6, the network of 64 bits that one household or server
/// is given, for within it everybody may use as many addresses as they like.
pub fn household(address: IpAddr) -> IpAddr {
    network(address, 64)
}

/// The network of 48 bits around an IPv6 address, the most that providers usually give to one customer; nothing for an
/// IPv4 address, whose neighbours are strangers.
pub fn customer(address: IpAddr) -> Option<IpAddr> {
    address.to_canonical().is_ipv6().then(|| network(address, 48))
}

fn network(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> bits))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies(networks: &[&str]) -> Proxies {
        Proxies::new(networks.iter().map(|text| Proxies::network(text).unwrap()).collect())
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
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
            assert_eq!(proxies(trusted).client(ip(peer), forwarded.split(',')), ip(client), "{peer}, {forwarded}");
        }
        assert_eq!(proxies(&["10.0.0.0/8"]).client(ip("10.0.0.1"), [].into_iter()), ip("10.0.0.1"));
    }

    #[test]
    fn a_network_is_an_address_or_a_prefix_and_never_everybody() {
        for bad in ["", "localhost", "10.0.0.0/33", "10.0.0", "0.0.0.0/0", "::/0"] {
            assert!(Proxies::network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_of_one_household_count_as_one() {
        assert_eq!(household(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(customer(ip("2001:db8:1:2:3:4:5:6")), Some(ip("2001:db8:1::")));
        assert_eq!((household(ip("192.0.2.1")), customer(ip("192.0.2.1"))), (ip("192.0.2.1"), None));
        assert_eq!(household(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}
