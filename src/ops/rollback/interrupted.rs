//! What a killed rollback left behind, finished by the next server.
//!
//! Killed before the swap, it left a copy that nobody needs, and perhaps the data file under a second name. Killed after it, it
//! left the replaced data as a copy without a manifest, which becomes the safety snapshot.

use std::fs;
use std::io;

use crate::app::backup::verify_snapshot::verify_snapshot;
use crate::app::backup::{releases, snapshots};
use crate::app::{App, Error};
use crate::domain::environment::files::incoming_copy;
use crate::store::backup::snapshot::SnapshotError;

/// Removes what a rollback that did not happen left behind. Only for the process that has the data file, before it takes commands.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn remove_leftovers(app: &App) -> Result<(), Error> {
    match fs::remove_file(incoming_copy(app.store.path())) {
        Ok(()) => tracing::warn!("a rollback was interrupted; removed its unfinished copy"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(SnapshotError::from(error).into()),
    }
    let folder = app.snapshot_folder();
    for id in folder.list().map_err(SnapshotError::from)?.unverified {
        if folder.is_data_file(&folder.copy_path(&id)).map_err(SnapshotError::from)? {
            folder.remove(&id).map_err(SnapshotError::from)?;
            tracing::warn!(snapshot = %id, "a rollback was interrupted before it changed the data; removed its link");
        }
    }
    Ok(())
}

/// Verifies the copies that have no manifest, and writes it. They are named after the binary that ran last, so call this before
/// this one is recorded. Blocks while the copies are read; one that doesn't verify stays as it is.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn name_safety_snapshots(app: &App) -> Result<(), Error> {
    let (folder, environment) = (app.snapshot_folder(), &app.store.stamp().environment);
    let unverified = snapshots::list_snapshots(&folder, environment)?.unverified;
    if unverified.is_empty() {
        return Ok(());
    }
    let last = releases::list_releases(&app.release_folder())?.into_iter().next().map(|release| release.digest);
    for id in unverified {
        match verify_snapshot(&folder, environment, &app.clock, id.as_str(), last.clone()) {
            Ok(_) => tracing::warn!(snapshot = %id, "verified the data that an interrupted rollback replaced"),
            Err(error) => tracing::warn!(snapshot = %id, %error, "a copy without a manifest does not verify"),
        }
    }
    Ok(())
}
