//! Overwriting free pages: what happens to the writes of a transaction that allocates every free page and is then aborted.
//!
//! Only redb knows which pages of a file are free, and it doesn't say. But it buffers no more than half of its cache, so it
//! writes the pages of a large transaction to the file before the transaction ends. `super::free_pages` therefore fills all
//! free space with rows that carry [`MARKER`], and this filter below redb sees where they go: those pages are overwritten with
//! zeros. The transaction is aborted, so the only bytes of the file that change are those that belong to nothing.
//!
//! Meanwhile the file doesn't grow: redb is told that it did, and what it writes past the end is dropped.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// The beginning of every key of a filler row. No other page that redb writes meanwhile contains it: the transaction changes
/// nothing else, and the pages of earlier commits were written before it began.
pub(super) const MARKER: &[u8; 16] = b"atlas-free-page-";
/// The beginning of every value of a filler row, so that a leaf can be told from a branch.
pub(super) const LEAF_MARKER: &[u8; 16] = b"-atlas-free-leaf";

/// Pages are overwritten with this.
const ZEROS: [u8; 4_096] = [0; 4_096];
/// How many leaves can be read again; redb looks at the last one when it adds the next.
const KEPT_LEAVES: usize = 256;
/// How much of a leaf is kept: its header and its only key.
const KEPT_BYTES: usize = 64;
/// The header, the key, and the beginning of the value.
const LEAF_HEAD_BYTES: usize = 128;

/// Filters what redb writes while it is active.
#[derive(Debug, Default)]
pub(super) struct PageEraser {
    is_active: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The length of the file.
    length: u64,
    /// The length that redb was told.
    claimed_length: u64,
    /// How many pages may still be overwritten.
    budget: u64,
    seen: SeenPages,
    /// The beginnings of the last leaves, by offset.
    leaves: VecDeque<(u64, Vec<u8>)>,
    /// All other pages that were not written as they are, by offset.
    branches: BTreeMap<u64, Vec<u8>>,
}

/// What was seen since the filter was activated.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct SeenPages {
    /// Leaves of filler rows inside the file.
    pub(super) leaves: u64,
    /// Pages that were overwritten.
    pub(super) erased: u64,
    /// Pages that were not overwritten, because the budget was spent or a write failed.
    pub(super) skipped: u64,
}

/// The file, without the filter.
pub(super) trait RawFile {
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;
}

impl PageEraser {
    /// Activates the filter for a file of `length` bytes. At most `budget` pages are overwritten.
    pub(super) fn start(&self, length: u64, budget: u64) {
        *self.state.lock() = State { length, claimed_length: length, budget, ..State::default() };
        self.is_active.store(true, Ordering::Release);
    }

    /// Deactivates the filter.
    pub(super) fn stop(&self) -> SeenPages {
        self.is_active.store(false, Ordering::Release);
        std::mem::take(&mut *self.state.lock()).seen
    }

    /// What was seen so far.
    pub(super) fn seen(&self) -> SeenPages {
        self.state.lock().seen
    }

    pub(super) fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Acquire)
    }

    /// Whether as many pages were overwritten as may be.
    pub(super) fn has_spent_budget(&self) -> bool {
        self.state.lock().budget == 0
    }

    /// Whether redb needed more space than the file has.
    pub(super) fn has_grown(&self) -> bool {
        let state = self.state.lock();
        state.claimed_length > state.length
    }

    pub(super) fn claimed_length(&self) -> u64 {
        self.state.lock().claimed_length
    }

    pub(super) fn claim_length(&self, length: u64) {
        self.state.lock().claimed_length = length;
    }

    /// Fills `out` with a page that was not written as it is. Returns whether there is one.
    pub(super) fn read(&self, offset: u64, out: &mut [u8]) -> bool {
        let state = self.state.lock();
        let leaf = state.leaves.iter().rev().find(|(at, _)| *at == offset).map(|(_, bytes)| bytes);
        let Some(kept) = leaf.or_else(|| state.branches.get(&offset)) else { return false };
        out.fill(0);
        out.iter_mut().zip(kept).for_each(|(out, byte)| *out = *byte);
        true
    }

    /// Handles a write of `data` at `offset`. Returns false if it is to be made as it is.
    pub(super) fn write(&self, offset: u64, data: &[u8], file: &impl RawFile) -> bool {
        let mut state = self.state.lock();
        let is_inside = offset.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX)) <= state.length;
        // Nearly all pages are leaves, which needn't be searched.
        let begins_as_leaf =
            data.get(..LEAF_HEAD_BYTES).is_some_and(|head| has(head, MARKER) && has(head, LEAF_MARKER));
        if is_inside && !begins_as_leaf && !has(data, MARKER) {
            return false;
        }
        let is_leaf = begins_as_leaf || has(data, LEAF_MARKER);
        if is_inside {
            state.seen.leaves += u64::from(is_leaf);
            state.erase(offset, data.len(), file);
        }
        state.keep(offset, data, is_leaf);
        true
    }
}

fn has(data: &[u8], marker: &[u8]) -> bool {
    data.windows(marker.len()).any(|window| window == marker)
}

impl State {
    /// Overwrites `length` bytes at `offset` with zeros, unless they are zeros: pages that were never used take no space on the
    /// disk, and should not start to. A page that cannot be written stays as it is: that must not stop the store.
    fn erase(&mut self, offset: u64, length: usize, file: &impl RawFile) {
        let mut found = vec![0; length];
        if file.read(offset, &mut found).is_ok() && found.iter().all(|byte| *byte == 0) {
            return;
        }
        let mut pieces = found.chunks(ZEROS.len()).zip((offset..).step_by(ZEROS.len()));
        let write = |(piece, at): (&[u8], u64)| file.write(at, ZEROS.get(..piece.len())?).ok();
        if self.budget > 0 && pieces.all(|piece| write(piece).is_some()) {
            self.budget -= 1;
            self.seen.erased += 1;
        } else {
            self.seen.skipped += 1;
        }
    }

    /// Keeps what redb may read again of a page.
    fn keep(&mut self, offset: u64, data: &[u8], is_leaf: bool) {
        if is_leaf {
            self.branches.remove(&offset);
            if self.leaves.len() == KEPT_LEAVES {
                self.leaves.pop_front();
            }
            self.leaves.push_back((offset, data.iter().take(KEPT_BYTES).copied().collect()));
        } else {
            self.leaves.retain(|(at, _)| *at != offset);
            self.branches.insert(offset, data.to_vec());
        }
    }
}
