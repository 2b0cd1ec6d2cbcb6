//! An open data file: its database and its writer.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::engine::snapshot_backend::SnapshotBackend;
use super::engine::writer::{WriteContext, Writer};

/// A data file that is open.
pub(super) struct OpenFile {
    // Declared before the database, so that the writer thread has ended when the file is closed.
    pub(super) writer: Writer,
    pub(super) database: Arc<redb::Database>,
    pub(super) backend: SnapshotBackend,
    /// Whether nothing is written until it is known that the disk has space.
    awaits_space: AtomicBool,
}

impl OpenFile {
    /// Starts the writer of a database. With `awaits_space` it accepts no writes until [`Self::resume`].
    pub(super) fn start(
        database: redb::Database,
        backend: SnapshotBackend,
        context: &Arc<WriteContext>,
        awaits_space: bool,
    ) -> io::Result<Self> {
        let database = Arc::new(database);
        let writer = Writer::start(Arc::clone(&database), Arc::clone(context), awaits_space)?;
        Ok(Self { writer, database, backend, awaits_space: AtomicBool::new(awaits_space) })
    }

    /// Accepts writes from now on, if only space was missing.
    pub(super) fn resume(&self) {
        if self.awaits_space.swap(false, Ordering::Relaxed) {
            self.writer.resume();
        }
    }

    /// Whether reopening the file would help: the storage returned an error, or the writer stopped.
    pub(super) fn is_broken(&self) -> bool {
        self.backend.has_failed() || !(self.writer.can_commit() || self.awaits_space.load(Ordering::Relaxed))
    }

    /// Whether a write failed, so that redb reads only what it has in memory.
    pub(super) fn has_failed_write(&self) -> bool {
        self.backend.has_failed_write()
    }

    pub(super) fn can_commit(&self) -> bool {
        self.writer.can_commit() && !self.backend.has_failed()
    }

    /// Commits the queued writes and closes the file.
    pub(super) fn close(self) {
        let Self { writer, database, backend, .. } = self;
        drop(writer);
        // This is the last reference: reads hold the lock of the file while they run.
        drop(database);
        backend.abort_copy();
    }
}
