//! Releases: the binaries that served a data file, their verification, and which of them a rollback can use.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::backup::approval::{ItemOutcome, ItemResult};
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::{Environment, FileId};

/// How many known-good releases are kept, with their binaries and snapshots.
pub const MAX_KNOWN_GOOD: usize = 3;

/// A binary that served a data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The BLAKE3 digest of the binary in hexadecimal.
    pub digest: String,
    pub version: String,
    /// The schema that the binary writes.
    pub schema: u32,
    pub environment: Environment,
    pub file_id: FileId,
    /// When the binary first started to serve the data file.
    pub first_started: Timestamp,
    pub last_started: Timestamp,
    /// The latest verification.
    #[serde(default)]
    pub verification: Option<Verification>,
    /// The snapshot taken when the verification passed.
    #[serde(default)]
    pub snapshot: Option<SnapshotId>,
    /// Pinned releases are never removed.
    #[serde(default)]
    pub pinned: bool,
    /// When a rollback led to this release. It is then the one to stay at, until it passes a verification again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_at: Option<Timestamp>,
    /// When a rollback led away from this release to an older one. No rollback leads back by default, until it passes a
    /// verification again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned_at: Option<Timestamp>,
}

/// The summary of a verification. The full report is stored beside the release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    pub at: Timestamp,
    /// Whether no item failed.
    pub passed: bool,
    /// The names of the failed items.
    pub failed: Vec<String>,
    /// The names of the items that were skipped although the environment needs them, e.g. in production, where the checklist may
    /// only read.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Whether staging approved the same binary, which makes up for missing items.
    #[serde(default)]
    pub approved: bool,
}

impl Verification {
    /// Summarizes the outcomes of all items. `has_leftovers` tells whether the checklist could not remove its test data.
    pub fn new(at: Timestamp, items: &[ItemResult], has_leftovers: bool, approved: bool) -> Self {
        let with = |outcome| items.iter().filter(move |item| item.outcome == outcome).map(|item| item.id.clone());
        let failed: Vec<String> = with(ItemOutcome::Failed).chain(has_leftovers.then(|| "leave".to_owned())).collect();
        Self { at, passed: failed.is_empty(), failed, missing: with(ItemOutcome::Missing).collect(), approved }
    }

    /// Whether it makes the release known-good: no item failed, and none is missing unless staging approved the same binary.
    pub fn is_good(&self) -> bool {
        self.passed && (self.missing.is_empty() || self.approved)
    }
}

impl Release {
    /// The first twelve digits of the digest.
    pub fn id(&self) -> &str {
        self.digest.get(..12).unwrap_or(&self.digest)
    }

    /// Whether the latest verification was good and there is a snapshot to roll back to.
    pub fn is_known_good(&self) -> bool {
        self.snapshot.is_some() && self.verification.as_ref().is_some_and(Verification::is_good)
    }

    /// This release after a verification.
    pub fn with_verification(self, verification: Verification, snapshot: Option<SnapshotId>) -> Self {
        let (restored_at, abandoned_at) =
            if verification.is_good() { (None, None) } else { (self.restored_at, self.abandoned_at) };
        Self { verification: Some(verification), snapshot, restored_at, abandoned_at, ..self }
    }

    /// Whether `name` is this release's version, or the first four or more digits of its digest.
    pub fn matches_name(&self, name: &str) -> bool {
        (name.len() >= 4 && self.digest.starts_with(name)) || self.version == name
    }
}

/// The release that serves the data file, or served it last, or that a rollback chose to serve it next.
pub fn select_current(all: &[Release]) -> Option<&Release> {
    all.iter().max_by_key(|release| Some(release.last_started).max(release.restored_at))
}

/// The two releases after a rollback from one to another, with what they remember of it. Going to a newer one, such as when a
/// rollback is undone, ends what the rollback before it left.
pub fn roll_back(all: &[Release], from: Option<&str>, to: &str, now: Timestamp) -> Vec<Release> {
    let find = |digest: &str| all.iter().find(|release| release.digest == digest);
    let Some(target) = find(to) else { return Vec::new() };
    let left = from.and_then(find).filter(|left| left.digest != target.digest);
    let goes_back = left.is_none_or(|left| target.first_started < left.first_started);
    let at = goes_back.then_some(now);
    let restored = Release { restored_at: at, abandoned_at: None, ..target.clone() };
    let left = left.map(|left| Release { abandoned_at: at, restored_at: None, ..left.clone() });
    [Some(restored), left].into_iter().flatten().collect()
}

/// The default target of a rollback: the release that passed verification last, is not running and was not abandoned; if there
/// is none, the running one.
pub fn select_known_good<'a>(all: &'a [Release], running: Option<&str>) -> Option<&'a Release> {
    let is_known_good = |release: &&Release| release.is_known_good();
    let verified_at = |release: &&Release| release.verification.as_ref().map(|verification| verification.at);
    let others = all.iter().filter(is_known_good).filter(|release| Some(release.digest.as_str()) != running);
    let others = others.filter(|release| release.abandoned_at.is_none());
    others.max_by_key(verified_at).or_else(|| all.iter().filter(is_known_good).max_by_key(verified_at))
}

/// The snapshot to restore with a release: the newest one whose data no later release has written. A rollback to it loses only
/// what was written since. For the running release it is the snapshot of its verification, because a later one may contain the
/// corruption that the rollback is to undo.
pub fn select_snapshot<'a>(
    release: &Release,
    all: &[Release],
    snapshots: &'a [SnapshotManifest],
) -> Option<&'a SnapshotManifest> {
    let next = all.iter().map(|other| other.first_started).filter(|started| *started > release.last_started).min();
    let verified = snapshots.iter().find(|snapshot| Some(&snapshot.id) == release.snapshot.as_ref());
    let Some(next) = next else { return verified };
    let is_of_release = |snapshot: &&SnapshotManifest| {
        snapshot.schema == release.schema
            && snapshot.file_id == release.file_id
            && (release.first_started..=next).contains(&snapshot.taken_at)
    };
    snapshots.iter().filter(is_of_release).max_by(|a, b| a.id.cmp(&b.id)).or(verified)
}

/// The releases whose binaries and reports can be removed: all but the running one, pinned ones, the newest known-good ones, and
/// the newest of the others, which ran before.
pub fn select_removable<'a>(all: &'a [Release], running: &str) -> Vec<&'a Release> {
    let mut newest_first: Vec<&Release> =
        all.iter().filter(|release| release.digest != running && !release.pinned).collect();
    newest_first.sort_by_key(|release| std::cmp::Reverse(release.last_started));
    let (good, others): (Vec<&Release>, Vec<&Release>) =
        newest_first.into_iter().partition(|release| release.is_known_good());
    let running_is_good = all.iter().any(|release| release.digest == running && release.is_known_good());
    good.into_iter().skip(MAX_KNOWN_GOOD - usize::from(running_is_good)).chain(others.into_iter().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EnvironmentKind;
    use crate::domain::backup::snapshot::SnapshotReason;

    fn at(hour: i8) -> Timestamp {
        format!("2026-02-12T{hour:02}:00:00Z").parse().unwrap()
    }

    fn release(digest: &str, first: i8, last: i8, passed: Option<i8>) -> Release {
        Release {
            digest: digest.to_owned(),
            version: "1.0.0".to_owned(),
            schema: 3,
            environment: Environment::development(),
            file_id: FileId::from_bytes([1; 16]),
            first_started: at(first),
            last_started: at(last),
            verification: passed.map(|hour| Verification { at: at(hour), passed: true, ..Verification::default() }),
            snapshot: passed.map(|hour| SnapshotId::generate(at(hour), [0, 0])),
            pinned: false,
            restored_at: None,
            abandoned_at: None,
        }
    }

    fn snapshot(hour: i8, schema: u32) -> SnapshotManifest {
        SnapshotManifest {
            id: SnapshotId::generate(at(hour), [0, 0]),
            environment: Environment::development(),
            kind: EnvironmentKind::Development,
            file_id: FileId::from_bytes([1; 16]),
            schema,
            version: String::new(),
            binary: None,
            taken_at: at(hour),
            verified_at: at(hour),
            reason: SnapshotReason::Schedule,
            bytes: 0,
            digest: String::new(),
            rows: std::collections::BTreeMap::new(),
            encrypted: None,
        }
    }

    #[test]
    fn a_rollback_goes_to_the_release_that_passed_last_and_is_not_running() {
        let all = [release("aaaa", 1, 1, Some(2)), release("bbbb", 3, 3, Some(4)), release("cccc", 5, 5, None)];
        assert_eq!(select_known_good(&all, Some("cccc")).unwrap().digest, "bbbb");
        assert_eq!(select_known_good(&all, Some("bbbb")).unwrap().digest, "aaaa");
        assert_eq!(select_known_good(&all[..1], Some("aaaa")).unwrap().digest, "aaaa");
        assert_eq!(select_known_good(&all[2..], Some("cccc")), None);
        let mut failed = all.clone();
        failed[1].verification.as_mut().unwrap().passed = false;
        assert_eq!(select_known_good(&failed, Some("cccc")).unwrap().digest, "aaaa");
    }

    #[test]
    fn a_rollback_does_not_lead_back_to_the_release_it_left_until_that_passes_again() {
        let mut all =
            vec![release("aaaa", 1, 1, Some(2)), release("bbbb", 3, 3, Some(4)), release("cccc", 5, 5, Some(6))];
        assert_eq!(select_current(&all).unwrap().digest, "cccc");
        let changed = roll_back(&all, Some("cccc"), "bbbb", at(7));
        all.splice(1.., changed);
        assert_eq!(select_current(&all).unwrap().digest, "bbbb", "before it has started");
        assert_eq!((all[1].restored_at, all[2].abandoned_at), (Some(at(7)), Some(at(7))));
        assert_eq!(select_known_good(&all, Some("bbbb")).unwrap().digest, "aaaa");
        let passed = Verification { at: at(8), passed: true, ..Verification::default() };
        all[2] = all[2].clone().with_verification(passed, all[2].snapshot.clone());
        assert_eq!(select_known_good(&all, Some("bbbb")).unwrap().digest, "cccc");
        // Going forward again on purpose abandons nothing, and the next rollback goes back again.
        let forward = roll_back(&all, Some("bbbb"), "cccc", at(9));
        assert_eq!(forward.iter().map(|release| release.digest.as_str()).collect::<Vec<_>>(), ["cccc", "bbbb"]);
        assert!(forward.iter().all(|release| release.restored_at.is_none() && release.abandoned_at.is_none()));
    }

    #[test]
    fn the_snapshot_of_a_release_is_the_newest_that_no_later_release_wrote() {
        let all = [release("aaaa", 1, 3, Some(2)), release("bbbb", 6, 6, None)];
        let snapshots = [snapshot(2, 3), snapshot(5, 3), snapshot(6, 4), snapshot(7, 3)];
        assert_eq!(select_snapshot(&all[0], &all, &snapshots).unwrap().taken_at, at(5));
        assert_eq!(select_snapshot(&all[0], &all[..1], &snapshots).unwrap().taken_at, at(2), "the running release");
        assert_eq!(select_snapshot(&all[1], &all, &snapshots), None, "it never passed");
    }

    #[test]
    fn three_known_good_releases_and_the_running_and_previous_one_are_kept() {
        let all = [
            release("aaaa", 1, 1, Some(1)),
            release("bbbb", 2, 2, Some(2)),
            release("cccc", 3, 3, Some(3)),
            release("dddd", 4, 4, Some(4)),
            release("eeee", 5, 5, None),
            release("ffff", 6, 6, None),
            release("0000", 7, 7, None),
        ];
        let removed = |running: &str| {
            select_removable(&all, running).iter().map(|release| release.digest.clone()).collect::<Vec<_>>()
        };
        assert_eq!(removed("0000"), ["aaaa", "eeee"]);
        assert_eq!(removed("dddd"), ["bbbb", "aaaa", "ffff", "eeee"].into_iter().skip(1).collect::<Vec<_>>());
        let mut pinned = all.clone();
        pinned[0].pinned = true;
        assert_eq!(select_removable(&pinned, "0000").len(), 1);
    }

    #[test]
    fn a_verification_with_missing_items_is_good_only_with_an_approval() {
        let items =
            [("health", ItemOutcome::Passed), ("auth", ItemOutcome::Missing), ("tls", ItemOutcome::NotApplicable)];
        let items = items.map(|(id, outcome)| ItemResult { id: id.to_owned(), outcome });
        let partial = Verification::new(at(1), &items, false, false);
        assert!(partial.passed && partial.missing == ["auth"] && !partial.is_good());
        let mut one = release("aaaa", 1, 1, Some(1));
        one.verification = Some(partial);
        assert!(!one.is_known_good(), "an earlier snapshot does not help");
        assert!(Verification::new(at(1), &items, false, true).is_good());
        assert_eq!(Verification::new(at(1), &items, true, true).failed, ["leave"]);
        assert!(!Verification::new(at(1), &items, true, true).is_good());
    }

    #[test]
    fn a_release_is_named_by_its_digest_or_version() {
        let one = release("abcdef0123456789", 1, 1, None);
        assert!(one.matches_name("abcd") && one.matches_name("1.0.0") && one.matches_name("abcdef012345"));
        assert!(!one.matches_name("abc") && !one.matches_name("") && !one.matches_name("1.0"));
        assert_eq!(one.id(), "abcdef012345");
    }
}
