//! The mailbox of the checklist's probe account, kept in memory.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, MutexGuard};

use crate::domain::mail::MessageBody;
use crate::domain::{Email, MailId};

/// The longest a probe is active.
pub(in crate::app) const PROBE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// The active probe, if there is one.
#[derive(Default)]
pub(in crate::app) struct ProbeMailbox(Mutex<Option<ActiveProbe>>);

pub(in crate::app) struct ActiveProbe {
    pub(in crate::app) email: Email,
    pub(in crate::app) until: Timestamp,
    /// The texts of its mails. The outbox doesn't keep them once they are sent.
    pub(in crate::app) texts: HashMap<MailId, String>,
}

impl ActiveProbe {
    /// Whether its time is over, or it was to end later than it could have been started, because the clock was set back.
    pub(in crate::app) fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now || self.until.duration_since(now) > PROBE_LIFETIME
    }
}

impl ProbeMailbox {
    pub(in crate::app) fn lock(&self) -> MutexGuard<'_, Option<ActiveProbe>> {
        self.0.lock()
    }

    /// Whether this is the probe's address.
    pub(super) fn is_probe(&self, email: &Email) -> bool {
        self.lock().as_ref().is_some_and(|probe| probe.email == *email)
    }

    /// Keeps the text of a mail if it goes to the probe.
    pub(super) fn record(&self, email: &Email, id: MailId, body: &MessageBody) {
        if let Some(probe) = self.lock().as_mut().filter(|probe| probe.email == *email) {
            probe.texts.insert(id, body.text.clone());
        }
    }
}
