//! What is over goes: sessions and links that ended, challenges nobody answered, old lines of the audit trail.

use jiff::{SignedDuration, Timestamp};

use super::{App, Error};
use crate::store::purge;

/// Rows looked at in one go, so that nobody's write waits behind it.
const BATCH: usize = 500;
/// How long a link that was used or died is remembered, so that its owner is told what became of it.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often it is done.
pub const EVERY: std::time::Duration = std::time::Duration::from_hours(1);

/// Removes what is over. Answers how many rows went.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; what went before that is gone.
pub async fn purge(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let long_ago = |life| now.checked_sub(life).unwrap_or(Timestamp::MIN);
    let forgotten = long_ago(REMEMBERED);
    let mut gone = 0;
    for table in purge::Table::ALL {
        let mut from = Vec::new();
        loop {
            let start = std::mem::take(&mut from);
            let (removed, next) = app
                .store
                .write(move |draft| Ok::<_, Error>(table.purge(draft, &start, BATCH, now, forgotten)?))
                .await?;
            gone += removed;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
    }
    Ok(gone + super::audit::purge(app).await?)
}

/// Removes what is over, again and again, for as long as the server runs. Ends only by being dropped.
pub async fn keep_purging(app: &App) {
    loop {
        match purge(app).await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, "rows that were over were removed"),
            Err(error) => tracing::warn!(%error, "what is over could not be removed; it is tried again in an hour"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
