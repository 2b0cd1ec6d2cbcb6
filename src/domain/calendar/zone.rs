//! A time zone by its IANA name. The zone database is compiled into the binary.

use std::fmt;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::domain::FieldError;

/// A time zone: it decides when a user's days begin and end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated Universal Time, for users who never chose a zone.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Looks up an IANA name such as `Europe/Lisbon`.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `timeZone` when the name is empty or not in the database.
    pub fn parse(name: &str) -> Result<Self, FieldError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(FieldError::new("timeZone", "Choose your time zone."));
        }
        let known = TimeZone::get(name).ok().filter(|zone| !zone.is_unknown());
        known.map(Self).ok_or_else(|| {
            FieldError::new("timeZone", "Unknown time zone. Choose one from the list, such as Europe/Lisbon.")
        })
    }

    /// Every name in the database, sorted.
    pub fn names() -> Vec<String> {
        let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        names
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone as `jiff` represents it.
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<String> for Zone {
    type Error = FieldError;
    fn try_from(name: String) -> Result<Self, FieldError> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}
