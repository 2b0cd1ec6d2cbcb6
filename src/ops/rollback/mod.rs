//! Going back: to the data of a snapshot, to the binary of a release, or to both.
//!
//! The way is the same whether a server has the data file or nobody has: the copy that comes in is made and compared with
//! its manifest first; then the data file gets a second name, which makes it the safety snapshot, and the copy takes its
//! place by one rename. Killed at any point, the data file is the old one or the new one.

mod exchange;
mod plan;

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::clock::Clock;
use crate::app::elsewhere::Elsewhere;
use crate::app::snapshots::Told;
use crate::app::{Error, releases};
use crate::domain::Environment;
use crate::ops::approvals::Approvals;
use crate::ops::set;
use crate::store::snapshot::Failure;
use crate::store::{Hold, OpenError, Store};

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
    /// The second folder of snapshots, if there is one.
    pub elsewhere: Option<&'a Elsewhere>,
    /// Which binaries may serve here.
    pub approvals: &'a Approvals,
    /// The open store, where this process has it.
    pub store: Option<&'a Store>,
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
    let plan = plan::plan(place, wanted, told)?;
    let mut answer = plan.shown(place);
    if wanted.dry_run {
        set(&mut answer, "dryRun", json!(true));
        return Ok(Done { answer, other_binary: false });
    }
    if let Some(snapshot) = &plan.snapshot {
        let safety = exchange::exchange(place, &plan, snapshot, told)?;
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
