//! Erasing what deleted rows leave in the data file, so that nobody can read it there with other tools.
//!
//! It is done in parts of bounded size. One that fails or is killed leaves every row as it was.

use redb::StorageBackend as _;

use super::data_file::Store;
use super::engine::error::Error;
use super::engine::free_pages::find_free_pages;
use super::engine::page_eraser::{ErasedPages, ErasureProgress};

/// How many deleted rows have their pages built again in one commit.
const ROWS_PER_PART: usize = 256;
/// How many free pages are read, and overwritten unless they are zeros, in one part: 4 MiB, which the next commit may have to
/// wait for.
const PAGES_PER_PART: usize = 1_024;

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

    /// Erases a part. The last one returns what all of them erased. Blocks until that is on the disk.
    ///
    /// # Errors
    /// [`Error`]; the next call goes on, or begins anew if the file was closed in between.
    pub fn erase_part(&self) -> Result<Option<ErasedPages>, Error> {
        if self.rebuild_pages()? {
            return Ok(None);
        }
        match self.overwrite_pages()? {
            ErasureProgress::NotStarted => self.start_erasing().map(|()| None),
            ErasureProgress::Unfinished => Ok(None),
            ErasureProgress::Finished(erased) => {
                if erased.is_complete {
                    self.deleted_rows().finish_pass();
                }
                Ok(Some(erased))
            }
        }
    }

    /// Returns whether there are more pages to build again.
    fn rebuild_pages(&self) -> Result<bool, Error> {
        if !self.deleted_rows().has_rows() {
            return Ok(false);
        }
        let pause = self.pause_writer()?;
        self.deleted_rows().rebuild_pages(&pause.file.database, ROWS_PER_PART)
    }

    fn start_erasing(&self) -> Result<(), Error> {
        let pause = self.pause_writer()?;
        let backend = pause.file.backend.clone();
        // In this order: what redb allocated after its last commit becomes part of this one, and what it allocates after this one
        // is noted when it is written.
        backend.watch_writes().map_err(redb::StorageError::Io)?;
        pause.commit_nothing()?;
        let is_free = find_free_pages(backend, || drop(pause))?;
        // If the file was reopened meanwhile, nothing is watched, and the next part begins anew.
        self.open_file().as_ref().ok_or(Error::Closed)?.backend.start_erasing(&is_free);
        Ok(())
    }

    fn overwrite_pages(&self) -> Result<ErasureProgress, Error> {
        let guard = self.open_file();
        let backend = &guard.as_ref().ok_or(Error::Closed)?.backend;
        let progress = backend.erase_next(PAGES_PER_PART);
        if progress != ErasureProgress::NotStarted {
            backend.sync_data().map_err(redb::StorageError::Io)?;
        }
        Ok(progress)
    }
}
