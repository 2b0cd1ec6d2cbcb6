//! Every kind of disk call fails, once or persistently.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use super::faulty_disk::{DiskFault, DiskOp, FaultKind, FaultyDisk};
use super::long_tests_enabled;
use super::workload::{self, CacheMode, Fixture, RowChanges, Rows, STEP_COUNT, diff_rows, fixture, read_rows};

const EIO: FaultKind = FaultKind::Error(5);
const EINTR: FaultKind = FaultKind::Error(4);
const ENOSPC: FaultKind = FaultKind::Error(28);

/// The faults that each kind of call can return.
const FAULTS: [(DiskOp, &[FaultKind]); 5] = [
    (DiskOp::Len, &[EIO]),
    (DiskOp::Read, &[EIO, EINTR, FaultKind::Short]),
    (DiskOp::SetLen, &[EIO, ENOSPC, EINTR]),
    (DiskOp::Sync, &[EIO, ENOSPC, EINTR, FaultKind::LosesWrites]),
    (DiskOp::Write, &[EIO, ENOSPC, EINTR, FaultKind::Short]),
];

/// How a workload with one fault ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum FaultOutcome {
    /// The file did not open and was unchanged.
    NotOpened,
    /// A step failed and left nothing; every later write was refused.
    Failed,
    /// A step failed although its commit was durable; every later write was refused.
    FailedButDurable,
    /// Every step succeeded.
    Harmless,
}

/// A row of the printed table.
#[derive(Default)]
struct OutcomeCounts {
    runs: usize,
    outcomes: BTreeMap<FaultOutcome, usize>,
}

/// The workload without faults: what each step changes, and the number of disk calls.
struct Baseline {
    changes: Vec<RowChanges>,
    op_counts: BTreeMap<DiskOp, usize>,
}

fn baseline(cache: CacheMode) -> &'static Baseline {
    static FULL: OnceLock<Baseline> = OnceLock::new();
    static NONE: OnceLock<Baseline> = OnceLock::new();
    let baseline = if cache == CacheMode::Full { &FULL } else { &NONE };
    baseline.get_or_init(|| std::thread::spawn(move || runtime().block_on(measure_baseline(cache))).join().unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

async fn measure_baseline(cache: CacheMode) -> Baseline {
    let disk = FaultyDisk::from_bytes(fixture().bytes.clone());
    let app = workload::new_app(workload::open_store_with(disk.clone(), cache).unwrap());
    let (mut changes, mut before) = (Vec::new(), disk.without_faults(|| read_rows(&app.store)).unwrap());
    for number in 0..STEP_COUNT {
        let commits = app.store.stats().commits;
        fixture().run_step(&app, number).await.unwrap();
        assert_eq!(app.store.stats().commits, commits + 1, "step {number} is not one commit");
        let after = disk.without_faults(|| read_rows(&app.store)).unwrap();
        changes.push(diff_rows(&before, &after));
        before = after;
    }
    assert!(changes.iter().any(|step| step.len() >= 4), "no step changes several tables at once: {changes:?}");
    drop(app);
    Baseline { changes, op_counts: disk.op_counts() }
}

/// What the file must hold after a fault.
struct ExpectedRows {
    acknowledged: Rows,
    /// What the failed step would have changed.
    in_flight: RowChanges,
}

impl ExpectedRows {
    /// Returns whether the failed step is in the file.
    fn has_in_flight(&self, bytes: Vec<u8>, what: &str) -> bool {
        let store = workload::open_store(FaultyDisk::from_bytes(bytes))
            .unwrap_or_else(|error| panic!("{what}: the file does not open: {error}"));
        let found = read_rows(&store).unwrap_or_else(|error| panic!("{what}: the file cannot be read: {error}"));
        let changes = diff_rows(&self.acknowledged, &found);
        assert!(changes.is_empty() || changes == self.in_flight, "{what}: {changes:?}, not {:?}", self.in_flight);
        !changes.is_empty()
    }
}

/// Runs the workload on a disk with this fault and checks what is left of the file.
async fn run_with_fault(fixture: &Fixture, cache: CacheMode, fault: DiskFault) -> FaultOutcome {
    let what = format!("{fault:?}, cache {cache:?}");
    let disk = FaultyDisk::with_fault(fixture.bytes.clone(), fault);
    let before = read_rows(&workload::open_store(FaultyDisk::from_bytes(fixture.bytes.clone())).unwrap()).unwrap();
    let mut expected = ExpectedRows { acknowledged: before, in_flight: RowChanges::new() };
    let Ok(store) = workload::open_store_with(disk.clone(), cache) else {
        assert!(disk.has_failed(), "{what}: the file did not open although no call had failed");
        assert!(
            !expected.has_in_flight(disk.bytes_after_kill(), &what)
                && !expected.has_in_flight(disk.bytes_after_power_failure(), &what)
        );
        return FaultOutcome::NotOpened;
    };
    let app = workload::new_app(store);
    let mut has_failed = false;
    for (number, in_flight) in baseline(cache).changes.iter().enumerate() {
        let result = fixture.run_step(&app, number).await;
        assert!(!(has_failed && result.is_ok()), "{what}: step {number} succeeded after an earlier step had failed");
        if result.is_err() && !has_failed {
            assert!(disk.has_failed(), "{what}: {result:?}");
            assert!(
                !app.store.can_commit() && app.store.is_degraded(),
                "{what}: the store accepts writes after {result:?}"
            );
            (has_failed, expected.in_flight) = (true, in_flight.clone());
        }
        if result.is_ok() {
            expected.acknowledged = disk.without_faults(|| read_rows(&app.store)).unwrap();
        }
    }
    if has_failed && fault.op != DiskOp::Read && cache == CacheMode::Full {
        // Cached rows stay readable.
        assert_eq!(read_rows(&app.store).unwrap(), expected.acknowledged, "{what}");
    }
    let killed = disk.bytes_after_kill();
    let powered_off = disk.bytes_after_power_failure();
    drop(app);
    let durable = [killed, powered_off].map(|bytes| expected.has_in_flight(bytes, &what));
    match (has_failed, durable.contains(&true)) {
        (false, _) => FaultOutcome::Harmless,
        (true, false) => FaultOutcome::Failed,
        (true, true) => FaultOutcome::FailedButDurable,
    }
}

#[test]
fn a_failed_disk_call_is_reported_stops_writes_and_loses_nothing_acknowledged() {
    run_every_fault(CacheMode::Full, &FAULTS);
}

#[test]
fn a_failed_disk_read_is_reported_and_returns_no_wrong_rows() {
    run_every_fault(CacheMode::None, &FAULTS[1..2]);
}

/// Runs the workload once per fault and prints the outcomes.
fn run_every_fault(cache: CacheMode, faults: &[(DiskOp, &[FaultKind])]) {
    let mut table: BTreeMap<(DiskOp, FaultKind, bool), OutcomeCounts> = BTreeMap::new();
    for &(op, kinds) in faults {
        let op_count = baseline(cache).op_counts[&op];
        for (&kind, persistent) in kinds.iter().flat_map(|kind| [(kind, false), (kind, true)]) {
            // A normal run samples about twelve calls per fault, starting at a different call each time.
            let step = if long_tests_enabled() { 1 } else { op_count.div_ceil(12) };
            let first = 1 + table.len() % step;
            for nth in (first..=op_count).step_by(step) {
                let outcome =
                    runtime().block_on(run_with_fault(fixture(), cache, DiskFault { op, nth, kind, persistent }));
                let counts = table.entry((op, kind, persistent)).or_default();
                counts.runs += 1;
                *counts.outcomes.entry(outcome).or_default() += 1;
            }
        }
    }
    println!("{:<8}{:<14}{:<12}{:>6}  outcomes, cache {cache:?}", "call", "fault", "", "runs");
    let mut failed = 0;
    for ((op, kind, persistent), OutcomeCounts { runs, outcomes }) in &table {
        let kind = match kind {
            FaultKind::Error(4) => "EINTR".to_owned(),
            FaultKind::Error(28) => "ENOSPC".to_owned(),
            FaultKind::Error(_) => "EIO".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        };
        let duration = if *persistent { "persistent" } else { "once" };
        println!("{:<8}{kind:<14}{duration:<12}{runs:>6}  {outcomes:?}", format!("{op:?}"));
        failed += outcomes.get(&FaultOutcome::Failed).unwrap_or(&0);
    }
    assert!(failed > 0, "no fault made a step fail");
}

#[test]
fn a_sync_that_falsely_reports_success_loses_at_most_one_commit() {
    let sync_count = baseline(CacheMode::Full).op_counts[&DiskOp::Sync];
    let (mut runs, mut lost) = (0, 0);
    for nth in 1..=sync_count {
        let fault = DiskFault { op: DiskOp::Sync, nth, kind: FaultKind::FalseSuccess, persistent: false };
        lost += usize::from(runtime().block_on(loses_last_commit(fault)));
        runs += 1;
    }
    println!(
        "sync    falsesuccess  once        {runs:>6}  {lost} lost the last acknowledged commit, the others lost nothing"
    );
}

/// Simulates a power failure after the step whose sync did nothing. Returns whether that step's commit is lost.
async fn loses_last_commit(fault: DiskFault) -> bool {
    let disk = FaultyDisk::with_fault(fixture().bytes.clone(), fault);
    let app = workload::new_app(workload::open_store(disk.clone()).unwrap());
    let mut states = vec![disk.without_faults(|| read_rows(&app.store)).unwrap()];
    for number in 0..STEP_COUNT {
        if disk.has_failed() {
            break;
        }
        fixture().run_step(&app, number).await.unwrap();
        states.push(disk.without_faults(|| read_rows(&app.store)).unwrap());
    }
    let found =
        read_rows(&workload::open_store(FaultyDisk::from_bytes(disk.bytes_after_power_failure())).unwrap()).unwrap();
    let place =
        states.iter().rposition(|state| *state == found).expect("the file holds none of the acknowledged states");
    assert!(place + 2 >= states.len(), "{fault:?} lost more than one acknowledged commit");
    place + 1 < states.len()
}

/// Injects a store that omits the sync, or a disk that ignores it.
async fn run_without_syncs() -> (FaultyDisk, Rows) {
    let fault = DiskFault { op: DiskOp::Sync, nth: 1, kind: FaultKind::FalseSuccess, persistent: true };
    let disk = FaultyDisk::with_fault(fixture().bytes.clone(), fault);
    let app = workload::new_app(workload::open_store(disk.clone()).unwrap());
    for number in 0..STEP_COUNT {
        fixture().run_step(&app, number).await.unwrap();
    }
    let acknowledged = read_rows(&app.store).unwrap();
    (disk, acknowledged)
}

#[test]
fn a_missing_sync_is_detected() {
    let (disk, acknowledged) = runtime().block_on(run_without_syncs());
    let expected = ExpectedRows { acknowledged, in_flight: RowChanges::new() };
    assert!(!expected.has_in_flight(disk.bytes_after_kill(), "killed"), "a kill lost a commit");
    let checked =
        catch_unwind(AssertUnwindSafe(|| expected.has_in_flight(disk.bytes_after_power_failure(), "powered off")));
    let panic = checked.expect_err("the check missed that a power failure lost the whole workload");
    let message = panic.downcast_ref::<String>().expect("the panic has a message");
    assert!(message.contains("powered off") && message.contains("habits"), "{message}");
}
