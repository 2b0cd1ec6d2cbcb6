//! A snapshot of a data file: an exact copy made while the file is in use, and the proof that a copy is whole.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, mpsc};

use redb::{Database, DatabaseError, ReadableDatabase, StorageBackend, StorageError};

use super::identity::{Identity, belongs, identity};
use super::open::{damaged, explain, io, open_database};
use super::overlay::Overlay;
use super::sum::Form;
use super::table::{Read, View};
use super::writer::{Pause, Task};
use super::{Error, OpenError, Store, migrations, schema};
use crate::domain::Environment;
use crate::domain::stamp::Stamp;

/// Pages kept in memory while a copy is looked through, in bytes.
const CACHE: usize = 16 << 20;

/// Why there is no copy, or why it does not count.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The copy could not be written, or the data file not read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The data file does not answer.
    #[error("{0}")]
    Store(#[from] Error),
    /// The copy does not open.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The copy opens and is not what was copied.
    #[error("the copy differs from what was copied: {0}")]
    Differs(String),
}

/// How many rows each table holds, by name.
pub type Rows = BTreeMap<String, u64>;

/// What a file that was looked through holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Who it is.
    pub stamp: Stamp,
    /// The schema it is in.
    pub schema: u32,
    /// How many rows each table holds.
    pub rows: Rows,
}

impl Store {
    /// Copies the data file as it is at one commit into a new file, while writes go on, and answers how many rows each
    /// table held at that commit. Blocks until the copy is on the disk; `told` hears how many bytes of how many are done.
    ///
    /// # Errors
    /// [`Failure`]; what was written of the copy is left for the caller to remove.
    pub fn copy_to(&self, target: &Path, told: &mut dyn FnMut(u64, u64)) -> Result<Rows, Failure> {
        // SECURITY: only the owner reads people's data, whatever the umask says.
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(target)?;
        // Held until the writer has the database, so that nobody closes the file in between and finds it open.
        let guard = self.open_file();
        let open = guard.as_ref().ok_or(Error::Closed)?;
        let (database, backend) = (Arc::clone(&open.database), open.backend.clone());
        let (answer, answered) = mpsc::sync_channel(1);
        let copied = backend.clone();
        let pause: Pause = Box::new(move |settled| {
            let begun = settled.map_err(Failure::from).and_then(|()| {
                let view = View::of(database.begin_read().map_err(Error::from)?, Form::Summed);
                let rows = rows_of(&view)?;
                copied.begin(Arc::new(file))?;
                Ok(rows)
            });
            // Whoever asked may have gone away; then the copy is given up.
            let given_up = answer.send(begun).is_err();
            drop(database);
            if given_up {
                let _ = copied.finish(&mut |_, _| {});
            }
        });
        open.writer.submit(Task::Pause(pause))?;
        drop(guard);
        let rows = answered.recv().map_err(|_| Error::Closed)??;
        backend.finish(told)?;
        Ok(rows)
    }

    /// Does with a copy of this file what [`settle`] does. What it finds is said of this file, too: a copy that is damaged
    /// was made of a damaged file, or on a disk that lies, and one that is whole was made of a whole one.
    ///
    /// # Errors
    /// As for [`settle`].
    pub fn prove_copy(&self, copy: &Path) -> Result<Proof, OpenError> {
        let proof = settle(copy, &self.shared.stamp.environment);
        match &proof {
            Ok(_) => self.shared.damage.set(false),
            Err(OpenError::Io { .. }) => {}
            Err(_) => self.shared.damage.set(true),
        }
        proof
    }
}

fn rows_of(view: &View) -> Result<Rows, Error> {
    schema::ALL.iter().map(|table| Ok((table.name.to_owned(), view.count(table.name)?))).collect()
}

/// Looks through a copy that nobody else has: opens it, checks every page, reads every row, counts, and closes it, so that
/// it opens at once from then on. A copy in an older schema is read without understanding its rows.
///
/// # Errors
/// [`OpenError`], also when it belongs to another environment.
pub fn settle(path: &Path, environment: &Environment) -> Result<Proof, OpenError> {
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(io(path))?;
    let backend = redb::backends::FileBackend::new(file).map_err(|error| explain(path, error))?;
    let proof = look_through(path, backend, environment)?;
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(io(path)).map(|()| proof)
}

/// Looks through a file without changing it.
///
/// # Errors
/// As for [`settle`].
pub fn prove(path: &Path, environment: &Environment) -> Result<Proof, OpenError> {
    let overlay = File::open(path).and_then(Overlay::over).map_err(io(path))?;
    look_through(path, overlay, environment)
}

fn look_through(path: &Path, backend: impl StorageBackend, environment: &Environment) -> Result<Proof, OpenError> {
    // A damaged page can panic inside redb; that is an answer about the file, not the end of the process.
    catch_unwind(AssertUnwindSafe(|| {
        let database = checked(path, backend)?;
        let Identity { stamp, schema, .. } = identity(path, &database)?;
        belongs(path, &stamp, environment)?;
        let unreadable = |error: Error| OpenError::Damaged { path: path.to_owned(), why: error.to_string() };
        let view = View::of(database.begin_read().map_err(|error| unreadable(error.into()))?, Form::of(schema));
        let rows = read_every_row(&view, schema == migrations::newest()).map_err(unreadable)?;
        drop(view);
        database.close().map_err(|error| explain(path, error))?;
        Ok(Proof { stamp, schema, rows })
    }))
    .unwrap_or_else(|_| Err(damaged(path)))
}

fn checked(path: &Path, backend: impl StorageBackend) -> Result<Database, OpenError> {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE).set_check_integrity_on_open(true);
    builder.create_with_backend(backend).map_err(|error| match error {
        DatabaseError::Storage(StorageError::Corrupted(why)) => OpenError::Damaged { path: path.to_owned(), why },
        other => explain(path, other),
    })
}

fn read_every_row(view: &View, understood: bool) -> Result<Rows, Error> {
    let mut rows = Rows::new();
    for table in &schema::ALL {
        let mut number = 0;
        view.each(table.name, |key, value| {
            number += 1;
            if understood {
                return (table.check)(key, value).map_err(|why| Error::Corrupt { table: table.name, why });
            }
            Ok(())
        })?;
        rows.insert(table.name.to_owned(), number);
    }
    Ok(rows)
}

/// How the rows of a table differ between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// Rows that only the later one has.
    pub added: u64,
    /// Rows that both have, with other values.
    pub changed: u64,
    /// Rows that only the earlier one has.
    pub removed: u64,
}

impl Store {
    /// What happened in the data file since the copy at `earlier` was made, by table; tables without a difference are left
    /// out. Reads both from beginning to end.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn changes_since(&self, earlier: &Path) -> Result<BTreeMap<String, Change>, Failure> {
        self.read(|now| changes_between(earlier, now))
    }
}

/// The same between two files that nobody has open.
///
/// # Errors
/// [`Failure`].
pub fn changes_between_files(earlier: &Path, later: &Path) -> Result<BTreeMap<String, Change>, Failure> {
    let later = over(later)?;
    changes_between(earlier, &view_of(&later)?)
}

/// A file that is looked at and never written.
fn over(path: &Path) -> Result<Database, Failure> {
    let overlay = File::open(path).and_then(Overlay::over)?;
    Ok(open_database(path, overlay)?)
}

/// A look at a file of any schema.
fn view_of(database: &Database) -> Result<View, Error> {
    let schema = View::of(database.begin_read()?, Form::Plain).get(&schema::SCHEMA, &schema::only())?;
    Ok(View::of(database.begin_read()?, Form::of(schema.unwrap_or(schema::VERSION))))
}

fn changes_between(earlier: &Path, now: &View) -> Result<BTreeMap<String, Change>, Failure> {
    let database = over(earlier)?;
    let before = view_of(&database)?;
    let mut changes = BTreeMap::new();
    for table in &schema::ALL {
        let change = change_of(table.name, &before, now)?;
        if change != Change::default() {
            changes.insert(table.name.to_owned(), change);
        }
    }
    Ok(changes)
}

/// Walks both tables together, in the order of keys.
fn change_of(table: &'static str, before: &View, now: &View) -> Result<Change, Error> {
    let mut change = Change::default();
    let (mut old, mut new) = (before.walk(table)?, now.walk(table)?);
    let (mut left, mut right) = (old.next()?, new.next()?);
    loop {
        match (&left, &right) {
            (None, None) => return Ok(change),
            (Some((key, value)), Some((other, current))) if key == other => {
                change.changed += u64::from(value != current);
                (left, right) = (old.next()?, new.next()?);
            }
            (Some((key, _)), other) if other.as_ref().is_none_or(|(other, _)| key < other) => {
                change.removed += 1;
                left = old.next()?;
            }
            _ => {
                change.added += 1;
                right = new.next()?;
            }
        }
    }
}
