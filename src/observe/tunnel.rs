//! The Sentry tunnel: envelopes that browsers send to this server are forwarded to the one configured DSN.
//!
//! Only the first line of an envelope is parsed; the bytes are forwarded unchanged, so that envelopes of newer SDKs pass. The
//! envelope never decides where it is sent: one for any other DSN is refused.
//!
//! [`TunnelError`] says why an envelope is refused, [`ForwardError`] why Sentry could not be reached.

use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use sentry::types::Dsn as SentryDsn;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Dsn;
use crate::observe::sentry_agent::{remedy, sentry_agent};

/// Longest first line of an envelope.
const MAX_HEADER_BYTES: usize = 8 * 1024;
/// Envelopes in memory at a time; together they need this many times the size of the largest one.
const MAX_CONCURRENT_ENVELOPES: usize = 16;

/// Forwards envelopes to one DSN.
pub struct Tunnel {
    dsn: SentryDsn,
    envelope_url: String,
    agent: ureq::Agent,
    slots: Arc<Semaphore>,
}

/// Why an envelope is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TunnelError {
    #[error("the first line is not the header of a Sentry envelope")]
    NotAnEnvelope,
    #[error("the content encoding is not supported")]
    UnsupportedEncoding,
    #[error("the envelope is for another DSN")]
    ForeignDsn,
}

/// Why an envelope could not be forwarded.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    #[error("{0}{remedy}", remedy = remedy(.0))]
    Http(#[from] ureq::Error),
    #[error("Sentry answered {0}, and redirects are not followed")]
    Redirect(ureq::http::StatusCode),
}

/// Sentry's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelReply {
    pub status: u16,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `X-Sentry-Rate-Limits`.
    pub rate_limits: Option<String>,
}

#[derive(Deserialize)]
struct EnvelopeHeader {
    dsn: Option<String>,
}

/// The header by which SDKs that are no browsers name their key, instead of a DSN in the envelope.
pub const AUTH_HEADER: &str = "x-sentry-auth";

/// An envelope with the headers that matter for it.
#[derive(Debug, Clone, Copy)]
pub struct SentryEnvelope<'a> {
    pub body: &'a [u8],
    /// `Content-Encoding`.
    pub encoding: Option<&'a str>,
    /// `X-Sentry-Auth`.
    pub auth: Option<&'a str>,
}

impl Tunnel {
    /// A tunnel to `dsn`; `None` if it cannot be parsed, which the configuration check rules out. `authorities` are the only
    /// trusted ones, as DER, unless there are none.
    pub fn from_dsn(dsn: &Dsn, authorities: &[Vec<u8>]) -> Option<Self> {
        let dsn: SentryDsn = dsn.0.parse().ok()?;
        let envelope_url = dsn.envelope_api_url().to_string();
        let slots = Arc::new(Semaphore::new(MAX_CONCURRENT_ENVELOPES));
        Some(Self { dsn, envelope_url, agent: sentry_agent(authorities), slots })
    }

    /// A slot for one envelope, if one is free. Hold it from before the envelope is read until it is forwarded.
    pub fn acquire_slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    /// Checks that an envelope is for the configured DSN. One without a DSN must come with the DSN's key.
    ///
    /// # Errors
    /// [`TunnelError`].
    pub fn check(&self, envelope: SentryEnvelope<'_>) -> Result<(), TunnelError> {
        let line = first_line(envelope.body, envelope.encoding)?;
        let header: EnvelopeHeader = serde_json::from_slice(&line).map_err(|_| TunnelError::NotAnEnvelope)?;
        let is_own = match (header.dsn, envelope.auth.and_then(sentry_key)) {
            (Some(dsn), _) => self.is_own_dsn(&dsn.parse().map_err(|_| TunnelError::NotAnEnvelope)?),
            (None, Some(key)) => key == self.dsn.public_key(),
            (None, None) => return Err(TunnelError::NotAnEnvelope),
        };
        if is_own { Ok(()) } else { Err(TunnelError::ForeignDsn) }
    }

    fn is_own_dsn(&self, dsn: &SentryDsn) -> bool {
        let parts = |dsn: &SentryDsn| {
            (
                dsn.scheme().to_string(),
                dsn.host().to_owned(),
                dsn.port(),
                dsn.path().to_owned(),
                dsn.project_id().to_string(),
                dsn.public_key().to_owned(),
            )
        };
        parts(dsn) == parts(&self.dsn)
    }

    /// Forwards an envelope byte for byte and waits some seconds for the response.
    ///
    /// SECURITY: the client's address, cookies and credentials are not forwarded.
    ///
    /// # Errors
    /// [`ForwardError`].
    pub fn forward(&self, envelope: SentryEnvelope<'_>, content_type: &str) -> Result<TunnelReply, ForwardError> {
        let mut request = self.agent.post(&self.envelope_url).header("content-type", content_type);
        if let Some(encoding) = envelope.encoding {
            request = request.header("content-encoding", encoding);
        }
        if envelope.auth.is_some() {
            // SECURITY: built from our own DSN. The client's header is only compared.
            let auth = self.dsn.to_auth(Some(concat!("atlas/", env!("CARGO_PKG_VERSION")))).to_string();
            request = request.header(AUTH_HEADER, auth);
        }
        let response = request.send(envelope.body)?;
        let status = response.status();
        if status.is_redirection() || status.is_informational() {
            return Err(ForwardError::Redirect(status));
        }
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(TunnelReply {
            status: status.as_u16(),
            retry_after: header("retry-after"),
            rate_limits: header("x-sentry-rate-limits"),
        })
    }
}

/// The key in `Sentry sentry_key=…, sentry_version=7`.
fn sentry_key(auth: &str) -> Option<&str> {
    let fields = auth.trim().strip_prefix("Sentry ")?.split(',');
    fields.filter_map(|field| field.trim().split_once('=')).find(|(name, _)| *name == "sentry_key").map(|(_, key)| key)
}

/// The first line, within the first [`MAX_HEADER_BYTES`] after decompression.
fn first_line(body: &[u8], encoding: Option<&str>) -> Result<Vec<u8>, TunnelError> {
    let limit = MAX_HEADER_BYTES as u64;
    let mut start = Vec::new();
    let read = match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => body.take(limit).read_to_end(&mut start),
        // SECURITY: decompression stops at the limit, so a small body cannot expand without bound.
        Some("gzip") => MultiGzDecoder::new(body).take(limit).read_to_end(&mut start),
        Some(_) => return Err(TunnelError::UnsupportedEncoding),
    };
    let end = start.iter().position(|byte| *byte == b'\n');
    match (read, end) {
        (_, Some(end)) => start.truncate(end),
        (Ok(_), None) if start.len() < MAX_HEADER_BYTES => {}
        _ => return Err(TunnelError::NotAnEnvelope),
    }
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel() -> Tunnel {
        Tunnel::from_dsn(&Dsn("https://public@sentry.example.com/42".to_owned()), &[]).unwrap()
    }

    fn check(line: &str) -> Result<(), TunnelError> {
        check_with(line.as_bytes(), None, None)
    }

    fn check_with(body: &[u8], encoding: Option<&str>, auth: Option<&str>) -> Result<(), TunnelError> {
        tunnel().check(SentryEnvelope { body, encoding, auth })
    }

    #[test]
    fn only_envelopes_for_the_configured_host_project_and_key_are_accepted() {
        let head = |dsn: &str| format!("{{\"dsn\":\"{dsn}\",\"sent_at\":\"now\"}}\n{{\"type\":\"event\"}}\n\u{0}\n");
        assert_eq!(check(&head("https://public@sentry.example.com/42")), Ok(()));
        assert_eq!(check(&head("https://public@sentry.example.com:443/42")), Ok(()));
        for foreign in [
            "https://public@evil.example.com/42",
            "https://public@sentry.example.com.evil.example/42",
            "https://public@sentry.example.com/43",
            "https://other@sentry.example.com/42",
            "https://public@sentry.example.com:8443/42",
            "http://public@sentry.example.com/42",
            "https://public@sentry.example.com/elsewhere/42",
            "https://sentry.example.com@evil.example.com/42",
        ] {
            assert_eq!(check(&head(foreign)), Err(TunnelError::ForeignDsn), "{foreign}");
        }
    }

    #[test]
    fn an_envelope_without_a_dsn_needs_the_configured_key() {
        let check = |auth| check_with(b"{\"event_id\":\"1\"}\n", None, auth);
        assert_eq!(check(Some("Sentry sentry_key=public, sentry_version=7, sentry_client=sentry.python/2.0")), Ok(()));
        assert_eq!(check(Some("Sentry sentry_version=7,sentry_key=public")), Ok(()));
        assert_eq!(check(Some("Sentry sentry_key=other")), Err(TunnelError::ForeignDsn));
        for auth in [None, Some(""), Some("Sentry "), Some("Bearer public"), Some("Sentry public")] {
            assert_eq!(check(auth), Err(TunnelError::NotAnEnvelope), "{auth:?}");
        }
    }

    #[test]
    fn anything_but_an_envelope_is_refused() {
        for garbage in ["", "\n", "{", "null", "[]", "{}", "{\"dsn\":1}", "{\"dsn\":\"\"}", "{\"dsn\":\"x\"}"] {
            assert_eq!(check(garbage), Err(TunnelError::NotAnEnvelope), "{garbage}");
        }
        let two = "{\"dsn\":\"https://public@sentry.example.com/42\",\"dsn\":\"https://public@evil.example/42\"}";
        assert_eq!(check(two), Err(TunnelError::NotAnEnvelope));
        assert_eq!(check(&" ".repeat(MAX_HEADER_BYTES + 1)), Err(TunnelError::NotAnEnvelope));
        assert_eq!(check_with(b"{}", Some("br"), None), Err(TunnelError::UnsupportedEncoding));
        assert_eq!(check_with(b"not gzip", Some("gzip"), None), Err(TunnelError::NotAnEnvelope));
    }
}
