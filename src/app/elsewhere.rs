//! The second folder: every snapshot is copied there, encrypted where that is wanted, and fetched from there when those of
//! this machine are lost.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;

use super::Error;
use super::clock::Clock;
use super::snapshots::{Told, looked_through};
use crate::config::{Encryption, Settings};
use crate::domain::snapshot::{Encrypted, Keep, Manifest, SnapshotId, superfluous};
use crate::domain::{Environment, Refusal};
use crate::store::encrypted::{self, Key, Lock};
use crate::store::snapshot;
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
            Encryption::Passphrase(passphrase) => Lock::Passphrase(SecretString::from(passphrase.reveal().to_owned())),
        });
        Some(Self { root, environment: settings.environment.clone(), lock })
    }

    /// Whose it is.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Where the copies are.
    pub fn folder(&self) -> Folder {
        Folder::elsewhere(self.root.join(self.environment.to_string()))
    }

    /// The passphrase that copies there are encrypted with, as a key.
    pub fn key(&self) -> Option<Key> {
        match &self.lock {
            Some(Lock::Passphrase(passphrase)) => Some(Key::Passphrase(passphrase.clone())),
            _ => None,
        }
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

    /// Removes the copies that the rule of keeping lets go, except those named in `needed`. What is gone here stays there
    /// for as long as its own turn: a folder that was lost takes nothing along.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn prune(&self, keep: Keep, clock: &Clock, needed: &[SnapshotId]) -> Result<(), Error> {
        let folder = self.folder();
        let listing = super::snapshots::list(&folder, &self.environment)?;
        for one in superfluous(&listing.snapshots, keep, clock.now()) {
            if !needed.contains(&one.id) {
                folder.remove(&one.id).map_err(snapshot::Failure::from)?;
            }
        }
        Ok(())
    }
}

/// A snapshot that is to be fetched.
pub struct Wanted<'a> {
    /// The second folder.
    pub from: &'a Folder,
    /// The snapshots of the data file, whether or not there is one.
    pub to: &'a Folder,
    /// Whose it has to be.
    pub environment: &'a Environment,
    /// Its name; the newest when absent.
    pub name: Option<&'a str>,
    /// What opens it, if it is encrypted.
    pub key: Option<&'a Key>,
}

/// Brings a copy back, opens it if it is encrypted, proves it, and puts it among the snapshots. Blocks for as long as it
/// takes to read it.
///
/// # Errors
/// [`Error::Refused`] when there is none of that name, when it is another environment's, when the key does not fit, or
/// when it is not what its manifest says; [`Error::Unavailable`]. Then nothing of it stays here.
pub fn fetch(wanted: &Wanted<'_>, clock: &Clock, told: Told<'_>) -> Result<Manifest, Error> {
    let found = found(wanted)?;
    let copy = wanted.to.copy(&found.id);
    if copy.exists() {
        return Err(refused(format!("snapshot {} is here already; `atlas snapshot verify {0}` proves it", found.id)));
    }
    wanted.to.make().map_err(snapshot::Failure::from)?;
    let draft = wanted.to.fetched(&found.id);
    let done = fetched(wanted, &found, &draft, told).and_then(|()| {
        told("looking through it");
        looked_through(&draft, Some(&found), wanted.environment, found.id.as_str())?;
        let manifest = Manifest { encrypted: None, proven_at: clock.now(), ..found };
        let kept = wanted.to.keep(&draft, &copy).and_then(|()| wanted.to.describe(&manifest));
        kept.map_err(snapshot::Failure::from)?;
        Ok(manifest)
    });
    if done.is_err() {
        let _ = fs::remove_file(&draft);
    }
    done
}

/// The manifest of what is wanted.
fn found(wanted: &Wanted<'_>) -> Result<Manifest, Error> {
    let place = wanted.from.path().display();
    let listing = wanted.from.list().map_err(snapshot::Failure::from)?;
    let found = match wanted.name {
        Some(name) => listing.snapshots.iter().find(|one| one.id.as_str() == name),
        None => listing.snapshots.iter().find(|one| one.environment == *wanted.environment),
    };
    let Some(found) = found else {
        let newest =
            listing.snapshots.first().map_or("it holds none".to_owned(), |one| format!("its newest is {}", one.id));
        let name = wanted.name.unwrap_or("of this environment").escape_debug().to_string();
        return Err(refused(format!("there is no snapshot “{name}” in {place}; {newest}")));
    };
    if found.environment != *wanted.environment {
        return Err(refused(format!(
            "snapshot {} in {place} is of file {} of “{}”, and one of “{}” was expected. Nothing was changed",
            found.id, found.file_id, found.environment, wanted.environment
        )));
    }
    Ok(found.clone())
}

/// The bytes of the snapshot as a draft here.
fn fetched(wanted: &Wanted<'_>, found: &Manifest, draft: &Path, told: Told<'_>) -> Result<(), Error> {
    let io = |error: io::Error| Error::from(snapshot::Failure::from(error));
    let Some(closed) = &found.encrypted else {
        told("copying it");
        fs::copy(wanted.from.copy(&found.id), draft).map_err(io)?;
        // SECURITY: only the owner reads people's data, whatever the second folder says.
        fs::set_permissions(draft, fs::Permissions::from_mode(0o600)).map_err(io)?;
        return File::open(draft).and_then(|file| file.sync_all()).map_err(io);
    };
    let Some(key) = wanted.key else {
        return Err(refused(format!(
            "snapshot {} is encrypted: name the file of the private key with --identity, or set ATLAS_SNAPSHOTS_PASSPHRASE",
            found.id
        )));
    };
    let copy = wanted.from.encrypted(&found.id);
    if digest(&copy).map_err(io)? != (closed.digest.clone(), closed.bytes) {
        return Err(refused(format!("snapshot {} was changed since it was copied there; name another", found.id)));
    }
    told("decrypting it");
    encrypted::decrypt(&copy, draft, key).map_err(|failure| match failure {
        encrypted::Failure::Io(error) => io(error),
        why => refused(format!("snapshot {} does not open: {why}", found.id)),
    })
}

fn refused(why: String) -> Error {
    Refusal::operating(why).into()
}
