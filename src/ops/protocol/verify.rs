//! What a checklist asks of the server, over the control socket or over HTTPS, and the answers.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::report::VerifyReport;
use super::response::ControlResponse;
use crate::domain::accounts::client::SeenClient;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Email, Environment, FileId};

/// A request of a checklist to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerifyCommand {
    /// Describe the server: [`ServerFacts`].
    Facts,
    /// Wait for the snapshot that is due, if any, and describe the newest: [`NewestSnapshot`].
    Snapshot,
    /// Expect a request for health with a nonce: [`RequestAnnounced`].
    Announce,
    /// Describe how that request arrived: [`RequestSeen`].
    Announced,
    /// Reserve an address for the temporary user: [`ProbeStarted`].
    Begin,
    /// Return the newest mail to that address: [`ProbeMail`].
    Mail,
    /// Report an event to Sentry: [`SentryDelivery`].
    Event,
    /// Delete the temporary user: [`ProbeEnded`].
    End,
    /// Keep a report with the running release: [`ReportKept`].
    Report(Box<VerifyReport>),
}

/// A command as it goes over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyEnvelope {
    /// A server of another environment refuses the command.
    pub environment: Environment,
    #[serde(rename = "verb")]
    pub command: VerifyCommand,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum VerifyAnswer {
    Facts(Box<ServerFacts>),
    Snapshot(NewestSnapshot),
    RequestAnnounced(RequestAnnounced),
    RequestSeen(RequestSeen),
    ProbeStarted(ProbeStarted),
    Mail(ProbeMail),
    Event(SentryDelivery),
    ProbeEnded(ProbeEnded),
    ReportKept(ReportKept),
}

/// What only the server knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerFacts {
    pub environment: Environment,
    /// A random name of the server process, which `/api/health` shows too.
    pub instance: String,
    pub version: String,
    /// The digest of the running binary.
    pub binary: Option<String>,
    pub file_id: FileId,
    pub schema: u32,
    pub can_commit: bool,
    /// The canonical path.
    pub data_file: PathBuf,
    pub test_endpoints: bool,
    pub mail_guard: MailGuard,
    pub snapshot: Option<SnapshotFact>,
    pub snapshots_every_seconds: Option<u64>,
    /// Why snapshots have no off-site copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offsite_problem: Option<String>,
    #[serde(rename = "crossings")]
    pub conflicts: Vec<ConflictFact>,
    /// The id that `identity.json` records.
    pub identity_file_id: Option<FileId>,
    /// The other environments that this one was compared with, as text.
    #[serde(default)]
    pub compared: Vec<String>,
    /// The others, and why not.
    #[serde(default)]
    pub not_compared: Vec<String>,
    /// How many other environments were compared with this one.
    #[serde(rename = "heldAgainst")]
    pub peer_count: usize,
    /// Whether the server reports its errors to Sentry.
    pub reports_errors: bool,
    /// The DSN for browsers, which every page contains.
    pub browser_dsn: Option<String>,
    pub free_bytes: u64,
    pub file_bytes: u64,
    pub now: Timestamp,
}

/// A snapshot, as far as the checklist needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotFact {
    pub id: SnapshotId,
    #[serde(rename = "provenAt")]
    pub verified_at: Timestamp,
    pub file_id: FileId,
}

/// The newest snapshot, once the one that was due has been taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewestSnapshot {
    pub snapshot: Option<SnapshotFact>,
    /// Whether one is still due, because it takes long.
    pub is_due: bool,
}

/// The server expects a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAnnounced {
    /// What the request sends in its header.
    pub nonce: String,
}

/// How the announced request arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSeen {
    /// `None` if it has not arrived.
    pub client: Option<SeenClient>,
}

/// A setting that the server shares with another environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictFact {
    pub key: String,
    pub message: String,
}

/// Whom the server sends mail to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailGuard {
    /// All mail is captured.
    Nobody,
    /// Only to the addresses in `mail.allow`.
    Allowed,
    /// No restriction.
    Everybody,
}

impl MailGuard {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Allowed => "allowed",
            Self::Everybody => "everybody",
        }
    }
}

/// An address is reserved for the temporary user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeStarted {
    /// The reserved address.
    pub email: Email,
    /// When the server deletes the account on its own.
    pub until: Timestamp,
}

/// The newest mail to the temporary user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeMail {
    /// `None` until a mail is queued.
    pub mail: Option<ProbeMessage>,
}

/// A mail to the temporary user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeMessage {
    pub state: ProbeMessageState,
    /// The relay's last response.
    pub answer: Option<String>,
    /// Why the mail is not delivered.
    pub why: Option<String>,
    /// The text version of the mail.
    pub text: Option<String>,
}

/// The delivery status of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeMessageState {
    /// In the outbox.
    Waiting,
    /// Accepted by the relay.
    Sent,
    /// Kept on the server instead of sent.
    Captured,
    /// Given up.
    Failed,
}

impl ProbeMessageState {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Captured => "captured",
            Self::Failed => "failed",
        }
    }
}

/// What happened to an event for Sentry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SentryDelivery {
    /// Sentry answered.
    Answered { status: u16 },
    /// The event was not sent, or Sentry did not answer.
    Undelivered { why: String },
}

/// The temporary user is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeEnded {
    /// Whether there still was an account to delete.
    pub was_there: bool,
}

/// A report is kept with the running release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportKept {
    pub release: String,
    /// The snapshot that was taken because the release is known-good.
    pub snapshot: Option<SnapshotId>,
    pub good: bool,
    pub approved: bool,
}

/// A message with an answer: `done` over the control socket, `data` over HTTPS.
#[derive(Deserialize)]
struct AnswerMessage<A> {
    #[serde(alias = "data")]
    done: A,
}

impl VerifyCommand {
    /// Reads a message with the answer to this command. The JSON carries no tag: the command decides its type.
    ///
    /// # Errors
    /// When it is not an answer to this command.
    pub fn parse_answer(&self, message: &str) -> serde_json::Result<VerifyAnswer> {
        fn parse<A: DeserializeOwned>(
            message: &str,
            convert: fn(A) -> VerifyAnswer,
        ) -> serde_json::Result<VerifyAnswer> {
            serde_json::from_str::<AnswerMessage<A>>(message).map(|message| convert(message.done))
        }
        match self {
            Self::Facts => parse(message, VerifyAnswer::Facts),
            Self::Snapshot => parse(message, VerifyAnswer::Snapshot),
            Self::Announce => parse(message, VerifyAnswer::RequestAnnounced),
            Self::Announced => parse(message, VerifyAnswer::RequestSeen),
            Self::Begin => parse(message, VerifyAnswer::ProbeStarted),
            Self::Mail => parse(message, VerifyAnswer::Mail),
            Self::Event => parse(message, VerifyAnswer::Event),
            Self::End => parse(message, VerifyAnswer::ProbeEnded),
            Self::Report(_) => parse(message, VerifyAnswer::ReportKept),
        }
    }

    pub(super) fn parse_response(&self, line: &str) -> serde_json::Result<ControlResponse<VerifyAnswer>> {
        Ok(match serde_json::from_str::<ControlResponse<IgnoredAny>>(line)? {
            ControlResponse::Done(_) => ControlResponse::Done(self.parse_answer(line)?),
            ControlResponse::Refused(why) => ControlResponse::Refused(why),
            ControlResponse::Failed(why) => ControlResponse::Failed(why),
            ControlResponse::Working(step) => ControlResponse::Working(step),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn commands_keep_their_words_on_the_wire() {
        for (command, word) in [
            (VerifyCommand::Facts, "facts"),
            (VerifyCommand::Snapshot, "snapshot"),
            (VerifyCommand::Announce, "announce"),
            (VerifyCommand::Announced, "announced"),
            (VerifyCommand::Begin, "begin"),
            (VerifyCommand::Mail, "mail"),
            (VerifyCommand::Event, "event"),
            (VerifyCommand::End, "end"),
        ] {
            assert_eq!(json!(command), word);
        }
    }

    #[test]
    fn answers_keep_their_fields_on_the_wire() {
        let answers = [
            (VerifyCommand::Snapshot, json!({ "snapshot": null, "isDue": false })),
            (VerifyCommand::Announce, json!({ "nonce": "0123456789abcdef" })),
            (
                VerifyCommand::Announced,
                json!({ "client": { "peer": "10.0.0.1", "forwarded": ["192.0.2.1"], "address": "192.0.2.1" } }),
            ),
            (VerifyCommand::Begin, json!({ "email": "owner+1@example.com", "until": "2026-02-12T12:10:00Z" })),
            (VerifyCommand::Mail, json!({ "mail": null })),
            (VerifyCommand::Mail, json!({ "mail": { "state": "sent", "answer": "250", "why": null, "text": "Hi," } })),
            (VerifyCommand::Event, json!({ "status": 200 })),
            (VerifyCommand::Event, json!({ "why": "Sentry is turned off" })),
            (VerifyCommand::End, json!({ "wasThere": true })),
        ];
        for (command, json) in answers {
            for message in [json!({ "done": json }), json!({ "ok": true, "data": json })] {
                assert_eq!(json!(command.parse_answer(&message.to_string()).unwrap()), json);
            }
        }
        let other = r#"{"done":{"mail":null}}"#;
        assert!(VerifyCommand::End.parse_answer(other).is_err(), "an answer to another command");
    }
}
