//! Off-site copies: every snapshot is copied to another folder, encrypted if configured. What could not be copied is copied
//! later, by the next snapshot. [`super::offsite_fetch`] brings one back.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::app::clock::Clock;
use crate::config::{Encryption, Settings};
use crate::domain::backup::retention::{SnapshotRetention, select_removable};
use crate::domain::backup::snapshot::{EncryptedCopy, SnapshotManifest};
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Environment, FileId};
use crate::store::backup::encryption;
use crate::store::backup::encryption::EncryptionKey;
use crate::store::backup::folder_owner::FolderOwner;
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::file::atomic::copy_file;
use crate::store::file::disk::digest_file;

/// The off-site folder of an environment.
#[derive(Clone)]
pub struct Offsite {
    /// As configured; environments may share it.
    root: PathBuf,
    environment: Environment,
    key: Option<EncryptionKey>,
    retention: SnapshotRetention,
    /// Why copies are missing; `None` as long as that is not known. Shared by all clones.
    problem: Arc<Mutex<Option<String>>>,
}

/// Why a snapshot was not copied.
#[derive(Debug, thiserror::Error)]
#[error("copying to {}: {source}", .folder.display())]
pub struct OffsiteCopyError {
    folder: PathBuf,
    source: io::Error,
}

impl Offsite {
    /// The off-site folder of these settings, if they name one.
    pub fn from_settings(settings: &Settings) -> Option<Self> {
        let root = settings.snapshots.copy_to.clone()?;
        let key = settings.snapshots.encryption.as_ref().map(|encryption| match encryption {
            Encryption::Keys(keys) => EncryptionKey::Keys(keys.clone()),
            Encryption::Passphrase(passphrase) => EncryptionKey::from_passphrase(passphrase.reveal()),
        });
        let (environment, retention) = (settings.environment.clone(), settings.snapshots.retention);
        Some(Self { root, environment, key, retention, problem: Arc::default() })
    }

    /// The folder that holds this environment's copies.
    pub fn folder(&self) -> SnapshotFolder {
        SnapshotFolder::offsite(self.root.join(self.environment.to_string()))
    }

    /// Copies a verified snapshot: first the copy, last its manifest.
    ///
    /// # Errors
    /// [`OffsiteCopyError`], which is also logged. The snapshot itself is not affected.
    pub fn copy_snapshot(&self, from: &SnapshotFolder, manifest: &SnapshotManifest) -> Result<(), OffsiteCopyError> {
        self.try_copy(from, manifest).map_err(|source| {
            let _ = fs::remove_file(self.folder().partial_path(&manifest.id));
            let error = self.copy_error(source);
            tracing::error!(snapshot = %manifest.id, "{error}");
            *self.problem.lock() = Some(error.to_string());
            error
        })
    }

    /// Why snapshots have no copy, as far as this process knows.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().clone()
    }

    /// Copies the snapshots of a data file that have no off-site copy although the retention rule keeps them: earlier copies failed, or the
    /// folder was configured later. Stops at the first that fails.
    ///
    /// # Errors
    /// [`OffsiteCopyError`], as for [`Self::copy_snapshot`].
    pub fn copy_missing(&self, from: &SnapshotFolder, file_id: FileId, clock: &Clock) -> Result<(), OffsiteCopyError> {
        let missing = self.find_missing(from, file_id, clock).map_err(|source| self.copy_error(source))?;
        for manifest in &missing {
            self.copy_snapshot(from, manifest)?;
            tracing::info!(snapshot = %manifest.id, "made the off-site copy that was missing");
        }
        *self.problem.lock() = None;
        Ok(())
    }

    /// Notes in [`Self::problem`] whether copies are missing, without copying. Nothing is known yet when a process starts.
    pub fn note_missing(&self, from: &SnapshotFolder, file_id: FileId, clock: &Clock) {
        let problem = match self.find_missing(from, file_id, clock) {
            Ok(missing) if missing.is_empty() => None,
            Ok(missing) => {
                Some(format!("{}: copies of {} snapshots are missing", self.folder().path().display(), missing.len()))
            }
            Err(source) => Some(self.copy_error(source).to_string()),
        };
        *self.problem.lock() = problem;
    }

    fn find_missing(&self, from: &SnapshotFolder, file_id: FileId, clock: &Clock) -> io::Result<Vec<SnapshotManifest>> {
        let (copied, here) = (self.list_snapshots()?, from.list()?.snapshots);
        let is_missing = |one: &&SnapshotManifest| {
            (&one.environment, one.file_id) == (&self.environment, file_id)
                && !copied.iter().any(|copy| copy.id == one.id)
        };
        let missing: Vec<SnapshotManifest> = here.iter().filter(is_missing).cloned().collect();
        // Retention would remove some of them again.
        let all = [copied, missing.clone()].concat();
        let removable = select_removable(&all, self.retention, clock.now());
        Ok(missing.into_iter().filter(|one| !removable.iter().any(|other| other.id == one.id)).collect())
    }

    fn copy_error(&self, source: io::Error) -> OffsiteCopyError {
        OffsiteCopyError { folder: self.folder().path().to_owned(), source }
    }

    /// Checks that the folder is there. Creating a missing one would fill this disk instead of the one that is not mounted.
    fn require_root(&self) -> io::Result<()> {
        if self.root.is_dir() {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "the folder doesn't exist; create it, or mount its disk"))
    }

    fn try_copy(&self, from: &SnapshotFolder, manifest: &SnapshotManifest) -> io::Result<()> {
        self.require_root()?;
        let folder = self.folder();
        let owner = FolderOwner { environment: self.environment.clone(), file_id: Some(manifest.file_id) };
        folder.claim(&owner).map_err(io::Error::other)?;
        folder.remove_unfinished()?;
        let (id, partial) = (&manifest.id, folder.partial_path(&manifest.id));
        let Some(key) = &self.key else {
            copy_file(&from.copy_path(id), &partial)?;
            if digest_file(&partial)?.0 != manifest.digest {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the copy has a different digest"));
            }
            folder.publish(&partial, &folder.copy_path(id))?;
            return folder.write_manifest(manifest);
        };
        encryption::encrypt(&from.copy_path(id), &partial, key)?;
        let (digest, bytes) = digest_file(&partial)?;
        folder.publish(&partial, &folder.encrypted_path(id))?;
        folder
            .write_manifest(&SnapshotManifest { encrypted: Some(EncryptedCopy { bytes, digest }), ..manifest.clone() })
    }

    /// The off-site copies of this environment, newest first.
    ///
    /// # Errors
    /// When the folder doesn't exist or cannot be read.
    pub fn list_snapshots(&self) -> io::Result<Vec<SnapshotManifest>> {
        self.require_root()?;
        let mut found = self.folder().list()?.snapshots;
        found.retain(|manifest| manifest.environment == self.environment);
        Ok(found)
    }

    /// Removes the copy of a snapshot, if there is one.
    ///
    /// # Errors
    /// When the folder doesn't exist or is not this environment's, or the copy cannot be removed.
    pub fn remove(&self, owner: &FolderOwner, id: &SnapshotId) -> io::Result<()> {
        self.require_root()?;
        self.folder().claim(owner).map_err(io::Error::other)?;
        self.folder().remove(id)
    }

    /// Removes the copies that the retention rule no longer keeps, except those in `needed`. Off-site retention doesn't
    /// depend on which local snapshots exist, so losing the local folder removes nothing here.
    ///
    /// # Errors
    /// When the folder cannot be read or is not this environment's, or a copy cannot be removed.
    pub fn prune(&self, owner: &FolderOwner, clock: &Clock, needed: &[SnapshotId]) -> io::Result<()> {
        let found = self.list_snapshots()?;
        let removable = select_removable(&found, self.retention, clock.now()).into_iter();
        removable.filter(|one| !needed.contains(&one.id)).try_for_each(|one| self.remove(owner, &one.id))
    }
}
