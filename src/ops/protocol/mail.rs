//! Commands of `atlas mail` and their answers.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::response::{ControlResponse, parse_as};
use crate::domain::{Email, MailId};

/// The most messages in one answer.
pub const MAX_MAILS_PER_LIST: usize = 500;

/// A message as an operator names one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MailRef {
    Id(MailId),
    /// The newest message to this address.
    NewestTo(Email),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{}” is neither a mail id nor an email address; `atlas mail list` shows them", .0.escape_debug())]
pub struct InvalidMailRef(String);

impl FromStr for MailRef {
    type Err = InvalidMailRef;

    fn from_str(text: &str) -> Result<Self, InvalidMailRef> {
        match (text.parse(), Email::parse(text)) {
            (Ok(id), _) => Ok(Self::Id(id)),
            (Err(_), Ok(email)) => Ok(Self::NewestTo(email)),
            (Err(_), Err(_)) => Err(InvalidMailRef(text.to_owned())),
        }
    }
}

impl TryFrom<String> for MailRef {
    type Error = InvalidMailRef;
    fn try_from(text: String) -> Result<Self, InvalidMailRef> {
        text.parse()
    }
}

impl From<MailRef> for String {
    fn from(mail: MailRef) -> Self {
        match mail {
            MailRef::Id(id) => id.to_string(),
            MailRef::NewestTo(email) => email.into(),
        }
    }
}

/// What became of a message so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailState {
    Waiting,
    Sent,
    Captured,
    Failed,
    /// Set by a newer version.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{}” is not a state of mail; it is waiting, sent, captured or failed", .0.escape_debug())]
pub struct InvalidMailState(String);

impl MailState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Captured => "captured",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for MailState {
    type Err = InvalidMailState;

    fn from_str(text: &str) -> Result<Self, InvalidMailState> {
        let all = [Self::Waiting, Self::Sent, Self::Captured, Self::Failed];
        all.into_iter().find(|state| state.as_str() == text).ok_or_else(|| InvalidMailState(text.to_owned()))
    }
}

impl fmt::Display for MailState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailCommand {
    /// Newest first.
    List {
        to: Option<Email>,
        #[serde(rename = "standing")]
        state: Option<MailState>,
        limit: usize,
        /// Continues the list whose `nextCursor` this was.
        cursor: Option<MailId>,
    },
    /// With its text, for as long as that is kept.
    Show {
        #[serde(rename = "which")]
        mail: MailRef,
    },
    Retry {
        #[serde(rename = "which")]
        mail: MailRef,
    },
    /// Retries everything that waits.
    RetryAll,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MailAnswer {
    List(MailList),
    Detail(MailDetail),
    Retried(RetriedMail),
}

impl MailCommand {
    pub(super) fn parse_response(&self, line: &str) -> serde_json::Result<ControlResponse<MailAnswer>> {
        match self {
            Self::List { .. } => parse_as(line, MailAnswer::List),
            Self::Show { .. } => parse_as(line, MailAnswer::Detail),
            Self::Retry { .. } | Self::RetryAll => parse_as(line, MailAnswer::Retried),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailSummary {
    pub id: MailId,
    pub to: Email,
    pub subject: String,
    pub state: MailState,
    pub created_at: Timestamp,
    #[serde(rename = "trueUntil")]
    pub expires_at: Timestamp,
    /// Only of waiting mail, as are the next two.
    pub due_at: Option<Timestamp>,
    pub attempts: Option<u32>,
    /// Deferred until the relay's settings are fixed.
    #[serde(rename = "held")]
    pub deferred: Option<bool>,
    pub ended_at: Option<Timestamp>,
    pub why: Option<String>,
    /// The relay's last response.
    pub answer: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailList {
    pub mails: Vec<MailSummary>,
    pub next_cursor: Option<MailId>,
    pub outbox: OutboxSummary,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxSummary {
    /// Whether mail may leave this environment at all.
    pub leaves: bool,
    pub waiting: usize,
    pub oldest_waiting_since: Option<Timestamp>,
    /// `untried`, `works`, `away` or `faulty`.
    pub relay: String,
    pub fault: Option<String>,
    pub why: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailDetail {
    #[serde(flatten)]
    pub summary: MailSummary,
    pub message_id: Option<String>,
    /// Both absent once the message was sent or has expired.
    pub text: Option<String>,
    pub html: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetriedMail {
    pub retried: Vec<MailSummary>,
}
