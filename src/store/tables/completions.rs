//! Completions, packed by account, year and habit.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::domain::habits::habit_year::HabitYear;
use crate::domain::{AccountId, HabitId, History};
use crate::store::engine::codec::{self, RowKey};
use crate::store::engine::table::Table;
use crate::store::tables::schema::COMPLETIONS;
use crate::store::{Error, Reader, WriteTxn};

/// The completions of a habit in a calendar year; empty when there are none.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_habit_year(txn: &impl Reader, account: AccountId, year: i16, habit: HabitId) -> Result<HabitYear, Error> {
    Ok(txn.get(&COMPLETIONS, &(account, year, habit))?.unwrap_or_default())
}

/// All completions of an account in a calendar year, by habit, including archived habits.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_year(txn: &impl Reader, account: AccountId, year: i16) -> Result<BTreeMap<HabitId, HabitYear>, Error> {
    let mut prefix = account.encode();
    prefix.extend(year.encode());
    let rows = txn.scan_prefix(&COMPLETIONS, &prefix, usize::MAX)?;
    Ok(rows.into_iter().map(|((.., habit), days)| (habit, days)).collect())
}

/// All completions of an account, by habit, including archived habits.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_all(txn: &impl Reader, account: AccountId) -> Result<BTreeMap<HabitId, History>, Error> {
    let mut rows = txn.scan_prefix(&COMPLETIONS, &account.encode(), usize::MAX)?;
    // By habit, each with its years in order. The rows of a single year are in this order already.
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

/// The completions of a habit by year. Only the years from the account's first to its last are looked up.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_habit(txn: &impl Reader, account: AccountId, habit: HabitId) -> Result<History, Error> {
    let mut history = History::default();
    for year in used_years(txn, &COMPLETIONS, account)? {
        let days = find_habit_year(txn, account, year, habit)?;
        if !days.is_empty() {
            history.insert(year, days);
        }
    }
    Ok(history)
}

/// The years from the account's first to its last in a table by account, year, and habit.
pub(super) fn used_years<V: codec::RowValue>(
    txn: &impl Reader,
    table: &Table<(AccountId, i16, HabitId), V>,
    account: AccountId,
) -> Result<RangeInclusive<i16>, Error> {
    let prefix = account.encode();
    let year = |rows: Vec<((AccountId, i16, HabitId), V)>| rows.first().map(|((_, year, _), _)| *year);
    let first = year(txn.scan_prefix(table, &prefix, 1)?);
    let last = year(txn.scan_newest(table, &prefix, None, 1)?);
    Ok(first.unwrap_or(1)..=last.unwrap_or(0))
}

/// Stores the completions of a habit in a calendar year; an empty year has no row.
pub fn put(txn: &mut WriteTxn<'_, '_>, account: AccountId, year: i16, habit: HabitId, days: &HabitYear) {
    let key = (account, year, habit);
    if days.is_empty() { txn.remove(&COMPLETIONS, &key) } else { txn.put(&COMPLETIONS, &key, days) }
}

/// Removes all completions of an account.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_all(txn: &mut WriteTxn<'_, '_>, account: AccountId) -> Result<(), Error> {
    for (key, _) in txn.scan_prefix(&COMPLETIONS, &account.encode(), usize::MAX)? {
        txn.remove(&COMPLETIONS, &key);
    }
    Ok(())
}

/// Removes all completions of a habit.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_habit(txn: &mut WriteTxn<'_, '_>, account: AccountId, id: HabitId) -> Result<(), Error> {
    for (key, _) in txn.scan_prefix(&COMPLETIONS, &account.encode(), usize::MAX)? {
        if key.2 == id {
            txn.remove(&COMPLETIONS, &key);
        }
    }
    Ok(())
}
