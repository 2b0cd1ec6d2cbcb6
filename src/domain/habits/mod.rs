//! Habits: schedules, completions, streaks, insights and exports.

pub mod agenda;
pub mod completion;
pub mod data_export;
pub mod habit;
pub mod habit_year;
pub mod history;
pub mod insights;
pub mod recent_changes;
pub mod review;
pub mod schedule;
pub mod streak;
