//! Faults while deleted rows are erased: a kill, a power failure, and a disk without space.

use super::faulty_disk::{DiskFault, DiskOp, FaultKind, FaultyDisk};
use super::long_tests_enabled;
use super::power_loss::{Rng, crash_image};
use super::workload::{self, fixture, read_rows};
use atlas::domain::Environment;
use atlas::store::backup::verification::verify;

/// A disk on which a habit's title was changed and an account's session ended, and the store that did it.
async fn disk_with_deleted_rows() -> FaultyDisk {
    let disk = FaultyDisk::from_bytes(fixture().bytes.clone());
    let app = workload::new_app(workload::open_store(disk.clone()).unwrap());
    for number in 0..workload::STEP_COUNT {
        fixture().run_step(&app, number).await.unwrap();
    }
    drop(app);
    FaultyDisk::from_bytes(disk.bytes_after_kill())
}

#[tokio::test]
async fn a_kill_or_power_failure_while_erasing_loses_nothing() {
    let disk = disk_with_deleted_rows().await;
    let start = disk.bytes_after_kill();
    let store = workload::open_store(disk.clone()).unwrap();
    let rows = read_rows(&store).unwrap();
    let erased = store.erase_deleted_rows().unwrap();
    assert!(erased.is_complete && erased.erased > 5, "{erased:?}");
    let journal = disk.journal();
    drop(store);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("atlas.redb");
    let step = if long_tests_enabled() { 1 } else { (journal.len() / 15).max(1) };
    for moment in (0..=journal.len()).step_by(step) {
        let mut killed = start.clone();
        journal[..moment].iter().for_each(|entry| entry.apply(&mut killed));
        let failed = crash_image(&start, &journal, moment, &mut Rng(moment as u64));
        for (image, what) in [(killed, "a kill"), (failed, "a power failure")] {
            std::fs::write(&file, &image).unwrap();
            verify(&file, &Environment::development()).unwrap_or_else(|error| panic!("{what} at {moment}: {error}"));
            let store = workload::open_store(FaultyDisk::from_bytes(image)).unwrap();
            assert!(read_rows(&store).unwrap() == rows, "{what} at {moment}");
        }
    }
}

#[tokio::test]
async fn a_free_page_that_cannot_be_overwritten_stops_nothing_and_is_erased_later() {
    let disk = disk_with_deleted_rows().await;
    let start = disk.bytes_after_kill();
    let store = workload::open_store(disk.clone()).unwrap();
    let erased = store.erase_deleted_rows().unwrap().erased;
    let writes = disk.op_counts()[&DiskOp::Write];
    drop(store);

    // One of the pages that were overwritten, which were the last writes.
    let nth = writes - usize::try_from(erased).unwrap() / 2;
    let no_space = FaultKind::Error(28);
    let disk = FaultyDisk::with_fault(start, DiskFault { op: DiskOp::Write, nth, kind: no_space, persistent: false });
    let app = workload::new_app(workload::open_store(disk.clone()).unwrap());
    assert!(!app.store.erase_deleted_rows().unwrap().is_complete);
    assert!(disk.has_failed() && app.store.can_commit() && !app.store.is_degraded());
    fixture().run_step(&app, 1).await.unwrap();
    assert!(app.store.erase_deleted_rows().unwrap().is_complete);
}
