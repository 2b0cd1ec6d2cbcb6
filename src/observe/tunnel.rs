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
    dsn: String,
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

    /// Checks that an envelope is for the configured DSN. `encoding` is its `Content-Encoding`.
    ///
    /// # Errors
    /// [`TunnelError`].
    pub fn check(&self, body: &[u8], encoding: Option<&str>) -> Result<(), TunnelError> {
        let line = first_line(body, encoding)?;
        let header: EnvelopeHeader = serde_json::from_slice(&line).map_err(|_| TunnelError::NotAnEnvelope)?;
        let dsn: SentryDsn = header.dsn.parse().map_err(|_| TunnelError::NotAnEnvelope)?;
        if self.is_own_dsn(&dsn) { Ok(()) } else { Err(TunnelError::ForeignDsn) }
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
    pub fn forward(
        &self,
        body: &[u8],
        content_type: &str,
        encoding: Option<&str>,
    ) -> Result<TunnelReply, ForwardError> {
        let mut request = self.agent.post(&self.envelope_url).header("content-type", content_type);
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        let response = request.send(body)?;
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
        tunnel().check(line.as_bytes(), None)
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
    fn anything_but_an_envelope_is_refused() {
        for garbage in ["", "\n", "{", "null", "[]", "{}", "{\"dsn\":1}", "{\"dsn\":\"\"}", "{\"dsn\":\"x\"}"] {
            assert_eq!(check(garbage), Err(TunnelError::NotAnEnvelope), "{garbage}");
        }
        let two = "{\"dsn\":\"https://public@sentry.example.com/42\",\"dsn\":\"https://public@evil.example/42\"}";
        assert_eq!(check(two), Err(TunnelError::NotAnEnvelope));
        assert_eq!(check(&" ".repeat(MAX_HEADER_BYTES + 1)), Err(TunnelError::NotAnEnvelope));
        assert_eq!(tunnel().check(b"{}", Some("br")), Err(TunnelError::UnsupportedEncoding));
        assert_eq!(tunnel().check(b"not gzip", Some("gzip")), Err(TunnelError::NotAnEnvelope));
    }
}
