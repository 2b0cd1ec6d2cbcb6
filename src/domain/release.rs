//! Releases: what was running, what was found out about it, and which of them can be gone back to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::approval::{End, Judged};
use super::snapshot::{Manifest, SnapshotId};
use super::{Environment, FileId};

/// How many known-good releases are kept with their binaries and snapshots.
pub const KEPT: usize = 3;

/// One binary that served one data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The digest of the binary: BLAKE3, hexadecimal.
    pub digest: String,
    /// The version it calls itself.
    pub version: String,
    /// The schema it writes.
    pub schema: u32,
    /// The environment it served.
    pub environment: Environment,
    /// The data file it served.
    pub file_id: FileId,
    /// When it first began to serve that file.
    pub first_started: Timestamp,
    /// When it last began.
    pub last_started: Timestamp,
    /// What the last verification found.
    #[serde(default)]
    pub verification: Option<Verification>,
    /// The snapshot that was taken when it passed.
    #[serde(default)]
    pub snapshot: Option<SnapshotId>,
    /// Whether somebody wants it kept, however old it gets.
    #[serde(default)]
    pub pinned: bool,
}

/// What a verification found, in short; the report lies beside the release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// When.
    pub at: Timestamp,
    /// Whether nothing failed.
    pub passed: bool,
    /// What failed, by the names of the items.
    pub failed: Vec<String>,
    /// What was to be looked at and was not, as where production was only looked at.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Whether staging passed this very binary, which stands for what is missing.
    #[serde(default)]
    pub approved: bool,
}

impl Verification {
    /// What the ends of all items come to; `left` is whether something was left behind.
    pub fn of(at: Timestamp, items: &[Judged], left: bool, approved: bool) -> Self {
        let that = |end| items.iter().filter(move |item| item.end == end).map(|item| item.id.clone());
        let failed: Vec<String> = that(End::Failed).chain(left.then(|| "leave".to_owned())).collect();
        Self { at, passed: failed.is_empty(), failed, missing: that(End::Missing).collect(), approved }
    }

    /// Whether it makes its release known-good: nothing failed, and nothing was left out that staging did not find well
    /// with the same binary.
    pub fn is_good(&self) -> bool {
        self.passed && (self.missing.is_empty() || self.approved)
    }
}

impl Release {
    /// Its name: the first twelve digits of the digest.
    pub fn id(&self) -> &str {
        self.digest.get(..12).unwrap_or(&self.digest)
    }

    /// Whether its last verification was good and it can be gone back to.
    pub fn is_known_good(&self) -> bool {
        self.snapshot.is_some() && self.verification.as_ref().is_some_and(Verification::is_good)
    }

    /// Whether a word names it: the beginning of its digest, four digits or more, or its version.
    pub fn answers_to(&self, word: &str) -> bool {
        (word.len() >= 4 && self.digest.starts_with(word)) || self.version == word
    }
}

/// The release that a rollback goes back to when it is not told where: the one that passed last, other than the one that
/// runs; if no other ever passed, that one.
pub fn known_good<'a>(all: &'a [Release], running: Option<&str>) -> Option<&'a Release> {
    let passed = |one: &&Release| one.is_known_good();
    let latest = |one: &&Release| one.verification.as_ref().map(|found| found.at);
    let others = all.iter().filter(passed).filter(|one| Some(one.digest.as_str()) != running);
    others.max_by_key(latest).or_else(|| all.iter().filter(passed).max_by_key(latest))
}

/// The snapshot that goes with a release: the newest one that shows what it wrote and nothing that a later release wrote.
/// What is lost by going back is then only what was written since. For the release that runs, it is the one of its
/// verification, for a later one may show the damage that is to be undone.
pub fn snapshot_of<'a>(release: &Release, all: &[Release], snapshots: &'a [Manifest]) -> Option<&'a Manifest> {
    let next = all.iter().map(|one| one.first_started).filter(|started| *started > release.last_started).min();
    let own = snapshots.iter().find(|one| Some(&one.id) == release.snapshot.as_ref());
    let Some(next) = next else { return own };
    let fits = |one: &&Manifest| {
        one.schema == release.schema
            && one.file_id == release.file_id
            && (release.first_started..=next).contains(&one.taken_at)
    };
    snapshots.iter().filter(fits).max_by(|a, b| a.id.cmp(&b.id)).or(own)
}

/// The releases whose binaries and reports may go: all but those that run or were pinned, the newest known-good ones, and
/// the newest of the others, which is what ran before.
pub fn superfluous<'a>(all: &'a [Release], running: &str) -> Vec<&'a Release> {
    let mut newest_first: Vec<&Release> = all.iter().filter(|one| one.digest != running && !one.pinned).collect();
    newest_first.sort_by_key(|one| std::cmp::Reverse(one.last_started));
    let (good, others): (Vec<&Release>, Vec<&Release>) = newest_first.into_iter().partition(|one| one.is_known_good());
    let running_is_good = all.iter().any(|one| one.digest == running && one.is_known_good());
    good.into_iter().skip(KEPT - usize::from(running_is_good)).chain(others.into_iter().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Kind;
    use crate::domain::snapshot::Reason;

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
            snapshot: passed.map(|hour| SnapshotId::mint(at(hour), [0, 0])),
            pinned: false,
        }
    }

    fn snapshot(hour: i8, schema: u32) -> Manifest {
        Manifest {
            id: SnapshotId::mint(at(hour), [0, 0]),
            environment: Environment::development(),
            kind: Kind::Development,
            file_id: FileId::from_bytes([1; 16]),
            schema,
            version: String::new(),
            binary: None,
            taken_at: at(hour),
            proven_at: at(hour),
            reason: Reason::Schedule,
            bytes: 0,
            digest: String::new(),
            rows: std::collections::BTreeMap::new(),
            encrypted: None,
        }
    }

    #[test]
    fn a_rollback_goes_to_what_passed_last_and_does_not_run() {
        let all = [release("aaaa", 1, 1, Some(2)), release("bbbb", 3, 3, Some(4)), release("cccc", 5, 5, None)];
        assert_eq!(known_good(&all, Some("cccc")).unwrap().digest, "bbbb");
        assert_eq!(known_good(&all, Some("bbbb")).unwrap().digest, "aaaa");
        assert_eq!(known_good(&all[..1], Some("aaaa")).unwrap().digest, "aaaa");
        assert_eq!(known_good(&all[2..], Some("cccc")), None);
        let mut failed = all.clone();
        failed[1].verification.as_mut().unwrap().passed = false;
        assert_eq!(known_good(&failed, Some("cccc")).unwrap().digest, "aaaa");
    }

    #[test]
    fn the_data_of_a_release_are_the_newest_that_no_later_release_touched() {
        let all = [release("aaaa", 1, 3, Some(2)), release("bbbb", 6, 6, None)];
        let snapshots = [snapshot(2, 3), snapshot(5, 3), snapshot(6, 4), snapshot(7, 3)];
        assert_eq!(snapshot_of(&all[0], &all, &snapshots).unwrap().taken_at, at(5));
        assert_eq!(snapshot_of(&all[0], &all[..1], &snapshots).unwrap().taken_at, at(2), "the one that runs");
        assert_eq!(snapshot_of(&all[1], &all, &snapshots), None, "it never passed");
    }

    #[test]
    fn three_known_good_ones_stay_and_what_runs_and_what_ran_before() {
        let all = [
            release("aaaa", 1, 1, Some(1)),
            release("bbbb", 2, 2, Some(2)),
            release("cccc", 3, 3, Some(3)),
            release("dddd", 4, 4, Some(4)),
            release("eeee", 5, 5, None),
            release("ffff", 6, 6, None),
            release("0000", 7, 7, None),
        ];
        let going = |running: &str| superfluous(&all, running).iter().map(|one| one.digest.clone()).collect::<Vec<_>>();
        assert_eq!(going("0000"), ["aaaa", "eeee"]);
        assert_eq!(going("dddd"), ["bbbb", "aaaa", "ffff", "eeee"].into_iter().skip(1).collect::<Vec<_>>());
        let mut pinned = all.clone();
        pinned[0].pinned = true;
        assert_eq!(superfluous(&pinned, "0000").len(), 1);
    }

    #[test]
    fn a_look_that_left_something_out_is_good_only_where_staging_stands_for_it() {
        let items = [("health", End::Passed), ("auth", End::Missing), ("tls", End::NotAsked)];
        let items = items.map(|(id, end)| Judged { id: id.to_owned(), end });
        let looked = Verification::of(at(1), &items, false, false);
        assert!(looked.passed && looked.missing == ["auth"] && !looked.is_good());
        let mut one = release("aaaa", 1, 1, Some(1));
        one.verification = Some(looked);
        assert!(!one.is_known_good(), "whatever was found before");
        assert!(Verification::of(at(1), &items, false, true).is_good());
        assert_eq!(Verification::of(at(1), &items, true, true).failed, ["leave"]);
        assert!(!Verification::of(at(1), &items, true, true).is_good());
    }

    #[test]
    fn a_word_names_a_release_by_its_digest_or_version() {
        let one = release("abcdef0123456789", 1, 1, None);
        assert!(one.answers_to("abcd") && one.answers_to("1.0.0") && one.answers_to("abcdef012345"));
        assert!(!one.answers_to("abc") && !one.answers_to("") && !one.answers_to("1.0"));
        assert_eq!(one.id(), "abcdef012345");
    }
}
