//! Snapshots of the data file that is in use: taking, proving and removing them. A snapshot that was not proven does not
//! exist.

use std::path::Path;

use jiff::Timestamp;

use super::clock::Clock;
use super::elsewhere::{Copied, Elsewhere};
use super::{App, Error};
use crate::domain::snapshot::{Keep, Manifest, Reason, SnapshotId, superfluous};
use crate::domain::{Environment, FileId, Refusal};
use crate::observe::panics::why;
use crate::store::OpenError;
use crate::store::snapshot::{self, Failure, Proof, Rows};
use crate::store::snapshots::{Folder, Listing, digest, free_bytes};

/// What has to stay free on the disk beside a snapshot, in bytes: the data file goes on growing.
const ROOM: u64 = 64 << 20;

/// What a long work has reached, in words, for whoever waits.
pub type Told<'a> = &'a mut (dyn FnMut(&str) + Send);

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error.into(),
            Failure::Io(error) => Self::Unavailable(error.to_string()),
            Failure::Open(_) | Failure::Differs(_) => Self::Broken(format!("snapshot: {failure}")),
        }
    }
}

impl App {
    /// Where the snapshots of this data file are.
    pub fn snapshots(&self) -> Folder {
        Folder::beside(self.store.path())
    }

    /// Whether one is being taken.
    pub fn is_taking_a_snapshot(&self) -> bool {
        self.snapshotting.try_lock().is_err()
    }
}

fn no_such(name: &str) -> Refusal {
    Refusal::operating(format!("there is no snapshot “{}”; `atlas snapshot list` shows them", name.escape_debug()))
}

/// A snapshot that was taken.
pub struct Taken {
    /// What is known of it.
    pub manifest: Manifest,
    /// What became of its copy in the second folder, where there is one. The snapshot is good either way.
    pub copied: Option<Copied>,
}

impl Taken {
    fn with(manifest: Manifest, data_file: &Path, elsewhere: Option<&Elsewhere>, tell: &dyn Fn(&str)) -> Self {
        let copied = elsewhere.map(|elsewhere| {
            tell("copying it to the second folder");
            elsewhere.copy(&Folder::beside(data_file), &manifest)
        });
        Self { manifest, copied }
    }
}

/// Takes a snapshot of the file in use, proves it, and copies it to the second folder. One at a time; who asks meanwhile
/// waits.
///
/// # Errors
/// [`Error::Refused`] when the disk has no room for it; [`Error::Unavailable`], [`Error::Broken`]: then nothing is left
/// behind and the data file is as it was.
pub async fn take(app: &App, reason: Reason, told: Told<'_>) -> Result<Taken, Error> {
    let _one = app.snapshotting.lock().await;
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel::<String>();
    let (store, clock, elsewhere) = (app.store.clone(), app.clock.clone(), app.elsewhere.clone());
    let work = tokio::task::spawn_blocking(move || -> Result<Taken, Error> {
        let tell = |words: &str| drop(tell.send(words.to_owned()));
        let stamp = store.stamp().clone();
        let copy = |draft: &Path| {
            let mut last = 0;
            let rows = store.copy_to(draft, &mut |done, of| {
                let percent = done.saturating_mul(100) / of.max(1);
                if percent >= last + 10 {
                    last = percent;
                    tell(&format!("copied {percent} % of {}", size(of)));
                }
            })?;
            Ok(Some((stamp.file_id, rows)))
        };
        let manifest = made(store.path(), &clock, reason, &tell, copy, |draft| store.prove_copy(draft))?;
        Ok(Taken::with(manifest, store.path(), elsewhere.as_ref(), &tell))
    });
    while let Some(words) = heard.recv().await {
        told(&words);
    }
    let taken = work.await.map_err(|ended| Error::Broken(why(&ended).to_owned()))?;
    if let Ok(taken) = &taken {
        note(app, &taken.manifest);
    }
    taken
}

/// The same of a data file that nobody has open; whoever calls holds it. Its schema may be an older one.
///
/// # Errors
/// As for [`take`].
pub fn take_closed(
    data_file: &Path,
    environment: &Environment,
    clock: &Clock,
    elsewhere: Option<&Elsewhere>,
    reason: Reason,
) -> Result<Taken, Error> {
    let copy = |draft: &Path| {
        std::fs::copy(data_file, draft)?;
        Ok(None)
    };
    let manifest = made(data_file, clock, reason, &|_| (), copy, |draft| snapshot::settle(draft, environment))?;
    Ok(Taken::with(manifest, data_file, elsewhere, &|_| ()))
}

/// Copies with `copy`, proves with `prove`, and keeps. `copy` answers which file it copied and how many rows it then had, if
/// it knows.
fn made(
    data_file: &Path,
    clock: &Clock,
    reason: Reason,
    tell: &dyn Fn(&str),
    copy: impl FnOnce(&Path) -> Result<Option<(FileId, Rows)>, Failure>,
    prove: impl FnOnce(&Path) -> Result<Proof, OpenError>,
) -> Result<Manifest, Error> {
    let folder = Folder::beside(data_file);
    make_room(&folder, data_file)?;
    let id = SnapshotId::mint(clock.now(), super::random()?);
    let draft = folder.draft(&id);
    let done = (|| {
        let taken_at = clock.now();
        let known = copy(&draft)?;
        tell("looking through the copy");
        let proof = prove(&draft)?;
        if let Some((file_id, rows)) = known {
            compare(file_id, &rows, &proof)?;
        }
        let (digest, bytes) = digest(&draft)?;
        folder.keep(&draft, &folder.copy(&id))?;
        let binary = super::releases::binary_digest();
        let proven = Proven { id: id.clone(), proof, binary, taken_at, now: clock.now(), reason, bytes, digest };
        let manifest = proven.manifest();
        folder.describe(&manifest)?;
        Ok::<_, Failure>(manifest)
    })();
    if done.is_err() {
        let _ = std::fs::remove_file(&draft);
        let _ = folder.remove(&id);
    }
    done.map_err(|failure| match failure {
        Failure::Io(error) => {
            Error::Unavailable(format!("the snapshot cannot be written: {error}; nothing is left of it"))
        }
        failure => failure.into(),
    })
}

/// What a manifest is made of.
struct Proven {
    id: SnapshotId,
    proof: Proof,
    binary: Option<String>,
    taken_at: Timestamp,
    now: Timestamp,
    reason: Reason,
    bytes: u64,
    digest: String,
}

impl Proven {
    fn manifest(self) -> Manifest {
        Manifest {
            id: self.id,
            environment: self.proof.stamp.environment,
            kind: self.proof.stamp.kind,
            file_id: self.proof.stamp.file_id,
            schema: self.proof.schema,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            binary: self.binary,
            taken_at: self.taken_at,
            proven_at: self.now,
            reason: self.reason,
            bytes: self.bytes,
            digest: self.digest,
            rows: self.proof.rows,
            encrypted: None,
        }
    }
}

/// A folder that is there, swept, and on a disk with room for a copy of `data_file`.
fn make_room(folder: &Folder, data_file: &Path) -> Result<(), Error> {
    folder.make().and_then(|()| folder.sweep()).map_err(Failure::from)?;
    let needed = std::fs::metadata(data_file).map_err(Failure::from)?.len().saturating_add(ROOM);
    let free = free_bytes(folder.path()).map_err(Failure::from)?;
    if free < needed {
        let (needed, free) = (size(needed), size(free));
        return Err(Refusal::operating(format!(
            "a snapshot needs {needed} and the disk has {free} free; make room first"
        ))
        .into());
    }
    Ok(())
}

fn compare(file_id: FileId, rows: &Rows, proof: &Proof) -> Result<(), Failure> {
    if proof.stamp.file_id != file_id {
        return Err(Failure::Differs(format!("it is of file {}, not of {file_id}", proof.stamp.file_id)));
    }
    match rows.iter().find(|(table, number)| proof.rows.get(*table) != Some(number)) {
        Some((table, number)) => {
            let found = proof.rows.get(table).copied().unwrap_or(0);
            Err(Failure::Differs(format!("table {table} held {number} rows and the copy has {found}")))
        }
        None => Ok(()),
    }
}

/// What lies in a folder of snapshots; those of other environments are left out.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn list(folder: &Folder, environment: &Environment) -> Result<Listing, Error> {
    let mut listing = folder.list().map_err(Failure::from)?;
    listing.snapshots.retain(|one| one.environment == *environment);
    Ok(listing)
}

/// A snapshot by its name.
///
/// # Errors
/// [`Refusal::Operating`] when there is none of that name; [`Error::Unavailable`].
pub fn find(folder: &Folder, name: &str) -> Result<Manifest, Error> {
    let id: SnapshotId = name.parse().map_err(|_| no_such(name))?;
    Ok(folder.find(&id).map_err(Failure::from)?.ok_or_else(|| no_such(name))?)
}

/// Proves a snapshot of a data file again: its bytes are those of its manifest, its pages are whole, every row is
/// understood, the counts agree. Blocks for as long as it takes to read it.
///
/// One without a manifest, because a rollback was killed, gets it now; `binary` is then what it is written to be of.
///
/// # Errors
/// [`Refusal::Operating`] when there is none of that name, or says what is wrong with it; [`Error::Unavailable`].
pub fn verify(
    folder: &Folder,
    environment: &Environment,
    clock: &Clock,
    name: &str,
    binary: Option<String>,
) -> Result<Manifest, Error> {
    let id: SnapshotId = name.parse().map_err(|_| no_such(name))?;
    let copy = folder.copy(&id);
    if !copy.exists() {
        return Err(no_such(name).into());
    }
    let known = folder.find(&id).map_err(Failure::from)?;
    let (proof, digest, bytes) = looked_through(&copy, known.as_ref(), environment, name)?;
    let now = clock.now();
    let manifest = if let Some(known) = known {
        Manifest { proven_at: now, ..known }
    } else {
        let taken_at = modified(&copy).unwrap_or(now);
        let reason = Reason::BeforeRollback;
        Proven { id, proof, binary, taken_at, now, reason, bytes, digest }.manifest()
    };
    folder.describe(&manifest).map_err(Failure::from)?;
    Ok(manifest)
}

/// What a copy holds, the digest of its bytes and how many there are, once it is certain that it is whole, this
/// environment's, and what its manifest says.
pub(super) fn looked_through(
    copy: &Path,
    known: Option<&Manifest>,
    environment: &Environment,
    name: &str,
) -> Result<(Proof, String, u64), Error> {
    let bad = |why: String| Error::from(Refusal::operating(format!("snapshot {name} is not to be trusted: {why}")));
    let (digest, bytes) = digest(copy).map_err(Failure::from)?;
    if let Some(known) = known.filter(|known| (&known.digest, known.bytes) != (&digest, bytes)) {
        return Err(bad(format!("its digest is {digest}, and its manifest says {}", known.digest)));
    }
    let proof = snapshot::prove(copy, environment).map_err(|error| match error {
        OpenError::Io { .. } => Error::Unavailable(error.to_string()),
        OpenError::OtherEnvironment { found, .. } => bad(format!(
            "it holds file {} of “{}”, and one of “{environment}” was expected; name another",
            found.file_id, found.environment
        )),
        other => bad(other.to_string()),
    })?;
    if let Some(known) = known.filter(|known| known.rows != proof.rows) {
        return Err(bad(format!("it holds {:?} rows, and its manifest says {:?}", proof.rows, known.rows)));
    }
    let (file, schema) = (proof.stamp.file_id, proof.schema);
    if let Some(known) = known.filter(|known| (known.file_id, known.schema) != (file, schema)) {
        let (other, expected) = (known.file_id, known.schema);
        return Err(bad(format!(
            "it holds file {file} in schema {schema}, and its manifest says {other} and {expected}"
        )));
    }
    Ok((proof, digest, bytes))
}

/// Lets metrics know how old the snapshots are that were taken before this process began.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn recall(app: &App) -> Result<(), Error> {
    list(&app.snapshots(), &app.store.stamp().environment)?.snapshots.iter().for_each(|one| note(app, one));
    Ok(())
}

/// Lets metrics know of a snapshot that was taken or proven.
pub fn note(app: &App, manifest: &Manifest) {
    app.snapshot_ages.note(manifest.taken_at, manifest.proven_at);
}

fn modified(path: &Path) -> Option<jiff::Timestamp> {
    jiff::Timestamp::try_from(std::fs::metadata(path).ok()?.modified().ok()?).ok()
}

/// Removes the snapshots that the rule of keeping lets go, except those named in `needed`. Answers which went.
///
/// # Errors
/// [`Error::Unavailable`]; what went before stays gone.
pub fn prune(app: &App, keep: Keep, needed: &[SnapshotId]) -> Result<Vec<Manifest>, Error> {
    let folder = app.snapshots();
    let listing = list(&folder, &app.store.stamp().environment)?;
    let mut gone = Vec::new();
    for one in superfluous(&listing.snapshots, keep, app.clock.now()) {
        if !needed.contains(&one.id) {
            folder.remove(&one.id).map_err(Failure::from)?;
            gone.push(one.clone());
        }
    }
    if let Some(elsewhere) = &app.elsewhere {
        elsewhere.prune(keep, &app.clock, needed).map_err(Failure::from)?;
    }
    Ok(gone)
}

/// Removes one snapshot that somebody no longer wants.
///
/// # Errors
/// [`Refusal::Operating`] when there is none of that name; [`Error::Unavailable`].
pub fn remove(app: &App, name: &str) -> Result<Manifest, Error> {
    let manifest = find(&app.snapshots(), name)?;
    discard(app, &manifest.id)?;
    Ok(manifest)
}

/// Removes a snapshot, and its copy in the second folder.
///
/// # Errors
/// [`Error::Unavailable`].
pub(super) fn discard(app: &App, id: &SnapshotId) -> Result<(), Error> {
    app.snapshots().remove(id).map_err(Failure::from)?;
    let elsewhere = app.elsewhere.as_ref().map(Elsewhere::folder).filter(|folder| folder.path().exists());
    elsewhere.map_or(Ok(()), |folder| folder.remove(id)).map_err(Failure::from)?;
    Ok(())
}

/// A size for people: bytes, kB, MB or GB in powers of 1,000.
pub fn size(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = bytes.saturating_mul(10) / unit;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}
