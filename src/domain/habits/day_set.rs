//! A set of days in few bytes: a bit for each day of a year that has one.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::Day;

/// Days, by year.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DaySet(BTreeMap<i16, YearBits>);

/// The lowest bit of the first byte is January 1. There is no byte after the last day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct YearBits(Vec<u8>);

impl DaySet {
    pub fn insert(&mut self, day: Day) {
        let YearBits(bytes) = self.0.entry(day.year()).or_default();
        let index = day.index_in_year();
        if bytes.len() <= index / 8 {
            bytes.resize(index / 8 + 1, 0);
        }
        if let Some(byte) = bytes.get_mut(index / 8) {
            *byte |= 1 << (index % 8);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The years with their days, in order.
    pub fn years(&self) -> impl Iterator<Item = (i16, impl Iterator<Item = Day> + '_)> + '_ {
        self.0.iter().map(|(year, YearBits(bytes))| {
            let is_set = move |index: &usize| bytes.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1);
            let indices = (0..bytes.len() * 8).filter(is_set);
            (*year, indices.filter_map(|index| Day::from_index(*year, index)))
        })
    }
}

impl FromIterator<Day> for DaySet {
    fn from_iter<I: IntoIterator<Item = Day>>(days: I) -> Self {
        let mut set = Self::default();
        days.into_iter().for_each(|day| set.insert(day));
        set
    }
}

impl Serialize for YearBits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for YearBits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64URL_NOPAD.decode(text.as_bytes()).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_reads_back_as_the_days_that_were_put_in(offsets in prop::collection::btree_set(0_i32..2_000, 0..60)) {
            let days: Vec<Day> = offsets.iter().map(|n| Day::parse("2023-12-25").unwrap().add_days(*n)).collect();
            let stored = serde_json::to_string(&days.iter().copied().collect::<DaySet>()).unwrap();
            let set: DaySet = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(set.years().flat_map(|(_, days)| days).collect::<Vec<_>>(), days);
        }
    }

    #[test]
    fn a_year_of_days_takes_less_than_eighty_bytes() {
        let days: DaySet = (0..366).map(|n| Day::parse("2024-01-01").unwrap().add_days(n)).collect();
        assert!(serde_json::to_string(&days).unwrap().len() < 80);
    }
}
