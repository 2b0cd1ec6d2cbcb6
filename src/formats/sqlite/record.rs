//! A row as SQLite stores it: a header of types, then the values.

use std::borrow::Cow;

use super::error::SqliteError;
use super::varint::{read_varint, write_varint};

/// The encoding of all text in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextEncoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl TextEncoding {
    /// Text that isn't valid is read with replacement characters.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        let unit: fn([u8; 2]) -> u16 = match self {
            Self::Utf8 => return String::from_utf8_lossy(bytes),
            Self::Utf16Le => u16::from_le_bytes,
            Self::Utf16Be => u16::from_be_bytes,
        };
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl SqlValue {
    /// The number, also of a text that is one, as a column of another type may hold it.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            #[allow(clippy::cast_possible_truncation, reason = "checked")]
            Self::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Real(_) | Self::Null | Self::Blob(_) => None,
        }
    }

    pub fn as_f64(&self) -> Option<f64> {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "no amount is that large")]
            Self::Integer(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Null | Self::Blob(_) => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// The values of a record.
pub fn read_record(payload: &[u8], encoding: TextEncoding) -> Result<Vec<SqlValue>, SqliteError> {
    read_values(payload, encoding).ok_or(SqliteError::Corrupt("a row is cut off"))
}

fn read_values(payload: &[u8], encoding: TextEncoding) -> Option<Vec<SqlValue>> {
    let (header_length, after) = read_varint(payload)?;
    let header_end = usize::try_from(header_length).ok()?;
    let length_bytes = payload.len() - after.len();
    let mut types = payload.get(length_bytes..header_end)?;
    let mut body = payload.get(header_end..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        let (serial_type, rest) = read_varint(types)?;
        types = rest;
        let (value, rest) = read_value(serial_type, body, encoding)?;
        body = rest;
        values.push(value);
    }
    Some(values)
}

fn read_value(serial_type: i64, body: &[u8], encoding: TextEncoding) -> Option<(SqlValue, &[u8])> {
    let length = match serial_type {
        0 | 8 | 9 => 0,
        1..=4 => usize::try_from(serial_type).ok()?,
        5 => 6,
        6 | 7 => 8,
        12.. => usize::try_from((serial_type - 12) / 2).ok()?,
        _ => return None,
    };
    let (bytes, rest) = body.split_at_checked(length)?;
    let value = match serial_type {
        0 => SqlValue::Null,
        7 => SqlValue::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
        8 => SqlValue::Integer(0),
        9 => SqlValue::Integer(1),
        1..=6 => SqlValue::Integer(read_integer(bytes)),
        _ if serial_type % 2 == 0 => SqlValue::Blob(bytes.to_vec()),
        _ => SqlValue::Text(encoding.decode(bytes).into_owned()),
    };
    Some((value, rest))
}

/// A big-endian integer with a sign, of up to eight bytes.
fn read_integer(bytes: &[u8]) -> i64 {
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    bytes.iter().fold(if is_negative { -1 } else { 0 }, |value, byte| value << 8 | i64::from(*byte))
}

/// The record of these values, in UTF-8.
pub fn write_record(values: &[SqlValue]) -> Vec<u8> {
    let (mut types, mut body) = (Vec::new(), Vec::new());
    let of_length = |length: usize, base: u64| 2 * u64::try_from(length).unwrap_or_default() + base;
    for value in values {
        let serial_type = match value {
            SqlValue::Null => 0,
            SqlValue::Integer(0) => 8,
            SqlValue::Integer(1) => 9,
            SqlValue::Integer(number) => {
                let (serial_type, length) = integer_type(*number);
                body.extend(number.to_be_bytes().get(8 - length..).unwrap_or_default());
                serial_type
            }
            SqlValue::Real(number) => {
                body.extend(number.to_be_bytes());
                7
            }
            SqlValue::Text(text) => {
                body.extend(text.as_bytes());
                of_length(text.len(), 13)
            }
            SqlValue::Blob(bytes) => {
                body.extend(bytes);
                of_length(bytes.len(), 12)
            }
        };
        write_varint(&mut types, serial_type);
    }
    // The header's length includes itself, which takes one byte, or two of a header this long.
    let length = types.len() + if types.len() < 127 { 1 } else { 2 };
    let mut record = Vec::with_capacity(length + body.len());
    write_varint(&mut record, u64::try_from(length).unwrap_or_default());
    record.extend(types);
    record.extend(body);
    record
}

/// The type and the length of the shortest form of an integer.
fn integer_type(number: i64) -> (u64, usize) {
    let lengths = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (6, 8)];
    let fits = |length: usize| {
        let bits = 8 * length - 1;
        bits == 63 || (-(1_i64 << bits)..1_i64 << bits).contains(&number)
    };
    lengths.into_iter().find(|(_, length)| fits(*length)).unwrap_or((6, 8))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = SqlValue> {
        prop_oneof![
            Just(SqlValue::Null),
            (any::<i64>(), 0_u32..64).prop_map(|(number, shift)| SqlValue::Integer(number >> shift)),
            (-1e12..1e12).prop_map(SqlValue::Real),
            "\\PC{0,20}".prop_map(SqlValue::Text),
            prop::collection::vec(any::<u8>(), 0..20).prop_map(SqlValue::Blob),
        ]
    }

    proptest! {
        #[test]
        fn a_record_reads_back_and_a_shorter_one_is_an_error(values in prop::collection::vec(any_value(), 1..200)) {
            let mut record = write_record(&values);
            prop_assert_eq!(read_record(&record, TextEncoding::Utf8).unwrap(), values);
            record.truncate(record.len() / 2);
            prop_assert!(read_record(&record, TextEncoding::Utf8).is_err());
        }
    }

    #[test]
    fn text_in_utf_16_is_read_in_both_byte_orders() {
        let units: Vec<u16> = "Läsa 📖".encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        assert_eq!(TextEncoding::Utf16Le.decode(&little), "Läsa 📖");
        assert_eq!(TextEncoding::Utf16Be.decode(&big), "Läsa 📖");
        assert_eq!(TextEncoding::Utf16Le.decode(&[0, 0xd8]), "\u{FFFD}");
    }
}
