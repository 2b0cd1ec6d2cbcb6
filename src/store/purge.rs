//! Walking tables for what is over, a piece at a time.

use jiff::Timestamp;

use super::schema::{ATTEMPTS, CHALLENGES, LINKS, MAIL, SESSIONS};
use super::{Draft, Error, Read, links, sessions};
use crate::domain::link::{CODE_RULE, VERIFICATION_LIFE};
use crate::domain::mail::Mail;

/// A table in which rows come to an end by themselves.
#[derive(Debug, Clone, Copy)]
pub enum Table {
    /// Signed-in devices.
    Sessions,
    /// Verification links.
    Links,
    /// Challenges.
    Challenges,
    /// What went wrong too often.
    Attempts,
    /// Mail that does not wait any more.
    Mail,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sessions, Self::Links, Self::Challenges, Self::Attempts, Self::Mail];

    /// Looks at up to `most` rows from the key `from` on and removes what is over at `now`; a link only when it was made
    /// and died before `forgotten`. Answers how many went, and the key to go on from.
    ///
    /// # Errors
    /// [`Error`] when the file cannot be read.
    pub fn purge(
        self,
        draft: &mut Draft<'_, '_>,
        from: &[u8],
        most: usize,
        now: Timestamp,
        forgotten: Timestamp,
    ) -> Result<(usize, Option<Vec<u8>>), Error> {
        let name = match self {
            Self::Sessions => SESSIONS.name(),
            Self::Links => LINKS.name(),
            Self::Challenges => CHALLENGES.name(),
            Self::Attempts => ATTEMPTS.name(),
            Self::Mail => MAIL.name(),
        };
        let rows = draft.rows(name, from, None, most)?;
        let next = rows.last().filter(|_| rows.len() == most).map(|(key, _)| [key.as_slice(), &[0]].concat());
        let mut gone = 0;
        for (key, value) in &rows {
            gone += usize::from(self.purge_row(draft, key, value, now, forgotten)?);
        }
        Ok((gone, next))
    }

    fn purge_row(
        self,
        draft: &mut Draft<'_, '_>,
        key: &[u8],
        value: &[u8],
        now: Timestamp,
        forgotten: Timestamp,
    ) -> Result<bool, Error> {
        match self {
            Self::Sessions => {
                let (token, session) = SESSIONS.row(key, value)?;
                let is_over = !session.is_live(now);
                if is_over {
                    sessions::remove(draft, &token)?;
                }
                Ok(is_over)
            }
            Self::Links => {
                let (token, link) = LINKS.row(key, value)?;
                let is_over = link.created_at.checked_add(VERIFICATION_LIFE).is_ok_and(|end| end < forgotten);
                if is_over {
                    links::remove(draft, &token, link.account);
                }
                Ok(is_over)
            }
            Self::Challenges => {
                let (token, challenge) = CHALLENGES.row(key, value)?;
                let is_over = challenge.expires_at() <= now;
                if is_over {
                    draft.remove(&CHALLENGES, &token);
                }
                Ok(is_over)
            }
            Self::Attempts => {
                let (key, attempts) = ATTEMPTS.row(key, value)?;
                // The longest rule there is; a shorter one is over sooner.
                let is_over = attempts.is_over(now, CODE_RULE);
                if is_over {
                    draft.remove(&ATTEMPTS, &key);
                }
                Ok(is_over)
            }
            Self::Mail => {
                let (id, mail) = MAIL.row(key, value)?;
                let is_over = mail.is_over(now);
                if is_over {
                    draft.remove(&MAIL, &id);
                } else if mail.is_stale(now) {
                    // SECURITY: the link in a mail that never arrived is kept no longer than it works.
                    draft.put(&MAIL, &id, &Mail { letter: None, ..mail });
                }
                Ok(is_over)
            }
        }
    }
}
