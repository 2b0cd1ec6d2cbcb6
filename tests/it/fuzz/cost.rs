//! What reading an input may cost, whatever it says: memory and work in proportion to its length.
//!
//! Counted are the bytes and the pieces that this thread asks the allocator for, which is the same on every machine. What
//! computes without end and asks for nothing is found by the processor time of this thread; clocks on walls say nothing.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What an input of a kind may cost: so much, and so much more for each of its bytes.
#[derive(Debug, Clone, Copy)]
struct Allowed {
    /// Most bytes held at a time.
    held: (u64, u64),
    /// Most pieces of memory that are asked for, one after the other.
    pieces: (u64, u64),
}

/// Most processor time in seconds; no input of at most 80 kB takes a tenth of it, unoptimised.
const SECONDS: u64 = 10;

/// By kind. Most of it is not the parser's: a request is sent, answered as a page and read again; a data file is opened with the
/// storage engine's own tables.
fn allowed(kind: &str) -> Allowed {
    const KB: u64 = 1024;
    match kind {
        // The estimate of a password's strength loads its dictionaries when it is first asked.
        "text" => Allowed { held: (8_192 * KB, 160), pieces: (16_000, 16) },
        // A file is opened with the engine's tables, a store's own, and where the engine panics the words about it.
        "header" => Allowed { held: (2_048 * KB, 160), pieces: (16_000, 16) },
        // Seven requests at once, and pages of as many habits as one may keep.
        "form" => Allowed { held: (2_048 * KB, 160), pieces: (60_000, 16) },
        _ => Allowed { held: (768 * KB, 160), pieces: (16_000, 16) },
    }
}

/// The processor time of this thread, in hundredths of a second.
fn spent() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
    // The name may hold blanks; it ends with a bracket.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

/// Tries an input, and holds its cost to what is allowed.
pub fn bounded(kind: &str, input: &[u8], tries: impl FnOnce()) {
    let before = spent();
    // What is measured comes to its end in every case: the counters do not get over a panic.
    let mut ended = Ok(());
    let cost = allocation_counter::measure(|| ended = catch_unwind(AssertUnwindSafe(tries)));
    ended.unwrap_or_else(|panic| resume_unwind(panic));
    let seconds = (spent() - before) / 100;
    let length = input.len() as u64;
    let Allowed { held, pieces } = allowed(kind);
    let most = |(some, per_byte): (u64, u64)| some + per_byte * length;
    assert!(cost.bytes_max <= most(held), "{kind}: {length} bytes took {} bytes of memory", cost.bytes_max);
    assert!(cost.count_total <= most(pieces), "{kind}: {length} bytes took {} pieces of memory", cost.count_total);
    assert!(seconds <= SECONDS, "{kind}: {length} bytes took {seconds} s");
}

#[test]
fn an_input_that_costs_too_much_is_found() {
    bounded("json", b"{}", || drop(vec![0_u8; 500_000]));
    let held = catch_unwind(|| bounded("json", b"{}", || drop(vec![0_u8; 1_000_000])));
    let pieces = catch_unwind(|| bounded("json", b"{}", || (0..20_000).for_each(|n| drop(vec![n]))));
    for (found, words) in [(held, "bytes of memory"), (pieces, "pieces of memory")] {
        let said = found.expect_err("it is found");
        let said = said.downcast_ref::<String>().expect("in words");
        assert!(said.contains(words), "{said}");
    }
}
