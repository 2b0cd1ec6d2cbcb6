//! Log lines that would otherwise repeat without end: the first is due at once, and then one a minute, with a count.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

const PERIOD: Duration = Duration::from_mins(1);

/// Counts one kind of event.
#[derive(Default)]
pub struct RepeatedEvent(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    reported_at: Option<Instant>,
    since_report: u64,
}

impl RepeatedEvent {
    /// Counts an event. If a log line is due, returns how many there were since the last one.
    pub fn count(&self) -> Option<u64> {
        self.count_at(Instant::now())
    }

    fn count_at(&self, now: Instant) -> Option<u64> {
        let mut counted = self.0.lock();
        counted.since_report += 1;
        if counted.reported_at.is_some_and(|reported_at| now.duration_since(reported_at) < PERIOD) {
            return None;
        }
        counted.reported_at = Some(now);
        Some(std::mem::take(&mut counted.since_report))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_is_reported_at_once_and_the_others_once_a_minute_with_their_number() {
        let (event, start) = (RepeatedEvent::default(), Instant::now());
        assert_eq!(event.count_at(start), Some(1));
        for second in 1..60 {
            assert_eq!(event.count_at(start + Duration::from_secs(second)), None);
        }
        assert_eq!(event.count_at(start + PERIOD), Some(60));
        assert_eq!(event.count_at(start + 3 * PERIOD), Some(1));
    }
}
