//! Copying a data file exactly as it was at one commit, while it is being written.
//!
//! A copy begins between two commits. From then on, a write to a chunk of the file first saves the old bytes of that chunk in
//! the copy (its pre-image), while a copier takes the chunks that have not changed yet. Each chunk is copied once, by the side
//! that reaches it first, so the copy holds the bytes of the moment it began, however long it takes. This file knows offsets
//! and bytes, not tables.
//!
//! Since redb's writes pass through here, it also erases pages that are free, see `super::page_eraser`.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use redb::{BackendError, StorageBackend};

use super::page_eraser::{ErasureProgress, PageEraser, RawFile};
use super::snapshot_copy::{CHUNK_BYTES, CopyPace, MAX_WINDOW_BYTES, SnapshotCopy};

/// The longest pause of the copier: one slow sync must not make the copy take forever.
const MAX_PAUSE: Duration = Duration::from_millis(50);

/// A backend whose bytes can be copied as they were at one moment. Cheap to clone; clones are the same backend.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotBackend(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    storage: Box<dyn StorageBackend>,
    /// Whether a copy is in progress. Writers check it before they take the lock, which costs more.
    is_copying: AtomicBool,
    copy: Mutex<Option<SnapshotCopy>>,
    /// Whether there was a write since the copier last checked.
    was_written: AtomicBool,
    eraser: PageEraser,
    /// Whether the storage ever returned an error. After one, redb uses it no more, not even for reading.
    has_failed: AtomicBool,
    /// Whether that was a write, so that the storage may still be readable.
    has_failed_write: AtomicBool,
}

impl SnapshotBackend {
    pub(crate) fn new(storage: impl StorageBackend) -> Self {
        Self(Arc::new(Inner {
            storage: Box::new(storage),
            is_copying: AtomicBool::new(false),
            copy: Mutex::new(None),
            was_written: AtomicBool::new(false),
            eraser: PageEraser::default(),
            has_failed: AtomicBool::new(false),
            has_failed_write: AtomicBool::new(false),
        }))
    }

    /// Whether the storage ever returned an error.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.has_failed.load(Ordering::Relaxed)
    }

    /// Whether a write ever failed.
    pub(crate) fn has_failed_write(&self) -> bool {
        self.0.has_failed_write.load(Ordering::Relaxed)
    }

    fn observe_write<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.0.has_failed_write.store(true, Ordering::Relaxed);
        }
        self.observe(result)
    }

    fn observe<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.0.has_failed.store(true, Ordering::Relaxed);
        }
        result
    }

    fn lock_copy(&self) -> MutexGuard<'_, Option<SnapshotCopy>> {
        self.0.copy.lock()
    }

    /// Starts a copy into an empty file. Call it between two commits, when the file holds exactly the last one.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] while another copy is in progress; an I/O error of the file or the copy.
    pub(crate) fn start_copy(&self, target: Arc<File>) -> io::Result<()> {
        let _suspended = self.0.eraser.suspend();
        let mut copy = self.lock_copy();
        if copy.is_some() {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another copy is in progress"));
        }
        *copy = Some(SnapshotCopy::start(target, self.0.storage.len()?)?);
        self.0.is_copying.store(true, Ordering::Release);
        Ok(())
    }

    /// Copies everything that has not changed since the copy began, and syncs the copy. `on_progress` gets the number of bytes
    /// processed and their total. Returns the length of the copy in bytes.
    ///
    /// # Errors
    /// An I/O error of the file or the copy; the copy is then useless.
    pub(crate) fn finish_copy(&self, on_progress: &mut dyn FnMut(u64, u64)) -> io::Result<u64> {
        let finished = self.copy_rest(on_progress);
        let copy = self.lock_copy().take();
        self.0.is_copying.store(false, Ordering::Release);
        let (length, copy) = (finished?, copy.ok_or(io::ErrorKind::NotFound)?);
        match copy.error {
            Some(error) => Err(error),
            None => copy.target.sync_all().map(|()| length),
        }
    }

    /// Makes the copy in progress fail, if there is one: from now on the file may change without this backend seeing it.
    pub(crate) fn abort_copy(&self) {
        if let Some(copy) = self.lock_copy().as_mut() {
            copy.error.get_or_insert_with(|| io::Error::other("the data file was closed while it was copied"));
        }
    }

    fn copy_rest(&self, on_progress: &mut dyn FnMut(u64, u64)) -> io::Result<u64> {
        let mut buffer = vec![0; usize::try_from(MAX_WINDOW_BYTES).map_err(io::Error::other)?];
        let (mut at, mut unsynced) = (0, 0);
        let (mut last_write, mut paused) = (None, Instant::now());
        loop {
            let pace = self.pace(&mut last_write);
            let (length, target) = {
                let mut copy = self.lock_copy();
                let copy = copy.as_mut().ok_or(io::ErrorKind::NotFound)?;
                if let Some(error) = copy.error.take() {
                    return Err(error);
                }
                if at >= copy.length {
                    return Ok(copy.length);
                }
                unsynced += copy.copy_chunks(self.0.storage.as_ref(), at, pace.window_chunks, &mut buffer)?;
                (copy.length, Arc::clone(&copy.target))
            };
            at = (at + CHUNK_BYTES * pace.window_chunks).min(length);
            on_progress(at, length);
            if unsynced >= pace.sync_interval_bytes {
                target.sync_data()?;
                unsynced = 0;
                if pace.pauses {
                    std::thread::sleep(paused.elapsed().min(MAX_PAUSE));
                }
                paused = Instant::now();
            }
            // Lets a writer that waits for the lock have it next.
            std::thread::yield_now();
        }
    }

    fn pace(&self, last_write: &mut Option<Instant>) -> CopyPace {
        if self.0.was_written.swap(false, Ordering::Relaxed) {
            *last_write = Some(Instant::now());
        }
        CopyPace::after(*last_write)
    }

    /// From now on, notes which pages are written, so that the others can be erased.
    ///
    /// # Errors
    /// When the length of the file cannot be read.
    pub(crate) fn watch_writes(&self) -> io::Result<()> {
        self.0.eraser.watch(self.0.storage.len()?);
        Ok(())
    }

    /// Lets those of the free pages be erased that were not written since [`Self::watch_writes`], if it was called.
    pub(crate) fn start_erasing(&self, is_free: &[bool]) {
        self.0.eraser.start(is_free);
    }

    /// Erases up to `max_pages` free pages.
    pub(crate) fn erase_next(&self, max_pages: usize) -> ErasureProgress {
        self.0.eraser.erase_next(max_pages, self)
    }

    /// Saves the old bytes of `offset..end` in the copy, before they change.
    fn save_before_change(&self, offset: u64, end: u64) {
        if !self.0.is_copying.load(Ordering::Acquire) {
            return;
        }
        self.0.was_written.store(true, Ordering::Relaxed);
        if let Some(copy) = self.lock_copy().as_mut()
            && copy.error.is_none()
            && let Err(error) = copy.copy_before_change(self.0.storage.as_ref(), offset, end)
        {
            copy.error = Some(error);
        }
    }
}

impl RawFile for SnapshotBackend {
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.storage.read(offset, out)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.save_before_change(offset, offset.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX)));
        self.0.storage.write(offset, data)
    }
}

impl StorageBackend for SnapshotBackend {
    fn len(&self) -> io::Result<u64> {
        self.observe(self.0.storage.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.observe(RawFile::read(self, offset, out))
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.eraser.forget(length, u64::MAX);
        // Truncating destroys bytes, too.
        self.save_before_change(length, u64::MAX);
        self.observe_write(self.0.storage.set_len(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.observe_write(self.0.storage.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.eraser.forget(offset, offset.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX)));
        self.observe_write(RawFile::write(self, offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.0.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.storage.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.storage.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.storage.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Read as _;

    use proptest::prelude::*;
    use redb::backends::InMemoryBackend;

    use super::*;

    /// A change to a file while it is copied.
    #[derive(Debug, Clone)]
    enum Step {
        Write(u64, Vec<u8>),
        Resize(u64),
        Erase(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let write = (0..200_000_u64, 1..40_000_usize, any::<u8>())
            .prop_map(|(at, size, byte)| Step::Write(at, vec![byte; size]));
        let resize = (100_000..400_000_u64).prop_map(Step::Resize);
        let erase = (1..40_usize).prop_map(Step::Erase);
        prop::collection::vec(prop_oneof![4 => write, 1 => resize, 1 => erase], 1..40)
    }

    fn target() -> Arc<File> {
        let path = tempfile::NamedTempFile::new().unwrap();
        Arc::new(OpenOptions::new().read(true).write(true).open(path.path()).unwrap())
    }

    fn bytes(file: &File) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut reader = file;
        std::io::Seek::rewind(&mut reader).unwrap();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn a_copy_holds_the_bytes_of_the_moment_it_began(length in 1..300_000_u64, steps in steps(), early in 0..40_usize) {
            let storage = InMemoryBackend::new();
            storage.set_len(length).unwrap();
            let pattern: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            storage.write(0, &pattern).unwrap();
            let file = SnapshotBackend::new(storage);
            let copied = target();
            file.start_copy(Arc::clone(&copied)).unwrap();
            let mut buffer = vec![0; usize::try_from(MAX_WINDOW_BYTES).unwrap()];
            for (number, step) in steps.into_iter().enumerate() {
                if number == early {
                    file.lock_copy().as_mut().unwrap().copy_chunks(file.0.storage.as_ref(), CHUNK_BYTES * 3, 5, &mut buffer).unwrap();
                }
                match step {
                    Step::Write(at, data) => {
                        let end = at + u64::try_from(data.len()).unwrap();
                        if end > file.len().unwrap() {
                            file.set_len(end).unwrap();
                        }
                        StorageBackend::write(&file, at, &data).unwrap();
                    }
                    Step::Resize(length) => file.set_len(length).unwrap(),
                    Step::Erase(pages) => {
                        file.watch_writes().unwrap();
                        file.start_erasing(&[true; 100]);
                        file.erase_next(pages);
                    }
                }
            }
            prop_assert_eq!(file.finish_copy(&mut |_, _| {}).unwrap(), length);
            prop_assert_eq!(bytes(&copied), pattern);
        }
    }

    #[test]
    fn a_second_copy_can_start_only_after_the_first_has_finished() {
        let file = SnapshotBackend::new(InMemoryBackend::new());
        file.set_len(50_000).unwrap();
        file.start_copy(target()).unwrap();
        assert_eq!(file.start_copy(target()).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        file.finish_copy(&mut |_, _| {}).unwrap();
        file.start_copy(target()).unwrap();
    }

    #[test]
    fn a_copy_that_cannot_be_written_fails_but_the_writer_continues() {
        let file = SnapshotBackend::new(InMemoryBackend::new());
        file.set_len(50_000).unwrap();
        let readable_only = tempfile::NamedTempFile::new().unwrap();
        readable_only.as_file().set_len(0).unwrap();
        let writable = target();
        file.start_copy(Arc::clone(&writable)).unwrap();
        file.lock_copy().as_mut().unwrap().target = Arc::new(File::open(readable_only.path()).unwrap());
        StorageBackend::write(&file, 10, b"a change").unwrap();
        assert!(file.finish_copy(&mut |_, _| {}).is_err());
        let mut read = [0; 8];
        StorageBackend::read(&file, 10, &mut read).unwrap();
        assert_eq!(&read, b"a change");
    }
}
