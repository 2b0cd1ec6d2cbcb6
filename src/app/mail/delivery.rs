//! Delivery of queued mail.
//!
//! Mail is delivered at least once: an attempt whose result is unknown is repeated, but much later than one that failed
//! ([`lost_reply_delay`](crate::domain::mail::lost_reply_delay)). One session with the relay sends everything that is due. When it
//! has been busy with one message for long, other sessions send the rest, so that a recipient whose server is slow delays
//! nobody else.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use crate::app::App;
use crate::app::error::{Error, ErrorContext};
use crate::app::mail::delivery_round::DeliveryRound;
use crate::app::mail::outbox::save_outcome;
use crate::app::mail::relay_outcome::{check_relay, release_after_clock_step, release_deferred};
use crate::mail::Relay;
use crate::store::tables::outbox;

const MAX_MAILS_PER_ROUND: usize = 50;
/// Sessions with the relay at a time.
const MAX_SESSIONS: usize = 4;
/// How long delivery pauses after the data file could not be read or written.
const STORE_ERROR_PAUSE: Duration = Duration::from_secs(10);
const MIN_POLL_PAUSE_MILLIS: u64 = 100;
const MAX_POLL_PAUSE: Duration = Duration::from_mins(1);

/// Sends mail when it is due. Never returns; stops when dropped.
pub async fn run_delivery(app: &App, relay: &Relay) {
    check_relay(app, relay).await;
    // Fixed settings take effect with a restart, so mail that was deferred until then is due now.
    if let Err(error) = release_deferred(app).await {
        tracing::error!(%error, "deferred mail could not be released");
    }
    let mut sessions = FuturesUnordered::new();
    // As if the clock had been set back while the server was stopped.
    let mut latest = Timestamp::MAX;
    loop {
        let now = app.clock.now();
        if now < latest
            && let Err(error) = release_after_clock_step(app).await
        {
            tracing::error!(%error, "mail that was due before the clock was set back could not be released");
        }
        latest = now;
        if sessions.is_empty() && app.relay.needs_check(now) {
            check_relay(app, relay).await;
        }
        sessions.push(deliver_due_mail(app, relay));
        wait_for_next_session(app, relay, &mut sessions).await;
    }
}

/// Drives the running sessions until another one is due: when all of them have ended and mail is due or was queued, or when all
/// of them have been busy with one message for long.
async fn wait_for_next_session<F>(app: &App, relay: &Relay, sessions: &mut FuturesUnordered<F>)
where
    F: Future<Output = Result<(), Error>>,
{
    let mut store_error = false;
    loop {
        let is_idle = sessions.is_empty();
        let pause = match is_idle {
            true if store_error => STORE_ERROR_PAUSE,
            true => pause_until_next(app),
            false => relay.timeouts.next_session,
        };
        tokio::select! {
            Some(ended) = sessions.next() => if let Err(error) = ended {
                tracing::error!(%error, "the outbox could not be read or written");
                store_error = true;
            },
            () = app.mail_queued.notified(), if is_idle => return,
            () = tokio::time::sleep(pause) => {
                if is_idle || sessions.len() < MAX_SESSIONS && app.in_transit.are_all_sending(sessions.len()) {
                    return;
                }
            }
        }
    }
}

/// How long delivery waits for the next mail that is due, unless one is queued before.
pub fn pause_until_next(app: &App) -> Duration {
    let now = u64::try_from(app.clock.now().as_millisecond()).unwrap_or(0);
    match app.store.read(outbox::next_due) {
        Ok(Some(due)) => Duration::from_millis(due.saturating_sub(now).max(MIN_POLL_PAUSE_MILLIS)).min(MAX_POLL_PAUSE),
        _ => MAX_POLL_PAUSE,
    }
}

/// Attempts delivery of all mail that is due now, once, over as few connections as possible.
///
/// # Errors
/// [`Error`] when the file cannot be read or written; a failing relay is not an error. A mail with a corrupt row stays
/// where it is; it is reported after the others were sent.
pub async fn deliver_due_mail(app: &App, relay: &Relay) -> Result<(), Error> {
    // A sent mail that cannot be marked as sent would be sent again and again.
    if !app.store.can_commit() {
        return Err(Error::unavailable("the data file cannot be written, so no mail is sent"));
    }
    let now = app.clock.now();
    let due = app.store.read(|txn| outbox::list_due(txn, now, MAX_MAILS_PER_ROUND))?;
    let mut round = DeliveryRound::new(app, relay);
    let mut corrupt = Ok(());
    for id in due {
        // Another session sends it, or the server stops.
        let Some(claim) = app.in_transit.claim(id) else { continue };
        match round.process(id, &claim).await {
            Ok(None) => {}
            Ok(Some(mail)) => {
                tracing::info!(mail = %id, to = %mail.to.masked(), status = mail.status.as_str(), "mail");
                save_outcome(app, mail).await?;
            }
            Err(Error::Broken(error)) => {
                corrupt = Err(Error::broken(ErrorContext::new(format!("mail {id}: {error}"), error)));
            }
            Err(error) => return Err(error),
        }
    }
    round.quit().await;
    corrupt
}

/// Ends delivery before the server stops: begins nothing more, and waits up to `limit` for the relay's answers. What the relay has
/// not answered by then is recorded as such, so that the next start doesn't send it again at once.
pub async fn stop_delivery(app: &App, limit: Duration) {
    app.in_transit.close();
    if tokio::time::timeout(limit, app.in_transit.wait_until_idle()).await.is_err() {
        tracing::warn!("the server stops before the relay said whether it accepted a mail");
    }
}
