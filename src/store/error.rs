//! Why a data file was not opened, migrated or verified. Each message says what was found, what was expected, and the fix.
//! Which error is used when:
//!
//! | error | the file |
//! |---|---|
//! | [`Missing`](OpenError::Missing), [`Io`](OpenError::Io) | is not there, or the system refuses access or space |
//! | [`Locked`](OpenError::Locked) | is open in another process |
//! | [`NotADataFile`](OpenError::NotADataFile) | was not written by Atlas |
//! | [`Corrupt`](OpenError::Corrupt) | was written by Atlas, and is not as it was written |
//! | [`EditedStamp`](OpenError::EditedStamp), [`OtherEnvironment`](OpenError::OtherEnvironment), [`OtherFile`](OpenError::OtherFile) | is intact and must not be used here |
//! | [`Older`](OpenError::Older), [`Newer`](OpenError::Newer), [`NotReversible`](OpenError::NotReversible) | has, or should get, another schema |
//!
//! What goes wrong with reads and writes of an open file is a [`crate::store::Error`].

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::backup::snapshot_id::SnapshotId;
use crate::domain::environment::stamp::Stamp;
use crate::domain::{Environment, FileId};
use crate::store::engine::error::Error;

/// Why a data file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{path} is in use by a running Atlas{}. Stop it first, or point --env at another environment.", match .pid { Some(pid) => format!(" (pid {pid})"), None => String::new() })]
    Locked {
        /// The data file.
        path: PathBuf,
        /// The process that serves the file, if its pid file says so.
        pid: Option<u32>,
    },
    /// It belongs to another environment.
    #[error("{path} belongs to environment “{}” (kind {}), not to “{expected}”. Nothing was changed. Set data_file of “{expected}” to a separate file, or start with --env {}.", .found.environment, .found.kind, .found.environment)]
    OtherEnvironment {
        /// The data file.
        path: PathBuf,
        /// Its stamp.
        found: Box<Stamp>,
        /// The environment it was opened for.
        expected: Environment,
    },
    /// It belongs to the environment, but is not the file that was open before.
    #[error(
        "{path} is file {found}, not {expected}, which was open before. Put a snapshot of {expected} in its place."
    )]
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
        "{path} has schema {found}; this Atlas needs schema {known}. Nothing was changed. `atlas serve --env {environment}` migrates the file when it starts; `atlas migrate up --env {environment}` migrates it now."
    )]
    Older {
        /// The data file.
        path: PathBuf,
        /// Its environment.
        environment: Environment,
        /// Its schema.
        found: u32,
        /// The schema this binary works with.
        known: u32,
    },
    /// Its stamp is not the one it was created with.
    #[error("the stamp of {path} was edited: it says “{}” (kind {}), but its seal was made for another stamp. A data file stays in the environment it was created for. Nothing was changed. Put the file back as it was, from a snapshot or a backup; “{}” needs a data file of its own.", .found.environment, .found.kind, .found.environment)]
    EditedStamp {
        /// The data file.
        path: PathBuf,
        /// What its stamp says now.
        found: Box<Stamp>,
    },
    /// A newer Atlas wrote it.
    #[error("{path} has schema {found}; this Atlas {} supports schemas up to {known}. Nothing was changed. Start the newer binary, {}.", env!("CARGO_PKG_VERSION"), alternative(.snapshot.as_ref(), .environment, *.known))]
    Newer {
        /// The data file.
        path: PathBuf,
        /// Its environment.
        environment: Environment,
        /// Its schema.
        found: u32,
        /// The newest schema this binary supports.
        known: u32,
        /// The newest snapshot that this binary can open.
        snapshot: Option<SnapshotId>,
    },
    /// A rehearsal on a copy showed that a migration cannot be undone, or gives another result the second time.
    #[error(
        "on a copy, migrating from schema {from} to {to}, back, and to {to} again changed table {table}, so the data file itself was not migrated. Start the binary of schema {from}, and report this."
    )]
    NotReversible {
        /// The schema of the file.
        from: u32,
        /// The schema it should have got.
        to: u32,
        /// The table that differs.
        table: &'static str,
    },
    /// Atlas did not write it.
    #[error(
        "{path} is not an Atlas data file ({reason}). Nothing was changed. Set data_file to another path, or move this file away."
    )]
    NotADataFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: ForeignFile,
    },
    /// Atlas wrote it, and it is not as it was written.
    #[error("{path} is corrupt ({source}). Keep a copy of it and restore the newest snapshot.")]
    Corrupt {
        /// The data file.
        path: PathBuf,
        /// What is wrong with it.
        source: Corruption,
    },
    /// It does not exist, and the command does not create it.
    #[error("{path} does not exist. `atlas serve` or `atlas seed` creates it.")]
    Missing {
        /// The path that was tried.
        path: PathBuf,
    },
    /// The system returned an error.
    #[error("{path} cannot be opened: {source}. {}", advice(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// How a file shows that Atlas did not write it.
#[derive(Debug, thiserror::Error)]
pub enum ForeignFile {
    /// It does not begin as redb files do.
    #[error("it does not start like one")]
    Header,
    /// It is empty or shorter than the header of a redb file.
    #[error("it is empty or truncated")]
    Truncated,
    /// redb cannot read it.
    #[error(transparent)]
    Unreadable(io::Error),
    /// It has a file format from before the first release.
    #[error("file format {0} is older than any Atlas wrote")]
    OldFormat(u8),
    /// It is a redb file without a stamp.
    #[error("it has no stamp")]
    NoStamp,
}

/// What is wrong with a corrupt data file.
#[derive(Debug, thiserror::Error)]
pub enum Corruption {
    /// A row cannot be read.
    #[error(transparent)]
    Row(#[from] Error),
    /// redb reports an error.
    #[error(transparent)]
    Engine(#[from] redb::Error),
    /// redb panicked on its pages.
    #[error("its pages contradict each other")]
    Pages,
}

/// The process, or the system, has too many open files. The same on every Linux.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

/// What to do about an error of the system.
fn advice(error: &io::Error) -> &'static str {
    use io::ErrorKind::{InvalidFilename, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match error.kind() {
        InvalidFilename => "Set data_file to a shorter path.",
        PermissionDenied => "Run Atlas as the user that owns the file and its folder.",
        StorageFull | QuotaExceeded => "Make room: the disk has no space or no inodes left, or a quota is used up.",
        ReadOnlyFilesystem => "The disk is mounted read-only; check its health, then mount it writable.",
        // The kind for these is not stable.
        _ if matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) => {
            "Too many files are open: raise the limit (`ulimit -n`, or LimitNOFILE in the systemd unit)."
        }
        _ => "Check that the folder exists, is writable and has space.",
    }
}

/// What else helps when a newer Atlas wrote the file.
fn alternative(snapshot: Option<&SnapshotId>, environment: &Environment, known: u32) -> String {
    match snapshot {
        Some(id) => format!(
            "or roll back to the newest snapshot with schema {known}, which loses what was written since: `atlas rollback --env {environment} --to {id} --confirm {environment}`"
        ),
        None => format!(
            "or let the newer binary migrate the file down: `atlas migrate down --to {known} --env {environment} --confirm {environment}`; there is no snapshot with schema {known}"
        ),
    }
}

impl OpenError {
    /// Adds the path to an error of the system.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Adds the path to an error that means corruption.
    pub(super) fn corrupt<E: Into<Corruption>>(path: &Path) -> impl Fn(E) -> Self + '_ {
        move |source| Self::Corrupt { path: path.to_owned(), source: source.into() }
    }

    /// redb panicked on the file.
    pub(super) fn contradictory_pages(path: &Path) -> Self {
        Self::Corrupt { path: path.to_owned(), source: Corruption::Pages }
    }
}
