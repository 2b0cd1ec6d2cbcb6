//! What the checks of one run share: the target, the server, and the temporary user.

use super::check::CheckError;
use super::http_client::HttpClient;
use super::server::{ServerError, VerifyServer};
use super::target::Target;
use crate::ops::protocol::verify::ServerFacts;

/// A run of the checklist.
pub(super) struct CheckContext<'a> {
    pub(super) target: &'a Target<'a>,
    pub(super) server: &'a mut dyn VerifyServer,
    facts: Result<ServerFacts, ServerError>,
    /// The temporary user, once it is signed in.
    pub(super) account: Option<ProbeAccount>,
    /// Whether the server has reserved an address, so that it must be told to end the probe.
    pub(super) has_started_probe: bool,
    /// Whether the deployment answers at its address at all. If it doesn't, the checks that need it are skipped.
    pub(super) is_reachable: bool,
}

/// The temporary user, signed in.
pub(super) struct ProbeAccount {
    pub(super) client: HttpClient,
    pub(super) password: String,
}

impl<'a> CheckContext<'a> {
    /// Asks the server for its facts.
    pub(super) fn new(target: &'a Target<'a>, server: &'a mut dyn VerifyServer) -> Self {
        let facts = server.facts();
        Self { target, server, facts, account: None, has_started_probe: false, is_reachable: true }
    }

    /// What the server said of itself. Without it, checks that need it are skipped.
    pub(super) fn facts(&self) -> Result<&ServerFacts, CheckError> {
        self.facts.as_ref().map_err(|error| CheckError::no_answer(error.to_string()))
    }

    /// Whether neither the deployment nor the server behind it answers.
    pub(super) fn is_down(&self) -> bool {
        !self.is_reachable && self.facts.is_err()
    }

    /// The server, if it answered at the beginning.
    pub(super) fn server(&mut self) -> Result<&mut dyn VerifyServer, CheckError> {
        self.facts()?;
        Ok(self.server)
    }

    /// A client without cookies.
    pub(super) fn anonymous_client(&self) -> HttpClient {
        HttpClient::new(&self.target.endpoint)
    }
}
