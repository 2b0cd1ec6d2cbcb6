//! Rows that were deleted or replaced and whose bytes may still be in the file.
//!
//! A commit leaves the old version of each page it changed among the free pages; `super::page_eraser` erases those. But when one
//! commit changes several rows of a page, redb moves the later rows in place, and bytes of a deleted row can stay behind the
//! last one, in a page that is in use. So the pages where rows were deleted are built again before free pages are erased.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::Mutex;
use redb::ReadableTable;

use super::error::Error;
use super::table::{Row, definition};

/// How many rows are remembered. Pages of further ones are built again when a row in them next changes.
const MAX_ROWS: usize = 65_536;
/// How many rows on each side of a deleted key are moved: more than fit into a page.
const KEYED_REACH: usize = 128;
/// Passes after a deletion: pages that a long read used during the first one are erased by the second.
const PASSES: u8 = 2;

/// The tables whose rows tell something about people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PersonalTables {
    /// Those whose removed rows are to be erased.
    pub(crate) removed: &'static [&'static str],
    /// Those whose replaced rows are to be erased, too.
    pub(crate) replaced: &'static [&'static str],
    /// Those whose keys are to be erased as well: redb keeps parts of them in the pages above the rows.
    pub(crate) keyed: &'static [&'static str],
}

/// A row that was deleted or replaced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeletedRow {
    table: &'static str,
    key: Vec<u8>,
}

/// What the next pass has to erase.
#[derive(Debug)]
pub(crate) struct DeletedRows {
    tables: PersonalTables,
    rows: Mutex<BTreeSet<DeletedRow>>,
    passes_due: AtomicU8,
}

impl DeletedRows {
    /// One pass is due: an earlier process may have ended before its last one.
    pub(crate) fn new(tables: PersonalTables) -> Self {
        Self { tables, rows: Mutex::default(), passes_due: AtomicU8::new(1) }
    }

    /// Remembers a row that was removed.
    pub(super) fn record_removed(&self, table: &'static str, key: &[u8]) {
        if self.tables.removed.contains(&table) {
            self.record(table, key);
        }
    }

    /// Remembers a row that was replaced.
    pub(super) fn record_replaced(&self, table: &'static str, key: &[u8]) {
        if self.tables.replaced.contains(&table) {
            self.record(table, key);
        }
    }

    fn record(&self, table: &'static str, key: &[u8]) {
        self.passes_due.store(PASSES, Ordering::Relaxed);
        let mut rows = self.rows.lock();
        if rows.len() < MAX_ROWS {
            rows.insert(DeletedRow { table, key: key.to_vec() });
        }
    }

    /// Whether a pass is due.
    pub(crate) fn is_due(&self) -> bool {
        self.passes_due.load(Ordering::Relaxed) > 0
    }

    /// Records that a pass succeeded.
    pub(crate) fn finish_pass(&self) {
        let _ = self.passes_due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |due| due.checked_sub(1));
    }

    /// Whether there are pages to build again.
    pub(crate) fn has_rows(&self) -> bool {
        !self.rows.lock().is_empty()
    }

    /// Builds the pages of up to `limit` deleted rows again, in a commit. Returns whether there are more.
    ///
    /// # Errors
    /// [`Error::File`]; the rows are remembered.
    pub(crate) fn rebuild_pages(&self, database: &redb::Database, limit: usize) -> Result<bool, Error> {
        let rows: Vec<DeletedRow> = {
            let mut all = self.rows.lock();
            std::iter::from_fn(|| all.pop_first()).take(limit).collect()
        };
        if let Err(error) = self.rebuild(database, &rows) {
            self.rows.lock().extend(rows);
            return Err(error);
        }
        Ok(!self.rows.lock().is_empty())
    }

    fn rebuild(&self, database: &redb::Database, deleted: &[DeletedRow]) -> Result<(), Error> {
        if deleted.is_empty() {
            return Ok(());
        }
        let mut transaction = database.begin_write()?;
        transaction.set_quick_repair(true);
        for group in deleted.chunk_by(|a, b| a.table == b.table) {
            let Some(first) = group.first() else { continue };
            let reach = if self.tables.keyed.contains(&first.table) { KEYED_REACH } else { 1 };
            let mut table = transaction.open_table(definition(first.table))?;
            let mut neighbors = BTreeSet::new();
            for row in group {
                neighbors.extend(find_neighbors(&table, &row.key, reach)?);
            }
            // All are removed before the first is inserted again, so that pages which hold nothing else disappear.
            for (key, _) in &neighbors {
                table.remove(key.as_slice())?;
            }
            for (key, value) in &neighbors {
                table.insert(key.as_slice(), value.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }
}

/// The `reach` rows before and after a key, as they are stored. One of the two next to it is in the page that held the key's
/// row, unless that page has disappeared.
fn find_neighbors(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
    reach: usize,
) -> Result<Vec<Row>, Error> {
    let before = table.range::<&[u8]>(..key)?.rev().take(reach);
    let from_here = table.range::<&[u8]>(key..)?.take(reach);
    before
        .chain(from_here)
        .map(|row| row.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())).map_err(Error::from))
        .collect()
}
