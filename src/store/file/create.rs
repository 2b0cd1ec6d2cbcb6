//! Creating a data file: its tables, its stamp and its key.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use redb::Database;
use redb::backends::FileBackend;

use super::atomic::{rename_new, sync_folder};
use super::database::{open_database, open_error};
use super::identity::write_schema;
use super::stamp_mac;
use crate::domain::environment::stamp::Stamp;
use crate::store::engine::checksum::RowFormat;
use crate::store::engine::error::Error;
use crate::store::engine::table::definition;
use crate::store::engine::write_txn::{CommitBatch, WriteTxn};
use crate::store::error::OpenError;
use crate::store::migrations::{self, Migrations};
use crate::store::tables::schema;

/// Creates the file under a temporary name and then gives it its name, so that a crash half-way leaves nothing that looks like
/// a data file. Returns false when another process created it at the same time; then that file is the one to use.
pub(super) fn create(path: &Path, stamp: &Stamp, key: [u8; 32], migrations: Migrations) -> Result<bool, OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(OpenError::io(folder))?;
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".new-{}", stamp.file_id));
    let partial = PathBuf::from(partial);
    let written = write_new(&partial, stamp, key, migrations);
    let named = written.and_then(|()| match rename_new(&partial, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(OpenError::io(path)(source)),
    });
    let _ = fs::remove_file(&partial);
    let created = named?;
    sync_folder(folder).map_err(OpenError::io(folder))?;
    Ok(created)
}

fn write_new(path: &Path, stamp: &Stamp, key: [u8; 32], migrations: Migrations) -> Result<(), OpenError> {
    // SECURITY: only the owner can read people's data regardless of the umask.
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
    let backend = FileBackend::new(file.map_err(OpenError::io(path))?).map_err(|error| open_error(path, error))?;
    let database = open_database(path, backend)?;
    initialize(path, &database, stamp, key, migrations)?;
    database.close().map_err(|error| open_error(path, error))
}

/// Creates every table of an empty database, and writes the stamp, the key and the schema.
pub(super) fn initialize(
    path: &Path,
    database: &Database,
    stamp: &Stamp,
    key: [u8; 32],
    migrations: Migrations,
) -> Result<(), OpenError> {
    let initialized = (|| {
        let mut transaction = database.begin_write()?;
        transaction.set_quick_repair(true);
        for table in &schema::ALL {
            transaction.open_table(definition(table.name))?;
        }
        {
            let batch = CommitBatch::new(&transaction, RowFormat::for_schema(schema::VERSION));
            let mut txn = WriteTxn::new(&batch);
            txn.put(&schema::STAMP, &schema::only_key(), stamp);
            write_schema(&mut txn, schema::VERSION, migrations.min_reader(schema::VERSION));
            txn.put(&schema::KEY, &schema::only_key(), &key);
            txn.put(&schema::KEY, &stamp_mac::key(), &stamp_mac::compute(stamp, &key));
            batch.apply(txn.into_changes())?;
            migrations::migrate(&batch, migrations, schema::VERSION, migrations.newest_schema())?;
        }
        Ok::<_, Error>(transaction.commit()?)
    })();
    initialized.map_err(OpenError::corrupt(path))
}
