//! Whether the open file was seen to be damaged, for whoever watches the server.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Error;

/// Set by whoever read what does not fit, or failed to prove a copy; taken back by a proof of the whole file and when another
/// file takes its place.
#[derive(Debug, Default)]
pub(super) struct Damage(AtomicBool);

impl Damage {
    /// Passes a result on, and remembers when it tells of damage.
    pub(super) fn noted<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result
            && tells_of_it(error)
        {
            self.set(true);
        }
        result
    }

    pub(super) fn set(&self, is_damaged: bool) {
        self.0.store(is_damaged, Ordering::Relaxed);
    }

    pub(super) fn is_seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

fn tells_of_it(error: &Error) -> bool {
    match error {
        Error::Corrupt { .. } => true,
        Error::File(error) => matches!(**error, redb::Error::Corrupted(_)),
        Error::Busy | Error::Closed | Error::Panicked => false,
    }
}
