//! Counts of attempts, by account and kind, or by what stands in for an account. They survive a restart.

use jiff::Timestamp;

use crate::domain::AccountId;
use crate::domain::accounts::attempts::Attempts;
use crate::store::engine::codec::RowKey;
use crate::store::tables::schema::ATTEMPTS;
use crate::store::{Error, Reader, WriteTxn};

/// The failed attempts of this kind.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_attempts(txn: &impl Reader, account: AccountId, kind: &str, now: Timestamp) -> Result<Attempts, Error> {
    Ok(find_stored(txn, account, kind)?.unwrap_or_else(|| Attempts::new(now)))
}

/// The failed attempts of this kind; `None` when there were none.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_stored(txn: &impl Reader, account: AccountId, kind: &str) -> Result<Option<Attempts>, Error> {
    txn.get(&ATTEMPTS, &(account, kind.to_owned()))
}

pub fn put(txn: &mut WriteTxn<'_, '_>, account: AccountId, kind: &str, attempts: &Attempts) {
    txn.put(&ATTEMPTS, &(account, kind.to_owned()), attempts);
}

/// Removes the count of one kind.
pub fn remove(txn: &mut WriteTxn<'_, '_>, account: AccountId, kind: &str) {
    txn.remove(&ATTEMPTS, &(account, kind.to_owned()));
}

/// Removes every count of an account, e.g. after its owner has proved their identity.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_all(txn: &mut WriteTxn<'_, '_>, account: AccountId) -> Result<(), Error> {
    for (key, _) in txn.scan_prefix(&ATTEMPTS, &account.encode(), usize::MAX)? {
        txn.remove(&ATTEMPTS, &key);
    }
    Ok(())
}
