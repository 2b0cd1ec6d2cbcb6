//! Verifying a snapshot again: its bytes match its manifest, its pages are intact, every row can be read, and the row
//! counts agree.

use std::fmt::Display;
use std::path::Path;

use jiff::Timestamp;

use crate::app::Error;
use crate::app::backup::snapshots::no_such_snapshot;
use crate::app::backup::verified_file::VerifiedFile;
use crate::app::clock::Clock;
use crate::domain::backup::snapshot::{SnapshotManifest, SnapshotReason};
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Environment, Refusal};
use crate::store::OpenError;
use crate::store::backup::folder_owner::FolderOwner;
use crate::store::backup::snapshot::SnapshotError;
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::backup::verification::{self, VerifiedCopy};
use crate::store::file::disk::digest_file;

/// Verifies a snapshot and updates its manifest. Blocks while the copy is read.
///
/// A killed rollback can leave a copy without a manifest; it is written here, and names `binary` as the one that took
/// it.
///
/// # Errors
/// [`Refusal::OperationRefused`] when no snapshot has that name, or with what is wrong with it; [`Error::Unavailable`].
pub fn verify_snapshot(
    folder: &SnapshotFolder,
    environment: &Environment,
    clock: &Clock,
    name: &str,
    binary: Option<String>,
) -> Result<SnapshotManifest, Error> {
    let id: SnapshotId = name.parse().map_err(|_| no_such_snapshot(name))?;
    let copy = folder.copy_path(&id);
    if !copy.exists() {
        return Err(no_such_snapshot(name).into());
    }
    if folder.is_data_file(&copy).map_err(SnapshotError::from)? {
        return Err(untrusted(name, "it is the data file itself under a second name, not a copy"));
    }
    let known = folder.find_manifest(&id).map_err(SnapshotError::from)?;
    let (contents, digest, bytes) = verify_copy(&copy, known.as_ref(), environment, name)?;
    let verified_at = clock.now();
    let manifest = if let Some(known) = known {
        SnapshotManifest { verified_at, ..known }
    } else {
        let taken_at = modified_at(&copy).unwrap_or(verified_at);
        let reason = SnapshotReason::BeforeRollback;
        VerifiedFile { id, contents, binary, taken_at, verified_at, reason, bytes, digest }.into_manifest()
    };
    folder.claim(&FolderOwner::without_file(environment))?;
    folder.write_manifest(&manifest).map_err(SnapshotError::from)?;
    Ok(manifest)
}

/// Verifies that a copy is intact, belongs to this environment, and matches its manifest. Returns its contents, digest
/// and size in bytes.
pub(super) fn verify_copy(
    copy: &Path,
    known: Option<&SnapshotManifest>,
    environment: &Environment,
    name: &str,
) -> Result<(VerifiedCopy, String, u64), Error> {
    let untrusted = |why: String| untrusted(name, why);
    let (digest, bytes) = digest_file(copy).map_err(SnapshotError::from)?;
    if let Some(known) = known.filter(|known| (&known.digest, known.bytes) != (&digest, bytes)) {
        return Err(untrusted(format!("its digest is {digest}, and its manifest says {}", known.digest)));
    }
    let contents = verification::verify(copy, environment).map_err(|error| match error {
        OpenError::Io { .. } => Error::unavailable(error),
        OpenError::OtherEnvironment { found, .. } => untrusted(format!(
            "it holds file {} of “{}”, and one of “{environment}” was expected; name another",
            found.file_id, found.environment
        )),
        other => untrusted(other.to_string()),
    })?;
    if let Some(known) = known.filter(|known| known.rows != contents.rows) {
        return Err(untrusted(format!("it holds {:?} rows, and its manifest says {:?}", contents.rows, known.rows)));
    }
    let (file, schema) = (contents.stamp.file_id, contents.schema);
    if let Some(known) = known.filter(|known| (known.file_id, known.schema) != (file, schema)) {
        let (other, expected) = (known.file_id, known.schema);
        return Err(untrusted(format!(
            "it holds file {file} in schema {schema}, and its manifest says {other} and {expected}"
        )));
    }
    Ok((contents, digest, bytes))
}

fn untrusted(name: &str, why: impl Display) -> Error {
    Refusal::operation(format!("snapshot {name} cannot be trusted: {why}")).into()
}

fn modified_at(path: &Path) -> Option<Timestamp> {
    Timestamp::try_from(std::fs::metadata(path).ok()?.modified().ok()?).ok()
}
