//! What time it is: the system's clock, or one that a test holds.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

/// A clock.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// One that stands still until it is moved.
    Held(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// A clock that stands at `now`.
    pub fn held_at(now: Timestamp) -> Self {
        Self::Held(Arc::new(Mutex::new(now)))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match self {
            #[allow(clippy::disallowed_methods, reason = "this is the one door")]
            Self::System => Timestamp::now(),
            Self::Held(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a held clock; the system's goes its own way.
    pub fn set(&self, to: Timestamp) {
        if let Self::Held(now) = self {
            *now.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }
}
