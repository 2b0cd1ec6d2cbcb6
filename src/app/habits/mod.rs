//! Habits: editing and completing them, looking back, and importing and exporting.

pub mod bulk;
pub mod calendar;
pub mod completions;
pub mod data_export;
pub mod data_import;
pub mod entries;
mod export_seal;
pub mod habit;
pub mod import_source;
pub mod import_undo;
pub mod insights;
mod judged_histories;
pub mod notes;
pub mod pauses;
pub mod skips;
pub mod sorted;
