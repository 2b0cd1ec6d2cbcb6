//! Numbers that would cost a walk to find: kept by the rooms that change them, in the same transaction.

use super::schema::COUNTS;
use super::{Draft, Error, Read};

/// What is counted. How many rows a table has, the file knows by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Accounts whose address is confirmed.
    Verified,
    /// Accounts that are switched off.
    Disabled,
    /// Habits that were put away.
    Archived,
}

impl Count {
    fn key(self) -> String {
        match self {
            Self::Verified => "accounts.verified",
            Self::Disabled => "accounts.disabled",
            Self::Archived => "habits.archived",
        }
        .to_owned()
    }
}

/// How many there are.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, count: Count) -> Result<u64, Error> {
    Ok(read.get(&COUNTS, &count.key())?.unwrap_or(0))
}

/// One more of each.
pub(super) fn add(draft: &mut Draft<'_, '_>, counts: &[Count]) -> Result<(), Error> {
    change(draft, counts, |number| number.saturating_add(1))
}

/// One less of each.
pub(super) fn take(draft: &mut Draft<'_, '_>, counts: &[Count]) -> Result<(), Error> {
    change(draft, counts, |number| number.saturating_sub(1))
}

fn change(draft: &mut Draft<'_, '_>, counts: &[Count], by: fn(u64) -> u64) -> Result<(), Error> {
    for count in counts {
        let number = by(get(draft, *count)?);
        draft.put(&COUNTS, &count.key(), &number);
    }
    Ok(())
}
