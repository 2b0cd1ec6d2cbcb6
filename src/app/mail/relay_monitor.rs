//! The health of the relay, according to the last delivery attempts. Kept in memory: a restart begins with
//! [`RelayHealth::Untried`].

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::domain::accounts::attempts::is_recent;
use crate::domain::mail::DEFERRED_PAUSE;
use crate::mail::{DeliveryError, Disposition, RelayFault};

/// A relay that has been unreachable for this long raises an alert.
const ALERT_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// How often a relay that was unreachable is tried while no mail waits, so that the alert ends when the relay is back.
const CHECK_INTERVAL: SignedDuration = SignedDuration::from_mins(5);

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

    /// Since when the relay has not been reachable, if that is long enough to tell an operator.
    pub fn unreachable_since(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Unreachable { since, .. } if now.duration_since(*since) >= ALERT_AFTER => Some(*since),
            _ => None,
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
pub(in crate::app) struct RelayMonitor(Mutex<RelayState>);

#[derive(Debug, Default)]
struct RelayState {
    health: RelayHealth,
    failed_at: Timestamp,
}

impl RelayMonitor {
    pub(super) fn health(&self) -> RelayHealth {
        self.0.lock().health.clone()
    }

    /// Records that the relay works. Returns whether it was misconfigured before.
    pub(super) fn record_success(&self, now: Timestamp) -> bool {
        let mut state = self.0.lock();
        let was_misconfigured = state.health.fault().is_some();
        if !matches!(state.health, RelayHealth::Works { .. }) {
            state.health = RelayHealth::Works { since: now };
        }
        was_misconfigured
    }

    /// Records that the relay doesn't work. If it is misconfigured, returns when it is tried again.
    pub(super) fn record_failure(&self, error: &DeliveryError, now: Timestamp) -> Option<Timestamp> {
        let mut state = self.0.lock();
        state.failed_at = now;
        let why = error.to_string();
        let Disposition::Misconfigured(fault) = error.disposition else {
            // After the clock was set back, a failure began now at the latest.
            let since = if let RelayHealth::Unreachable { since, .. } = state.health { since.min(now) } else { now };
            state.health = RelayHealth::Unreachable { since, why };
            return None;
        };
        let since = if let RelayHealth::Misconfigured { since, .. } = state.health { since.min(now) } else { now };
        let retry_at = now.checked_add(DEFERRED_PAUSE).unwrap_or(Timestamp::MAX);
        state.health = RelayHealth::Misconfigured { since, fault, why, retry_at };
        Some(retry_at)
    }

    /// Whether the relay did not work at the last attempt, which was so long ago that it is tried even if no mail waits.
    pub(super) fn needs_check(&self, now: Timestamp) -> bool {
        let state = self.0.lock();
        let pause = match state.health {
            RelayHealth::Untried | RelayHealth::Works { .. } => return false,
            RelayHealth::Unreachable { .. } => CHECK_INTERVAL,
            RelayHealth::Misconfigured { .. } => DEFERRED_PAUSE,
        };
        !is_recent(state.failed_at, now, pause)
    }

    /// When a misconfigured relay is tried again, if that is later than `now`. A time further away than the pause was set before
    /// the clock was set back.
    pub(super) fn deferred_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.health() {
            RelayHealth::Misconfigured { retry_at, .. }
                if retry_at > now && retry_at.duration_since(now) <= DEFERRED_PAUSE =>
            {
                Some(retry_at)
            }
            _ => None,
        }
    }

    /// Ends the pause of a misconfigured relay.
    pub(super) fn retry_now(&self, now: Timestamp) {
        if let RelayHealth::Misconfigured { retry_at, .. } = &mut self.0.lock().health {
            *retry_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::DeliveryError;

    #[test]
    fn a_relay_that_was_unreachable_is_checked_again_until_it_works() {
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let monitor = RelayMonitor::default();
        assert!(!monitor.needs_check(at(0)), "it was never tried");
        monitor.record_failure(&DeliveryError::unanswered(), at(10));
        assert!(!monitor.needs_check(at(14)) && monitor.needs_check(at(15)));
        assert!(monitor.needs_check(at(0)), "the clock was set back");
        monitor.record_failure(&DeliveryError::unanswered(), at(15));
        assert_eq!(monitor.health().since(), Some(at(10)));
        assert_eq!(monitor.health().unreachable_since(at(19)), None);
        assert_eq!(monitor.health().unreachable_since(at(20)), Some(at(10)));
        monitor.record_failure(&DeliveryError::unanswered(), at(2));
        assert_eq!(monitor.health().unreachable_since(at(12)), Some(at(2)), "the clock was set back");
        monitor.record_success(at(16));
        assert!(!monitor.needs_check(at(60)) && monitor.health().unreachable_since(at(60)).is_none());
    }
}
