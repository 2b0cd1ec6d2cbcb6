//! Reading rows, from the last commit or inside a write.

use std::any::Any;

use redb::ReadableTable;

use super::change_tracker::CommitSeq;
use super::checksum::TableFormat;
use super::codec::{RowKey, RowValue};
use super::error::Error;
use super::table::{Row, Table};

/// Reads rows: a [`ReadTxn`](super::read_txn::ReadTxn) those of the last commit, a [`WriteTxn`](super::write_txn::WriteTxn) also
/// its own changes.
///
/// A row whose checksum does not match is never returned: that is [`Error::Corrupt`]. See [`super::checksum`].
pub trait Reader {
    /// Applies `decode` to the bytes stored under `key`, without copying them.
    ///
    /// # Errors
    /// What `decode` returns; [`Error::File`]; [`Error::Corrupt`].
    fn get_with<T>(
        &self,
        table: &'static str,
        key: &[u8],
        decode: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error>;

    /// Up to `limit` rows with `from <= key < to`, as bytes, in key order.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Corrupt`].
    fn scan(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Error>;

    /// Up to `limit` rows with `from <= key < to`, as bytes, in reverse key order.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Corrupt`].
    fn scan_rev(&self, table: &'static str, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Error>;

    /// Calls `on_row` with each row of [`Self::scan`]. A [`ReadTxn`](super::read_txn::ReadTxn) does so without copying them.
    ///
    /// # Errors
    /// The first error that `on_row` returns; [`Error::File`]; [`Error::Corrupt`].
    fn for_each(
        &self,
        table: &'static str,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
        mut on_row: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.scan(table, from, to, limit)?.iter().try_for_each(|(key, value)| on_row(key, value))
    }

    /// The store's cache of decoded rows, and the commit up to which this reader sees everything. `None` outside a store, and
    /// in a write.
    fn cache<C: Any>(&self) -> Option<(&C, CommitSeq)> {
        None
    }

    /// The bytes stored under `key`.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Corrupt`].
    fn get_bytes(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.get_with(table, key, |bytes| Ok(bytes.to_vec()))
    }

    /// The value stored under `key`.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Corrupt`].
    fn get<K: RowKey, V: RowValue>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, Error> {
        self.get_with(table.name(), &key.encode(), |bytes| table.decode_value(bytes))
    }

    /// Up to `limit` rows whose key begins with `prefix`, in key order.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Corrupt`].
    fn scan_prefix<K: RowKey, V: RowValue>(
        &self,
        table: &Table<K, V>,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<(K, V)>, Error> {
        self.scan_range(table, prefix, next_prefix(prefix).as_deref(), limit)
    }

    /// Up to `limit` rows whose key is less than `to`, in key order.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Corrupt`].
    fn scan_before<K: RowKey, V: RowValue>(
        &self,
        table: &Table<K, V>,
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<(K, V)>, Error> {
        self.scan_range(table, &[], Some(to), limit)
    }

    /// Up to `limit` rows with `from <= key < to`, in key order.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Corrupt`].
    fn scan_range<K: RowKey, V: RowValue>(
        &self,
        table: &Table<K, V>,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(K, V)>, Error> {
        let mut rows = Vec::new();
        self.for_each(table.name(), from, to, limit, |key, value| {
            rows.push(table.decode_row(key, value)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Up to `limit` rows whose key begins with `prefix`, in reverse key order; with a `cursor`, only those before that key.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Corrupt`].
    fn scan_newest<K: RowKey, V: RowValue>(
        &self,
        table: &Table<K, V>,
        prefix: &[u8],
        cursor: Option<&K>,
        limit: usize,
    ) -> Result<Vec<(K, V)>, Error> {
        let end = cursor.map(RowKey::encode).or_else(|| next_prefix(prefix));
        let rows = self.scan_rev(table.name(), prefix, end.as_deref(), limit)?;
        rows.iter().map(|(key, value)| table.decode_row(key, value)).collect()
    }
}

/// The first key after all keys that begin with `prefix`; `None` when there is no such key.
pub(super) fn next_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next: Vec<u8> = prefix.iter().take(last + 1).copied().collect();
    if let Some(byte) = next.last_mut() {
        *byte += 1;
    }
    Some(next)
}

/// The rows of a redb table with `from <= key < to`, as they are stored.
pub(super) fn stored_range<'table>(
    table: &'table impl ReadableTable<&'static [u8], &'static [u8]>,
    from: &[u8],
    to: Option<&[u8]>,
) -> Result<redb::Range<'table, &'static [u8], &'static [u8]>, Error> {
    Ok(match to {
        Some(to) => table.range(from..to)?,
        None => table.range(from..)?,
    })
}

/// [`Reader::get_with`] for a redb table.
pub(super) fn get_with_in<T>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    format: TableFormat,
    key: &[u8],
    decode: impl FnOnce(&[u8]) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    match table.get(key)? {
        Some(stored) => decode(format.checked_value(key, stored.value())?).map(Some),
        None => Ok(None),
    }
}

/// [`Reader::for_each`] for a redb table.
pub(super) fn for_each_in(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    format: TableFormat,
    from: &[u8],
    to: Option<&[u8]>,
    limit: usize,
    mut on_row: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    for row in stored_range(table, from, to)?.take(limit) {
        let (key, value) = row?;
        on_row(key.value(), format.checked_value(key.value(), value.value())?)?;
    }
    Ok(())
}

/// [`Reader::scan`] for a redb table.
pub(super) fn scan_in(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    format: TableFormat,
    from: &[u8],
    to: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for_each_in(table, format, from, to, limit, |key, value| {
        rows.push((key.to_vec(), value.to_vec()));
        Ok(())
    })?;
    Ok(rows)
}

/// [`Reader::scan_rev`] for a redb table.
pub(super) fn scan_rev_in(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    format: TableFormat,
    from: &[u8],
    to: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Row>, Error> {
    if to.is_some_and(|to| to <= from) {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for row in stored_range(table, from, to)?.rev().take(limit) {
        let (key, value) = row?;
        rows.push((key.value().to_vec(), format.checked_value(key.value(), value.value())?.to_vec()));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::next_prefix;

    #[test]
    fn the_next_prefix_comes_after_every_key_that_begins_with_the_prefix() {
        assert_eq!(next_prefix(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(next_prefix(&[1, 255]), Some(vec![2]));
        assert_eq!(next_prefix(&[255]), None);
        assert_eq!(next_prefix(&[]), None);
    }
}
