//! Removal of expired rows: sessions, links, challenges nobody answered, and old audit entries.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::app::{App, Error, audit};
use crate::store::tables::purge::ExpiringTable;

/// Rows examined in one transaction, so that other writes need not wait long.
const PURGE_BATCH: usize = 500;
/// How long a used or expired link is kept, so that its owner is told why it no longer works.
const LINK_RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often expired rows are removed.
pub const PURGE_INTERVAL: Duration = Duration::from_hours(1);

/// Removes everything that has expired and returns how many rows.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; completed batches stay removed.
pub async fn purge_expired(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let links_before = now.checked_sub(LINK_RETENTION).unwrap_or(Timestamp::MIN);
    let mut removed = 0;
    for table in ExpiringTable::ALL {
        let mut start = Vec::new();
        loop {
            let from = std::mem::take(&mut start);
            let (batch, next) = app
                .store
                .write(move |txn| Ok::<_, Error>(table.purge(txn, &from, PURGE_BATCH, now, links_before)?))
                .await?;
            removed += batch;
            match next {
                Some(next) => start = next,
                None => break,
            }
        }
    }
    Ok(removed + audit::purge_expired(app).await?)
}

/// Removes expired rows every hour. Never returns; stops when dropped.
pub async fn run_expiry(app: &App) {
    loop {
        match purge_expired(app).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed expired rows"),
            Err(error) => tracing::warn!(%error, "removing expired rows failed; retrying in an hour"),
        }
        tokio::time::sleep(PURGE_INTERVAL).await;
    }
}
