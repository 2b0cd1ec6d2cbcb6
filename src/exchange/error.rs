//! Why a file of another program is refused as a whole.

use crate::domain::habits::habit::MAX_HABITS;
use crate::exchange::table_columns::TableSample;
use crate::formats::sqlite::error::SqliteError;

/// The reason, for the person who chose the file.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// A file of another program, which completes "This is …".
    #[error("This is {0}. Atlas can't import it yet.")]
    Unsupported(&'static str),
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    #[error("This isn't a readable zip file.")]
    Zip(#[from] zip::result::ZipError),
    #[error("This zip file has too many files or expands too far.")]
    ZipTooLarge,
    #[error("This file is incomplete.")]
    Incomplete(#[from] std::io::Error),
    #[error("This file can't be read as a table: {0}.")]
    Csv(#[from] csv::Error),
    #[error("This file isn't valid: {0}.")]
    Json(#[from] serde_json::Error),
    #[error("This file has no “{0}”.")]
    Missing(&'static str),
    #[error("This file has more habits than the {MAX_HABITS} that Atlas can keep.")]
    TooManyHabits,
    /// A table whose columns the person has to name.
    #[error("Atlas doesn't know the columns of this table. Name them “date”, “habit”, “value”, and “note”.")]
    UnknownColumns(Box<TableSample>),
    #[error("This database holds the habits of several people. Export yours in Beaver Habits instead.")]
    SeveralPeople,
    #[error("This backup is version {0}. Atlas reads versions 9 to 25 of Loop Habit Tracker.")]
    LoopVersion(u32),
}
