//! Puts a snapshot in the data file's place and keeps the replaced file as the safety snapshot, which undoes the rollback.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::environment::RollbackEnvironment;
use super::plan::Plan;
use crate::app::backup::size::format_size;
use crate::app::backup::verify_snapshot::verify_snapshot;
use crate::app::error::{Error, ErrorContext};
use crate::app::progress::Progress;
use crate::app::random_bytes;
use crate::domain::Refusal;
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::environment::files::incoming_copy;
use crate::ops::protocol::rollback::SafetySnapshot;
use crate::store::OpenError;
use crate::store::backup::snapshot::SnapshotError;
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::file::atomic::{copy_file, sync_folder};
use crate::store::file::disk::{digest_file, free_bytes};

/// Replaces the data file by the snapshot and verifies the replaced file. `None` when there was no data file.
pub(super) fn swap(
    environment: &RollbackEnvironment<'_>,
    plan: &Plan,
    snapshot: &SnapshotManifest,
    on_progress: Progress<'_>,
) -> Result<Option<SafetySnapshot>, Error> {
    let folder = environment.snapshots();
    folder.claim(&environment.folder_owner())?;
    let incoming = copy_beside(environment, &folder, snapshot, on_progress)?;
    let safety = SnapshotId::generate(environment.clock.now(), random_bytes()?);
    let replaced = replace(environment, &folder, &incoming, &safety, on_progress);
    if replaced.is_err() {
        let _ = fs::remove_file(&incoming);
        // The data file was not replaced, and its second name is no copy.
        if folder.is_data_file(&folder.copy_path(&safety)).is_ok_and(|is_same| is_same) {
            let _ = folder.remove(&safety);
        }
    }
    replaced?;
    if !folder.copy_path(&safety).exists() {
        // There was no data file, e.g. on a new machine.
        return Ok(None);
    }
    on_progress("put the snapshot in place of the data file");
    // Killed from here on, the next server names the safety snapshot, see `interrupted`.
    let (environment_name, clock) = (environment.environment, environment.clock);
    let verified = verify_snapshot(&folder, environment_name, clock, safety.as_str(), plan.binary_before.clone());
    Ok(Some(match verified {
        Ok(manifest) => {
            let copied = environment.offsite.map(|offsite| offsite.copy_snapshot(&folder, &manifest).is_ok());
            SafetySnapshot::Verified { id: manifest.id, bytes: manifest.bytes, verified: true, copied }
        }
        // It is kept all the same: nothing else has the data written since the snapshot.
        Err(error) => SafetySnapshot::Unverified { id: safety, verified: false, why: error.to_string() },
    }))
}

/// Copies the snapshot beside the data file, flushes the copy to the disk and compares it with the manifest.
fn copy_beside(
    environment: &RollbackEnvironment<'_>,
    folder: &SnapshotFolder,
    snapshot: &SnapshotManifest,
    on_progress: Progress<'_>,
) -> Result<PathBuf, Error> {
    let copy = folder.copy_path(&snapshot.id);
    let incoming = incoming_copy(environment.data_file);
    let free = free_bytes(folder.path()).map_err(SnapshotError::from)?;
    if free < snapshot.bytes {
        let (needed, free) = (format_size(snapshot.bytes), format_size(free));
        return Err(Refusal::operation(format!("the rollback needs {needed} and the disk has {free} free")).into());
    }
    on_progress("copying the snapshot");
    let copied = (|| {
        let _ = fs::remove_file(&incoming);
        copy_file(&copy, &incoming)?;
        digest_file(&incoming)
    })();
    let failed = match copied {
        Ok((digest, _)) if digest == snapshot.digest => return Ok(incoming),
        Ok(_) => {
            let why = format!("snapshot {} was changed after it was verified; name another", snapshot.id);
            Refusal::operation(why).into()
        }
        Err(error) => {
            let why = format!("{} cannot be written: {error}; the data file was not changed", incoming.display());
            Error::unavailable(ErrorContext::new(why, error))
        }
    };
    let _ = fs::remove_file(&incoming);
    Err(failed)
}

/// A hard link, or a copy on file systems without them.
fn give_second_name(data_file: &Path, folder: &SnapshotFolder, safety: &SnapshotId) -> io::Result<()> {
    let copy = folder.copy_path(safety);
    if fs::hard_link(data_file, &copy).is_ok() {
        return sync_folder(folder.path());
    }
    let partial = folder.partial_path(safety);
    let copied = copy_file(data_file, &partial).and_then(|()| folder.publish(&partial, &copy));
    if copied.is_err() {
        let _ = fs::remove_file(&partial);
    }
    copied
}

/// DURABILITY: the data file gets its second name, and that name reaches the disk, before the rename replaces it.
fn replace(
    environment: &RollbackEnvironment<'_>,
    folder: &SnapshotFolder,
    incoming: &Path,
    safety: &SnapshotId,
    on_progress: Progress<'_>,
) -> Result<(), Error> {
    let mut rename = |path: &Path| {
        if path.exists() {
            give_second_name(path, folder, safety)?;
        }
        on_progress("kept the data file as the safety snapshot");
        fs::rename(incoming, path)
            .map_err(|error| io::Error::new(error.kind(), format!("{} cannot be replaced: {error}", path.display())))?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    };
    let Some(store) = environment.store else {
        let _hold = environment.lock().map_err(Error::unavailable)?;
        return Ok(rename(environment.data_file).map_err(SnapshotError::from)?);
    };
    match store.replace(rename) {
        // Another binary serves it from now on; this one does not open it.
        Ok(()) | Err(OpenError::Older { .. } | OpenError::Newer { .. }) => Ok(()),
        Err(error) => {
            let undone = store.replace(|path| {
                let before = folder.copy_path(safety);
                if before.exists() {
                    fs::rename(before, path).and_then(|()| sync_folder(folder.path()))
                } else {
                    Ok(())
                }
            });
            let after = if undone.is_ok() { "the data file was not changed" } else { "restart the server" };
            Err(Error::broken(ErrorContext::new(format!("{error}; {after}"), error)))
        }
    }
}
