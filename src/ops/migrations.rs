//! `atlas migrate`: leading a data file that nobody has open to another schema. The way is proved on a copy first, and a
//! snapshot is taken before it is gone.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::app::Error;
use crate::app::clock::Clock;
use crate::app::elsewhere::Elsewhere;
use crate::app::snapshots::{self, Told};
use crate::domain::snapshot::Reason;
use crate::domain::{Environment, Refusal};
use crate::store::snapshots::Folder;
use crate::store::{Hold, OpenError, look_at, migrations};

/// A data file that nobody has open.
pub struct Place<'a> {
    /// The data file.
    pub data_file: &'a Path,
    /// Whose it is.
    pub environment: &'a Environment,
    /// What time it is.
    pub clock: &'a Clock,
    /// The second folder of snapshots, if there is one.
    pub elsewhere: Option<&'a Elsewhere>,
}

/// Why the file stayed as it was.
#[derive(Debug, thiserror::Error)]
pub enum Stayed {
    /// It does not open, or belongs elsewhere.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// A rule said no, or the disk.
    #[error("{0}")]
    App(#[from] Error),
}

/// Where the file stands, which steps this binary knows, and what going down by one would lose.
///
/// # Errors
/// [`Stayed::Open`].
pub fn status(place: &Place<'_>) -> Result<Value, Stayed> {
    let found = schema_of(place)?;
    let steps = migrations::steps().iter().map(
        |step| json!({ "to": step.to, "about": step.about, "minReader": step.min_reader, "applied": step.to <= found }),
    );
    Ok(json!({ "schema": found, "known": migrations::newest(), "pending": migrations::newest().saturating_sub(found),
        "steps": steps.collect::<Vec<_>>() }))
}

fn schema_of(place: &Place<'_>) -> Result<u32, Stayed> {
    let (stamp, found) = look_at(place.data_file)?;
    if stamp.belongs_to(place.environment) {
        return Ok(found);
    }
    let (path, expected) = (place.data_file.to_owned(), place.environment.clone());
    Err(OpenError::OtherEnvironment { path, found: Box::new(stamp), expected }.into())
}

/// Leads the file up to schema `to`, the newest when nothing is named. Answers what was done; nothing when it is there.
///
/// # Errors
/// [`Stayed`].
pub fn up(place: &Place<'_>, to: Option<u32>, told: Told<'_>) -> Result<Value, Stayed> {
    let found = schema_of(place)?;
    let to = to.unwrap_or_else(migrations::newest);
    if to > migrations::newest() || to < found {
        let newest = migrations::newest();
        return Err(refused(format!(
            "schema {to} is not above {found} and within what this binary knows, up to {newest}"
        )));
    }
    go(place, found, to, told)
}

/// What going down to schema `to` would lose; nothing is changed.
///
/// # Errors
/// [`Stayed`].
pub fn losses(place: &Place<'_>, to: u32) -> Result<Vec<migrations::Loss>, Stayed> {
    let found = schema_of(place)?;
    if to == 0 || to >= found || found > migrations::newest() {
        return Err(refused(format!(
            "the file has schema {found}; --to must be below it, and this binary must know {found}"
        )));
    }
    Ok(migrations::losses(place.data_file, place.environment, to)?)
}

/// Leads the file down to schema `to`.
///
/// # Errors
/// [`Stayed`].
pub fn down(place: &Place<'_>, to: u32, told: Told<'_>) -> Result<Value, Stayed> {
    let lost = losses(place, to)?;
    let found = schema_of(place)?;
    let mut answer = go(place, found, to, told)?;
    super::set(&mut answer, "lost", json!(lost));
    Ok(answer)
}

fn refused(why: String) -> Stayed {
    Error::from(Refusal::operating(why)).into()
}

fn go(place: &Place<'_>, found: u32, to: u32, told: Told<'_>) -> Result<Value, Stayed> {
    if found == to {
        return Ok(json!({ "from": found, "to": to, "changed": false }));
    }
    let hold = Hold::take(place.data_file)?;
    told("proving the way on a copy: there, back, and there again");
    rehearsed(place, to)?;
    told("taking a snapshot");
    let reason = Reason::BeforeMigration;
    let taken = snapshots::take_closed(place.data_file, place.environment, place.clock, place.elsewhere, reason)?;
    drop(hold);
    told("leading the data file");
    let led = migrations::lead(place.data_file, place.environment, to)?;
    Ok(json!({ "from": led.from, "to": led.to, "changed": true, "snapshot": taken.manifest.id }))
}

fn rehearsed(place: &Place<'_>, to: u32) -> Result<(), Stayed> {
    let folder = Folder::beside(place.data_file);
    let copy = folder.path().join(".rehearsal.redb");
    let io = |error: std::io::Error| {
        let why = format!("the way cannot be tried on a copy, {}: {error}; the data file is as it was", copy.display());
        Stayed::from(Error::Unavailable(why))
    };
    folder.make().map_err(io)?;
    let rehearsed = match fs::copy(place.data_file, &copy) {
        Ok(_) => migrations::rehearse(&copy, place.environment, to).map_err(Stayed::from),
        Err(error) => Err(io(error)),
    };
    let _ = fs::remove_file(&copy);
    rehearsed
}
