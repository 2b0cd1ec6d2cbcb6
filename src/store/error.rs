//! What can go wrong with a data file. Nothing here is anybody's fault at a keyboard, except opening the wrong file.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::snapshot::SnapshotId;
use crate::domain::stamp::Stamp;
use crate::domain::{Environment, FileId};

/// A read or write that could not be carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Too many writes are waiting; nothing was done.
    #[error("too many writes are waiting")]
    Busy,
    /// The store takes no writes any more; nothing was done.
    #[error("the store takes no writes")]
    Closed,
    /// The decision panicked; nothing of it was kept.
    #[error("a write panicked and was undone")]
    Panicked,
    /// A stored row cannot be understood.
    #[error("table {table} holds a row that cannot be read: {why}")]
    Corrupt {
        /// The table's name.
        table: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The file could not be read or written.
    #[error("data file: {0}")]
    File(Arc<redb::Error>),
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

/// Why a data file was not opened. Each says what was found, what was expected, and the fix.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{path} is in use by a running Atlas{}. Stop it first, or point --env at another environment.", match .pid { Some(pid) => format!(" (pid {pid})"), None => String::new() })]
    Locked {
        /// The data file.
        path: PathBuf,
        /// The process that said it is serving the file.
        pid: Option<u32>,
    },
    /// It belongs elsewhere.
    #[error("{path} belongs to environment “{}” (kind {}), not to “{expected}”. Nothing was changed. Set data_file of “{expected}” to a file of its own, or start with --env {}.", .found.environment, .found.kind, .found.environment)]
    OtherEnvironment {
        /// The data file.
        path: PathBuf,
        /// Its stamp.
        found: Box<Stamp>,
        /// What it was opened as.
        expected: Environment,
    },
    /// It is a file of the same environment, but not the one that was open.
    #[error("{path} is file {found}, not {expected}, which was open there. Put a snapshot of {expected} in its place.")]
    OtherFile {
        /// The data file.
        path: PathBuf,
        /// Its id.
        found: FileId,
        /// The id of the file that was open.
        expected: FileId,
    },
    /// An older Atlas wrote it.
    #[error(
        "{path} has schema {found}; this Atlas works with {known}. Nothing was changed. `atlas serve --env {environment}` leads it up when it starts; `atlas migrate up --env {environment}` does it now."
    )]
    Older {
        /// The data file.
        path: PathBuf,
        /// Whose it is.
        environment: Environment,
        /// Its schema.
        found: u32,
        /// The schema this binary works with.
        known: u32,
    },
    /// Its stamp is not the one it was made with.
    #[error("the stamp of {path} was edited: it says “{}” (kind {}), and its seal was made for another stamp. A data file stays with the environment it was made for. Nothing was changed. Put the file back as it was, from a snapshot or a backup; data of “{}” begins with a file of its own.", .found.environment, .found.kind, .found.environment)]
    Edited {
        /// The data file.
        path: PathBuf,
        /// What its stamp says now.
        found: Box<Stamp>,
    },
    /// A newer Atlas wrote it.
    #[error("{path} has schema {found}; this Atlas {} knows schemas up to {known}. Nothing was changed. Start the newer binary, {}.", env!("CARGO_PKG_VERSION"), way_back(.fitting.as_ref(), .environment, *.known))]
    Newer {
        /// The data file.
        path: PathBuf,
        /// Whose it is.
        environment: Environment,
        /// Its schema.
        found: u32,
        /// The newest schema this binary knows.
        known: u32,
        /// The newest snapshot that this binary can open.
        fitting: Option<SnapshotId>,
    },
    /// The way to another schema is not to be trusted, as a rehearsal on a copy showed.
    #[error(
        "on a copy, leading the data file from schema {from} to {to}, back, and there again changed table {table}, so the file itself was not led there and is as it was. Start the binary of schema {from}, and report this."
    )]
    NotReversible {
        /// Where it is.
        from: u32,
        /// Where it should have gone.
        to: u32,
        /// The table that came out otherwise.
        table: &'static str,
    },
    /// It is no data file of Atlas.
    #[error(
        "{path} is not an Atlas data file ({why}). Nothing was changed. Set data_file to another path, or move this file away."
    )]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What was seen.
        why: String,
    },
    /// It is one of ours and damaged.
    #[error("{path} is damaged ({why}). Keep a copy of it and restore the newest snapshot.")]
    Damaged {
        /// The data file.
        path: PathBuf,
        /// What was seen.
        why: String,
    },
    /// It is missing, and the command does not make one.
    #[error("{path} does not exist. `atlas serve` or `atlas seed` creates it.")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The disk said no.
    #[error("{path} cannot be opened: {source}. Check that the folder exists, is writable and has space.")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// How to get a file that an older binary can open.
fn way_back(fitting: Option<&SnapshotId>, environment: &Environment, known: u32) -> String {
    match fitting {
        Some(id) => format!(
            "or go back to the newest snapshot that fits, which loses what was written since: `atlas rollback --env {environment} --to {id} --confirm {environment}`"
        ),
        None => format!(
            "or let the newer binary lead the file back: `atlas migrate down --to {known} --env {environment} --confirm {environment}`; there is no snapshot with schema {known}"
        ),
    }
}
