//! A verified copy of the data file, and the manifest that describes it.

use jiff::Timestamp;

use crate::domain::backup::snapshot::{SnapshotManifest, SnapshotReason};
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::store::backup::verification::VerifiedCopy;

/// What the manifest of a snapshot is written from.
pub(super) struct VerifiedFile {
    pub(super) id: SnapshotId,
    pub(super) contents: VerifiedCopy,
    /// The digest of the binary that took the snapshot.
    pub(super) binary: Option<String>,
    pub(super) taken_at: Timestamp,
    pub(super) verified_at: Timestamp,
    pub(super) reason: SnapshotReason,
    pub(super) bytes: u64,
    pub(super) digest: String,
}

impl VerifiedFile {
    pub(super) fn into_manifest(self) -> SnapshotManifest {
        SnapshotManifest {
            id: self.id,
            environment: self.contents.stamp.environment,
            kind: self.contents.stamp.kind,
            file_id: self.contents.stamp.file_id,
            schema: self.contents.schema,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            binary: self.binary,
            taken_at: self.taken_at,
            verified_at: self.verified_at,
            reason: self.reason,
            bytes: self.bytes,
            digest: self.digest,
            rows: self.contents.rows,
            encrypted: None,
        }
    }
}
