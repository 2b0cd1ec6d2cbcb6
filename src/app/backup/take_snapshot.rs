//! Taking a snapshot: copy the data file, verify the copy, then write its manifest and copy it off-site.

use std::path::Path;

use tokio::sync::mpsc;

use crate::app::backup::binary::binary_digest;
use crate::app::backup::offsite::{Offsite, OffsiteCopyError};
use crate::app::backup::size::format_size;
use crate::app::backup::snapshots::record_snapshot_age;
use crate::app::backup::verified_file::VerifiedFile;
use crate::app::clock::Clock;
use crate::app::error::{Error, ErrorContext};
use crate::app::progress::Progress;
use crate::app::{App, random_bytes};
use crate::domain::backup::snapshot::{SnapshotManifest, SnapshotReason};
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Environment, FileId, Refusal};
use crate::observe::panics::join_error_reason;
use crate::store::backup::folder_owner::FolderOwner;
use crate::store::backup::snapshot::{CopyDifference, SnapshotError};
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::backup::verification::{self, RowCounts, VerifiedCopy};
use crate::store::file::atomic::copy_file;
use crate::store::file::disk::{digest_file, free_bytes};
use crate::store::{OpenError, Store};

/// Disk space that must stay free next to a new snapshot, because the data file keeps growing.
const RESERVE_BYTES: u64 = 64 << 20;
/// How often copying reports its progress.
const PROGRESS_STEP_PERCENT: u64 = 10;

/// A verified snapshot.
pub struct TakenSnapshot {
    pub manifest: SnapshotManifest,
    /// The result of copying it off-site with those that failed earlier, if configured. The snapshot is good either way.
    pub copied: Option<Result<(), OffsiteCopyError>>,
}

/// Takes a snapshot while the data file is in use, verifies it, and copies it off-site. Snapshots are taken one at a
/// time; concurrent calls wait.
///
/// # Errors
/// [`Error::Refused`] when the disk has no room; [`Error::Unavailable`], [`Error::Broken`]. Nothing is left behind
/// then, and the data file is unchanged.
pub async fn take_snapshot(
    app: &App,
    reason: SnapshotReason,
    on_progress: Progress<'_>,
) -> Result<TakenSnapshot, Error> {
    let _guard = app.snapshot_lock.lock().await;
    let (sender, mut steps) = mpsc::unbounded_channel::<String>();
    let (store, clock, offsite) = (app.store.clone(), app.clock.clone(), app.offsite.clone());
    let work = tokio::task::spawn_blocking(move || -> Result<TakenSnapshot, Error> {
        let report = |step: &str| drop(sender.send(step.to_owned()));
        let copy = |partial: &Path| copy_open_file(&store, partial, &report);
        let owner = FolderOwner::from_stamp(store.stamp());
        let verify = |partial: &Path| store.verify_copy(partial);
        let manifest = copy_and_verify(store.path(), &owner, &clock, reason, &report, copy, verify)?;
        let taken = finish(manifest, store.path(), offsite.as_ref(), &report);
        Ok(make_up_copies(taken, store.path(), offsite.as_ref(), &clock))
    });
    while let Some(step) = steps.recv().await {
        on_progress(&step);
    }
    let taken = work.await.map_err(|ended| Error::broken(join_error_reason(&ended)))?;
    if let Ok(taken) = &taken {
        record_snapshot_age(app, &taken.manifest);
    }
    taken
}

/// Takes a snapshot of a data file that no server has open. The caller holds its lock. The file may have an older
/// schema.
///
/// # Errors
/// As for [`take_snapshot`].
pub fn take_snapshot_of_closed_file(
    data_file: &Path,
    environment: &Environment,
    clock: &Clock,
    offsite: Option<&Offsite>,
    reason: SnapshotReason,
) -> Result<TakenSnapshot, Error> {
    let copy = |partial: &Path| {
        copy_file(data_file, partial)?;
        Ok(None)
    };
    let verify = |partial: &Path| verification::finalize(partial, environment);
    let owner = FolderOwner::without_file(environment);
    let manifest = copy_and_verify(data_file, &owner, clock, reason, &|_| (), copy, verify)?;
    Ok(finish(manifest, data_file, offsite, &|_| ()))
}

fn finish(
    manifest: SnapshotManifest,
    data_file: &Path,
    offsite: Option<&Offsite>,
    report: &dyn Fn(&str),
) -> TakenSnapshot {
    let copied = offsite.map(|offsite| {
        report("copying the snapshot off-site");
        offsite.copy_snapshot(&SnapshotFolder::beside(data_file), &manifest)
    });
    TakenSnapshot { manifest, copied }
}

/// Makes the off-site copies that failed earlier.
fn make_up_copies(taken: TakenSnapshot, data_file: &Path, offsite: Option<&Offsite>, clock: &Clock) -> TakenSnapshot {
    let TakenSnapshot { manifest, copied } = taken;
    let folder = SnapshotFolder::beside(data_file);
    let copied = offsite
        .zip(copied)
        .map(|(offsite, copied)| copied.and_then(|()| offsite.copy_missing(&folder, manifest.file_id, clock)));
    TakenSnapshot { manifest, copied }
}

fn copy_open_file(
    store: &Store,
    partial: &Path,
    report: &dyn Fn(&str),
) -> Result<Option<(FileId, RowCounts)>, SnapshotError> {
    let mut reported = 0;
    let rows = store.copy_to(partial, &mut |done, total| {
        let percent = done.saturating_mul(100) / total.max(1);
        if percent >= reported + PROGRESS_STEP_PERCENT {
            reported = percent;
            report(&format!("copied {percent}% of {}", format_size(total)));
        }
    })?;
    Ok(Some((store.stamp().file_id, rows)))
}

/// Copies, verifies and keeps a snapshot. `copy` returns the id of the file and the row counts at the copied commit, if
/// it knows them.
fn copy_and_verify(
    data_file: &Path,
    owner: &FolderOwner,
    clock: &Clock,
    reason: SnapshotReason,
    report: &dyn Fn(&str),
    copy: impl FnOnce(&Path) -> Result<Option<(FileId, RowCounts)>, SnapshotError>,
    verify: impl FnOnce(&Path) -> Result<VerifiedCopy, OpenError>,
) -> Result<SnapshotManifest, Error> {
    let folder = SnapshotFolder::beside(data_file);
    prepare_folder(&folder, owner, data_file)?;
    let id = SnapshotId::generate(clock.now(), random_bytes()?);
    let partial = folder.partial_path(&id);
    let result = (|| {
        let taken_at = clock.now();
        let expected = copy(&partial)?;
        report("verifying the copy");
        let contents = verify(&partial)?;
        if let Some((file_id, rows)) = expected {
            check_contents(file_id, &rows, &contents)?;
        }
        let (digest, bytes) = digest_file(&partial)?;
        folder.publish(&partial, &folder.copy_path(&id))?;
        let (id, binary, verified_at) = (id.clone(), binary_digest(), clock.now());
        let verified = VerifiedFile { id, contents, binary, taken_at, verified_at, reason, bytes, digest };
        let manifest = verified.into_manifest();
        folder.write_manifest(&manifest)?;
        Ok::<_, SnapshotError>(manifest)
    })();
    if result.is_err() {
        let _ = std::fs::remove_file(&partial);
        let _ = folder.remove(&id);
    }
    result.map_err(|error| match error {
        SnapshotError::Io(error) => {
            let message = format!("the snapshot cannot be written: {error}; nothing was left behind");
            Error::unavailable(ErrorContext::new(message, error))
        }
        error => error.into(),
    })
}

/// Claims and sweeps the folder, and checks that its disk has room for a copy of `data_file`.
fn prepare_folder(folder: &SnapshotFolder, owner: &FolderOwner, data_file: &Path) -> Result<(), Error> {
    folder.claim(owner)?;
    folder.remove_unfinished().map_err(SnapshotError::from)?;
    let needed = std::fs::metadata(data_file).map_err(SnapshotError::from)?.len().saturating_add(RESERVE_BYTES);
    let free = free_bytes(folder.path()).map_err(SnapshotError::from)?;
    if free < needed {
        let (needed, free) = (format_size(needed), format_size(free));
        let why = format!("a snapshot needs {needed} and the disk has {free} free; make room first");
        return Err(Refusal::operation(why).into());
    }
    Ok(())
}

fn check_contents(file_id: FileId, rows: &RowCounts, found: &VerifiedCopy) -> Result<(), SnapshotError> {
    if found.stamp.file_id != file_id {
        let difference = CopyDifference::File { found: found.stamp.file_id, expected: file_id };
        return Err(SnapshotError::Differs(difference));
    }
    match rows.iter().find(|(table, count)| found.rows.get(*table) != Some(count)) {
        Some((table, &expected)) => {
            let copied = found.rows.get(table).copied().unwrap_or(0);
            Err(SnapshotError::Differs(CopyDifference::Rows { table: table.clone(), found: copied, expected }))
        }
        None => Ok(()),
    }
}
