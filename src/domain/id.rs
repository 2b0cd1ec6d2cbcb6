//! Identities: UUID version 7 behind one newtype each, so that a habit is never mistaken for a person.
//!
//! Random bytes and the time come from the caller. Ids order by the time they were made.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not an id of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id from the present time and ten random bytes.
            pub fn mint(now: Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The sixteen bytes it is stored as.
            pub fn to_bytes(self) -> [u8; 16] {
                *self.0.as_bytes()
            }

            /// The text it prints, written into `room`.
            pub fn text(self, room: &mut [u8; 36]) -> &str {
                self.0.hyphenated().encode_lower(room)
            }

            /// The id stored as these sixteen bytes.
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
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                // Only the form we print: one spelling per id keeps paths and logs comparable.
                let id = Uuid::try_parse(text).map_err(|_| NotAnId)?;
                if id.hyphenated().to_string() == text { Ok(Self(id)) } else { Err(NotAnId) }
            }
        }
    };
}

id!(
    /// One person's account.
    AccountId
);
id!(
    /// One habit.
    HabitId
);
id!(
    /// One mail in the outbox.
    MailId
);
id!(
    /// One line of the audit trail.
    AuditId
);
id!(
    /// One data file, for its whole life and that of its snapshots.
    FileId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_the_text_it_prints_and_from_no_other_spelling() {
        let id = HabitId::mint(Timestamp::UNIX_EPOCH, [0xab; 10]);
        assert_eq!(id.to_string().parse::<HabitId>(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<HabitId>().is_err());
        assert!(id.to_string().replace('-', "").parse::<HabitId>().is_err());
        assert!("".parse::<HabitId>().is_err());
    }

    #[test]
    fn ids_made_later_sort_later() {
        let early = MailId::mint("2026-01-01T00:00:00Z".parse().unwrap(), [255; 10]);
        let late = MailId::mint("2026-01-01T00:00:01Z".parse().unwrap(), [0; 10]);
        assert!(early < late && early.to_bytes() < late.to_bytes());
    }
}
