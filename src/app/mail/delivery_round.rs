//! One round of delivery: it sends mails over one connection and decides the new status of each.

use jiff::Timestamp;

use crate::app::mail::in_transit::{Claim, TransitStep};
use crate::app::mail::outbox::save_outcome;
use crate::app::mail::relay_outcome::{record_relay_failure, record_relay_success};
use crate::app::mail::stale::stale_reason;
use crate::app::{App, Error, random_bytes};
use crate::domain::MailId;
use crate::domain::mail::{DeliveryStatus, Mail, lost_reply_delay, retry_delay};
use crate::mail::{Connection, DeliveryError, Disposition, Relay};
use crate::store::tables::outbox;

/// When this many connections were lost, the rest of the round is postponed.
const MAX_LOST_CONNECTIONS: usize = 3;

/// One round of delivery.
pub(super) struct DeliveryRound<'a> {
    app: &'a App,
    relay: &'a Relay,
    /// Kept for the whole round, unless it breaks.
    connection: Option<Connection<'a>>,
    lost_connections: usize,
    /// Why nothing more is attempted in this round.
    stopped: Option<DeliveryError>,
}

impl<'a> DeliveryRound<'a> {
    pub(super) fn new(app: &'a App, relay: &'a Relay) -> Self {
        Self { app, relay, connection: None, lost_connections: 0, stopped: None }
    }

    /// Ends the session with the relay.
    pub(super) async fn quit(self) {
        if let Some(connection) = self.connection {
            connection.quit().await;
        }
    }

    /// Sends a mail if it may be sent, and returns it with its new status. `None` if it was deleted or sent in the meantime.
    pub(super) async fn process(&mut self, id: MailId, claim: &Claim<'_>) -> Result<Option<Mail>, Error> {
        let now = self.app.clock.now();
        let found = self.app.store.read(|txn| {
            let found = outbox::find_mail(txn, id)?.filter(|mail| mail.is_due(now));
            let Some(mail) = found else { return Ok::<_, Error>(None) };
            let stale = stale_reason(txn, &mail, now)?;
            Ok(Some((mail, stale)))
        })?;
        Ok(match found {
            None => None,
            Some((mail, Some(reason))) => Some(mail.into_failed(now, reason)),
            Some((mail, None)) => Some(self.attempt(mail, claim).await?),
        })
    }

    async fn attempt(&mut self, mail: Mail, claim: &Claim<'_>) -> Result<Mail, Error> {
        let now = self.app.clock.now();
        // SECURITY: checked again right before sending, because the allowlist may be shorter than when the mail was
        // queued.
        if !self.app.mail_policy.allows(&mail.to) {
            return Ok(Mail { status: DeliveryStatus::Captured, ..mail });
        }
        if let Some(until) = self.app.relay.deferred_until(now) {
            return Ok(defer(mail, until));
        }
        if let Some(error) = &self.stopped {
            // The session ended before this mail was sent.
            let error = DeliveryError { disposition: Disposition::ConnectionLost, ..error.clone() };
            return postpone(mail, &error, now);
        }
        // DURABILITY: recorded before the message leaves, so that a server that is killed then doesn't send it again at once.
        let unanswered = postpone(mail.clone(), &DeliveryError::unanswered(), now)?;
        let sent = self.send(&mail, unanswered, claim).await;
        // An attempt may take minutes.
        let now = self.app.clock.now();
        match sent {
            // SECURITY: the link in a mail is a secret. Once it is sent, only the recipient has it.
            Ok(reply) => Ok(Mail { body: None, reply: Some(reply), status: DeliveryStatus::Sent { at: now }, ..mail }),
            Err(error) => self.back_off(mail, error, now),
        }
    }

    /// Sends a mail, and saves it as `unanswered` meanwhile.
    async fn send(&mut self, mail: &Mail, unanswered: Mail, claim: &Claim<'_>) -> Result<String, DeliveryError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => match self.relay.connect().await {
                Ok(connection) => connection,
                Err(error) => {
                    record_relay_failure(self.app, &error);
                    self.stopped = Some(error.clone());
                    return Err(error);
                }
            },
        };
        let Some(body) = &mail.body else { return Err(DeliveryError::without_body()) };
        claim.advance(TransitStep::Sending);
        let app = self.app;
        let record = async { save_outcome(app, unanswered).await.map_err(|_| DeliveryError::unrecorded()) };
        let sent = connection.send(mail, body, record).await;
        match &sent {
            Err(error) if matches!(error.disposition, Disposition::Misconfigured(_)) => {
                record_relay_failure(self.app, error);
                self.stopped = Some(error.clone());
            }
            Err(error) if matches!(error.disposition, Disposition::ConnectionLost | Disposition::ReplyLost) => {
                self.lost_connections += 1;
                if self.lost_connections == MAX_LOST_CONNECTIONS {
                    record_relay_failure(self.app, error);
                    self.stopped = Some(error.clone());
                }
            }
            // Even if it rejected this mail, the relay works.
            _ => record_relay_success(self.app).await,
        }
        self.connection = Some(connection).filter(Connection::is_open);
        sent
    }

    /// The status of a mail that the relay did not accept.
    fn back_off(&self, mail: Mail, error: DeliveryError, now: Timestamp) -> Result<Mail, Error> {
        match error.disposition {
            // The body is kept until it expires, so that the mail can be retried once the cause is fixed.
            Disposition::Rejected => {
                tracing::warn!(mail = %mail.id, what = error.message, "the relay rejected a mail");
                let reason = error.to_string();
                Ok(Mail { reply: error.reply, status: DeliveryStatus::Failed { at: now, reason }, ..mail })
            }
            Disposition::Retry | Disposition::ConnectionLost | Disposition::ReplyLost => {
                tracing::warn!(mail = %mail.id, what = error.message, "a mail will be retried");
                postpone(mail, &error, now)
            }
            Disposition::Misconfigured(_) => {
                let until = self.app.relay.deferred_until(now).unwrap_or(now);
                Ok(Mail { reply: Some(error.to_string()), ..defer(mail, until) })
            }
        }
    }
}

fn attempts_of(mail: &Mail) -> u32 {
    match mail.status {
        DeliveryStatus::Waiting { attempts, .. } => attempts,
        _ => 0,
    }
}

/// Waits for the relay's settings to be fixed. The mail is not to blame, so no attempt is counted.
fn defer(mail: Mail, until: Timestamp) -> Mail {
    let due = until.min(mail.expires_at);
    Mail { status: DeliveryStatus::Waiting { due, attempts: attempts_of(&mail), deferred: true }, ..mail }
}

/// Waits for the next attempt, which is never later than the mail's expiry.
fn postpone(mail: Mail, error: &DeliveryError, now: Timestamp) -> Result<Mail, Error> {
    let attempts = attempts_of(&mail);
    let delay_after = if error.disposition == Disposition::ReplyLost { lost_reply_delay } else { retry_delay };
    let delay = delay_after(attempts, u32::from_le_bytes(random_bytes()?));
    let due = now.checked_add(delay).unwrap_or(Timestamp::MAX).min(mail.expires_at);
    let status = DeliveryStatus::Waiting { due, attempts: attempts.saturating_add(1), deferred: false };
    Ok(Mail { reply: Some(error.to_string()), status, ..mail })
}
