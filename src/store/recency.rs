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

use super::schema::{ACCOUNTS, COMPLETIONS, HABITS};
use crate::domain::AccountId;

/// The tables of what a person is, keeps and did. Their keys begin with whose row it is.
const PERSONAL: [&str; 3] = [ACCOUNTS.name(), HABITS.name(), COMPLETIONS.name()];

/// A quarter of a megabyte. Of two people one in so many shares a place.
const SHARES: usize = 16_384;

/// A moment between two commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(u64);

/// When whom something concerned last.
pub(super) struct Recency {
    now: AtomicU64,
    everybody: AtomicU64,
    people: Box<[Place]>,
}

/// The last commits that concerned somebody, by what they changed.
#[derive(Default)]
struct Place {
    anything: AtomicU64,
    habits: AtomicU64,
}

impl Default for Recency {
    fn default() -> Self {
        let people = std::iter::repeat_with(Place::default).take(SHARES).collect();
        Self { now: AtomicU64::new(0), everybody: AtomicU64::new(0), people }
    }
}

impl Recency {
    /// The present moment.
    pub(super) fn now(&self) -> Moment {
        Moment(self.now.load(Ordering::SeqCst))
    }

    /// Whether nothing concerned this person since.
    pub(super) fn is_unchanged(&self, person: AccountId, since: Moment) -> bool {
        self.is_older(person, since, |place| &place.anything)
    }

    /// Whether no habit of this person was changed since.
    pub(super) fn has_the_same_habits(&self, person: AccountId, since: Moment) -> bool {
        self.is_older(person, since, |place| &place.habits)
    }

    fn is_older(&self, person: AccountId, since: Moment, what: impl Fn(&Place) -> &AtomicU64) -> bool {
        let last = self.place(&person.to_bytes()).map_or(u64::MAX, |place| what(place).load(Ordering::SeqCst));
        last.max(self.everybody.load(Ordering::SeqCst)) <= since.0
    }

    /// A commit that is about to be made. There is one at a time: the writer's.
    pub(super) fn next(&self) -> Next<'_> {
        Next { recency: self, number: self.now.load(Ordering::SeqCst) + 1 }
    }

    fn place(&self, key: &[u8]) -> Option<&Place> {
        // Ids of one moment differ in their last bytes, which are random.
        let (_, last) = key.get(..16)?.split_last_chunk::<4>()?;
        self.people.get(usize::try_from(u32::from_le_bytes(*last)).ok()? % SHARES)
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
        if PERSONAL.contains(&table)
            && let Some(place) = self.recency.place(key)
        {
            place.anything.store(self.number, Ordering::SeqCst);
            if table == HABITS.name() {
                place.habits.store(self.number, Ordering::SeqCst);
            }
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
        assert!(recency.is_unchanged(person(1), read));
        recency.next().changes_everything();
        assert!(!recency.is_unchanged(person(1), read) && recency.is_unchanged(person(1), recency.now()));
    }
}
