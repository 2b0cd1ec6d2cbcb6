//! The writer: one thread that takes every queued write and commits them together.
//!
//! DURABILITY: a write is answered only after the commit that holds it has returned from the disk. Under load the queue
//! fills while a commit runs, so the next commit carries more; there is no delay to tune.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use super::change_tracker::{ChangeTracker, PendingCommit};
use super::corruption::CorruptionFlag;
use super::deleted_rows::DeletedRows;
use super::error::Error;
use super::stats::{Counters, Stats};
use super::write_txn::{CommitBatch, WriteTxn};

/// How many writes one commit may carry.
const MAX_BATCH_WRITES: usize = 1_024;
/// How many tasks may be queued; one more is answered [`Error::Busy`].
const MAX_QUEUED_TASKS: usize = 4_096;

/// Returns the result of a write to its caller, once the commit succeeded or failed.
pub(super) type CommitCallback = Box<dyn FnOnce(Result<(), Error>)>;
pub(crate) type WriteJob = Box<dyn FnOnce(&mut WriteTxn<'_, '_>) -> WriteOutcome + Send>;
/// Runs between two commits, while the file holds exactly the last one.
pub(crate) type PauseCallback = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// A task for the writer thread.
pub(crate) enum WriterTask {
    Write(WriteJob),
    Pause(PauseCallback),
}

/// Whether the changes of a write are committed.
pub(crate) enum WriteOutcome {
    Commit(CommitCallback),
    Discard(CommitCallback),
}

/// What outlives the writer: the file may be closed and opened again.
pub(crate) struct WriteContext {
    pub(crate) tracker: Arc<ChangeTracker>,
    pub(crate) corruption: Arc<CorruptionFlag>,
    pub(crate) deleted: DeletedRows,
}

/// The handle of the writer thread. Dropping it finishes the queue and stops the thread.
pub(crate) struct Writer {
    queue: Option<SyncSender<WriterTask>>,
    thread: Option<JoinHandle<()>>,
    /// Whether writes are answered [`Error::Closed`]: a commit failed, or the writer was started suspended.
    is_suspended: Arc<AtomicBool>,
    counters: Arc<Counters>,
}

impl Writer {
    /// Starts the thread. With `is_suspended`, writes are answered [`Error::Closed`] until [`Self::resume`].
    pub(crate) fn start(
        database: Arc<redb::Database>,
        context: Arc<WriteContext>,
        is_suspended: bool,
    ) -> std::io::Result<Self> {
        let (queue, tasks) = sync_channel(MAX_QUEUED_TASKS);
        let is_suspended = Arc::new(AtomicBool::new(is_suspended));
        let counters = Arc::new(Counters::default());
        let (suspended, counted) = (Arc::clone(&is_suspended), Arc::clone(&counters));
        let thread = std::thread::Builder::new()
            .name("atlas-writer".to_owned())
            .spawn(move || run(&database, &context, &tasks, &suspended, &counted))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), is_suspended, counters })
    }

    pub(crate) fn submit(&self, task: WriterTask) -> Result<(), Error> {
        let queue = self.queue.as_ref().ok_or(Error::Closed)?;
        self.counters.record_queued();
        queue.try_send(task).map_err(|rejected| {
            self.counters.record_dequeued();
            match rejected {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Closed,
            }
        })
    }

    pub(crate) fn stats(&self) -> Stats {
        self.counters.stats()
    }

    pub(crate) fn can_commit(&self) -> bool {
        !self.is_suspended.load(Ordering::Relaxed)
    }

    /// Accepts writes from now on. Only for a writer that was started suspended.
    pub(crate) fn resume(&self) {
        self.is_suspended.store(false, Ordering::Relaxed);
    }
}

impl Drop for Writer {
    /// Lets the thread finish the queue, then waits for it.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A job may own the last clone of the store; the thread must not wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// Suspends the writer when its thread panics, as redb may on a corrupt page.
struct PanicGuard<'a>(&'a AtomicBool);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
            tracing::error!("the writer thread panicked; nothing more is written until the file is reopened");
        }
    }
}

fn run(
    database: &redb::Database,
    context: &WriteContext,
    tasks: &Receiver<WriterTask>,
    is_suspended: &AtomicBool,
    counters: &Counters,
) {
    let _guard = PanicGuard(is_suspended);
    while let Ok(first) = tasks.recv() {
        let (jobs, pause) = next_batch(first, tasks, counters);
        if is_suspended.load(Ordering::Relaxed) {
            // Dropping a job tells its caller that nothing was done.
            drop(jobs);
        } else if !jobs.is_empty() {
            let (callbacks, result) = commit(database, context, jobs.into_iter());
            if let Ok(rows @ 1..) = result {
                counters.record_commit(callbacks.len() as u64, rows);
            }
            let result = result.map(drop);
            if let Err(error) = &result
                && !is_suspended.swap(true, Ordering::Relaxed)
            {
                tracing::error!(%error, "a commit failed; nothing more is written until the file is reopened");
            }
            for callback in callbacks {
                callback(result.clone());
            }
        }
        if let Some(pause) = pause {
            pause(commit_nothing(database));
        }
    }
}

/// The queued writes, up to a full batch or to the first pause.
fn next_batch(
    first: WriterTask,
    tasks: &Receiver<WriterTask>,
    counters: &Counters,
) -> (Vec<WriteJob>, Option<PauseCallback>) {
    let mut jobs = Vec::new();
    for task in std::iter::once(first).chain(tasks.try_iter()) {
        counters.record_dequeued();
        match task {
            WriterTask::Write(job) => jobs.push(job),
            WriterTask::Pause(pause) => return (jobs, Some(pause)),
        }
        if jobs.len() == MAX_BATCH_WRITES {
            break;
        }
    }
    (jobs, None)
}

/// Makes an empty commit, so that a copy of the file opens without a scan of all of it.
pub(crate) fn commit_nothing(database: &redb::Database) -> Result<(), Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    Ok(transaction.commit()?)
}

/// Runs the jobs in one transaction. Returns how many rows they wrote, and the callbacks of the jobs that ran; a job that
/// did not run is dropped, which tells its caller that nothing was done.
fn commit(
    database: &redb::Database,
    context: &WriteContext,
    jobs: impl Iterator<Item = WriteJob>,
) -> (Vec<CommitCallback>, Result<u64, Error>) {
    let mut callbacks = Vec::new();
    let result = database.begin_write().map_err(Error::from).and_then(|mut transaction| {
        // After a kill the file opens in milliseconds regardless of its size, at the cost of a second fsync per commit.
        transaction.set_quick_repair(true);
        let pending = context.tracker.begin_commit();
        let rows = run_jobs(&transaction, &pending, context, jobs, &mut callbacks)?;
        if rows > 0 {
            transaction.commit()?;
        } else {
            transaction.abort()?;
        }
        Ok(rows)
    });
    (callbacks, result)
}

/// Runs the jobs one after the other and copies the changes of those that succeed into the transaction. Returns how many rows
/// they wrote or rehearsed.
fn run_jobs(
    transaction: &redb::WriteTransaction,
    pending: &PendingCommit<'_>,
    context: &WriteContext,
    jobs: impl Iterator<Item = WriteJob>,
    callbacks: &mut Vec<CommitCallback>,
) -> Result<u64, Error> {
    let batch = CommitBatch::for_store(transaction, &context.corruption, &context.deleted);
    let mut rows = 0;
    for job in jobs {
        let mut txn = WriteTxn::new(&batch);
        match job(&mut txn) {
            WriteOutcome::Commit(callback) => {
                callbacks.push(callback);
                let (changes, rehearsed) = txn.into_parts();
                rows += (changes.len() + rehearsed.len()) as u64;
                for (table, key) in changes.keys() {
                    pending.mark_row(table, key);
                }
                batch.apply(changes)?;
                batch.rehearse(rehearsed)?;
            }
            WriteOutcome::Discard(callback) => callbacks.push(callback),
        }
    }
    Ok(rows)
}
