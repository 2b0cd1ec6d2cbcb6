//! What a rollback works on: a data file, open or not, with everything that belongs to it.

use std::io;
use std::path::Path;

use crate::app::backup::offsite::Offsite;
use crate::app::clock::Clock;
use crate::domain::Environment;
use crate::ops::approvals::Approvals;
use crate::store::backup::folder_owner::FolderOwner;
use crate::store::backup::release_folder::ReleaseFolder;
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::migrations::Migrations;
use crate::store::{FileLock, OpenError, Store};

/// A data file to roll back, and what the rollback needs to know of its environment.
#[allow(missing_docs, reason = "the fields say all")]
pub struct RollbackEnvironment<'a> {
    pub data_file: &'a Path,
    pub environment: &'a Environment,
    pub migrations: Migrations,
    pub clock: &'a Clock,
    /// The off-site folder of snapshots, if one is configured.
    pub offsite: Option<&'a Offsite>,
    /// Which binaries may serve here.
    pub approvals: &'a Approvals,
    /// The open store, where this process has the file.
    pub store: Option<&'a Store>,
}

impl RollbackEnvironment<'_> {
    pub(super) fn snapshots(&self) -> SnapshotFolder {
        SnapshotFolder::beside(self.data_file)
    }

    /// The owner of both folders. Rolling back is for files that do not open, too.
    pub(super) fn folder_owner(&self) -> FolderOwner {
        FolderOwner::without_file(self.environment)
    }

    pub(super) fn releases(&self) -> ReleaseFolder {
        ReleaseFolder::beside(self.data_file)
    }

    /// Locks the data file against other processes; `None` when there is no data file, which can be rolled back too.
    ///
    /// # Errors
    /// Those of [`FileLock::take`].
    pub fn lock(&self) -> Result<Option<FileLock>, OpenError> {
        match FileLock::acquire(self.data_file) {
            Ok(hold) => Ok(Some(hold)),
            Err(OpenError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
