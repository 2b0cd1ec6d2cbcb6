//! The plan of a rollback: which data, which binary, and what would be lost. Nothing is changed to make it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Place, Wanted, releases_of};
use crate::app::snapshots::{self, Told};
use crate::app::{Error, releases};
use crate::domain::Refusal;
use crate::domain::release::{Release, known_good, snapshot_of};
use crate::domain::snapshot::{Manifest, Reason, SnapshotId};
use crate::ops::fence::identity;
use crate::store::snapshot::{Change, changes_between_files};
use crate::store::snapshots::Folder;
use crate::store::{OpenError, look_at, migrations};

/// What would be done.
pub(super) struct Plan {
    pub(super) snapshot: Option<Manifest>,
    pub(super) release: Option<Release>,
    pub(super) binary: Option<PathBuf>,
    /// The digest of the binary that the present data belong to: the one that serves them, or served them last.
    pub(super) before: Option<String>,
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

pub(super) fn plan(place: &Place<'_>, wanted: &Wanted, told: Told<'_>) -> Result<Plan, Error> {
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
    // A server was let in when it started.
    let serves = place.store.and(running.as_ref());
    if let Some(release) = release.filter(|release| Some(&release.digest) != serves) {
        place.approvals.let_in(release, place.clock.now())?;
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
            None if !place.data_file.exists() => "there is no data file".to_owned(),
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
    pub(super) fn shown(&self, place: &Place<'_>) -> Value {
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
