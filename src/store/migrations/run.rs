//! Migrates a data file that no process has open, and rehearses a migration on a copy.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use redb::{Database, ReadableDatabase};

use super::apply::migrate;
use super::registry::Migrations;
use crate::domain::Environment;
use crate::store::engine::checksum::RowFormat;
use crate::store::engine::read_txn::ReadTxn;
use crate::store::engine::table::definition;
use crate::store::engine::write_txn::CommitBatch;
use crate::store::file::database::open_error;
use crate::store::file::open::{open_any_schema, open_any_schema_in_memory};
use crate::store::tables::schema;
use crate::store::{Error, FileLock, OpenError, WriteTxn};

/// A file that was migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationReport {
    /// Its schema before.
    pub from: u32,
    /// Its schema now.
    pub to: u32,
}

/// What a downgrade would lose.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MigrationLoss {
    /// What, in words.
    pub what: String,
    /// How many there are.
    pub number: u64,
}

/// Migrates the file to schema `to`, up or down, in one transaction: it never has something in between.
///
/// # Errors
/// [`OpenError`]; the file is then unchanged.
pub fn migrate_file(
    path: &Path,
    environment: &Environment,
    migrations: Migrations,
    to: u32,
) -> Result<MigrationReport, OpenError> {
    let (database, from) = open_any_schema(path, environment)?;
    migrate_database(&database, migrations, from, to).map_err(migration_error(path))?;
    database.close().map_err(|error| open_error(path, error))?;
    Ok(MigrationReport { from, to })
}

/// Migrates a copy of a file there, back, and there again. Both times the same rows must result. An upgrade must also be undone
/// completely; a downgrade may lose what it says it loses.
///
/// # Errors
/// [`OpenError::NotReversible`] names a table that differs.
pub fn rehearse(copy: &Path, environment: &Environment, migrations: Migrations, to: u32) -> Result<(), OpenError> {
    let (database, from) = open_any_schema(copy, environment)?;
    let migrate_and_digest = |from: u32, to: u32| {
        migrate_database(&database, migrations, from, to)?;
        digest_tables(&database, to)
    };
    let compared = (|| {
        let start = digest_tables(&database, from)?;
        let there = migrate_and_digest(from, to)?;
        let back = migrate_and_digest(to, from)?;
        let again = migrate_and_digest(from, to)?;
        let is_upgrade = from < to;
        Ok::<_, Error>(
            find_difference(&there, &again).or_else(|| find_difference(&start, &back).filter(|_| is_upgrade)),
        )
    })();
    match compared.map_err(migration_error(copy))? {
        None => Ok(()),
        Some(table) => Err(OpenError::NotReversible { from, to, table }),
    }
}

/// What a downgrade to schema `to` would lose. The file is not written to.
///
/// # Errors
/// [`OpenError`]; [`OpenError::Locked`] while another process has the file.
pub fn count_losses(
    path: &Path,
    environment: &Environment,
    migrations: Migrations,
    to: u32,
) -> Result<Vec<MigrationLoss>, OpenError> {
    let _lock = FileLock::acquire(path)?;
    let (database, from) = open_any_schema_in_memory(path, environment)?;
    let counted = (|| {
        let transaction = database.begin_write()?;
        let mut losses = Vec::new();
        {
            let batch = CommitBatch::new(&transaction, RowFormat::for_schema(from));
            for step in migrations.steps().iter().rev().filter(|step| step.to <= from && step.to > to) {
                let mut txn = WriteTxn::new(&batch);
                losses.extend((step.count_losses)(&txn)?.into_iter().filter(|(_, number)| *number > 0));
                (step.down)(&mut txn)?;
                batch.apply(txn.into_changes())?;
            }
        }
        transaction.abort()?;
        Ok::<_, Error>(losses)
    })();
    let losses = counted.map_err(migration_error(path))?;
    Ok(losses.into_iter().map(|(what, number)| MigrationLoss { what: what.to_owned(), number }).collect())
}

fn migrate_database(database: &Database, migrations: Migrations, from: u32, to: u32) -> Result<(), Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    for table in &schema::ALL {
        transaction.open_table(definition(table.name))?;
    }
    migrate(&CommitBatch::new(&transaction, RowFormat::for_schema(from)), migrations, from, to)?;
    Ok(transaction.commit()?)
}

/// A digest of the rows of each table, in a file of this schema.
fn digest_tables(database: &Database, schema: u32) -> Result<BTreeMap<&'static str, blake3::Hash>, Error> {
    let txn = ReadTxn::new(database.begin_read()?, RowFormat::for_schema(schema));
    let mut digests = BTreeMap::new();
    for table in &schema::ALL {
        let mut hasher = blake3::Hasher::new();
        txn.for_each_row(table.name, |key, value| {
            for part in [key, value] {
                hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes()).update(part);
            }
            Ok(())
        })?;
        digests.insert(table.name, hasher.finalize());
    }
    Ok(digests)
}

fn find_difference(
    one: &BTreeMap<&'static str, blake3::Hash>,
    other: &BTreeMap<&'static str, blake3::Hash>,
) -> Option<&'static str> {
    one.iter().find(|(table, digest)| other.get(*table) != Some(digest)).map(|(table, _)| *table)
}

/// A disk error, such as a full disk, is not corruption: no snapshot need be restored because of it.
fn migration_error(path: &Path) -> impl Fn(Error) -> OpenError + '_ {
    move |error| {
        let disk_error = match &error {
            Error::File(file) => match file.as_ref() {
                redb::Error::Io(source) => Some(io::Error::new(source.kind(), source.to_string())),
                _ => None,
            },
            _ => None,
        };
        match disk_error {
            Some(source) => OpenError::io(path)(source),
            None => OpenError::corrupt(path)(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_full_disk_is_reported_as_such_and_not_as_corruption() {
        let full = redb::StorageError::Io(ErrorKind::StorageFull.into());
        assert!(
            matches!(migration_error(Path::new("a.redb"))(full.into()), OpenError::Io { source, .. } if source.kind() == ErrorKind::StorageFull)
        );
        let corrupt = redb::StorageError::Corrupted("a page".to_owned());
        assert!(matches!(migration_error(Path::new("a.redb"))(corrupt.into()), OpenError::Corrupt { .. }));
    }
}
