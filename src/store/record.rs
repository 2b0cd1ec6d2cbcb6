//! How a value becomes bytes and back: one version byte, then JSON.
//!
//! JSON tolerates a new optional field, so most releases need no migration; the version byte says which shape was
//! frozen when one does.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::account::Account;
use crate::domain::attempts::Attempts;
use crate::domain::audit::Line;
use crate::domain::challenge::Challenge;
use crate::domain::habit::Habit;
use crate::domain::link::Link;
use crate::domain::mail::Mail;
use crate::domain::session::Session;
use crate::domain::stamp::Stamp;
use crate::domain::year::HabitYear;
use crate::domain::{AccountId, AuditId, Email, HabitId, MailId};

/// A value kept in a table.
pub trait Value: Sized {
    /// As bytes.
    fn encode(&self) -> Vec<u8>;
    /// From bytes.
    ///
    /// # Errors
    /// What is wrong with them.
    fn decode(bytes: &[u8]) -> Result<Self, String>;
}

macro_rules! record {
    ($($kind:ty, version $version:literal);* $(;)?) => {
        $(impl Value for $kind {
            fn encode(&self) -> Vec<u8> {
                to_json(self, $version)
            }
            fn decode(bytes: &[u8]) -> Result<Self, String> {
                from_json(bytes, $version)
            }
        })*
    };
}

record! {
    Account, version 1;
    Session, version 1;
    Challenge, version 1;
    Attempts, version 1;
    Line, version 1;
    Link, version 1;
    Habit, version 2;
    Mail, version 1;
    Stamp, version 1;
    AccountId, version 1;
    u32, version 1;
    u64, version 1;
    [u8; 32], version 1;
}

fn to_json(value: &impl Serialize, version: u8) -> Vec<u8> {
    let mut bytes = vec![version];
    if serde_json::to_writer(&mut bytes, value).is_err() {
        // Cannot happen for our records (no maps with odd keys, no failing serializers); a row that does not decode is
        // reported by every reader, which is safer than a default value.
        bytes.truncate(1);
    }
    bytes
}

/// Part of a record, read without the rest of it; the version is not looked at.
pub(super) fn sketched<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    let json = bytes.get(1..).unwrap_or_default();
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

fn from_json<T: DeserializeOwned>(bytes: &[u8], version: u8) -> Result<T, String> {
    match bytes.split_first() {
        Some((found, json)) if *found == version => serde_json::from_slice(json).map_err(|error| error.to_string()),
        Some((found, _)) => Err(format!("record version {found}, expected {version}")),
        None => Err("empty record".to_owned()),
    }
}

impl Value for HabitYear {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend(self.to_bytes());
        bytes
    }
    fn decode(bytes: &[u8]) -> Result<Self, String> {
        match bytes.split_first() {
            Some((1, days)) => Self::from_bytes(days).ok_or_else(|| "not a year of days".to_owned()),
            _ => Err("unknown version of a year".to_owned()),
        }
    }
}

/// A row whose key says everything.
impl Value for () {
    fn encode(&self) -> Vec<u8> {
        Vec::new()
    }
    fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() { Ok(()) } else { Err("expected no value".to_owned()) }
    }
}

/// A key: bytes that sort as the value sorts.
pub trait Key: Sized {
    /// As bytes.
    fn encode(&self) -> Vec<u8>;
    /// From bytes; `None` for bytes that are no such key.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

macro_rules! id_keys {
    ($($kind:ty),*) => {
        $(impl Key for $kind {
            fn encode(&self) -> Vec<u8> {
                self.to_bytes().to_vec()
            }
            fn decode(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_bytes)
            }
        })*
    };
}
id_keys!(AccountId, AuditId, HabitId, MailId);

impl Key for [u8; 32] {
    fn encode(&self) -> Vec<u8> {
        self.to_vec()
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

impl Key for Email {
    fn encode(&self) -> Vec<u8> {
        self.as_str().as_bytes().to_vec()
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().and_then(|text| Self::parse(text).ok())
    }
}

impl Key for String {
    fn encode(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

/// A year, or milliseconds since 1970: big-endian, so that earlier sorts first. Neither is ever negative.
macro_rules! number_keys {
    ($($kind:ty),*) => {
        $(impl Key for $kind {
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
impl<A: Key + Fixed, B: Key> Key for (A, B) {
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

impl<A: Key + Fixed, B: Key + Fixed, C: Key> Key for (A, B, C) {
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

/// A key of one length.
pub trait Fixed {
    /// That length in bytes.
    const LENGTH: usize;
}
impl Fixed for AccountId {
    const LENGTH: usize = 16;
}
impl Fixed for i16 {
    const LENGTH: usize = 2;
}
impl Fixed for u64 {
    const LENGTH: usize = 8;
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn keys_of_several_parts_read_back_and_sort_by_part() {
        let account = |n| AccountId::mint(Timestamp::UNIX_EPOCH, [n; 10]);
        let habit = HabitId::mint(Timestamp::UNIX_EPOCH, [9; 10]);
        let key = (account(1), 2026_i16, habit);
        assert_eq!(<(AccountId, i16, HabitId)>::decode(&key.encode()), Some(key));
        assert!((account(1), 2026_i16, habit).encode() < (account(1), 2027_i16, habit).encode());
        assert!((account(1), 2199_i16, habit).encode() < (account(2), 1970_i16, habit).encode());
        assert_eq!(<(AccountId, HabitId)>::decode(&[0; 31]), None);
    }

    #[test]
    fn a_record_of_another_version_is_not_guessed_at() {
        let mut bytes = 7_u32.encode();
        assert_eq!(u32::decode(&bytes), Ok(7));
        bytes[0] = 2;
        assert!(u32::decode(&bytes).is_err());
        assert!(u32::decode(&[]).is_err());
    }
}
