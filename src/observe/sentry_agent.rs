//! The HTTP client that talks to Sentry: it verifies certificates, gives every address a turn, and follows neither redirects nor
//! proxies.

use std::net::SocketAddr;
use std::time::Duration;

use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::domain::addresses::take_turns;

/// Longest time to send one report, connection included.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// The part of it for connecting. The library shares it among the addresses: the first of two has four seconds, the second two.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(6);

/// A client that trusts `authorities`, as DER, or the public ones if there are none.
pub(super) fn sentry_agent(authorities: &[Vec<u8>]) -> ureq::Agent {
    agent_with_resolver(authorities, CONNECT_TIMEOUT, SentryResolver::default())
}

fn agent_with_resolver(authorities: &[Vec<u8>], connect: Duration, resolver: SentryResolver) -> ureq::Agent {
    let tls = TlsConfig::builder();
    let certificates: Vec<_> = authorities.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let tls = if certificates.is_empty() { tls } else { tls.root_certs(RootCerts::new_with_certs(&certificates)) };
    // SECURITY: a redirect, or a proxy from the process environment, would lead to a host that is not configured.
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(SEND_TIMEOUT))
        .timeout_connect(Some(connect))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent(concat!("atlas/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls.build())
        .build();
    ureq::Agent::with_parts(config, DefaultConnector::default(), resolver)
}

/// What to do about an error, as the rest of a sentence.
pub(super) fn remedy(error: &ureq::Error) -> &'static str {
    let tls = match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    match tls {
        Some(rustls::Error::InvalidCertificate(
            rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature,
        )) => {
            "; if an authority of your own issued Sentry's certificate, set SENTRY_CA_FILE to the authority's PEM file"
        }
        _ => "",
    }
}

/// Resolves names such that IPv6 and IPv4 take turns, so that many unreachable addresses of one kind leave time for the other.
#[derive(Debug, Default)]
struct SentryResolver {
    system: DefaultResolver,
    /// Takes the place of the system's answer in tests.
    fixed: Vec<SocketAddr>,
}

impl Resolver for SentryResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found: Vec<SocketAddr> = if self.fixed.is_empty() {
            self.system.resolve(uri, config, timeout)?.iter().copied().collect()
        } else {
            self.fixed.clone()
        };
        let mut ordered = self.empty();
        for address in take_turns(found) {
            ordered.push(address);
        }
        Ok(ordered)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use tokio::net::{TcpSocket, TcpStream};

    use super::*;

    /// An address that never accepts a connection because its queue is full, and what keeps it so.
    async fn black_hole() -> (SocketAddr, impl Sized) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(connected) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
            queued.push(connected.unwrap());
        }
        (address, (listener, queued))
    }

    #[tokio::test]
    async fn a_report_is_sent_although_the_first_address_never_answers() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let answering = std::thread::spawn(move || {
            let mut stream = server.accept().unwrap().0;
            let _ = stream.read(&mut [0; 4096]).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        });
        let (silent, _guard) = black_hole().await;
        let resolver = SentryResolver { fixed: vec![silent, address], ..SentryResolver::default() };
        let agent = agent_with_resolver(&[], Duration::from_millis(600), resolver);
        let response = agent.post("http://sentry.example.com/api/1/envelope/").send("report").unwrap();
        assert_eq!(response.status(), 200);
        answering.join().unwrap();
    }
}
