//! The second folder: every snapshot is copied there, encrypted where that is wanted. The way back is [`super::fetch`].

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use super::clock::Clock;
use crate::config::{Encryption, Settings};
use crate::domain::Environment;
use crate::domain::snapshot::{Encrypted, Keep, Manifest, SnapshotId, superfluous};
use crate::store::encrypted::{self, Lock};
use crate::store::snapshots::{Folder, digest};

/// The second folder of an environment.
#[derive(Clone)]
pub struct Elsewhere {
    /// What the operator named; other environments may have it too.
    root: PathBuf,
    environment: Environment,
    lock: Option<Lock>,
}

/// What became of a copy in the second folder: nothing to say, or why there is none.
pub type Copied = Result<(), String>;

impl Elsewhere {
    /// The one of these settings, if they name one.
    pub fn of(settings: &Settings) -> Option<Self> {
        let root = settings.snapshots.copy_to.clone()?;
        let lock = settings.snapshots.encryption.as_ref().map(|encryption| match encryption {
            Encryption::Keys(keys) => Lock::Keys(keys.clone()),
            Encryption::Passphrase(passphrase) => Lock::passphrase(passphrase.reveal()),
        });
        Some(Self { root, environment: settings.environment.clone(), lock })
    }

    /// Where the copies are.
    pub fn folder(&self) -> Folder {
        Folder::elsewhere(self.root.join(self.environment.to_string()))
    }

    /// Copies a proven snapshot there, copy first and manifest last. That it failed is logged, and costs the snapshot
    /// nothing.
    pub fn copy(&self, from: &Folder, manifest: &Manifest) -> Copied {
        let copied = self.copied(from, manifest).map_err(|error| {
            let why = format!("copying to {}: {error}", self.folder().path().display());
            tracing::error!(snapshot = %manifest.id, "{why}");
            why
        });
        if copied.is_err() {
            let _ = fs::remove_file(self.folder().draft(&manifest.id));
        }
        copied
    }

    fn copied(&self, from: &Folder, manifest: &Manifest) -> io::Result<()> {
        // Making it would fill this disk in place of one that is not mounted.
        if !self.root.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no such folder; make it, or mount its disk"));
        }
        let folder = self.folder();
        folder.make()?;
        folder.sweep()?;
        let (id, draft) = (&manifest.id, folder.draft(&manifest.id));
        let Some(lock) = &self.lock else {
            fs::copy(from.copy(id), &draft)?;
            File::open(&draft)?.sync_all()?;
            if digest(&draft)?.0 != manifest.digest {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it arrived with another digest"));
            }
            folder.keep(&draft, &folder.copy(id))?;
            return folder.describe(manifest);
        };
        encrypted::encrypt(&from.copy(id), &draft, lock)?;
        let (digest, bytes) = digest(&draft)?;
        folder.keep(&draft, &folder.encrypted(id))?;
        folder.describe(&Manifest { encrypted: Some(Encrypted { bytes, digest }), ..manifest.clone() })
    }

    /// The copies of this environment that are there, the newest first.
    ///
    /// # Errors
    /// What the system says.
    pub fn list(&self) -> io::Result<Vec<Manifest>> {
        let mut found = self.folder().list()?.snapshots;
        found.retain(|one| one.environment == self.environment);
        Ok(found)
    }

    /// Removes the copies that the rule of keeping lets go, except those named in `needed`. What is gone here stays there
    /// for as long as its own turn: a folder that was lost takes nothing along.
    ///
    /// # Errors
    /// What the system says.
    pub fn prune(&self, keep: Keep, clock: &Clock, needed: &[SnapshotId]) -> io::Result<()> {
        let found = self.list()?;
        let mut going = superfluous(&found, keep, clock.now()).into_iter().filter(|one| !needed.contains(&one.id));
        going.try_for_each(|one| self.folder().remove(&one.id))
    }
}
