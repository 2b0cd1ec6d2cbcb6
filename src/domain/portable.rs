//! A person's data as one file that can be taken away and brought back.
//!
//! The shape is the predecessor's, with `schemaVersion` raised to 2 and these fields added: a habit's `schedule`, the
//! account's `timeZone` and `preferences`, and the `environment`. A file of version 1 can be read, too.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::preferences::Preferences;
use super::{Day, Description, ReminderTimes, Schedule, Title, Weekdays};

/// The version that is written.
pub const VERSION: u32 = 2;

/// Largest file that can be brought back, in bytes: some twenty years of ten habits.
pub const LARGEST: usize = 8 << 20;

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Portable {
    /// 1 for files of the predecessor, 2 for ours.
    pub schema_version: u32,
    /// When it was made.
    pub generated_at: String,
    /// Whose it is, as the system that made it called the person.
    pub user_id: String,
    /// The environment it was taken from; files of the predecessor say nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Where the person's days begin and end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How the person likes Atlas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferences: Option<Preferences>,
    /// Habits, archived ones too, by order, age, id.
    pub habits: Vec<PortableHabit>,
    /// What was done, by date, then habit.
    pub completions: Vec<PortableCompletion>,
    /// Reminders.
    #[serde(default)]
    pub reminders: Reminders,
    /// Achievements; Atlas keeps none yet and writes empty lists.
    #[serde(default)]
    pub achievements: Achievements,
}

/// One habit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortableHabit {
    /// Any text; the habit's own id in files of ours.
    pub id: String,
    /// Title.
    pub title: Title,
    /// Description.
    pub description: Option<Description>,
    /// Place in the person's order.
    pub sort_order: u32,
    /// When it was put away.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// The weekdays that count now.
    pub active_weekdays: Weekdays,
    /// Which weekdays counted when; files of version 1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// One completion.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortableCompletion {
    /// The habit, as the file calls it.
    pub habit_id: String,
    /// The day.
    pub date: Day,
    /// When it was ticked, to the minute, if that was kept.
    pub completed_at: Option<Timestamp>,
}

/// Reminders.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reminders {
    /// How and when to remind.
    #[serde(default)]
    pub settings: ReminderSettings,
    /// Times by habit.
    #[serde(default)]
    pub habit_reminders: Vec<HabitReminder>,
}

/// How and when to remind; Atlas sends none yet and writes the defaults.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the predecessor's and say what they are")]
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

/// One time of one habit, in minutes after local midnight.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HabitReminder {
    /// The habit, as the file calls it.
    pub habit_id: String,
    /// Minutes after local midnight.
    pub time_minutes: i64,
    /// Whether it counts.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// Achievements.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the predecessor's and say what they are")]
pub struct Achievements {
    pub achievement_unlocks: Vec<serde_json::Value>,
    pub habit_milestone_unlocks: Vec<serde_json::Value>,
}

impl Portable {
    /// The reminder times of a habit of the file; more than can be kept, or wrong ones, are left out.
    pub fn reminder_times(&self, habit: &str) -> ReminderTimes {
        let mine =
            self.reminders.habit_reminders.iter().filter(|reminder| reminder.habit_id == habit && reminder.enabled);
        let minutes: Vec<i64> = mine.map(|reminder| reminder.time_minutes).collect();
        ReminderTimes::parse(&minutes).unwrap_or_default()
    }
}

/// What bringing a file back did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Brought {
    /// Habits that are new.
    pub habits_added: usize,
    /// Habits that were there and stay as they are.
    pub habits_known: usize,
    /// Completions that are new.
    pub completions_added: usize,
    /// Completions that were there.
    pub completions_known: usize,
    /// Completions of habits that the file does not have.
    pub completions_without_habit: usize,
}
