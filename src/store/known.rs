//! What was decoded before: habits, and who is signed in. Every request asks for an account and its session, every page
//! for habits, and hardly any changes one.
//!
//! A look at the file is given what is known only when no commit has changed such a row between the moment it was read and
//! now, nor since the look began: then it is what would be read. See [`super::recency`]. What follows from it, such as
//! whether a session has run out or an account is switched off, is decided anew by whoever asks.
//!
//! Memory is bounded, by numbers of habits and of people, in two generations each. When the younger is full, the older goes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use super::recency::{Moment, Recency};
use super::record::Key;
use super::schema::{ACCOUNTS, HABITS, SESSIONS, TokenHash};
use crate::domain::session::Session;
use crate::domain::{Account, AccountId, Habit};

/// Most habits: those of some hundreds of people, 3 MB when there are a few lines about each.
const MOST_HABITS: usize = 8_192;
/// Most accounts, and most sessions: a megabyte.
const MOST_PEOPLE: usize = 1_024;

/// What is known of everybody. Only the store makes one and looks into it.
pub struct Known {
    recency: Arc<Recency>,
    habits: Mutex<Generations<AccountId, Arc<[Habit]>>>,
    accounts: Mutex<Generations<AccountId, Arc<Account>>>,
    sessions: Mutex<Generations<TokenHash, Arc<Session>>>,
}

impl Known {
    pub(super) fn new(recency: Arc<Recency>) -> Self {
        Self {
            recency,
            habits: Mutex::new(Generations::of(MOST_HABITS)),
            accounts: Mutex::new(Generations::of(MOST_PEOPLE)),
            sessions: Mutex::new(Generations::of(MOST_PEOPLE)),
        }
    }

    /// All habits of a person, for a look that began after `moment`.
    pub(super) fn habits(&self, person: AccountId, moment: Moment) -> Option<Arc<[Habit]>> {
        self.find(&self.habits, HABITS.name(), person, moment)
    }

    /// Keeps what a look that began after `moment` has decoded.
    pub(super) fn keep_habits(&self, person: AccountId, moment: Moment, habits: &[Habit]) {
        keep(&self.habits, person, moment, habits.into(), habits.len() + 1);
    }

    /// The same for an account.
    pub(super) fn account(&self, person: AccountId, moment: Moment) -> Option<Arc<Account>> {
        self.find(&self.accounts, ACCOUNTS.name(), person, moment)
    }

    pub(super) fn keep_account(&self, moment: Moment, account: &Arc<Account>) {
        keep(&self.accounts, account.id, moment, Arc::clone(account), 1);
    }

    /// The same for the session of a token.
    pub(super) fn session(&self, token: TokenHash, moment: Moment) -> Option<Arc<Session>> {
        self.find(&self.sessions, SESSIONS.name(), token, moment)
    }

    pub(super) fn keep_session(&self, token: TokenHash, moment: Moment, session: &Arc<Session>) {
        keep(&self.sessions, token, moment, Arc::clone(session), 1);
    }

    fn find<K: Key + Hash + Eq + Copy, V: Clone>(
        &self,
        among: &Mutex<Generations<K, V>>,
        table: &str,
        key: K,
        moment: Moment,
    ) -> Option<V> {
        let (read, value) = among.lock().unwrap_or_else(PoisonError::into_inner).find(key)?;
        self.recency.is_same(table, &key.encode(), read.min(moment)).then_some(value)
    }
}

fn keep<K: Hash + Eq + Copy, V: Clone>(
    among: &Mutex<Generations<K, V>>,
    key: K,
    moment: Moment,
    value: V,
    weight: usize,
) {
    among.lock().unwrap_or_else(PoisonError::into_inner).keep(key, Entry { moment, value, weight });
}

#[derive(Clone)]
struct Entry<V> {
    moment: Moment,
    value: V,
    weight: usize,
}

struct Generations<K, V> {
    younger: HashMap<K, Entry<V>>,
    older: HashMap<K, Entry<V>>,
    /// What the younger one weighs, and what it may.
    weight: usize,
    most: usize,
}

impl<K: Hash + Eq + Copy, V: Clone> Generations<K, V> {
    fn of(most: usize) -> Self {
        Self { younger: HashMap::new(), older: HashMap::new(), weight: 0, most: most / 2 }
    }

    fn find(&mut self, key: K) -> Option<(Moment, V)> {
        if let Some(found) = self.younger.get(&key) {
            return Some((found.moment, found.value.clone()));
        }
        let entry = self.older.remove(&key)?;
        let found = (entry.moment, entry.value.clone());
        self.keep(key, entry);
        Some(found)
    }

    fn keep(&mut self, key: K, entry: Entry<V>) {
        self.weight += entry.weight;
        if let Some(before) = self.younger.insert(key, entry) {
            self.weight -= before.weight;
        }
        if self.weight > self.most {
            self.older = std::mem::take(&mut self.younger);
            self.weight = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::schema::COMPLETIONS;
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
        known.keep_habits(person(1), began, &habits(3));
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
        known.keep_habits(person(1), after, &habits(4));
        assert_eq!(known.habits(person(1), after).map(|habits| habits.len()), Some(4));
        assert!(known.habits(person(1), began).is_none(), "a look that began before the change is shown nothing newer");
    }

    #[test]
    fn what_is_known_is_bounded_and_who_comes_again_stays() {
        let recency = Arc::new(Recency::default());
        let known = Known::new(Arc::clone(&recency));
        for number in 0..3_000 {
            known.keep_habits(person(number), recency.now(), &habits(10));
            assert!(known.habits(person(0), recency.now()).is_some(), "{number}");
        }
        let generations = known.habits.lock().unwrap();
        let held = generations.younger.values().chain(generations.older.values());
        assert!(held.map(|entry| entry.value.len()).sum::<usize>() <= MOST_HABITS + 10);
        assert!(generations.younger.len() + generations.older.len() > 350);
    }
}
