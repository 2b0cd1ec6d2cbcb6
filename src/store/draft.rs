//! A draft: the changes one decision wants, kept aside until it has said yes.
//!
//! A decision never touches the transaction that it shares with its neighbours. It reads through its draft and writes
//! into it; the writer copies the draft in afterwards. So a refusal, or a panic half-way, is undone by forgetting.

use std::cell::RefCell;
use std::collections::BTreeMap;

use redb::{ReadableTable, WriteTransaction};

use super::Error;
use super::record::{Key, Value};
use super::table::{Read, Row, Table, definition, rows_back_of, rows_of};

type OpenTable<'txn> = redb::Table<'txn, &'static [u8], &'static [u8]>;

/// The transaction of one commit, with each table opened once.
pub(super) struct Batch<'txn> {
    transaction: &'txn WriteTransaction,
    open: RefCell<BTreeMap<&'static str, OpenTable<'txn>>>,
}

impl<'txn> Batch<'txn> {
    pub(super) fn of(transaction: &'txn WriteTransaction) -> Self {
        Self { transaction, open: RefCell::new(BTreeMap::new()) }
    }

    fn with<T>(
        &self,
        name: &'static str,
        act: impl FnOnce(&mut OpenTable<'txn>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut open = self.open.borrow_mut();
        match open.entry(name) {
            std::collections::btree_map::Entry::Occupied(mut table) => act(table.get_mut()),
            std::collections::btree_map::Entry::Vacant(place) => {
                act(place.insert(self.transaction.open_table(definition(name))?))
            }
        }
    }

    /// Copies a draft's changes in.
    pub(super) fn apply(&self, changes: Changes) -> Result<(), Error> {
        for ((name, key), value) in changes {
            self.with(name, |table| {
                match value {
                    Some(value) => drop(table.insert(key.as_slice(), value.as_slice())?),
                    None => drop(table.remove(key.as_slice())?),
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// By table and key: the new value, or `None` for a row that goes.
pub(super) type Changes = BTreeMap<(&'static str, Vec<u8>), Option<Vec<u8>>>;

/// What one decision reads and wants to change.
pub struct Draft<'batch, 'txn> {
    batch: &'batch Batch<'txn>,
    changes: Changes,
}

impl<'batch, 'txn> Draft<'batch, 'txn> {
    pub(super) fn on(batch: &'batch Batch<'txn>) -> Self {
        Self { batch, changes: Changes::new() }
    }

    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }

    /// Stores `value` under `key`, in place of what was there.
    pub fn put<K: Key, V: Value>(&mut self, table: &Table<K, V>, key: &K, value: &V) {
        self.changes.insert((table.name(), key.encode()), Some(value.encode()));
    }

    /// Stores bytes as they are, for migrations.
    pub(super) fn put_bytes(&mut self, table: &'static str, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert((table, key), Some(value));
    }

    /// Removes a row by the bytes of its key, for migrations.
    pub(super) fn remove_bytes(&mut self, table: &'static str, key: Vec<u8>) {
        self.changes.insert((table, key), None);
    }

    /// The rows that `fetch` finds in the transaction, with this draft's own changes of the range among them. `fetch` is
    /// told how many rows the draft removes, each of which may hide one of those it finds.
    fn merged(
        &self,
        table: &'static str,
        from: &[u8],
        to: Option<&[u8]>,
        fetch: impl FnOnce(&OpenTable<'txn>, usize) -> Result<Vec<Row>, Error>,
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, Error> {
        let changed = || {
            let here = self.changes.range((table, from.to_vec())..);
            here.take_while(|((name, key), _)| *name == table && to.is_none_or(|to| key.as_slice() < to))
        };
        let removed = changed().filter(|(_, value)| value.is_none()).count();
        let stored = self.batch.with(table, |open| fetch(open, removed))?;
        let mut merged: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for ((_, key), value) in changed() {
            match value {
                Some(value) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        Ok(merged)
    }

    /// Removes the row under `key`, if there is one.
    pub fn remove<K: Key, V: Value>(&mut self, table: &Table<K, V>, key: &K) {
        self.changes.insert((table.name(), key.encode()), None);
    }
}

impl Read for Draft<'_, '_> {
    fn bytes(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        if let Some(changed) = self.changes.get(&(table, key.to_vec())) {
            return Ok(changed.clone());
        }
        self.batch.with(table, |table| Ok(table.get(key)?.map(|guard| guard.value().to_vec())))
    }

    fn rows(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, most: usize) -> Result<Vec<Row>, Error> {
        let merged =
            self.merged(table, from, to, |open, removed| rows_of(open, from, to, most.saturating_add(removed)))?;
        Ok(merged.into_iter().take(most).collect())
    }

    fn rows_back(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, most: usize) -> Result<Vec<Row>, Error> {
        let merged =
            self.merged(table, from, to, |open, removed| rows_back_of(open, from, to, most.saturating_add(removed)))?;
        Ok(merged.into_iter().rev().take(most).collect())
    }
}
