//! A year of a habit's day logs, packed: the sum of each day's amounts, and whether the day was skipped and has a note.
//!
//! Pages of many days read one small row a year instead of a row a day.

use crate::domain::Day;
use crate::domain::habits::amount::Amount;

/// What the pages of many days show of a day's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DaySummary {
    /// The sum of the entries; `None` when there is none.
    pub amount: Option<Amount>,
    pub is_skipped: bool,
    pub has_note: bool,
}

impl DaySummary {
    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// The days of a calendar year that have a log, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SummaryYear(Vec<(u16, DaySummary)>);

const HAS_AMOUNT: u8 = 1;
const IS_SKIPPED: u8 = 2;
const HAS_NOTE: u8 = 4;

impl SummaryYear {
    /// The summary of a day.
    pub fn get(&self, day: Day) -> DaySummary {
        match self.find(day) {
            Ok(at) => self.0.get(at).map_or_else(DaySummary::default, |(_, summary)| *summary),
            Err(_) => DaySummary::default(),
        }
    }

    /// Replaces the summary of a day.
    pub fn set(&mut self, day: Day, summary: DaySummary) {
        match (self.find(day), summary.is_empty()) {
            (Ok(at), true) => drop(self.0.remove(at)),
            (Ok(at), false) => {
                if let Some((_, known)) = self.0.get_mut(at) {
                    *known = summary;
                }
            }
            (Err(_), true) => {}
            (Err(at), false) => self.0.insert(at, (index(day), summary)),
        }
    }

    /// The days with a log, in order; `year` is the year of this value.
    pub fn days(&self, year: i16) -> impl DoubleEndedIterator<Item = (Day, DaySummary)> + '_ {
        self.0.iter().filter_map(move |(index, summary)| Some((Day::from_index(year, usize::from(*index))?, *summary)))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stored form. Each day is its distance to the one before, a byte of flags and, if it has one, the amount in thousandths;
    /// both numbers in LEB128.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (mut bytes, mut next) = (Vec::new(), 0);
        for (index, summary) in &self.0 {
            push_number(&mut bytes, u64::from(index - next));
            next = index + 1;
            let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
            bytes.push(
                flag(summary.amount.is_some(), HAS_AMOUNT)
                    | flag(summary.is_skipped, IS_SKIPPED)
                    | flag(summary.has_note, HAS_NOTE),
            );
            if let Some(amount) = summary.amount {
                push_number(&mut bytes, amount.thousandths());
            }
        }
        bytes
    }

    /// Reads the stored form; `None` for bytes that [`Self::to_bytes`] never writes.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let (mut days, mut next) = (Vec::new(), 0_u64);
        while !bytes.is_empty() {
            let index = next.checked_add(take_number(&mut bytes)?)?;
            let flags;
            (flags, bytes) = bytes.split_first()?;
            let has_amount = flags & HAS_AMOUNT != 0;
            let amount = if has_amount { Some(Amount::from_thousandths(take_number(&mut bytes)?)?) } else { None };
            let summary = DaySummary { amount, is_skipped: flags & IS_SKIPPED != 0, has_note: flags & HAS_NOTE != 0 };
            if index > 365 || summary.is_empty() || *flags > (HAS_AMOUNT | IS_SKIPPED | HAS_NOTE) {
                return None;
            }
            days.push((u16::try_from(index).ok()?, summary));
            next = index + 1;
        }
        Some(Self(days))
    }

    fn find(&self, day: Day) -> Result<usize, usize> {
        self.0.binary_search_by_key(&index(day), |(index, _)| *index)
    }
}

fn index(day: Day) -> u16 {
    u16::try_from(day.index_in_year()).unwrap_or(0)
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(low_bits(number) | 0x80);
        number >>= 7;
    }
    bytes.push(low_bits(number));
}

/// The lowest seven bits.
fn low_bits(number: u64) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or(0)
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            // One number has one spelling.
            return (*byte != 0 || shift == 0).then_some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn summaries() -> impl Strategy<Value = DaySummary> {
        (prop::option::of(0..=Amount::MAX.thousandths()), any::<bool>(), any::<bool>()).prop_map(
            |(amount, is_skipped, has_note)| DaySummary {
                amount: amount.and_then(Amount::from_thousandths),
                is_skipped,
                has_note,
            },
        )
    }

    #[test]
    fn a_day_with_an_amount_takes_few_bytes() {
        let mut year = SummaryYear::default();
        for index in 0..365 {
            let amount = Amount::from_thousandths(2_500);
            year.set(Day::from_index(2026, index).unwrap(), DaySummary { amount, ..DaySummary::default() });
        }
        assert_eq!(year.to_bytes().len(), 365 * 4);
    }

    proptest! {
        #[test]
        fn a_year_is_the_map_of_its_days(changes in prop::collection::vec((0_usize..366, summaries()), 0..60)) {
            let (mut year, mut model) = (SummaryYear::default(), BTreeMap::new());
            for (index, summary) in changes {
                let day = Day::from_index(2024, index).unwrap();
                year.set(day, summary);
                model.insert(day, summary);
                prop_assert_eq!(year.get(day), summary);
            }
            model.retain(|_, summary| *summary != DaySummary::default());
            prop_assert_eq!(year.days(2024).collect::<Vec<_>>(), model.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(SummaryYear::from_bytes(&year.to_bytes()), Some(year));
        }

        #[test]
        fn corrupt_bytes_never_panic_and_what_decodes_encodes_the_same(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(year) = SummaryYear::from_bytes(&bytes) {
                prop_assert_eq!(year.to_bytes(), bytes);
            }
        }
    }
}
