//! What an environment can be rolled back to: its snapshots and releases.

use crate::app::App;
use crate::app::backup::{binary, releases, snapshots};
use crate::app::error::Error;
use crate::domain::backup::release::Release;
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Day, Zone};

/// Snapshots and releases.
#[derive(Debug)]
pub struct RestorePoints {
    /// The verified snapshots, newest first.
    pub snapshots: Vec<SnapshotManifest>,
    pub unverified: Vec<SnapshotId>,
    /// The releases, the one that was started last first.
    pub releases: Vec<Release>,
    /// The digest of the running binary.
    pub running_digest: Option<String>,
}

/// Reads the folders of the snapshots and the releases.
///
/// # Errors
/// [`Error::Unavailable`] when a folder cannot be read.
pub fn load_restore_points(app: &App) -> Result<RestorePoints, Error> {
    let listing = snapshots::list_snapshots(&app.snapshot_folder(), &app.store.stamp().environment)?;
    Ok(RestorePoints {
        snapshots: listing.snapshots,
        unverified: listing.unverified,
        releases: releases::list_releases(&app.release_folder())?,
        running_digest: binary::binary_digest(),
    })
}

impl RestorePoints {
    /// Whether a release is the one that runs.
    pub fn is_running(&self, release: &Release) -> bool {
        self.running_digest.as_deref() == Some(release.digest.as_str())
    }

    /// The running release, if it is recorded.
    pub fn running_release(&self) -> Option<&Release> {
        self.releases.iter().find(|release| self.is_running(release))
    }

    /// The size of the newest snapshot of each day, in bytes; 0 for a day without one. Days are those of UTC.
    pub fn daily_sizes(&self, days: impl Iterator<Item = Day>) -> Vec<(Day, u64)> {
        let newest = |day| self.snapshots.iter().find(|snapshot| Day::at(snapshot.taken_at, &Zone::UTC) == day);
        days.map(|day| (day, newest(day).map_or(0, |snapshot| snapshot.bytes))).collect()
    }
}
