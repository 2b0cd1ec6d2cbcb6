//! Finding the free pages of a file: the pages that a transaction allocates which uses up all free space.
//!
//! redb never overwrites a page when it frees it, so deleted rows can be read in the file until their page is used again. Which
//! pages are free only redb knows, and it doesn't say. So the file is opened a second time, as its last commit left it, on
//! storage that writes nothing to it (`super::search_backend`); there a transaction adds rows until the file would have to grow.
//! Every page that it writes is free. Writers wait only until that transaction has begun: it reads nothing of the file.

use redb::TableDefinition;

use super::error::Error;
use super::search_backend::SearchBackend;
use super::snapshot_backend::SnapshotBackend;

const FILLER: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("free pages");
/// More than half a page, so that each row has a page to itself.
const ROW_BYTES: usize = 3_600;
/// Rows that are added after the file is full, for the pages that redb freed while its tree grew.
const SPARE_ROWS: u64 = 64;

/// Returns, by page of the file, whether it was free at the last commit. Call it while the writer is paused, after a commit;
/// calls `on_detached` when it may continue.
///
/// # Errors
/// [`Error::File`], also if the last commit did not record which pages are free.
pub(crate) fn find_free_pages(file: SnapshotBackend, on_detached: impl FnOnce()) -> Result<Vec<bool>, Error> {
    let storage = SearchBackend::new(file).map_err(redb::StorageError::Io)?;
    // Without a cache, redb writes each page before it allocates the next.
    let mut builder = redb::Builder::new();
    builder.set_cache_size(0).set_repair_callback(redb::RepairSession::abort);
    let database = builder.create_with_backend(storage.clone()).map_err(redb::Error::from)?;
    let transaction = database.begin_write()?;
    let filled = {
        let mut table = transaction.open_table(FILLER)?;
        storage.detach();
        on_detached();
        fill(&mut table, &storage)
    };
    let is_free = storage.close();
    filled.map(|()| is_free)
}

fn fill(table: &mut redb::Table<'_, u64, &'static [u8]>, storage: &SearchBackend) -> Result<(), Error> {
    let row = [0; ROW_BYTES];
    let mut rows = 0;
    while !storage.has_grown() {
        table.insert(rows, row.as_slice())?;
        rows += 1;
    }
    for spare in rows..rows + SPARE_ROWS {
        table.insert(spare, row.as_slice())?;
    }
    Ok(())
}
