//! How keys and values become bytes and back. A value is a version byte, then JSON.
//!
//! JSON tolerates a new optional field, so most releases need no migration; the version byte says which shape was
//! frozen when one does.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::DecodeError;

/// A value that a table stores.
pub trait RowValue: Sized {
    /// The value as bytes.
    fn encode(&self) -> Vec<u8>;

    /// The value that the bytes hold.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that do not hold such a value.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;
}

macro_rules! json_row {
    ($($kind:ty, version $version:literal);* $(;)?) => {
        $(impl $crate::store::engine::codec::RowValue for $kind {
            fn encode(&self) -> Vec<u8> {
                $crate::store::engine::codec::to_json(self, $version)
            }
            fn decode(bytes: &[u8]) -> Result<Self, $crate::store::engine::error::DecodeError> {
                $crate::store::engine::codec::from_json(bytes, $version)
            }
        })*
    };
}
pub(crate) use json_row;

json_row! {
    u32, version 1;
    u64, version 1;
    [u8; 32], version 1;
}

/// A record: a version byte, then JSON.
pub(crate) fn to_json(value: &impl Serialize, version: u8) -> Vec<u8> {
    let mut bytes = vec![version];
    if serde_json::to_writer(&mut bytes, value).is_err() {
        // Cannot happen for Atlas's records, which have no maps with odd keys and no failing serializers. Every reader reports a
        // row that does not decode, which is safer than a default value.
        bytes.truncate(1);
    }
    bytes
}

/// The value of a record of this version.
pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8], version: u8) -> Result<T, DecodeError> {
    match bytes.split_first() {
        Some((found, json)) if *found == version => Ok(serde_json::from_slice(json)?),
        Some((found, _)) => Err(DecodeError::Version { found: *found, expected: version }),
        None => Err(DecodeError::Empty),
    }
}

/// Decodes some of the fields of a record, of any version.
pub(crate) fn decode_fields<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    Ok(serde_json::from_slice(bytes.get(1..).unwrap_or_default())?)
}

/// A row whose key says everything.
impl RowValue for () {
    fn encode(&self) -> Vec<u8> {
        Vec::new()
    }
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.is_empty() { Ok(()) } else { Err(DecodeError::Malformed("expected no value")) }
    }
}

/// A key: bytes that sort as the key sorts.
pub trait RowKey: Sized {
    /// The key as bytes.
    fn encode(&self) -> Vec<u8>;
    /// The key that the bytes hold; `None` for bytes that are not such a key.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

impl RowKey for [u8; 32] {
    fn encode(&self) -> Vec<u8> {
        self.to_vec()
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

impl RowKey for String {
    fn encode(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

/// Years, and milliseconds since 1970: big-endian, so that earlier sorts first. Neither is ever negative.
macro_rules! number_keys {
    ($($kind:ty),*) => {
        $(impl RowKey for $kind {
            fn encode(&self) -> Vec<u8> {
                self.to_be_bytes().to_vec()
            }
            fn decode(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_be_bytes)
            }
        })*
    };
}
number_keys!(i16, u64);

/// Keys of several parts; every part but the last has a fixed length.
impl<A: RowKey + FixedWidth, B: RowKey> RowKey for (A, B) {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.0.encode();
        bytes.extend(self.1.encode());
        bytes
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (a, b) = bytes.split_at_checked(A::LENGTH)?;
        Some((A::decode(a)?, B::decode(b)?))
    }
}

impl<A: RowKey + FixedWidth, B: RowKey + FixedWidth, C: RowKey> RowKey for (A, B, C) {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.0.encode();
        bytes.extend(self.1.encode());
        bytes.extend(self.2.encode());
        bytes
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (a, rest) = bytes.split_at_checked(A::LENGTH)?;
        let (b, c) = rest.split_at_checked(B::LENGTH)?;
        Some((A::decode(a)?, B::decode(b)?, C::decode(c)?))
    }
}

/// A key whose encodings all have the same length.
pub trait FixedWidth {
    /// The length in bytes.
    const LENGTH: usize;
}
impl FixedWidth for i16 {
    const LENGTH: usize = 2;
}
impl FixedWidth for u64 {
    const LENGTH: usize = 8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_another_version_does_not_decode() {
        let mut bytes = 7_u32.encode();
        assert_eq!(u32::decode(&bytes).unwrap(), 7);
        bytes[0] = 2;
        assert!(matches!(u32::decode(&bytes), Err(DecodeError::Version { found: 2, expected: 1 })));
        assert!(matches!(u32::decode(&[]), Err(DecodeError::Empty)));
    }
}
