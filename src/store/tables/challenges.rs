//! Challenges: sign-ins and changes that wait for a second proof, found by the hash of their token.

use crate::domain::AccountId;
use crate::domain::accounts::step_up::Challenge;
use crate::store::tables::schema::{CHALLENGES, TokenHash};
use crate::store::{Error, Reader, WriteTxn};

/// The challenge of this token.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_challenge(txn: &impl Reader, token: &TokenHash) -> Result<Option<Challenge>, Error> {
    txn.get(&CHALLENGES, token)
}

pub fn put(txn: &mut WriteTxn<'_, '_>, token: &TokenHash, challenge: &Challenge) {
    txn.put(&CHALLENGES, token, challenge);
}

pub fn remove(txn: &mut WriteTxn<'_, '_>, token: &TokenHash) {
    txn.remove(&CHALLENGES, token);
}

/// Removes every challenge of an account. Challenges expire within minutes, so the whole table is short enough to scan.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_all(txn: &mut WriteTxn<'_, '_>, account: AccountId) -> Result<(), Error> {
    for (token, challenge) in txn.scan_prefix(&CHALLENGES, &[], usize::MAX)? {
        if challenge.account == account {
            txn.remove(&CHALLENGES, &token);
        }
    }
    Ok(())
}
