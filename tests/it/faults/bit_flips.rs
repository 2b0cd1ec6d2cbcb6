//! One bit of a data file flips.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use atlas::domain::Environment;
use atlas::domain::environment::stamp::Stamp;
use atlas::store::Error;
use atlas::store::backup::verification::verify;

use super::faulty_disk::FaultyDisk;
use super::long_tests_enabled;
use super::workload::{self, Rows, fixture, read_rows};

/// What a server would do with the damaged file. A running server verifies the checksum of each row but no page
/// checksums; verifying a snapshot checks both.
#[derive(Debug, Default)]
struct ServedOutcomes {
    unchanged: usize,
    open_failed: usize,
    read_failed: usize,
    /// Every row is intact, but closing the file panics; nothing that matters was written.
    close_failed: usize,
    /// A panic, which a request answers with 500.
    panicked: usize,
    /// Some rows are missing because a damaged page no longer leads to them; the others are intact.
    rows_missing: usize,
}

impl ServedOutcomes {
    /// Returns whether every row was read unchanged.
    fn record(&mut self, bytes: Vec<u8>, before: &Rows) -> bool {
        let disk = FaultyDisk::from_bytes(bytes);
        let Some((found, closed)) = read_and_close(&disk) else {
            self.open_failed += 1;
            return false;
        };
        match found {
            Err(_) => self.panicked += 1,
            Ok(Err(_)) => self.read_failed += 1,
            Ok(Ok(found)) if found != *before => {
                let changed = found.iter().find(|(key, value)| before.get(*key) != Some(*value));
                assert!(changed.is_none(), "a row is served that was never written: {changed:?}");
                self.rows_missing += 1;
            }
            Ok(Ok(_)) if closed => {
                self.unchanged += 1;
                return true;
            }
            Ok(Ok(_)) => {
                self.close_failed += 1;
                let reopened = read_and_close(&FaultyDisk::from_bytes(disk.bytes_after_kill()));
                return reopened.is_none_or(|(found, _)| matches!(found, Ok(Ok(found)) if found == *before));
            }
        }
        false
    }
}

/// Normalizes the stamp: its row has a MAC instead of a checksum, and two spellings of an instant are equal.
fn normalize_stamp(mut rows: Rows) -> Rows {
    for ((table, _), value) in &mut rows {
        if let (true, Ok(stamp)) =
            (*table == "stamp", serde_json::from_slice::<Stamp>(value.get(1..).unwrap_or_default()))
        {
            *value = serde_json::to_vec(&stamp).unwrap();
        }
    }
    rows
}

/// Opens a file, reads every row and closes it, because redb writes its free pages when it closes and relies on what it
/// finds there. Returns the rows and whether closing succeeded without a panic; `None` if the file does not open.
fn read_and_close(disk: &FaultyDisk) -> Option<(std::thread::Result<Result<Rows, Error>>, bool)> {
    let store = workload::open_store(disk.clone()).ok()?;
    let found = catch_unwind(AssertUnwindSafe(|| read_rows(&store).map(normalize_stamp)));
    Some((found, catch_unwind(AssertUnwindSafe(|| drop(store))).is_ok()))
}

#[test]
fn verification_finds_every_flipped_bit_that_changes_a_row() {
    let intact = &fixture().bytes;
    let before =
        normalize_stamp(read_rows(&workload::open_store(FaultyDisk::from_bytes(intact.clone())).unwrap()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.redb");
    let bits = intact.len() * 8;
    // A prime, so that samples cover every offset within a page.
    let step = if long_tests_enabled() { 1 } else { 1_499 };
    let (mut tried, mut found, mut served) = (0, 0, ServedOutcomes::default());
    for bit in (0..bits).step_by(step) {
        let mut bytes = intact.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        let verified = verify(&path, &Environment::development());
        tried += 1;
        found += usize::from(verified.is_err());
        // The long run skips files that fail verification: on some, redb panics twice while it closes, which aborts the
        // process.
        if long_tests_enabled() && verified.is_err() {
            continue;
        }
        let is_unchanged = served.record(bytes, &before);
        assert!(verified.is_err() || is_unchanged, "bit {bit}: verified although rows are missing");
    }
    println!(
        "bits: {tried} of {bits} flipped; verification finds {found}, the others change nothing; if served: {served:?}"
    );
    assert!(found > 0);
}

#[test]
fn a_flipped_bit_in_a_row_is_found_when_the_row_is_read() {
    let intact = &fixture().bytes;
    let before =
        normalize_stamp(read_rows(&workload::open_store(FaultyDisk::from_bytes(intact.clone())).unwrap()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.redb");
    let (mut tried, mut open_failed, mut read_failed, mut panicked) = (0, 0, 0, 0);
    for ((table, key), value) in &before {
        // A row's checksum follows its value; the rows of these tables have none.
        let checksum_len = if ["stamp", "schema", "key"].contains(table) { 0 } else { 4 };
        // The file also contains stale copies of rows; flipping a bit in them changes nothing.
        let bits = [(key, 0), (value, checksum_len)].into_iter().filter(|(bytes, _)| !bytes.is_empty()).flat_map(
            |(bytes, checksum_len)| {
                let at = (0..=intact.len() - bytes.len()).filter(|at| intact[*at..].starts_with(bytes));
                at.flat_map(move |at| at * 8..(at + bytes.len() + checksum_len) * 8).collect::<Vec<_>>()
            },
        );
        let step = if long_tests_enabled() { 1 } else { 53 };
        for bit in bits.step_by(step).filter(|bit| bit / 8 < intact.len()) {
            let mut bytes = intact.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            tried += 1;
            match read_and_close(&FaultyDisk::from_bytes(bytes.clone())) {
                Some((Ok(Ok(rows)), _)) if rows == before => {}
                Some((Ok(Ok(rows)), _)) => {
                    assert!(rows.iter().all(|(key, value)| before.get(key) == Some(value)), "bit {bit} of {table}");
                    fs::write(&path, &bytes).unwrap();
                    let verified = verify(&path, &Environment::development());
                    panic!("bit {bit} of {table} hides a row; verified: {}", verified.is_ok());
                }
                Some((Ok(Err(_)), _)) => read_failed += 1,
                Some((Err(_), _)) => panicked += 1,
                None => open_failed += 1,
            }
        }
    }
    println!(
        "bits in rows: {tried} flipped; {read_failed} read errors, {panicked} panics, {open_failed} files did not open"
    );
    assert!(read_failed > 0);
}
