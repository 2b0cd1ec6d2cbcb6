//! Erasing free pages: a transaction that allocates every free page of the file and is then aborted.
//!
//! redb never overwrites a page when it frees it, so deleted rows can be read in the file until their page is used again. See
//! `super::page_eraser` for how the free pages are found. Nothing is committed, so a kill at any moment leaves the file as the
//! last commit left it. Pages that a reader still uses are not free; they are left for the next time.

use redb::{StorageError, TableDefinition};

use super::error::Error;
use super::page_eraser::{LEAF_MARKER, MARKER};
use super::snapshot_backend::SnapshotBackend;

/// More than half a page, so that each row has a page to itself.
const FILLER_BYTES: usize = 3_600;
/// A row of many pages, to push others out of redb's buffer.
const PUSHING_BYTES: usize = 240 << 10;
/// How many pages are allocated: a gigabyte. Nothing else is written meanwhile.
const MAX_FREE_PAGES: u64 = 1 << 18;
/// Rows that are inserted after the file is full, for the pages that redb freed while its tree grew.
const SPARE_ROWS: u64 = 64;
/// How often the buffer is filled again until every page has been written.
const MAX_PUSHES: u64 = 8;

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedPages {
    /// How many free pages there were.
    pub free: u64,
    /// How many of them were overwritten; the others were zeros already.
    pub erased: u64,
    /// Whether every free page consists of zeros now.
    pub is_complete: bool,
}

/// Overwrites up to `max_pages` free pages that are not zeros yet. Call it between two commits, when everything committed has
/// been written to the file. `buffer_bytes` is how much redb buffers before it writes.
///
/// # Errors
/// [`Error::File`]; also while the file is being copied.
pub(crate) fn erase_free_pages(
    database: &redb::Database,
    backend: &SnapshotBackend,
    buffer_bytes: usize,
    max_pages: u64,
) -> Result<ErasedPages, Error> {
    let erasing = backend.start_erasing(max_pages).map_err(StorageError::Io)?;
    let transaction = database.begin_write()?;
    let filled = fill(&transaction, backend, buffer_bytes);
    transaction.abort()?;
    let (free, is_full) = filled?;
    let seen = erasing.finish();
    // The last row may have been the one that did not fit.
    let is_complete = is_full && seen.leaves + 1 >= free && seen.skipped == 0;
    Ok(ErasedPages { free, erased: seen.erased, is_complete })
}

/// Allocates every free page, and makes redb write all of them. Returns how many there were, and whether those were all.
fn fill(
    transaction: &redb::WriteTransaction,
    backend: &SnapshotBackend,
    buffer_bytes: usize,
) -> Result<(u64, bool), Error> {
    let mut free = 0;
    {
        let mut table = transaction.open_table(definition("free pages"))?;
        let filler = value(FILLER_BYTES);
        while !backend.has_grown() && free < MAX_FREE_PAGES {
            // The next call goes on from here; each begins with the same pages.
            if backend.has_spent_erasing_budget() {
                return Ok((free, false));
            }
            table.insert(key(free).as_slice(), filler.as_slice())?;
            free += 1;
        }
        for spare in free..free + SPARE_ROWS {
            table.insert(key(spare).as_slice(), filler.as_slice())?;
        }
    }
    // Another table, so that nothing of the first one is used any more and all of it leaves the buffer.
    let mut table = transaction.open_table(definition("pushed pages"))?;
    let pushing = value(PUSHING_BYTES);
    let rows_per_push = u64::try_from(buffer_bytes.div_ceil(PUSHING_BYTES)).unwrap_or(u64::MAX);
    let mut pushed = 0;
    for _ in 0..MAX_PUSHES {
        // Once all rows have been written, one more time for the branches above them.
        let is_last = backend.erased_leaves() + 1 >= free;
        for row in pushed..pushed + rows_per_push {
            table.insert(key(row).as_slice(), pushing.as_slice())?;
        }
        pushed += rows_per_push;
        if is_last {
            break;
        }
    }
    Ok((free, backend.has_grown()))
}

fn definition(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

fn key(row: u64) -> Vec<u8> {
    [MARKER.as_slice(), &row.to_be_bytes()].concat()
}

fn value(bytes: usize) -> Vec<u8> {
    let mut value = LEAF_MARKER.to_vec();
    value.resize(bytes, 0);
    value
}
