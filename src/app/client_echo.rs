//! How one request that a checklist announced arrived, so that the checklist can tell whether proxies are set up right.
//!
//! SECURITY: only a request with the nonce of the announcement is recorded, only the first, and only in memory.

use data_encoding::HEXLOWER;
use parking_lot::Mutex;

use crate::app::error::Error;
use crate::app::random::random_bytes;
use crate::domain::accounts::client::SeenClient;

/// The header with the nonce, in a request for health.
pub const NONCE_HEADER: &str = "atlas-verify-nonce";

/// The request that was announced last.
#[derive(Default)]
pub struct ClientEcho(Mutex<Option<AnnouncedRequest>>);

struct AnnouncedRequest {
    nonce: String,
    client: Option<SeenClient>,
}

impl ClientEcho {
    /// Announces a request and returns its nonce.
    ///
    /// # Errors
    /// When the operating system provides no random bytes.
    pub fn announce(&self) -> Result<String, Error> {
        let nonce = HEXLOWER.encode(&random_bytes::<16>()?);
        *self.0.lock() = Some(AnnouncedRequest { nonce: nonce.clone(), client: None });
        Ok(nonce)
    }

    /// Records the client of a request with this nonce.
    pub fn record(&self, nonce: &[u8], client: impl FnOnce() -> Option<SeenClient>) {
        let mut announced = self.0.lock();
        if let Some(request) = announced.as_mut().filter(|request| request.nonce.as_bytes() == nonce) {
            request.client = request.client.take().or_else(client);
        }
    }

    /// The client of the announced request, if that has arrived. Asked once.
    pub fn take(&self) -> Option<SeenClient> {
        self.0.lock().take()?.client
    }
}
