//! The one writer: a thread that takes everything waiting and commits it together.
//!
//! DURABILITY: a job is answered only after the commit that holds it has returned from the disk. Under load the queue
//! fills while a commit runs, so the next commit carries more; there is no delay to tune.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use super::Error;
use super::damage::Damage;
use super::draft::{Batch, Draft};
use super::recency::{Next, Recency};
use super::stats::{Counters, Stats};

/// Most jobs in one commit.
const LARGEST_BATCH: usize = 1_024;
/// Most jobs waiting; beyond this the answer is [`Error::Busy`].
pub(super) const LONGEST_QUEUE: usize = 4_096;

pub(super) type Settle = Box<dyn FnOnce(Result<(), Error>)>;
pub(super) type Job = Box<dyn FnOnce(&mut Draft<'_, '_>) -> Verdict + Send>;
/// What is done between two commits, while the file holds exactly the last one.
pub(super) type Pause = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What the writer is asked.
pub(super) enum Task {
    Decide(Job),
    Pause(Pause),
}

/// What a decision said; `Settle` answers its caller once the commit is through.
pub(super) enum Verdict {
    Keep(Settle),
    Drop(Settle),
}

pub(super) struct Writer {
    queue: Option<SyncSender<Task>>,
    thread: Option<JoinHandle<()>>,
    /// Whether nothing is written: a commit failed, or nobody has said yet that there is room again.
    refuses: Arc<AtomicBool>,
    counters: Arc<Counters>,
}

impl Writer {
    /// `refuses` says that it answers [`Error::Closed`] to whoever wants to write, until [`Self::resume`].
    pub(super) fn start(
        database: Arc<redb::Database>,
        recency: Arc<Recency>,
        damage: Arc<Damage>,
        refuses: bool,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(LONGEST_QUEUE);
        let refuses = Arc::new(AtomicBool::new(refuses));
        let counters = Arc::new(Counters::default());
        let (flag, counting) = (Arc::clone(&refuses), Arc::clone(&counters));
        let thread = std::thread::Builder::new()
            .name("atlas-writer".to_owned())
            .spawn(move || work(&database, &recency, &damage, &jobs, &flag, &counting))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), refuses, counters })
    }

    pub(super) fn submit(&self, task: Task) -> Result<(), Error> {
        let queue = self.queue.as_ref().ok_or(Error::Closed)?;
        self.counters.waits();
        queue.try_send(task).map_err(|refused| {
            self.counters.waits_no_more();
            match refused {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Closed,
            }
        })
    }

    pub(super) fn stats(&self) -> Stats {
        self.counters.stats()
    }

    pub(super) fn can_commit(&self) -> bool {
        !self.refuses.load(Ordering::Relaxed)
    }

    /// Lets writes through from now on. Only for a writer that was started refusing.
    pub(super) fn resume(&self) {
        self.refuses.store(false, Ordering::Relaxed);
    }
}

impl Drop for Writer {
    /// Lets the thread finish what is queued, then waits for it.
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

/// Says that nothing is written any more when the thread ends by a panic, as redb may on a damaged page.
struct Alarm<'a>(&'a AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
            tracing::error!("the writer broke down; nothing more is written until the file is opened again");
        }
    }
}

fn work(
    database: &redb::Database,
    recency: &Recency,
    damage: &Damage,
    tasks: &Receiver<Task>,
    refuses: &AtomicBool,
    counters: &Counters,
) {
    let _alarm = Alarm(refuses);
    while let Ok(first) = tasks.recv() {
        let (jobs, pause) = gathered(first, tasks, counters);
        if refuses.load(Ordering::Relaxed) {
            // Dropped jobs tell their callers that nothing was done.
            drop(jobs);
        } else if !jobs.is_empty() {
            let (settles, result) = commit(database, recency, damage, jobs.into_iter());
            if let Ok(true) = result {
                counters.committed(settles.len() as u64);
            }
            let result = result.map(drop);
            if let Err(error) = &result
                && !refuses.swap(true, Ordering::Relaxed)
            {
                tracing::error!(%error, "a commit failed; nothing more is written until the file is opened again");
            }
            for settle in settles {
                settle(result.clone());
            }
        }
        if let Some(pause) = pause {
            pause(settled(database));
        }
    }
}

/// The decisions that wait, up to a full batch or to the first pause.
fn gathered(first: Task, tasks: &Receiver<Task>, counters: &Counters) -> (Vec<Job>, Option<Pause>) {
    let mut jobs = Vec::new();
    for task in std::iter::once(first).chain(tasks.try_iter()) {
        counters.waits_no_more();
        match task {
            Task::Decide(job) => jobs.push(job),
            Task::Pause(pause) => return (jobs, Some(pause)),
        }
        if jobs.len() == LARGEST_BATCH {
            break;
        }
    }
    (jobs, None)
}

/// Commits nothing, so that the file as it lies there opens without a search through all of it.
fn settled(database: &redb::Database) -> Result<(), Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    Ok(transaction.commit()?)
}

/// Runs the jobs in one transaction, and says whether there was anything to commit. A job that was not
/// run is dropped, which tells its caller that nothing was done.
fn commit(
    database: &redb::Database,
    recency: &Recency,
    damage: &Damage,
    jobs: impl Iterator<Item = Job>,
) -> (Vec<Settle>, Result<bool, Error>) {
    let mut settles = Vec::new();
    let result = database.begin_write().map_err(Error::from).and_then(|mut transaction| {
        // A killed server is back in milliseconds whatever the file's size, for a second fsync per commit.
        transaction.set_quick_repair(true);
        let next = recency.next();
        let wrote = decide(&transaction, &next, damage, jobs, &mut settles)?;
        if wrote {
            transaction.commit()?;
        } else {
            transaction.abort()?;
        }
        Ok(wrote)
    });
    (settles, result)
}

/// Lets every job decide, one after the other, and copies in what it wants. Answers whether anything was written.
fn decide(
    transaction: &redb::WriteTransaction,
    next: &Next<'_>,
    damage: &Damage,
    jobs: impl Iterator<Item = Job>,
    settles: &mut Vec<Settle>,
) -> Result<bool, Error> {
    let batch = Batch::telling(transaction, damage);
    let mut wrote = false;
    for job in jobs {
        let mut draft = Draft::on(&batch);
        match job(&mut draft) {
            Verdict::Keep(settle) => {
                settles.push(settle);
                let changes = draft.into_changes();
                wrote |= !changes.is_empty();
                for (table, key) in changes.keys() {
                    next.changes(table, key);
                }
                batch.apply(changes)?;
            }
            Verdict::Drop(settle) => settles.push(settle),
        }
    }
    Ok(wrote)
}
