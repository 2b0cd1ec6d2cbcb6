//! Pausing the writer between two commits.

use std::sync::mpsc;

use parking_lot::{MappedRwLockReadGuard, RwLockReadGuard};

use super::data_file::Store;
use super::engine::error::Error;
use super::engine::writer::{WriterTask, commit_nothing};
use super::open_file::OpenFile;

/// While this exists, the writer waits and the file is not closed, so that it holds exactly the last commit.
pub(super) struct WriterPause<'a> {
    pub(super) file: MappedRwLockReadGuard<'a, OpenFile>,
    /// The writer waits until this is dropped.
    _resume: mpsc::Sender<()>,
}

impl WriterPause<'_> {
    /// Makes an empty commit.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(super) fn commit_nothing(&self) -> Result<(), Error> {
        commit_nothing(&self.file.database)
    }
}

impl Store {
    /// Pauses the writer once it has committed everything that was submitted before.
    ///
    /// # Errors
    /// [`Error`] when the file can no longer be written.
    pub(super) fn pause_writer(&self) -> Result<WriterPause<'_>, Error> {
        let file = RwLockReadGuard::try_map(self.open_file(), Option::as_ref).map_err(|_| Error::Closed)?;
        let (paused, is_paused) = mpsc::channel();
        let (resume, resumed) = mpsc::channel();
        file.writer.submit(WriterTask::Pause(Box::new(move |committed| {
            if paused.send(committed).is_ok() {
                // Fails when the other end is dropped.
                let _ = resumed.recv();
            }
        })))?;
        is_paused.recv().map_err(|_| Error::Closed)??;
        Ok(WriterPause { file, _resume: resume })
    }
}
