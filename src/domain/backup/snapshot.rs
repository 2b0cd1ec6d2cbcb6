//! Snapshots: why they are taken, and the manifest beside each copy. The store copies and verifies them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::snapshot_id::SnapshotId;
use crate::domain::recorded::known_or_default;
use crate::domain::{Environment, EnvironmentKind, FileId};

/// Why a snapshot was taken. It decides how long the snapshot is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotReason {
    /// An operator or admin requested it.
    Manual,
    Schedule,
    BeforeMigration,
    /// The data that a rollback replaced.
    BeforeRollback,
    /// A release passed its verification.
    KnownGood,
    /// A reason of a newer version. Such a snapshot is kept like one that was requested.
    #[default]
    Unknown,
}

impl SnapshotReason {
    /// A phrase for operators.
    pub fn description(self) -> &'static str {
        match self {
            Self::Manual => "manually",
            Self::Schedule => "on schedule",
            Self::BeforeMigration => "before a migration",
            Self::BeforeRollback => "before a rollback",
            Self::KnownGood => "for a known-good release",
            Self::Unknown => "by a newer version",
        }
    }
}

/// Describes a snapshot. It is stored beside the copy; a copy without a manifest is not a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotManifest {
    pub id: SnapshotId,
    /// As in the stamp of the data file.
    pub environment: Environment,
    pub kind: EnvironmentKind,
    pub file_id: FileId,
    pub schema: u32,
    /// The version of the binary that took the snapshot.
    pub version: String,
    /// The BLAKE3 digest of that binary in hexadecimal; `None` when the binary could not be read.
    pub binary: Option<String>,
    /// The snapshot holds the data committed until this instant.
    pub taken_at: Timestamp,
    /// When it was verified: reopened, checked for integrity, every row decoded, and the rows counted.
    #[serde(rename = "provenAt")]
    pub verified_at: Timestamp,
    #[serde(deserialize_with = "known_or_default")]
    pub reason: SnapshotReason,
    /// The length of the copy.
    pub bytes: u64,
    /// The BLAKE3 digest of the copy in hexadecimal.
    pub digest: String,
    /// The number of rows by table.
    pub rows: BTreeMap<String, u64>,
    /// Describes the encrypted copy beside this manifest, if the off-site folder is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<EncryptedCopy>,
}

/// An encrypted copy of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptedCopy {
    pub bytes: u64,
    /// The BLAKE3 digest in hexadecimal.
    pub digest: String,
}
