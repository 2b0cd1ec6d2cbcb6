//! A draft: the changes one decision wants, kept aside until it has said yes.
//!
//! A decision never touches the transaction that it shares with its neighbours. It reads through its draft and writes
//! into it; the writer copies the draft in afterwards. So a refusal, or a panic half-way, is undone by forgetting.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use redb::WriteTransaction;

use super::Error;
use super::damage::Damage;
use super::record::{Key, Value};
use super::sum::{Form, Rule};
use super::table::{Read, Row, Table, definition, found_in, rows_back_of, rows_of};

/// Most rows that are in memory while tables are written anew.
const PORTION: usize = 1_024;

type OpenTable<'txn> = redb::Table<'txn, &'static [u8], &'static [u8]>;

/// The transaction of one commit, with each table opened once.
pub(super) struct Batch<'txn> {
    transaction: &'txn WriteTransaction,
    open: RefCell<BTreeMap<&'static str, OpenTable<'txn>>>,
    form: Cell<Form>,
    /// Of the store whose commit it is.
    damage: Option<&'txn Damage>,
}

impl<'txn> Batch<'txn> {
    /// A commit to a file that is no open store.
    pub(super) fn of(transaction: &'txn WriteTransaction, form: Form) -> Self {
        Self { transaction, open: RefCell::new(BTreeMap::new()), form: Cell::new(form), damage: None }
    }

    /// A commit of a store.
    pub(super) fn telling(transaction: &'txn WriteTransaction, damage: &'txn Damage) -> Self {
        // No store opens a file in an older schema.
        Self { damage: Some(damage), ..Self::of(transaction, Form::Summed) }
    }

    /// Has a table open for `act`. Everything that is read from one or written to it comes by here.
    fn with<T>(
        &self,
        name: &'static str,
        act: impl FnOnce(&mut OpenTable<'txn>, Rule) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let rule = self.form.get().rule(name);
        let mut open = self.open.borrow_mut();
        let done = match open.entry(name) {
            std::collections::btree_map::Entry::Occupied(mut table) => act(table.get_mut(), rule),
            std::collections::btree_map::Entry::Vacant(place) => {
                let opened = self.transaction.open_table(definition(name)).map_err(Error::from);
                opened.and_then(|table| act(place.insert(table), rule))
            }
        };
        match self.damage {
            Some(damage) => damage.noted(done),
            None => done,
        }
    }

    /// Copies a draft's changes in.
    pub(super) fn apply(&self, changes: Changes) -> Result<(), Error> {
        for ((name, key), value) in changes {
            self.with(name, |table, rule| {
                match value {
                    Some(value) => drop(table.insert(key.as_slice(), rule.stored(&key, value).as_slice())?),
                    None => drop(table.remove(key.as_slice())?),
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Writes every row of these tables anew in another form, and keeps to that form from then on.
    fn restate(&self, tables: &[&'static str], form: Form) -> Result<(), Error> {
        for table in tables {
            let mut from = Vec::new();
            loop {
                let rows = self.with(table, |open, rule| rows_of(open, rule, &from, None, PORTION))?;
                let next =
                    rows.last().filter(|_| rows.len() == PORTION).map(|(key, _)| [key.as_slice(), &[0]].concat());
                self.with(table, |open, _| {
                    for (key, value) in rows {
                        let stored = form.rule(table).stored(&key, value);
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
        self.form.set(form);
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

    /// Writes every row of these tables anew in another form, for a migration. Unlike any other change it is made in the
    /// transaction at once, a portion after the other: what is in memory does not grow with the file, and whoever cannot go
    /// on must not commit.
    pub(super) fn restate(&mut self, tables: &[&'static str], form: Form) -> Result<(), Error> {
        self.batch.restate(tables, form)
    }

    /// The rows that `fetch` finds in the transaction, with this draft's own changes of the range among them. `fetch` is
    /// told how many rows the draft removes, each of which may hide one of those it finds.
    fn merged(
        &self,
        table: &'static str,
        from: &[u8],
        to: Option<&[u8]>,
        fetch: impl FnOnce(&OpenTable<'txn>, Rule, usize) -> Result<Vec<Row>, Error>,
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, Error> {
        let changed = || {
            let here = self.changes.range((table, from.to_vec())..);
            here.take_while(|((name, key), _)| *name == table && to.is_none_or(|to| key.as_slice() < to))
        };
        let removed = changed().filter(|(_, value)| value.is_none()).count();
        let stored = self.batch.with(table, |open, rule| fetch(open, rule, removed))?;
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
    fn found<T>(
        &self,
        table: &'static str,
        key: &[u8],
        take: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if let Some(changed) = self.changes.get(&(table, key.to_vec())) {
            return changed.as_deref().map(take).transpose();
        }
        self.batch.with(table, |open, rule| found_in(open, rule, key, take))
    }

    fn rows(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, most: usize) -> Result<Vec<Row>, Error> {
        let merged = self.merged(table, from, to, |open, rule, removed| {
            rows_of(open, rule, from, to, most.saturating_add(removed))
        })?;
        Ok(merged.into_iter().take(most).collect())
    }

    fn rows_back(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, most: usize) -> Result<Vec<Row>, Error> {
        let merged = self.merged(table, from, to, |open, rule, removed| {
            rows_back_of(open, rule, from, to, most.saturating_add(removed))
        })?;
        Ok(merged.into_iter().rev().take(most).collect())
    }
}
