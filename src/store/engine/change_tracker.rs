//! Which commit last changed an owner's rows, so that cached rows are used until they change and no longer.
//!
//! Commits are numbered. A reader takes the current [`CommitSeq`] before it opens its transaction, so that everything committed
//! up to that number is in what it reads. A cached value is current for as long as `ChangeTracker::is_unchanged` says so.
//!
//! A commit marks the owners it concerns *before* it becomes visible, and its number becomes the current one only afterwards.
//! So a cached value is invalid before any reader can see the change, and stays invalid until it is read again: a reader that
//! has seen a change is never given a value from before it.
//!
//! Memory does not grow with the number of owners: they share `SLOTS_PER_TABLE` slots. An owner whose slot is shared with an
//! owner whose rows change is read again although nothing changed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Two owners share a slot with a probability of one in this number. Each table takes 128 KB.
const SLOTS_PER_TABLE: usize = 16_384;

/// The number of the last commit before a read began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CommitSeq(u64);

/// The last commit that changed each owner's rows in the watched tables.
pub(crate) struct ChangeTracker {
    current: AtomicU64,
    /// The last commit after which everything may be different.
    all_changed: AtomicU64,
    /// By table and slot, the last commit that changed a row there.
    changed: Vec<Box<[AtomicU64]>>,
    watched: &'static [&'static str],
}

impl ChangeTracker {
    /// A tracker of these tables. Their keys begin with at least sixteen bytes that identify the owner of the row.
    pub(crate) fn new(watched: &'static [&'static str]) -> Self {
        let slots = |_: &&str| std::iter::repeat_with(AtomicU64::default).take(SLOTS_PER_TABLE).collect();
        Self {
            current: AtomicU64::new(0),
            all_changed: AtomicU64::new(0),
            changed: watched.iter().map(slots).collect(),
            watched,
        }
    }

    /// The number of the last commit: everything up to it is in what is read from now on.
    pub(crate) fn current(&self) -> CommitSeq {
        CommitSeq(self.current.load(Ordering::SeqCst))
    }

    /// Whether no row of the table with this owner's key prefix changed since. Always false for a table that is not watched.
    pub(crate) fn is_unchanged(&self, table: &str, key: &[u8], since: CommitSeq) -> bool {
        let changed = self.slot(table, key).map_or(u64::MAX, |slot| slot.load(Ordering::SeqCst));
        changed.max(self.all_changed.load(Ordering::SeqCst)) <= since.0
    }

    /// Starts a commit. There is one at a time: the writer's.
    pub(crate) fn begin_commit(&self) -> PendingCommit<'_> {
        PendingCommit { tracker: self, number: self.current.load(Ordering::SeqCst) + 1 }
    }

    fn slot(&self, table: &str, key: &[u8]) -> Option<&AtomicU64> {
        let table = self.watched.iter().position(|watched| *watched == table)?;
        // Ids that were generated in the same millisecond differ in their last bytes, which are random.
        let (_, last) = key.get(..16)?.split_last_chunk::<4>()?;
        self.changed.get(table)?.get(usize::try_from(u32::from_le_bytes(*last)).ok()? % SLOTS_PER_TABLE)
    }
}

/// A commit in progress. Its number becomes the current one when this is dropped, whether the commit succeeded or not.
pub(crate) struct PendingCommit<'a> {
    tracker: &'a ChangeTracker,
    number: u64,
}

impl PendingCommit<'_> {
    /// Marks the owner of a row as changed.
    pub(crate) fn mark_row(&self, table: &str, key: &[u8]) {
        if let Some(slot) = self.tracker.slot(table, key) {
            slot.store(self.number, Ordering::SeqCst);
        }
    }

    /// Marks every row as changed.
    pub(crate) fn mark_all(&self) {
        self.tracker.all_changed.store(self.number, Ordering::SeqCst);
    }
}

impl Drop for PendingCommit<'_> {
    fn drop(&mut self) {
        self.tracker.current.store(self.number, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATCHED: [&str; 2] = ["accounts", "completions"];

    fn owner(number: u8) -> [u8; 16] {
        [number; 16]
    }

    fn is_unchanged(tracker: &ChangeTracker, owner: [u8; 16], since: CommitSeq) -> bool {
        WATCHED.iter().all(|table| tracker.is_unchanged(table, &owner, since))
    }

    #[test]
    fn a_cached_row_is_valid_until_a_commit_changes_a_row_of_its_owner() {
        let tracker = ChangeTracker::new(&WATCHED);
        let (ada, bela) = (owner(1), owner(2));
        let read = tracker.current();
        assert!(is_unchanged(&tracker, ada, read));

        let commit = tracker.begin_commit();
        commit.mark_row("completions", &[ada.as_slice(), &[7, 234]].concat());
        assert!(!is_unchanged(&tracker, ada, read), "before the commit is visible");
        let meanwhile = tracker.current();
        assert!(!is_unchanged(&tracker, ada, meanwhile), "read during the commit, with or without the change");
        drop(commit);
        assert!(!is_unchanged(&tracker, ada, meanwhile));
        assert!(is_unchanged(&tracker, ada, tracker.current()) && is_unchanged(&tracker, bela, read));
    }

    #[test]
    fn unwatched_tables_change_nothing_and_another_file_changes_everything() {
        let tracker = ChangeTracker::new(&WATCHED);
        let read = tracker.current();
        tracker.begin_commit().mark_row("sessions", &owner(1));
        tracker.begin_commit().mark_row("audit", &owner(1));
        assert!(is_unchanged(&tracker, owner(1), read));
        tracker.begin_commit().mark_all();
        assert!(!is_unchanged(&tracker, owner(1), read) && is_unchanged(&tracker, owner(1), tracker.current()));
    }
}
