//! Copying a data file exactly as it is at one commit, while it is in use.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use redb::ReadableDatabase;

use super::verification::{RowCounts, VerifiedCopy, count_rows, finalize};
use crate::domain::FileId;
use crate::store::engine::checksum::RowFormat;
use crate::store::engine::read_txn::ReadTxn;
use crate::store::engine::snapshot_backend::SnapshotBackend;
use crate::store::{Error, OpenError, Store};

/// Why a snapshot was not taken, listed or removed.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The copy could not be written, or the folder not read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The data file could not be read.
    #[error("{0}")]
    Store(#[from] Error),
    /// The copy does not open.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The copy opens, but holds something other than what was copied.
    #[error("the copy differs from what was copied: {0}")]
    Differs(#[source] CopyDifference),
}

/// In what a copy differs from the file it was made of.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyDifference {
    #[error("it is of file {found}, not of {expected}")]
    File { found: FileId, expected: FileId },
    #[error("table {table} held {expected} rows and the copy has {found}")]
    Rows { table: String, found: u64, expected: u64 },
}

impl Store {
    /// Copies the data file as it is at one commit into a new file while writes continue, and returns how many rows each
    /// table had at that commit. Blocks until the copy is on the disk; `on_progress` gets the number of bytes done and their
    /// total.
    ///
    /// # Errors
    /// [`SnapshotError`]; the caller removes what was written of the copy.
    pub fn copy_to(&self, target: &Path, on_progress: &mut dyn FnMut(u64, u64)) -> Result<RowCounts, SnapshotError> {
        // SECURITY: only the owner can read people's data regardless of the umask.
        let target = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(target)?;
        let (rows, backend) = self.start_copy(target)?;
        backend.finish_copy(on_progress)?;
        Ok(rows)
    }

    /// Starts a copy between two commits, and returns how many rows each table has then.
    fn start_copy(&self, target: File) -> Result<(RowCounts, SnapshotBackend), SnapshotError> {
        let pause = self.pause_writer()?;
        let transaction = pause.file.database.begin_read().map_err(Error::from)?;
        let rows = count_rows(&ReadTxn::new(transaction, RowFormat::Checksummed))?;
        pause.file.backend.start_copy(Arc::new(target))?;
        Ok((rows, pause.file.backend.clone()))
    }

    /// Verifies a copy of this file and finalizes it, see [`finalize`]. The result also applies to this file: a corrupt copy
    /// was made of a corrupt file, or on a faulty disk, and an intact copy was made of an intact file.
    ///
    /// # Errors
    /// As for [`finalize`].
    pub fn verify_copy(&self, copy: &Path) -> Result<VerifiedCopy, OpenError> {
        let verified = finalize(copy, &self.stamp().environment);
        match &verified {
            Ok(_) => self.corruption().set(false),
            Err(OpenError::Io { .. }) => {}
            Err(_) => self.corruption().set(true),
        }
        verified
    }
}
