//! Sessions of signed-in devices, found by the hash of their token or by their account.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::AccountId;
use crate::domain::accounts::session::Session;
use crate::store::cache::row_cache::RowCache;
use crate::store::engine::codec::{RowKey, decode_fields};
use crate::store::tables::schema::{ACCOUNT_SESSIONS, SESSIONS, TokenHash};
use crate::store::{Error, Reader, WriteTxn};

/// The session of this token.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_session(txn: &impl Reader, token: &TokenHash) -> Result<Option<Session>, Error> {
    Ok(find_shared(txn, token)?.map(Arc::unwrap_or_clone))
}

/// The session of this token, shared with the cache instead of copied.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_shared(txn: &impl Reader, token: &TokenHash) -> Result<Option<Arc<Session>>, Error> {
    if let Some(session) = txn.cache::<RowCache>().and_then(|(cache, seq)| cache.get_session(*token, seq)) {
        return Ok(Some(session));
    }
    let session = txn.get(&SESSIONS, token)?.map(Arc::new);
    if let (Some(session), Some((cache, seq))) = (&session, txn.cache::<RowCache>()) {
        cache.insert_session(*token, seq, session);
    }
    Ok(session)
}

/// The sessions of an account, including expired ones that are not purged yet.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_for_account(txn: &impl Reader, account: AccountId) -> Result<Vec<(TokenHash, Session)>, Error> {
    let mut sessions = Vec::new();
    for ((_, token), ()) in txn.scan_prefix(&ACCOUNT_SESSIONS, &account.encode(), usize::MAX)? {
        if let Some(session) = find_session(txn, &token)? {
            sessions.push((token, session));
        }
    }
    Ok(sessions)
}

/// The part of a session that says whose it is and when it was used.
#[derive(Deserialize)]
struct SessionUse {
    account: AccountId,
    used_at: Timestamp,
}

/// The accounts with a session that was used at `since` or later. Examines up to `limit` sessions.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn count_active_accounts(txn: &impl Reader, since: Timestamp, limit: usize) -> Result<usize, Error> {
    let mut active = BTreeSet::new();
    txn.for_each(SESSIONS.name(), &[], None, limit, |_, bytes| {
        let session: SessionUse =
            decode_fields(bytes).map_err(|source| Error::Corrupt { table: SESSIONS.name(), source })?;
        if session.used_at >= since {
            active.insert(session.account);
        }
        Ok(())
    })?;
    Ok(active.len())
}

pub fn put(txn: &mut WriteTxn<'_, '_>, token: &TokenHash, session: &Session) {
    txn.put(&SESSIONS, token, session);
    txn.put(&ACCOUNT_SESSIONS, &(session.account, *token), &());
}

///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove(txn: &mut WriteTxn<'_, '_>, token: &TokenHash) -> Result<(), Error> {
    if let Some(session) = find_session(txn, token)? {
        txn.remove(&ACCOUNT_SESSIONS, &(session.account, *token));
        txn.remove(&SESSIONS, token);
    }
    Ok(())
}

/// Removes every session of an account except `kept`. Returns how many were removed.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_all(txn: &mut WriteTxn<'_, '_>, account: AccountId, kept: Option<&TokenHash>) -> Result<usize, Error> {
    let removed: Vec<_> =
        list_for_account(txn, account)?.into_iter().filter(|(token, _)| Some(token) != kept).collect();
    for (token, _) in &removed {
        remove(txn, token)?;
    }
    Ok(removed.len())
}
