//! What a rollback to a snapshot would lose.

use std::collections::BTreeMap;

use super::environment::RollbackEnvironment;
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::store::backup::changes::{TableChange, changes_between_files};
use crate::store::backup::snapshot::SnapshotError;

/// What was written since a snapshot.
pub(super) enum Losses {
    Nothing,
    /// Rows by table, when both are in one schema.
    Rows(BTreeMap<String, TableChange>),
    /// They cannot be counted, and why.
    Unknown(UncountableLosses),
}

/// Why the losses of a rollback cannot be counted.
#[derive(Debug, thiserror::Error)]
pub(super) enum UncountableLosses {
    #[error("the data file has schema {file} and the snapshot {snapshot}")]
    OtherSchema { file: u32, snapshot: u32 },
    #[error("there is no data file")]
    NoDataFile,
    #[error("the data file cannot be read")]
    Unreadable,
    #[error(transparent)]
    Comparison(SnapshotError),
}

impl Losses {
    /// Compares a snapshot with the data file, whose schema is `schema`, or `None` when it cannot be read.
    pub(super) fn since(
        environment: &RollbackEnvironment<'_>,
        snapshot: &SnapshotManifest,
        schema: Option<u32>,
    ) -> Self {
        let copy = environment.snapshots().copy_path(&snapshot.id);
        if schema != Some(snapshot.schema) {
            return Self::Unknown(match schema {
                Some(file) => UncountableLosses::OtherSchema { file, snapshot: snapshot.schema },
                None if !environment.data_file.exists() => UncountableLosses::NoDataFile,
                None => UncountableLosses::Unreadable,
            });
        }
        let compared = match environment.store {
            Some(store) => store.changes_since(&copy),
            None => changes_between_files(&copy, environment.data_file),
        };
        match compared {
            Ok(changes) => Self::Rows(changes),
            Err(error) => Self::Unknown(UncountableLosses::Comparison(error)),
        }
    }
}
