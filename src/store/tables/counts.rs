//! Counters of rows that would otherwise take a scan of a table, updated in the transaction that changes the rows.

use crate::store::tables::schema::COUNTS;
use crate::store::{Error, Reader, WriteTxn};

/// What is counted. The number of all rows of a table needs no counter: redb stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowCounter {
    /// Accounts whose email address is confirmed.
    Verified,
    /// Disabled accounts.
    Disabled,
    /// Archived habits.
    Archived,
}

impl RowCounter {
    fn key(self) -> String {
        match self {
            Self::Verified => "accounts.verified",
            Self::Disabled => "accounts.disabled",
            Self::Archived => "habits.archived",
        }
        .to_owned()
    }
}

/// The value of a counter.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn read_counter(txn: &impl Reader, counter: RowCounter) -> Result<u64, Error> {
    Ok(txn.get(&COUNTS, &counter.key())?.unwrap_or(0))
}

pub(super) fn increment(txn: &mut WriteTxn<'_, '_>, counters: &[RowCounter]) -> Result<(), Error> {
    update(txn, counters, |value| value.saturating_add(1))
}

pub(super) fn decrement(txn: &mut WriteTxn<'_, '_>, counters: &[RowCounter]) -> Result<(), Error> {
    update(txn, counters, |value| value.saturating_sub(1))
}

fn update(txn: &mut WriteTxn<'_, '_>, counters: &[RowCounter], apply: fn(u64) -> u64) -> Result<(), Error> {
    for counter in counters {
        let value = apply(read_counter(txn, *counter)?);
        txn.put(&COUNTS, &counter.key(), &value);
    }
    Ok(())
}
