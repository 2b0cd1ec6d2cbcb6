//! Counts attempts for each of many keys, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;

use jiff::{SignedDuration, Timestamp};

use crate::domain::accounts::attempts::{AttemptLimit, Attempts};

/// Attempts by key, such as the client's address, under one limit.
///
/// SECURITY: clients choose how many keys there are, so their number is bounded. A new key evicts expired counts first, then
/// the oldest unblocked ones, and blocked ones last. So no client is refused because there are many others, and a blocked
/// one stays blocked unless more than `capacity` others are blocked after it.
#[derive(Debug)]
pub struct AttemptCounter<K> {
    limit: AttemptLimit,
    capacity: usize,
    counts: HashMap<K, Attempts>,
}

impl<K: Hash + Eq + Clone> AttemptCounter<K> {
    /// An empty counter that holds at most `capacity` keys.
    pub fn new(limit: AttemptLimit, capacity: usize) -> Self {
        Self { limit, capacity, counts: HashMap::new() }
    }

    pub fn limit(&self) -> AttemptLimit {
        self.limit
    }

    pub fn len(&self) -> usize {
        self.counts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How much longer `key` is blocked; `None` when it is not.
    pub fn blocked_for(&self, key: &K, now: Timestamp) -> Option<SignedDuration> {
        self.counts.get(key).and_then(|attempts| attempts.blocked_for(now))
    }

    /// The count of `key`, if it has one.
    pub fn find(&self, key: &K) -> Option<Attempts> {
        self.counts.get(key).copied()
    }

    pub fn contains(&self, key: &K) -> bool {
        self.counts.contains_key(key)
    }

    /// Records an attempt of `key`, unless it is blocked, and returns its count.
    pub fn record(&mut self, key: &K, now: Timestamp) -> Attempts {
        let mut attempts = self.counts.get(key).copied().unwrap_or_else(|| Attempts::new(now));
        if attempts.blocked_for(now).is_none() {
            attempts.record(now, self.limit);
            self.insert(key, attempts, now);
        }
        attempts
    }

    /// Takes back an attempt of `key` that does not count after all, e.g. because it succeeded.
    pub fn undo(&mut self, key: &K) {
        if let Some(attempts) = self.counts.get_mut(key) {
            attempts.undo(self.limit);
        }
    }

    /// Continues from a count that was stored elsewhere.
    pub fn insert(&mut self, key: &K, attempts: Attempts, now: Timestamp) {
        if !self.contains(key) && self.counts.len() >= self.capacity {
            self.evict(now);
        }
        self.counts.insert(key.clone(), attempts);
    }

    /// Removes the keys for which `condition` holds.
    pub fn remove_if(&mut self, condition: impl Fn(&K) -> bool) {
        self.counts.retain(|key, _| !condition(key));
    }

    /// Removes at least an eighth of the keys, so that one walk over the map makes room for many new ones.
    fn evict(&mut self, now: Timestamp) {
        let limit = self.limit;
        self.counts.retain(|_, attempts| !attempts.is_expired(now, limit));
        let keep = self.capacity - self.capacity.div_ceil(8);
        let Some(surplus) = self.counts.len().checked_sub(keep).filter(|surplus| *surplus > 0) else { return };
        let mut oldest: Vec<_> = self
            .counts
            .iter()
            .map(|(key, attempts)| (attempts.blocked_for(now).is_some(), attempts.resets_at(limit), key.clone()))
            .collect();
        oldest.sort_unstable_by_key(|(is_blocked, resets_at, _)| (*is_blocked, *resets_at));
        for (_, _, key) in oldest.into_iter().take(surplus) {
            self.counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: AttemptLimit = AttemptLimit::from_minutes(2, 5, 10);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn many_keys_are_counted_in_bounded_memory_and_blocked_ones_stay_blocked() {
        let mut counter = AttemptCounter::new(LIMIT, 64);
        for _ in 0..3 {
            counter.record(&0, at(0));
        }
        assert!(counter.blocked_for(&0, at(0)).is_some());
        for stranger in 1..10_000 {
            assert!(counter.record(&stranger, at(1)).blocked_for(at(1)).is_none(), "{stranger} is not blocked");
            assert!(counter.len() <= 64);
        }
        assert!(counter.blocked_for(&0, at(2)).is_some(), "many other keys do not lift a block");
        for stranger in 1..100 {
            counter.record(&stranger, at(700));
        }
        assert!(counter.blocked_for(&0, at(700)).is_none());
    }

    #[test]
    fn expired_counts_are_evicted_first_and_blocked_ones_are_bounded_too() {
        let mut counter = AttemptCounter::new(LIMIT, 8);
        for key in 0..7 {
            counter.record(&key, at(0));
        }
        counter.record(&7, at(299));
        counter.record(&8, at(300));
        assert_eq!(counter.len(), 2, "only counts with an open window are left");
        for key in 100..200 {
            for _ in 0..3 {
                counter.record(&key, at(301));
            }
        }
        assert!(counter.len() <= 8);
    }

    #[test]
    fn attempts_are_counted_again_only_after_the_block() {
        let mut counter = AttemptCounter::new(LIMIT, 8);
        for _ in 0..3 {
            counter.record(&"ada", at(0));
        }
        // Attempts made while the key is blocked do not extend the block, nor does the end of the window end it.
        assert_eq!(counter.record(&"ada", at(400)).blocked_for(at(400)), Some(SignedDuration::from_secs(200)));
        assert!(counter.record(&"ada", at(600)).blocked_for(at(600)).is_none());
        counter.remove_if(|key| *key == "ada");
        assert!(counter.is_empty());
    }
}
