//! TLS as a browser meets it: the certificate, how long it holds, and that plain HTTP is given up for good.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::{Looked, Run, Short, Skip, Way};
use crate::app::clock::Clock;

/// A certificate must hold for longer than this.
const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Browsers must remember for so many seconds, half a year, that there is no plain HTTP.
const REMEMBERED: u64 = 15_768_000;
/// Longest wait for the other side.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the address is https, its certificate sound and not about to end, and HSTS sent.
pub(super) fn tls(run: &mut Run<'_>) -> Looked {
    let way = &run.subject.way;
    if way.base.scheme() != "https" {
        if run.subject.settings.policy.https && !is_here(&way.base) {
            return Err(Short::failed(
                "an address that begins with https",
                way.base.to_string(),
                "put a proxy with TLS in front, and set app_url to its address",
            ));
        }
        if run.subject.settings.policy.https {
            let why = "this is a rehearsal without TLS; run it at the address that people use";
            return Err(Short::Skipped(Skip::Rehearsal, why.to_owned()));
        }
        return Err(Short::not_asked("the address is not https"));
    }
    let certificate = match shown(way) {
        Ok(certificate) => certificate,
        Err(why) => {
            run.is_reached = false;
            return Err(Short::failed("a certificate that browsers take", why, "renew the certificate at the proxy"));
        }
    };
    let ends = ends_at(&certificate);
    let Some(ends) = ends else {
        return Err(Short::failed("a certificate with an end", "none that can be read", "renew the certificate"));
    };
    let left = ends.duration_since(Clock::System.now());
    if left <= AHEAD {
        let seen = format!("it ends at {ends}");
        return Err(Short::failed("a certificate that holds for more than 14 days", seen, "renew it at the proxy"));
    }
    let reply = run.stranger().get("/landing")?;
    let header = reply.header("strict-transport-security");
    if !remembers(header) {
        return Err(Short::failed(
            format!("Strict-Transport-Security with max-age={REMEMBERED} or more"),
            if header.is_empty() { "no such header" } else { header },
            "set app_url to the https address, and let the proxy pass the header on",
        ));
    }
    Ok(format!("the certificate holds for {} days more", left.as_hours() / 24))
}

pub(super) fn is_here(base: &url::Url) -> bool {
    matches!(base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn remembers(header: &str) -> bool {
    let age = header.split(';').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u64>().ok());
    age.is_some_and(|age| age >= REMEMBERED)
}

/// The certificate that the deployment shows, once it is known to be good.
fn shown(way: &Way) -> Result<CertificateDer<'static>, String> {
    let mut roots = RootCertStore::empty();
    if way.authorities.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for der in &way.authorities {
        roots.add(CertificateDer::from(der.as_slice())).map_err(|error| error.to_string())?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    let host = way.base.host_str().ok_or("the address has no host")?.trim_matches(['[', ']']).to_owned();
    let port = way.base.port_or_known_default().unwrap_or(443);
    let name = ServerName::try_from(host.clone()).map_err(|error| error.to_string())?;
    let mut talk = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    let places: Vec<_> = (host.as_str(), port).to_socket_addrs().map_err(|error| error.to_string())?.collect();
    let connected = places.iter().map(|place| TcpStream::connect_timeout(place, PATIENCE));
    let mut stream =
        connected.reduce(Result::or).ok_or("the host has no address")?.map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    talk.complete_io(&mut stream).map_err(|error| error.to_string())?;
    let chain = talk.peer_certificates().unwrap_or_default();
    chain.first().map(|first| first.clone().into_owned()).ok_or_else(|| "no certificate was shown".to_owned())
}

/// When a certificate ends: the second time in the fifth part of what was signed (RFC 5280, 4.1).
fn ends_at(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, outer, _) = part(certificate)?;
    let (_, mut signed, _) = part(outer)?;
    if signed.first() == Some(&0xa0) {
        signed = part(signed)?.2;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        signed = part(signed)?.2;
    }
    let (_, validity, _) = part(signed)?;
    let (tag, time, _) = part(part(validity)?.2)?;
    let text = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    // Two digits of a year before 2050, or four digits.
    let text = match (tag, text.get(..2)?) {
        (0x17, year) if year < "50" => format!("20{text}"),
        (0x17, _) => format!("19{text}"),
        (0x18, _) => text.to_owned(),
        _ => return None,
    };
    let (day, hour) = text.split_at_checked(8)?;
    format!("{day}T{hour}Z").parse().ok()
}

/// The tag and content of the first part of some DER, and what follows it.
fn part(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
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
    fn the_end_of_a_certificate_is_read_in_either_form() {
        for (year, end) in [(2031, "2031-01-01T00:00:00Z"), (2100, "2100-01-01T00:00:00Z")] {
            let mut wanted = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            wanted.not_after = rcgen::date_time_ymd(year, 1, 1);
            let made = wanted.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            assert_eq!(ends_at(made.der()), Some(end.parse().unwrap()));
            let short = made.der().get(..60).unwrap();
            assert_eq!(ends_at(&CertificateDer::from(short)), None);
        }
    }

    #[test]
    fn browsers_must_remember_for_half_a_year() {
        assert!(remembers("max-age=63072000; includeSubDomains") && remembers("includeSubDomains; max-age=15768000"));
        assert!(!remembers("") && !remembers("max-age=0") && !remembers("max-age=86400"));
    }
}
