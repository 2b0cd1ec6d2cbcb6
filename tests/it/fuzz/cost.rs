//! The cost limit of parsing: memory and work stay proportional to the length of the input.
//!
//! The limits count the bytes and allocations of this thread, which are the same on every machine. CPU time of the
//! thread catches loops that allocate nothing; wall-clock time would be unreliable.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A cost limit; each pair is a base amount and an amount per input byte.
#[derive(Debug, Clone, Copy)]
struct CostLimit {
    /// Peak bytes allocated.
    peak_bytes: (u64, u64),
    /// Total number of allocations.
    allocations: (u64, u64),
}

/// The limit of CPU time. No input of at most 80 kB takes a tenth of it in an unoptimized build.
const MAX_CPU_SECONDS: u64 = 10;

/// Most of the cost is not the parser's: a request is sent, answered with a page and read back; a data file is opened
/// with the tables of the storage engine.
fn cost_limit(kind: &str) -> CostLimit {
    const KB: u64 = 1024;
    match kind {
        // The password strength estimate loads its dictionaries on first use.
        "text" => CostLimit { peak_bytes: (8_192 * KB, 160), allocations: (16_000, 16) },
        // Opening a file allocates the tables of the engine and the store, and a message if the engine panics.
        "header" => CostLimit { peak_bytes: (2_048 * KB, 160), allocations: (16_000, 16) },
        // One input is sent in seven requests, and pages list up to the maximum number of habits.
        "form" => CostLimit { peak_bytes: (2_048 * KB, 160), allocations: (60_000, 16) },
        _ => CostLimit { peak_bytes: (768 * KB, 160), allocations: (16_000, 16) },
    }
}

/// The CPU time of this thread in hundredths of a second.
fn cpu_centiseconds() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
    // The process name may contain spaces; it ends with a parenthesis.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

/// Runs `parse` and asserts that its cost is within the limit of the kind of input.
pub fn assert_cost(kind: &str, input: &[u8], parse: impl FnOnce()) {
    let before = cpu_centiseconds();
    // Panics are caught inside the measurement, because one would corrupt its counters.
    let mut result = Ok(());
    let cost = allocation_counter::measure(|| result = catch_unwind(AssertUnwindSafe(parse)));
    result.unwrap_or_else(|panic| resume_unwind(panic));
    let seconds = (cpu_centiseconds() - before) / 100;
    let length = input.len() as u64;
    let CostLimit { peak_bytes, allocations } = cost_limit(kind);
    let max = |(base, per_byte): (u64, u64)| base + per_byte * length;
    assert!(cost.bytes_max <= max(peak_bytes), "{kind}: {length} bytes took {} bytes of memory", cost.bytes_max);
    assert!(cost.count_total <= max(allocations), "{kind}: {length} bytes took {} allocations", cost.count_total);
    assert!(seconds <= MAX_CPU_SECONDS, "{kind}: {length} bytes took {seconds} s");
}

#[test]
fn an_input_that_costs_too_much_is_detected() {
    assert_cost("json", b"{}", || drop(vec![0_u8; 500_000]));
    let peak = catch_unwind(|| assert_cost("json", b"{}", || drop(vec![0_u8; 1_000_000])));
    let allocations = catch_unwind(|| assert_cost("json", b"{}", || (0..20_000).for_each(|n| drop(vec![n]))));
    for (result, expected) in [(peak, "bytes of memory"), (allocations, "allocations")] {
        let panic = result.expect_err("the cost was not detected");
        let message = panic.downcast_ref::<String>().expect("the panic has a message");
        assert!(message.contains(expected), "{message}");
    }
}
