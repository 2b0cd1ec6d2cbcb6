//! People, and whose address is whose.

use std::borrow::Cow;
use std::sync::Arc;

use super::counts::{self, Count};
use super::record::sketched;
use super::schema::{ACCOUNTS, EMAILS, TOKENS, TokenHash};
use super::{Draft, Error, Page, Read, Turn, View};
use crate::domain::{Account, AccountId, Email};

/// What a search looks at, read without the rest of the record.
#[derive(serde::Deserialize)]
struct Sketch<'a> {
    #[serde(borrow)]
    email: Cow<'a, str>,
    #[serde(borrow)]
    credentials: Named<'a>,
}

#[derive(serde::Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// The account with that id.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, id: AccountId) -> Result<Option<Account>, Error> {
    Ok(shared(read, id)?.map(Arc::unwrap_or_clone))
}

/// The same, for whoever only looks: what is known of it is not copied.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn shared(read: &impl Read, id: AccountId) -> Result<Option<Arc<Account>>, Error> {
    if let Some(account) = read.known().and_then(|(known, moment)| known.account(id, moment)) {
        return Ok(Some(account));
    }
    let account = read.get(&ACCOUNTS, &id)?.map(Arc::new);
    if let (Some(account), Some((known, moment))) = (&account, read.known()) {
        known.keep_account(moment, account);
    }
    Ok(account)
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

/// The account that a mailed token is about. Whether the token still counts, the account says.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn with_token(read: &impl Read, token: &TokenHash) -> Result<Option<Account>, Error> {
    match read.get(&TOKENS, token)? {
        Some(id) => get(read, id),
        None => Ok(None),
    }
}

/// A page of people, newest first: those whose address or name contains `words`, which are in lower case.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn page(view: &View, words: &str, turn: &Turn<AccountId>) -> Result<Page<AccountId, Account>, Error> {
    view.page(&ACCOUNTS, &[], turn, |_, bytes| {
        if !words.is_empty() {
            let sketch: Sketch<'_> = sketched(bytes).map_err(|why| Error::Corrupt { table: ACCOUNTS.name(), why })?;
            if !contains(&sketch.email, words) && !contains(&sketch.credentials.name, words) {
                return Ok(None);
            }
        }
        ACCOUNTS.value(bytes).map(Some)
    })
}

/// Whether a text contains words, whatever its case.
pub(super) fn contains(text: &str, words: &str) -> bool {
    text.to_lowercase().contains(words)
}

/// Stores an account under its id, its address and its mailed tokens, in place of what was there.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn put(draft: &mut Draft<'_, '_>, account: &Account) -> Result<(), Error> {
    if let Some(before) = get(draft, account.id)? {
        forget(draft, &before)?;
    }
    draft.put(&ACCOUNTS, &account.id, account);
    draft.put(&EMAILS, &account.email, &account.id);
    for token in tokens(account) {
        draft.put(&TOKENS, &token, &account.id);
    }
    counts::add(draft, standing(account))
}

/// Removes an account, its address and its mailed tokens. What else it has, its own rooms remove.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn remove(draft: &mut Draft<'_, '_>, account: &Account) -> Result<(), Error> {
    forget(draft, account)?;
    draft.remove(&ACCOUNTS, &account.id);
    Ok(())
}

/// Removes what leads to an account.
fn forget(draft: &mut Draft<'_, '_>, account: &Account) -> Result<(), Error> {
    draft.remove(&EMAILS, &account.email);
    for token in tokens(account) {
        draft.remove(&TOKENS, &token);
    }
    counts::take(draft, standing(account))
}

fn tokens(account: &Account) -> impl Iterator<Item = TokenHash> {
    let reset = account.reset.as_ref().map(|reset| reset.token);
    reset.into_iter().chain(account.new_address.as_ref().map(|waiting| waiting.token))
}

/// As what an account is counted.
fn standing(account: &Account) -> &'static [Count] {
    match (account.verified_at.is_some(), account.disabled_at.is_some()) {
        (false, false) => &[],
        (true, false) => &[Count::Verified],
        (false, true) => &[Count::Disabled],
        (true, true) => &[Count::Verified, Count::Disabled],
    }
}
