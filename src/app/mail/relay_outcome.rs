//! What a delivery attempt says about the relay, and releasing deferred mail.

use crate::app::{App, Error};
use crate::domain::mail::{DeliveryStatus, Mail};
use crate::mail::DeliveryError;
use crate::store::tables::outbox;

/// Deferred mails released at once; the rest is retried when it is due.
const MAX_RELEASED: usize = 1_000;

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
    if let Some(retry_at) = app.relay.record_failure(error, app.clock.now()) {
        tracing::error!(what, %retry_at, "mail cannot be sent until the relay settings are fixed");
    } else {
        tracing::warn!(what, "the relay cannot be reached");
    }
}

/// Makes deferred mail due at once.
pub(super) async fn release_deferred(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    app.store
        .write(move |txn| {
            for mail in outbox::list_waiting(txn, MAX_RELEASED)? {
                if let DeliveryStatus::Waiting { deferred: true, attempts, .. } = mail.status {
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
