//! Mail that notifies the owner of changes to the second factor.

use jiff::SignedDuration;

use crate::app::context::App;
use crate::app::error::Error;
use crate::app::mail::outbox::queue;
use crate::domain::Account;
use crate::domain::mail::{Mail, MessageBody};
use crate::store::WriteTxn;

/// How long such a mail is worth sending.
const NOTICE_LIFETIME: SignedDuration = SignedDuration::from_hours(3 * 24);

/// A mail to the owner of the account, prepared before a decision and queued in its transaction.
pub(super) struct OwnerEmail(Mail);

impl OwnerEmail {
    pub(super) fn prepare(app: &App, account: &Account, body: MessageBody) -> Result<Self, Error> {
        app.compose_mail(account.email.clone(), body, NOTICE_LIFETIME).map(Self)
    }

    pub(super) fn queue(&self, txn: &mut WriteTxn<'_, '_>) {
        queue(txn, &self.0);
    }
}
