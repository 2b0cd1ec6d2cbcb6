//! Signed-in devices, found by the hash of their token.

use super::schema::{SESSIONS, TokenHash};
use super::{Draft, Error, Read};
use crate::domain::session::Session;

/// The session of that token.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, token: &TokenHash) -> Result<Option<Session>, Error> {
    read.get(&SESSIONS, token)
}

/// Stores a session.
pub fn put(draft: &mut Draft<'_, '_>, token: &TokenHash, session: &Session) {
    draft.put(&SESSIONS, token, session);
}

/// Ends a session.
pub fn remove(draft: &mut Draft<'_, '_>, token: &TokenHash) {
    draft.remove(&SESSIONS, token);
}
