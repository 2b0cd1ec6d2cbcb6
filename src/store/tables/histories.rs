//! Everything that is known of the days of an account's habits: completions and day logs together.

use std::collections::BTreeMap;

use crate::domain::{AccountId, HabitId, History};
use crate::store::tables::{completions, day_logs};
use crate::store::{Error, Reader};

/// The history of each habit of an account that has one, including archived habits.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_all(txn: &impl Reader, account: AccountId) -> Result<BTreeMap<HabitId, History>, Error> {
    let mut histories = completions::find_all(txn, account)?;
    for (year, habit, days) in day_logs::list_summaries(txn, account)? {
        histories.entry(habit).or_default().insert_summaries(year, days);
    }
    Ok(histories)
}

/// The history of one habit; empty when there is none.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_one(txn: &impl Reader, account: AccountId, habit: HabitId) -> Result<History, Error> {
    let mut history = completions::find_habit(txn, account, habit)?;
    for (year, days) in day_logs::find_summaries(txn, account, habit)? {
        history.insert_summaries(year, days);
    }
    Ok(history)
}
