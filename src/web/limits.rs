//! How often routes may be called, by client or by account, and what those are told who call too often.
//!
//! Which route has which limit stands in the table of [`super::routes`]. Counts are kept in memory, in bounded room, and
//! are gone after a restart; what must outlive one, wrong passwords, is counted by [`crate::app::guesses`].

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use warp::http::HeaderMap;
use warp::http::header::{HeaderValue, RETRY_AFTER};

use super::reply::{Answer, retry_after};
use crate::domain::attempts::{Attempts, Rule};
use crate::domain::client::{customer, household};
use crate::domain::tally::Tally;
use crate::domain::{AccountId, Refusal};

/// Most clients and accounts remembered for each limit; about 100 bytes each.
pub const MOST: usize = 16_384;
/// How many households of one provider's IPv6 network may use up their limit before all of it is refused.
///
/// SECURITY: such a network has 65,536 households, all of which may be one machine. Without this it could try that much
/// more often, and push its own blocks out of memory.
const HOUSEHOLDS: u32 = 16;

/// By whom calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By the client's address; in IPv6, by its network of 64 bits.
    Client,
    /// By whoever is signed in, wherever from.
    Account,
}

/// A limit on calls of one route, or of several that do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is counted; routes whose limits have the same name share one count.
    pub name: &'static str,
    /// How much is too much.
    pub rule: Rule,
    /// By whom it is counted.
    pub by: By,
}

impl Limit {
    /// Ten in five minutes from one address, then ten minutes of rest: for what strangers may call.
    pub const fn for_strangers(name: &'static str) -> Self {
        Self { name, rule: Rule::minutes(10, 5, 10), by: By::Client }
    }
}

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Caller {
    Account(AccountId),
    Household(IpAddr),
    /// A connection whose other end is not known; all of these are one.
    Unknown,
}

struct Counts {
    callers: Tally<Caller>,
    customers: Tally<IpAddr>,
}

/// What was counted so far.
#[derive(Default)]
pub struct Limits(Mutex<HashMap<&'static str, Counts>>);

impl Limits {
    /// Counts a call and says how its caller stands.
    pub fn count(&self, limit: &Limit, address: Option<IpAddr>, account: Option<AccountId>, now: Timestamp) -> Count {
        let (caller, network) = match account.filter(|_| limit.by == By::Account) {
            Some(account) => (Caller::Account(account), None),
            None => from(address),
        };
        self.count_one(limit, &caller, network, now)
    }

    /// Whether whoever calls from there has called too often, without counting this call.
    ///
    /// # Errors
    /// [`Refusal::TooMany`].
    pub fn check(&self, limit: &Limit, address: Option<IpAddr>, now: Timestamp) -> Result<(), Refusal> {
        let (caller, network) = from(address);
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(counts) = all.get(limit.name) else { return Ok(()) };
        let around = network.and_then(|network| counts.customers.blocked_for(&network, now));
        counts.callers.blocked_for(&caller, now).or(around).map_or(Ok(()), |left| Err(Refusal::TooMany(left)))
    }

    /// How many clients and accounts the limit of that name remembers.
    pub fn remembered(&self, name: &str) -> usize {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(name).map_or(0, |counts| counts.callers.len())
    }

    fn count_one(&self, limit: &Limit, caller: &Caller, network: Option<IpAddr>, now: Timestamp) -> Count {
        let rule = limit.rule;
        let wide = Rule { most: rule.most.saturating_mul(HOUSEHOLDS), ..rule };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = all
            .entry(limit.name)
            .or_insert_with(|| Counts { callers: Tally::new(rule, MOST), customers: Tally::new(wide, MOST) });
        // A network that is refused adds no more callers to remember, and who is refused anyway does not use up what the
        // network's other households have left.
        let free = counts.callers.blocked_for(caller, now).is_none();
        let around = network.filter(|_| free).map(|network| counts.customers.count(&network, now));
        if let Some(attempts) = around.filter(|attempts| attempts.blocked_for(now).is_some()) {
            return Count { rule, attempts, left: 0, now };
        }
        let attempts = counts.callers.count(caller, now);
        Count { rule, left: attempts.left(now, rule), attempts, now }
    }
}

/// Whoever calls from an address, and the network around it.
fn from(address: Option<IpAddr>) -> (Caller, Option<IpAddr>) {
    address.map_or((Caller::Unknown, None), |address| (Caller::Household(household(address)), customer(address)))
}

/// How a caller stands after a call was counted.
pub struct Count {
    rule: Rule,
    attempts: Attempts,
    left: u32,
    now: Timestamp,
}

impl Count {
    /// # Errors
    /// [`Refusal::TooMany`] when it was one too many.
    pub fn check(&self) -> Result<(), Refusal> {
        self.attempts.blocked_for(self.now).map_or(Ok(()), |left| Err(Refusal::TooMany(left)))
    }

    /// Says so in headers, those that the predecessor's scripts read and the standard one.
    pub fn tell(&self, answer: &mut Answer) {
        let headers: &mut HeaderMap = answer.headers_mut();
        if let Some(left) = self.attempts.blocked_for(self.now) {
            headers.insert(RETRY_AFTER, retry_after(left));
        }
        headers.insert("x-ratelimit-limit", self.rule.most.into());
        headers.insert("x-ratelimit-remaining", self.left.into());
        headers.insert("x-ratelimit-reset", HeaderValue::from(whole_seconds(self.attempts.resets_at(self.rule))));
    }
}

/// Seconds since 1970, rounded up: whoever waits until then does not come too early.
fn whole_seconds(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit::for_strangers("sign-in");
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn call(limits: &Limits, address: &str) -> Result<(), Refusal> {
        let address: IpAddr = address.parse().unwrap();
        limits.count_one(&LIMIT, &Caller::Household(household(address)), customer(address), NOW).check()
    }

    #[test]
    fn ten_thousand_addresses_are_counted_in_bounded_room_and_lift_nobodys_block() {
        let limits = Limits::default();
        let calls: Vec<_> = (0..11).map(|_| call(&limits, "192.0.2.1").is_ok()).collect();
        assert_eq!(calls.iter().filter(|served| **served).count(), 10);
        for n in 0..40_000_u32 {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + n).to_string();
            assert!(call(&limits, &address).is_ok(), "{address} is served");
        }
        assert!(call(&limits, "192.0.2.1").is_err());
        assert!(limits.remembered("sign-in") <= MOST);
    }

    #[test]
    fn a_provider_network_with_65536_households_is_one_that_tries_too_often() {
        let limits = Limits::default();
        let served = (0..20_000).filter(|n| call(&limits, &format!("2001:db8:7:{n:x}::1")).is_ok()).count();
        assert_eq!(served, 160);
        assert!(limits.remembered("sign-in") <= 160, "nor does it fill the room");
        assert!(call(&limits, "2001:db8:8::1").is_ok() && call(&limits, "192.0.2.1").is_ok());
    }

    #[test]
    fn every_limit_has_its_own_count() {
        let limits = Limits::default();
        let other = Limit { name: "sign-up", ..LIMIT };
        for _ in 0..11 {
            let _ = call(&limits, "192.0.2.1");
        }
        assert!(limits.count_one(&other, &Caller::Unknown, None, NOW).check().is_ok());
        assert!(call(&limits, "192.0.2.1").is_err());
    }
}
