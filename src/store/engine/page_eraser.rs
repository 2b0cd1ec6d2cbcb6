//! Overwriting free pages beneath redb while the file is in use.
//!
//! `super::free_pages` finds the pages that no row needed at one commit. redb may use any of them again at any time, but what it
//! writes passes through this backend: such a page is forgotten before the write is made, and all others are still free. So
//! pages can be overwritten between the writes of a commit, and a writer waits for [`PAGES_PER_WRITE`] of them at most.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard};

pub(super) const PAGE_BYTES: usize = 4_096;
/// How many adjacent pages are read and overwritten together.
const PAGES_PER_WRITE: usize = 16;
/// Pages are overwritten with this.
static ZEROS: [u8; PAGE_BYTES * PAGES_PER_WRITE] = [0; PAGE_BYTES * PAGES_PER_WRITE];

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedPages {
    /// How many free pages there were.
    pub free: u64,
    /// How many of them were overwritten; the others were zeros already, or redb used them again.
    pub erased: u64,
    /// Whether no free page was left as it was because it could not be written.
    pub is_complete: bool,
}

/// The file, as it is below this.
pub(super) trait RawFile {
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;
}

/// Which pages of the file are to be overwritten.
#[derive(Debug, Default)]
pub(super) struct PageEraser {
    /// Whether there are any. Writers check it before they take the lock, which costs more.
    is_active: AtomicBool,
    pages: Mutex<Option<PendingPages>>,
}

#[derive(Debug)]
struct PendingPages {
    /// By page: whether it may be overwritten. At first, all that were not written since the watch began.
    is_pending: Vec<bool>,
    /// The first page that was not looked at; `None` until the free pages are known.
    next: Option<usize>,
    erased: ErasedPages,
}

/// What is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErasureProgress {
    /// The free pages have to be found first.
    NotStarted,
    /// There are more pages to look at.
    Unfinished,
    Finished(ErasedPages),
}

impl PageEraser {
    /// From now on, notes which pages of a file of `length` bytes are written. Forgets everything else.
    pub(super) fn watch(&self, length: u64) {
        let pages = usize::try_from(length).unwrap_or(usize::MAX) / PAGE_BYTES;
        let erased = ErasedPages { free: 0, erased: 0, is_complete: true };
        *self.pages.lock() = Some(PendingPages { is_pending: vec![true; pages], next: None, erased });
        self.is_active.store(true, Ordering::Release);
    }

    /// Lets the pages be overwritten that are free and were not written since the watch began. Does nothing without a watch.
    pub(super) fn start(&self, is_free: &[bool]) {
        if let Some(pages) = self.pages.lock().as_mut() {
            let free = is_free.iter().chain(std::iter::repeat(&false));
            pages.is_pending.iter_mut().zip(free).for_each(|(is_pending, is_free)| *is_pending &= is_free);
            pages.erased.free = pages.is_pending.iter().map(|is_pending| u64::from(*is_pending)).sum();
            pages.next = Some(0);
        }
    }

    /// Nothing is overwritten while the guard lives.
    pub(super) fn suspend(&self) -> impl Sized {
        self.pages.lock()
    }

    /// Leaves alone the pages that `offset..end` touches. Call it before they are written.
    pub(super) fn forget(&self, offset: u64, end: u64) {
        if !self.is_active.load(Ordering::Acquire) {
            return;
        }
        if let Some(pages) = self.pages.lock().as_mut() {
            let page = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
            let (first, after) = (page(offset) / PAGE_BYTES, page(end).div_ceil(PAGE_BYTES));
            let after = after.min(pages.is_pending.len());
            pages.is_pending.get_mut(first..after).unwrap_or_default().fill(false);
        }
    }

    /// Looks at up to `max_pages` free pages, and overwrites those that are not zeros.
    pub(super) fn erase_next(&self, max_pages: usize, file: &impl RawFile) -> ErasureProgress {
        let mut looked_at = 0;
        while looked_at < max_pages {
            let mut pages = self.pages.lock();
            let Some(pending) = pages.as_mut() else { return ErasureProgress::NotStarted };
            let Some(next) = pending.next else { return ErasureProgress::NotStarted };
            let Some((first, count)) = pending.run_from(next) else {
                let erased = pending.erased;
                *pages = None;
                self.is_active.store(false, Ordering::Release);
                return ErasureProgress::Finished(erased);
            };
            pending.erase(first, count, file);
            pending.next = Some(first + count);
            looked_at += count;
            // A writer that waits for the lock has it next.
            MutexGuard::unlock_fair(pages);
        }
        ErasureProgress::Unfinished
    }
}

impl PendingPages {
    /// The first pending page from `next` on, and how many follow one another there.
    fn run_from(&self, next: usize) -> Option<(usize, usize)> {
        let rest = self.is_pending.get(next..)?;
        let skipped = rest.iter().position(|is_pending| *is_pending)?;
        let run = rest.get(skipped..)?.iter().take(PAGES_PER_WRITE).take_while(|is_pending| **is_pending);
        Some((next + skipped, run.count()))
    }

    /// Overwrites `count` pages with zeros, except those that are zeros: pages that were never used take no space on the disk,
    /// and should not start to. A page that cannot be written stays as it is: that must not stop the store.
    fn erase(&mut self, first: usize, count: usize, file: &impl RawFile) {
        let mut found = vec![0; count * PAGE_BYTES];
        if file.read(to_offset(first), &mut found).is_err() {
            self.erased.is_complete = false;
            return;
        }
        let is_zeros = |page: &&[u8]| ZEROS.starts_with(page);
        let pages: Vec<&[u8]> = found.chunks(PAGE_BYTES).collect();
        let mut at = first;
        for run in pages.chunk_by(|a, b| is_zeros(a) == is_zeros(b)) {
            if !run.first().is_some_and(is_zeros) {
                self.overwrite(at, run.len(), file);
            }
            at += run.len();
        }
    }

    fn overwrite(&mut self, first: usize, count: usize, file: &impl RawFile) {
        let zeros = ZEROS.get(..count * PAGE_BYTES).unwrap_or_default();
        match file.write(to_offset(first), zeros) {
            Ok(()) => self.erased.erased += u64::try_from(count).unwrap_or(0),
            Err(_) => self.erased.is_complete = false,
        }
    }
}

fn to_offset(page: usize) -> u64 {
    u64::try_from(page * PAGE_BYTES).unwrap_or(u64::MAX)
}
