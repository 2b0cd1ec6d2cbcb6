//! `atlas snapshot`, and the schedule on which a server takes snapshots.
//!
//! | file | what it does |
//! |---|---|
//! | `inventory` | lists, verifies and fetches; needs no data file |
//! | `schedule` | takes snapshots while a server runs |
//!
//! What needs the open data file is here: taking a snapshot, and removing one.

mod inventory;
mod schedule;

use super::context::{OperatorContext, run_blocking};
use super::protocol::snapshots::{
    CreatedSnapshot, OffsiteCopy, PrunedSnapshots, SnapshotAnswer, SnapshotCommand, VerifiedSnapshots,
};
use crate::app::backup::releases;
use crate::app::backup::snapshots::{self, RemovedSnapshots};
use crate::app::backup::take_snapshot::take_snapshot;
use crate::app::disk_recovery;
use crate::app::progress::Progress;
use crate::app::{App, Error, audit};
use crate::domain::Client;
use crate::domain::Refusal;
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::backup::snapshot::SnapshotReason;
use crate::domain::backup::snapshot_id::SnapshotId;
use inventory::detail;
pub use inventory::{SnapshotInventory, fetch};
pub use schedule::run_schedule;
pub(super) use schedule::wait_for_due_snapshot;

/// Executes a command about snapshots.
///
/// # Errors
/// What the use case refuses, and [`Error::Refused`] when the one snapshot to verify turns out to be corrupt.
pub async fn execute(
    context: &OperatorContext,
    command: SnapshotCommand,
    on_progress: Progress<'_>,
) -> Result<SnapshotAnswer, Error> {
    Ok(match command {
        SnapshotCommand::Create => SnapshotAnswer::Created(take(context, SnapshotReason::Manual, on_progress).await?),
        SnapshotCommand::List => SnapshotAnswer::List(SnapshotInventory::of_open_file(&context.app).list()?),
        SnapshotCommand::Verify { id } => SnapshotAnswer::Verified(verify(context, id, on_progress).await?),
        SnapshotCommand::Prune { id } => SnapshotAnswer::Pruned(prune(context, id).await?),
    })
}

async fn take(
    context: &OperatorContext,
    reason: SnapshotReason,
    on_progress: Progress<'_>,
) -> Result<CreatedSnapshot, Error> {
    let app = &context.app;
    if reason == SnapshotReason::Manual {
        audit::record(app, Actor::Operator, AuditAction::SnapshotTaken, &Client::default()).await?;
    }
    let taken = take_snapshot(app, reason, on_progress).await?;
    Ok(CreatedSnapshot {
        snapshot: detail(&app.snapshot_folder(), &taken.manifest),
        offsite: taken.copied.map(|copied| OffsiteCopy {
            copied: copied.is_ok(),
            copy_failed: copied.err().map(|error| error.to_string()),
        }),
    })
}

async fn verify(
    context: &OperatorContext,
    id: Option<SnapshotId>,
    on_progress: Progress<'_>,
) -> Result<VerifiedSnapshots, Error> {
    let inventory = SnapshotInventory::of_open_file(&context.app);
    let verified = run_blocking(on_progress, move |on_progress| inventory.verify(id.as_ref(), on_progress)).await?;
    for snapshot in &verified.verified {
        context.app.snapshot_ages.note(snapshot.taken_at, snapshot.verified_at);
    }
    Ok(verified)
}

async fn prune(context: &OperatorContext, id: Option<SnapshotId>) -> Result<PrunedSnapshots, Error> {
    let app = &context.app;
    let needed = needed_by_releases(context)?;
    let RemovedSnapshots { ids, offsite_error } = match id {
        Some(id) if needed.contains(&id) => {
            let why = format!("snapshot {id} belongs to a release that is kept; `atlas release list` shows which");
            return Err(Refusal::operation(why).into());
        }
        Some(id) => snapshots::remove_snapshot(app, &id)?,
        None => snapshots::prune_snapshots(app, context.keep, &needed)?,
    };
    let mut incomplete = Vec::new();
    incomplete.extend(offsite_error.map(|error| format!("off-site copies were not removed: {error}")));
    if !ids.is_empty()
        && let Err(error) = record_removal(app).await
    {
        incomplete.push(format!("the removal is not in the audit trail: {error}"));
    }
    let left = snapshots::list_snapshots(&app.snapshot_folder(), &app.store.stamp().environment)?.snapshots.len();
    Ok(PrunedSnapshots { removed: ids, left, incomplete })
}

/// Snapshots are removed to make room on a full disk, so they are removed first, and the data file then accepts the entry.
async fn record_removal(app: &App) -> Result<(), Error> {
    let client = Client::default();
    let record = || audit::record(app, Actor::Operator, AuditAction::SnapshotRemoved, &client);
    match record().await {
        Err(Error::Unavailable(_)) => {
            disk_recovery::try_reopen(app).await?;
            record().await
        }
        recorded => recorded,
    }
}

/// The snapshots that a rollback to a kept release needs.
fn needed_by_releases(context: &OperatorContext) -> Result<Vec<SnapshotId>, Error> {
    Ok(releases::list_releases(&context.app.release_folder())?
        .into_iter()
        .filter_map(|release| release.snapshot)
        .collect())
}
