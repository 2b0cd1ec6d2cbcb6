//! Figures of a running environment, for whoever watches it.

use jiff::{SignedDuration, Timestamp};

use super::{App, Error};
use crate::store::{Read, schema};

/// Most waiting mails that are looked at; a queue that is longer is long enough to be told.
const MOST: usize = 10_000;

/// Mail that waits to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many.
    pub mails: u64,
    /// How long the oldest has been waiting.
    pub oldest: SignedDuration,
}

/// Mail that waits to be sent now.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn backlog(app: &App) -> Result<Backlog, Error> {
    app.store.read(|view| {
        let waiting = view.under(&schema::MAIL_DUE, &[], MOST)?;
        // Ids order by the time they were made, and begin with it.
        let oldest = waiting.iter().map(|((_, id), ())| id.to_bytes()).min().map_or(SignedDuration::ZERO, |id| {
            let millis = id.iter().take(6).fold(0_i64, |millis, byte| (millis << 8) | i64::from(*byte));
            let made = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
            app.clock.now().duration_since(made).max(SignedDuration::ZERO)
        });
        Ok(Backlog { mails: view.count(schema::MAIL_DUE.name())?, oldest })
    })
}
