//! Purging expired rows, a batch at a time.

use jiff::Timestamp;

use crate::domain::accounts::link::{ACCOUNT_CODE_LIMIT, VERIFICATION_LIFETIME};
use crate::domain::mail::Mail;
use crate::store::tables::schema::{ATTEMPTS, CHALLENGES, IMPORTS, LINKS, MAIL, SESSIONS};
use crate::store::tables::{links, sessions};
use crate::store::{Error, Reader, WriteTxn};

/// A table whose rows expire.
#[derive(Debug, Clone, Copy)]
pub enum ExpiringTable {
    Sessions,
    Links,
    Challenges,
    Attempts,
    /// Imports that can be undone.
    Imports,
    /// Messages that are no longer queued.
    Mail,
}

impl ExpiringTable {
    /// Every table whose rows expire.
    pub const ALL: [Self; 6] =
        [Self::Sessions, Self::Links, Self::Challenges, Self::Attempts, Self::Imports, Self::Mail];

    /// Reads up to `limit` rows from the key `from` on and removes those that have expired at `now`; a link only when it expired
    /// before `links_before`. Returns how many were removed, and the key to continue from.
    ///
    /// # Errors
    /// [`Error`] when the file cannot be read.
    pub fn purge(
        self,
        txn: &mut WriteTxn<'_, '_>,
        from: &[u8],
        limit: usize,
        now: Timestamp,
        links_before: Timestamp,
    ) -> Result<(usize, Option<Vec<u8>>), Error> {
        let name = match self {
            Self::Sessions => SESSIONS.name(),
            Self::Links => LINKS.name(),
            Self::Challenges => CHALLENGES.name(),
            Self::Attempts => ATTEMPTS.name(),
            Self::Imports => IMPORTS.name(),
            Self::Mail => MAIL.name(),
        };
        let rows = txn.scan(name, from, None, limit)?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|(key, _)| [key.as_slice(), &[0]].concat());
        let mut removed = 0;
        for (key, value) in &rows {
            removed += usize::from(self.purge_row(txn, key, value, now, links_before)?);
        }
        Ok((removed, next))
    }

    fn purge_row(
        self,
        txn: &mut WriteTxn<'_, '_>,
        key: &[u8],
        value: &[u8],
        now: Timestamp,
        links_before: Timestamp,
    ) -> Result<bool, Error> {
        match self {
            Self::Sessions => {
                let (token, session) = SESSIONS.decode_row(key, value)?;
                let is_expired = !session.is_live(now);
                if is_expired {
                    sessions::remove(txn, &token)?;
                }
                Ok(is_expired)
            }
            Self::Links => {
                let (token, link) = LINKS.decode_row(key, value)?;
                let is_expired = link.created_at.checked_add(VERIFICATION_LIFETIME).is_ok_and(|end| end < links_before);
                if is_expired {
                    links::remove(txn, &token, link.account);
                }
                Ok(is_expired)
            }
            Self::Challenges => {
                let (token, challenge) = CHALLENGES.decode_row(key, value)?;
                let is_expired = challenge.expires_at() <= now;
                if is_expired {
                    txn.remove(&CHALLENGES, &token);
                }
                Ok(is_expired)
            }
            Self::Attempts => {
                let (key, attempts) = ATTEMPTS.decode_row(key, value)?;
                // The rule with the longest window: a count under another rule expires earlier.
                let is_expired = attempts.is_expired(now, ACCOUNT_CODE_LIMIT);
                if is_expired {
                    txn.remove(&ATTEMPTS, &key);
                }
                Ok(is_expired)
            }
            Self::Imports => {
                let (key, record) = IMPORTS.decode_row(key, value)?;
                let is_expired = !record.is_live(now);
                if is_expired {
                    txn.remove(&IMPORTS, &key);
                }
                Ok(is_expired)
            }
            Self::Mail => {
                let (id, mail) = MAIL.decode_row(key, value)?;
                let is_expired = mail.is_past_retention(now);
                if is_expired {
                    txn.remove(&MAIL, &id);
                } else if mail.has_expired_body(now) {
                    // SECURITY: the link in a message that was never delivered is kept no longer than it is valid.
                    txn.put(&MAIL, &id, &Mail { body: None, ..mail });
                }
                Ok(is_expired)
            }
        }
    }
}
