//! Read transactions: a short look at the last commit.

use std::any::Any;
use std::sync::Arc;

use redb::ReadTransaction;

use super::change_tracker::CommitSeq;
use super::checksum::{RowFormat, TableFormat};
use super::codec::{RowKey, RowValue};
use super::corruption::CorruptionFlag;
use super::error::Error;
use super::reader::{Reader, for_each_in, get_with_in, next_prefix, scan_in, scan_rev_in, stored_range};
use super::table::{Row, Table, definition};

/// What a store shares with its read transactions.
pub(crate) struct ReadContext {
    pub(crate) corruption: Arc<CorruptionFlag>,
    /// A cache of decoded rows. The engine does not know its type; the code of a table asks for it by type.
    pub(crate) cache: Box<dyn Any + Send + Sync>,
}

/// A page of rows.
#[derive(Debug)]
pub struct RowPage<K, T> {
    pub rows: Vec<T>,
    /// The cursor of the next page; `None` on the last one.
    pub next: Option<K>,
}

/// The order of rows. Keys that begin with a time sort by it, so descending is newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortDirection {
    Ascending,
    Descending,
}

/// Where a page begins, its order, and how much it may cost.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<K> {
    /// Only rows after this key, in the order of the page; all when `None`.
    pub cursor: Option<K>,
    pub direction: SortDirection,
    /// How many rows the page may have.
    pub limit: usize,
    /// How many rows may be read to fill it. A page that ends for this reason may be short, and has a next page.
    pub scan_limit: usize,
}

/// A read transaction on the last commit.
pub struct ReadTxn {
    transaction: ReadTransaction,
    format: RowFormat,
    /// What the store shares with its reads, and the last commit before this transaction began.
    context: Option<(Arc<ReadContext>, CommitSeq)>,
}

type ReadTable = redb::ReadOnlyTable<&'static [u8], &'static [u8]>;

impl ReadTxn {
    /// A transaction on a file that is not open as a store.
    pub(crate) fn new(transaction: ReadTransaction, format: RowFormat) -> Self {
        Self { transaction, format, context: None }
    }

    /// A transaction of a store, begun after `commit_seq` was taken.
    pub(crate) fn for_store(transaction: ReadTransaction, context: Arc<ReadContext>, commit_seq: CommitSeq) -> Self {
        // A store never opens a file of an older schema.
        Self { transaction, format: RowFormat::Checksummed, context: Some((context, commit_seq)) }
    }

    /// Opens a table and reads from it. Everything but a [`TableScan`] reads through here.
    fn with_table<T>(
        &self,
        table: &'static str,
        read: impl FnOnce(&ReadTable, TableFormat) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let opened = self.transaction.open_table(definition(table)).map_err(Error::from);
        let result = opened.and_then(|open| read(&open, self.format.for_table(table)));
        match &self.context {
            Some((context, _)) => context.corruption.observe(result),
            None => result,
        }
    }

    /// The number of rows in a table.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn count(&self, table: &'static str) -> Result<u64, Error> {
        use redb::ReadableTableMetadata;
        self.with_table(table, |open, _| Ok(open.len()?))
    }

    /// Calls `on_row` with every row of a table, in key order.
    ///
    /// # Errors
    /// The first error that `on_row` returns; [`Error::File`]; [`Error::Corrupt`].
    pub(crate) fn for_each_row(
        &self,
        table: &'static str,
        mut on_row: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rows = self.scan_table(table)?;
        while let Some((key, value)) = rows.next_row()? {
            on_row(&key, &value)?;
        }
        Ok(())
    }

    /// All rows of a table, one at a time. A table that a file of an older schema does not have is empty.
    pub(crate) fn scan_table(&self, table: &'static str) -> Result<TableScan, Error> {
        let format = self.format.for_table(table);
        match self.transaction.open_table(definition(table)) {
            Ok(table) => Ok(TableScan { rows: Some(table.range::<&[u8]>(..)?), format }),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(TableScan { rows: None, format }),
            Err(error) => Err(error.into()),
        }
    }

    /// A page of the rows whose key begins with `prefix` and for which `select` returns something, in the order of the request.
    /// `select` gets the bytes of each row, so that a row that is not wanted need not be decoded.
    pub(crate) fn read_page<K: RowKey, V: RowValue, T>(
        &self,
        table: &Table<K, V>,
        prefix: &[u8],
        request: &PageRequest<K>,
        mut select: impl FnMut(K, &[u8]) -> Result<Option<T>, Error>,
    ) -> Result<RowPage<K, T>, Error> {
        let cursor = request.cursor.as_ref().map(RowKey::encode);
        let (from, to) = match (request.direction, cursor) {
            (_, None) => (prefix.to_vec(), next_prefix(prefix)),
            (SortDirection::Descending, Some(cursor)) => (prefix.to_vec(), Some(cursor)),
            // The first key after the cursor.
            (SortDirection::Ascending, Some(cursor)) => ([cursor, vec![0]].concat(), next_prefix(prefix)),
        };
        if to.as_ref().is_some_and(|to| *to <= from) {
            return Ok(RowPage { rows: Vec::new(), next: None });
        }
        self.with_table(table.name(), |open, format| {
            let mut range = stored_range(open, &from, to.as_deref())?;
            let mut page = RowPage { rows: Vec::new(), next: None };
            let (mut last_selected, mut last_read) = (None, None);
            let rows = std::iter::from_fn(|| match request.direction {
                SortDirection::Ascending => range.next(),
                SortDirection::Descending => range.next_back(),
            });
            for (number, row) in rows.enumerate() {
                if number == request.scan_limit {
                    page.next = last_read.and_then(|key: Vec<u8>| K::decode(&key));
                    break;
                }
                let (key, value) = row?;
                let value = format.checked_value(key.value(), value.value())?;
                if let Some(selected) = select(table.decode_key(key.value())?, value)? {
                    if page.rows.len() == request.limit {
                        page.next = last_selected.and_then(|key: Vec<u8>| K::decode(&key));
                        break;
                    }
                    page.rows.push(selected);
                    last_selected = Some(key.value().to_vec());
                }
                last_read = Some(key.value().to_vec());
            }
            Ok(page)
        })
    }
}

/// All rows of a table in key order, read one at a time.
pub(crate) struct TableScan {
    rows: Option<redb::Range<'static, &'static [u8], &'static [u8]>>,
    format: TableFormat,
}

impl TableScan {
    pub(crate) fn next_row(&mut self) -> Result<Option<Row>, Error> {
        match self.rows.as_mut().and_then(Iterator::next) {
            None => Ok(None),
            Some(row) => {
                let (key, value) = row?;
                Ok(Some((key.value().to_vec(), self.format.checked_value(key.value(), value.value())?.to_vec())))
            }
        }
    }
}

impl Reader for ReadTxn {
    fn cache<C: Any>(&self) -> Option<(&C, CommitSeq)> {
        let (context, commit_seq) = self.context.as_ref()?;
        Some((context.cache.downcast_ref()?, *commit_seq))
    }

    fn get_with<T>(
        &self,
        table: &'static str,
        key: &[u8],
        decode: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.with_table(table, |open, format| get_with_in(open, format, key, decode))
    }

    fn scan(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Error> {
        self.with_table(table, |open, format| scan_in(open, format, from, to, limit))
    }

    fn scan_rev(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Error> {
        self.with_table(table, |open, format| scan_rev_in(open, format, from, to, limit))
    }

    fn for_each(
        &self,
        table: &'static str,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
        on_row: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.with_table(table, |open, format| for_each_in(open, format, from, to, limit, on_row))
    }
}
