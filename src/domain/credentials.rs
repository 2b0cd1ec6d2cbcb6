//! What a person is called and signs in with, besides the address.

use serde::{Deserialize, Serialize};

use super::password::PasswordHash;
use super::{Fault, Zone, text};

/// The name a person goes by: trimmed, 2 to 80 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Parses a name as typed.
    ///
    /// # Errors
    /// A [`Fault`] of the field `displayName`.
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        text::line("displayName", "The name", raw, 2, 80).map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DisplayName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|fault| fault.message)
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

/// What a person signs in with, besides the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// What to call the person.
    pub name: DisplayName,
    /// The hashed password.
    pub password: PasswordHash,
    /// Where the person's days begin and end.
    pub zone: Zone,
}
