//! The releases that served this data file: recording which one runs, and keeping those that passed verification.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::app::backup::binary::{RUNNING_BINARY, binary_digest};
use crate::app::backup::snapshots::remove_release_snapshot;
use crate::app::backup::take_snapshot::take_snapshot;
use crate::app::error::{Error, ErrorContext};
use crate::app::progress::Progress;
use crate::domain::backup::release::{Release, Verification, select_removable};
use crate::domain::backup::snapshot::SnapshotReason;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Environment, Refusal};
use crate::store::backup::folder_owner::FolderOwner;
use crate::store::backup::release_folder::ReleaseFolder;
use crate::store::backup::snapshot::SnapshotError;
use crate::store::file::disk::digest_file;

impl App {
    /// The folder with the releases of this data file.
    pub fn release_folder(&self) -> ReleaseFolder {
        ReleaseFolder::beside(self.store.path())
    }
}

/// Records that this binary serves this data file from now on, keeps the binary, and removes releases that are no
/// longer needed. Blocks while the binary is read.
///
/// # Errors
/// [`Error::Unavailable`]; the server can run without the record.
pub fn record_start(app: &App) -> Result<Release, Error> {
    let folder = app.release_folder();
    let digest = binary_digest().ok_or_else(|| Error::unavailable(format!("{RUNNING_BINARY} cannot be read")))?;
    folder.claim(&app.folder_owner())?;
    let now = app.clock.now();
    let stamp = app.store.stamp();
    let known = list_releases(&folder)?.into_iter().find(|one| one.digest == digest && one.file_id == stamp.file_id);
    let release = match known {
        Some(known) => Release { last_started: now, ..known },
        None => Release {
            digest: digest.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: app.store.migrations().newest_schema(),
            environment: stamp.environment.clone(),
            file_id: stamp.file_id,
            first_started: now,
            last_started: now,
            verification: None,
            snapshot: None,
            pinned: false,
            restored_at: None,
            abandoned_at: None,
        },
    };
    let kept = folder
        .write_record(&release)
        .and_then(|()| folder.keep_binary(&release, Path::new(RUNNING_BINARY)))
        .and_then(|()| folder.set_current(&release));
    kept.map_err(SnapshotError::from)?;
    for old in select_removable(&list_releases(&folder)?, &digest) {
        folder.remove(old).map_err(SnapshotError::from)?;
        if let Some(snapshot) = &old.snapshot {
            remove_release_snapshot(app, snapshot)?;
        }
    }
    Ok(release)
}

/// All releases, the one that started last first.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn list_releases(folder: &ReleaseFolder) -> Result<Vec<Release>, Error> {
    Ok(folder.list().map_err(SnapshotError::from)?)
}

/// Finds a release by the beginning of its digest, or by its version if that is unique.
///
/// # Errors
/// [`Refusal::OperationRefused`] when no release or more than one matches; [`Error::Unavailable`].
pub fn find_release(folder: &ReleaseFolder, name: &str) -> Result<Release, Error> {
    let mut found: Vec<Release> = list_releases(folder)?.into_iter().filter(|one| one.matches_name(name)).collect();
    let name = name.escape_debug();
    match (found.pop(), found.len()) {
        (Some(release), 0) => Ok(release),
        (None, _) => {
            let why = format!("there is no release “{name}”; `atlas release list` shows them");
            Err(Refusal::operation(why).into())
        }
        (Some(_), more) => {
            let why = format!("{} releases match “{name}”; name one by its digest", more + 1);
            Err(Refusal::operation(why).into())
        }
    }
}

/// Attaches the report of a verification to the running release. If it is good, the release becomes known-good: a
/// snapshot is taken and kept with it.
///
/// # Errors
/// [`Error::Refused`] when the disk has no room for the snapshot; [`Error::Unavailable`].
pub async fn attach_verification(
    app: &App,
    verification: Verification,
    report: &impl serde::Serialize,
    on_progress: Progress<'_>,
) -> Result<Release, Error> {
    let folder = app.release_folder();
    let running = running_release(app)?;
    let snapshot: Option<SnapshotId> = if verification.is_good() {
        Some(take_snapshot(app, SnapshotReason::KnownGood, on_progress).await?.manifest.id)
    } else {
        running.snapshot.clone()
    };
    let replaced = running.snapshot.clone().filter(|before| Some(before) != snapshot.as_ref());
    let release = running.with_verification(verification, snapshot);
    folder.claim(&app.folder_owner())?;
    let written = folder.write_report(&release, report).and_then(|()| folder.write_record(&release));
    written.map_err(SnapshotError::from)?;
    if let Some(replaced) = replaced {
        remove_release_snapshot(app, &replaced)?;
    }
    Ok(release)
}

/// The record of the running release.
///
/// # Errors
/// [`Refusal::OperationRefused`] when this binary never served this file; [`Error::Unavailable`].
pub fn running_release(app: &App) -> Result<Release, Error> {
    let digest = binary_digest();
    let all = list_releases(&app.release_folder())?;
    let found = all.into_iter().find(|one| Some(&one.digest) == digest.as_ref());
    Ok(found.ok_or_else(|| Refusal::operation("this binary has never served this data file; start the server once"))?)
}

/// Pins a release, so that it is kept indefinitely, or unpins it.
///
/// # Errors
/// As for [`find_release`]; nothing was changed then.
pub fn set_pinned(
    folder: &ReleaseFolder,
    environment: &Environment,
    name: &str,
    pinned: bool,
) -> Result<Release, Error> {
    let release = Release { pinned, ..find_release(folder, name)? };
    folder.claim(&FolderOwner::without_file(environment))?;
    folder.write_record(&release).map_err(|error| {
        let message = format!("{}: {error}; nothing was changed", folder.record_path(&release).display());
        Error::unavailable(ErrorContext::new(message, error))
    })?;
    Ok(release)
}

/// The path of a release's binary, after checking that its digest matches.
///
/// # Errors
/// [`Refusal::OperationRefused`] when the binary is missing or was changed; [`Error::Unavailable`].
pub fn find_binary(folder: &ReleaseFolder, release: &Release) -> Result<PathBuf, Error> {
    let path = folder.binary_path(release);
    match digest_file(&path) {
        Ok((found, _)) if found == release.digest => Ok(path),
        Ok(_) => {
            let why = format!("{} is not the binary of release {}; it was changed", path.display(), release.id());
            Err(Refusal::operation(why).into())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let why = format!("the binary of release {} is no longer kept ({})", release.id(), path.display());
            Err(Refusal::operation(why).into())
        }
        Err(error) => Err(SnapshotError::from(error).into()),
    }
}
