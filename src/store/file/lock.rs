//! Locking a data file without opening it.

use std::io;
use std::ops::Bound::Unbounded;
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::database::{open_error, open_read_write};
use super::pid_file::read_pid;
use crate::store::error::OpenError;

/// The right to replace a data file: while it is held, no server has the file open and none can open it. Works on corrupt files,
/// too.
pub struct FileLock(FileBackend);

impl FileLock {
    /// Acquires the lock.
    ///
    /// # Errors
    /// [`OpenError::Locked`] while another process has the file; [`OpenError::Io`].
    pub fn acquire(path: &Path) -> Result<Self, OpenError> {
        let backend = FileBackend::new(open_read_write(path)?).map_err(|error| open_error(path, error))?;
        match backend.try_lock_range(Unbounded, Unbounded) {
            Ok(true) => Ok(Self(backend)),
            Ok(false) => Err(OpenError::Locked { path: path.to_owned(), pid: read_pid(path) }),
            Err(error) => Err(OpenError::io(path)(io::Error::other(error.to_string()))),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let _ = self.0.close();
    }
}
