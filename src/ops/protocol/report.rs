//! The report of `atlas verify`: what the checklist found, as the command line shows it and the server keeps it.
//!
//! Data only: the checklist fills it in, the command line renders it. Reports of earlier versions must stay readable, so
//! fields that were added later have a default.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::backup::approval::{ItemOutcome, ItemResult};

/// The result of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyReport {
    pub environment: String,
    /// Where the deployment was reached.
    pub url: String,
    /// The digest of the binary that serves, if the server could be asked.
    #[serde(default)]
    pub binary: Option<String>,
    /// When the checklist ended.
    pub at: Timestamp,
    /// Duration in milliseconds.
    pub millis: u64,
    /// Nothing failed, nothing was left behind, and every check that needs the server got its answer.
    pub passed: bool,
    /// Checks that apply to this environment and were skipped.
    #[serde(default)]
    pub missing: Vec<Cow<'static, str>>,
    /// What the checklist could not clean up.
    #[serde(default)]
    pub left: Option<String>,
    /// One per check, in the order in which they ran.
    pub items: Vec<Finding>,
}

/// One check and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The stable name of the check.
    pub id: Cow<'static, str>,
    /// What the check asserts, for people.
    pub title: Cow<'static, str>,
    pub state: CheckStatus,
    /// Why the check was skipped.
    #[serde(default)]
    pub skip: Option<SkipReason>,
    /// Duration in milliseconds.
    #[serde(default)]
    pub millis: u64,
    /// A remark, for any state but a failure.
    #[serde(default)]
    pub note: Option<String>,
    /// The check whose failure blocked this one.
    #[serde(default)]
    pub because: Option<Cow<'static, str>>,
    /// What was expected, for a failure.
    #[serde(default)]
    pub expected: Option<String>,
    /// What was found instead, for a failure.
    #[serde(default)]
    pub seen: Option<String>,
    /// How to fix it, for a failure.
    #[serde(default, rename = "do")]
    pub remedy: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// The assertion holds.
    Passed,
    /// The assertion does not hold.
    Failed,
    /// The assertion holds, but probably not for long.
    Warned,
    /// The check did not run to its end.
    Skipped,
}

/// Why a check was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// The check does not apply to this environment.
    #[serde(rename = "not-asked")]
    NotApplicable,
    /// The check changes data and production was checked read-only.
    ReadOnly,
    /// The deployment was reached at an address of this machine, without TLS.
    Rehearsal,
    /// The server could not be asked.
    NoAnswer,
    /// A check that this one depends on failed.
    Blocked,
}

impl Finding {
    fn outcome(&self) -> ItemOutcome {
        match (self.state, self.skip) {
            (CheckStatus::Failed, _) => ItemOutcome::Failed,
            (CheckStatus::Skipped, Some(SkipReason::NotApplicable)) => ItemOutcome::NotApplicable,
            (CheckStatus::Skipped, _) => ItemOutcome::Missing,
            (CheckStatus::Passed | CheckStatus::Warned, _) => ItemOutcome::Passed,
        }
    }

    /// Whether the check applies to this environment and was skipped.
    pub fn is_missing(&self) -> bool {
        self.outcome() == ItemOutcome::Missing
    }
}

impl VerifyReport {
    /// The outcome of each check, as approvals and release records keep it.
    pub fn item_results(&self) -> Vec<ItemResult> {
        self.items.iter().map(|item| ItemResult { id: item.id.clone().into_owned(), outcome: item.outcome() }).collect()
    }

    /// The ids of the checks that failed, and `leave` if something was left behind.
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.items.iter().filter(|item| item.state == CheckStatus::Failed).map(|item| item.id.as_ref());
        failed.chain(self.left.iter().map(|_| "leave")).collect()
    }
}
