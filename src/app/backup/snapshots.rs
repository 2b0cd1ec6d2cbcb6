//! The snapshots of the data file: listing, finding, pruning and removing them. A snapshot exists only once it was
//! verified.

use std::io;

use crate::app::App;
use crate::app::backup::offsite::Offsite;
use crate::app::error::{Error, ErrorContext};
use crate::domain::backup::retention::{SnapshotRetention, select_removable};
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Environment, Refusal};
use crate::store::backup::folder_owner::{FolderError, FolderOwner};
use crate::store::backup::snapshot::SnapshotError;
use crate::store::backup::snapshot_folder::{SnapshotFolder, SnapshotListing};

impl From<SnapshotError> for Error {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Store(error) => error.into(),
            SnapshotError::Io(error) => Self::unavailable(error),
            SnapshotError::Open(_) | SnapshotError::Differs(_) => {
                Self::broken(ErrorContext::new(format!("snapshot: {error}"), error))
            }
        }
    }
}

impl From<FolderError> for Error {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Io { .. } => Self::unavailable(error),
            foreign => Refusal::operation(foreign.to_string()).into(),
        }
    }
}

impl App {
    /// The owner of every folder that is written for this data file.
    pub fn folder_owner(&self) -> FolderOwner {
        FolderOwner::from_stamp(self.store.stamp())
    }

    /// The folder with the snapshots of this data file.
    pub fn snapshot_folder(&self) -> SnapshotFolder {
        SnapshotFolder::beside(self.store.path())
    }

    /// Whether a snapshot is being taken right now.
    pub fn is_taking_snapshot(&self) -> bool {
        self.snapshot_lock.try_lock().is_err()
    }
}

pub(super) fn no_such_snapshot(name: &str) -> Refusal {
    Refusal::operation(format!("there is no snapshot “{}”; `atlas snapshot list` shows them", name.escape_debug()))
}

/// The snapshots of an environment in a folder; those of other environments are left out.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn list_snapshots(folder: &SnapshotFolder, environment: &Environment) -> Result<SnapshotListing, Error> {
    let mut listing = folder.list().map_err(SnapshotError::from)?;
    listing.snapshots.retain(|one| one.environment == *environment);
    Ok(listing)
}

/// Finds out what only later snapshots would tell: the ages of the snapshots that were taken before this process started,
/// for metrics, and whether off-site copies are missing.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn inspect_snapshots(app: &App) -> Result<(), Error> {
    let listing = list_snapshots(&app.snapshot_folder(), &app.store.stamp().environment)?;
    listing.snapshots.iter().for_each(|one| record_snapshot_age(app, one));
    if let Some(offsite) = &app.offsite {
        offsite.note_missing(&app.snapshot_folder(), app.store.stamp().file_id, &app.clock);
    }
    Ok(())
}

/// What the operator must do when snapshots have no off-site copy.
pub fn offsite_alert(app: &App) -> Option<String> {
    let problem = app.offsite.as_ref()?.problem()?;
    Some(format!(
        "Snapshots have no off-site copy ({problem}). Fix the folder of snapshots.copy_to; the next snapshot makes up for the missing copies."
    ))
}

/// Tells metrics that a snapshot was taken or verified.
pub fn record_snapshot_age(app: &App, manifest: &SnapshotManifest) {
    app.snapshot_ages.note(manifest.taken_at, manifest.verified_at);
}

/// Snapshots that were removed.
#[derive(Default)]
pub struct RemovedSnapshots {
    pub ids: Vec<SnapshotId>,
    /// Why their off-site copies were not removed.
    pub offsite_error: Option<io::Error>,
}

/// Removes the snapshots and off-site copies that the retention rule no longer keeps, except those in `needed`.
///
/// # Errors
/// [`Error::Unavailable`]; snapshots removed before the error stay removed.
pub fn prune_snapshots(
    app: &App,
    retention: SnapshotRetention,
    needed: &[SnapshotId],
) -> Result<RemovedSnapshots, Error> {
    let folder = app.snapshot_folder();
    let listing = list_snapshots(&folder, &app.store.stamp().environment)?;
    folder.claim(&app.folder_owner())?;
    let mut ids = Vec::new();
    for one in select_removable(&listing.snapshots, retention, app.clock.now()) {
        if !needed.contains(&one.id) {
            folder.remove(&one.id).map_err(SnapshotError::from)?;
            ids.push(one.id.clone());
        }
    }
    let prune = |offsite: &Offsite| offsite.prune(&app.folder_owner(), &app.clock, needed).err();
    let offsite_error = app.offsite.as_ref().and_then(prune);
    Ok(RemovedSnapshots { ids, offsite_error })
}

/// Removes a snapshot and its off-site copy. One of them is enough: an earlier removal may have left the other.
///
/// # Errors
/// [`Refusal::OperationRefused`] when there is no such snapshot, or it is of another environment; [`Error::Unavailable`].
pub fn remove_snapshot(app: &App, id: &SnapshotId) -> Result<RemovedSnapshots, Error> {
    let is_offsite = |offsite: &Offsite| offsite.folder().contains(id);
    if !app.snapshot_folder().contains(id) && !app.offsite.as_ref().is_some_and(is_offsite) {
        return Err(no_such_snapshot(id.as_str()).into());
    }
    require_own_snapshot(app, id)?;
    let owner = app.folder_owner();
    app.snapshot_folder().claim(&owner)?;
    app.snapshot_folder().remove(id).map_err(SnapshotError::from)?;
    let offsite_error = app.offsite.as_ref().and_then(|offsite| offsite.remove(&owner, id).err());
    Ok(RemovedSnapshots { ids: vec![id.clone()], offsite_error })
}

/// A manifest that cannot be read does not keep its snapshot from being removed.
fn require_own_snapshot(app: &App, id: &SnapshotId) -> Result<(), Error> {
    let environment = &app.store.stamp().environment;
    match app.snapshot_folder().find_manifest(id) {
        Ok(Some(manifest)) if manifest.environment != *environment => {
            let found = manifest.environment;
            let why =
                format!("snapshot {id} is of “{found}”, and one of “{environment}” was expected. Nothing was changed");
            Err(Refusal::operation(why).into())
        }
        _ => Ok(()),
    }
}

/// Removes the snapshot of a release that is no longer kept. An off-site copy that cannot be removed is logged.
pub(super) fn remove_release_snapshot(app: &App, id: &SnapshotId) -> Result<(), Error> {
    let owner = app.folder_owner();
    app.snapshot_folder().claim(&owner)?;
    app.snapshot_folder().remove(id).map_err(SnapshotError::from)?;
    if let Some(Err(error)) = app.offsite.as_ref().map(|offsite| offsite.remove(&owner, id)) {
        tracing::warn!(snapshot = %id, %error, "the off-site copy of a removed snapshot stays");
    }
    Ok(())
}
