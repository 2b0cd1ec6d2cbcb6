//! What went wrong too often, by account and kind. It outlives a restart.

use jiff::Timestamp;

use super::record::Key;
use super::schema::ATTEMPTS;
use super::{Draft, Error, Read};
use crate::domain::AccountId;
use crate::domain::attempts::Attempts;

/// The count of that kind.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, account: AccountId, kind: &str, now: Timestamp) -> Result<Attempts, Error> {
    Ok(read.get(&ATTEMPTS, &(account, kind.to_owned()))?.unwrap_or_else(|| Attempts::none(now)))
}

/// Stores a count.
pub fn put(draft: &mut Draft<'_, '_>, account: AccountId, kind: &str, attempts: &Attempts) {
    draft.put(&ATTEMPTS, &(account, kind.to_owned()), attempts);
}

/// Forgets one count.
pub fn remove(draft: &mut Draft<'_, '_>, account: AccountId, kind: &str) {
    draft.remove(&ATTEMPTS, &(account, kind.to_owned()));
}

/// Forgets every count of an account, as when it proved to be its owner.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn remove_all(draft: &mut Draft<'_, '_>, account: AccountId) -> Result<(), Error> {
    for (key, _) in draft.under(&ATTEMPTS, &account.encode(), usize::MAX)? {
        draft.remove(&ATTEMPTS, &key);
    }
    Ok(())
}
