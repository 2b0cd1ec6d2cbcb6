//! A server on another machine: commands go over HTTPS, authenticated by the operator token.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::Deserialize;

use super::http_client::{Endpoint, HttpClient};
use super::server::{ServerError, VerifyServer};
use crate::config::Secret;
use crate::domain::Environment;
use crate::ops::protocol::verify::{VerifyAnswer, VerifyCommand, VerifyEnvelope};

/// Where the server accepts commands.
const PATH: &str = "/api/operator/verify";
/// Keeping a report of a release that passed takes a snapshot.
const REMOTE_TIMEOUT: Duration = Duration::from_mins(10);

/// What the server says when it does not execute a command.
#[derive(Deserialize)]
struct Failure {
    error: FailureDetail,
}

#[derive(Deserialize)]
struct FailureDetail {
    message: String,
}

/// The server of a deployment.
pub struct RemoteServer {
    client: HttpClient,
    environment: Environment,
}

impl RemoteServer {
    /// A server that gets the token in a header.
    ///
    /// # Errors
    /// [`ServerError::InsecureUrl`].
    pub fn new(
        endpoint: &Endpoint,
        header: &'static str,
        token: &Secret,
        environment: &Environment,
    ) -> Result<Self, ServerError> {
        if endpoint.base.scheme() != "https" && !endpoint.is_local() {
            return Err(ServerError::InsecureUrl(endpoint.base.clone()));
        }
        // An interrupted checklist still has the server delete the temporary user.
        let endpoint = Endpoint { interrupted: Arc::new(AtomicBool::new(false)), ..endpoint.clone() };
        let client = HttpClient::with_timeout(&endpoint, REMOTE_TIMEOUT).with_header(header, token.reveal());
        Ok(Self { client, environment: environment.clone() })
    }
}

impl VerifyServer for RemoteServer {
    fn execute(&mut self, command: VerifyCommand) -> Result<VerifyAnswer, ServerError> {
        let envelope = VerifyEnvelope { environment: self.environment.clone(), command };
        let command = serde_json::to_string(&envelope)?;
        let response = self.client.request("POST", PATH, Some("application/json"), &command)?;
        match response.status {
            200 => Ok(envelope.command.parse_answer(&response.text)?),
            404 => Err(ServerError::TokenRejected),
            status => {
                let message = match serde_json::from_str::<Failure>(&response.text) {
                    Ok(Failure { error }) => error.message,
                    Err(_) => "without a message; check the proxy in front of it".to_owned(),
                };
                Err(ServerError::Status { status, message })
            }
        }
    }
}
