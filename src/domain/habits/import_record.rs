//! What an import added to an account, so that it can be undone for a month.
//!
//! An import only adds, except that a day that becomes done is no longer skipped. So undoing it removes what it added. What the
//! user changed since then isn't what the import added, and stays.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::habits::day_log::DayLog;
use crate::domain::habits::day_set::DaySet;
use crate::domain::{Day, HabitId, ImportId, Pauses};

/// How long an import can be undone.
pub const UNDO_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The imports of one account that can be undone; the oldest makes room for another.
pub const MAX_RECORDS: usize = 10;

/// The largest record in its stored form: tens of thousands of notes, or the days of thousands of years. A larger import can't be
/// undone.
pub const MAX_RECORD_BYTES: usize = 2 << 20;

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRecord {
    pub id: ImportId,
    pub imported_at: Timestamp,
    /// The habit tracker that wrote the file; `None` for Atlas and its predecessor.
    pub program: Option<String>,
    /// How many habits it added.
    pub habits_added: usize,
    /// On how many days of habits it added something.
    pub days_added: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
    /// What it added, by habit; empty once it was undone.
    pub habits: BTreeMap<HabitId, RecordedHabit>,
    /// What it did to the pauses of all habits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pauses: Option<RecordedPauses>,
}

/// The pauses of all habits before and after an import, which merges those that touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPauses {
    pub before: Pauses,
    pub after: Pauses,
}

/// What an import added to one habit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecordedHabit {
    /// The last change of a habit that the import added. A later one is the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The completions that it added.
    #[serde(default, skip_serializing_if = "DaySet::is_empty")]
    pub done: DaySet,
    /// What it added to the logs of days.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logs: BTreeMap<Day, RecordedLog>,
}

/// What an import added to the log of a day. Texts and amounts are recognized by a digest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecordedLog {
    #[serde(default, rename = "n", skip_serializing_if = "Option::is_none")]
    note: Option<u64>,
    #[serde(default, rename = "s", skip_serializing_if = "std::ops::Not::not")]
    is_skipped: bool,
    /// A skip that went, because the day became done.
    #[serde(default, rename = "u", skip_serializing_if = "std::ops::Not::not")]
    was_skipped: bool,
    #[serde(default, rename = "e", skip_serializing_if = "Vec::is_empty")]
    entries: Vec<u64>,
}

impl ImportRecord {
    /// The record of an import; `None` when it added nothing.
    pub fn new(
        id: ImportId,
        imported_at: Timestamp,
        program: Option<&str>,
        habits: BTreeMap<HabitId, RecordedHabit>,
        pauses: Option<RecordedPauses>,
    ) -> Option<Self> {
        let habits_added = habits.values().filter(|habit| habit.updated_at.is_some()).count();
        let days_added = habits.values().map(RecordedHabit::count_days).sum();
        let program = program.map(str::to_owned);
        let record = Self { id, imported_at, program, habits_added, days_added, undone_at: None, habits, pauses };
        (!record.habits.is_empty() || record.pauses.is_some()).then_some(record)
    }

    /// Whether it can be undone at `now`, as far as time goes.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at()
    }

    pub fn expires_at(&self) -> Timestamp {
        self.imported_at.checked_add(UNDO_LIFETIME).unwrap_or(Timestamp::MAX)
    }

    /// The same import after it was undone.
    #[must_use]
    pub fn undone(self, now: Timestamp) -> Self {
        Self { undone_at: Some(now), habits: BTreeMap::new(), pauses: None, ..self }
    }
}

impl RecordedHabit {
    /// The days to which something was added.
    fn count_days(&self) -> usize {
        let done = self.done.years().flat_map(|(_, days)| days);
        done.chain(self.logs.keys().copied()).collect::<BTreeSet<Day>>().len()
    }
}

/// Whether what an import added is small enough to be kept.
pub fn is_undoable(habits: &BTreeMap<HabitId, RecordedHabit>) -> bool {
    serde_json::to_vec(habits).is_ok_and(|json| json.len() <= MAX_RECORD_BYTES)
}

impl RecordedLog {
    /// What an import changed of a log.
    pub fn between(before: &DayLog, after: &DayLog) -> Self {
        Self {
            note: after.note.as_ref().filter(|_| before.note.is_none()).map(digest),
            is_skipped: after.is_skipped && !before.is_skipped,
            was_skipped: before.is_skipped && !after.is_skipped,
            entries: if before.entries.is_empty() { after.entries.iter().map(digest).collect() } else { Vec::new() },
        }
    }

    /// Takes back what the import changed, and returns whether something stays in its place, because the user changed it. A day
    /// that is still done isn't skipped.
    pub fn remove_from(&self, log: &mut DayLog, is_done: bool) -> bool {
        let mut is_changed = false;
        if self.note.is_some() {
            is_changed |= log.note.take_if(|note| Some(digest(note)) == self.note).is_none() && log.note.is_some();
        }
        if self.is_skipped {
            log.is_skipped = false;
        }
        if self.was_skipped {
            log.is_skipped = !is_done;
        }
        if !self.entries.is_empty() {
            log.entries.retain(|entry| !self.entries.contains(&digest(entry)));
            is_changed |= !log.entries.is_empty();
        }
        is_changed
    }
}

/// Eight bytes that tell whether a value is still the same.
fn digest(value: &impl Serialize) -> u64 {
    let hash = Sha256::digest(serde_json::to_vec(value).unwrap_or_default());
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EntryId;
    use crate::domain::habits::amount::Amount;
    use crate::domain::habits::day_log::{AmountEntry, Note};

    fn log(note: &str, is_skipped: bool, entries: &[u8]) -> DayLog {
        let entry = |n: &u8| AmountEntry {
            id: EntryId::from_bytes([*n; 16]),
            amount: Amount::ONE,
            recorded_at: Timestamp::UNIX_EPOCH,
        };
        DayLog { entries: entries.iter().map(entry).collect(), note: Note::parse(note).unwrap(), is_skipped }
    }

    #[test]
    fn undoing_what_was_added_to_a_log_restores_it() {
        for before in [log("", false, &[]), log("mine", false, &[]), log("", true, &[]), log("", false, &[7])] {
            let mut after = before.clone().merged_with(&log("theirs", true, &[1, 2]), false);
            let record = RecordedLog::between(&before, &after);
            assert!(!record.remove_from(&mut after, false));
            assert_eq!(after, before);
        }
        let (skipped, mut after) = (log("", true, &[]), DayLog::default());
        let record = RecordedLog::between(&skipped, &after);
        assert!(!record.remove_from(&mut after, true));
        assert_eq!(after, DayLog::default(), "a day that is still done isn't skipped");
        assert!(!record.remove_from(&mut after, false));
        assert_eq!(after, skipped);
    }

    #[test]
    fn what_was_changed_after_the_import_stays() {
        let record = RecordedLog::between(&DayLog::default(), &log("theirs", true, &[1, 2]));
        for (mut now, expected, is_changed) in [
            (log("mine", true, &[1, 2]), log("mine", false, &[]), true),
            (log("theirs", false, &[2, 3]), log("", false, &[3]), true),
            (log("", false, &[]), log("", false, &[]), false),
        ] {
            assert_eq!(record.remove_from(&mut now, false), is_changed, "{now:?}");
            assert_eq!(now, expected);
        }
    }
}
