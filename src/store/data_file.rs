//! The open data file: the handle through which everything is read and written.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLockReadGuard;
use redb::{ReadableDatabase, StorageBackend};
use tokio::sync::oneshot;

use super::cache::row_cache::RowCache;
use super::engine::change_tracker::{ChangeTracker, CommitSeq};
use super::engine::corruption::CorruptionFlag;
use super::engine::deleted_rows::DeletedRows;
use super::engine::error::Error;
use super::engine::read_txn::{ReadContext, ReadTxn};
use super::engine::stats::Stats;
use super::engine::write_txn::WriteTxn;
use super::engine::writer::{WriteContext, WriteJob, WriteOutcome, WriterTask};
use super::error::OpenError;
use super::file::open::{IdentifiedFile, NewFileIdentity, open_file, open_or_create_file, open_storage};
use super::migrations::Migrations;
use super::open_file::OpenFile;
use super::replaceable_file::ReplaceableFile;
use super::tables::schema;
use crate::domain::environment::stamp::Stamp;
use crate::domain::{AccountId, Environment};

/// An open data file: reads see the last commit, writes go to one writer thread.
///
/// Cheap to clone. The file is closed when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    file: ReplaceableFile,
    context: Arc<ReadContext>,
}

/// A store, and whether its file was just created.
pub struct OpenedFile {
    /// The store.
    pub store: Store,
    /// Whether the file did not exist before.
    pub created: bool,
}

impl Store {
    /// Opens the data file of `environment` at `path`, or creates it with the identity that `new_identity` returns.
    ///
    /// # Errors
    /// [`OpenError`]; the file is unchanged unless it was created or needed the repair that follows a crash.
    pub fn open_or_create(
        path: &Path,
        environment: &Environment,
        migrations: Migrations,
        new_identity: impl FnOnce() -> NewFileIdentity,
    ) -> Result<OpenedFile, OpenError> {
        let (file, created) = open_or_create_file(path, environment, migrations, new_identity)?;
        Ok(OpenedFile { store: Self::new(file, path)?, created })
    }

    /// Opens the data file of `environment` at `path`.
    ///
    /// # Errors
    /// [`OpenError`]; the file is unchanged unless it needed the repair that follows a crash.
    pub fn open(path: &Path, environment: &Environment, migrations: Migrations) -> Result<Self, OpenError> {
        Self::new(open_file(path, environment, migrations)?, path)
    }

    /// Opens a store on storage that is not a file, for tests of faulty storage. The same checks are made as of a file. Empty
    /// storage is initialized with `new_identity`. Up to `cache_bytes` are kept in memory: with none, every read asks the
    /// storage.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_storage(
        storage: impl StorageBackend,
        cache_bytes: usize,
        environment: &Environment,
        migrations: Migrations,
        new_identity: NewFileIdentity,
    ) -> Result<Self, OpenError> {
        let path = Path::new("storage");
        Self::new(open_storage(path, storage, cache_bytes, environment, migrations, new_identity)?, path)
    }

    fn new(file: IdentifiedFile, path: &Path) -> Result<Self, OpenError> {
        let tracker = Arc::new(ChangeTracker::new(&schema::WATCHED_TABLES));
        let corruption = Arc::new(CorruptionFlag::default());
        let cache = Box::new(RowCache::new(Arc::clone(&tracker)));
        let context = Arc::new(ReadContext { corruption: Arc::clone(&corruption), cache });
        let deleted = DeletedRows::new(schema::PERSONAL_TABLES);
        let file = ReplaceableFile::new(file, path, WriteContext { tracker, corruption, deleted })?;
        Ok(Self { shared: Arc::new(Shared { file, context }) })
    }

    /// Reads the last commit. `read` takes microseconds and never waits for a writer. Do not keep a [`ReadTxn`] across an
    /// await: the file grows while one is open.
    ///
    /// If a write fails meanwhile, such as on a full disk, redb fails the reads that are running, too: `read` is called again once
    /// the file is reopened.
    ///
    /// # Errors
    /// What `read` returns, or [`Error`] when the file cannot be read.
    pub fn read<T, E: From<Error>>(&self, read: impl Fn(&ReadTxn) -> Result<T, E>) -> Result<T, E> {
        let file = self.shared.file.lock_for_read();
        let result = self.read_once(file.as_ref(), &read);
        if result.is_ok() || !file.as_ref().is_some_and(OpenFile::has_failed_write) {
            return result;
        }
        drop(file);
        self.read_once(self.shared.file.lock_for_read().as_ref(), &read)
    }

    fn read_once<T, E: From<Error>>(
        &self,
        file: Option<&OpenFile>,
        read: &impl Fn(&ReadTxn) -> Result<T, E>,
    ) -> Result<T, E> {
        let open = file.ok_or(Error::Closed)?;
        // In this order, so that everything committed up to `commit_seq` is in the transaction.
        let commit_seq = self.commit_seq();
        let transaction = open.database.begin_read().map_err(Error::from)?;
        read(&ReadTxn::for_store(transaction, Arc::clone(&self.shared.context), commit_seq))
    }

    /// Decides and changes in one step. `decide` runs on the writer thread and sees everything committed before it; its
    /// changes are durable when this returns `Ok`. When it returns an error or panics, none of its changes are kept, and other
    /// writes in the same commit are not affected. If the caller stops waiting, the write still takes effect.
    ///
    /// # Errors
    /// What `decide` returns; [`Error::Busy`] when the queue is full; [`Error::Panicked`]; any other [`Error`] when the commit
    /// failed: then it is unknown whether the change will be there when the file is reopened.
    pub async fn write<T, E>(
        &self,
        decide: impl FnOnce(&mut WriteTxn<'_, '_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel::<Result<T, E>>();
        let job: WriteJob = Box::new(move |txn| {
            let decided = catch_unwind(AssertUnwindSafe(|| decide(txn)));
            let is_success = matches!(decided, Ok(Ok(_)));
            let on_committed = Box::new(move |committed: Result<(), Error>| {
                let result = match (committed, decided) {
                    (Err(error), _) => Err(error.into()),
                    (Ok(()), Ok(result)) => result,
                    (Ok(()), Err(_)) => Err(Error::Panicked.into()),
                };
                // The caller may have stopped waiting; the write takes effect all the same.
                let _ = sender.send(result);
            });
            if is_success { WriteOutcome::Commit(on_committed) } else { WriteOutcome::Discard(on_committed) }
        });
        self.submit(WriterTask::Write(job))?;
        match receiver.await {
            Ok(result) => result,
            Err(_) => Err(Error::Closed.into()),
        }
    }

    fn submit(&self, task: WriterTask) -> Result<(), Error> {
        self.open_file().as_ref().ok_or(Error::Closed)?.writer.submit(task)
    }

    /// Waits until everything submitted so far is committed and answered.
    ///
    /// # Errors
    /// [`Error`] when the file can no longer be written.
    pub async fn flush(&self) -> Result<(), Error> {
        self.write(|_| Ok(())).await
    }

    /// The stamp of the file.
    pub fn stamp(&self) -> &Stamp {
        self.shared.file.stamp()
    }

    /// The random key that was created with the file. Keys that hash tokens are derived from it and the environment's secret.
    pub fn file_key(&self) -> &[u8; 32] {
        self.shared.file.key()
    }

    /// The migrations of the binary that opened the file.
    pub fn migrations(&self) -> Migrations {
        self.shared.file.migrations()
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        self.shared.file.path()
    }

    /// What the writer has done since the file was opened.
    pub fn stats(&self) -> Stats {
        self.open_file().as_ref().map(|open| open.writer.stats()).unwrap_or_default()
    }

    /// The number of the last commit: everything committed up to it is in what is read from now on.
    pub fn commit_seq(&self) -> CommitSeq {
        self.shared.file.tracker().current()
    }

    /// Whether the account, its habits and what is known of their days are unchanged since that commit, so that reading them again would
    /// give the same. Sessions, mail and the account's other rows are not considered.
    pub fn is_unchanged(&self, account: AccountId, since: CommitSeq) -> bool {
        let key = account.to_bytes();
        let tables =
            [schema::ACCOUNTS.name(), schema::HABITS.name(), schema::COMPLETIONS.name(), schema::DAY_LOGS.name()];
        tables.iter().all(|table| self.shared.file.tracker().is_unchanged(table, &key, since))
    }

    /// Whether writes are accepted. False once the disk has returned an error: nothing is written until [`Self::reopen`]. After a
    /// failed write, the next read reopens the file for reading; after a failed read, only what is in memory can be read.
    pub fn can_commit(&self) -> bool {
        self.shared.file.can_commit()
    }

    /// Whether a row or page that was read is not as it was written, or the last copy did not verify. Intact rows are still
    /// served, and reading a corrupt one is an error. The flag stays set until a copy verifies or a snapshot replaces the file.
    pub fn is_corrupt(&self) -> bool {
        self.shared.context.corruption.is_set()
    }

    /// Whether the file accepts no writes and [`Self::reopen`] may help.
    pub fn is_degraded(&self) -> bool {
        self.shared.file.is_degraded()
    }

    /// Recovers from a disk error: reopens the file, which makes all of it readable again, and accepts writes once
    /// `check_space` succeeds. Does nothing if the file works. Blocks while the file is opened, and so do reads and writes.
    ///
    /// # Errors
    /// [`OpenError`] when the file does not open; the next call tries again. What `check_space` returns; then reads work, and
    /// writes return [`Error::Closed`].
    pub fn reopen(&self, check_space: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), OpenError> {
        self.shared.file.reopen(check_space)
    }

    /// Closes the file, lets `swap` put another in its place, and opens the one that is there then. Every write that was
    /// accepted before is in the old file; reads and writes wait meanwhile. Blocks for as long as it takes, so call it on a
    /// thread that may block.
    ///
    /// # Errors
    /// What `swap` returns, after the file that is there was opened again; [`OpenError`] when it cannot be opened or is not the
    /// file this store was opened with: then the store stays closed and returns [`Error::Closed`].
    pub fn replace(&self, swap: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), OpenError> {
        self.shared.file.replace(swap)
    }

    /// The open file, for a copy of it. It is not closed while the guard lives.
    pub(super) fn open_file(&self) -> RwLockReadGuard<'_, Option<OpenFile>> {
        self.shared.file.lock()
    }

    pub(super) fn deleted_rows(&self) -> &DeletedRows {
        self.shared.file.deleted_rows()
    }

    pub(super) fn corruption(&self) -> &CorruptionFlag {
        &self.shared.context.corruption
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use jiff::Timestamp;
    use redb::backends::{FileBackend, InMemoryBackend};

    use super::*;
    use crate::domain::FileId;
    use crate::store::cache::row_cache::RowCache;
    use crate::store::engine::reader::Reader;

    fn identity() -> NewFileIdentity {
        (FileId::generate(Timestamp::UNIX_EPOCH, [0; 10]), [0; 32], Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_read_of_a_store_gets_its_cache_of_decoded_rows() {
        let environment = "development".parse().unwrap();
        let backend = InMemoryBackend::new();
        let store = Store::open_storage(backend, 1 << 20, &environment, Migrations::BUILT_IN, identity()).unwrap();
        store
            .read(|txn| {
                assert!(txn.cache::<RowCache>().is_some());
                assert!(txn.cache::<String>().is_none(), "only under its own type");
                Ok::<_, Error>(())
            })
            .unwrap();
    }

    /// A file on a disk that becomes full.
    #[derive(Debug)]
    struct FillingDisk {
        file: FileBackend,
        is_full: Arc<AtomicBool>,
    }

    impl FillingDisk {
        fn require_space(&self) -> io::Result<()> {
            if self.is_full.load(Ordering::Relaxed) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }

    impl StorageBackend for FillingDisk {
        fn len(&self) -> io::Result<u64> {
            self.file.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.file.read(offset, out)
        }
        fn set_len(&self, length: u64) -> io::Result<()> {
            self.require_space().and_then(|()| self.file.set_len(length))
        }
        fn sync_data(&self) -> io::Result<()> {
            self.file.sync_data()
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.require_space().and_then(|()| self.file.write(offset, data))
        }
    }

    #[test]
    fn a_read_during_which_the_disk_fills_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let (path, environment) = (folder.path().join("atlas.redb"), "development".parse().unwrap());
        drop(Store::open_or_create(&path, &environment, Migrations::BUILT_IN, identity).unwrap());
        let file = FileBackend::new(File::options().read(true).write(true).open(&path).unwrap()).unwrap();
        let is_full = Arc::new(AtomicBool::new(false));
        let disk = FillingDisk { file, is_full: Arc::clone(&is_full) };
        let file = open_storage(&path, disk, 0, &environment, Migrations::BUILT_IN, identity()).unwrap();
        let store = Store::new(file, &path).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let key = "example".to_owned();
        let put = |count: u64| {
            let (store, key) = (store.clone(), key.clone());
            runtime.block_on(async move {
                store
                    .write(move |txn| {
                        txn.put(&schema::COUNTS, &key, &count);
                        Ok::<_, Error>(())
                    })
                    .await
            })
        };
        put(1).unwrap();
        let attempts = AtomicU32::new(0);
        let found = store.read(|txn| {
            if attempts.fetch_add(1, Ordering::Relaxed) == 0 {
                is_full.store(true, Ordering::Relaxed);
                assert!(put(2).is_err());
            }
            txn.get(&schema::COUNTS, &key)
        });
        assert_eq!((found.unwrap(), attempts.into_inner()), (Some(1), 2));
        assert!(!store.can_commit(), "nothing is written until there is space");
    }
}
