//! Write transactions: the changes of one write, kept apart until its closure has succeeded.
//!
//! Several writes share the redb transaction of one commit, and none of them changes it directly. A write reads through its
//! [`WriteTxn`] and collects its changes there; the writer copies them into the `CommitBatch` afterwards. So a write that
//! returns an error, or panics half-way, is undone by dropping its [`WriteTxn`].

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use redb::{ReadableTable, WriteTransaction};

use super::checksum::{RowFormat, TableFormat};
use super::codec::{RowKey, RowValue};
use super::corruption::CorruptionFlag;
use super::deleted_rows::DeletedRows;
use super::error::Error;
use super::reader::{Reader, get_with_in, scan_in, scan_rev_in};
use super::table::{Row, Table, definition};

/// How many rows are in memory while a table is rewritten.
const REWRITE_CHUNK_ROWS: usize = 1_024;

type OpenTable<'txn> = redb::Table<'txn, &'static [u8], &'static [u8]>;

/// The transaction of one commit. Each table is opened once.
pub(crate) struct CommitBatch<'txn> {
    transaction: &'txn WriteTransaction,
    open: RefCell<BTreeMap<&'static str, OpenTable<'txn>>>,
    format: Cell<RowFormat>,
    /// The flag of the store; `None` when the file is not open as a store.
    corruption: Option<&'txn CorruptionFlag>,
    /// The deleted rows of the store; `None` when the file is not open as a store.
    deleted: Option<&'txn DeletedRows>,
}

impl<'txn> CommitBatch<'txn> {
    /// A commit to a file that is not open as a store.
    pub(crate) fn new(transaction: &'txn WriteTransaction, format: RowFormat) -> Self {
        let open = RefCell::new(BTreeMap::new());
        Self { transaction, open, format: Cell::new(format), corruption: None, deleted: None }
    }

    /// A commit of a store.
    pub(crate) fn for_store(
        transaction: &'txn WriteTransaction,
        corruption: &'txn CorruptionFlag,
        deleted: &'txn DeletedRows,
    ) -> Self {
        // A store never opens a file of an older schema.
        let batch = Self::new(transaction, RowFormat::Checksummed);
        Self { corruption: Some(corruption), deleted: Some(deleted), ..batch }
    }

    /// Opens a table, unless it is open already, and works on it. Every read and every change goes through here.
    fn with_table<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut OpenTable<'txn>, TableFormat) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let format = self.format.get().for_table(name);
        let mut open = self.open.borrow_mut();
        let result = match open.entry(name) {
            Entry::Occupied(mut table) => work(table.get_mut(), format),
            Entry::Vacant(entry) => {
                let opened = self.transaction.open_table(definition(name)).map_err(Error::from);
                opened.and_then(|table| work(entry.insert(table), format))
            }
        };
        match self.corruption {
            Some(corruption) => corruption.observe(result),
            None => result,
        }
    }

    /// Makes these changes and takes each of them back.
    pub(super) fn rehearse(&self, changes: WriteSet) -> Result<(), Error> {
        for ((name, key), value) in changes {
            self.deleted.inspect(|deleted| deleted.record_replaced(name, &key));
            self.with_table(name, |table, format| {
                let before = table.get(key.as_slice())?.map(|stored| stored.value().to_vec());
                match value {
                    Some(value) => drop(table.insert(key.as_slice(), format.to_stored(&key, value).as_slice())?),
                    None => drop(table.remove(key.as_slice())?),
                }
                match before {
                    Some(before) => drop(table.insert(key.as_slice(), before.as_slice())?),
                    None => drop(table.remove(key.as_slice())?),
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Copies the changes of a write into the transaction.
    pub(crate) fn apply(&self, changes: WriteSet) -> Result<(), Error> {
        for ((name, key), value) in changes {
            self.with_table(name, |table, format| {
                let is_removal = value.is_none();
                let before = match value {
                    Some(value) => table.insert(key.as_slice(), format.to_stored(&key, value).as_slice())?,
                    None => table.remove(key.as_slice())?,
                };
                match self.deleted {
                    Some(deleted) if before.is_some() && is_removal => deleted.record_removed(name, &key),
                    Some(deleted) if before.is_some() => deleted.record_replaced(name, &key),
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Rewrites every row of these tables in another format, and uses that format from then on.
    fn rewrite_tables(&self, tables: &[&'static str], format: RowFormat) -> Result<(), Error> {
        for table in tables {
            let mut from = Vec::new();
            loop {
                let rows =
                    self.with_table(table, |open, current| scan_in(open, current, &from, None, REWRITE_CHUNK_ROWS))?;
                let is_full = rows.len() == REWRITE_CHUNK_ROWS;
                let next = rows.last().filter(|_| is_full).map(|(key, _)| [key.as_slice(), &[0]].concat());
                self.with_table(table, |open, _| {
                    for (key, value) in rows {
                        let stored = format.for_table(table).to_stored(&key, value);
                        open.insert(key.as_slice(), stored.as_slice())?;
                    }
                    Ok(())
                })?;
                match next {
                    Some(next) => from = next,
                    None => break,
                }
            }
        }
        self.format.set(format);
        Ok(())
    }
}

/// By table and key: the new value, or `None` for a row that is removed.
pub(super) type WriteSet = BTreeMap<(&'static str, Vec<u8>), Option<Vec<u8>>>;

/// A write transaction: reads the last commit and its own changes.
pub struct WriteTxn<'batch, 'txn> {
    batch: &'batch CommitBatch<'txn>,
    changes: WriteSet,
    rehearsed: WriteSet,
}

impl<'batch, 'txn> WriteTxn<'batch, 'txn> {
    pub(crate) fn new(batch: &'batch CommitBatch<'txn>) -> Self {
        Self { batch, changes: WriteSet::new(), rehearsed: WriteSet::new() }
    }

    pub(crate) fn into_changes(self) -> WriteSet {
        self.changes
    }

    /// The changes, and those that are only rehearsed.
    pub(super) fn into_parts(mut self) -> (WriteSet, WriteSet) {
        self.rehearsed.retain(|row, _| !self.changes.contains_key(row));
        (self.changes, self.rehearsed)
    }

    /// Runs `work`, whose changes cost the commit the same time and the same writes to disk as any others, but leave nothing
    /// behind.
    ///
    /// SECURITY: for requests whose time must not show what they did.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn rehearse<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let before = self.changes.clone();
        let result = work(self);
        let after = std::mem::replace(&mut self.changes, before);
        self.rehearsed.extend(after.into_iter().filter(|(row, value)| self.changes.get(row) != Some(value)));
        result
    }

    /// Runs `work`, or only rehearses it.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn run_or_rehearse<T, E>(
        &mut self,
        is_real: bool,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if is_real { work(self) } else { self.rehearse(work) }
    }

    /// Stores `value` under `key`, replacing any other value.
    pub fn put<K: RowKey, V: RowValue>(&mut self, table: &Table<K, V>, key: &K, value: &V) {
        self.changes.insert((table.name(), key.encode()), Some(value.encode()));
    }

    /// Removes the row under `key`, if there is one.
    pub fn remove<K: RowKey, V: RowValue>(&mut self, table: &Table<K, V>, key: &K) {
        self.changes.insert((table.name(), key.encode()), None);
    }

    /// Stores bytes as they are, for migrations.
    pub(crate) fn put_bytes(&mut self, table: &'static str, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert((table, key), Some(value));
    }

    /// Removes a row by the bytes of its key, for migrations.
    pub(crate) fn remove_bytes(&mut self, table: &'static str, key: Vec<u8>) {
        self.changes.insert((table, key), None);
    }

    /// Rewrites every row of these tables in another format, for a migration. Unlike all other changes, this is made in the
    /// redb transaction at once, in chunks, so that memory does not grow with the file. After an error the transaction must
    /// not be committed.
    pub(crate) fn rewrite_tables(&mut self, tables: &[&'static str], format: RowFormat) -> Result<(), Error> {
        self.batch.rewrite_tables(tables, format)
    }

    /// The stored rows that `fetch` finds, merged with this transaction's changes in the range. `fetch` gets the number of
    /// rows that this transaction removes: each of them may hide one of the rows that it finds.
    fn merge_changes(
        &self,
        table: &'static str,
        from: &[u8],
        to: Option<&[u8]>,
        fetch: impl FnOnce(&OpenTable<'txn>, TableFormat, usize) -> Result<Vec<Row>, Error>,
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, Error> {
        let changed = || {
            let from_here = self.changes.range((table, from.to_vec())..);
            from_here.take_while(|((name, key), _)| *name == table && to.is_none_or(|to| key.as_slice() < to))
        };
        let removed = changed().filter(|(_, value)| value.is_none()).count();
        let stored = self.batch.with_table(table, |open, format| fetch(open, format, removed))?;
        let mut merged: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for ((_, key), value) in changed() {
            match value {
                Some(value) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        Ok(merged)
    }
}

impl Reader for WriteTxn<'_, '_> {
    fn get_with<T>(
        &self,
        table: &'static str,
        key: &[u8],
        decode: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if let Some(changed) = self.changes.get(&(table, key.to_vec())) {
            return changed.as_deref().map(decode).transpose();
        }
        self.batch.with_table(table, |open, format| get_with_in(open, format, key, decode))
    }

    fn scan(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Error> {
        let merged = self.merge_changes(table, from, to, |open, format, removed| {
            scan_in(open, format, from, to, limit.saturating_add(removed))
        })?;
        Ok(merged.into_iter().take(limit).collect())
    }

    fn scan_rev(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Error> {
        let merged = self.merge_changes(table, from, to, |open, format, removed| {
            scan_rev_in(open, format, from, to, limit.saturating_add(removed))
        })?;
        Ok(merged.into_iter().rev().take(limit).collect())
    }
}
