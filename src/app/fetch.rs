//! Bringing a snapshot back from a second folder, when those of this machine are lost.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::Error;
use super::clock::Clock;
use super::snapshots::{Told, looked_through};
use crate::domain::snapshot::Manifest;
use crate::domain::{Environment, Refusal};
use crate::store::encrypted::{self, Key};
use crate::store::snapshot;
use crate::store::snapshots::{Folder, digest};

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
    if !wanted.from.path().is_dir() {
        return Err(refused(format!("there is no folder {place}; mount its disk, or name another with --from")));
    }
    let listing = wanted.from.list().map_err(snapshot::Failure::from)?;
    let mut own = listing.snapshots.iter().filter(|one| one.environment == *wanted.environment);
    let newest = own.next();
    let found = match wanted.name {
        Some(name) => listing.snapshots.iter().find(|one| one.id.as_str() == name),
        None => newest,
    };
    let Some(found) = found else {
        let (of, name) = (wanted.environment, wanted.name.unwrap_or("").escape_debug());
        return Err(refused(match newest {
            Some(newest) => format!("there is no snapshot “{name}” in {place}; the newest of “{of}” is {}", newest.id),
            None => format!("there is no snapshot of “{of}” in {place}"),
        }));
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
        // SECURITY: only the owner reads people's data, whatever the second folder says.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft);
        let copied = file.and_then(|mut file| {
            io::copy(&mut File::open(wanted.from.copy(&found.id))?, &mut file)?;
            file.sync_all()
        });
        return copied.map_err(io);
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
