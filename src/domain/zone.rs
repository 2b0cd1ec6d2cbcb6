//! A time zone by its IANA name. The zone database is compiled into the binary.

use std::fmt;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::Fault;

/// Where a person's days begin and end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time, for people who never said where they live.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of that IANA name, as in `Europe/Lisbon`.
    ///
    /// # Errors
    /// A [`Fault`] of the field `timeZone` when nothing was chosen or the name is not in the database.
    pub fn parse(name: &str) -> Result<Self, Fault> {
        let name = name.trim();
        if name.is_empty() {
            return Err(Fault::new("timeZone", "Choose the time zone you live in."));
        }
        let known = TimeZone::get(name).ok().filter(|zone| !zone.is_unknown());
        known.map(Self).ok_or_else(|| {
            Fault::new("timeZone", "This time zone is not known. Pick one from the list, as in Europe/Lisbon.")
        })
    }

    /// Every name in the database, sorted.
    pub fn names() -> Vec<String> {
        let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        names
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The rules of the zone.
    pub fn rules(&self) -> &TimeZone {
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
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name).map_err(|fault| fault.message)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}
