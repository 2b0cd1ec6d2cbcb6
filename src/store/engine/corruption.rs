//! Whether the open file was seen to be corrupt, for health checks and the admin pages.

use std::sync::atomic::{AtomicBool, Ordering};

use super::error::Error;

/// Set when a row or page that was read, or a copy that was verified, is not what was written. Cleared when a copy of the whole
/// file verifies, and when another file takes the file's place.
#[derive(Debug, Default)]
pub(crate) struct CorruptionFlag(AtomicBool);

impl CorruptionFlag {
    /// Returns the result unchanged, and sets the flag if it is an error that means corruption.
    pub(super) fn observe<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result
            && error.is_corruption()
        {
            self.set(true);
        }
        result
    }

    pub(crate) fn set(&self, is_corrupt: bool) {
        self.0.store(is_corrupt, Ordering::Relaxed);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
