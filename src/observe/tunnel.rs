//! The way of browsers to Sentry: what they report to our own origin goes on to the one configured address.
//!
//! It reads the first line of what was sent and nothing else, and passes the bytes on as they are, so that whatever a
//! newer SDK sends goes through. It does not know HTTP's server side, and never chooses where to send by what was sent.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use sentry::types::Dsn as Address;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Dsn;

/// Longest first line of an envelope, in bytes.
const LINE: usize = 8 * 1024;
/// Envelopes that are read or passed on at a time: what they hold of memory is this many times the largest.
const PLACES: usize = 16;
/// Longest wait for Sentry.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way to one address.
pub struct Tunnel {
    address: Address,
    envelopes: String,
    agent: ureq::Agent,
    places: Arc<Semaphore>,
}

/// Why an envelope is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Its first line is not that of an envelope.
    NotAnEnvelope,
    /// It is packed in a way that cannot be looked into.
    Encoding,
    /// It is for another address than ours.
    Foreign,
}

/// What Sentry said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The status.
    pub status: u16,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `X-Sentry-Rate-Limits`.
    pub rate_limits: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    dsn: String,
}

impl Tunnel {
    /// The way to `dsn`, which was checked with the configuration.
    pub fn to(dsn: &Dsn) -> Option<Self> {
        let address: Address = dsn.0.parse().ok()?;
        let envelopes = address.envelope_api_url().to_string();
        // SECURITY: a redirect would lead to a host that nobody configured; so would a proxy of the process environment.
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("atlas/", env!("CARGO_PKG_VERSION")))
            .build();
        let places = Arc::new(Semaphore::new(PLACES));
        Some(Self { address, envelopes, agent: ureq::Agent::new_with_config(config), places })
    }

    /// A place for one envelope, if one is free. To be held from before it is read until it was passed on.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Whether an envelope is for our address. `encoding` is what its `Content-Encoding` says.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(&self, body: &[u8], encoding: Option<&str>) -> Result<(), Refused> {
        let line = first_line(body, encoding)?;
        let head: Head = serde_json::from_slice(&line).map_err(|_| Refused::NotAnEnvelope)?;
        let sent: Address = head.dsn.parse().map_err(|_| Refused::NotAnEnvelope)?;
        if self.is_ours(&sent) { Ok(()) } else { Err(Refused::Foreign) }
    }

    fn is_ours(&self, sent: &Address) -> bool {
        let place = |address: &Address| {
            (
                address.scheme().to_string(),
                address.host().to_owned(),
                address.port(),
                address.path().to_owned(),
                address.project_id().to_string(),
                address.public_key().to_owned(),
            )
        };
        place(sent) == place(&self.address)
    }

    /// Passes an envelope on, byte for byte, and waits for the answer, for five seconds at most. Nothing of who sent it
    /// goes along: no address, cookie or credentials.
    ///
    /// # Errors
    /// What went wrong on the way, for the log.
    pub fn forward(&self, body: &[u8], media: &str, encoding: Option<&str>) -> Result<Said, String> {
        let mut request = self.agent.post(&self.envelopes).header("content-type", media);
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        let response = request.send(body).map_err(|error| error.to_string())?;
        let status = response.status();
        if status.is_redirection() || status.is_informational() {
            return Err(format!("Sentry answered {status}, and redirects are not followed"));
        }
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Said {
            status: status.as_u16(),
            retry_after: header("retry-after"),
            rate_limits: header("x-sentry-rate-limits"),
        })
    }
}

/// The first line, looked for in no more than [`LINE`] bytes, unpacked ones included.
fn first_line(body: &[u8], encoding: Option<&str>) -> Result<Vec<u8>, Refused> {
    let most = LINE as u64;
    let mut start = Vec::new();
    let read = match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => body.take(most).read_to_end(&mut start),
        // SECURITY: only as much is unpacked as is looked at, however much would come out.
        Some("gzip") => MultiGzDecoder::new(body).take(most).read_to_end(&mut start),
        Some(_) => return Err(Refused::Encoding),
    };
    let end = start.iter().position(|byte| *byte == b'\n');
    match (read, end) {
        (_, Some(end)) => start.truncate(end),
        (Ok(_), None) if start.len() < LINE => {}
        _ => return Err(Refused::NotAnEnvelope),
    }
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel() -> Tunnel {
        Tunnel::to(&Dsn("https://public@sentry.example.com/42".to_owned())).unwrap()
    }

    fn check(line: &str) -> Result<(), Refused> {
        tunnel().check(line.as_bytes(), None)
    }

    #[test]
    fn only_our_host_project_and_key_are_let_through() {
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
            assert_eq!(check(&head(foreign)), Err(Refused::Foreign), "{foreign}");
        }
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for garbage in ["", "\n", "{", "null", "[]", "{}", "{\"dsn\":1}", "{\"dsn\":\"\"}", "{\"dsn\":\"x\"}"] {
            assert_eq!(check(garbage), Err(Refused::NotAnEnvelope), "{garbage}");
        }
        let two = "{\"dsn\":\"https://public@sentry.example.com/42\",\"dsn\":\"https://public@evil.example/42\"}";
        assert_eq!(check(two), Err(Refused::NotAnEnvelope));
        assert_eq!(check(&" ".repeat(LINE + 1)), Err(Refused::NotAnEnvelope));
        assert_eq!(tunnel().check(b"{}", Some("br")), Err(Refused::Encoding));
        assert_eq!(tunnel().check(b"not gzip", Some("gzip")), Err(Refused::NotAnEnvelope));
    }
}
