//! Going back: to the data of a snapshot, to the binary of a release, or to both.
//!
//! The way is the same whether a server has the data file or nobody has: the copy that comes in is made and compared with
//! its manifest first; then the data file gets a second name, which makes it the safety snapshot, and the copy takes its
//! place by one rename. Killed at any point, the data file is the old one or the new one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fence::identity;
use super::set;
use crate::app::clock::Clock;
use crate::app::snapshots::{self, Told};
use crate::app::{Error, random, releases};
use crate::domain::release::{Release, known_good, snapshot_of};
use crate::domain::snapshot::{Manifest, Reason, SnapshotId};
use crate::domain::{Environment, Refusal};
use crate::store::snapshot::{Change, Failure, changes_between_files};
use crate::store::snapshots::{Folder, digest, free_bytes, sync};
use crate::store::{Hold, OpenError, Store, look_at, migrations};

/// What an operator wants to go back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// A snapshot or a release; the known-good release when nothing is named.
    pub to: Option<String>,
    /// Only the binary: nothing that was written is lost.
    pub code_only: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// A data file that may be gone back on.
pub struct Place<'a> {
    /// The data file.
    pub data_file: &'a Path,
    /// Whose it is.
    pub environment: &'a Environment,
    /// What time it is.
    pub clock: &'a Clock,
    /// The open store, where this process has it.
    pub store: Option<&'a Store>,
}

/// What would be done.
struct Plan {
    snapshot: Option<Manifest>,
    release: Option<Release>,
    binary: Option<PathBuf>,
    /// The digest of the binary that the present data belong to: the one that serves them, or served them last.
    before: Option<String>,
    lost: Lost,
}

/// What was written since the snapshot.
enum Lost {
    Nothing,
    /// Rows by table, where both are in one schema.
    Rows(BTreeMap<String, Change>),
    /// It cannot be told, and why.
    Unknown(String),
}

/// What came of it.
pub struct Done {
    /// For the operator.
    pub answer: Value,
    /// Whether another binary than this one has to serve the data from now on.
    pub other_binary: bool,
}

/// Plans, and unless it is a dry run goes back.
///
/// # Errors
/// [`Error::Refused`] when there is nothing to go back to, or it does not fit: nothing was changed. Anything else: the
/// data file is the one that it was, or the one that was asked for.
pub fn go_back(place: &Place<'_>, wanted: &Wanted, told: Told<'_>) -> Result<Done, Error> {
    let plan = plan(place, wanted, told)?;
    let mut answer = plan.shown(place);
    if wanted.dry_run {
        set(&mut answer, "dryRun", json!(true));
        return Ok(Done { answer, other_binary: false });
    }
    if let Some(snapshot) = &plan.snapshot {
        let safety = exchange(place, &plan, snapshot, told)?;
        set(&mut answer, "safety", safety);
    }
    if let Some(release) = &plan.release {
        releases_of(place).point_at(release).map_err(Failure::from)?;
        told("releases/current leads to that binary");
    }
    let running = releases::binary_digest();
    let other_binary = plan.release.as_ref().is_some_and(|release| Some(&release.digest) != running.as_ref());
    set(&mut answer, "done", json!(true));
    Ok(Done { answer, other_binary })
}

fn releases_of(place: &Place<'_>) -> crate::store::releases::Folder {
    crate::store::releases::Folder::beside(place.data_file)
}

/// What is there to choose from.
struct Choice {
    snapshots: Vec<Manifest>,
    releases: Vec<Release>,
    /// The schema of the data file, and the oldest whose binary may open it; `None` when it cannot be read.
    schema: Option<u32>,
}

impl Choice {
    fn of(place: &Place<'_>) -> Result<Self, Error> {
        let looked = match place.store {
            Some(store) => Some((store.stamp().clone(), migrations::newest())),
            None => looked_at(place)?,
        };
        let folder = Folder::beside(place.data_file);
        let mut found = snapshots::list(&folder, place.environment)?.snapshots;
        // A snapshot of another file of the same name is not this file's past. Which file lives here is known even where
        // it is torn or gone.
        let home = place.data_file.parent().unwrap_or(Path::new(""));
        let known = || identity::read(home).ok().flatten().map(|known| known.file_id);
        if let Some(file_id) = looked.as_ref().map(|(stamp, _)| stamp.file_id).or_else(known) {
            found.retain(|one| one.file_id == file_id);
        }
        let mut releases = releases::list(&releases_of(place))?;
        releases.retain(|one| one.environment == *place.environment);
        Ok(Self { snapshots: found, releases, schema: looked.map(|(_, schema)| schema) })
    }

    fn release_of(&self, digest: Option<&String>) -> Option<&Release> {
        self.releases.iter().find(|one| Some(&one.digest) == digest)
    }
}

/// Stamp and schema of a file nobody has open; `None` when it is damaged, which is a reason to go back, not against it.
fn looked_at(place: &Place<'_>) -> Result<Option<(crate::domain::stamp::Stamp, u32)>, Error> {
    match look_at(place.data_file) {
        Ok((stamp, _)) if !stamp.belongs_to(place.environment) => {
            let error = OpenError::OtherEnvironment {
                path: place.data_file.to_owned(),
                found: Box::new(stamp),
                expected: place.environment.clone(),
            };
            Err(Refusal::operating(error.to_string()).into())
        }
        Ok(found) => Ok(Some(found)),
        Err(OpenError::Io { path, source }) => Err(Error::Unavailable(format!("{}: {source}", path.display()))),
        Err(_) => Ok(None),
    }
}

fn plan(place: &Place<'_>, wanted: &Wanted, told: Told<'_>) -> Result<Plan, Error> {
    let choice = Choice::of(place)?;
    let running = releases::binary_digest();
    // A server that has just started may not have written itself down yet.
    let served = place.store.and(running.clone());
    let before = served.or_else(|| choice.releases.first().map(|one| one.digest.clone()));
    let (snapshot, release) = match &wanted.to {
        None => {
            let good = known_good(&choice.releases, before.as_deref());
            let good = good.ok_or_else(|| {
                Refusal::operating("no release passed `atlas verify` yet, so there is no known-good one; name a snapshot with --to (`atlas snapshot list`)")
            })?;
            (snapshot_of(good, &choice.releases, &choice.snapshots), Some(good))
        }
        Some(word) => named(place, &choice, word, running.as_ref())?,
    };
    let snapshot = if wanted.code_only { None } else { snapshot };
    match (release, snapshot) {
        (None, None) if wanted.code_only => {
            return Err(Refusal::operating("--code-only needs a release: name one with --to").into());
        }
        (Some(release), None) if wanted.code_only => may_read(place, release, choice.schema)?,
        (Some(release), None) => {
            let why = format!(
                "release {} has no snapshot to go back to; name one with --to, or keep the data with --code-only",
                release.id()
            );
            return Err(Refusal::operating(why).into());
        }
        _ => {}
    }
    let binary = release.map(|release| releases::binary_of(&releases_of(place), release)).transpose()?;
    let lost = match snapshot {
        None => Lost::Nothing,
        Some(snapshot) => {
            is_what_it_says(place, snapshot)?;
            told("comparing the snapshot with the data file");
            lost(place, snapshot, choice.schema)
        }
    };
    Ok(Plan { snapshot: snapshot.cloned(), release: release.cloned(), binary, before, lost })
}

/// The snapshot and the release of a word that names the one or the other.
fn named<'a>(
    place: &Place<'_>,
    choice: &'a Choice,
    word: &str,
    running: Option<&String>,
) -> Result<(Option<&'a Manifest>, Option<&'a Release>), Error> {
    if let Ok(id) = word.parse::<SnapshotId>() {
        let found = choice.snapshots.iter().find(|one| one.id == id);
        let found = found.ok_or_else(|| of_another(place, &id).unwrap_or_else(|| no_such(word)))?;
        return Ok((Some(found), of_snapshot(choice, found, running)?));
    }
    let named = releases::find(&releases_of(place), word)?;
    let release = choice.release_of(Some(&named.digest)).ok_or_else(|| no_such(word))?;
    Ok((snapshot_of(release, &choice.releases, &choice.snapshots), Some(release)))
}

/// Whose a snapshot is that lies here and is not this data file's.
fn of_another(place: &Place<'_>, id: &SnapshotId) -> Option<Refusal> {
    let found = Folder::beside(place.data_file).find(id).ok().flatten()?;
    Some(Refusal::operating(format!(
        "snapshot {id} is of file {} of “{}”, and one of the data file of “{}” was expected. Nothing was changed; `atlas snapshot list --env {2}` shows what it can go back to",
        found.file_id, found.environment, place.environment
    )))
}

fn no_such(word: &str) -> Refusal {
    Refusal::operating(format!(
        "there is no snapshot or release “{}” of this data file; `atlas snapshot list` and `atlas release list` show them",
        word.escape_debug()
    ))
}

/// The release whose binary serves a snapshot's data. What a rollback replaced goes back with the binary it had; other
/// snapshots keep this binary if they fit it.
fn of_snapshot<'a>(
    choice: &'a Choice,
    snapshot: &Manifest,
    running: Option<&String>,
) -> Result<Option<&'a Release>, Refusal> {
    let its_own = choice.release_of(snapshot.binary.as_ref());
    let another = its_own.filter(|one| Some(&one.digest) != running);
    let fits = snapshot.schema == migrations::newest();
    if fits && (snapshot.reason != Reason::BeforeRollback || another.is_none()) {
        return Ok(None);
    }
    let any = another.or_else(|| choice.releases.iter().find(|one| one.schema == snapshot.schema));
    any.map(Some).ok_or_else(|| {
        Refusal::operating(format!(
            "snapshot {} has schema {} and this binary works with {}; no binary of that schema is kept here, so start this verb with one",
            snapshot.id,
            snapshot.schema,
            migrations::newest()
        ))
    })
}

/// Whether the copy holds the data that its manifest tells of: a manifest is a file that anybody may edit, and data of
/// another environment are never put in place.
fn is_what_it_says(place: &Place<'_>, snapshot: &Manifest) -> Result<(), Refusal> {
    let copy = Folder::beside(place.data_file).copy(&snapshot.id);
    let why = match look_at(&copy) {
        Ok((stamp, schema)) if !stamp.belongs_to(place.environment) || stamp.file_id != snapshot.file_id => format!(
            "it holds file {} of “{}” with schema {schema}, and file {} of “{}” was expected",
            stamp.file_id, stamp.environment, snapshot.file_id, place.environment
        ),
        Ok((_, schema)) if schema != snapshot.schema => {
            format!("it has schema {schema}, and its manifest says {}", snapshot.schema)
        }
        Ok(_) => return Ok(()),
        Err(error) => error.to_string(),
    };
    Err(Refusal::operating(format!(
        "snapshot {} is not to be trusted: {why}. Nothing was changed; name another",
        snapshot.id
    )))
}

/// Whether a release's binary may open the data file as it is.
fn may_read(place: &Place<'_>, release: &Release, schema: Option<u32>) -> Result<(), Error> {
    let Some(schema) = schema else {
        return Err(Refusal::operating("the data file cannot be read, so the binary alone does not help").into());
    };
    let reader = migrations::min_reader(schema);
    if release.schema >= reader {
        return Ok(());
    }
    let why = format!(
        "release {} works with schema {}, and {} has schema {schema}, which needs {reader} or newer; go back with the data, or lead them down first: `atlas migrate down --to {} --env {}`",
        release.id(),
        release.schema,
        place.data_file.display(),
        release.schema,
        place.environment,
    );
    Err(Refusal::operating(why).into())
}

fn lost(place: &Place<'_>, snapshot: &Manifest, schema: Option<u32>) -> Lost {
    let copy = Folder::beside(place.data_file).copy(&snapshot.id);
    if schema != Some(snapshot.schema) {
        return Lost::Unknown(match schema {
            Some(schema) => format!("the data file has schema {schema} and the snapshot {}", snapshot.schema),
            None => "the data file cannot be read".to_owned(),
        });
    }
    let compared = match place.store {
        Some(store) => store.changes_since(&copy),
        None => changes_between_files(&copy, place.data_file),
    };
    match compared {
        Ok(changes) => Lost::Rows(changes),
        Err(error) => Lost::Unknown(error.to_string()),
    }
}

impl Plan {
    fn shown(&self, place: &Place<'_>) -> Value {
        let snapshot = self.snapshot.as_ref().map(|one| {
            json!({ "id": one.id, "takenAt": one.taken_at, "schema": one.schema, "bytes": one.bytes,
                "reason": one.reason, "file": Folder::beside(place.data_file).copy(&one.id) })
        });
        let release = self.release.as_ref().map(|one| {
            json!({ "id": one.id(), "version": one.version, "schema": one.schema, "binary": self.binary,
                "current": releases_of(place).current(), "runsNow": Some(&one.digest) == releases::binary_digest().as_ref() })
        });
        let (lost, unknown) = match &self.lost {
            Lost::Nothing => (json!({}), None),
            Lost::Rows(rows) => (json!(rows), None),
            Lost::Unknown(why) => (Value::Null, Some(why)),
        };
        json!({ "environment": place.environment, "dataFile": place.data_file, "snapshot": snapshot, "release": release,
            "lost": lost, "lostUnknown": unknown })
    }
}

/// The data file, so that nobody opens it; nothing where there is none, for that can be gone back on too.
///
/// # Errors
/// As for [`Hold::take`].
pub fn hold(place: &Place<'_>) -> Result<Option<Hold>, OpenError> {
    match Hold::take(place.data_file) {
        Ok(hold) => Ok(Some(hold)),
        Err(OpenError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts the snapshot in the data file's place and proves what was there, which is the way back from here.
fn exchange(place: &Place<'_>, plan: &Plan, snapshot: &Manifest, told: Told<'_>) -> Result<Value, Error> {
    let folder = Folder::beside(place.data_file);
    let incoming = incoming(place, &folder, snapshot, told)?;
    let safety = SnapshotId::mint(place.clock.now(), random()?);
    let swapped = swap(place, &folder, &incoming, &safety, told);
    if swapped.is_err() {
        let _ = fs::remove_file(&incoming);
    }
    swapped?;
    told("the data file is that of the snapshot");
    let proven = snapshots::verify(&folder, place.environment, place.clock, safety.as_str(), plan.before.clone());
    Ok(match proven {
        Ok(manifest) => json!({ "id": manifest.id, "bytes": manifest.bytes, "proven": true }),
        // It is kept all the same: it is all there is of what was written since.
        Err(error) => json!({ "id": safety, "proven": false, "why": error.to_string() }),
    })
}

/// A copy of the snapshot beside the data file, on the disk and compared with its manifest.
fn incoming(place: &Place<'_>, folder: &Folder, snapshot: &Manifest, told: Told<'_>) -> Result<PathBuf, Error> {
    let copy = folder.copy(&snapshot.id);
    let mut name = place.data_file.as_os_str().to_owned();
    name.push(".incoming");
    let incoming = PathBuf::from(name);
    let free = free_bytes(folder.path()).map_err(Failure::from)?;
    if free < snapshot.bytes {
        let (needed, free) = (snapshots::size(snapshot.bytes), snapshots::size(free));
        return Err(Refusal::operating(format!("going back needs {needed} and the disk has {free} free")).into());
    }
    told("copying the snapshot");
    let copied = (|| {
        let _ = fs::remove_file(&incoming);
        fs::copy(&copy, &incoming)?;
        fs::File::open(&incoming)?.sync_all()?;
        digest(&incoming)
    })();
    let failed = match copied {
        Ok((digest, _)) if digest == snapshot.digest => return Ok(incoming),
        Ok(_) => {
            Refusal::operating(format!("snapshot {} was changed since it was proven; name another", snapshot.id)).into()
        }
        Err(error) => Failure::from(error).into(),
    };
    let _ = fs::remove_file(&incoming);
    Err(failed)
}

fn swap(place: &Place<'_>, folder: &Folder, incoming: &Path, safety: &SnapshotId, told: Told<'_>) -> Result<(), Error> {
    let mut arrange = |path: &Path| {
        folder.make()?;
        if path.exists() {
            // The same file under a second name; where that cannot be, a copy.
            fs::hard_link(path, folder.copy(safety)).or_else(|_| fs::copy(path, folder.copy(safety)).map(drop))?;
            sync(folder.path())?;
        }
        told("the data file is kept as the safety snapshot");
        fs::rename(incoming, path)?;
        sync(path.parent().unwrap_or(Path::new(".")))
    };
    let Some(store) = place.store else {
        let _hold = hold(place).map_err(|error| Error::Unavailable(error.to_string()))?;
        return Ok(arrange(place.data_file).map_err(Failure::from)?);
    };
    match store.replace(arrange) {
        // Another binary serves it from now on; this one does not open it.
        Ok(()) | Err(OpenError::Older { .. } | OpenError::Newer { .. }) => Ok(()),
        Err(error) => {
            let undone = store.replace(|path| {
                let was = folder.copy(safety);
                if was.exists() { fs::rename(was, path).and_then(|()| sync(folder.path())) } else { Ok(()) }
            });
            let after = if undone.is_ok() { "the data file is as it was" } else { "the server must be started again" };
            Err(Error::Broken(format!("{error}; {after}")))
        }
    }
}
