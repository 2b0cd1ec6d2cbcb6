//! Off-site copies: every snapshot is copied to another folder, encrypted if configured. [`super::offsite_fetch`]
//! brings one back.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use crate::app::clock::Clock;
use crate::config::{Encryption, Settings};
use crate::domain::Environment;
use crate::domain::backup::retention::{SnapshotRetention, select_removable};
use crate::domain::backup::snapshot::{EncryptedCopy, SnapshotManifest};
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::store::backup::encryption;
use crate::store::backup::encryption::EncryptionKey;
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::file::disk::digest_file;

/// The off-site folder of an environment.
#[derive(Clone)]
pub struct Offsite {
    /// As configured; environments may share it.
    root: PathBuf,
    environment: Environment,
    key: Option<EncryptionKey>,
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
        Some(Self { root, environment: settings.environment.clone(), key })
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
            let error = OffsiteCopyError { folder: self.folder().path().to_owned(), source };
            tracing::error!(snapshot = %manifest.id, "{error}");
            error
        })
    }

    fn try_copy(&self, from: &SnapshotFolder, manifest: &SnapshotManifest) -> io::Result<()> {
        // Creating a missing folder would fill this disk instead of the one that is not mounted.
        if !self.root.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the folder doesn't exist; create it, or mount its disk",
            ));
        }
        let folder = self.folder();
        folder.create()?;
        folder.remove_unfinished()?;
        let (id, partial) = (&manifest.id, folder.partial_path(&manifest.id));
        let Some(key) = &self.key else {
            fs::copy(from.copy_path(id), &partial)?;
            File::open(&partial)?.sync_all()?;
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
    /// When the folder cannot be read.
    pub fn list_snapshots(&self) -> io::Result<Vec<SnapshotManifest>> {
        let mut found = self.folder().list()?.snapshots;
        found.retain(|manifest| manifest.environment == self.environment);
        Ok(found)
    }

    /// Removes the copies that the retention rule no longer keeps, except those in `needed`. Off-site retention doesn't
    /// depend on which local snapshots exist, so losing the local folder removes nothing here.
    ///
    /// # Errors
    /// When the folder cannot be read, or a copy cannot be removed.
    pub fn prune(&self, retention: SnapshotRetention, clock: &Clock, needed: &[SnapshotId]) -> io::Result<()> {
        let found = self.list_snapshots()?;
        let mut removable = select_removable(&found, retention, clock.now()).into_iter();
        removable.try_for_each(|one| if needed.contains(&one.id) { Ok(()) } else { self.folder().remove(&one.id) })
    }
}
