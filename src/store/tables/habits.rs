//! The habits of each account.

use crate::domain::habits::habit;
use crate::domain::{Account, AccountId, Habit, HabitId};
use crate::store::cache::row_cache::RowCache;
use crate::store::engine::codec::RowKey;
use crate::store::tables::accounts;
use crate::store::tables::counts::{self, RowCounter};
use crate::store::tables::schema::HABITS;
use crate::store::{Error, PageRequest, ReadTxn, Reader, RowPage, WriteTxn};

/// A habit of `account`, active or archived. The habit of another account is not found.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_habit(txn: &impl Reader, account: AccountId, id: HabitId) -> Result<Option<Habit>, Error> {
    txn.get(&HABITS, &(account, id))
}

/// All habits of `account`, active and archived, in the account's order.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_all(txn: &impl Reader, account: AccountId) -> Result<Vec<Habit>, Error> {
    if let Some(habits) = txn.cache::<RowCache>().and_then(|(cache, seq)| cache.get_habits(account, seq)) {
        return Ok(habits.to_vec());
    }
    let rows = txn.scan_prefix(&HABITS, &account.encode(), usize::MAX)?;
    let mut habits: Vec<Habit> = rows.into_iter().map(|(_, habit)| habit).collect();
    habit::sort_by_position(&mut habits);
    if let Some((cache, seq)) = txn.cache::<RowCache>() {
        cache.insert_habits(account, seq, &habits);
    }
    Ok(habits)
}

/// The active habits of `account`, in the account's order.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_active(txn: &impl Reader, account: AccountId) -> Result<Vec<Habit>, Error> {
    let mut habits = list_all(txn, account)?;
    habits.retain(Habit::is_active);
    Ok(habits)
}

/// A page of all accounts' habits, each with its owner.
pub type HabitPage = RowPage<(AccountId, HabitId), (Account, Habit)>;

/// A page of all accounts' habits by when the accounts were created, and in an account by when the habits were. `active`
/// selects active or archived habits; `search`, in lower case, is part of the owner's name or email address, or with `in_texts`
/// of the title or the description.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_page(
    txn: &ReadTxn,
    search: &str,
    in_texts: bool,
    active: Option<bool>,
    request: &PageRequest<(AccountId, HabitId)>,
) -> Result<HabitPage, Error> {
    let mut owner: Option<Account> = None;
    txn.read_page(&HABITS, &[], request, |(account, _), bytes| {
        let habit = HABITS.decode_value(bytes)?;
        if active.is_some_and(|active| active != habit.is_active()) {
            return Ok(None);
        }
        if owner.as_ref().map(|owner| owner.id) != Some(account) {
            owner = accounts::find_account(txn, account)?;
        }
        let Some(owner) = &owner else { return Ok(None) };
        let description = habit.description.as_ref().map_or("", |text| text.as_str());
        let has_match = |texts: [&str; 2]| texts.iter().any(|text| accounts::contains(text, search));
        let matches = search.is_empty()
            || has_match([owner.name(), owner.email.as_str()])
            || in_texts && has_match([habit.title.as_str(), description]);
        Ok(matches.then(|| (owner.clone(), habit)))
    })
}

/// Removes a habit of `account`. Its completions are removed by [`super::completions::remove_habit`].
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove(txn: &mut WriteTxn<'_, '_>, account: AccountId, id: HabitId) -> Result<(), Error> {
    if let Some(before) = find_habit(txn, account, id)? {
        counts::decrement(txn, counters(&before))?;
    }
    txn.remove(&HABITS, &(account, id));
    Ok(())
}

/// Stores a habit of `account`, replacing the previous version.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn put(txn: &mut WriteTxn<'_, '_>, account: AccountId, habit: &Habit) -> Result<(), Error> {
    if let Some(before) = find_habit(txn, account, habit.id)? {
        counts::decrement(txn, counters(&before))?;
    }
    txn.put(&HABITS, &(account, habit.id), habit);
    counts::increment(txn, counters(habit))
}

/// The counters that include this habit.
fn counters(habit: &Habit) -> &'static [RowCounter] {
    if habit.is_active() { &[] } else { &[RowCounter::Archived] }
}
