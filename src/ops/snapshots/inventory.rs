//! Listing, verifying and fetching snapshots. All of this works on folders alone, with and without a data file.

use crate::app::backup::offsite::Offsite;
use crate::app::backup::verify_snapshot::verify_snapshot;
use crate::app::backup::{offsite_fetch, snapshots};
use crate::app::clock::Clock;
use crate::app::progress::Progress;
use crate::app::{App, Error};
use crate::config::Settings;
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Environment, FileId};
use crate::ops::isolation::IdentityFile;
use crate::ops::protocol::snapshots::{
    FailedSnapshot, OffsiteList, SnapshotDetail, SnapshotList, UnreadableManifest, VerifiedSnapshots,
};
use crate::store::backup::snapshot_folder::SnapshotFolder;

/// Where the snapshots of an environment are.
#[derive(Clone)]
pub struct SnapshotInventory {
    folder: SnapshotFolder,
    environment: Environment,
    /// The id of the environment's data file, if it is known.
    file_id: Option<FileId>,
    offsite: Option<Offsite>,
    clock: Clock,
}

impl SnapshotInventory {
    /// The snapshots of the data file that an app has open.
    pub fn of_open_file(app: &App) -> Self {
        Self {
            folder: app.snapshot_folder(),
            environment: app.store.stamp().environment.clone(),
            file_id: Some(app.store.stamp().file_id),
            offsite: app.offsite.clone(),
            clock: app.clock.clone(),
        }
    }

    /// The snapshots beside a data file that this process doesn't open and that may be missing.
    pub fn of_closed_file(settings: &Settings) -> Self {
        let identity = IdentityFile::read(settings.peers.own.home()).ok().flatten();
        let own = identity.filter(|identity| identity.environment == settings.environment);
        Self {
            folder: SnapshotFolder::beside(&settings.data_file),
            environment: settings.environment.clone(),
            file_id: own.map(|identity| identity.file_id),
            offsite: Offsite::from_settings(settings),
            clock: Clock::System,
        }
    }

    /// The snapshots in both folders. An off-site folder that cannot be read is reported in the list.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn list(&self) -> Result<SnapshotList, Error> {
        let listing = snapshots::list_snapshots(&self.folder, &self.environment)?;
        let mut unreadable: Vec<UnreadableManifest> = listing
            .unreadable
            .into_iter()
            .map(|(file, error)| UnreadableManifest { file, why: error.to_string() })
            .collect();
        let offsite = self.offsite.as_ref().map(|offsite| {
            let folder = offsite.folder();
            let manifests = offsite.list_snapshots().unwrap_or_else(|error| {
                unreadable.push(UnreadableManifest { file: folder.path().to_owned(), why: error.to_string() });
                Vec::new()
            });
            OffsiteList { folder: folder.path().to_owned(), snapshots: self.details(&folder, &manifests) }
        });
        Ok(SnapshotList {
            folder: self.folder.path().to_owned(),
            snapshots: self.details(&self.folder, &listing.snapshots),
            unverified: listing.unverified,
            unreadable,
            offsite,
        })
    }

    fn details(&self, folder: &SnapshotFolder, manifests: &[SnapshotManifest]) -> Vec<SnapshotDetail> {
        let of_other_file = |manifest: &SnapshotManifest| self.file_id.is_some_and(|id| id != manifest.file_id);
        let detail = |manifest| SnapshotDetail { of_other_file: of_other_file(manifest), ..detail(folder, manifest) };
        manifests.iter().map(detail).collect()
    }

    /// Verifies one snapshot again, or all that are here, including those whose manifest is missing or unreadable.
    ///
    /// # Errors
    /// [`Error::Refused`] when the one snapshot doesn't verify; [`Error::Unavailable`].
    pub fn verify(&self, id: Option<&SnapshotId>, on_progress: Progress<'_>) -> Result<VerifiedSnapshots, Error> {
        if let Some(id) = id {
            let manifest = self.verify_one(id, on_progress)?;
            return Ok(VerifiedSnapshots { verified: self.details(&self.folder, &[manifest]), failed: Vec::new() });
        }
        let listing = snapshots::list_snapshots(&self.folder, &self.environment)?;
        let unreadable = listing.unreadable.into_iter().map(|(file, error)| FailedSnapshot {
            id: file.file_stem().and_then(|stem| stem.to_str()?.parse().ok()),
            why: format!("{}: {error}", file.display()),
            unavailable: false,
        });
        let (mut verified, mut failed) = (Vec::new(), unreadable.collect::<Vec<_>>());
        for id in listing.snapshots.into_iter().map(|manifest| manifest.id).chain(listing.unverified) {
            match self.verify_one(&id, on_progress) {
                Ok(manifest) => verified.push(manifest),
                Err(error) => {
                    let unavailable = !matches!(error, Error::Refused(_));
                    failed.push(FailedSnapshot { id: Some(id), why: error.to_string(), unavailable });
                }
            }
        }
        Ok(VerifiedSnapshots { verified: self.details(&self.folder, &verified), failed })
    }

    fn verify_one(&self, id: &SnapshotId, on_progress: Progress<'_>) -> Result<SnapshotManifest, Error> {
        on_progress(&format!("verifying {id}"));
        verify_snapshot(&self.folder, &self.environment, &self.clock, id.as_str(), None)
    }
}

pub(super) fn detail(folder: &SnapshotFolder, manifest: &SnapshotManifest) -> SnapshotDetail {
    let is_encrypted = manifest.encrypted.is_some();
    SnapshotDetail {
        id: manifest.id.clone(),
        file: if is_encrypted { folder.encrypted_path(&manifest.id) } else { folder.copy_path(&manifest.id) },
        encrypted: is_encrypted,
        taken_at: manifest.taken_at,
        verified_at: manifest.verified_at,
        reason: manifest.reason,
        schema: manifest.schema,
        bytes: manifest.bytes,
        digest: manifest.digest.clone(),
        rows: manifest.rows.clone(),
        version: manifest.version.clone(),
        binary: manifest.binary.clone(),
        of_other_file: false,
    }
}

/// Copies an off-site snapshot back, with or without a running server and with or without a data file.
///
/// # Errors
/// Those of [`offsite_fetch::fetch_snapshot`].
pub fn fetch(
    request: &offsite_fetch::FetchRequest<'_>,
    clock: &Clock,
    on_progress: Progress<'_>,
) -> Result<SnapshotDetail, Error> {
    Ok(detail(request.to, &offsite_fetch::fetch_snapshot(request, clock, on_progress)?))
}
