//! Reading a data export: a file that an older version wrote, or that went through an editor, is read as far as possible.
//!
//! Rules for what users type don't apply here. A habit that breaks one is repaired, or left out with the reason; a completion
//! that cannot be read is counted. Only a file without the structure of an export is refused as a whole.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;

use jiff::Timestamp;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::habits::data_export::MAX_COMPLETIONS;
use crate::domain::habits::habit::MAX_HABITS;
use crate::domain::habits::imported_day_log::{ImportedDayLog, RawDayLogs, read_day_logs};
use crate::domain::habits::imported_habit::{ImportNote, ImportedHabit, RawHabit, read_pauses, to_habit_id};
use crate::domain::{Day, HabitId, Pauses};

/// What a file contains, repaired.
#[derive(Debug, Clone, Default)]
pub struct ImportFile {
    /// 1 for files of the predecessor, 2 for files of Atlas.
    pub schema_version: u32,
    /// The environment that wrote the file; missing in files of the predecessor.
    pub environment: Option<String>,
    /// The seal of the data file that wrote the file; see [`crate::domain::habits::export_digest`].
    pub seal: Option<String>,
    /// The other habit tracker that wrote the file.
    pub program: Option<&'static str>,
    /// What another habit tracker knows and Atlas cannot keep.
    pub left_out: Vec<ImportNote>,
    /// How many habits the file has, including those that were left out.
    pub habit_count: usize,
    pub habits: Vec<ImportedHabit>,
    /// Why habits were left out.
    pub skipped: Vec<ImportNote>,
    /// The ids of those habits.
    pub skipped_ids: BTreeSet<HabitId>,
    /// How many completions the file has.
    pub completion_count: usize,
    pub completions: Vec<ImportedCompletion>,
    /// Completions whose date cannot be read.
    pub unreadable_completions: usize,
    /// Notes, skipped days and amounts.
    pub day_logs: Vec<ImportedDayLog>,
    /// When all habits are paused.
    pub pauses: Pauses,
}

/// A completion in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedCompletion {
    pub habit: HabitId,
    pub date: Day,
    pub completed_at: Option<Timestamp>,
}

impl ImportFile {
    /// Reads a file. Memory stays proportional to what is stored of it.
    ///
    /// # Errors
    /// The JSON is invalid or not that of an export, or the source failed.
    pub fn read(json: impl Read) -> serde_json::Result<Self> {
        Ok(RawFile::from_json(json)?.repair())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFile {
    schema_version: u32,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    seal: Option<String>,
    #[serde(deserialize_with = "read_habits")]
    habits: (Vec<RawHabit>, usize),
    #[serde(deserialize_with = "read_completions")]
    completions: RawCompletions,
    #[serde(default, deserialize_with = "read_day_logs")]
    day_logs: RawDayLogs,
    #[serde(default)]
    pauses: Value,
    #[serde(default)]
    reminders: RawReminders,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawReminders {
    habit_reminders: Vec<RawReminder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReminder {
    habit_id: RawHabitId,
    time_minutes: f64,
    #[serde(default = "default_true")]
    enabled: bool,
}

fn default_true() -> bool {
    true
}

/// A habit's id, without keeping the text.
struct RawHabitId(HabitId);

impl<'de> Deserialize<'de> for RawHabitId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
        Text::deserialize(deserializer).map(|Text(text)| Self(to_habit_id(&text)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCompletion<'a> {
    habit_id: RawHabitId,
    #[serde(borrow)]
    date: Cow<'a, str>,
    #[serde(borrow, default)]
    completed_at: Option<Cow<'a, str>>,
}

impl RawCompletion<'_> {
    /// A time instead of a date names the day it begins with.
    fn parse(&self) -> Option<ImportedCompletion> {
        let date = self.date.split_once('T').map_or(&*self.date, |(date, _)| date);
        let completed_at = self.completed_at.as_ref().and_then(|text| text.parse().ok());
        Some(ImportedCompletion { habit: self.habit_id.0, date: Day::parse(date).ok()?, completed_at })
    }
}

impl RawFile {
    fn from_json(json: impl Read) -> serde_json::Result<Self> {
        // SECURITY: serde_json refuses more than 127 levels of arrays and objects, so that no file exhausts the stack.
        let mut deserializer = serde_json::Deserializer::from_reader(json);
        let file = Self::deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(file)
    }

    fn repair(self) -> ImportFile {
        let mut reminders: BTreeMap<HabitId, Vec<f64>> = BTreeMap::new();
        for reminder in self.reminders.habit_reminders.into_iter().filter(|reminder| reminder.enabled) {
            reminders.entry(reminder.habit_id.0).or_default().push(reminder.time_minutes);
        }
        let (raw_habits, habit_count) = self.habits;
        let mut file = ImportFile {
            schema_version: self.schema_version,
            environment: self.environment,
            seal: self.seal,
            program: None,
            left_out: Vec::new(),
            habit_count,
            habits: Vec::with_capacity(raw_habits.len()),
            skipped: Vec::new(),
            skipped_ids: BTreeSet::new(),
            completion_count: self.completions.count,
            unreadable_completions: self.completions.unreadable + self.day_logs.unreadable,
            day_logs: self.day_logs.readable,
            pauses: read_pauses(&self.pauses).0,
            completions: self.completions.readable,
        };
        for raw in raw_habits {
            let id = raw.id();
            let times = id.and_then(|id| reminders.get(&id)).map_or(&[][..], Vec::as_slice);
            match raw.repair(times) {
                Ok(habit) => file.habits.push(habit),
                Err(note) => {
                    file.skipped.push(note);
                    file.skipped_ids.extend(id);
                }
            }
        }
        file
    }
}

/// Reads at most [`MAX_HABITS`] habits, and counts all of them.
fn read_habits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Vec<RawHabit>, usize), D::Error> {
    deserializer.deserialize_seq(HabitsVisitor)
}

struct HabitsVisitor;

impl<'de> Visitor<'de> for HabitsVisitor {
    type Value = (Vec<RawHabit>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of habits")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let (mut habits, mut count) = (Vec::new(), 0);
        while count < MAX_HABITS {
            match elements.next_element()? {
                Some(habit) => habits.push(habit),
                None => return Ok((habits, count)),
            }
            count += 1;
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok((habits, count))
    }
}

/// Up to [`MAX_COMPLETIONS`] completions.
#[derive(Default)]
struct RawCompletions {
    count: usize,
    readable: Vec<ImportedCompletion>,
    unreadable: usize,
}

/// Reads completions one by one, so that their texts are never all in memory, and counts all of them.
fn read_completions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RawCompletions, D::Error> {
    deserializer.deserialize_seq(CompletionsVisitor)
}

struct CompletionsVisitor;

impl<'de> Visitor<'de> for CompletionsVisitor {
    type Value = RawCompletions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of completions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut completions = RawCompletions::default();
        while completions.count < MAX_COMPLETIONS {
            let Some(raw) = elements.next_element::<RawCompletion<'de>>()? else { return Ok(completions) };
            match raw.parse() {
                Some(completion) => completions.readable.push(completion),
                None => completions.unreadable += 1,
            }
            completions.count += 1;
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {
            completions.count += 1;
        }
        Ok(completions)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(file: &serde_json::Value) -> ImportFile {
        ImportFile::read(file.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_completion_with_an_unreadable_date_is_counted_and_the_rest_is_read() {
        let completion = |date: &str, at: &str| json!({ "habitId": "a", "date": date, "completedAt": at });
        let file = read(&json!({
            "schemaVersion": 1, "habits": [],
            "completions": [
                completion("2026-02-30", ""),
                completion("2026-02-12T00:00:00.000Z", "yesterday"),
                completion("2026-02-13", "2026-02-13T08:00:00Z"),
            ],
        }));
        assert_eq!((file.completions.len(), file.unreadable_completions), (2, 1));
        assert_eq!(file.completions[0].date.to_string(), "2026-02-12");
        assert_eq!(file.completions[0].completed_at, None);
        assert!(file.completions[1].completed_at.is_some());
    }

    #[test]
    fn only_so_many_habits_are_kept_in_memory_and_all_are_counted() {
        let file = read(&json!({ "schemaVersion": 2, "habits": vec![json!({}); MAX_HABITS + 3], "completions": [] }));
        assert_eq!((file.habit_count, file.skipped.len()), (MAX_HABITS + 3, MAX_HABITS));
    }

    #[test]
    fn a_file_with_another_structure_or_with_text_after_its_end_is_refused() {
        let good = json!({ "schemaVersion": 1, "habits": [], "completions": [] }).to_string();
        assert!(ImportFile::read(good.as_bytes()).is_ok());
        let twice = good.replace("\"habits\":[]", "\"habits\":[],\"habits\":[]");
        for bad in ["{}", "[]", "", &good[..20], &format!("{good}x"), &twice, &good.replace("[]", "{}")] {
            assert!(ImportFile::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
