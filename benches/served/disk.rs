//! The baselines for writes: the disk alone, and one transaction per write.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use redb::{Database, TableDefinition};

use crate::measure::LoadResult;

/// About the least that redb writes for one row, including the pages that lead to it.
const CHUNK_BYTES: usize = 16 * 1_024;
const CHUNK_COUNT: u64 = 64;

/// A file that is written and synced repeatedly.
pub struct FsyncBaseline(File);

impl FsyncBaseline {
    /// Creates the file at its full length, so that later syncs don't change its size.
    pub fn new(folder: &Path) -> Self {
        let file = File::create(folder.join("synced")).expect("a file");
        for chunk in 0..CHUNK_COUNT {
            file.write_all_at(&[0; CHUNK_BYTES], chunk * CHUNK_BYTES as u64).expect("room");
        }
        file.sync_all().expect("a disk");
        Self(file)
    }

    /// Writes and syncs until `duration` has passed.
    pub fn run_for(&self, duration: Duration) -> LoadResult {
        let began = Instant::now();
        let mut latencies = Vec::new();
        while began.elapsed() < duration {
            let started = Instant::now();
            let (count, fill) = (latencies.len() as u64, latencies.len() as u8);
            self.0.write_all_at(&[fill; CHUNK_BYTES], count % CHUNK_COUNT * CHUNK_BYTES as u64).expect("room");
            self.0.sync_data().expect("a disk");
            latencies.push(started.elapsed());
        }
        LoadResult::new(began.elapsed(), latencies)
    }
}

/// The same shape as Atlas's completions: account, year and habit are the key of the days of the year.
const ROWS: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("completions");
const KEY_BYTES: usize = 16 + 2 + 16;
/// The size that Atlas uses.
const CACHE_BYTES: usize = 64 << 20;

/// A redb file with one transaction per write.
pub struct SingleCommitBaseline {
    database: Database,
    value_bytes: usize,
}

impl SingleCommitBaseline {
    /// Creates the file. A value is as long as a habit's row on that day of the year.
    pub fn new(folder: &Path, day_of_year: usize) -> Self {
        let database =
            redb::Builder::new().set_cache_size(CACHE_BYTES).create(folder.join("single_commit.redb")).expect("a file");
        Self { database, value_bytes: 1 + 2 * day_of_year }
    }

    /// Runs concurrent writers, each of which changes its own row, one transaction per change.
    pub fn run_for(&self, writers: usize, duration: Duration) -> LoadResult {
        for writer in 0..writers {
            self.write(writer, 0);
        }
        let began = Instant::now();
        let latencies = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..writers).map(|writer| scope.spawn(move || self.write_until(writer, began + duration))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a writer")).collect::<Vec<_>>().concat()
        });
        LoadResult::new(began.elapsed(), latencies)
    }

    fn write_until(&self, writer: usize, deadline: Instant) -> Vec<Duration> {
        let mut latencies = Vec::new();
        loop {
            let started = Instant::now();
            self.write(writer, latencies.len() as u8);
            latencies.push(started.elapsed());
            if Instant::now() >= deadline {
                return latencies;
            }
        }
    }

    fn write(&self, writer: usize, fill: u8) {
        let mut key = [7; KEY_BYTES];
        key[KEY_BYTES - 8..].copy_from_slice(&writer.to_be_bytes());
        let mut transaction = self.database.begin_write().expect("a transaction");
        transaction.set_quick_repair(true);
        {
            let mut rows = transaction.open_table(ROWS).expect("a table");
            rows.insert(key.as_slice(), vec![fill; self.value_bytes].as_slice()).expect("room");
        }
        transaction.commit().expect("a disk");
    }
}
