//! People, and whose address is whose.

use super::schema::{ACCOUNTS, EMAILS};
use super::{Draft, Error, Read};
use crate::domain::{Account, AccountId, Email};

/// The account with that id.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, id: AccountId) -> Result<Option<Account>, Error> {
    read.get(&ACCOUNTS, &id)
}

/// The account with that address.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn with_email(read: &impl Read, email: &Email) -> Result<Option<Account>, Error> {
    match read.get(&EMAILS, email)? {
        Some(id) => get(read, id),
        None => Ok(None),
    }
}

/// Stores an account under its id and address. The address of an account does not change here.
pub fn put(draft: &mut Draft<'_, '_>, account: &Account) {
    draft.put(&ACCOUNTS, &account.id, account);
    draft.put(&EMAILS, &account.email, &account.id);
}
