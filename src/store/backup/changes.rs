//! What changed between two data files, by table.

use std::collections::BTreeMap;
use std::path::Path;

use redb::{Database, ReadableDatabase};

use super::snapshot::SnapshotError;
use crate::store::engine::checksum::RowFormat;
use crate::store::engine::read_txn::ReadTxn;
use crate::store::engine::reader::Reader;
use crate::store::file::database::open_overlay;
use crate::store::tables::schema;
use crate::store::{Error, Store};

/// How the rows of a table differ between two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct TableChange {
    /// Rows that only the later file has.
    pub added: u64,
    /// Rows that both have, with different values.
    pub changed: u64,
    /// Rows that only the earlier file has.
    pub removed: u64,
}

/// The differences by table; tables without any are left out.
pub type TableChanges = BTreeMap<String, TableChange>;

impl Store {
    /// What changed in the data file since the copy at `earlier` was made. Reads both files completely.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn changes_since(&self, earlier: &Path) -> Result<TableChanges, SnapshotError> {
        self.read(|later| compare(earlier, later))
    }
}

/// What changed between two files that no process has open.
///
/// # Errors
/// [`SnapshotError`].
pub fn changes_between_files(earlier: &Path, later: &Path) -> Result<TableChanges, SnapshotError> {
    let later = open_overlay(later)?;
    compare(earlier, &begin_read(&later)?)
}

/// A read transaction on a file of any schema.
fn begin_read(database: &Database) -> Result<ReadTxn, Error> {
    let identity = ReadTxn::new(database.begin_read()?, RowFormat::Plain);
    let schema = identity.get(&schema::SCHEMA, &schema::only_key())?.unwrap_or(schema::VERSION);
    Ok(ReadTxn::new(database.begin_read()?, RowFormat::for_schema(schema)))
}

fn compare(earlier: &Path, later: &ReadTxn) -> Result<TableChanges, SnapshotError> {
    let database = open_overlay(earlier)?;
    let earlier = begin_read(&database)?;
    let mut changes = TableChanges::new();
    for table in &schema::ALL {
        let change = compare_table(table.name, &earlier, later)?;
        if change != TableChange::default() {
            changes.insert(table.name.to_owned(), change);
        }
    }
    Ok(changes)
}

/// Reads both tables side by side, in key order.
fn compare_table(table: &'static str, earlier: &ReadTxn, later: &ReadTxn) -> Result<TableChange, Error> {
    let mut change = TableChange::default();
    let (mut old_rows, mut new_rows) = (earlier.scan_table(table)?, later.scan_table(table)?);
    let (mut old, mut new) = (old_rows.next_row()?, new_rows.next_row()?);
    loop {
        match (&old, &new) {
            (None, None) => return Ok(change),
            (Some((old_key, old_value)), Some((new_key, new_value))) if old_key == new_key => {
                change.changed += u64::from(old_value != new_value);
                (old, new) = (old_rows.next_row()?, new_rows.next_row()?);
            }
            (Some((old_key, _)), new) if new.as_ref().is_none_or(|(new_key, _)| old_key < new_key) => {
                change.removed += 1;
                old = old_rows.next_row()?;
            }
            _ => {
                change.added += 1;
                new = new_rows.next_row()?;
            }
        }
    }
}
