//! What the writer has done since the file was opened, as plain numbers.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Upper bounds of the histogram [`Stats::batches`], in writes per commit.
pub const BATCH_BOUNDS: [u64; 6] = [1, 4, 16, 64, 256, 1_024];

/// The writer's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Commits that reached the disk.
    pub commits: u64,
    /// Writes in those commits.
    pub writes: u64,
    /// Rows that those writes stored, removed or rehearsed.
    pub rows: u64,
    /// Commits by their number of writes: at most the bound at the same place in [`BATCH_BOUNDS`], and more than the one before.
    pub batches: [u64; 6],
    /// Writes in the queue.
    pub waiting: usize,
}

/// The counters behind [`Stats`], shared between the writer thread and its callers.
#[derive(Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    writes: AtomicU64,
    rows: AtomicU64,
    batches: [AtomicU64; 6],
    waiting: AtomicUsize,
}

impl Counters {
    pub(super) fn record_queued(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// For a write that the writer took from the queue, and for one that did not fit into it.
    pub(super) fn record_dequeued(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn record_commit(&self, writes: u64, rows: u64) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.writes.fetch_add(writes, Ordering::Relaxed);
        let batch = BATCH_BOUNDS.iter().zip(&self.batches).find(|(bound, _)| writes <= **bound);
        if let Some((_, batch)) = batch {
            batch.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            commits: self.commits.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            batches: self.batches.each_ref().map(|batch| batch.load(Ordering::Relaxed)),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}
