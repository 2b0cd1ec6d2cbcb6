//! The current time: the system's clock, or a fixed one for tests.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

/// The only source of the current time.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    #[default]
    System,
    /// Moves only when it is set.
    Fixed(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// A clock that stays at `now` until it is set.
    pub fn fixed_at(now: Timestamp) -> Self {
        Self::Fixed(Arc::new(Mutex::new(now)))
    }

    /// The current instant.
    pub fn now(&self) -> Timestamp {
        match self {
            #[allow(clippy::disallowed_methods, reason = "the only use of the system's clock")]
            Self::System => Timestamp::now(),
            Self::Fixed(now) => *now.lock(),
        }
    }

    /// Sets a fixed clock; has no effect on the system's.
    pub fn set(&self, to: Timestamp) {
        if let Self::Fixed(now) = self {
            *now.lock() = to;
        }
    }
}
