//! Leading a data file that nobody has open from one schema to another, after the way was proved on a copy.

use std::collections::BTreeMap;
use std::path::Path;

use redb::{Database, ReadableDatabase};

use super::migrate;
use crate::domain::Environment;
use crate::store::draft::Batch;
use crate::store::open::{explain, of_any_schema, of_any_schema_unwritten};
use crate::store::sum::Form;
use crate::store::table::{View, definition};
use crate::store::{Draft, Error, Hold, OpenError, schema};

/// A file that was led to another schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Led {
    /// Where it came from.
    pub from: u32,
    /// Where it is now.
    pub to: u32,
}

/// What a step down would lose.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Loss {
    /// What, in words.
    pub what: String,
    /// How many there are.
    pub number: u64,
}

/// Leads the file to schema `to`, up or down, in one transaction: it is in the one or in the other and never in between.
///
/// # Errors
/// [`OpenError`]; the file is as it was.
pub fn lead(path: &Path, environment: &Environment, to: u32) -> Result<Led, OpenError> {
    let (database, from) = of_any_schema(path, environment)?;
    step(&database, from, to).map_err(damaged(path))?;
    database.close().map_err(|error| explain(path, error))?;
    Ok(Led { from, to })
}

/// Goes the way there, back, and there again on a copy of a file: what is found there must agree both times, row by row. On a way up, the way back must lead to the beginning; a way down forgets what it says it forgets.
///
/// # Errors
/// [`OpenError::NotReversible`] says where the ways differ.
pub fn rehearse(copy: &Path, environment: &Environment, to: u32) -> Result<(), OpenError> {
    let (database, from) = of_any_schema(copy, environment)?;
    let way = |to: u32, from: u32| {
        step(&database, from, to)?;
        fingerprints(&database, to)
    };
    let compared = (|| {
        let start = fingerprints(&database, from)?;
        let there = way(to, from)?;
        let back = way(from, to)?;
        let again = way(to, from)?;
        let differs = difference(&there, &again).or_else(|| if from < to { difference(&start, &back) } else { None });
        Ok::<_, Error>(differs)
    })();
    match compared.map_err(damaged(copy))? {
        None => Ok(()),
        Some(table) => Err(OpenError::NotReversible { from, to, table }),
    }
}

/// What going down to schema `to` would lose. The file is not written to.
///
/// # Errors
/// [`OpenError`]; [`OpenError::Locked`] while somebody has the file.
pub fn losses(path: &Path, environment: &Environment, to: u32) -> Result<Vec<Loss>, OpenError> {
    let _hold = Hold::take(path)?;
    let (database, from) = of_any_schema_unwritten(path, environment)?;
    let counted = (|| {
        let transaction = database.begin_write()?;
        let mut losses = Vec::new();
        {
            let batch = Batch::of(&transaction, Form::of(from));
            for step in super::steps().iter().rev().filter(|step| step.to <= from && step.to > to) {
                let mut draft = Draft::on(&batch);
                losses.extend((step.loses)(&draft)?.into_iter().filter(|(_, number)| *number > 0));
                (step.down)(&mut draft)?;
                batch.apply(draft.into_changes())?;
            }
        }
        transaction.abort()?;
        Ok::<_, Error>(losses)
    })();
    let told = counted.map_err(damaged(path))?;
    Ok(told.into_iter().map(|(what, number)| Loss { what: what.to_owned(), number }).collect())
}

fn step(database: &Database, from: u32, to: u32) -> Result<(), Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    for table in &schema::ALL {
        transaction.open_table(definition(table.name))?;
    }
    migrate(&Batch::of(&transaction, Form::of(from)), from, to)?;
    Ok(transaction.commit()?)
}

/// A digest of the rows of each table, in a file of that schema.
fn fingerprints(database: &Database, schema: u32) -> Result<BTreeMap<&'static str, blake3::Hash>, Error> {
    let view = View::of(database.begin_read()?, Form::of(schema));
    let mut all = BTreeMap::new();
    for table in &schema::ALL {
        let mut hasher = blake3::Hasher::new();
        view.each(table.name, |key, value| {
            for part in [key, value] {
                hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes()).update(part);
            }
            Ok(())
        })?;
        all.insert(table.name, hasher.finalize());
    }
    Ok(all)
}

fn difference(
    one: &BTreeMap<&'static str, blake3::Hash>,
    other: &BTreeMap<&'static str, blake3::Hash>,
) -> Option<&'static str> {
    one.iter().find(|(table, digest)| other.get(*table) != Some(digest)).map(|(table, _)| *table)
}

/// A disk that said no, as a full one does, has damaged nothing: no snapshot need be restored for it.
fn damaged(path: &Path) -> impl Fn(Error) -> OpenError + '_ {
    move |error| {
        let said = match &error {
            Error::File(file) => match file.as_ref() {
                redb::Error::Io(said) => Some(std::io::Error::new(said.kind(), said.to_string())),
                _ => None,
            },
            _ => None,
        };
        let path = path.to_owned();
        match said {
            Some(source) => OpenError::Io { path, source },
            None => OpenError::Damaged { path, why: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_full_disk_is_told_as_one_and_not_as_a_damaged_file() {
        let full = redb::StorageError::Io(ErrorKind::StorageFull.into());
        assert!(
            matches!(damaged(Path::new("a.redb"))(full.into()), OpenError::Io { source, .. } if source.kind() == ErrorKind::StorageFull)
        );
        let bent = redb::StorageError::Corrupted("a page".to_owned());
        assert!(matches!(damaged(Path::new("a.redb"))(bent.into()), OpenError::Damaged { .. }));
    }
}
