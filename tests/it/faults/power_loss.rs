//! Power failures at every moment. Unsynced writes survive, are lost, are torn or are reordered, and the power fails
//! again while the file is reopened.

use super::faulty_disk::{FaultyDisk, JournalEntry};
use super::long_tests_enabled;
use super::workload::{self, Rows, STEP_COUNT, fixture, read_rows};

/// The unit a disk writes atomically.
const SECTOR_BYTES: usize = 512;

/// A deterministic pseudorandom generator (splitmix64).
pub struct Rng(pub u64);

impl Rng {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next_u64() % end as u64).unwrap()
    }
}

/// The workload as the disk recorded it.
struct Recording {
    journal: Vec<JournalEntry>,
    /// Each acknowledged state, with the journal length at that moment.
    acknowledged: Vec<(usize, Rows)>,
}

async fn record_workload() -> Recording {
    let disk = FaultyDisk::from_bytes(fixture().bytes.clone());
    let app = workload::new_app(workload::open_store(disk.clone()).unwrap());
    let mut acknowledged = vec![(0, read_rows(&app.store).unwrap())];
    for number in 0..STEP_COUNT {
        fixture().run_step(&app, number).await.unwrap();
        acknowledged.push((disk.journal_len(), read_rows(&app.store).unwrap()));
    }
    drop(app);
    Recording { journal: disk.journal(), acknowledged }
}

/// Returns the disk after a power failure at `moment` entries into the journal: everything synced, plus a random choice
/// of the unsynced writes, possibly reordered and with sectors missing.
pub fn crash_image(start: &[u8], journal: &[JournalEntry], moment: usize, rng: &mut Rng) -> Vec<u8> {
    let synced =
        journal[..moment].iter().rposition(|change| matches!(change, JournalEntry::Sync)).map_or(0, |at| at + 1);
    let mut bytes = start.to_vec();
    journal[..synced].iter().for_each(|change| change.apply(&mut bytes));
    let mut rest: Vec<&JournalEntry> = journal[synced..moment].iter().collect();
    // Half of the images keep the order.
    if rng.below(2) == 0 {
        for last in (1..rest.len()).rev() {
            rest.swap(last, rng.below(last + 1));
        }
    }
    let survival_percent = rng.below(101);
    for change in rest {
        match change {
            JournalEntry::Write(at, data) => match rng.below(4) {
                0 if data.len() > SECTOR_BYTES => {
                    for (number, sector) in data.chunks(SECTOR_BYTES).enumerate() {
                        if rng.below(2) == 0 {
                            JournalEntry::Write(at + number * SECTOR_BYTES, sector.to_vec()).apply(&mut bytes);
                        }
                    }
                }
                _ if rng.below(100) < survival_percent => change.apply(&mut bytes),
                _ => {}
            },
            _ if rng.below(100) < survival_percent => change.apply(&mut bytes),
            _ => {}
        }
    }
    bytes
}

/// Returns which state an image holds. It must be the last acknowledged one or the one being written.
fn identify_state(recording: &Recording, moment: usize, image: Vec<u8>, what: &str) -> usize {
    let last = recording.acknowledged.iter().rposition(|(length, _)| *length <= moment).unwrap();
    let store = workload::open_store(FaultyDisk::from_bytes(image))
        .unwrap_or_else(|error| panic!("{what}: the file does not open: {error}"));
    let found = read_rows(&store).unwrap_or_else(|error| panic!("{what}: the file cannot be read: {error}"));
    let candidates = recording.acknowledged.iter().enumerate().skip(last).take(2);
    candidates
        .filter(|(_, (_, state))| *state == found)
        .map(|(number, _)| number)
        .next()
        .unwrap_or_else(|| panic!("{what}: the file holds neither the last acknowledged state nor the next one"))
}

#[test]
fn a_power_failure_at_any_moment_loses_nothing_acknowledged() {
    let recording = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(record_workload());
    let image_count = if long_tests_enabled() { 100_000 } else { 2_000 };
    let moments = recording.journal.len() + 1;
    let (mut images, mut round) = (0, 0_u64);
    while images < image_count {
        for moment in 0..moments {
            let seed = round << 32 | moment as u64;
            let what = format!("power failure after {moment} of {} entries, seed {seed}", recording.journal.len());
            let first = crash_image(&fixture().bytes, &recording.journal, moment, &mut Rng(seed));
            let state = identify_state(&recording, moment, first.clone(), &what);
            images += 1;

            // The power fails again during the writes of reopening the file.
            let opening = FaultyDisk::from_bytes(first.clone());
            drop(workload::open_store(opening.clone()).unwrap());
            let repair = opening.journal();
            let rng = &mut Rng(!seed);
            let second = crash_image(&first, &repair, rng.below(repair.len() + 1), rng);
            let state_after_second =
                identify_state(&recording, moment, second, &format!("{what}, and again while the file was reopened"));
            assert_eq!(state_after_second, state, "{what}: the second failure changed the state");
            images += 1;
        }
        round += 1;
    }
    println!("power failures: {images} images at {moments} moments; all opened, with every acknowledged commit");
}
