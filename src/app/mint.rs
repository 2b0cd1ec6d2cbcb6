//! Minting ids that sort in the order they were made, also within one millisecond.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::clock::Clock;
use super::{App, Error, random};
use crate::domain::{AccountId, AuditId, HabitId, MailId};

/// Ids per millisecond that a counter of twelve bits can tell apart.
const PER_MILLISECOND: u16 = 1 << 12;

/// The last millisecond an id was made for, and how many were.
#[derive(Default)]
pub(super) struct Mint(Mutex<(i64, u16)>);

impl Mint {
    /// A time and ten random bytes whose first twelve bits count within the millisecond (RFC 9562 §6.2, method 1).
    /// More ids than can be counted borrow from the next millisecond.
    fn next(&self, clock: &Clock) -> Result<(Timestamp, [u8; 10]), Error> {
        let now = clock.now().as_millisecond();
        let (millisecond, count) = {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *last = match *last {
                // A clock that was set back a little must not undo the order.
                (at, n) if at >= now && at - now < 10_000 => {
                    if n + 1 < PER_MILLISECOND {
                        (at, n + 1)
                    } else {
                        (at + 1, 0)
                    }
                }
                _ => (now, 0),
            };
            *last
        };
        let mut bytes: [u8; 10] = random()?;
        let [high, low] = count.to_be_bytes();
        let [first, second, ..] = &mut bytes;
        (*first, *second) = (high, low);
        let at = Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(millisecond));
        Ok((at.unwrap_or(Timestamp::UNIX_EPOCH), bytes))
    }
}

impl App {
    pub(super) fn mint_account(&self) -> Result<AccountId, Error> {
        self.mint.next(&self.clock).map(|(at, bytes)| AccountId::mint(at, bytes))
    }

    pub(super) fn mint_habit(&self) -> Result<HabitId, Error> {
        self.mint.next(&self.clock).map(|(at, bytes)| HabitId::mint(at, bytes))
    }

    pub(super) fn mint_audit(&self) -> Result<AuditId, Error> {
        self.mint.next(&self.clock).map(|(at, bytes)| AuditId::mint(at, bytes))
    }

    pub(super) fn mint_mail(&self) -> Result<MailId, Error> {
        self.mint.next(&self.clock).map(|(at, bytes)| MailId::mint(at, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_they_were_made_even_when_the_clock_stands_still_or_steps_back() {
        let clock = Clock::held_at("2026-02-12T12:00:00Z".parse().unwrap());
        let mint = Mint::default();
        let mut last = None;
        for n in 0..10_000 {
            if n == 5_000 {
                clock.set("2026-02-12T11:59:59Z".parse().unwrap());
            }
            let (at, bytes) = mint.next(&clock).unwrap();
            let id = Some(MailId::mint(at, bytes).to_bytes());
            assert!(id > last, "{n}");
            last = id;
        }
    }
}
