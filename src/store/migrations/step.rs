//! One migration, and what the steps share.

use crate::store::{DecodeError, Error, Reader, WriteTxn};

/// A step from one schema to the next and back.
#[derive(Clone, Copy)]
pub struct Migration {
    /// The schema it migrates up to, from the one before.
    pub to: u32,
    /// What it changes, for operators.
    pub about: &'static str,
    /// The oldest schema whose binaries may still open a file that this step migrated; `to` if no older one may.
    pub min_reader: u32,
    /// Migrates up.
    pub up: fn(&mut WriteTxn<'_, '_>) -> Result<(), Error>,
    /// Migrates down.
    pub down: fn(&mut WriteTxn<'_, '_>) -> Result<(), Error>,
    /// Counts what migrating down would lose now.
    pub count_losses: fn(&WriteTxn<'_, '_>) -> Result<LossCounts, Error>,
}

/// What is lost, in words, and how many there are.
pub type LossCounts = Vec<(&'static str, u64)>;

/// Rewrites every row of a table. `change` gets the key and the value and returns the new value.
pub(super) fn rewrite(
    txn: &mut WriteTxn<'_, '_>,
    table: &'static str,
    mut change: impl FnMut(&WriteTxn<'_, '_>, &[u8], &[u8]) -> Result<Vec<u8>, Error>,
) -> Result<(), Error> {
    for (key, value) in txn.scan(table, &[], None, usize::MAX)? {
        let changed = change(txn, &key, &value)?;
        txn.put_bytes(table, key, changed);
    }
    Ok(())
}

/// Decodes a record of the version that the step expects. It does not use [`crate::store::engine::codec`], which may change.
pub(super) fn decode<T: serde::de::DeserializeOwned>(
    table: &'static str,
    version: u8,
    bytes: &[u8],
) -> Result<T, Error> {
    let source = match bytes.split_first() {
        Some((found, json)) if *found == version => match serde_json::from_slice(json) {
            Ok(record) => return Ok(record),
            Err(error) => error.into(),
        },
        Some((found, _)) => DecodeError::Version { found: *found, expected: version },
        None => DecodeError::Empty,
    };
    Err(Error::Corrupt { table, source })
}

/// Encodes a record in a version.
pub(super) fn encode(table: &'static str, version: u8, record: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![version];
    serde_json::to_writer(&mut bytes, record).map_err(|error| Error::Corrupt { table, source: error.into() })?;
    Ok(bytes)
}
