//! `atlas migrate`. No server may have the data file, so these commands never go over the socket.

use serde::Serialize;

use crate::domain::backup::snapshot_id::SnapshotId;
use crate::store::migrations::MigrationLoss;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrateCommand {
    Status,
    /// Up to this schema, the newest by default.
    Up {
        to: Option<u32>,
    },
    Down {
        to: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MigrateAnswer {
    Status(MigrationStatus),
    Migrated(MigrationResult),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationStatus {
    /// The data file's schema.
    pub schema: u32,
    /// The newest schema this binary knows.
    pub known: u32,
    /// How many steps lie between them.
    pub pending: u32,
    pub steps: Vec<MigrationStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrationStep {
    /// The schema it leads to.
    pub to: u32,
    pub about: &'static str,
    /// The oldest schema whose binary may open the file afterwards.
    pub min_reader: u32,
    pub applied: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MigrationResult {
    pub from: u32,
    pub to: u32,
    pub changed: bool,
    /// The data file as it was before; absent when nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    /// What a downgrade lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Vec<MigrationLoss>>,
}
