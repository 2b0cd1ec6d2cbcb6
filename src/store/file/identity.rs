//! Which file it is, and whether it may be used here: stamp, MAC, environment, schema.
//!
//! The rows that say so carry no checksum, because they are read before it is known whether rows of this file do. A stamp or a
//! key that is not as it was written does not match the MAC. The schema numbers have, from schema 4 on, a row beside them that
//! holds their checksum; older binaries ignore it, and an older file does not have it.
//!
//! Nothing here opens or creates a file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::ReadableDatabase;

use super::stamp_mac;
use crate::domain::Environment;
use crate::domain::environment::stamp::Stamp;
use crate::store::backup::snapshot_folder::SnapshotFolder;
use crate::store::engine::checksum::{self, RowFormat};
use crate::store::engine::error::{DecodeError, Error};
use crate::store::engine::read_txn::ReadTxn;
use crate::store::engine::reader::Reader;
use crate::store::engine::write_txn::WriteTxn;
use crate::store::error::{ForeignFile, OpenError};
use crate::store::tables::schema;

/// What identifies a data file.
pub(in crate::store) struct FileIdentity {
    pub(in crate::store) stamp: Stamp,
    pub(in crate::store) schema: u32,
    pub(in crate::store) key: [u8; 32],
    /// Whether the stamp has a MAC; files from before there were MACs have none.
    pub(super) has_mac: bool,
}

/// The identity of an open file.
///
/// SECURITY: a stamp that does not match its MAC is not believed in any part.
pub(in crate::store) fn read_identity(
    path: &Path,
    database: &impl ReadableDatabase,
) -> Result<FileIdentity, OpenError> {
    let no_stamp = || OpenError::NotADataFile { path: path.to_owned(), reason: ForeignFile::NoStamp };
    // A corrupt page can make redb panic.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let txn = ReadTxn::new(database.begin_read()?, RowFormat::Plain);
        require_known_key_rows(&txn)?;
        Ok::<_, Error>((
            txn.get(&schema::STAMP, &schema::only_key())?,
            read_schema(&txn)?.map(|(schema, _)| schema),
            txn.get(&schema::KEY, &schema::only_key())?,
            txn.get(&schema::KEY, &stamp_mac::key())?,
        ))
    }));
    match read {
        Ok(Ok((Some(stamp), Some(_), Some(key), Some(mac)))) if mac != stamp_mac::compute(&stamp, &key) => {
            Err(OpenError::EditedStamp { path: path.to_owned(), found: Box::new(stamp) })
        }
        Ok(Ok((Some(stamp), Some(schema), Some(key), mac))) => {
            Ok(FileIdentity { stamp, schema, key, has_mac: mac.is_some() })
        }
        Ok(Ok(_)) => Err(no_stamp()),
        Ok(Err(Error::File(error))) if matches!(*error, redb::Error::TableDoesNotExist(_)) => Err(no_stamp()),
        Ok(Err(error)) => Err(OpenError::corrupt(path)(error)),
        Err(_) => Err(OpenError::contradictory_pages(path)),
    }
}

/// The schema of a file, and the oldest schema whose binaries may open it if that is another one.
fn read_schema(txn: &ReadTxn) -> Result<Option<(u32, Option<u32>)>, Error> {
    let Some(number) = txn.get(&schema::SCHEMA, &schema::only_key())? else { return Ok(None) };
    let min_reader = txn.get(&schema::SCHEMA, &schema::min_reader_key())?;
    let matches = match txn.get(&schema::SCHEMA, &schema::checksum_key())? {
        Some(checksum) => checksum == schema_checksum(number, min_reader),
        // What a newer schema stores beside its number is not known here.
        None => !(checksum::FIRST_CHECKSUM_SCHEMA..=schema::VERSION).contains(&number),
    };
    if matches { Ok(Some((number, min_reader))) } else { Err(checksum_mismatch(schema::SCHEMA.name())) }
}

/// Writes the schema of a file, and the oldest schema whose binaries may open it.
pub(in crate::store) fn write_schema(txn: &mut WriteTxn<'_, '_>, number: u32, min_reader: u32) {
    txn.put(&schema::SCHEMA, &schema::only_key(), &number);
    // A schema that only its own binaries may open has no second row: files from before there was one have none, and a
    // downgrade must restore them exactly.
    let min_reader = Some(min_reader).filter(|min_reader| *min_reader != number);
    match min_reader {
        Some(min_reader) => txn.put(&schema::SCHEMA, &schema::min_reader_key(), &min_reader),
        None => txn.remove(&schema::SCHEMA, &schema::min_reader_key()),
    }
    if RowFormat::for_schema(number) == RowFormat::Checksummed {
        txn.put(&schema::SCHEMA, &schema::checksum_key(), &schema_checksum(number, min_reader));
    } else {
        txn.remove(&schema::SCHEMA, &schema::checksum_key());
    }
}

fn schema_checksum(number: u32, min_reader: Option<u32>) -> u32 {
    let numbers = [number, min_reader.unwrap_or(number)].map(u32::to_le_bytes);
    checksum::compute(schema::SCHEMA.name(), &[], numbers.as_flattened())
}

/// Refuses unknown rows beside the key: if a bit of the MAC's own key changed, the file would seem to have no MAC.
fn require_known_key_rows(txn: &ReadTxn) -> Result<(), Error> {
    let known = [schema::only_key(), stamp_mac::key()];
    txn.for_each_row(schema::KEY.name(), |key, _| {
        if known.iter().any(|known| known.as_bytes() == key) {
            Ok(())
        } else {
            Err(checksum_mismatch(schema::KEY.name()))
        }
    })
}

fn checksum_mismatch(table: &'static str) -> Error {
    Error::Corrupt { table, source: DecodeError::Checksum }
}

/// The identity of an open file that belongs to the environment and has a schema that a binary which knows `newest_schema` may
/// use.
pub(super) fn require_usable(
    path: &Path,
    environment: &Environment,
    newest_schema: u32,
    database: &impl ReadableDatabase,
) -> Result<FileIdentity, OpenError> {
    let identity = read_identity(path, database)?;
    require_environment(path, &identity.stamp, environment)?;
    require_schema(path, environment, database, identity.schema, newest_schema)?;
    Ok(identity)
}

/// Refuses the stamp of another environment.
pub(in crate::store) fn require_environment(
    path: &Path,
    stamp: &Stamp,
    environment: &Environment,
) -> Result<(), OpenError> {
    if stamp.belongs_to(environment) {
        return Ok(());
    }
    Err(OpenError::OtherEnvironment {
        path: path.to_owned(),
        found: Box::new(stamp.clone()),
        expected: environment.clone(),
    })
}

/// Refuses a file of another schema, unless it is a newer one that this binary may open.
fn require_schema(
    path: &Path,
    environment: &Environment,
    database: &impl ReadableDatabase,
    found: u32,
    known: u32,
) -> Result<(), OpenError> {
    if found < known {
        return Err(OpenError::Older { path: path.to_owned(), environment: environment.clone(), found, known });
    }
    let numbers = database
        .begin_read()
        .map_err(Error::from)
        .and_then(|transaction| read_schema(&ReadTxn::new(transaction, RowFormat::Plain)))
        .map_err(OpenError::corrupt(path))?;
    let min_reader = numbers.and_then(|(_, min_reader)| min_reader);
    if found == known || min_reader.is_some_and(|min_reader| min_reader <= known) {
        return Ok(());
    }
    let snapshot = SnapshotFolder::beside(path).list().ok().and_then(|listing| {
        let mut usable = listing.snapshots.into_iter();
        usable.find(|snapshot| snapshot.environment == *environment && snapshot.schema == known).map(|found| found.id)
    });
    Err(OpenError::Newer { path: path.to_owned(), environment: environment.clone(), found, known, snapshot })
}
