//! The floors of writing: the disk itself, and one transaction per write.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use redb::{Database, TableDefinition};

use crate::measure::Load;

/// What redb writes at least, with the pages that lead to a row.
const CHUNK: usize = 16 * 1_024;
const CHUNKS: u64 = 64;

/// A file whose only purpose is to be synced.
pub struct Synced(File);

impl Synced {
    /// Makes the file in its full length, so that syncing it later moves no end.
    pub fn new(folder: &Path) -> Self {
        let file = File::create(folder.join("synced")).expect("a file");
        for chunk in 0..CHUNKS {
            file.write_all_at(&[0; CHUNK], chunk * CHUNK as u64).expect("room");
        }
        file.sync_all().expect("a disk");
        Self(file)
    }

    /// Writes and syncs, over and over.
    pub fn sync_for(&self, time: Duration) -> Load {
        let began = Instant::now();
        let mut waits = Vec::new();
        while began.elapsed() < time {
            let asked = Instant::now();
            let (count, fill) = (waits.len() as u64, waits.len() as u8);
            self.0.write_all_at(&[fill; CHUNK], count % CHUNKS * CHUNK as u64).expect("room");
            self.0.sync_data().expect("a disk");
            waits.push(asked.elapsed());
        }
        Load::new(began.elapsed(), waits)
    }
}

/// Like the completions of Atlas: account, year and habit lead to the days of the year.
const ROWS: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("completions");
const KEY: usize = 16 + 2 + 16;
/// As the cache of Atlas.
const CACHE: usize = 64 << 20;

/// A data file used in the plain way.
pub struct Plain {
    database: Database,
    value: usize,
}

impl Plain {
    /// Makes the file. A value is as long as a habit's row on that day of the year.
    pub fn new(folder: &Path, day_of_year: usize) -> Self {
        let database = redb::Builder::new().set_cache_size(CACHE).create(folder.join("plain.redb")).expect("a file");
        Self { database, value: 1 + 2 * day_of_year }
    }

    /// Writers that each change a row of their own, one transaction per change.
    pub fn write_for(&self, writers: usize, time: Duration) -> Load {
        for writer in 0..writers {
            self.write(writer, 0);
        }
        let began = Instant::now();
        let waits = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..writers).map(|writer| scope.spawn(move || self.writes(writer, began + time))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a writer")).collect::<Vec<_>>().concat()
        });
        Load::new(began.elapsed(), waits)
    }

    fn writes(&self, writer: usize, over: Instant) -> Vec<Duration> {
        let mut waits = Vec::new();
        loop {
            let asked = Instant::now();
            self.write(writer, waits.len() as u8);
            waits.push(asked.elapsed());
            if Instant::now() >= over {
                return waits;
            }
        }
    }

    fn write(&self, writer: usize, fill: u8) {
        let mut key = [7; KEY];
        key[KEY - 8..].copy_from_slice(&writer.to_be_bytes());
        let mut transaction = self.database.begin_write().expect("a turn");
        transaction.set_quick_repair(true);
        {
            let mut rows = transaction.open_table(ROWS).expect("a table");
            rows.insert(key.as_slice(), vec![fill; self.value].as_slice()).expect("room");
        }
        transaction.commit().expect("a disk");
    }
}
