//! Queueing mail that anyone can request, within the limit of its recipient.

use jiff::Timestamp;

use crate::app::Error;
use crate::app::identity::address_key::AddressKey;
use crate::app::mail::outbox::queue;
use crate::domain::accounts::attempts::Attempts;
use crate::domain::accounts::requested_mail::{MAX_PER_RECIPIENT, RECIPIENT_WINDOW, RequestedMail};
use crate::domain::mail::Mail;
use crate::store::WriteTxn;
use crate::store::tables::attempts;

/// Queues a mail and counts it against its recipient, unless the recipient has had too many. Returns whether it was queued.
///
/// Each of the last [`MAX_PER_RECIPIENT`] mails occupies a slot until it is older than [`RECIPIENT_WINDOW`].
pub(super) fn queue_requested(
    txn: &mut WriteTxn<'_, '_>,
    kind: RequestedMail,
    mail: &Mail,
    address: AddressKey,
    now: Timestamp,
) -> Result<bool, Error> {
    let recipient = address.stand_in();
    let is_taken = |txn: &WriteTxn<'_, '_>, slot: &str| {
        let last = attempts::find_stored(txn, recipient, slot)?;
        Ok::<_, Error>(last.is_some_and(|last| last.began_within(now, RECIPIENT_WINDOW)))
    };
    let mut free = None;
    let mut recent = 0;
    for number in 0..MAX_PER_RECIPIENT {
        let slot = format!("mail-{number}");
        if is_taken(txn, &slot)? {
            recent += 1;
        } else {
            free = Some(slot);
        }
    }
    if !kind.is_allowed(recent, is_taken(txn, kind.as_str())?) {
        return Ok(false);
    }
    for slot in free.iter().map(String::as_str).chain([kind.as_str()]) {
        attempts::put(txn, recipient, slot, &Attempts::new(now));
    }
    queue(txn, mail);
    Ok(true)
}
