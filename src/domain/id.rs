//! Ids: UUID version 7, one newtype for each kind of record, so that a habit's id is never passed as an account's.
//!
//! The caller passes in random bytes and the time. Ids sort by creation time.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not an id in the form that Atlas prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Generates an id from the current time and ten random bytes.
            pub fn generate(now: Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The time at which the id was generated, to the millisecond.
            pub fn created_at(self) -> Timestamp {
                let (seconds, nanoseconds) = self.0.get_timestamp().map_or((0, 0), |at| at.to_unix());
                let seconds = i64::try_from(seconds).unwrap_or(0);
                let nanoseconds = i32::try_from(nanoseconds).unwrap_or(0);
                Timestamp::new(seconds, nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH)
            }

            /// The 16 bytes under which the id is stored.
            pub fn to_bytes(self) -> [u8; 16] {
                *self.0.as_bytes()
            }

            /// Writes the printed form into `buffer` and returns it: no allocation.
            pub fn encode_into(self, buffer: &mut [u8; 36]) -> &str {
                self.0.hyphenated().encode_lower(buffer)
            }

            /// Restores an id from its stored bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // Only the printed form is accepted: with one spelling per id, paths and logs can be compared as text.
                let id = Uuid::try_parse(text).map_err(|_| InvalidId)?;
                if id.hyphenated().to_string() == text { Ok(Self(id)) } else { Err(InvalidId) }
            }
        }
    };
}

id!(
    /// The id of an account.
    AccountId
);
id!(
    /// The id of a habit.
    HabitId
);
id!(
    /// The id of an amount that was recorded for a habit.
    EntryId
);
id!(
    /// The id of an import.
    ImportId
);
id!(
    /// The id of a mail in the outbox.
    MailId
);
id!(
    /// The id of an entry of the audit trail.
    AuditId
);
id!(
    /// The id of a data file. Its snapshots carry the same id.
    FileId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_printed_form_of_an_id_parses() {
        let id = HabitId::generate(Timestamp::UNIX_EPOCH, [0xab; 10]);
        assert_eq!(id.to_string().parse::<HabitId>(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<HabitId>().is_err());
        assert!(id.to_string().replace('-', "").parse::<HabitId>().is_err());
        assert!("".parse::<HabitId>().is_err());
    }

    #[test]
    fn later_ids_sort_later() {
        let early = MailId::generate("2026-01-01T00:00:00Z".parse().unwrap(), [255; 10]);
        let late = MailId::generate("2026-01-01T00:00:01Z".parse().unwrap(), [0; 10]);
        assert!(early < late && early.to_bytes() < late.to_bytes());
    }
}
