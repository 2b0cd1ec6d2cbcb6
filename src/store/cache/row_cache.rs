//! Decoded habits, accounts and sessions. Every request reads an account and its session, every page reads habits, and few
//! requests change one.
//!
//! A read is given a cached value only if no commit changed such a row between the read that cached it and now, nor since the
//! reading transaction began: then it is what would be read. See `ChangeTracker`. What follows from a value, such as whether
//! a session has expired or an account is disabled, is decided by each caller anew.
//!
//! Memory is bounded, by the number of habits, accounts and sessions.

use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

use super::lru::WeightedLru;
use crate::domain::accounts::session::Session;
use crate::domain::{Account, AccountId, Habit};
use crate::store::engine::change_tracker::{ChangeTracker, CommitSeq};
use crate::store::engine::codec::RowKey;
use crate::store::tables::schema::{ACCOUNTS, HABITS, SESSIONS, TokenHash};

/// The habits of some hundreds of people: 3 MB when each has a description of a few lines.
const MAX_HABITS: usize = 8_192;
/// How many accounts, and how many sessions: a megabyte.
const MAX_ACCOUNTS: usize = 1_024;

/// A cached value, and the commit up to which everything was visible to the read that decoded it.
type Cached<K, V> = Mutex<WeightedLru<K, (CommitSeq, V)>>;

/// The decoded rows of a store. The code of the tables reads and fills it.
pub struct RowCache {
    tracker: Arc<ChangeTracker>,
    habits: Cached<AccountId, Arc<[Habit]>>,
    accounts: Cached<AccountId, Arc<Account>>,
    sessions: Cached<TokenHash, Arc<Session>>,
}

impl RowCache {
    pub(in crate::store) fn new(tracker: Arc<ChangeTracker>) -> Self {
        Self {
            tracker,
            habits: Mutex::new(WeightedLru::new(MAX_HABITS)),
            accounts: Mutex::new(WeightedLru::new(MAX_ACCOUNTS)),
            sessions: Mutex::new(WeightedLru::new(MAX_ACCOUNTS)),
        }
    }

    /// All habits of an account, for a read that began after `commit_seq`.
    pub(in crate::store) fn get_habits(&self, account: AccountId, commit_seq: CommitSeq) -> Option<Arc<[Habit]>> {
        self.find(&self.habits, HABITS.name(), account, commit_seq)
    }

    /// Caches the habits that a read which began after `commit_seq` has decoded.
    pub(in crate::store) fn insert_habits(&self, account: AccountId, commit_seq: CommitSeq, habits: &[Habit]) {
        self.habits.lock().insert(account, (commit_seq, habits.into()), habits.len() + 1);
    }

    pub(in crate::store) fn get_account(&self, account: AccountId, commit_seq: CommitSeq) -> Option<Arc<Account>> {
        self.find(&self.accounts, ACCOUNTS.name(), account, commit_seq)
    }

    pub(in crate::store) fn insert_account(&self, commit_seq: CommitSeq, account: &Arc<Account>) {
        self.accounts.lock().insert(account.id, (commit_seq, Arc::clone(account)), 1);
    }

    pub(in crate::store) fn get_session(&self, token: TokenHash, commit_seq: CommitSeq) -> Option<Arc<Session>> {
        self.find(&self.sessions, SESSIONS.name(), token, commit_seq)
    }

    pub(in crate::store) fn insert_session(&self, token: TokenHash, commit_seq: CommitSeq, session: &Arc<Session>) {
        self.sessions.lock().insert(token, (commit_seq, Arc::clone(session)), 1);
    }

    fn find<K: RowKey + Hash + Eq + Copy, V: Clone>(
        &self,
        cached: &Cached<K, V>,
        table: &str,
        key: K,
        commit_seq: CommitSeq,
    ) -> Option<V> {
        let (cached_at, value) = cached.lock().get(key)?;
        self.tracker.is_unchanged(table, &key.encode(), cached_at.min(commit_seq)).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::habits::habit::HabitPlan;
    use crate::domain::{Day, HabitId, Title, Weekdays};
    use crate::store::tables::schema::{COMPLETIONS, WATCHED_TABLES};

    fn account(number: u16) -> AccountId {
        let [a, b] = number.to_be_bytes();
        AccountId::generate(Timestamp::UNIX_EPOCH, [0, 0, 0, 0, 0, 0, 0, 0, a, b])
    }

    fn habits(count: usize) -> Vec<Habit> {
        let plan = HabitPlan::new(Title::parse("Read").unwrap(), Weekdays::ALL);
        let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10]);
        let day = Day::parse("2026-02-12").unwrap();
        vec![Habit::new(id, plan, 0, day, Timestamp::UNIX_EPOCH); count]
    }

    #[test]
    fn cached_habits_are_valid_until_a_habit_changes_and_completions_change_none() {
        let tracker = Arc::new(ChangeTracker::new(&WATCHED_TABLES));
        let cache = RowCache::new(Arc::clone(&tracker));
        let began = tracker.current();
        cache.insert_habits(account(1), began, &habits(3));
        let row = (account(1), HabitId::generate(Timestamp::UNIX_EPOCH, [0; 10])).encode();
        tracker.begin_commit().mark_row(COMPLETIONS.name(), &row);
        assert_eq!(cache.get_habits(account(1), tracker.current()).map(|habits| habits.len()), Some(3));
        assert!(cache.get_habits(account(2), tracker.current()).is_none());

        let commit = tracker.begin_commit();
        commit.mark_row(HABITS.name(), &row);
        assert!(cache.get_habits(account(1), tracker.current()).is_none(), "during the commit");
        drop(commit);
        let after = tracker.current();
        assert!(cache.get_habits(account(1), after).is_none());
        cache.insert_habits(account(1), after, &habits(4));
        assert_eq!(cache.get_habits(account(1), after).map(|habits| habits.len()), Some(4));
        assert!(cache.get_habits(account(1), began).is_none(), "a read that began before the change must not see it");
    }

    #[test]
    fn memory_is_bounded_and_the_habits_of_an_active_account_stay() {
        let tracker = Arc::new(ChangeTracker::new(&WATCHED_TABLES));
        let cache = RowCache::new(Arc::clone(&tracker));
        for number in 0..3_000 {
            cache.insert_habits(account(number), tracker.current(), &habits(10));
            assert!(cache.get_habits(account(0), tracker.current()).is_some(), "{number}");
        }
        let accounts = cache.habits.lock().len();
        assert!(accounts * 10 <= MAX_HABITS + 10 && accounts > 350, "{accounts} accounts");
    }
}
