//! Messages, and the queue of those that wait to be sent.

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::mail::{DeliveryStatus, MAX_PAUSE, Mail};
use crate::domain::{Email, MailId};
use crate::store::engine::codec::{RowKey, decode_fields};
use crate::store::tables::schema::{MAIL, MAIL_DUE};
use crate::store::{Error, PageRequest, ReadTxn, Reader, RowPage, WriteTxn};

/// The message with this id.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn find_mail(txn: &impl Reader, id: MailId) -> Result<Option<Mail>, Error> {
    txn.get(&MAIL, &id)
}

/// Stores a message in place of its version `before`, and keeps the queue in step.
pub fn put(txn: &mut WriteTxn<'_, '_>, mail: &Mail, before: Option<&Mail>) {
    if let Some(due) = before.and_then(due_key) {
        txn.remove(&MAIL_DUE, &due);
    }
    if let Some(due) = due_key(mail) {
        txn.put(&MAIL_DUE, &due, &());
    }
    txn.put(&MAIL, &mail.id, mail);
}

/// The ids of up to `limit` messages that are due at `now`, the longest waiting first. Only ids, so that a message that cannot be
/// read does not keep the others from being sent. A due time further away than [`MAX_PAUSE`] was set before the clock was set
/// back, and is now.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_due(txn: &impl Reader, now: Timestamp, limit: usize) -> Result<Vec<MailId>, Error> {
    let after = |millis: u64| millis.saturating_add(1).encode();
    let due = scan_queue(txn, &[], Some(&after(to_millis(now))), limit)?;
    let last_plausible = to_millis(now.checked_add(MAX_PAUSE).unwrap_or(Timestamp::MAX));
    let implausible = scan_queue(txn, &after(last_plausible), None, limit.saturating_sub(due.len()))?;
    Ok(due.into_iter().chain(implausible).map(|(_, id)| id).collect())
}

/// The millisecond at which the next message is due.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn next_due(txn: &impl Reader) -> Result<Option<u64>, Error> {
    Ok(scan_queue(txn, &[], None, 1)?.first().map(|(due, _)| *due))
}

/// Up to `limit` entries of the queue with `from <= key < to`, in the order they are due. Without those whose message doesn't wait,
/// as far as this version can tell: a newer one may have given it a status that this one doesn't know. They stay in the queue
/// for the newer version, and would otherwise be due all the time, before the others.
fn scan_queue(txn: &impl Reader, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<(u64, MailId)>, Error> {
    let (mut from, mut found) = (from.to_vec(), Vec::new());
    loop {
        let entries = txn.scan_range(&MAIL_DUE, &from, to, QUEUE_ROWS_PER_SCAN)?;
        let last = entries.last().filter(|_| entries.len() == QUEUE_ROWS_PER_SCAN);
        let next = last.map(|(key, ())| [key.encode().as_slice(), &[0]].concat());
        for (key, ()) in entries {
            if found.len() == limit {
                return Ok(found);
            }
            let is_waiting = find_mail(txn, key.1).map(|mail| mail.and_then(|mail| due_key(&mail)) == Some(key));
            // A message that cannot be read is reported when it is its turn.
            if is_waiting.unwrap_or(true) {
                found.push(key);
            }
        }
        match next {
            Some(next) => from = next,
            None => return Ok(found),
        }
    }
}

/// Up to `limit` messages, newest first.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_newest(txn: &impl Reader, limit: usize) -> Result<Vec<Mail>, Error> {
    Ok(txn.scan_newest(&MAIL, &[], None, limit)?.into_iter().map(|(_, mail)| mail).collect())
}

/// A page of the messages for which `matches` is true, by when they were created.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_page(
    txn: &ReadTxn,
    matches: impl Fn(&Mail) -> bool,
    request: &PageRequest<MailId>,
) -> Result<RowPage<MailId, Mail>, Error> {
    txn.read_page(&MAIL, &[], request, |_, bytes| {
        MAIL.decode_value(bytes).map(|mail| Some(mail).filter(|mail| matches(mail)))
    })
}

/// Messages by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailCounts {
    pub sent: u64,
    pub failed: u64,
    pub captured: u64,
}

impl MailCounts {
    /// Counts a message by the name of its status.
    pub fn add(&mut self, status: &str) {
        match status {
            "sent" => self.sent += 1,
            "failed" => self.failed += 1,
            "captured" => self.captured += 1,
            _ => {}
        }
    }
}

impl std::iter::Sum for MailCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, one| Self {
            sent: sum.sent + one.sent,
            failed: sum.failed + one.failed,
            captured: sum.captured + one.captured,
        })
    }
}

/// The part of a message that says what became of it.
#[derive(Deserialize)]
struct MailState<'a> {
    state: &'a str,
}

/// Rows copied at once.
const ROWS_PER_SCAN: usize = 500;
/// Entries of the queue copied at once.
const QUEUE_ROWS_PER_SCAN: usize = 64;

/// Calls `on_mail` with the time and the status of the newest messages, up to `limit`, of those created at `since` or later.
/// Returns whether those were all.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn for_each_newest(
    txn: &impl Reader,
    since: Timestamp,
    limit: usize,
    mut on_mail: impl FnMut(Timestamp, &str),
) -> Result<bool, Error> {
    let first = MailId::generate(since, [0; 10]).encode();
    let (mut end, mut left) = (None, limit);
    loop {
        let rows = txn.scan_rev(MAIL.name(), &first, end.as_deref(), ROWS_PER_SCAN.min(left.max(1)))?;
        let Some((last, _)) = rows.last() else { return Ok(true) };
        if left == 0 {
            return Ok(false);
        }
        for (key, bytes) in &rows {
            let mail: MailState<'_> =
                decode_fields(bytes).map_err(|source| Error::Corrupt { table: MAIL.name(), source })?;
            on_mail(MAIL.decode_key(key)?.created_at(), mail.state);
        }
        left = left.saturating_sub(rows.len());
        end = Some(last.clone());
    }
}

/// Up to `limit` queued messages, in the order they are due.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn list_waiting(txn: &impl Reader, limit: usize) -> Result<Vec<Mail>, Error> {
    let mut mails = Vec::new();
    for ((_, id), ()) in txn.scan_prefix(&MAIL_DUE, &[], limit)? {
        mails.extend(find_mail(txn, id)?);
    }
    Ok(mails)
}

/// The number of queued messages, counted up to `limit`, and the one of them that was created first.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn queue_depth(txn: &impl Reader, limit: usize) -> Result<(usize, Option<Mail>), Error> {
    let waiting = txn.scan_prefix(&MAIL_DUE, &[], limit)?;
    // Ids sort by creation time.
    let oldest = waiting.iter().map(|((_, id), ())| *id).min();
    let oldest = oldest.map(|id| find_mail(txn, id)).transpose()?.flatten();
    Ok((waiting.len(), oldest))
}

/// Removes every message to one of these addresses, sent or not. Scans the whole outbox, which is short because sent messages
/// are purged.
///
/// # Errors
/// [`Error::File`]; [`Error::Corrupt`].
pub fn remove_to(txn: &mut WriteTxn<'_, '_>, emails: &[Email]) -> Result<(), Error> {
    for (id, mail) in txn.scan_prefix(&MAIL, &[], usize::MAX)? {
        if emails.contains(&mail.to) {
            if let Some(due) = due_key(&mail) {
                txn.remove(&MAIL_DUE, &due);
            }
            txn.remove(&MAIL, &id);
        }
    }
    Ok(())
}

fn due_key(mail: &Mail) -> Option<(u64, MailId)> {
    match mail.status {
        DeliveryStatus::Waiting { due, .. } => Some((to_millis(due), mail.id)),
        _ => None,
    }
}

fn to_millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or(0)
}
