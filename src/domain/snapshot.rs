//! Snapshots: what a manifest says, and which snapshots are kept. Copying and proving is the store's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use serde::{Deserialize, Serialize};

use super::{Environment, FileId, Kind};

/// The name of a snapshot: the second it was taken in Greenwich, and four hexadecimal digits, as `20260212T120000Z-03fa`.
/// Names order by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotId(String);

/// The text names no snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotASnapshot(String);

impl fmt::Display for NotASnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” is not the name of a snapshot, as 20260212T120000Z-03fa is", self.0.escape_debug())
    }
}

impl std::error::Error for NotASnapshot {}

impl SnapshotId {
    /// The name of a snapshot that begins now.
    pub fn mint(now: Timestamp, random: [u8; 2]) -> Self {
        let at = now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
        Self(format!("{at}-{:04x}", u16::from_be_bytes(random)))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SnapshotId {
    type Err = NotASnapshot;

    fn from_str(text: &str) -> Result<Self, NotASnapshot> {
        // SECURITY: the name becomes part of a path, so nothing but these characters in these places.
        let shape = "00000000T000000Z-xxxx";
        let fits = text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, place)| match place {
                b'0' => byte.is_ascii_digit(),
                b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
                fixed => byte == fixed,
            });
        if fits { Ok(Self(text.to_owned())) } else { Err(NotASnapshot(text.to_owned())) }
    }
}

impl TryFrom<String> for SnapshotId {
    type Error = NotASnapshot;
    fn try_from(text: String) -> Result<Self, NotASnapshot> {
        text.parse()
    }
}

impl From<SnapshotId> for String {
    fn from(id: SnapshotId) -> Self {
        id.0
    }
}

/// Why a snapshot was taken; it decides how long it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Somebody asked for it.
    Manual,
    /// It was time.
    Schedule,
    /// A migration was about to begin.
    BeforeMigration,
    /// A rollback replaced it: the data as they were.
    BeforeRollback,
    /// A release passed its verification.
    KnownGood,
}

impl Reason {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Manual => "asked for",
            Self::Schedule => "on schedule",
            Self::BeforeMigration => "before a migration",
            Self::BeforeRollback => "before a rollback",
            Self::KnownGood => "of a known-good release",
        }
    }
}

/// What is known of a snapshot; it lies beside the copy, and a copy without one does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The snapshot's name.
    pub id: SnapshotId,
    /// The environment it belongs to, as its stamp says.
    pub environment: Environment,
    /// What that environment is.
    pub kind: Kind,
    /// The data file it is of.
    pub file_id: FileId,
    /// The schema it is in.
    pub schema: u32,
    /// The version of the binary that took it.
    pub version: String,
    /// The digest of that binary: BLAKE3, hexadecimal. Absent where the binary could not be read.
    pub binary: Option<String>,
    /// The commit it shows.
    pub taken_at: Timestamp,
    /// When it was proven: reopened, its integrity checked, every row understood, the rows counted.
    pub proven_at: Timestamp,
    /// Why it was taken.
    pub reason: Reason,
    /// Its length in bytes.
    pub bytes: u64,
    /// The digest of its bytes: BLAKE3, hexadecimal.
    pub digest: String,
    /// How many rows each table holds.
    pub rows: BTreeMap<String, u64>,
    /// What lies beside this manifest where the copy is encrypted, as it may be in a second folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Encrypted>,
}

/// An encrypted copy, as it lies there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encrypted {
    /// Its length in bytes.
    pub bytes: u64,
    /// The digest of its bytes: BLAKE3, hexadecimal.
    pub digest: String,
}

/// How many snapshots on schedule are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The newest so many.
    pub latest: usize,
    /// The last one of each of so many days on which there is one, in Greenwich.
    pub daily: usize,
    /// The last one of each of so many weeks in which there is one; weeks begin on Monday.
    pub weekly: usize,
}

impl Default for Keep {
    fn default() -> Self {
        Self { latest: 8, daily: 7, weekly: 4 }
    }
}

/// How long what a migration or a rollback left behind is kept at least; its newest three are kept for ever.
const SAFETY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The snapshots that may go. What somebody asked for and what belongs to a release stays until somebody says otherwise.
pub fn superfluous(all: &[Manifest], keep: Keep, now: Timestamp) -> Vec<&Manifest> {
    let mut newest_first: Vec<&Manifest> = all.iter().collect();
    newest_first.sort_by(|a, b| b.id.cmp(&a.id));
    let scheduled: Vec<&Manifest> = newest_first.iter().copied().filter(|one| one.reason == Reason::Schedule).collect();
    let mut kept: BTreeSet<&SnapshotId> = scheduled.iter().take(keep.latest).map(|one| &one.id).collect();
    kept.extend(firsts(&scheduled, keep.daily, |day| day));
    kept.extend(firsts(&scheduled, keep.weekly, monday));
    let safeties =
        newest_first.iter().filter(|one| matches!(one.reason, Reason::BeforeMigration | Reason::BeforeRollback));
    let old = safeties.skip(3).filter(|one| now.duration_since(one.taken_at) > SAFETY);
    let mut going: Vec<&Manifest> = old.copied().collect();
    going.extend(scheduled.into_iter().filter(|one| !kept.contains(&one.id)));
    going
}

/// The newest snapshot of each of the newest `most` spans of time.
fn firsts<'a>(newest_first: &[&'a Manifest], most: usize, span: fn(civil::Date) -> civil::Date) -> Vec<&'a SnapshotId> {
    let mut seen = BTreeSet::new();
    let mut ids = Vec::new();
    for one in newest_first {
        if seen.insert(span(one.taken_at.to_zoned(TimeZone::UTC).date())) {
            if seen.len() > most {
                break;
            }
            ids.push(&one.id);
        }
    }
    ids
}

fn monday(day: civil::Date) -> civil::Date {
    let back = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(SignedDuration::from_hours(24 * back)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(at: &str, reason: Reason) -> Manifest {
        let at: Timestamp = at.parse().unwrap();
        Manifest {
            id: SnapshotId::mint(at, [0, 1]),
            environment: Environment::development(),
            kind: Kind::Development,
            file_id: FileId::mint(at, [1; 10]),
            schema: 1,
            version: "1.0.0".to_owned(),
            binary: None,
            taken_at: at,
            proven_at: at,
            reason,
            bytes: 1,
            digest: String::new(),
            rows: BTreeMap::new(),
            encrypted: None,
        }
    }

    #[test]
    fn a_name_is_the_second_and_reads_back_and_nothing_else_is_one() {
        let id = SnapshotId::mint("2026-02-12T12:00:00.5Z".parse().unwrap(), [3, 250]);
        assert_eq!(id.as_str(), "20260212T120000Z-03fa");
        assert_eq!("20260212T120000Z-03fa".parse(), Ok(id));
        for bad in [
            "",
            "..",
            "20260212T120000Z-03fA",
            "20260212T120000Z-03f",
            "20260212T120000Z/03fa",
            "2026021xT120000Z-03fa",
        ] {
            assert!(bad.parse::<SnapshotId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_newest_stay_and_one_a_day_and_one_a_week() {
        let hours = (0..24 * 30).step_by(6);
        let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let all: Vec<Manifest> = hours
            .map(|hour| taken(&(first + SignedDuration::from_hours(hour)).to_string(), Reason::Schedule))
            .collect();
        let now = "2026-01-31T00:00:00Z".parse().unwrap();
        let going = superfluous(&all, Keep { latest: 3, daily: 3, weekly: 3 }, now);
        let stays: Vec<&str> = all
            .iter()
            .filter(|one| !going.contains(one))
            .map(|one| one.id.as_str().split('-').next().unwrap())
            .collect();
        assert_eq!(
            stays,
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
    fn what_somebody_asked_for_and_what_a_release_needs_is_never_superfluous() {
        let all = [taken("2020-01-01T00:00:00Z", Reason::Manual), taken("2020-01-02T00:00:00Z", Reason::KnownGood)];
        assert!(
            superfluous(&all, Keep { latest: 0, daily: 0, weekly: 0 }, "2026-01-01T00:00:00Z".parse().unwrap())
                .is_empty()
        );
    }

    #[test]
    fn what_a_rollback_replaced_stays_a_month_and_the_newest_three_for_ever() {
        let days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"];
        let all: Vec<Manifest> = days.map(|day| taken(&format!("{day}T00:00:00Z"), Reason::BeforeRollback)).to_vec();
        let going = |now: &str| superfluous(&all, Keep::default(), now.parse().unwrap()).len();
        assert_eq!(going("2026-01-20T00:00:00Z"), 0);
        assert_eq!(going("2026-02-01T00:00:00Z"), 1);
        assert_eq!(going("2027-02-01T00:00:00Z"), 2);
    }
}
