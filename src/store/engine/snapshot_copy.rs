//! A copy of a file in progress: which chunks it has, and how fast the rest is taken.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::StorageBackend;

/// The unit of copying, in bytes. redb writes pages of 4 KiB, often several adjacent ones.
pub(super) const CHUNK_BYTES: u64 = 16 << 10;

/// How the copier proceeds: how long it may make a writer wait, and how much of the disk it leaves to writers.
#[derive(Debug, Clone, Copy)]
pub(super) struct CopyPace {
    /// How many chunks are copied at once, while a writer may have to wait for them.
    pub(super) window_chunks: u64,
    /// After how many bytes the copy is synced, so that a writer's own sync never waits for more than that.
    pub(super) sync_interval_bytes: u64,
    /// Whether the copier then pauses for as long as that took, so that writers have at least half of the disk.
    pub(super) pauses: bool,
}

/// While there are no writes.
const IDLE_PACE: CopyPace = CopyPace { window_chunks: 64, sync_interval_bytes: 16 << 20, pauses: false };
/// While there are writes. `cargo bench --bench snapshot` shows what they notice of it.
const BUSY_PACE: CopyPace = CopyPace { window_chunks: 8, sync_interval_bytes: 1 << 20, pauses: true };
/// How long after a write the copier expects another.
const BUSY_PERIOD: Duration = Duration::from_millis(100);

/// The size of the buffer that fits every pace.
pub(super) const MAX_WINDOW_BYTES: u64 = CHUNK_BYTES * IDLE_PACE.window_chunks;

impl CopyPace {
    pub(super) fn after(last_write: Option<Instant>) -> Self {
        if last_write.is_some_and(|at| at.elapsed() < BUSY_PERIOD) { BUSY_PACE } else { IDLE_PACE }
    }
}

/// A copy in progress.
#[derive(Debug)]
pub(super) struct SnapshotCopy {
    pub(super) target: Arc<File>,
    /// The length of the file when the copy began.
    pub(super) length: u64,
    /// By chunk: whether the copy has it.
    copied: Vec<bool>,
    /// Why the copy cannot be finished. Writers continue: a failed snapshot must not make a write fail.
    pub(super) error: Option<io::Error>,
}

impl SnapshotCopy {
    /// Starts a copy of the first `length` bytes into an empty file.
    pub(super) fn start(target: Arc<File>, length: u64) -> io::Result<Self> {
        target.set_len(length)?;
        let chunks = usize::try_from(length.div_ceil(CHUNK_BYTES)).map_err(io::Error::other)?;
        Ok(Self { target, length, copied: vec![false; chunks], error: None })
    }

    /// Copies the chunks that `offset..end` touches and the copy does not have yet.
    pub(super) fn copy_before_change(&mut self, source: &dyn StorageBackend, offset: u64, end: u64) -> io::Result<()> {
        let mut buffer = vec![0; usize::try_from(CHUNK_BYTES).map_err(io::Error::other)?];
        let end = end.min(self.length);
        let mut at = offset / CHUNK_BYTES * CHUNK_BYTES;
        while at < end {
            self.copy_chunks(source, at, 1, &mut buffer)?;
            at += CHUNK_BYTES;
        }
        Ok(())
    }

    /// Copies those of `chunks` chunks from `at` on that the copy does not have yet, adjacent ones together. Returns the number
    /// of bytes.
    pub(super) fn copy_chunks(
        &mut self,
        source: &dyn StorageBackend,
        at: u64,
        chunks: u64,
        buffer: &mut [u8],
    ) -> io::Result<u64> {
        let first = usize::try_from(at / CHUNK_BYTES).map_err(io::Error::other)?;
        let last = first.saturating_add(usize::try_from(chunks).map_err(io::Error::other)?).min(self.copied.len());
        let (mut next, mut bytes) = (first, 0);
        while next < last {
            let run = self.copied.get(next..last).unwrap_or_default().iter().take_while(|copied| !**copied).count();
            if run == 0 {
                next += 1;
                continue;
            }
            let from = u64::try_from(next).map_err(io::Error::other)? * CHUNK_BYTES;
            let until = (from + u64::try_from(run).map_err(io::Error::other)? * CHUNK_BYTES).min(self.length);
            let size = usize::try_from(until - from).map_err(io::Error::other)?;
            let part = buffer.get_mut(..size).ok_or(io::ErrorKind::InvalidInput)?;
            source.read(from, part)?;
            self.target.write_all_at(part, from)?;
            self.copied.get_mut(next..next + run).unwrap_or_default().fill(true);
            bytes += until - from;
            next += run;
        }
        Ok(bytes)
    }
}
