//! Mail, and the queue of what waits to be sent.

use super::record::Key;
use super::schema::{MAIL, MAIL_DUE};
use super::{Draft, Error, Page, Read, Turn, View};
use crate::domain::mail::{Mail, Standing};
use crate::domain::{Email, MailId};

/// The mail with that id.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn get(read: &impl Read, id: MailId) -> Result<Option<Mail>, Error> {
    read.get(&MAIL, &id)
}

/// Stores a mail as it stands now, in place of how it stood `before`.
pub fn put(draft: &mut Draft<'_, '_>, mail: &Mail, before: Option<&Mail>) {
    if let Some(due) = before.and_then(due_key) {
        draft.remove(&MAIL_DUE, &due);
    }
    if let Some(due) = due_key(mail) {
        draft.put(&MAIL_DUE, &due, &());
    }
    draft.put(&MAIL, &mail.id, mail);
}

/// Up to `most` mails that are due before `millis`, the longest waiting first. Only which: one that cannot be read keeps no
/// other from being sent.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn due(read: &impl Read, millis: u64, most: usize) -> Result<Vec<MailId>, Error> {
    Ok(read.before(&MAIL_DUE, &millis.encode(), most)?.into_iter().map(|((_, id), ())| id).collect())
}

/// The millisecond at which the next mail is due.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn next_due(read: &impl Read) -> Result<Option<u64>, Error> {
    Ok(read.under(&MAIL_DUE, &[], 1)?.first().map(|((due, _), ())| *due))
}

/// Mail newest first, up to `most`.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn newest(read: &impl Read, most: usize) -> Result<Vec<Mail>, Error> {
    Ok(read.newest(&MAIL, &[], None, most)?.into_iter().map(|(_, mail)| mail).collect())
}

/// A page of mail, newest first: what is `wanted`.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn page(view: &View, wanted: impl Fn(&Mail) -> bool, turn: &Turn<MailId>) -> Result<Page<MailId, Mail>, Error> {
    view.page(&MAIL, &[], turn, |_, bytes| MAIL.value(bytes).map(|mail| Some(mail).filter(|mail| wanted(mail))))
}

/// Up to `most` mails that wait, in the order they are due.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn waiting(read: &impl Read, most: usize) -> Result<Vec<Mail>, Error> {
    let mut mails = Vec::new();
    for ((_, id), ()) in read.under(&MAIL_DUE, &[], most)? {
        mails.extend(get(read, id)?);
    }
    Ok(mails)
}

/// How many mails wait, as far as `most`, and which of them was written first.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn depth(read: &impl Read, most: usize) -> Result<(usize, Option<Mail>), Error> {
    let waiting = read.under(&MAIL_DUE, &[], most)?;
    // Ids sort as they were made.
    let oldest = waiting.iter().map(|((_, id), ())| *id).min();
    let oldest = oldest.map(|id| get(read, id)).transpose()?.flatten();
    Ok((waiting.len(), oldest))
}

/// Removes every mail to one of these addresses, sent or not. Walks the whole outbox, which is short: mail that was sent is purged.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn remove_to(draft: &mut Draft<'_, '_>, emails: &[Email]) -> Result<(), Error> {
    for (id, mail) in draft.under(&MAIL, &[], usize::MAX)? {
        if emails.contains(&mail.to) {
            if let Some(due) = due_key(&mail) {
                draft.remove(&MAIL_DUE, &due);
            }
            draft.remove(&MAIL, &id);
        }
    }
    Ok(())
}

fn due_key(mail: &Mail) -> Option<(u64, MailId)> {
    match mail.standing {
        Standing::Waiting { due, .. } => Some((u64::try_from(due.as_millisecond()).unwrap_or(0), mail.id)),
        _ => None,
    }
}
