//! Erasing what deleted rows leave in the data file, so that nobody can read it there with other tools.
//!
//! It is done in parts. Writers wait for one part at a time, and one that fails or is killed leaves the file as it was.

use std::sync::{Arc, mpsc};

use redb::StorageBackend as _;

use super::data_file::Store;
use super::engine::error::Error;
use super::engine::free_pages::{ErasedPages, erase_free_pages};
use super::engine::snapshot_backend::SnapshotBackend;
use super::engine::writer::{PauseCallback, WriterTask};
use super::file::database::CACHE_BYTES;

/// How many deleted rows have their pages built again in one commit.
const ROWS_PER_PART: usize = 256;
/// The fewest pages that are overwritten in one part: 8 MiB, which the next commit may have to wait for.
const MIN_PAGES_PER_PART: u64 = 2_048;
/// Each part passes the pages of the parts before it again, so a large file is not erased in more than about so many.
const MAX_PARTS: u64 = 16;
const PAGE_BYTES: u64 = 4_096;

impl Store {
    /// Whether there is something to erase: after a deletion, twice, since a reader may still use pages the first time; and once
    /// after the file was opened, since an earlier process may have been killed before it erased anything.
    pub fn has_deleted_rows(&self) -> bool {
        self.deleted_rows().is_due()
    }

    /// Erases everything that deleted and replaced rows have left in the file, except in pages that a reader uses. Blocks until
    /// that is on the disk.
    ///
    /// # Errors
    /// As for [`Self::erase_part`].
    pub fn erase_deleted_rows(&self) -> Result<ErasedPages, Error> {
        loop {
            if let Some(erased) = self.erase_part()? {
                return Ok(erased);
            }
        }
    }

    /// Erases a part, and returns what the last part erased. Blocks until that is on the disk.
    ///
    /// # Errors
    /// [`Error`], also while a snapshot is taken.
    pub fn erase_part(&self) -> Result<Option<ErasedPages>, Error> {
        let store = self.clone();
        let has_more =
            self.between_commits(move |database, _| store.deleted_rows().rebuild_pages(database, ROWS_PER_PART))?;
        if has_more {
            return Ok(None);
        }
        let (erased, max_pages, backend) = self.between_commits(|database, backend| {
            let length = backend.len().map_err(redb::StorageError::Io)?;
            let max_pages = MIN_PAGES_PER_PART.max(length / PAGE_BYTES / MAX_PARTS);
            let erased = erase_free_pages(database, backend, CACHE_BYTES / 2, max_pages)?;
            Ok((erased, max_pages, backend.clone()))
        })?;
        backend.sync_data().map_err(redb::StorageError::Io)?;
        if erased.erased == max_pages {
            return Ok(None);
        }
        self.deleted_rows().finish_pass();
        Ok(Some(erased))
    }

    /// Runs `work` on the writer thread between two commits, and returns its result.
    fn between_commits<T: Send + 'static>(
        &self,
        work: impl FnOnce(&redb::Database, &SnapshotBackend) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        // Held until the writer has the database, so that the file is not closed in between while a reference to it exists.
        let guard = self.open_file();
        let open = guard.as_ref().ok_or(Error::Closed)?;
        let (database, backend) = (Arc::clone(&open.database), open.backend.clone());
        let (sender, receiver) = mpsc::sync_channel(1);
        let pause: PauseCallback = Box::new(move |committed| {
            let result = committed.and_then(|()| work(&database, &backend));
            drop((database, backend));
            // The caller may have stopped waiting.
            let _ = sender.send(result);
        });
        open.writer.submit(WriterTask::Pause(pause))?;
        drop(guard);
        receiver.recv().map_err(|_| Error::Closed)?
    }
}
