//! Releases of the environment that is served: recording what runs, and keeping what passed its verification.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::snapshots::{self, Told};
use super::{App, Error};
use crate::domain::Refusal;
use crate::domain::release::{Release, Verification, superfluous};
use crate::domain::snapshot::{Reason, SnapshotId};
use crate::store::releases::Folder;
use crate::store::snapshots::digest;
use crate::store::{migrations, snapshot::Failure};

/// The file of this process's binary; still readable when another was put in its place.
const RUNNING: &str = "/proc/self/exe";

/// The BLAKE3 digest of this process's binary, hexadecimal; `None` where the system does not show it. Read once.
pub fn binary_digest() -> Option<String> {
    static DIGEST: OnceLock<Option<String>> = OnceLock::new();
    DIGEST.get_or_init(|| digest(Path::new(RUNNING)).ok().map(|(digest, _)| digest)).clone()
}

impl App {
    /// Where the releases of this data file are.
    pub fn releases(&self) -> Folder {
        Folder::beside(self.store.path())
    }
}

/// Writes down that this binary serves this data file from now on, keeps it, and lets what is no longer needed go. Blocks
/// for as long as it takes to read the binary.
///
/// # Errors
/// [`Error::Unavailable`]; the server can run without the record.
pub fn started(app: &App) -> Result<Release, Error> {
    let folder = app.releases();
    let digest = binary_digest().ok_or_else(|| Error::Unavailable(format!("{RUNNING} cannot be read")))?;
    let now = app.clock.now();
    let stamp = app.store.stamp();
    let known = list(&folder)?.into_iter().find(|one| one.digest == digest && one.file_id == stamp.file_id);
    let release = match known {
        Some(known) => Release { last_started: now, ..known },
        None => Release {
            digest: digest.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: migrations::newest(),
            environment: stamp.environment.clone(),
            file_id: stamp.file_id,
            first_started: now,
            last_started: now,
            verification: None,
            snapshot: None,
            pinned: false,
        },
    };
    let kept = folder
        .write(&release)
        .and_then(|()| folder.keep_binary(&release, Path::new(RUNNING)))
        .and_then(|()| folder.point_at(&release));
    kept.map_err(Failure::from)?;
    for old in superfluous(&list(&folder)?, &digest) {
        folder.remove(old).map_err(Failure::from)?;
        if let Some(snapshot) = &old.snapshot {
            snapshots::discard(app, snapshot)?;
        }
    }
    Ok(release)
}

/// Every release, the one that started last first.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn list(folder: &Folder) -> Result<Vec<Release>, Error> {
    Ok(folder.list().map_err(Failure::from)?)
}

/// The release of a word: the beginning of its digest, or its version if only one has it.
///
/// # Errors
/// [`Refusal::Operating`] when none or several answer to it; [`Error::Unavailable`].
pub fn find(folder: &Folder, word: &str) -> Result<Release, Error> {
    let mut found: Vec<Release> = list(folder)?.into_iter().filter(|one| one.answers_to(word)).collect();
    let told = word.escape_debug();
    match (found.pop(), found.len()) {
        (Some(release), 0) => Ok(release),
        (None, _) => {
            let why = format!("there is no release “{told}”; `atlas release list` shows them");
            Err(Refusal::operating(why).into())
        }
        (Some(_), more) => {
            let why = format!("{} releases are called “{told}”; name one by its digest", more + 1);
            Err(Refusal::operating(why).into())
        }
    }
}

/// Attaches a verification's report to the release that runs. A good one makes it known-good: a snapshot is taken and kept
/// with it.
///
/// # Errors
/// [`Error::Refused`] when the disk has no room for the snapshot; [`Error::Unavailable`].
pub async fn verified(
    app: &App,
    verification: Verification,
    report: &serde_json::Value,
    told: Told<'_>,
) -> Result<Release, Error> {
    let folder = app.releases();
    let running = running(app)?;
    let snapshot: Option<SnapshotId> = if verification.is_good() {
        Some(snapshots::take(app, Reason::KnownGood, told).await?.manifest.id)
    } else {
        running.snapshot.clone()
    };
    let before = running.snapshot.clone().filter(|before| Some(before) != snapshot.as_ref());
    let release = Release { verification: Some(verification), snapshot, ..running };
    let written = folder.write_report(&release, report).and_then(|()| folder.write(&release));
    written.map_err(Failure::from)?;
    if let Some(before) = before {
        snapshots::discard(app, &before)?;
    }
    Ok(release)
}

/// The record of the release that runs.
///
/// # Errors
/// [`Refusal::Operating`] when it has none; [`Error::Unavailable`].
pub fn running(app: &App) -> Result<Release, Error> {
    let digest = binary_digest();
    let all = list(&app.releases())?;
    let found = all.into_iter().find(|one| Some(&one.digest) == digest.as_ref());
    Ok(found.ok_or_else(|| Refusal::operating("this binary never served this data file; start it once"))?)
}

/// Keeps a release for ever, or no longer.
///
/// # Errors
/// As for [`find`]; then nothing was changed.
pub fn pin(folder: &Folder, word: &str, pinned: bool) -> Result<Release, Error> {
    let release = Release { pinned, ..find(folder, word)? };
    folder.write(&release).map_err(|error| {
        Error::Unavailable(format!("{}: {error}; nothing was changed", folder.record(&release).display()))
    })?;
    Ok(release)
}

/// The binary of a release, once it is certain that it is there and whole.
///
/// # Errors
/// [`Refusal::Operating`] when it is not; [`Error::Unavailable`].
pub fn binary_of(folder: &Folder, release: &Release) -> Result<PathBuf, Error> {
    let path = folder.binary(release);
    match digest(&path) {
        Ok((found, _)) if found == release.digest => Ok(path),
        Ok(_) => {
            let why = format!("{} is not the binary of release {}; it was changed", path.display(), release.id());
            Err(Refusal::operating(why).into())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let why = format!("the binary of release {} is not kept any more ({})", release.id(), path.display());
            Err(Refusal::operating(why).into())
        }
        Err(error) => Err(Failure::from(error).into()),
    }
}
