//! The result of a check: passed with a remark, or why it did not pass.
//!
//! | a check returns | when |
//! |---|---|
//! | `Ok(remark)` | its assertion holds |
//! | [`CheckError::Failed`] | its assertion does not hold; the operator has to act |
//! | [`CheckError::Warned`] | its assertion holds, but not reliably |
//! | [`CheckError::Skipped`] | nothing was found out; [`SkipReason`] says whether that blocks a pass |
//! | [`CheckError::Blocked`] | another check fails, which says what to do |

use super::http_client::RequestError;
use super::server::ServerError;
use crate::ops::protocol::report::SkipReason;

/// A remark for the report, possibly empty, or why the check did not pass.
pub(super) type CheckResult = Result<String, CheckError>;

/// Why a check did not pass.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    /// Something is wrong.
    #[error("expected {expected}; found {found}")]
    Failed { expected: String, found: String, remedy: String },
    /// Something is about to go wrong.
    #[error("{0}")]
    Warned(String),
    /// The check could not run, or does not apply.
    #[error("{1}")]
    Skipped(SkipReason, String),
    /// A check that this one depends on fails.
    #[error("skipped because {0} failed")]
    Blocked(&'static str),
}

impl CheckError {
    pub(super) fn failed(expected: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Failed { expected: expected.into(), found: found.into(), remedy: remedy.into() }
    }

    /// The check does not apply to this environment.
    pub(super) fn not_applicable(why: impl Into<String>) -> Self {
        Self::Skipped(SkipReason::NotApplicable, why.into())
    }

    /// The check needs an answer that nobody gave.
    pub(super) fn no_answer(why: impl Into<String>) -> Self {
        Self::Skipped(SkipReason::NoAnswer, why.into())
    }
}

impl From<RequestError> for CheckError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Interrupted => Self::no_answer(error.to_string()),
            RequestError::Transport { method, path, source } => Self::failed(
                format!("a response to {method} {path}"),
                source.to_string(),
                "check that the server runs and that the proxy forwards to it",
            ),
        }
    }
}

impl From<ServerError> for CheckError {
    fn from(error: ServerError) -> Self {
        Self::failed("an answer from the server", error.to_string(), "read the server's log")
    }
}

/// The value of a header, or that it is missing, for [`CheckError::failed`].
pub(super) fn header_or_missing(value: &str) -> &str {
    if value.is_empty() { "no such header" } else { value }
}
