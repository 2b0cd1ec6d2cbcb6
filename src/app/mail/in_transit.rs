//! Mail that is being sent right now, by any of the sessions with the relay.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::MailId;

/// How far the attempt to send a mail got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransitStep {
    /// There may be no session with the relay yet.
    Claimed,
    /// The relay is being asked to accept it.
    Sending,
}

/// The mails that are being sent. Each is sent by one session only.
#[derive(Debug, Default)]
pub(in crate::app) struct InTransit {
    state: Mutex<TransitState>,
    released: Notify,
}

#[derive(Debug, Default)]
struct TransitState {
    mails: HashMap<MailId, TransitStep>,
    is_closed: bool,
}

/// The right to send one mail; ends when it is dropped.
pub(super) struct Claim<'a> {
    in_transit: &'a InTransit,
    id: MailId,
}

impl InTransit {
    /// Claims a mail. `None` while another session has it, or when the server stops.
    pub(super) fn claim(&self, id: MailId) -> Option<Claim<'_>> {
        let mut state = self.state.lock();
        if state.is_closed || state.mails.contains_key(&id) {
            return None;
        }
        state.mails.insert(id, TransitStep::Claimed);
        Some(Claim { in_transit: self, id })
    }

    /// Whether a session is busy with this mail.
    pub(in crate::app) fn contains(&self, id: MailId) -> bool {
        self.state.lock().mails.contains_key(&id)
    }

    /// Whether all of so many sessions are past connecting and busy with a mail.
    pub(super) fn are_all_sending(&self, sessions: usize) -> bool {
        self.state.lock().mails.values().filter(|step| **step != TransitStep::Claimed).count() >= sessions
    }

    /// Lets no further mail be sent.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
    }

    /// Waits until no session is busy with a mail. One that still connects is not waited for.
    pub(super) async fn wait_until_idle(&self) {
        loop {
            let released = self.released.notified();
            if self.state.lock().mails.values().all(|step| *step == TransitStep::Claimed) {
                return;
            }
            released.await;
        }
    }
}

impl Claim<'_> {
    pub(super) fn advance(&self, to: TransitStep) {
        self.in_transit.state.lock().mails.insert(self.id, to);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.in_transit.state.lock().mails.remove(&self.id);
        self.in_transit.released.notify_waiters();
    }
}
