//! The checksum of a row: whether what is read is what was written.
//!
//! redb has checksums of its pages, and compares them when it repairs or verifies a file, not when it reads. So every row
//! carries a checksum behind its value, which is checked before the row is used. It covers the name of the table, the key and
//! the value: a row that turns up under another key or in another table does not match either.
//!
//! The checksum is CRC-32 (ISO-HDLC, the one of zlib and Ethernet), by `crc32fast`, which is already here for compression. It
//! detects every change of one bit and every burst of up to 32 bits, costs 4 bytes, and runs at several gigabytes a second on
//! today's processors. A changed bit in a key, or in a page on the path to it, can still hide a row from a lookup; such a file
//! fails verification, which checks every page. The checksum is not a signature: an edit can be given a matching one.
//!
//! The `IDENTITY_TABLES` have no checksums, in any schema: they are read before the schema of the file is known, also by
//! older binaries, which must be able to say that the file is too new for them. A MAC protects the stamp and the key
//! (`store::file::stamp_mac`), and a row beside the schema numbers holds their checksum
//! (`store::file::identity`).

use super::error::{DecodeError, Error};

/// The first schema in which rows carry checksums.
pub(crate) const FIRST_CHECKSUM_SCHEMA: u32 = 4;

/// The tables that identify the file. They are read before the schema of the file is known.
pub(super) const IDENTITY_TABLES: [&str; 3] = ["stamp", "schema", "key"];

const CHECKSUM_BYTES: usize = size_of::<u32>();

/// How a file stores its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowFormat {
    /// The value alone, as before schema 4.
    Plain,
    /// The value and its checksum.
    Checksummed,
}

impl RowFormat {
    /// The format of a file in that schema.
    pub(crate) fn for_schema(schema: u32) -> Self {
        if schema < FIRST_CHECKSUM_SCHEMA { Self::Plain } else { Self::Checksummed }
    }

    /// The format of one table.
    pub(super) fn for_table(self, table: &'static str) -> TableFormat {
        let is_identity = IDENTITY_TABLES.contains(&table);
        TableFormat { table, has_checksums: self == Self::Checksummed && !is_identity }
    }
}

/// How a table stores its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableFormat {
    table: &'static str,
    has_checksums: bool,
}

impl TableFormat {
    /// The stored form of a value under `key`.
    pub(super) fn to_stored(self, key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
        if self.has_checksums {
            let checksum = compute(self.table, key, &value);
            value.extend(checksum.to_le_bytes());
        }
        value
    }

    /// The value in the stored form under `key`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the checksum does not match.
    pub(super) fn checked_value<'row>(self, key: &[u8], stored: &'row [u8]) -> Result<&'row [u8], Error> {
        if !self.has_checksums {
            return Ok(stored);
        }
        match stored.split_last_chunk::<CHECKSUM_BYTES>() {
            Some((value, checksum)) if u32::from_le_bytes(*checksum) == compute(self.table, key, value) => Ok(value),
            _ => Err(Error::Corrupt { table: self.table, source: DecodeError::Checksum }),
        }
    }
}

/// The checksum of a row. It includes the length of the key, so that no byte can move from the key to the value undetected.
pub(crate) fn compute(table: &str, key: &[u8], value: &[u8]) -> u32 {
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
    use crate::store::tables::schema;

    fn habits() -> TableFormat {
        RowFormat::Checksummed.for_table("habits")
    }

    proptest! {
        #[test]
        fn a_row_is_read_back_as_it_was_written(key in vec(any::<u8>(), 0..64), value in vec(any::<u8>(), 0..800)) {
            let stored = habits().to_stored(&key, value.clone());
            prop_assert_eq!(stored.len(), value.len() + CHECKSUM_BYTES);
            prop_assert_eq!(habits().checked_value(&key, &stored).unwrap(), value);
        }

        #[test]
        fn every_flipped_bit_in_key_value_or_checksum_is_detected(
            key in vec(any::<u8>(), 0..48),
            value in vec(any::<u8>(), 0..120),
        ) {
            let stored = habits().to_stored(&key, value);
            let whole = [key.clone(), stored].concat();
            for bit in 0..whole.len() * 8 {
                let mut flipped = whole.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let (key, stored) = flipped.split_at(key.len());
                prop_assert!(habits().checked_value(key, stored).is_err(), "bit {bit}");
            }
        }

        #[test]
        fn a_truncated_row_and_a_row_under_another_key_or_table_do_not_match(
            key in vec(any::<u8>(), 1..48),
            value in vec(any::<u8>(), 0..120),
            cut in 1_usize..8,
        ) {
            let stored = habits().to_stored(&key, value);
            prop_assert!(RowFormat::Checksummed.for_table("accounts").checked_value(&key, &stored).is_err());
            prop_assert!(habits().checked_value(&key[1..], &stored).is_err());
            prop_assert!(habits().checked_value(&key, &stored[..stored.len().saturating_sub(cut)]).is_err());
            let moved = [&key[key.len() - 1..], &stored].concat();
            prop_assert!(habits().checked_value(&key[..key.len() - 1], &moved).is_err());
        }
    }

    #[test]
    fn only_the_identity_tables_have_no_checksums() {
        let without: Vec<_> = schema::ALL
            .iter()
            .map(|table| table.name)
            .filter(|name| !RowFormat::Checksummed.for_table(name).has_checksums)
            .collect();
        assert_eq!(without, ["stamp", "schema", "key"]);
        assert!(schema::ALL.iter().all(|table| !RowFormat::Plain.for_table(table.name).has_checksums));
    }

    #[test]
    fn the_checksum_is_standard_crc_32() {
        // The check value of CRC-32/ISO-HDLC is that of the digits 1 to 9; here they follow the length of an empty key.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        assert_eq!(compute("", b"", b"123456789"), crc32fast::hash(b"\0\0\0\0\0\0\0\x00123456789"));
    }
}
