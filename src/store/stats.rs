//! What the writer has done since the file was opened, as plain numbers.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Upper bounds of the groups that [`Stats::batches`] counts.
pub const BATCH_BOUNDS: [u64; 6] = [1, 4, 16, 64, 256, 1_024];

/// Numbers of the writer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Commits that reached the disk.
    pub commits: u64,
    /// Writes they carried.
    pub writes: u64,
    /// Commits by how many writes they carried: as many as each of [`BATCH_BOUNDS`] at most, and more than the one before.
    pub batches: [u64; 6],
    /// Writes that wait for the writer.
    pub waiting: usize,
}

/// Where the writer counts.
#[derive(Default)]
pub(super) struct Counters {
    commits: AtomicU64,
    writes: AtomicU64,
    batches: [AtomicU64; 6],
    waiting: AtomicUsize,
}

impl Counters {
    pub(super) fn waits(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// It was taken, or it never got a place.
    pub(super) fn waits_no_more(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn committed(&self, writes: u64) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes, Ordering::Relaxed);
        let group = BATCH_BOUNDS.iter().zip(&self.batches).find(|(bound, _)| writes <= **bound);
        if let Some((_, group)) = group {
            group.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            commits: self.commits.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            batches: self.batches.each_ref().map(|group| group.load(Ordering::Relaxed)),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}
