//! What a rollback to a snapshot would lose.

use std::collections::BTreeMap;

use super::environment::RollbackEnvironment;
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::store::backup::changes::{TableChange, changes_between_files};

/// What was written since a snapshot.
pub(super) enum Losses {
    Nothing,
    /// Rows by table, when both are in one schema.
    Rows(BTreeMap<String, TableChange>),
    /// They cannot be counted, and why.
    Unknown(String),
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
                Some(schema) => format!("the data file has schema {schema} and the snapshot {}", snapshot.schema),
                None if !environment.data_file.exists() => "there is no data file".to_owned(),
                None => "the data file cannot be read".to_owned(),
            });
        }
        let compared = match environment.store {
            Some(store) => store.changes_since(&copy),
            None => changes_between_files(&copy, environment.data_file),
        };
        match compared {
            Ok(changes) => Self::Rows(changes),
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}
