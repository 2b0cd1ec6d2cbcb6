//! Typed tables over bytes, and reading them.

use std::marker::PhantomData;
use std::sync::Arc;

use redb::{ReadTransaction, ReadableTable, TableDefinition};

use super::known::Known;
use super::recency::Moment;
use super::record::{Key, Value};
use super::sum::{Form, Rule};
use super::{Error, Shared};

/// A table by name, with the types of its keys and values.
pub struct Table<K, V> {
    name: &'static str,
    types: PhantomData<fn() -> (K, V)>,
}

/// The table as redb sees it: bytes to bytes, so that no type name is written into the file.
pub(super) fn definition(name: &'static str) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

/// One row as bytes: key, value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

impl<K: Key, V: Value> Table<K, V> {
    /// The table of that name.
    pub const fn named(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    /// Its name in the file.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Reads a row's value.
    pub(super) fn value(&self, bytes: &[u8]) -> Result<V, Error> {
        V::decode(bytes).map_err(|why| Error::Corrupt { table: self.name, why })
    }

    pub(super) fn row(&self, key: &[u8], value: &[u8]) -> Result<(K, V), Error> {
        let key = K::decode(key).ok_or_else(|| Error::Corrupt { table: self.name, why: "bad key".to_owned() })?;
        Ok((key, self.value(value)?))
    }
}

/// Reading, the same from a [`View`] of the last commit and from a [`super::Draft`] that also sees its own changes.
///
/// No row is shown whose sum does not fit: that is [`Error::Corrupt`]. See [`super::sum`].
pub trait Read {
    /// What `take` makes of the bytes under `key`.
    ///
    /// # Errors
    /// What `take` answers; [`Error::File`]; [`Error::Corrupt`].
    fn found<T>(
        &self,
        table: &'static str,
        key: &[u8],
        take: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error>;

    /// The bytes under `key`.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Corrupt`].
    fn bytes(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.found(table, key, |bytes| Ok(bytes.to_vec()))
    }

    /// Up to `most` rows with `from <= key < to`, in the order of keys.
    ///
    /// # Errors
    /// [`Error::File`].
    fn rows(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, most: usize) -> Result<Vec<Row>, Error>;

    /// Up to `most` rows with `from <= key < to`, the last key first.
    ///
    /// # Errors
    /// [`Error::File`].
    fn rows_back(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, most: usize) -> Result<Vec<Row>, Error>;

    /// Shows what [`Self::rows`] finds one row after the other.
    ///
    /// # Errors
    /// What `seen` answers first; [`Error::File`]; [`Error::Corrupt`].
    fn each_of(
        &self,
        table: &'static str,
        from: &[u8],
        to: Option<&[u8]>,
        most: usize,
        mut seen: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.rows(table, from, to, most)?.iter().try_for_each(|(key, value)| seen(key, value))
    }

    /// What need not be decoded again, and the moment from which on it must be the same.
    fn known(&self) -> Option<(&Known, Moment)> {
        None
    }

    /// Up to `most` rows whose key begins with `prefix`, the last key first; with `below`, only those before that key.
    ///
    /// # Errors
    /// As for [`Self::get`].
    fn newest<K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        prefix: &[u8],
        below: Option<&K>,
        most: usize,
    ) -> Result<Vec<(K, V)>, Error> {
        let end = below.map(Key::encode).or_else(|| next_prefix(prefix));
        let rows = self.rows_back(table.name(), prefix, end.as_deref(), most)?;
        rows.iter().map(|(key, value)| table.row(key, value)).collect()
    }

    /// The value stored under `key`.
    ///
    /// # Errors
    /// [`Error`] when the file cannot be read or the row not be understood.
    fn get<K: Key, V: Value>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, Error> {
        self.found(table.name(), &key.encode(), |bytes| table.value(bytes))
    }

    /// Up to `most` rows whose key begins with `prefix`, in the order of keys.
    ///
    /// # Errors
    /// As for [`Self::get`].
    fn under<K: Key, V: Value>(&self, table: &Table<K, V>, prefix: &[u8], most: usize) -> Result<Vec<(K, V)>, Error> {
        self.between(table, prefix, next_prefix(prefix).as_deref(), most)
    }

    /// Up to `most` rows whose key is less than `to`, in the order of keys.
    ///
    /// # Errors
    /// As for [`Self::get`].
    fn before<K: Key, V: Value>(&self, table: &Table<K, V>, to: &[u8], most: usize) -> Result<Vec<(K, V)>, Error> {
        self.between(table, &[], Some(to), most)
    }

    /// Up to `most` rows with `from <= key < to`, in the order of keys.
    ///
    /// # Errors
    /// As for [`Self::get`].
    fn between<K: Key, V: Value>(
        &self,
        table: &Table<K, V>,
        from: &[u8],
        to: Option<&[u8]>,
        most: usize,
    ) -> Result<Vec<(K, V)>, Error> {
        let mut rows = Vec::new();
        self.each_of(table.name(), from, to, most, |key, value| {
            rows.push(table.row(key, value)?);
            Ok(())
        })?;
        Ok(rows)
    }
}

/// The first key after all keys that begin with `prefix`; `None` when there is no such key.
fn next_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next: Vec<u8> = prefix.iter().take(last + 1).copied().collect();
    if let Some(byte) = next.last_mut() {
        *byte += 1;
    }
    Some(next)
}

/// The rows of a redb table with `from <= key < to`, as they are stored.
fn range_of<'table>(
    table: &'table impl ReadableTable<&'static [u8], &'static [u8]>,
    from: &[u8],
    to: Option<&[u8]>,
) -> Result<redb::Range<'table, &'static [u8], &'static [u8]>, Error> {
    Ok(match to {
        Some(to) => table.range(from..to)?,
        None => table.range(from..)?,
    })
}

/// What `take` makes of the value under `key` of a redb table.
pub(super) fn found_in<T>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    rule: Rule,
    key: &[u8],
    take: impl FnOnce(&[u8]) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    match table.get(key)? {
        Some(stored) => take(rule.value(key, stored.value())?).map(Some),
        None => Ok(None),
    }
}

/// Shows up to `most` rows of a redb table in that range.
fn each_row(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    rule: Rule,
    from: &[u8],
    to: Option<&[u8]>,
    most: usize,
    mut seen: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    for row in range_of(table, from, to)?.take(most) {
        let (key, value) = row?;
        seen(key.value(), rule.value(key.value(), value.value())?)?;
    }
    Ok(())
}

/// The rows of a redb table in that range.
pub(super) fn rows_of(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    rule: Rule,
    from: &[u8],
    to: Option<&[u8]>,
    most: usize,
) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    each_row(table, rule, from, to, most, |key, value| {
        rows.push((key.to_vec(), value.to_vec()));
        Ok(())
    })?;
    Ok(rows)
}

/// The same, the last key first.
pub(super) fn rows_back_of(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    rule: Rule,
    from: &[u8],
    to: Option<&[u8]>,
    most: usize,
) -> Result<Vec<Row>, Error> {
    if to.is_some_and(|to| to <= from) {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for row in range_of(table, from, to)?.rev().take(most) {
        let (key, value) = row?;
        rows.push((key.value().to_vec(), rule.value(key.value(), value.value())?.to_vec()));
    }
    Ok(rows)
}

/// A page of rows, newest first.
#[derive(Debug)]
pub struct Page<K, T> {
    /// What stands on it.
    pub rows: Vec<T>,
    /// Where the next page begins, below this key; `None` when this one is the last.
    pub next: Option<K>,
}

/// Where a page begins and how much it may cost.
#[derive(Debug, Clone, Copy)]
pub struct Turn<K> {
    /// The rows below this key; all when `None`.
    pub below: Option<K>,
    /// Most rows on the page.
    pub most: usize,
    /// Most rows looked at for it. A page that ends for this reason may be short, and says where to go on.
    pub effort: usize,
}

/// A look at the last commit.
pub struct View {
    transaction: ReadTransaction,
    form: Form,
    /// The store it looks at, since when.
    store: Option<(Arc<Shared>, Moment)>,
}

type ReadTable = redb::ReadOnlyTable<&'static [u8], &'static [u8]>;

impl View {
    /// A look at a file that is no open store.
    pub(super) fn of(transaction: ReadTransaction, form: Form) -> Self {
        Self { transaction, form, store: None }
    }

    /// A look at a store that began after `moment`.
    pub(super) fn with(transaction: ReadTransaction, store: Arc<Shared>, moment: Moment) -> Self {
        // No store opens a file in an older schema.
        Self { transaction, form: Form::Summed, store: Some((store, moment)) }
    }

    /// Looks into a table. Everything that is read from one comes by here or by [`Walk`].
    fn look<T>(
        &self,
        table: &'static str,
        look: impl FnOnce(&ReadTable, Rule) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let opened = self.transaction.open_table(definition(table)).map_err(Error::from);
        let looked = opened.and_then(|open| look(&open, self.form.rule(table)));
        match &self.store {
            Some((store, _)) => store.damage.noted(looked),
            None => looked,
        }
    }

    /// How many rows a table holds.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn count(&self, table: &'static str) -> Result<u64, Error> {
        use redb::ReadableTableMetadata;
        self.look(table, |open, _| Ok(open.len()?))
    }

    /// Shows every row of a table, in the order of keys.
    ///
    /// # Errors
    /// What `seen` answers first; [`Error::File`]; [`Error::Corrupt`].
    pub(super) fn each(
        &self,
        table: &'static str,
        mut seen: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rows = self.walk(table)?;
        while let Some((key, value)) = rows.next()? {
            seen(&key, &value)?;
        }
        Ok(())
    }

    /// The same, one row at a time. A table that a file in an older schema does not have is empty.
    pub(super) fn walk(&self, table: &'static str) -> Result<Walk, Error> {
        let rule = self.form.rule(table);
        match self.transaction.open_table(definition(table)) {
            Ok(table) => Ok(Walk { rows: Some(table.range::<&[u8]>(..)?), rule }),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(Walk { rows: None, rule }),
            Err(error) => Err(error.into()),
        }
    }

    /// A page of the rows whose key begins with `prefix` and of which `choose` makes something, the last key first.
    /// `choose` sees the bytes of each row, so that what is not wanted need not be understood.
    pub(super) fn page<K: Key, V: Value, T>(
        &self,
        table: &Table<K, V>,
        prefix: &[u8],
        turn: &Turn<K>,
        mut choose: impl FnMut(K, &[u8]) -> Result<Option<T>, Error>,
    ) -> Result<Page<K, T>, Error> {
        let end = turn.below.as_ref().map(Key::encode).or_else(|| next_prefix(prefix));
        if end.as_deref().is_some_and(|end| end <= prefix) {
            return Ok(Page { rows: Vec::new(), next: None });
        }
        self.look(table.name(), |open, rule| {
            let range = range_of(open, prefix, end.as_deref())?;
            let mut page = Page { rows: Vec::new(), next: None };
            let (mut last_kept, mut last_seen) = (None, None);
            for (seen, row) in range.rev().enumerate() {
                if seen == turn.effort {
                    page.next = last_seen.and_then(|key: Vec<u8>| K::decode(&key));
                    break;
                }
                let (key, value) = row?;
                let value = rule.value(key.value(), value.value())?;
                let bad_key = || Error::Corrupt { table: table.name(), why: "bad key".to_owned() };
                let id = K::decode(key.value()).ok_or_else(bad_key)?;
                if let Some(kept) = choose(id, value)? {
                    if page.rows.len() == turn.most {
                        page.next = last_kept.and_then(|key: Vec<u8>| K::decode(&key));
                        break;
                    }
                    page.rows.push(kept);
                    last_kept = Some(key.value().to_vec());
                }
                last_seen = Some(key.value().to_vec());
            }
            Ok(page)
        })
    }
}

/// The rows of a table, one after the other.
pub(super) struct Walk {
    rows: Option<redb::Range<'static, &'static [u8], &'static [u8]>>,
    rule: Rule,
}

impl Walk {
    pub(super) fn next(&mut self) -> Result<Option<Row>, Error> {
        match self.rows.as_mut().and_then(Iterator::next) {
            None => Ok(None),
            Some(row) => {
                let (key, value) = row?;
                Ok(Some((key.value().to_vec(), self.rule.value(key.value(), value.value())?.to_vec())))
            }
        }
    }
}

impl Read for View {
    fn known(&self) -> Option<(&Known, Moment)> {
        self.store.as_ref().map(|(store, moment)| (&store.known, *moment))
    }

    fn found<T>(
        &self,
        table: &'static str,
        key: &[u8],
        take: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.look(table, |open, rule| found_in(open, rule, key, take))
    }

    fn rows(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, most: usize) -> Result<Vec<Row>, Error> {
        self.look(table, |open, rule| rows_of(open, rule, from, to, most))
    }

    fn each_of(
        &self,
        table: &'static str,
        from: &[u8],
        to: Option<&[u8]>,
        most: usize,
        seen: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.look(table, |open, rule| each_row(open, rule, from, to, most, seen))
    }

    fn rows_back(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, most: usize) -> Result<Vec<Row>, Error> {
        self.look(table, |open, rule| rows_back_of(open, rule, from, to, most))
    }
}

#[cfg(test)]
mod tests {
    use super::next_prefix;

    #[test]
    fn the_next_prefix_comes_after_every_key_that_begins_with_it() {
        assert_eq!(next_prefix(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(next_prefix(&[1, 255]), Some(vec![2]));
        assert_eq!(next_prefix(&[255]), None);
        assert_eq!(next_prefix(&[]), None);
    }
}
