//! Verification links, found by the hash of their token or by their account.

use super::record::Key;
use super::schema::{ACCOUNT_LINKS, LINKS, TokenHash};
use super::{Draft, Error, Read};
use crate::domain::AccountId;
use crate::domain::link::Link;

/// The link of that token.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, token: &TokenHash) -> Result<Option<Link>, Error> {
    read.get(&LINKS, token)
}

/// Stores a link.
pub fn put(draft: &mut Draft<'_, '_>, token: &TokenHash, link: &Link) {
    draft.put(&LINKS, token, link);
    draft.put(&ACCOUNT_LINKS, &(link.account, *token), &());
}

/// The links of an account.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn of(read: &impl Read, account: AccountId) -> Result<Vec<(TokenHash, Link)>, Error> {
    let mut links = Vec::new();
    for ((_, token), ()) in read.under(&ACCOUNT_LINKS, &account.encode(), usize::MAX)? {
        if let Some(link) = get(read, &token)? {
            links.push((token, link));
        }
    }
    Ok(links)
}

/// Removes a link.
pub fn remove(draft: &mut Draft<'_, '_>, token: &TokenHash, account: AccountId) {
    draft.remove(&LINKS, token);
    draft.remove(&ACCOUNT_LINKS, &(account, *token));
}
