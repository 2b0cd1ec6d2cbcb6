//! The command `atlas rollback` and its answers.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::releases::{InvalidReleaseRef, ReleaseRef};
use super::response::{ControlResponse, parse_as};
use crate::domain::Environment;
use crate::domain::backup::snapshot::SnapshotReason;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::store::backup::changes::TableChange;

/// What to roll back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RollbackTarget {
    Snapshot(SnapshotId),
    Release(ReleaseRef),
}

impl FromStr for RollbackTarget {
    type Err = InvalidReleaseRef;

    fn from_str(text: &str) -> Result<Self, InvalidReleaseRef> {
        text.parse().map(Self::Snapshot).or_else(|_| text.parse().map(Self::Release))
    }
}

impl TryFrom<String> for RollbackTarget {
    type Error = InvalidReleaseRef;
    fn try_from(text: String) -> Result<Self, InvalidReleaseRef> {
        text.parse()
    }
}

impl fmt::Display for RollbackTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(id) => id.fmt(f),
            Self::Release(release) => release.fmt(f),
        }
    }
}

impl From<RollbackTarget> for String {
    fn from(target: RollbackTarget) -> Self {
        target.to_string()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackCommand {
    /// The known-good release by default.
    pub to: Option<RollbackTarget>,
    /// Rolls back the binary and keeps the data.
    pub code_only: bool,
    /// Only answers the plan.
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RollbackAnswer {
    Planned(PlannedRollback),
    Done(CompletedRollback),
}

impl RollbackCommand {
    pub(super) fn parse_response(&self, line: &str) -> serde_json::Result<ControlResponse<RollbackAnswer>> {
        if self.dry_run { parse_as(line, RollbackAnswer::Planned) } else { parse_as(line, RollbackAnswer::Done) }
    }
}

/// The plan alone; nothing was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRollback {
    #[serde(flatten)]
    pub plan: RollbackPlan,
    /// Always true.
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletedRollback {
    #[serde(flatten)]
    pub plan: RollbackPlan,
    /// Always true.
    pub done: bool,
    /// The data file that was replaced. Absent when the data stayed, or when there was no data file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety: Option<SafetySnapshot>,
    /// Absent when no server had the data file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_stops: Option<bool>,
}

/// Which data, which binary, and what would be lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollbackPlan {
    pub environment: Environment,
    pub data_file: PathBuf,
    /// Absent when the data is kept.
    pub snapshot: Option<PlannedSnapshot>,
    /// Absent when the binary is kept.
    pub release: Option<PlannedRelease>,
    /// Rows written since the snapshot, by table; absent when they cannot be counted.
    pub lost: Option<BTreeMap<String, TableChange>>,
    /// Why they cannot be counted.
    pub lost_unknown: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedSnapshot {
    pub id: SnapshotId,
    pub taken_at: Timestamp,
    pub schema: u32,
    pub bytes: u64,
    pub reason: SnapshotReason,
    pub file: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRelease {
    pub id: String,
    pub version: String,
    pub schema: u32,
    pub binary: Option<PathBuf>,
    /// The link that leads to the binary that should run.
    pub current: PathBuf,
    /// Whether the process that answers runs this binary.
    pub runs_now: bool,
}

/// The snapshot that undoes the rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SafetySnapshot {
    Verified {
        id: SnapshotId,
        bytes: u64,
        /// Always true.
        #[serde(rename = "proven")]
        verified: bool,
        /// Whether it was copied off-site; absent without an off-site folder.
        copied: Option<bool>,
    },
    /// Kept although it could not be verified: nothing else has the data written since the snapshot.
    Unverified {
        id: SnapshotId,
        /// Always false.
        #[serde(rename = "proven")]
        verified: bool,
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_snapshot_or_a_release_and_never_a_path() {
        assert!(matches!("20260212T120000Z-03fa".parse(), Ok(RollbackTarget::Snapshot(_))));
        for release in ["abcdef012345", "1.0.0", "1.0.0-rc.1+7"] {
            assert!(matches!(release.parse(), Ok(RollbackTarget::Release(_))), "{release}");
        }
        for invalid in ["", "../../etc/passwd", "..", "-rf", "a b", "a\0", &"a".repeat(65)] {
            assert!(invalid.parse::<RollbackTarget>().is_err(), "{invalid:?}");
        }
    }
}
