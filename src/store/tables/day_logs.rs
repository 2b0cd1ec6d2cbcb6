//! Day logs and their summaries by year, which always agree: both are written together.

use std::collections::BTreeMap;

use crate::domain::habits::day_log::DayLog;
use crate::domain::habits::summary_year::SummaryYear;
use crate::domain::{AccountId, Day, HabitId};
use crate::store::engine::codec::RowKey;
use crate::store::tables::completions::used_years;
use crate::store::tables::schema::{DAY_LOGS, DAY_SUMMARIES};
use crate::store::{Error, Reader, WriteTxn};

/// The log of a day of a habit; empty when there is none.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_log(txn: &impl Reader, account: AccountId, day: Day, habit: HabitId) -> Result<DayLog, Error> {
    Ok(txn.get(&DAY_LOGS, &(account, day, habit))?.unwrap_or_default())
}

/// The logs of a day, by habit, including archived habits.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_day(txn: &impl Reader, account: AccountId, day: Day) -> Result<BTreeMap<HabitId, DayLog>, Error> {
    let mut prefix = account.encode();
    prefix.extend(day.encode());
    let rows = txn.scan_prefix(&DAY_LOGS, &prefix, usize::MAX)?;
    Ok(rows.into_iter().map(|((.., habit), log)| (habit, log)).collect())
}

/// All logs of an account, by day.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_all(txn: &impl Reader, account: AccountId) -> Result<Vec<(Day, HabitId, DayLog)>, Error> {
    let rows = txn.scan_prefix(&DAY_LOGS, &account.encode(), usize::MAX)?;
    Ok(rows.into_iter().map(|((_, day, habit), log)| (day, habit, log)).collect())
}

/// All summaries of an account: year, habit and the days of that year.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_summaries(txn: &impl Reader, account: AccountId) -> Result<Vec<(i16, HabitId, SummaryYear)>, Error> {
    let rows = txn.scan_prefix(&DAY_SUMMARIES, &account.encode(), usize::MAX)?;
    Ok(rows.into_iter().map(|((_, year, habit), days)| (year, habit, days)).collect())
}

/// The summaries of a habit by year.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_summaries(txn: &impl Reader, account: AccountId, habit: HabitId) -> Result<Vec<(i16, SummaryYear)>, Error> {
    let mut years = Vec::new();
    for year in used_years(txn, &DAY_SUMMARIES, account)? {
        if let Some(days) = txn.get(&DAY_SUMMARIES, &(account, year, habit))? {
            years.push((year, days));
        }
    }
    Ok(years)
}

/// Stores the log of a day; an empty one has no row.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn put(
    txn: &mut WriteTxn<'_, '_>,
    account: AccountId,
    day: Day,
    habit: HabitId,
    log: &DayLog,
) -> Result<(), Error> {
    let key = (account, day, habit);
    if log.is_empty() {
        txn.remove(&DAY_LOGS, &key);
    } else {
        txn.put(&DAY_LOGS, &key, log);
    }
    let year_key = (account, day.year(), habit);
    let mut year = txn.get(&DAY_SUMMARIES, &year_key)?.unwrap_or_default();
    year.set(day, log.summary());
    if year.is_empty() {
        txn.remove(&DAY_SUMMARIES, &year_key);
    } else {
        txn.put(&DAY_SUMMARIES, &year_key, &year);
    }
    Ok(())
}

/// Removes all logs of an account.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_all(txn: &mut WriteTxn<'_, '_>, account: AccountId) -> Result<(), Error> {
    remove_where(txn, account, |_| true)
}

/// Removes all logs of a habit.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_habit(txn: &mut WriteTxn<'_, '_>, account: AccountId, id: HabitId) -> Result<(), Error> {
    remove_where(txn, account, |habit| habit == id)
}

fn remove_where(
    txn: &mut WriteTxn<'_, '_>,
    account: AccountId,
    selects: impl Fn(HabitId) -> bool,
) -> Result<(), Error> {
    for (key, _) in txn.scan_prefix(&DAY_LOGS, &account.encode(), usize::MAX)? {
        if selects(key.2) {
            txn.remove(&DAY_LOGS, &key);
        }
    }
    for (key, _) in txn.scan_prefix(&DAY_SUMMARIES, &account.encode(), usize::MAX)? {
        if selects(key.2) {
            txn.remove(&DAY_SUMMARIES, &key);
        }
    }
    Ok(())
}
