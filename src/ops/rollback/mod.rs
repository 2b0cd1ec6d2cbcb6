//! Rolls back to the data of a snapshot, to the binary of a release, or to both.
//!
//! | file | what it does |
//! |---|---|
//! | `environment` | the data file and what belongs to it |
//! | `candidates` | which snapshots and releases there are to roll back to |
//! | `losses` | what was written since a snapshot |
//! | `plan` | decides on a snapshot and a binary, and changes nothing |
//! | `swap` | puts the snapshot in the data file's place |
//! | `interrupted` | what the next server does after a rollback was killed |
//!
//! The steps are the same whether a server has the data file or no process has it: the snapshot is copied beside the data
//! file and compared with its manifest; the data file gets a second name, which makes it the safety snapshot; the copy takes
//! its place by one rename.
//!
//! DURABILITY: killed at any point, the data file is the old one or the new one, and the old data has a name.

mod candidates;
mod environment;
pub mod interrupted;
mod losses;
mod plan;
mod swap;

use crate::app::Error;
use crate::app::backup::binary::binary_digest;
use crate::app::backup::releases;
use crate::app::progress::Progress;
use crate::domain::backup::release::{Release, roll_back};
use crate::store::backup::snapshot::SnapshotError;

use super::protocol::rollback::{CompletedRollback, PlannedRollback, RollbackAnswer, RollbackCommand};
pub use environment::RollbackEnvironment;

/// What a rollback did.
pub struct RollbackOutcome {
    /// For the operator.
    pub answer: RollbackAnswer,
    /// Whether another binary than this one has to serve the data from now on.
    pub needs_other_binary: bool,
}

/// Plans a rollback and, unless it is a dry run, executes it.
///
/// # Errors
/// [`Error::Refused`] when there is nothing to roll back to, or it does not fit: nothing was changed. After any other error
/// the data file is the one that it was, or the one that was asked for.
pub fn rollback(
    environment: &RollbackEnvironment<'_>,
    command: &RollbackCommand,
    on_progress: Progress<'_>,
) -> Result<RollbackOutcome, Error> {
    let plan = plan::plan(environment, command, on_progress)?;
    let answer = plan.describe(environment);
    if command.dry_run {
        let answer = RollbackAnswer::Planned(PlannedRollback { plan: answer, dry_run: true });
        return Ok(RollbackOutcome { answer, needs_other_binary: false });
    }
    let safety = match &plan.snapshot {
        Some(snapshot) => swap::swap(environment, &plan, snapshot, on_progress)?,
        None => None,
    };
    if let Some(release) = &plan.release {
        environment.releases().claim(&environment.folder_owner())?;
        record_releases(environment, &plan, release)?;
        environment.releases().set_current(release).map_err(SnapshotError::from)?;
        on_progress("pointed releases/current at that binary");
    }
    let running = binary_digest();
    let needs_other_binary = plan.release.as_ref().is_some_and(|release| Some(&release.digest) != running.as_ref());
    let done = CompletedRollback { plan: answer, done: true, safety, server_stops: None };
    Ok(RollbackOutcome { answer: RollbackAnswer::Done(done), needs_other_binary })
}

/// Remembers which release was left and which is to run, so that the same command does not lead back.
fn record_releases(environment: &RollbackEnvironment<'_>, plan: &plan::Plan, to: &Release) -> Result<(), Error> {
    let folder = environment.releases();
    let all = releases::list_releases(&folder)?;
    for changed in roll_back(&all, plan.binary_before.as_deref(), &to.digest, environment.clock.now()) {
        folder.write_record(&changed).map_err(SnapshotError::from)?;
    }
    Ok(())
}
