//! The snapshots of the data file: listing, finding, pruning and removing them. A snapshot exists only once it was
//! verified.

use crate::app::App;
use crate::app::backup::offsite::Offsite;
use crate::app::error::{Error, ErrorContext};
use crate::domain::backup::retention::{SnapshotRetention, select_removable};
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Environment, Refusal};
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

impl App {
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

/// Finds a snapshot by its name.
///
/// # Errors
/// [`Refusal::OperationRefused`] when no snapshot has that name; [`Error::Unavailable`].
pub fn find_snapshot(folder: &SnapshotFolder, name: &str) -> Result<SnapshotManifest, Error> {
    let id: SnapshotId = name.parse().map_err(|_| no_such_snapshot(name))?;
    Ok(folder.find_manifest(&id).map_err(SnapshotError::from)?.ok_or_else(|| no_such_snapshot(name))?)
}

/// Tells metrics the ages of the snapshots that were taken before this process started.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn load_snapshot_ages(app: &App) -> Result<(), Error> {
    let listing = list_snapshots(&app.snapshot_folder(), &app.store.stamp().environment)?;
    listing.snapshots.iter().for_each(|one| record_snapshot_age(app, one));
    Ok(())
}

/// Tells metrics that a snapshot was taken or verified.
pub fn record_snapshot_age(app: &App, manifest: &SnapshotManifest) {
    app.snapshot_ages.note(manifest.taken_at, manifest.verified_at);
}

/// Removes the snapshots and off-site copies that the retention rule no longer keeps, except those in `needed`. Returns
/// the removed snapshots.
///
/// # Errors
/// [`Error::Unavailable`]; snapshots removed before the error stay removed.
pub fn prune_snapshots(
    app: &App,
    retention: SnapshotRetention,
    needed: &[SnapshotId],
) -> Result<Vec<SnapshotManifest>, Error> {
    let folder = app.snapshot_folder();
    let listing = list_snapshots(&folder, &app.store.stamp().environment)?;
    let mut removed = Vec::new();
    for one in select_removable(&listing.snapshots, retention, app.clock.now()) {
        if !needed.contains(&one.id) {
            folder.remove(&one.id).map_err(SnapshotError::from)?;
            removed.push(one.clone());
        }
    }
    if let Some(offsite) = &app.offsite {
        offsite.prune(retention, &app.clock, needed).map_err(SnapshotError::from)?;
    }
    Ok(removed)
}

/// Removes a snapshot by its name, and its off-site copy.
///
/// # Errors
/// [`Refusal::OperationRefused`] when no snapshot has that name; [`Error::Unavailable`].
pub fn remove_snapshot(app: &App, name: &str) -> Result<SnapshotManifest, Error> {
    let manifest = find_snapshot(&app.snapshot_folder(), name)?;
    remove_with_offsite_copy(app, &manifest.id)?;
    Ok(manifest)
}

pub(super) fn remove_with_offsite_copy(app: &App, id: &SnapshotId) -> Result<(), Error> {
    app.snapshot_folder().remove(id).map_err(SnapshotError::from)?;
    let offsite = app.offsite.as_ref().map(Offsite::folder).filter(|folder| folder.path().exists());
    offsite.map_or(Ok(()), |folder| folder.remove(id)).map_err(SnapshotError::from)?;
    Ok(())
}
