//! Copying a data file exactly as it was at one commit, while it goes on being written.
//!
//! A copy begins between two commits. From then on whoever is about to change a chunk of the file first puts its old bytes
//! into the copy, and a copier takes the chunks that nobody has changed yet. Each chunk is taken once, by whoever comes
//! first, so the copy holds the bytes of the moment it began, however long it takes. The method and what it costs are
//! described in redb's terms only: this file knows offsets and bytes, not tables.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redb::{BackendError, StorageBackend};

/// What is copied at once before a change, in bytes. redb writes pages of 4 KiB, often several that lie together.
const CHUNK: u64 = 16 << 10;

/// How the copier goes: how much a writer may have to wait for, and how much of the disk it leaves.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// How many chunks are taken in one go, while a writer may have to wait for them.
    window: u64,
    /// After how many bytes the copy is handed to the disk, so that a writer's own sync never waits behind more.
    sync_every: u64,
    /// Whether the copier then rests for as long as that took, so that writers have at least half of the disk.
    rests: bool,
}

/// While nobody writes.
const ALONE: Pace = Pace { window: 64, sync_every: 16 << 20, rests: false };
/// While somebody writes. `cargo bench --bench snapshot` shows what writers notice of it.
const BESIDE_WRITERS: Pace = Pace { window: 8, sync_every: 1 << 20, rests: true };
/// For how long after a write the copier expects another.
const EXPECTED: Duration = Duration::from_millis(100);
/// The longest rest: a disk that took long once does not make the copy take for ever.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// A backend whose bytes can be copied as they were at one moment. Cheap to clone; clones are the same backend.
#[derive(Debug, Clone)]
pub(super) struct Preimage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    below: Box<dyn StorageBackend>,
    /// Whether a copy is being made; looked at before the lock, which costs writers something.
    copying: AtomicBool,
    copy: Mutex<Option<Copy>>,
    /// Whether somebody wrote since the copier last looked.
    written: AtomicBool,
    /// Whether the storage ever refused something. redb asks it for nothing more after that, not even to be read.
    failed: AtomicBool,
}

/// A copy that is being made.
#[derive(Debug)]
struct Copy {
    target: Arc<File>,
    /// Length of the file when the copy began.
    length: u64,
    /// By chunk: whether the copy has it.
    taken: Vec<bool>,
    /// Why the copy cannot be finished. Writers go on: a snapshot that fails costs nobody a completion.
    failed: Option<io::Error>,
}

impl Preimage {
    pub(super) fn over(below: impl StorageBackend) -> Self {
        Self(Arc::new(Inner {
            below: Box::new(below),
            copying: AtomicBool::new(false),
            copy: Mutex::new(None),
            written: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        }))
    }

    /// Whether the storage ever refused something.
    pub(super) fn has_failed(&self) -> bool {
        self.0.failed.load(Ordering::Relaxed)
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.0.failed.store(true, Ordering::Relaxed);
        }
        result
    }

    fn copy(&self) -> MutexGuard<'_, Option<Copy>> {
        self.0.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a copy into an empty file. Call it between two commits, where the file holds exactly the last one.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] while another copy is being made; what the system says.
    pub(super) fn begin(&self, target: Arc<File>) -> io::Result<()> {
        let mut copy = self.copy();
        if copy.is_some() {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another copy is being made"));
        }
        let length = self.0.below.len()?;
        target.set_len(length)?;
        let chunks = usize::try_from(length.div_ceil(CHUNK)).map_err(io::Error::other)?;
        *copy = Some(Copy { target, length, taken: vec![false; chunks], failed: None });
        self.0.copying.store(true, Ordering::Release);
        Ok(())
    }

    /// Takes what nobody has changed yet and hands the copy to the disk. `told` hears how many bytes of how many are
    /// looked at. Answers the length of the copy in bytes.
    ///
    /// # Errors
    /// What the system says; the copy is then worthless.
    pub(super) fn finish(&self, told: &mut dyn FnMut(u64, u64)) -> io::Result<u64> {
        let finished = self.take_all(told);
        let copy = self.copy().take();
        self.0.copying.store(false, Ordering::Release);
        let (length, copy) = (finished?, copy.ok_or(io::ErrorKind::NotFound)?);
        match copy.failed {
            Some(error) => Err(error),
            None => copy.target.sync_all().map(|()| length),
        }
    }

    /// Gives up the copy that is being made, if there is one: from now on the file may change without this backend knowing
    /// of it.
    pub(super) fn give_up(&self) {
        if let Some(copy) = self.copy().as_mut() {
            copy.failed.get_or_insert_with(|| io::Error::other("the data file was closed while it was copied"));
        }
    }

    fn take_all(&self, told: &mut dyn FnMut(u64, u64)) -> io::Result<u64> {
        let mut buffer = vec![0; usize::try_from(CHUNK * ALONE.window).map_err(io::Error::other)?];
        let (mut at, mut unsynced) = (0, 0);
        let (mut last_write, mut rested) = (None, Instant::now());
        loop {
            let pace = self.pace(&mut last_write);
            let (length, target) = {
                let mut copy = self.copy();
                let copy = copy.as_mut().ok_or(io::ErrorKind::NotFound)?;
                if let Some(error) = copy.failed.take() {
                    return Err(error);
                }
                if at >= copy.length {
                    return Ok(copy.length);
                }
                unsynced += copy.take(self.0.below.as_ref(), at, pace.window, &mut buffer)?;
                (copy.length, Arc::clone(&copy.target))
            };
            at = (at + CHUNK * pace.window).min(length);
            told(at, length);
            if unsynced >= pace.sync_every {
                target.sync_data()?;
                unsynced = 0;
                if pace.rests {
                    std::thread::sleep(rested.elapsed().min(LONGEST_REST));
                }
                rested = Instant::now();
            }
            // Whoever waits for the lock has it next.
            std::thread::yield_now();
        }
    }

    fn pace(&self, last_write: &mut Option<Instant>) -> Pace {
        if self.0.written.swap(false, Ordering::Relaxed) {
            *last_write = Some(Instant::now());
        }
        if last_write.is_some_and(|at| at.elapsed() < EXPECTED) { BESIDE_WRITERS } else { ALONE }
    }

    /// Puts the old bytes of `offset..end` into the copy, before they change.
    fn keep(&self, offset: u64, end: u64) {
        if !self.0.copying.load(Ordering::Acquire) {
            return;
        }
        self.0.written.store(true, Ordering::Relaxed);
        if let Some(copy) = self.copy().as_mut()
            && copy.failed.is_none()
            && let Err(error) = copy.take_before(self.0.below.as_ref(), offset, end)
        {
            copy.failed = Some(error);
        }
    }
}

impl Copy {
    /// Takes the chunks that `offset..end` touches and nobody has taken.
    fn take_before(&mut self, below: &dyn StorageBackend, offset: u64, end: u64) -> io::Result<()> {
        let mut buffer = vec![0; usize::try_from(CHUNK).map_err(io::Error::other)?];
        let end = end.min(self.length);
        let mut at = offset / CHUNK * CHUNK;
        while at < end {
            self.take(below, at, 1, &mut buffer)?;
            at += CHUNK;
        }
        Ok(())
    }

    /// Takes up to `chunks` chunks from `at` on, in runs of those that nobody has taken. Answers how many bytes.
    fn take(&mut self, below: &dyn StorageBackend, at: u64, chunks: u64, buffer: &mut [u8]) -> io::Result<u64> {
        let first = usize::try_from(at / CHUNK).map_err(io::Error::other)?;
        let last = first.saturating_add(usize::try_from(chunks).map_err(io::Error::other)?).min(self.taken.len());
        let (mut next, mut bytes) = (first, 0);
        while next < last {
            let run = self.taken.get(next..last).unwrap_or_default().iter().take_while(|taken| !**taken).count();
            if run == 0 {
                next += 1;
                continue;
            }
            let from = u64::try_from(next).map_err(io::Error::other)? * CHUNK;
            let until = (from + u64::try_from(run).map_err(io::Error::other)? * CHUNK).min(self.length);
            let size = usize::try_from(until - from).map_err(io::Error::other)?;
            let part = buffer.get_mut(..size).ok_or(io::ErrorKind::InvalidInput)?;
            below.read(from, part)?;
            self.target.write_all_at(part, from)?;
            self.taken.get_mut(next..next + run).unwrap_or_default().fill(true);
            bytes += until - from;
            next += run;
        }
        Ok(bytes)
    }
}

impl StorageBackend for Preimage {
    fn len(&self) -> io::Result<u64> {
        self.noted(self.0.below.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.noted(self.0.below.read(offset, out))
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        // What is cut off is gone as surely as what is written over.
        self.keep(length, u64::MAX);
        self.noted(self.0.below.set_len(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.noted(self.0.below.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.keep(offset, offset.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX)));
        self.noted(self.0.below.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.0.below.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.below.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.below.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.below.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.below.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.below.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.below.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Read as _;

    use proptest::prelude::*;
    use redb::backends::InMemoryBackend;

    use super::*;

    /// What happens to a file while it is copied.
    #[derive(Debug, Clone)]
    enum Step {
        Write(u64, Vec<u8>),
        Resize(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let write = (0..200_000_u64, 1..40_000_usize, any::<u8>())
            .prop_map(|(at, size, byte)| Step::Write(at, vec![byte; size]));
        let resize = (100_000..400_000_u64).prop_map(Step::Resize);
        prop::collection::vec(prop_oneof![4 => write, 1 => resize], 1..40)
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
            let below = InMemoryBackend::new();
            below.set_len(length).unwrap();
            let pattern: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            below.write(0, &pattern).unwrap();
            let file = Preimage::over(below);
            let copied = target();
            file.begin(Arc::clone(&copied)).unwrap();
            let mut buffer = vec![0; usize::try_from(CHUNK * ALONE.window).unwrap()];
            for (number, step) in steps.into_iter().enumerate() {
                if number == early {
                    file.copy().as_mut().unwrap().take(file.0.below.as_ref(), CHUNK * 3, 5, &mut buffer).unwrap();
                }
                match step {
                    Step::Write(at, data) => {
                        let end = at + u64::try_from(data.len()).unwrap();
                        if end > file.len().unwrap() {
                            file.set_len(end).unwrap();
                        }
                        file.write(at, &data).unwrap();
                    }
                    Step::Resize(length) => file.set_len(length).unwrap(),
                }
            }
            prop_assert_eq!(file.finish(&mut |_, _| {}).unwrap(), length);
            prop_assert_eq!(bytes(&copied), pattern);
        }
    }

    #[test]
    fn one_copy_is_made_at_a_time_and_the_next_can_begin_when_it_is_finished() {
        let file = Preimage::over(InMemoryBackend::new());
        file.set_len(50_000).unwrap();
        file.begin(target()).unwrap();
        assert_eq!(file.begin(target()).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        file.finish(&mut |_, _| {}).unwrap();
        file.begin(target()).unwrap();
    }

    #[test]
    fn a_copy_that_cannot_be_written_fails_and_the_writer_goes_on() {
        let file = Preimage::over(InMemoryBackend::new());
        file.set_len(50_000).unwrap();
        let readable_only = tempfile::NamedTempFile::new().unwrap();
        readable_only.as_file().set_len(0).unwrap();
        let writable = target();
        file.begin(Arc::clone(&writable)).unwrap();
        file.copy().as_mut().unwrap().target = Arc::new(File::open(readable_only.path()).unwrap());
        file.write(10, b"a change").unwrap();
        assert!(file.finish(&mut |_, _| {}).is_err());
        let mut read = [0; 8];
        file.read(10, &mut read).unwrap();
        assert_eq!(&read, b"a change");
    }
}
