//! The `client-address` check: the server knows each client by its own address, and nobody can claim another one.
//!
//! A request with a forged `X-Forwarded-For` goes through the proxies, and the server says how it arrived.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use super::check::{CheckError, CheckResult};
use super::context::CheckContext;
use super::http_client::{Endpoint, HttpClient};
use super::server::ServerError;
use crate::app::client_echo::NONCE_HEADER;
use crate::domain::accounts::client::{SeenClient, parse_forwarded};

/// An address that no client has (RFC 5737).
const FORGED: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 199));
pub(super) fn check_client_address(context: &mut CheckContext<'_>) -> CheckResult {
    // A server of an earlier version does not know the commands.
    let unanswered = |error: ServerError| CheckError::no_answer(error.to_string());
    let nonce = context.server()?.announce_request().map_err(unanswered)?.nonce;
    let endpoint = &context.target.endpoint;
    let client = HttpClient::without_credentials(endpoint).with_header(NONCE_HEADER, &nonce);
    client.with_header("x-forwarded-for", &FORGED.to_string()).get("/api/health")?;
    let seen = context.server()?.announced_request().map_err(unanswered)?.client;
    let seen = seen.ok_or_else(|| CheckError::no_answer("the request did not reach the server"))?;
    judge(&seen, &own_addresses(endpoint), endpoint.base.scheme() == "https")
}

/// The addresses from which this machine connects to the deployment. Nothing is sent.
fn own_addresses(endpoint: &Endpoint) -> Vec<IpAddr> {
    let Ok(addresses) = endpoint.base.socket_addrs(|| None) else { return Vec::new() };
    let own = addresses.into_iter().filter_map(|address| {
        let unspecified: IpAddr = if address.is_ipv6() { [0; 16].into() } else { [0; 4].into() };
        let socket = UdpSocket::bind((unspecified, 0)).ok()?;
        socket.connect(address).ok()?;
        Some(socket.local_addr().ok()?.ip().to_canonical())
    });
    own.collect()
}

/// Judges what the server saw of a request from one of the addresses `own` with the forged header. HTTPS means that there is a
/// proxy.
fn judge(seen: &SeenClient, own: &[IpAddr], has_proxy: bool) -> CheckResult {
    let entries: Vec<Option<IpAddr>> = seen.forwarded.iter().map(|entry| parse_forwarded(entry)).collect();
    // What the outermost proxy saw: it appends its entry to the forged one, or replaces that.
    let first = match entries.iter().position(|entry| *entry == Some(FORGED)) {
        Some(at) => entries.get(at.saturating_add(1)),
        None => entries.first(),
    };
    let SeenClient { peer, address, .. } = *seen;
    match first {
        None if has_proxy => Err(CheckError::failed(
            "a proxy that adds the client's address to X-Forwarded-For",
            format!("it sends “{}”", seen.forwarded.join(", ")),
            "let the proxy append the address of its client to X-Forwarded-For",
        )),
        Some(None) => Err(CheckError::failed(
            "an address in X-Forwarded-For",
            format!("“{}”", seen.forwarded.join(", ")),
            "let the proxy append the address of its client to X-Forwarded-For",
        )),
        _ if address == FORGED => {
            let trusted = first.copied().flatten().unwrap_or(peer);
            if own.contains(&trusted) {
                return Ok(format!(
                    "this machine has the address of a trusted proxy, {trusted}; run this elsewhere, too"
                ));
            }
            Err(CheckError::failed(
                "a client cannot claim another address with X-Forwarded-For",
                format!("the server believes it from {trusted}"),
                "list only the proxies in trusted_proxies, and let the outermost one see the clients' own addresses",
            ))
        }
        Some(Some(first)) if *first != address => Err(CheckError::failed(
            format!("this client has the address {first}, which the proxy reports"),
            format!("the server takes {address} for the address of every client"),
            format!("add {address} to trusted_proxies and restart the server"),
        )),
        Some(_) if address.is_loopback() && !own.contains(&address) => Err(CheckError::failed(
            "a proxy that knows the addresses of its clients",
            format!("it takes {address} for the address of every client"),
            "let what is in front of the proxy preserve the addresses of clients",
        )),
        _ => Ok(format!("this machine is {address} to the server")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(peer: &str, forwarded: &str, address: &str, own: &str, has_proxy: bool) -> Result<String, String> {
        let seen = SeenClient {
            peer: peer.parse().unwrap(),
            forwarded: forwarded.split(',').filter(|entry| !entry.is_empty()).map(str::to_owned).collect(),
            address: address.parse().unwrap(),
        };
        judge(&seen, &[own.parse().unwrap()], has_proxy).map_err(|error| match error {
            CheckError::Failed { expected, found, .. } => format!("{expected}; {found}"),
            other => panic!("{other}"),
        })
    }

    #[test]
    fn a_proxy_that_appends_or_replaces_the_header_and_is_trusted_passes() {
        let seen = "this machine is 198.51.100.4 to the server";
        for forwarded in ["203.0.113.199,198.51.100.4", "198.51.100.4", "203.0.113.199,198.51.100.4,10.0.0.7"] {
            assert_eq!(judged("10.0.0.1", forwarded, "198.51.100.4", "192.168.1.5", true).unwrap(), seen);
        }
        // Without a proxy.
        assert!(judged("127.0.0.1", "203.0.113.199", "127.0.0.1", "127.0.0.1", false).is_ok());
        // The checklist runs where the proxy runs.
        for forwarded in ["203.0.113.199,127.0.0.1", "203.0.113.199"] {
            let local = judged("127.0.0.1", forwarded, "203.0.113.199", "127.0.0.1", forwarded.len() > 13).unwrap();
            assert!(local.contains("a trusted proxy, 127.0.0.1"), "{local}");
        }
    }

    #[test]
    fn wrong_trust_fails_with_the_address_to_add_or_to_remove() {
        for (peer, forwarded, address, expected) in [
            // The proxy is not trusted.
            ("10.0.0.1", "203.0.113.199,198.51.100.4", "10.0.0.1", "takes 10.0.0.1 for the address of every client"),
            // Only the inner of two proxies is trusted.
            ("10.0.0.1", "203.0.113.199,198.51.100.4,192.0.2.7", "192.0.2.7", "takes 192.0.2.7 for"),
            // The proxy adds nothing, whether it is trusted or not.
            ("10.0.0.1", "203.0.113.199", "203.0.113.199", "it sends “203.0.113.199”"),
            ("10.0.0.1", "", "10.0.0.1", "it sends “”"),
            ("10.0.0.1", "unknown", "10.0.0.1", "“unknown”"),
            // Every client is trusted, or has one trusted address behind NAT.
            ("10.0.0.1", "203.0.113.199,172.18.0.1", "203.0.113.199", "believes it from 172.18.0.1"),
            ("10.0.0.1", "127.0.0.1", "127.0.0.1", "it takes 127.0.0.1 for"),
        ] {
            let why = judged(peer, forwarded, address, "192.168.1.5", true).unwrap_err();
            assert!(why.contains(expected), "{forwarded}: {why}");
        }
        let direct = judged("198.51.100.4", "203.0.113.199", "203.0.113.199", "192.168.1.5", false).unwrap_err();
        assert!(direct.contains("believes it from 198.51.100.4"), "{direct}");
    }
}
