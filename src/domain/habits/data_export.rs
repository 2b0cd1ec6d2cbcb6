//! The data export: a user's data as one file that can be imported again.
//!
//! The format is that of Atlas's predecessor, with `schemaVersion` raised to 2 and these fields added: a habit's `schedule`,
//! `color`, `emoji`, `tags`, `group`, `timeOfDay`, `unit`, `step` and `pauses`, the account's `timeZone`, `preferences` and `pauses`, the `environment`, and the `seal`. [`super::import_file`] reads such files, and those of
//! version 1.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::accounts::preferences::Preferences;
use crate::domain::habits::day_log::{DayLog, MAX_ENTRIES, MAX_NOTE_CHARS};
use crate::domain::habits::group::MAX_GROUP_CHARS;
use crate::domain::habits::habit::{MAX_ACTIVE_HABITS, MAX_DESCRIPTION_CHARS, MAX_HABITS, MAX_TITLE_CHARS};
use crate::domain::habits::pauses::MAX_PAUSES;
use crate::domain::habits::tag::{MAX_TAG_CHARS, MAX_TAGS};
use crate::domain::{
    Amount, Day, Description, Emoji, GroupName, HabitColor, HabitId, Pauses, Schedule, Tags, TimeOfDay, Title, Unit,
    Weekdays,
};

/// The `schemaVersion` of new files.
pub const VERSION: u32 = 2;

/// The most completions of one user that a file can bring along: twenty years of as many habits as can be active.
pub const MAX_COMPLETIONS: usize = MAX_ACTIVE_HABITS * 366 * 20;

/// The longest line of a completion: an id, a date, and a time to the minute.
const MAX_COMPLETION_BYTES: usize = 112;
/// The length of a pause with its comma.
const PAUSE_BYTES: usize = 44;
/// The longest lines of a habit and its reminders: every character takes four bytes, and the schedule changes every month
/// for twenty years.
const MAX_HABIT_BYTES: usize = 4 * MAX_HABIT_CHARS + 240 * MAX_VERSION_BYTES + MAX_PAUSES * PAUSE_BYTES + 1_024;
/// The longest version of a schedule: its first day, days of the week, frequency, and goal.
const MAX_VERSION_BYTES: usize = 180;
/// The characters of the longest texts of a habit.
const MAX_HABIT_CHARS: usize =
    MAX_TITLE_CHARS + MAX_DESCRIPTION_CHARS + MAX_GROUP_CHARS + MAX_TAGS * (MAX_TAG_CHARS + 1);

/// The longest line of a day log: all its entries, and a note of characters of four bytes.
const MAX_LOG_BYTES: usize = MAX_ENTRIES * 116 + 4 * MAX_NOTE_CHARS + 128;
/// The longest logs of one habit on every day for twenty years, or as many shorter ones of other habits.
const MAX_ALL_LOG_BYTES: usize = 366 * 20 * MAX_LOG_BYTES;

/// The largest file that can be imported, decompressed: everything that a user may store.
pub const MAX_FILE_BYTES: usize = MAX_HABITS * MAX_HABIT_BYTES
    + MAX_COMPLETIONS * MAX_COMPLETION_BYTES
    + MAX_ALL_LOG_BYTES
    + MAX_PAUSES * PAUSE_BYTES
    + 4_096;

/// The largest file as it is sent, which is kept in memory. A larger one has to be compressed.
pub const MAX_UPLOAD_BYTES: usize = 200 << 20;

/// The content of the file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataExport {
    /// Always [`VERSION`]; 1 in files of the predecessor.
    pub schema_version: u32,
    pub generated_at: String,
    /// The user's id in the system that wrote the file.
    pub user_id: String,
    /// The environment that wrote the file.
    pub environment: String,
    pub time_zone: String,
    pub preferences: Preferences,
    /// When all habits are paused.
    #[serde(skip_serializing_if = "Pauses::is_empty")]
    pub pauses: Pauses,
    /// All habits, archived ones too, sorted by position, age and id.
    pub habits: Vec<ExportedHabit>,
    /// Sorted by date, then by habit.
    pub completions: Vec<ExportedCompletion>,
    /// Notes, skipped days and amounts, sorted by date, then by habit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub day_logs: Vec<ExportedDayLog>,
    pub reminders: Reminders,
    /// Atlas has no achievements yet and writes empty lists.
    pub achievements: Achievements,
    /// The seal of the data file; see [`crate::domain::habits::export_digest`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
}

/// A habit in the file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedHabit {
    pub id: HabitId,
    pub title: Title,
    pub description: Option<Description>,
    pub sort_order: u32,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The current days of the week.
    pub active_weekdays: Weekdays,
    /// All versions of the schedule.
    pub schedule: Schedule,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<HabitColor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<Emoji>,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_of_day: Option<TimeOfDay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// In thousandths of the unit, like all amounts in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Amount>,
    #[serde(skip_serializing_if = "Pauses::is_empty")]
    pub pauses: Pauses,
}

/// A completion in the file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedCompletion {
    pub habit_id: HabitId,
    pub date: Day,
    /// To the minute, if the time was stored.
    pub completed_at: Option<Timestamp>,
}

/// The log of a habit's day in the file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedDayLog {
    pub habit_id: HabitId,
    pub date: Day,
    #[serde(flatten)]
    pub log: DayLog,
}

/// The reminders in the file.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reminders {
    pub settings: ReminderSettings,
    pub habit_reminders: Vec<HabitReminder>,
}

/// Settings of the predecessor. Atlas sends no reminders yet and writes the defaults.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReminderSettings {
    pub daily_digest_enabled: bool,
    pub daily_digest_time_minutes: u16,
    pub quiet_hours_enabled: bool,
    pub quiet_hours_start_minutes: u16,
    pub quiet_hours_end_minutes: u16,
    pub snooze_default_minutes: u16,
}

impl Default for ReminderSettings {
    fn default() -> Self {
        Self {
            daily_digest_enabled: true,
            daily_digest_time_minutes: 1_200,
            quiet_hours_enabled: false,
            quiet_hours_start_minutes: 1_320,
            quiet_hours_end_minutes: 420,
            snooze_default_minutes: 10,
        }
    }
}

/// A reminder time of a habit.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HabitReminder {
    pub habit_id: HabitId,
    /// Minutes after local midnight.
    pub time_minutes: u16,
    pub enabled: bool,
}

/// The predecessor's achievements.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Achievements {
    pub achievement_unlocks: Vec<serde_json::Value>,
    pub habit_milestone_unlocks: Vec<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Pause;
    use crate::domain::habits::day_log::{AmountEntry, Note};
    use crate::domain::habits::goal::GoalPeriod;
    use crate::domain::habits::habit::MAX_REMINDER_TIMES;
    use crate::domain::habits::rule::Rule;
    use crate::domain::habits::schedule::ScheduleVersion;
    use crate::domain::habits::unit::MAX_UNIT_CHARS;
    use crate::domain::{EntryId, Frequency, Goal, Window};

    #[test]
    fn the_largest_rows_fit_into_the_largest_file() {
        let id = HabitId::from_bytes([0xff; 16]);
        let length = |row: &dyn Fn() -> serde_json::Result<Vec<u8>>| row().unwrap().len() + ",\n".len();
        let completion = ExportedCompletion {
            habit_id: id,
            date: Day::parse("2026-02-12").unwrap(),
            completed_at: Some("2026-02-12T09:30:00Z".parse().unwrap()),
        };
        assert!(length(&|| serde_json::to_vec(&completion)) <= MAX_COMPLETION_BYTES);
        let at: Timestamp = "2026-02-12T09:30:00.123456789Z".parse().unwrap();
        let day = Day::parse("2026-02-12").unwrap();
        // Every other version has the frequency with the longest name, and the other ones the one with the longest numbers.
        let version = |n| {
            let window = Window::RollingDays(366);
            let times = Frequency::Times { times: 366, window };
            let frequency = if n % 2 == 0 { Frequency::EveryDays { days: 366, anchor: day } } else { times };
            let goal = Goal::AtLeast { target: Amount::MAX, per: GoalPeriod::Month };
            ScheduleVersion::new(day.add_days(n), Some(Rule { weekdays: Weekdays::ALL, frequency, goal }))
        };
        for row in [version(0), version(1)] {
            assert!(length(&|| serde_json::to_vec(&row)) <= MAX_VERSION_BYTES);
        }
        let entry = |n: u8| AmountEntry {
            id: EntryId::from_bytes([n; 16]),
            amount: Amount::MAX,
            recorded_at: "2026-02-12T09:30:00.123456789Z".parse().unwrap(),
        };
        let entries = (0..u8::try_from(MAX_ENTRIES).unwrap()).map(entry).collect();
        let note = Note::parse(&"👍".repeat(MAX_NOTE_CHARS)).unwrap();
        let log = ExportedDayLog { habit_id: id, date: day, log: DayLog { entries, note, is_skipped: true } };
        assert!(length(&|| serde_json::to_vec(&log)) <= MAX_LOG_BYTES);
        let habit = ExportedHabit {
            id,
            title: Title::parse(&"👍".repeat(MAX_TITLE_CHARS)).unwrap(),
            description: Description::parse(&"👍".repeat(MAX_DESCRIPTION_CHARS)).unwrap(),
            sort_order: u32::MAX,
            archived_at: Some(at),
            created_at: at,
            updated_at: at,
            active_weekdays: Weekdays::ALL,
            schedule: (0..240).map(version).collect::<Vec<_>>().try_into().unwrap(),
            color: Some(HabitColor::Orange),
            emoji: Emoji::parse("👨🏻‍👩🏼‍👧🏽‍👦🏾").unwrap(),
            tags: Tags::parse((0..MAX_TAGS).map(|n| format!("{n}{}", "👍".repeat(MAX_TAG_CHARS - 1)))).unwrap(),
            group: GroupName::parse(&"👍".repeat(MAX_GROUP_CHARS)).unwrap(),
            time_of_day: Some(TimeOfDay::Afternoon),
            unit: Unit::parse(&"👍".repeat(MAX_UNIT_CHARS)).unwrap(),
            step: Some(Amount::MAX),
            pauses: (0..100)
                .map(|n| Pause { first: day.add_days(3 * n), last: Some(day.add_days(3 * n + 1)) })
                .collect::<Vec<_>>()
                .into(),
        };
        let reminder = HabitReminder { habit_id: id, time_minutes: 1_439, enabled: true };
        let reminders = MAX_REMINDER_TIMES * length(&|| serde_json::to_vec(&reminder));
        assert!(length(&|| serde_json::to_vec(&habit)) + reminders <= MAX_HABIT_BYTES);
    }
}
