//! Every call that the storage is asked fails once, and for ever.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use super::day::{self, Memory, Morning, Rows, STEPS, Shape, morning, rows, shape};
use super::disk::{Call, Disk, Fault, Trouble};
use super::is_long;

const EIO: Trouble = Trouble::Error(5);
const EINTR: Trouble = Trouble::Error(4);
const ENOSPC: Trouble = Trouble::Error(28);

/// What each kind of call may answer.
const TROUBLES: [(Call, &[Trouble]); 5] = [
    (Call::Len, &[EIO]),
    (Call::Read, &[EIO, EINTR, Trouble::Short]),
    (Call::SetLen, &[EIO, ENOSPC, EINTR]),
    (Call::Sync, &[EIO, ENOSPC, EINTR, Trouble::Forgets]),
    (Call::Write, &[EIO, ENOSPC, EINTR, Trouble::Short]),
];

/// What became of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The file was not opened, and was as before.
    NotOpened,
    /// From a step on everything was refused, and that step had left nothing.
    Refused,
    /// The same, but that step was there in whole, as nobody could know.
    RefusedYetKept,
    /// Nobody noticed.
    Harmless,
}

/// A row of the table that is printed.
#[derive(Default)]
struct Row {
    tried: usize,
    outcomes: BTreeMap<Outcome, usize>,
}

/// A day without trouble: what each step changes, and how often the storage is asked.
struct Ordinary {
    shapes: Vec<Shape>,
    calls: BTreeMap<Call, usize>,
}

fn ordinary(memory: Memory) -> &'static Ordinary {
    static AMPLE: OnceLock<Ordinary> = OnceLock::new();
    static NONE: OnceLock<Ordinary> = OnceLock::new();
    let ordinary = if memory == Memory::Ample { &AMPLE } else { &NONE };
    ordinary.get_or_init(|| std::thread::spawn(move || runtime().block_on(measured(memory))).join().unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

async fn measured(memory: Memory) -> Ordinary {
    let disk = Disk::of(morning().bytes.clone());
    let app = day::app(day::open_with(disk.clone(), memory).unwrap());
    let (mut shapes, mut before) = (Vec::new(), disk.aside(|| rows(&app.store)).unwrap());
    for number in 0..STEPS {
        let commits = app.store.stats().commits;
        morning().step(&app, number).await.unwrap();
        assert_eq!(app.store.stats().commits, commits + 1, "step {number} is one commit");
        let after = disk.aside(|| rows(&app.store)).unwrap();
        shapes.push(shape(&before, &after));
        before = after;
    }
    assert!(shapes.iter().any(|shape| shape.len() >= 4), "a step changes several tables at once: {shapes:?}");
    drop(app);
    Ordinary { shapes, calls: disk.calls() }
}

/// What the file must hold afterwards.
struct Expected {
    acknowledged: Rows,
    /// What the step that failed would have changed.
    in_flight: Shape,
}

impl Expected {
    fn found_in(&self, bytes: Vec<u8>, what: &str) -> bool {
        let store = day::open(Disk::of(bytes)).unwrap_or_else(|error| panic!("{what}: it does not open: {error}"));
        let found = rows(&store).unwrap_or_else(|error| panic!("{what}: it cannot be read: {error}"));
        let differs = shape(&self.acknowledged, &found);
        assert!(differs.is_empty() || differs == self.in_flight, "{what}: {differs:?}, not {:?}", self.in_flight);
        !differs.is_empty()
    }
}

/// Lives a day on a disk with this fault, and looks at what is left of it.
async fn lived(morning: &Morning, memory: Memory, fault: Fault) -> Outcome {
    let what = format!("{fault:?}, memory {memory:?}");
    let disk = Disk::failing(morning.bytes.clone(), fault);
    let before = rows(&day::open(Disk::of(morning.bytes.clone())).unwrap()).unwrap();
    let mut expected = Expected { acknowledged: before, in_flight: Shape::new() };
    let Ok(store) = day::open_with(disk.clone(), memory) else {
        assert!(disk.has_failed(), "{what}: refused for no reason");
        assert!(
            !expected.found_in(disk.after_a_kill(), &what) && !expected.found_in(disk.after_a_power_failure(), &what)
        );
        return Outcome::NotOpened;
    };
    let app = day::app(store);
    let mut refused = false;
    for (number, in_flight) in ordinary(memory).shapes.iter().enumerate() {
        let done = morning.step(&app, number).await;
        assert!(!(refused && done.is_ok()), "{what}: step {number} was taken after the disk had refused something");
        if done.is_err() && !refused {
            assert!(disk.has_failed(), "{what}: {done:?}");
            assert!(!app.store.can_commit() && app.store.ails(), "{what}: it would go on after {done:?}");
            (refused, expected.in_flight) = (true, in_flight.clone());
        }
        if done.is_ok() {
            expected.acknowledged = disk.aside(|| rows(&app.store)).unwrap();
        }
    }
    if refused && fault.call != Call::Read && memory == Memory::Ample {
        // What was read before is still there to be read.
        assert_eq!(rows(&app.store).unwrap(), expected.acknowledged, "{what}");
    }
    let killed = disk.after_a_kill();
    let dark = disk.after_a_power_failure();
    drop(app);
    let kept = [killed, dark].map(|bytes| expected.found_in(bytes, &what));
    match (refused, kept.contains(&true)) {
        (false, _) => Outcome::Harmless,
        (true, false) => Outcome::Refused,
        (true, true) => Outcome::RefusedYetKept,
    }
}

#[test]
fn a_call_that_fails_is_told_stops_writing_and_costs_nothing_that_was_answered() {
    tried(Memory::Ample, &TROUBLES);
}

#[test]
fn a_read_that_fails_on_the_day_is_told_and_nothing_is_made_up() {
    tried(Memory::None, &TROUBLES[1..2]);
}

/// Lives a day for every fault, and prints what came of them.
fn tried(memory: Memory, troubles: &[(Call, &[Trouble])]) {
    let mut table: BTreeMap<(Call, Trouble, bool), Row> = BTreeMap::new();
    for &(call, troubles) in troubles {
        let most = ordinary(memory).calls[&call];
        for (&trouble, for_ever) in troubles.iter().flat_map(|trouble| [(trouble, false), (trouble, true)]) {
            // A few of each in the ordinary run, and not always the same ones for every trouble.
            let every = if is_long() { 1 } else { most.div_ceil(12) };
            let first = 1 + table.len() % every;
            for nth in (first..=most).step_by(every) {
                let outcome = runtime().block_on(lived(morning(), memory, Fault { call, nth, trouble, for_ever }));
                let row = table.entry((call, trouble, for_ever)).or_default();
                row.tried += 1;
                *row.outcomes.entry(outcome).or_default() += 1;
            }
        }
    }
    println!("{:<8}{:<12}{:<10}{:>6}  outcome, memory {memory:?}", "call", "fault", "", "tried");
    let mut refused = 0;
    for ((call, trouble, for_ever), Row { tried, outcomes }) in &table {
        let trouble = match trouble {
            Trouble::Error(4) => "EINTR".to_owned(),
            Trouble::Error(28) => "ENOSPC".to_owned(),
            Trouble::Error(_) => "EIO".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        };
        let often = if *for_ever { "for ever" } else { "once" };
        println!("{:<8}{trouble:<12}{often:<10}{tried:>6}  {outcomes:?}", format!("{call:?}"));
        refused += outcomes.get(&Outcome::Refused).unwrap_or(&0);
    }
    assert!(refused > 0, "no fault was ever noticed");
}

#[test]
fn a_sync_that_lies_costs_at_most_what_it_lied_about() {
    let most = ordinary(Memory::Ample).calls[&Call::Sync];
    let (mut tried, mut behind) = (0, 0);
    for nth in 1..=most {
        let fault = Fault { call: Call::Sync, nth, trouble: Trouble::Lies, for_ever: false };
        behind += usize::from(runtime().block_on(darkness_after_the_lie(fault)));
        tried += 1;
    }
    println!(
        "sync    lies        once      {tried:>6}  opened as it was {behind} times one answer earlier, else with all of them"
    );
}

/// Lets the power go after the step that was lied to. Answers whether its change is gone.
async fn darkness_after_the_lie(fault: Fault) -> bool {
    let disk = Disk::failing(morning().bytes.clone(), fault);
    let app = day::app(day::open(disk.clone()).unwrap());
    let mut states = vec![disk.aside(|| rows(&app.store)).unwrap()];
    for number in 0..STEPS {
        if disk.has_failed() {
            break;
        }
        morning().step(&app, number).await.unwrap();
        states.push(disk.aside(|| rows(&app.store)).unwrap());
    }
    let found = rows(&day::open(Disk::of(disk.after_a_power_failure())).unwrap()).unwrap();
    let place = states.iter().rposition(|state| *state == found).expect("a state that was answered, and a whole one");
    assert!(place + 2 >= states.len(), "{fault:?} cost more than one answer");
    place + 1 < states.len()
}

/// Planted: what a store does that leaves the sync out, or a disk that never does what it is told.
async fn lived_without_a_sync() -> (Disk, Rows) {
    let never = Fault { call: Call::Sync, nth: 1, trouble: Trouble::Lies, for_ever: true };
    let disk = Disk::failing(morning().bytes.clone(), never);
    let app = day::app(day::open(disk.clone()).unwrap());
    for number in 0..STEPS {
        morning().step(&app, number).await.unwrap();
    }
    let acknowledged = rows(&app.store).unwrap();
    (disk, acknowledged)
}

#[test]
fn a_sync_that_is_left_out_is_found() {
    let (disk, acknowledged) = runtime().block_on(lived_without_a_sync());
    let expected = Expected { acknowledged, in_flight: Shape::new() };
    assert!(!expected.found_in(disk.after_a_kill(), "killed"), "a kill costs nothing");
    let dark = catch_unwind(AssertUnwindSafe(|| expected.found_in(disk.after_a_power_failure(), "dark")));
    let said = dark.expect_err("a power failure costs all of the day");
    let said = said.downcast_ref::<String>().expect("in words");
    assert!(said.contains("dark") && said.contains("habits"), "{said}");
}
