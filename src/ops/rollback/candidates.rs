//! Which snapshots and releases a data file can be rolled back to.

use std::path::Path;

use super::environment::RollbackEnvironment;
use crate::app::Error;
use crate::app::backup::{releases, snapshots};
use crate::domain::Refusal;
use crate::domain::backup::release::{Release, select_snapshot};
use crate::domain::backup::snapshot::{SnapshotManifest, SnapshotReason};
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::environment::stamp::Stamp;
use crate::ops::isolation::IdentityFile;
use crate::ops::protocol::rollback::RollbackTarget;
use crate::store::{OpenError, read_stamp_and_schema};

pub(super) struct Candidates {
    pub(super) snapshots: Vec<SnapshotManifest>,
    /// The one that started last first.
    pub(super) releases: Vec<Release>,
    /// The schema of the data file; `None` when it cannot be read.
    pub(super) schema: Option<u32>,
    /// The schema that this binary writes.
    newest_schema: u32,
}

impl Candidates {
    pub(super) fn find(environment: &RollbackEnvironment<'_>) -> Result<Self, Error> {
        let inspected = match environment.store {
            Some(store) => Some((store.stamp().clone(), environment.migrations.newest_schema())),
            None => inspect_closed_file(environment)?,
        };
        let mut snapshots = snapshots::list_snapshots(&environment.snapshots(), environment.environment)?.snapshots;
        // A snapshot of another file of the same environment is not this file's past. The identity file names the file that
        // belongs here even when it is missing or corrupt.
        let home = environment.data_file.parent().unwrap_or(Path::new(""));
        let recorded = || IdentityFile::read(home).ok().flatten().map(|identity| identity.file_id);
        if let Some(file_id) = inspected.as_ref().map(|(stamp, _)| stamp.file_id).or_else(recorded) {
            snapshots.retain(|snapshot| snapshot.file_id == file_id);
        }
        let mut releases = releases::list_releases(&environment.releases())?;
        releases.retain(|release| release.environment == *environment.environment);
        let schema = inspected.map(|(_, schema)| schema);
        Ok(Self { snapshots, releases, schema, newest_schema: environment.migrations.newest_schema() })
    }

    fn release_with(&self, digest: Option<&String>) -> Option<&Release> {
        self.releases.iter().find(|release| Some(&release.digest) == digest)
    }

    /// The snapshot and the release that a target means.
    pub(super) fn resolve(
        &self,
        environment: &RollbackEnvironment<'_>,
        target: &RollbackTarget,
        running: Option<&String>,
    ) -> Result<(Option<&SnapshotManifest>, Option<&Release>), Error> {
        match target {
            RollbackTarget::Snapshot(id) => {
                let snapshot = self.snapshots.iter().find(|snapshot| snapshot.id == *id);
                let snapshot =
                    snapshot.ok_or_else(|| foreign(environment, id).unwrap_or_else(|| unknown_target(target)))?;
                Ok((Some(snapshot), self.release_for(snapshot, running)?))
            }
            RollbackTarget::Release(name) => {
                let named = releases::find_release(&environment.releases(), name.as_str())?;
                let release = self.release_with(Some(&named.digest)).ok_or_else(|| unknown_target(target))?;
                Ok((select_snapshot(release, &self.releases, &self.snapshots), Some(release)))
            }
        }
    }

    /// The release whose binary can serve a snapshot's data; `None` when this binary can. A snapshot that a rollback took
    /// goes back with the binary it had.
    fn release_for(&self, snapshot: &SnapshotManifest, running: Option<&String>) -> Result<Option<&Release>, Refusal> {
        let taken_by = self.release_with(snapshot.binary.as_ref());
        let other = taken_by.filter(|release| Some(&release.digest) != running);
        let fits_this_binary = snapshot.schema == self.newest_schema;
        if fits_this_binary && (snapshot.reason != SnapshotReason::BeforeRollback || other.is_none()) {
            return Ok(None);
        }
        let any = other.or_else(|| self.releases.iter().find(|release| release.schema == snapshot.schema));
        any.map(Some).ok_or_else(|| {
            Refusal::operation(format!(
                "snapshot {} has schema {} and this binary works with {}; no binary of that schema is kept here, so run this command with one",
                snapshot.id,
                snapshot.schema,
                self.newest_schema
            ))
        })
    }
}

/// Stamp and schema of a file that no process has open; `None` when it is missing or corrupt, which is a reason for a
/// rollback, not against it.
fn inspect_closed_file(environment: &RollbackEnvironment<'_>) -> Result<Option<(Stamp, u32)>, Error> {
    match read_stamp_and_schema(environment.data_file) {
        Ok((stamp, _)) if !stamp.belongs_to(environment.environment) => {
            let error = OpenError::OtherEnvironment {
                path: environment.data_file.to_owned(),
                found: Box::new(stamp),
                expected: environment.environment.clone(),
            };
            Err(Refusal::operation(error.to_string()).into())
        }
        Ok(found) => Ok(Some(found)),
        Err(error @ OpenError::Io { .. }) => Err(Error::unavailable(error)),
        Err(_) => Ok(None),
    }
}

/// Says whose a snapshot is that lies here but does not belong to this data file.
fn foreign(environment: &RollbackEnvironment<'_>, id: &SnapshotId) -> Option<Refusal> {
    let found = environment.snapshots().find_manifest(id).ok().flatten()?;
    if found.environment == *environment.environment {
        return Some(Refusal::operation(format!(
            "snapshot {id} is of file {}, which was replaced by a new data file (`atlas seed --reset` or `atlas init`), so it can't be restored. Nothing was changed; `atlas snapshot list --env {}` marks such snapshots as “of another data file”, and any other can be restored",
            found.file_id, found.environment
        )));
    }
    Some(Refusal::operation(format!(
        "snapshot {id} is of file {} of “{}”, and one of the data file of “{}” was expected. Nothing was changed; `atlas snapshot list --env {2}` shows the snapshots it can be rolled back to",
        found.file_id, found.environment, environment.environment
    )))
}

fn unknown_target(target: &RollbackTarget) -> Refusal {
    Refusal::operation(format!(
        "there is no snapshot or release “{target}” of this data file; `atlas snapshot list` and `atlas release list` show them"
    ))
}
