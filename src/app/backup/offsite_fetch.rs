//! Bringing a snapshot back from the off-site folder when the local ones are lost.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::app::Error;
use crate::app::backup::verify_snapshot::verify_copy;
use crate::app::clock::Clock;
use crate::app::progress::Progress;
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::{Environment, Refusal};
use crate::store::backup::encryption;
use crate::store::backup::encryption::{DecryptionError, DecryptionKey};
use crate::store::backup::folder_owner::FolderOwner;
use crate::store::backup::snapshot::SnapshotError;
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::file::disk::digest_file;

/// Which snapshot to fetch, and from where.
pub struct FetchRequest<'a> {
    /// The off-site folder.
    pub from: &'a SnapshotFolder,
    /// The local snapshot folder; the data file next to it may be missing.
    pub to: &'a SnapshotFolder,
    pub environment: &'a Environment,
    /// The id of the snapshot; the newest if absent.
    pub name: Option<&'a str>,
    /// Required if the copy is encrypted.
    pub key: Option<&'a DecryptionKey>,
}

/// Fetches an off-site copy, decrypts it if necessary, verifies it, and adds it to the local snapshots. Blocks while
/// the copy is read.
///
/// # Errors
/// [`Error::Refused`] when no snapshot has that name, it belongs to another environment, the key doesn't fit, or it
/// doesn't match its manifest; [`Error::Unavailable`]. Nothing is left behind then.
pub fn fetch_snapshot(
    request: &FetchRequest<'_>,
    clock: &Clock,
    on_progress: Progress<'_>,
) -> Result<SnapshotManifest, Error> {
    let found = find_manifest(request)?;
    let copy = request.to.copy_path(&found.id);
    if copy.exists() {
        let why = format!("snapshot {} is here already; `atlas snapshot verify {0}` verifies it", found.id);
        return Err(Refusal::operation(why).into());
    }
    let owner = FolderOwner::without_file(request.environment);
    request.to.prepare(&owner)?;
    let partial = request.to.fetch_path(&found.id);
    let fetched = copy_bytes(request, &found, &partial, on_progress).and_then(|()| {
        on_progress("verifying the copy");
        verify_copy(&partial, Some(&found), request.environment, found.id.as_str())?;
        let manifest = SnapshotManifest { encrypted: None, verified_at: clock.now(), ..found };
        request.to.claim(&owner)?;
        let kept = request.to.publish(&partial, &copy).and_then(|()| request.to.write_manifest(&manifest));
        kept.map_err(SnapshotError::from)?;
        Ok(manifest)
    });
    if fetched.is_err() {
        let _ = fs::remove_file(&partial);
    }
    fetched
}

fn find_manifest(request: &FetchRequest<'_>) -> Result<SnapshotManifest, Error> {
    let folder = request.from.path().display();
    if !request.from.path().is_dir() {
        let why = format!("the folder {folder} doesn't exist; mount its disk, or name another with --from");
        return Err(Refusal::operation(why).into());
    }
    let listing = request.from.list().map_err(SnapshotError::from)?;
    let newest = listing.snapshots.iter().find(|one| one.environment == *request.environment);
    let found = match request.name {
        Some(name) => listing.snapshots.iter().find(|one| one.id.as_str() == name),
        None => newest,
    };
    let Some(found) = found else {
        let (environment, name) = (request.environment, request.name.unwrap_or("").escape_debug());
        let why = match newest {
            Some(newest) => {
                format!("there is no snapshot “{name}” in {folder}; the newest of “{environment}” is {}", newest.id)
            }
            None => format!("there is no snapshot of “{environment}” in {folder}"),
        };
        return Err(Refusal::operation(why).into());
    };
    if found.environment != *request.environment {
        let why = format!(
            "snapshot {} in {folder} is of file {} of “{}”, and one of “{}” was expected. Nothing was changed",
            found.id, found.file_id, found.environment, request.environment
        );
        return Err(Refusal::operation(why).into());
    }
    Ok(found.clone())
}

/// Writes the snapshot, decrypted, to `partial`.
fn copy_bytes(
    request: &FetchRequest<'_>,
    found: &SnapshotManifest,
    partial: &Path,
    on_progress: Progress<'_>,
) -> Result<(), Error> {
    let io = |error: io::Error| Error::from(SnapshotError::from(error));
    let Some(encrypted) = &found.encrypted else {
        on_progress("copying the snapshot");
        // SECURITY: only the owner may read user data regardless of the permissions of the off-site folder.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial);
        let copied = file.and_then(|mut file| {
            io::copy(&mut File::open(request.from.copy_path(&found.id))?, &mut file)?;
            file.sync_all()
        });
        return copied.map_err(io);
    };
    let Some(key) = request.key else {
        let why = format!(
            "snapshot {} is encrypted: name the file of the private key with --identity, or set ATLAS_SNAPSHOTS_PASSPHRASE",
            found.id
        );
        return Err(Refusal::operation(why).into());
    };
    let copy = request.from.encrypted_path(&found.id);
    if digest_file(&copy).map_err(io)? != (encrypted.digest.clone(), encrypted.bytes) {
        let why = format!("snapshot {} was changed since it was copied there; name another", found.id);
        return Err(Refusal::operation(why).into());
    }
    on_progress("decrypting the snapshot");
    encryption::decrypt(&copy, partial, key).map_err(|error| match error {
        DecryptionError::Io(error) => io(error),
        error => Refusal::operation(format!("snapshot {} cannot be decrypted: {error}", found.id)).into(),
    })
}
