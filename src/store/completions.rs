//! What was done, packed by person, year and habit.

use std::collections::BTreeMap;

use super::record::Key;
use super::schema::COMPLETIONS;
use super::{Draft, Error, Read};
use crate::domain::year::HabitYear;
use crate::domain::{AccountId, HabitId, History};

/// One habit's year; an empty one when nothing was done.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn of_habit(read: &impl Read, account: AccountId, year: i16, habit: HabitId) -> Result<HabitYear, Error> {
    Ok(read.get(&COMPLETIONS, &(account, year, habit))?.unwrap_or_default())
}

/// Everything `account` did in a calendar year, by habit, archived ones too.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn of_year(read: &impl Read, account: AccountId, year: i16) -> Result<BTreeMap<HabitId, HabitYear>, Error> {
    let mut prefix = account.encode();
    prefix.extend(year.encode());
    let rows = read.under(&COMPLETIONS, &prefix, usize::MAX)?;
    Ok(rows.into_iter().map(|((.., habit), days)| (habit, days)).collect())
}

/// Everything `account` ever did, by habit, archived ones too.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn of_account(read: &impl Read, account: AccountId) -> Result<BTreeMap<HabitId, History>, Error> {
    let mut rows = read.under(&COMPLETIONS, &account.encode(), usize::MAX)?;
    // By habit, each with its years in order. With a single year they stand so already.
    rows.sort_by_key(|((_, _, habit), _)| *habit);
    let mut histories: Vec<(HabitId, History)> = Vec::new();
    for ((_, year, habit), days) in rows {
        match histories.last_mut() {
            Some((last, history)) if *last == habit => history.insert(year, days),
            _ => histories.push((habit, History::from_iter([(year, days)]))),
        }
    }
    Ok(histories.into_iter().collect())
}

/// Stores one habit's year; an empty one takes no room.
pub fn put(draft: &mut Draft<'_, '_>, account: AccountId, year: i16, habit: HabitId, days: &HabitYear) {
    let key = (account, year, habit);
    if days.is_empty() { draft.remove(&COMPLETIONS, &key) } else { draft.put(&COMPLETIONS, &key, days) }
}

/// Removes everything that `account` ever did.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn remove_all(draft: &mut Draft<'_, '_>, account: AccountId) -> Result<(), Error> {
    for (key, _) in draft.under(&COMPLETIONS, &account.encode(), usize::MAX)? {
        draft.remove(&COMPLETIONS, &key);
    }
    Ok(())
}

/// Removes everything that was done for a habit.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn remove_habit(draft: &mut Draft<'_, '_>, account: AccountId, id: HabitId) -> Result<(), Error> {
    for (key, _) in draft.under(&COMPLETIONS, &account.encode(), usize::MAX)? {
        if key.2 == id {
            draft.remove(&COMPLETIONS, &key);
        }
    }
    Ok(())
}
