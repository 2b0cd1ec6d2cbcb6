//! How the domain's types are stored as keys and values. Values are a version byte, then JSON, except completions and summaries of
//! days, which are packed.

use crate::domain::accounts::account::Account;
use crate::domain::accounts::attempts::Attempts;
use crate::domain::accounts::audit::AuditEntry;
use crate::domain::accounts::link::EmailLink;
use crate::domain::accounts::session::Session;
use crate::domain::accounts::step_up::Challenge;
use crate::domain::environment::stamp::Stamp;
use crate::domain::habits::day_log::DayLog;
use crate::domain::habits::habit::Habit;
use crate::domain::habits::habit_year::HabitYear;
use crate::domain::habits::import_record::ImportRecord;
use crate::domain::habits::summary_year::SummaryYear;
use crate::domain::mail::Mail;
use crate::domain::{AccountId, AuditId, Day, Email, HabitId, ImportId, MailId};
use crate::store::engine::codec::{FixedWidth, RowKey, RowValue, json_row};
use crate::store::engine::error::DecodeError;

json_row! {
    Account, version 1;
    Session, version 1;
    Challenge, version 1;
    Attempts, version 1;
    AuditEntry, version 1;
    EmailLink, version 1;
    Habit, version 2;
    DayLog, version 1;
    ImportRecord, version 1;
    Mail, version 1;
    Stamp, version 1;
    AccountId, version 1;
}

macro_rules! packed_rows {
    ($($kind:ty, $error:literal;)*) => {
        $(impl RowValue for $kind {
            fn encode(&self) -> Vec<u8> {
                let mut bytes = vec![1];
                bytes.extend(self.to_bytes());
                bytes
            }
            fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
                match bytes.split_first() {
                    Some((1, days)) => Self::from_bytes(days).ok_or(DecodeError::Malformed($error)),
                    Some((found, _)) => Err(DecodeError::Version { found: *found, expected: 1 }),
                    None => Err(DecodeError::Empty),
                }
            }
        })*
    };
}
packed_rows! {
    HabitYear, "not the days of a year";
    SummaryYear, "not the summaries of a year";
}

macro_rules! id_keys {
    ($($kind:ty),*) => {
        $(impl RowKey for $kind {
            fn encode(&self) -> Vec<u8> {
                self.to_bytes().to_vec()
            }
            fn decode(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_bytes)
            }
        })*
    };
}
id_keys!(AccountId, AuditId, HabitId, ImportId, MailId);

impl RowKey for Email {
    fn encode(&self) -> Vec<u8> {
        self.as_str().as_bytes().to_vec()
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().and_then(|text| Self::parse(text).ok())
    }
}

/// A year and the index of the day in it.
impl RowKey for Day {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.year().encode();
        bytes.extend(u16::try_from(self.index_in_year()).unwrap_or(0).to_be_bytes());
        bytes
    }
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (year, index) = bytes.split_at_checked(i16::LENGTH)?;
        let index = u16::from_be_bytes(index.try_into().ok()?);
        Self::from_index(i16::decode(year)?, usize::from(index))
    }
}

impl FixedWidth for Day {
    const LENGTH: usize = 4;
}

impl FixedWidth for AccountId {
    const LENGTH: usize = 16;
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn keys_of_several_parts_read_back_and_sort_by_part() {
        let account = |n| AccountId::generate(Timestamp::UNIX_EPOCH, [n; 10]);
        let habit = HabitId::generate(Timestamp::UNIX_EPOCH, [9; 10]);
        let key = (account(1), 2026_i16, habit);
        assert_eq!(<(AccountId, i16, HabitId)>::decode(&key.encode()), Some(key));
        assert!((account(1), 2026_i16, habit).encode() < (account(1), 2027_i16, habit).encode());
        assert!((account(1), 2199_i16, habit).encode() < (account(2), 1970_i16, habit).encode());
        assert_eq!(<(AccountId, HabitId)>::decode(&[0; 31]), None);
    }
}
