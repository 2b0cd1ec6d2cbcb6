//! The data file behind a store, which can be closed, replaced and reopened while the store exists.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{RwLock, RwLockReadGuard};

use super::engine::change_tracker::ChangeTracker;
use super::engine::deleted_rows::DeletedRows;
use super::engine::writer::WriteContext;
use super::error::OpenError;
use super::file::open::{IdentifiedFile, open_file};
use super::migrations::Migrations;
use super::open_file::OpenFile;
use crate::domain::environment::stamp::Stamp;

/// A data file that is open, except while it is replaced and after it could not be reopened.
pub(super) struct ReplaceableFile {
    open: RwLock<Option<OpenFile>>,
    /// Whether the file was closed because of a disk error and may be reopened.
    is_lost: AtomicBool,
    context: Arc<WriteContext>,
    stamp: Stamp,
    key: [u8; 32],
    migrations: Migrations,
    path: PathBuf,
}

impl ReplaceableFile {
    pub(super) fn new(file: IdentifiedFile, path: &Path, context: WriteContext) -> Result<Self, OpenError> {
        let IdentifiedFile { database, backend, stamp, key, migrations } = file;
        let context = Arc::new(context);
        let open = OpenFile::start(database, backend, &context, false).map_err(OpenError::io(path))?;
        let (open, is_lost) = (RwLock::new(Some(open)), AtomicBool::new(false));
        Ok(Self { open, is_lost, context, stamp, key, migrations, path: path.to_owned() })
    }

    /// The open file; `None` when it could not be reopened. The file is not closed while the guard lives.
    pub(super) fn lock(&self) -> RwLockReadGuard<'_, Option<OpenFile>> {
        self.open.read()
    }

    /// The open file, to read from it. After a failed write, redb reads nothing more from the disk, so that most reads would
    /// fail while a disk is full: the file is reopened first, without accepting writes.
    pub(super) fn lock_for_read(&self) -> RwLockReadGuard<'_, Option<OpenFile>> {
        let open = self.lock();
        // Storage that is not a file cannot be reopened.
        if !open.as_ref().is_some_and(OpenFile::has_failed_write) || !self.path.is_file() {
            return open;
        }
        drop(open);
        if let Err(error) = self.reopen_without_writes() {
            tracing::error!(%error, "the data file cannot be reopened after a failed write");
        }
        self.lock()
    }

    pub(super) fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    pub(super) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    pub(super) fn migrations(&self) -> Migrations {
        self.migrations
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn tracker(&self) -> &ChangeTracker {
        &self.context.tracker
    }

    pub(super) fn deleted_rows(&self) -> &DeletedRows {
        &self.context.deleted
    }

    pub(super) fn can_commit(&self) -> bool {
        self.lock().as_ref().is_some_and(OpenFile::can_commit)
    }

    /// Whether the file accepts no writes and [`Self::reopen`] may help.
    pub(super) fn is_degraded(&self) -> bool {
        self.lock().as_ref().map_or_else(|| self.is_lost.load(Ordering::Relaxed), |open| !open.can_commit())
    }

    /// Closes the file, lets `swap` put another in its place, and opens the one that is there then.
    pub(super) fn replace(&self, swap: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), OpenError> {
        let mut open = self.open.write();
        self.is_lost.store(false, Ordering::Relaxed);
        if let Some(open) = open.take() {
            open.close();
        }
        let pending = self.context.tracker.begin_commit();
        pending.mark_all();
        let swapped = swap(&self.path);
        *open = Some(self.open_again(false)?);
        self.context.corruption.set(false);
        swapped.map_err(OpenError::io(&self.path))
    }

    /// Reopens a file that is broken or lost, and accepts writes again once `check_space` succeeds.
    pub(super) fn reopen(&self, check_space: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), OpenError> {
        if !self.is_degraded() {
            return Ok(());
        }
        self.reopen_without_writes()?;
        check_space(&self.path).map_err(OpenError::io(&self.path))?;
        if let Some(open) = self.lock().as_ref() {
            open.resume();
        }
        Ok(())
    }

    fn reopen_without_writes(&self) -> Result<(), OpenError> {
        let mut open = self.open.write();
        let is_broken = open.as_ref().map_or_else(|| self.is_lost.load(Ordering::Relaxed), OpenFile::is_broken);
        if !is_broken {
            return Ok(());
        }
        if let Some(open) = open.take() {
            open.close();
        }
        self.is_lost.store(true, Ordering::Relaxed);
        let pending = self.context.tracker.begin_commit();
        pending.mark_all();
        *open = Some(self.open_again(true)?);
        self.is_lost.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn open_again(&self, awaits_space: bool) -> Result<OpenFile, OpenError> {
        let IdentifiedFile { database, backend, stamp, key, .. } =
            open_file(&self.path, &self.stamp.environment, self.migrations)?;
        if stamp != self.stamp || key != self.key {
            let (found, expected) = (stamp.file_id, self.stamp.file_id);
            return Err(OpenError::OtherFile { path: self.path.clone(), found, expected });
        }
        OpenFile::start(database, backend, &self.context, awaits_space).map_err(OpenError::io(&self.path))
    }
}
