//! Rate limits of routes, by client or by account.
//!
//! The route table says which route has which limit. A call that succeeds is given back, so that colleagues behind one address
//! aren't refused for using Atlas. Counts are kept in bounded memory and do not survive a restart; wrong
//! passwords, which must, are counted by [`crate::app::identity::lockout`].

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;
use parking_lot::Mutex;
use warp::http::HeaderMap;
use warp::http::header::{HeaderValue, RETRY_AFTER};

use crate::domain::accounts::attempt_counter::AttemptCounter;
use crate::domain::accounts::attempts::{AttemptLimit, Attempts};
use crate::domain::accounts::client::{prefix_48, prefix_64};
use crate::domain::{AccountId, Refusal};
use crate::web::http::response::{Response, retry_after};

/// The most clients and accounts that are tracked for each limit; about 100 bytes each.
pub const MAX_CALLERS: usize = 16_384;
/// How many /64 networks inside one IPv6 /48 may exhaust their limit before the whole /48 is refused.
///
/// SECURITY: a /48 contains 65,536 /64 networks, all of which may belong to one attacker. Without this limit, the attacker
/// could make 65,536 times as many attempts and push its own blocks out of memory.
const NETWORKS_PER_48: u32 = 16;
/// How many times as many calls are accepted as may fail.
///
/// SECURITY: without this limit, a client with an account could sign in as often as it likes, and each time costs a hash.
const CALLS_PER_FAILURE: u32 = 10;

/// By what calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// The client's address; for IPv6, its /64 network.
    Client,
    /// The signed-in user, from any address. Without one, the client.
    Account,
}

/// The limit of one route, or of several that do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Limits with the same name share their counts.
    pub name: &'static str,
    pub rule: AttemptLimit,
    pub scope: LimitScope,
    /// The names of the limits to which a call is given back when it succeeds.
    ///
    /// SECURITY: one call for one success. An attacker with a valid account gets back what its own sign-in used up, and never
    /// a wrong guess. What anyone can call with success, such as requesting a link, is given back when the link is used.
    pub given_back: &'static [&'static str],
}

impl RateLimit {
    /// The limit of routes for anyone: ten calls in five minutes from one address, then ten minutes of refusals.
    pub const fn per_client(name: &'static str) -> Self {
        Self { name, rule: AttemptLimit::from_minutes(10, 5, 10), scope: LimitScope::Client, given_back: &[] }
    }

    /// Gives a successful call back to the limits of these names.
    pub const fn giving_back(self, names: &'static [&'static str]) -> Self {
        Self { given_back: names, ..self }
    }
}

impl RateLimit {
    fn identify(&self, address: Option<IpAddr>, account: Option<AccountId>) -> (Caller, Option<IpAddr>) {
        match account.filter(|_| self.scope == LimitScope::Account) {
            Some(account) => (Caller::Account(account), None),
            None => identify(address),
        }
    }
}

/// By what one call is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Caller {
    Account(AccountId),
    /// An IPv4 address or an IPv6 /64 network.
    Network(IpAddr),
    /// A connection with an unknown peer. All of these share one count.
    Unknown,
}

struct Counts {
    callers: AttemptCounter<Caller>,
    networks_48: AttemptCounter<IpAddr>,
    /// Also those that were given back.
    all_calls: AttemptCounter<Caller>,
}

/// The counts of all limits.
#[derive(Default)]
pub struct RateLimiter(Mutex<HashMap<&'static str, Counts>>);

impl RateLimiter {
    /// Counts a call.
    pub fn count(
        &self,
        limit: &RateLimit,
        address: Option<IpAddr>,
        account: Option<AccountId>,
        now: Timestamp,
    ) -> LimitStatus {
        let (caller, network) = limit.identify(address, account);
        self.count_one(limit, &caller, network, now)
    }

    /// Gives a call back after its success. Returns the state of the limit, if the call was counted against it, too.
    pub fn give_back(
        &self,
        limit: &RateLimit,
        address: Option<IpAddr>,
        account: Option<AccountId>,
        now: Timestamp,
    ) -> Option<LimitStatus> {
        let (caller, network) = limit.identify(address, account);
        let mut limits = self.0.lock();
        for name in limit.given_back {
            if let Some(counts) = limits.get_mut(name) {
                counts.callers.undo(&caller);
                network.inspect(|network| counts.networks_48.undo(network));
            }
        }
        let attempts = limits.get(limit.name)?.callers.find(&caller)?;
        Some(LimitStatus { rule: limit.rule, left: attempts.remaining(now, limit.rule), attempts, now })
    }

    /// Checks whether a client is blocked, without counting a call.
    ///
    /// # Errors
    /// [`Refusal::TooManyAttempts`].
    pub fn check(&self, limit: &RateLimit, address: Option<IpAddr>, now: Timestamp) -> Result<(), Refusal> {
        let (caller, network) = identify(address);
        let limits = self.0.lock();
        let Some(counts) = limits.get(limit.name) else { return Ok(()) };
        let network_block = network.and_then(|network| counts.networks_48.blocked_for(&network, now));
        let block = counts.callers.blocked_for(&caller, now).or(network_block);
        block.map_or(Ok(()), |left| Err(Refusal::TooManyAttempts(left)))
    }

    /// How many clients and accounts the limit of that name tracks.
    pub fn tracked_callers(&self, name: &str) -> usize {
        let limits = self.0.lock();
        limits.get(name).map_or(0, |counts| counts.callers.len())
    }

    fn count_one(&self, limit: &RateLimit, caller: &Caller, network: Option<IpAddr>, now: Timestamp) -> LimitStatus {
        let rule = limit.rule;
        let network_rule = AttemptLimit { max: rule.max.saturating_mul(NETWORKS_PER_48), ..rule };
        let calls_rule = AttemptLimit { max: rule.max.saturating_mul(CALLS_PER_FAILURE), ..rule };
        let mut limits = self.0.lock();
        let counts = limits.entry(limit.name).or_insert_with(|| Counts {
            callers: AttemptCounter::new(rule, MAX_CALLERS),
            all_calls: AttemptCounter::new(calls_rule, MAX_CALLERS),
            networks_48: AttemptCounter::new(network_rule, MAX_CALLERS),
        });
        // A blocked /48 adds no more callers to track. A caller that is blocked anyway does not use up what is left to the other
        // networks of its /48.
        let is_free = counts.callers.blocked_for(caller, now).is_none();
        let network_attempts = network.filter(|_| is_free).map(|network| counts.networks_48.record(&network, now));
        if let Some(attempts) = network_attempts.filter(|attempts| attempts.blocked_for(now).is_some()) {
            return LimitStatus { rule, attempts, left: 0, now };
        }
        let attempts = counts.callers.record(caller, now);
        if attempts.blocked_for(now).is_none() {
            let all_calls = counts.all_calls.record(caller, now);
            if all_calls.blocked_for(now).is_some() {
                return LimitStatus { rule, attempts: all_calls, left: 0, now };
            }
        }
        LimitStatus { rule, left: attempts.remaining(now, rule), attempts, now }
    }
}

/// The caller behind an address, and the IPv6 /48 around it.
fn identify(address: Option<IpAddr>) -> (Caller, Option<IpAddr>) {
    address.map_or((Caller::Unknown, None), |address| (Caller::Network(prefix_64(address)), prefix_48(address)))
}

/// The state of a limit after a call was counted.
pub struct LimitStatus {
    rule: AttemptLimit,
    attempts: Attempts,
    left: u32,
    now: Timestamp,
}

impl LimitStatus {
    /// # Errors
    /// [`Refusal::TooManyAttempts`] if the call exceeds the limit.
    pub fn check(&self) -> Result<(), Refusal> {
        self.attempts.blocked_for(self.now).map_or(Ok(()), |left| Err(Refusal::TooManyAttempts(left)))
    }

    /// Sets `Retry-After` and the `X-RateLimit-*` headers, which scripts written for the predecessor read.
    pub fn set_headers(&self, response: &mut Response) {
        let headers: &mut HeaderMap = response.headers_mut();
        if let Some(left) = self.attempts.blocked_for(self.now) {
            headers.insert(RETRY_AFTER, retry_after(left));
        }
        headers.insert("x-ratelimit-limit", self.rule.max.into());
        headers.insert("x-ratelimit-remaining", self.left.into());
        headers.insert("x-ratelimit-reset", HeaderValue::from(whole_seconds(self.attempts.resets_at(self.rule))));
    }
}

/// Seconds since 1970, rounded up, so that a client that waits until then is not too early.
fn whole_seconds(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit::per_client("sign-in");
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn call(limits: &RateLimiter, address: &str) -> Result<(), Refusal> {
        let address: IpAddr = address.parse().unwrap();
        limits.count_one(&LIMIT, &Caller::Network(prefix_64(address)), prefix_48(address), NOW).check()
    }

    #[test]
    fn forty_thousand_addresses_take_bounded_memory_and_lift_no_block() {
        let limits = RateLimiter::default();
        let calls: Vec<_> = (0..11).map(|_| call(&limits, "192.0.2.1").is_ok()).collect();
        assert_eq!(calls.iter().filter(|served| **served).count(), 10);
        for n in 0..40_000_u32 {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + n).to_string();
            assert!(call(&limits, &address).is_ok(), "{address} is served");
        }
        assert!(call(&limits, "192.0.2.1").is_err());
        assert!(limits.tracked_callers("sign-in") <= MAX_CALLERS);
    }

    #[test]
    fn an_ipv6_48_with_65536_networks_is_limited_as_a_whole() {
        let limits = RateLimiter::default();
        let served = (0..20_000).filter(|n| call(&limits, &format!("2001:db8:7:{n:x}::1")).is_ok()).count();
        assert_eq!(served, 160);
        assert!(limits.tracked_callers("sign-in") <= 160, "blocked calls are not tracked");
        assert!(call(&limits, "2001:db8:8::1").is_ok() && call(&limits, "192.0.2.1").is_ok());
    }

    #[test]
    fn successes_are_given_back_one_by_one_and_up_to_ten_times_the_limit() {
        let limit = LIMIT.giving_back(&["sign-in"]);
        let limits = RateLimiter::default();
        let address: Option<IpAddr> = Some("2001:db8:7::1".parse().unwrap());
        let count = || limits.count(&limit, address, None, NOW).check().is_ok();
        assert!((0..9).all(|_| count()), "nine calls fail");
        for _ in 0..50 {
            assert!(count());
            let left = limits.give_back(&limit, address, None, NOW).unwrap().left;
            assert_eq!(left, 1, "nine failures stay counted");
        }
        assert!(count() && !count(), "the tenth failure is the last");
        let other: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
        let served = (0..200).filter(|_| {
            let is_served = limits.count(&limit, other, None, NOW).check().is_ok();
            if is_served {
                limits.give_back(&limit, other, None, NOW);
            }
            is_served
        });
        assert_eq!(served.count(), 100);
    }

    #[test]
    fn limits_with_different_names_count_separately() {
        let limits = RateLimiter::default();
        let other = RateLimit { name: "sign-up", ..LIMIT };
        for _ in 0..11 {
            let _ = call(&limits, "192.0.2.1");
        }
        assert!(limits.count_one(&other, &Caller::Unknown, None, NOW).check().is_ok());
        assert!(call(&limits, "192.0.2.1").is_err());
    }
}
