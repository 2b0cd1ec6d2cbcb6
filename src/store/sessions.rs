//! Signed-in devices, found by the hash of their token or by their account.

use std::sync::Arc;

use super::record::Key;
use super::schema::{ACCOUNT_SESSIONS, SESSIONS, TokenHash};
use super::{Draft, Error, Read};
use crate::domain::AccountId;
use crate::domain::session::Session;

/// The session of that token.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, token: &TokenHash) -> Result<Option<Session>, Error> {
    Ok(shared(read, token)?.map(Arc::unwrap_or_clone))
}

/// The same, for whoever only looks: what is known of it is not copied.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn shared(read: &impl Read, token: &TokenHash) -> Result<Option<Arc<Session>>, Error> {
    if let Some(session) = read.known().and_then(|(known, moment)| known.session(*token, moment)) {
        return Ok(Some(session));
    }
    let session = read.get(&SESSIONS, token)?.map(Arc::new);
    if let (Some(session), Some((known, moment))) = (&session, read.known()) {
        known.keep_session(*token, moment, session);
    }
    Ok(session)
}

/// The sessions of an account, ended ones too until they are purged.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn of(read: &impl Read, account: AccountId) -> Result<Vec<(TokenHash, Session)>, Error> {
    let mut sessions = Vec::new();
    for ((_, token), ()) in read.under(&ACCOUNT_SESSIONS, &account.encode(), usize::MAX)? {
        if let Some(session) = get(read, &token)? {
            sessions.push((token, session));
        }
    }
    Ok(sessions)
}

/// Stores a session.
pub fn put(draft: &mut Draft<'_, '_>, token: &TokenHash, session: &Session) {
    draft.put(&SESSIONS, token, session);
    draft.put(&ACCOUNT_SESSIONS, &(session.account, *token), &());
}

/// Ends a session.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn remove(draft: &mut Draft<'_, '_>, token: &TokenHash) -> Result<(), Error> {
    if let Some(session) = get(draft, token)? {
        draft.remove(&ACCOUNT_SESSIONS, &(session.account, *token));
        draft.remove(&SESSIONS, token);
    }
    Ok(())
}

/// Ends every session of an account but `spared`. Answers how many ended.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn remove_all(draft: &mut Draft<'_, '_>, account: AccountId, spared: Option<&TokenHash>) -> Result<usize, Error> {
    let ending: Vec<_> = of(draft, account)?.into_iter().filter(|(token, _)| Some(token) != spared).collect();
    for (token, _) in &ending {
        remove(draft, token)?;
    }
    Ok(ending.len())
}
