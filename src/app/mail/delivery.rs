//! Delivery of queued mail.

use std::time::Duration;

use crate::app::App;
use crate::app::error::{Error, ErrorContext};
use crate::app::mail::delivery_round::DeliveryRound;
use crate::app::mail::outbox::update_mail;
use crate::app::mail::relay_outcome::{record_relay_failure, record_relay_success, release_deferred};
use crate::domain::mail::Mail;
use crate::mail::Relay;
use crate::store::tables::outbox;

const MAX_MAILS_PER_ROUND: usize = 50;
/// How long delivery pauses after the data file could not be read or written.
const STORE_ERROR_PAUSE: Duration = Duration::from_secs(10);
/// How long to wait before saving an outcome again when the store was busy.
const BUSY_RETRY_PAUSE: Duration = Duration::from_millis(100);
const MIN_POLL_PAUSE_MILLIS: u64 = 100;
const MAX_POLL_PAUSE: Duration = Duration::from_mins(1);

/// Sends mail when it is due. Never returns; stops when dropped.
pub async fn run_delivery(app: &App, relay: &Relay) {
    match relay.check_sign_in().await {
        Ok(()) => record_relay_success(app).await,
        Err(error) => record_relay_failure(app, &error),
    }
    // Fixed settings take effect with a restart, so mail that was deferred until then is due now.
    if let Err(error) = release_deferred(app).await {
        tracing::error!(%error, "deferred mail could not be released");
    }
    loop {
        let pause = match deliver_due_mail(app, relay).await {
            Ok(()) => pause_until_next(app),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read or written");
                STORE_ERROR_PAUSE
            }
        };
        tokio::select! {
            () = app.mail_queued.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn pause_until_next(app: &App) -> Duration {
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
    let millis = u64::try_from(app.clock.now().as_millisecond()).unwrap_or(0).saturating_add(1);
    let due = app.store.read(|txn| outbox::list_due(txn, millis, MAX_MAILS_PER_ROUND))?;
    let mut round = DeliveryRound::new(app, relay);
    let mut corrupt = Ok(());
    for id in due {
        match round.process(id).await {
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

/// Saves the outcome of an attempt, however busy the store is.
async fn save_outcome(app: &App, mail: Mail) -> Result<(), Error> {
    loop {
        match update_mail(app, mail.clone()).await {
            Err(Error::Busy) => tokio::time::sleep(BUSY_RETRY_PAUSE).await,
            saved => return saved,
        }
    }
}
