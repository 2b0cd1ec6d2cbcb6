//! `atlas snapshot`, and the schedule on which a server takes snapshots.

use std::time::Duration;

use super::context::{OperatorContext, run_blocking};
use super::protocol::snapshots::{
    CreatedSnapshot, OffsiteCopy, OffsiteList, PrunedSnapshots, SnapshotAnswer, SnapshotCommand, SnapshotDetail,
    SnapshotList, UnreadableManifest, VerifiedSnapshots,
};
use crate::app::backup::offsite::Offsite;
use crate::app::backup::snapshots;
use crate::app::backup::take_snapshot::take_snapshot;
use crate::app::backup::verify_snapshot::verify_snapshot;
use crate::app::backup::{offsite_fetch, releases};
use crate::app::clock::Clock;
use crate::app::progress::Progress;
use crate::app::{Error, audit};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::backup::snapshot::{SnapshotManifest, SnapshotReason};
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Client, Refusal};
use crate::store::backup::snapshot::SnapshotError;
use crate::store::backup::snapshot_folder::SnapshotFolder;

/// The shortest pause between two scheduled snapshots. After the clock was set back, each new snapshot looks like the oldest
/// and retention removes it; the pause keeps that from becoming a busy loop.
const MIN_SCHEDULE_PAUSE: Duration = Duration::from_mins(10);
/// How long a failed scheduled snapshot waits before the next attempt.
const RETRY_PAUSE: Duration = Duration::from_mins(10);

/// Executes a command about snapshots.
///
/// # Errors
/// What the use case refuses, and [`Error::Refused`] when a verified snapshot turns out to be corrupt.
pub async fn execute(
    context: &OperatorContext,
    command: SnapshotCommand,
    on_progress: Progress<'_>,
) -> Result<SnapshotAnswer, Error> {
    Ok(match command {
        SnapshotCommand::Create => SnapshotAnswer::Created(take(context, SnapshotReason::Manual, on_progress).await?),
        SnapshotCommand::List => SnapshotAnswer::List(list(context)?),
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

fn detail(folder: &SnapshotFolder, manifest: &SnapshotManifest) -> SnapshotDetail {
    let is_encrypted = manifest.encrypted.is_some();
    SnapshotDetail {
        id: manifest.id.clone(),
        file: if is_encrypted { folder.encrypted_path(&manifest.id) } else { folder.copy_path(&manifest.id) },
        encrypted: is_encrypted,
        taken_at: manifest.taken_at,
        verified_at: manifest.verified_at,
        reason: manifest.reason,
        schema: manifest.schema,
        bytes: manifest.bytes,
        digest: manifest.digest.clone(),
        rows: manifest.rows.clone(),
        version: manifest.version.clone(),
        binary: manifest.binary.clone(),
    }
}

fn list(context: &OperatorContext) -> Result<SnapshotList, Error> {
    let app = &context.app;
    let folder = app.snapshot_folder();
    let listing = snapshots::list_snapshots(&folder, &app.store.stamp().environment)?;
    let unreadable =
        listing.unreadable.into_iter().map(|(file, error)| UnreadableManifest { file, why: error.to_string() });
    Ok(SnapshotList {
        folder: folder.path().to_owned(),
        snapshots: listing.snapshots.iter().map(|manifest| detail(&folder, manifest)).collect(),
        unverified: listing.unverified,
        unreadable: unreadable.collect(),
        offsite: app.offsite.as_ref().map(list_offsite).transpose()?,
    })
}

fn list_offsite(offsite: &Offsite) -> Result<OffsiteList, Error> {
    let folder = offsite.folder();
    let manifests = offsite.list_snapshots().map_err(SnapshotError::from)?;
    let snapshots = manifests.iter().map(|manifest| detail(&folder, manifest)).collect();
    Ok(OffsiteList { folder: folder.path().to_owned(), snapshots })
}

/// Copies an off-site snapshot back, with or without a running server and with or without a data file.
///
/// # Errors
/// Those of [`fetch::fetch`].
pub fn fetch(
    wanted: &offsite_fetch::FetchRequest<'_>,
    clock: &Clock,
    on_progress: Progress<'_>,
) -> Result<SnapshotDetail, Error> {
    Ok(detail(wanted.to, &offsite_fetch::fetch_snapshot(wanted, clock, on_progress)?))
}

async fn verify(
    context: &OperatorContext,
    id: Option<SnapshotId>,
    on_progress: Progress<'_>,
) -> Result<VerifiedSnapshots, Error> {
    let app = &context.app;
    let folder = app.snapshot_folder();
    let environment = app.store.stamp().environment.clone();
    let ids: Vec<SnapshotId> = if let Some(id) = id {
        vec![id]
    } else {
        let listing = snapshots::list_snapshots(&folder, &environment)?;
        listing.snapshots.into_iter().map(|manifest| manifest.id).chain(listing.unverified).collect()
    };
    let clock = app.clock.clone();
    let (good, bad) = run_blocking(on_progress, move |on_progress| {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for id in ids {
            on_progress(&format!("verifying {id}"));
            match verify_snapshot(&folder, &environment, &clock, id.as_str(), None) {
                Ok(manifest) => good.push(manifest),
                Err(Error::Refused(why)) => bad.push(why),
                Err(error) => return Err(error),
            }
        }
        Ok((good, bad))
    })
    .await?;
    for manifest in &good {
        snapshots::record_snapshot_age(app, manifest);
    }
    match bad.into_iter().next() {
        Some(why) => Err(why.into()),
        None => Ok(VerifiedSnapshots {
            verified: good.iter().map(|manifest| detail(&app.snapshot_folder(), manifest)).collect(),
        }),
    }
}

async fn prune(context: &OperatorContext, id: Option<SnapshotId>) -> Result<PrunedSnapshots, Error> {
    let app = &context.app;
    let needed = needed_by_releases(context)?;
    let removed = match id {
        Some(id) => {
            let id = snapshots::find_snapshot(&app.snapshot_folder(), id.as_str())?.id;
            if needed.contains(&id) {
                let why = format!("snapshot {id} belongs to a release that is kept; `atlas release list` shows which");
                return Err(Refusal::operation(why).into());
            }
            vec![snapshots::remove_snapshot(app, id.as_str())?]
        }
        None => snapshots::prune_snapshots(app, context.keep, &needed)?,
    };
    if !removed.is_empty() {
        audit::record(app, Actor::Operator, AuditAction::SnapshotRemoved, &Client::default()).await?;
    }
    let left = snapshots::list_snapshots(&app.snapshot_folder(), &app.store.stamp().environment)?.snapshots.len();
    Ok(PrunedSnapshots { removed: removed.into_iter().map(|manifest| manifest.id).collect(), left })
}

/// The snapshots that a rollback to a kept release needs.
fn needed_by_releases(context: &OperatorContext) -> Result<Vec<SnapshotId>, Error> {
    Ok(releases::list_releases(&context.app.release_folder())?
        .into_iter()
        .filter_map(|release| release.snapshot)
        .collect())
}

/// Takes a snapshot every interval and removes what retention no longer keeps. Ends only by being dropped.
pub async fn run_schedule(context: &OperatorContext, interval: Duration) {
    let mut pause = Duration::ZERO;
    loop {
        tokio::time::sleep(time_until_due(context, interval).max(pause)).await;
        pause = interval.min(MIN_SCHEDULE_PAUSE);
        let taken = match take(context, SnapshotReason::Schedule, &mut |_| ()).await {
            Ok(_) => prune(context, None).await,
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            tracing::error!(%error, "the scheduled snapshot failed; the next attempt is in ten minutes");
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

/// One interval after the newest snapshot of any reason. Snapshots from the future, taken before the clock was set back,
/// delay nothing.
fn time_until_due(context: &OperatorContext, interval: Duration) -> Duration {
    let app = &context.app;
    let now = app.clock.now();
    let listing = snapshots::list_snapshots(&app.snapshot_folder(), &app.store.stamp().environment).ok();
    let newest = listing.and_then(|listing| {
        listing.snapshots.into_iter().map(|manifest| manifest.taken_at).find(|taken_at| *taken_at <= now)
    });
    let Some(newest) = newest else { return Duration::ZERO };
    let passed = Duration::try_from(now.duration_since(newest)).unwrap_or(interval);
    interval.saturating_sub(passed)
}
