//! Accounts, found by id, email address or mailed token.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{Account, AccountId, Email};
use crate::store::cache::row_cache::RowCache;
use crate::store::engine::codec::{RowKey, decode_fields};
use crate::store::tables::counts::{self, RowCounter};
use crate::store::tables::schema::{ACCOUNTS, EMAILS, TOKENS, TokenHash};
use crate::store::{Error, PageRequest, ReadTxn, Reader, RowPage, WriteTxn};

/// The fields that a search compares, decoded without the rest of the record.
#[derive(serde::Deserialize)]
struct SearchedFields<'a> {
    #[serde(borrow)]
    email: Cow<'a, str>,
    #[serde(borrow)]
    credentials: SearchedCredentials<'a>,
}

#[derive(serde::Deserialize)]
struct SearchedCredentials<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// The account with this id.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_account(txn: &impl Reader, id: AccountId) -> Result<Option<Account>, Error> {
    Ok(find_shared(txn, id)?.map(Arc::unwrap_or_clone))
}

/// The account with this id, shared with the cache instead of copied.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_shared(txn: &impl Reader, id: AccountId) -> Result<Option<Arc<Account>>, Error> {
    if let Some(account) = txn.cache::<RowCache>().and_then(|(cache, seq)| cache.get_account(id, seq)) {
        return Ok(Some(account));
    }
    let account = txn.get(&ACCOUNTS, &id)?.map(Arc::new);
    if let (Some(account), Some((cache, seq))) = (&account, txn.cache::<RowCache>()) {
        cache.insert_account(seq, account);
    }
    Ok(account)
}

/// The account with this email address.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_by_email(txn: &impl Reader, email: &Email) -> Result<Option<Account>, Error> {
    match txn.get(&EMAILS, email)? {
        Some(id) => find_account(txn, id),
        None => Ok(None),
    }
}

/// The account that a mailed token belongs to. Whether the token is still valid is in the account.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_by_token(txn: &impl Reader, token: &TokenHash) -> Result<Option<Account>, Error> {
    match txn.get(&TOKENS, token)? {
        Some(id) => find_account(txn, id),
        None => Ok(None),
    }
}

/// A page of accounts by when they were created: those whose email address or name contains `search`, which is in lower case.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_page(
    txn: &ReadTxn,
    search: &str,
    request: &PageRequest<AccountId>,
) -> Result<RowPage<AccountId, Account>, Error> {
    txn.read_page(&ACCOUNTS, &[], request, |_, bytes| decode_match(bytes, search))
}

/// The same page by email address, read through the index of addresses.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_page_by_email(
    txn: &ReadTxn,
    search: &str,
    request: &PageRequest<Email>,
) -> Result<RowPage<Email, Account>, Error> {
    txn.read_page(&EMAILS, &[], request, |_, bytes| {
        let id = EMAILS.decode_value(bytes)?;
        let account = txn.get_with(ACCOUNTS.name(), &id.encode(), |bytes| decode_match(bytes, search))?;
        Ok(account.flatten())
    })
}

/// Decodes an account if its email address or name contains `search`.
fn decode_match(bytes: &[u8], search: &str) -> Result<Option<Account>, Error> {
    if !search.is_empty() {
        let fields: SearchedFields<'_> =
            decode_fields(bytes).map_err(|source| Error::Corrupt { table: ACCOUNTS.name(), source })?;
        if !contains(&fields.email, search) && !contains(&fields.credentials.name, search) {
            return Ok(None);
        }
    }
    ACCOUNTS.decode_value(bytes).map(Some)
}

/// Calls `on_account` with the time of each sign-up at `since` or later. Examines up to `limit` accounts and decodes none: ids
/// begin with their time.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn for_each_sign_up(
    txn: &impl Reader,
    since: Timestamp,
    limit: usize,
    mut on_account: impl FnMut(Timestamp),
) -> Result<(), Error> {
    let first = AccountId::generate(since, [0; 10]).encode();
    txn.for_each(ACCOUNTS.name(), &first, None, limit, |key, _| {
        on_account(ACCOUNTS.decode_key(key)?.created_at());
        Ok(())
    })
}

/// Whether a text contains a search string, ignoring case. The search string is in lower case.
pub(super) fn contains(text: &str, search: &str) -> bool {
    text.to_lowercase().contains(search)
}

/// Stores an account under its id, its email address and its mailed tokens, replacing the previous version.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn put(txn: &mut WriteTxn<'_, '_>, account: &Account) -> Result<(), Error> {
    if let Some(before) = find_account(txn, account.id)? {
        remove_references(txn, &before)?;
    }
    txn.put(&ACCOUNTS, &account.id, account);
    txn.put(&EMAILS, &account.email, &account.id);
    for token in tokens(account) {
        txn.put(&TOKENS, &token, &account.id);
    }
    counts::increment(txn, counters(account))
}

/// Removes an account, its email address and its mailed tokens. Its rows in other tables are removed by the modules of those
/// tables.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove(txn: &mut WriteTxn<'_, '_>, account: &Account) -> Result<(), Error> {
    remove_references(txn, account)?;
    txn.remove(&ACCOUNTS, &account.id);
    Ok(())
}

/// Removes the account from the indexes and the counters.
fn remove_references(txn: &mut WriteTxn<'_, '_>, account: &Account) -> Result<(), Error> {
    txn.remove(&EMAILS, &account.email);
    for token in tokens(account) {
        txn.remove(&TOKENS, &token);
    }
    counts::decrement(txn, counters(account))
}

fn tokens(account: &Account) -> impl Iterator<Item = TokenHash> {
    let reset = account.password_reset.as_ref().map(|reset| reset.token);
    reset.into_iter().chain(account.new_address.as_ref().map(|pending| pending.token))
}

/// The counters that include this account.
fn counters(account: &Account) -> &'static [RowCounter] {
    match (account.verified_at.is_some(), account.disabled_at.is_some()) {
        (false, false) => &[],
        (true, false) => &[RowCounter::Verified],
        (false, true) => &[RowCounter::Disabled],
        (true, true) => &[RowCounter::Verified, RowCounter::Disabled],
    }
}
