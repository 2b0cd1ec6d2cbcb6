//! Queueing mail that anyone can request, within the limit of its recipient.
//!
//! Whether there is room, and queueing, are two steps, so that a request for which nothing is sent can rehearse the second
//! one and takes as long.

use jiff::Timestamp;

use crate::app::Error;
use crate::app::identity::address_key::AddressKey;
use crate::app::mail::outbox::queue;
use crate::domain::AccountId;
use crate::domain::accounts::attempts::Attempts;
use crate::domain::accounts::requested_mail::{MAX_PER_RECIPIENT, RECIPIENT_WINDOW, RequestedMail};
use crate::domain::mail::Mail;
use crate::store::tables::attempts;
use crate::store::{Reader, WriteTxn};

/// Room for one more mail within the limit of its recipient, or none.
pub(super) struct RecipientQuota {
    kind: RequestedMail,
    recipient: AccountId,
    /// The slot that the mail will occupy; `None` for one beyond [`MAX_PER_RECIPIENT`].
    free_slot: Option<String>,
    /// Whether the mail may be sent.
    pub(super) is_open: bool,
}

impl RecipientQuota {
    /// Each of the last [`MAX_PER_RECIPIENT`] mails occupies a slot until it is older than [`RECIPIENT_WINDOW`].
    pub(super) fn find(
        txn: &impl Reader,
        kind: RequestedMail,
        address: AddressKey,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let recipient = address.stand_in();
        let is_taken = |slot: &str| {
            let last = attempts::find_stored(txn, recipient, slot)?;
            Ok::<_, Error>(last.is_some_and(|last| last.began_within(now, RECIPIENT_WINDOW)))
        };
        let (mut free_slot, mut recent) = (None, 0);
        for number in 0..MAX_PER_RECIPIENT {
            let slot = format!("mail-{number}");
            if is_taken(&slot)? {
                recent += 1;
            } else {
                free_slot = Some(slot);
            }
        }
        let is_open = kind.is_allowed(recent, is_taken(kind.as_str())?);
        Ok(Self { kind, recipient, free_slot, is_open })
    }

    /// Queues the mail and counts it. Call it only if the quota is open, or to rehearse.
    pub(super) fn queue(&self, txn: &mut WriteTxn<'_, '_>, mail: &Mail, now: Timestamp) {
        let slot = self.free_slot.as_deref().unwrap_or("mail-0");
        for kind in [slot, self.kind.as_str()] {
            attempts::put(txn, self.recipient, kind, &Attempts::new(now));
        }
        queue(txn, mail);
    }
}
