//! The health of mail: the relay as of the last attempts, and the queue.

use jiff::Timestamp;

use crate::app::App;
use crate::app::mail::relay_monitor::RelayHealth;
use crate::store::tables::outbox;

/// Queued mails counted; a longer queue is an alarm anyway.
const MAX_EXAMINED: usize = 10_000;

/// The health of mail.
#[derive(Debug, Clone)]
pub struct MailHealth {
    /// Whether mail may leave this environment at all.
    pub leaves: bool,
    pub relay: RelayHealth,
    /// How many mails are queued.
    pub waiting: usize,
    /// When the oldest queued mail was created.
    pub oldest: Option<Timestamp>,
}

impl MailHealth {
    /// What admins must be told, in one sentence.
    pub fn alert(&self) -> Option<String> {
        let fault = self.relay.fault()?;
        let why = self.relay.why().unwrap_or_default();
        Some(format!("Mail can't be sent: {fault} ({why}). Messages are kept and retried every 15 minutes."))
    }
}

/// Reads the health of mail. If the file cannot be read, the queue is reported as empty.
pub fn check_mail_health(app: &App) -> MailHealth {
    let (waiting, oldest) = app.store.read(|txn| outbox::queue_depth(txn, MAX_EXAMINED)).unwrap_or_default();
    MailHealth {
        leaves: app.mail_policy.can_send_mail(),
        relay: app.relay.health(),
        waiting,
        oldest: oldest.map(|mail| mail.created_at),
    }
}
