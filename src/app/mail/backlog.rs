//! Metrics about queued mail.

use jiff::{SignedDuration, Timestamp};

use crate::app::{App, Error};
use crate::store::Reader;
use crate::store::tables::schema;

/// Queued mails examined for the oldest; a longer queue is an alarm anyway.
const MAX_EXAMINED: usize = 10_000;

/// Mail that waits to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    pub mails: u64,
    /// The age of the oldest queued mail.
    pub oldest: SignedDuration,
}

/// Measures the queue as it is now.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn measure_backlog(app: &App) -> Result<Backlog, Error> {
    app.store.read(|txn| {
        let waiting = txn.scan_prefix(&schema::MAIL_DUE, &[], MAX_EXAMINED)?;
        // Ids begin with their creation time in milliseconds.
        let oldest = waiting.iter().map(|((_, id), ())| id.to_bytes()).min().map_or(SignedDuration::ZERO, |id| {
            let millis = id.iter().take(6).fold(0_i64, |millis, byte| (millis << 8) | i64::from(*byte));
            let created_at = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
            app.clock.now().duration_since(created_at).max(SignedDuration::ZERO)
        });
        Ok(Backlog { mails: txn.count(schema::MAIL_DUE.name())?, oldest })
    })
}
