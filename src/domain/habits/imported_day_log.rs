//! The day logs of an imported file: notes, skipped days and amounts. What breaks a rule is repaired or left out.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::habits::data_export::MAX_COMPLETIONS;
use crate::domain::habits::day_log::{AmountEntry, DayLog, EntryAdded, MAX_NOTE_CHARS, Note};
use crate::domain::habits::imported_habit::to_habit_id;
use crate::domain::text_repair::repair_paragraph;
use crate::domain::{Day, HabitId};

/// The log of a habit's day in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedDayLog {
    pub habit: HabitId,
    pub date: Day,
    pub log: DayLog,
    /// Whether its note was shortened or cleaned, or amounts were left out.
    pub is_repaired: bool,
}

/// The note that a file has for a day, shortened and without characters that can't be displayed, and whether it was changed.
pub fn repair_note(text: &str) -> (Option<Note>, bool) {
    let repaired = repair_paragraph(text, MAX_NOTE_CHARS);
    (Note::parse(&repaired.text).ok().flatten(), repaired.was_cut || repaired.was_cleaned)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawDayLog {
    habit_id: String,
    date: String,
    entries: Vec<Value>,
    note: Option<String>,
    is_skipped: bool,
}

impl RawDayLog {
    fn repair(self) -> Option<ImportedDayLog> {
        let mut log = DayLog { is_skipped: self.is_skipped, ..DayLog::default() };
        let mut is_repaired = false;
        for entry in self.entries {
            let entry = serde_json::from_value::<AmountEntry>(entry);
            is_repaired |= !entry.is_ok_and(|entry| log.add(entry) == EntryAdded::Added);
        }
        if let Some(note) = &self.note {
            let (note, is_note_repaired) = repair_note(note);
            log.note = note;
            is_repaired |= is_note_repaired;
        }
        let date = Day::parse(&self.date).ok()?;
        (!log.is_empty()).then(|| ImportedDayLog { habit: to_habit_id(&self.habit_id), date, log, is_repaired })
    }
}

/// Day logs, and how many of a file could not be read.
#[derive(Debug, Default)]
pub(super) struct RawDayLogs {
    pub readable: Vec<ImportedDayLog>,
    pub unreadable: usize,
}

/// Reads day logs one by one, as many as there can be completions.
pub(super) fn read_day_logs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RawDayLogs, D::Error> {
    deserializer.deserialize_seq(DayLogsVisitor)
}

struct DayLogsVisitor;

impl<'de> Visitor<'de> for DayLogsVisitor {
    type Value = RawDayLogs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of day logs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut logs = RawDayLogs::default();
        while let Some(raw) = elements.next_element::<RawDayLog>()? {
            match raw.repair().filter(|_| logs.readable.len() < MAX_COMPLETIONS) {
                Some(log) => logs.readable.push(log),
                None => logs.unreadable += 1,
            }
        }
        Ok(logs)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_can_be_read_of_a_day_log_is_kept() {
        let logs = json!([
            { "habitId": "a", "date": "2026-02-12", "note": " tired\u{202E} ", "isSkipped": true, "entries": [{ "amount": -1 }] },
            { "habitId": "a", "date": "2026-02-30", "note": "never" },
            { "habitId": "a", "date": "2026-02-13" },
        ]);
        let logs = read_day_logs(logs).unwrap();
        assert_eq!((logs.readable.len(), logs.unreadable), (1, 2));
        assert!(logs.readable[0].is_repaired);
        let log = &logs.readable[0].log;
        assert_eq!((log.note.as_ref().map(Note::as_str), log.is_skipped, log.entries.len()), (Some("tired"), true, 0));
    }
}
