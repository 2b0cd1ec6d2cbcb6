//! Opening a file with redb, and what redb's errors say about the file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Database, DatabaseError, StorageBackend, StorageError};

use super::pid_file::read_pid;
use crate::store::engine::overlay_backend::OverlayBackend;
use crate::store::error::{ForeignFile, OpenError};

/// How much of the file redb keeps in memory. Its own default would be a gigabyte.
const CACHE_BYTES: usize = 64 << 20;

/// Opens a file for reading and writing.
pub(in crate::store) fn open_read_write(path: &Path) -> Result<File, OpenError> {
    OpenOptions::new().read(true).write(true).open(path).map_err(OpenError::io(path))
}

/// Opens a database on a backend.
pub(super) fn open_database(path: &Path, backend: impl StorageBackend) -> Result<Database, OpenError> {
    open_database_with(CACHE_BYTES, path, backend)
}

/// Opens a database on a backend, with up to `cache_bytes` in memory.
pub(super) fn open_database_with(
    cache_bytes: usize,
    path: &Path,
    backend: impl StorageBackend,
) -> Result<Database, OpenError> {
    // A corrupt file can make redb panic; that says something about the file and must not end the process.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        redb::Builder::new().set_cache_size(cache_bytes).create_with_backend(backend)
    }));
    match opened {
        Ok(opened) => opened.map_err(|error| open_error(path, error)),
        Err(_) => Err(OpenError::contradictory_pages(path)),
    }
}

/// Opens a file without writing to it: what redb changes, such as the repair after a crash, stays in memory.
pub(in crate::store) fn open_overlay(path: &Path) -> Result<Database, OpenError> {
    let overlay = File::open(path).and_then(OverlayBackend::new).map_err(OpenError::io(path))?;
    open_database(path, overlay)
}

/// Refuses an empty file, and one that does not begin as redb files do, before redb would write to it.
pub(super) fn require_header(path: &Path) -> Result<(), OpenError> {
    let mut header = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    let reason = match read {
        Ok(()) if header == *b"redb" => return Ok(()),
        Ok(()) => ForeignFile::Header,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ForeignFile::Truncated,
        Err(source) => return Err(OpenError::io(path)(source)),
    };
    Err(OpenError::NotADataFile { path: path.to_owned(), reason })
}

/// What an error of redb says about the file.
pub(in crate::store) fn open_error(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            let pid = read_pid(&path);
            OpenError::Locked { path, pid }
        }
        DatabaseError::Storage(StorageError::Io(source)) if source.kind() == io::ErrorKind::InvalidData => {
            OpenError::NotADataFile { path, reason: ForeignFile::Unreadable(source) }
        }
        DatabaseError::Storage(StorageError::Io(source)) => OpenError::Io { path, source },
        DatabaseError::UpgradeRequired(version) => {
            OpenError::NotADataFile { path, reason: ForeignFile::OldFormat(version) }
        }
        other => OpenError::Corrupt { path, source: redb::Error::from(other).into() },
    }
}
