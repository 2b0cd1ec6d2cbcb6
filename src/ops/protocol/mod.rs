//! What an operator asks and what comes back: one set of types for the command line, the control socket and the checklist
//! on another machine. A command is text or JSON only at the two ends; both are renderings of the same typed value.
//!
//! Everything here is plain data, so every layer of `ops` and `cli` may use it. One file per subject holds its command and
//! its answers.
//!
//! The JSON is read by scripts and spoken between binaries of different versions: field names and words are frozen.

#![allow(missing_docs, reason = "most fields are named after the JSON field they become")]

pub mod mail;
pub mod migrations;
pub mod releases;
pub mod report;
mod response;
pub mod rollback;
pub mod snapshots;
pub mod users;
pub mod verify;

use serde::{Deserialize, Serialize};

use crate::domain::Environment;
pub use mail::{MailAnswer, MailCommand};
pub use response::ControlResponse;
pub use rollback::{RollbackAnswer, RollbackCommand};
pub use snapshots::{SnapshotAnswer, SnapshotCommand};
pub use users::{UserAnswer, UserCommand};
pub use verify::{VerifyAnswer, VerifyCommand};

/// A command that needs the open data file: the process that holds the file executes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "noun", content = "verb")]
pub enum Command {
    User(UserCommand),
    Snapshot(SnapshotCommand),
    Rollback(RollbackCommand),
    Mail(MailCommand),
    Verify(VerifyCommand),
}

/// A command as it goes over the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// A server of another environment refuses the command.
    pub environment: Environment,
    #[serde(flatten)]
    pub command: Command,
}

/// The answer to a [`Command`] that succeeded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    User(UserAnswer),
    Snapshot(SnapshotAnswer),
    Rollback(RollbackAnswer),
    Mail(MailAnswer),
    Verify(VerifyAnswer),
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Outcome {
    Done(Answer),
    /// A rule forbids it; nothing was changed. The text is for the operator.
    Refused(String),
    /// Something is broken. The text is for the operator.
    Failed(String),
}

impl From<Outcome> for ControlResponse<Answer> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done(answer) => Self::Done(answer),
            Outcome::Refused(why) => Self::Refused(why),
            Outcome::Failed(why) => Self::Failed(why),
        }
    }
}

impl Command {
    /// Reads a line of the server that has this command. The answer's JSON carries no tag: which command was sent decides its
    /// type.
    ///
    /// # Errors
    /// When the line is not a response to this command.
    pub fn parse_response(&self, line: &str) -> serde_json::Result<ControlResponse<Answer>> {
        match self {
            Self::User(command) => command.parse_response(line).map(|read| read.map(Answer::User)),
            Self::Snapshot(command) => command.parse_response(line).map(|read| read.map(Answer::Snapshot)),
            Self::Rollback(command) => command.parse_response(line).map(|read| read.map(Answer::Rollback)),
            Self::Mail(command) => command.parse_response(line).map(|read| read.map(Answer::Mail)),
            Self::Verify(command) => command.parse_response(line).map(|read| read.map(Answer::Verify)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use users::UserRef;

    #[test]
    fn a_command_keeps_its_spelling_on_the_socket() {
        let user: UserRef = "ada@example.com".parse().unwrap();
        let command = Command::User(UserCommand::Disable { user });
        let envelope = Envelope { environment: Environment::development(), command };
        let line = serde_json::to_string(&envelope).unwrap();
        let expected = r#"{"environment":"development","noun":"user","verb":{"disable":{"who":"ada@example.com"}}}"#;
        assert_eq!(line, expected);
        assert_eq!(serde_json::from_str::<Envelope>(&line).unwrap(), envelope);
    }

    #[test]
    fn an_answer_reads_back_as_the_type_of_its_command() {
        let command = Command::Snapshot(SnapshotCommand::Prune { id: None });
        let line = r#"{"done":{"removed":["20260212T120000Z-03fa"],"left":2}}"#;
        let read = command.parse_response(line).unwrap();
        assert!(
            matches!(&read, ControlResponse::Done(Answer::Snapshot(SnapshotAnswer::Pruned(pruned))) if pruned.left == 2)
        );
        assert_eq!(serde_json::to_string(&read).unwrap(), line);
        assert_eq!(command.parse_response(r#"{"working":null}"#).unwrap(), ControlResponse::Working(None));
        assert!(command.parse_response(r#"{"done":{"users":[]}}"#).is_err(), "an answer to another command");
    }
}
