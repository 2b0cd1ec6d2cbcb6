//! Commands of `atlas snapshot` and their answers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::response::{ControlResponse, parse_as};
use crate::domain::backup::snapshot::SnapshotReason;
use crate::domain::backup::snapshot_id::SnapshotId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotCommand {
    Create,
    List,
    /// Verifies one snapshot again, or all.
    Verify {
        #[serde(rename = "name")]
        id: Option<SnapshotId>,
    },
    /// Removes one snapshot, or those that retention no longer keeps.
    Prune {
        #[serde(rename = "name")]
        id: Option<SnapshotId>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SnapshotAnswer {
    Created(CreatedSnapshot),
    List(SnapshotList),
    Verified(VerifiedSnapshots),
    Pruned(PrunedSnapshots),
}

impl SnapshotCommand {
    pub(super) fn parse_response(&self, line: &str) -> serde_json::Result<ControlResponse<SnapshotAnswer>> {
        match self {
            Self::Create => parse_as(line, SnapshotAnswer::Created),
            Self::List => parse_as(line, SnapshotAnswer::List),
            Self::Verify { .. } => parse_as(line, SnapshotAnswer::Verified),
            Self::Prune { .. } => parse_as(line, SnapshotAnswer::Pruned),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotDetail {
    pub id: SnapshotId,
    pub file: PathBuf,
    pub encrypted: bool,
    pub taken_at: Timestamp,
    #[serde(rename = "provenAt")]
    pub verified_at: Timestamp,
    pub reason: SnapshotReason,
    pub schema: u32,
    pub bytes: u64,
    pub digest: String,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    pub version: String,
    /// Digest of the binary that took it.
    pub binary: Option<String>,
    /// Whether it is of another data file than the present one, and so can't be restored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_other_file: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatedSnapshot {
    #[serde(flatten)]
    pub snapshot: SnapshotDetail,
    /// Absent without an off-site folder.
    #[serde(flatten)]
    pub offsite: Option<OffsiteCopy>,
}

/// Whether the snapshot was copied off-site. The snapshot is good either way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OffsiteCopy {
    pub copied: bool,
    pub copy_failed: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotList {
    pub folder: PathBuf,
    /// Newest first.
    pub snapshots: Vec<SnapshotDetail>,
    /// Copies without a manifest: a rollback was killed before it could verify them.
    #[serde(rename = "unproven")]
    pub unverified: Vec<SnapshotId>,
    pub unreadable: Vec<UnreadableManifest>,
    #[serde(rename = "elsewhere")]
    pub offsite: Option<OffsiteList>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableManifest {
    pub file: PathBuf,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OffsiteList {
    pub folder: PathBuf,
    pub snapshots: Vec<SnapshotDetail>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifiedSnapshots {
    #[serde(rename = "proven")]
    pub verified: Vec<SnapshotDetail>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedSnapshot>,
}

/// A snapshot that did not verify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedSnapshot {
    /// Absent when its file has no such name.
    pub id: Option<SnapshotId>,
    pub why: String,
    /// Whether it could not be read, which says nothing about what it holds.
    pub unavailable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedSnapshots {
    pub removed: Vec<SnapshotId>,
    /// How many remain.
    pub left: usize,
    /// What was not done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<String>,
}
