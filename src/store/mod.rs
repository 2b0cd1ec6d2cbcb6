//! First floor: the only rooms that know redb.
//!
//! Everything goes through two doors: [`Store::read`] looks at the last commit, [`Store::write`] decides and changes in
//! one step. A decision that refuses or panics leaves nothing behind, and no write is answered before it is durable.
//! [`schema`] shows every table on one page.

pub mod accounts;
pub mod attempts;
pub mod audit;
pub mod challenges;
pub mod completions;
pub mod counts;
mod draft;
mod error;
pub mod habits;
pub mod links;
pub mod migrations;
mod open;
pub mod outbox;
mod overlay;
pub mod purge;
mod record;
pub mod schema;
mod seal;
pub mod sessions;
mod table;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::ReadableDatabase;
use tokio::sync::oneshot;

pub use draft::Draft;
pub use error::{Error, OpenError};
pub use open::{Opened, PidNote};
pub use table::{Page, Read, Turn, View};

use crate::domain::stamp::Stamp;
use writer::{Job, Verdict, Writer};

/// An open data file: reads are short views of the last commit, writes go to one writer thread.
///
/// Cheap to clone. The file is closed when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    // Declared before the database, so that the writer thread has ended when the file is closed.
    writer: Writer,
    database: Arc<redb::Database>,
    stamp: Stamp,
    key: [u8; 32],
    path: PathBuf,
}

impl Store {
    pub(crate) fn around(
        database: redb::Database,
        stamp: Stamp,
        key: [u8; 32],
        path: &Path,
    ) -> Result<Self, OpenError> {
        let database = Arc::new(database);
        let writer =
            Writer::start(Arc::clone(&database)).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        Ok(Self { shared: Arc::new(Shared { writer, database, stamp, key, path: path.to_owned() }) })
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

    /// False once a commit has failed: nothing is written any more until the file is opened again; reads go on.
    pub fn can_commit(&self) -> bool {
        self.shared.writer.can_commit()
    }

    /// Looks at the last commit. `look` takes microseconds and never waits for a writer; do not keep a [`View`] across
    /// an await, for the file grows while one is held.
    ///
    /// # Errors
    /// What `look` answers, or [`Error`] when the file cannot be read.
    pub fn read<T, E: From<Error>>(&self, look: impl FnOnce(&View) -> Result<T, E>) -> Result<T, E> {
        let transaction = self.shared.database.begin_read().map_err(Error::from)?;
        look(&View::of(transaction))
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
        self.shared.writer.submit(job)?;
        match answered.await {
            Ok(result) => result,
            Err(_) => Err(Error::Closed.into()),
        }
    }

    /// Waits until everything submitted so far is committed and answered.
    ///
    /// # Errors
    /// [`Error`] when the file cannot be written any more.
    pub async fn flush(&self) -> Result<(), Error> {
        self.write(|_| Ok(())).await
    }
}
