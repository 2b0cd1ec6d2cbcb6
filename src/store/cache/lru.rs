//! A bounded map that evicts what was not used recently.
//!
//! It approximates least-recently-used eviction with two generations, so that a lookup costs no list to maintain: an entry that
//! is inserted or used is in the younger one. When the younger generation is full, it becomes the older one, and the previous
//! older one is dropped.

use std::collections::HashMap;
use std::hash::Hash;

/// A map whose entries have a total weight of at most `max_weight`, not counting the entry that was inserted last.
pub(super) struct WeightedLru<K, V> {
    younger: HashMap<K, Weighted<V>>,
    older: HashMap<K, Weighted<V>>,
    younger_weight: usize,
    max_younger_weight: usize,
}

struct Weighted<V> {
    value: V,
    weight: usize,
}

impl<K: Hash + Eq + Copy, V: Clone> WeightedLru<K, V> {
    pub(super) fn new(max_weight: usize) -> Self {
        Self { younger: HashMap::new(), older: HashMap::new(), younger_weight: 0, max_younger_weight: max_weight / 2 }
    }

    pub(super) fn get(&mut self, key: K) -> Option<V> {
        if let Some(entry) = self.younger.get(&key) {
            return Some(entry.value.clone());
        }
        let entry = self.older.remove(&key)?;
        let value = entry.value.clone();
        self.insert_entry(key, entry);
        Some(value)
    }

    pub(super) fn insert(&mut self, key: K, value: V, weight: usize) {
        self.insert_entry(key, Weighted { value, weight });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.younger.len() + self.older.len()
    }

    fn insert_entry(&mut self, key: K, entry: Weighted<V>) {
        self.younger_weight += entry.weight;
        if let Some(replaced) = self.younger.insert(key, entry) {
            self.younger_weight -= replaced.weight;
        }
        if self.younger_weight > self.max_younger_weight {
            self.older = std::mem::take(&mut self.younger);
            self.younger_weight = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WeightedLru;

    #[test]
    fn memory_is_bounded_and_an_entry_in_use_stays() {
        let mut lru = WeightedLru::new(100);
        for number in 0..1_000_u32 {
            lru.insert(number, number, 11);
            assert_eq!(lru.get(0), Some(0), "{number}");
            assert!(lru.len() * 11 <= 100 + 2 * 11, "{} entries", lru.len());
        }
        assert!(lru.len() > 4);
        assert_eq!(lru.get(500), None);
    }

    #[test]
    fn replacing_an_entry_does_not_count_it_twice() {
        let mut lru = WeightedLru::new(100);
        lru.insert(1, "other", 10);
        for _ in 0..100 {
            lru.insert(2, "value", 10);
        }
        assert_eq!((lru.younger_weight, lru.older.len()), (20, 0));
    }
}
