//! Retention: which snapshots are kept, and which are removed.

use std::collections::BTreeSet;
use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use super::snapshot::{SnapshotManifest, SnapshotReason};
use super::snapshot_id::SnapshotId;

/// How many scheduled snapshots are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotRetention {
    /// How many of the newest.
    pub latest: usize,
    /// Of how many days in UTC the last one; days without a snapshot are skipped.
    pub daily: usize,
    /// Of how many weeks, from Monday, the last one; weeks without a snapshot are skipped.
    pub weekly: usize,
}

impl Default for SnapshotRetention {
    fn default() -> Self {
        Self { latest: 8, daily: 7, weekly: 4 }
    }
}

impl fmt::Display for SnapshotRetention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} latest, {} daily, {} weekly", self.latest, self.daily, self.weekly)
    }
}

/// How long snapshots taken before a migration or rollback are kept. The newest three are always kept.
const SAFETY_RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The snapshots that retention removes. Requested snapshots and those of releases are never among them.
pub fn select_removable(
    all: &[SnapshotManifest],
    retention: SnapshotRetention,
    now: Timestamp,
) -> Vec<&SnapshotManifest> {
    let mut newest_first: Vec<&SnapshotManifest> = all.iter().collect();
    newest_first.sort_by(|a, b| b.id.cmp(&a.id));
    let with_reason = |reasons: &'static [SnapshotReason]| {
        newest_first.iter().copied().filter(move |snapshot| reasons.contains(&snapshot.reason))
    };
    let scheduled: Vec<&SnapshotManifest> = with_reason(&[SnapshotReason::Schedule]).collect();
    let mut kept: BTreeSet<&SnapshotId> =
        scheduled.iter().take(retention.latest).map(|snapshot| &snapshot.id).collect();
    kept.extend(newest_per_period(&scheduled, retention.daily, |day| day));
    kept.extend(newest_per_period(&scheduled, retention.weekly, monday_of));
    let safety = with_reason(&[SnapshotReason::BeforeMigration, SnapshotReason::BeforeRollback]);
    let old = safety.skip(3).filter(|snapshot| now.duration_since(snapshot.taken_at) > SAFETY_RETENTION);
    let mut removable: Vec<&SnapshotManifest> = old.collect();
    removable.extend(scheduled.into_iter().filter(|snapshot| !kept.contains(&snapshot.id)));
    removable
}

/// The newest snapshot of each of the newest `max` periods. `period` maps a date to the first day of its period.
fn newest_per_period<'a>(
    newest_first: &[&'a SnapshotManifest],
    max: usize,
    period: fn(civil::Date) -> civil::Date,
) -> Vec<&'a SnapshotId> {
    let mut seen = BTreeSet::new();
    let mut ids = Vec::new();
    for snapshot in newest_first {
        if seen.insert(period(snapshot.taken_at.to_zoned(TimeZone::UTC).date())) {
            if seen.len() > max {
                break;
            }
            ids.push(&snapshot.id);
        }
    }
    ids
}

fn monday_of(day: civil::Date) -> civil::Date {
    let days = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{Environment, EnvironmentKind, FileId};

    fn taken(at: &str, reason: SnapshotReason) -> SnapshotManifest {
        let at: Timestamp = at.parse().unwrap();
        SnapshotManifest {
            id: SnapshotId::generate(at, [0, 1]),
            environment: Environment::development(),
            kind: EnvironmentKind::Development,
            file_id: FileId::generate(at, [1; 10]),
            schema: 1,
            version: "1.0.0".to_owned(),
            binary: None,
            taken_at: at,
            verified_at: at,
            reason,
            bytes: 1,
            digest: String::new(),
            rows: BTreeMap::new(),
            encrypted: None,
        }
    }

    #[test]
    fn retention_keeps_the_newest_and_one_a_day_and_one_a_week() {
        let hours = (0..24 * 30).step_by(6);
        let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let all: Vec<SnapshotManifest> = hours
            .map(|hour| taken(&(first + SignedDuration::from_hours(hour)).to_string(), SnapshotReason::Schedule))
            .collect();
        let now = "2026-01-31T00:00:00Z".parse().unwrap();
        let removable = select_removable(&all, SnapshotRetention { latest: 3, daily: 3, weekly: 3 }, now);
        let kept: Vec<&str> = all
            .iter()
            .filter(|snapshot| !removable.contains(snapshot))
            .map(|snapshot| snapshot.id.as_str().split('-').next().unwrap())
            .collect();
        assert_eq!(
            kept,
            [
                "20260118T180000Z",
                "20260125T180000Z",
                "20260128T180000Z",
                "20260129T180000Z",
                "20260130T060000Z",
                "20260130T120000Z",
                "20260130T180000Z"
            ]
        );
    }

    #[test]
    fn requested_snapshots_and_those_of_releases_are_never_removed() {
        let all = [
            taken("2020-01-01T00:00:00Z", SnapshotReason::Manual),
            taken("2020-01-02T00:00:00Z", SnapshotReason::KnownGood),
        ];
        assert!(
            select_removable(
                &all,
                SnapshotRetention { latest: 0, daily: 0, weekly: 0 },
                "2026-01-01T00:00:00Z".parse().unwrap()
            )
            .is_empty()
        );
    }

    #[test]
    fn snapshots_before_a_rollback_are_kept_a_month_and_the_newest_three_always() {
        let days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"];
        let all: Vec<SnapshotManifest> =
            days.map(|day| taken(&format!("{day}T00:00:00Z"), SnapshotReason::BeforeRollback)).to_vec();
        let removed = |now: &str| select_removable(&all, SnapshotRetention::default(), now.parse().unwrap()).len();
        assert_eq!(removed("2026-01-20T00:00:00Z"), 0);
        assert_eq!(removed("2026-02-01T00:00:00Z"), 1);
        assert_eq!(removed("2027-02-01T00:00:00Z"), 2);
    }
}
