//! First floor: the only rooms that know redb.
//!
//! Everything goes through two doors: [`Store::read`] looks at the last commit, [`Store::write`] decides and changes in
//! one step. A decision that refuses or panics leaves nothing behind, and no write is answered before it is durable.
//! No row is shown that is not as it was written: each carries a sum. [`schema`] shows every table on one page.

pub mod accounts;
pub mod attempts;
pub mod audit;
pub mod challenges;
pub mod completions;
pub mod counts;
mod damage;
mod draft;
pub mod encrypted;
mod error;
pub mod files;
pub mod habits;
mod hold;
mod identity;
mod known;
pub mod links;
pub mod migrations;
mod open;
pub mod outbox;
mod overlay;
mod preimage;
pub mod purge;
mod recency;
mod record;
pub mod releases;
pub mod schema;
mod seal;
pub mod sessions;
pub mod snapshot;
pub mod snapshots;
mod stats;
mod sum;
mod table;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use redb::ReadableDatabase;
use tokio::sync::oneshot;

pub use draft::Draft;
pub use error::{Error, OpenError};
pub use hold::Hold;
pub use open::{Opened, PidNote, look_at};
pub use recency::Moment;
pub use stats::{BATCH_BOUNDS, Stats};
pub use table::{Page, Read, Table, Turn, View};

use crate::domain::AccountId;
use crate::domain::stamp::Stamp;
use damage::Damage;
use known::Known;
use preimage::Preimage;
use recency::Recency;
use writer::{Job, Task, Verdict, Writer};

/// An open data file: reads are short views of the last commit, writes go to one writer thread.
///
/// Cheap to clone. The file is closed when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    /// The open file; `None` while another takes its place, and after that failed.
    open: RwLock<Option<Open>>,
    /// Whether the file was given up for lack of an answer from its disk, and may be opened again.
    lost: AtomicBool,
    recency: Arc<Recency>,
    known: Known,
    damage: Arc<Damage>,
    stamp: Stamp,
    key: [u8; 32],
    path: PathBuf,
}

/// A data file that is open.
struct Open {
    // Declared before the database, so that the writer thread has ended when the file is closed.
    writer: Writer,
    database: Arc<redb::Database>,
    backend: Preimage,
    /// Whether nothing is written because nobody has said yet that there is room.
    withheld: AtomicBool,
}

/// An open file whose stamp was read and found to be right.
struct Identified {
    database: redb::Database,
    backend: Preimage,
    stamp: Stamp,
    key: [u8; 32],
}

impl Open {
    fn of(
        file: Identified,
        path: &Path,
        recency: &Arc<Recency>,
        damage: &Arc<Damage>,
        withheld: bool,
    ) -> Result<Self, OpenError> {
        let Identified { database, backend, .. } = file;
        let database = Arc::new(database);
        let writer = Writer::start(Arc::clone(&database), Arc::clone(recency), Arc::clone(damage), withheld)
            .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        Ok(Self { writer, database, backend, withheld: AtomicBool::new(withheld) })
    }

    /// Takes writes from now on, if nothing but room was missing.
    fn resume(&self) {
        if self.withheld.swap(false, Ordering::Relaxed) {
            self.writer.resume();
        }
    }

    /// Whether opening it anew would help: the disk refused something or the writer stopped.
    fn is_broken(&self) -> bool {
        self.backend.has_failed() || !(self.writer.can_commit() || self.withheld.load(Ordering::Relaxed))
    }

    fn can_commit(&self) -> bool {
        self.writer.can_commit() && !self.backend.has_failed()
    }

    /// Commits what waits and closes the file.
    fn close(self) {
        let Self { writer, database, backend, .. } = self;
        drop(writer);
        // Nobody else has it: reads keep the lock for as long as they look.
        drop(database);
        backend.give_up();
    }
}

impl Store {
    fn around(file: Identified, path: &Path) -> Result<Self, OpenError> {
        let (stamp, key) = (file.stamp.clone(), file.key);
        let recency = Arc::new(Recency::default());
        let damage = Arc::new(Damage::default());
        let open = RwLock::new(Some(Open::of(file, path, &recency, &damage, false)?));
        let lost = AtomicBool::new(false);
        let known = Known::new(Arc::clone(&recency));
        let path = path.to_owned();
        Ok(Self { shared: Arc::new(Shared { open, lost, recency, known, damage, stamp, key, path }) })
    }

    fn open_file(&self) -> RwLockReadGuard<'_, Option<Open>> {
        self.shared.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the file, lets `arrange` put another in its place, and opens what is there then. Who reads or writes
    /// meanwhile waits; every write that was accepted before is in the old file. Blocks for as long as it takes: call it
    /// where that disturbs nobody.
    ///
    /// # Errors
    /// What `arrange` answers, after the file that is there was opened again; [`OpenError`] when it cannot be opened, or is
    /// another file than this store began with: then the store stays closed and answers [`Error::Closed`].
    pub fn replace(&self, arrange: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), OpenError> {
        let path = self.path();
        let mut open = self.shared.open.write().unwrap_or_else(PoisonError::into_inner);
        self.shared.lost.store(false, Ordering::Relaxed);
        if let Some(open) = open.take() {
            open.close();
        }
        let next = self.shared.recency.next();
        next.changes_everything();
        let arranged = arrange(path);
        *open = Some(self.opened_again(false)?);
        self.shared.damage.set(false);
        arranged.map_err(|source| OpenError::Io { path: path.to_owned(), source })
    }

    fn opened_again(&self, withheld: bool) -> Result<Open, OpenError> {
        let path = self.path();
        let file = Self::identified(path, &self.shared.stamp.environment)?;
        if file.stamp != self.shared.stamp || file.key != self.shared.key {
            let (found, expected) = (file.stamp.file_id, self.shared.stamp.file_id);
            return Err(OpenError::OtherFile { path: path.to_owned(), found, expected });
        }
        Open::of(file, path, &self.shared.recency, &self.shared.damage, withheld)
    }

    /// Whether the file takes no writes, and [`Self::recover`] may help.
    pub fn ails(&self) -> bool {
        self.open_file().as_ref().map_or_else(|| self.shared.lost.load(Ordering::Relaxed), |open| !open.can_commit())
    }

    /// Gets over a disk that refused something: opens the file again, which is needed for reading all of it, and takes
    /// writes again once `room` finds no fault. Does nothing to a file that works. Blocks while the file is opened, and so
    /// does whoever reads or writes meanwhile.
    ///
    /// # Errors
    /// [`OpenError`] when the file does not open, and then the next call tries again; what `room` answers, and then reads
    /// work and writes answer [`Error::Closed`].
    pub fn recover(&self, room: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), OpenError> {
        if !self.ails() {
            return Ok(());
        }
        self.reopen_withheld()?;
        room(self.path()).map_err(|source| OpenError::Io { path: self.path().to_owned(), source })?;
        if let Some(open) = self.open_file().as_ref() {
            open.resume();
        }
        Ok(())
    }

    /// Opens the file again for reading, if it is broken or lost.
    fn reopen_withheld(&self) -> Result<(), OpenError> {
        let mut open = self.shared.open.write().unwrap_or_else(PoisonError::into_inner);
        let broken = open.as_ref().map_or_else(|| self.shared.lost.load(Ordering::Relaxed), Open::is_broken);
        if !broken {
            return Ok(());
        }
        if let Some(open) = open.take() {
            open.close();
        }
        self.shared.lost.store(true, Ordering::Relaxed);
        let next = self.shared.recency.next();
        next.changes_everything();
        *open = Some(self.opened_again(true)?);
        self.shared.lost.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Who the file is.
    pub fn stamp(&self) -> &Stamp {
        &self.shared.stamp
    }

    /// The file's own random key, made with it. Keys that hash tokens are derived from it and the environment's secret.
    pub fn file_key(&self) -> &[u8; 32] {
        &self.shared.key
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// False once the disk has refused something: nothing is written any more until the file is opened again; reads of what
    /// is in memory go on.
    pub fn can_commit(&self) -> bool {
        self.open_file().as_ref().is_some_and(Open::can_commit)
    }

    /// Whether a row or a page was read that is not as it was written, or the last copy could not be proven. What is whole is
    /// served all the same; what is not is an error to whoever asks for it, and stays so until the file is that of a snapshot.
    pub fn is_damaged(&self) -> bool {
        self.shared.damage.is_seen()
    }

    /// The present moment: everything committed before it is in what is read after.
    pub fn moment(&self) -> Moment {
        self.shared.recency.now()
    }

    /// Whether what was read of this person, since that moment or later, is what would be read now: the account, the habits,
    /// and what was done. Sessions, mail and whatever else is kept about somebody are not looked at.
    pub fn is_unchanged(&self, person: AccountId, since: Moment) -> bool {
        self.shared.recency.is_unchanged(person, since)
    }

    /// What the writer has done since the file was opened.
    pub fn stats(&self) -> Stats {
        self.open_file().as_ref().map(|open| open.writer.stats()).unwrap_or_default()
    }

    /// Looks at the last commit. `look` takes microseconds and never waits for a writer; do not keep a [`View`] across
    /// an await, for the file grows while one is held.
    ///
    /// # Errors
    /// What `look` answers, or [`Error`] when the file cannot be read.
    pub fn read<T, E: From<Error>>(&self, look: impl FnOnce(&View) -> Result<T, E>) -> Result<T, E> {
        let open = self.open_file();
        let open = open.as_ref().ok_or(Error::Closed)?;
        // In this order: what was committed up to the moment is in the transaction.
        let moment = self.moment();
        let transaction = open.database.begin_read().map_err(Error::from)?;
        look(&View::with(transaction, Arc::clone(&self.shared), moment))
    }

    /// Decides and changes in one step. `decide` runs on the writer thread, sees everything committed before it, and its
    /// changes are durable when this returns `Ok`. When it answers an error, or panics, nothing of it is kept and the
    /// writes that share its commit are not disturbed. If the caller stops waiting, the decision still counts.
    ///
    /// # Errors
    /// What `decide` answers; [`Error::Busy`] when the queue is full; [`Error::Panicked`]; any other [`Error`] when the
    /// commit failed, after which it is not known whether the change will be there when the file is opened again.
    pub async fn write<T, E>(
        &self,
        decide: impl FnOnce(&mut Draft<'_, '_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel::<Result<T, E>>();
        let job: Job = Box::new(move |draft| {
            let decided = catch_unwind(AssertUnwindSafe(|| decide(draft)));
            let keep = matches!(decided, Ok(Ok(_)));
            let settle = Box::new(move |committed: Result<(), Error>| {
                let result = match (committed, decided) {
                    (Err(error), _) => Err(error.into()),
                    (Ok(()), Ok(result)) => result,
                    (Ok(()), Err(_)) => Err(Error::Panicked.into()),
                };
                // The caller may have gone away; the decision stands all the same.
                let _ = answer.send(result);
            });
            if keep { Verdict::Keep(settle) } else { Verdict::Drop(settle) }
        });
        self.submit(Task::Decide(job))?;
        match answered.await {
            Ok(result) => result,
            Err(_) => Err(Error::Closed.into()),
        }
    }

    fn submit(&self, task: Task) -> Result<(), Error> {
        self.open_file().as_ref().ok_or(Error::Closed)?.writer.submit(task)
    }

    /// Waits until everything submitted so far is committed and answered.
    ///
    /// # Errors
    /// [`Error`] when the file cannot be written any more.
    pub async fn flush(&self) -> Result<(), Error> {
        self.write(|_| Ok(())).await
    }
}
