//! The health of mail: the relay as of the last attempts, and the queue.

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::app::mail::relay_monitor::RelayHealth;
use crate::domain::calendar::format::format_utc;
use crate::store::tables::outbox;

/// Queued mails counted; a longer queue is an alarm anyway.
const MAX_EXAMINED: usize = 10_000;

/// Mail that waits for longer than this raises an alert, even if the relay works.
const MAX_DELAY: SignedDuration = SignedDuration::from_hours(1);

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
    checked_at: Timestamp,
}

/// What admins must be told about mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAlert {
    /// The word in JSON.
    pub code: &'static str,
    pub message: String,
}

impl MailHealth {
    /// What admins must be told.
    pub fn alert(&self) -> Option<MailAlert> {
        let why = self.relay.why().unwrap_or_default();
        if let Some(fault) = self.relay.fault() {
            let message =
                format!("Mail can't be sent: {fault} ({why}). Messages are kept and retried every 15 minutes.");
            return Some(MailAlert { code: "mail_held", message });
        }
        if let Some(since) = self.relay.unreachable_since(self.checked_at) {
            let since = format_utc(since);
            let message = format!(
                "Mail can't be sent: the mail relay hasn't been reachable since {since} ({why}). Messages are kept and retried."
            );
            return Some(MailAlert { code: "mail_unreachable", message });
        }
        let oldest = self.oldest.filter(|oldest| self.checked_at.duration_since(*oldest) > MAX_DELAY)?;
        let since = format_utc(oldest);
        let message = format!("Mail is delayed: the oldest message has been waiting since {since}.");
        Some(MailAlert { code: "mail_delayed", message })
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
        checked_at: app.clock.now(),
    }
}
