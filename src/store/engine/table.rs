//! Typed tables over bytes.

use std::marker::PhantomData;

use redb::TableDefinition;

use super::codec::{RowKey, RowValue};
use super::error::{DecodeError, Error};

/// A table's name, with the types of its keys and values.
pub struct Table<K, V> {
    name: &'static str,
    types: PhantomData<fn() -> (K, V)>,
}

/// The table as redb sees it: bytes to bytes, so that no type name is written into the file.
pub(crate) fn definition(name: &'static str) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

/// One row as bytes: key, value.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

impl<K: RowKey, V: RowValue> Table<K, V> {
    /// The table with this name in the file.
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    /// The table's name in the file.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Decodes the value of a row.
    pub(crate) fn decode_value(&self, bytes: &[u8]) -> Result<V, Error> {
        V::decode(bytes).map_err(|source| Error::Corrupt { table: self.name, source })
    }

    /// Decodes the key of a row.
    pub(crate) fn decode_key(&self, bytes: &[u8]) -> Result<K, Error> {
        K::decode(bytes).ok_or(Error::Corrupt { table: self.name, source: DecodeError::Key })
    }

    /// Decodes a row.
    pub(crate) fn decode_row(&self, key: &[u8], value: &[u8]) -> Result<(K, V), Error> {
        Ok((self.decode_key(key)?, self.decode_value(value)?))
    }
}
