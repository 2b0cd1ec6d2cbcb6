//! The health of the relay, according to the last delivery attempts. Kept in memory: a restart begins with
//! [`RelayHealth::Untried`].

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::mail::{DeliveryError, Disposition, RelayFault};

/// How often a misconfigured relay is tried. Trying more often fixes nothing and may lock the account there.
pub const MISCONFIGURED_RETRY_INTERVAL: SignedDuration = SignedDuration::from_mins(15);

/// The health of the relay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RelayHealth {
    /// Not tried since the start, or not configured.
    #[default]
    Untried,
    /// It accepted the last sign-in.
    Works { since: Timestamp },
    /// It could not be reached, or refused temporarily.
    Unreachable { since: Timestamp, why: String },
    /// Its settings are wrong. No mail is sent until an operator fixes them.
    Misconfigured {
        since: Timestamp,
        fault: RelayFault,
        /// The last error, with the relay's reply.
        why: String,
        retry_at: Timestamp,
    },
}

impl RelayHealth {
    /// The word used in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Untried => "untried",
            Self::Works { .. } => "works",
            Self::Unreachable { .. } => "away",
            Self::Misconfigured { .. } => "faulty",
        }
    }

    /// When this state began.
    pub fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Untried => None,
            Self::Works { since } | Self::Unreachable { since, .. } | Self::Misconfigured { since, .. } => Some(*since),
        }
    }

    /// The last error, while the relay doesn't work.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Untried | Self::Works { .. } => None,
            Self::Unreachable { why, .. } | Self::Misconfigured { why, .. } => Some(why),
        }
    }

    /// What an operator must fix.
    pub fn fault(&self) -> Option<RelayFault> {
        match self {
            Self::Misconfigured { fault, .. } => Some(*fault),
            _ => None,
        }
    }
}

/// Remembers the health of the relay.
#[derive(Debug, Default)]
pub(in crate::app) struct RelayMonitor(Mutex<RelayHealth>);

impl RelayMonitor {
    pub(super) fn health(&self) -> RelayHealth {
        self.0.lock().clone()
    }

    /// Records that the relay works. Returns whether it was misconfigured before.
    pub(super) fn record_success(&self, now: Timestamp) -> bool {
        let mut state = self.0.lock();
        let was_misconfigured = state.fault().is_some();
        if !matches!(*state, RelayHealth::Works { .. }) {
            *state = RelayHealth::Works { since: now };
        }
        was_misconfigured
    }

    /// Records that the relay doesn't work. If it is misconfigured, returns when it is tried again.
    pub(super) fn record_failure(&self, error: &DeliveryError, now: Timestamp) -> Option<Timestamp> {
        let mut state = self.0.lock();
        let why = error.to_string();
        let Disposition::Misconfigured(fault) = error.disposition else {
            let since = if let RelayHealth::Unreachable { since, .. } = *state { since } else { now };
            *state = RelayHealth::Unreachable { since, why };
            return None;
        };
        let since = if let RelayHealth::Misconfigured { since, .. } = *state { since } else { now };
        let retry_at = now.checked_add(MISCONFIGURED_RETRY_INTERVAL).unwrap_or(Timestamp::MAX);
        *state = RelayHealth::Misconfigured { since, fault, why, retry_at };
        Some(retry_at)
    }

    /// When a misconfigured relay is tried again, if that is later than `now`.
    pub(super) fn deferred_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.health() {
            RelayHealth::Misconfigured { retry_at, .. } if retry_at > now => Some(retry_at),
            _ => None,
        }
    }

    /// Ends the pause of a misconfigured relay.
    pub(super) fn retry_now(&self, now: Timestamp) {
        if let RelayHealth::Misconfigured { retry_at, .. } = &mut *self.0.lock() {
            *retry_at = now;
        }
    }
}
