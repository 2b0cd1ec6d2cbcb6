//! The schedule on which a server takes snapshots.

use std::time::Duration;

use super::{prune, take};
use crate::app::backup::snapshots;
use crate::domain::backup::snapshot::SnapshotReason;
use crate::ops::context::OperatorContext;

/// The shortest pause between two scheduled snapshots. After the clock was set back, each new snapshot looks like the oldest
/// and retention removes it; the pause keeps that from becoming a busy loop.
const MIN_SCHEDULE_PAUSE: Duration = Duration::from_mins(10);
/// How long a failed scheduled snapshot waits before the next attempt.
const RETRY_PAUSE: Duration = Duration::from_mins(10);

/// Takes a snapshot every interval and removes what retention no longer keeps. Ends only by being dropped.
pub async fn run_schedule(context: &OperatorContext, interval: Duration) {
    let mut pause = Duration::ZERO;
    loop {
        let pending = time_until_due(context, interval).max(pause);
        context.snapshot_is_due.send_replace(pending.is_zero());
        tokio::time::sleep(pending).await;
        context.snapshot_is_due.send_replace(true);
        pause = interval.min(MIN_SCHEDULE_PAUSE);
        let taken = match take(context, SnapshotReason::Schedule, &mut |_| ()).await {
            Ok(_) => prune(context, None).await,
            Err(error) => Err(error),
        };
        context.snapshot_is_due.send_replace(false);
        match taken {
            Ok(pruned) => pruned.incomplete.iter().for_each(|why| tracing::warn!("{why}")),
            Err(error) => {
                tracing::error!(%error, "the scheduled snapshot failed; the next attempt is in ten minutes");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}

/// Waits until the scheduled snapshot that is due, if any, has been taken or has failed, for at most `timeout`. Returns
/// whether it is still due.
pub(in crate::ops) async fn wait_for_due_snapshot(context: &OperatorContext, timeout: Duration) -> bool {
    let mut is_due = context.snapshot_is_due.subscribe();
    tokio::time::timeout(timeout, is_due.wait_for(|is_due| !is_due)).await.is_err()
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
