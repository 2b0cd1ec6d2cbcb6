//! Habits: schedules, completions, streaks, insights and exports.

pub mod agenda;
pub mod best_streaks;
pub mod completion;
pub mod data_export;
pub mod emoji;
mod emoji_table;
pub mod export_digest;
pub mod foreign_file;
pub mod frequency;
pub mod habit;
pub mod habit_color;
pub mod habit_year;
pub mod history;
pub mod import_file;
pub mod import_report;
pub mod imported_habit;
pub mod insights;
pub mod intensity;
#[cfg(test)]
mod loop_vectors;
pub mod period_rates;
pub mod preset;
pub mod recent_changes;
pub mod recent_weeks;
pub mod review;
pub mod rolling_window;
pub mod schedule;
pub mod streak;
pub mod strength;
pub mod strength_history;
