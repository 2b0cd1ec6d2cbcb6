//! How many completions were made for each recent day, over all accounts. The counters are updated with each completion, so that
//! admins see them without a scan of all completions.

use crate::domain::Day;
use crate::store::tables::schema::COUNTS;
use crate::store::{Error, Reader, WriteTxn};

/// The keys are this and the date.
const PREFIX: &str = "completions.";
/// Days that are counted. Those before them have no counter.
const COUNTED_DAYS: i32 = 31;

/// Counts a completion of `day`, or its undo. Completions of long ago are not counted.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn record(txn: &mut WriteTxn<'_, '_>, day: Day, today: Day, done: bool) -> Result<(), Error> {
    if day < first_counted(today) {
        return Ok(());
    }
    let before = txn.get(&COUNTS, &key(day))?;
    if before.is_none() {
        remove_old(txn, today)?;
    }
    let value = before.unwrap_or(0);
    match if done { value.saturating_add(1) } else { value.saturating_sub(1) } {
        0 => txn.remove(&COUNTS, &key(day)),
        value => txn.put(&COUNTS, &key(day), &value),
    }
    Ok(())
}

/// The counter of a day.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn read_day(txn: &impl Reader, day: Day) -> Result<u64, Error> {
    Ok(txn.get(&COUNTS, &key(day))?.unwrap_or(0))
}

/// Dates sort as text.
fn remove_old(txn: &mut WriteTxn<'_, '_>, today: Day) -> Result<(), Error> {
    for (old, _) in
        txn.scan_range(&COUNTS, PREFIX.as_bytes(), Some(key(first_counted(today)).as_bytes()), usize::MAX)?
    {
        txn.remove(&COUNTS, &old);
    }
    Ok(())
}

fn first_counted(today: Day) -> Day {
    today.add_days(1 - COUNTED_DAYS)
}

fn key(day: Day) -> String {
    format!("{PREFIX}{}", day.date())
}
