//! Why a database is not read.

/// The reason, for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqliteError {
    #[error("This isn't an SQLite database.")]
    NotADatabase,
    #[error("This database is damaged: {0}.")]
    Corrupt(&'static str),
    #[error("This database has no table “{0}”.")]
    NoTable(&'static str),
    #[error("The table “{0}” has no row ids, and Atlas can't read such tables.")]
    WithoutRowIds(String),
}
