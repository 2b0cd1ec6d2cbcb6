//! Files of other habit trackers: read into one neutral model, and written from it.
//!
//! Each program has a file here that knows its format, and nothing of Atlas. [`habit`] is what all of them can say;
//! [`convert`] turns that into what an import stores, and names everything that it cannot keep.

pub mod archive;
pub mod beaver_habits;
pub mod color;
pub mod convert;
pub mod date;
pub mod day_table;
pub mod error;
pub mod habit;
pub mod habit_bull;
pub mod habit_sync;
pub mod habit_trove;
pub mod habitica;
pub mod habo;
pub mod json;
pub mod loop_archive;
pub mod loop_backup;
pub mod loop_database;
pub mod loop_tables;
pub mod loop_values;
pub mod outgoing;
pub mod recognize;
pub mod table;
pub mod table_columns;
pub mod table_habit;
pub mod thousandths;
