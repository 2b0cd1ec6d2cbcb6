//! Generates ids that sort in the order of their creation, even within one millisecond.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::app::clock::Clock;
use crate::app::error::Error;
use crate::app::random::random_bytes;

/// Ids that the 12-bit counter can distinguish in one millisecond.
const IDS_PER_MILLISECOND: u16 = 1 << 12;
/// A clock that was set back by less than this doesn't break the order.
const MAX_CLOCK_STEP_MILLIS: i64 = 10_000;

/// Remembers the last millisecond an id was generated for, and the counter within it.
#[derive(Default)]
pub(in crate::app) struct IdGenerator(Mutex<(i64, u16)>);

impl IdGenerator {
    /// A time and ten random bytes whose first 12 bits count within the millisecond (RFC 9562 §6.2, method 1).
    /// When the counter is full, ids borrow from the next millisecond.
    pub(in crate::app) fn next(&self, clock: &Clock) -> Result<(Timestamp, [u8; 10]), Error> {
        let now = clock.now().as_millisecond();
        let (millisecond, count) = {
            let mut last = self.0.lock();
            *last = match *last {
                (at, n) if at >= now && at - now < MAX_CLOCK_STEP_MILLIS => {
                    if n + 1 < IDS_PER_MILLISECOND {
                        (at, n + 1)
                    } else {
                        (at + 1, 0)
                    }
                }
                _ => (now, 0),
            };
            *last
        };
        let mut bytes: [u8; 10] = random_bytes()?;
        let [high, low] = count.to_be_bytes();
        let [first, second, ..] = &mut bytes;
        (*first, *second) = (high, low);
        let at = Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(millisecond));
        Ok((at.unwrap_or(Timestamp::UNIX_EPOCH), bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MailId;

    #[test]
    fn ids_sort_in_order_of_creation_even_when_the_clock_stops_or_steps_back() {
        let clock = Clock::fixed_at("2026-02-12T12:00:00Z".parse().unwrap());
        let ids = IdGenerator::default();
        let mut last = None;
        for n in 0..10_000 {
            if n == 5_000 {
                clock.set("2026-02-12T11:59:59Z".parse().unwrap());
            }
            let (at, bytes) = ids.next(&clock).unwrap();
            let id = Some(MailId::generate(at, bytes).to_bytes());
            assert!(id > last, "{n}");
            last = id;
        }
    }
}
