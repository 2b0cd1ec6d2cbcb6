//! The storage of a database that is opened only to see which pages it allocates.
//!
//! It begins as the data file, from which it reads until [`SearchBackend::detach`]. It never writes to the file or makes it
//! longer. Afterwards only pages that were written here can be read, and only the last few of them are kept: a transaction that
//! adds rows at the end of a table reads nothing else.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::StorageBackend;

use super::page_eraser::{PAGE_BYTES, RawFile};
use super::snapshot_backend::SnapshotBackend;

/// How many pages are kept. A table of a billion rows is less than ten pages deep.
const MAX_KEPT_PAGES: usize = 256;

/// Cheap to clone; clones are the same storage.
#[derive(Debug, Clone)]
pub(super) struct SearchBackend(Arc<Mutex<Search>>);

#[derive(Debug)]
struct Search {
    /// The file, while it may be read.
    file: Option<SnapshotBackend>,
    /// The length that redb was told.
    length: u64,
    /// By offset, the least recently used first.
    kept: VecDeque<(u64, Vec<u8>)>,
    /// By page of the file: whether redb wrote it after the file was detached.
    is_allocated: Vec<bool>,
    is_closed: bool,
}

impl SearchBackend {
    pub(super) fn new(file: SnapshotBackend) -> io::Result<Self> {
        let length = StorageBackend::len(&file)?;
        let is_allocated = vec![false; usize::try_from(length).map_err(io::Error::other)? / PAGE_BYTES];
        let search = Search { file: Some(file), length, kept: VecDeque::new(), is_allocated, is_closed: false };
        Ok(Self(Arc::new(Mutex::new(search))))
    }

    /// From now on the file is not read, and what is written counts as allocated.
    pub(super) fn detach(&self) {
        self.0.lock().file = None;
    }

    /// Whether redb needed more space than the file has.
    pub(super) fn has_grown(&self) -> bool {
        let search = self.0.lock();
        let pages = u64::try_from(search.is_allocated.len()).unwrap_or(u64::MAX);
        search.length.div_ceil(u64::try_from(PAGE_BYTES).unwrap_or(1)) > pages
    }

    /// Makes every call fail, so that redb neither commits nor cleans up, and returns which pages it allocated.
    pub(super) fn close(&self) -> Vec<bool> {
        let mut search = self.0.lock();
        search.is_closed = true;
        std::mem::take(&mut search.is_allocated)
    }

    fn with_open<T>(&self, work: impl FnOnce(&mut Search) -> io::Result<T>) -> io::Result<T> {
        let mut search = self.0.lock();
        if search.is_closed { Err(io::Error::other("the search has ended")) } else { work(&mut search) }
    }
}

impl Search {
    fn read(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let Some(at) = self.kept.iter().rposition(|(kept, _)| *kept == offset) else {
            let file = self.file.as_ref().ok_or_else(|| io::Error::other("the page was not kept"))?;
            return RawFile::read(file, offset, out);
        };
        let page = self.kept.remove(at).ok_or(io::ErrorKind::NotFound)?;
        out.copy_from_slice(page.1.get(..out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        self.kept.push_back(page);
        Ok(())
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            let first = usize::try_from(offset).map_err(io::Error::other)? / PAGE_BYTES;
            let pages = self.is_allocated.iter_mut().skip(first).take(data.len().div_ceil(PAGE_BYTES));
            pages.for_each(|is_allocated| *is_allocated = true);
        }
        self.kept.retain(|(kept, _)| *kept != offset);
        if self.kept.len() == MAX_KEPT_PAGES {
            self.kept.pop_front();
        }
        self.kept.push_back((offset, data.to_vec()));
        Ok(())
    }
}

impl StorageBackend for SearchBackend {
    fn len(&self) -> io::Result<u64> {
        self.with_open(|search| Ok(search.length))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with_open(|search| search.read(offset, out))
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.with_open(|search| {
            search.length = length;
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with_open(|_| Ok(()))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with_open(|search| search.write(offset, data))
    }
}
