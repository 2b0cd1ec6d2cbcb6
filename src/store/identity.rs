//! Who an open file is, and whether it may be used here: stamp, seal, environment, schema.
//!
//! The rows that say so carry no sum, for they are read before it is known whether rows of this file do. A stamp or a key
//! that is not as it was written does not fit the seal. The numbers of the schema have, from schema 4 on, a row beside them
//! that holds their sum; older binaries do not look at it, and an older file does not have it.
//!
//! It knows nothing of how a file is opened or made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::ReadableDatabase;

use super::open::damaged;
use super::snapshots::Folder;
use super::sum::{self, Form};
use super::table::{Read, View};
use super::{Draft, Error, OpenError, migrations, schema, seal};
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
        let view = View::of(database.begin_read()?, Form::Plain);
        only_known_names(&view)?;
        Ok::<_, Error>((
            view.get(&schema::STAMP, &schema::only())?,
            numbers(&view)?.map(|(schema, _)| schema),
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
        Ok(Err(Error::File(error))) if matches!(*error, redb::Error::TableDoesNotExist(_)) => {
            Err(not_ours("it has no stamp"))
        }
        Ok(Err(error)) => Err(OpenError::Damaged { path: path.to_owned(), why: error.to_string() }),
        Err(_) => Err(damaged(path)),
    }
}

/// The schema of a file, and the oldest whose binary may open it, if that is another.
fn numbers(view: &View) -> Result<Option<(u32, Option<u32>)>, Error> {
    let Some(number) = view.get(&schema::SCHEMA, &schema::only())? else { return Ok(None) };
    let reader = view.get(&schema::SCHEMA, &schema::min_reader())?;
    let fits = match view.get(&schema::SCHEMA, &schema::sum())? {
        Some(sum) => sum == sum_of(number, reader),
        // What a schema that nobody knows yet holds beside its number is not for this binary to say.
        None => number < sum::SINCE || number > migrations::newest(),
    };
    if fits { Ok(Some((number, reader))) } else { Err(not_as_written(schema::SCHEMA.name())) }
}

/// Writes down which schema a file is in, and who else may read it.
pub(super) fn note_schema(draft: &mut Draft<'_, '_>, number: u32) {
    draft.put(&schema::SCHEMA, &schema::only(), &number);
    // Files that were made before there was a second row have none, and get none by going back to where they were.
    let reader = Some(migrations::min_reader(number)).filter(|reader| *reader != number);
    match reader {
        Some(reader) => draft.put(&schema::SCHEMA, &schema::min_reader(), &reader),
        None => draft.remove(&schema::SCHEMA, &schema::min_reader()),
    }
    if Form::of(number) == Form::Summed {
        draft.put(&schema::SCHEMA, &schema::sum(), &sum_of(number, reader));
    } else {
        draft.remove(&schema::SCHEMA, &schema::sum());
    }
}

fn sum_of(number: u32, reader: Option<u32>) -> u32 {
    let numbers = [number, reader.unwrap_or(number)].map(u32::to_le_bytes);
    sum::of(schema::SCHEMA.name(), &[], numbers.as_flattened())
}

/// A seal whose name turned over would look like none.
fn only_known_names(view: &View) -> Result<(), Error> {
    let names = [schema::only(), seal::place()];
    view.each(schema::KEY.name(), |name, _| {
        if names.iter().any(|known| known.as_bytes() == name) {
            Ok(())
        } else {
            Err(not_as_written(schema::KEY.name()))
        }
    })
}

fn not_as_written(table: &'static str) -> Error {
    Error::Corrupt { table, why: "its sum does not fit".to_owned() }
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
    let view = View::of(database.begin_read().map_err(|error| unreadable(error.into()))?, Form::Plain);
    let numbers = numbers(&view).map_err(|error| OpenError::Damaged { path: path.clone(), why: error.to_string() })?;
    let reader = numbers.and_then(|(_, reader)| reader);
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
