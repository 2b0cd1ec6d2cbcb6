//! Which commit last concerned whom, so that what was read before can be kept until it changes, and not a moment longer.
//!
//! Commits are numbered. Whoever reads takes the [`Moment`] first: everything committed up to it is in what is read
//! afterwards. What was read is as good as new for as long as [`Store::is_unchanged`](super::Store::is_unchanged) says so.
//!
//! The number of a commit is written down for everybody it concerns *before* it is visible, and becomes the present
//! moment only after. So what is kept counts for nothing from before anybody can see the change, until it was read
//! again; nobody who has seen a change is shown what was before it.
//!
//! Memory is the same however many people there are: they share [`SHARES`] places. Whoever shares a place with somebody
//! whose data changes reads anew for nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use super::schema::{ACCOUNTS, COMPLETIONS, HABITS, SESSIONS};
use crate::domain::AccountId;

/// The tables that are watched. Their keys begin with sixteen bytes or more that say whose row it is: an account's id, or
/// the hash of a session's token.
const WATCHED: [&str; 4] = [ACCOUNTS.name(), HABITS.name(), COMPLETIONS.name(), SESSIONS.name()];

/// Of two people one in so many shares a place. Each table takes 128 KB for them.
const SHARES: usize = 16_384;

/// A moment between two commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(u64);

/// When whom something concerned last.
pub(super) struct Recency {
    now: AtomicU64,
    everybody: AtomicU64,
    /// By table and place, the last commit that changed a row there.
    last: [Box<[AtomicU64]>; WATCHED.len()],
}

impl Default for Recency {
    fn default() -> Self {
        let places = |_| std::iter::repeat_with(AtomicU64::default).take(SHARES).collect();
        Self { now: AtomicU64::new(0), everybody: AtomicU64::new(0), last: std::array::from_fn(places) }
    }
}

impl Recency {
    /// The present moment.
    pub(super) fn now(&self) -> Moment {
        Moment(self.now.load(Ordering::SeqCst))
    }

    /// Whether nothing that this person is, keeps or did was changed since.
    pub(super) fn is_unchanged(&self, person: AccountId, since: Moment) -> bool {
        let key = person.to_bytes();
        [ACCOUNTS.name(), HABITS.name(), COMPLETIONS.name()].iter().all(|table| self.is_same(table, &key, since))
    }

    /// Whether no row of that table whose key begins like this was changed since.
    pub(super) fn is_same(&self, table: &str, key: &[u8], since: Moment) -> bool {
        let last = self.place(table, key).map_or(u64::MAX, |place| place.load(Ordering::SeqCst));
        last.max(self.everybody.load(Ordering::SeqCst)) <= since.0
    }

    /// A commit that is about to be made. There is one at a time: the writer's.
    pub(super) fn next(&self) -> Next<'_> {
        Next { recency: self, number: self.now.load(Ordering::SeqCst) + 1 }
    }

    fn place(&self, table: &str, key: &[u8]) -> Option<&AtomicU64> {
        let table = WATCHED.iter().position(|watched| *watched == table)?;
        // Ids of one moment differ in their last bytes, which are random.
        let (_, last) = key.get(..16)?.split_last_chunk::<4>()?;
        self.last.get(table)?.get(usize::try_from(u32::from_le_bytes(*last)).ok()? % SHARES)
    }
}

/// A commit that is being made. It is the present moment once this is dropped, whether it succeeded or not.
pub(super) struct Next<'a> {
    recency: &'a Recency,
    number: u64,
}

impl Next<'_> {
    /// Notes that a row changes.
    pub(super) fn changes(&self, table: &str, key: &[u8]) {
        if let Some(place) = self.recency.place(table, key) {
            place.store(self.number, Ordering::SeqCst);
        }
    }

    /// Notes that everything may be different.
    pub(super) fn changes_everything(&self) {
        self.recency.everybody.store(self.number, Ordering::SeqCst);
    }
}

impl Drop for Next<'_> {
    fn drop(&mut self) {
        self.recency.now.store(self.number, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::record::Key;
    use super::*;
    use crate::domain::HabitId;

    fn person(number: u8) -> AccountId {
        AccountId::mint(Timestamp::UNIX_EPOCH, [number; 10])
    }

    #[test]
    fn what_was_read_counts_until_a_commit_concerns_its_owner() {
        let recency = Recency::default();
        let (ada, bela) = (person(1), person(2));
        let read = recency.now();
        assert!(recency.is_unchanged(ada, read));

        let next = recency.next();
        let habit = HabitId::mint(Timestamp::UNIX_EPOCH, [0; 10]);
        next.changes(COMPLETIONS.name(), &(ada, 2026_i16, habit).encode());
        assert!(!recency.is_unchanged(ada, read), "from before it can be seen");
        let meanwhile = recency.now();
        assert!(!recency.is_unchanged(ada, meanwhile), "read while it is made: nobody knows what was seen");
        drop(next);
        assert!(!recency.is_unchanged(ada, meanwhile));
        assert!(recency.is_unchanged(ada, recency.now()) && recency.is_unchanged(bela, read));
    }

    #[test]
    fn other_tables_concern_nobody_and_another_file_concerns_everybody() {
        let recency = Recency::default();
        let read = recency.now();
        recency.next().changes("sessions", &person(1).encode());
        recency.next().changes("audit", &person(1).encode());
        assert!(recency.is_unchanged(person(1), read));
        recency.next().changes_everything();
        assert!(!recency.is_unchanged(person(1), read) && recency.is_unchanged(person(1), recency.now()));
    }
}
