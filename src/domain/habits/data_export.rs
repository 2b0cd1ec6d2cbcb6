//! The data export: a user's data as one file that can be imported again.
//!
//! The format is that of Atlas's predecessor, with `schemaVersion` raised to 2 and these fields added: a habit's `schedule`, the
//! account's `timeZone` and `preferences`, and the `environment`. Files of version 1 can be imported as well.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::accounts::preferences::Preferences;
use crate::domain::{Day, Description, ReminderTimes, Schedule, Title, Weekdays};

/// The `schemaVersion` of new files.
pub const VERSION: u32 = 2;

/// The largest file that can be imported: about twenty years of ten habits.
pub const MAX_FILE_BYTES: usize = 8 << 20;

/// The content of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataExport {
    /// 1 for files of the predecessor, 2 for files of Atlas.
    pub schema_version: u32,
    pub generated_at: String,
    /// The user's id in the system that wrote the file.
    pub user_id: String,
    /// The environment that wrote the file; missing in files of the predecessor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferences: Option<Preferences>,
    /// All habits, archived ones too, sorted by position, age and id.
    pub habits: Vec<ExportedHabit>,
    /// Sorted by date, then by habit.
    pub completions: Vec<ExportedCompletion>,
    #[serde(default)]
    pub reminders: Reminders,
    /// Atlas has no achievements yet and writes empty lists.
    #[serde(default)]
    pub achievements: Achievements,
}

/// A habit in the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedHabit {
    /// Any text; in files of Atlas the habit's id.
    pub id: String,
    pub title: Title,
    pub description: Option<Description>,
    pub sort_order: u32,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
    /// The current days of the week.
    pub active_weekdays: Weekdays,
    /// All versions of the schedule; missing in files of version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// A completion in the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedCompletion {
    /// The [`ExportedHabit::id`].
    pub habit_id: String,
    pub date: Day,
    /// To the minute, if the time was stored.
    pub completed_at: Option<Timestamp>,
}

/// The reminders in the file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reminders {
    #[serde(default)]
    pub settings: ReminderSettings,
    #[serde(default)]
    pub habit_reminders: Vec<HabitReminder>,
}

/// Settings of the predecessor. Atlas sends no reminders yet and writes the defaults.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HabitReminder {
    /// The [`ExportedHabit::id`].
    pub habit_id: String,
    /// Minutes after local midnight.
    pub time_minutes: i64,
    #[serde(default = "default_true")]
    pub enabled: bool,
}

fn default_true() -> bool {
    true
}

/// The predecessor's achievements.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Achievements {
    pub achievement_unlocks: Vec<serde_json::Value>,
    pub habit_milestone_unlocks: Vec<serde_json::Value>,
}

impl DataExport {
    /// The reminder times of a habit in the file; none when they are too many or invalid.
    pub fn reminder_times(&self, habit: &str) -> ReminderTimes {
        let enabled =
            self.reminders.habit_reminders.iter().filter(|reminder| reminder.habit_id == habit && reminder.enabled);
        let minutes: Vec<i64> = enabled.map(|reminder| reminder.time_minutes).collect();
        ReminderTimes::parse(&minutes).unwrap_or_default()
    }
}

/// What an import changed, or would change in a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportSummary {
    pub habits_added: usize,
    /// Habits that exist already and stay unchanged.
    pub habits_known: usize,
    pub completions_added: usize,
    /// Completions that exist already.
    pub completions_known: usize,
    /// Completions whose habit is not in the file.
    pub completions_without_habit: usize,
}
