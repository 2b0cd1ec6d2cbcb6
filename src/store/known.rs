//! Habits as they were last decoded: a page is shown far more often than a habit is changed, and a tick changes none.
//!
//! A look at the file is given what is known only when no commit has concerned the person's habits between the moment
//! they were read and now, nor since the look began: then they are what it would read. See [`super::recency`].
//!
//! Memory is bounded: at most [`MOST`] habits, in two generations. When the younger is full, the older goes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::recency::{Moment, Recency};
use crate::domain::{AccountId, Habit};

/// Some 6 MB, when everybody has a few lines to say about each.
const MOST: usize = 16_384;

/// What is known of everybody. Only the store makes one and looks into it.
pub struct Known {
    recency: Arc<Recency>,
    generations: Mutex<Generations>,
}

type People = HashMap<AccountId, (Moment, Arc<[Habit]>)>;

#[derive(Default)]
struct Generations {
    younger: People,
    older: People,
    /// How many habits the younger one holds.
    habits: usize,
}

impl Known {
    pub(super) fn new(recency: Arc<Recency>) -> Self {
        Self { recency, generations: Mutex::default() }
    }

    /// All habits of a person, for a look that began after `moment`.
    pub(super) fn habits(&self, person: AccountId, moment: Moment) -> Option<Arc<[Habit]>> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, habits) = generations.find(person)?;
        self.recency.has_the_same_habits(person, read.min(moment)).then_some(habits)
    }

    /// Keeps what a look that began after `moment` has decoded.
    pub(super) fn keep(&self, person: AccountId, moment: Moment, habits: &[Habit]) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.keep(person, (moment, habits.into()));
    }
}

impl Generations {
    fn find(&mut self, person: AccountId) -> Option<(Moment, Arc<[Habit]>)> {
        if let Some(found) = self.younger.get(&person) {
            return Some(found.clone());
        }
        let found = self.older.remove(&person)?;
        self.keep(person, found.clone());
        Some(found)
    }

    fn keep(&mut self, person: AccountId, what: (Moment, Arc<[Habit]>)) {
        self.habits += what.1.len() + 1;
        if let Some((_, before)) = self.younger.insert(person, what) {
            self.habits -= before.len() + 1;
        }
        if self.habits > MOST / 2 {
            self.older = std::mem::take(&mut self.younger);
            self.habits = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::record::Key;
    use super::super::schema::{COMPLETIONS, HABITS};
    use super::*;
    use crate::domain::habit::Plan;
    use crate::domain::{Day, HabitId, ReminderTimes, Title, Weekdays};

    fn person(number: u16) -> AccountId {
        let [a, b] = number.to_be_bytes();
        AccountId::mint(Timestamp::UNIX_EPOCH, [0, 0, 0, 0, 0, 0, 0, 0, a, b])
    }

    fn habits(count: usize) -> Vec<Habit> {
        let plan = Plan {
            title: Title::parse("Read").unwrap(),
            description: None,
            weekdays: Weekdays::ALL,
            reminder_times: ReminderTimes::default(),
        };
        let id = HabitId::mint(Timestamp::UNIX_EPOCH, [0; 10]);
        let day = Day::parse("2026-02-12").unwrap();
        vec![Habit::new(id, plan, 0, day, Timestamp::UNIX_EPOCH); count]
    }

    #[test]
    fn habits_are_known_until_a_commit_changes_one_and_ticks_change_none() {
        let recency = Arc::new(Recency::default());
        let known = Known::new(Arc::clone(&recency));
        let began = recency.now();
        known.keep(person(1), began, &habits(3));
        let row = (person(1), HabitId::mint(Timestamp::UNIX_EPOCH, [0; 10])).encode();
        recency.next().changes(COMPLETIONS.name(), &row);
        assert_eq!(known.habits(person(1), recency.now()).map(|habits| habits.len()), Some(3));
        assert!(known.habits(person(2), recency.now()).is_none());

        let next = recency.next();
        next.changes(HABITS.name(), &row);
        assert!(known.habits(person(1), recency.now()).is_none(), "a commit is being made");
        drop(next);
        let after = recency.now();
        assert!(known.habits(person(1), after).is_none());
        known.keep(person(1), after, &habits(4));
        assert_eq!(known.habits(person(1), after).map(|habits| habits.len()), Some(4));
        assert!(known.habits(person(1), began).is_none(), "a look that began before the change is shown nothing newer");
    }

    #[test]
    fn what_is_known_is_bounded_and_who_comes_again_stays() {
        let recency = Arc::new(Recency::default());
        let known = Known::new(Arc::clone(&recency));
        for number in 0..3_000 {
            known.keep(person(number), recency.now(), &habits(10));
            assert!(known.habits(person(0), recency.now()).is_some(), "{number}");
        }
        let generations = known.generations.lock().unwrap();
        let held = generations.younger.values().chain(generations.older.values());
        assert!(held.map(|(_, habits)| habits.len()).sum::<usize>() <= MOST + 10);
        assert!(generations.younger.len() + generations.older.len() > 700);
    }
}
