//! Opening a data file: which process has it, which environment it belongs to, and which schema it has, in that order.
//! [`crate::store::Store`] is built on the `IdentifiedFile` that results.
//!
//! SECURITY: the stamp is checked on every open, by every command. No flag and no variable skips it.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, StorageBackend};

use super::create::{create, initialize};
use super::database::{open_database, open_database_with, open_error, open_overlay, open_read_write, require_header};
use super::identity::{FileIdentity, read_identity, require_environment, require_usable};
use super::stamp_mac;
use crate::domain::environment::stamp::Stamp;
use crate::domain::{Environment, FileId};
use crate::store::engine::snapshot_backend::SnapshotBackend;
use crate::store::error::OpenError;
use crate::store::migrations::Migrations;

/// The memory of a database that is opened only to read its identity.
const IDENTITY_CACHE_BYTES: usize = 1 << 20;

/// An open file that may be used here: its environment, its stamp and its schema were checked.
pub(in crate::store) struct IdentifiedFile {
    pub(in crate::store) database: Database,
    pub(in crate::store) backend: SnapshotBackend,
    pub(in crate::store) stamp: Stamp,
    pub(in crate::store) key: [u8; 32],
    /// The migrations of the binary that opened it.
    pub(in crate::store) migrations: Migrations,
}

/// The id, the random key and the creation time of a file that is created.
pub type NewFileIdentity = (FileId, [u8; 32], jiff::Timestamp);

/// Opens the data file of `environment` at `path`.
pub(in crate::store) fn open_file(
    path: &Path,
    environment: &Environment,
    migrations: Migrations,
) -> Result<IdentifiedFile, OpenError> {
    if !exists(path)? {
        return Err(OpenError::Missing { path: path.to_owned() });
    }
    require_header(path)?;
    let newest_schema = migrations.newest_schema();
    require_usable_unopened(path, environment, newest_schema)?;
    let backend = FileBackend::new(open_read_write(path)?).map_err(|error| open_error(path, error))?;
    let backend = SnapshotBackend::new(backend);
    let database = open_database(path, backend.clone())?;
    // Checked again, now that no other process can have the file.
    let FileIdentity { stamp, key, has_mac, .. } = require_usable(path, environment, newest_schema, &database)?;
    if !has_mac {
        stamp_mac::add(&database, &stamp, &key).map_err(OpenError::corrupt(path))?;
    }
    Ok(IdentifiedFile { database, backend, stamp, key, migrations })
}

/// Opens the data file of `environment` at `path`, or creates it. Returns whether it was created.
pub(in crate::store) fn open_or_create_file(
    path: &Path,
    environment: &Environment,
    migrations: Migrations,
    new_identity: impl FnOnce() -> NewFileIdentity,
) -> Result<(IdentifiedFile, bool), OpenError> {
    let mut created = false;
    if !exists(path)? {
        let (file_id, key, now) = new_identity();
        created = create(path, &Stamp::new(environment.clone(), file_id, now), key, migrations)?;
    }
    Ok((open_file(path, environment, migrations)?, created))
}

/// Opens storage that is not a file, with the same checks. Empty storage is initialized with `new_identity`.
pub(in crate::store) fn open_storage(
    path: &Path,
    storage: impl StorageBackend,
    cache_bytes: usize,
    environment: &Environment,
    migrations: Migrations,
    new_identity: NewFileIdentity,
) -> Result<IdentifiedFile, OpenError> {
    let backend = SnapshotBackend::new(storage);
    let is_empty = backend.len().map_err(OpenError::io(path))? == 0;
    let database = open_database_with(cache_bytes, path, backend.clone())?;
    if is_empty {
        let (file_id, key, now) = new_identity;
        initialize(path, &database, &Stamp::new(environment.clone(), file_id, now), key, migrations)?;
    }
    let FileIdentity { stamp, key, .. } = require_usable(path, environment, migrations.newest_schema(), &database)?;
    Ok(IdentifiedFile { database, backend, stamp, key, migrations })
}

/// Opens the file at `path` with any schema, which is returned with it. Only for migrations.
pub(in crate::store) fn open_any_schema(path: &Path, environment: &Environment) -> Result<(Database, u32), OpenError> {
    require_header(path)?;
    let backend = FileBackend::new(open_read_write(path)?).map_err(|error| open_error(path, error))?;
    identify_any_schema(path, environment, open_database(path, backend)?)
}

/// Like [`open_any_schema`], but keeps all changes in memory.
pub(in crate::store) fn open_any_schema_in_memory(
    path: &Path,
    environment: &Environment,
) -> Result<(Database, u32), OpenError> {
    require_header(path)?;
    identify_any_schema(path, environment, open_overlay(path)?)
}

fn identify_any_schema(
    path: &Path,
    environment: &Environment,
    database: Database,
) -> Result<(Database, u32), OpenError> {
    let FileIdentity { stamp, schema, .. } = read_identity(path, &database)?;
    require_environment(path, &stamp, environment)?;
    Ok((database, schema))
}

/// The stamp of the data file at `path`, after the same checks as when it is opened, without writing to it. `None` when there
/// is no file.
///
/// # Errors
/// [`OpenError`]; [`OpenError::Locked`] while another process has the file.
pub fn check_stamp(path: &Path, environment: &Environment, migrations: Migrations) -> Result<Option<Stamp>, OpenError> {
    if !exists(path)? {
        return Ok(None);
    }
    require_header(path)?;
    require_usable_unopened(path, environment, migrations.newest_schema()).map(Some)
}

/// The stamp and the schema of a file of any environment and schema, without writing to it, whether or not a process has it
/// open.
///
/// # Errors
/// [`OpenError`].
pub fn read_stamp_and_schema(path: &Path) -> Result<(Stamp, u32), OpenError> {
    if !exists(path)? {
        return Err(OpenError::Missing { path: path.to_owned() });
    }
    require_header(path)?;
    let FileIdentity { stamp, schema, .. } = read_identity(path, &open_overlay(path)?)?;
    Ok((stamp, schema))
}

/// Checks stamp and schema without writing, so that a file of another environment stays as it is, byte for byte. A file that was
/// not closed cleanly is only read, too: its repair stays in memory.
fn require_usable_unopened(path: &Path, environment: &Environment, newest_schema: u32) -> Result<Stamp, OpenError> {
    // A corrupt page can make redb panic.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        redb::Builder::new().set_cache_size(IDENTITY_CACHE_BYTES).open_read_only(path)
    }));
    let identity = match opened {
        Ok(Ok(database)) => require_usable(path, environment, newest_schema, &database)?,
        Ok(Err(DatabaseError::RepairAborted)) => {
            require_usable(path, environment, newest_schema, &open_overlay(path)?)?
        }
        Ok(Err(error)) => return Err(open_error(path, error)),
        Err(_) => return Err(OpenError::contradictory_pages(path)),
    };
    Ok(identity.stamp)
}

/// Whether there is a file. A dangling link is an error and not a place for a new file: its target may be on a disk that is not
/// mounted.
fn exists(path: &Path) -> Result<bool, OpenError> {
    let exists = fs::exists(path).map_err(OpenError::io(path))?;
    if !exists && path.is_symlink() {
        let source = io::Error::new(io::ErrorKind::NotFound, "it is a link that points nowhere");
        return Err(OpenError::io(path)(source));
    }
    Ok(exists)
}
