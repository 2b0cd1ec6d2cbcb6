//! Reading a data file without writing to it, even one that was not closed cleanly: the pages that redb changes in its repair
//! stay in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use parking_lot::{Mutex, MutexGuard};
use redb::StorageBackend;

const PAGE_BYTES: u64 = 4_096;

/// A file that is only read, and the pages that were changed in memory.
#[derive(Debug)]
pub(crate) struct OverlayBackend {
    file: File,
    changes: Mutex<Overlay>,
}

#[derive(Debug)]
struct Overlay {
    length: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl OverlayBackend {
    /// An overlay on a file that is open for reading.
    ///
    /// # Errors
    /// When the length of the file cannot be read.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, changes: Mutex::new(Overlay { length, pages: BTreeMap::new() }) })
    }

    fn lock(&self) -> MutexGuard<'_, Overlay> {
        self.changes.lock()
    }

    /// A page with its changes; bytes past the end of the file are zero.
    fn page(&self, overlay: &Overlay, number: u64) -> io::Result<Vec<u8>> {
        if let Some(page) = overlay.pages.get(&number) {
            return Ok(page.clone());
        }
        let mut page = vec![0; usize::try_from(PAGE_BYTES).unwrap_or(0)];
        let mut filled = 0;
        while let Some(rest) = page.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, number * PAGE_BYTES + u64::try_from(filled).unwrap_or(0))? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(page)
    }
}

/// The parts of pages that a range covers: the page, the first byte in it, and the number of bytes.
fn page_parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + u64::try_from(length).unwrap_or(0);
    let mut at = offset;
    std::iter::from_fn(move || {
        let (page, within) = (at / PAGE_BYTES, at % PAGE_BYTES);
        let size = (PAGE_BYTES - within).min(end - at);
        at += size;
        (size > 0).then(|| (page, usize::try_from(within).unwrap_or(0), usize::try_from(size).unwrap_or(0)))
    })
}

impl StorageBackend for OverlayBackend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let overlay = self.lock();
        let mut rest = out;
        for (number, within, size) in page_parts(offset, rest.len()) {
            let page = self.page(&overlay, number)?;
            let (part, after) = rest.split_at_mut(size);
            part.copy_from_slice(page.get(within..within + size).unwrap_or_default());
            rest = after;
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.lock().length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut overlay = self.lock();
        let mut rest = data;
        for (number, within, size) in page_parts(offset, data.len()) {
            let mut page = self.page(&overlay, number)?;
            let (part, after) = rest.split_at(size);
            if let Some(target) = page.get_mut(within..within + size) {
                target.copy_from_slice(part);
            }
            overlay.pages.insert(number, page);
            rest = after;
        }
        Ok(())
    }
}
