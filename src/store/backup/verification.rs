//! Verifying a copy of a data file: every page, every row.

use std::collections::BTreeMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, StorageBackend, StorageError};

use crate::domain::Environment;
use crate::domain::environment::stamp::Stamp;
use crate::store::engine::checksum::RowFormat;
use crate::store::engine::overlay_backend::OverlayBackend;
use crate::store::engine::read_txn::ReadTxn;
use crate::store::file::database::{open_error, open_read_write};
use crate::store::file::identity::{FileIdentity, read_identity, require_environment};
use crate::store::tables::schema;
use crate::store::{Error, OpenError};

/// How much of a copy is kept in memory while it is verified.
const CACHE_BYTES: usize = 16 << 20;

/// The number of rows in each table, by name.
pub type RowCounts = BTreeMap<String, u64>;

/// What a verified file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCopy {
    pub stamp: Stamp,
    pub schema: u32,
    pub rows: RowCounts,
}

/// Verifies a copy that no other process has, and closes it cleanly, so that it opens without a repair from then on. Checks every
/// page, decodes every row and counts the rows. The rows of another schema are read, but not decoded.
///
/// # Errors
/// [`OpenError`], also when the copy belongs to another environment.
pub fn finalize(path: &Path, environment: &Environment) -> Result<VerifiedCopy, OpenError> {
    let backend = FileBackend::new(open_read_write(path)?).map_err(|error| open_error(path, error))?;
    let verified = verify_backend(path, backend, environment)?;
    File::open(path).and_then(|file| file.sync_all()).map_err(OpenError::io(path))?;
    Ok(verified)
}

/// Verifies a file in the same way without writing to it.
///
/// # Errors
/// As for [`finalize`].
pub fn verify(path: &Path, environment: &Environment) -> Result<VerifiedCopy, OpenError> {
    let overlay = File::open(path).and_then(OverlayBackend::new).map_err(OpenError::io(path))?;
    verify_backend(path, overlay, environment)
}

fn verify_backend(
    path: &Path,
    backend: impl StorageBackend,
    environment: &Environment,
) -> Result<VerifiedCopy, OpenError> {
    // A corrupt page can make redb panic; that says something about the file and must not end the process.
    catch_unwind(AssertUnwindSafe(|| {
        let database = open_checked(path, backend)?;
        let FileIdentity { stamp, schema, .. } = read_identity(path, &database)?;
        require_environment(path, &stamp, environment)?;
        let rows = database
            .begin_read()
            .map_err(Error::from)
            .and_then(|transaction| {
                let txn = ReadTxn::new(transaction, RowFormat::for_schema(schema));
                read_every_row(&txn, schema == schema::VERSION)
            })
            .map_err(OpenError::corrupt(path))?;
        database.close().map_err(|error| open_error(path, error))?;
        Ok(VerifiedCopy { stamp, schema, rows })
    }))
    .unwrap_or_else(|_| Err(OpenError::contradictory_pages(path)))
}

/// Opens a database and checks every page.
fn open_checked(path: &Path, backend: impl StorageBackend) -> Result<Database, OpenError> {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder.create_with_backend(backend).map_err(|error| match error {
        DatabaseError::Storage(error @ StorageError::Corrupted(_)) => {
            OpenError::corrupt(path)(redb::Error::from(error))
        }
        other => open_error(path, other),
    })
}

fn read_every_row(txn: &ReadTxn, decode: bool) -> Result<RowCounts, Error> {
    let mut rows = RowCounts::new();
    for table in &schema::ALL {
        let mut number = 0;
        txn.for_each_row(table.name, |key, value| {
            number += 1;
            if decode {
                return (table.check)(key, value).map_err(|source| Error::Corrupt { table: table.name, source });
            }
            Ok(())
        })?;
        rows.insert(table.name.to_owned(), number);
    }
    Ok(rows)
}

/// The number of rows in each table, without reading them.
pub(super) fn count_rows(txn: &ReadTxn) -> Result<RowCounts, Error> {
    schema::ALL.iter().map(|table| Ok((table.name.to_owned(), txn.count(table.name)?))).collect()
}
