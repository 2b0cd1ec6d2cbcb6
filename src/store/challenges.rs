//! Challenges, found by the hash of their token.

use super::schema::{CHALLENGES, TokenHash};
use super::{Draft, Error, Read};
use crate::domain::AccountId;
use crate::domain::challenge::Challenge;

/// The challenge of that token.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, token: &TokenHash) -> Result<Option<Challenge>, Error> {
    read.get(&CHALLENGES, token)
}

/// Stores a challenge.
pub fn put(draft: &mut Draft<'_, '_>, token: &TokenHash, challenge: &Challenge) {
    draft.put(&CHALLENGES, token, challenge);
}

/// Removes a challenge.
pub fn remove(draft: &mut Draft<'_, '_>, token: &TokenHash) {
    draft.remove(&CHALLENGES, token);
}

/// Removes every challenge of an account. They live for minutes, so there are few to walk.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn remove_all(draft: &mut Draft<'_, '_>, account: AccountId) -> Result<(), Error> {
    for (token, challenge) in draft.under(&CHALLENGES, &[], usize::MAX)? {
        if challenge.account == account {
            draft.remove(&CHALLENGES, &token);
        }
    }
    Ok(())
}
