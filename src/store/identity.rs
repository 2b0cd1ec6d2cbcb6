//! Who an open file is, and whether it may be used here: stamp, seal, environment, schema.
//!
//! It knows nothing of how a file is opened or made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::ReadableDatabase;

use super::open::damaged;
use super::snapshots::Folder;
use super::table::{Read, View};
use super::{OpenError, migrations, schema, seal};
use crate::domain::Environment;
use crate::domain::stamp::Stamp;

/// Who an open file is.
pub(super) struct Identity {
    pub(super) stamp: Stamp,
    pub(super) schema: u32,
    pub(super) key: [u8; 32],
    /// Whether there is a seal; a file from before there were seals has none.
    pub(super) is_sealed: bool,
}

/// Stamp, schema and key of an open file.
///
/// SECURITY: a stamp that does not fit its seal is believed in nothing.
pub(super) fn identity(path: &Path, database: &impl ReadableDatabase) -> Result<Identity, OpenError> {
    let not_ours = |why: &str| OpenError::NotOurs { path: path.to_owned(), why: why.to_owned() };
    let read = catch_unwind(AssertUnwindSafe(|| {
        let view = View::of(database.begin_read()?);
        Ok::<_, super::Error>((
            view.get(&schema::STAMP, &schema::only())?,
            view.get(&schema::SCHEMA, &schema::only())?,
            view.get(&schema::KEY, &schema::only())?,
            view.get(&schema::KEY, &seal::place())?,
        ))
    }));
    match read {
        Ok(Ok((Some(stamp), Some(_), Some(key), Some(seal)))) if seal != seal::of(&stamp, &key) => {
            Err(OpenError::Edited { path: path.to_owned(), found: Box::new(stamp) })
        }
        Ok(Ok((Some(stamp), Some(schema), Some(key), seal))) => {
            Ok(Identity { stamp, schema, key, is_sealed: seal.is_some() })
        }
        Ok(Ok(_)) => Err(not_ours("it has no stamp")),
        Ok(Err(super::Error::File(error))) if matches!(*error, redb::Error::TableDoesNotExist(_)) => {
            Err(not_ours("it has no stamp"))
        }
        Ok(Err(error)) => Err(OpenError::Damaged { path: path.to_owned(), why: error.to_string() }),
        Err(_) => Err(damaged(path)),
    }
}

/// Who an open file is, if it is one that belongs to the environment and that this binary may use.
pub(super) fn recognized(
    path: &Path,
    environment: &Environment,
    database: &impl ReadableDatabase,
) -> Result<Identity, OpenError> {
    let identity = identity(path, database)?;
    belongs(path, &identity.stamp, environment)?;
    fits(path, environment, database, identity.schema)?;
    Ok(identity)
}

/// Whether the stamp is that of the environment.
pub(super) fn belongs(path: &Path, stamp: &Stamp, environment: &Environment) -> Result<(), OpenError> {
    if stamp.belongs_to(environment) {
        return Ok(());
    }
    Err(OpenError::OtherEnvironment {
        path: path.to_owned(),
        found: Box::new(stamp.clone()),
        expected: environment.clone(),
    })
}

/// Whether this binary may use a file in that schema: its own, or a newer one that says so.
fn fits(path: &Path, environment: &Environment, database: &impl ReadableDatabase, found: u32) -> Result<(), OpenError> {
    let known = migrations::newest();
    let (path, environment) = (path.to_owned(), environment.clone());
    if found < known {
        return Err(OpenError::Older { path, environment, found, known });
    }
    let unreadable = |error: redb::Error| OpenError::Damaged { path: path.clone(), why: error.to_string() };
    let view = View::of(database.begin_read().map_err(|error| unreadable(error.into()))?);
    let reader = view.get(&schema::SCHEMA, &schema::min_reader());
    let reader = reader.map_err(|error| OpenError::Damaged { path: path.clone(), why: error.to_string() })?;
    if found == known || reader.is_some_and(|reader| reader <= known) {
        return Ok(());
    }
    let fitting = Folder::beside(&path).list().ok().and_then(|listing| {
        let mut fits =
            listing.snapshots.into_iter().filter(|one| one.environment == environment && one.schema == known);
        fits.next().map(|one| one.id)
    });
    Err(OpenError::Newer { path, environment, found, known, fitting })
}
