//! The server as the checklist asks it: over the control socket or, from another machine, over HTTPS.

use std::path::PathBuf;

use url::Url;

use super::http_client::RequestError;
use crate::ops::protocol::report::VerifyReport;
use crate::ops::protocol::verify::{
    NewestSnapshot, ProbeEnded, ProbeMail, ProbeStarted, ReportKept, RequestAnnounced, RequestSeen, SentryDelivery,
    ServerFacts, VerifyAnswer, VerifyCommand,
};

/// Why the server did not execute a command.
///
/// The first three are for the operator to fix, [`Self::Refused`] and [`Self::Status`] pass on what the server said, and
/// the rest are faults of the connection.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No server runs on this machine, and no operator token is set for one elsewhere.
    #[error(
        "no server answers at {}: run this on the server's machine as the server's user, or set ATLAS_OPERATOR_TOKEN there and here",
        .socket.display()
    )]
    NotListening { socket: PathBuf },
    /// The server answered 404. SECURITY: it does not reveal which of these is the reason.
    #[error(
        "the server has no operator token or another one, or too many wrong ones were tried from here: set the same ATLAS_OPERATOR_TOKEN there and here and restart the server, or wait ten minutes"
    )]
    TokenRejected,
    /// SECURITY: anyone on the network could read the token.
    #[error("the operator token is not sent to {0}, which is not https")]
    InsecureUrl(Url),
    /// A rule forbids it, or the server failed, in the server's words.
    #[error("{0}")]
    Refused(String),
    /// An unexpected HTTP status.
    #[error("the server answered {status}: {message}")]
    Status { status: u16, message: String },
    /// The request failed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The control socket failed.
    #[error("the server does not answer at its control socket: {0}")]
    Socket(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer does not fit the command.
    #[error("the server's answer cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The answer is to another command.
    #[error("the server answered another command")]
    Mismatched,
}

/// A server that executes commands of a checklist.
pub trait VerifyServer {
    /// Executes a command.
    ///
    /// # Errors
    /// [`ServerError`].
    fn execute(&mut self, command: VerifyCommand) -> Result<VerifyAnswer, ServerError>;
}

impl dyn VerifyServer + '_ {
    pub(super) fn facts(&mut self) -> Result<ServerFacts, ServerError> {
        match self.execute(VerifyCommand::Facts)? {
            VerifyAnswer::Facts(facts) => Ok(*facts),
            _ => Err(ServerError::Mismatched),
        }
    }

    pub(super) fn newest_snapshot(&mut self) -> Result<NewestSnapshot, ServerError> {
        match self.execute(VerifyCommand::Snapshot)? {
            VerifyAnswer::Snapshot(newest) => Ok(newest),
            _ => Err(ServerError::Mismatched),
        }
    }

    pub(super) fn announce_request(&mut self) -> Result<RequestAnnounced, ServerError> {
        match self.execute(VerifyCommand::Announce)? {
            VerifyAnswer::RequestAnnounced(announced) => Ok(announced),
            _ => Err(ServerError::Mismatched),
        }
    }

    pub(super) fn announced_request(&mut self) -> Result<RequestSeen, ServerError> {
        match self.execute(VerifyCommand::Announced)? {
            VerifyAnswer::RequestSeen(seen) => Ok(seen),
            _ => Err(ServerError::Mismatched),
        }
    }

    pub(super) fn start_probe(&mut self) -> Result<ProbeStarted, ServerError> {
        match self.execute(VerifyCommand::Begin)? {
            VerifyAnswer::ProbeStarted(started) => Ok(started),
            _ => Err(ServerError::Mismatched),
        }
    }

    pub(super) fn probe_mail(&mut self) -> Result<ProbeMail, ServerError> {
        match self.execute(VerifyCommand::Mail)? {
            VerifyAnswer::Mail(mail) => Ok(mail),
            _ => Err(ServerError::Mismatched),
        }
    }

    pub(super) fn send_sentry_event(&mut self) -> Result<SentryDelivery, ServerError> {
        match self.execute(VerifyCommand::Event)? {
            VerifyAnswer::Event(delivery) => Ok(delivery),
            _ => Err(ServerError::Mismatched),
        }
    }

    pub(super) fn end_probe(&mut self) -> Result<ProbeEnded, ServerError> {
        match self.execute(VerifyCommand::End)? {
            VerifyAnswer::ProbeEnded(ended) => Ok(ended),
            _ => Err(ServerError::Mismatched),
        }
    }

    /// Keeps a report with the release that the server runs.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn keep_report(&mut self, report: VerifyReport) -> Result<ReportKept, ServerError> {
        match self.execute(VerifyCommand::Report(Box::new(report)))? {
            VerifyAnswer::ReportKept(kept) => Ok(kept),
            _ => Err(ServerError::Mismatched),
        }
    }
}
