//! The certificate of a deployment: fetched by a TLS handshake that verifies it, and its expiry date.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::http_client::Endpoint;
use crate::domain::addresses::take_turns;

/// For connecting to one address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// For each read of the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why no valid certificate was received. An untrusted or expired certificate is an [`Self::Io`] error of the handshake.
#[derive(Debug, thiserror::Error)]
pub(super) enum CertificateError {
    #[error("the address has no host")]
    NoHost,
    #[error(transparent)]
    HostName(#[from] InvalidDnsNameError),
    #[error("the host name has no IP address")]
    NoAddress,
    #[error("nothing accepts connections at the address: {0}")]
    Connect(#[source] io::Error),
    #[error("the server presented no certificate")]
    NotPresented,
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl CertificateError {
    /// What to do about it.
    pub(super) fn remedy(&self) -> &'static str {
        let tls = match self {
            Self::Tls(error) => Some(error),
            Self::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
            _ => None,
        };
        match tls {
            Some(rustls::Error::InvalidCertificate(
                rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature,
            )) => {
                "let the proxy send the whole chain; if an authority of your own issued the certificate, pass its PEM file with --ca-file"
            }
            _ => "renew the certificate at the proxy",
        }
    }
}

/// The server certificate, after the handshake has verified it.
pub(super) fn fetch_certificate(endpoint: &Endpoint) -> Result<CertificateDer<'static>, CertificateError> {
    let host = endpoint.base.host_str().ok_or(CertificateError::NoHost)?.trim_matches(['[', ']']).to_owned();
    let port = endpoint.base.port_or_known_default().unwrap_or(443);
    let name = ServerName::try_from(host.clone())?;
    let mut tls = ClientConnection::new(Arc::new(client_config(endpoint)?), name)?;
    let mut stream = connect(&host, port)?;
    stream.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;
    tls.complete_io(&mut stream)?;
    let chain = tls.peer_certificates().unwrap_or_default();
    chain.first().map(|first| first.clone().into_owned()).ok_or(CertificateError::NotPresented)
}

fn client_config(endpoint: &Endpoint) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    if endpoint.authorities.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for der in &endpoint.authorities {
        roots.add(CertificateDer::from(der.as_slice()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn connect(host: &str, port: u16) -> Result<TcpStream, CertificateError> {
    let addresses = (host, port).to_socket_addrs().map_err(CertificateError::Connect)?.collect();
    let mut last = Err(CertificateError::NoAddress);
    for address in take_turns(addresses) {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Err(CertificateError::Connect(error)),
        }
    }
    last
}

/// When a certificate expires: `notAfter`, the second time in the fifth field of `TBSCertificate` (RFC 5280, 4.1).
pub(super) fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, outer, _) = read_tlv(certificate)?;
    let (_, mut fields, _) = read_tlv(outer)?;
    // The version is optional.
    if fields.first() == Some(&0xa0) {
        fields = read_tlv(fields)?.2;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        fields = read_tlv(fields)?.2;
    }
    let (_, validity, _) = read_tlv(fields)?;
    let (tag, time, _) = read_tlv(read_tlv(validity)?.2)?;
    let text = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    // UTCTime has a year of two digits and is used before 2050; GeneralizedTime has four.
    let text = match (tag, text.get(..2)?) {
        (0x17, year) if year < "50" => format!("20{text}"),
        (0x17, _) => format!("19{text}"),
        (0x18, _) => text.to_owned(),
        _ => return None,
    };
    let (day, time) = text.split_at_checked(8)?;
    format!("{day}T{time}Z").parse().ok()
}

/// The tag and content of the first element of some DER, and what follows it.
fn read_tlv(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = bytes.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)));
        (length?, rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_authority_has_another_remedy_than_an_expired_certificate() {
        let io_error = |error| {
            let error = rustls::Error::InvalidCertificate(error);
            CertificateError::from(io::Error::new(io::ErrorKind::InvalidData, error))
        };
        assert!(io_error(rustls::CertificateError::UnknownIssuer).remedy().contains("--ca-file"));
        assert!(io_error(rustls::CertificateError::Expired).remedy().contains("renew"));
    }

    #[test]
    fn the_expiry_is_read_in_both_time_formats() {
        for (year, expected) in [(2031, "2031-01-01T00:00:00Z"), (2100, "2100-01-01T00:00:00Z")] {
            let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            assert_eq!(expiry(certificate.der()), Some(expected.parse().unwrap()));
            let truncated = certificate.der().get(..60).unwrap();
            assert_eq!(expiry(&CertificateDer::from(truncated)), None);
        }
    }
}
