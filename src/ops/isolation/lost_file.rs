//! A data file that is missing although there was one. No new file is created in its place: it would get another id, and the
//! old file and its snapshots would be refused from then on.

use std::fmt;
use std::path::{Path, PathBuf};

use super::identity::IdentityFile;
use crate::config::Settings;
use crate::domain::Environment;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::store::backup::release_folder::ReleaseFolder;
use crate::store::backup::snapshot_folder::SnapshotFolder;

/// A missing data file, and what shows that there was one.
#[derive(Debug)]
pub struct LostFile {
    path: PathBuf,
    environment: Environment,
    /// The file or folder that a data file left behind.
    trace: PathBuf,
    /// The newest snapshot of the lost file.
    snapshot: Option<SnapshotId>,
}

impl LostFile {
    /// `None` when the data file exists, or nothing shows that there ever was one.
    pub(super) fn find(settings: &Settings) -> Option<Self> {
        let (path, environment) = (&settings.data_file, &settings.environment);
        let home = settings.peers.own.home();
        let identity = IdentityFile::read(home).ok().flatten().filter(|identity| identity.environment == *environment);
        let (snapshots, releases) = (SnapshotFolder::beside(path), ReleaseFolder::beside(path));
        let listing = snapshots.list().unwrap_or_default();
        let mut own = listing.snapshots.iter().filter(|one| one.environment == *environment);
        let has_snapshots = own.clone().next().is_some() || !listing.unverified.is_empty();
        let trace = if identity.is_some() {
            IdentityFile::path_in(home)
        } else if has_snapshots {
            snapshots.path().to_owned()
        } else {
            let served = releases.list().unwrap_or_default();
            releases.record_path(served.iter().find(|release| release.environment == *environment)?)
        };
        // Last: a process that creates the file at this moment writes the identity file after it.
        if path.exists() {
            return None;
        }
        let is_of_lost_file = |id| identity.as_ref().is_none_or(|identity| identity.file_id == id);
        let snapshot = own.find(|one| is_of_lost_file(one.file_id)).map(|one| one.id.clone());
        Some(Self { path: path.clone(), environment: environment.clone(), trace, snapshot })
    }

    /// The folder of the snapshots of the lost file.
    fn snapshots(&self) -> PathBuf {
        SnapshotFolder::beside(&self.path).path().to_owned()
    }
}

impl fmt::Display for LostFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, environment, trace, snapshot } = self;
        let (path, trace, folder) = (path.display(), Path::display(trace), self.snapshots());
        write!(
            f,
            "{path} is missing, but {trace} shows that “{environment}” had a data file. Nothing was created: with a new data file, the old one and its snapshots could no longer be used. If the file is on another disk, mount it; if it was moved, put it back. "
        )?;
        match snapshot {
            Some(id) => write!(
                f,
                "To restore the newest snapshot, run `atlas rollback --env {environment} --to {id} --confirm {environment}`."
            ),
            None => write!(
                f,
                "There is no snapshot of it in {}; `atlas snapshot fetch --env {environment}` fetches an off-site copy.",
                folder.display()
            ),
        }?;
        write!(
            f,
            " To give up the old data and start empty, run `atlas init --env {environment} --confirm {environment}`."
        )
    }
}
