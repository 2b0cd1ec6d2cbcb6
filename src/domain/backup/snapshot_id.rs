//! Names of snapshots.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The name of a snapshot, such as `20260212T120000Z-03fa`: the second in UTC at which it was taken, and four random hexadecimal
/// digits. Names sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotId(String);

/// The text is not the name of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{}” is not the name of a snapshot; names look like 20260212T120000Z-03fa", .0.escape_debug())]
pub struct InvalidSnapshotId(String);

impl SnapshotId {
    /// Generates the name of a snapshot taken at `now`.
    pub fn generate(now: Timestamp, random: [u8; 2]) -> Self {
        let at = now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
        Self(format!("{at}-{:04x}", u16::from_be_bytes(random)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SnapshotId {
    type Err = InvalidSnapshotId;

    fn from_str(text: &str) -> Result<Self, InvalidSnapshotId> {
        // SECURITY: the name becomes part of a path, so only this pattern is accepted.
        let pattern = "00000000T000000Z-xxxx";
        let is_valid = text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, place)| match place {
                b'0' => byte.is_ascii_digit(),
                b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
                fixed => byte == fixed,
            });
        if is_valid { Ok(Self(text.to_owned())) } else { Err(InvalidSnapshotId(text.to_owned())) }
    }
}

impl TryFrom<String> for SnapshotId {
    type Error = InvalidSnapshotId;
    fn try_from(text: String) -> Result<Self, InvalidSnapshotId> {
        text.parse()
    }
}

impl From<SnapshotId> for String {
    fn from(id: SnapshotId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_names_parse() {
        let id = SnapshotId::generate("2026-02-12T12:00:00.5Z".parse().unwrap(), [3, 250]);
        assert_eq!(id.as_str(), "20260212T120000Z-03fa");
        assert_eq!("20260212T120000Z-03fa".parse(), Ok(id));
        for bad in [
            "",
            "..",
            "20260212T120000Z-03fA",
            "20260212T120000Z-03f",
            "20260212T120000Z/03fa",
            "2026021xT120000Z-03fa",
        ] {
            assert!(bad.parse::<SnapshotId>().is_err(), "{bad}");
        }
    }
}
