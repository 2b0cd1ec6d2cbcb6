//! Counting many at a time in bounded memory, however many there are.

use std::collections::HashMap;
use std::hash::Hash;

use jiff::{SignedDuration, Timestamp};

use super::attempts::{Attempts, Rule};

/// Attempts by whoever makes them, under one rule.
///
/// SECURITY: strangers choose how many there are, so there is a most. Room is made for newcomers by forgetting first what
/// is over, then the oldest that are not blocked, and the blocked ones last. So nobody is refused because others were
/// many, and whoever is blocked stays so unless more others are blocked after them than there is room for.
#[derive(Debug)]
pub struct Tally<K> {
    rule: Rule,
    most: usize,
    counts: HashMap<K, Attempts>,
}

impl<K: Hash + Eq + Clone> Tally<K> {
    /// Nothing counted yet; at most `most` are ever remembered.
    pub fn new(rule: Rule, most: usize) -> Self {
        Self { rule, most, counts: HashMap::new() }
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How much longer `who` is refused; `None` when it is not.
    pub fn blocked_for(&self, who: &K, now: Timestamp) -> Option<SignedDuration> {
        self.counts.get(who).and_then(|attempts| attempts.blocked_for(now))
    }

    /// Whether `who` is remembered.
    pub fn knows(&self, who: &K) -> bool {
        self.counts.contains_key(who)
    }

    /// Counts one of `who`, unless it is blocked, and answers how it stands.
    pub fn count(&mut self, who: &K, now: Timestamp) -> Attempts {
        let mut attempts = self.counts.get(who).copied().unwrap_or_else(|| Attempts::none(now));
        if attempts.blocked_for(now).is_none() {
            attempts.count(now, self.rule);
            self.put(who, attempts, now);
        }
        attempts
    }

    /// Takes one of `who` back that came to nothing.
    pub fn uncount(&mut self, who: &K) {
        if let Some(attempts) = self.counts.get_mut(who) {
            attempts.uncount(self.rule);
        }
    }

    /// Goes on from what was counted elsewhere.
    pub fn put(&mut self, who: &K, attempts: Attempts, now: Timestamp) {
        if !self.knows(who) && self.counts.len() >= self.most {
            self.make_room(now);
        }
        self.counts.insert(who.clone(), attempts);
    }

    /// Forgets whom `gone` names.
    pub fn forget(&mut self, gone: impl Fn(&K) -> bool) {
        self.counts.retain(|who, _| !gone(who));
    }

    /// Forgets at least an eighth, so that the walk is made once for many newcomers.
    fn make_room(&mut self, now: Timestamp) {
        let rule = self.rule;
        self.counts.retain(|_, attempts| !attempts.is_over(now, rule));
        let keep = self.most - self.most.div_ceil(8);
        let Some(surplus) = self.counts.len().checked_sub(keep).filter(|surplus| *surplus > 0) else { return };
        let mut oldest: Vec<_> = self
            .counts
            .iter()
            .map(|(who, attempts)| (attempts.blocked_for(now).is_some(), attempts.resets_at(rule), who.clone()))
            .collect();
        oldest.sort_unstable_by_key(|(blocked, end, _)| (*blocked, *end));
        for (_, _, who) in oldest.into_iter().take(surplus) {
            self.counts.remove(&who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule::minutes(2, 5, 10);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_crowd_is_counted_in_bounded_memory_and_whoever_is_blocked_stays_so() {
        let mut tally = Tally::new(RULE, 64);
        for _ in 0..3 {
            tally.count(&0, at(0));
        }
        assert!(tally.blocked_for(&0, at(0)).is_some());
        for stranger in 1..10_000 {
            assert!(tally.count(&stranger, at(1)).blocked_for(at(1)).is_none(), "{stranger} is served");
            assert!(tally.len() <= 64);
        }
        assert!(tally.blocked_for(&0, at(2)).is_some(), "a crowd does not lift a block");
        for stranger in 1..100 {
            tally.count(&stranger, at(700));
        }
        assert!(tally.blocked_for(&0, at(700)).is_none());
    }

    #[test]
    fn what_is_over_goes_first_and_a_crowd_of_blocked_ones_is_bounded_too() {
        let mut tally = Tally::new(RULE, 8);
        for who in 0..7 {
            tally.count(&who, at(0));
        }
        tally.count(&7, at(299));
        tally.count(&8, at(300));
        assert_eq!(tally.len(), 2, "only those whose window is open are left");
        for who in 100..200 {
            for _ in 0..3 {
                tally.count(&who, at(301));
            }
        }
        assert!(tally.len() <= 8);
    }

    #[test]
    fn counting_goes_on_only_after_the_pause() {
        let mut tally = Tally::new(RULE, 8);
        for _ in 0..3 {
            tally.count(&"ada", at(0));
        }
        // Tries made while it is blocked do not make the pause longer, nor does the end of the window end it.
        assert_eq!(tally.count(&"ada", at(400)).blocked_for(at(400)), Some(SignedDuration::from_secs(200)));
        assert!(tally.count(&"ada", at(600)).blocked_for(at(600)).is_none());
        tally.forget(|who| *who == "ada");
        assert!(tally.is_empty());
    }
}
