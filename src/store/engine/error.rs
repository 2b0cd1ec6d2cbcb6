//! Why a read or a write failed. Which error is used when:
//!
//! - [`Error::Busy`], [`Error::Closed`], [`Error::Panicked`]: the write was not done, and the file is as it was. `Busy` passes by
//!   itself; `Closed` lasts until the file is reopened; `Panicked` is a bug in the closure.
//! - [`Error::Corrupt`]: one row is not what was written, or not what this binary understands. [`DecodeError`] says which.
//! - [`Error::File`]: everything that redb or the disk reports. After a failed commit, the writer stops until the file is
//!   reopened.
//!
//! Why a file does not open is a [`crate::store::OpenError`].

use std::sync::Arc;

/// A read or write that could not be carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Too many writes are queued; nothing was done.
    #[error("too many writes are queued")]
    Busy,
    /// The store accepts no writes; nothing was done.
    #[error("the store accepts no writes")]
    Closed,
    /// The closure panicked; none of its changes were kept.
    #[error("a write panicked and was undone")]
    Panicked,
    /// A stored row cannot be decoded.
    #[error("table {table} has a row that cannot be read: {source}")]
    Corrupt {
        /// The table's name.
        table: &'static str,
        /// What is wrong with the row.
        source: DecodeError,
    },
    /// The file could not be read or written.
    #[error("data file: {0}")]
    File(Arc<redb::Error>),
}

/// Why stored bytes are not a valid key or value.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DecodeError {
    /// The key does not have the shape of the table's keys.
    #[error("invalid key")]
    Key,
    /// The row is not what was written.
    #[error("checksum mismatch")]
    Checksum,
    /// A newer or older binary wrote the record.
    #[error("record version {found}, expected {expected}")]
    Version {
        /// The version byte of the record.
        found: u8,
        /// The version that was asked for.
        expected: u8,
    },
    /// A record without its version byte.
    #[error("empty record")]
    Empty,
    /// The JSON of the record does not describe the value.
    #[error(transparent)]
    Json(Arc<serde_json::Error>),
    /// A record that is not JSON is malformed.
    #[error("{0}")]
    Malformed(&'static str),
}

impl Error {
    /// Whether the file holds something other than what was written.
    pub(super) fn is_corruption(&self) -> bool {
        match self {
            Self::Corrupt { .. } => true,
            Self::File(error) => matches!(**error, redb::Error::Corrupted(_)),
            Self::Busy | Self::Closed | Self::Panicked => false,
        }
    }
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(Arc::new(error))
    }
}

macro_rules! from_redb {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Error {
            fn from(error: $kind) -> Self {
                Self::File(Arc::new(error.into()))
            }
        })*
    };
}
from_redb!(redb::StorageError, redb::TableError, redb::TransactionError, redb::CommitError, redb::SetDurabilityError);

impl From<redb::Error> for Error {
    fn from(error: redb::Error) -> Self {
        Self::File(Arc::new(error))
    }
}
