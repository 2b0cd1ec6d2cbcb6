//! The sum of a row: whether what is read is what was written.
//!
//! redb has sums of its pages and looks at them when it repairs or proves a file, not when it reads. So every row carries
//! one of its own behind its value, and no row is shown before it was checked. It covers the name of the table, the key and
//! the value: a row that turned up under another key, or in another table, does not fit either.
//!
//! It is CRC-32 (ISO-HDLC, as in zlib and Ethernet), by `crc32fast`, which is here already for compressing: it finds every
//! change of one bit and every change within 32 bits in a row, costs 4 bytes, and runs at some gigabytes a second with what
//! today's processors have for it. A bit of a key, or of a page on the way, can still hide a row from a look for that key;
//! such a file does not pass a proof, which checks every page. It is no signature: whoever edits the file on purpose can make a sum that fits.
//!
//! [`STAMP`], [`SCHEMA`] and [`KEY`] carry none, in no schema: they are read before it is known in which schema a file is,
//! also by older binaries, which must be able to say that it is too new for them. Stamp and key fit each other by
//! [`super::seal`], and the numbers of the schema have a row beside them that holds their sum: see [`super::identity`].

use super::Error;
use super::schema::{KEY, SCHEMA, STAMP};

/// The first schema in which rows carry sums.
pub(super) const SINCE: u32 = 4;

/// How long a sum is.
const LENGTH: usize = size_of::<u32>();

/// In which form a file keeps its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The value alone, as before schema 4.
    Plain,
    /// The value, and its sum.
    Summed,
}

impl Form {
    /// That of a file in that schema.
    pub(super) fn of(schema: u32) -> Self {
        if schema < SINCE { Self::Plain } else { Self::Summed }
    }

    /// What that means for one table.
    pub(super) fn rule(self, table: &'static str) -> Rule {
        let never = [STAMP.name(), SCHEMA.name(), KEY.name()].contains(&table);
        Rule { table, sums: self == Self::Summed && !never }
    }
}

/// Whether the rows of a table carry sums.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    table: &'static str,
    sums: bool,
}

impl Rule {
    /// A value as it is stored under `key`.
    pub(super) fn stored(self, key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
        if self.sums {
            let sum = of(self.table, key, &value);
            value.extend(sum.to_le_bytes());
        }
        value
    }

    /// The value in what is stored under `key`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is not what was written there.
    pub(super) fn value<'row>(self, key: &[u8], stored: &'row [u8]) -> Result<&'row [u8], Error> {
        if !self.sums {
            return Ok(stored);
        }
        match stored.split_last_chunk::<LENGTH>() {
            Some((value, sum)) if u32::from_le_bytes(*sum) == of(self.table, key, value) => Ok(value),
            _ => Err(Error::Corrupt { table: self.table, why: "its sum does not fit".to_owned() }),
        }
    }
}

/// The sum of a row. The length of the key is in it, so that no byte moves from the key to the value unseen.
pub(super) fn of(table: &str, key: &[u8], value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(table.as_bytes());
    hasher.update(&u64::try_from(key.len()).unwrap_or(u64::MAX).to_le_bytes());
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::store::schema;

    fn rule() -> Rule {
        Form::Summed.rule("habits")
    }

    proptest! {
        #[test]
        fn a_row_is_read_back_as_it_was_written(key in vec(any::<u8>(), 0..64), value in vec(any::<u8>(), 0..800)) {
            let stored = rule().stored(&key, value.clone());
            prop_assert_eq!(stored.len(), value.len() + LENGTH);
            prop_assert_eq!(rule().value(&key, &stored).unwrap(), value);
        }

        #[test]
        fn every_bit_that_turns_over_in_key_value_or_sum_is_found(
            key in vec(any::<u8>(), 0..48),
            value in vec(any::<u8>(), 0..120),
        ) {
            let stored = rule().stored(&key, value);
            let whole = [key.clone(), stored].concat();
            for bit in 0..whole.len() * 8 {
                let mut turned = whole.clone();
                turned[bit / 8] ^= 1 << (bit % 8);
                let (key, stored) = turned.split_at(key.len());
                prop_assert!(rule().value(key, stored).is_err(), "bit {bit}");
            }
        }

        #[test]
        fn a_row_of_another_key_or_table_and_one_cut_short_do_not_fit(
            key in vec(any::<u8>(), 1..48),
            value in vec(any::<u8>(), 0..120),
            cut in 1_usize..8,
        ) {
            let stored = rule().stored(&key, value);
            prop_assert!(Form::Summed.rule("accounts").value(&key, &stored).is_err());
            prop_assert!(rule().value(&key[1..], &stored).is_err());
            prop_assert!(rule().value(&key, &stored[..stored.len().saturating_sub(cut)]).is_err());
            let moved = [&key[key.len() - 1..], &stored].concat();
            prop_assert!(rule().value(&key[..key.len() - 1], &moved).is_err());
        }
    }

    #[test]
    fn only_who_the_file_is_and_its_schema_carry_none() {
        let without: Vec<_> =
            schema::ALL.iter().map(|table| table.name).filter(|name| !Form::Summed.rule(name).sums).collect();
        assert_eq!(without, ["stamp", "schema", "key"]);
        assert!(schema::ALL.iter().all(|table| !Form::Plain.rule(table.name).sums));
    }

    #[test]
    fn the_sum_is_the_one_that_other_programs_know() {
        // The check value of CRC-32/ISO-HDLC is that of the digits 1 to 9; here they come after a length of nothing.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        assert_eq!(of("", b"", b"123456789"), crc32fast::hash(b"\0\0\0\0\0\0\0\x00123456789"));
    }
}
