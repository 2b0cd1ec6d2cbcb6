//! What an attempt says about the relay, and releasing deferred mail.

use jiff::Timestamp;

use crate::app::{App, Error};
use crate::domain::mail::{DeliveryStatus, Mail};
use crate::mail::{DeliveryError, Relay};
use crate::store::tables::outbox;

/// Mails released at once; the rest is retried when it is due.
const MAX_RELEASED: usize = 1_000;

/// Signs in to the relay without sending anything, and records whether it works.
pub(super) async fn check_relay(app: &App, relay: &Relay) {
    match relay.check_sign_in().await {
        Ok(()) => record_relay_success(app).await,
        Err(error) => record_relay_failure(app, &error),
    }
}

/// Records that the relay works, and releases deferred mail if it was misconfigured before.
pub(super) async fn record_relay_success(app: &App) {
    if app.relay.record_success(app.clock.now()) {
        tracing::info!("mail can be sent again");
        if let Err(error) = release_deferred(app).await {
            tracing::error!(%error, "deferred mail could not be released");
        }
    }
}

/// Records and logs that the relay doesn't work.
pub(super) fn record_relay_failure(app: &App, error: &DeliveryError) {
    let what = &error.message;
    let now = app.clock.now();
    if let Some(retry_at) = app.relay.record_failure(error, now) {
        tracing::error!(what, %retry_at, "mail cannot be sent until the relay settings are fixed");
    } else if let Some(since) = app.relay.health().unreachable_since(now) {
        tracing::error!(what, %since, "the relay has been unreachable for a while");
    } else {
        tracing::warn!(what, "the relay cannot be reached");
    }
}

/// Makes deferred mail due at once.
pub(super) async fn release_deferred(app: &App) -> Result<(), Error> {
    release_if(app, |mail, _| matches!(mail.status, DeliveryStatus::Waiting { deferred: true, .. })).await
}

/// Makes mail due whose due time was set before the clock was set back.
pub(super) async fn release_after_clock_step(app: &App) -> Result<(), Error> {
    release_if(app, Mail::is_due).await
}

async fn release_if(app: &App, condition: impl Fn(&Mail, Timestamp) -> bool + Send + 'static) -> Result<(), Error> {
    let now = app.clock.now();
    app.store
        .write(move |txn| {
            for mail in outbox::list_waiting(txn, MAX_RELEASED)? {
                if let DeliveryStatus::Waiting { attempts, due, deferred } = mail.status
                    && condition(&mail, now)
                    && (deferred || due > now)
                {
                    let status = DeliveryStatus::Waiting { due: now, attempts, deferred: false };
                    outbox::put(txn, &Mail { status, ..mail.clone() }, Some(&mail));
                }
            }
            Ok::<_, Error>(())
        })
        .await?;
    app.notify_mail_queued();
    Ok(())
}
