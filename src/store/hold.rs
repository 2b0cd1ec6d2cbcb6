//! Holding a data file without opening it.

use std::fs::OpenOptions;
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::OpenError;
use super::open::{explain, io, pid_beside};

/// The right to put another file in a data file's place: held, no server has the file and none can start on it. Works on
/// damaged files too.
pub struct Hold(FileBackend);

impl Hold {
    /// Takes it.
    ///
    /// # Errors
    /// [`OpenError::Locked`] while somebody has the file; [`OpenError::Io`].
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        use std::ops::Bound::Unbounded;
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(io(path))?;
        let backend = FileBackend::new(file).map_err(|error| explain(path, error))?;
        match backend.try_lock_range(Unbounded, Unbounded) {
            Ok(true) => Ok(Self(backend)),
            Ok(false) => Err(OpenError::Locked { path: path.to_owned(), pid: pid_beside(path) }),
            Err(error) => {
                Err(OpenError::Io { path: path.to_owned(), source: std::io::Error::other(error.to_string()) })
            }
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let _ = self.0.close();
    }
}
