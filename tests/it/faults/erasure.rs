//! Faults while deleted rows are erased: a kill, a power failure, and a disk without space.

use super::faulty_disk::{DiskFault, DiskOp, FaultKind, FaultyDisk};
use super::long_tests_enabled;
use super::power_loss::{Rng, crash_image};
use super::workload::{self, CacheMode, fixture, read_rows};
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
    store.erase_deleted_rows().unwrap();
    // The last one overwrote free pages.
    let nth = disk.op_counts()[&DiskOp::Write];
    drop(store);

    let no_space = FaultKind::Error(28);
    let disk = FaultyDisk::with_fault(start, DiskFault { op: DiskOp::Write, nth, kind: no_space, persistent: false });
    let app = workload::new_app(workload::open_store(disk.clone()).unwrap());
    assert!(!app.store.erase_deleted_rows().unwrap().is_complete);
    assert!(disk.has_failed() && app.store.can_commit() && !app.store.is_degraded());
    fixture().run_step(&app, 1).await.unwrap();
    assert!(app.store.erase_deleted_rows().unwrap().is_complete);
}

/// Without a cache, redb writes pages to the disk long before it commits them, some of them after a commit.
#[tokio::test]
async fn rows_written_between_the_parts_of_an_erasure_are_not_erased() {
    let disk = disk_with_deleted_rows().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("atlas.redb");
    let app = workload::new_app(workload::open_store_with(disk.clone(), CacheMode::None).unwrap());
    let mut passes = 0;
    for part in 0.. {
        // A new habit, or other preferences.
        let step = if part % 2 == 0 { 1 } else { 6 };
        fixture().run_step(&app, step).await.unwrap();
        let rows = read_rows(&app.store).unwrap();
        passes += usize::from(app.store.erase_part().unwrap().is_some());
        assert!(read_rows(&app.store).unwrap() == rows, "after part {part}");
        std::fs::write(&file, disk.bytes_after_kill()).unwrap();
        verify(&file, &Environment::development()).unwrap_or_else(|error| panic!("after part {part}: {error}"));
        if passes == 6 {
            break;
        }
    }
}
