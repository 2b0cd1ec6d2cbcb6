//! Email verification links, found by the hash of their token or by their account.

use crate::domain::AccountId;
use crate::domain::accounts::link::EmailLink;
use crate::store::engine::codec::RowKey;
use crate::store::tables::schema::{ACCOUNT_LINKS, LINKS, TokenHash};
use crate::store::{Error, Reader, WriteTxn};

/// The link of this token.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_link(txn: &impl Reader, token: &TokenHash) -> Result<Option<EmailLink>, Error> {
    txn.get(&LINKS, token)
}

pub fn put(txn: &mut WriteTxn<'_, '_>, token: &TokenHash, link: &EmailLink) {
    txn.put(&LINKS, token, link);
    txn.put(&ACCOUNT_LINKS, &(link.account, *token), &());
}

/// The links of an account, including expired ones that are not purged yet.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_for_account(txn: &impl Reader, account: AccountId) -> Result<Vec<(TokenHash, EmailLink)>, Error> {
    let mut links = Vec::new();
    for ((_, token), ()) in txn.scan_prefix(&ACCOUNT_LINKS, &account.encode(), usize::MAX)? {
        if let Some(link) = find_link(txn, &token)? {
            links.push((token, link));
        }
    }
    Ok(links)
}

pub fn remove(txn: &mut WriteTxn<'_, '_>, token: &TokenHash, account: AccountId) {
    txn.remove(&LINKS, token);
    txn.remove(&ACCOUNT_LINKS, &(account, *token));
}
