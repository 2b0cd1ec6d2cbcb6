//! Looking into a file that was not closed cleanly without writing to it: whatever the repair changes stays in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

const PAGE: u64 = 4_096;

/// A file below, and the pages that were changed above it.
#[derive(Debug)]
pub(super) struct Overlay {
    file: File,
    above: Mutex<Above>,
}

#[derive(Debug)]
struct Above {
    length: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    /// Over a file that is open for reading.
    ///
    /// # Errors
    /// What the system says about its length.
    pub(super) fn over(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, above: Mutex::new(Above { length, pages: BTreeMap::new() }) })
    }

    fn above(&self) -> MutexGuard<'_, Above> {
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One page as it is now; what lies past the file's end is zero.
    fn page(&self, above: &Above, number: u64) -> io::Result<Vec<u8>> {
        if let Some(page) = above.pages.get(&number) {
            return Ok(page.clone());
        }
        let mut page = vec![0; usize::try_from(PAGE).unwrap_or(0)];
        let mut filled = 0;
        while let Some(rest) = page.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, number * PAGE + u64::try_from(filled).unwrap_or(0))? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(page)
    }
}

/// The pieces of pages that lie in a range: page, first byte in it, and how many.
fn pieces(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + u64::try_from(length).unwrap_or(0);
    let mut at = offset;
    std::iter::from_fn(move || {
        let (page, within) = (at / PAGE, at % PAGE);
        let size = (PAGE - within).min(end - at);
        at += size;
        (size > 0).then(|| (page, usize::try_from(within).unwrap_or(0), usize::try_from(size).unwrap_or(0)))
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.above().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let above = self.above();
        let mut rest = out;
        for (number, within, size) in pieces(offset, rest.len()) {
            let page = self.page(&above, number)?;
            let (piece, after) = rest.split_at_mut(size);
            piece.copy_from_slice(page.get(within..within + size).unwrap_or_default());
            rest = after;
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.above().length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut above = self.above();
        let mut rest = data;
        for (number, within, size) in pieces(offset, data.len()) {
            let mut page = self.page(&above, number)?;
            let (piece, after) = rest.split_at(size);
            if let Some(place) = page.get_mut(within..within + size) {
                place.copy_from_slice(piece);
            }
            above.pages.insert(number, page);
            rest = after;
        }
        Ok(())
    }
}
